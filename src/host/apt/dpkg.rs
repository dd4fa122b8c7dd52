//! What dpkg knows, and how it is put right.

use std::io::{self, Read};
use std::time::Duration;

use super::child::{AptError, ask};
use crate::host::root::Root;
use crate::model::cuda::installed_packages;
use crate::model::install::journal::Audit;

const STATUS: &str = "/var/lib/dpkg/status";
/// Ten times what a large desktop has.
const MOST_STATUS: u64 = 64 * 1024 * 1024;
const LIMIT: Duration = Duration::from_mins(1);

/// dpkg's own list of packages.
///
/// # Errors
/// It cannot be read.
pub fn status_text(root: &Root) -> io::Result<String> {
    let mut bytes = Vec::new();
    std::fs::File::open(root.join(STATUS))?.take(MOST_STATUS).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Those of `names` that are at least partly installed.
///
/// # Errors
/// dpkg's list cannot be read.
pub fn installed(root: &Root, names: &[String]) -> io::Result<Vec<String>> {
    let status = status_text(root)?;
    let bare = |name: &String| name.split(':').next().unwrap_or_default().to_owned();
    let known: std::collections::HashSet<&str> = installed_packages(&status).map(|package| package.name).collect();
    Ok(names.iter().filter(|name| known.contains(bare(name).as_str())).cloned().collect())
}

/// What is broken.
///
/// # Errors
/// dpkg does not answer.
pub async fn audit() -> Result<Audit, AptError> {
    Ok(Audit::parse(&ask("dpkg", &["--audit"], LIMIT).await?.text()))
}

/// The arguments by which dpkg brings what it has begun to its end.
#[must_use]
pub fn configure_all() -> Vec<String> {
    ["--force-confdef", "--force-confold", "--configure", "--pending"].map(str::to_owned).to_vec()
}

/// The arguments by which dpkg removes these packages, also those that are half there, and only if nobody else needs
/// them.
#[must_use]
pub fn purge_arguments(names: &[String]) -> Vec<String> {
    let options = ["--force-remove-reinstreq", "--purge"].map(str::to_owned);
    options.into_iter().chain(names.iter().cloned()).collect()
}
