//! `/vnc`: the VNC server, who is connected, and the gateway that shows it in a browser.

use zbus::message::Header;
use zbus::zvariant::OwnedObjectPath;
use zbus::{Connection, interface};

use super::{Call, Ground, Options, flag, path_of};
use crate::api::vnc::{ViewerInfo, WebInfo};
use crate::api::{Error, action};
use crate::daemon::vnc::{VncView, Wish};
use crate::model::text::quoted;
use crate::model::vnc::Viewer;

/// See [`crate::api::proxy::VncProxy`].
#[derive(Debug)]
pub(crate) struct VncObject {
    pub(crate) ground: Ground,
}

impl VncObject {
    /// Authorises, and reads the options of a change.
    async fn wish(&self, call: Call<'_>, options: &Options) -> Result<Wish, Error> {
        let caller = self.ground.authority.check(call.connection, call.header, action::CONFIGURE_VNC).await?;
        Ok(Wish { uid: caller.uid, force: flag(options, "force")? })
    }

    /// As of now: who asks shall not be told what was.
    async fn field<T>(&self, field: impl FnOnce(&VncView) -> T) -> T {
        field(&*self.ground.vnc.now().await)
    }
}

#[interface(name = "io.github.desktop_control.Control1.Vnc")]
impl VncObject {
    /// Turns the server on or off, now and for every start. Returns the job that starts or stops it, or / where there is
    /// nothing to do. Turning off is refused with LastWayIn where that closes the last way into the desktop that works,
    /// or cuts a viewer off, unless the option force (b) is set. Refused with Unsupported where the server's start is
    /// not ours, as all that follow. Needs configure-vnc, as all that follow.
    async fn set_enabled(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        enabled: bool,
        options: Options,
    ) -> Result<OwnedObjectPath, Error> {
        let wish = self.wish(Call { connection, header: &header }, &options).await?;
        path_of(self.ground.vnc.set_enabled(enabled, wish).await?)
    }

    /// From where viewers can connect: local (this machine, so also through an SSH tunnel) or all. Returns the job that
    /// restarts the server, or / where there is none to restart; refused with InvalidSetting for another word, and with
    /// LastWayIn where it shuts a viewer out who is connected now, unless the option force (b) is set.
    async fn set_exposure(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        exposure: String,
        options: Options,
    ) -> Result<OwnedObjectPath, Error> {
        let wish = self.wish(Call { connection, header: &header }, &options).await?;
        let unknown =
            |_| Error::InvalidSetting(format!("{} is no exposure. There are local and all.", quoted(&exposure)));
        path_of(self.ground.vnc.set_exposure(exposure.parse().map_err(unknown)?, wish).await?)
    }

    /// Sets the password, of which VNC looks at the first 8 characters. Returns the job that restarts the server, which
    /// disconnects all viewers, or / where there is none to restart. Refused with InvalidSetting where the server would
    /// not take it for a password.
    async fn set_password(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        password: String,
        options: Options,
    ) -> Result<OwnedObjectPath, Error> {
        let wish = self.wish(Call { connection, header: &header }, &options).await?;
        path_of(self.ground.vnc.set_password(&password, wish)?)
    }

    /// As SetPassword, with a password that is made up. RevealPassword tells it.
    async fn generate_password(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        options: Options,
    ) -> Result<OwnedObjectPath, Error> {
        let wish = self.wish(Call { connection, header: &header }, &options).await?;
        path_of(self.ground.vnc.generate_password(wish)?)
    }

    /// The password. Refused with UnknownSetting where there is none yet.
    async fn reveal_password(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        options: Options,
    ) -> Result<String, Error> {
        self.wish(Call { connection, header: &header }, &options).await?;
        self.ground.vnc.password()
    }

    /// Whether viewers can only look. Returns the job that restarts the server, or / where there is none to restart.
    /// Refused with LastWayIn where nobody could use mouse and keys any more, unless the option force (b) is set.
    async fn set_view_only(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        view_only: bool,
        options: Options,
    ) -> Result<OwnedObjectPath, Error> {
        let wish = self.wish(Call { connection, header: &header }, &options).await?;
        path_of(self.ground.vnc.set_view_only(view_only, wish).await?)
    }

    /// Whether there can be several viewers at a time; else a new one takes the place of the one before. Returns the job
    /// that restarts the server, or / where there is none to restart.
    async fn set_shared(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        shared: bool,
        options: Options,
    ) -> Result<OwnedObjectPath, Error> {
        let wish = self.wish(Call { connection, header: &header }, &options).await?;
        path_of(self.ground.vnc.set_shared(shared, wish).await?)
    }

    /// Turns the gateway to browsers on or off, as SetEnabled does the server.
    async fn set_web(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        enabled: bool,
        options: Options,
    ) -> Result<OwnedObjectPath, Error> {
        let wish = self.wish(Call { connection, header: &header }, &options).await?;
        path_of(self.ground.vnc.set_web(enabled, wish).await?)
    }

    /// Hangs up on all viewers. Returns how many there were.
    async fn disconnect_all(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        options: Options,
    ) -> Result<u32, Error> {
        self.wish(Call { connection, header: &header }, &options).await?;
        self.ground.vnc.disconnect_all().await
    }

    /// The server starts with the desktop.
    #[zbus(property)]
    async fn enabled(&self) -> bool {
        self.field(|view| view.enabled).await
    }

    /// Viewers can connect.
    #[zbus(property)]
    async fn running(&self) -> bool {
        self.field(|view| view.running).await
    }

    /// Where they connect, or will.
    #[zbus(property)]
    async fn port(&self) -> u16 {
        self.field(|view| view.port).await
    }

    /// From where they can connect: local (this machine, so also through an SSH tunnel), all. While the server runs, this
    /// and the next two are what it does; else what it will do.
    #[zbus(property)]
    async fn exposure(&self) -> &'static str {
        self.field(|view| view.exposure.into()).await
    }

    /// Viewers can look and not touch.
    #[zbus(property)]
    async fn view_only(&self) -> bool {
        self.field(|view| view.view_only).await
    }

    /// There can be several viewers at a time; else a new one takes the place of the one before.
    #[zbus(property)]
    async fn shared(&self) -> bool {
        self.field(|view| view.shared).await
    }

    /// Where the password is from: ours (set here, or made up by the server's first start), environment (VNC_PASSWORD),
    /// instance-token (that with which the instance was rented), none.
    #[zbus(property)]
    async fn password_source(&self) -> &'static str {
        self.field(|view| view.password_source.into()).await
    }

    /// Who is connected, also who is still being asked for the password. Keys: address (s), port (u), through (s: vnc,
    /// browser-vnc), since (t, Unix time in seconds; absent if it was there before anybody looked). A browser's address is
    /// this machine's, and so is that of whoever comes through an SSH tunnel.
    #[zbus(property)]
    async fn viewers(&self) -> Vec<ViewerInfo> {
        self.field(|view| view.viewers.iter().map(viewer).collect()).await
    }

    /// The gateway that shows it in a browser. Keys: kind (s: novnc, guacamole, none), enabled (b, starts with the
    /// desktop), running (b, its page answers and the server runs); where there is one, url and service (s).
    #[zbus(property)]
    async fn web(&self) -> WebInfo {
        self.field(web).await
    }
}

fn viewer(viewer: &Viewer) -> ViewerInfo {
    ViewerInfo {
        address: viewer.address.ip().to_string(),
        port: viewer.address.port().into(),
        through: viewer.through.to_string(),
        since: viewer.since,
    }
}

fn web(view: &VncView) -> WebInfo {
    let Some(web) = &view.web else { return WebInfo { kind: "none".into(), ..WebInfo::default() } };
    WebInfo {
        kind: web.kind.to_string(),
        enabled: web.enabled,
        running: web.running,
        url: web.url.clone(),
        service: Some(web.service.to_owned()),
    }
}
