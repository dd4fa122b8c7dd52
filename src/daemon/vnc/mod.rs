//! VNC: the server's settings, what it does, who is connected, and the gateway that shows it in a browser.
//!
//! It is looked at when its service changes, when somebody asks, and again and again while it runs: that somebody has
//! connected is to be seen also by who does not ask. A look reads the kernel's tables and connects to nothing.

mod change;
mod view;

use std::collections::BTreeMap;
use std::mem;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::access::Access;
use super::jobs::Jobs;
use super::store::Store;
use super::unix_now;
use crate::api::Error;
use crate::host::root::Root;
use crate::host::settings::Settings;
use crate::host::vnc as host;
use crate::model::health::Health;
use crate::model::service::State;
use crate::model::vnc::{Gateway, SERVICE, Viewer};

pub(super) use self::change::Wish;
pub(super) use self::view::VncView;

/// How often it is looked at while it runs,
const PERIOD: Duration = Duration::from_secs(5);
/// and while somebody watches.
const WATCHED_PERIOD: Duration = Duration::from_secs(1);
/// What is not older is told to who asks.
const FRESH: Duration = Duration::from_millis(200);
/// Within this the server has hung up on everybody.
const HANGS_UP_WITHIN: Duration = Duration::from_secs(5);

/// See the module. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Vnc {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    root: Root,
    /// The folder that holds `.env`.
    workspace: String,
    store: Arc<Store>,
    jobs: Jobs,
    access: Access,
    /// How many clients look on.
    watched: watch::Receiver<usize>,
    looking: tokio::sync::Mutex<Looking>,
}

/// What was seen last.
#[derive(Debug, Default)]
struct Looking {
    last: Option<(Instant, Vec<Cause>)>,
    seen: host::Look,
    /// Since when each connection has been there; none for what was there at the first look.
    since: BTreeMap<SocketAddr, Option<u64>>,
}

/// What it is looked at anew for: process, state and health of a service.
type Cause = (Option<u32>, State, Health);

impl Vnc {
    pub(super) fn new(
        root: Root,
        workspace: String,
        store: Arc<Store>,
        jobs: Jobs,
        access: Access,
        watched: watch::Receiver<usize>,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                root,
                workspace,
                store,
                jobs,
                access,
                watched,
                looking: tokio::sync::Mutex::default(),
            }),
        }
    }

    /// Keeps the view up to date, for ever.
    pub(super) async fn run(self) {
        let mut changes = self.inner.store.changes();
        let mut watched = self.inner.watched.clone();
        let mut known = None;
        let mut looked = Instant::now();
        loop {
            let cause = self.causes();
            if known.as_ref() != Some(&cause) {
                known = Some(cause);
                self.look().await;
                looked = Instant::now();
            }
            let period = if *watched.borrow_and_update() > 0 { WATCHED_PERIOD } else { PERIOD };
            let runs = self.inner.store.vnc().running;
            tokio::select! {
                _ = changes.changed() => {}
                Ok(()) = watched.changed() => {}
                () = tokio::time::sleep_until(looked + period), if runs => {
                    self.look().await;
                    looked = Instant::now();
                }
            }
        }
    }

    fn causes(&self) -> Vec<Cause> {
        let services = [SERVICE].into_iter().chain(self.gateway().into_iter().flat_map(Gateway::services).copied());
        let views = services.filter_map(|service| self.inner.store.service(service));
        views.map(|view| (view.pid, view.state, view.health)).collect()
    }

    /// The gateway that this machine has.
    fn gateway(&self) -> Option<Gateway> {
        Gateway::found(|service| self.inner.store.service(service).is_some())
    }

    /// What is known of it, as of now.
    pub(super) async fn now(&self) -> Arc<VncView> {
        self.look().await;
        self.inner.store.vnc()
    }

    /// Looks, unless that was done just now and nothing has happened since.
    async fn look(&self) {
        let mut looking = self.inner.looking.lock().await;
        let causes = self.causes();
        if looking.last.as_ref().is_some_and(|(at, seen)| at.elapsed() < FRESH && *seen == causes) {
            return;
        }
        let pid = |service: &str| self.inner.store.service(service).and_then(|view| view.pid);
        let (server, gateway) = (pid(SERVICE), self.gateway());
        let gateways: Vec<u32> = gateway.into_iter().flat_map(Gateway::services).filter_map(|name| pid(name)).collect();
        let before = mem::take(&mut looking.seen);
        let look = tokio::task::spawn_blocking(move || server.map(|server| host::look(server, &gateways, before)));
        looking.seen = look.await.ok().flatten().unwrap_or_default();
        let viewers = looking.viewers();
        self.inner.store.put_vnc(self.view(&looking.seen, viewers));
        looking.last = Some((Instant::now(), causes));
    }

    /// Our settings of one of the services.
    fn settings(&self, service: &str) -> Settings {
        Settings::of(&self.inner.root, service, &self.inner.workspace)
    }

    /// Hangs up on all viewers. How many there were.
    pub(super) async fn disconnect_all(&self) -> Result<u32, Error> {
        let viewers = self.now().await.viewers.clone();
        let server = self.inner.store.vnc().server;
        let Some(server) = server.filter(|_| !viewers.is_empty()) else { return Ok(0) };
        let failed = |reason: &str| {
            Error::Internal(format!(
                "The viewers could not be disconnected ({reason}). `desktopctl services restart {SERVICE}` does it, too."
            ))
        };
        host::disconnect_all(server).await.map_err(|reason| failed(&reason))?;
        let began = Instant::now();
        // One that comes again at once comes from another port.
        let stays =
            |view: &VncView| view.viewers.iter().any(|now| viewers.iter().any(|was| was.address == now.address));
        while stays(&*self.now().await) {
            if began.elapsed() > HANGS_UP_WITHIN {
                return Err(failed("the server has not hung up"));
            }
            tokio::time::sleep(FRESH).await;
        }
        Ok(u32::try_from(viewers.len()).unwrap_or(u32::MAX))
    }
}

impl Looking {
    /// The viewers that are there, with the times at which they came, which it keeps.
    fn viewers(&mut self) -> Vec<Viewer> {
        let new = if self.last.is_some() { Some(unix_now()) } else { None };
        self.since.retain(|address, _| self.seen.viewers.iter().any(|(there, _)| there == address));
        let viewers = self.seen.viewers.iter().map(|(address, through)| {
            let since = *self.since.entry(*address).or_insert(new);
            Viewer { address: *address, through: *through, since }
        });
        viewers.collect()
    }
}
