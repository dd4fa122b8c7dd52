//! Where apt looks for packages: its files, our own ones among them, and the lists that it has fetched.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::child::{AptError, ask};
use crate::host::root::Root;
use crate::model::install::driver_package::PIN;
use crate::model::install::openpgp::is_armoured;
use crate::model::install::repository::System;
use crate::model::install::source::{self, Entry};

const MAIN: &str = "/etc/apt/sources.list";
const PARTS: &str = "/etc/apt/sources.list.d";
/// Ours.
const SOURCE: &str = "/etc/apt/sources.list.d/desktop-control-cuda.sources";
const KEYS: &str = "/etc/apt/keyrings/desktop-control-cuda";
const PIN_FILE: &str = "/etc/apt/preferences.d/00-desktop-control-no-driver";
/// Names one repository alone, for as long as it is asked about.
const LONE: &str = "/run/desktop-control/install/repository.sources";
pub(super) const HELPER: &str = "/usr/lib/apt/apt-helper";
const QUICK: Duration = Duration::from_secs(20);

/// The distribution and the architecture.
///
/// # Errors
/// dpkg does not answer.
pub async fn system(root: &Root) -> Result<System, AptError> {
    let architecture = ask("dpkg", &["--print-architecture"], QUICK).await?.text();
    let release = root.read("/etc/os-release").ok().flatten().unwrap_or_default();
    Ok(System::read(&release, &architecture))
}

/// All entries of apt, of both forms. Files that cannot be read hold none, as for apt.
#[must_use]
pub fn entries(root: &Root) -> Vec<Entry> {
    let listed = std::fs::read_dir(root.join(PARTS)).into_iter().flatten().flatten();
    let mut files: Vec<String> = listed.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    files.sort();
    let parts = files.into_iter().map(|file| format!("{PARTS}/{file}"));
    let paths = std::iter::once(MAIN.to_owned()).chain(parts);
    paths.flat_map(|path| source::parse(&path, &root.read(&path).ok().flatten().unwrap_or_default())).collect()
}

/// Adds a repository with its key, or puts ours in its place.
///
/// # Errors
/// A file cannot be written; the source comes last, so none is there without its key.
pub fn add_source(root: &Root, url: &str, architecture: &str, key: &[u8]) -> io::Result<()> {
    // apt tells the form of a key by the ending.
    let (ending, other) = if is_armoured(key) { ("asc", "gpg") } else { ("gpg", "asc") };
    let path = format!("{KEYS}.{ending}");
    let text = source::render(url, architecture, &path);
    let read = |path: &str| std::fs::read(root.join(path)).ok();
    if read(&path).as_deref() != Some(key) {
        root.write(&path, key, 0o644)?;
    }
    if read(SOURCE).as_deref() != Some(text.as_bytes()) {
        root.write(SOURCE, text.as_bytes(), 0o644)?;
    }
    root.remove(&format!("{KEYS}.{other}"))
}

/// Whether an entry is ours.
impl Entry {
    /// We have written it, so we may change it.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.file == SOURCE
    }
}

/// Takes the entry of ours away, where there is one.
///
/// # Errors
/// It cannot be removed.
pub fn remove_source(root: &Root) -> io::Result<()> {
    root.remove(SOURCE)
}

/// Hides the driver's packages from apt, for whoever calls it.
///
/// # Errors
/// The file cannot be written.
pub fn write_pin(root: &Root) -> io::Result<()> {
    if root.read(PIN_FILE).ok().flatten().as_deref() == Some(PIN) {
        return Ok(());
    }
    root.write(PIN_FILE, PIN.as_bytes(), 0o644)
}

/// Writes a file that names one repository alone.
///
/// # Errors
/// It cannot be written.
pub fn lone_source(root: &Root, entry: &Entry) -> io::Result<()> {
    let mut text = format!("Types: deb\nURIs: {}\nSuites: /\n", entry.url);
    if let Some(signed_by) = &entry.signed_by {
        // A key may be written out in the entry itself.
        let lines: Vec<&str> = signed_by.lines().map(|line| if line.is_empty() { "." } else { line }).collect();
        text = format!("{text}Signed-By: {}\n", lines.join("\n "));
    }
    root.write(LONE, text.as_bytes(), 0o644)
}

/// What makes apt look at the repository of [`lone_source`] alone, and leave the lists of all others as they are.
#[must_use]
pub fn update_arguments() -> Vec<String> {
    let options = [
        format!("Dir::Etc::sourcelist={LONE}"),
        "Dir::Etc::sourceparts=/dev/null".into(),
        "APT::Get::List-Cleanup=false".into(),
        // apt calls it a success otherwise.
        "APT::Update::Error-Mode=any".into(),
    ];
    options.into_iter().flat_map(|option| ["-o".to_owned(), option]).collect()
}

/// The lists of packages that apt has fetched from the repository of [`lone_source`], as texts.
///
/// # Errors
/// apt does not answer.
pub async fn indexed_lists() -> Result<Vec<String>, AptError> {
    let options = update_arguments();
    let mut arguments: Vec<&str> = options.iter().map(String::as_str).collect();
    arguments.extend(["indextargets", "--format", "$(FILENAME)", "Created-By: Packages"]);
    let said = ask("apt-get", &arguments, QUICK).await?;
    let mut lists = Vec::new();
    for file in said.text().lines().map(PathBuf::from) {
        // They may be compressed, in any way that apt knows.
        let text = ask(HELPER, &["cat-file", &file.display().to_string()], QUICK).await?;
        lists.push(text.text());
    }
    Ok(lists)
}
