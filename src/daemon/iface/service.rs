//! `/service/<escaped name>`: one supervised service.

use std::sync::Arc;

use zbus::message::Header;
use zbus::zvariant::{ObjectPath, OwnedFd, OwnedObjectPath};
use zbus::{Connection, interface};

use super::{Call, Ground, Options, flag, number, pipe_for_client};
use crate::api::{self, Error, action};
use crate::daemon::jobs::{OWN_UNIT, Order};
use crate::daemon::store::ServiceView;
use crate::host::log_follow::{self, Identity, Request};
use crate::model::catalogue::Category;
use crate::model::job::JobKind;
use crate::model::lockout::{self, Act};
use crate::model::order::{start_order, with_dependencies, with_dependents};
use crate::model::service::State;
use crate::model::text::quoted;

/// Units without which a stopped service could not be started again through us.
const OUR_OWN_WAY_IN: [&str; 2] = [OWN_UNIT, "dbus-system"];
/// No client needs more lines at once than this.
const MOST_LINES: u32 = 100_000;

/// See [`crate::api::proxy::ServiceProxy`].
#[derive(Debug)]
pub(crate) struct ServiceObject {
    pub(crate) ground: Ground,
    pub(crate) name: String,
}

impl ServiceObject {
    fn view(&self) -> Option<Arc<ServiceView>> {
        self.ground.store.service(&self.name)
    }

    fn field<T: Default>(&self, field: impl FnOnce(&ServiceView) -> T) -> T {
        self.view().map(|view| field(&view)).unwrap_or_default()
    }

    fn entry_text(&self, field: impl FnOnce(&crate::model::catalogue::Entry) -> &String) -> String {
        self.field(|view| field(&view.entry).clone())
    }

    fn gone(&self) -> Error {
        Error::UnknownService(format!("supervisord no longer has a service called {}.", quoted(&self.name)))
    }

    /// Authorises, then begins a job on this service and on those that come along.
    async fn begin(
        &self,
        call: Call<'_>,
        kind: JobKind,
        targets: impl FnOnce(&Self) -> Result<Vec<String>, Error>,
    ) -> Result<OwnedObjectPath, Error> {
        let caller = self.ground.authority.check(call.connection, call.header, action::MANAGE_SERVICES).await?;
        self.view().ok_or_else(|| self.gone())?;
        let targets = start_order(&targets(self)?, &self.ground.store.needs());
        let order = Order { kind, targets, named: self.name.clone() };
        let id = self.ground.jobs.begin(order, caller.uid)?;
        let path = ObjectPath::try_from(api::job_path(id));
        path.map(Into::into).map_err(|error| Error::Internal(format!("A job has no path ({error}).")))
    }

    /// Refuses a stop that would leave nobody in.
    fn guard_last_way_in(&self) -> Result<(), Error> {
        let store = &self.ground.store;
        // Sound is needed by the stream and is no way in: without it the stream goes on.
        if self.field(|view| view.entry.category == Category::Sound) {
            return Ok(());
        }
        let reason = lockout::last_way_in(Act::Stop, &self.name, &store.ways(), &store.needs());
        let Some(reason) = reason else { return Ok(()) };
        Err(Error::LastWayIn(format!("{reason} Open another way in first.")))
    }

    /// Refuses to start what would end at once because it is turned off.
    fn guard_turned_off(&self, names: &[String]) -> Result<(), Error> {
        names.iter().find_map(|name| self.ground.vnc.is_turned_off(name)).map_or(Ok(()), Err)
    }

    fn known(&self, names: Vec<String>) -> Vec<String> {
        names.into_iter().filter(|name| self.ground.store.service(name).is_some()).collect()
    }

    /// The first log file that is there, opened as `identity`, and its path.
    fn open_first(&self, identity: Option<&Identity>) -> Result<(std::fs::File, std::path::PathBuf), std::io::Error> {
        let view = self.view().ok_or(std::io::ErrorKind::NotFound)?;
        log_follow::open_first(&self.ground.root, &view.log_files(), identity)
    }
}

#[interface(name = "io.github.desktop_control.Control1.Service")]
impl ServiceObject {
    /// Starts the service. Option dependencies (b): first everything that it needs. The job's result is skipped if it
    /// runs already. Refused with Unsupported where it is turned off in its settings. Needs manage-services.
    async fn start(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        options: Options,
    ) -> Result<OwnedObjectPath, Error> {
        let call = Call { connection, header: &header };
        self.begin(call, JobKind::ServiceStart, |this| {
            let named = vec![this.name.clone()];
            let needs = this.ground.store.needs();
            let along = flag(&options, "dependencies")?;
            let targets = if along { this.known(with_dependencies(&named, &needs)) } else { named };
            this.guard_turned_off(&targets)?;
            Ok(targets)
        })
        .await
    }

    /// Stops the service. Refused with LastWayIn where that closes the last way into the desktop that works, or the way
    /// by which services are controlled, unless the option force (b) is set. The job's result is skipped if it is stopped already. Needs manage-services.
    async fn stop(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        options: Options,
    ) -> Result<OwnedObjectPath, Error> {
        let call = Call { connection, header: &header };
        self.begin(call, JobKind::ServiceStop, |this| {
            if OUR_OWN_WAY_IN.contains(&this.name.as_str()) && !flag(&options, "force")? {
                return Err(Error::LastWayIn(format!(
                    "Stopping {} ends the control of services; only supervisorctl could start it again. Restart it \
                     instead.",
                    quoted(&this.name)
                )));
            }
            if !flag(&options, "force")? {
                this.guard_last_way_in()?;
            }
            Ok(vec![this.name.clone()])
        })
        .await
    }

    /// Stops the service and starts it again; a stopped one is started. Option dependents (b): everything running
    /// that needs it is restarted around it, in order. Refused as Start is. Needs manage-services.
    async fn restart(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        options: Options,
    ) -> Result<OwnedObjectPath, Error> {
        let call = Call { connection, header: &header };
        self.begin(call, JobKind::ServiceRestart, |this| {
            let named = vec![this.name.clone()];
            this.guard_turned_off(&named)?;
            let needs = this.ground.store.needs();
            let along = flag(&options, "dependents")?;
            let mut targets = if along { this.known(with_dependents(&named, &needs)) } else { named };
            // We cannot be stopped in the middle of our own job; our connections come back by themselves.
            targets.retain(|name| name != OWN_UNIT || this.name == OWN_UNIT);
            Ok(targets)
        })
        .await
    }

    /// The service's log file through a pipe, which ends when everything is sent or, when following, when the reader
    /// closes it. Options: lines (u, 100): so many of the last ones; follow (b): go on, across rotation. For whom
    /// manage-services allows, and for who could open the file anyway.
    async fn open_log(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        options: Options,
    ) -> Result<OwnedFd, Error> {
        let caller = self.ground.authority.caller(connection, &header).await?;
        let as_caller = self.open_first(Some(&caller)).ok();
        let (identity, opened) = if let Some(opened) = as_caller {
            (Some(caller.clone()), Ok(opened))
        } else {
            self.ground.authority.check(connection, &header, action::MANAGE_SERVICES).await?;
            (None, self.open_first(None))
        };
        let request =
            Request { lines: number(&options, "lines", 100)?.min(MOST_LINES), follow: flag(&options, "follow")? };
        let (file, path) = opened.map_err(|error| {
            let name = quoted(&self.name);
            Error::UnknownObject(format!("{name} has no log file that can be read ({error})."))
        })?;
        let held = self.ground.quota.take(caller.uid)?;
        let (ours, theirs) = pipe_for_client()?;
        tokio::spawn(async move {
            if let Err(error) = log_follow::send(file, path, identity, request, ours).await {
                tracing::warn!(%error, "a log could not be read to its end");
            }
            drop(held);
        });
        Ok(theirs.into())
    }

    /// supervisord's name: group:name, or the bare name where both are the same.
    #[zbus(property(emits_changed_signal = "const"))]
    fn name(&self) -> &str {
        &self.name
    }

    /// Name for people.
    #[zbus(property(emits_changed_signal = "const"))]
    fn label(&self) -> String {
        self.entry_text(|entry| &entry.label)
    }

    /// One sentence on what it does; may be empty.
    #[zbus(property(emits_changed_signal = "const"))]
    fn description(&self) -> String {
        self.entry_text(|entry| &entry.description)
    }

    /// desktop, stream, remote-access, sound, system, other.
    #[zbus(property(emits_changed_signal = "const"))]
    fn category(&self) -> &str {
        self.view().map_or("", |view| view.entry.category.into())
    }

    /// supervisord's state in lower case; exited as soon as the kernel says so. Says nothing about health.
    #[zbus(property)]
    fn state(&self) -> &str {
        self.view().map_or(State::Unknown.into(), |view| view.state.into())
    }

    /// ok, failing, flapping, unknown (cannot be told), none (it is not meant to run now).
    #[zbus(property)]
    fn health(&self) -> &str {
        self.view().map_or("unknown", |view| view.health.into())
    }

    /// Why, for people; may be empty.
    #[zbus(property)]
    fn health_reason(&self) -> String {
        self.field(|view| view.health_reason.clone())
    }

    /// Unix time in seconds since when it is in its state; 0 if supervisord does not tell.
    #[zbus(property)]
    fn since(&self) -> u64 {
        self.field(|view| view.since.unwrap_or_default())
    }

    /// Its process id; 0 while there is no process.
    #[zbus(property)]
    fn pid(&self) -> u32 {
        self.field(|view| view.pid.unwrap_or_default())
    }

    /// Starts seen since the daemon began, but for the first.
    #[zbus(property)]
    fn restarts(&self) -> u32 {
        self.field(|view| view.restarts)
    }

    /// How it ended last: a number, or signal; empty if it has not ended, or is known to have ended only just now.
    #[zbus(property)]
    fn exit_status(&self) -> String {
        self.field(|view| view.exit.map(|exit| exit.to_string()).unwrap_or_default())
    }

    /// The desktop is of no use without it.
    #[zbus(property(emits_changed_signal = "const"))]
    fn essential(&self) -> bool {
        self.field(|view| view.entry.essential)
    }

    /// What a restart does to people; empty if nobody notices.
    #[zbus(property(emits_changed_signal = "const"))]
    fn consequence(&self) -> String {
        self.entry_text(|entry| &entry.consequence)
    }

    /// The services that must be up before it, by name.
    #[zbus(property(emits_changed_signal = "const"))]
    fn depends_on(&self) -> Vec<String> {
        self.field(|view| view.entry.depends_on.clone())
    }
}
