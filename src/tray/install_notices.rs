//! How a job of the installer ended, as a message, whoever began it: it takes long, and its window may be closed. Pure.

use std::collections::BTreeSet;

use super::message::{Message, Urgency};
use super::model::{Action, Known, line};
use crate::client::JobFacts;

/// The page that says what is installed.
const PAGE: &str = "cuda";

/// Remembers what was seen at work.
#[derive(Debug, Default)]
pub(super) struct InstallNotices(BTreeSet<u64>);

impl InstallNotices {
    /// Takes note of everything that is known. How one has ended that was seen at work.
    pub(super) fn see(&mut self, known: &Known) -> Option<Message> {
        let snapshot = known.snapshot.as_ref().filter(|_| known.away.is_none())?;
        let jobs = || snapshot.jobs.iter().filter(|job| job.kind.starts_with("cuda-"));
        let ended = jobs().rfind(|job| job.result.is_some() && self.0.contains(&job.id));
        let message = ended.map(told);
        self.0 = jobs().filter(|job| job.result.is_none()).map(|job| job.id).collect();
        message
    }
}

fn told(job: &JobFacts) -> Message {
    let release = job.targets.iter().map(String::as_str).rfind(|target| *target != "cuda").unwrap_or_default();
    let page = Action::OpenPage(PAGE.into());
    let what = match job.kind.as_str() {
        "cuda-install" => ("Installing", "is installed"),
        "cuda-remove" => ("Removing", "is removed"),
        "cuda-default" => ("Changing", "is the default"),
        "cuda-enable-compat" => ("Forward compatibility of", "has forward compatibility"),
        "cuda-verify" => ("Trying", "was tried"),
        _ => ("Repairing", "is repaired"),
    };
    let cuda = line(format!("CUDA {release}").trim());
    let summary = match job.result.as_deref() {
        Some("failed") => format!("{} {cuda} failed", what.0),
        Some("cancelled") => format!("{} {cuda} was cancelled", what.0),
        Some("skipped") => format!("{} {cuda}: there was nothing to do", what.0),
        _ => format!("{cuda} {}", what.1),
    };
    let message = match (job.result.as_deref(), &job.error_message) {
        (Some("failed"), why) => Message::refused(&summary, why.as_deref().unwrap_or("The CUDA page may say more.")),
        _ => Message { urgency: Urgency::Normal, transient: false, ..Message::done(&summary, "") },
    };
    Message { click: page.clone(), buttons: vec![("Open", page)], ..message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Snapshot;

    fn known(result: Option<&str>) -> Known {
        let job = JobFacts {
            id: 7,
            kind: "cuda-install".into(),
            targets: vec!["cuda".into(), "12.9".into()],
            result: result.map(str::to_owned),
            error_message: Some("The disk is full.".into()),
            ..JobFacts::default()
        };
        Known { snapshot: Some(Snapshot { jobs: vec![job], ..Snapshot::default() }), ..Known::default() }
    }

    #[test]
    fn the_end_of_what_was_at_work_is_told_once() {
        let mut notices = InstallNotices::default();
        assert_eq!(notices.see(&known(Some("done"))), None, "it ended before anybody looked");
        assert_eq!(notices.see(&known(None)), None);
        let message = notices.see(&known(Some("done"))).expect("it is told");
        assert_eq!(message.summary, "CUDA 12.9 is installed");
        assert_eq!(notices.see(&known(Some("done"))), None, "once");
    }

    #[test]
    fn what_failed_says_why() {
        let mut notices = InstallNotices::default();
        assert_eq!(notices.see(&known(None)), None);
        let message = notices.see(&known(Some("failed"))).expect("it is told");
        assert_eq!(
            (message.summary.as_str(), message.body.as_str()),
            ("Installing CUDA 12.9 failed", "The disk is full.")
        );
        assert_eq!(message.buttons, [("Open", Action::OpenPage("cuda".into()))]);
    }

    #[test]
    fn nothing_is_told_while_nobody_knows() {
        let mut notices = InstallNotices::default();
        assert_eq!(notices.see(&known(None)), None);
        let away = Known { away: Some("gone".into()), ..known(None) };
        assert_eq!(notices.see(&away), None);
        assert!(notices.see(&known(Some("cancelled"))).is_some_and(|message| message.summary.contains("cancelled")));
    }
}
