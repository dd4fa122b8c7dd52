//! supervisord's events, and what is done about a unit that flaps: it is judged by its events alone.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::reader::Read;
use super::{Message, Timer, Watcher};
use crate::daemon::store::Mode;
use crate::host::supervisor::listener::{Event, ListenError, Listener, Numbered};

/// A flapping unit is looked at again after this, and read only if it was quiet for as long.
const RECHECK_GAP: Duration = Duration::from_secs(5);

impl Watcher {
    pub(super) fn on_event(&mut self, numbered: Numbered) {
        let expected = self.last_serial.map(|last| last + 1);
        if expected.is_some_and(|expected| expected != numbered.serial) {
            tracing::warn!(serial = numbered.serial, ?expected, "events were lost, reading everything");
            self.read(Read::All);
        }
        self.last_serial = Some(numbered.serial);
        match numbered.event {
            Event::Process { name, state } => {
                self.pokes.remove(&name);
                let now = Instant::now();
                let Some(unit) = self.units.get_mut(&name) else { return self.read(Read::All) };
                unit.on_event(state, now);
                if unit.is_flapping(now) {
                    self.publish(&name);
                    self.recheck_later(name);
                } else {
                    self.read(Read::One(name, None));
                }
            }
            Event::Groups => self.read(Read::All),
            Event::Supervisor { stopping } => tracing::info!(stopping, "supervisord changes its state"),
            Event::Other => {}
        }
    }

    pub(super) fn on_listener_ended(&mut self, error: &ListenError) {
        tracing::warn!(%error, "no more events, polling from now on");
        self.store.set_mode(Mode::Polling);
        self.read(Read::All);
    }

    /// "Flapping" passes with time alone, so somebody has to look again.
    fn recheck_later(&mut self, name: String) {
        if self.rechecked.insert(name.clone()) {
            self.flapping.store(self.rechecked.len(), Ordering::Relaxed);
            self.timers.insert(Timer::Recheck(name), RECHECK_GAP);
        }
    }

    pub(super) fn recheck(&mut self, name: String) {
        self.rechecked.remove(&name);
        self.flapping.store(self.rechecked.len(), Ordering::Relaxed);
        let now = Instant::now();
        let Some(unit) = self.units.get(&name) else { return };
        let (flapping, quiet) = (unit.is_flapping(now), unit.is_quiet(RECHECK_GAP, now));
        self.publish(&name);
        if quiet || !flapping {
            self.read(Read::One(name.clone(), None));
        }
        if flapping {
            self.recheck_later(name);
        }
    }
}

/// Listens until the stream ends, on a thread of its own. `flapping` is the number of units that flap.
pub(super) fn listen(listener: Listener, to_watcher: mpsc::UnboundedSender<Message>, flapping: Arc<AtomicUsize>) {
    let complain = to_watcher.clone();
    let thread = std::thread::Builder::new().name("events".into()).stack_size(128 * 1024);
    let started = thread.spawn(move || {
        let Err(error) = pass_on(listener, &to_watcher, &flapping);
        let _ = to_watcher.send(Message::ListenerEnded(error));
    });
    if let Err(error) = started {
        let _ = complain.send(Message::ListenerEnded(error.into()));
    }
}

fn pass_on(
    mut listener: Listener,
    to_watcher: &mpsc::UnboundedSender<Message>,
    flapping: &AtomicUsize,
) -> Result<Infallible, ListenError> {
    let mut pace = Pace::new(Instant::now());
    listener.ready()?;
    let _ = to_watcher.send(Message::Listening);
    loop {
        let numbered = listener.event()?;
        let pause = pace.pause(flapping.load(Ordering::Relaxed), Instant::now());
        // With nothing to wait for the answer goes first: see [`Listener`].
        if pause.is_zero() {
            listener.answer()?;
        }
        let _ = to_watcher.send(Message::Event(numbered));
        if !pause.is_zero() {
            std::thread::sleep(pause);
            listener.answer()?;
        }
    }
}

/// How many answers supervisord gets while units flap. A prompt answer does not drive a crash loop; but on a busy machine
/// no answer is prompt enough, and each late one makes the loop's next step and so the next event: thousands of starts
/// a minute were measured. Answers above the usual number wait, and then go together, which is nearly as good as
/// prompt. See decision 6.
#[derive(Debug)]
struct Pace {
    since: Instant,
    given: usize,
}

impl Pace {
    const WINDOW: Duration = Duration::from_secs(3);
    /// A crash loop left alone makes two ends in that time, of three events each.
    const IN_A_WINDOW: usize = 9;

    fn new(now: Instant) -> Self {
        Self { since: now, given: 0 }
    }

    /// How long the answer that is due now has to wait.
    fn pause(&mut self, flapping: usize, now: Instant) -> Duration {
        let end = self.since + Self::WINDOW;
        if flapping == 0 || now >= end {
            *self = Self { since: now, given: usize::from(flapping > 0) };
            return Duration::ZERO;
        }
        if self.given < Self::IN_A_WINDOW * flapping {
            self.given += 1;
            return Duration::ZERO;
        }
        *self = Self { since: end, given: 1 };
        end - now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_prompt_unless_something_flaps_too_fast() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        assert!((0..100).all(|_| pace.pause(0, now).is_zero()));
        let waits = |pace: &mut Pace, flapping, at| {
            (0..3 * Pace::IN_A_WINDOW).map(|_| pace.pause(flapping, at)).filter(|pause| !pause.is_zero()).count()
        };
        assert_eq!(waits(&mut pace, 3, now), 0, "three have so many");
        let mut at = now + Pace::WINDOW;
        for _ in 0..10 * Pace::IN_A_WINDOW {
            at += pace.pause(1, at);
        }
        assert_eq!(at, now + 10 * Pace::WINDOW, "one has no more than its share");
        assert!(pace.pause(0, at).is_zero(), "when it is over nothing waits");
    }
}
