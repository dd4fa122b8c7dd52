//! What the daemon says about CUDA. What is none cannot be told.

use serde::Serialize;

/// CUDA as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CudaFacts {
    /// Whether CUDA programs can start: `works`, `no-gpu`, `no-library`, `failing` or `unknown`.
    pub state: String,
    /// Why not, and what to do.
    pub state_reason: Option<String>,
    /// The host's driver.
    pub driver_version: Option<String>,
    /// The newest CUDA that the driver itself runs.
    pub driver_cuda: Option<String>,
    /// It may run a newer one.
    pub driver_cuda_at_least: bool,
    /// Who told that: `driver-library`, `driver-version` or `none`.
    pub driver_cuda_source: String,
    /// What speaks against it.
    pub driver_cuda_doubt: Option<String>,
    /// Programs load a forward compatibility library in place of the driver's own.
    pub compat_active: bool,
    /// The CUDA that it brings.
    pub compat_cuda: Option<String>,
    /// Who put it there: `container-runtime`, `image-start`, `environment` or `loader-configuration`.
    pub compat_source: Option<String>,
    /// The variable or the file that names its folder.
    pub compat_place: Option<String>,
    /// Whether CUDA could be initialised with it: `yes`, `no` or `unknown`.
    pub compat_works: Option<String>,
    /// The forward compatibility libraries that are installed.
    pub forward_packages: Vec<ForwardFacts>,
    /// The toolkit that `/usr/local/cuda` leads to; see [`ToolkitFacts::id`].
    pub default_toolkit: Option<String>,
    /// Where `/usr/local/cuda` leads.
    pub default_path: Option<String>,
    /// What is wrong with no single toolkit, one sentence each.
    pub problems: Vec<String>,
    /// Toolkits that others look after.
    pub elsewhere: Vec<ElsewhereFacts>,
    /// The parts of the driver that this container was given or not.
    pub driver_parts: Vec<DriverPartFacts>,
    /// The release to choose for this machine, of all that are known.
    pub recommended: Option<String>,
    /// The verdict on it.
    pub recommended_reason: Option<String>,
    /// This project's images, best first.
    pub images: Vec<ImageFacts>,
}

/// A forward compatibility library that is installed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ForwardFacts {
    /// The CUDA that it brings.
    pub release: String,
    /// Where it is.
    pub path: String,
    /// Whether CUDA could be initialised with it.
    pub works: Option<bool>,
}

/// A toolkit that others look after.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ElsewhereFacts {
    /// Who does: `conda`, `python` or `distribution`.
    pub keeper: String,
    /// The environment's folder, or the package.
    pub place: String,
    /// Its release.
    pub release: String,
}

/// A part of the driver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DriverPartFacts {
    /// `cuda`, `management`, `encode`, `decode`, `opengl`, `egl` or `vulkan`.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// All of it is there.
    pub present: bool,
    /// Where NVIDIA's own library is.
    pub path: Option<String>,
    /// The files that are missing.
    pub missing: Vec<String>,
    /// What that means and what to do.
    pub reason: Option<String>,
}

/// An image of this project's, judged for this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImageFacts {
    /// The beginning of its tag.
    pub tag: String,
    /// The verdict on its toolkit; none for an image without one.
    pub verdict: Option<String>,
    /// Why.
    pub reason: String,
    /// It is the one to choose.
    pub recommended: bool,
}

/// An installed toolkit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ToolkitFacts {
    /// Its name among all: its release, and where that is there twice, more.
    pub id: String,
    /// Such as `12.9.1`.
    pub version: String,
    /// Such as `12.9`.
    pub release: String,
    /// Who told the version: `version-json`, `nvcc` or `packages`.
    pub version_source: String,
    /// The folder that it is in.
    pub path: String,
    /// `/usr/local/cuda` leads to it.
    pub default: bool,
    /// It was installed by packages, so packages can remove it.
    pub by_packages: bool,
    /// `full`, `development`, `compiler`, `runtime` or `partial`.
    pub extent: String,
    /// What it has and what it lacks.
    pub summary: String,
    /// Its parts.
    pub components: Vec<ComponentFacts>,
    /// Whether it runs here: `native`, `minor-version`, `forward`, `needs-forward`, `compile-only`, `unknown`,
    /// `will-not-run` or `cannot-target`.
    pub verdict: String,
    /// Why, and what to do, in one sentence.
    pub verdict_reason: String,
    /// What the verdict rests on, one sentence each.
    pub why: Vec<String>,
    /// What is wrong with it, one sentence each.
    pub problems: Vec<String>,
}

/// A part of a toolkit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ComponentFacts {
    /// Its token, such as `cublas`.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// Its own version, which is seldom the toolkit's.
    pub version: Option<String>,
    /// What programs need to run is there.
    pub run: bool,
    /// What is needed to build programs is there.
    pub build: bool,
}
