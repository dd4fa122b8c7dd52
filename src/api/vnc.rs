//! What goes over the bus about VNC: dictionaries, `a{sv}`, whose keys are the fields' names with hyphens; unknown keys
//! are ignored.

use zbus::zvariant::{DeserializeDict, OwnedValue, SerializeDict, Type, Value};

/// A connected viewer, as `Viewers` tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type, Value, OwnedValue)]
#[zvariant(signature = "dict", rename_all = "kebab-case")]
pub struct ViewerInfo {
    /// Where it is. That of a browser, and of whoever comes through an SSH tunnel, is this machine.
    pub address: String,
    /// The port there.
    pub port: u32,
    /// How it comes: `vnc` or `browser-vnc`.
    pub through: String,
    /// Unix time in seconds since when; absent if it was there before anybody looked.
    pub since: Option<u64>,
}

/// The gateway that shows VNC in a browser, as `Web` tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type, Value, OwnedValue)]
#[zvariant(signature = "dict", rename_all = "kebab-case")]
pub struct WebInfo {
    /// `novnc`, `guacamole` or `none`.
    pub kind: String,
    /// It starts with the desktop.
    pub enabled: bool,
    /// Its page answers.
    pub running: bool,
    /// Where that is, as seen from this machine; absent where there is none.
    pub url: Option<String>,
    /// supervisord's name of the service that browsers reach; absent where there is none.
    pub service: Option<String>,
}
