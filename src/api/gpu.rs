//! What goes over the bus about a GPU: dictionaries, `a{sv}`, whose keys are the fields' names with hyphens. A field
//! that is absent cannot be told on this GPU, which is not the same as 0; unknown keys are ignored.

use std::collections::HashMap;

use zbus::zvariant::{DeserializeDict, SerializeDict, Type};

/// What a GPU does right now, as `Stats` and `StatsUpdated` tell it. Units stand in the names.
#[derive(Clone, Debug, Default, PartialEq, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict", rename_all = "kebab-case")]
pub struct StatsInfo {
    /// When that was: Unix time in seconds. A GPU that is lost tells what it did last.
    pub time: u64,
    /// How much of the time something was computed or drawn.
    pub gpu_percent: Option<u32>,
    /// How much of the time its memory was read or written; how full it is, is told in bytes.
    pub memory_percent: Option<u32>,
    /// How busy the encoder is.
    pub encoder_percent: Option<u32>,
    /// How busy the decoder is.
    pub decoder_percent: Option<u32>,
    /// All of its memory.
    pub memory_total_bytes: Option<u64>,
    /// What programs hold of it.
    pub memory_used_bytes: Option<u64>,
    /// What is left. The driver keeps a part for itself, which is neither used nor free.
    pub memory_free_bytes: Option<u64>,
    /// Of the chip.
    pub temperature_celsius: Option<u32>,
    /// What it draws.
    pub power_watts: Option<f64>,
    /// What it may draw.
    pub power_limit_watts: Option<f64>,
    /// Clock of what draws.
    pub clock_graphics_mhz: Option<u32>,
    /// Clock of the processors.
    pub clock_sm_mhz: Option<u32>,
    /// Clock of the memory.
    pub clock_memory_mhz: Option<u32>,
    /// Clock of encoder and decoder.
    pub clock_video_mhz: Option<u32>,
    /// Speed of the first fan, of its fastest.
    pub fan_percent: Option<u32>,
    /// 0 is the fastest.
    pub performance_state: Option<u32>,
    /// Of the PCIe link as it is now; it slows down when there is nothing to do.
    pub pcie_generation: Option<u32>,
    /// Lanes of that link.
    pub pcie_width: Option<u32>,
    /// Encoder sessions of all programs, also those of other containers.
    pub encoder_sessions: Option<u32>,
    /// Frames a second, the mean of all sessions.
    pub encoder_fps: Option<u32>,
    /// The mean of all sessions.
    pub encoder_latency_us: Option<u32>,
    /// What holds its clocks down, as tokens; empty if nothing does.
    pub throttle: Option<Vec<String>>,
    /// The same in words.
    pub throttle_words: Option<Vec<String>>,
}

/// A process that uses a GPU, as `Processes` tells it.
#[derive(Clone, Debug, Default, PartialEq, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict", rename_all = "kebab-case")]
pub struct ProcessInfo {
    /// Its number.
    pub pid: u32,
    /// When it started, in the kernel's ticks. With the number it names the process for good: `EndProcess` wants both.
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

/// One moment of a GPU, as `History` tells it: Unix time in seconds; how busy the GPU and its memory are in per cent;
/// used memory in bytes; how busy encoder and decoder are in per cent; degrees Celsius; watts; MHz of the graphics
/// clock. Negative where it cannot be told.
pub type GpuMoment = (u64, f64, f64, f64, f64, f64, f64, f64, f64);

/// What a GPU encodes: by codec (`h264`, `hevc`, `av1`) `yes`, `no` or `unknown`.
pub type Encodes = HashMap<String, String>;
