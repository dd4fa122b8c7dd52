//! The relay (TURN) through which WebRTC goes where a browser does not reach this machine directly: whether one is
//! needed, which one it is, and what is wrong with it. Only the machine's own can be looked at; and whether a browser
//! elsewhere reaches it is seen only from there.

use std::net::SocketAddr;

use strum::{Display, EnumString, IntoStaticStr};

use super::super::text::is_hostile;
use super::platform::Platform;

/// supervisord's name of the machine's own relay.
pub const SERVICE: &str = "coturn";
/// By this number a port for the relay is asked for when a machine is rented. It is no port: one is given, the same
/// inside and outside.
const REQUEST: u32 = 73_478;
/// The longest name of a host that is repeated, in characters.
const MOST_HOST: usize = 253;

/// What can be said of the relay. The tokens are wire format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Display, EnumString, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum TurnState {
    /// The stream does not go by WebRTC.
    NotNeeded,
    /// This machine's own listens where browsers are sent, and that port is open to the outside.
    Working,
    /// It is somewhere else, and cannot be looked at from here.
    External,
    /// It is the one that is built in, which everybody uses.
    Public,
    /// This machine's own has no port that is open to the outside.
    Unmapped,
    /// This machine's own does not work.
    Broken,
    /// Cannot be told.
    #[default]
    Unknown,
}

/// The verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// In a word.
    pub state: TurnState,
    /// And in a sentence or two, with what to do.
    pub sentence: String,
    /// Where browsers are sent, `host:port`; none where they are sent nowhere.
    pub server: Option<String>,
    /// By what: `udp` or `tcp`.
    pub protocol: Option<String>,
}

impl Turn {
    /// Somebody should look at it.
    #[must_use]
    pub fn is_trouble(&self) -> bool {
        matches!(self.state, TurnState::Public | TurnState::Unmapped | TurnState::Broken)
    }
}

/// What the stream's server is set to, as it has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The stream goes by WebRTC.
    pub webrtc: bool,
    /// The relay's host,
    pub host: String,
    /// and the one that is built in;
    pub built_in_host: String,
    /// its port,
    pub port: String,
    /// and by what browsers reach it: `udp` or `tcp`.
    pub protocol: String,
}

/// What the machine has.
#[derive(Debug)]
pub struct Machine<'m> {
    /// What the platform says.
    pub platform: &'m Platform,
    /// Whether the machine's own relay runs; none where it has none.
    pub runs: Option<bool>,
    /// What listens for TCP.
    pub tcp: &'m [SocketAddr],
    /// What listens for UDP.
    pub udp: &'m [SocketAddr],
}

/// Judges. Without settings no server is installed that could use a relay.
#[must_use]
pub fn judge(settings: Option<&Settings>, machine: &Machine<'_>) -> Turn {
    let said = |state, sentence: &str| Turn { state, sentence: sentence.to_owned(), ..Turn::default() };
    let Some(settings) = settings else {
        return said(TurnState::Unknown, "No server of the stream is installed whose settings could be read.");
    };
    if !settings.webrtc {
        return said(TurnState::NotNeeded, "The stream goes by WebSockets, which need no relay.");
    }
    let host: String = settings.host.chars().filter(|c| !is_hostile(*c)).take(MOST_HOST).collect();
    // An address of IPv6 stands in brackets.
    let host = host.trim().trim_matches(['[', ']']);
    // What only the start script could fill in is not known before it has run.
    if [host, &settings.port, &settings.protocol].iter().any(|text| text.contains('$')) {
        return said(TurnState::Unknown, "The relay is chosen when the stream starts, and the stream does not run.");
    }
    let Some(port) = super::platform::port(&settings.port).filter(|_| !host.is_empty()) else {
        return said(TurnState::Broken, "The stream is set to no relay that could be one: host and port are needed.");
    };
    let relay = Relay { host, port, is_udp: settings.protocol.trim() != "tcp" };
    let (state, sentence) = relay.judge(settings, machine);
    let protocol = if relay.is_udp { "udp" } else { "tcp" };
    let server = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    Turn { state, sentence, server: Some(server), protocol: Some(protocol.to_owned()) }
}

struct Relay<'r> {
    host: &'r str,
    port: u16,
    is_udp: bool,
}

impl Relay<'_> {
    fn judge(&self, settings: &Settings, machine: &Machine<'_>) -> (TurnState, String) {
        if !self.is_ours(machine) {
            let idle = if machine.runs == Some(true) { " This machine's own relay runs for nothing." } else { "" };
            return if self.host == settings.built_in_host {
                let sentence = "The stream goes through a relay that everybody may use, and that may be slow or gone. \
                                Set one of your own: `desktopctl stream set turn_host=…`.";
                (TurnState::Public, format!("{sentence}{idle}"))
            } else {
                let sentence = "The stream's relay is another machine. Whether it answers cannot be told from here.";
                (TurnState::External, format!("{sentence}{idle}"))
            };
        }
        match machine.runs {
            None => {
                return (TurnState::Broken, "Browsers are sent to this machine's own relay, and it has none.".into());
            }
            Some(false) => {
                let sentence = format!(
                    "Browsers are sent to this machine's own relay, which does not run. Start it: `desktopctl services \
                     start {SERVICE}`."
                );
                return (TurnState::Broken, sentence);
            }
            Some(true) => {}
        }
        self.judge_ports(machine)
    }

    /// Browsers are sent to this machine.
    fn is_ours(&self, machine: &Machine<'_>) -> bool {
        let address: Option<std::net::IpAddr> = self.host.parse().ok();
        let is_here = address.is_some_and(|address| address.is_loopback() || Some(address) == machine.platform.public);
        is_here || self.host.eq_ignore_ascii_case("localhost")
    }

    fn judge_ports(&self, machine: &Machine<'_>) -> (TurnState, String) {
        let (port, by, other) = if self.is_udp { (self.port, "UDP", "TCP") } else { (self.port, "TCP", "UDP") };
        let mapped = |udp: bool| {
            let ports = if udp { &machine.platform.udp } else { &machine.platform.tcp };
            ports.get(&REQUEST).copied()
        };
        let listens = if self.is_udp { machine.udp } else { machine.tcp };
        let listens = listens.iter().any(|at| at.port() == port && !at.ip().to_canonical().is_loopback());
        match (mapped(self.is_udp), mapped(!self.is_udp)) {
            (Some(open), _) if open != port => {
                let sentence = format!(
                    "Browsers are sent to {by} port {port} of the relay, and {open} is the one that is open to the \
                     outside. Set turn_port to {open}."
                );
                (TurnState::Broken, sentence)
            }
            (None, Some(open)) => {
                let sentence = format!(
                    "Browsers are sent to the relay by {by}, and only {other} port {open} is open to the outside. Set \
                     turn_protocol to {}.",
                    other.to_lowercase()
                );
                (TurnState::Unmapped, sentence)
            }
            (None, None) if machine.platform.is_instance => {
                let sentence = format!(
                    "No port of this machine is open for the relay. That is chosen when the machine is rented: ask for \
                     port {REQUEST} by {by}."
                );
                (TurnState::Unmapped, sentence)
            }
            _ if !listens => {
                let sentence = format!(
                    "Browsers are sent to {by} port {port} of the relay, and nothing listens there. `desktopctl \
                     services logs {SERVICE}` may tell more."
                );
                (TurnState::Broken, sentence)
            }
            (Some(_), _) => {
                let sentence =
                    format!("This machine's own relay listens on {by} port {port}, which is open to the outside.");
                (TurnState::Working, sentence)
            }
            (None, None) => {
                let sentence = format!(
                    "This machine's own relay listens on {by} port {port}. Whether that is open to the outside cannot \
                     be told here."
                );
                (TurnState::Unknown, sentence)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::platform::tests::platform;
    use super::*;

    fn settings(host: &str, port: &str, protocol: &str) -> Settings {
        Settings {
            webrtc: true,
            host: host.into(),
            built_in_host: "relay.example".into(),
            port: port.into(),
            protocol: protocol.into(),
        }
    }

    /// A rented machine with these ports for the relay, of which those listen.
    fn judged(settings: &Settings, ports: &[(&str, &str)], runs: Option<bool>, listens: &[&str]) -> Turn {
        let mut variables = vec![("VAST_CONTAINERLABEL", "C.1"), ("PUBLIC_IPADDR", "203.0.113.9")];
        variables.extend(ports);
        let at: Vec<SocketAddr> = listens.iter().map(|at| at.parse().expect("an address")).collect();
        judge(Some(settings), &Machine { platform: &platform(&variables), runs, tcp: &at, udp: &at })
    }

    const TCP: (&str, &str) = ("VAST_TCP_PORT_73478", "41478");
    const UDP: (&str, &str) = ("VAST_UDP_PORT_73478", "41479");

    /// Settings, open ports, whether it runs, what listens; the verdict, and a part of the sentence.
    type Case<'c> = (Settings, &'c [(&'c str, &'c str)], Option<bool>, &'c [&'c str], TurnState, &'c str);

    #[test]
    fn each_way_in_which_it_can_be_wrong_is_told_apart() {
        use TurnState::{Broken, External, Public, Unmapped, Working};
        let at = &["0.0.0.0:41478", "0.0.0.0:41479"][..];
        let own = |port, protocol| settings("203.0.113.9", port, protocol);
        let up = Some(true);
        let cases: [Case<'_>; 14] = [
            (own("41479", "udp"), &[TCP, UDP], up, at, Working, "UDP port 41479"),
            (own("41478", "tcp"), &[TCP], up, at, Working, "TCP port 41478"),
            // The image's own start script: the number that is open for TCP, told to browsers for UDP.
            (own("41478", "udp"), &[TCP, UDP], up, at, Broken, "Set turn_port to 41479"),
            (own("41478", "udp"), &[TCP], up, at, Unmapped, "Set turn_protocol to tcp"),
            (own("3478", "udp"), &[], up, at, Unmapped, "ask for port 73478 by UDP"),
            (own("41478", "tcp"), &[TCP], up, &[], Broken, "nothing listens there"),
            (own("41478", "tcp"), &[TCP], up, &["127.0.0.1:41478"], Broken, "nothing listens there"),
            (own("41478", "tcp"), &[TCP], Some(false), at, Broken, "services start coturn"),
            (own("41478", "tcp"), &[TCP], None, at, Broken, "it has none"),
            (own("", "udp"), &[TCP], up, at, Broken, "host and port are needed"),
            (settings("turn.example", "443", "tcp"), &[TCP], None, at, External, "another machine"),
            // It is left out only for TURN_SERVER, and people set TURN_HOST.
            (settings("turn.example", "443", "tcp"), &[TCP], up, at, External, "runs for nothing"),
            (settings("relay.example", "443", "udp"), &[], None, &[], Public, "everybody"),
            (settings("localhost", "41478", "tcp"), &[TCP], up, at, Working, "TCP port 41478"),
        ];
        for (settings, ports, runs, listens, state, part) in cases {
            let turn = judged(&settings, ports, runs, listens);
            assert_eq!(turn.state, state, "{settings:?}: {}", turn.sentence);
            assert!(turn.sentence.contains(part), "{part}: {}", turn.sentence);
            assert_eq!(turn.is_trouble(), matches!(state, Broken | Unmapped | Public));
        }
    }

    #[test]
    fn where_no_platform_says_so_it_cannot_be_told() {
        let at = ["0.0.0.0:3478".parse().expect("an address")];
        let platform = Platform::default();
        let machine = Machine { platform: &platform, runs: Some(true), tcp: &at, udp: &at };
        let turn = judge(Some(&settings("127.0.0.1", "3478", "udp")), &machine);
        assert_eq!((turn.state, turn.is_trouble()), (TurnState::Unknown, false));
        assert_eq!(judge(None, &machine).state, TurnState::Unknown);
        let later = settings("$PUBLIC_IPADDR", "$VAST_TCP_PORT_73478", "udp");
        assert_eq!(judge(Some(&later), &machine).state, TurnState::Unknown);
        let other = Settings { webrtc: false, ..settings("127.0.0.1", "3478", "udp") };
        assert_eq!(judge(Some(&other), &machine).state, TurnState::NotNeeded);
    }

    #[test]
    fn where_browsers_are_sent_is_told_and_nothing_else() {
        let turn = judged(&settings("turn.exa\u{1b}mple\n", "443", "udp"), &[], None, &[]);
        assert_eq!((turn.server.as_deref(), turn.protocol.as_deref()), (Some("turn.example:443"), Some("udp")));
        let six = judged(&settings("[2001:db8::9]", "443", "tcp"), &[], None, &[]);
        assert_eq!((six.server.as_deref(), six.protocol.as_deref()), (Some("[2001:db8::9]:443"), Some("tcp")));
    }
}
