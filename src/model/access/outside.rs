//! Where the ways in are for somebody elsewhere, from what is known of the machine's surroundings.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use strum::{Display, EnumString, IntoStaticStr};

use super::platform::{Application, Platform};
use super::portal::Tunnel;
use super::{Way, WayKind};

/// Who says where the ways are. The tokens are wire format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Display, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Source {
    /// The instance portal.
    Portal,
    /// The container's environment.
    Environment,
    /// Nobody: only what this machine sees of itself is known.
    #[default]
    Local,
}

/// What is known of the machine's surroundings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Who says so.
    pub source: Source,
    /// Why it is not somebody who would know more, one sentence; empty where nobody would.
    pub note: String,
    /// What the container's environment says.
    pub platform: Platform,
    /// The web pages, as the source lists them.
    pub applications: Vec<Application>,
    /// The portal's own word on where a port inside is reached from outside.
    pub direct: BTreeMap<u16, String>,
    /// The open quick tunnels; none where nobody offers any.
    pub tunnels: Option<Vec<Tunnel>>,
    /// This machine's address in its own network.
    pub own: Option<IpAddr>,
    /// What listens for TCP.
    pub listens: Vec<SocketAddr>,
    /// Where the SSH server listens.
    pub ssh_port: u16,
    /// As whom one logs in there.
    pub ssh_user: String,
}

/// Where a way is for somebody elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outside {
    /// The address; none where there is none or it is not known.
    pub address: Option<String>,
    /// Why there is none, one sentence.
    pub reason: String,
    /// What to type elsewhere to get in, where that is the way: an SSH login, or an SSH tunnel to the address inside.
    pub command: Option<String>,
    /// The quick tunnel that leads to it, where one is open.
    pub tunnel: Option<String>,
    /// What a quick tunnel to it is opened for; none where there can be none.
    pub target: Option<String>,
}

/// The parts of an address inside.
struct Place<'a> {
    is_web: bool,
    port: u16,
    path: &'a str,
}

impl<'a> Place<'a> {
    /// `http://localhost:16100/` or `localhost:5900`.
    fn of(address: &'a str) -> Option<Self> {
        let web = ["http://", "https://"].iter().find_map(|scheme| address.strip_prefix(scheme));
        let rest = web.unwrap_or(address);
        let (place, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let port = super::platform::port(place.rsplit_once(':')?.1)?;
        Some(Self { is_web: web.is_some(), port, path })
    }
}

/// The port of an address inside.
pub(super) fn port_of(address: &str) -> Option<u16> {
    Place::of(address).map(|place| place.port)
}

impl Surroundings {
    /// Where this way is for somebody elsewhere.
    #[must_use]
    pub fn of(&self, way: &Way) -> Outside {
        let Some(place) = Place::of(&way.address) else { return Outside::default() };
        let mut outside = if place.is_web { self.page(&place) } else { self.plain(&place) };
        outside.command = match way.kind {
            WayKind::Ssh => Some(self.ssh("")),
            _ if outside.address.is_some() => None,
            _ => Some(self.ssh(&format!("-L {0}:localhost:{0} ", place.port))),
        };
        if way.kind == WayKind::Ssh && self.ssh_host().is_none() {
            outside.command = None;
        }
        outside
    }

    fn page(&self, place: &Place<'_>) -> Outside {
        let Some(page) = self.applications.iter().find(|page| page.internal_port == place.port) else {
            return self.plain(place);
        };
        let target = page.target.clone().filter(|_| self.tunnels.is_some());
        let open = self.tunnels.iter().flatten().find(|tunnel| Some(&tunnel.target) == page.target.as_ref());
        // The page's own way in knows how it is best shown; the platform only where it begins.
        let path = if page.path == "/" { place.path } else { page.path.as_str() };
        let mapped = page.mapped_port.and_then(|port| self.web(port));
        let base = self.direct.get(&page.external_port).cloned().or(mapped);
        let address = base.map(|base| format!("{base}{path}"));
        let reason = match (&address, page.mapped_port) {
            (Some(_), _) => String::new(),
            (None, Some(_)) => "The machine's address outside is not known.".into(),
            (None, None) => format!(
                "Port {} of this machine is not open to the outside; that is chosen when the machine is rented.",
                page.external_port
            ),
        };
        let tunnel = open.map(|tunnel| with_path(&tunnel.url, path));
        Outside { address, reason, command: None, tunnel, target }
    }

    fn web(&self, port: u16) -> Option<String> {
        let scheme = if self.platform.https { "https" } else { "http" };
        Some(format!("{scheme}://{}", SocketAddr::new(self.platform.public?, port)))
    }

    /// A port that is reached as it is.
    fn plain(&self, place: &Place<'_>) -> Outside {
        let because = |reason: String| Outside { reason, ..Outside::default() };
        let own: Vec<&SocketAddr> = self.listens.iter().filter(|at| at.port() == place.port).collect();
        if own.is_empty() {
            return because("Nothing listens there now.".into());
        }
        if own.iter().all(|at| at.ip().to_canonical().is_loopback()) {
            return because("It listens on this machine only; an SSH tunnel leads to it.".into());
        }
        let mapped = self.platform.tcp.get(&place.port.into()).copied();
        let host = match (self.platform.public, mapped, self.own) {
            (Some(public), Some(port), _) => Some(SocketAddr::new(public, port)),
            (_, _, Some(own)) if self.source == Source::Local => Some(SocketAddr::new(own, place.port)),
            _ => None,
        };
        let Some(host) = host else {
            return because(match mapped {
                Some(_) => "The machine's address outside is not known.".into(),
                None => format!(
                    "Port {} of this machine is not open to the outside; that is chosen when the machine is rented.",
                    place.port
                ),
            });
        };
        let address = if place.is_web { format!("http://{host}{}", place.path) } else { host.to_string() };
        Outside { address: Some(address), ..Outside::default() }
    }

    /// Where one logs in from elsewhere.
    fn ssh_host(&self) -> Option<SocketAddr> {
        let mapped = self.platform.tcp.get(&self.ssh_port.into());
        self.platform.public.zip(mapped.copied()).map(|(public, port)| SocketAddr::new(public, port))
    }

    /// An SSH command with these options. What is not known stands in it as a word to be replaced.
    fn ssh(&self, options: &str) -> String {
        match self.ssh_host() {
            Some(host) => format!("ssh -p {} {options}{}@{}", host.port(), self.ssh_user, host.ip()),
            None => format!("ssh {options}HOST"),
        }
    }
}

fn with_path(base: &str, path: &str) -> String {
    format!("{}{path}", base.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::super::WayState;
    use super::super::platform::tests::platform;
    use super::*;

    fn way(kind: WayKind, address: &str) -> Way {
        Way {
            kind,
            label: String::new(),
            state: WayState::Working,
            reason: String::new(),
            address: address.into(),
            service: String::new(),
            outside: Outside::default(),
        }
    }

    fn browser() -> Way {
        way(WayKind::Browser, "http://localhost:16100/")
    }

    fn vnc() -> Way {
        way(WayKind::Vnc, "localhost:5900")
    }

    /// A rented machine of which SSH, the stream and VNC are open to the outside.
    fn rented() -> Surroundings {
        let platform = platform(&[
            ("PUBLIC_IPADDR", "203.0.113.9"),
            ("VAST_TCP_PORT_22", "41022"),
            ("VAST_TCP_PORT_6100", "41100"),
            ("VAST_TCP_PORT_5900", "41900"),
            ("PORTAL_CONFIG", "localhost:6100:16100:/:Selkies|localhost:6200:16200:/guacamole:VNC"),
        ]);
        Surroundings {
            source: Source::Environment,
            applications: platform.applications.clone(),
            platform,
            listens: vec!["127.0.0.1:16100".parse().unwrap(), "127.0.0.1:5900".parse().unwrap()],
            ssh_port: 22,
            ssh_user: "root".into(),
            own: Some("172.17.0.2".parse().unwrap()),
            ..Surroundings::default()
        }
    }

    #[test]
    fn a_page_is_where_its_port_leads_and_begins_where_we_say() {
        let outside = rented().of(&browser());
        assert_eq!(outside.address.as_deref(), Some("http://203.0.113.9:41100/"));
        assert_eq!((outside.reason.as_str(), outside.command, outside.target), ("", None, None));
        let novnc = rented().of(&way(WayKind::BrowserVnc, "http://localhost:16200/vnc.html?autoconnect=true"));
        assert_eq!(novnc.address, None);
        assert!(novnc.reason.starts_with("Port 6200 "), "{}", novnc.reason);
        assert_eq!(novnc.command.as_deref(), Some("ssh -p 41022 -L 16200:localhost:16200 root@203.0.113.9"));
    }

    #[test]
    fn the_portal_s_word_goes_before_the_environment_s() {
        let mut known = rented();
        known.direct.insert(6100, "https://198.51.100.7:41101".into());
        assert_eq!(known.of(&browser()).address.as_deref(), Some("https://198.51.100.7:41101/"));
        let tunnel = Tunnel { target: "http://localhost:6100".into(), url: "https://a-b.example/".into() };
        known.tunnels = Some(vec![tunnel]);
        let outside = known.of(&browser());
        assert_eq!(outside.tunnel.as_deref(), Some("https://a-b.example/"));
        assert_eq!(outside.target.as_deref(), Some("http://localhost:6100"));
        known.tunnels = Some(Vec::new());
        assert_eq!((known.of(&browser()).tunnel, known.of(&vnc()).target), (None, None));
    }

    #[test]
    fn what_listens_here_alone_is_reached_through_a_tunnel_whose_command_is_ready() {
        let outside = rented().of(&vnc());
        assert_eq!(outside.address, None);
        assert_eq!(outside.command.as_deref(), Some("ssh -p 41022 -L 5900:localhost:5900 root@203.0.113.9"));
        let mut known = rented();
        known.platform = Platform::default();
        assert_eq!(known.of(&vnc()).command.as_deref(), Some("ssh -L 5900:localhost:5900 HOST"));
        known.listens.clear();
        assert_eq!(known.of(&vnc()).reason, "Nothing listens there now.");
    }

    #[test]
    fn what_listens_everywhere_is_where_its_port_leads() {
        let everywhere = |at: &str| {
            let mut known = rented();
            known.listens = vec![at.parse().unwrap()];
            known
        };
        for at in ["0.0.0.0:5900", "[::]:5900", "172.17.0.2:5900"] {
            let outside = everywhere(at).of(&vnc());
            assert_eq!((outside.address.as_deref(), outside.command), (Some("203.0.113.9:41900"), None), "{at}");
        }
        assert_eq!(everywhere("[::ffff:127.0.0.1]:5900").of(&vnc()).address, None);
        let mut known = everywhere("0.0.0.0:5900");
        known.platform.tcp.remove(&5900);
        assert!(known.of(&vnc()).reason.starts_with("Port 5900 "), "a rented machine's own address leads nowhere");
        known.source = Source::Local;
        assert_eq!(known.of(&vnc()).address.as_deref(), Some("172.17.0.2:5900"));
    }

    #[test]
    fn ssh_is_a_login() {
        let mut known = rented();
        known.listens.push("0.0.0.0:22".parse().unwrap());
        let outside = known.of(&way(WayKind::Ssh, "localhost:22"));
        assert_eq!(outside.address.as_deref(), Some("203.0.113.9:41022"));
        assert_eq!(outside.command.as_deref(), Some("ssh -p 41022 root@203.0.113.9"));
        known.platform.tcp.clear();
        assert_eq!(known.of(&way(WayKind::Ssh, "localhost:22")).command, None);
    }

    #[test]
    fn six_is_no_stranger() {
        let mut known = rented();
        known.platform.public = Some("2001:db8::9".parse().unwrap());
        assert_eq!(known.of(&browser()).address.as_deref(), Some("http://[2001:db8::9]:41100/"));
        assert_eq!(
            known.of(&vnc()).command.as_deref(),
            Some("ssh -p 41022 -L 5900:localhost:5900 root@2001:db8::9"),
            "ssh takes it without brackets"
        );
    }

    #[test]
    fn an_address_that_is_none_has_nothing_outside() {
        for address in ["", "localhost", "http://localhost/", "localhost:0", "localhost:x"] {
            assert_eq!(rented().of(&way(WayKind::Vnc, address)), Outside::default(), "{address}");
        }
    }
}
