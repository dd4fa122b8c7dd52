//! The trial on disk: `/var/lib/desktop-control/pending.json`, written whole before anything else happens.

use std::io;

use crate::host::fault::{self, Fault};
use crate::host::root::Root;
use crate::model::trial::{Stage, Trial};

const PATH: &str = "/var/lib/desktop-control/pending.json";

/// What an earlier life of the daemon was about to do; none where it was through.
pub(super) fn read(root: &Root) -> Option<Trial> {
    let text = match root.read(PATH) {
        Ok(text) => text?,
        Err(error) => {
            tracing::error!(%error, PATH, "cannot be read");
            return None;
        }
    };
    // Every write is whole, so this is somebody else's. What is on trial ends with its one start.
    serde_json::from_str(&text).inspect_err(|error| tracing::error!(%error, PATH, "is no trial")).ok()
}

pub(super) fn write(root: &Root, trial: &Trial) -> io::Result<()> {
    let (before, after) = match trial.stage {
        Stage::Restarting | Stage::Checking => (Fault::BeforeJournal, Fault::AfterJournal),
        Stage::Waiting => (Fault::BeforeWaitingJournal, Fault::AfterWaitingJournal),
        Stage::Keeping | Stage::Kept => (Fault::BeforeKeepingJournal, Fault::AfterKeepingJournal),
        Stage::Reverting | Stage::Reverted => (Fault::BeforeRevertingJournal, Fault::AfterRevertingJournal),
    };
    fault::at(before)?;
    root.write(PATH, &serde_json::to_vec(trial)?, 0o600)?;
    fault::at(after)
}

pub(super) fn remove(root: &Root) -> io::Result<()> {
    fault::at(Fault::BeforeJournalRemoval)?;
    root.remove(PATH)?;
    fault::at(Fault::AfterJournalRemoval)
}
