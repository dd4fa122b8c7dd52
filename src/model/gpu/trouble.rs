//! What goes wrong between us and a GPU.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

/// What sort of trouble. The tokens are wire format; those of NVML's own errors are its names.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Display, EnumIter, EnumString, IntoStaticStr, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Fault {
    /// There is no libnvidia-ml.so.1.
    NoLibrary,
    /// There is one, and it cannot be used.
    BadLibrary,
    /// The probe did not answer in time: the driver hangs.
    ProbeHung,
    /// The probe died: the driver's library crashed.
    ProbeCrashed,
    /// The probe could not be started, or was not understood.
    ProbeFailed,
    /// NVML: the kernel has no driver.
    DriverNotLoaded,
    /// NVML: kernel and library are of different drivers, as after an update of the host's.
    LibRmVersionMismatch,
    /// NVML: the driver was unloaded under us.
    Uninitialized,
    /// NVML: this user may not.
    NoPermission,
    /// NVML: the operating system, or the container's limits, keep the GPU away.
    OperatingSystem,
    /// NVML: the GPU fell off the bus.
    GpuIsLost,
    /// NVML: it works again only after a reset.
    ResetRequired,
    /// NVML: its power cables are not attached.
    InsufficientPower,
    /// NVML: its interrupts do not arrive.
    IrqIssue,
    /// NVML: its own memory of settings is damaged.
    CorruptedInforom,
    /// It is not in the list any more.
    Vanished,
    /// NVML: an error of the driver's that has no name.
    Unknown,
    /// Any other error.
    Other,
}

/// One trouble: its sort, and the words of whoever found it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{words}")]
pub struct Trouble {
    /// Which sort.
    pub fault: Fault,
    /// The words of NVML, of the loader, or of our own.
    pub words: String,
}

impl Trouble {
    /// A trouble.
    pub fn new(fault: Fault, words: impl Into<String>) -> Self {
        Self { fault, words: words.into() }
    }

    /// What is, and what to do about it.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!("{} {}", self.fault.says(&self.words), self.fault.advice())
    }
}

impl Fault {
    /// It is not one GPU's, and NVML has to be loaded anew before it can be over.
    #[must_use]
    pub fn is_the_drivers(self) -> bool {
        matches!(self, Self::DriverNotLoaded | Self::LibRmVersionMismatch | Self::Uninitialized)
    }

    /// The GPU does not work, whatever single questions it may still answer.
    #[must_use]
    pub fn is_grave(self) -> bool {
        self.is_the_drivers()
            || matches!(
                self,
                Self::GpuIsLost
                    | Self::ResetRequired
                    | Self::InsufficientPower
                    | Self::IrqIssue
                    | Self::CorruptedInforom
                    | Self::OperatingSystem
                    | Self::Vanished
            )
    }

    fn says(self, words: &str) -> String {
        let text = match self {
            Self::NoLibrary => "NVIDIA's management library (libnvidia-ml.so.1) is not here.",
            Self::BadLibrary => return format!("NVIDIA's management library cannot be used ({words})."),
            Self::ProbeHung => return format!("The NVIDIA driver hangs ({words})."),
            Self::ProbeCrashed => return format!("NVIDIA's management library crashed ({words})."),
            Self::ProbeFailed => return format!("The GPUs cannot be asked ({words})."),
            Self::DriverNotLoaded => "The host's NVIDIA driver is not loaded.",
            Self::LibRmVersionMismatch => {
                "The NVIDIA libraries in this container are of another driver than the host's."
            }
            Self::Uninitialized => "The NVIDIA driver was reloaded.",
            Self::NoPermission => "The NVIDIA driver lets nobody here ask it.",
            Self::OperatingSystem => "The container's limits keep the GPU away.",
            Self::GpuIsLost => "The GPU is lost: it has fallen off the bus.",
            Self::ResetRequired => "The GPU has to be reset.",
            Self::InsufficientPower => "The GPU's power cables are not attached as they should be.",
            Self::IrqIssue => "The GPU's interrupts do not arrive.",
            Self::CorruptedInforom => "The GPU's own store of settings is damaged.",
            Self::Vanished => "The GPU is gone: the driver no longer lists it.",
            Self::Unknown | Self::Other => return format!("The NVIDIA driver fails ({words})."),
        };
        text.into()
    }

    fn advice(self) -> &'static str {
        match self {
            Self::NoLibrary => {
                "It comes with the driver capability “utility” (NVIDIA_DRIVER_CAPABILITIES=all) when the instance is made."
            }
            Self::BadLibrary | Self::LibRmVersionMismatch | Self::Uninitialized => {
                "Restart the instance, so that it gets the host's present libraries; packages of the driver in the \
                 container must go."
            }
            Self::ProbeFailed => "Restart desktop-controld; its log may say more.",
            Self::ProbeHung | Self::ProbeCrashed => {
                "It is tried again by itself; if it stays so, restart the instance."
            }
            Self::DriverNotLoaded | Self::InsufficientPower | Self::IrqIssue | Self::CorruptedInforom => {
                "Only whoever runs the host can mend that; take another instance."
            }
            Self::NoPermission | Self::OperatingSystem => "Make the instance anew, with its GPU.",
            Self::GpuIsLost | Self::ResetRequired | Self::Vanished => {
                "Programs that used it have to be started again. Restart the instance; if that does not help, make it anew."
            }
            Self::Unknown | Self::Other => "If it stays so, restart the instance.",
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    #[test]
    fn every_trouble_is_told_in_whole_sentences_and_travels_by_one_token() {
        for fault in Fault::iter() {
            let sentence = Trouble::new(fault, "the words").sentence();
            assert!(sentence.ends_with('.') && sentence.len() > 40, "{sentence}");
            let token = fault.to_string();
            assert_eq!(token.parse(), Ok(fault));
            assert_eq!(serde_json::to_string(&fault).expect("text"), format!("\"{token}\""));
        }
        assert_eq!(Fault::GpuIsLost.to_string(), "gpu-is-lost");
        assert_eq!(Fault::LibRmVersionMismatch.to_string(), "lib-rm-version-mismatch");
    }
}
