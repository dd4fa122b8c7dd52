//! What can be asked about VNC.

use zbus::proxy::CacheProperties;
use zbus::zvariant::OwnedObjectPath;

use super::{Client, Error, VncFacts, decode, interactive};
use crate::api::proxy::{Options, VncProxy};
use crate::api::{self, interface};

/// What is to be changed about VNC.
#[derive(Clone, PartialEq, Eq)]
pub enum VncChange {
    /// The server is turned on or off, now and for every start.
    Enabled(bool),
    /// From where viewers can connect: `local` or `all`.
    Exposure(String),
    /// The password, of which the first 8 characters count.
    Password(String),
    /// A password is made up.
    GeneratedPassword,
    /// Viewers can look and not touch.
    ViewOnly(bool),
    /// There can be several viewers at a time.
    Shared(bool),
    /// The gateway to browsers is turned on or off, now and for every start.
    Web(bool),
}

// It may be a password.
impl std::fmt::Debug for VncChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Enabled(on) => write!(f, "Enabled({on})"),
            Self::Exposure(exposure) => write!(f, "Exposure({exposure:?})"),
            Self::Password(_) => f.write_str("Password"),
            Self::GeneratedPassword => f.write_str("GeneratedPassword"),
            Self::ViewOnly(on) => write!(f, "ViewOnly({on})"),
            Self::Shared(on) => write!(f, "Shared({on})"),
            Self::Web(on) => write!(f, "Web({on})"),
        }
    }
}

impl Client {
    /// VNC as it is now.
    ///
    /// # Errors
    /// The daemon does not answer, or is too old to know of VNC.
    pub async fn vnc(&self) -> Result<VncFacts, Error> {
        let properties = self.properties(&api::below("vnc"), interface::VNC).await;
        Ok(decode::vnc(properties.map_err(too_old)?))
    }

    /// Changes something, and returns the number of the job that makes it so; none where nothing had to be started or
    /// ended for it. With `force` also where that cuts somebody off.
    ///
    /// # Errors
    /// The daemon refuses or does not answer; then nothing has changed.
    pub async fn change_vnc(&self, change: &VncChange, force: bool) -> Result<Option<u64>, Error> {
        let proxy = self.vnc_proxy().await?;
        let options = Options::from([("force", force.into())]);
        let call = async {
            match change {
                VncChange::Enabled(on) => proxy.set_enabled(*on, options).await,
                VncChange::Exposure(exposure) => proxy.set_exposure(exposure, options).await,
                VncChange::Password(password) => proxy.set_password(password, options).await,
                VncChange::GeneratedPassword => proxy.generate_password(options).await,
                VncChange::ViewOnly(on) => proxy.set_view_only(*on, options).await,
                VncChange::Shared(on) => proxy.set_shared(*on, options).await,
                VncChange::Web(on) => proxy.set_web(*on, options).await,
            }
        };
        let path: OwnedObjectPath = interactive(call).await.map_err(too_old)?;
        Ok(Some(decode::number_of(&path)).filter(|id| *id != 0))
    }

    /// The VNC password.
    ///
    /// # Errors
    /// The daemon refuses or does not answer, or there is none yet.
    pub async fn vnc_password(&self) -> Result<String, Error> {
        let proxy = self.vnc_proxy().await?;
        interactive(proxy.reveal_password(Options::new())).await.map_err(too_old)
    }

    /// Hangs up on all VNC viewers. How many there were.
    ///
    /// # Errors
    /// The daemon refuses or does not answer, or the server does not hang up.
    pub async fn disconnect_vnc(&self) -> Result<u32, Error> {
        interactive(self.vnc_proxy().await?.disconnect_all(Options::new())).await.map_err(too_old)
    }

    async fn vnc_proxy(&self) -> Result<VncProxy<'static>, Error> {
        Ok(VncProxy::builder(&self.connection).cache_properties(CacheProperties::No).build().await?)
    }
}

/// The object is always there, so a daemon without it is of an earlier version.
fn too_old(error: Error) -> Error {
    match error {
        Error::Refused(api::Error::UnknownObject(_)) => Error::Refused(api::Error::Unsupported(
            "The control service is of a version that knows nothing of VNC. Restart it to bring both to the same \
             version."
                .into(),
        )),
        other => other,
    }
}
