//! Versions: of CUDA, of PTX, of a GPU's abilities, of toolkits.
//!
//! All of them are compared number by number, never as fractions: 13.10 is newer than 13.9. Texts come from outside,
//! so whatever is not exactly a version is refused.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::text;

/// A text that is no version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is no {kind}; one looks like {example}", text::quoted(.given))]
pub struct VersionError {
    given: String,
    kind: &'static str,
    example: &'static str,
}

impl VersionError {
    pub(super) fn new(given: &str, kind: &'static str, example: &'static str) -> Self {
        Self { given: given.to_owned(), kind, example }
    }
}

/// A decimal number without sign, padding or digits of other scripts.
pub(super) fn number(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

fn pair(text: &str) -> Option<(u16, u16)> {
    let (major, minor) = text.split_once('.')?;
    Some((number(major)?, number(minor)?))
}

/// A version of two numbers. Each kind is a type of its own, so that they cannot be mixed up.
macro_rules! two_numbers {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $example:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name {
            /// The number before the dot.
            pub major: u16,
            /// The number behind the dot.
            pub minor: u16,
        }

        impl $name {
            /// The version `major.minor`.
            #[must_use]
            pub const fn new(major: u16, minor: u16) -> Self {
                Self { major, minor }
            }
        }

        impl FromStr for $name {
            type Err = VersionError;

            fn from_str(text: &str) -> Result<Self, VersionError> {
                let (major, minor) = pair(text).ok_or_else(|| VersionError::new(text, $kind, $example))?;
                Ok(Self { major, minor })
            }
        }

        impl TryFrom<String> for $name {
            type Error = VersionError;

            fn try_from(text: String) -> Result<Self, VersionError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(version: $name) -> Self {
                version.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}.{}", self.major, self.minor)
            }
        }
    };
}

two_numbers! {
    /// A release of CUDA, such as `12.9`: what drivers, packages and rules name.
    Release, "CUDA version", "12.9"
}

two_numbers! {
    /// A version of PTX, the code that a driver translates for its GPU.
    PtxVersion, "PTX version", "8.8"
}

two_numbers! {
    /// The compute capability of a GPU, such as `8.9`.
    Capability, "compute capability", "8.9"
}

impl Release {
    /// What `cuDriverGetVersion` and its kin answer: 1000 times the first number and 10 times the second.
    ///
    /// `None` for a number that no CUDA since 7.0 has.
    #[must_use]
    pub fn from_api(number: i32) -> Option<Self> {
        let number = u16::try_from(number).ok()?;
        let release = Self { major: number / 1000, minor: number % 1000 / 10 };
        (release.major >= 7 && number.is_multiple_of(10)).then_some(release)
    }

    /// The end of the names of its packages: `12-9`.
    #[must_use]
    pub fn dashed(self) -> String {
        format!("{}-{}", self.major, self.minor)
    }

    /// A package's name without its release, and the release: `libcublas-dev-12-9` is `libcublas-dev` of 12.9.
    #[must_use]
    pub fn split_package(name: &str) -> Option<(&str, Self)> {
        let (rest, minor) = name.rsplit_once('-')?;
        let (stem, major) = rest.rsplit_once('-')?;
        Some((stem, Self { major: number(major)?, minor: number(minor)? }))
    }
}

impl Capability {
    /// How compilers and their listings call it: `sm_89`, `compute_120`, `sm_90a`.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let digits = code.strip_prefix("sm_").or_else(|| code.strip_prefix("compute_"))?;
        let digits = digits.strip_suffix(['a', 'f']).unwrap_or(digits);
        let (major, minor) = digits.split_at_checked(digits.len().checked_sub(1)?)?;
        Some(Self { major: number(major)?, minor: number(minor)? })
    }

    /// The architectures that `nvcc --list-gpu-code` or `--list-gpu-arch` names, each once, in ascending order.
    #[must_use]
    pub fn listed(output: &str) -> Vec<Self> {
        let mut listed: Vec<_> = output.split_whitespace().filter_map(Self::from_code).collect();
        listed.sort_unstable();
        listed.dedup();
        listed
    }
}

/// The version of a toolkit: its release, and which of its updates where that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ToolkitVersion {
    /// What every rule is about.
    pub release: Release,
    /// The third number. From 13.4 on it counts builds, not updates.
    pub update: Option<u16>,
}

/// NVIDIA's own file sometimes has a date for a third number: `12.2.20230823`.
const MOST_UPDATE: u32 = 999;

impl FromStr for ToolkitVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let refused = || VersionError::new(text, "version of a CUDA toolkit", "12.9 or 12.9.1");
        let parts: Vec<&str> = text.splitn(4, '.').collect();
        let (major, minor, update) = match *parts.as_slice() {
            [major, minor] => (major, minor, None),
            [major, minor, update] => (major, minor, Some(update)),
            _ => return Err(refused()),
        };
        let release = Release { major: number(major).ok_or_else(refused)?, minor: number(minor).ok_or_else(refused)? };
        let update = match update {
            None => None,
            Some(date) if date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit()) => None,
            Some(update) => {
                Some(number(update).filter(|update| u32::from(*update) <= MOST_UPDATE).ok_or_else(refused)?)
            }
        };
        Ok(Self { release, update })
    }
}

impl From<Release> for ToolkitVersion {
    fn from(release: Release) -> Self {
        Self { release, update: None }
    }
}

impl TryFrom<String> for ToolkitVersion {
    type Error = VersionError;

    fn try_from(text: String) -> Result<Self, VersionError> {
        text.parse()
    }
}

impl From<ToolkitVersion> for String {
    fn from(version: ToolkitVersion) -> Self {
        version.to_string()
    }
}

impl fmt::Display for ToolkitVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.update {
            None => self.release.fmt(f),
            Some(update) => write!(f, "{}.{update}", self.release),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What no kind of version may be.
    const HOSTILE: [&str; 22] = [
        "",
        ".",
        "13",
        "13.",
        ".1",
        "13..1",
        "13.1.2.3",
        "-13.1",
        "+13.1",
        "13.-1",
        " 13.1",
        "13.1\n",
        "13.1; reboot",
        "../../etc",
        "13,1",
        "1e1.1",
        "013.1",
        "13.01",
        "١٣.١",
        "13.1a",
        "70000.1",
        "13.99999999999999999999",
    ];

    #[test]
    fn releases_are_numbers_not_fractions() {
        let release = |text: &str| text.parse::<Release>().expect("a release");
        assert!(release("13.10") > release("13.9"));
        assert!(release("12.9") < release("13.0"));
        assert_eq!(release("12.9").to_string(), "12.9");
        assert_eq!(release("12.9").dashed(), "12-9");
    }

    #[test]
    fn hostile_texts_are_no_versions() {
        for text in HOSTILE {
            assert!(text.parse::<Release>().is_err(), "{text:?}");
            assert!(text.parse::<Capability>().is_err(), "{text:?}");
            assert!(text.parse::<ToolkitVersion>().is_err(), "{text:?}");
        }
        assert!("13.1.2".parse::<Release>().is_err());
        let error = "1\n\u{1b}[2J".parse::<Release>().expect_err("hostile").to_string();
        assert_eq!(error, "“1\\n\\u{1b}[2J” is no CUDA version; one looks like 12.9");
        assert!("9".repeat(100_000).parse::<ToolkitVersion>().expect_err("long").to_string().len() < 300);
    }

    #[test]
    fn toolkit_versions_as_they_are_met() {
        for (text, expected) in [
            ("12.9", "12.9"),
            ("12.9.1", "12.9.1"),
            ("13.0.3", "13.0.3"),
            ("12.6.11", "12.6.11"),
            ("12.2.20230823", "12.2"),
            ("12.1.20230222", "12.1"),
            ("11.8.20220929", "11.8"),
        ] {
            assert_eq!(text.parse::<ToolkitVersion>().expect(text).to_string(), expected);
        }
        for text in ["12.9.1000", "12.9.1.0", "12.9.", "12.9.1-1", "12.2.2023082"] {
            assert!(text.parse::<ToolkitVersion>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_driver_tells_its_version_as_one_number() {
        for (number, expected) in [
            (13050, Some(Release::new(13, 5))),
            (13000, Some(Release::new(13, 0))),
            (12080, Some(Release::new(12, 8))),
            (11040, Some(Release::new(11, 4))),
            (13100, Some(Release::new(13, 10))),
            (0, None),
            (-1, None),
            (999, None),
            (12345, None),
            (i32::MAX, None),
        ] {
            assert_eq!(Release::from_api(number), expected, "{number}");
        }
    }

    #[test]
    fn packages_end_in_their_release() {
        let split = Release::split_package;
        assert_eq!(split("libcublas-dev-12-9"), Some(("libcublas-dev", Release::new(12, 9))));
        assert_eq!(split("cuda-13-10"), Some(("cuda", Release::new(13, 10))));
        for name in ["cuda-toolkit-12-config-common", "libcudnn9-cuda-12", "cuda-drivers-570", "cuda", "", "--", "12-9"]
        {
            assert_eq!(split(name), None, "{name}");
        }
    }

    #[test]
    fn capabilities_as_compilers_write_them() {
        for (code, expected) in [
            ("sm_89", Some(Capability::new(8, 9))),
            ("sm_120", Some(Capability::new(12, 0))),
            ("compute_75", Some(Capability::new(7, 5))),
            ("sm_90a", Some(Capability::new(9, 0))),
            ("sm_103f", Some(Capability::new(10, 3))),
            ("sm_", None),
            ("sm_a", None),
            ("sm_9", None),
            ("89", None),
        ] {
            assert_eq!(Capability::from_code(code), expected, "{code}");
        }
        let listed = Capability::listed("sm_75\nsm_80\r\nsm_90\nsm_90a\nsm_80\n");
        assert_eq!(listed, [Capability::new(7, 5), Capability::new(8, 0), Capability::new(9, 0)]);
    }

    #[test]
    fn versions_travel_as_text() {
        let json = serde_json::to_string(&(Release::new(12, 9), ToolkitVersion::from(Release::new(13, 10))));
        assert_eq!(json.expect("text"), r#"["12.9","13.10"]"#);
        assert!(serde_json::from_str::<Release>(r#""12.x""#).is_err());
    }
}
