//! What goes over the bus about the ways in: dictionaries, `a{sv}`, whose keys are the fields' names with hyphens;
//! unknown keys are ignored.

use zbus::zvariant::{DeserializeDict, OwnedValue, SerializeDict, Type, Value};

/// A way in, as `Ways` tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type, Value, OwnedValue)]
#[zvariant(signature = "dict", rename_all = "kebab-case")]
pub struct WayInfo {
    /// `browser`, `browser-vnc`, `vnc` or `ssh`.
    pub kind: String,
    /// Name for people.
    pub label: String,
    /// `working`, `broken`, `off` or `unknown`.
    pub state: String,
    /// Why it does not work; empty where it does.
    pub reason: String,
    /// Where it is, as seen from this machine.
    pub address: String,
    /// supervisord's name of the service behind it; empty where supervisord does not run it.
    pub service: String,
    /// Where it is for somebody elsewhere; absent where there is no such address, or it is not known.
    pub outside: Option<String>,
    /// Why it is absent, one sentence; empty where it is not.
    pub outside_reason: String,
    /// What to type elsewhere to get in: an SSH login, or an SSH tunnel to the address inside. Absent where that is not
    /// needed.
    pub command: Option<String>,
    /// Where the quick tunnel to it begins; absent where none is open.
    pub tunnel: Option<String>,
    /// What `StartTunnel` takes for it; absent where there can be no quick tunnel to it.
    pub target: Option<String>,
}

/// The stream's relay, as `Turn` tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type, Value, OwnedValue)]
#[zvariant(signature = "dict", rename_all = "kebab-case")]
pub struct TurnInfo {
    /// `not-needed`, `working`, `external`, `public`, `unmapped`, `broken` or `unknown`.
    pub state: String,
    /// The same in a sentence or two, with what to do.
    pub sentence: String,
    /// Where browsers are sent, `host:port`; absent where they are sent nowhere.
    pub server: Option<String>,
    /// By what: `udp` or `tcp`; absent as above.
    pub protocol: Option<String>,
}

/// An open quick tunnel, as `Tunnels` tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type, Value, OwnedValue)]
#[zvariant(signature = "dict", rename_all = "kebab-case")]
pub struct TunnelInfo {
    /// What it leads to: what `StopTunnel` takes.
    pub target: String,
    /// Where it begins.
    pub url: String,
    /// Name of what it leads to, for people.
    pub label: String,
}
