//! The GPUs: what they are, what they do, who uses them.
//!
//! What they are is asked once, when the daemon begins. What they do is looked at as often as those who watch want, at
//! most once a second, and otherwise only on demand. Whoever needs something of the probe asks [`Gpus`], which hands it
//! to the one task that owns the probe.

mod leases;
mod sampler;
mod view;

use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use self::leases::{Lease, Leases};
use self::sampler::Sampler;
use super::leases::{Held, lend};
use super::store::Store;
use crate::api::Error;
use crate::api::gpu::{GpuMoment, ProcessInfo};
use crate::host::gpu::{self as host, Probe, User};
use crate::host::names;
use crate::host::root::Root;
use crate::model::gpu::{Process, Roster, Round, Session, Trouble};

pub(super) use self::view::GpuView;

/// So many questions may wait; whoever comes later waits to ask.
const WAITING: usize = 16;

/// See the module. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Gpus {
    shared: Arc<Shared>,
    asks: mpsc::Sender<Ask>,
}

/// See [`Gpus::sessions_of`].
const PATIENCE: Duration = Duration::from_secs(1);

/// What the sampler and those who ask have in common.
#[derive(Debug)]
struct Shared {
    store: Arc<Store>,
    leases: watch::Sender<Leases>,
    roster: Mutex<Roster>,
}

impl Shared {
    // Nobody panics while holding it, and it is whole at every moment.
    fn roster(&self) -> MutexGuard<'_, Roster> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the sampler can be asked for.
enum Ask {
    /// A look at all GPUs that is not older than a second.
    Look(oneshot::Sender<()>),
    /// Who uses them.
    Processes(oneshot::Sender<Result<Round<Option<Vec<Process>>>, Trouble>>),
    /// What they encode.
    Sessions(oneshot::Sender<Result<Round<Option<Vec<Session>>>, Trouble>>),
}

/// Who uses a GPU.
#[derive(Debug)]
pub(super) struct Users {
    /// Those of this container.
    pub(super) known: Vec<ProcessInfo>,
    /// How many more there are.
    pub(super) hidden: u32,
}

impl Gpus {
    /// The GPUs, and what has to run for ever so that they are known.
    pub(super) fn new(
        root: Root,
        store: Arc<Store>,
        probe: Probe,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let shared = Shared { store, leases: watch::Sender::default(), roster: Mutex::default() };
        let shared = Arc::new(shared);
        let (asks, asked) = mpsc::channel(WAITING);
        let sampler = Sampler::new(root, Arc::clone(&shared), probe);
        (Self { shared, asks }, sampler.run(asked))
    }

    /// Returns when what the store says is not older than a second.
    pub(super) async fn look(&self) -> Result<(), Error> {
        self.ask(Ask::Look).await
    }

    /// Has a GPU, or all of them where none is named, looked at as often as that, until the returned descriptor is
    /// closed.
    pub(super) fn watch(&self, gpu: Option<String>, every: Duration, held: Held) -> std::io::Result<OwnedFd> {
        let (shared, lease) = (Arc::clone(&self.shared), Lease { gpu, every });
        let begun = lease.clone();
        let lent = lend(held, move || shared.leases.send_modify(|leases| leases.end(&lease)))?;
        self.shared.leases.send_modify(|leases| leases.begin(begun));
        Ok(lent)
    }

    /// The last minutes, oldest first.
    pub(super) fn history(&self, uuid: &str) -> Vec<GpuMoment> {
        let roster = self.shared.roster();
        let member = roster.members().get(uuid);
        member.map(|member| member.history.moments().map(view::moment).collect()).unwrap_or_default()
    }

    /// Who uses `uuid`.
    pub(super) async fn users(&self, uuid: &str) -> Result<Users, Error> {
        let round = self.ask(Ask::Processes).await?.map_err(|trouble| unreadable(&trouble))?;
        let entry = round.gpus.into_iter().find(|entry| entry.uuid == uuid);
        let entry = entry.ok_or_else(|| Error::UnknownObject("The driver does not list this GPU any more.".into()))?;
        let Some(processes) = entry.told else {
            return Err(entry.trouble.map_or_else(
                || Error::Unsupported("The driver does not tell who uses this GPU.".into()),
                |trouble| unreadable(&trouble),
            ));
        };
        let known = tokio::task::spawn_blocking(move || told(&processes)).await;
        known.map_err(|_| Error::Internal("The processes could not be read. Try again.".into()))
    }

    /// The encoder sessions of these processes, on all GPUs; none if it cannot be told within a second. Whoever asks
    /// has more to do than to wait for a driver that hangs.
    pub(super) async fn sessions_of(&self, pids: &[u32]) -> Option<Vec<Session>> {
        if !self.shared.store.presence().is_some() {
            return None;
        }
        let round = tokio::time::timeout(PATIENCE, self.ask(Ask::Sessions)).await.ok()?.ok()?.ok()?;
        let told: Vec<Vec<Session>> = round.gpus.into_iter().filter_map(|entry| entry.told).collect();
        let of_these = |session: &Session| pids.contains(&session.pid);
        (!told.is_empty()).then(|| told.into_iter().flatten().filter(of_these).collect())
    }

    async fn ask<T>(&self, ask: impl FnOnce(oneshot::Sender<T>) -> Ask) -> Result<T, Error> {
        let gone = || Error::Internal("Nobody looks at the GPUs any more; the log may say why.".into());
        let (answer, answered) = oneshot::channel();
        self.asks.send(ask(answer)).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())
    }
}

fn unreadable(trouble: &Trouble) -> Error {
    Error::Unsupported(trouble.sentence())
}

/// What the driver says of processes, with what this container knows of them. Blocks.
fn told(processes: &[Process]) -> Users {
    let pids: Vec<u32> = processes.iter().map(|process| process.pid).collect();
    let users = host::users(&pids);
    let hidden = u32::try_from(processes.len() - users.len()).unwrap_or(u32::MAX);
    let info = |user: User| {
        let process = processes.iter().find(|process| process.pid == user.pid)?;
        Some(ProcessInfo {
            pid: user.pid,
            start_time: user.start_time,
            name: user.name,
            uid: user.uid,
            user: names::user_name(user.uid),
            activity: process.activity.to_string(),
            memory_bytes: process.memory,
        })
    };
    Users { known: users.into_iter().filter_map(info).collect(), hidden }
}
