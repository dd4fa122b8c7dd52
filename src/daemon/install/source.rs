//! The repository's entry in apt: found or added, and whose signature apt takes for it.

use std::fmt::Display;

use super::settings;
use super::stop::Stop;
use super::work::Work;
use crate::api::installer::RepositoryInfo;
use crate::host::apt;
use crate::host::fault::{self, InstallFault};
use crate::host::root::Root;
use crate::model::install::event::Failure;
use crate::model::install::openpgp;
use crate::model::install::repository::{self, KeySource, Repository, nvidias_fingerprint};
use crate::model::install::signer::{Signer, is_own};
use crate::model::install::source::{self, Entry, Found, same_url};
use crate::model::install::trouble::recognise;
use crate::model::text::capitalised;

impl Work {
    /// The entry for a repository: one that is there already, or ours.
    pub(super) async fn source(&mut self, repository: &Repository, architecture: &str) -> Result<Entry, Stop> {
        let entries = apt::entries(&self.root);
        for stranger in source::strangers(&entries, &repository.url) {
            self.tell.log(&format!("{} names {}, which is not this system's repository", stranger.file, stranger.url));
        }
        if let Some(entry) = theirs(&self.root, &entries, repository)? {
            if entries.iter().any(|entry| entry.is_ours() && !same_url(&entry.url, &repository.url)) {
                // Of a repository that is no longer the one.
                apt::remove_source(&self.root)?;
            }
            return Ok(entry);
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
            KeySource::Held(_) | KeySource::File(_) => kept_key(&self.root, repository)?,
            KeySource::Url(url) => {
                let fetched = self.unless_cancelled(apt::fetch_key(&self.root, url)).await??;
                fetched.map_err(|said| recognise(&said, &repository.url))?
            }
        };
        repository::check_key(repository, &key).map_err(|why| refused(&why))?;
        Ok(key)
    }
}

fn refused(why: &dyn Display) -> Failure {
    Failure::new("Unsupported", format!("{}.", capitalised(&why.to_string())))
}

/// A key that need not be fetched.
fn kept_key(root: &Root, repository: &Repository) -> Result<Vec<u8>, Failure> {
    match &repository.key {
        KeySource::Held(key) => Ok(key.clone()),
        KeySource::File(path) => apt::read_key(root, path)
            .map_err(|error| refused(&format!("the key {path} of {} cannot be read ({error})", repository.url))),
        KeySource::Url(_) => Ok(Vec::new()),
    }
}

/// The entry that somebody else has put there, if there is one that apt would use.
fn theirs(root: &Root, entries: &[Entry], repository: &Repository) -> Result<Option<Entry>, Failure> {
    match source::find(entries, &repository.url) {
        Found::Entry(entry) if !entry.is_ours() && source::is_read_in_place(&entry.url) => Err(refused(&format!(
            "{} names the folder {} by file:, from which apt fetches nothing. Write copy: there, then try again",
            entry.file, entry.url
        ))),
        Found::Entry(entry) if !entry.is_ours() => {
            check_signer(root, &entry, repository)?;
            Ok(Some(entry))
        }
        Found::Contradiction(files) => Err(refused(&format!(
            "{} name the repository {} with different keys, so apt uses neither. Remove one of them",
            files.join(" and "),
            repository.url
        ))),
        Found::Unchecked(file) => Err(refused(&format!(
            "{file} tells apt to use {} without checking its signature. Remove that option, then try again",
            repository.url
        ))),
        Found::Entry(_) | Found::Missing => Ok(None),
    }
}

/// Refuses an entry that was there before us if apt would take somebody else's signature for it. It is neither used nor
/// changed: whoever put it there may have had a reason.
fn check_signer(root: &Root, entry: &Entry, repository: &Repository) -> Result<(), Failure> {
    let (file, url) = (&entry.file, &repository.url);
    let way_out = if nvidias_fingerprint(url).is_some() {
        format!("Remove {file}, then try again: the right entry is added by itself")
    } else {
        format!(
            "If you do not know who put it there, remove {file}, then try again: the right entry is added by itself. \
             If it is as it should be, name its key: `desktopctl cuda repository --url {url} --key FILE`"
        )
    };
    let signer = Signer::of(entry.signed_by.as_deref());
    let found = apt::signing_keys(root, &signer)
        .map_err(|why| refused(&format!("{file} names the repository {url}, but {why}. {way_out}")))?;
    let own = own_keys(root, repository)?;
    if is_own(url, &own, &found, signer.is_anyone()) {
        return Ok(());
    }
    let own = own.join(", ");
    Err(refused(&if signer.is_anyone() {
        format!(
            "{file} names the repository {url} without its key {own}, and the keys that this system trusts do not \
             have it either. {way_out}"
        )
    } else {
        let (found, place) = (found.join(", "), signer.place());
        format!("{file} has apt trust the key {found} ({place}) for {url}, whose own is {own}. {way_out}")
    }))
}

/// The fingerprints of the keys that a repository should be signed by.
fn own_keys(root: &Root, repository: &Repository) -> Result<Vec<String>, Failure> {
    if let Some(fingerprint) = &repository.fingerprint {
        return Ok(vec![fingerprint.clone()]);
    }
    let key = kept_key(root, repository)?;
    openpgp::fingerprints(&key).map_err(|error| refused(&format!("the key of {}: {error}", repository.url)))
}

/// The repository in use, and how it stands with apt. Nothing is fetched and nothing changes.
pub(in crate::daemon) async fn describe(root: &Root) -> Result<RepositoryInfo, Failure> {
    let system = apt::system(root).await.map_err(Stop::from)?;
    let settings = settings::read(root)?;
    let repository = repository::choose(&system, &settings.configured, settings.mirror.as_ref());
    let repository = repository.map_err(Stop::from)?;
    let entries = apt::entries(root);
    let entry = entries.iter().find(|entry| entry.enabled && same_url(&entry.url, &repository.url));
    let mut info = RepositoryInfo {
        url: repository.url.clone(),
        kind: if nvidias_fingerprint(&repository.url).is_some() { "nvidia" } else { "mirror" }.into(),
        origin: repository.origin.to_string(),
        entry: entry.map(|entry| entry.file.clone()),
        ..RepositoryInfo::default()
    };
    let signer = entry.map(|entry| Signer::of(entry.signed_by.as_deref()));
    info.key = match (&signer, &repository.key) {
        (Some(signer), _) => Some(signer.place()),
        (None, KeySource::Url(url)) => Some(url.clone()),
        (None, KeySource::File(path)) => Some(path.clone()),
        (None, KeySource::Held(_)) => None,
    };
    let keys = match &signer {
        Some(signer) if !signer.is_anyone() => apt::signing_keys(root, signer).map_err(|why| refused(&why)),
        _ => own_keys(root, &repository),
    };
    let trouble = theirs(root, &entries, &repository).map(drop).err();
    match keys {
        Ok(keys) => (info.fingerprints, info.problem) = (keys, trouble.map(|failure| failure.message)),
        Err(failure) => info.problem = Some(trouble.unwrap_or(failure).message),
    }
    Ok(info)
}
