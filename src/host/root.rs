//! The file tree that the daemon works on. The only place that knows where things stand in it.

use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The root of every system path: `/` in the product, a folder of its own in a test.
#[derive(Clone, Debug)]
pub struct Root(PathBuf);

/// No file that we read whole is larger than this, in bytes.
const MAX_FILE: u64 = 4 * 1024 * 1024;

impl Root {
    /// A tree that starts at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// `path` (absolute) inside this tree.
    #[must_use]
    pub fn join(&self, path: &str) -> PathBuf {
        self.0.join(path.trim_start_matches('/'))
    }

    /// Reads a text file; none if it does not exist.
    ///
    /// # Errors
    /// It cannot be read, is not UTF-8 or is larger than 4 MiB.
    pub fn read(&self, path: &str) -> io::Result<Option<String>> {
        match read_bounded(&self.join(path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            other => other.map(Some),
        }
    }

    /// Reads every `*.toml` directly inside `folder`, sorted by name: the path and the text, or the reason why not.
    /// A folder that is not there holds nothing.
    #[must_use]
    pub fn read_toml_folder(&self, folder: &str) -> Vec<(String, io::Result<String>)> {
        let Ok(entries) = std::fs::read_dir(self.join(folder)) else { return Vec::new() };
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
        paths.sort();
        paths.into_iter().map(|path| (path.display().to_string(), read_bounded(&path))).collect()
    }

    /// Writes a file whole or not at all: a new file beside it is filled, flushed to disk and renamed over it.
    /// Missing folders are made.
    ///
    /// # Errors
    /// Any step failed; then the old file is still there, untouched.
    pub fn write(&self, path: &str, contents: &[u8], mode: u32) -> io::Result<()> {
        let path = self.join(path);
        let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(mode))?;
        file.write_all(contents)?;
        file.as_file().sync_all()?;
        file.persist(&path)?;
        std::fs::File::open(folder)?.sync_all()
    }

    /// Removes a file for good. One that is not there is no error.
    ///
    /// # Errors
    /// It cannot be removed; then it is still there.
    pub fn remove(&self, path: &str) -> io::Result<()> {
        let path = self.join(path);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        }
        path.parent().map_or(Ok(()), |folder| std::fs::File::open(folder)?.sync_all())
    }
}

fn read_bounded(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = std::fs::File::open(path)?.take(MAX_FILE + 1).read_to_string(&mut text)?;
    if read as u64 > MAX_FILE { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_fails_leaves_the_old_file() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        root.write("/var/x", b"old", 0o600).expect("first write");
        // A folder in the place of the file makes the rename fail, after everything before it went well.
        std::fs::create_dir_all(folder.path().join("var/y/z")).expect("folder");
        root.write("/var/y", b"new", 0o600).expect_err("a folder is in the way");
        assert_eq!(root.read("/var/x").expect("readable").as_deref(), Some("old"));
        assert_eq!(std::fs::read_dir(folder.path().join("var")).expect("list").count(), 2, "no leftovers");
    }

    #[test]
    fn modes_are_exact() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        root.write("/a/b", b"", 0o640).expect("write");
        let mode = std::fs::metadata(folder.path().join("a/b")).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
    }

    #[test]
    fn what_is_not_there_is_none_and_what_is_too_large_is_refused() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        assert_eq!(root.read("/nowhere").expect("no error"), None);
        let large = vec![b'x'; usize::try_from(MAX_FILE).expect("fits") + 1];
        root.write("/large", &large, 0o600).expect("write");
        assert_eq!(root.read("/large").expect_err("too large").kind(), io::ErrorKind::FileTooLarge);
    }
}
