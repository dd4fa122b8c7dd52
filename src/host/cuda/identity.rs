//! Whether the libraries that would be asked are still those that were: asking wakes every GPU.

use std::os::unix::fs::MetadataExt;

use super::LIBRARY;
use crate::host::libraries;
use crate::host::root::Root;

/// What the loader looks into first.
const LOADER_CACHE: &str = "/etc/ld.so.cache";

/// What tells one file from another, also where it was written anew under its name.
type Mark = (u64, u64, i64, i64, u64);

/// The files on which the answers of libraries depend, as they are now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity(Vec<(String, Option<Mark>)>);

impl Identity {
    /// Of the driver's own library, the loader's cache, the folders of `search`, which is as `LD_LIBRARY_PATH` is, and
    /// these libraries.
    #[must_use]
    pub fn of<'p>(root: &Root, search: &str, others: impl Iterator<Item = &'p str>) -> Self {
        let mark = |path: &str| {
            let found = std::fs::metadata(root.join(path)).ok()?;
            Some((found.dev(), found.ino(), found.mtime(), found.mtime_nsec(), found.size()))
        };
        let own = libraries::system(root, LIBRARY);
        let searched = search.split(':').filter(|folder| folder.starts_with('/'));
        let searched = searched.map(|folder| format!("{folder}/{LIBRARY}"));
        let paths = own.into_iter().chain([LOADER_CACHE.to_owned()]).chain(searched).chain(others.map(str::to_owned));
        let marked = |path: String| {
            let mark = mark(&path);
            (path, mark)
        };
        Self(paths.map(marked).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_could_change_an_answer_counts() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        let identity =
            || Identity::of(&root, "/opt/a:relative", ["/usr/local/cuda-13.1/compat/libcuda.so.1"].into_iter());
        let mut before = identity();
        for path in [
            "/usr/lib/libcuda.so.1",
            "/etc/ld.so.cache",
            "/opt/a/libcuda.so.1",
            "/usr/local/cuda-13.1/compat/libcuda.so.1",
        ] {
            for text in [&b"old"[..], b"newer"] {
                root.write(path, text, 0o644).expect("written");
                assert_ne!(identity(), before, "{path}");
                before = identity();
            }
        }
        root.write("/var/lib/dpkg/status", b"", 0o644).expect("written");
        assert_eq!(identity(), before);
    }
}
