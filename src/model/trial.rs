//! A change that may lock its author out: tried, then kept by a person or taken back.
//!
//! The clock is Unix time in seconds, so that a daemon that was killed goes on where it was.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

/// How long the machine may take to show that the service works with the new settings, in seconds.
pub const CHECKED_WITHIN: u64 = 20;
/// How long the person has for an answer unless they ask for another time, in seconds.
pub const CONFIRM_WITHIN: u64 = 60;
/// The shortest and the longest such time, in seconds.
pub const CONFIRM_SPAN: std::ops::RangeInclusive<u64> = 5..=600;
/// For how long, in all, the clock stands still while nobody looks, in seconds.
pub const PAUSED_AT_MOST: u64 = 300;

/// How far a change is. The tokens are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString, IntoStaticStr, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Stage {
    /// The service is being restarted with the new settings.
    Restarting,
    /// It is being looked at whether it works with them.
    Checking,
    /// It works; the person is asked.
    Waiting,
    /// They are being made the settings of every start.
    Keeping,
    /// The earlier settings are being brought back.
    Reverting,
    /// Over: the new settings hold.
    Kept,
    /// Over: the earlier settings hold.
    Reverted,
}

impl Stage {
    /// Nothing more will happen.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Kept | Self::Reverted)
    }
}

/// Whether somebody sees what the change has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// A viewer gets pictures.
    Watching,
    /// Nobody does.
    Nobody,
    /// It cannot be told.
    Unknown,
}

/// One process, told from a later one with the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessId {
    /// Its number.
    pub pid: u32,
    /// When it started, in clock ticks since the machine came up (field 22 of `/proc/PID/stat`, proc(5)).
    pub start_time: u64,
}

impl std::fmt::Display for ProcessId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.pid, self.start_time)
    }
}

/// A change on trial. Also its form on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// Number, never used twice in one life of the machine.
    pub id: u64,
    /// supervisord's name of the service whose settings change.
    pub service: String,
    /// What changes, for people, a line each. Holds no secrets.
    pub summary: Vec<String>,
    /// Our settings of the service as they are kept now: environment variables.
    pub before: BTreeMap<String, String>,
    /// The same with the change.
    pub after: BTreeMap<String, String>,
    /// The supervisord that starts the service. Another one means that everything was restarted meanwhile.
    pub supervisor: ProcessId,
    /// Who asked for it.
    pub started_by_uid: u32,
    /// How far it is.
    pub stage: Stage,
    /// How long the person has, in seconds.
    pub confirm_within: u64,
    /// While the person is asked.
    pub countdown: Option<Countdown>,
    /// Keep it without asking once the machine is content.
    pub keep_at_once: bool,
    /// Why it was taken back; empty until then.
    pub reason: String,
}

/// The time that is left for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Countdown {
    /// Seconds left; while it runs, counted from `since`.
    left: u64,
    /// When it began to run, or to stand still. Unix time in seconds.
    since: u64,
    /// It stands still, since nobody is there who could answer.
    paused: bool,
    /// For how long it has stood still before.
    paused_for: u64,
}

impl Countdown {
    /// Begins to count.
    #[must_use]
    pub fn begin(now: u64, within: u64) -> Self {
        Self { left: within, since: now, paused: false, paused_for: 0 }
    }

    /// Where it is at `now`; none when time is up. `watched`: somebody is there who could answer.
    #[must_use]
    pub fn at(self, now: u64, watched: bool) -> Option<Self> {
        // A clock that was set back must not give more time.
        let gone = now.saturating_sub(self.since);
        if self.paused {
            let paused_for = self.paused_for + gone;
            if paused_for >= PAUSED_AT_MOST {
                return None;
            }
            return Some(if watched { Self { since: now, paused: false, paused_for, ..self } } else { self });
        }
        let left = self.left.checked_sub(gone).filter(|left| *left > 0)?;
        let pause = !watched && self.paused_for < PAUSED_AT_MOST;
        Some(if pause { Self { left, since: now, paused: true, ..self } } else { self })
    }

    /// When time is up if nothing happens; none while it stands still. Unix time in seconds.
    #[must_use]
    pub fn deadline(self) -> Option<u64> {
        (!self.paused).then_some(self.since + self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_000_000;

    #[test]
    fn a_watched_clock_runs_out_and_not_before() {
        let clock = Countdown::begin(NOW, 60);
        assert_eq!(clock.deadline(), Some(NOW + 60));
        assert_eq!(clock.at(NOW + 59, true), Some(clock));
        assert_eq!(clock.at(NOW + 60, true), None);
    }

    #[test]
    fn it_stands_still_while_nobody_looks() {
        let paused = Countdown::begin(NOW, 60).at(NOW + 10, false).expect("paused");
        assert_eq!(paused.deadline(), None);
        assert_eq!(paused.at(NOW + 200, false), Some(paused));
        let running = paused.at(NOW + 200, true).expect("runs again");
        assert_eq!(running.deadline(), Some(NOW + 250));
        assert_eq!(running.at(NOW + 250, true), None);
    }

    #[test]
    fn but_not_for_ever_and_not_again_and_again() {
        let paused = Countdown::begin(NOW, 60).at(NOW, false).expect("paused");
        assert_eq!(paused.at(NOW + PAUSED_AT_MOST, false), None);
        let mut clock = Countdown::begin(NOW, 60);
        let mut now = NOW;
        let mut seconds = 0;
        // Somebody who looks in for a moment each minute gains no more than the pause.
        while let Some(next) = clock.at(now, now.is_multiple_of(60)) {
            clock = next;
            now += 1;
            seconds += 1;
        }
        assert!(seconds <= 60 + PAUSED_AT_MOST, "{seconds}");
    }

    #[test]
    fn a_clock_set_back_gives_no_more_time_than_a_whole_countdown() {
        let clock = Countdown::begin(NOW, 60);
        assert_eq!(clock.at(NOW - 5000, true), Some(clock));
        assert_eq!(clock.at(NOW + 60, true), None);
    }
}
