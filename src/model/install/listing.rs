//! What a repository offers: read from its own lists of packages, and from nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::control::{Paragraph, paragraphs};
use super::debian_version::compare;
use super::driver_package::{self, Sign};
use crate::model::cuda::{DriverVersion, Release, ToolkitVersion};

/// One version of a package as it is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// Its version.
    pub version: String,
    /// Bytes to download.
    pub size: u64,
    /// What it needs on disk, in bytes, by its own word.
    pub installed_size: u64,
    /// It is the driver's.
    pub driver: Option<Sign>,
}

/// All that is offered, by name; each with its newest version last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    packages: BTreeMap<String, Vec<Offered>>,
}

impl Listing {
    /// Adds the packages of one list. What has no name or version is left out.
    pub fn add(&mut self, text: &str) {
        for paragraph in paragraphs(text) {
            let Some(name) = paragraph.field("Package") else { continue };
            let Some(offered) = offered(name, paragraph) else { continue };
            let versions = self.packages.entry(name.to_owned()).or_default();
            if versions.iter().all(|known| known.version != offered.version) {
                let at = versions.partition_point(|known| compare(&known.version, &offered.version).is_lt());
                versions.insert(at, offered);
            }
        }
    }

    /// The newest version of a package.
    #[must_use]
    pub fn newest(&self, name: &str) -> Option<&Offered> {
        self.packages.get(name)?.last()
    }

    /// The newest version of a package that `wanted` accepts.
    #[must_use]
    pub fn newest_of(&self, name: &str, wanted: impl Fn(&str) -> bool) -> Option<&Offered> {
        self.packages.get(name)?.iter().rev().find(|offered| wanted(&offered.version))
    }

    /// One version of a package.
    #[must_use]
    pub fn version(&self, name: &str, version: &str) -> Option<&Offered> {
        self.packages.get(name)?.iter().find(|offered| offered.version == version)
    }

    /// The releases that have at least a compiler or a toolkit, oldest first.
    #[must_use]
    pub fn releases(&self) -> Vec<Release> {
        let toolkit = |name: &String| {
            let (stem, release) = Release::split_package(name)?;
            ["cuda-toolkit", "cuda-nvcc", "cuda-libraries"].contains(&stem).then_some(release)
        };
        let releases: BTreeSet<Release> = self.packages.keys().filter_map(toolkit).collect();
        releases.into_iter().collect()
    }

    /// The whole version of a release's toolkit: `12.9.1`. Collections carry it; parts have versions of their own.
    #[must_use]
    pub fn toolkit_version(&self, release: Release) -> ToolkitVersion {
        let newest = self.newest(&format!("cuda-toolkit-{}", release.dashed()));
        let version = newest.and_then(|offered| offered.version.split(['-', '+', '~']).next()?.parse().ok());
        version.filter(|version: &ToolkitVersion| version.release == release).unwrap_or_else(|| release.into())
    }

    /// The driver that a release's forward compatibility package stands in for: its version is that driver's.
    #[must_use]
    pub fn compat_driver(&self, release: Release) -> Option<DriverVersion> {
        let newest = self.newest(&format!("cuda-compat-{}", release.dashed()))?;
        newest.version.split(['-', '+', '~']).next()?.parse().ok()
    }
}

fn offered(name: &str, paragraph: Paragraph<'_>) -> Option<Offered> {
    let number = |field: &str| paragraph.field(field).and_then(|text| text.parse::<u64>().ok());
    let names = |field: &str| paragraph.folded(field).unwrap_or_default();
    Some(Offered {
        version: paragraph.field("Version")?.to_owned(),
        size: number("Size").unwrap_or(0),
        installed_size: number("Installed-Size").unwrap_or(0).saturating_mul(1024),
        driver: driver_package::sign_in_description(
            name,
            paragraph.field("Source"),
            &names("Provides"),
            &names("Replaces"),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_from_the_lists() {
        let mut listing = Listing::default();
        listing.add(
            "Package: cuda-toolkit-12-9\nVersion: 12.9.1-1\nSize: 3000\nInstalled-Size: 7\n\n\
             Package: cuda-toolkit-12-9\nVersion: 12.9.0-1\n\nPackage: cuda-toolkit-12-9\nVersion: 12.9.10-1\n\n\
             Package: cuda-nvcc-13-10\nVersion: 13.10.3-1\n\nPackage: cuda-13-1\nVersion: 13.1.0-1\n\n\
             Package: cuda-compat-13-2\nVersion: 595.58.03-0ubuntu1\n\nPackage: no-version\n\n\
             Package: gpu\nVersion: 1\nProvides: libcuda1\n",
        );
        listing.add("Package: cuda-toolkit-12-9\nVersion: 12.9.1-1\nSize: 1\n");
        let release = |text: &str| text.parse::<Release>().expect(text);
        assert_eq!(listing.releases(), [release("12.9"), release("13.10")]);
        assert_eq!(listing.newest("cuda-toolkit-12-9").map(|offered| offered.version.as_str()), Some("12.9.10-1"));
        let one = listing.version("cuda-toolkit-12-9", "12.9.1-1").expect("offered");
        assert_eq!((one.size, one.installed_size), (3000, 7 * 1024));
        assert_eq!(listing.toolkit_version(release("12.9")).to_string(), "12.9.10");
        assert_eq!(listing.toolkit_version(release("13.10")).to_string(), "13.10");
        assert_eq!(
            listing.compat_driver(release("13.2")).map(|driver| driver.to_string()).as_deref(),
            Some("595.58.03")
        );
        assert!(listing.newest("gpu").is_some_and(|offered| offered.driver.is_some()));
        assert!(listing.newest("no-version").is_none());
    }
}
