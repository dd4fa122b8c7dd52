//! What goes over the bus about installing CUDA: dictionaries, `a{sv}`, whose keys are the fields' names with hyphens;
//! unknown keys are ignored.

use zbus::zvariant::{DeserializeDict, OwnedValue, SerializeDict, Type, Value};

/// A toolkit that the repository has, as `ListAvailable` tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type, Value, OwnedValue)]
#[zvariant(signature = "dict", rename_all = "kebab-case")]
pub struct AvailableInfo {
    /// Its release, such as `12.9`: what the other methods want to be told.
    pub release: String,
    /// Its whole version, such as `12.9.1`.
    pub version: String,
    /// How much of it can be had: `runtime`, `compiler`, `development`, `full`.
    pub profiles: Vec<String>,
    /// What can be had with it: `cudnn`, `nccl`, `forward-compatibility`.
    pub extras: Vec<String>,
    /// The driver whose libraries its forward compatibility package holds; absent where there is no such package.
    pub compat_driver: Option<String>,
    /// Whether it will run here: a word of a toolkit's `Verdict`.
    pub verdict: String,
    /// Why, one sentence.
    pub verdict_reason: String,
    /// It is the one to choose; at most one is.
    pub recommended: bool,
}

/// What an installation or a removal would do, as apt itself works it out.
#[derive(Clone, Debug, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type, Value, OwnedValue)]
#[zvariant(signature = "dict", rename_all = "kebab-case")]
pub struct PlanInfo {
    /// What would be installed: name, the version that is installed now (may be empty), the version that would be.
    pub install: Vec<(String, String, String)>,
    /// What would be removed.
    pub remove: Vec<String>,
    /// Bytes to fetch.
    pub download_bytes: u64,
    /// Bytes on disk afterwards.
    pub installed_bytes: u64,
    /// Each file system that is written to: a folder on it, bytes that are free, bytes that are needed.
    pub space: Vec<(String, u64, u64)>,
    /// The repository's URL; empty where nothing is fetched.
    pub repository: String,
    /// Where the licence is read that whoever installs agrees to; empty where nothing is installed.
    pub licence: String,
}

/// Where packages come from, as `DescribeRepository` tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type, Value, OwnedValue)]
#[zvariant(signature = "dict", rename_all = "kebab-case")]
pub struct RepositoryInfo {
    /// Its URL.
    pub url: String,
    /// `nvidia`: one of NVIDIA's own; `mirror`: another one.
    pub kind: String,
    /// Who chose it: `default` (nobody), `configuration`, `set`.
    pub origin: String,
    /// The file of apt's that names it; absent where none does yet.
    pub entry: Option<String>,
    /// Where its key is, a path or a URL; absent where it was handed over and is not needed yet.
    pub key: Option<String>,
    /// The fingerprints of the keys whose signature is taken.
    pub fingerprints: Vec<String>,
    /// Why it cannot be used, and what to do; absent where nothing is wrong.
    pub problem: Option<String>,
}
