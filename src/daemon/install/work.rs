//! The work itself, step by step. Until dpkg begins nothing has changed and everything can be cancelled; from there on
//! it ends with all packages installed, or with none of those that are new.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::journal as disk;
use super::plan::Planned;
use super::stop::Stop;
use super::tell::Tell;
use crate::host::apt::{self, Archives, Ended, Running};
use crate::host::fault::{self, InstallFault};
use crate::host::root::Root;
use crate::model::install::event::{Failure, Outcome};
use crate::model::install::journal::{Journal, Recovery, Request, Stage};
use crate::model::install::progress::Phase;
use crate::model::install::transaction::{Refusal, Transaction, check_archives};
use crate::model::install::trouble::recognise;

/// Where apt and dpkg write to while they work.
const FOLDER: &str = "/run/desktop-control/install";
/// Another package manager is waited for so long,
const PATIENCE: Duration = Duration::from_mins(30);
/// and looked for so often.
const PAUSE: Duration = Duration::from_millis(500);
const LIMIT: Duration = Duration::from_mins(2);

/// See the module.
pub(super) struct Work {
    pub(super) root: Root,
    pub(super) tell: Tell,
    pub(super) cancel: CancellationToken,
    pub(super) archives: Archives,
    pub(super) journal: Option<Journal>,
}

impl Work {
    pub(super) fn new(root: Root, tell: Tell, cancel: CancellationToken) -> Self {
        let archives = Archives::new(&root);
        Self { root, tell, cancel, archives, journal: None }
    }

    /// Does what is asked, from the beginning.
    pub(super) async fn begin(&mut self, request: Request) -> Result<Outcome, Stop> {
        if let Some(left) = disk::read(&self.root) {
            // Nobody is at work, so what is written there was cut off. It comes first.
            self.finish_earlier(left, &request).await?;
        }
        self.start(request).await
    }

    async fn start(&mut self, request: Request) -> Result<Outcome, Stop> {
        self.journal = Some(Journal::new(request.clone()));
        self.save()?;
        self.perform(&request).await
    }

    /// Brings what an earlier request was cut off at to its end. Who is killed at that must not take it for `next`.
    async fn finish_earlier(&mut self, mut left: Journal, next: &Request) -> Result<(), Stop> {
        if left.ended.is_some() {
            return Ok(());
        }
        self.tell.log("an earlier installation was cut off and is brought to its end first");
        left.next = Some(next.clone());
        self.journal = Some(left);
        self.save()?;
        if let Err(Stop::Failed(failure)) = self.resume_left().await {
            self.tell.log(&format!("the earlier installation: {}", failure.message));
        }
        Ok(())
    }

    /// Brings what was cut off to its end. None where nothing was.
    pub(super) async fn resume(&mut self) -> Result<Option<Outcome>, Stop> {
        let Some(left) = disk::read(&self.root) else { return Ok(None) };
        if let Some(next) = left.next.clone() {
            self.finish_earlier(left, &next).await?;
            return self.start(next).await.map(Some);
        }
        let ended = left.ended.clone();
        self.journal = Some(left);
        match ended {
            Some(outcome) => Ok(Some(outcome)),
            None => self.resume_left().await.map(Some),
        }
    }

    /// Tells how it ended, and forgets the rest. It is written down first, so that whoever is killed in between tells it
    /// in the next life: without that, what is done would be told as failed.
    pub(super) fn end(&mut self, outcome: Outcome) {
        if self.journal.as_ref().is_some_and(|journal| journal.ended.is_none()) {
            self.note(|journal| journal.ended = Some(outcome.clone()));
            if let Err(error) = self.save() {
                self.tell.log(&format!("the journal could not be written ({error:?})"));
            }
        }
        self.tell.finished(outcome);
        // One that stays is known to have ended.
        if let Err(error) = self.close() {
            tracing::warn!(?error, "the journal cannot be removed");
        }
    }

    async fn resume_left(&mut self) -> Result<Outcome, Stop> {
        let Some(mut journal) = self.journal.clone() else { return Ok(Outcome::Skipped) };
        journal.attempts += 1;
        let recovery = journal.recovery();
        let request = journal.request.clone();
        self.journal = Some(journal);
        self.save()?;
        match (recovery, &request) {
            (Recovery::Undo, Request::Install { .. } | Request::EnableCompat { .. }) => self.resume_undo().await,
            (Recovery::Configure, Request::Install { release, default, .. }) => {
                self.configure(*release, *default).await
            }
            (Recovery::Configure, Request::EnableCompat { release }) => self.after_compat(*release).await,
            (Recovery::Configure, Request::Remove { release }) => self.after_removal(*release).await,
            _ => self.perform(&request).await,
        }
    }

    async fn perform(&mut self, request: &Request) -> Result<Outcome, Stop> {
        match request {
            Request::Install { release, default, .. } => match self.packages_or_none(request).await? {
                Some(ended) => Ok(ended),
                None => self.configure(*release, *default).await,
            },
            Request::EnableCompat { release } => match self.packages_or_none(request).await? {
                Some(ended) => Ok(ended),
                None => self.after_compat(*release).await,
            },
            Request::Remove { release } => self.remove(*release).await,
            Request::SetDefault { release } => self.set_default(*release).await,
            Request::Verify { release } => Ok(Outcome::Done { checks: self.verify(*release).await? }),
            Request::Repair => {
                self.wait_for_turn(true).await?;
                Ok(if self.settle().await? { Outcome::Done { checks: Vec::new() } } else { Outcome::Skipped })
            }
        }
    }

    /// Fetches and installs all of them, or leaves none. How that ended, where it goes no further.
    async fn packages_or_none(&mut self, request: &Request) -> Result<Option<Outcome>, Stop> {
        match self.packages(request).await {
            Ok(()) => Ok(None),
            Err(stop) if self.reached(Stage::Installing) => self.undo(stop).await.map(Some),
            Err(Stop::Cancelled) => {
                self.archives.clear()?;
                Ok(Some(Outcome::Cancelled))
            }
            Err(Stop::Failed(failure)) => {
                if failure.name == "NoSpace" {
                    self.archives.clear()?;
                }
                Err(failure.into())
            }
        }
    }

    /// Fetches and installs.
    async fn packages(&mut self, request: &Request) -> Result<(), Stop> {
        self.wait_for_turn(true).await?;
        self.settle().await?;
        let ready = self.ready().await?;
        let planned = self.plan(&ready, request).await?;
        if !planned.transaction.install.is_empty() {
            planned.plan.check_space()?;
            let wanted = planned.plan.wanted.clone();
            self.note(|journal| journal.remember(wanted, &planned.transaction));
            self.save()?;
            let packages = u32::try_from(planned.transaction.install.len()).unwrap_or(u32::MAX);
            self.tell.meter.expect(planned.plan.download_bytes, packages);
            self.download(&planned, &ready.repository.url).await?;
            if let Err(stop) = self.check(&planned).await {
                if matches!(&stop, Stop::Failed(failure) if failure.name == "DriverPackage") {
                    // It will not be better the next time.
                    self.archives.clear()?;
                }
                return Err(stop);
            }
            self.stage(Stage::Installing)?;
            self.unpack(&planned).await?;
        }
        self.stage(Stage::Installed)
    }

    async fn download(&mut self, planned: &Planned, url: &str) -> Result<(), Stop> {
        self.archives.prepare_for(url)?;
        self.tell.enter(Phase::Downloading);
        fault::at(InstallFault::BeforeDownload)?;
        let whole: u64 = self.archives.packages()?.iter().filter_map(|path| Some(path.metadata().ok()?.len())).sum();
        let arguments = [vec!["--download-only".to_owned()], planned.arguments.clone()].concat();
        let mut running = Running::apt(&self.root.join(FOLDER), &arguments)?;
        let ended = loop {
            let tick = tokio::select! {
                biased;
                () = self.cancel.cancelled() => {
                    running.end().await;
                    return Err(Stop::Cancelled);
                }
                tick = running.tick() => tick?,
            };
            let bytes = self.archives.bytes().saturating_sub(whole);
            self.tell.fetched(bytes);
            if bytes > 0 {
                fault::at(InstallFault::WhileDownloading)?;
            }
            match tick {
                Ok(new) => self.tell.log_all(&new.output),
                Err(ended) => break ended,
            }
        };
        self.tell.log_all(&ended.last.output);
        fault::at(InstallFault::AfterDownload)?;
        if ended.status.success() { Ok(()) } else { Err(recognise(&ended.said, url).into()) }
    }

    /// The third layer of the gate.
    async fn check(&mut self, planned: &Planned) -> Result<(), Stop> {
        self.tell.enter(Phase::Checking);
        let mut archives = Vec::new();
        for path in self.archives.packages()? {
            let archive = self.unless_cancelled(apt::look_into(&path)).await??;
            let is_planned = planned
                .transaction
                .install
                .iter()
                .any(|change| change.name.split(':').next() == Some(&archive.name) && change.to == archive.version);
            if is_planned {
                archives.push(archive);
            } else {
                // Left by an earlier installation of something else; dpkg is not to see it.
                std::fs::remove_file(&path)?;
            }
        }
        check_archives(&planned.transaction, &archives, &apt::injected_files())?;
        let simulation = [vec!["-s".to_owned(), "--no-download".to_owned()], planned.arguments.clone()].concat();
        let said = self.unless_cancelled(apt::ask_apt(&simulation, LIMIT)).await??;
        let now = Transaction::parse(&said.text());
        if now == planned.transaction {
            return Ok(());
        }
        Err(Refusal::Unexpected("apt would now do something else".into()).into())
    }

    async fn unpack(&mut self, planned: &Planned) -> Result<(), Stop> {
        self.tell.enter(Phase::Installing);
        let arguments = [vec!["--no-download".to_owned()], planned.arguments.clone()].concat();
        let ended = self.apt(&arguments).await?;
        fault::at(InstallFault::AfterUnpack)?;
        if ended.status.success() && apt::audit().await?.is_clean() {
            return Ok(());
        }
        Err(recognise(&ended.said, "").into())
    }

    /// Runs apt to its end. What goes wrong with us in between does not cut it.
    pub(super) async fn apt(&mut self, arguments: &[String]) -> Result<Ended, Stop> {
        let running = Running::apt(&self.root.join(FOLDER), arguments)?;
        self.watch(running).await
    }

    /// Runs dpkg to its end.
    pub(super) async fn dpkg(&mut self, arguments: &[String]) -> Result<Ended, Stop> {
        let running = Running::dpkg(&self.root.join(FOLDER), arguments)?;
        self.watch(running).await
    }

    async fn watch(&mut self, mut running: Running) -> Result<Ended, Stop> {
        loop {
            match running.tick().await? {
                Ok(new) => {
                    if new.status.iter().any(|line| line.starts_with("pmstatus") && line.contains("Unpacking")) {
                        let _ = fault::at(InstallFault::WhileUnpacking);
                    }
                    self.tell.log_all(&new.output);
                    self.tell.heard(&new.status);
                }
                Err(ended) => {
                    self.tell.log_all(&ended.last.output);
                    self.tell.heard(&ended.last.status);
                    return Ok(ended);
                }
            }
        }
    }

    /// Waits until nobody else is at work on packages; says who is.
    pub(super) async fn wait_for_turn(&mut self, may_cancel: bool) -> Result<(), Stop> {
        self.tell.enter(Phase::Waiting);
        let until = tokio::time::Instant::now() + PATIENCE;
        while let Some(holder) = apt::holder(&self.root) {
            if tokio::time::Instant::now() >= until {
                let message = format!("Another package manager is still busy: {holder}. Wait for it, then try again.");
                return Err(Failure::new("Busy", message).into());
            }
            self.tell.say(&format!("another package manager is busy: {holder}"));
            if may_cancel {
                self.unless_cancelled(tokio::time::sleep(PAUSE)).await?;
            } else {
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(())
    }

    /// What `work` answers, unless somebody cancels first; then it is dropped, and its children end.
    pub(super) async fn unless_cancelled<T>(&self, work: impl Future<Output = T>) -> Result<T, Stop> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Stop::Cancelled),
            answer = work => Ok(answer),
        }
    }

    pub(super) fn note(&mut self, change: impl FnOnce(&mut Journal)) {
        if let Some(journal) = &mut self.journal {
            change(journal);
        }
    }

    /// Goes on to a stage; never back.
    pub(super) fn stage(&mut self, stage: Stage) -> Result<(), Stop> {
        if self.reached(stage) {
            return Ok(());
        }
        self.note(|journal| journal.stage = stage);
        self.save()
    }

    fn reached(&self, stage: Stage) -> bool {
        self.journal.as_ref().is_some_and(|journal| journal.stage >= stage)
    }

    fn save(&self) -> Result<(), Stop> {
        self.journal.as_ref().map_or(Ok(()), |journal| Ok(disk::write(&self.root, journal)?))
    }

    fn close(&mut self) -> Result<(), Stop> {
        if self.journal.take().is_some() {
            disk::remove(&self.root)?;
        }
        Ok(())
    }
}
