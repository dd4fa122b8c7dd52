//! The version of the NVIDIA driver, in the ways in which it is told.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::version::VersionError;

/// The version of a driver, such as `580.95.05`: its branch, and two numbers of no deeper meaning.
///
/// It is shown as it was told, padding included, and compared by its numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DriverVersion {
    told: String,
    numbers: [u16; 3],
}

impl DriverVersion {
    /// The first number. It decides which CUDA the driver runs natively.
    #[must_use]
    pub fn branch(&self) -> u16 {
        self.numbers[0]
    }

    /// The version in that of a package that carries a driver's libraries: `575.57.08-0ubuntu1`, `1:580.95.05-1`.
    #[must_use]
    pub fn of_package(version: &str) -> Option<Self> {
        let upstream = version.rsplit_once(':').map_or(version, |(_, rest)| rest);
        let upstream = upstream.split_once('-').map_or(upstream, |(upstream, _)| upstream);
        upstream.parse().ok()
    }

    /// The version that `/proc/driver/nvidia/version` tells. That is the host's driver, also in a container.
    #[must_use]
    pub fn of_kernel(text: &str) -> Option<Self> {
        let line = text.lines().find(|line| line.starts_with("NVRM version:"))?;
        line.split_whitespace().find_map(|word| word.parse().ok())
    }

    /// The version in the name of a driver's library: `libcuda.so.590.44.01`.
    #[must_use]
    pub fn of_library(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next()?;
        name.split_once(".so.")?.1.parse().ok()
    }
}

impl FromStr for DriverVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let refused = || VersionError::new(text, "driver version", "580.95.05");
        let mut numbers = [0; 3];
        let mut parts = 0;
        for part in text.split('.') {
            let slot = numbers.get_mut(parts).ok_or_else(refused)?;
            *slot = padded(part).ok_or_else(refused)?;
            parts += 1;
        }
        // `libcuda.so.1.1` is the name of an interface, no driver: their branches have three digits since 2007.
        if parts < 2 || numbers[0] < 100 || text.starts_with('0') {
            return Err(refused());
        }
        Ok(Self { told: text.to_owned(), numbers })
    }
}

/// A number that may be padded with zeros, as the later parts of a driver's version are.
fn padded(text: &str) -> Option<u16> {
    let plain = (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

impl PartialEq for DriverVersion {
    fn eq(&self, other: &Self) -> bool {
        self.numbers == other.numbers
    }
}

impl Eq for DriverVersion {}

impl PartialOrd for DriverVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DriverVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers)
    }
}

impl fmt::Display for DriverVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told)
    }
}

impl TryFrom<String> for DriverVersion {
    type Error = VersionError;

    fn try_from(text: String) -> Result<Self, VersionError> {
        text.parse()
    }
}

impl From<DriverVersion> for String {
    fn from(version: DriverVersion) -> Self {
        version.told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn driver(text: &str) -> DriverVersion {
        text.parse().expect(text)
    }

    #[test]
    fn real_versions_are_read_and_shown_as_they_were_told() {
        for (text, branch) in [
            ("580.95.05", 580),
            ("580.142", 580),
            ("570.26", 570),
            ("455.23", 455),
            ("535.104.05", 535),
            ("580.173.02", 580),
            ("610.57.04", 610),
            ("540.4.0", 540),
            ("169.09", 169),
        ] {
            assert_eq!((driver(text).branch(), driver(text).to_string().as_str()), (branch, text));
        }
    }

    #[test]
    fn they_are_compared_number_by_number() {
        for (older, newer) in [
            ("580.65.06", "580.159.04"),
            ("580.65.06", "580.142"),
            ("570.26", "570.124.06"),
            ("450.51.06", "450.80.02"),
            ("575.57.08", "580.65.06"),
            ("525.60.9", "525.60.13"),
        ] {
            assert!(driver(older) < driver(newer), "{older} {newer}");
        }
        assert_eq!(driver("580.95.5"), driver("580.95.05"));
    }

    #[test]
    fn hostile_texts_are_refused() {
        for text in [
            "",
            "580",
            "580.",
            ".95",
            "580.95.05.1",
            "1.1",
            "12.9",
            "99.5",
            "-580.95",
            "580.-95",
            "0580.95",
            " 580.95",
            "580.95\n",
            "580.95.05; reboot",
            "٥٨٠.٩٥",
            "580.999999",
            "70000.1",
            "N/A",
            "[N/A]",
            "580.95.05-1",
        ] {
            assert!(text.parse::<DriverVersion>().is_err(), "{text:?}");
        }
        assert!("5".repeat(1_000_000).parse::<DriverVersion>().is_err());
    }

    #[test]
    fn packages_name_it() {
        for (version, expected) in [
            ("575.57.08-0ubuntu1", Some("575.57.08")),
            ("615.71.09-1ubuntu1", Some("615.71.09")),
            ("570.124.06-0ubuntu1", Some("570.124.06")),
            ("1:580.95.05-1", Some("580.95.05")),
            ("12.9.1-1", None),
            ("", None),
        ] {
            assert_eq!(DriverVersion::of_package(version).map(String::from).as_deref(), expected, "{version}");
        }
    }

    #[test]
    fn the_kernel_tells_it() {
        let open = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.173.02  Release Build  (builder)\n\
                    GCC version:  gcc version 13.3.0 (Ubuntu 13.3.0-6ubuntu2)\n";
        let closed = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  515.65.01  Wed Mar 16 11:24:05 UTC 2022\n";
        let jetson = "NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  540.4.0  Release Build  (b@m-6336)\n";
        for (text, expected) in [
            (open, Some("580.173.02")),
            (closed, Some("515.65.01")),
            (jetson, Some("540.4.0")),
            ("GCC version:  gcc version 413.3.0\n", None),
            ("NVRM version: NVIDIA UNIX\n", None),
            ("", None),
        ] {
            assert_eq!(DriverVersion::of_kernel(text).map(String::from).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn libraries_name_it() {
        for (path, expected) in [
            ("/usr/lib/x86_64-linux-gnu/libcuda.so.580.95.05", Some("580.95.05")),
            ("/usr/local/cuda-13.1/compat/libcuda.so.590.44.01", Some("590.44.01")),
            ("/usr/lib/x86_64-linux-gnu/libcuda.so.1", None),
            ("/usr/lib/wsl/lib/libcuda.so.1.1", None),
            ("libcuda", None),
        ] {
            assert_eq!(DriverVersion::of_library(path).map(String::from).as_deref(), expected, "{path}");
        }
    }
}
