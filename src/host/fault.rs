//! Where the daemon can be killed or its disk be full, for the tests that prove that neither does harm.
//!
//! Compiled in by the feature `fault-points` only. Then the file `/run/desktop-control/fault` names a point and what
//! happens there, once: `kill NAME` or `full NAME`.

use std::io;

/// Before and after everything that a change under trial writes, renames, removes or starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, strum::EnumIter, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
#[expect(missing_docs, reason = "each says where it is")]
pub enum Fault {
    BeforeJournal,
    AfterJournal,
    BeforeTrialFile,
    AfterTrialFile,
    BeforeRestart,
    AfterRestart,
    BeforeWaitingJournal,
    AfterWaitingJournal,
    BeforeKeepingJournal,
    AfterKeepingJournal,
    BeforeSettings,
    AfterSettings,
    BeforeTrialRemoval,
    AfterTrialRemoval,
    BeforeRevertingJournal,
    AfterRevertingJournal,
    BeforeRevert,
    AfterRevert,
    BeforeRevertRestart,
    AfterRevertRestart,
    BeforeJournalRemoval,
    AfterJournalRemoval,
}

/// Before and after everything that an installation of software writes or runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, strum::EnumIter, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
#[expect(missing_docs, reason = "each says where it is")]
pub enum InstallFault {
    BeforeInstallJournal,
    AfterInstallJournal,
    BeforeSource,
    AfterSource,
    BeforeRefresh,
    AfterRefresh,
    BeforePlanJournal,
    AfterPlanJournal,
    BeforeDownload,
    WhileDownloading,
    AfterDownload,
    BeforeUnpackJournal,
    AfterUnpackJournal,
    WhileUnpacking,
    AfterUnpack,
    BeforeInstalledJournal,
    AfterInstalledJournal,
    BeforeUndoJournal,
    AfterUndoJournal,
    BeforeDefault,
    AfterDefault,
    BeforeOutcomeJournal,
    AfterOutcomeJournal,
    BeforeInstallJournalRemoval,
    AfterInstallJournalRemoval,
}

/// Does here what a test asked for.
///
/// # Errors
/// A test asked for a full disk.
#[cfg(not(feature = "fault-points"))]
#[expect(clippy::unnecessary_wraps, clippy::missing_const_for_fn, reason = "as with the feature")]
pub fn at(_point: impl Into<&'static str>) -> io::Result<()> {
    Ok(())
}

/// Does here what a test asked for.
///
/// # Errors
/// A test asked for a full disk.
#[cfg(feature = "fault-points")]
pub fn at(point: impl Into<&'static str>) -> io::Result<()> {
    const FILE: &str = "/run/desktop-control/fault";
    let asked = std::fs::read_to_string(FILE).unwrap_or_default();
    let Some((what, name)) = asked.trim().split_once(' ') else { return Ok(()) };
    if name != point.into() {
        return Ok(());
    }
    std::fs::remove_file(FILE)?;
    std::fs::write(format!("{FILE}.done"), &asked)?;
    if what == "full" {
        return Err(io::ErrorKind::StorageFull.into());
    }
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    unreachable!("nobody survives that")
}
