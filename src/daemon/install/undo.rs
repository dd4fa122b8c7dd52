//! Taking an installation back that failed half-way: everything that it had installed goes.

use super::stop::Stop;
use super::work::Work;
use crate::host::apt;
use crate::model::install::event::{Failure, Outcome};
use crate::model::install::journal::Stage;
use crate::model::install::progress::Phase;
use crate::model::install::trouble::{Kind, Trouble};

impl Work {
    /// Takes it back and tells why. Cannot be cancelled.
    pub(super) async fn undo(&mut self, why: Stop) -> Result<Outcome, Stop> {
        if let Stop::Failed(failure) = &why {
            let trouble =
                Trouble { kind: Kind::Other, message: failure.message.clone(), detail: failure.detail.clone() };
            self.note(|journal| journal.failure = Some(trouble));
        }
        // A full disk must not keep what fills it from being removed.
        if let Err(error) = self.stage(Stage::Undoing) {
            self.tell.log(&format!("the journal could not be written ({error:?})"));
        }
        self.take_back().await?;
        match why {
            Stop::Cancelled => Ok(Outcome::Cancelled),
            Stop::Failed(failure) => Err(failure.into()),
        }
    }

    /// What an earlier life had begun to take back.
    pub(super) async fn resume_undo(&mut self) -> Result<Outcome, Stop> {
        let why = self.journal.as_ref().and_then(|journal| journal.failure.clone());
        self.take_back().await?;
        Err(why
            .map_or_else(|| Failure::new("Internal", "The installation was interrupted too often."), Failure::from)
            .into())
    }

    async fn take_back(&mut self) -> Result<(), Stop> {
        self.wait_for_turn(false).await?;
        self.tell.enter(Phase::Undoing);
        let new = self.journal.as_ref().map(|journal| journal.planned.new_packages()).unwrap_or_default();
        let there = apt::installed(&self.root, &new)?;
        if !there.is_empty() {
            self.tell.log(&format!("taking back {} packages", there.len()));
            self.dpkg(&apt::purge_arguments(&there)).await?;
        }
        self.settle().await?;
        // Whole as it is, it could not be set up: it is not kept for a next time that may never come.
        if let Err(error) = self.archives.clear() {
            self.tell.log(&format!("what was downloaded could not be removed ({error})"));
        }
        Ok(())
    }
}
