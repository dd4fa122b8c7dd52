//! Changes that may lock their author out: tried, then kept or taken back. At most one at a time.
//!
//! Order: journal, trial file, restart of the service, a look at it (stage A), the person's answer (stage B). What a
//! killed daemon leaves is understood by the next one, see [`Pending::resume`]; and by the service's wrapper, which
//! uses a trial for one start only, should there be no next one.

mod journal;
mod run;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot};

use self::run::Course;
use super::jobs::Jobs;
use super::store::Store;
use super::unix_now;
use crate::api::Error;
use crate::host::fault::{self, Fault};
use crate::host::root::Root;
use crate::host::settings::{OnTrial, Settings};
use crate::host::supervisor::Supervisor;
use crate::model::trial::{CONFIRM_SPAN, Stage, Trial};

/// supervisord's name of the unit that streams.
pub(super) const STREAM: &str = "selkies";

/// What a change is to do.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// supervisord's name of the service whose settings change.
    pub(super) service: String,
    /// See [`Trial::summary`].
    pub(super) summary: Vec<String>,
    /// All settings of ours after the change.
    pub(super) after: BTreeMap<String, String>,
    /// How long the person has, in seconds.
    pub(super) confirm_within: u64,
    /// Nobody is asked once the machine is content.
    pub(super) keep_at_once: bool,
    /// Who asked for it.
    pub(super) uid: u32,
}

/// A person's answer, and where the answer to that goes.
#[derive(Debug)]
enum Command {
    Keep { force: bool, answer: oneshot::Sender<Result<(), Error>> },
    Revert { answer: oneshot::Sender<Result<(), Error>> },
}

/// The change that is not over.
#[derive(Debug)]
struct Current {
    id: u64,
    ear: mpsc::Sender<Command>,
}

/// See the module. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    store: Arc<Store>,
    jobs: Jobs,
    supervisor: Supervisor,
    root: Root,
    /// Of the workspace's `.env`.
    workspace: String,
    current: Arc<Mutex<Option<Current>>>,
}

impl Pending {
    pub(super) fn new(root: Root, workspace: String, store: Arc<Store>, jobs: Jobs, supervisor: Supervisor) -> Self {
        Self { store, jobs, supervisor, root, workspace, current: Arc::default() }
    }

    /// Our settings of a service.
    pub(super) fn settings(&self, service: &str) -> Settings {
        Settings::of(&self.root, service, &self.workspace)
    }

    /// Begins a change, or refuses it; then nothing has changed.
    pub(super) async fn begin(&self, wanted: Wanted) -> Result<u64, Error> {
        if !CONFIRM_SPAN.contains(&wanted.confirm_within) {
            let (least, most) = (CONFIRM_SPAN.start(), CONFIRM_SPAN.end());
            let sentence = format!("The time for an answer must be between {least} and {most} seconds.");
            return Err(Error::InvalidSetting(sentence));
        }
        let supervisor =
            self.supervisor.identity().await.map_err(|error| {
                Error::Internal(format!("The change was not begun: {error}. Is supervisord running?"))
            })?;
        let settings = self.settings(&wanted.service);
        let before = settings.kept().map_err(|error| unreadable(&wanted.service, &error))?;
        let mut current = self.lock();
        if let Some(Current { id, .. }) = &*current {
            return Err(Error::Busy(format!(
                "Change {id} still waits for an answer. Keep it or take it back (`desktopctl stream keep`, \
                 `desktopctl stream revert`), then ask again."
            )));
        }
        let trial = Trial {
            // Unlike a counter it needs no memory, and a client never takes a new change for an old one.
            id: unix_now(),
            service: wanted.service,
            summary: wanted.summary,
            before,
            after: wanted.after,
            supervisor,
            started_by_uid: wanted.uid,
            stage: Stage::Restarting,
            confirm_within: wanted.confirm_within,
            countdown: None,
            keep_at_once: wanted.keep_at_once,
            reason: String::new(),
        };
        self.lay_out(&trial, &settings).map_err(|error| not_written(&error))?;
        let id = trial.id;
        *current = Some(Current { id, ear: self.start(trial, settings) });
        Ok(id)
    }

    /// Writes what the next start will use. On failure everything is as it was.
    fn lay_out(&self, trial: &Trial, settings: &Settings) -> io::Result<()> {
        let laid = journal::write(&self.root, trial).and_then(|()| {
            fault::at(Fault::BeforeTrialFile)?;
            settings.begin_trial(&trial.after, trial.supervisor)?;
            fault::at(Fault::AfterTrialFile)
        });
        laid.inspect_err(|_| {
            let undone = settings.revert(&trial.before).and_then(|()| journal::remove(&self.root));
            if let Err(error) = undone {
                tracing::error!(%error, "cannot take a change back that was never begun; the next start will");
            }
        })
    }

    /// Makes the settings under trial those of every start. Without `force`, refused unless a viewer gets pictures.
    pub(super) async fn keep(&self, id: u64, force: bool) -> Result<(), Error> {
        self.tell(id, |answer| Command::Keep { force, answer }).await
    }

    /// Brings the earlier settings back.
    pub(super) async fn revert(&self, id: u64) -> Result<(), Error> {
        self.tell(id, |answer| Command::Revert { answer }).await
    }

    async fn tell(
        &self,
        id: u64,
        command: impl FnOnce(oneshot::Sender<Result<(), Error>>) -> Command,
    ) -> Result<(), Error> {
        let over = || Error::UnknownObject(format!("Change {id} is over; there is nothing left to answer."));
        let ear = self.lock().as_ref().filter(|current| current.id == id).map(|current| current.ear.clone());
        let (answer, wait) = oneshot::channel();
        ear.ok_or_else(over)?.send(command(answer)).await.map_err(|_| over())?;
        wait.await.unwrap_or_else(|_| Err(over()))
    }

    /// Goes on with what an earlier life of the daemon had begun, or takes it back. Call it before services are
    /// watched: files are put right at once, what needs the service follows by itself.
    pub(super) async fn resume(&self) {
        let Some(mut trial) = journal::read(&self.root) else {
            // A trial that no journal tells of is nobody's; the stream must not start with it.
            return drop(self.settings(STREAM).end_trial());
        };
        let settings = self.settings(&trial.service);
        let same = self.supervisor.identity().await.is_ok_and(|now| now == trial.supervisor);
        tracing::info!(change = trial.id, stage = %trial.stage, same, "a change was on trial when the daemon ended");
        if !trial.stage.is_over() && trial.stage != Stage::Keeping && trial.stage != Stage::Reverting && !same {
            trial.reason = "Everything was restarted before the change was kept.".into();
            trial.stage = Stage::Reverting;
        }
        // The service may be about to start: it must not find the trial.
        if trial.stage == Stage::Reverting && matches!(settings.on_trial(), OnTrial::Next | OnTrial::Always) {
            let _ = settings.revert(&trial.before).inspect_err(|error| tracing::error!(%error, "a trial stays"));
        }
        let id = trial.id;
        let ear = self.start(trial, settings);
        *self.lock() = Some(Current { id, ear });
    }

    fn start(&self, trial: Trial, settings: Settings) -> mpsc::Sender<Command> {
        let (ear, commands) = mpsc::channel(4);
        self.store.put_pending(trial.clone());
        let (pending, id) = (self.clone(), trial.id);
        tokio::spawn(async move {
            Course { pending: &pending, settings, trial, commands }.run().await;
            pending.lock().take_if(|current| current.id == id);
        });
        ear
    }

    // Nobody panics while holding it.
    fn lock(&self) -> MutexGuard<'_, Option<Current>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unreadable(service: &str, error: &io::Error) -> Error {
    Error::Internal(format!(
        "The present settings of {service} cannot be read ({error}), so nothing is changed. Mend or remove the file, \
         then try again."
    ))
}

/// For people: a file could not be written, and nothing has changed.
pub(super) fn not_written(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Error::NoSpace("The disk is full, so nothing was changed. Free some space, then try again.".into())
        }
        _ => Error::Internal(format!("A file could not be written ({error}), so nothing was changed.")),
    }
}
