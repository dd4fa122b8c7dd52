//! What a GPU does right now.

use serde::{Deserialize, Serialize};

use super::history::Moment;
use super::throttle::Throttle;

/// One look at a GPU. What it does not tell is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// How much of the time something was computed or drawn.
    pub gpu_percent: Option<u32>,
    /// How much of the time its memory was read or written.
    pub memory_percent: Option<u32>,
    /// How busy the encoder is.
    pub encoder_percent: Option<u32>,
    /// How busy the decoder is.
    pub decoder_percent: Option<u32>,
    /// In bytes.
    pub memory_total: Option<u64>,
    /// In bytes, without what the driver keeps for itself.
    pub memory_used: Option<u64>,
    /// In bytes.
    pub memory_free: Option<u64>,
    /// Of the chip, in degrees Celsius.
    pub temperature: Option<u32>,
    /// In milliwatts.
    pub power: Option<u32>,
    /// What it may draw, in milliwatts.
    pub power_limit: Option<u32>,
    /// In MHz, as all clocks.
    pub clock_graphics: Option<u32>,
    /// Of the processors.
    pub clock_sm: Option<u32>,
    /// Of the memory.
    pub clock_memory: Option<u32>,
    /// Of encoder and decoder.
    pub clock_video: Option<u32>,
    /// Of the first fan, of its fastest.
    pub fan_percent: Option<u32>,
    /// 0 is the fastest.
    pub performance_state: Option<u32>,
    /// PCIe generation of the link as it is now; it slows down when nothing is to do.
    pub pcie_generation: Option<u32>,
    /// Its lanes.
    pub pcie_width: Option<u32>,
    /// Encoder sessions of all programs, also those of other containers.
    pub encoder_sessions: Option<u32>,
    /// Frames a second, the mean of all sessions.
    pub encoder_fps: Option<u32>,
    /// In microseconds, the mean of all sessions.
    pub encoder_latency: Option<u32>,
    /// What holds its clocks down; empty if nothing does.
    pub throttle: Option<Vec<Throttle>>,
    /// Errors that the driver has reported since the last look, by their numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub xids: Vec<u64>,
}

impl Sample {
    /// Nothing was told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// It is slowed down for a reason that somebody should know: heat, or the power supply.
    #[must_use]
    pub fn suffers(&self) -> Option<Throttle> {
        self.throttle.iter().flatten().copied().filter(|reason| reason.is_suffering()).max()
    }

    /// What a graph remembers of it.
    #[must_use]
    pub fn moment(&self, at: u64) -> Moment {
        Moment {
            at,
            gpu_percent: self.gpu_percent,
            memory_percent: self.memory_percent,
            memory_used: self.memory_used,
            encoder_percent: self.encoder_percent,
            decoder_percent: self.decoder_percent,
            temperature: self.temperature,
            power: self.power,
            clock_graphics: self.clock_graphics,
        }
    }
}
