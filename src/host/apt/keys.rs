//! Keys of repositories: those that are fetched, those that an operator has put somewhere, those that apt trusts.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};

use super::child::{AptError, ask};
use super::sources::HELPER;
use crate::host::root::Root;
use crate::model::install::mirror::MOST_KEY;
use crate::model::install::openpgp::fingerprints;
use crate::model::install::signer::Signer;

/// What the system trusts for repositories that name no key.
const TRUSTED: &str = "/etc/apt/trusted.gpg";
const TRUSTED_PARTS: &str = "/etc/apt/trusted.gpg.d";
const FETCH: Duration = Duration::from_mins(2);

/// Fetches a key with apt's own means, and so by its proxies. It is not looked at yet.
///
/// # Errors
/// apt's helper does not answer. One that fails has said why.
pub async fn fetch_key(root: &Root, url: &str) -> Result<Result<Vec<u8>, String>, AptError> {
    let file = root.join("/run/desktop-control/install/key");
    let cut = |error| AptError::Cut { program: "apt-helper".into(), error };
    let _ = std::fs::remove_file(&file);
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(cut)?;
    }
    let said = ask(HELPER, &["download-file", url, &file.display().to_string()], FETCH).await?;
    if !said.status.success() {
        return Ok(Err(said.everything()));
    }
    let key = read_bounded(&file).map_err(cut)?;
    let _ = std::fs::remove_file(&file);
    Ok(Ok(key))
}

/// Reads a key that an operator has put somewhere.
///
/// # Errors
/// It cannot be read or is too large.
pub fn read_key(root: &Root, path: &str) -> io::Result<Vec<u8>> {
    read_bounded(&root.join(path))
}

/// The fingerprints of all keys whose signature apt takes for an entry.
///
/// # Errors
/// One sentence without its full stop: which file holds no key that can be read. What the system trusts besides is no
/// error.
pub fn signing_keys(root: &Root, signer: &Signer) -> Result<Vec<String>, String> {
    if let Some(key) = &signer.written {
        return fingerprints(key.as_bytes()).map_err(|error| format!("the key in the entry: {error}"));
    }
    if signer.is_anyone() {
        let read = |path: PathBuf| fingerprints(&read_bounded(&path).ok()?).ok();
        return Ok(trusted(root).into_iter().filter_map(read).flatten().collect());
    }
    let mut found: Vec<String> = signer.fingerprints.iter().map(|print| print.trim_end_matches('!').into()).collect();
    for path in &signer.files {
        let key = read_key(root, path).map_err(|error| format!("the key {path} cannot be read ({error})"))?;
        found.extend(fingerprints(&key).map_err(|error| format!("the key {path}: {error}"))?);
    }
    Ok(found)
}

fn trusted(root: &Root) -> Vec<PathBuf> {
    let parts = std::fs::read_dir(root.join(TRUSTED_PARTS)).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = parts.map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "gpg" || ending == "asc"));
    files.push(root.join(TRUSTED));
    files
}

/// A pipe in a key's place is not waited for.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let file: std::fs::File =
        rustix::fs::open(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?.into();
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
    }
    let mut bytes = Vec::new();
    file.take(MOST_KEY as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MOST_KEY { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = include_str!("../../../tests/fixtures/install/key.asc");
    const FINGERPRINT: &str = include_str!("../../../tests/fixtures/install/key.fingerprint");

    #[test]
    fn every_key_that_apt_takes_is_found() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        let keys = |signed_by: Option<&str>| signing_keys(&root, &Signer::of(signed_by));
        let own = FINGERPRINT.trim().to_owned();
        assert_eq!(keys(Some(KEY)), Ok(vec![own.clone()]));
        assert_eq!(keys(Some("EB69!")), Ok(vec!["EB69".to_owned()]));
        assert_eq!(keys(None), Ok(vec![]));
        root.write("/etc/apt/trusted.gpg.d/a.asc", KEY.as_bytes(), 0o644).expect("write");
        root.write("/etc/apt/trusted.gpg.d/b.gpg", b"no key", 0o644).expect("write");
        root.write("/etc/apt/trusted.gpg.d/c.save", KEY.as_bytes(), 0o644).expect("write");
        assert_eq!(keys(None), Ok(vec![own.clone()]));
        root.write("/k.asc", KEY.as_bytes(), 0o644).expect("write");
        assert_eq!(keys(Some("/k.asc,EB69")), Ok(vec!["EB69".to_owned(), own]));
        for (path, said) in [("/gone.asc", "cannot be read"), ("/etc/apt/trusted.gpg.d/b.gpg", "no OpenPGP key")] {
            let error = keys(Some(path)).expect_err(path);
            assert!(error.contains(path) && error.contains(said), "{error}");
        }
        rustix::fs::mkfifoat(rustix::fs::CWD, root.join("/pipe"), Mode::RUSR).expect("a pipe");
        assert!(keys(Some("/pipe")).expect_err("a pipe").contains("it is no file"));
    }
}
