//! The ways into the desktop: what each is called, where it is, whether it works.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

use super::health::Health;
use super::service::State;

/// What one uses to get in. The tokens are wire format.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Display, EnumString, IntoStaticStr, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum WayKind {
    /// A browser that shows the Selkies stream.
    Browser,
    /// A browser that shows VNC.
    BrowserVnc,
    /// A VNC viewer.
    Vnc,
}

/// Whether one would get in. The tokens are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString, IntoStaticStr, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum WayState {
    /// The service behind it works.
    Working,
    /// It should work and does not.
    Broken,
    /// The service behind it is not running.
    Off,
    /// Cannot be told.
    Unknown,
}

/// A catalogue entry's `access` table: the way in that the service is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AccessEntry {
    /// What one uses.
    pub kind: WayKind,
    /// Where it is, as seen from the machine itself.
    pub address: String,
}

/// One way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// What one uses.
    pub kind: WayKind,
    /// Name for people.
    pub label: String,
    /// Whether one would get in.
    pub state: WayState,
    /// Why not.
    pub reason: String,
    /// Where it is, as seen from the machine itself.
    pub address: String,
    /// supervisord's name of the service behind it.
    pub service: String,
}

/// Judges a way by the service behind it.
#[must_use]
pub fn way_state(state: State, health: Health) -> WayState {
    match health {
        Health::Ok => WayState::Working,
        Health::Failing | Health::Flapping => WayState::Broken,
        Health::None => WayState::Off,
        Health::Unknown if state.is_down() => WayState::Off,
        Health::Unknown => WayState::Unknown,
    }
}
