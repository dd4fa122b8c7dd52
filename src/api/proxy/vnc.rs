//! Typed calls about VNC.

use zbus::proxy;
use zbus::zvariant::OwnedObjectPath;

use super::super::Error;
use super::super::vnc::{ViewerInfo, WebInfo};
use super::Options;

/// The VNC server and its gateway to browsers. What restarts one of them returns the job that does it, or `/` where
/// there was nothing to do.
#[proxy(
    interface = "io.github.desktop_control.Control1.Vnc",
    default_service = "io.github.desktop_control.Control1",
    default_path = "/io/github/desktop_control/Control1/vnc",
    gen_blocking = false
)]
pub trait Vnc {
    /// Turns the server on or off, now and for every start. Option `force` (b): also where that cuts somebody off.
    #[zbus(allow_interactive_auth, no_autostart)]
    fn set_enabled(&self, enabled: bool, options: Options<'_>) -> Result<OwnedObjectPath, Error>;

    /// From where viewers can connect: `local` or `all`. Option `force` (b): also where that shuts a viewer out.
    #[zbus(allow_interactive_auth, no_autostart)]
    fn set_exposure(&self, exposure: &str, options: Options<'_>) -> Result<OwnedObjectPath, Error>;

    /// Sets the password, of which the first 8 characters count.
    #[zbus(allow_interactive_auth, no_autostart)]
    fn set_password(&self, password: &str, options: Options<'_>) -> Result<OwnedObjectPath, Error>;

    /// Has a password made up and sets it.
    #[zbus(allow_interactive_auth, no_autostart)]
    fn generate_password(&self, options: Options<'_>) -> Result<OwnedObjectPath, Error>;

    /// The password.
    #[zbus(allow_interactive_auth, no_autostart)]
    fn reveal_password(&self, options: Options<'_>) -> Result<String, Error>;

    /// Whether viewers can only look. Option `force` (b): also where nobody could use mouse and keys any more.
    #[zbus(allow_interactive_auth, no_autostart)]
    fn set_view_only(&self, view_only: bool, options: Options<'_>) -> Result<OwnedObjectPath, Error>;

    /// Whether there can be several viewers at a time; else a new one takes the place of the one before.
    #[zbus(allow_interactive_auth, no_autostart)]
    fn set_shared(&self, shared: bool, options: Options<'_>) -> Result<OwnedObjectPath, Error>;

    /// Turns the gateway on or off, now and for every start. Option `force` (b): also where that cuts somebody off.
    #[zbus(allow_interactive_auth, no_autostart)]
    fn set_web(&self, enabled: bool, options: Options<'_>) -> Result<OwnedObjectPath, Error>;

    /// Hangs up on all viewers. How many there were.
    #[zbus(allow_interactive_auth, no_autostart)]
    fn disconnect_all(&self, options: Options<'_>) -> Result<u32, Error>;

    /// The server starts with the desktop.
    #[zbus(property)]
    fn enabled(&self) -> zbus::Result<bool>;

    /// Viewers can connect.
    #[zbus(property)]
    fn running(&self) -> zbus::Result<bool>;

    /// Where they connect.
    #[zbus(property)]
    fn port(&self) -> zbus::Result<u16>;

    /// `local` or `all`.
    #[zbus(property)]
    fn exposure(&self) -> zbus::Result<String>;

    /// `ours`, `environment`, `instance-token` or `none`.
    #[zbus(property)]
    fn password_source(&self) -> zbus::Result<String>;

    /// Viewers can look and not touch.
    #[zbus(property)]
    fn view_only(&self) -> zbus::Result<bool>;

    /// There can be several viewers at a time.
    #[zbus(property)]
    fn shared(&self) -> zbus::Result<bool>;

    /// Who is connected.
    #[zbus(property)]
    fn viewers(&self) -> zbus::Result<Vec<ViewerInfo>>;

    /// The gateway.
    #[zbus(property)]
    fn web(&self) -> zbus::Result<WebInfo>;
}
