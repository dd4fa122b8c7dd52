//! Toolkits that others look after: conda, Python environments, the distribution. They are mentioned, never touched.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

use super::inventory::Sources;
use super::package;
use super::version::Release;

/// Who looks after a toolkit. The tokens are wire format.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Display, EnumString, IntoStaticStr, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Keeper {
    /// An environment of conda's.
    Conda,
    /// An environment of Python's.
    Python,
    /// Debian or Ubuntu: their own package of NVIDIA's toolkit.
    Distribution,
}

/// A toolkit, or parts of one, in somebody else's care.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Elsewhere {
    /// Who looks after it.
    pub keeper: Keeper,
    /// The environment's folder, or the package.
    pub place: String,
    /// Its release.
    pub release: Release,
}

/// The distribution's package of the whole toolkit.
pub(super) const OF_DISTRIBUTION: &str = "nvidia-cuda-toolkit";

/// Packages of conda's that say which toolkit an environment has.
const CONDA: [&str; 5] = ["cuda-toolkit-", "cudatoolkit-", "cuda-nvcc-", "cuda-cudart-", "cuda-compiler-"];

/// Wheels that say it; from CUDA 13 on their names have no number any more.
const WHEELS: [&str; 3] = ["nvidia_cuda_runtime", "nvidia_cuda_nvcc", "cuda_toolkit"];

/// Everything that the sources mention, each once.
pub(super) fn found(sources: &Sources) -> Vec<Elsewhere> {
    let distribution = package::installed_packages(sources.dpkg_status)
        .filter(|package| package.name == OF_DISTRIBUTION)
        .filter_map(|package| elsewhere(Keeper::Distribution, package.name, package.upstream()));
    let mut found: Vec<_> = sources.markers.iter().filter_map(|path| Elsewhere::of_marker(path)).collect();
    found.extend(distribution);
    found.sort();
    found.dedup();
    found
}

fn elsewhere(keeper: Keeper, place: &str, version: &str) -> Option<Elsewhere> {
    Some(Elsewhere { keeper, place: place.to_owned(), release: leading_release(version)? })
}

/// The first two numbers of a longer version.
fn leading_release(version: &str) -> Option<Release> {
    let end = version.match_indices('.').nth(1).map_or(version.len(), |(at, _)| at);
    version.get(..end)?.parse().ok()
}

impl Elsewhere {
    /// Reads the path of a file that package managers leave behind: `ENV/conda-meta/cuda-nvcc-12.4.131-0.json`, or
    /// `ENV/lib/python3.12/site-packages/nvidia_cuda_runtime_cu12-12.8.90.dist-info`.
    #[must_use]
    pub fn of_marker(path: &str) -> Option<Self> {
        let (folder, name) = path.rsplit_once('/')?;
        if let Some(environment) = folder.strip_suffix("/conda-meta") {
            let rest = CONDA.iter().find_map(|start| name.strip_prefix(start))?;
            return elsewhere(Keeper::Conda, environment, rest.split('-').next()?);
        }
        let (project, version) = name.strip_suffix(".dist-info")?.split_once('-')?;
        let known =
            |wheel: &str| project.strip_prefix(wheel).is_some_and(|rest| rest.is_empty() || rest.starts_with("_cu"));
        WHEELS.into_iter().find(|wheel| known(wheel))?;
        let environment = folder.split_once("/lib/python").map_or(folder, |(environment, _)| environment);
        elsewhere(Keeper::Python, environment, version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_of_real_environments() {
        for (path, expected) in [
            ("/opt/conda/conda-meta/cuda-nvcc-12.4.131-0.json", Some((Keeper::Conda, "/opt/conda", "12.4"))),
            (
                "/home/user/miniforge3/envs/a/conda-meta/cudatoolkit-11.8.0-h6a678d5_0.json",
                Some((Keeper::Conda, "/home/user/miniforge3/envs/a", "11.8")),
            ),
            (
                "/venv/main/lib/python3.12/site-packages/nvidia_cuda_runtime_cu12-12.8.90.dist-info",
                Some((Keeper::Python, "/venv/main", "12.8")),
            ),
            (
                "/venv/main/lib/python3.12/site-packages/nvidia_cuda_nvcc-13.5.37.dist-info",
                Some((Keeper::Python, "/venv/main", "13.5")),
            ),
            ("/opt/conda/conda-meta/cuda-version-12.4-h3060b56_3.json", None),
            ("/opt/conda/conda-meta/python-3.12.1-0.json", None),
            ("/venv/lib/python3.12/site-packages/nvidia_cuda_runtimes-1.2.dist-info", None),
            ("/venv/lib/python3.12/site-packages/nvidia_cuda_runtime_cu12-x.dist-info", None),
            ("/venv/lib/python3.12/site-packages/nvidia_cuda_runtime_cu12", None),
            ("", None),
        ] {
            let expected = expected.map(|(keeper, place, release)| Elsewhere {
                keeper,
                place: place.into(),
                release: release.parse().expect(release),
            });
            assert_eq!(Elsewhere::of_marker(path), expected, "{path}");
        }
    }

    #[test]
    fn the_distributions_toolkit_is_mentioned_and_nothing_twice() {
        let sources = Sources {
            folders: &[],
            dpkg_status: "Package: nvidia-cuda-toolkit\nStatus: install ok installed\nVersion: 12.4.131~12.4.1-2\n",
            default_target: None,
            markers: &[
                "/opt/conda/conda-meta/cuda-nvcc-12.4.131-0.json",
                "/opt/conda/conda-meta/cuda-cudart-12.4.127-0.json",
            ],
        };
        let release = Release::new(12, 4);
        assert_eq!(
            found(&sources),
            [
                Elsewhere { keeper: Keeper::Conda, place: "/opt/conda".into(), release },
                Elsewhere { keeper: Keeper::Distribution, place: "nvidia-cuda-toolkit".into(), release },
            ]
        );
    }
}
