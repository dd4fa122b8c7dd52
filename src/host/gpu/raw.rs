//! What the safe library keeps from us: it fails altogether where a session encodes AV1, cannot be asked whether a GPU
//! does, and knows only the newest way to ask for memory.

#![expect(unsafe_code, reason = "calls of a C library")]

use std::ptr;

use nvml_wrapper::Device;
use nvml_wrapper::error::{NvmlError, nvml_sym, nvml_try};
use nvml_wrapper_sys::bindings::{
    nvmlEncoderSessionInfo_t, nvmlMemory_t, nvmlReturn_enum_NVML_ERROR_INSUFFICIENT_SIZE as TOO_SMALL,
};

use crate::model::gpu::{Ability, Codec, Session};

/// In bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    pub(super) total: u64,
    pub(super) used: u64,
    pub(super) free: u64,
}

/// As every driver tells it.
pub(super) fn memory(device: &Device<'_>) -> Result<Memory, NvmlError> {
    let call = nvml_sym(device.nvml().lib().nvmlDeviceGetMemoryInfo.as_ref())?;
    let mut memory = nvmlMemory_t { total: 0, free: 0, used: 0 };
    // SAFETY: the handle lives as long as the library, and the function writes one such structure.
    nvml_try(unsafe { call(device.handle(), &raw mut memory) })?;
    Ok(Memory { total: memory.total, used: memory.used, free: memory.free })
}

/// Whether the GPU encodes this codec. "Not supported" is what NVML answers where it has no such encoder.
pub(super) fn encodes(device: &Device<'_>, codec: Codec) -> Ability {
    let Ok(call) = nvml_sym(device.nvml().lib().nvmlDeviceGetEncoderCapacity.as_ref()) else {
        return Ability::Unknown;
    };
    let mut percent = 0;
    // SAFETY: as above; it writes one number. The codec's number is that of `nvmlEncoderType_t`.
    match nvml_try(unsafe { call(device.handle(), codec as u32, &raw mut percent) }) {
        Ok(()) => Ability::Yes,
        Err(NvmlError::NotSupported) => Ability::No,
        Err(_) => Ability::Unknown,
    }
}

/// Sessions that may be opened between the two calls.
const MORE: u32 = 8;

/// All encoder sessions.
pub(super) fn encoder_sessions(device: &Device<'_>) -> Result<Vec<Session>, NvmlError> {
    let call = nvml_sym(device.nvml().lib().nvmlDeviceGetEncoderSessions.as_ref())?;
    let mut count = 0;
    // SAFETY: with no room for sessions it only counts them.
    let counted = unsafe { call(device.handle(), &raw mut count, ptr::null_mut()) };
    if counted != TOO_SMALL {
        nvml_try(counted)?;
    }
    if count == 0 {
        return Ok(Vec::new());
    }
    count += MORE;
    let empty = nvmlEncoderSessionInfo_t {
        sessionId: 0,
        pid: 0,
        vgpuInstance: 0,
        codecType: 0,
        hResolution: 0,
        vResolution: 0,
        averageFps: 0,
        averageLatency: 0,
    };
    let mut sessions = vec![empty; count as usize];
    // SAFETY: there is room for as many as `count` says, and it sets that to how many it has written.
    nvml_try(unsafe { call(device.handle(), &raw mut count, sessions.as_mut_ptr()) })?;
    sessions.truncate(count as usize);
    let session = |told: nvmlEncoderSessionInfo_t| Session {
        pid: told.pid,
        codec: Codec::from_nvml(told.codecType),
        width: told.hResolution,
        height: told.vResolution,
        fps: told.averageFps,
        latency: told.averageLatency,
    };
    Ok(sessions.into_iter().map(session).collect())
}
