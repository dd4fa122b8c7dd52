//! Changes of VNC: what is written, what is restarted for it, and what is refused because it would lock somebody out.
//!
//! Between the first check and the beginning of the job nobody waits, so nothing can come between.

use std::collections::BTreeMap;

use super::{Vnc, VncView};
use crate::api::Error;
use crate::daemon::jobs::Order;
use crate::host::settings::WriteMode;
use crate::host::vnc as host;
use crate::model::health::Health;
use crate::model::job::JobKind;
use crate::model::lockout::{self, Act};
use crate::model::text::quoted;
use crate::model::vnc::{self, Exposure, Gateway, Manner, SERVICE, variable};

/// Whoever wants a change, and how much.
#[derive(Clone, Copy, Debug)]
pub(in crate::daemon) struct Wish {
    /// Who asks.
    pub(in crate::daemon) uid: u32,
    /// Also where it cuts somebody off.
    pub(in crate::daemon) force: bool,
}

/// What has to happen to the service once its settings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Nothing,
    Job(JobKind),
}

impl Vnc {
    /// Turns the server on or off, now and for every start.
    pub(in crate::daemon) async fn set_enabled(&self, on: bool, wish: Wish) -> Result<Option<u64>, Error> {
        let view = self.now().await;
        if !on {
            self.guard(Act::TurnOff, SERVICE, &view, wish)?;
        }
        let (variable, value) = (variable::SWITCH, vnc::switch(on));
        self.switch(SERVICE, variable, value, on && !view.running, wish)
    }

    /// Turns the gateway on or off, now and for every start.
    pub(in crate::daemon) async fn set_web(&self, on: bool, wish: Wish) -> Result<Option<u64>, Error> {
        let view = self.now().await;
        let gateway =
            self.gateway().ok_or_else(|| Error::Unsupported("Nothing here shows VNC in a browser.".into()))?;
        let service = gateway.services().last().zip(gateway.switch());
        let Some((service, variable)) = service else { return Err(not_ours(gateway)) };
        if !on {
            self.guard(Act::TurnOff, service, &view, wish)?;
        }
        let works = self.inner.store.service(service).is_some_and(|view| view.health == Health::Ok);
        self.switch(service, variable, vnc::switch(on), on && !works, wish)
    }

    /// Writes the switch, and starts or stops the service. One that is up and should begin to work starts anew: it may be
    /// about to end because it was turned off.
    fn switch(
        &self,
        service: &str,
        variable: &str,
        value: &str,
        must_start: bool,
        wish: Wish,
    ) -> Result<Option<u64>, Error> {
        let state = self.known(service)?;
        let next = match value {
            "off" if state.is_down() => Next::Nothing,
            "off" => Next::Job(JobKind::ServiceStop),
            _ if !must_start => Next::Nothing,
            _ if state.is_down() => Next::Job(JobKind::ServiceStart),
            _ => Next::Job(JobKind::ServiceRestart),
        };
        self.write(service, &[(variable, value)], next, wish)
    }

    /// From where viewers can connect.
    pub(in crate::daemon) async fn set_exposure(&self, to: Exposure, wish: Wish) -> Result<Option<u64>, Error> {
        let view = self.now().await;
        refuse_unless(wish.force, lockout::shuts_viewers_out(to, &view.viewers))?;
        self.set(&view, (variable::EXPOSURE, to.into()), |manner| manner.exposure = to, wish)
    }

    /// Whether viewers can only look.
    pub(in crate::daemon) async fn set_view_only(&self, on: bool, wish: Wish) -> Result<Option<u64>, Error> {
        let view = self.now().await;
        if on && !view.view_only && !wish.force {
            let store = &self.inner.store;
            refuse_unless(false, lockout::last_way_in(Act::ViewOnly, SERVICE, &store.ways(), &store.needs()))?;
        }
        self.set(&view, (variable::VIEW_ONLY, vnc::switch(on)), |manner| manner.view_only = on, wish)
    }

    /// Whether there can be several viewers at a time.
    pub(in crate::daemon) async fn set_shared(&self, on: bool, wish: Wish) -> Result<Option<u64>, Error> {
        let view = self.now().await;
        self.set(&view, (variable::SHARED, vnc::switch(on)), |manner| manner.shared = on, wish)
    }

    /// Writes one setting, and restarts a server that does otherwise.
    fn set(
        &self,
        view: &VncView,
        setting: (&str, &str),
        change: impl Fn(&mut Manner),
        wish: Wish,
    ) -> Result<Option<u64>, Error> {
        let enabled = self.manner().enabled;
        let now = Manner { enabled, exposure: view.exposure, view_only: view.view_only, shared: view.shared };
        let mut wanted = now.clone();
        change(&mut wanted);
        let next = if view.running && wanted != now { self.restart()? } else { Next::Nothing };
        self.write(SERVICE, &[setting], next, wish)
    }

    /// Sets the password.
    pub(in crate::daemon) fn set_password(&self, password: &str, wish: Wish) -> Result<Option<u64>, Error> {
        vnc::check_password(password).map_err(|reason| Error::InvalidSetting(reason.into()))?;
        self.ours(SERVICE)?;
        let same = self.kept(SERVICE).get(variable::PASSWORD).is_some_and(|kept| kept == password);
        let next = if same { Next::Nothing } else { self.restart()? };
        self.write(SERVICE, &[(variable::PASSWORD, password)], next, wish)
    }

    /// Has one made up and sets it.
    pub(in crate::daemon) fn generate_password(&self, wish: Wish) -> Result<Option<u64>, Error> {
        let random = host::random_bytes().map_err(|error| failed("No password could be made up", &error))?;
        let password = vnc::generate_password(random);
        let password = password.ok_or_else(|| Error::Internal("No password could be made up. Try again.".into()))?;
        self.set_password(&password, wish)
    }

    /// The password that holds now, or from the next start on.
    pub(in crate::daemon) fn password(&self) -> Result<String, Error> {
        self.ours(SERVICE)?;
        let kept =
            self.settings(SERVICE).kept().map_err(|error| failed(UNREADABLE, &error))?.remove(variable::PASSWORD);
        let password = match kept {
            Some(password) => Some(password),
            None => host::password(&self.inner.root).map_err(|error| failed(UNREADABLE, &error))?,
        };
        password.ok_or_else(|| {
            let sentence = "There is no VNC password yet: the server makes one up when it starts for the first time. \
                            `desktopctl vnc password` sets one.";
            Error::UnknownSetting(sentence.into())
        })
    }

    /// Why a start of this service would end at once.
    pub(in crate::daemon) fn is_turned_off(&self, service: &str) -> Option<Error> {
        let gateway = self.gateway().filter(|gateway| gateway.services().contains(&service));
        let (what, command) = match gateway {
            Some(gateway) if !self.web_enabled(gateway) => ("VNC in the browser", "vnc web on"),
            None if service == SERVICE && !self.manner().enabled => ("VNC", "vnc enable"),
            _ => return None,
        };
        Some(Error::Unsupported(format!("{what} is turned off in its settings. `desktopctl {command}` starts it.")))
    }

    /// Restarts a server that is up or about to be.
    fn restart(&self) -> Result<Next, Error> {
        let is_up = self.known(SERVICE)?.is_up() && self.manner().enabled;
        Ok(if is_up { Next::Job(JobKind::ServiceRestart) } else { Next::Nothing })
    }

    fn known(&self, service: &str) -> Result<crate::model::service::State, Error> {
        let view = self.inner.store.service(service);
        let absent = || Error::Unsupported(format!("supervisord has no service called {}.", quoted(service)));
        view.map(|view| view.state).ok_or_else(absent)
    }

    /// Writes settings whole or not at all, and begins what then has to happen. The number of the job.
    fn write(&self, service: &str, settings: &[(&str, &str)], next: Next, wish: Wish) -> Result<Option<u64>, Error> {
        self.known(service)?;
        self.ours(service)?;
        let own = self.settings(service);
        let before = own.kept().map_err(|error| failed(UNREADABLE, &error))?;
        let mut after: BTreeMap<String, String> = before.clone();
        after.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let targets = vec![service.to_owned()];
        if next != Next::Nothing {
            self.inner.jobs.check_free(&targets)?;
        }
        if after != before {
            let names: Vec<&str> = settings.iter().map(|(name, _)| *name).collect();
            tracing::info!(uid = wish.uid, service, ?names, "settings of VNC change");
            own.keep(&after).map_err(|error| failed("The settings of VNC cannot be written", &error))?;
        }
        match next {
            Next::Nothing => Ok(None),
            Next::Job(kind) => {
                self.inner.jobs.begin(Order { kind, targets, named: service.to_owned() }, wish.uid).map(Some)
            }
        }
    }

    fn ours(&self, service: &str) -> Result<(), Error> {
        if self.settings(service).mode() == WriteMode::SettingsFile {
            return Ok(());
        }
        Err(Error::Unsupported(format!(
            "{} is started by a script of this image that reads no settings of ours. `desktopctl services` starts and \
             stops it; its password is the VNC_PASSWORD with which the instance is created.",
            quoted(service)
        )))
    }

    fn guard(&self, act: Act, service: &str, view: &VncView, wish: Wish) -> Result<(), Error> {
        let store = &self.inner.store;
        refuse_unless(wish.force, lockout::last_way_in(act, service, &store.ways(), &store.needs()))?;
        refuse_unless(wish.force, lockout::cuts_viewers_off(service, &view.viewers))
    }
}

const UNREADABLE: &str = "The settings of VNC cannot be read";

fn refuse_unless(force: bool, reason: Option<String>) -> Result<(), Error> {
    match reason {
        Some(reason) if !force => Err(Error::LastWayIn(format!("{reason} Open another way in first."))),
        _ => Ok(()),
    }
}

fn not_ours(gateway: Gateway) -> Error {
    Error::Unsupported(format!(
        "{gateway} is not started by us, so it cannot be turned off for good. `desktopctl services` starts and stops it."
    ))
}

fn failed(what: &str, error: &std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::StorageFull => {
            Error::NoSpace(format!("{what}: the disk is full. Make room, then try again."))
        }
        _ => Error::Internal(format!("{what} ({error}), so nothing is changed.")),
    }
}
