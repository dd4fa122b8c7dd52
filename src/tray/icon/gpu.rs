//! Looking at GPUs: once when somebody opens the menu, and every so often for who wants messages about them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::task::AbortHandle;
use tracing::{debug, warn};

use super::super::message::Slot;
use super::super::notices::Notice;
use super::super::notifier::Order;
use super::{Event, Icon};
use crate::client::GpuStats;
use crate::client::preferences::GpuMessages;

/// What comes and goes is looked at as often as this.
const OFTEN: Duration = Duration::from_secs(10);
/// What happens once in a machine's life is noticed soon enough so.
const SELDOM: Duration = Duration::from_mins(1);
/// Numbers are shown for so long.
const NEW: Duration = Duration::from_secs(30);
/// Who opens the menu again at once is not looked for again.
const AGAIN: Duration = Duration::from_secs(2);

/// When GPUs are looked at, and what was seen.
#[derive(Debug, Default)]
pub(super) struct Looks {
    /// What is looked at, how often, and the task that does.
    regular: Option<(Vec<String>, Duration, Task)>,
    /// When somebody opened the menu last.
    asked: Option<Instant>,
    /// When the numbers that are shown came.
    shown: Option<Instant>,
    /// By UUID: also what is not shown.
    last: BTreeMap<String, GpuStats>,
}

/// It ends when this is dropped.
#[derive(Debug)]
struct Task(AbortHandle);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Looks {
    /// Nobody looks any more; whoever wants to has to begin anew.
    pub(super) fn stop(&mut self) {
        self.regular = None;
    }

    /// When the numbers are to be forgotten.
    pub(super) fn old_at(&self) -> Option<Instant> {
        self.shown.map(|shown| shown + NEW)
    }
}

/// How often they have to be looked at for these messages.
fn interval(wanted: GpuMessages) -> Option<Duration> {
    if wanted.throttled || wanted.xid || wanted.memory_percent > 0 {
        Some(OFTEN)
    } else {
        wanted.lost.then_some(SELDOM)
    }
}

impl Icon {
    /// Has the GPUs looked at exactly as often as the wanted messages need.
    pub(super) fn keep_looking(&mut self) {
        let gpus = self.known.snapshot.as_ref().map(|snapshot| snapshot.gpus.as_slice()).unwrap_or_default();
        let uuids: Vec<String> = gpus.iter().map(|gpu| gpu.uuid.clone()).collect();
        self.looks.last.retain(|uuid, _| uuids.contains(uuid));
        let every = interval(self.wanted.gpu).filter(|_| !uuids.is_empty());
        let (Some(every), Some(client)) = (every, self.client.clone()) else { return self.looks.stop() };
        if self.looks.regular.as_ref().is_some_and(|(at, often, _)| *at == uuids && *often == every) {
            return;
        }
        let (events, watched) = (self.events.clone(), uuids.clone());
        let task = tokio::spawn(async move {
            let tell = |uuid: &str, stats| events.send(Event::Gpu(uuid.to_owned(), Box::new(stats), false)).is_ok();
            if let Err(error) = client.follow_gpus(&watched, every, tell).await {
                warn!(%error, "the GPUs are not looked at");
            }
        });
        self.looks.regular = Some((uuids, every, Task(task.abort_handle())));
    }

    /// Somebody is about to read what the GPUs do.
    pub(super) fn look_at_gpus(&mut self) {
        let is_again = self.looks.asked.is_some_and(|asked| asked.elapsed() < AGAIN);
        let (Some(client), Some(snapshot), false) = (self.client.clone(), &self.known.snapshot, is_again) else {
            return;
        };
        self.looks.asked = Some(Instant::now());
        let uuids: Vec<String> = snapshot.gpus.iter().map(|gpu| gpu.uuid.clone()).collect();
        let events = self.events.clone();
        tokio::spawn(async move {
            // The first question looks at all of them.
            for uuid in uuids {
                match client.gpu_stats(&uuid).await {
                    Ok(stats) => drop(events.send(Event::Gpu(uuid, Box::new(stats), true))),
                    Err(error) => debug!(%error, uuid, "not looked at"),
                }
            }
        });
    }

    /// A GPU has been looked at.
    pub(super) fn on_gpu(&mut self, uuid: String, stats: GpuStats, asked: bool) {
        // What is looked at each minute is old for most of it, and is not shown.
        let is_shown = asked || self.looks.regular.as_ref().is_some_and(|(_, every, _)| *every == OFTEN);
        if is_shown {
            self.looks.shown = Some(Instant::now());
            self.known.gpus.insert(uuid.clone(), stats.clone());
        }
        self.looks.last.insert(uuid, stats);
        self.follow_gpus();
        self.publish();
    }

    /// The numbers are old by now.
    pub(super) fn forget_gpus(&mut self) {
        self.looks.shown = None;
        self.known.gpus.clear();
        self.publish();
    }

    /// Tells what is wrong with GPUs, if that is due.
    pub(super) fn follow_gpus(&mut self) {
        let now = Instant::now();
        self.gpu_notices.see(&self.known, &self.looks.last, self.wanted.gpu, now);
        match self.gpu_notices.settle(now) {
            Some(Notice::Show(message)) => self.order(Order::Show(Slot::Gpus, message)),
            Some(Notice::Close) => self.order(Order::Close(Slot::Gpus)),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_wants_no_message_has_nothing_looked_at() {
        let none = GpuMessages { lost: false, throttled: false, xid: false, memory_percent: 0, fallback: true };
        assert_eq!(interval(none), None, "a fallback is told without looking");
        assert_eq!(interval(GpuMessages::default()), Some(SELDOM));
        assert_eq!(interval(GpuMessages { throttled: true, ..none }), Some(OFTEN));
        assert_eq!(interval(GpuMessages { xid: true, ..none }), Some(OFTEN));
        assert_eq!(interval(GpuMessages { memory_percent: 95, ..none }), Some(OFTEN));
    }
}
