//! Typed calls about the ways in.

use zbus::proxy;
use zbus::zvariant::OwnedObjectPath;

use super::super::Error;
use super::super::access::{TunnelInfo, TurnInfo, WayInfo};
use super::Options;

/// The ways into the desktop.
#[proxy(
    interface = "io.github.desktop_control.Control1.Access",
    default_service = "io.github.desktop_control.Control1",
    default_path = "/io/github/desktop_control/Control1/access",
    gen_blocking = false
)]
pub trait Access {
    /// Has a quick tunnel opened to one of the targets of `Ways`: the job that does it.
    #[zbus(allow_interactive_auth, no_autostart)]
    fn start_tunnel(&self, target: &str, options: Options<'_>) -> Result<OwnedObjectPath, Error>;

    /// Has the quick tunnel to this target closed: the job that does it.
    #[zbus(allow_interactive_auth, no_autostart)]
    fn stop_tunnel(&self, target: &str, options: Options<'_>) -> Result<OwnedObjectPath, Error>;

    /// Has the addresses looked at anew; the properties tell what has changed.
    #[zbus(no_autostart)]
    fn refresh(&self, options: Options<'_>) -> Result<(), Error>;

    /// Each way in.
    #[zbus(property)]
    fn ways(&self) -> zbus::Result<Vec<WayInfo>>;

    /// Who says where they are from outside: `portal`, `environment` or `local`.
    #[zbus(property)]
    fn source(&self) -> zbus::Result<String>;

    /// Why it is not the portal; empty where it is, or there is none.
    #[zbus(property)]
    fn source_note(&self) -> zbus::Result<String>;

    /// Quick tunnels can be opened.
    #[zbus(property)]
    fn tunnels_offered(&self) -> zbus::Result<bool>;

    /// The relay of a stream by WebRTC.
    #[zbus(property)]
    fn turn(&self) -> zbus::Result<TurnInfo>;

    /// The quick tunnels that are open.
    #[zbus(property)]
    fn tunnels(&self) -> zbus::Result<Vec<TunnelInfo>>;
}
