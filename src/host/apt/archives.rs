//! What was fetched: a folder of our own, so that nobody's clean-up takes it away before it is used, and so that what
//! dpkg will be given can be looked at as a whole.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use procfs::process::Process;

use super::child::{AptError, ask};
use crate::host::names;
use crate::host::root::Root;
use crate::model::install::control::paragraphs;
use crate::model::install::driver_package::sign_in_description;
use crate::model::install::transaction::Archive;

/// Where apt fetches to.
pub(super) const FOLDER: &str = "/var/cache/desktop-control/archives";
/// Names the repository that they are of.
const OF: &str = "repository";
/// What fetches for apt without root's rights; owner of what is half there.
const FETCHER: &str = "_apt";
/// dpkg-deb reads a gigabyte in less.
const LIMIT: Duration = Duration::from_mins(2);

/// See the module.
#[derive(Clone, Debug)]
pub struct Archives {
    root: Root,
}

impl Archives {
    /// In this tree.
    #[must_use]
    pub fn new(root: &Root) -> Self {
        Self { root: root.clone() }
    }

    /// The folder, as apt is told it.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.root.join(FOLDER)
    }

    /// Makes the folder as apt wants it.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn prepare(&self) -> io::Result<()> {
        let partial = self.folder().join("partial");
        std::fs::create_dir_all(&partial)?;
        // Without that user apt fetches as root, as it does everywhere then.
        if let Some(account) = names::account(FETCHER) {
            std::os::unix::fs::chown(&partial, Some(account.uid), Some(0))?;
        }
        std::fs::set_permissions(&partial, std::os::unix::fs::PermissionsExt::from_mode(0o700))
    }

    /// The same, for packages of this repository. What another one has brought goes: of a package that is there, apt
    /// looks at the size alone, and its own key would be no proof any more.
    ///
    /// # Errors
    /// It cannot be made, or what was there cannot be removed.
    pub fn prepare_for(&self, repository: &str) -> io::Result<()> {
        let of = format!("{FOLDER}/{OF}");
        if self.root.read(&of)?.as_deref() == Some(repository) {
            return self.prepare();
        }
        self.clear()?;
        self.prepare()?;
        self.root.write(&of, repository.as_bytes(), 0o644)
    }

    /// Bytes of packages that are there, half ones included.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let folders = [self.folder(), self.folder().join("partial")];
        let entries = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
        let packages = entries.filter(|entry| is_package(&entry.path()));
        let sizes = packages.filter_map(|entry| entry.metadata().ok()).filter(std::fs::Metadata::is_file);
        sizes.map(|metadata| metadata.len()).sum()
    }

    /// The whole packages that are there.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn packages(&self) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(self.folder())? {
            let path = entry?.path();
            if is_package(&path) {
                found.push(path);
            }
        }
        found.sort();
        Ok(found)
    }

    /// Removes all of it if nothing has come to it for so long. Whether there was anything.
    ///
    /// # Errors
    /// Something cannot be looked at or removed.
    pub fn clear_older(&self, age: Duration) -> io::Result<bool> {
        let partial = self.folder().join("partial");
        let mut newest = None;
        for folder in [self.folder(), partial] {
            let entries = match std::fs::read_dir(folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                entries => entries?,
            };
            for entry in entries {
                let metadata = entry?.metadata()?;
                // When it came here: apt gives a file the time that it has where it was fetched.
                newest = newest.max(metadata.is_file().then(|| metadata.ctime()));
            }
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let old = newest.is_some_and(|newest| now.saturating_sub(newest.try_into().unwrap_or(0)) >= age.as_secs());
        if old {
            self.clear()?;
        }
        Ok(old)
    }

    /// Removes all of it, half files included.
    ///
    /// # Errors
    /// Something cannot be removed.
    pub fn clear(&self) -> io::Result<()> {
        match std::fs::remove_dir_all(self.folder()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}

fn is_package(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "deb")
}

/// Looks into a package: its description, and the files that it would bring.
///
/// # Errors
/// It is no package, or dpkg-deb does not answer.
pub async fn look_into(package: &Path) -> Result<Archive, AptError> {
    let path = package.display().to_string();
    let broken = |what: &str| AptError::Cut {
        program: "dpkg-deb".into(),
        error: io::Error::new(io::ErrorKind::InvalidData, format!("{path}: {what}")),
    };
    let fields = ask("dpkg-deb", &["--field", &path], LIMIT).await?;
    let text = fields.text();
    let described = paragraphs(&text).next().filter(|_| fields.status.success()).ok_or_else(|| broken("no package"))?;
    let field = |name: &str| described.field(name).map(str::to_owned);
    let (name, version) = field("Package").zip(field("Version")).ok_or_else(|| broken("no name and version"))?;
    let names = |name: &str| described.folded(name).unwrap_or_default();
    let sign = sign_in_description(&name, described.field("Source"), &names("Provides"), &names("Replaces"));
    Ok(Archive { name, version, sign, files: files(&path).await? })
}

/// The list of check sums is small and lies in front; only where there is none the whole package is unpacked to see.
async fn files(path: &str) -> Result<Vec<String>, AptError> {
    let sums = ask("dpkg-deb", &["--info", path, "md5sums"], LIMIT).await?;
    if sums.status.success() {
        let text = sums.text();
        return Ok(text.lines().filter_map(|line| Some(line.split_once(' ')?.1.trim_start().to_owned())).collect());
    }
    let listed = ask("dpkg-deb", &["--contents", path], LIMIT).await?;
    let name = |line: &str| {
        let path = line.split_once(" ./")?.1;
        Some(path.split(" -> ").next().unwrap_or(path).to_owned())
    };
    Ok(listed.text().lines().filter_map(name).collect())
}

/// Files that somebody has mounted into this container, such as the host's driver.
#[must_use]
pub fn injected_files() -> BTreeSet<String> {
    let mounts = Process::myself().and_then(|process| process.mountinfo());
    let mounts = mounts.map(|mounts| mounts.0).unwrap_or_default();
    mounts
        .into_iter()
        .map(|mount| mount.mount_point)
        .filter(|path| !path.is_dir())
        .map(|path| path.display().to_string())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[tokio::test]
    async fn a_package_is_looked_into_with_and_without_check_sums() {
        let folder = tempfile::tempdir().expect("folder");
        let tree = folder.path().join("tree");
        std::fs::create_dir_all(tree.join("DEBIAN")).expect("folder");
        std::fs::create_dir_all(tree.join("usr/lib")).expect("folder");
        std::fs::write(tree.join("usr/lib/libcuda.so.1"), "x").expect("write");
        let control = "Package: gpu\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b.invalid>\nProvides: b,\n libcuda1\nDescription: x\n";
        std::fs::write(tree.join("DEBIAN/control"), control).expect("write");
        let file = folder.path().join("gpu.deb");
        for sums in [None, Some("d41d8cd98f00b204e9800998ecf8427e  usr/lib/libcuda.so.1\n")] {
            if let Some(sums) = sums {
                std::fs::write(tree.join("DEBIAN/md5sums"), sums).expect("write");
            }
            let built = std::process::Command::new("dpkg-deb").arg("--build").arg(&tree).arg(&file).output();
            assert!(built.expect("dpkg-deb").status.success());
            let archive = look_into(&file).await.expect("a package");
            assert_eq!((archive.name.as_str(), archive.version.as_str()), ("gpu", "1"));
            assert!(archive.sign.is_some(), "{archive:?}");
            assert!(archive.files.contains(&"usr/lib/libcuda.so.1".to_owned()), "{archive:?}");
        }
        std::fs::write(&file, "no package").expect("write");
        assert!(look_into(&file).await.is_err());
    }

    #[test]
    fn what_another_repository_has_brought_is_not_used() {
        let folder = tempfile::tempdir().expect("folder");
        let archives = Archives::new(&Root::new(folder.path()));
        let fetch = || std::fs::write(archives.folder().join("a_1_all.deb"), [0; 10]).expect("write");
        archives.prepare().expect("made");
        fetch();
        archives.prepare_for("http://a").expect("made");
        assert_eq!(archives.bytes(), 0, "nobody knows of which one it was");
        fetch();
        archives.prepare_for("http://a").expect("made");
        assert_eq!(archives.bytes(), 10, "the next attempt goes on there");
        archives.prepare_for("http://b").expect("made");
        assert_eq!(archives.bytes(), 0);
    }

    #[test]
    fn the_bytes_of_half_files_count() {
        let folder = tempfile::tempdir().expect("folder");
        let archives = Archives::new(&Root::new(folder.path()));
        assert_eq!(archives.bytes(), 0);
        archives.prepare().expect("made");
        std::fs::write(archives.folder().join("a_1_all.deb"), [0; 10]).expect("write");
        std::fs::write(archives.folder().join("partial/b_1_all.deb"), [0; 5]).expect("write");
        assert_eq!(archives.bytes(), 15);
        assert_eq!(archives.packages().expect("list").len(), 1);
        let old = File::options().write(true).open(archives.folder().join("a_1_all.deb")).expect("open");
        old.set_modified(SystemTime::UNIX_EPOCH).expect("as where it was fetched");
        assert!(!archives.clear_older(Duration::from_hours(1)).expect("looked at"), "it has just come");
        assert_eq!(archives.bytes(), 15);
        assert!(archives.clear_older(Duration::ZERO).expect("removed"));
        assert_eq!(archives.bytes(), 0);
        assert!(!archives.clear_older(Duration::ZERO).expect("nothing is there"));
        archives.prepare().expect("made");
        std::fs::write(archives.folder().join("a_1_all.deb"), [0; 10]).expect("write");
        archives.clear().expect("removed");
        assert_eq!(archives.bytes(), 0);
        archives.clear().expect("nothing to remove is no error");
    }
}
