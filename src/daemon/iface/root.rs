//! The root object.

use std::collections::HashMap;

use zbus::message::Header;
use zbus::zvariant::{OwnedFd, OwnedValue, Str};
use zbus::{Connection, interface};

use super::{Ground, Options};
use crate::api::{API_VERSION, Error};
use crate::daemon::leases;

/// See [`crate::api::proxy::RootProxy`].
#[derive(Debug)]
pub(crate) struct RootObject {
    pub(crate) ground: Ground,
}

#[interface(name = "io.github.desktop_control.Control1")]
impl RootObject {
    /// Keeps the probes of all services at a closer interval (5 s instead of 60 s) until the returned descriptor is
    /// closed. For everybody. Refused with Busy when the caller's user holds 16 already.
    async fn watch(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        #[expect(unused_variables, reason = "for later versions")] options: Options,
    ) -> Result<OwnedFd, Error> {
        let caller = self.ground.authority.caller(connection, &header).await?;
        let held = self.ground.quota.take(caller.uid)?;
        let lease = leases::watch_until_closed(&self.ground.watchers, held)
            .map_err(|error| Error::Internal(format!("No lease could be made ({error}). Try again later.")))?;
        Ok(lease.into())
    }

    /// The daemon's version.
    #[zbus(property(emits_changed_signal = "const"))]
    fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    /// The version of this contract; it only grows.
    #[zbus(property(emits_changed_signal = "const"))]
    fn api_version(&self) -> u32 {
        API_VERSION
    }

    /// The image's variant: cuda, stock or unknown.
    #[zbus(property(emits_changed_signal = "const"))]
    fn variant(&self) -> &str {
        &self.ground.variant
    }

    /// Unix time in seconds since when the machine, or the container, is up; 0 if it cannot be told.
    #[zbus(property(emits_changed_signal = "const"))]
    fn up_since(&self) -> u64 {
        self.ground.up_since.unwrap_or_default()
    }

    /// How the daemon learns of changes: events (supervisord tells) or polling.
    #[zbus(property)]
    fn mode(&self) -> &str {
        self.ground.store.mode().into()
    }

    /// Whether there is an NVIDIA GPU: present, no-device (none was given to this machine), no-library (one was,
    /// without NVIDIA's management library), unknown (it has not been looked yet), or what is wrong, by NVML's name
    /// such as driver-not-loaded.
    #[zbus(property)]
    fn gpu_state(&self) -> &'static str {
        self.ground.store.presence().token()
    }

    /// Why there is none, or one less than there should be, and what to do, for people; else empty.
    #[zbus(property)]
    fn gpu_reason(&self) -> String {
        self.ground.store.presence().sentence()
    }

    /// What is wrong with the whole. Keys, all strings: kind (stable token), severity (warning, error), title,
    /// message.
    #[zbus(property)]
    fn findings(&self) -> Vec<HashMap<String, OwnedValue>> {
        let finding = |finding: crate::daemon::store::Finding| {
            HashMap::from([
                ("kind".to_owned(), text(finding.kind)),
                ("severity".to_owned(), text(finding.severity)),
                ("title".to_owned(), text(finding.title)),
                ("message".to_owned(), text(finding.message)),
            ])
        };
        self.ground.store.findings().into_iter().map(finding).collect()
    }
}

/// A string as a value of a dictionary.
pub(super) fn text(text: impl Into<Str<'static>>) -> OwnedValue {
    OwnedValue::from(text.into())
}
