//! Errors of CUDA in words: what a number that a program printed means here, and what to do.

use std::fmt;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::model::built_in;

/// An error that people meet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriverError {
    /// Its number.
    pub code: u32,
    /// NVIDIA's name; empty for a number that is not in the list.
    pub name: String,
    /// What it means here, one sentence.
    pub meaning: String,
    /// What to do, one sentence.
    pub action: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    error: Vec<DriverError>,
}

#[expect(clippy::expect_used, reason = "the file is compiled in, and a test reads it")]
static ERRORS: LazyLock<Vec<DriverError>> = LazyLock::new(|| {
    let file: File =
        built_in::read(include_str!("../../../data/cuda/errors.toml")).expect("data/cuda/errors.toml is valid");
    file.error
});

impl DriverError {
    /// All errors that have words, by number.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &ERRORS
    }

    /// The error with this number. 0 is none.
    #[must_use]
    pub fn of(code: u32) -> Option<Self> {
        if code == 0 {
            return None;
        }
        let known = ERRORS.iter().find(|error| error.code == code).cloned();
        Some(known.unwrap_or_else(|| Self {
            code,
            name: String::new(),
            meaning: format!("CUDA failed with error {code}, which this program has no words for."),
            action: "Look the number up in NVIDIA's list of CUDA errors.".into(),
        }))
    }
}

impl fmt::Display for DriverError {
    /// What it means and what to do, with the number for whoever wants to look further.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} (CUDA error {}", self.meaning, self.action, self.code)?;
        if self.name.is_empty() { f.write_str(")") } else { write!(f, ", {})", self.name) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_whole_sentences_and_stands_once() {
        assert!(DriverError::all().is_sorted_by(|a, b| a.code < b.code));
        for error in DriverError::all() {
            assert!(error.name.starts_with("CUDA_ERROR_") || error.code == 35, "{}", error.name);
            for sentence in [&error.meaning, &error.action] {
                assert!(sentence.ends_with('.') && sentence.starts_with(char::is_uppercase), "{sentence}");
                assert!(!sentence.contains("  ") && !sentence.contains('\n'), "{sentence}");
            }
        }
    }

    /// Those that people were seen to meet, each with the word that their remedy hangs on.
    #[test]
    fn the_errors_of_reports() {
        for (code, name, remedy) in [
            (34, "CUDA_ERROR_STUB_LIBRARY", "stubs"),
            (35, "cudaErrorInsufficientDriver", "toolkit"),
            (36, "CUDA_ERROR_CALL_REQUIRES_NEWER_DRIVER", "natively"),
            (100, "CUDA_ERROR_NO_DEVICE", "recreate"),
            (209, "CUDA_ERROR_NO_BINARY_FOR_GPU", "supports the GPU"),
            (222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "-arch=native"),
            (801, "CUDA_ERROR_NOT_SUPPORTED", "natively"),
            (802, "CUDA_ERROR_SYSTEM_NOT_READY", "Wait"),
            (803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", "Switch forward compatibility off"),
            (804, "CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE", "Switch it off"),
        ] {
            let error = DriverError::of(code).expect("an error");
            assert_eq!(error.name, name);
            assert!(error.action.contains(remedy), "{}", error.action);
        }
    }

    #[test]
    fn success_is_no_error_and_an_unknown_number_is_not_hidden() {
        assert_eq!(DriverError::of(0), None);
        let unknown = DriverError::of(12345).expect("an error").to_string();
        assert!(unknown.contains("12345"), "{unknown}");
        assert_eq!(
            DriverError::of(804).expect("known").to_string(),
            "Forward compatibility is on, but this GPU does not support it. Switch it off, and choose a toolkit that the \
             driver runs without it. (CUDA error 804, CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE)"
        );
    }
}
