//! Pushes from the kernel: what makes another look at CUDA worth while.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use futures_util::StreamExt;
use inotify::{EventMask, EventStream, Inotify, WatchDescriptor, WatchMask, Watches};
use tokio::time::{Duration, Instant};

use super::compat::CONFIGURATION;
use super::toolkits::{PREFIX, folders};
use crate::host::root::Root;

/// It is looked once nothing has happened for so long,
const QUIET: Duration = Duration::from_secs(1);
/// or while things go on happening, as when packages are installed, after so long.
const LONGEST: Duration = Duration::from_secs(10);

/// Folders that always are, and the beginnings of the names in them that matter. The loader's cache is written last when
/// its configuration has changed.
const PLACES: [(&str, &[&str]); 5] = [
    (PREFIX, &["cuda"]),
    ("/etc/alternatives", &["cuda", "gcc"]),
    ("/var/lib/dpkg", &["status"]),
    ("/etc", &["ld.so.cache"]),
    (CONFIGURATION, &[""]),
];

/// See the module.
pub struct Changes {
    root: Root,
    stream: EventStream<[u8; 4096]>,
    watches: Watches,
    /// What each watch is about; none where every name matters.
    watched: HashMap<WatchDescriptor, Option<&'static [&'static str]>>,
}

impl std::fmt::Debug for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Changes").field("watched", &self.watched.len()).finish_non_exhaustive()
    }
}

impl Changes {
    /// Begins to watch. What happens from now on is told by [`Self::next`].
    ///
    /// # Errors
    /// The kernel has no watch left.
    pub fn watch(root: &Root) -> io::Result<Self> {
        let inotify = Inotify::init()?;
        let watches = inotify.watches();
        let stream = inotify.into_event_stream([0; 4096])?;
        let mut changes = Self { root: root.clone(), stream, watches, watched: HashMap::new() };
        for (folder, names) in PLACES {
            changes.add(&root.join(folder), Some(names))?;
        }
        changes.follow()?;
        Ok(changes)
    }

    /// Watches the toolkits that are there now, too.
    fn follow(&mut self) -> io::Result<()> {
        for path in folders(&self.root) {
            for folder in [path.clone(), format!("{path}/bin"), format!("{path}/compat")] {
                self.add(&self.root.join(&folder), None)?;
            }
        }
        Ok(())
    }

    /// A folder that is not there is no error: what it stands in is watched.
    fn add(&mut self, folder: &Path, names: Option<&'static [&'static str]>) -> io::Result<()> {
        let mask = WatchMask::CREATE
            | WatchMask::DELETE
            | WatchMask::MOVE
            | WatchMask::CLOSE_WRITE
            | WatchMask::ATTRIB
            | WatchMask::ONLYDIR;
        match self.watches.add(folder, mask) {
            Ok(watch) => {
                self.watched.insert(watch, names);
                Ok(())
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Waits until something has happened and it is quiet again. Whoever stops waiting has to look, and may wait again.
    ///
    /// # Errors
    /// The kernel tells no more.
    pub async fn next(&mut self) -> io::Result<()> {
        // A wait that was broken off may have seen a toolkit come.
        self.follow()?;
        while !self.event().await? {}
        let longest = Instant::now() + LONGEST;
        let mut quiet = Instant::now() + QUIET;
        while let Ok(matters) = tokio::time::timeout_at(quiet.min(longest), self.event()).await {
            if matters? {
                quiet = Instant::now() + QUIET;
            }
        }
        self.follow()
    }

    /// Waits for an event; whether it matters.
    async fn event(&mut self) -> io::Result<bool> {
        let event = self.stream.next().await.ok_or(io::ErrorKind::UnexpectedEof)??;
        if event.mask.contains(EventMask::IGNORED) {
            self.watched.remove(&event.wd);
            return Ok(true);
        }
        let Some(Some(names)) = self.watched.get(&event.wd) else { return Ok(true) };
        let name = event.name.as_ref().map(|name| name.to_string_lossy()).unwrap_or_default();
        Ok(names.iter().any(|start| name.starts_with(start)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> (tempfile::TempDir, Root) {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        for folder in ["/usr/local", "/etc/alternatives", "/var/lib/dpkg"] {
            std::fs::create_dir_all(root.join(folder)).expect("folder");
        }
        (folder, root)
    }

    async fn is_told(changes: &mut Changes) -> bool {
        tokio::time::timeout(Duration::from_secs(4), changes.next()).await.is_ok_and(|told| told.is_ok())
    }

    #[tokio::test]
    async fn a_toolkit_that_came_while_a_wait_was_broken_off_is_watched() {
        let (_folder, root) = tree();
        let mut changes = Changes::watch(&root).expect("a watch");
        root.write("/usr/local/cuda-12.9/version.json", b"", 0o644).expect("written");
        let broken_off = tokio::time::timeout(Duration::from_millis(200), changes.next()).await;
        assert!(broken_off.is_err(), "it is not quiet yet");
        assert!(!is_told(&mut changes).await, "nothing since");
        root.write("/usr/local/cuda-12.9/bin/nvcc", b"", 0o755).expect("written");
        assert!(is_told(&mut changes).await);
    }

    #[tokio::test]
    async fn what_matters_is_told_once_and_nothing_else_is() {
        let (_folder, root) = tree();
        let mut changes = Changes::watch(&root).expect("a watch");
        root.write("/usr/local/share/x", b"", 0o644).expect("written");
        root.write("/etc/passwd", b"", 0o644).expect("written");
        root.write("/var/lib/dpkg/lock", b"", 0o644).expect("written");
        assert!(!is_told(&mut changes).await, "none of our business");
        for path in ["/var/lib/dpkg/status", "/usr/local/cuda-12.9/version.json", "/etc/ld.so.cache"] {
            root.write(path, b"", 0o644).expect("written");
            assert!(is_told(&mut changes).await, "{path}");
        }
        assert!(!is_told(&mut changes).await, "once");
        // Inside a toolkit that was not there at the beginning.
        root.write("/usr/local/cuda-12.9/bin/nvcc", b"", 0o755).expect("written");
        assert!(is_told(&mut changes).await);
        std::fs::remove_file(root.join("/usr/local/cuda-12.9/bin/nvcc")).expect("removed");
        assert!(is_told(&mut changes).await);
        std::fs::remove_dir_all(root.join("/usr/local/cuda-12.9")).expect("removed");
        assert!(is_told(&mut changes).await);
    }
}
