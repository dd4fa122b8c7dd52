//! `/pending/<number>`: one change on trial.

use std::sync::Arc;

use zbus::message::Header;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::{ObjectPath, OwnedObjectPath};
use zbus::{Connection, interface};

use super::{Ground, Options, flag};
use crate::api::{self, Error, action};
use crate::model::trial::{Countdown, Trial};

/// See [`crate::api::proxy::PendingProxy`].
#[derive(Debug)]
pub(crate) struct PendingObject {
    pub(crate) ground: Ground,
    pub(crate) id: u64,
}

impl PendingObject {
    /// The change; none in the moment between its end and that of its object.
    fn trial(&self) -> Option<Arc<Trial>> {
        self.ground.store.pending(self.id)
    }

    fn field<T: Default>(&self, field: impl FnOnce(&Trial) -> T) -> T {
        self.trial().map(|trial| field(&trial)).unwrap_or_default()
    }
}

#[interface(name = "io.github.desktop_control.Control1.Pending")]
impl PendingObject {
    /// Makes the change hold for every start from now on. Refused with LastWayIn while no viewer gets pictures, unless
    /// the option force (b) is set; with Busy while the change is still being checked; with UnknownObject once it is
    /// over. Needs configure-streaming.
    async fn keep(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        options: Options,
    ) -> Result<(), Error> {
        self.ground.authority.check(connection, &header, action::CONFIGURE_STREAMING).await?;
        self.ground.pending.keep(self.id, flag(&options, "force")?).await
    }

    /// Brings the earlier settings back. Finished tells when they hold again. UnknownObject once it is over. Needs
    /// configure-streaming.
    async fn revert(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        #[expect(unused_variables, reason = "for later versions")] options: Options,
    ) -> Result<(), Error> {
        self.ground.authority.check(connection, &header, action::CONFIGURE_STREAMING).await?;
        self.ground.pending.revert(self.id).await
    }

    /// It is over: kept, or reverted and why. Sent once, after the properties.
    #[zbus(signal)]
    pub(crate) async fn finished(emitter: &SignalEmitter<'_>, result: &str, reason: &str) -> zbus::Result<()>;

    /// The object whose settings change.
    #[zbus(property(emits_changed_signal = "const"))]
    fn target(&self) -> OwnedObjectPath {
        let path = self.field(|trial| api::service_path(&trial.service));
        ObjectPath::try_from(path).map(Into::into).unwrap_or_default()
    }

    /// What changes, for people, a line each.
    #[zbus(property(emits_changed_signal = "const"))]
    fn changes(&self) -> Vec<String> {
        self.field(|trial| trial.summary.clone())
    }

    /// restarting, checking (does the machine work with it?), waiting (does the person?), keeping, reverting; then kept
    /// or reverted.
    #[zbus(property)]
    fn stage(&self) -> &str {
        self.trial().map_or("", |trial| trial.stage.into())
    }

    /// Unix time in seconds at which it is taken back unless somebody keeps it; 0 while nobody is asked yet, or while
    /// the clock stands still because no viewer is connected.
    #[zbus(property)]
    fn deadline(&self) -> u64 {
        self.field(|trial| trial.countdown.and_then(Countdown::deadline).unwrap_or_default())
    }

    /// Why it is or was taken back; empty until then.
    #[zbus(property)]
    fn reason(&self) -> String {
        self.field(|trial| trial.reason.clone())
    }

    /// Who asked for it.
    #[zbus(property(emits_changed_signal = "const"))]
    fn started_by_uid(&self) -> u32 {
        self.field(|trial| trial.started_by_uid)
    }
}
