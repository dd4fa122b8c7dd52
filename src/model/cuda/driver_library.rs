//! The driver's own library, libcuda, as a process answered that did nothing but load it and ask.

use serde::{Deserialize, Serialize};

use super::driver_error::DriverError;
use super::version::Release;

/// What a library said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibraryAnswer {
    /// The file that the loader took, without links.
    pub file: String,
    /// The CUDA that it brings, by `cuDriverGetVersion`; `None` where its number is none of a CUDA.
    pub release: Option<Release>,
    /// What became of the attempt to initialise CUDA with it.
    pub init: Init,
}

/// The outcome of `cuInit`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Init {
    /// It returned this: 0 if all is well.
    Returned(u32),
    /// It did not return in time.
    Hung,
    /// It took the process down; how.
    Crashed(String),
}

impl Init {
    /// What it returned, if it did.
    #[must_use]
    pub fn returned(&self) -> Option<u32> {
        match self {
            Self::Returned(result) => Some(*result),
            Self::Hung | Self::Crashed(_) => None,
        }
    }
}

/// Why a library said nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum LibraryTrouble {
    /// There is none.
    #[error("there is no libcuda.so.1")]
    Absent,
    /// It cannot be loaded, or is no driver library; the loader's words, or its own.
    #[error("libcuda.so.1 cannot be used ({0})")]
    Unusable(String),
    /// It does not answer in time.
    #[error("libcuda.so.1 does not answer: the NVIDIA driver hangs")]
    Hung,
    /// It took the process down; how.
    #[error("libcuda.so.1 crashed ({0})")]
    Crashed(String),
    /// There was no process to ask it in.
    #[error("libcuda.so.1 could not be asked ({0})")]
    NotAsked(String),
}

/// Errors of `cuInit` that say that a forward compatibility library is out of place here: older than the driver, or not
/// for this GPU.
const OUT_OF_PLACE: [u32; 2] = [803, 804];

impl LibraryAnswer {
    /// It stands in for the driver's library: one of forward compatibility, or an empty one to link with.
    #[must_use]
    pub fn stands_in(&self) -> bool {
        stands_in(&self.file)
    }

    /// It is one of forward compatibility.
    #[must_use]
    pub fn is_compat(&self) -> bool {
        self.file.split('/').any(|folder| folder == "compat")
    }

    /// Whether forward compatibility works with this library, where `native` is what the driver's own says. `None`
    /// where CUDA cannot be initialised for a reason that has nothing to do with it.
    #[must_use]
    pub fn works_as_compat(&self, native: Option<&Self>) -> Option<bool> {
        match &self.init {
            Init::Returned(0) => Some(true),
            Init::Returned(error) if OUT_OF_PLACE.contains(error) => Some(false),
            _ => native.is_some_and(|native| native.init == Init::Returned(0)).then_some(false),
        }
    }
}

/// Whether the library at this path is none of a driver's.
#[must_use]
pub fn stands_in(path: &str) -> bool {
    path.split('/').any(|folder| folder == "compat" || folder == "stubs")
}

/// Whether CUDA programs can start here. The tokens are wire format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::Display, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum CudaState {
    /// Nobody has looked yet, or it cannot be told.
    #[default]
    Unknown,
    /// They can.
    Works,
    /// There is no GPU.
    NoGpu,
    /// There is a GPU, and no libcuda.
    NoLibrary,
    /// CUDA cannot be initialised.
    Failing,
}

impl CudaState {
    /// Judges what a program gets that asks the loader for libcuda, on a machine with or without a GPU; and says it in
    /// a sentence, which is empty where all is well.
    #[must_use]
    pub fn judge(has_gpu: bool, programs: &Result<LibraryAnswer, LibraryTrouble>) -> (Self, String) {
        let sentence = |text: &str| format!("CUDA programs do not start: {text}.");
        match programs {
            Ok(LibraryAnswer { init: Init::Returned(0), .. }) => (Self::Works, String::new()),
            Ok(_) | Err(_) if !has_gpu => {
                (Self::NoGpu, "CUDA programs do not start: this machine has no NVIDIA GPU.".into())
            }
            Ok(LibraryAnswer { init: Init::Returned(error), .. }) => {
                (Self::Failing, DriverError::of(*error).map_or_else(String::new, |error| error.to_string()))
            }
            Ok(LibraryAnswer { init: Init::Hung, .. }) => {
                let hangs = "the NVIDIA driver hangs when CUDA is initialised; restart the instance";
                (Self::Failing, sentence(hangs))
            }
            Ok(LibraryAnswer { init: Init::Crashed(how), .. }) => (
                Self::Failing,
                sentence(&format!("libcuda.so.1 crashes when CUDA is initialised ({how}); restart the instance")),
            ),
            Err(LibraryTrouble::Absent) => (
                Self::NoLibrary,
                sentence(
                    "there is no libcuda.so.1; it comes with the driver capability “compute” \
                     (NVIDIA_DRIVER_CAPABILITIES=all) when the instance is made",
                ),
            ),
            Err(trouble @ LibraryTrouble::NotAsked(_)) => (Self::Unknown, sentence_of(trouble)),
            Err(trouble) => (Self::Failing, sentence(&format!("{trouble}; restart the instance"))),
        }
    }
}

fn sentence_of(trouble: &LibraryTrouble) -> String {
    format!("Whether CUDA programs start cannot be told: {trouble}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(init: Init) -> LibraryAnswer {
        LibraryAnswer { file: "/usr/lib/libcuda.so.580.95.05".into(), release: Some(Release::new(13, 0)), init }
    }

    #[test]
    fn what_stands_in_is_told_by_whole_folders() {
        for (path, expected) in [
            ("/usr/lib/x86_64-linux-gnu/libcuda.so.580.95.05", false),
            ("/usr/local/cuda-13.1/compat/libcuda.so.590.44.01", true),
            ("/usr/local/cuda/lib64/stubs/libcuda.so", true),
            ("/opt/compatible/libcuda.so.1", false),
        ] {
            assert_eq!(stands_in(path), expected, "{path}");
        }
    }

    #[test]
    fn a_library_out_of_place_is_told_from_a_machine_where_nothing_works() {
        let well = answer(Init::Returned(0));
        let bad = answer(Init::Returned(100));
        for (init, native, expected) in [
            (Init::Returned(0), None, Some(true)),
            (Init::Returned(0), Some(&bad), Some(true)),
            (Init::Returned(803), None, Some(false)),
            (Init::Returned(804), Some(&bad), Some(false)),
            (Init::Returned(100), Some(&bad), None),
            (Init::Returned(100), Some(&well), Some(false)),
            (Init::Returned(802), None, None),
            (Init::Hung, Some(&well), Some(false)),
            (Init::Crashed("signal 11".into()), None, None),
        ] {
            assert_eq!(answer(init.clone()).works_as_compat(native), expected, "{init:?} {native:?}");
        }
    }

    #[test]
    fn every_outcome_has_a_state_and_a_sentence() {
        for (has_gpu, programs, state, says) in [
            (true, Ok(answer(Init::Returned(0))), CudaState::Works, ""),
            (true, Ok(answer(Init::Returned(804))), CudaState::Failing, "CUDA error 804"),
            (false, Ok(answer(Init::Returned(100))), CudaState::NoGpu, "no NVIDIA GPU"),
            (true, Ok(answer(Init::Hung)), CudaState::Failing, "hangs"),
            (true, Ok(answer(Init::Crashed("signal 6".into()))), CudaState::Failing, "signal 6"),
            (false, Err(LibraryTrouble::Absent), CudaState::NoGpu, "no NVIDIA GPU"),
            (true, Err(LibraryTrouble::Absent), CudaState::NoLibrary, "“compute”"),
            (true, Err(LibraryTrouble::Hung), CudaState::Failing, "hangs"),
            (true, Err(LibraryTrouble::Unusable("no ELF".into())), CudaState::Failing, "no ELF"),
            (true, Err(LibraryTrouble::NotAsked("no memory".into())), CudaState::Unknown, "no memory"),
        ] {
            let (found, sentence) = CudaState::judge(has_gpu, &programs);
            assert_eq!(found, state, "{programs:?}");
            assert!(sentence.contains(says) && sentence.is_empty() == says.is_empty(), "{sentence}");
            assert!(sentence.is_empty() || sentence.ends_with(['.', ')']), "{sentence}");
        }
    }
}
