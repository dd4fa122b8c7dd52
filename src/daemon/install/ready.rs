//! The repository: its lists fetched and read.

use std::time::Duration;

use super::settings;
use super::stop::Stop;
use super::work::Work;
use crate::host::apt;
use crate::host::fault::{self, InstallFault};
use crate::model::install::event::Failure;
use crate::model::install::listing::Listing;
use crate::model::install::progress::Phase;
use crate::model::install::repository::{self, Repository};
use crate::model::install::trouble::{Kind, recognise};

/// The lists are a few megabytes.
const LIMIT: Duration = Duration::from_mins(5);
/// A repository that is being updated is asked again after so long,
const PAUSE: Duration = Duration::from_secs(2);
/// and so many times in all.
const TRIES: u32 = 3;

/// A repository that can be installed from.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) repository: Repository,
    pub(super) listing: Listing,
}

impl Work {
    /// Finds the repository or adds it, and reads what it offers now.
    pub(super) async fn ready(&mut self) -> Result<Ready, Stop> {
        self.tell.enter(Phase::Refreshing);
        let system = apt::system(&self.root).await?;
        let settings = settings::read(&self.root)?;
        let repository = repository::choose(&system, &settings.configured, settings.mirror.as_ref())?;
        let entry = self.source(&repository, &system.architecture).await?;
        apt::write_pin(&self.root)?;
        apt::lone_source(&self.root, &entry)?;
        fault::at(InstallFault::BeforeRefresh)?;
        self.refresh(&repository.url).await?;
        fault::at(InstallFault::AfterRefresh)?;
        let mut listing = Listing::default();
        apt::indexed_lists().await?.iter().for_each(|list| listing.add(list));
        if listing.releases().is_empty() {
            let message = format!("The repository at {} holds no CUDA toolkit.", repository.url);
            return Err(Failure::new("Unsupported", message).into());
        }
        Ok(Ready { repository, listing })
    }

    async fn refresh(&mut self, url: &str) -> Result<(), Stop> {
        let mut arguments = apt::update_arguments();
        arguments.push("update".into());
        for attempt in 1.. {
            let said = self.unless_cancelled(apt::ask_apt(&arguments, LIMIT)).await??;
            if said.status.success() {
                break;
            }
            let trouble = recognise(&said.everything(), url);
            self.tell.log(&trouble.detail);
            if trouble.kind != Kind::Mismatch || attempt == TRIES {
                return Err(trouble.into());
            }
            self.tell.say("the repository is being updated, asking again");
            self.unless_cancelled(tokio::time::sleep(PAUSE)).await?;
        }
        Ok(())
    }
}
