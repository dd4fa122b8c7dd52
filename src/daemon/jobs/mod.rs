//! The registry of jobs: accepts, runs, cancels, remembers.
//!
//! Jobs belong to the daemon and outlive whoever asked for them. They are kept on disk too, so that a daemon that was
//! killed knows at its next start what it was doing.

mod history;
mod service;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use self::history::History;
use super::store::Store;
use super::unix_now;
use super::watcher::WatcherHandle;
use crate::api::{self, Error};
use crate::host::root::Root;
use crate::host::supervisor::Supervisor;
use crate::model::job::{Job, JobError, JobKind, JobResult, JobState};
use crate::model::text::quoted;

/// A finished job keeps its object for at least so long,
const KEPT_FOR: Duration = Duration::from_mins(1);
/// and the newest so many for longer.
const KEPT: usize = 16;

/// The unit that this daemon is.
pub(super) const OWN_UNIT: &str = "desktop-controld";

/// See the module. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Jobs {
    store: Arc<Store>,
    watcher: WatcherHandle,
    supervisor: Supervisor,
    history: Arc<History>,
    running: Arc<Mutex<HashMap<u64, CancellationToken>>>,
    /// Ends the daemon, for a restart of itself.
    shutdown: CancellationToken,
}

/// What a job is to do.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) kind: JobKind,
    /// In the order of their starts.
    pub(super) targets: Vec<String>,
    /// The one that was named; the others come along.
    pub(super) named: String,
}

impl Jobs {
    /// The registry, with the jobs of earlier lives of the daemon.
    pub(super) fn new(
        root: Root,
        store: Arc<Store>,
        watcher: WatcherHandle,
        supervisor: Supervisor,
        shutdown: CancellationToken,
    ) -> Self {
        let history = History::load(root, unix_now());
        history.jobs().into_iter().for_each(|job| store.put_job(job));
        let jobs = Self { store, watcher, supervisor, history: Arc::new(history), running: Arc::default(), shutdown };
        jobs.forget_old();
        jobs
    }

    /// Refuses where a job is at work on one of these.
    pub(super) fn check_free(&self, targets: &[String]) -> Result<(), Error> {
        let active = self.store.jobs().into_iter().filter(|job| job.state != JobState::Finished);
        for job in active {
            if let Some(target) = targets.iter().find(|target| job.targets.contains(target)) {
                return Err(Error::Busy(format!(
                    "Job {} is already at work on {}. Wait for it (`desktopctl jobs follow {}`), then ask again.",
                    job.id,
                    quoted(target),
                    job.id
                )));
            }
        }
        Ok(())
    }

    /// Accepts a job with services and begins it, or refuses it because something excludes it.
    pub(super) fn begin(&self, order: Order, uid: u32) -> Result<u64, Error> {
        let (kind, targets) = (order.kind, order.targets.clone());
        self.accept(kind, targets, uid, move |jobs, id, cancel| async move {
            service::run(&jobs, id, &order, &cancel).await
        })
    }

    /// Accepts a job and begins it, or refuses it because another is at work on one of these.
    pub(super) fn accept<W>(
        &self,
        kind: JobKind,
        targets: Vec<String>,
        uid: u32,
        work: impl FnOnce(Self, u64, CancellationToken) -> W + Send + 'static,
    ) -> Result<u64, Error>
    where
        W: Future<Output = Result<JobResult, Error>> + Send,
    {
        self.check_free(&targets)?;
        tracing::info!(%kind, ?targets, uid, "job accepted");
        let job = Job {
            id: self.history.next_id(),
            kind,
            state: JobState::Queued,
            step: String::new(),
            progress: (0, u32::try_from(targets.len()).unwrap_or(u32::MAX)),
            targets,
            started_by_uid: uid,
            started_at: unix_now(),
            ended_at: None,
            result: None,
            error: None,
            log: Vec::new(),
        };
        let id = job.id;
        let cancel = CancellationToken::new();
        self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(id, cancel.clone());
        self.store.put_job(job);
        let jobs = self.clone();
        tokio::spawn(async move {
            // On disk before anything happens: a killed daemon must know what it had begun.
            jobs.save().await;
            jobs.update(id, |job| job.advance(JobState::Running));
            let result = work(jobs.clone(), id, cancel).await;
            jobs.finish(id, result);
            jobs.save().await;
            tokio::time::sleep(KEPT_FOR).await;
            jobs.forget_old();
        });
        Ok(id)
    }

    /// Asks a job to stop.
    pub(super) fn cancel(&self, id: u64) -> Result<(), Error> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(cancel) = running.get(&id) else {
            return Err(Error::Unsupported(format!("Job {id} is over, there is nothing left to cancel.")));
        };
        self.update(id, |job| job.advance(JobState::Cancelling));
        cancel.cancel();
        Ok(())
    }

    /// Whose job it is.
    pub(super) fn owner(&self, id: u64) -> Option<u32> {
        self.store.job(id).map(|job| job.started_by_uid)
    }

    fn update(&self, id: u64, change: impl FnOnce(&mut Job)) {
        if let Some(job) = self.store.job(id) {
            let mut job = Job::clone(&job);
            change(&mut job);
            self.store.put_job(job);
        }
    }

    /// Says what the job does now, and keeps it in its log.
    pub(super) fn step(&self, id: u64, done: u32, step: String) {
        self.update(id, |job| {
            job.progress.0 = done;
            job.log.push(step.clone());
            job.step = step;
        });
    }

    fn finish(&self, id: u64, result: Result<JobResult, Error>) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        self.update(id, |job| {
            job.advance(JobState::Finished);
            job.ended_at = Some(unix_now());
            job.step.clear();
            match result {
                Ok(result) => {
                    job.progress.0 = job.progress.1;
                    job.result = Some(result);
                    job.log.push(result.to_string());
                }
                Err(error) => {
                    job.result = Some(JobResult::Failed);
                    job.log.push(error.sentence());
                    job.error = Some(JobError { name: error.short_name().into(), message: error.sentence() });
                }
            }
            tracing::info!(job = id, result = ?job.result, error = ?job.error, "job finished");
        });
    }

    async fn save(&self) {
        let jobs = self.store.jobs().iter().map(|job| Job::clone(job)).collect();
        self.history.save(jobs).await;
    }

    fn forget_old(&self) {
        let now = unix_now();
        let finished: Vec<Arc<Job>> =
            self.store.jobs().into_iter().filter(|job| job.state == JobState::Finished).collect();
        let surplus = finished.len().saturating_sub(KEPT);
        let old = |job: &&Arc<Job>| job.ended_at.is_none_or(|at| at + KEPT_FOR.as_secs() <= now);
        finished.iter().take(surplus).filter(old).for_each(|job| self.store.remove_job(job.id));
    }
}

/// The targets of a job as object paths.
pub(super) fn target_paths(job: &Job) -> Vec<String> {
    if matches!(job.kind, JobKind::TunnelStart | JobKind::TunnelStop) {
        return vec![api::below("access")];
    }
    job.targets.iter().map(|name| api::service_path(name)).collect()
}
