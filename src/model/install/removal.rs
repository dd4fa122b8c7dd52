//! Which packages make up a toolkit that is installed: computed by name, never by a glob.

use std::collections::BTreeSet;

use super::driver_package::is_driver_name;
use crate::model::cuda::{Release, installed_packages};

/// What removing a toolkit removes, from dpkg's own list. What several toolkits share goes with the last of them.
#[must_use]
pub fn packages_of(status: &str, release: Release) -> BTreeSet<String> {
    let names: BTreeSet<&str> = installed_packages(status).map(|package| package.name).collect();
    let of =
        |name: &str| Release::split_package(name).filter(|(stem, _)| is_toolkits(stem)).map(|(_, release)| release);
    let releases: BTreeSet<Release> = names.iter().filter_map(|name| of(name)).collect();
    let mut found: BTreeSet<String> =
        names.iter().filter(|name| of(name) == Some(release)).map(|name| (*name).to_owned()).collect();
    let mut shared = vec![format!("cuda-toolkit-{}-config-common", release.dashed())];
    if releases.iter().all(|other| other.major != release.major || *other == release) {
        shared.push(format!("cuda-toolkit-{}-config-common", release.major));
    }
    if releases.iter().all(|other| *other == release) {
        shared.push("cuda-toolkit-config-common".into());
    }
    if !found.is_empty() {
        found.extend(shared.into_iter().filter(|name| names.contains(name.as_str())));
    }
    found.retain(|name| !is_driver_name(name));
    found
}

/// The releases of which at least a part is installed.
#[must_use]
pub fn releases_of(status: &str) -> BTreeSet<Release> {
    let of =
        |name: &str| Release::split_package(name).filter(|(stem, _)| is_toolkits(stem)).map(|(_, release)| release);
    installed_packages(status).filter_map(|package| of(package.name)).collect()
}

/// Whether a package is a part of a toolkit, by its name.
#[must_use]
pub fn is_part_of_toolkit(name: &str) -> bool {
    let config = name.starts_with("cuda-toolkit-") && name.ends_with("config-common");
    config || (!is_driver_name(name) && Release::split_package(name).is_some_and(|(stem, _)| is_toolkits(stem)))
}

/// NVIDIA's names for parts of toolkits, without the release.
fn is_toolkits(stem: &str) -> bool {
    const LIBRARIES: [&str; 10] = [
        "libcublas",
        "libcufft",
        "libcufile",
        "libcurand",
        "libcusolver",
        "libcusparse",
        "libnpp",
        "libnv",
        "libnvjpeg",
        "libcusparselt",
    ];
    stem.starts_with("cuda-")
        || ["cccl", "gds-tools", "nsight-compute", "nsight-systems"].contains(&stem)
        || LIBRARIES.iter().any(|library| stem.starts_with(library))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(names: &[&str]) -> String {
        let paragraphs =
            names.iter().map(|name| format!("Package: {name}\nStatus: install ok installed\nVersion: 1\n"));
        paragraphs.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_toolkit_is_removed_alone() {
        let status = status(&[
            "cuda-nvcc-12-8",
            "cuda-nvcc-12-9",
            "libcublas-12-9",
            "cccl-12-9",
            "cuda-toolkit-12-9-config-common",
            "cuda-toolkit-12-config-common",
            "cuda-toolkit-config-common",
            "python3-12-9",
            "cuda-12-9",
            "libnccl2",
            "bash",
        ]);
        let found = packages_of(&status, Release::new(12, 9));
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        assert_eq!(found, ["cccl-12-9", "cuda-nvcc-12-9", "cuda-toolkit-12-9-config-common", "libcublas-12-9"]);
        assert!(packages_of(&status, Release::new(13, 0)).is_empty());
    }

    #[test]
    fn the_last_one_takes_what_all_shared() {
        let status = status(&["cuda-nvcc-12-9", "cuda-toolkit-12-config-common", "cuda-toolkit-config-common"]);
        assert_eq!(packages_of(&status, Release::new(12, 9)).len(), 3);
    }
}
