//! A flat repository as NVIDIA's are: packages, lists and a signature side by side in one folder.

#![allow(dead_code, reason = "every test program uses another part of this")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::packages::{Package, built};

/// When a key was made that has expired since.
const LONG_AGO: &str = "20200101T000000";
const A_MOMENT_LATER: &str = "20200101T000100";

/// A key with its secret half.
#[derive(Debug)]
pub(crate) struct Key {
    home: tempfile::TempDir,
    /// When it was made and signs, for a key that has expired since.
    then: Option<&'static str>,
    /// Its public half where that is not what the secret one would tell.
    shown: Option<String>,
    /// One at a time: two of them in one folder trip over each other's files.
    at_work: Mutex<()>,
}

impl Key {
    /// A key that does not expire.
    pub(crate) fn fresh() -> Self {
        Self::made("0", None, &[])
    }

    /// A key that expired years ago, after it had signed.
    pub(crate) fn expired() -> Self {
        Self::made("1d", Some(LONG_AGO), &[])
    }

    /// A key that expired years ago, and signs now.
    pub(crate) fn lapsed() -> Self {
        let mut key = Self::made("0", Some(LONG_AGO), &[]);
        let fingerprint = key.fingerprint();
        let before = key.gpg(&["--armor", "--export-secret-keys"]);
        key.then = Some(A_MOMENT_LATER);
        key.gpg(&["--quick-set-expire", &fingerprint, "1d"]);
        key.shown = Some(key.public());
        // The half that signs knows nothing of it.
        let file = key.home.path().join("before.asc");
        std::fs::write(&file, before).expect("write");
        key.gpg(&["--delete-secret-and-public-key", &fingerprint]);
        key.gpg(&["--import", &file.display().to_string()]);
        key.then = None;
        key
    }

    /// A key that vouches for itself by SHA-1, as NVIDIA's older one does.
    pub(crate) fn weak() -> Self {
        Self::made("0", None, &["--cert-digest-algo", "SHA1"])
    }

    fn made(expires: &str, then: Option<&'static str>, how: &[&str]) -> Self {
        let home = tempfile::tempdir().expect("folder");
        let key = Self { home, then, shown: None, at_work: Mutex::default() };
        let user = "tests <tests@desktop-control.invalid>";
        key.gpg(&[how, &["--passphrase", "", "--quick-generate-key", user, "rsa2048", "sign", expires]].concat());
        key
    }

    fn gpg(&self, words: &[&str]) -> Vec<u8> {
        let mut command = Command::new("gpg");
        command.arg("--homedir").arg(self.home.path()).args(["--batch", "--quiet", "--no-tty", "--yes"]);
        if let Some(then) = self.then {
            command.args(["--faked-system-time", &format!("{then}!")]);
        }
        let _alone = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        let said = command.args(words).output().expect("gpg");
        // Its agent would stay for as long as its folder does.
        let _ = Command::new("gpgconf").arg("--homedir").arg(self.home.path()).args(["--kill", "all"]).output();
        assert!(said.status.success(), "gpg {words:?}: {}", String::from_utf8_lossy(&said.stderr));
        said.stdout
    }

    /// The public half, as text.
    pub(crate) fn public(&self) -> String {
        self.shown.clone().unwrap_or_else(|| String::from_utf8(self.gpg(&["--armor", "--export"])).expect("text"))
    }

    /// Its fingerprint by GnuPG's word.
    pub(crate) fn fingerprint(&self) -> String {
        let listed = String::from_utf8(self.gpg(&["--with-colons", "--list-keys"])).expect("text");
        let line = listed.lines().find(|line| line.starts_with("fpr:")).expect("a fingerprint");
        line.split(':').nth(9).expect("a field").to_owned()
    }

    fn sign(&self, text: &str, folder: &Path) -> String {
        let file = folder.join("Release.unsigned");
        std::fs::write(&file, text).expect("write");
        let signed = self.gpg(&["--clearsign", "--output", "-", &file.display().to_string()]);
        std::fs::remove_file(file).expect("removed");
        String::from_utf8(signed).expect("text")
    }
}

/// The key of most tests, made once.
pub(crate) fn usual_key() -> &'static Key {
    static KEY: OnceLock<Key> = OnceLock::new();
    KEY.get_or_init(Key::fresh)
}

/// A repository in a folder of its own.
#[derive(Debug)]
pub(crate) struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    /// With nothing but these.
    pub(crate) fn only(packages: &[Package]) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("folder");
        let repository = Self { folder };
        repository.add(packages);
        repository.publish(usual_key());
        repository
    }

    /// With the usual packages.
    pub(crate) fn usual() -> Self {
        Self::with(&[])
    }

    /// With these besides, signed by the usual key. One of the same name and version takes the usual one's place.
    pub(crate) fn with(more: &[Package]) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("folder");
        for entry in std::fs::read_dir(built()).expect("built").flatten() {
            std::fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("copied");
        }
        let repository = Self { folder };
        repository.add(more);
        repository.publish(usual_key());
        repository
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Builds packages into it; they are not in its lists yet.
    pub(crate) fn add(&self, more: &[Package]) {
        for package in more {
            package.build(self.folder.path());
        }
    }

    /// Makes its lists anew and signs them.
    pub(crate) fn publish(&self, key: &Key) {
        let folder = self.folder.path();
        let said = Command::new("dpkg-scanpackages").args(["--multiversion", "."]).current_dir(folder).output();
        let said = said.expect("dpkg-scanpackages");
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        std::fs::write(folder.join("Packages"), &said.stdout).expect("write");
        let mut release = "Origin: NVIDIA\nLabel: NVIDIA CUDA\nArchitecture: x86_64\n".to_owned();
        let date = Command::new("date").args(["-u", "-R"]).env("LC_ALL", "C").output().expect("date").stdout;
        let _ = writeln!(release, "Date: {}", String::from_utf8_lossy(&date).trim().replace("+0000", "UTC"));
        let _ = writeln!(release, "Acquire-By-Hash: no\nSHA256:");
        let sum = Command::new("sha256sum").arg(folder.join("Packages")).output().expect("sha256sum").stdout;
        let sum = String::from_utf8_lossy(&sum).split(' ').next().expect("a sum").to_owned();
        let _ = writeln!(release, " {sum} {} Packages", said.stdout.len());
        std::fs::write(folder.join("InRelease"), key.sign(&release, folder)).expect("write");
    }

    /// Changes what its lists say after they were signed.
    pub(crate) fn forge_signature(&self) {
        let file = self.folder.path().join("InRelease");
        let text = std::fs::read_to_string(&file).expect("readable");
        std::fs::write(&file, text.replace("Label: NVIDIA CUDA", "Label: NVIDIA CUDB")).expect("write");
    }

    /// Changes a package behind its lists' back, to the same length.
    pub(crate) fn spoil(&self, name: &str) {
        let file = self.file(name);
        let mut bytes = std::fs::read(&file).expect("readable");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0xff;
        std::fs::write(&file, bytes).expect("write");
    }

    /// Puts the untouched package back.
    pub(crate) fn mend(&self, name: &str) {
        let file = self.file(name);
        std::fs::copy(built().join(file.file_name().expect("a name")), &file).expect("copied");
    }

    fn file(&self, name: &str) -> PathBuf {
        let files = std::fs::read_dir(self.folder.path()).expect("folder").flatten().map(|entry| entry.path());
        let starts = |path: &PathBuf| {
            path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&format!("{name}_")))
        };
        files.into_iter().find(starts).expect("the package")
    }
}
