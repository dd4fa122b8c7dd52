//! Which ways in really work, asked when somebody is about to close one; and by which one they may have come.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use zbus::Connection;
use zbus::message::Header;

use super::Access;
use crate::daemon::auth::Authority;
use crate::host::{network, probe, selkies, session};
use crate::model::access::{Way, WayKind, WayState};
use crate::model::catalogue::Category;
use crate::model::health::ProbeOutcome;
use crate::model::job::{JobKind, JobState};
use crate::model::lockout::{Circumstances, Origin, likely_ways};
use crate::model::order::with_dependents;

/// What could not be told from memory.
#[derive(Debug, Default)]
pub(in crate::daemon) struct Asked {
    /// The services behind ways that were thought to work and did not answer.
    silent: BTreeSet<String>,
    /// How many browsers show the stream; none where the server does not tell.
    streaming: Option<u32>,
}

impl Access {
    /// Asks all ways that stay when `service` ends whether they really work. Takes as long as the slowest answer, some
    /// seconds at most. What comes back is for [`Access::circumstances`].
    pub(in crate::daemon) async fn ask_what_stays(&self, service: &str) -> Asked {
        let store = &self.inner.store;
        let closed = with_dependents(&[service.to_owned()], &store.needs());
        let works = |way: &Way| way.state == WayState::Working && way.shows_desktop();
        let (closes, stays): (Vec<Way>, Vec<Way>) =
            store.ways().into_iter().filter(works).partition(|way| closed.contains(&way.service));
        if closes.is_empty() {
            return Asked::default();
        }
        let answers = stays.into_iter().map(|way| async move { (!self.answers(&way).await).then_some(way.service) });
        let (silent, streaming) = tokio::join!(futures_util::future::join_all(answers), self.streaming());
        Asked { silent: silent.into_iter().flatten().collect(), streaming }
    }

    async fn answers(&self, way: &Way) -> bool {
        // A VNC server that hangs still listens, and that is all that its probe looks at.
        if let Some(port) = way.port().filter(|_| way.kind == WayKind::Vnc) {
            return network::ask_vnc((Ipv4Addr::LOCALHOST, port).into()).await.is_ok();
        }
        let entry = self.inner.store.service(&way.service).map(|view| view.entry.clone());
        match entry.as_ref().and_then(|entry| entry.probe.as_ref()) {
            Some(question) => probe::ask(question).await == ProbeOutcome::Passed,
            None => true,
        }
    }

    async fn streaming(&self) -> Option<u32> {
        let way = self.inner.store.ways().into_iter().find(|way| way.kind == WayKind::Browser);
        let address = way.filter(|way| way.state == WayState::Working)?.address;
        Some(selkies::viewers(&address).await?.count)
    }

    /// All that a closed way is judged by, as of now: with what was asked, and without what is about to end.
    pub(in crate::daemon) fn circumstances(&self, asked: &Asked, origin: Origin) -> Circumstances {
        let store = &self.inner.store;
        let ends = |kind: JobKind, state: JobState| kind == JobKind::ServiceStop && state != JobState::Finished;
        let ending = store.jobs().into_iter().filter(|job| ends(job.kind, job.state));
        let vnc = store.vnc();
        Circumstances {
            ways: store.ways(),
            needs: store.needs(),
            silent: asked.silent.clone(),
            ending: ending.flat_map(|job| job.targets.clone()).collect(),
            look_only: vnc.running && vnc.view_only,
            origin,
            likely: likely_ways(origin, asked.streaming, &vnc.viewers),
            viewers: vnc.viewers.clone(),
        }
    }

    /// The ways by which somebody from there may have come.
    pub(in crate::daemon) async fn likely_ways(&self, origin: Origin) -> Vec<WayKind> {
        let streaming = self.streaming().await;
        likely_ways(origin, streaming, &self.inner.store.vnc().viewers)
    }

    /// From where the caller of a method asks, as far as that can be told.
    pub(in crate::daemon) async fn origin(&self, connection: &Connection, header: &Header<'_>) -> Origin {
        let Some(pid) = Authority::process(connection, header).await else { return Origin::Elsewhere };
        let ancestry = tokio::task::spawn_blocking(move || session::ancestry(pid)).await.unwrap_or_default();
        let services = self.inner.store.services();
        let desktop: Vec<u32> = services
            .iter()
            .filter(|view| view.entry.category == Category::Desktop)
            .filter_map(|view| view.pid)
            .collect();
        let found = ancestry.iter().find_map(|(pid, name)| match name.as_str() {
            "sshd" | "sshd-session" | "dropbear" => Some(Origin::Ssh),
            _ => desktop.contains(pid).then_some(Origin::Desktop),
        });
        found.unwrap_or(Origin::Elsewhere)
    }
}
