//! One marked block at the end of the workspace's `.env`, where the service's wrapper is not ours.
//!
//! The file belongs to the desktop user, and so does its folder: nothing is read or written through a symbolic link,
//! and the new file gets the owner and the mode of the old one. What is outside the block is never touched.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, Gid, Mode, OFlags, ResolveFlags, Uid};

use crate::host::root::Root;
use crate::model::settings_text;

pub(super) const BEGIN: &str = "# >>> desktop-control: settings of the stream, written by desktop-controld";
pub(super) const END: &str = "# <<< desktop-control";
/// No `.env` is larger, in bytes.
const MAX: u64 = 1024 * 1024;
/// The bytes before the first change of ours, for whoever wants them back.
const SAVED: &str = "/var/lib/desktop-control/env-file.saved";

pub(super) fn read(root: &Root, path: &str) -> io::Result<BTreeMap<String, String>> {
    let Some(file) = EnvFile::open(&root.join(path))? else { return Ok(BTreeMap::new()) };
    let (_, block) = split(&file.text)?;
    settings_text::parse(&block).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

pub(super) fn write(root: &Root, path: &str, settings: &BTreeMap<String, String>) -> io::Result<()> {
    let full = root.join(path);
    let file = EnvFile::open(&full)?;
    let text = file.as_ref().map_or("", |file| file.text.as_str());
    let (rest, _) = split(text)?;
    if root.read(SAVED)?.is_none() {
        root.write(SAVED, text.as_bytes(), 0o600)?;
    }
    let new = with_block(&rest, settings);
    match file {
        Some(file) => file.replace(&new),
        None if settings.is_empty() => Ok(()),
        None => EnvFile::create(&full, &new),
    }
}

/// What stands outside the block, and what inside.
fn split(text: &str) -> io::Result<(String, String)> {
    let (mut outside, mut inside, mut within) = (String::new(), String::new(), false);
    for line in text.split_inclusive('\n') {
        match line.trim_end_matches('\n') {
            BEGIN if !within => within = true,
            END if within => within = false,
            _ if within => inside += line,
            _ => outside += line,
        }
    }
    if within {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "our block in it has lost its end"));
    }
    Ok((outside, inside))
}

fn with_block(rest: &str, settings: &BTreeMap<String, String>) -> String {
    if settings.is_empty() {
        return rest.to_owned();
    }
    let newline = if rest.is_empty() || rest.ends_with('\n') { "" } else { "\n" };
    format!("{rest}{newline}{BEGIN}\n{}{END}\n", settings_text::render(settings))
}

/// The file, held together with its folder so that neither can be exchanged meanwhile.
struct EnvFile {
    folder: OwnedFd,
    name: std::ffi::OsString,
    text: String,
    mode: Mode,
    owner: (Uid, Gid),
}

impl EnvFile {
    fn open(path: &Path) -> io::Result<Option<Self>> {
        let (folder, name) = match open_folder(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = match rustix::fs::openat(&folder, name, flags, Mode::empty()) {
            Err(rustix::io::Errno::NOENT) => return Ok(None),
            Err(rustix::io::Errno::LOOP) => return Err(io::Error::other("it is a symbolic link")),
            other => other?,
        };
        let stat = rustix::fs::fstat(&file)?;
        let kind = rustix::fs::FileType::from_raw_mode(stat.st_mode);
        if kind != rustix::fs::FileType::RegularFile || stat.st_nlink != 1 {
            return Err(io::Error::other("it is not a plain file of its own"));
        }
        let mut text = String::new();
        std::fs::File::from(file).take(MAX + 1).read_to_string(&mut text)?;
        if text.len() as u64 > MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let owner = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
        Ok(Some(Self { name: name.to_owned(), folder, text, mode: Mode::from_raw_mode(stat.st_mode), owner }))
    }

    /// A file that was not there gets the owner of its folder.
    fn create(path: &Path, text: &str) -> io::Result<()> {
        let (folder, name) = open_folder(path)?;
        let stat = rustix::fs::fstat(&folder)?;
        let owner = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
        let mode = Mode::from_raw_mode(0o644);
        Self { name: name.to_owned(), folder, text: String::new(), mode, owner }.replace(text)
    }

    fn replace(self, text: &str) -> io::Result<()> {
        let temporary = format!(".desktop-control-{}", std::process::id());
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        // What a killed daemon left.
        let _ = rustix::fs::unlinkat(&self.folder, &temporary, AtFlags::empty());
        let file = rustix::fs::openat(&self.folder, &temporary, flags, Mode::from_raw_mode(0o600))?;
        let written = self.fill(&mut file.into(), text).and_then(|()| {
            rustix::fs::renameat(&self.folder, &temporary, &self.folder, &self.name)?;
            Ok(rustix::fs::fsync(&self.folder)?)
        });
        if written.is_err() {
            let _ = rustix::fs::unlinkat(&self.folder, &temporary, AtFlags::empty());
        }
        written
    }

    fn fill(&self, file: &mut std::fs::File, text: &str) -> io::Result<()> {
        file.write_all(text.as_bytes())?;
        rustix::fs::fchown(&*file, Some(self.owner.0), Some(self.owner.1))?;
        rustix::fs::fchmod(&*file, self.mode)?;
        file.sync_all()
    }
}

/// The folder that holds `path`, reached through no symbolic link, and the last part of the name. Linux 5.6.
fn open_folder(path: &Path) -> io::Result<(OwnedFd, &OsStr)> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = rustix::fs::openat2(rustix::fs::CWD, folder, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS);
    match folder {
        Err(rustix::io::Errno::LOOP) => Err(io::Error::other("a folder on the way to it is a symbolic link")),
        other => Ok((other?, name)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const PATH: &str = "/workspace/.env";

    fn settings(value: &str) -> BTreeMap<String, String> {
        BTreeMap::from([("SELKIES_ENCODER".to_owned(), value.to_owned())])
    }

    fn root(text: Option<&str>) -> (tempfile::TempDir, Root) {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        std::fs::create_dir(root.join("/workspace")).expect("folder");
        if let Some(text) = text {
            std::fs::write(root.join(PATH), text).expect("written");
        }
        (folder, root)
    }

    #[test]
    fn what_is_outside_the_block_stays_to_the_byte() {
        for text in ["", "A=1\n", "A=1", "# >>> something else\nexport B=\"$(date)\"\n\n\n"] {
            let (_folder, root) = root(Some(text));
            std::fs::set_permissions(root.join(PATH), std::fs::Permissions::from_mode(0o640)).expect("mode");
            write(&root, PATH, &settings("jpeg")).expect("written");
            write(&root, PATH, &settings("it's")).expect("written again");
            assert_eq!(read(&root, PATH).expect("readable"), settings("it's"));
            let now = root.read(PATH).expect("readable").expect("there");
            assert!(now.starts_with(text) && now.matches(BEGIN).count() == 1, "{now}");
            write(&root, PATH, &BTreeMap::new()).expect("removed");
            let now = root.read(PATH).expect("readable").expect("there");
            assert_eq!(now.trim_end_matches('\n'), text.trim_end_matches('\n'));
            let mode = std::fs::metadata(root.join(PATH)).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o640);
            assert_eq!(root.read(SAVED).expect("readable").as_deref(), Some(text));
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_made_only_when_needed() {
        let (_folder, root) = root(None);
        write(&root, PATH, &BTreeMap::new()).expect("nothing to do");
        assert!(!root.join(PATH).exists());
        write(&root, PATH, &settings("jpeg")).expect("written");
        assert_eq!(read(&root, PATH).expect("readable"), settings("jpeg"));
    }

    #[test]
    fn links_are_never_followed() {
        let (_folder, root) = root(None);
        std::fs::write(root.join("/passwd"), "root").expect("written");
        std::os::unix::fs::symlink(root.join("/passwd"), root.join(PATH)).expect("link");
        write(&root, PATH, &settings("jpeg")).expect_err("a link");
        std::fs::remove_file(root.join(PATH)).expect("removed");
        std::fs::hard_link(root.join("/passwd"), root.join(PATH)).expect("hard link");
        write(&root, PATH, &settings("jpeg")).expect_err("another name of the same file");
        std::fs::remove_dir_all(root.join("/workspace")).expect("removed");
        std::os::unix::fs::symlink("/", root.join("/workspace")).expect("link");
        write(&root, PATH, &settings("jpeg")).expect_err("a link on the way");
        assert_eq!(std::fs::read_to_string(root.join("/passwd")).expect("there"), "root");
    }

    #[test]
    fn a_block_without_an_end_is_not_guessed_at() {
        let text = format!("A=1\n{BEGIN}\nSELKIES_ENCODER='x'\nB=2\n");
        let (_folder, root) = root(Some(&text));
        write(&root, PATH, &settings("jpeg")).expect_err("where does it end?");
        assert_eq!(root.read(PATH).expect("readable"), Some(text));
    }
}
