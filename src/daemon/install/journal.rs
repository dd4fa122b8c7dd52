//! The installation on disk: `/var/lib/desktop-control/install.json`, written whole before anything else happens.

use std::io;

use crate::host::fault::{self, InstallFault};
use crate::host::root::Root;
use crate::model::install::journal::{Journal, Stage};

const PATH: &str = "/var/lib/desktop-control/install.json";

/// What an earlier life was about to do; none where it was through.
pub(super) fn read(root: &Root) -> Option<Journal> {
    let text = root.read(PATH).inspect_err(|error| tracing::error!(%error, PATH, "cannot be read")).ok()??;
    serde_json::from_str(&text).inspect_err(|error| tracing::error!(%error, PATH, "is no journal")).ok()
}

/// Something was begun and is not through.
pub(in crate::daemon) fn is_unfinished(root: &Root) -> bool {
    root.join(PATH).exists()
}

/// Removes the journal of what has ended and was told, where its writer was killed before it could.
pub(in crate::daemon) fn forget_ended(root: &Root) {
    if read(root).is_some_and(|journal| journal.ended.is_some())
        && let Err(error) = root.remove(PATH)
    {
        tracing::warn!(%error, PATH, "cannot be removed");
    }
}

pub(super) fn write(root: &Root, journal: &Journal) -> io::Result<()> {
    let (before, after) = match journal.stage {
        _ if journal.ended.is_some() => (InstallFault::BeforeOutcomeJournal, InstallFault::AfterOutcomeJournal),
        Stage::Begun if journal.wanted.is_empty() => {
            (InstallFault::BeforeInstallJournal, InstallFault::AfterInstallJournal)
        }
        Stage::Begun => (InstallFault::BeforePlanJournal, InstallFault::AfterPlanJournal),
        Stage::Installing => (InstallFault::BeforeUnpackJournal, InstallFault::AfterUnpackJournal),
        Stage::Installed => (InstallFault::BeforeInstalledJournal, InstallFault::AfterInstalledJournal),
        Stage::Undoing => (InstallFault::BeforeUndoJournal, InstallFault::AfterUndoJournal),
    };
    fault::at(before)?;
    root.write(PATH, &serde_json::to_vec(journal)?, 0o600)?;
    fault::at(after)
}

pub(super) fn remove(root: &Root) -> io::Result<()> {
    fault::at(InstallFault::BeforeInstallJournalRemoval)?;
    root.remove(PATH)?;
    fault::at(InstallFault::AfterInstallJournalRemoval)
}
