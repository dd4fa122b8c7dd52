//! Removing a toolkit: a computed list of packages, never a glob.

use std::collections::BTreeSet;
use std::time::Duration;

use super::stop::Stop;
use super::work::Work;
use crate::host::apt::{self, Link};
use crate::model::cuda::Release;
use crate::model::install::event::{Failure, Outcome, Plan};
use crate::model::install::journal::{Request, Stage};
use crate::model::install::progress::Phase;
use crate::model::install::removal::{packages_of, releases_of};
use crate::model::install::transaction::{Transaction, check_removal};
use crate::model::install::trouble::recognise;

const LIMIT: Duration = Duration::from_mins(2);

impl Work {
    /// What removing would remove.
    pub(super) async fn plan_removal(&mut self, release: Release) -> Result<Plan, Stop> {
        let computed = packages_of(&apt::status_text(&self.root)?, release);
        if computed.is_empty() {
            let message = format!("No package of CUDA {release} is installed here. `desktopctl cuda` lists what is.");
            return Err(Failure::new("UnknownObject", message).into());
        }
        let arguments: Vec<String> = ["-s", "purge"].map(str::to_owned).into_iter().chain(computed.clone()).collect();
        let said = apt::ask_apt(&arguments, LIMIT).await?;
        if !said.status.success() {
            return Err(recognise(&said.everything(), "").into());
        }
        let transaction = Transaction::parse(&said.text());
        check_removal(&transaction, &computed)?;
        Ok(Plan {
            request: Request::Remove { release },
            wanted: Vec::new(),
            install: Vec::new(),
            remove: computed.into_iter().collect(),
            download_bytes: 0,
            installed_bytes: 0,
            space: Vec::new(),
            repository: String::new(),
            licence: String::new(),
        })
    }

    /// Removes a toolkit. The default goes to the newest that is left.
    pub(super) async fn remove(&mut self, release: Release) -> Result<Outcome, Stop> {
        self.wait_for_turn(true).await?;
        self.settle().await?;
        self.tell.enter(Phase::Planning);
        let begun = self.journal.as_ref().is_some_and(|journal| journal.stage >= Stage::Installing);
        match self.plan_removal(release).await {
            Ok(plan) => {
                self.stage(Stage::Installing)?;
                self.tell.meter.expect(0, u32::try_from(plan.remove.len()).unwrap_or(u32::MAX));
                self.tell.enter(Phase::Installing);
                let arguments: Vec<String> = std::iter::once("purge".to_owned()).chain(plan.remove).collect();
                let ended = self.apt(&arguments).await?;
                if !ended.status.success() {
                    self.settle().await?;
                    return Err(recognise(&ended.said, "").into());
                }
            }
            // An earlier life had removed all of them already.
            Err(Stop::Failed(failure)) if begun && failure.name == "UnknownObject" => {}
            Err(stop) => return Err(stop),
        }
        self.stage(Stage::Installed)?;
        self.after_removal(release).await
    }

    pub(super) async fn after_removal(&mut self, release: Release) -> Result<Outcome, Stop> {
        self.tell.enter(Phase::Configuring);
        let now = apt::current_default(&self.root);
        let gone = now.chosen == Some(release) || now.link == Link::Toolkit(release);
        if gone || matches!(now.link, Link::Elsewhere(_)) {
            let left: BTreeSet<Release> = releases_of(&apt::status_text(&self.root)?);
            let there = |release: &&Release| self.root.join(&format!("/usr/local/cuda-{release}")).is_dir();
            let newest = left.iter().rev().find(there).copied();
            apt::make_default(&self.root, newest).await?;
        }
        let folder = format!("/usr/local/cuda-{release}");
        if self.root.join(&folder).exists() {
            self.tell.log(&format!("{folder} holds files that no package has brought; they were left alone"));
        }
        Ok(Outcome::Done { checks: Vec::new() })
    }
}
