//! A log as a file of the person's own.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// No file system takes longer names than 255 bytes, and a temporary one beside it must fit too.
const LONGEST_NAME: usize = 200;

/// The name that is offered: the service's, as far as a file may be called so.
pub(super) fn file_name(service: &str) -> String {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '@' | ' ');
    let mut name = String::new();
    for c in service.chars().map(|c| if allowed(c) { c } else { '-' }) {
        if name.len() + c.len_utf8() > LONGEST_NAME {
            break;
        }
        name.push(c);
    }
    // A dot in front would hide the file.
    format!("{}.log", name.trim_start_matches('.'))
}

/// Writes the file, whole or not at all. One that is replaced keeps its permissions.
pub(super) fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    // Where the file is a link, what it leads to is the file.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let permissions = match fs::metadata(&path) {
        Ok(about) if !about.is_file() => return Err(io::Error::other("it is no file")),
        Ok(about) => Some(about.permissions()),
        Err(_) => None,
    };
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut file = tempfile::Builder::new().permissions(Permissions::from_mode(0o666)).tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_has_a_file_name() {
        assert_eq!(file_name("x-server"), "x-server.log");
        assert_eq!(file_name("group:name"), "group-name.log");
        assert_eq!(file_name("../../etc/passwd"), "-..-etc-passwd.log");
        assert_eq!(file_name("a\0b\n\u{202e}c"), "a-b--c.log");
        assert_eq!(file_name("שירות"), "שירות.log");
        assert!(file_name(&"ש".repeat(500)).len() <= 255);
    }

    #[test]
    fn the_file_is_written_whole_or_stays_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        write_whole(&path, "one\n").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let link = folder.path().join("link.log");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write_whole(&link, "two\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(link.is_symlink());
        assert_eq!(write_whole(folder.path(), "x").unwrap_err().to_string(), "it is no file");
        assert!(write_whole(Path::new("/dev/null"), "x").is_err());
        assert!(write_whole(&folder.path().join("none/b.log"), "x").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left behind");
    }
}
