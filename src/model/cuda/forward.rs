//! Forward compatibility: a newer CUDA on an older driver, by libraries that stand in for the driver's own.
//!
//! NVIDIA makes it for data centre GPUs and some others. Three sources say where it works: a trial, the note in the
//! library, and NVIDIA's table. The first that knows decides.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

use super::driver::DriverVersion;
use super::forward_note::ForwardNote;
use super::gpu::{Brand, Gpu};
use super::tables::Tables;
use super::version::Release;

/// Who put a forward compatibility library before the driver's own. The tokens are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, EnumString, IntoStaticStr, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum CompatSource {
    /// The host, when it created the container.
    ContainerRuntime,
    /// The image, when it started.
    ImageStart,
    /// A variable in the environment, for one program or session.
    Environment,
    /// Another entry of the loader's configuration.
    LoaderConfiguration,
}

impl CompatSource {
    /// Tells it by the file in `/etc/ld.so.conf.d` that names the folder, or by `LD_LIBRARY_PATH`.
    #[must_use]
    pub fn of(place: &str) -> Self {
        let name = place.rsplit('/').next().unwrap_or(place);
        if name.starts_with("LD_") {
            Self::Environment
        } else if name.starts_with("00-compat-") {
            // Written by NVIDIA's container toolkit with a random identifier.
            Self::ContainerRuntime
        } else if name == "0-compat-cuda.conf" {
            Self::ImageStart
        } else {
            Self::LoaderConfiguration
        }
    }

    /// Who did it, in a sentence.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::ContainerRuntime => "the host, when it created this container",
            Self::ImageStart => "the start scripts of the image",
            Self::Environment => "LD_LIBRARY_PATH",
            Self::LoaderConfiguration => "the loader's configuration in /etc/ld.so.conf.d",
        }
    }
}

/// A forward compatibility library that programs load now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveCompat {
    /// The CUDA that it brings.
    pub release: Release,
    /// Who put it there.
    pub source: CompatSource,
    /// Whether a process that loaded it could initialise CUDA; `None` where nobody tried.
    pub works: Option<bool>,
}

/// The forward compatibility package of a toolkit, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForwardPackage {
    /// The note in its library; known once it is installed or unpacked.
    pub note: Option<ForwardNote>,
    /// Whether a process of its own could initialise CUDA with it; `None` where nobody tried.
    pub trial: Option<bool>,
}

/// Whether a forward compatibility package can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForwardFit {
    /// It works: it was tried.
    Proven,
    /// It is made for this.
    Made,
    /// It is made for some models of this brand; a trial tells.
    SomeModels,
    /// It was tried and does not work.
    Failed,
    /// It is not made for GPUs of this brand.
    NotThisBrand,
    /// It is not made for this driver.
    NotThisDriver,
    /// Cannot be told before it is tried.
    Unknown,
}

impl ForwardFit {
    /// It is worth offering. `None`: cannot be told.
    #[must_use]
    pub fn usable(self) -> Option<bool> {
        match self {
            Self::Proven | Self::Made | Self::SomeModels => Some(true),
            Self::Failed | Self::NotThisBrand | Self::NotThisDriver => Some(false),
            Self::Unknown => None,
        }
    }
}

impl Tables {
    /// Whether the package of `release` can be used on a driver with a GPU. That it would be of any use, since the
    /// driver alone runs less, is for the caller to know.
    #[must_use]
    pub fn forward_fit(
        &self,
        release: Release,
        package: &ForwardPackage,
        driver: Option<&DriverVersion>,
        gpu: &Gpu,
    ) -> ForwardFit {
        match package.trial {
            Some(true) => return ForwardFit::Proven,
            Some(false) => return ForwardFit::Failed,
            None => {}
        }
        let brand = self.brand_accepted(package.note.as_ref(), gpu.brand);
        if brand == Some(false) {
            return ForwardFit::NotThisBrand;
        }
        let Some(driver) = driver else { return ForwardFit::Unknown };
        let branch = match &package.note {
            Some(note) => Some(note.branches.contains(&driver.branch())),
            None => self.branch_accepted(release, driver.branch()),
        };
        match (branch, brand) {
            (Some(false), _) => ForwardFit::NotThisDriver,
            (Some(true), Some(_)) if self.forward.selected.contains(&gpu.brand) => ForwardFit::SomeModels,
            (Some(true), Some(_)) => ForwardFit::Made,
            _ => ForwardFit::Unknown,
        }
    }

    /// `None`: the sources disagree, or the brand is not known.
    pub(super) fn brand_accepted(&self, note: Option<&ForwardNote>, brand: Brand) -> Option<bool> {
        match note {
            _ if brand == Brand::Unknown => None,
            Some(note) => Some(note.brands.contains(&brand)),
            None if self.forward.accepted.contains(&brand) => Some(true),
            None => self.forward.refused.contains(&brand).then_some(false),
        }
    }

    /// What NVIDIA's table and the notes of known packages say of a branch. `None`: they do not say.
    fn branch_accepted(&self, release: Release, branch: u16) -> Option<bool> {
        let forward = &self.forward;
        let Some(package) = forward.package.iter().find(|package| package.release == release) else {
            // Packages of releases older than the table's are no longer made.
            let oldest = forward.package.iter().map(|package| package.release).min();
            return oldest.is_some_and(|oldest| release < oldest).then_some(false);
        };
        if [&package.on, &package.noted, &package.image].into_iter().any(|list| list.contains(&branch)) {
            return Some(true);
        }
        // "Branches not listed are not supported targets" is all that NVIDIA says of those between; one that is older
        // than the list, and one that needs no package, is a clear no.
        let between = forward.branches.iter().min().is_some_and(|oldest| branch > *oldest) && branch < package.native;
        if between && package.noted.is_empty() { None } else { Some(false) }
    }

    /// The CUDA that a forward compatibility library brings, by its path: `/usr/local/cuda-13.1/compat/libcuda.so.1`,
    /// or where the folder does not say, by the driver version in its name. `None` for any other library.
    #[must_use]
    pub fn release_of_compat(&self, path: &str) -> Option<Release> {
        if !path.contains("/compat/") {
            return None;
        }
        let by_folder = path.split('/').find_map(|folder| folder.strip_prefix("cuda-")?.parse().ok());
        by_folder.or_else(|| match self.native_of_branch(DriverVersion::of_library(path)?.branch()) {
            super::native::Native::Known(release) => Some(release),
            _ => None,
        })
    }
}

#[cfg(test)]
#[path = "forward_tests.rs"]
mod tests;
