//! VNC as the bus shows it.

use std::collections::BTreeMap;

use super::Vnc;
use crate::host::settings::WriteMode;
use crate::host::vnc::{self as host, Look};
use crate::model::access::WayState;
use crate::model::vnc::{Exposure, Gateway, Manner, PasswordSource, SERVICE, Viewer, variable};

/// Where VNC servers listen unless somebody says otherwise.
const USUAL_PORT: u16 = 5900;

/// What is known of VNC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own")]
pub(crate) struct VncView {
    /// It starts with the desktop.
    pub(crate) enabled: bool,
    /// Viewers can connect.
    pub(crate) running: bool,
    /// Where.
    pub(crate) port: u16,
    /// From where. Of a server that runs, this and the next two are what it does, else what it will do.
    pub(crate) exposure: Exposure,
    /// Viewers can look and not touch.
    pub(crate) view_only: bool,
    /// Several viewers at a time.
    pub(crate) shared: bool,
    /// Where the password is from.
    pub(crate) password_source: PasswordSource,
    /// Who is connected.
    pub(crate) viewers: Vec<Viewer>,
    /// The process that listens.
    pub(super) server: Option<u32>,
    /// What shows it in a browser.
    pub(crate) web: Option<WebView>,
}

/// The gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WebView {
    pub(crate) kind: Gateway,
    pub(crate) enabled: bool,
    pub(crate) running: bool,
    pub(crate) url: Option<String>,
    pub(crate) service: &'static str,
}

/// A variable of the container: supervisord has it, and hands it to us as to all units.
fn container(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl Vnc {
    pub(super) fn view(&self, look: &Look, viewers: Vec<Viewer>) -> VncView {
        let is_there = self.inner.store.service(SERVICE).is_some();
        let configured = self.manner();
        let manner = match look.server {
            Some(_) => Manner::of_flags(&look.command_line, configured.enabled),
            None => configured,
        };
        let wished = container(variable::PORT).and_then(|port| port.parse().ok()).unwrap_or(USUAL_PORT);
        let ports = || look.listens.iter().map(std::net::SocketAddr::port);
        VncView {
            enabled: is_there && manner.enabled,
            running: look.server.is_some(),
            port: ports().find(|port| *port == wished).or_else(|| ports().min()).unwrap_or(wished),
            exposure: manner.exposure,
            view_only: manner.view_only,
            shared: manner.shared,
            password_source: self.password_source(),
            viewers,
            server: look.server,
            web: self.gateway().and_then(|gateway| self.web(gateway)),
        }
    }

    /// As the server's next start has it.
    pub(super) fn manner(&self) -> Manner {
        Manner::read(&self.kept(SERVICE), container)
    }

    /// Our settings of a service; none where its start does not read them, or they cannot be read.
    pub(super) fn kept(&self, service: &str) -> BTreeMap<String, String> {
        let settings = self.settings(service);
        match settings.mode() {
            WriteMode::SettingsFile => settings.kept().unwrap_or_default(),
            WriteMode::EnvFile => BTreeMap::new(),
        }
    }

    fn password_source(&self) -> PasswordSource {
        let set = |name: &str| container(name).is_some_and(|value| !value.is_empty());
        if self.kept(SERVICE).contains_key(variable::PASSWORD) {
            return PasswordSource::Ours;
        }
        match self.settings(SERVICE).mode() {
            WriteMode::SettingsFile => host::password_source(&self.inner.root),
            // As the start scripts of other images have it.
            WriteMode::EnvFile if set("VNC_PASSWORD") => PasswordSource::Environment,
            WriteMode::EnvFile if set("OPEN_BUTTON_TOKEN") => PasswordSource::InstanceToken,
            WriteMode::EnvFile => PasswordSource::None,
        }
    }

    /// The gateway starts with the desktop.
    pub(super) fn web_enabled(&self, gateway: Gateway) -> bool {
        let Some((service, switch)) = gateway.services().last().zip(gateway.switch()) else { return true };
        let value = self.kept(service).remove(switch).or_else(|| container(switch));
        value.is_none_or(|value| value != "off")
    }

    fn web(&self, kind: Gateway) -> Option<WebView> {
        let service = *kind.services().last()?;
        let way = self.inner.store.ways().into_iter().find(|way| way.service == service);
        Some(WebView {
            kind,
            enabled: self.web_enabled(kind),
            running: way.as_ref().is_some_and(|way| way.state == WayState::Working),
            url: way.map(|way| way.address),
            service,
        })
    }
}
