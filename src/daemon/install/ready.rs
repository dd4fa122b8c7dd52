//! The repository: found or added, its lists fetched and read.

use std::time::Duration;

use super::stop::Stop;
use super::work::Work;
use crate::host::apt;
use crate::host::fault::{self, InstallFault};
use crate::model::install::event::Failure;
use crate::model::install::listing::Listing;
use crate::model::install::progress::Phase;
use crate::model::install::repository::{self, KeySource, Repository};
use crate::model::install::source::{self, Entry, Found};
use crate::model::install::trouble::{Kind, recognise};
use crate::model::text::capitalised;

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
        let repository = repository::choose(&system, &self.config)?;
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

    /// The entry for a repository: one that is there already, or ours.
    async fn source(&mut self, repository: &Repository, architecture: &str) -> Result<Entry, Stop> {
        let entries = apt::entries(&self.root);
        for stranger in source::strangers(&entries, &repository.url) {
            self.tell.log(&format!("{} names {}, which is not this system's repository", stranger.file, stranger.url));
        }
        let contradicting = |files: &[String]| {
            Failure::new(
                "Unsupported",
                format!(
                    "{} name the repository {} with different keys, so apt uses neither. Remove one of them.",
                    files.join(" and "),
                    repository.url
                ),
            )
        };
        match source::find(&entries, &repository.url) {
            Found::Entry(entry) if !entry.is_ours() && source::is_read_in_place(&entry.url) => {
                let message = format!(
                    "{} names the folder {} by file:, from which apt fetches nothing. Write copy: there, then try again.",
                    entry.file, entry.url
                );
                return Err(Failure::new("Unsupported", message).into());
            }
            Found::Entry(entry) if !entry.is_ours() => return Ok(entry),
            Found::Contradiction(files) => return Err(contradicting(&files).into()),
            Found::Unchecked(file) => {
                let message = format!(
                    "{file} tells apt to use {} without checking its signature. Remove that option, then try again.",
                    repository.url
                );
                return Err(Failure::new("Unsupported", message).into());
            }
            Found::Entry(_) | Found::Missing => {}
        }
        let key = self.key(repository).await?;
        fault::at(InstallFault::BeforeSource)?;
        apt::add_source(&self.root, &repository.url, architecture, &key)?;
        fault::at(InstallFault::AfterSource)?;
        match source::find(&apt::entries(&self.root), &repository.url) {
            Found::Entry(entry) => Ok(entry),
            _ => Err(Failure::new("Internal", "The repository was added and cannot be found.").into()),
        }
    }

    async fn key(&self, repository: &Repository) -> Result<Vec<u8>, Stop> {
        let key = match &repository.key {
            KeySource::File(path) => apt::read_key(&self.root, path).map_err(|error| {
                Failure::new("Unsupported", format!("The key {path} of {} cannot be read ({error}).", repository.url))
            })?,
            KeySource::Url(url) => {
                let fetched = self.unless_cancelled(apt::fetch_key(&self.root, url)).await??;
                fetched.map_err(|said| recognise(&said, &repository.url))?
            }
        };
        repository::check_key(repository, &key)
            .map_err(|why| Failure::new("Unsupported", format!("{}.", capitalised(&why))))?;
        Ok(key)
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
