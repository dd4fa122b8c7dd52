//! The ways in: what is known of them beside the health of the services behind them.
//!
//! It is looked at when one of those services changes, when somebody asks or begins to watch, and once a minute while
//! somebody watches. Only the task here waits for the portal; everybody else reads what was found last.

mod relay;
mod tunnels;
mod view;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify, watch};
use tokio::time::Instant;

use super::jobs::Jobs;
use super::store::{ServiceView, Store};
use crate::host::network::{self, Listening};
use crate::host::portal::Portal;
use crate::host::root::Root;
use crate::model::access::platform::{Application, Platform};
use crate::model::access::portal::Tunnel;
use crate::model::access::turn::{self, TurnState};
use crate::model::access::{Source, Surroundings, Way, WayState};
use crate::model::config;
use crate::model::health::Health;
use crate::model::service::State;

pub(super) use self::view::AccessView;

/// supervisord's names of the services that say where pages are reached from outside, or lead there.
const PORTAL: &str = "instance_portal";
const OUTWARD: [&str; 4] = [PORTAL, "tunnel_manager", "caddy", turn::SERVICE];

/// How often it is looked while somebody watches.
const WATCHED_PERIOD: Duration = Duration::from_mins(1);
/// What is not yet as it should be is looked at again after this, then after twice as long each time.
const RETRY_FIRST: Duration = Duration::from_secs(2);
const RETRY_LAST: Duration = Duration::from_mins(5);
/// What is not older is good enough for who asks or begins to watch.
const FRESH: Duration = Duration::from_secs(1);

/// See the module. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Access {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    root: Root,
    store: Arc<Store>,
    jobs: Jobs,
    portal: Portal,
    ssh_port: u16,
    /// Whose desktop it is.
    user: String,
    /// How many clients look on.
    watched: watch::Receiver<usize>,
    /// Somebody asks.
    asked: Notify,
    /// Two looks at a time would tell what the slower one saw.
    looking: Mutex<()>,
}

/// What it is looked at anew for: name, process, state and health of services, and the settings of the stream.
type Causes = (Vec<(String, Option<u32>, State, Health)>, Option<u64>);

/// What was found in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    All,
    /// The portal has not said everything that it should, or the relay does not listen: it may have begun just now.
    NotYet,
}

/// What the portal has said.
#[derive(Debug, Default)]
struct Said {
    applications: Vec<Application>,
    direct: BTreeMap<u16, String>,
    tunnels: Option<Vec<Tunnel>>,
}

impl Access {
    pub(super) fn new(
        root: Root,
        config: &config::Access,
        user: String,
        store: Arc<Store>,
        jobs: Jobs,
        watched: watch::Receiver<usize>,
    ) -> Self {
        let (portal, ssh_port) = (Portal::at(&config.portal), config.ssh_port);
        let (asked, looking) = (Notify::new(), Mutex::new(()));
        Self { inner: Arc::new(Inner { root, store, jobs, portal, ssh_port, user, watched, asked, looking }) }
    }

    /// Keeps the view up to date, for ever.
    pub(super) async fn run(self) {
        let mut changes = self.inner.store.changes();
        let mut watched = self.inner.watched.clone();
        let (mut known, mut retry) = (Causes::default(), RETRY_FIRST);
        let mut looked: Option<Instant> = None;
        let mut found = Found::All;
        loop {
            let causes = self.causes();
            let is_new = looked.is_none() || known != causes;
            let period = match found {
                Found::NotYet => Some(retry),
                Found::All => (*watched.borrow_and_update() > 0).then_some(WATCHED_PERIOD),
            };
            let due = looked.zip(period).map(|(looked, period)| looked + period);
            if is_new || due.is_some_and(|due| due <= Instant::now()) {
                retry = if is_new { RETRY_FIRST } else { (retry * 2).min(RETRY_LAST) };
                known = causes;
                found = self.look().await;
                looked = Some(Instant::now());
                continue;
            }
            let due = due.unwrap_or_else(|| Instant::now() + RETRY_LAST);
            tokio::select! {
                _ = changes.changed() => {}
                () = tokio::time::sleep_until(due) => {}
                Ok(()) = watched.changed() => if *watched.borrow_and_update() > 0 { forget(&mut looked) },
                () = self.inner.asked.notified() => forget(&mut looked),
            }
        }
    }

    /// Has it looked soon, without waiting for that.
    pub(super) fn ask(&self) {
        self.inner.asked.notify_one();
    }

    fn causes(&self) -> Causes {
        let matters = |view: &ServiceView| view.entry.access.is_some() || OUTWARD.contains(&view.name.as_str());
        let views = self.inner.store.services().into_iter().filter(|view| matters(view));
        let views = views.map(|view| (view.name.clone(), view.pid, view.state, view.health)).collect();
        (views, self.inner.store.stream().configured.as_ref().map(|configured| configured.revision))
    }

    /// Looks, and tells the store.
    async fn look(&self) -> Found {
        let _looking = self.inner.looking.lock().await;
        let before = self.inner.store.access();
        let listening = tokio::task::spawn_blocking(network::listening).await.unwrap_or_default();
        let surroundings = self.surroundings(&listening);
        let turn = self.relay(&surroundings.platform, &listening);
        let mut view = AccessView { surroundings, turn, ssh: before.ssh.clone() };
        if before.surroundings == Surroundings::default() {
            // The portal may take its time; nobody else has to.
            self.inner.store.put_access(view.clone());
        }
        view.ssh = Some(self.ssh(&listening, before.ssh.as_ref()).await);
        let found = self.take_portal_s_word(&mut view.surroundings).await;
        let relay = view.turn.state;
        self.inner.store.put_access(view);
        if relay == TurnState::Broken { Found::NotYet } else { found }
    }

    /// What the machine knows by itself.
    fn surroundings(&self, listening: &Listening) -> Surroundings {
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        // supervisord's, which hands them to all units.
        let platform = Platform::read(std::env::vars_os().map(|(name, value)| (text(name), text(value))));
        let is_told = platform.is_instance || platform.public.is_some() || !platform.applications.is_empty();
        Surroundings {
            source: if is_told { Source::Environment } else { Source::Local },
            applications: platform.applications.clone(),
            ssh_user: if platform.is_instance { "root".into() } else { self.inner.user.clone() },
            platform,
            own: network::own_address(),
            listens: listening.tcp.clone(),
            ssh_port: self.inner.ssh_port,
            ..Surroundings::default()
        }
    }

    /// What the portal says goes before the environment; where it says nothing, there is a reason.
    async fn take_portal_s_word(&self, known: &mut Surroundings) -> Found {
        let Some(portal) = self.inner.store.service(PORTAL) else { return Found::All };
        let (found, note) = match portal.pid {
            None => (Found::All, "The instance portal is not running."),
            Some(_) if !Portal::has_pages(&self.inner.root) => {
                (Found::NotYet, "The instance portal has no list of its pages yet.")
            }
            Some(_) => match self.ask_portal().await {
                Ok(said) => {
                    known.source = Source::Portal;
                    known.applications = said.applications;
                    known.direct = said.direct;
                    known.tunnels = said.tunnels;
                    return if known.tunnels.is_some() { Found::All } else { Found::NotYet };
                }
                Err(error) => {
                    known.note = format!("The instance portal cannot be asked: {error}.");
                    return Found::NotYet;
                }
            },
        };
        known.note = note.into();
        found
    }

    async fn ask_portal(&self) -> Result<Said, crate::host::portal::PortalError> {
        let portal = &self.inner.portal;
        let (applications, tunnels) = tokio::join!(portal.applications(), portal.tunnels());
        let applications = applications?;
        let ways: Vec<u16> = self.inner.store.ways().iter().filter_map(Way::port).collect();
        let open = |page: &&Application| page.mapped_port.is_some() && ways.contains(&page.internal_port);
        let ports = applications.iter().filter(open).map(|page| page.external_port);
        let direct = ports.map(|port| async move { Some((port, portal.direct(port).await.ok()?)) });
        let direct = futures_util::future::join_all(direct).await.into_iter().flatten().collect();
        if let Err(error) = &tunnels {
            tracing::info!(%error, "the portal offers no quick tunnels");
        }
        Ok(Said { applications, direct, tunnels: tunnels.ok() })
    }

    /// Whether SSH lets somebody in. A server is asked once, when it begins to listen: it writes to its log for each
    /// connection.
    async fn ssh(&self, listening: &Listening, before: Option<&(WayState, String)>) -> (WayState, String) {
        let port = self.inner.ssh_port;
        let Some(at) = listening.tcp.iter().find(|at| at.port() == port) else {
            return (WayState::Off, format!("nobody listens on port {port}"));
        };
        if let Some((WayState::Working, _)) = before {
            return (WayState::Working, String::new());
        }
        let ip = Some(at.ip()).filter(|ip| !ip.is_unspecified()).unwrap_or(Ipv4Addr::LOCALHOST.into());
        match network::ask_ssh(SocketAddr::new(ip, port)).await {
            Ok(()) => (WayState::Working, String::new()),
            Err(reason) => (WayState::Broken, reason),
        }
    }
}

/// It has to be looked anew, unless that was done just now.
fn forget(looked: &mut Option<Instant>) {
    *looked = looked.filter(|at| at.elapsed() < FRESH);
}
