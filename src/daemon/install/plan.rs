//! What apt would do, worked out by apt itself, and whether it may and fits.

use std::time::Duration;

use super::ready::Ready;
use super::stop::Stop;
use super::work::Work;
use crate::host::apt;
use crate::model::install::control::paragraphs;
use crate::model::install::event::{Plan, Space};
use crate::model::install::journal::Request;
use crate::model::install::profile::{self, Wanted};
use crate::model::install::progress::Phase;
use crate::model::install::repository;
use crate::model::install::transaction::{Change, Transaction, check_names, fetches};
use crate::model::install::trouble::{Kind, recognise};

const LIMIT: Duration = Duration::from_mins(2);
/// Reading the lists of the whole distribution.
const REFRESH: Duration = Duration::from_mins(10);

/// A plan with what apt was asked for.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) plan: Plan,
    pub(super) transaction: Transaction,
    /// `install NAME=VERSION…`
    pub(super) arguments: Vec<String>,
}

impl Work {
    /// Plans an installation. Nothing changes.
    pub(super) async fn plan(&mut self, ready: &Ready, request: &Request) -> Result<Planned, Stop> {
        self.tell.enter(Phase::Planning);
        let wanted = match request {
            Request::Install { release, profile, extras, .. } => {
                profile::packages(&ready.listing, *release, *profile, extras)?
            }
            Request::EnableCompat { release } => profile::compat_packages(&ready.listing, *release)?,
            _ => Vec::new(),
        };
        self.plan_packages(ready, request, wanted).await
    }

    pub(super) async fn plan_packages(
        &mut self,
        ready: &Ready,
        request: &Request,
        wanted: Vec<Wanted>,
    ) -> Result<Planned, Stop> {
        check_names(&wanted)?;
        let names = wanted.iter().map(|wanted| format!("{}={}", wanted.name, wanted.version));
        let arguments: Vec<String> = std::iter::once("install".to_owned()).chain(names).collect();
        let transaction = self.simulate(ready, &arguments).await?;
        transaction.check(&ready.listing)?;
        let uris = [vec!["--print-uris".to_owned(), "-qq".to_owned()], arguments.clone()].concat();
        let said = self.unless_cancelled(apt::ask_apt(&uris, LIMIT)).await??;
        if !said.status.success() {
            return Err(recognise(&said.everything(), &ready.repository.url).into());
        }
        let download_bytes = fetches(&said.text()).iter().map(|fetch| fetch.size).sum();
        let (toolkit_bytes, other_bytes) = self.installed_bytes(ready, &transaction.install).await?;
        let plan = Plan {
            request: request.clone(),
            wanted,
            install: transaction.install.clone(),
            remove: transaction.remove.clone(),
            download_bytes,
            installed_bytes: toolkit_bytes + other_bytes,
            space: self.space(download_bytes, toolkit_bytes, other_bytes)?,
            repository: ready.repository.url.clone(),
            licence: repository::licence().to_owned(),
        };
        Ok(Planned { plan, transaction, arguments })
    }

    /// apt's own simulation. Packages of the distribution may be missing because its lists were never fetched, as in
    /// most images: then they are, and apt is asked again.
    async fn simulate(&mut self, ready: &Ready, arguments: &[String]) -> Result<Transaction, Stop> {
        let simulation = [vec!["-s".to_owned()], arguments.to_vec()].concat();
        let said = self.unless_cancelled(apt::ask_apt(&simulation, LIMIT)).await??;
        if said.status.success() {
            return Ok(Transaction::parse(&said.text()));
        }
        let trouble = recognise(&said.everything(), &ready.repository.url);
        if !matches!(trouble.kind, Kind::Unmet | Kind::Held) {
            return Err(trouble.into());
        }
        self.tell.say("reading the distribution's lists of packages");
        // Whatever of them can be had is enough.
        let said = self.unless_cancelled(apt::ask_apt(&["update".to_owned()], REFRESH)).await??;
        self.tell.log_all(&said.everything().lines().map(str::to_owned).collect::<Vec<_>>());
        let said = self.unless_cancelled(apt::ask_apt(&simulation, LIMIT)).await??;
        if said.status.success() {
            return Ok(Transaction::parse(&said.text()));
        }
        self.tell.log_all(&said.everything().lines().map(str::to_owned).collect::<Vec<_>>());
        Err(recognise(&said.everything(), &ready.repository.url).into())
    }

    /// What the toolkit and what all else needs on disk.
    async fn installed_bytes(&self, ready: &Ready, changes: &[Change]) -> Result<(u64, u64), Stop> {
        let mut toolkit = 0;
        let mut others = Vec::new();
        for change in changes {
            match ready.listing.version(&change.name, &change.to) {
                Some(offered) => toolkit += offered.installed_size,
                None => others.push(format!("{}={}", change.name, change.to)),
            }
        }
        if others.is_empty() {
            return Ok((toolkit, 0));
        }
        let mut arguments = vec!["show"];
        arguments.extend(others.iter().map(String::as_str));
        let said = self.unless_cancelled(apt::ask("apt-cache", &arguments, LIMIT)).await??;
        let text = said.text();
        let kib = paragraphs(&text).filter_map(|paragraph| paragraph.field("Installed-Size")?.parse::<u64>().ok());
        Ok((toolkit, kib.sum::<u64>() * 1024))
    }

    /// What is needed where. Folders on the same file system are one.
    fn space(&self, download: u64, toolkit: u64, others: u64) -> Result<Vec<Space>, Stop> {
        let archives = self.archives.folder();
        let places = [(self.root.join("/usr/local"), toolkit), (archives, download), (self.root.join("/usr"), others)];
        let mut found: Vec<(u64, Space)> = Vec::new();
        for (folder, needed) in places {
            let disk = apt::disk_of(&folder)?;
            if let Some((_, space)) = found.iter_mut().find(|(id, _)| *id == disk.id) {
                space.needed_bytes += needed;
            } else {
                let folder = folder.display().to_string();
                found.push((disk.id, Space { folder, free_bytes: disk.free, needed_bytes: needed }));
            }
        }
        Ok(found.into_iter().map(|(_, space)| space).collect())
    }
}
