//! What goes over the bus about CUDA: dictionaries, `a{sv}`, whose keys are the fields' names with hyphens. A key that is
//! absent cannot be told; unknown keys are ignored.

use zbus::zvariant::{DeserializeDict, OwnedValue, SerializeDict, Type, Value};

/// A part of a toolkit.
#[derive(Clone, Debug, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type, Value, OwnedValue)]
#[zvariant(signature = "dict", rename_all = "kebab-case")]
pub struct ComponentInfo {
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

/// A toolkit that others look after.
#[derive(Clone, Debug, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type, Value, OwnedValue)]
#[zvariant(signature = "dict", rename_all = "kebab-case")]
pub struct ElsewhereInfo {
    /// Who does: `conda`, `python` or `distribution`.
    pub keeper: String,
    /// The environment's folder, or the package.
    pub place: String,
    /// Its release, such as `12.4`.
    pub release: String,
}

/// A forward compatibility library that is installed.
#[derive(Clone, Debug, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type, Value, OwnedValue)]
#[zvariant(signature = "dict", rename_all = "kebab-case")]
pub struct ForwardInfo {
    /// The CUDA that it brings.
    pub release: String,
    /// Where it is.
    pub path: String,
    /// Whether CUDA could be initialised with it; absent where that cannot be told.
    pub works: Option<bool>,
}

/// A part of the driver that a container is given or not.
#[derive(Clone, Debug, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type, Value, OwnedValue)]
#[zvariant(signature = "dict", rename_all = "kebab-case")]
pub struct DriverPartInfo {
    /// `cuda`, `management`, `encode`, `decode`, `opengl`, `egl` or `vulkan`.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// All of it is there.
    pub present: bool,
    /// Where NVIDIA's own library is; absent if it is missing.
    pub path: Option<String>,
    /// The files that are missing.
    pub missing: Vec<String>,
    /// What that means and what to do; empty where nothing is missing.
    pub reason: String,
}

/// An image of this project's, judged for this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type, Value, OwnedValue)]
#[zvariant(signature = "dict", rename_all = "kebab-case")]
pub struct ImageInfo {
    /// The beginning of its tag.
    pub tag: String,
    /// The verdict on its toolkit; absent for one without.
    pub verdict: Option<String>,
    /// Why.
    pub reason: String,
    /// It is the one to choose.
    pub recommended: bool,
}
