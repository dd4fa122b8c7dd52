//! What the daemon says about GPUs. What is none cannot be told on that GPU, which is not the same as 0.

use std::collections::BTreeMap;

use serde::Serialize;

use super::rfc_3339;
use crate::api::gpu::{GpuMoment, ProcessInfo, StatsInfo};

/// A GPU, or a MIG instance of one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GpuFacts {
    /// NVIDIA's name for this one.
    pub uuid: String,
    /// Its place in NVIDIA's list; for an instance, that of the whole.
    pub index: u32,
    /// For a MIG instance: the UUID of the GPU that it is a part of.
    pub parent: Option<String>,
    /// It is divided into MIG instances.
    pub divided: bool,
    /// Such as `NVIDIA GeForce RTX 4090`.
    pub name: Option<String>,
    /// Such as `Ada`.
    pub architecture: Option<String>,
    /// Such as `8.9`.
    pub compute_capability: Option<String>,
    /// `geforce`, `nvidia` and others.
    pub brand: String,
    /// All of its memory.
    pub memory_total_bytes: Option<u64>,
    /// Where it sits.
    pub pci_id: Option<String>,
    /// The newest PCIe generation that GPU and board can use.
    pub pcie_generation_max: Option<u32>,
    /// The most lanes.
    pub pcie_width_max: Option<u32>,
    /// The driver's version.
    pub driver: Option<String>,
    /// Version of its firmware.
    pub vbios: Option<String>,
    /// The fastest graphics clock.
    pub clock_graphics_max_mhz: Option<u32>,
    /// The fastest clock of the memory.
    pub clock_memory_max_mhz: Option<u32>,
    /// Where it slows itself down.
    pub temperature_slowdown_celsius: Option<u32>,
    /// Where it switches itself off.
    pub temperature_shutdown_celsius: Option<u32>,
    /// By codec: `yes`, `no` or `unknown`.
    pub encodes: BTreeMap<String, String>,
    /// `ok`, `throttled`, `failing`, `lost` or `unknown`.
    pub health: String,
    /// Why, and what to do; may be empty.
    pub health_reason: String,
    /// The error that the driver reported last, by NVIDIA's number.
    pub xid: Option<u64>,
    /// What that means, and what to do.
    pub xid_reason: Option<String>,
}

impl GpuFacts {
    /// Its name for people.
    #[must_use]
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.uuid)
    }
}

/// What a GPU does.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[expect(missing_docs, reason = "as in StatsInfo")]
pub struct GpuStats {
    /// Unix time in seconds; none if it was never looked at. RFC 3339 in JSON.
    #[serde(serialize_with = "rfc_3339")]
    pub time: Option<u64>,
    pub gpu_percent: Option<u32>,
    pub memory_percent: Option<u32>,
    pub encoder_percent: Option<u32>,
    pub decoder_percent: Option<u32>,
    pub memory_total_bytes: Option<u64>,
    pub memory_used_bytes: Option<u64>,
    pub memory_free_bytes: Option<u64>,
    pub temperature_celsius: Option<u32>,
    pub power_watts: Option<f64>,
    pub power_limit_watts: Option<f64>,
    pub clock_graphics_mhz: Option<u32>,
    pub clock_sm_mhz: Option<u32>,
    pub clock_memory_mhz: Option<u32>,
    pub clock_video_mhz: Option<u32>,
    pub fan_percent: Option<u32>,
    pub performance_state: Option<u32>,
    pub pcie_generation: Option<u32>,
    pub pcie_width: Option<u32>,
    pub encoder_sessions: Option<u32>,
    pub encoder_fps: Option<u32>,
    pub encoder_latency_us: Option<u32>,
    pub throttle: Option<Vec<String>>,
    pub throttle_words: Option<Vec<String>>,
}

impl From<StatsInfo> for GpuStats {
    // Every field is named: a new one cannot be forgotten here.
    fn from(info: StatsInfo) -> Self {
        let StatsInfo {
            time,
            gpu_percent,
            memory_percent,
            encoder_percent,
            decoder_percent,
            memory_total_bytes,
            memory_used_bytes,
            memory_free_bytes,
            temperature_celsius,
            power_watts,
            power_limit_watts,
            clock_graphics_mhz,
            clock_sm_mhz,
            clock_memory_mhz,
            clock_video_mhz,
            fan_percent,
            performance_state,
            pcie_generation,
            pcie_width,
            encoder_sessions,
            encoder_fps,
            encoder_latency_us,
            throttle,
            throttle_words,
        } = info;
        Self {
            time: Some(time).filter(|time| *time != 0),
            gpu_percent,
            memory_percent,
            encoder_percent,
            decoder_percent,
            memory_total_bytes,
            memory_used_bytes,
            memory_free_bytes,
            temperature_celsius,
            power_watts,
            power_limit_watts,
            clock_graphics_mhz,
            clock_sm_mhz,
            clock_memory_mhz,
            clock_video_mhz,
            fan_percent,
            performance_state,
            pcie_generation,
            pcie_width,
            encoder_sessions,
            encoder_fps,
            encoder_latency_us,
            throttle,
            throttle_words,
        }
    }
}

/// One moment of the last minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct GpuMomentFacts {
    /// Unix time in seconds. RFC 3339 in JSON.
    #[serde(serialize_with = "rfc_3339")]
    pub time: Option<u64>,
    /// How busy it was.
    pub gpu_percent: Option<f64>,
    /// How busy its memory was.
    pub memory_percent: Option<f64>,
    /// How full its memory was.
    pub memory_used_bytes: Option<f64>,
    /// How busy the encoder was.
    pub encoder_percent: Option<f64>,
    /// How busy the decoder was.
    pub decoder_percent: Option<f64>,
    /// Of the chip.
    pub temperature_celsius: Option<f64>,
    /// What it drew.
    pub power_watts: Option<f64>,
    /// Clock of what draws.
    pub clock_graphics_mhz: Option<f64>,
}

impl From<GpuMoment> for GpuMomentFacts {
    fn from((time, gpu, memory, used, encoder, decoder, temperature, power, clock): GpuMoment) -> Self {
        let told = |number: f64| Some(number).filter(|number| number.is_finite() && *number >= 0.0);
        Self {
            time: Some(time),
            gpu_percent: told(gpu),
            memory_percent: told(memory),
            memory_used_bytes: told(used),
            encoder_percent: told(encoder),
            decoder_percent: told(decoder),
            temperature_celsius: told(temperature),
            power_watts: told(power),
            clock_graphics_mhz: told(clock),
        }
    }
}

/// A process of this container that uses a GPU.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GpuProcessFacts {
    /// Its number.
    pub pid: u32,
    /// When it started, in the kernel's ticks.
    pub start_time: u64,
    /// What it is called.
    pub name: String,
    /// Who runs it.
    pub uid: u32,
    /// That user's name.
    pub user: String,
    /// `graphics`, `compute` or `both`.
    pub activity: String,
    /// What it holds of the GPU's memory.
    pub memory_bytes: Option<u64>,
}

impl From<ProcessInfo> for GpuProcessFacts {
    fn from(info: ProcessInfo) -> Self {
        let ProcessInfo { pid, start_time, name, uid, user, activity, memory_bytes } = info;
        Self { pid, start_time, name, uid, user, activity, memory_bytes }
    }
}
