//! How much of a toolkit is wanted, and which packages that is.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

use super::driver_package::is_driver_name;
use super::listing::Listing;
use crate::model::cuda::Release;

/// How much of a toolkit. The tokens are wire format.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Display,
    EnumIter,
    EnumString,
    IntoStaticStr,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Profile {
    /// What programs need to run.
    Runtime,
    /// The compiler and the runtime's headers.
    Compiler,
    /// Everything that programs are built with, and the debugger.
    Development,
    /// That and the profilers.
    Full,
}

/// Something that is published beside toolkits. The tokens are wire format.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Display,
    EnumIter,
    EnumString,
    IntoStaticStr,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Extra {
    /// Neural networks.
    Cudnn,
    /// Several GPUs together.
    Nccl,
    /// The libraries that stand in for those of an older driver.
    ForwardCompatibility,
}

impl Profile {
    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Runtime => "Runtime",
            Self::Compiler => "Compiler",
            Self::Development => "Full development",
            Self::Full => "Full with profilers",
        }
    }

    /// Package names without the release at their end. The names before the bar have to be there, one of each group;
    /// those behind it are taken where they are.
    fn stems(self) -> (&'static [&'static [&'static str]], &'static [&'static str]) {
        match self {
            Self::Runtime => (&[&["cuda-libraries"]], &["cuda-nvtx"]),
            // CCCL was renamed in 13.3.
            Self::Compiler => (&[&["cuda-nvcc"], &["cuda-cudart-dev"]], &["cuda-cccl", "cccl"]),
            Self::Development => (
                &[&["cuda-nvcc"], &["cuda-cudart-dev"], &["cuda-libraries"], &["cuda-libraries-dev"]],
                &["cuda-cccl", "cccl", "cuda-minimal-build", "cuda-command-line-tools", "cuda-nvml-dev", "cuda-nvtx"],
            ),
            Self::Full => (&[&["cuda-toolkit"]], &[]),
        }
    }
}

/// A package to ask for by name and version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// Exactly this version.
    pub version: String,
}

/// Why nothing can be asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOffered {
    /// The repository has nothing of this release.
    #[error("the repository has no CUDA {0}; `desktopctl cuda available` lists what it has")]
    Release(Release),
    /// It has not what this profile needs.
    #[error("the repository has no {package}, which {} of CUDA {release} needs", .profile.label())]
    Profile {
        /// The profile.
        profile: Profile,
        /// The release.
        release: Release,
        /// What is not there.
        package: String,
    },
    /// It has no extra for this release.
    #[error("the repository has no {extra} that fits CUDA {release}")]
    Extra {
        /// The extra.
        extra: Extra,
        /// The release.
        release: Release,
    },
}

/// The packages of a profile and its extras.
///
/// # Errors
/// Something is not offered.
pub fn packages(
    listing: &Listing,
    release: Release,
    profile: Profile,
    extras: &[Extra],
) -> Result<Vec<Wanted>, NotOffered> {
    if !listing.releases().contains(&release) {
        return Err(NotOffered::Release(release));
    }
    let of_release = |stem: &str| {
        let name = format!("{stem}-{}", release.dashed());
        let offered = listing.newest(&name)?;
        Some(Wanted { version: offered.version.clone(), name })
    };
    let (needed, welcome) = profile.stems();
    let mut wanted = Vec::new();
    for group in needed {
        let package = || format!("{}-{}", group[0], release.dashed());
        let found = group.iter().find_map(|stem| of_release(stem));
        wanted.push(found.ok_or_else(|| NotOffered::Profile { profile, release, package: package() })?);
    }
    wanted.extend(welcome.iter().filter_map(|stem| of_release(stem)));
    for extra in extras {
        let found = extra_packages(listing, release, profile, *extra);
        if found.is_empty() {
            return Err(NotOffered::Extra { extra: *extra, release });
        }
        wanted.extend(found);
    }
    wanted.retain(|wanted| !is_driver_name(&wanted.name));
    wanted.sort();
    wanted.dedup();
    Ok(wanted)
}

/// The packages of a toolkit's forward compatibility libraries; the toolkit itself need not be there.
///
/// # Errors
/// They are not offered.
pub fn compat_packages(listing: &Listing, release: Release) -> Result<Vec<Wanted>, NotOffered> {
    let extra = Extra::ForwardCompatibility;
    let found = extra_packages(listing, release, Profile::Runtime, extra);
    if found.is_empty() { Err(NotOffered::Extra { extra, release }) } else { Ok(found) }
}

/// The profiles that can be had of a release.
#[must_use]
pub fn profiles(listing: &Listing, release: Release) -> Vec<Profile> {
    use strum::IntoEnumIterator as _;
    Profile::iter().filter(|profile| packages(listing, release, *profile, &[]).is_ok()).collect()
}

/// The extras that can be had with a release.
#[must_use]
pub fn extras(listing: &Listing, release: Release) -> Vec<Extra> {
    use strum::IntoEnumIterator as _;
    Extra::iter().filter(|extra| !extra_packages(listing, release, Profile::Runtime, *extra).is_empty()).collect()
}

fn extra_packages(listing: &Listing, release: Release, profile: Profile, extra: Extra) -> Vec<Wanted> {
    let builds = profile > Profile::Runtime;
    let newest = |name: String, fits: &dyn Fn(&str) -> bool| {
        let version = listing.newest_of(&name, fits)?.version.clone();
        Some(Wanted { name, version })
    };
    let any: &dyn Fn(&str) -> bool = &|_| true;
    let fitting: &dyn Fn(&str) -> bool =
        &|version| built_for(version).is_some_and(|built| built.major == release.major && built <= release);
    let major = release.major;
    let (run, build) = match extra {
        Extra::Cudnn => (
            newest(format!("libcudnn9-cuda-{major}"), any).or_else(|| newest("libcudnn8".into(), fitting)),
            newest(format!("libcudnn9-dev-cuda-{major}"), any).or_else(|| newest("libcudnn8-dev".into(), fitting)),
        ),
        Extra::Nccl => (newest("libnccl2".into(), fitting), newest("libnccl-dev".into(), fitting)),
        Extra::ForwardCompatibility => (newest(format!("cuda-compat-{}", release.dashed()), any), None),
    };
    let build = build.filter(|_| builds && run.is_some());
    run.into_iter().chain(build).collect()
}

/// The release that a package was built for, by its version: `2.26.2-1+cuda12.8`.
fn built_for(version: &str) -> Option<Release> {
    version.split_once("+cuda")?.1.split(['-', '+', '~']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(packages: &[(&str, &str)]) -> Listing {
        let mut listing = Listing::default();
        for (name, version) in packages {
            listing.add(&format!("Package: {name}\nVersion: {version}\n"));
        }
        listing
    }

    fn names(wanted: &[Wanted]) -> Vec<String> {
        wanted.iter().map(|wanted| format!("{}={}", wanted.name, wanted.version)).collect()
    }

    #[test]
    fn a_profile_is_packages_with_their_versions() {
        let listing = listing(&[
            ("cuda-nvcc-12-9", "12.9.86-1"),
            ("cuda-cudart-dev-12-9", "12.9.79-1"),
            ("cuda-cccl-12-9", "12.9.27-1"),
            ("cuda-toolkit-12-9", "12.9.1-1"),
            ("cuda-12-9", "12.9.1-1"),
            ("cuda-nvcc-13-4", "13.4.1-1"),
        ]);
        let release = Release::new(12, 9);
        let compiler = packages(&listing, release, Profile::Compiler, &[]).expect("offered");
        assert_eq!(
            names(&compiler),
            ["cuda-cccl-12-9=12.9.27-1", "cuda-cudart-dev-12-9=12.9.79-1", "cuda-nvcc-12-9=12.9.86-1"]
        );
        assert_eq!(
            names(&packages(&listing, release, Profile::Full, &[]).expect("offered")),
            ["cuda-toolkit-12-9=12.9.1-1"]
        );
        assert_eq!(profiles(&listing, release), [Profile::Compiler, Profile::Full]);
        assert!(matches!(packages(&listing, release, Profile::Runtime, &[]), Err(NotOffered::Profile { .. })));
        assert_eq!(
            packages(&listing, Release::new(12, 8), Profile::Full, &[]),
            Err(NotOffered::Release(Release::new(12, 8)))
        );
    }

    #[test]
    fn extras_are_matched_to_the_toolkit() {
        let listing = listing(&[
            ("cuda-toolkit-12-8", "12.8.1-1"),
            ("libnccl2", "2.25.1-1+cuda12.8"),
            ("libnccl2", "2.27.3-1+cuda12.9"),
            ("libnccl2", "2.24.3-1+cuda12.4"),
            ("libnccl2", "2.28.3-1+cuda13.0"),
            ("libnccl-dev", "2.25.1-1+cuda12.8"),
            ("libcudnn9-cuda-12", "9.8.0.87-1"),
            ("libcudnn9-cuda-13", "9.12.0.46-1"),
            ("libcudnn9-dev-cuda-12", "9.8.0.87-1"),
            ("cuda-compat-12-8", "570.211.01-0ubuntu1"),
        ]);
        let release = Release::new(12, 8);
        let found = packages(&listing, release, Profile::Full, &[Extra::Nccl, Extra::Cudnn]).expect("offered");
        assert_eq!(
            names(&found),
            [
                "cuda-toolkit-12-8=12.8.1-1",
                "libcudnn9-cuda-12=9.8.0.87-1",
                "libcudnn9-dev-cuda-12=9.8.0.87-1",
                "libnccl-dev=2.25.1-1+cuda12.8",
                "libnccl2=2.25.1-1+cuda12.8",
            ]
        );
        assert_eq!(extras(&listing, release), [Extra::Cudnn, Extra::Nccl, Extra::ForwardCompatibility]);
        assert_eq!(extras(&listing, Release::new(11, 8)), []);
        let compat = compat_packages(&listing, release).expect("offered");
        assert_eq!(names(&compat), ["cuda-compat-12-8=570.211.01-0ubuntu1"]);
        assert!(matches!(compat_packages(&listing, Release::new(12, 9)), Err(NotOffered::Extra { .. })));
    }
}
