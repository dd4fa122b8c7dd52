//! What comes after the packages: the default, the loader, the shells, and the proof.

use super::stop::Stop;
use super::work::Work;
use crate::host::apt::{self, Link};
use crate::host::fault::{self, InstallFault};
use crate::model::cuda::Release;
use crate::model::install::event::Outcome;
use crate::model::install::progress::Phase;

impl Work {
    /// Sets everything up and tries it. The first toolkit becomes the default by itself.
    pub(super) async fn configure(&mut self, release: Release, default: bool) -> Result<Outcome, Stop> {
        self.tell.enter(Phase::Configuring);
        apt::write_shell_setup(&self.root)?;
        let now = apt::current_default(&self.root);
        // NVIDIA's packages point /usr/local/cuda at the newest by themselves; who has chosen another keeps it.
        let keep =
            now.chosen.filter(|chosen| !default && self.root.join(&format!("/usr/local/cuda-{chosen}")).is_dir());
        fault::at(InstallFault::BeforeDefault)?;
        let chosen = keep.unwrap_or(release);
        if !default && keep.is_none() && matches!(now.link, Link::Folder) {
            self.tell.log("/usr/local/cuda is a folder and no link, so it was left alone");
        } else {
            apt::make_default(&self.root, Some(chosen)).await?;
        }
        fault::at(InstallFault::AfterDefault)?;
        let checks = self.verify(release).await?;
        self.archives.clear()?;
        Ok(Outcome::Done { checks })
    }

    /// Applies the default that was chosen here again, where something else is in force now.
    pub(super) async fn restore_default(&mut self) -> Result<Outcome, Stop> {
        let now = apt::current_default(&self.root);
        let Some(chosen) = now.chosen.filter(|chosen| now.link != Link::Toolkit(*chosen)) else {
            return Ok(Outcome::Skipped);
        };
        apt::make_default(&self.root, Some(chosen)).await?;
        Ok(Outcome::Done { checks: Vec::new() })
    }

    /// Makes an installed toolkit the default.
    pub(super) async fn set_default(&mut self, release: Release) -> Result<Outcome, Stop> {
        self.tell.enter(Phase::Configuring);
        apt::write_shell_setup(&self.root)?;
        apt::make_default(&self.root, Some(release)).await?;
        Ok(Outcome::Done { checks: Vec::new() })
    }
}
