//! A folder in which nobody may write, and programs can be run: not every `/run` and `/tmp` allows that.

use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use super::child::NOBODY;
use crate::host::root::Root;

const FOLDER: &str = "/var/cache/desktop-control/scratch";

/// See the module. It goes with this.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes it anew with one file in it; whoever was killed here has left one behind. The folder is given away last: until
    /// then nobody can lead us elsewhere.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn with(root: &Root, file: &str, text: &str) -> io::Result<Self> {
        let path = root.join(FOLDER);
        match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        std::fs::create_dir_all(&path)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700))?;
        std::fs::write(path.join(file), text)?;
        if rustix::process::geteuid().is_root() {
            chown(&path, Some(NOBODY), Some(NOBODY))?;
        }
        Ok(Self(path))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
