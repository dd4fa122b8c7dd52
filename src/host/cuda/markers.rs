//! Files that speak of a toolkit in an environment of conda's or of Python's: it is mentioned, never touched.
//!
//! Only names are read, at the places where such environments usually lie; a search of the whole disk would take longer
//! than it is worth.

use std::path::Path;

use crate::host::root::Root;
use crate::model::cuda::Elsewhere;

/// So many are told.
const MOST: usize = 64;
/// No folder is read further.
const MOST_ENTRIES: usize = 20_000;
/// conda, where everybody has it.
const CONDAS: [&str; 6] =
    ["/opt/conda", "/opt/miniconda3", "/opt/miniforge3", "/opt/anaconda3", "/opt/mambaforge", "/opt/micromamba"];
/// The same in somebody's home.
const CONDAS_AT_HOME: [&str; 6] = ["miniconda3", "miniforge3", "anaconda3", "mambaforge", "micromamba", ".conda"];
/// Environments of Python's, and folders full of them.
const ENVIRONMENTS: [&str; 2] = ["/venv", "/opt/venv"];
/// The same in somebody's home, and in the workspace.
const ENVIRONMENTS_AT_HOME: [&str; 4] = [".venv", "venv", ".virtualenvs", "venvs"];

/// All of them, in a fixed order.
pub(super) fn markers(root: &Root, workspace: &str) -> Vec<String> {
    let homes = children(root, "/home").into_iter().chain(["/root".to_owned(), workspace.to_owned()]);
    let homes: Vec<String> = homes.collect();
    let at_home = |names: &[&str]| -> Vec<String> {
        homes.iter().flat_map(|home| names.iter().map(move |name| format!("{home}/{name}"))).collect()
    };
    let condas = CONDAS.map(str::to_owned).into_iter().chain(at_home(&CONDAS_AT_HOME));
    let pythons = ENVIRONMENTS.map(str::to_owned).into_iter().chain(at_home(&ENVIRONMENTS_AT_HOME));
    let mut found = Vec::new();
    for conda in condas {
        for environment in std::iter::once(conda.clone()).chain(children(root, &format!("{conda}/envs"))) {
            found.extend(speaking(root, &format!("{environment}/conda-meta")));
            found.extend(wheels(root, &environment));
        }
    }
    for python in pythons {
        for environment in std::iter::once(python.clone()).chain(children(root, &python)) {
            found.extend(wheels(root, &environment));
        }
    }
    found.sort();
    found.dedup();
    found.truncate(MOST);
    found
}

/// Wheels of NVIDIA's in an environment.
fn wheels(root: &Root, environment: &str) -> Vec<String> {
    let versions = children(root, &format!("{environment}/lib"));
    let versions = versions.iter().filter(|folder| folder.rsplit('/').next().is_some_and(|n| n.starts_with("python")));
    versions.flat_map(|folder| speaking(root, &format!("{folder}/site-packages"))).collect()
}

/// The entries of a folder that say something.
fn speaking(root: &Root, folder: &str) -> Vec<String> {
    children(root, folder).into_iter().filter(|path| Elsewhere::of_marker(path).is_some()).collect()
}

fn children(root: &Root, folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten().take(MOST_ENTRIES);
    let path = |name: &Path| format!("{folder}/{}", name.display());
    entries.map(|entry| path(Path::new(&entry.file_name()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_are_found_where_people_keep_them() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        let speaking = [
            "/home/user/miniforge3/envs/a/conda-meta/cudatoolkit-11.8.0-h6a678d5_0.json",
            "/opt/conda/conda-meta/cuda-nvcc-12.4.131-0.json",
            "/venv/main/lib/python3.12/site-packages/nvidia_cuda_runtime_cu12-12.8.90.dist-info",
            "/workspace/.venv/lib/python3.12/site-packages/nvidia_cuda_nvcc-13.5.37.dist-info",
        ];
        let silent =
            ["/opt/conda/conda-meta/python-3.12.1-0.json", "/srv/venv/lib/python3.12/site-packages/x.dist-info"];
        for path in speaking.iter().chain(&silent) {
            root.write(path, b"", 0o644).expect("written");
        }
        assert_eq!(markers(&root, "/workspace"), speaking);
    }
}
