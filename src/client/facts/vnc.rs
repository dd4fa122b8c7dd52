//! What the daemon says about VNC.

use serde::Serialize;

use super::rfc_3339;

/// The VNC server and its gateway to browsers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own")]
pub struct VncFacts {
    /// It starts with the desktop.
    pub enabled: bool,
    /// Viewers can connect.
    pub running: bool,
    /// Where they connect.
    pub port: u16,
    /// From where: `local` or `all`.
    pub exposure: String,
    /// Where the password is from: `ours`, `environment`, `instance-token` or `none`.
    pub password_source: String,
    /// Viewers can look and not touch.
    pub view_only: bool,
    /// There can be several viewers at a time.
    pub shared: bool,
    /// Who is connected.
    pub viewers: Vec<VncViewerFacts>,
    /// What shows it in a browser.
    pub web: VncWebFacts,
}

/// A connected viewer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VncViewerFacts {
    /// Where it is. That of a browser, and of whoever comes through an SSH tunnel, is this machine.
    pub address: String,
    /// The port there.
    pub port: u32,
    /// How it comes: `vnc` or `browser-vnc`.
    pub through: String,
    /// Unix time in seconds; none if it was there before anybody looked. RFC 3339 in JSON.
    #[serde(serialize_with = "rfc_3339")]
    pub since: Option<u64>,
}

/// The gateway to browsers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VncWebFacts {
    /// `novnc`, `guacamole` or `none`.
    pub kind: String,
    /// It starts with the desktop.
    pub enabled: bool,
    /// Its page answers, and the server behind it runs.
    pub running: bool,
    /// Where that is, as seen from this machine.
    pub url: Option<String>,
    /// supervisord's name of the service that browsers reach.
    pub service: Option<String>,
}

impl VncFacts {
    /// Where the password is from, as it can follow a colon.
    #[must_use]
    pub fn password_in_words(&self) -> &str {
        match self.password_source.as_str() {
            "ours" => "set here, or made up at the first start",
            "environment" => "VNC_PASSWORD of the container or of an environment file",
            "instance-token" => "the first 8 characters of the instance's token",
            "none" => "none yet",
            other => other,
        }
    }
}

impl VncViewerFacts {
    /// With what it comes.
    #[must_use]
    pub fn through_in_words(&self) -> &str {
        match self.through.as_str() {
            "vnc" => "a VNC viewer",
            "browser-vnc" => "a browser",
            other => other,
        }
    }
}
