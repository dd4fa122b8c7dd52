//! The course of one trial, from its restart to its end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use super::{Command, Pending, journal, not_written};
use crate::api::Error;
use crate::daemon::jobs::Order;
use crate::daemon::store::ServiceView;
use crate::daemon::unix_now;
use crate::host::fault::{self, Fault};
use crate::host::selkies;
use crate::host::settings::{OnTrial, Settings};
use crate::model::health::Health;
use crate::model::job::{JobKind, JobResult, JobState};
use crate::model::trial::{Audience, CHECKED_WITHIN, Countdown, Stage, Trial};

/// What works has to go on working for so long before the person is asked,
const STEADY: Duration = Duration::from_secs(2);
/// and for so long before it is kept unasked: Selkies 2.1 ends after 16.5 s over some settings that it cannot use.
const STEADY_UNASKED: Duration = Duration::from_secs(18);
/// How often it is looked whether somebody is there to answer.
const TICK: Duration = Duration::from_secs(1);
/// A restart that has not come to an end by then never will: twice supervisord's patience with a stop, and the start.
const RESTART_LIMIT: Duration = Duration::from_mins(3);
/// After its own start the daemon may take so long to learn of the service.
const KNOWN_WITHIN: Duration = Duration::from_secs(30);
/// What keeps the service from its restart with the earlier settings may pass.
const BROUGHT_BACK_TRIES: u32 = 3;
/// A disk that lets nothing be taken back or cleaned up is tried again after this.
const AGAIN: Duration = Duration::from_secs(5);
/// How long a trial that is over keeps its object.
const TOLD_FOR: Duration = Duration::from_mins(1);

/// See the module.
pub(super) struct Course<'p> {
    pub(super) pending: &'p Pending,
    pub(super) settings: Settings,
    pub(super) trial: Trial,
    pub(super) commands: mpsc::Receiver<Command>,
}

/// What the person, or the clock, has decided.
enum Answer {
    Keep,
    Revert(String),
}

impl Course<'_> {
    /// Goes on from whatever stage the trial is at until it is over.
    pub(super) async fn run(mut self) {
        let answer = match self.trial.stage {
            Stage::Keeping | Stage::Kept => Answer::Keep,
            Stage::Reverting | Stage::Reverted => Answer::Revert(std::mem::take(&mut self.trial.reason)),
            Stage::Restarting | Stage::Checking | Stage::Waiting => self.try_out().await,
        };
        let outcome = match answer {
            Answer::Keep => self.keep().await,
            Answer::Revert(reason) => Err(reason),
        };
        if let Err(reason) = outcome {
            self.revert(reason).await;
        }
        self.commands.close();
        let (store, id) = (Arc::clone(&self.pending.store), self.trial.id);
        tokio::spawn(async move {
            sleep(TOLD_FOR).await;
            store.remove_pending(id);
        });
    }

    async fn try_out(&mut self) -> Answer {
        let started = self.trial.stage != Stage::Restarting || self.settings.on_trial() == OnTrial::Now;
        if !started && let Err(reason) = self.restart(Fault::BeforeRestart, Fault::AfterRestart).await {
            tracing::warn!(reason, "no restart with the new settings");
            let tried = self.settings.on_trial() != OnTrial::Next;
            return Answer::Revert(if tried { ENDED.into() } else { reason });
        }
        // Also of a trial that a new daemon has found waiting: that it still works is to be seen first.
        self.become_(Stage::Checking);
        let (_, deaf) = mpsc::channel(1);
        let mut commands = std::mem::replace(&mut self.commands, deaf);
        let checked = tokio::select! {
            checked = self.check() => checked,
            reason = refuse_until_asked(&mut commands) => Err(reason),
        };
        self.commands = commands;
        let pid = match checked {
            Ok(pid) => pid,
            Err(reason) => return Answer::Revert(reason),
        };
        if self.trial.keep_at_once {
            return Answer::Keep;
        }
        self.ask(pid).await
    }

    /// Stage A: the service answers, from one process, with the trial's settings. Its process.
    async fn check(&self) -> Result<u32, String> {
        let until = Instant::now() + Duration::from_secs(CHECKED_WITHIN);
        let long_enough = if self.trial.keep_at_once { STEADY_UNASKED } else { STEADY };
        let mut changes = self.pending.store.changes();
        let mut steady: Option<(u32, Instant)> = None;
        loop {
            let view = self.view();
            self.fails(view.as_deref())?;
            let works = view.filter(|view| view.health == Health::Ok).and_then(|view| view.pid);
            steady = match (works, steady) {
                (Some(pid), Some((old, _))) if pid != old => return Err(ENDED.into()),
                (Some(pid), None) => Some((pid, Instant::now())),
                (Some(_), since) => since,
                (None, _) => None,
            };
            if let Some((pid, _)) = steady.filter(|(_, since)| since.elapsed() >= long_enough) {
                return Ok(pid);
            }
            if steady.is_none() && Instant::now() >= until {
                return Err(format!("It did not answer within {CHECKED_WITHIN} seconds with the new settings."));
            }
            let _ = timeout(Duration::from_millis(200), changes.changed()).await;
        }
    }

    /// Why the trial has failed already, if it has.
    fn fails(&self, view: Option<&ServiceView>) -> Result<(), String> {
        if self.settings.on_trial() == OnTrial::No {
            return Err(ENDED.into());
        }
        match view.map(|view| view.health) {
            Some(Health::Failing | Health::Flapping) => Err(ENDED.into()),
            _ => Ok(()),
        }
    }

    /// Stage B: the person decides, or the clock does.
    async fn ask(&mut self, pid: u32) -> Answer {
        let now = unix_now();
        let countdown = self.trial.countdown.unwrap_or_else(|| Countdown::begin(now, self.trial.confirm_within));
        self.trial.countdown = Some(countdown);
        self.trial.stage = Stage::Waiting;
        if let Err(error) = self.save() {
            return Answer::Revert(no_memory(&error));
        }
        let mut changes = self.pending.store.changes();
        let mut tick = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                Some(command) = self.commands.recv() => if let Some(answer) = self.heard(command).await {
                    return answer;
                },
                _ = changes.changed() => {
                    let view = self.view();
                    let same = view.is_some_and(|view| view.pid == Some(pid));
                    if !same || self.settings.on_trial() == OnTrial::No {
                        return Answer::Revert(ENDED_LATER.into());
                    }
                }
                _ = tick.tick() => if let Some(answer) = self.look_at_clock().await {
                    return answer;
                },
            }
        }
    }

    async fn look_at_clock(&mut self) -> Option<Answer> {
        let watched = self.audience().await == Audience::Watching;
        let countdown = self.trial.countdown?;
        let Some(next) = countdown.at(unix_now(), watched) else {
            return Some(Answer::Revert("Nobody has kept the change in time.".into()));
        };
        if next != countdown {
            self.trial.countdown = Some(next);
            // What stands on disk gives less time, never more.
            if let Err(error) = self.save() {
                tracing::warn!(%error, "the clock's pause is not on disk");
            }
        }
        None
    }

    /// A command during stage B; what is decided by it, if anything.
    async fn heard(&mut self, command: Command) -> Option<Answer> {
        match command {
            Command::Revert { answer } => {
                let _ = answer.send(Ok(()));
                Some(Answer::Revert(TAKEN_BACK.into()))
            }
            Command::Keep { force, answer } => {
                let decided = if force || self.audience().await == Audience::Watching {
                    self.decide_to_keep()
                } else {
                    Err(Error::LastWayIn(
                        "No viewer gets pictures from the stream right now. If you see this through VNC, the stream \
                         itself may be dark. Look at it in a browser."
                            .into(),
                    ))
                };
                let kept = decided.is_ok();
                let _ = answer.send(decided);
                kept.then_some(Answer::Keep)
            }
        }
    }

    /// On disk before the answer: a change that was called kept is kept, whatever happens then.
    fn decide_to_keep(&mut self) -> Result<(), Error> {
        self.trial.stage = Stage::Keeping;
        self.save().map_err(|error| {
            self.trial.stage = Stage::Waiting;
            not_written(&error)
        })
    }

    /// The reason to revert, if it cannot be kept.
    async fn keep(&mut self) -> Result<(), String> {
        if self.trial.stage != Stage::Keeping && self.trial.stage != Stage::Kept {
            self.decide_to_keep().map_err(|error| error.sentence())?;
        }
        let kept = fault::at(Fault::BeforeSettings)
            .and_then(|()| self.settings.keep(&self.trial.after))
            .and_then(|()| fault::at(Fault::AfterSettings));
        kept.map_err(|error| no_memory(&error))?;
        // While the daemon was away the service may have been started without the trial.
        let runs_without = self.settings.on_trial() == OnTrial::No;
        self.end_trial().await;
        if runs_without && let Err(error) = self.restart(Fault::BeforeRestart, Fault::AfterRestart).await {
            tracing::error!(error, "the settings are kept, but the service does not use them yet");
        }
        self.become_(Stage::Kept);
        tracing::info!(change = self.trial.id, service = self.trial.service, "kept");
        Ok(())
    }

    /// Removes what the trial has left, for as long as that takes: a later start must not find it.
    async fn end_trial(&self) {
        while let Err(error) = self.clean_up() {
            tracing::error!(%error, "a trial that is over has left files, trying again");
            sleep(AGAIN).await;
        }
    }

    fn clean_up(&self) -> io::Result<()> {
        fault::at(Fault::BeforeTrialRemoval)?;
        self.settings.end_trial()?;
        fault::at(Fault::AfterTrialRemoval)?;
        journal::remove(&self.pending.root)
    }

    async fn revert(&mut self, reason: String) {
        tracing::warn!(change = self.trial.id, service = self.trial.service, reason, "taking back");
        self.trial.reason.clone_from(&reason);
        self.trial.countdown = None;
        self.trial.stage = Stage::Reverting;
        // Taking back needs no space on the disk: should the journal not be written, the old entry leads here too.
        if let Err(error) = self.save() {
            tracing::warn!(%error, "the journal still tells of a trial");
        }
        let ran_on_trial = matches!(self.settings.on_trial(), OnTrial::Now | OnTrial::Always);
        while let Err(error) = self.undo() {
            tracing::error!(%error, "cannot take back yet, trying again");
            self.trial.reason = format!("{reason} The earlier settings cannot be written yet ({error}).");
            self.become_(Stage::Reverting);
            sleep(AGAIN).await;
        }
        self.trial.reason = reason;
        if ran_on_trial || !self.known().await.is_some_and(|view| view.state.is_up()) {
            self.bring_back().await;
        }
        while let Err(error) = journal::remove(&self.pending.root) {
            tracing::error!(%error, "the journal still tells of a trial, trying again");
            sleep(AGAIN).await;
        }
        self.become_(Stage::Reverted);
        tracing::info!(change = self.trial.id, service = self.trial.service, "taken back");
    }

    fn undo(&self) -> io::Result<()> {
        fault::at(Fault::BeforeRevert)?;
        self.settings.revert(&self.trial.before)?;
        fault::at(Fault::AfterRevert)
    }

    /// Restarts with the earlier settings, and looks whether that works.
    async fn bring_back(&mut self) {
        let mut restarted = Err(String::new());
        for _ in 0..BROUGHT_BACK_TRIES {
            restarted = self.restart(Fault::BeforeRevertRestart, Fault::AfterRevertRestart).await;
            let Err(reason) = &restarted else { break };
            tracing::error!(reason, "no restart with the earlier settings yet");
            sleep(AGAIN).await;
        }
        let until = Instant::now() + Duration::from_secs(CHECKED_WITHIN);
        while restarted.is_ok() && self.view().is_none_or(|view| view.health != Health::Ok) {
            if Instant::now() >= until {
                break;
            }
            sleep(Duration::from_millis(200)).await;
        }
        if self.view().is_none_or(|view| view.health != Health::Ok) {
            let service = &self.trial.service;
            self.trial.reason.push_str(" The earlier settings hold again, but ");
            self.trial.reason.push_str(service);
            self.trial.reason.push_str(" does not answer with them either: look at its log.");
        }
    }

    /// Restarts the service as any job does. The reason, for people, if that fails.
    async fn restart(&self, before: Fault, after: Fault) -> Result<(), String> {
        fault::at(before).map_err(|error| error.to_string())?;
        self.known().await.ok_or_else(|| format!("supervisord has no service called {}.", self.trial.service))?;
        let service = self.trial.service.clone();
        let order = Order { kind: JobKind::ServiceRestart, targets: vec![service.clone()], named: service };
        let begin = async {
            loop {
                match self.pending.jobs.begin(order.clone(), self.trial.started_by_uid) {
                    // Somebody else restarts it right now.
                    Err(Error::Busy(_)) => sleep(Duration::from_millis(200)).await,
                    other => return other,
                }
            }
        };
        let done = timeout(RESTART_LIMIT, async { self.job_end(begin.await?).await }).await;
        let done = done.unwrap_or_else(|_| Err(Error::TimedOut("Its restart did not come to an end.".into())));
        done.map_err(|error| error.sentence())?;
        fault::at(after).map_err(|error| error.to_string())
    }

    async fn job_end(&self, id: u64) -> Result<(), Error> {
        let mut changes = self.pending.store.changes();
        loop {
            let job = self.pending.store.job(id);
            let job = job.ok_or_else(|| Error::Internal("Its restart is forgotten.".into()))?;
            if job.state == JobState::Finished {
                return match (&job.error, job.result) {
                    (Some(error), _) => Err(Error::named(&error.name, error.message.clone())),
                    (None, Some(JobResult::Cancelled)) => Err(Error::Cancelled("Its restart was cancelled.".into())),
                    _ => Ok(()),
                };
            }
            let _ = changes.changed().await;
        }
    }

    async fn audience(&self) -> Audience {
        match self.view().and_then(|view| view.entry.access.clone()) {
            Some(access) => selkies::audience(&access.address).await,
            None => Audience::Unknown,
        }
    }

    /// The service, once supervisord has told of it.
    async fn known(&self) -> Option<Arc<ServiceView>> {
        let mut changes = self.pending.store.changes();
        let wait = async {
            loop {
                if let Some(view) = self.view() {
                    return view;
                }
                let _ = changes.changed().await;
            }
        };
        timeout(KNOWN_WITHIN, wait).await.ok()
    }

    fn view(&self) -> Option<Arc<ServiceView>> {
        self.pending.store.service(&self.trial.service)
    }

    fn save(&self) -> io::Result<()> {
        let written = journal::write(&self.pending.root, &self.trial);
        self.pending.store.put_pending(self.trial.clone());
        written
    }

    fn become_(&mut self, stage: Stage) {
        self.trial.stage = stage;
        self.pending.store.put_pending(self.trial.clone());
    }
}

const ENDED: &str = "It ended at once with the new settings.";
const ENDED_LATER: &str = "It ended by itself with the new settings.";
const TAKEN_BACK: &str = "You took the change back.";

fn no_memory(error: &io::Error) -> String {
    format!("The change could not be written to disk ({error}).")
}

/// During stage A a change can be taken back and not yet be kept. Returns with the reason when it is.
async fn refuse_until_asked(commands: &mut mpsc::Receiver<Command>) -> String {
    while let Some(command) = commands.recv().await {
        match command {
            Command::Revert { answer } => {
                let _ = answer.send(Ok(()));
                return TAKEN_BACK.into();
            }
            Command::Keep { answer, .. } => {
                let sentence = "It is still being checked whether the change works. Keep it once you are asked.";
                let _ = answer.send(Err(Error::Busy(sentence.into())));
            }
        }
    }
    std::future::pending().await
}
