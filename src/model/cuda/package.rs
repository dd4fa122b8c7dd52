//! What dpkg's own list says of CUDA's packages.

use super::component::{self, Component};
use super::elsewhere::OF_DISTRIBUTION;
use super::version::Release;

/// How far a package is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackageState {
    /// Completely.
    Installed,
    /// Something went wrong in between: dpkg's word for it.
    Broken(BrokenState),
}

/// dpkg's words for packages that are neither installed nor gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum BrokenState {
    /// Unpacking began and did not end.
    HalfInstalled,
    /// Unpacked, not configured.
    Unpacked,
    /// Configuring began and did not end.
    HalfConfigured,
    /// dpkg itself asks for it to be installed again.
    Reinstreq,
}

/// A package that is at least partly there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Package<'a> {
    /// Its name, without an architecture.
    pub name: &'a str,
    /// Its version as dpkg tells it.
    pub version: &'a str,
    /// How far it is installed.
    pub state: PackageState,
}

/// Reads `/var/lib/dpkg/status`. Packages that are gone but for their configuration are left out, and so is whatever is
/// not of dpkg's form.
pub fn installed_packages(status: &str) -> impl Iterator<Item = Package<'_>> {
    status.split("\n\n").filter_map(package)
}

/// Whether a paragraph of dpkg's list says something of a toolkit. Of a whole list, nearly nothing does.
#[must_use]
pub fn concerns_toolkits(paragraph: &str) -> bool {
    package(paragraph).is_some_and(|package| package.name == OF_DISTRIBUTION || package.gives().is_some())
}

fn package(paragraph: &str) -> Option<Package<'_>> {
    let field = |name: &str| {
        let mut lines = paragraph.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    };
    let mut status = field("Status")?.split(' ').skip(1);
    let (flag, state) = (status.next()?, status.next()?);
    let state = match state {
        _ if flag == "reinstreq" => PackageState::Broken(BrokenState::Reinstreq),
        // Waiting for another package's trigger does not keep it from working.
        "installed" | "triggers-awaited" | "triggers-pending" => PackageState::Installed,
        other => PackageState::Broken(other.parse().ok()?),
    };
    Some(Package { name: field("Package")?, version: field("Version")?, state })
}

/// What a package gives, and to which toolkits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// A part of the toolkit of one release.
    Part { component: Component, release: Release, run: bool, build: bool },
    /// Something else of one release's toolkit: a collection of packages, its configuration, a part without a name.
    Other { release: Release },
    /// A part for all toolkits with this first number.
    Extra { component: Component, major: u16, run: bool, build: bool },
}

impl<'a> Package<'a> {
    /// `None` for a package that has nothing to do with CUDA's toolkits.
    pub(super) fn gives(&self) -> Option<Given> {
        if let Some(extra) = self.extra() {
            return Some(extra);
        }
        let (stem, release) = Release::split_package(self.name)?;
        for description in component::descriptions() {
            let is = |stems: &[String]| stems.iter().any(|known| known == stem);
            let (run, build) = (is(&description.run), is(&description.build));
            if run || build {
                return Some(Given::Part { component: description.id, release, run, build });
            }
        }
        let ours = stem == "cuda" || stem.starts_with("cuda-") || stem.starts_with("libnv") || stem == "gds-tools";
        ours.then_some(Given::Other { release })
    }

    fn extra(&self) -> Option<Given> {
        let digit = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
        let (component, build) = match self.name {
            name if name.strip_prefix("libcudnn").is_some_and(digit) => {
                (Component::Cudnn, name.contains("-dev") || name.contains("-headers"))
            }
            "libnccl2" => (Component::Nccl, false),
            "libnccl-dev" => (Component::Nccl, true),
            "libnvinfer-dev" => (Component::Tensorrt, true),
            name if name.strip_prefix("libnvinfer").is_some_and(digit) => (Component::Tensorrt, false),
            _ => return None,
        };
        let by_name = || self.name.rsplit_once("-cuda-").and_then(|(_, major)| super::version::number(major));
        let by_version = || {
            let (_, rest) = self.version.split_once("+cuda")?;
            Some(rest.split(['-', '+', '~']).next()?.parse::<Release>().ok()?.major)
        };
        Some(Given::Extra { component, major: by_name().or_else(by_version)?, run: !build, build })
    }

    /// Its version without the packaging: `12.9.1-1` is `12.9.1`.
    #[must_use]
    pub fn upstream(&self) -> &'a str {
        let version = self.version.rsplit_once(':').map_or(self.version, |(_, rest)| rest);
        version.split_once(['-', '+', '~']).map_or(version, |(upstream, _)| upstream)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Package: cuda-nvcc-12-8\nStatus: install ok installed\nPriority: optional\nSection: devel\n\
        Architecture: amd64\nVersion: 12.8.93-1\nDescription: CUDA nvcc\n Status: deinstall ok config-files\n\n\
        Package: libcublas-12-8\nStatus: install ok half-configured\nVersion: 12.8.4.1-1\n\n\
        Package: libcufft-12-8\nStatus: install reinstreq installed\nVersion: 11.3.3.83-1\n\n\
        Package: libnccl2\nStatus: hold ok installed\nVersion: 2.25.1-1+cuda12.8\n\n\
        Package: libcurand-12-8\nStatus: deinstall ok config-files\nVersion: 10.3.9.90-1\n\n\
        Package: libnpp-12-8\nStatus: install ok triggers-pending\nVersion: 12.3.3.100-1\n\n\
        Package: gone\nStatus: purge ok not-installed\n\n\
        nonsense\n\nPackage: half\nStatus: installed\nVersion: 1\n";

    #[test]
    fn dpkgs_list_is_read_as_dpkg_means_it() {
        let found: Vec<_> =
            installed_packages(STATUS).map(|package| (package.name, package.upstream(), package.state)).collect();
        assert_eq!(
            found,
            [
                ("cuda-nvcc-12-8", "12.8.93", PackageState::Installed),
                ("libcublas-12-8", "12.8.4.1", PackageState::Broken(BrokenState::HalfConfigured)),
                ("libcufft-12-8", "11.3.3.83", PackageState::Broken(BrokenState::Reinstreq)),
                ("libnccl2", "2.25.1", PackageState::Installed),
                ("libnpp-12-8", "12.3.3.100", PackageState::Installed),
            ]
        );
        assert_eq!(installed_packages("").count(), 0);
        assert_eq!(installed_packages(&"\n".repeat(100_000)).count(), 0);
    }

    /// Packages of a real image with CUDA 12.8, of one with 13.x, and of a Jetson.
    #[test]
    fn real_packages_give_what_they_are() {
        let part = |component, release: &str, run, build| {
            Some(Given::Part { component, release: release.parse().expect(release), run, build })
        };
        let extra = |component, major, run| Some(Given::Extra { component, major, run, build: !run });
        let other = |release: &str| Some(Given::Other { release: release.parse().expect(release) });
        for (name, version, expected) in [
            ("cuda-nvcc-12-8", "12.8.93-1", part(Component::Compiler, "12.8", false, true)),
            ("cuda-cudart-12-8", "12.8.90-1", part(Component::Runtime, "12.8", true, false)),
            ("cuda-cudart-dev-12-8", "12.8.90-1", part(Component::Runtime, "12.8", false, true)),
            ("cuda-cccl-12-8", "12.8.90-1", part(Component::Cccl, "12.8", false, true)),
            ("cccl-13-4", "13.3.4.2.1-1", part(Component::Cccl, "13.4", false, true)),
            ("libcublas-dev-13-10", "13.9.1.1-1", part(Component::Cublas, "13.10", false, true)),
            ("cuda-compat-12-8", "575.57.08-0ubuntu1", part(Component::ForwardCompatibility, "12.8", true, false)),
            ("cuda-nsight-compute-12-8", "12.8.1-1", part(Component::NsightCompute, "12.8", false, true)),
            ("cuda-toolkit-12-8", "12.8.1-1", other("12.8")),
            ("cuda-12-8", "12.8.1-1", other("12.8")),
            ("cuda-driver-dev-12-8", "12.8.90-1", other("12.8")),
            ("libnvvm-13-3", "13.3.73-1", other("13.3")),
            ("cuda-toolkit-12-8-config-common", "12.8.90-1", None),
            ("cuda-toolkit-config-common", "13.1.80-1", None),
            ("cuda-keyring", "1.1-1", None),
            ("cuda-drivers-570", "570.124.06-0ubuntu1", None),
            ("libcudnn9-cuda-12", "9.8.0.87-1", extra(Component::Cudnn, 12, true)),
            ("libcudnn9-dev-cuda-12", "9.8.0.87-1", extra(Component::Cudnn, 12, false)),
            ("libcudnn9-headers-cuda-13", "9.20.0.46-1", extra(Component::Cudnn, 13, false)),
            ("libcudnn8", "8.9.7.29-1+cuda11.8", extra(Component::Cudnn, 11, true)),
            ("libcudnn8-dev", "8.9.7.29-1+cuda11.8", extra(Component::Cudnn, 11, false)),
            ("libnccl2", "2.25.1-1+cuda12.8", extra(Component::Nccl, 12, true)),
            ("libnccl-dev", "2.25.1-1+cuda12.8", extra(Component::Nccl, 12, false)),
            ("libnvinfer10", "10.16.2.10-1+cuda13.2", extra(Component::Tensorrt, 13, true)),
            ("libnvinfer-dev", "10.16.2.10-1+cuda13.2", extra(Component::Tensorrt, 13, false)),
            ("libnvinfer-plugin10", "10.16.2.10-1+cuda13.2", None),
            ("cudnn9-cuda-12-8", "9.8.0-1", None),
            ("libcudnn9-samples", "9.20.0.46-1", None),
            ("python3-12-8", "1", None),
            ("bash", "5.2-1", None),
        ] {
            let package = Package { name, version, state: PackageState::Installed };
            assert_eq!(package.gives(), expected, "{name}");
        }
    }

    #[test]
    fn of_a_whole_list_only_toolkits_are_of_interest() {
        let concerned = STATUS.split("\n\n").filter(|paragraph| concerns_toolkits(paragraph)).count();
        assert_eq!(concerned, installed_packages(STATUS).count());
        let of_others = "Package: coreutils\nStatus: install ok installed\nVersion: 9.1-1\n";
        assert!(!concerns_toolkits(of_others) && concerns_toolkits(&of_others.replace("coreutils", OF_DISTRIBUTION)));
    }
}
