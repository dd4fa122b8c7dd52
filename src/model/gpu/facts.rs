//! What a GPU is: all that stays the same while it is there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

use crate::model::cuda::{Brand, Capability};

/// A codec that hardware encodes. The tokens are wire format.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Display,
    EnumIter,
    EnumString,
    IntoStaticStr,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Codec {
    /// H.264.
    H264,
    /// H.265.
    Hevc,
    /// AV1.
    Av1,
}

impl Codec {
    /// The codec with this number in NVML (`nvmlEncoderType_t`; AV1 since its version 12).
    #[must_use]
    pub fn from_nvml(number: u32) -> Option<Self> {
        [Self::H264, Self::Hevc, Self::Av1].get(usize::try_from(number).ok()?).copied()
    }
}

/// Whether a GPU can do something. The tokens are wire format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Display, EnumString, IntoStaticStr, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Ability {
    /// It can.
    Yes,
    /// It cannot.
    No,
    /// The driver does not say.
    #[default]
    Unknown,
}

/// What a GPU, or a MIG instance of one, is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Its place in NVIDIA's list; that of the whole for an instance.
    pub index: u32,
    /// For a MIG instance: the UUID of the GPU that it is a part of.
    pub parent: Option<String>,
    /// It is divided into MIG instances; none where it cannot be.
    pub divided: Option<bool>,
    /// Such as `NVIDIA GeForce RTX 4090`.
    pub name: Option<String>,
    /// Such as `Ada`.
    pub architecture: Option<String>,
    /// Compute capability.
    pub capability: Option<Capability>,
    /// Its brand.
    pub brand: Brand,
    /// In bytes.
    pub memory_total: Option<u64>,
    /// Such as `00000000:01:00.0`.
    pub pci_id: Option<String>,
    /// The fastest PCIe link that GPU and board can have.
    pub pcie_generation_max: Option<u32>,
    /// Its lanes.
    pub pcie_width_max: Option<u32>,
    /// Version of its firmware.
    pub vbios: Option<String>,
    /// Of the graphics clock, in MHz.
    pub clock_graphics_max: Option<u32>,
    /// Of the memory's clock, in MHz.
    pub clock_memory_max: Option<u32>,
    /// Where it slows itself down, in degrees Celsius.
    pub temperature_slowdown: Option<u32>,
    /// Where it switches itself off, in degrees Celsius.
    pub temperature_shutdown: Option<u32>,
    /// What it encodes. A codec that is not here was not asked for.
    pub encodes: BTreeMap<Codec, Ability>,
}

/// The name of NVML's number of an architecture (`NVML_DEVICE_ARCH_*`); none for those that are no GPUs, or newer than
/// this program.
#[must_use]
pub fn architecture(number: u32) -> Option<&'static str> {
    Some(match number {
        2 => "Kepler",
        3 => "Maxwell",
        4 => "Pascal",
        5 => "Volta",
        6 => "Turing",
        7 => "Ampere",
        8 => "Ada",
        9 => "Hopper",
        10 => "Blackwell",
        13 => "Rubin",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_nvml_are_names() {
        assert_eq!([0, 1, 2, 3].map(Codec::from_nvml), [Some(Codec::H264), Some(Codec::Hevc), Some(Codec::Av1), None]);
        assert_eq!(architecture(10), Some("Blackwell"));
        assert_eq!([11, 12, u32::MAX].map(architecture), [None; 3], "accelerators and unknown ones");
    }
}
