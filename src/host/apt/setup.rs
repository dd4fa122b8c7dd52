//! The default toolkit: `/usr/local/cuda`, and where the loader looks.
//!
//! Scripts at the start of some images pick `/usr/local/cuda` anew, delete every `*cuda*` file of the loader's and every
//! line in the others that mentions it. So what was chosen is kept in a file of ours and applied again, and the loader
//! is led by a path without that word.

use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::child::{AptError, ask};
use crate::host::root::Root;
use crate::model::cuda::Release;

const LINK: &str = "/usr/local/cuda";
const CHOICE: &str = "/var/lib/desktop-control/default-toolkit";
/// Leads to the libraries of the default. No part of it may be the word that boot scripts look for.
const LIBRARIES: &str = "/usr/local/lib/desktop-control-toolkit";
const LOADER: &str = "/etc/ld.so.conf.d/00-desktop-control-toolkit.conf";
const LIMIT: Duration = Duration::from_mins(1);

/// Where `/usr/local/cuda` leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// Nothing is there.
    None,
    /// To a toolkit.
    Toolkit(Release),
    /// Somewhere else.
    Elsewhere(PathBuf),
    /// It is no link but a folder.
    Folder,
}

/// The default as it was chosen and as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultToolkit {
    /// What was chosen here; none: nobody has.
    pub chosen: Option<Release>,
    /// What is in force.
    pub link: Link,
}

/// Why a toolkit did not become the default.
#[derive(Debug, thiserror::Error)]
pub enum DefaultError {
    /// It is not there.
    #[error("there is no {0}")]
    Missing(String),
    /// A real folder is in the way.
    #[error("{LINK} is a folder and no link; move it away, then try again")]
    Folder,
    /// A file cannot be changed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A program does not answer.
    #[error(transparent)]
    Apt(#[from] AptError),
}

/// What the default is.
#[must_use]
pub fn current_default(root: &Root) -> DefaultToolkit {
    let chosen = root.read(CHOICE).ok().flatten().and_then(|text| text.trim().parse().ok());
    let path = root.join(LINK);
    let link = match std::fs::symlink_metadata(&path) {
        Err(_) => Link::None,
        Ok(metadata) if !metadata.is_symlink() => Link::Folder,
        Ok(_) => {
            let target = path.canonicalize().unwrap_or_else(|_| path.read_link().unwrap_or_default());
            let name = target.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix("cuda-"));
            let release = name.and_then(|name| name.parse().ok());
            release.map_or(Link::Elsewhere(target), Link::Toolkit)
        }
    };
    DefaultToolkit { chosen, link }
}

/// Makes a toolkit the default, or none.
///
/// # Errors
/// See [`DefaultError`].
pub async fn make_default(root: &Root, release: Option<Release>) -> Result<(), DefaultError> {
    if current_default(root).link == Link::Folder {
        return Err(DefaultError::Folder);
    }
    let Some(release) = release else { return forget(root).await };
    let prefix = format!("{LINK}-{release}");
    if !root.join(&prefix).is_dir() {
        return Err(DefaultError::Missing(prefix));
    }
    root.write(CHOICE, format!("{release}\n").as_bytes(), 0o644)?;
    // Where NVIDIA's packages have registered it, it is theirs to set; then later installations leave it alone, too.
    let registered = ask("update-alternatives", &["--query", "cuda"], LIMIT).await?;
    let is_registered = registered.text().lines().any(|line| line == format!("Alternative: {prefix}"));
    if is_registered {
        ask("update-alternatives", &["--set", "cuda", &prefix], LIMIT).await?;
    }
    if current_default(root).link != Link::Toolkit(release) {
        replace_link(&root.join(LINK), Path::new(&prefix))?;
    }
    set_up_loader(root, &prefix)?;
    refresh_loader().await?;
    Ok(())
}

async fn forget(root: &Root) -> Result<(), DefaultError> {
    root.remove(CHOICE)?;
    root.remove(LOADER)?;
    root.remove(LIBRARIES)?;
    let dangling =
        matches!(current_default(root).link, Link::Toolkit(_) | Link::Elsewhere(_)) && !root.join(LINK).exists();
    if dangling {
        root.remove(LINK)?;
    }
    refresh_loader().await?;
    Ok(())
}

/// The libraries lie below `targets`, in a folder named after the machine; older and partial toolkits have `lib64`.
fn set_up_loader(root: &Root, prefix: &str) -> io::Result<()> {
    const PLACES: [&str; 3] = ["targets/x86_64-linux/lib", "targets/sbsa-linux/lib", "lib64"];
    let place = PLACES.iter().find(|place| root.join(&format!("{prefix}/{place}")).is_dir()).unwrap_or(&PLACES[0]);
    replace_link(&root.join(LIBRARIES), Path::new(&format!("{prefix}/{place}")))?;
    let text = format!("# Written by Desktop Control: the libraries of the default toolkit.\n{LIBRARIES}\n");
    root.write(LOADER, text.as_bytes(), 0o644)
}

/// A link is there at every moment: a new one is renamed over the old.
fn replace_link(link: &Path, target: &Path) -> io::Result<()> {
    if link.read_link().is_ok_and(|old| old == target) {
        return Ok(());
    }
    let folder = link.parent().ok_or(io::ErrorKind::InvalidInput)?;
    std::fs::create_dir_all(folder)?;
    let new = folder.join(format!(".desktop-control-{}", std::process::id()));
    let _ = std::fs::remove_file(&new);
    symlink(target, &new)?;
    std::fs::rename(&new, link).inspect_err(|_| drop(std::fs::remove_file(&new)))
}

/// Makes the loader read its configuration.
///
/// # Errors
/// ldconfig does not answer.
pub async fn refresh_loader() -> Result<(), AptError> {
    ask("ldconfig", &[], LIMIT).await.map(drop)
}

/// Where the loader finds a library, with all links followed.
///
/// # Errors
/// ldconfig does not answer.
pub async fn loader_finds(library: &str) -> Result<Vec<PathBuf>, AptError> {
    let said = ask("ldconfig", &["-p"], LIMIT).await?;
    let path = |line: &str| {
        let (name, path) = line.trim().split_once(" => ")?;
        let name = name.split(' ').next()?;
        (name == library || name.strip_prefix(library).is_some_and(|rest| rest.starts_with('.')))
            .then(|| PathBuf::from(path))
    };
    let found = said.text().lines().filter_map(path).map(|path| path.canonicalize().unwrap_or(path)).collect();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_told_as_it_is() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        assert_eq!(current_default(&root).link, Link::None);
        std::fs::create_dir_all(root.join("/usr/local/cuda-12.9/lib64")).expect("folder");
        std::fs::create_dir_all(root.join("/usr/local/other")).expect("folder");
        let link = root.join(LINK);
        replace_link(&link, &root.join("/usr/local/cuda-12.9")).expect("linked");
        assert_eq!(current_default(&root).link, Link::Toolkit(Release::new(12, 9)));
        replace_link(&link, &root.join("/usr/local/other")).expect("linked anew");
        assert!(matches!(current_default(&root).link, Link::Elsewhere(_)));
        std::fs::remove_file(&link).expect("removed");
        std::fs::create_dir(&link).expect("folder");
        assert_eq!(current_default(&root).link, Link::Folder);
        assert_eq!(std::fs::read_dir(root.join("/usr/local")).expect("list").count(), 3, "no leftovers");
    }

    #[test]
    fn boot_scripts_find_nothing_of_ours_to_delete() {
        assert!(!LOADER.contains("cuda") && !LIBRARIES.contains("cuda"));
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        set_up_loader(&root, "/usr/local/cuda-12.9").expect("written");
        let text = root.read(LOADER).expect("readable").expect("there");
        assert!(!text.contains("cuda"), "{text}");
    }
}
