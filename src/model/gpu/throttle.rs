//! Why a GPU runs slower than it could.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoEnumIterator, IntoStaticStr};

/// One reason, the worst last. The tokens are wire format.
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
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Throttle {
    /// There is nothing to do.
    Idle,
    /// Somebody has set the clocks of applications.
    ApplicationsClocks,
    /// Somebody has set the clocks of the display.
    DisplayClocks,
    /// It waits for another GPU of its group.
    SyncBoost,
    /// It draws as much as it may.
    PowerCap,
    /// The hardware has slowed it down, for heat or power.
    HardwareSlowdown,
    /// The driver slows it down for heat.
    Heat,
    /// The power supply asks for less.
    PowerBrake,
    /// The hardware slows it down for heat.
    HardwareHeat,
}

impl Throttle {
    /// Its bit in NVML (`nvmlClocksEventReason*`).
    fn bit(self) -> u64 {
        match self {
            Self::Idle => 0x1,
            Self::ApplicationsClocks => 0x2,
            Self::PowerCap => 0x4,
            Self::HardwareSlowdown => 0x8,
            Self::SyncBoost => 0x10,
            Self::Heat => 0x20,
            Self::HardwareHeat => 0x40,
            Self::PowerBrake => 0x80,
            Self::DisplayClocks => 0x100,
        }
    }

    /// The reasons among NVML's bits. Those newer than this program are left out.
    #[must_use]
    pub fn from_nvml(bits: u64) -> Vec<Self> {
        Self::iter().filter(|reason| bits & reason.bit() != 0).collect()
    }

    /// Somebody should know. Drawing as much as it may is what a busy GPU does.
    #[must_use]
    pub fn is_suffering(self) -> bool {
        matches!(self, Self::HardwareSlowdown | Self::Heat | Self::PowerBrake | Self::HardwareHeat)
    }

    /// For people, after a colon or in a list.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Idle => "nothing to do",
            Self::ApplicationsClocks => "its clocks are set by hand",
            Self::DisplayClocks => "its display clocks are set by hand",
            Self::SyncBoost => "it keeps pace with another GPU",
            Self::PowerCap => "it draws as much power as it may",
            Self::HardwareSlowdown => "the hardware slows it down",
            Self::Heat => "it is too hot",
            Self::PowerBrake => "the power supply asks for less",
            Self::HardwareHeat => "it is far too hot",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bit_is_one_reason() {
        assert_eq!(Throttle::from_nvml(0), []);
        assert_eq!(Throttle::from_nvml(0x1ff).len(), Throttle::iter().count());
        assert_eq!(Throttle::from_nvml(0x44), [Throttle::PowerCap, Throttle::HardwareHeat]);
        assert_eq!(Throttle::from_nvml(0xffff_ffff_ffff_fe00), []);
        for reason in Throttle::iter() {
            assert_eq!(Throttle::from_nvml(reason.bit()), [reason]);
            assert_eq!(reason.to_string().parse(), Ok(reason));
            assert!(!reason.words().is_empty());
        }
    }
}
