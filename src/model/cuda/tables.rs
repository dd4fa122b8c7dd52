//! What is known of CUDA's releases: `data/cuda/toolkits.toml`, `architectures.toml` and `forward.toml`.
//!
//! The files say where each number is from. What they do not know is unknown here too: nothing is extrapolated but
//! that a driver runs what an older one ran.

use std::sync::LazyLock;

use serde::Deserialize;

use super::driver::DriverVersion;
use super::gpu::Brand;
use super::version::{Capability, PtxVersion, Release, ToolkitVersion};
use crate::model::built_in;

/// The oldest drivers that run every release of one first number.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Family {
    /// The first number of the releases.
    pub major: u16,
    /// The oldest driver that runs them all by minor-version compatibility.
    pub driver: DriverVersion,
}

/// What is known of one release.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Entry {
    /// The release.
    pub version: Release,
    /// The driver that its first version came with; `None` where that is not known.
    pub driver: Option<DriverVersion>,
    /// The newest PTX that its compiler writes and its driver reads; `None` where that is not known.
    pub ptx: Option<PtxVersion>,
    /// The newest first number of gcc that its compiler works with; `None` where that is not known.
    pub gcc: Option<u16>,
    /// Drivers run it, but there was never a toolkit.
    #[serde(default)]
    pub driver_only: bool,
    /// A version of it that was no final one.
    pub preview: Option<ToolkitVersion>,
    /// What is not confirmed, one sentence; empty otherwise.
    #[serde(default)]
    pub unverified: String,
}

/// GPUs that the same releases can build for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Architecture {
    /// Its name, such as `Hopper`.
    pub name: String,
    /// The compute capabilities.
    pub capability: Vec<Capability>,
    /// The first release that knows it; `None` when it is older than the table.
    pub first: Option<Release>,
    /// The last release that knows it; `None` while the newest does.
    pub last: Option<Release>,
    /// What is not confirmed, one sentence; empty otherwise.
    #[serde(default)]
    pub unverified: String,
}

/// Where one forward compatibility package can be used.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Package {
    pub(super) release: Release,
    pub(super) on: Vec<u16>,
    pub(super) native: u16,
    #[serde(default)]
    pub(super) noted: Vec<u16>,
    #[serde(default)]
    pub(super) image: Vec<u16>,
}

/// `forward.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Forward {
    pub(super) branches: Vec<u16>,
    pub(super) accepted: Vec<Brand>,
    pub(super) refused: Vec<Brand>,
    pub(super) selected: Vec<Brand>,
    pub(super) package: Vec<Package>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Toolkits {
    family: Vec<Family>,
    release: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Architectures {
    architecture: Vec<Architecture>,
}

/// Everything that is known of CUDA's releases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables {
    families: Vec<Family>,
    releases: Vec<Entry>,
    architectures: Vec<Architecture>,
    pub(super) forward: Forward,
}

#[expect(clippy::expect_used, reason = "the files are compiled in, and a test reads them")]
static BUNDLED: LazyLock<Tables> = LazyLock::new(|| {
    let toolkits: Toolkits =
        built_in::read(include_str!("../../../data/cuda/toolkits.toml")).expect("data/cuda/toolkits.toml is valid");
    let architectures: Architectures = built_in::read(include_str!("../../../data/cuda/architectures.toml"))
        .expect("data/cuda/architectures.toml is valid");
    let forward =
        built_in::read(include_str!("../../../data/cuda/forward.toml")).expect("data/cuda/forward.toml is valid");
    Tables { families: toolkits.family, releases: toolkits.release, architectures: architectures.architecture, forward }
});

/// Whether the compiler of a release works with a gcc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostCompiler {
    /// It does.
    Accepted,
    /// It does not: this is the newest that it takes.
    TooNew(u16),
    /// Nobody looked.
    Unknown,
}

impl Tables {
    /// The tables that this program was made with.
    #[must_use]
    pub fn bundled() -> &'static Self {
        &BUNDLED
    }

    /// All releases, oldest first.
    #[must_use]
    pub fn releases(&self) -> &[Entry] {
        &self.releases
    }

    /// The releases of which there is a toolkit, oldest first.
    pub fn toolkits(&self) -> impl Iterator<Item = Release> + '_ {
        self.releases.iter().filter(|entry| !entry.driver_only).map(|entry| entry.version)
    }

    /// All architectures, oldest first.
    #[must_use]
    pub fn architectures(&self) -> &[Architecture] {
        &self.architectures
    }

    /// What is known of a release.
    #[must_use]
    pub fn release(&self, release: Release) -> Option<&Entry> {
        self.releases.iter().find(|entry| entry.version == release)
    }

    /// The oldest driver that runs all releases with this first number.
    #[must_use]
    pub fn family(&self, major: u16) -> Option<&Family> {
        self.families.iter().find(|family| family.major == major)
    }

    /// The architecture of a compute capability.
    #[must_use]
    pub fn architecture(&self, capability: Capability) -> Option<&Architecture> {
        self.architectures.iter().find(|architecture| architecture.capability.contains(&capability))
    }

    /// The newest PTX that a driver reads which runs `release` natively.
    #[must_use]
    pub fn ptx(&self, release: Release) -> Option<PtxVersion> {
        self.release(release)?.ptx
    }

    /// Whether the compiler of a release takes the gcc with this first number. The limit has never been lowered, so
    /// what a release without a number takes lies between its neighbours.
    #[must_use]
    pub fn host_compiler(&self, release: Release, gcc: u16) -> HostCompiler {
        let known = |entry: &&Entry| entry.gcc.is_some();
        let before = self.releases.iter().filter(known).rfind(|entry| entry.version <= release);
        let after = self.releases.iter().filter(known).find(|entry| entry.version >= release);
        match (before.and_then(|entry| entry.gcc), after.and_then(|entry| entry.gcc)) {
            (Some(least), _) if gcc <= least => HostCompiler::Accepted,
            (_, Some(most)) if gcc > most => HostCompiler::TooNew(most),
            _ => HostCompiler::Unknown,
        }
    }

    /// Learns of a release from the repository: the version of `cuda-compat-X-Y` is that of a driver for it.
    ///
    /// What the tables know is not changed: such packages are also rebuilt from newer branches, so the number is a
    /// hint and no more (12.8 was seen with 570.211.01 and with 575.57.08).
    pub fn learn(&mut self, release: Release, package_version: &DriverVersion) {
        let at = self.releases.partition_point(|entry| entry.version < release);
        let branch = |entry: &Entry| entry.driver.as_ref().map(DriverVersion::branch);
        let before = self.releases[..at].iter().rev().find_map(branch);
        let after = self.releases[at..].iter().find_map(branch);
        let known = self.release(release).is_some_and(|entry| entry.driver.is_some());
        let between = before.is_none_or(|before| before < package_version.branch())
            && after.is_none_or(|after| package_version.branch() < after);
        if known || !between {
            return;
        }
        let unverified =
            format!("That driver {} is the one of CUDA {release} is read from a package.", package_version.branch());
        let driver = Some(package_version.clone());
        match self.releases.get_mut(at).filter(|entry| entry.version == release) {
            Some(entry) => (entry.driver, entry.unverified) = (driver, unverified),
            None => self.releases.insert(
                at,
                Entry { version: release, driver, ptx: None, gcc: None, driver_only: false, preview: None, unverified },
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn release(text: &str) -> Release {
        text.parse().expect(text)
    }

    #[test]
    fn the_tables_are_whole_and_in_order() {
        let tables = Tables::bundled();
        assert_eq!(tables.releases().len(), 25);
        assert!(tables.releases().is_sorted_by_key(|entry| entry.version));
        assert!(tables.releases().is_sorted_by_key(|entry| entry.ptx));
        let branches: Vec<_> =
            tables.releases().iter().filter_map(|entry| entry.driver.as_ref()).map(DriverVersion::branch).collect();
        assert!(branches.is_sorted_by(|older, newer| older < newer), "{branches:?}");
        let gcc: Vec<_> = tables.releases().iter().filter_map(|entry| entry.gcc).collect();
        assert!(gcc.is_sorted(), "a limit between neighbours is only known while it never falls");
        let families: Vec<_> = tables.families.iter().map(|family| family.major).collect();
        assert_eq!(families, [11, 12, 13]);
        assert_eq!(tables.toolkits().count(), 24);
    }

    #[test]
    fn every_release_has_a_family_that_its_own_driver_belongs_to() {
        let tables = Tables::bundled();
        for entry in tables.releases() {
            let family = tables.family(entry.version.major).expect("a family");
            if let Some(driver) = entry.driver.as_ref().filter(|_| entry.version != release("11.0")) {
                assert!(*driver >= family.driver, "{} {driver}", entry.version);
            }
        }
    }

    #[test]
    fn no_capability_stands_twice_and_no_architecture_ends_before_it_begins() {
        let tables = Tables::bundled();
        let mut seen = BTreeSet::new();
        for architecture in tables.architectures() {
            for capability in &architecture.capability {
                assert!(seen.insert(*capability), "{capability}");
            }
            if let (Some(first), Some(last)) = (architecture.first, architecture.last) {
                assert!(first <= last, "{architecture:?}");
            }
        }
        assert_eq!(seen.len(), 26);
    }

    #[test]
    fn the_forward_table_is_that_of_nvidia() {
        let forward = &Tables::bundled().forward;
        for package in &forward.package {
            assert!(package.on.iter().all(|branch| forward.branches.contains(branch)), "{package:?}");
            assert!(package.on.iter().all(|branch| *branch < package.native), "{package:?}");
            let driver = Tables::bundled().release(package.release).and_then(|entry| entry.driver.clone());
            assert_eq!(driver.map(|driver| driver.branch()), Some(package.native), "{package:?}");
        }
        let brands: BTreeSet<_> = forward.accepted.iter().chain(&forward.refused).map(|brand| *brand as u32).collect();
        assert_eq!(brands.len(), forward.accepted.len() + forward.refused.len());
        assert_eq!((0..15).filter(|number| !brands.contains(number)).collect::<Vec<_>>(), [0, 4]);
        assert!(forward.selected.iter().all(|brand| forward.accepted.contains(brand)));
    }

    #[test]
    fn host_compilers_between_what_is_known() {
        let tables = Tables::bundled();
        for (version, gcc, expected) in [
            ("12.3", 12, HostCompiler::Accepted),
            ("12.3", 13, HostCompiler::TooNew(12)),
            ("12.4", 13, HostCompiler::Accepted),
            ("12.6", 14, HostCompiler::TooNew(13)),
            ("12.8", 14, HostCompiler::Accepted),
            ("11.8", 12, HostCompiler::TooNew(11)),
            ("13.0", 15, HostCompiler::Accepted),
            ("13.0", 16, HostCompiler::TooNew(15)),
            ("13.5", 15, HostCompiler::Accepted),
            ("13.5", 16, HostCompiler::Unknown),
            ("11.2", 11, HostCompiler::Unknown),
            ("11.2", 12, HostCompiler::TooNew(11)),
        ] {
            assert_eq!(tables.host_compiler(release(version), gcc), expected, "{version} {gcc}");
        }
    }

    #[test]
    fn only_what_is_not_known_is_learnt_from_packages() {
        let mut tables = Tables::bundled().clone();
        tables.learn(release("12.8"), &"575.57.08".parse().expect("driver"));
        tables.learn(release("12.10"), &"999.1".parse().expect("driver"));
        tables.learn(release("13.5"), &"615.80.01".parse().expect("driver"));
        assert_eq!(&tables, Tables::bundled());
        tables.learn(release("13.5"), &"625.10.01".parse().expect("driver"));
        let entry = tables.release(release("13.5")).expect("known");
        assert_eq!(entry.driver.as_ref().map(DriverVersion::branch), Some(625));
        assert_eq!(entry.unverified, "That driver 625 is the one of CUDA 13.5 is read from a package.");
        tables.learn(release("13.6"), &"630.10.01".parse().expect("driver"));
        assert_eq!(tables.releases().last().map(|entry| entry.version), Some(release("13.6")));
        assert!(tables.releases().is_sorted_by_key(|entry| entry.version));
    }
}
