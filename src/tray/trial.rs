//! The question whether other settings of the stream are to be kept, as a message, and how it ended. Pure but for the
//! clock that is handed in.
//!
//! The message says until when there is time, not how long: then it has to be shown anew only when that changes, and
//! once more shortly before the end.

use super::message::{Message, Urgency};
use super::model::{Action, ICON_ATTENTION, Known, question};
use super::notices::Notice;
use crate::client::PendingFacts;

/// Shown once more when so many seconds are left.
const LAST_CALL: u64 = 15;
/// No more changes are named.
const MOST_NAMED: usize = 4;

/// Remembers what was seen and what was told.
#[derive(Debug, Default)]
pub(super) struct TrialNotices {
    /// The number of the change that was on trial last.
    seen: Option<u64>,
    /// What the person was asked last.
    asked: Option<Asked>,
}

/// One form of the question.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    deadline: Option<u64>,
    last_call: bool,
}

impl TrialNotices {
    /// Takes note of everything that is known at `now`, Unix time in seconds. What is to be done about the message.
    pub(super) fn see(&mut self, known: &Known, now: u64) -> Option<Notice> {
        if let Some(trial) = known.trial() {
            self.seen = Some(trial.id);
            return if trial.is_waiting() { self.ask(trial, now) } else { None };
        }
        let snapshot = known.snapshot.as_ref().filter(|_| known.away.is_none())?;
        let seen = self.seen.take()?;
        let was_asked = self.asked.take().is_some();
        let ended = snapshot.pending.iter().find(|change| change.id == seen);
        match ended {
            Some(change) if change.stage == "reverted" => Some(show(reverted(change))),
            Some(_) if was_asked => Some(show(Message::done("The new stream settings are kept", ""))),
            // How it ended while nobody could tell is for the window to show.
            _ => was_asked.then_some(Notice::Close),
        }
    }

    fn ask(&mut self, trial: &PendingFacts, now: u64) -> Option<Notice> {
        let last_call = trial.seconds_left(now).is_some_and(|left| left <= LAST_CALL);
        let asked = Asked { deadline: trial.deadline, last_call };
        if self.asked.as_ref() == Some(&asked) {
            return None;
        }
        self.asked = Some(asked);
        Some(show(asking(trial)))
    }

    /// When [`Self::see`] has something to do although nothing is new. Unix time in seconds.
    pub(super) fn due(&self) -> Option<u64> {
        let asked = self.asked.as_ref().filter(|asked| !asked.last_call)?;
        asked.deadline.map(|deadline| deadline.saturating_sub(LAST_CALL))
    }
}

fn show(message: Message) -> Notice {
    Notice::Show(Box::new(message))
}

fn asking(trial: &PendingFacts) -> Message {
    let mut lines: Vec<String> = trial.changes.iter().take(MOST_NAMED).cloned().collect();
    match trial.changes.len().saturating_sub(MOST_NAMED) {
        0 => {}
        more => lines.push(format!("and {more} more")),
    }
    lines.push(question(trial));
    Message {
        summary: "Keep the new stream settings?".into(),
        body: lines.join("\n"),
        // It has to stay until it is answered or too late.
        urgency: Urgency::Critical,
        transient: false,
        icon: ICON_ATTENTION,
        click: Action::OpenPage("stream".into()),
        buttons: vec![("Keep", Action::Keep(trial.id)), ("Go back", Action::GoBack(trial.id))],
    }
}

fn reverted(change: &PendingFacts) -> Message {
    let why = change.reason.as_deref().unwrap_or_default();
    let message = Message::refused("The earlier stream settings are back", why);
    Message { click: Action::OpenPage("stream".into()), ..message }
}

/// Keeping was refused, since nobody sees whether it works: says why, and asks once more.
pub(super) fn unseen(id: u64, why: &str) -> Message {
    Message {
        summary: "Nobody has seen the new stream settings working".into(),
        body: why.into(),
        urgency: Urgency::Critical,
        transient: false,
        icon: ICON_ATTENTION,
        click: Action::OpenPage("stream".into()),
        buttons: vec![("Keep anyway", Action::KeepUnseen(id)), ("Go back", Action::GoBack(id))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Snapshot;

    fn known(stage: &str, deadline: Option<u64>) -> Known {
        let change = PendingFacts {
            id: 7,
            stage: stage.into(),
            deadline,
            changes: vec!["Encoder: H.264 → JPEG".into()],
            reason: (stage == "reverted").then(|| "Selkies did not start.".into()),
            ..PendingFacts::default()
        };
        Known { snapshot: Some(Snapshot { pending: vec![change], ..Snapshot::default() }), ..Known::default() }
    }

    fn message(notice: Option<Notice>) -> Message {
        let Some(Notice::Show(message)) = notice else { panic!("a message, not {notice:?}") };
        *message
    }

    #[test]
    fn one_is_asked_once_and_again_when_the_time_changes_or_runs_out() {
        let mut notices = TrialNotices::default();
        assert_eq!(notices.see(&known("restarting", None), 100), None);
        let asked = message(notices.see(&known("waiting", Some(160)), 100));
        assert_eq!((asked.summary.as_str(), asked.urgency), ("Keep the new stream settings?", Urgency::Critical));
        let expected = [("Keep", Action::Keep(7)), ("Go back", Action::GoBack(7))];
        assert_eq!(asked.buttons, expected);
        assert!(asked.body.starts_with("Encoder: H.264 → JPEG\nWithout an answer"), "{}", asked.body);
        assert_eq!((notices.see(&known("waiting", Some(160)), 110), notices.due()), (None, Some(145)));
        assert!(message(notices.see(&known("waiting", None), 112)).body.contains("until a viewer is connected"));
        assert_eq!(notices.due(), None, "the clock stands still");
        message(notices.see(&known("waiting", Some(180)), 130));
        message(notices.see(&known("waiting", Some(180)), 165));
        assert_eq!((notices.see(&known("waiting", Some(180)), 170), notices.due()), (None, None));
    }

    #[test]
    fn the_end_is_told_to_who_was_asked_and_a_failure_to_everybody() {
        let mut notices = TrialNotices::default();
        notices.see(&known("checking", None), 100);
        let back = message(notices.see(&known("reverted", None), 120));
        assert_eq!(back.body, "Selkies did not start.");
        assert_eq!(notices.see(&known("reverted", None), 121), None, "it has been told");
        let mut notices = TrialNotices::default();
        notices.see(&known("waiting", Some(160)), 100);
        assert!(message(notices.see(&known("kept", None), 120)).transient);
        let mut notices = TrialNotices::default();
        notices.see(&known("restarting", None), 100);
        assert_eq!(notices.see(&known("kept", None), 101), None, "nobody was asked");
    }

    #[test]
    fn what_was_over_before_is_no_news_and_a_silent_daemon_ends_nothing() {
        let mut notices = TrialNotices::default();
        assert_eq!(notices.see(&known("reverted", None), 100), None);
        notices.see(&known("waiting", Some(160)), 100);
        let away = Known { away: Some("It is away.".into()), ..known("waiting", Some(160)) };
        assert_eq!(notices.see(&away, 110), None);
        let nothing = Known { snapshot: Some(Snapshot::default()), ..Known::default() };
        assert_eq!(notices.see(&nothing, 120), Some(Notice::Close));
    }
}
