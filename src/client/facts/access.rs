//! What the daemon says about the ways in.

use serde::Serialize;

/// A way into the desktop.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WayFacts {
    /// `browser`, `browser-vnc`, `vnc`, `ssh`.
    pub kind: String,
    /// Name for people.
    pub label: String,
    /// `working`, `broken`, `off`, `unknown`.
    pub state: String,
    /// Why; may be empty.
    pub reason: String,
    /// Where it is, as seen from the machine itself.
    pub address: String,
    /// supervisord's name of the service behind it; empty where supervisord does not run it.
    pub service: String,
    /// Where it is for somebody elsewhere; none where there is no such address, or it is not known.
    pub outside: Option<String>,
    /// Why there is none, one sentence.
    pub outside_reason: Option<String>,
    /// What to type elsewhere to get in: an SSH login, or an SSH tunnel to the address inside.
    pub command: Option<String>,
    /// Where the quick tunnel to it begins, while one is open.
    pub tunnel: Option<String>,
    /// What a quick tunnel to it is opened for; none where there can be none.
    pub target: Option<String>,
}

impl WayFacts {
    /// The address to hand on: the one that reaches furthest. An address inside is the last.
    #[must_use]
    pub fn best_address(&self) -> &str {
        self.outside.as_deref().or(self.tunnel.as_deref()).unwrap_or(&self.address)
    }
}

/// What belongs to all ways in together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AccessFacts {
    /// Who says where the ways are from outside: `portal`, `environment` or `local`.
    pub source: String,
    /// Why it is not the portal, one sentence; none where it is, or there is none.
    pub source_note: Option<String>,
    /// Quick tunnels can be opened.
    pub tunnels_offered: bool,
    /// Those that are open.
    pub tunnels: Vec<TunnelFacts>,
    /// The stream's relay.
    pub turn: TurnFacts,
}

/// The relay through which a stream by WebRTC goes where a browser does not reach this machine directly.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TurnFacts {
    /// `not-needed`, `working`, `external`, `public`, `unmapped`, `broken` or `unknown`.
    pub state: String,
    /// The same in a sentence or two, with what to do.
    pub sentence: String,
    /// Where browsers are sent, `host:port`.
    pub server: Option<String>,
    /// By what: `udp` or `tcp`.
    pub protocol: Option<String>,
}

/// An open quick tunnel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TunnelFacts {
    /// What it leads to.
    pub target: String,
    /// Where it begins.
    pub url: String,
    /// Name of what it leads to, for people.
    pub label: String,
}
