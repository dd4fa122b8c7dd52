//! Whether there is a GPU and, if there is none, why.

use super::Round;
use super::trouble::{Fault, Trouble};

/// What the files of this machine say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceFiles {
    /// There are device files of NVIDIA GPUs.
    pub devices: bool,
}

/// Whether there is a GPU.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// It has not been looked yet.
    #[default]
    Unknown,
    /// There is one, or was until it was lost.
    Present,
    /// The same, and one more that does not even tell who it is.
    Partly(Trouble),
    /// None was given to this machine.
    NoDevice,
    /// There is one, and nothing to ask it with.
    NoLibrary,
    /// There is one, or should be, and it cannot be asked.
    Failing(Trouble),
}

impl Presence {
    /// Judges what a look brought that found nobody who was known before.
    #[must_use]
    pub fn judge<T>(files: DeviceFiles, outcome: Result<&Round<T>, &Trouble>) -> Self {
        match outcome {
            Ok(round) if !round.gpus.is_empty() => Self::Present,
            Ok(round) => match round.unreadable.first() {
                Some(unreadable) => Self::Failing(unreadable.trouble.clone()),
                None if files.devices => Self::Failing(Trouble::new(Fault::OperatingSystem, "the driver lists no GPU")),
                None => Self::NoDevice,
            },
            Err(Trouble { fault: Fault::NoLibrary, .. }) if files.devices => Self::NoLibrary,
            Err(Trouble { fault: Fault::NoLibrary | Fault::DriverNotLoaded, .. }) if !files.devices => Self::NoDevice,
            Err(trouble) => Self::Failing(trouble.clone()),
        }
    }

    /// There is one that can be asked something.
    #[must_use]
    pub fn is_some(&self) -> bool {
        matches!(self, Self::Present | Self::Partly(_))
    }

    /// The token on the wire. That of a failure is that of its trouble.
    #[must_use]
    pub fn token(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Present | Self::Partly(_) => "present",
            Self::NoDevice => "no-device",
            Self::NoLibrary => Fault::NoLibrary.into(),
            Self::Failing(trouble) => trouble.fault.into(),
        }
    }

    /// Why there is none, or one less than there should be, for people; empty where all are there or it has not been
    /// looked.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Unknown | Self::Present => String::new(),
            Self::Partly(trouble) => format!("Of one GPU more nothing can be read. {}", trouble.sentence()),
            Self::NoDevice => {
                "No NVIDIA GPU: drawing on the CPU (llvmpipe). None was given to this machine when it was made.".into()
            }
            Self::NoLibrary => {
                format!("There is an NVIDIA GPU, but {}", lowered(&Trouble::new(Fault::NoLibrary, "").sentence()))
            }
            Self::Failing(trouble) => trouble.sentence(),
        }
    }
}

/// A sentence that begins with a name stays as it is.
fn lowered(sentence: &str) -> String {
    sentence.strip_prefix("The ").map_or_else(|| sentence.to_owned(), |rest| format!("the {rest}"))
}

#[cfg(test)]
mod tests {
    use super::super::{Entry, Unreadable};
    use super::*;

    #[test]
    fn no_gpu_has_three_causes() {
        let files = |devices| DeviceFiles { devices };
        let no_library = Trouble::new(Fault::NoLibrary, "no such file");
        let not_loaded = Trouble::new(Fault::DriverNotLoaded, "driver not loaded");
        let mismatch = Trouble::new(Fault::LibRmVersionMismatch, "versions");
        let lost = Unreadable { index: 0, trouble: Trouble::new(Fault::GpuIsLost, "lost") };
        let one = Entry { uuid: "GPU-1".into(), told: (), trouble: None };
        let present = Round { gpus: vec![one], unreadable: vec![lost.clone()], driver: None };
        let only_lost = Round { unreadable: vec![lost], ..Round::default() };
        let nobody = Round::default();
        for (files, outcome, token, says) in [
            (files(true), Ok(&present), "present", ""),
            (files(false), Ok(&present), "present", ""),
            (files(false), Ok(&nobody), "no-device", "drawing on the CPU"),
            (files(true), Ok(&nobody), "operating-system", "limits keep the GPU away"),
            (files(true), Ok(&only_lost), "gpu-is-lost", "fallen off the bus"),
            (files(false), Err(&no_library), "no-device", "None was given"),
            (files(true), Err(&no_library), "no-library", "but NVIDIA's management library"),
            (files(false), Err(&not_loaded), "no-device", "None was given"),
            (files(true), Err(&not_loaded), "driver-not-loaded", "host"),
            (files(true), Err(&mismatch), "lib-rm-version-mismatch", "another driver"),
            (files(false), Err(&mismatch), "lib-rm-version-mismatch", "another driver"),
        ] {
            let presence = Presence::judge(files, outcome);
            assert_eq!(presence.token(), token);
            assert!(presence.sentence().contains(says), "{token}: {}", presence.sentence());
        }
        assert_eq!(Presence::default().token(), "unknown");
        let partly = Presence::Partly(no_library);
        assert!(partly.is_some() && partly.token() == "present" && partly.sentence().starts_with("Of one GPU more"));
    }
}
