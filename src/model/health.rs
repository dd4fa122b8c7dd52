//! Whether a service works, and why it is thought so.
//!
//! supervisord's RUNNING proves nothing: a program with `startsecs=0` shows it while it dies once a second. So the
//! verdict is made of three things: supervisord's state, the unasked ends of the last minutes, and a probe of what
//! the service is for. What cannot be told is [`Health::Unknown`], never [`Health::Ok`].

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

use super::service::{Exit, Reading, State};

/// The verdict on a service. The tokens are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, EnumString, IntoStaticStr, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Health {
    /// It runs and its probe answers.
    Ok,
    /// It does not do its work; the reason says what is missing.
    Failing,
    /// It keeps ending and being started again.
    Flapping,
    /// Cannot be told; the reason says why.
    Unknown,
    /// It is not meant to run now, so there is nothing to judge.
    None,
}

/// What the probe of a service found last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeOutcome {
    /// The service has no probe; the catalogue's reason why.
    Absent(String),
    /// Not asked yet since the service's last start.
    Pending,
    /// It answered.
    Passed,
    /// It did not; why, in words for people.
    Failed(String),
}

/// Unasked ends that count as flapping once [`FLAP_ENDS`] of them lie within it.
pub const FLAP_WINDOW: Duration = Duration::from_mins(2);
/// See [`FLAP_WINDOW`].
pub const FLAP_ENDS: usize = 3;

/// The unasked ends of one service within the last [`FLAP_WINDOW`].
#[derive(Clone, Debug, Default)]
pub struct EndHistory {
    ends: VecDeque<Instant>,
}

impl EndHistory {
    /// More ends than this are not remembered; "64 times" is alarming enough.
    const KEPT: usize = 64;

    /// Notes that the service ended unasked at `at`.
    pub fn note(&mut self, at: Instant) {
        if self.ends.len() == Self::KEPT {
            self.ends.pop_front();
        }
        self.ends.push_back(at);
    }

    /// Forgets everything: a person has just started or stopped the service.
    pub fn clear(&mut self) {
        self.ends.clear();
    }

    /// Ends within the window that closes at `now`.
    #[must_use]
    pub fn recent(&self, now: Instant) -> usize {
        self.ends.iter().filter(|at| now.saturating_duration_since(**at) < FLAP_WINDOW).count()
    }

    /// The service keeps ending by itself.
    #[must_use]
    pub fn is_flapping(&self, now: Instant) -> bool {
        self.recent(now) >= FLAP_ENDS
    }
}

/// Judges one service. `age` is how long its process has been alive; a probe that fails before `ready_within` is over
/// is a start that is still going on, not a failure.
#[must_use]
pub fn judge(
    reading: &Reading,
    ends: &EndHistory,
    probe: &ProbeOutcome,
    age: Duration,
    ready_within: Duration,
    now: Instant,
) -> (Health, String) {
    if reading.state == State::Fatal {
        return (Health::Failing, fatal_reason(reading));
    }
    if reading.state == State::Stopped || reading.state == State::Stopping {
        return (Health::None, String::new());
    }
    if ends.is_flapping(now) {
        return (Health::Flapping, flapping_reason(reading, ends.recent(now)));
    }
    match reading.state {
        State::Running => judge_probe(probe, age, ready_within),
        State::Starting => (Health::Unknown, "starting".into()),
        State::Backoff => (Health::Failing, backoff_reason(reading)),
        State::Exited => judge_exit(reading.exit),
        _ => (Health::Unknown, "supervisord does not know its state".into()),
    }
}

fn judge_probe(probe: &ProbeOutcome, age: Duration, ready_within: Duration) -> (Health, String) {
    match probe {
        ProbeOutcome::Passed => (Health::Ok, String::new()),
        ProbeOutcome::Absent(reason) => (Health::Unknown, reason.clone()),
        ProbeOutcome::Pending => (Health::Unknown, "just started, not yet asked".into()),
        ProbeOutcome::Failed(reason) if age < ready_within => (Health::Unknown, format!("still starting: {reason}")),
        ProbeOutcome::Failed(reason) => (Health::Failing, reason.clone()),
    }
}

fn judge_exit(exit: Option<Exit>) -> (Health, String) {
    match exit {
        Some(Exit::Status(0)) => (Health::None, "ended by itself, without an error".into()),
        Some(exit) => (Health::Failing, format!("ended by itself: {}", in_words(exit))),
        None => (Health::Unknown, "its process has just ended".into()),
    }
}

fn fatal_reason(reading: &Reading) -> String {
    match (&reading.spawn_error, reading.exit) {
        (Some(error), _) => format!("supervisord gave up starting it: {error}"),
        (None, Some(exit)) => format!("supervisord gave up starting it: {}", in_words(exit)),
        (None, None) => "supervisord gave up starting it".into(),
    }
}

fn backoff_reason(reading: &Reading) -> String {
    match &reading.spawn_error {
        Some(error) => format!("does not start, will be tried again: {error}"),
        None => "ended too soon after its start, will be tried again".into(),
    }
}

fn flapping_reason(reading: &Reading, ends: usize) -> String {
    let last = reading.exit.map_or(String::new(), |exit| format!("; last time: {}", in_words(exit)));
    format!("ended {ends} times in the last {} minutes{last}", FLAP_WINDOW.as_secs() / 60)
}

fn in_words(exit: Exit) -> String {
    match exit {
        Exit::Status(status) => format!("exit status {status}"),
        Exit::Signal => "ended by a signal".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(state: State, exit: Option<Exit>) -> Reading {
        Reading {
            name: "x".into(),
            state,
            started_at: Some(1),
            ended_at: None,
            pid: None,
            exit,
            spawn_error: None,
            log_file: None,
        }
    }

    fn verdict(state: State, exit: Option<Exit>, probe: &ProbeOutcome, age_secs: u64) -> (Health, String) {
        let grace = Duration::from_secs(20);
        let age = Duration::from_secs(age_secs);
        judge(&reading(state, exit), &EndHistory::default(), probe, age, grace, Instant::now())
    }

    #[test]
    fn running_alone_is_never_ok() {
        for probe in [ProbeOutcome::Pending, ProbeOutcome::Absent("why".into()), ProbeOutcome::Failed("no".into())] {
            assert_ne!(verdict(State::Running, None, &probe, 60).0, Health::Ok, "{probe:?}");
        }
        assert_eq!(verdict(State::Running, None, &ProbeOutcome::Passed, 60).0, Health::Ok);
    }

    #[test]
    fn a_probe_that_fails_during_the_start_is_not_yet_a_failure() {
        let probe = ProbeOutcome::Failed("nobody listens".into());
        assert_eq!(verdict(State::Running, None, &probe, 5).0, Health::Unknown);
        assert_eq!(verdict(State::Running, None, &probe, 25), (Health::Failing, "nobody listens".into()));
    }

    #[test]
    fn an_end_without_error_is_nothing_to_worry_about() {
        assert_eq!(verdict(State::Exited, Some(Exit::Status(0)), &ProbeOutcome::Pending, 0).0, Health::None);
        assert_eq!(verdict(State::Exited, Some(Exit::Status(3)), &ProbeOutcome::Pending, 0).0, Health::Failing);
        assert_eq!(verdict(State::Exited, None, &ProbeOutcome::Pending, 0).0, Health::Unknown);
    }

    #[test]
    fn three_unasked_ends_in_two_minutes_are_flapping_and_pass_with_time() {
        let start = Instant::now();
        let mut ends = EndHistory::default();
        for second in 0..3 {
            assert!(!ends.is_flapping(start));
            ends.note(start + Duration::from_secs(second));
        }
        let soon = start + Duration::from_secs(4);
        let reading = reading(State::Running, Some(Exit::Status(1)));
        let (health, reason) = judge(&reading, &ends, &ProbeOutcome::Passed, Duration::ZERO, Duration::ZERO, soon);
        assert_eq!(health, Health::Flapping);
        assert_eq!(reason, "ended 3 times in the last 2 minutes; last time: exit status 1");
        assert!(!ends.is_flapping(start + FLAP_WINDOW + Duration::from_secs(1)));
    }

    #[test]
    fn memory_of_ends_is_bounded() {
        let mut ends = EndHistory::default();
        let now = Instant::now();
        (0..10_000).for_each(|_| ends.note(now));
        assert_eq!(ends.recent(now), EndHistory::KEPT);
    }
}
