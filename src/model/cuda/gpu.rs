//! What the advisor has to know of a GPU.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, FromRepr, IntoStaticStr};

use super::version::Capability;
use crate::model::text::is_hostile;

/// The brand of a GPU as NVML tells it (`nvmlBrandType_t`, by its numbers). The tokens are wire format.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    FromRepr,
    Display,
    EnumString,
    IntoStaticStr,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
#[repr(u32)]
pub enum Brand {
    /// NVML does not say, or says something newer than this program.
    #[default]
    Unknown = 0,
    /// Older workstation GPUs.
    Quadro = 1,
    /// Older data centre GPUs, up to the V100 and T4.
    Tesla = 2,
    /// Small workstation GPUs for many displays.
    Nvs = 3,
    /// Virtual GPUs of old; NVML no longer uses it.
    Grid = 4,
    /// GPUs for games.
    #[serde(rename = "geforce")]
    #[strum(serialize = "geforce")]
    GeForce = 5,
    /// GPUs for enthusiasts.
    Titan = 6,
    /// Virtual GPU: applications.
    #[serde(rename = "vapps")]
    #[strum(serialize = "vapps")]
    VApps = 7,
    /// Virtual GPU: desktop.
    #[serde(rename = "vpc")]
    #[strum(serialize = "vpc")]
    VPc = 8,
    /// Virtual GPU: compute.
    #[serde(rename = "vcs")]
    #[strum(serialize = "vcs")]
    VCs = 9,
    /// Virtual GPU: workstation.
    #[serde(rename = "vws")]
    #[strum(serialize = "vws")]
    VWs = 10,
    /// Virtual GPU: cloud gaming.
    CloudGaming = 11,
    /// Workstation GPUs of the Turing generation.
    QuadroRtx = 12,
    /// Workstation GPUs since Ampere.
    NvidiaRtx = 13,
    /// Data centre GPUs since Ampere.
    Nvidia = 14,
}

impl Brand {
    /// The brand with this number in NVML.
    #[must_use]
    pub fn from_nvml(number: u32) -> Self {
        Self::from_repr(number).unwrap_or_default()
    }

    /// What people call such GPUs, in the plural.
    #[must_use]
    pub fn gpus(self) -> &'static str {
        match self {
            Self::Unknown => "GPUs of an unknown brand",
            Self::Quadro | Self::QuadroRtx => "Quadro GPUs",
            Self::Tesla | Self::Nvidia => "data centre GPUs",
            Self::Nvs => "NVS GPUs",
            Self::GeForce => "GeForce GPUs",
            Self::Titan => "Titan GPUs",
            Self::NvidiaRtx => "RTX workstation GPUs",
            Self::Grid | Self::VApps | Self::VPc | Self::VCs | Self::VWs | Self::CloudGaming => "virtual GPUs",
        }
    }
}

/// One GPU, or one MIG instance of one, which has the abilities of the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gpu {
    /// Its name as NVML tells it, such as `NVIDIA GeForce RTX 4090`.
    pub name: String,
    /// Its compute capability, where it could be asked for.
    pub capability: Option<Capability>,
    /// Its brand: it decides whether forward compatibility is open to it.
    pub brand: Brand,
}

/// The most characters of a GPU's name that a sentence repeats.
const SHOWN: usize = 60;

impl Gpu {
    /// Its name in a sentence, without the maker: `RTX 4090`, `Tesla T4`, `H200`.
    #[must_use]
    pub fn short_name(&self) -> String {
        let printable: String = self.name.chars().filter(|c| !is_hostile(*c)).take(SHOWN).collect();
        let short = printable.trim();
        let short = short.strip_prefix("NVIDIA ").unwrap_or(short);
        let short = short.strip_prefix("GeForce ").unwrap_or(short);
        if short.is_empty() { "GPU".into() } else { short.to_owned() }
    }
}

/// The GPUs of this machine, as far as they could be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gpus {
    /// There is none: nothing was given to this container.
    Absent,
    /// There is one, but nothing can be read from it.
    Unreadable,
    /// These.
    Present(Vec<Gpu>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brands_have_the_numbers_of_nvml() {
        for (number, brand) in [
            (0, Brand::Unknown),
            (2, Brand::Tesla),
            (5, Brand::GeForce),
            (6, Brand::Titan),
            (9, Brand::VCs),
            (13, Brand::NvidiaRtx),
            (14, Brand::Nvidia),
            (15, Brand::Unknown),
            (16, Brand::Unknown),
            (u32::MAX, Brand::Unknown),
        ] {
            assert_eq!(Brand::from_nvml(number), brand, "{number}");
        }
    }

    #[test]
    fn every_brand_travels_by_one_token() {
        for number in 0..15 {
            let brand = Brand::from_nvml(number);
            assert_eq!(brand as u32, number);
            let token = brand.to_string();
            assert_eq!(token.parse(), Ok(brand));
            assert_eq!(serde_json::to_string(&brand).expect("text"), format!("\"{token}\""));
        }
    }

    #[test]
    fn names_are_short_and_harmless_in_sentences() {
        for (name, expected) in [
            ("NVIDIA GeForce RTX 4090", "RTX 4090"),
            ("NVIDIA H200", "H200"),
            ("Tesla T4", "Tesla T4"),
            ("NVIDIA RTX 6000 Ada Generation", "RTX 6000 Ada Generation"),
            ("", "GPU"),
            ("NVIDIA X\u{1b}[2J\n\u{202e}", "X[2J"),
        ] {
            let gpu = Gpu { name: name.into(), capability: None, brand: Brand::Unknown };
            assert_eq!(gpu.short_name(), expected, "{name:?}");
        }
        let long = Gpu { name: "x".repeat(10_000), capability: None, brand: Brand::Unknown };
        assert!(long.short_name().chars().count() <= SHOWN);
    }
}
