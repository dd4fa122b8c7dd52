//! The ways into the desktop: what each is called, where it is from inside and from outside, whether it works.

pub mod outside;
pub mod platform;
pub mod portal;
pub mod turn;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

pub use self::outside::{Outside, Source, Surroundings};
use super::health::Health;
use super::order::{Needs, with_dependencies};
use super::service::State;
use super::text::quoted;

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
    /// A shell. It shows no desktop, so it is no way into it; but what is broken can be mended from there.
    Ssh,
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
    /// supervisord's name of the service behind it; empty where supervisord does not run it.
    pub service: String,
    /// Where it is for somebody elsewhere.
    pub outside: Outside,
}

impl Way {
    /// The port inside; none where the address tells none.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        outside::port_of(&self.address)
    }

    /// Whether the desktop is seen through it.
    #[must_use]
    pub fn shows_desktop(&self) -> bool {
        self.kind != WayKind::Ssh
    }
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

/// Why a way does not work, where the service behind it has not said so.
#[must_use]
pub fn state_reason(state: WayState, said: &str) -> String {
    match state {
        _ if !said.is_empty() => said.to_owned(),
        WayState::Working => String::new(),
        WayState::Broken => "it does not answer".into(),
        WayState::Off => "its service is stopped".into(),
        WayState::Unknown => "it has not been asked yet".into(),
    }
}

/// Ways lead through others: a browser that shows VNC needs the VNC server. One that leads through a way that does not
/// work does not work either, whatever the service behind it says of itself.
#[must_use]
pub fn one_through_the_other(mut ways: Vec<Way>, needs: &Needs) -> Vec<Way> {
    let judged = ways.clone();
    for way in ways.iter_mut().filter(|way| way.state == WayState::Working) {
        let needed = with_dependencies(std::slice::from_ref(&way.service), needs);
        let in_the_way = judged.iter().find(|other| {
            other.service != way.service && needed.contains(&other.service) && other.state != WayState::Working
        });
        if let Some(other) = in_the_way {
            way.state = other.state;
            way.reason = format!("it shows {}, which is {}", quoted(&other.label), other.state);
        }
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(kind: WayKind, service: &str, state: WayState) -> Way {
        let (label, service) = (service.to_uppercase(), service.to_owned());
        Way { kind, label, state, reason: String::new(), address: String::new(), service, outside: Outside::default() }
    }

    #[test]
    fn a_gateway_works_only_as_far_as_what_it_shows() {
        let needs = Needs::from([("novnc".to_owned(), vec!["x11vnc".to_owned()])]);
        for (vnc, gateway, expected) in [
            (WayState::Working, WayState::Working, WayState::Working),
            (WayState::Off, WayState::Working, WayState::Off),
            (WayState::Broken, WayState::Working, WayState::Broken),
            (WayState::Unknown, WayState::Working, WayState::Unknown),
            (WayState::Off, WayState::Broken, WayState::Broken),
            (WayState::Working, WayState::Off, WayState::Off),
        ] {
            let ways = vec![way(WayKind::BrowserVnc, "novnc", gateway), way(WayKind::Vnc, "x11vnc", vnc)];
            let ways = one_through_the_other(ways, &needs);
            assert_eq!((ways[0].state, ways[1].state), (expected, vnc), "{vnc}, {gateway}");
        }
    }
}
