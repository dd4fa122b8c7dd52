//! `desktopctl cuda with-compat`: one program with the forward compatibility libraries of a toolkit.
//!
//! Nobody has to be asked for that: the program is the caller's, and so is its environment.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::api::Error;
use crate::model::cuda::ToolkitVersion;
use crate::model::text::quoted;

const VARIABLE: &str = "LD_LIBRARY_PATH";

/// Becomes the program. Returns only where that is not possible.
pub(super) fn run(version: &str, command: &[OsString]) -> Error {
    let folder = match folder(Path::new("/"), version) {
        Ok(folder) => folder,
        Err(error) => return error,
    };
    let Some((program, arguments)) = command.split_first() else {
        return Error::InvalidSetting("Name the program behind two dashes.".into());
    };
    let path = search(&folder, std::env::var_os(VARIABLE).as_deref());
    let error = Command::new(program).args(arguments).env(VARIABLE, path).exec();
    Error::Unsupported(format!("{} cannot be run ({error}).", quoted(&program.to_string_lossy())))
}

/// Where the libraries of this toolkit are.
fn folder(root: &Path, version: &str) -> Result<PathBuf, Error> {
    let version: ToolkitVersion = version
        .parse()
        .map_err(|error: crate::model::cuda::VersionError| Error::InvalidSetting(format!("{error}.")))?;
    let folder = root.join(format!("usr/local/cuda-{}/compat", version.release));
    if folder.join("libcuda.so.1").exists() {
        return Ok(folder);
    }
    Err(Error::UnknownObject(format!(
        "There are no forward compatibility libraries in {}. `desktopctl cuda enable-compat {}` installs them where they \
         are of use.",
        folder.display(),
        version.release
    )))
}

/// They go before whatever is searched already.
fn search(folder: &Path, before: Option<&OsStr>) -> OsString {
    let mut path = folder.as_os_str().to_owned();
    if let Some(before) = before.filter(|before| !before.is_empty()) {
        path.push(":");
        path.push(before);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_libraries_that_are_there_are_used() {
        let root = tempfile::tempdir().expect("folder");
        assert!(matches!(folder(root.path(), "../../etc"), Err(Error::InvalidSetting(_))));
        assert!(matches!(folder(root.path(), "12.9"), Err(Error::UnknownObject(_))));
        let compat = root.path().join("usr/local/cuda-12.9/compat");
        std::fs::create_dir_all(&compat).expect("folder");
        std::fs::write(compat.join("libcuda.so.1"), "").expect("write");
        assert_eq!(folder(root.path(), "12.9.1").expect("there"), compat);
    }

    #[test]
    fn they_go_before_what_is_searched_already() {
        let found = |before: Option<&str>| search(Path::new("/c"), before.map(OsStr::new));
        assert_eq!([found(None), found(Some("")), found(Some("/a:/b"))], ["/c", "/c", "/c:/a:/b"]);
    }
}
