//! `/access`: the ways into the desktop.

use zbus::message::Header;
use zbus::zvariant::OwnedObjectPath;
use zbus::{Connection, interface};

use super::{Ground, Options, path_of};
use crate::api::access::{TunnelInfo, TurnInfo, WayInfo};
use crate::api::{Error, action};
use crate::model::access::portal::Tunnel;
use crate::model::access::{Surroundings, Way};

/// See [`crate::api::proxy::AccessProxy`].
#[derive(Debug)]
pub(crate) struct AccessObject {
    pub(crate) ground: Ground,
}

impl AccessObject {
    fn surroundings<T>(&self, field: impl FnOnce(&Surroundings) -> T) -> T {
        field(&self.ground.store.access().surroundings)
    }
}

#[interface(name = "io.github.desktop_control.Control1.Access")]
impl AccessObject {
    /// Has a quick tunnel opened to one of the pages: an address that anybody can reach, until it is closed. Takes a
    /// target of Ways. Returns the job that does it; its result is skipped if one is open. Refused with Unsupported where
    /// there are no quick tunnels, with InvalidSetting for what is no page of this machine. Needs configure-vnc, as
    /// StopTunnel.
    async fn start_tunnel(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        target: String,
        #[expect(unused_variables, reason = "for later versions")] options: Options,
    ) -> Result<OwnedObjectPath, Error> {
        let caller = self.ground.authority.check(connection, &header, action::CONFIGURE_VNC).await?;
        path_of(Some(self.ground.access.open_tunnel(&target, caller.uid)?))
    }

    /// Has a quick tunnel closed. Takes a target of Tunnels, and returns the job that does it.
    async fn stop_tunnel(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        target: String,
        #[expect(unused_variables, reason = "for later versions")] options: Options,
    ) -> Result<OwnedObjectPath, Error> {
        let caller = self.ground.authority.check(connection, &header, action::CONFIGURE_VNC).await?;
        path_of(Some(self.ground.access.close_tunnel(&target, caller.uid)?))
    }

    /// Has the addresses looked at anew; what has changed is told by the properties. For everybody, and it does not
    /// wait for it.
    #[expect(clippy::needless_pass_by_value, reason = "it comes from the bus")]
    fn refresh(&self, #[expect(unused_variables, reason = "for later versions")] options: Options) {
        self.ground.access.ask();
    }

    /// Each way in. Keys, all strings: kind (browser, browser-vnc, vnc, ssh), label, state (working, broken, off,
    /// unknown), reason (empty when there is none), address (as seen from this machine), service (supervisord's name;
    /// empty where supervisord does not run it), outside (the address for somebody elsewhere), outside-reason (why there
    /// is none, one sentence), command (what to type elsewhere: an SSH login, or an SSH tunnel to the address inside),
    /// tunnel (where the quick tunnel to it begins), target (what StartTunnel takes for it). Of outside, command, tunnel
    /// and target those are absent that there are none of or that are not known.
    #[zbus(property)]
    fn ways(&self) -> Vec<WayInfo> {
        self.ground.store.ways().into_iter().map(way).collect()
    }

    /// Who says where the ways are from outside: portal (the instance portal of the platform), environment (the
    /// container's variables), local (nobody; only the machine's own addresses are known).
    #[zbus(property)]
    fn source(&self) -> &'static str {
        self.surroundings(|known| known.source.into())
    }

    /// Why it is not the portal, one sentence; empty where it is, or there is none.
    #[zbus(property)]
    fn source_note(&self) -> String {
        self.surroundings(|known| known.note.clone())
    }

    /// Quick tunnels can be opened: addresses that anybody can reach, until they are closed.
    #[zbus(property)]
    fn tunnels_offered(&self) -> bool {
        self.surroundings(|known| known.tunnels.is_some())
    }

    /// The relay through which a stream by WebRTC goes where a browser does not reach this machine directly. Keys, all
    /// strings: state (not-needed, the stream goes by WebSockets; working, this machine's own, open to the outside;
    /// external, another machine's; public, the one that everybody uses; unmapped, this machine's own without a port that
    /// is open to the outside; broken; unknown), sentence, and where browsers are sent to one, server (host:port) and
    /// protocol (udp, tcp). Never what lets somebody use it.
    #[zbus(property)]
    fn turn(&self) -> TurnInfo {
        let turn = self.ground.store.access().turn.clone();
        TurnInfo {
            state: turn.state.to_string(),
            sentence: turn.sentence,
            server: turn.server,
            protocol: turn.protocol,
        }
    }

    /// The quick tunnels that are open. Keys, all strings: target (what StopTunnel takes), url, label.
    #[zbus(property)]
    fn tunnels(&self) -> Vec<TunnelInfo> {
        self.surroundings(|known| known.tunnels.iter().flatten().map(|open| tunnel(open, known)).collect())
    }
}

fn way(way: Way) -> WayInfo {
    WayInfo {
        kind: way.kind.to_string(),
        label: way.label,
        state: way.state.to_string(),
        reason: way.reason,
        address: way.address,
        service: way.service,
        outside: way.outside.address,
        outside_reason: way.outside.reason,
        command: way.outside.command,
        tunnel: way.outside.tunnel,
        target: way.outside.target,
    }
}

fn tunnel(open: &Tunnel, known: &Surroundings) -> TunnelInfo {
    let page = known.applications.iter().find(|page| page.target.as_ref() == Some(&open.target));
    let label = page.map_or_else(|| open.target.clone(), |page| page.label.clone());
    TunnelInfo { target: open.target.clone(), url: open.url.clone(), label }
}
