//! Quick tunnels: addresses that anybody can reach, which the portal opens and closes.

use tokio_util::sync::CancellationToken;

use super::Access;
use crate::api::Error;
use crate::daemon::jobs::Jobs;
use crate::host::portal::PortalError;
use crate::model::access::portal::Tunnel;
use crate::model::job::{JobKind, JobResult};
use crate::model::text::quoted;

impl Access {
    /// Begins to open a tunnel to one of the pages: the job that does it.
    pub(in crate::daemon) fn open_tunnel(&self, target: &str, uid: u32) -> Result<u64, Error> {
        self.begin(JobKind::TunnelStart, target, uid)
    }

    /// Begins to close one.
    pub(in crate::daemon) fn close_tunnel(&self, target: &str, uid: u32) -> Result<u64, Error> {
        self.begin(JobKind::TunnelStop, target, uid)
    }

    fn begin(&self, kind: JobKind, target: &str, uid: u32) -> Result<u64, Error> {
        self.check(kind, target)?;
        let (this, target) = (self.clone(), target.to_owned());
        self.inner.jobs.accept(kind, vec![target.clone()], uid, move |jobs, id, cancel| async move {
            let work = Work { access: &this, jobs: &jobs, id, target: &target };
            match kind {
                JobKind::TunnelStop => work.close().await,
                _ => work.open(&cancel).await,
            }
        })
    }

    /// Refuses what is no page of this machine: the portal would open a tunnel to anything that it can reach.
    fn check(&self, kind: JobKind, target: &str) -> Result<(), Error> {
        let access = self.inner.store.access();
        let known = &access.surroundings;
        let Some(tunnels) = &known.tunnels else {
            // What was not there a moment ago may be there now.
            self.ask();
            let why = match known.note.as_str() {
                "" => "Quick tunnels are opened by the instance portal of the platform, and there is none here.",
                note => note,
            };
            let sentence = "An SSH tunnel needs none; `desktopctl access` shows the command.";
            return Err(Error::Unsupported(format!("No quick tunnel can be opened or closed. {why} {sentence}")));
        };
        let is_page = known.applications.iter().any(|page| page.target.as_deref() == Some(target));
        let is_open = kind == JobKind::TunnelStop && is_open(tunnels, target);
        if is_page || is_open {
            return Ok(());
        }
        let mut targets: Vec<&str> = known.applications.iter().filter_map(|page| page.target.as_deref()).collect();
        targets.sort_unstable();
        Err(Error::InvalidSetting(format!(
            "{} is no page of this machine to which a tunnel could lead. There are: {}.",
            quoted(target),
            targets.join(", ")
        )))
    }
}

fn is_open(tunnels: &[Tunnel], target: &str) -> bool {
    tunnels.iter().any(|tunnel| tunnel.target == target)
}

struct Work<'w> {
    access: &'w Access,
    jobs: &'w Jobs,
    id: u64,
    target: &'w str,
}

impl Work<'_> {
    async fn open(&self, cancel: &CancellationToken) -> Result<JobResult, Error> {
        if self.is_open() {
            return Ok(JobResult::Skipped);
        }
        let (portal, target) = (&self.access.inner.portal, self.target);
        self.jobs.step(self.id, 0, format!("opening a tunnel to {target}, which takes up to half a minute"));
        let opened = tokio::select! {
            opened = portal.open_tunnel(target) => opened,
            () = cancel.cancelled() => {
                // The portal goes on; what it opens after this would stay.
                self.jobs.step(self.id, 0, "closing what may be open already".into());
                let _ = portal.open_tunnel(target).await;
                let _ = portal.close_tunnel(target).await;
                self.access.look().await;
                return Ok(JobResult::Cancelled);
            }
        };
        let url = opened.map_err(|error| failed("opened", error))?;
        self.jobs.step(self.id, 0, format!("it begins at {url}"));
        // Who hears that it is done shall find it.
        self.access.look().await;
        Ok(JobResult::Done)
    }

    async fn close(&self) -> Result<JobResult, Error> {
        if !self.is_open() {
            return Ok(JobResult::Skipped);
        }
        self.jobs.step(self.id, 0, format!("closing the tunnel to {}", self.target));
        let closed = self.access.inner.portal.close_tunnel(self.target).await;
        self.access.look().await;
        match closed {
            // Somebody else was faster.
            Err(PortalError::Unknown) if !self.is_open() => Ok(JobResult::Skipped),
            Err(error) => Err(failed("closed", error)),
            Ok(()) => Ok(JobResult::Done),
        }
    }

    fn is_open(&self) -> bool {
        let access = self.access.inner.store.access();
        access.surroundings.tunnels.as_deref().is_some_and(|tunnels| is_open(tunnels, self.target))
    }
}

fn failed(what: &str, error: PortalError) -> Error {
    let sentence = format!(
        "The tunnel has not been {what}: the instance portal was asked, and {error}. `desktopctl services logs \
         tunnel_manager` may tell more; then try again."
    );
    match error {
        PortalError::Silent => Error::TimedOut(sentence),
        PortalError::Unknown => Error::Unsupported(sentence),
        PortalError::Absent | PortalError::Failed(_) | PortalError::Odd => Error::Internal(sentence),
    }
}
