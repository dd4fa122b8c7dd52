//! Reads units from supervisord, one call at a time and never the same twice in a row.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::Message;
use crate::host::supervisor::Supervisor;

/// What the watcher wants to know.
#[derive(Debug)]
pub(super) enum Read {
    /// Everything about every unit.
    All,
    /// Everything about one unit. Who asked is told once the watcher has taken the answer in.
    One(String, Option<oneshot::Sender<()>>),
}

/// Works off requests until the watcher is gone. Requests that pile up during a call are merged.
pub(super) async fn run(
    supervisor: Supervisor,
    mut requests: mpsc::UnboundedReceiver<Read>,
    answers: mpsc::UnboundedSender<Message>,
) {
    while let Some(first) = requests.recv().await {
        let mut all = false;
        let mut names = BTreeSet::new();
        let mut waiting = Vec::new();
        let mut next = Some(first);
        while let Some(request) = next {
            match request {
                Read::All => all = true,
                Read::One(name, who) => {
                    names.insert(name);
                    waiting.extend(who);
                }
            }
            next = requests.try_recv().ok();
        }
        if all {
            let began = Instant::now();
            let result = supervisor.all().await;
            send(&answers, Message::Snapshot { result, took: began.elapsed() });
        } else {
            for name in names {
                let result = supervisor.one(&name).await;
                send(&answers, Message::Reading { name, result: Box::new(result) });
            }
        }
        for who in waiting {
            send(&answers, Message::TakenIn(who));
        }
    }
}

/// Asks supervisord for answers until it has told of the end of `name`, which the kernel has seen: each call turns
/// its loop. Bounded, see DESIGN §2.
pub(super) async fn poke(
    supervisor: Supervisor,
    name: String,
    mut told: oneshot::Receiver<()>,
    requests: mpsc::UnboundedSender<Read>,
) {
    const MOST: u32 = 10;
    const GAP: Duration = Duration::from_millis(5);
    for _ in 0..MOST {
        if supervisor.poke().await.is_err() {
            break;
        }
        if tokio::time::timeout(GAP, &mut told).await.is_ok() {
            // The event has come, or the watcher has lost interest; either way it reads by itself.
            return;
        }
    }
    let _ = requests.send(Read::One(name, None));
}

/// The watcher ends last; when it is gone, nobody needs the answer.
fn send(answers: &mpsc::UnboundedSender<Message>, message: Message) {
    let _ = answers.send(message);
}
