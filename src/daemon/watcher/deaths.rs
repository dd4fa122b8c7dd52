//! The kernel's word on ended processes, a second or two before supervisord's.

use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::{Message, Watcher, reader};
use crate::daemon::unix_now;
use crate::host::pidfd;

/// supervisord is poked for one unit no more often than this.
const POKE_GAP: Duration = Duration::from_secs(1);

impl Watcher {
    pub(super) fn watch_pid(&mut self, name: &str, pid: u32) {
        let (to_self, unit) = (self.to_self.clone(), name.to_owned());
        let watch = tokio::spawn(async move {
            match pidfd::ended(pid).await {
                Ok(()) => drop(to_self.send(Message::Died { name: unit, pid })),
                // Its end is then told by supervisord, a second or two later.
                Err(error) => tracing::warn!(service = unit, pid, %error, "cannot watch a process"),
            }
        });
        if let Some(old) = self.pid_watches.insert(name.to_owned(), watch.abort_handle()) {
            old.abort();
        }
    }

    pub(super) fn on_death(&mut self, name: &str, pid: u32) {
        let now = Instant::now();
        let Some(unit) = self.units.get_mut(name) else { return };
        if !unit.on_death(pid, unix_now()) {
            return;
        }
        let asked = unit.is_stopping();
        let poke = !unit.is_flapping(now) && unit.last_poke.is_none_or(|at| now.duration_since(at) >= POKE_GAP);
        // An end that somebody asked for must not use up the poke of the crash that may follow it.
        if poke && !asked {
            unit.last_poke = Some(now);
        }
        self.publish(name);
        if poke {
            let (told, wait) = oneshot::channel();
            self.pokes.insert(name.to_owned(), told);
            tokio::spawn(reader::poke(self.supervisor.clone(), name.to_owned(), wait, self.reads.clone()));
        }
    }
}
