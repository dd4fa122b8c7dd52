//! The registry of jobs: accepts, runs, cancels, remembers.
//!
//! Jobs belong to the daemon and outlive whoever asked for them. They are kept on disk too, so that a daemon that was
//! killed knows at its next start what it was doing.

mod history;
mod install;
mod service;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use self::history::{History, KEPT_FOR};
use super::store::Store;
use super::unix_now;
use super::watcher::WatcherHandle;
use crate::api::{self, Error};
use crate::host::apt;
use crate::host::root::Root;
use crate::host::supervisor::Supervisor;
use crate::model::install::journal::Request;
use crate::model::job::{Job, JobError, JobKind, JobResult, JobState};
use crate::model::text::quoted;

/// What was downloaded for an installation that failed is kept so long for the next attempt.
const DOWNLOADS_KEPT_FOR: Duration = Duration::from_hours(7 * 24);
const A_DAY: Duration = Duration::from_hours(24);

/// The unit that this daemon is.
pub(super) const OWN_UNIT: &str = "desktop-controld";

/// What the installer works on: there is one, whatever it does.
const CUDA: &str = "/cuda";
const TOOLKIT: &str = "toolkit";

/// See the module. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Jobs {
    root: Root,
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
        let (history, earlier) = History::load(root.clone(), unix_now());
        for job in earlier {
            store.put_job(job);
        }
        let jobs =
            Self { root, store, watcher, supervisor, history: Arc::new(history), running: Arc::default(), shutdown };
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
                    if target == CUDA { "CUDA".to_owned() } else { quoted(target) },
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

    /// Has the installer do something, or refuses it because it is at work.
    pub(super) fn begin_install(&self, request: Request, uid: u32) -> Result<u64, Error> {
        let release = match &request {
            Request::Install { release, .. }
            | Request::Remove { release }
            | Request::SetDefault { release }
            | Request::EnableCompat { release }
            | Request::Verify { release } => Some(*release),
            Request::Repair => None,
        };
        let release = release.map(|release| format!("/{TOOLKIT}/{release}"));
        let targets: Vec<String> = std::iter::once(CUDA.to_owned()).chain(release).collect();
        self.accept(install::kind_of(&request), targets, uid, move |jobs, id, cancel| async move {
            install::run(&jobs, id, install::Start::New(request), &cancel).await
        })
    }

    /// Refuses where the installer is at work.
    pub(super) fn check_installer_free(&self) -> Result<(), Error> {
        self.check_free(&[CUDA.to_owned()])
    }

    /// Takes up again what the installer was at work on when an earlier life of the daemon ended; and applies the default
    /// toolkit that was chosen here, where a boot script has set another one.
    pub(super) fn resume_installs(&self) {
        let is_left = |job: &Arc<Job>| job.kind.is_install() && job.state != JobState::Finished;
        let left: Vec<Arc<Job>> = self.store.jobs().into_iter().filter(is_left).collect();
        for job in &left {
            tracing::info!(job = job.id, "an installation is taken up again");
            let (id, cancel, jobs) = (job.id, self.register(job.id), self.clone());
            self.work(id, async move { install::run(&jobs, id, install::Start::Found, &cancel).await });
        }
        let now = apt::current_default(&self.root);
        let strayed = now.chosen.is_some_and(|chosen| now.link != apt::Link::Toolkit(chosen));
        if left.is_empty() && strayed {
            const EVENTS: &str = "/run/desktop-control/install/restore.events";
            let started = apt::Worker::start(&self.root, &[super::install::SUBCOMMAND, "restore"], "", EVENTS);
            match started {
                Ok(worker) => {
                    tracing::info!("the default toolkit is applied again");
                    tokio::spawn(worker.ended());
                }
                Err(error) => tracing::warn!(%error, "the default toolkit cannot be applied again"),
            }
        }
    }

    /// Downloads are kept after the network failed, so that the next attempt goes on there; but not for ever, where there
    /// is none. Looks once a day, and never ends.
    pub(super) async fn forget_downloads(self) {
        loop {
            if self.check_installer_free().is_ok()
                && let Ok(Ok(alone)) = apt::take_lock(&self.root)
            {
                let archives = apt::Archives::new(&self.root);
                let cleared = tokio::task::spawn_blocking(move || {
                    let _alone = alone;
                    archives.clear_older(DOWNLOADS_KEPT_FOR)
                });
                match cleared.await {
                    Ok(Ok(true)) => tracing::info!("downloads of an installation that was given up are removed"),
                    Ok(Ok(false)) => {}
                    Ok(Err(error)) => tracing::warn!(%error, "old downloads cannot be removed"),
                    Err(error) => tracing::error!(%error, "removing old downloads panicked"),
                }
            }
            tokio::time::sleep(A_DAY).await;
        }
    }

    /// Accepts a job and begins it, or refuses it because another is at work on one of these.
    pub(super) fn accept<W>(
        &self,
        kind: JobKind,
        targets: Vec<String>,
        uid: u32,
        work: impl FnOnce(Self, u64, CancellationToken) -> W,
    ) -> Result<u64, Error>
    where
        W: Future<Output = Result<JobResult, Error>> + Send + 'static,
    {
        self.check_free(&targets)?;
        let (id, cancel) = self.enter(kind, targets, uid);
        self.work(id, work(self.clone(), id, cancel));
        Ok(id)
    }

    fn enter(&self, kind: JobKind, targets: Vec<String>, uid: u32) -> (u64, CancellationToken) {
        tracing::info!(%kind, ?targets, uid, "job accepted");
        let job = Job {
            id: self.history.next_id(),
            kind,
            state: JobState::Queued,
            step: String::new(),
            progress: (0, u32::try_from(targets.len()).unwrap_or(u32::MAX)),
            targets,
            bytes: (0, 0),
            seconds_left: None,
            uncut: false,
            started_by_uid: uid,
            started_at: unix_now(),
            ended_at: None,
            result: None,
            error: None,
            log: Vec::new(),
        };
        let id = job.id;
        let cancel = self.register(id);
        self.store.put_job(job);
        (id, cancel)
    }

    fn register(&self, id: u64) -> CancellationToken {
        let cancel = CancellationToken::new();
        self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(id, cancel.clone());
        cancel
    }

    fn work(&self, id: u64, work: impl Future<Output = Result<JobResult, Error>> + Send + 'static) {
        let jobs = self.clone();
        tokio::spawn(async move {
            // On disk before anything happens: a killed daemon must know what it had begun.
            jobs.save().await;
            jobs.update(id, |job| job.advance(JobState::Running));
            let result = work.await;
            jobs.finish(id, result);
            jobs.forget_old();
            jobs.save().await;
            // Not before it is on disk how it ended: they say it once more to the next life.
            apt::forget_events(&jobs.root, id);
            tokio::time::sleep(KEPT_FOR).await;
            jobs.forget_old();
        });
    }

    /// Asks a job to stop.
    pub(super) fn cancel(&self, id: u64) -> Result<(), Error> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(cancel) = running.get(&id) else {
            return Err(Error::Unsupported(format!("Job {id} is over, there is nothing left to cancel.")));
        };
        if self.store.job(id).is_some_and(|job| job.uncut) {
            return Err(Error::Unsupported(format!(
                "Job {id} is at a point where cutting it would do harm, so it goes on to its end. Undo it afterwards."
            )));
        }
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
            job.seconds_left = None;
            job.uncut = false;
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
        for id in history::forgettable(self.store.jobs(), unix_now()) {
            self.store.remove_job(id);
        }
    }
}

/// The targets of a job as object paths.
pub(super) fn target_paths(job: &Job) -> Vec<String> {
    if matches!(job.kind, JobKind::TunnelStart | JobKind::TunnelStop) {
        return vec![api::below("access")];
    }
    let path = |name: &String| match name.strip_prefix('/') {
        None => api::service_path(name),
        Some(object) => object.split_once('/').map_or_else(|| api::below(object), |(_, id)| api::toolkit_path(id)),
    };
    job.targets.iter().map(path).collect()
}
