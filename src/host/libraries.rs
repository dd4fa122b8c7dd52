//! Where libraries lie that a container gets of the host's driver. Nothing is loaded.

use super::root::Root;

/// Where container runtimes put them: the usual folders of distributions, NVIDIA's own, and that of WSL.
const FOLDERS: [&str; 8] = [
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
    "/lib64",
    "/usr/local/nvidia/lib64",
    "/usr/local/nvidia/lib",
    "/usr/lib/wsl/lib",
];

/// The path of a library in one of the folders of the system, or in one of `search`, which is as `LD_LIBRARY_PATH` is.
#[must_use]
pub fn find(root: &Root, name: &str, search: &str) -> Option<String> {
    system(root, name).or_else(|| {
        let folders = search.split(':').filter(|folder| folder.starts_with('/'));
        there(root, name, folders)
    })
}

/// The same in the folders of the system alone.
#[must_use]
pub fn system(root: &Root, name: &str) -> Option<String> {
    there(root, name, FOLDERS.into_iter())
}

fn there<'f>(root: &Root, name: &str, mut folders: impl Iterator<Item = &'f str>) -> Option<String> {
    let path = |folder: &str| format!("{}/{name}", folder.trim_end_matches('/'));
    folders.find(|folder| root.join(&path(folder)).exists()).map(path)
}
