//! Stands in for NVIDIA's management library: the functions of it that we call, with answers from a file.
//!
//! `DESKTOP_CONTROL_NVML_STAND_IN` names the file. Only what it says of a GPU is answered; everything else is "not
//! supported", as a real GPU would say. Whatever has a number can instead have an error, by its name in NVML.

#![allow(non_snake_case, clippy::missing_safety_doc, reason = "names and contract are NVIDIA's")]
#![allow(unsafe_op_in_unsafe_fn, reason = "every pointer is the caller's promise")]

mod script;
mod text;

use std::os::raw::{c_char, c_int, c_uint, c_ulonglong};

use nvml_wrapper_sys::bindings as nvml;

use script::{Device, Place, begin_round, device, next_xid, script};
use text::{put, put_text};

type Return = nvml::nvmlReturn_t;

/// Runs the body with the device's part of the script; an error in it is the answer.
fn with(handle: nvml::nvmlDevice_t, function: &str, body: impl FnOnce(&Device<'_>) -> Result<(), Return>) -> Return {
    let answer = script().missing(function).and_then(|()| device(handle)).and_then(|device| {
        device.misbehave(function);
        body(&device)
    });
    answer.err().unwrap_or(nvml::nvmlReturn_enum_NVML_SUCCESS)
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlInit_v2() -> Return {
    script().init().err().unwrap_or(nvml::nvmlReturn_enum_NVML_SUCCESS)
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlShutdown() -> Return {
    nvml::nvmlReturn_enum_NVML_SUCCESS
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlSystemGetDriverVersion(version: *mut c_char, length: c_uint) -> Return {
    put_text(version, length, &script().driver)
}

/// Every round of the probe begins with this.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetCount_v2(count: *mut c_uint) -> Return {
    begin_round();
    put(count, script().listed().count() as c_uint)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetHandleByIndex_v2(index: c_uint, handle: *mut nvml::nvmlDevice_t) -> Return {
    match script().listed().nth(index as usize) {
        Some((at, gpu)) => match gpu.readable() {
            Ok(()) => put(handle, Place { gpu: at, part: None }.handle()),
            Err(error) => error,
        },
        None => nvml::nvmlReturn_enum_NVML_ERROR_INVALID_ARGUMENT,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetMigMode(
    handle: nvml::nvmlDevice_t,
    current: *mut c_uint,
    pending: *mut c_uint,
) -> Return {
    with(handle, "nvmlDeviceGetMigMode", |device| {
        let mode = device.number("mig_mode")?;
        put(current, mode);
        put(pending, mode);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetMaxMigDeviceCount(handle: nvml::nvmlDevice_t, count: *mut c_uint) -> Return {
    // Seven, as on a real one, most of them empty.
    with(handle, "nvmlDeviceGetMaxMigDeviceCount", |_| {
        put(count, 7);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetMigDeviceHandleByIndex(
    handle: nvml::nvmlDevice_t,
    index: c_uint,
    part: *mut nvml::nvmlDevice_t,
) -> Return {
    with(handle, "nvmlDeviceGetMigDeviceHandleByIndex", |device| {
        let place = device.part(index as usize).ok_or(nvml::nvmlReturn_enum_NVML_ERROR_NOT_FOUND)?;
        put(part, place.handle());
        Ok(())
    })
}

/// Functions that write one text.
macro_rules! texts {
    ($($function:ident $key:literal)*) => {$(
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $function(handle: nvml::nvmlDevice_t, text: *mut c_char, length: c_uint) -> Return {
            with(handle, stringify!($function), |device| {
                put_text(text, length, &device.text($key)?);
                Ok(())
            })
        }
    )*};
}

texts! {
    nvmlDeviceGetUUID "uuid"
    nvmlDeviceGetName "name"
    nvmlDeviceGetVbiosVersion "vbios"
}

/// Functions that write one number.
macro_rules! numbers {
    ($($function:ident $key:literal)*) => {$(
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $function(handle: nvml::nvmlDevice_t, number: *mut c_uint) -> Return {
            with(handle, stringify!($function), |device| {
                put(number, device.number($key)?);
                Ok(())
            })
        }
    )*};
}

numbers! {
    nvmlDeviceGetBrand "brand"
    nvmlDeviceGetArchitecture "architecture"
    nvmlDeviceGetMaxPcieLinkGeneration "pcie_generation_max"
    nvmlDeviceGetMaxPcieLinkWidth "pcie_width_max"
    nvmlDeviceGetCurrPcieLinkGeneration "pcie_generation"
    nvmlDeviceGetCurrPcieLinkWidth "pcie_width"
    nvmlDeviceGetPowerUsage "power"
    nvmlDeviceGetEnforcedPowerLimit "power_limit"
    nvmlDeviceGetPerformanceState "performance_state"
}

/// Functions that are asked for one of several numbers.
macro_rules! choices {
    ($($function:ident [$($key:literal)*])*) => {$(
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $function(handle: nvml::nvmlDevice_t, which: c_uint, number: *mut c_uint) -> Return {
            with(handle, stringify!($function), |device| {
                let key = [$($key),*].get(which as usize).ok_or(nvml::nvmlReturn_enum_NVML_ERROR_INVALID_ARGUMENT)?;
                put(number, device.number(key)?);
                Ok(())
            })
        }
    )*};
}

choices! {
    nvmlDeviceGetClockInfo ["clock_graphics" "clock_sm" "clock_memory" "clock_video"]
    nvmlDeviceGetMaxClockInfo ["clock_graphics_max" "clock_sm_max" "clock_memory_max" "clock_video_max"]
    nvmlDeviceGetTemperature ["temperature"]
    nvmlDeviceGetTemperatureThreshold ["temperature_shutdown" "temperature_slowdown"]
    nvmlDeviceGetEncoderCapacity ["encodes_h264" "encodes_hevc" "encodes_av1"]
    nvmlDeviceGetFanSpeed_v2 ["fan"]
}

/// Functions that write a number and how long it was measured for.
macro_rules! measured {
    ($($function:ident $key:literal)*) => {$(
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $function(
            handle: nvml::nvmlDevice_t,
            number: *mut c_uint,
            microseconds: *mut c_uint,
        ) -> Return {
            with(handle, stringify!($function), |device| {
                put(number, device.number($key)?);
                put(microseconds, 166_666);
                Ok(())
            })
        }
    )*};
}

measured! {
    nvmlDeviceGetEncoderUtilization "encoder"
    nvmlDeviceGetDecoderUtilization "decoder"
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetCudaComputeCapability(
    handle: nvml::nvmlDevice_t,
    major: *mut c_int,
    minor: *mut c_int,
) -> Return {
    with(handle, "nvmlDeviceGetCudaComputeCapability", |device| {
        put(major, device.number("capability_major")? as c_int);
        put(minor, device.number("capability_minor")? as c_int);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetMemoryInfo(
    handle: nvml::nvmlDevice_t,
    memory: *mut nvml::nvmlMemory_t,
) -> Return {
    with(handle, "nvmlDeviceGetMemoryInfo", |device| {
        let [total, used, free] = device.memory()?;
        put(memory, nvml::nvmlMemory_t { total, free, used });
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetMemoryInfo_v2(
    handle: nvml::nvmlDevice_t,
    memory: *mut nvml::nvmlMemory_v2_t,
) -> Return {
    with(handle, "nvmlDeviceGetMemoryInfo_v2", |device| {
        let version = (*memory).version;
        if version as usize != size_of::<nvml::nvmlMemory_v2_t>() | 2 << 24 {
            return Err(nvml::nvmlReturn_enum_NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
        }
        let [total, used, free] = device.memory()?;
        put(memory, nvml::nvmlMemory_v2_t { version, total, reserved: total.saturating_sub(used + free), free, used });
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetPciInfo_v3(handle: nvml::nvmlDevice_t, info: *mut nvml::nvmlPciInfo_t) -> Return {
    with(handle, "nvmlDeviceGetPciInfo_v3", |device| {
        let id = device.text("pci_id")?;
        let mut pci: nvml::nvmlPciInfo_t = std::mem::zeroed();
        put_text(pci.busId.as_mut_ptr(), pci.busId.len() as c_uint, &id);
        put(info, pci);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetUtilizationRates(
    handle: nvml::nvmlDevice_t,
    rates: *mut nvml::nvmlUtilization_t,
) -> Return {
    with(handle, "nvmlDeviceGetUtilizationRates", |device| {
        let [gpu, memory] = [device.number("gpu")?, device.number("memory")?];
        put(rates, nvml::nvmlUtilization_t { gpu, memory });
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetCurrentClocksThrottleReasons(
    handle: nvml::nvmlDevice_t,
    reasons: *mut c_ulonglong,
) -> Return {
    with(handle, "nvmlDeviceGetCurrentClocksThrottleReasons", |device| {
        put(reasons, device.number("throttle")?.into());
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetEncoderStats(
    handle: nvml::nvmlDevice_t,
    sessions: *mut c_uint,
    fps: *mut c_uint,
    latency: *mut c_uint,
) -> Return {
    with(handle, "nvmlDeviceGetEncoderStats", |device| {
        put(sessions, device.number("encoder_sessions")?);
        put(fps, device.number("encoder_fps")?);
        put(latency, device.number("encoder_latency")?);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetEncoderSessions(
    handle: nvml::nvmlDevice_t,
    count: *mut c_uint,
    infos: *mut nvml::nvmlEncoderSessionInfo_t,
) -> Return {
    with(handle, "nvmlDeviceGetEncoderSessions", |device| {
        let sessions: Vec<[u64; 6]> = device.rows("sessions")?;
        let session =
            |(at, [pid, codec, width, height, fps, latency]): (usize, &[u64; 6])| nvml::nvmlEncoderSessionInfo_t {
                sessionId: at as c_uint + 1,
                pid: *pid as c_uint,
                vgpuInstance: 0,
                codecType: *codec as c_uint,
                hResolution: *width as c_uint,
                vResolution: *height as c_uint,
                averageFps: *fps as c_uint,
                averageLatency: *latency as c_uint,
            };
        fill(count, infos, &sessions.iter().enumerate().map(session).collect::<Vec<_>>())
    })
}

/// Functions that list processes.
macro_rules! processes {
    ($($function:ident $key:literal)*) => {$(
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $function(
            handle: nvml::nvmlDevice_t,
            count: *mut c_uint,
            infos: *mut nvml::nvmlProcessInfo_v2_t,
        ) -> Return {
            with(handle, stringify!($function), |device| {
                let process = |[pid, memory]: &[u64; 2]| nvml::nvmlProcessInfo_v2_t {
                    pid: *pid as c_uint,
                    usedGpuMemory: *memory,
                    gpuInstanceId: c_uint::MAX,
                    computeInstanceId: c_uint::MAX,
                };
                fill(count, infos, &device.rows($key)?.iter().map(process).collect::<Vec<_>>())
            })
        }
    )*};
}

processes! {
    nvmlDeviceGetGraphicsRunningProcesses_v2 "graphics"
    nvmlDeviceGetGraphicsRunningProcesses_v3 "graphics"
    nvmlDeviceGetComputeRunningProcesses_v2 "compute"
    nvmlDeviceGetComputeRunningProcesses_v3 "compute"
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetSupportedEventTypes(
    handle: nvml::nvmlDevice_t,
    types: *mut c_ulonglong,
) -> Return {
    with(handle, "nvmlDeviceGetSupportedEventTypes", |device| {
        put(types, device.number("events")?.into());
        Ok(())
    })
}

/// There is one set, and nothing in it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlEventSetCreate(set: *mut nvml::nvmlEventSet_t) -> Return {
    put(set, std::ptr::without_provenance_mut(1))
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlEventSetFree(_set: nvml::nvmlEventSet_t) -> Return {
    nvml::nvmlReturn_enum_NVML_SUCCESS
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceRegisterEvents(
    handle: nvml::nvmlDevice_t,
    types: c_ulonglong,
    _set: nvml::nvmlEventSet_t,
) -> Return {
    with(handle, "nvmlDeviceRegisterEvents", |device| device.register(types))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlEventSetWait_v2(
    _set: nvml::nvmlEventSet_t,
    data: *mut nvml::nvmlEventData_t,
    _milliseconds: c_uint,
) -> Return {
    let Some((place, number)) = next_xid() else { return nvml::nvmlReturn_enum_NVML_ERROR_TIMEOUT };
    put(
        data,
        nvml::nvmlEventData_t {
            device: place.handle(),
            eventType: nvml::nvmlEventTypeXidCriticalError.into(),
            eventData: number,
            gpuInstanceId: c_uint::MAX,
            computeInstanceId: c_uint::MAX,
        },
    )
}

/// A list goes where there is room for it; where there is not, its length is told.
unsafe fn fill<T: Copy>(count: *mut c_uint, into: *mut T, list: &[T]) -> Result<(), Return> {
    let room = *count as usize;
    *count = list.len() as c_uint;
    if into.is_null() || room < list.len() {
        return if list.is_empty() { Ok(()) } else { Err(nvml::nvmlReturn_enum_NVML_ERROR_INSUFFICIENT_SIZE) };
    }
    std::ptr::copy_nonoverlapping(list.as_ptr(), into, list.len());
    Ok(())
}
