//! Who may do what.
//!
//! The caller is whom the bus says it is. Root may do everything. Everybody else needs the polkit action or, where no
//! polkit is there to be asked, membership of the group that the operator named. A polkit that is there but does not
//! answer permits nothing.

use std::collections::HashMap;
use std::time::Duration;

use enumflags2::BitFlags;
use zbus::Connection;
use zbus::fdo::PeerProxy;
use zbus::message::{Flags, Header};
use zbus::names::BusName;
use zbus_polkit::policykit1::{AuthorityProxy, CheckAuthorizationFlags, Subject};

use crate::api::{Error, action};
use crate::host::log_follow::Identity;
use crate::host::names;
use crate::model::text::quoted;

const POLKIT: &str = "org.freedesktop.PolicyKit1";
/// How long the bus and polkit may take.
const LIMIT: Duration = Duration::from_secs(5);
/// How long a person may take to type a password.
const INTERACTIVE_LIMIT: Duration = Duration::from_mins(2);

/// Decides, see the module.
#[derive(Clone, Debug)]
pub(super) struct Authority {
    /// Members may do everything where polkit is absent; empty for nobody.
    pub(super) group: String,
}

impl Authority {
    /// Finds out who calls, or refuses.
    pub(super) async fn caller(&self, connection: &Connection, header: &Header<'_>) -> Result<Identity, Error> {
        let unknown = || Error::NotAuthorized("The bus does not say who asks, so nothing is done.".into());
        let sender = header.sender().ok_or_else(unknown)?.to_owned();
        let credentials = async {
            let bus = zbus::fdo::DBusProxy::new(connection).await?;
            bus.get_connection_credentials(BusName::Unique(sender)).await
        };
        let credentials =
            tokio::time::timeout(LIMIT, credentials).await.map_err(|_| unknown())?.map_err(|_| unknown())?;
        let uid = credentials.unix_user_id().ok_or_else(unknown)?;
        let gids = credentials.unix_group_ids().cloned().unwrap_or_default();
        Ok(Identity { uid, gids })
    }

    /// Lets the caller do `action`, or refuses. Nothing may have been done before.
    pub(super) async fn check(
        &self,
        connection: &Connection,
        header: &Header<'_>,
        action: &'static str,
    ) -> Result<Identity, Error> {
        let caller = self.caller(connection, header).await?;
        let verdict = self.verdict(connection, header, &caller, action).await;
        let uid = caller.uid;
        match verdict {
            Ok(()) => {
                tracing::info!(uid, action, "allowed");
                Ok(caller)
            }
            Err(error) => {
                tracing::warn!(uid, action, "refused");
                Err(error)
            }
        }
    }

    async fn verdict(
        &self,
        connection: &Connection,
        header: &Header<'_>,
        caller: &Identity,
        action: &'static str,
    ) -> Result<(), Error> {
        if caller.uid == 0 {
            return Ok(());
        }
        let (allowed, group) = match ask_polkit(connection, header, action).await {
            Polkit::Says(allowed) => (allowed, POLKIT_GROUP),
            Polkit::Silent => {
                let sentence = "polkit does not answer, so nothing is done. Restart polkitd, or ask as root.";
                return Err(Error::NotAuthorized(sentence.into()));
            }
            Polkit::Absent => (self.is_member(caller).await, self.group.as_str()),
        };
        if allowed { Ok(()) } else { Err(refusal(action, group)) }
    }

    async fn is_member(&self, caller: &Identity) -> bool {
        let group = self.group.clone();
        if group.is_empty() {
            return false;
        }
        // Name services may go over the network.
        let gid = tokio::task::spawn_blocking(move || names::group_id(&group)).await.ok().flatten();
        gid.is_some_and(|gid| caller.gids.contains(&gid))
    }
}

/// Whom the installed polkit rule grants everything of ours.
const POLKIT_GROUP: &str = "desktop-control";

enum Polkit {
    Says(bool),
    /// It is there and does not answer.
    Silent,
    /// There is none.
    Absent,
}

async fn ask_polkit(connection: &Connection, header: &Header<'_>, action: &'static str) -> Polkit {
    let interactive = header.primary().flags().contains(Flags::AllowInteractiveAuth);
    let (limit, flags) = if interactive {
        (INTERACTIVE_LIMIT, CheckAuthorizationFlags::AllowUserInteraction.into())
    } else {
        (LIMIT, BitFlags::default())
    };
    let Ok(subject) = Subject::new_for_message_header(header) else { return Polkit::Silent };
    let asked = async {
        if !is_there(connection).await {
            return Ok(Polkit::Absent);
        }
        // A polkit that hangs must not look like a person who types a password.
        if tokio::time::timeout(LIMIT, ping_polkit(connection)).await.is_err() {
            return Ok(Polkit::Silent);
        }
        let polkit = AuthorityProxy::new(connection).await?;
        let result = polkit.check_authorization(&subject, action, &HashMap::new(), flags, "").await?;
        Ok::<_, zbus::Error>(Polkit::Says(result.is_authorized))
    };
    match tokio::time::timeout(limit, asked).await {
        Ok(Ok(verdict)) => verdict,
        Ok(Err(error)) => {
            tracing::warn!(%error, "polkit cannot be asked");
            Polkit::Silent
        }
        Err(_) => Polkit::Silent,
    }
}

/// Returns when polkit has answered anything at all.
async fn ping_polkit(connection: &Connection) {
    let peer = PeerProxy::builder(connection).destination(POLKIT).and_then(|peer| peer.path("/"));
    if let Ok(peer) = peer
        && let Ok(peer) = peer.build().await
    {
        // Also an error is an answer.
        let _ = peer.ping().await;
    }
}

/// polkit has a name on the bus, or the bus can start it. The helper that starts it may be missing, as in many
/// containers, so what counts is whether the name has an owner afterwards.
async fn is_there(connection: &Connection) -> bool {
    let Ok(bus) = zbus::fdo::DBusProxy::new(connection).await else { return false };
    let Ok(name) = zbus::names::WellKnownName::try_from(POLKIT) else { return false };
    let owned = bus.name_has_owner(BusName::WellKnown(name.clone())).await.unwrap_or(false);
    owned
        || tokio::time::timeout(LIMIT / 2, bus.start_service_by_name(name, 0))
            .await
            .is_ok_and(|started| started.is_ok())
}

/// What is not allowed, and who would be: root, and the members of `group`, if there is one.
fn refusal(action: &str, group: &str) -> Error {
    let what = match action {
        action::MANAGE_SERVICES => "control services, read their closed logs or end other users' processes",
        action::CONFIGURE_STREAMING => "change the stream's settings",
        action::CONFIGURE_VNC => "change VNC's settings, or open and close tunnels",
        action::INSTALL_SOFTWARE => "install software",
        _ => "cancel somebody else's job",
    };
    let join = if group.is_empty() {
        String::new()
    } else {
        format!(", or have an administrator add you to the group {}", quoted(group))
    };
    Error::NotAuthorized(format!("You may not {what}. Ask as root (sudo){join}."))
}
