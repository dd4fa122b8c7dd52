//! One unit as the watcher knows it: facts in, a [`ServiceView`] out. Pure but for the clock that is handed in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::daemon::store::{Mode, ServiceView};
use crate::model::catalogue::Entry;
use crate::model::health::{EndHistory, Health, ProbeOutcome, judge};
use crate::model::service::{Exit, Reading, State};

/// See the module.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is another fact about one unit, in any combination")]
pub(super) struct Unit {
    pub(super) entry: Arc<Entry>,
    pub(super) reading: Reading,
    ends: EndHistory,
    probe: ProbeOutcome,
    /// The probe has passed since the start, so a failure is none of starting.
    ready: bool,
    /// When the present process began, on our clock.
    began: Instant,
    restarts: u32,
    /// It has had a process, so the next one is a restart.
    had_process: bool,
    /// The start of the next process has been counted from its event.
    start_counted: bool,
    /// How it ended last; supervisord forgets that at the next start.
    last_exit: Option<Exit>,
    /// A process that the kernel says has ended while supervisord still shows it.
    dead_pid: Option<u32>,
    /// Somebody has asked for the end that comes next.
    asked: bool,
    pub(super) last_poke: Option<Instant>,
    last_event: Option<Instant>,
}

/// What a fact about a unit asks the watcher to do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Consequences {
    /// Wait for the end of this process.
    pub(super) watch_pid: Option<u32>,
    /// Its probe has something new to find.
    pub(super) probe: bool,
}

impl Unit {
    /// A unit of which nothing but its name is known; its first reading must follow.
    pub(super) fn new(entry: Arc<Entry>, reading: &Reading, now: Instant) -> Self {
        let probe = absent_or_pending(&entry);
        Self {
            entry,
            reading: Reading { state: State::Unknown, pid: None, ..reading.clone() },
            ends: EndHistory::default(),
            probe,
            ready: false,
            began: now,
            restarts: 0,
            had_process: false,
            start_counted: false,
            last_exit: None,
            dead_pid: None,
            asked: false,
            last_poke: None,
            last_event: None,
        }
    }

    /// supervisord said all this just now.
    pub(super) fn on_reading(&mut self, reading: Reading, mode: Mode, now: Instant, unix_now: u64) -> Consequences {
        if reading.pid.is_some() && reading.pid == self.dead_pid {
            // supervisord has not noticed yet; the kernel knows better.
            return Consequences::default();
        }
        let first = self.reading.state == State::Unknown;
        let new_process = reading.pid.is_some() && reading.pid != self.reading.pid;
        let began_running = reading.state == State::Running && self.reading.state != State::Running;
        if new_process {
            if self.had_process && !std::mem::take(&mut self.start_counted) {
                self.restarts += 1;
            }
            self.had_process = true;
            // Events tell of ends one by one; between two polls this is all that can be seen.
            if mode == Mode::Polling && !first {
                self.note_end_unless_asked(now);
            }
            let alive = reading.started_at.map_or(0, |start| unix_now.saturating_sub(start));
            self.began = now.checked_sub(Duration::from_secs(alive)).unwrap_or(now);
            self.reset_probe();
        }
        if reading.state.is_down() {
            self.reset_probe();
        }
        if reading.state == State::Running {
            self.asked = false;
        }
        let watch_pid = reading.pid.filter(|_| new_process);
        self.last_exit = reading.exit.or(self.last_exit);
        self.reading = Reading { exit: self.last_exit, ..reading };
        Consequences { watch_pid, probe: (began_running || new_process) && self.reading.state == State::Running }
    }

    /// supervisord's event said that it went to `state`.
    pub(super) fn on_event(&mut self, state: State, now: Instant) {
        self.last_event = Some(now);
        match state {
            State::Stopping | State::Stopped => self.on_asked(),
            State::Exited | State::Backoff => self.note_end_unless_asked(now),
            _ => {}
        }
        // A flapping unit is not read again each time, since every call turns supervisord's loop and so speeds the
        // crash loop up. Its events are all there is.
        if self.is_flapping(now) {
            if state == State::Starting {
                self.restarts += 1;
                self.start_counted = true;
            }
            self.reading.state = state;
            if state != State::Running {
                self.reading.pid = None;
            }
        }
    }

    /// Somebody asked for a start or a stop: what happens next is no trouble, and old troubles are forgotten.
    pub(super) fn on_asked(&mut self) {
        self.asked = true;
        self.ends.clear();
    }

    /// The kernel says that the process has ended. False if it is not the present one.
    pub(super) fn on_death(&mut self, pid: u32, unix_now: u64) -> bool {
        if self.reading.pid != Some(pid) {
            return false;
        }
        self.dead_pid = Some(pid);
        self.reading.pid = None;
        self.last_exit = None;
        self.reading.exit = None;
        self.reading.ended_at = Some(unix_now);
        if self.reading.state != State::Stopping {
            self.reading.state = State::Exited;
        }
        self.reset_probe();
        true
    }

    /// supervisord cannot be asked.
    pub(super) fn on_unreachable(&mut self) {
        self.reading.state = State::Unknown;
        self.reading.pid = None;
    }

    /// The probe has found this about the process that runs now.
    pub(super) fn on_probe(&mut self, outcome: ProbeOutcome) {
        if self.reading.state == State::Running {
            self.ready |= outcome == ProbeOutcome::Passed;
            self.probe = outcome;
        }
    }

    /// When its probe should be asked next, if at all.
    pub(super) fn next_probe(&self, watched: bool, now: Instant) -> Option<Duration> {
        if self.reading.state != State::Running || self.entry.probe.is_none() {
            return None;
        }
        let starting = self.age(now) < self.entry.ready_within();
        Some(match &self.probe {
            ProbeOutcome::Passed | ProbeOutcome::Absent(_) if watched => WATCHED_INTERVAL,
            ProbeOutcome::Passed | ProbeOutcome::Absent(_) => IDLE_INTERVAL,
            ProbeOutcome::Pending => Duration::ZERO,
            ProbeOutcome::Failed(_) if starting => STARTING_INTERVAL,
            ProbeOutcome::Failed(_) => WATCHED_INTERVAL,
        })
    }

    pub(super) fn is_flapping(&self, now: Instant) -> bool {
        self.ends.is_flapping(now)
    }

    /// Somebody has asked for its end.
    pub(super) fn is_stopping(&self) -> bool {
        self.reading.state == State::Stopping
    }

    /// No event has come for so long.
    pub(super) fn is_quiet(&self, how_long: Duration, now: Instant) -> bool {
        self.last_event.is_none_or(|at| now.duration_since(at) >= how_long)
    }

    pub(super) fn view(&self, now: Instant) -> ServiceView {
        let (health, health_reason) = if self.entry.is_turned_off(self.reading.state, self.reading.exit) {
            (Health::None, TURNED_OFF.into())
        } else {
            judge(&self.reading, &self.ends, &self.probe, self.age(now), self.entry.ready_within(), now)
        };
        ServiceView {
            name: self.reading.name.clone(),
            entry: Arc::clone(&self.entry),
            state: self.reading.state,
            health,
            health_reason,
            since: self.reading.since(),
            pid: self.reading.pid,
            restarts: self.restarts,
            exit: self.reading.exit,
            log_file: self.reading.log_file.clone(),
        }
    }

    /// For how long it has had time to get ready.
    fn age(&self, now: Instant) -> Duration {
        if self.ready { Duration::MAX } else { now.saturating_duration_since(self.began) }
    }

    /// Another process has everything still to show.
    fn reset_probe(&mut self) {
        self.probe = absent_or_pending(&self.entry);
        self.ready = false;
    }

    fn note_end_unless_asked(&mut self, now: Instant) {
        if !self.asked {
            self.ends.note(now);
        }
    }
}

/// Why such a service is not meant to run.
const TURNED_OFF: &str = "turned off in its settings";
/// A passed probe is asked again so often when nobody looks,
pub(super) const IDLE_INTERVAL: Duration = Duration::from_mins(1);
/// and so often while somebody does; a failed one always, so that recovery is seen soon.
const WATCHED_INTERVAL: Duration = Duration::from_secs(5);
/// While it starts, so that "ready" is said promptly.
const STARTING_INTERVAL: Duration = Duration::from_millis(500);

fn absent_or_pending(entry: &Entry) -> ProbeOutcome {
    entry.unknown_reason().map_or(ProbeOutcome::Pending, |reason| ProbeOutcome::Absent(reason.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(state: State, pid: Option<u32>) -> Reading {
        Reading {
            name: "x".into(),
            state,
            started_at: Some(100),
            ended_at: None,
            pid,
            exit: None,
            spawn_error: None,
            log_file: None,
        }
    }

    fn running_unit(now: Instant) -> Unit {
        let mut unit = Unit::new(Arc::new(Entry::unlisted("x")), &reading(State::Running, Some(7)), now);
        let consequences = unit.on_reading(reading(State::Running, Some(7)), Mode::Events, now, 100);
        assert_eq!(consequences, Consequences { watch_pid: Some(7), probe: true });
        unit
    }

    #[test]
    fn the_kernel_is_believed_before_supervisord() {
        let now = Instant::now();
        let mut unit = running_unit(now);
        assert!(unit.on_death(7, 123));
        assert_eq!((unit.view(now).state, unit.view(now).pid), (State::Exited, None));
        unit.on_reading(reading(State::Running, Some(7)), Mode::Events, now, 100);
        assert_eq!(unit.view(now).state, State::Exited, "an old pid is no life");
        unit.on_reading(reading(State::Running, Some(8)), Mode::Events, now, 100);
        assert_eq!((unit.view(now).state, unit.view(now).pid), (State::Running, Some(8)));
    }

    #[test]
    fn the_death_of_an_earlier_process_means_nothing() {
        let now = Instant::now();
        let mut unit = running_unit(now);
        assert!(!unit.on_death(6, 123));
        assert_eq!(unit.view(now).pid, Some(7));
    }

    #[test]
    fn ends_that_somebody_asked_for_are_not_flapping() {
        let now = Instant::now();
        let mut unit = running_unit(now);
        for round in 0..10 {
            for state in [State::Stopping, State::Stopped, State::Starting, State::Running] {
                unit.on_event(state, now);
            }
            unit.on_reading(reading(State::Running, Some(8 + round)), Mode::Events, now, 100);
        }
        assert!(!unit.is_flapping(now));
        assert_eq!(unit.view(now).restarts, 10);
    }

    #[test]
    fn a_crash_loop_is_flapping_and_is_shown_from_events_alone() {
        let now = Instant::now();
        let mut unit = running_unit(now);
        for _ in 0..3 {
            for state in [State::Exited, State::Starting, State::Running] {
                unit.on_event(state, now);
            }
        }
        assert_eq!(unit.view(now).health, Health::Flapping);
        unit.on_event(State::Exited, now);
        assert_eq!((unit.view(now).state, unit.view(now).pid), (State::Exited, None));
    }

    #[test]
    fn between_polls_a_new_pid_is_an_end_and_a_start() {
        let now = Instant::now();
        let mut unit = running_unit(now);
        for pid in 8..11 {
            unit.on_reading(reading(State::Running, Some(pid)), Mode::Polling, now, 100);
            // The asked flag of a poll-only life is cleared by RUNNING, so each further end counts.
        }
        assert_eq!(unit.view(now).restarts, 3);
        assert_eq!(unit.view(now).health, Health::Flapping);
    }
}
