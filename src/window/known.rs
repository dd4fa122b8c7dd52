//! What each page keeps of the daemon: the facts it knows, whether they still hold, and what was asked and not answered.

use std::collections::HashSet;

use super::format::{self, Sign};
use crate::client::{Fact, JobFacts, PendingFacts, ServiceFacts, Snapshot, StreamFacts};

/// The daemon as a page sees it.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// What was told last.
    pub(super) snapshot: Snapshot,
    /// The daemon is there: what was told still holds, and something can be asked.
    pub(super) is_there: bool,
    /// Services for which something was asked that has not been answered yet.
    asked: HashSet<String>,
}

impl Known {
    /// Takes over what is new.
    pub(super) fn learn(&mut self, fact: &Fact) {
        self.snapshot.apply(fact);
        match fact {
            Fact::Arrived(..) => self.is_there = true,
            Fact::Away(_) => {
                self.is_there = false;
                self.asked.clear();
            }
            _ => {}
        }
    }

    /// Something is asked for this service.
    pub(super) fn ask(&mut self, service: &str) {
        self.asked.insert(service.to_owned());
    }

    /// It was answered; if it was granted, a job tells more.
    pub(super) fn answered(&mut self, service: &str) {
        self.asked.remove(service);
    }

    /// Something was asked for this service, and nobody has answered yet.
    pub(super) fn is_asked(&self, service: &str) -> bool {
        self.asked.contains(service)
    }

    /// The job that works on this service now, if there is one.
    pub(super) fn job_on(&self, service: &str) -> Option<&JobFacts> {
        let works_on = |job: &&JobFacts| job.result.is_none() && job.targets.iter().any(|target| target == service);
        self.snapshot.jobs.iter().rev().find(works_on)
    }

    /// The job of the installer that is at work now.
    pub(super) fn installation(&self) -> Option<&JobFacts> {
        self.snapshot.jobs.iter().rev().find(|job| job.result.is_none() && job.kind.starts_with("cuda-"))
    }

    /// How a service does: what is at work on it, else what the daemon has confirmed.
    pub(super) fn sign_of(&self, service: &ServiceFacts) -> Sign {
        self.job_on(&service.name).map_or_else(|| format::of_service(service), format::at_work)
    }

    /// The stream, where there is one whose settings can be shown.
    pub(super) fn stream(&self) -> Option<&StreamFacts> {
        self.snapshot.stream.as_ref().filter(|stream| stream.is_there())
    }

    /// The change of settings that is on trial now.
    pub(super) fn trial(&self) -> Option<&PendingFacts> {
        self.snapshot.on_trial()
    }

    /// Something may be asked for this service now.
    pub(super) fn may_ask(&self, service: &str) -> bool {
        self.is_there && !self.is_asked(service) && self.job_on(service).is_none()
    }
}
