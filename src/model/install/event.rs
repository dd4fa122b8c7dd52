//! What an installation tells while it works and when it is through: one JSON document a line.

use serde::{Deserialize, Serialize};

use super::journal::Request;
use super::listing::Listing;
use super::profile::{self, Extra, NotOffered, Profile, Wanted};
use super::progress::Progress;
use super::transaction::{Change, Refusal};
use super::trouble::{Kind, Trouble};
use crate::model::cuda::{Release, ToolkitVersion};

/// A line of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// It is so far.
    Progress(Progress),
    /// Something for its log.
    Log {
        /// One line.
        line: String,
    },
    /// It is through; the last line.
    Finished {
        /// How it ended.
        outcome: Outcome,
    },
}

/// How an installation ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Outcome {
    /// It did what was asked.
    Done {
        /// What was checked, and what came out; empty where nothing was.
        checks: Vec<Check>,
    },
    /// There was nothing to do.
    Skipped,
    /// Somebody cancelled it; nothing has changed.
    Cancelled,
    /// It did not.
    Failed(Failure),
}

/// Why something was refused or failed: an error of the contract and its sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The last part of a D-Bus error name of ours, such as `NoSpace`.
    pub name: String,
    /// What happened and what to do.
    pub message: String,
    /// apt's own words; may be empty.
    #[serde(default)]
    pub detail: String,
}

impl Failure {
    /// A failure of this name.
    pub fn new(name: &str, message: impl Into<String>) -> Self {
        Self { name: name.to_owned(), message: message.into(), detail: String::new() }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let name = match refusal {
            Refusal::Driver { .. } | Refusal::NeedsDriver(_) => "DriverPackage",
            Refusal::Removal(_) => "WouldRemove",
            Refusal::Unexpected(_) => "Internal",
        };
        Self::new(name, format!("{refusal}."))
    }
}

impl From<NotOffered> for Failure {
    fn from(error: NotOffered) -> Self {
        Self::new("UnknownObject", format!("{error}."))
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        let name = match trouble.kind {
            Kind::NoSpace => "NoSpace",
            Kind::Locked => "Busy",
            Kind::Driver => "DriverPackage",
            Kind::Removal => "WouldRemove",
            Kind::TimedOut => "TimedOut",
            Kind::Sources | Kind::Held | Kind::Downgrade | Kind::Unmet | Kind::NoRepository => "Unsupported",
            _ => "Internal",
        };
        Self { name: name.to_owned(), message: trouble.message, detail: trouble.detail }
    }
}

/// One thing that was looked at after an installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Check {
    /// What was looked at.
    pub what: String,
    /// `passed`, `failed`, or `not-checked`.
    pub verdict: CheckVerdict,
    /// What came out, or why it could not be looked at.
    pub found: String,
}

/// What came out of a check. The tokens are wire format.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, strum::Display, strum::EnumString, strum::IntoStaticStr, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum CheckVerdict {
    /// As it should be.
    Passed,
    /// Not as it should be.
    Failed,
    /// It could not be looked at.
    NotChecked,
}

/// A release that can be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Available {
    /// The release.
    pub release: Release,
    /// The whole version.
    pub version: ToolkitVersion,
    /// The profiles that its packages make up.
    pub profiles: Vec<Profile>,
    /// What can be had with it.
    pub extras: Vec<Extra>,
    /// The driver whose libraries its forward compatibility package holds; empty where there is no such package.
    pub compat_driver: String,
}

/// All releases of a listing, oldest first.
#[must_use]
pub fn available(listing: &Listing) -> Vec<Available> {
    let entry = |release: Release| Available {
        release,
        version: listing.toolkit_version(release),
        profiles: profile::profiles(listing, release),
        extras: profile::extras(listing, release),
        compat_driver: listing.compat_driver(release).map(|driver| driver.to_string()).unwrap_or_default(),
    };
    let mut entries: Vec<Available> = listing.releases().into_iter().map(entry).collect();
    entries.retain(|entry| !entry.profiles.is_empty());
    entries
}

/// What an installation would do, before it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Plan {
    /// What was asked.
    pub request: Request,
    /// The packages that are asked for.
    pub wanted: Vec<Wanted>,
    /// All that apt would install.
    pub install: Vec<Change>,
    /// What it would remove; nothing but what a removal was asked for.
    pub remove: Vec<String>,
    /// Bytes to fetch.
    pub download_bytes: u64,
    /// Bytes on disk afterwards, by the packages' own word.
    pub installed_bytes: u64,
    /// What is free where it is needed.
    pub space: Vec<Space>,
    /// The repository.
    pub repository: String,
    /// Where the licence is.
    pub licence: String,
}

/// What is free on a file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Space {
    /// A folder on it.
    pub folder: String,
    /// Bytes that are free.
    pub free_bytes: u64,
    /// Bytes that are needed.
    pub needed_bytes: u64,
}

impl Plan {
    /// Refuses what has no room.
    ///
    /// # Errors
    /// `NoSpace`, with the folder and the numbers.
    pub fn check_space(&self) -> Result<(), Failure> {
        let Some(short) = self.space.iter().find(|space| space.free_bytes < space.needed_bytes) else { return Ok(()) };
        let megabytes = |bytes: u64| bytes.div_ceil(1_000_000);
        Err(Failure::new(
            "NoSpace",
            format!(
                "{} needs {} MB and has {} MB free. Free {} MB there, then try again.",
                short.folder,
                megabytes(short.needed_bytes),
                short.free_bytes / 1_000_000,
                megabytes(short.needed_bytes - short.free_bytes)
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_with_numbers() {
        let space = |free_bytes| Space { folder: "/usr/local".into(), free_bytes, needed_bytes: 5_000_000_000 };
        let plan = |space| Plan {
            request: Request::Repair,
            wanted: vec![],
            install: vec![],
            remove: vec![],
            download_bytes: 0,
            installed_bytes: 0,
            space: vec![space],
            repository: String::new(),
            licence: String::new(),
        };
        assert_eq!(plan(space(5_000_000_000)).check_space(), Ok(()));
        let failure = plan(space(1_999_999_999)).check_space().expect_err("too full");
        assert_eq!(failure.name, "NoSpace");
        assert!(failure.message.contains("Free 3001 MB"), "{failure}");
    }

    #[test]
    fn what_has_no_whole_profile_is_not_offered() {
        let mut listing = Listing::default();
        listing.add("Package: cuda-nvcc-12-8\nVersion: 12.8.93-1\n\nPackage: cuda-toolkit-12-9\nVersion: 12.9.1-1\n");
        let found = available(&listing);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].version.to_string().as_str(), &found[0].profiles[..]), ("12.9.1", &[Profile::Full][..]));
    }

    #[test]
    fn events_travel_as_lines() {
        let events = [
            Event::Finished { outcome: Outcome::Failed(Failure::new("NoSpace", "Full.")) },
            Event::Finished { outcome: Outcome::Cancelled },
            Event::Log { line: "a\nb".into() },
        ];
        for event in events {
            let line = serde_json::to_string(&event).expect("text");
            assert!(!line.contains('\n'));
            assert_eq!(serde_json::from_str::<Event>(&line).expect("an event"), event);
        }
    }
}
