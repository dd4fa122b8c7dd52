//! The stream: its settings, what the server really does, and changes of the one in order to change the other.
//!
//! Settings are read at the start, when the server starts or ends, when a change on trial begins or ends, and on demand.
//! What happens right now is looked at once a second, and only while somebody watches.

mod configured;
mod live;
mod plan;
mod table;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use self::configured::Reading;
use self::live::Sampling;
use self::plan::Basis;
use super::gpu::Gpus;
use super::pending::{Pending, STREAM, Wanted};
use super::store::Store;
use crate::api::Error;
use crate::api::stream::Moment;
use crate::host::root::Root;
use crate::host::supervisor::Supervisor;
use crate::model::health::Health;
use crate::model::stream::Presets;
use crate::model::text::quoted;
use crate::model::trial::{Stage, Trial};

pub(super) use self::plan::{Plan, Wish};
pub(super) use self::view::{Configured, Live, StreamView};

/// How often it is looked while somebody watches.
const PERIOD: Duration = Duration::from_secs(1);
/// What was looked at once, for somebody who asked, is forgotten after this.
const STALE: Duration = Duration::from_secs(10);

/// What the operator says about the stream.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    /// The Python of Selkies 2.
    pub(super) python: String,
    /// Settings that nobody may change.
    pub(super) fixed: BTreeSet<String>,
    /// The desktop user's name.
    pub(super) user: String,
    /// The folder that holds `.env`.
    pub(super) workspace: String,
}

/// How a change is tried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// How long the person has, in seconds.
    pub(super) confirm_within: u64,
    /// Nobody is asked once the machine is content.
    pub(super) keep_at_once: bool,
    /// Who asked for it.
    pub(super) uid: u32,
}

/// See the module. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Arc<Store>,
    pending: Pending,
    supervisor: Supervisor,
    gpus: Gpus,
    root: Root,
    terms: Terms,
    watchers: watch::Sender<usize>,
    reading: tokio::sync::Mutex<Reading>,
    sampling: tokio::sync::Mutex<Sampling>,
}

/// What settings are read anew for.
#[derive(Clone, Debug, PartialEq)]
struct Cause {
    pid: Option<u32>,
    works: bool,
    trial: Option<(u64, Stage)>,
}

impl Stream {
    pub(super) fn new(
        root: Root,
        terms: Terms,
        store: Arc<Store>,
        pending: Pending,
        supervisor: Supervisor,
        gpus: Gpus,
    ) -> Self {
        let (reading, sampling) = (tokio::sync::Mutex::default(), tokio::sync::Mutex::default());
        let watchers = watch::Sender::new(0);
        Self { inner: Arc::new(Inner { store, pending, supervisor, gpus, root, terms, watchers, reading, sampling }) }
    }

    /// Counts who watches.
    pub(super) fn watchers(&self) -> &watch::Sender<usize> {
        &self.inner.watchers
    }

    /// Keeps the view up to date, for ever.
    pub(super) async fn run(self) {
        let mut changes = self.inner.store.changes();
        let mut watchers = self.inner.watchers.subscribe();
        let mut known = None;
        loop {
            let cause = self.cause();
            if known.as_ref() != Some(&cause) {
                known = Some(cause);
                self.read().await;
            }
            let watched = *watchers.borrow_and_update() > 0;
            let last = self.inner.sampling.lock().await.last;
            let next = match (watched, last) {
                (true, None) => Some(Instant::now()),
                (true, Some(last)) => Some(last + PERIOD),
                (false, last) => last.map(|last| last + STALE),
            };
            tokio::select! {
                _ = changes.changed() => {}
                _ = watchers.changed() => {}
                () = tokio::time::sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                    if watched { self.sample(true).await } else { self.forget().await }
                }
            }
        }
    }

    fn cause(&self) -> Cause {
        let service = self.inner.store.service(STREAM);
        let trial = self.inner.store.trial_of(STREAM);
        Cause {
            pid: service.as_ref().and_then(|view| view.pid),
            works: service.is_some_and(|view| view.health == Health::Ok),
            trial: trial.map(|trial| (trial.id, trial.stage)),
        }
    }

    /// What is configured. Waits for the first look at it; none where no Selkies is installed.
    pub(super) async fn configured(&self) -> Option<Arc<Configured>> {
        if self.inner.reading.lock().await.began.is_none() {
            self.read().await;
        }
        self.inner.store.stream().configured.clone()
    }

    /// Reads everything anew.
    pub(super) async fn refresh(&self) {
        self.read().await;
        self.sample(false).await;
    }

    /// The last minutes, oldest first.
    pub(super) async fn history(&self) -> Vec<Moment> {
        self.inner.sampling.lock().await.history()
    }

    /// What [`Self::apply`] would do.
    pub(super) async fn plan(&self, wishes: &[Wish]) -> Result<Plan, Error> {
        let configured = self.installed().await?;
        self.basis(&configured)?.wishes(wishes)
    }

    /// Tries these settings out. The number of the change; none where there is nothing to change.
    pub(super) async fn apply(&self, wishes: &[Wish], manner: Manner) -> Result<Option<u64>, Error> {
        let configured = self.newest().await?;
        let basis = self.basis(&configured)?;
        self.begin(basis.wishes(wishes)?, manner).await
    }

    /// The same with the settings of a preset.
    pub(super) async fn apply_preset(&self, name: &str, manner: Manner) -> Result<Option<u64>, Error> {
        let presets = Presets::bundled();
        let preset = presets.get(name).ok_or_else(|| {
            let all: Vec<&str> = presets.all.iter().map(|preset| preset.id.as_str()).collect();
            Error::UnknownSetting(format!("There is no preset {}. There are {}.", quoted(name), all.join(", ")))
        })?;
        let configured = self.newest().await?;
        let basis = self.basis(&configured)?;
        self.begin(basis.preset(preset)?, manner).await
    }

    /// The same without our values of these settings; of all where none is named.
    pub(super) async fn reset(&self, names: &[String], manner: Manner) -> Result<Option<u64>, Error> {
        let configured = self.newest().await?;
        let basis = self.basis(&configured)?;
        self.begin(basis.reset(names)?, manner).await
    }

    async fn begin(&self, plan: Plan, manner: Manner) -> Result<Option<u64>, Error> {
        if plan.changes.is_empty() {
            return Ok(None);
        }
        let store = &self.inner.store;
        if store.service(STREAM).is_none() {
            return Err(Error::Unsupported(format!("supervisord has no service called {STREAM} that could use them.")));
        }
        tracing::info!(uid = manner.uid, changes = ?plan.changes, "a change of the stream");
        let wanted = Wanted {
            service: STREAM.into(),
            summary: plan.changes,
            after: plan.after,
            confirm_within: manner.confirm_within,
            keep_at_once: manner.keep_at_once,
            uid: manner.uid,
        };
        self.inner.pending.begin(wanted).await.map(Some)
    }

    fn basis<'c>(&self, configured: &'c Configured) -> Result<Basis<'c>, Error> {
        let kept = self.inner.pending.settings(STREAM).kept();
        let kept = kept.map_err(|error| {
            Error::Internal(format!(
                "The present settings of the stream cannot be read ({error}), so nothing is changed. Mend or remove the \
                 file, then try again."
            ))
        })?;
        Ok(Basis { configured, kept })
    }

    async fn installed(&self) -> Result<Arc<Configured>, Error> {
        self.configured().await.ok_or_else(|| {
            Error::Unsupported(format!("No Selkies is installed: there is none for {}.", self.inner.terms.python))
        })
    }

    /// As it is now: somebody may have changed the workspace's `.env`.
    async fn newest(&self) -> Result<Arc<Configured>, Error> {
        self.read().await;
        self.installed().await
    }
}

/// Our settings with which the stream starts now: those under trial, unless they are being taken back.
fn in_force(trial: Option<&Trial>, kept: BTreeMap<String, String>) -> BTreeMap<String, String> {
    match trial {
        Some(trial) if matches!(trial.stage, Stage::Reverting | Stage::Reverted) => trial.before.clone(),
        Some(trial) if !trial.stage.is_over() => trial.after.clone(),
        _ => kept,
    }
}
