//! When each service's probe is asked, and what its answer does.

use std::time::Instant;

use super::{Message, Timer, Watcher};
use crate::host::probe;
use crate::model::health::ProbeOutcome;

impl Watcher {
    pub(super) fn on_probed(&mut self, name: &str, pid: Option<u32>, outcome: ProbeOutcome) {
        let Some(unit) = self.units.get_mut(name) else { return };
        // An answer of the process before this one says nothing.
        if unit.reading.pid == pid {
            unit.on_probe(outcome);
            self.publish(name);
        }
        self.schedule_probe(name);
    }

    pub(super) fn on_watched(&mut self) {
        let names: Vec<String> = self.probe_timers.keys().cloned().collect();
        for name in &names {
            self.schedule_probe(name);
        }
    }

    pub(super) fn schedule_probe(&mut self, name: &str) {
        if let Some(key) = self.probe_timers.remove(name) {
            self.timers.try_remove(&key);
        }
        let watched = *self.watched.borrow() > 0;
        let due = self.units.get(name).and_then(|unit| unit.next_probe(watched, Instant::now()));
        if let Some(due) = due {
            let key = self.timers.insert(Timer::Probe(name.to_owned()), due);
            self.probe_timers.insert(name.to_owned(), key);
        }
    }

    pub(super) fn ask_probe(&mut self, name: &str) {
        let Some(unit) = self.units.get(name) else { return };
        let Some(question) = unit.entry.probe.clone() else { return };
        let (to_self, name, pid) = (self.to_self.clone(), name.to_owned(), unit.reading.pid);
        tokio::spawn(async move {
            let outcome = probe::ask(&question).await;
            let _ = to_self.send(Message::Probed { name, pid, outcome });
        });
    }
}
