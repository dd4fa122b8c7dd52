//! How much room there is.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk {
    /// The same for all folders on it.
    pub id: u64,
    /// Bytes that are free for anybody.
    pub free: u64,
}

/// The file system that a folder is on or will be on: the nearest one above it that is there.
///
/// # Errors
/// It cannot be asked.
pub fn disk_of(folder: &Path) -> io::Result<Disk> {
    let there = folder.ancestors().find(|folder| folder.exists()).ok_or(io::ErrorKind::NotFound)?;
    let room = rustix::fs::statvfs(there)?;
    Ok(Disk { id: std::fs::metadata(there)?.dev(), free: room.f_bavail.saturating_mul(room.f_frsize) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_yet_is_on_the_disk_of_the_one_above() {
        let folder = tempfile::tempdir().expect("folder");
        let above = disk_of(folder.path()).expect("a disk");
        let below = disk_of(&folder.path().join("a/b/c")).expect("a disk");
        assert_eq!(above.id, below.id);
        assert!(above.free > 0);
    }
}
