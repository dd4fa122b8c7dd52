//! What a job does to services: start, stop, restart, one after the other.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Jobs, OWN_UNIT, Order};
use crate::api::Error;
use crate::daemon::store::ServiceView;
use crate::host::supervisor::RpcError;
use crate::model::health::Health;
use crate::model::job::{JobKind, JobResult};
use crate::model::service::State;
use crate::model::text::quoted;

/// How long supervisord may take to start or stop one service. Its own patience with a stop (`stopwaitsecs`) is 10 s,
/// then it kills.
const LIMIT: Duration = Duration::from_mins(1);
/// What keeps ending is asked to stop so often: supervisord turns its loop at each call, and starts again what has ended.
const STOP_TRIES: u32 = 40;
const STOP_PAUSE: Duration = Duration::from_millis(50);

/// Does the work; the last thing that it does is decide the result.
pub(super) async fn run(jobs: &Jobs, id: u64, order: &Order, cancel: &CancellationToken) -> Result<JobResult, Error> {
    if order.kind == JobKind::ServiceRestart && order.targets == [OWN_UNIT] {
        return restart_ourselves(jobs, id).await;
    }
    let work = Work { jobs, id, cancel };
    match order.kind {
        JobKind::ServiceStart => work.start_all(&order.targets).await,
        JobKind::ServiceStop => work.stop_all(&order.targets).await,
        JobKind::ServiceRestart => work.restart(order).await,
        // These work on no service, and have work of their own.
        JobKind::TunnelStart | JobKind::TunnelStop => Ok(JobResult::Skipped),
    }
}

/// supervisord starts us again when we end (`autorestart=true`); our next life finds this job and ends it as done.
async fn restart_ourselves(jobs: &Jobs, id: u64) -> Result<JobResult, Error> {
    jobs.step(id, 0, "ending, to be started again by supervisord".into());
    jobs.save().await;
    jobs.shutdown.cancel();
    std::future::pending().await
}

struct Work<'j> {
    jobs: &'j Jobs,
    id: u64,
    cancel: &'j CancellationToken,
}

impl Work<'_> {
    async fn start_all(&self, names: &[String]) -> Result<JobResult, Error> {
        let mut started = 0;
        for (done, name) in names.iter().enumerate() {
            if self.cancel.is_cancelled() {
                return Ok(JobResult::Cancelled);
            }
            if self.now(name).await?.state.is_up() {
                continue;
            }
            self.say(done, &format!("starting {name}"));
            self.start(name).await?;
            started += 1;
        }
        Ok(done_or_skipped(started))
    }

    async fn stop_all(&self, names: &[String]) -> Result<JobResult, Error> {
        let mut stopped = 0;
        for (done, name) in names.iter().rev().enumerate() {
            if self.cancel.is_cancelled() {
                return Ok(JobResult::Cancelled);
            }
            let view = self.now(name).await?;
            if view.state.is_down() && !comes_back(&view) {
                continue;
            }
            self.say(done, &format!("stopping {name}"));
            self.stop(name).await?;
            stopped += 1;
        }
        Ok(done_or_skipped(stopped))
    }

    /// Everything that comes along and is up is stopped first and started last; what was down stays down.
    async fn restart(&self, order: &Order) -> Result<JobResult, Error> {
        let mut along = Vec::new();
        for name in order.targets.iter().filter(|name| **name != order.named) {
            if self.now(name).await?.state.is_up() {
                along.push(name.clone());
            }
        }
        let mut targets = along.clone();
        targets.push(order.named.clone());
        let targets: Vec<String> = order.targets.iter().filter(|name| targets.contains(name)).cloned().collect();
        // Once something is stopped it is also started again: a cancelled restart must not leave the desktop dark.
        if self.cancel.is_cancelled() {
            return Ok(JobResult::Cancelled);
        }
        for name in targets.iter().rev() {
            if !self.now(name).await?.state.is_down() {
                self.say(0, &format!("stopping {name}"));
                self.stop(name).await?;
            }
        }
        for (done, name) in targets.iter().enumerate() {
            self.say(done, &format!("starting {name}"));
            self.start(name).await?;
        }
        Ok(JobResult::Done)
    }

    async fn start(&self, name: &str) -> Result<(), Error> {
        self.jobs.watcher.asked(name);
        match self.jobs.supervisor.start(name).await {
            Ok(()) | Err(RpcError::AlreadyStarted) => {}
            Err(error) => return Err(refused("start", name, &error)),
        }
        // Ended without a status is the kernel's word alone; what supervisord makes of it comes in a moment.
        let settled = |view: &ServiceView| match view.state {
            State::Starting | State::Stopping => false,
            State::Exited => view.exit.is_some(),
            _ => true,
        };
        let view = self.wait_until(name, "started", settled).await?;
        match view.state {
            State::Running => Ok(()),
            // A one-shot service that is through already.
            State::Exited if view.health != Health::Failing => Ok(()),
            state => Err(Error::Internal(format!(
                "{} did not start: it is {state} ({}). Look at its log with `desktopctl services logs`.",
                quoted(name),
                if view.health_reason.is_empty() { "no reason given" } else { &view.health_reason }
            ))),
        }
    }

    async fn stop(&self, name: &str) -> Result<(), Error> {
        // What keeps ending is at times between two starts, and then supervisord says that there is nothing to stop.
        let mut tries = if comes_back(&*self.known(name)?) { STOP_TRIES } else { 1 };
        self.jobs.watcher.asked(name);
        loop {
            tries -= 1;
            match self.jobs.supervisor.stop(name).await {
                Err(RpcError::NotRunning) if tries > 0 => tokio::time::sleep(STOP_PAUSE).await,
                Ok(()) | Err(RpcError::NotRunning) => break,
                Err(error) => return Err(refused("stop", name, &error)),
            }
        }
        self.wait_until(name, "stopped", |view| view.state.is_down()).await.map(drop)
    }

    /// What supervisord says about the service at this moment.
    async fn now(&self, name: &str) -> Result<Arc<ServiceView>, Error> {
        self.jobs.watcher.refresh(name).await;
        self.known(name)
    }

    /// What the store knows of it.
    fn known(&self, name: &str) -> Result<Arc<ServiceView>, Error> {
        let gone = || Error::UnknownService(format!("supervisord no longer has a service called {}.", quoted(name)));
        self.jobs.store.service(name).ok_or_else(gone)
    }

    async fn wait_until(
        &self,
        name: &str,
        what: &str,
        reached: impl Fn(&ServiceView) -> bool,
    ) -> Result<Arc<ServiceView>, Error> {
        let waiting = async {
            let mut changes = self.jobs.store.changes();
            let mut view = self.now(name).await?;
            while !reached(&view) {
                let _ = changes.changed().await;
                view = self.known(name)?;
            }
            Ok(view)
        };
        tokio::time::timeout(LIMIT, waiting).await.unwrap_or_else(|_| {
            let name = quoted(name);
            let seconds = LIMIT.as_secs();
            Err(Error::TimedOut(format!("{name} was not {what} within {seconds} s. Look at its log, then try again.")))
        })
    }

    fn say(&self, done: usize, step: &str) {
        self.jobs.step(self.id, u32::try_from(done).unwrap_or(u32::MAX), step.to_owned());
    }
}

/// Whatever its state was told to be, it is now between two starts or about to be.
fn comes_back(view: &ServiceView) -> bool {
    view.health == Health::Flapping
}

fn done_or_skipped(changed: u32) -> JobResult {
    if changed == 0 { JobResult::Skipped } else { JobResult::Done }
}

fn refused(verb: &str, name: &str, error: &RpcError) -> Error {
    let name = quoted(name);
    match error {
        RpcError::BadName => Error::UnknownService(format!("supervisord knows no service called {name}.")),
        RpcError::TimedOut { .. } => Error::TimedOut(format!("Could not {verb} {name}: {error}. Try again later.")),
        RpcError::Unreachable(_) => {
            Error::Internal(format!("Could not {verb} {name}: {error}. Is supervisord running?"))
        }
        RpcError::NotStarted => Error::Internal(format!(
            "{name} could not be started, or ended at once. Look at its log with `desktopctl services logs`."
        )),
        error => Error::Internal(format!("Could not {verb} {name}: {error}.")),
    }
}
