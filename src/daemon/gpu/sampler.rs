//! The task that owns the probe.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::view::GpuView;
use super::{Ask, Shared};
use crate::daemon::unix_now;
use crate::host::gpu::{Probe, device_files};
use crate::host::root::Root;
use crate::model::gpu::{Presence, Round, Trouble};

/// What was looked at is new for so long.
const FRESH: Duration = Duration::from_secs(1);
/// While something is wrong it is looked every so often also where nobody watches, so that its end is told.
const RECHECK: Duration = Duration::from_mins(1);
/// The probe stays for so long after the last question.
const LINGER: Duration = Duration::from_secs(10);

/// See the module.
pub(super) struct Sampler {
    root: Root,
    shared: Arc<Shared>,
    probe: Probe,
    /// It is known what the GPUs are.
    learnt: bool,
    /// When it was looked last.
    looked: Option<Instant>,
    /// When the probe was asked last.
    asked: Instant,
}

impl Sampler {
    pub(super) fn new(root: Root, shared: Arc<Shared>, probe: Probe) -> Self {
        Self { root, shared, probe, learnt: false, looked: None, asked: Instant::now() }
    }

    /// Looks as often as somebody wants, and answers questions, until nobody can ask any more.
    pub(super) async fn run(mut self, mut asks: mpsc::Receiver<Ask>) {
        let mut leases = self.shared.leases.subscribe();
        self.look().await;
        loop {
            let period = leases.borrow_and_update().period();
            let next = self.next_look(period);
            let leaves = (period.is_none() && self.probe.pid().is_some()).then(|| self.asked + LINGER);
            tokio::select! {
                ask = asks.recv() => match ask {
                    Some(ask) => self.answer(ask).await,
                    None => return,
                },
                _ = leases.changed() => {}
                () = at(next), if next.is_some() => self.look().await,
                () = at(leaves), if leaves.is_some() => self.probe.end(),
            }
        }
    }

    fn next_look(&self, period: Option<Duration>) -> Option<Instant> {
        let period = period.or_else(|| self.is_in_trouble().then_some(RECHECK))?;
        let next = self.looked.map_or_else(Instant::now, |looked| looked + period);
        Some(self.probe.resumes().map_or(next, |resumes| resumes.max(next)))
    }

    fn is_in_trouble(&self) -> bool {
        let failing = matches!(self.shared.store.presence(), Presence::Failing(_) | Presence::Partly(_));
        failing
            || self.shared.roster().members().values().any(|member| member.trouble.is_some() || member.xid.is_some())
    }

    async fn answer(&mut self, ask: Ask) {
        match ask {
            Ask::Look(answer) => {
                if self.looked.is_none_or(|looked| looked.elapsed() >= FRESH) {
                    self.look().await;
                }
                give(answer, ());
            }
            Ask::Processes(answer) => give(answer, self.probe.processes().await),
            // Whoever was not patient enough has asked again since.
            Ask::Sessions(answer) if answer.is_closed() => return,
            Ask::Sessions(answer) => give(answer, self.probe.sessions().await),
        }
        self.asked = Instant::now();
    }

    /// Looks, and tells the store.
    async fn look(&mut self) {
        let now = unix_now();
        self.looked = Some(Instant::now());
        let outcome = self.look_at_all(now).await;
        self.asked = Instant::now();
        if let Err(trouble) = &outcome {
            // Whoever comes back may be another one.
            self.learnt = false;
            self.shared.roster().fail(trouble);
        }
        self.tell(outcome.as_ref());
    }

    async fn look_at_all(&mut self, now: u64) -> Result<Round<()>, Trouble> {
        if !self.learnt {
            self.learn(now).await?;
        }
        let round = self.probe.sample().await?;
        let changed = self.shared.roster().look(&round, now);
        if changed {
            self.learn(now).await?;
        }
        Ok(round.map(drop))
    }

    async fn learn(&mut self, now: u64) -> Result<(), Trouble> {
        let round = self.probe.facts().await?;
        self.shared.roster().learn(&round, now);
        self.learnt = true;
        Ok(())
    }

    fn tell(&self, outcome: Result<&Round<()>, &Trouble>) {
        let roster = self.shared.roster();
        let presence = if roster.members().is_empty() {
            Presence::judge(device_files(&self.root), outcome)
        } else {
            let stranger = outcome.ok().and_then(|round| roster.stranger(round));
            stranger.map_or(Presence::Present, |trouble| Presence::Partly(trouble.clone()))
        };
        let views = roster.members().iter().map(|(uuid, member)| (uuid.clone(), GpuView::of(member))).collect();
        drop(roster);
        let leases = self.shared.leases.borrow();
        self.shared.store.put_gpus(views, presence, |uuid| leases.watch(uuid));
    }
}

/// Whoever asked may have gone.
fn give<T>(answer: oneshot::Sender<T>, told: T) {
    let _ = answer.send(told);
}

/// Waits until then. Only where there is such a time.
async fn at(time: Option<Instant>) {
    tokio::time::sleep_until(time.unwrap_or_else(Instant::now)).await;
}
