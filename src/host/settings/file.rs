//! `/etc/desktop-control/env.d/SERVICE.env`, which our wrapper reads at each start of the service.
//!
//! Beside it, during a trial, `.env.trial`: the wrapper renames it to `.env.used` and reads it instead, for that one
//! start. The next start finds neither and removes `.env.used`, so that file tells that the present process runs on
//! trial. Root alone may read them: values may be passwords.

use std::collections::BTreeMap;
use std::io;

use super::OnTrial;
use crate::host::root::Root;
use crate::model::settings_text;
use crate::model::trial::ProcessId;

const MODE: u32 = 0o600;

fn path(service: &str, suffix: &str) -> String {
    format!("/etc/desktop-control/env.d/{service}.env{suffix}")
}

pub(super) fn kept(root: &Root, service: &str) -> io::Result<BTreeMap<String, String>> {
    let text = root.read(&path(service, ""))?.unwrap_or_default();
    settings_text::parse(&text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// The first line binds the trial to one supervisord, so that the start of another, in a container that was restarted
/// meanwhile, does not use it.
pub(super) fn begin_trial(
    root: &Root,
    service: &str,
    after: &BTreeMap<String, String>,
    supervisor: ProcessId,
) -> io::Result<()> {
    let text = format!("# for supervisord {supervisor} alone\n{}", settings_text::render(after));
    root.write(&path(service, ".trial"), text.as_bytes(), MODE)
}

pub(super) fn keep(root: &Root, service: &str, after: &BTreeMap<String, String>) -> io::Result<()> {
    if after.is_empty() {
        return root.remove(&path(service, ""));
    }
    root.write(&path(service, ""), settings_text::render(after).as_bytes(), MODE)
}

pub(super) fn end_trial(root: &Root, service: &str) -> io::Result<()> {
    root.remove(&path(service, ".trial"))?;
    root.remove(&path(service, ".used"))
}

pub(super) fn on_trial(root: &Root, service: &str) -> OnTrial {
    if root.join(&path(service, ".trial")).exists() {
        OnTrial::Next
    } else if root.join(&path(service, ".used")).exists() {
        OnTrial::Now
    } else {
        OnTrial::No
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUPERVISOR: ProcessId = ProcessId { pid: 1, start_time: 2 };

    fn settings(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_trial_leaves_what_is_kept_alone_until_it_is_kept() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        let (old, new) = (settings(&[("A", "1")]), settings(&[("A", "it's $(2)")]));
        keep(&root, "x", &old).expect("kept");
        begin_trial(&root, "x", &new, SUPERVISOR).expect("begun");
        assert_eq!((kept(&root, "x").expect("readable"), on_trial(&root, "x")), (old, OnTrial::Next));
        std::fs::rename(root.join(&path("x", ".trial")), root.join(&path("x", ".used"))).expect("as the wrapper does");
        assert_eq!(on_trial(&root, "x"), OnTrial::Now);
        keep(&root, "x", &new).expect("kept");
        end_trial(&root, "x").expect("ended");
        assert_eq!((kept(&root, "x").expect("readable"), on_trial(&root, "x")), (new, OnTrial::No));
    }

    #[test]
    fn nothing_set_is_no_file() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        keep(&root, "x", &settings(&[("A", "1")])).expect("kept");
        keep(&root, "x", &settings(&[])).expect("kept");
        assert!(!root.join(&path("x", "")).exists());
        assert_eq!(kept(&root, "x").expect("readable"), settings(&[]));
    }

    #[test]
    fn what_somebody_else_wrote_is_refused_and_stays() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        root.write(&path("x", ""), b"A=$(touch /tmp/x)\n", 0o600).expect("written");
        kept(&root, "x").expect_err("no file of ours");
    }
}
