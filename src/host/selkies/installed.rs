//! Which Selkies is installed, as far as the file system tells without running anything.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::host::root::Root;
use crate::model::stream::Generation;

/// Where the 1.6 generation is found in the images that have it: its start script, and the GStreamer that it brings.
const LEGACY: [&str; 3] =
    ["/usr/local/bin/selkies-gstreamer", "/usr/local/bin/selkies-gstreamer-run", "/opt/gstreamer"];
/// Where that generation's Python package lies.
const LEGACY_PYTHON: &str = "/usr/local/bin/python3";

/// An installed Selkies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Which of the two programs.
    pub generation: Generation,
    /// Its version, such as `2.1.0`; empty if it cannot be told.
    pub version: String,
    /// What tells this installation from a later one of the same version.
    pub stamp: String,
}

/// What is installed. `python` is where Selkies 2 should be. If both programs are there it is that one.
#[must_use]
pub fn installed(root: &Root, python: &str) -> Option<Installed> {
    if let Some((version, stamp)) = package(&root.join(python), "selkies-") {
        return Some(Installed { generation: Generation::Selkies, version, stamp });
    }
    LEGACY.iter().any(|path| root.join(path).exists()).then(|| {
        let (version, stamp) = package(&root.join(LEGACY_PYTHON), "selkies_gstreamer-").unwrap_or_default();
        Installed { generation: Generation::SelkiesGstreamer, version, stamp }
    })
}

/// The version of a Python package, by the folder that every installer leaves beside it (PEP 376), and the name and time
/// of that folder. `python` itself need not be there for the 1.6 generation, only its prefix.
fn package(python: &Path, beginning: &str) -> Option<(String, String)> {
    let libraries = python.parent()?.parent()?.join("lib");
    let pythons = names(&libraries).into_iter().filter(|path| named(path).starts_with("python3"));
    let packages = pythons.flat_map(|path| [path.join("site-packages"), path.join("dist-packages")]);
    let mut found = packages.flat_map(|path| names(&path)).filter_map(|path| {
        let version = named(&path).strip_prefix(beginning)?.strip_suffix(".dist-info")?.to_owned();
        let changed = path.metadata().and_then(|metadata| metadata.modified()).ok()?;
        let seconds = changed.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Some((version, format!("{} {seconds}", named(&path))))
    });
    found.next()
}

fn names(folder: &Path) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(folder).map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())).collect());
    let mut paths: Vec<PathBuf> = entries.unwrap_or_default();
    paths.sort();
    paths
}

fn named(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PYTHON: &str = "/opt/selkies/bin/python";

    fn tree(folders: &[&str]) -> (tempfile::TempDir, Root) {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        for path in folders {
            std::fs::create_dir_all(root.join(path)).expect("folder");
        }
        (folder, root)
    }

    fn told(folders: &[&str]) -> Option<(Generation, String)> {
        let (_folder, root) = tree(folders);
        installed(&root, PYTHON).map(|found| (found.generation, found.version))
    }

    #[test]
    fn both_generations_are_told_apart() {
        let two = "/opt/selkies/lib/python3.11/site-packages/selkies-2.1.0.dist-info";
        let one = "/usr/local/lib/python3.12/dist-packages/selkies_gstreamer-1.6.2.dist-info";
        let start = "/usr/local/bin/selkies-gstreamer";
        assert_eq!(told(&[]), None);
        assert_eq!(told(&["/opt/selkies/lib/python3.11/site-packages/pixelflux-1.0.dist-info"]), None);
        assert_eq!(told(&[two]), Some((Generation::Selkies, "2.1.0".into())));
        assert_eq!(told(&[two, one, start]), Some((Generation::Selkies, "2.1.0".into())));
        assert_eq!(told(&[one, start]), Some((Generation::SelkiesGstreamer, "1.6.2".into())));
        assert_eq!(told(&["/opt/gstreamer"]), Some((Generation::SelkiesGstreamer, String::new())));
    }

    #[test]
    fn another_installation_has_another_stamp() {
        let path = "/opt/selkies/lib/python3.11/site-packages/selkies-2.1.0.dist-info";
        let (_folder, root) = tree(&[path]);
        let before = installed(&root, PYTHON).expect("installed").stamp;
        let times = std::fs::FileTimes::new().set_modified(SystemTime::UNIX_EPOCH);
        std::fs::File::open(root.join(path)).and_then(|folder| folder.set_times(times)).expect("changed");
        assert_ne!(installed(&root, PYTHON).expect("installed").stamp, before);
    }
}
