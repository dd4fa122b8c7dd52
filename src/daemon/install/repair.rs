//! Putting right what an interrupted run of dpkg has left, gently first.

use std::time::Duration;

use super::stop::Stop;
use super::work::Work;
use crate::host::apt;
use crate::model::install::event::Failure;
use crate::model::install::journal::Audit;
use crate::model::install::listing::Listing;
use crate::model::install::progress::Phase;
use crate::model::install::removal::is_part_of_toolkit;
use crate::model::install::transaction::Transaction;

const LIMIT: Duration = Duration::from_mins(2);

impl Work {
    /// Leaves dpkg with nothing half done, or says what is. Whether there was anything to do.
    pub(super) async fn settle(&mut self) -> Result<bool, Stop> {
        let broken = apt::audit().await?;
        if broken.is_clean() {
            return Ok(false);
        }
        self.tell.enter(Phase::Repairing);
        self.tell.log(&format!("dpkg has left half done: {}", broken.packages.join(", ")));
        self.dpkg(&apt::configure_all()).await?;
        if apt::audit().await?.is_clean() {
            return Ok(true);
        }
        if self.fix_dependencies().await? && apt::audit().await?.is_clean() {
            return Ok(true);
        }
        let broken = apt::audit().await?;
        let ours: Vec<String> = broken.packages.iter().filter(|name| self.is_ours(name)).cloned().collect();
        if !ours.is_empty() {
            self.tell.log(&format!("taking away what cannot be set up: {}", ours.join(", ")));
            self.dpkg(&apt::purge_arguments(&ours)).await?;
        }
        let left = apt::audit().await?;
        if left.is_clean() { Ok(true) } else { Err(unsettled(&left).into()) }
    }

    /// Part of a toolkit, or installed by this very work.
    fn is_ours(&self, name: &str) -> bool {
        let planned = self.journal.as_ref().is_some_and(|journal| {
            journal.planned.new_packages().iter().any(|new| new.split(':').next() == Some(name))
        });
        planned || is_part_of_toolkit(name)
    }

    /// `apt-get --fix-broken install`, where that neither removes anything nor brings a driver. Whether it was run.
    async fn fix_dependencies(&mut self) -> Result<bool, Stop> {
        let arguments = ["--fix-broken", "install"].map(str::to_owned).to_vec();
        let simulation = [vec!["-s".to_owned()], arguments.clone()].concat();
        let said = apt::ask_apt(&simulation, LIMIT).await?;
        let allowed = said.status.success() && Transaction::parse(&said.text()).check(&Listing::default()).is_ok();
        if allowed {
            self.archives.prepare()?;
            self.apt(&arguments).await?;
        }
        Ok(allowed)
    }
}

fn unsettled(left: &Audit) -> Failure {
    Failure::new(
        "Internal",
        format!(
            "dpkg has left {} half done, and that could not be repaired. `dpkg --audit` says why; the log shows what \
             was tried.",
            left.packages.join(", ")
        ),
    )
}
