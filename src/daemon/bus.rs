//! Serving the tree on the system bus, and serving it again when the bus has died.
//!
//! zbus never reconnects and does not say that a connection is dead; only the end of its message stream tells. State
//! and jobs do not live here, so a new bus gets the same tree under the same paths.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;
use zbus::fdo::{ObjectManager, Properties, RequestNameFlags};
use zbus::object_server::{Interface, InterfaceRef, SignalEmitter};
use zbus::zvariant::OwnedValue;
use zbus::{Connection, MessageStream};

use super::iface::{
    AccessObject, CudaObject, GpuObject, Ground, JobObject, PendingObject, RootObject, ServiceObject, StreamObject,
    ToolkitObject, VncObject,
};
use super::store::{Key, Mode};
use crate::api::{self, BUS_NAME, ROOT_PATH};
use crate::model::job::{Job, JobState};
use crate::model::trial::Trial;

/// The bus may take so long to let us in.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// A bus that is away is looked for after this, then twice as long each time.
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_LAST: Duration = Duration::from_secs(2);

/// Why serving ended.
enum End {
    /// The bus is gone.
    BusLost,
    /// Another daemon has taken our name over.
    Replaced,
}

/// Serves until another daemon takes over; then tells `shutdown`.
pub(super) async fn serve(ground: Ground, shutdown: CancellationToken) {
    let mut retry = RETRY_FIRST;
    loop {
        match serve_once(&ground, &mut retry).await {
            Ok(End::BusLost) => tracing::warn!("the system bus is gone, looking for a new one"),
            Ok(End::Replaced) => {
                tracing::warn!("another daemon has taken over, ending");
                return shutdown.cancel();
            }
            Err(error) => tracing::warn!(%error, "cannot serve on the system bus, trying again"),
        }
        tokio::time::sleep(retry).await;
        retry = (retry * 2).min(RETRY_LAST);
    }
}

async fn serve_once(ground: &Ground, retry: &mut Duration) -> zbus::Result<End> {
    let connect = async { zbus::connection::Builder::system()?.build().await };
    let connection = tokio::time::timeout(CONNECT_LIMIT, connect)
        .await
        .map_err(|_| zbus::Error::Failure("the bus does not answer".into()))??;
    let mut stream = MessageStream::from(&connection);
    // What has changed up to here is in the tree that is built now.
    let mut changes = ground.store.changes();
    ground.store.take_dirty();
    let mut tree = Tree { ground: ground.clone(), connection: connection.clone(), published: BTreeMap::new() };
    for key in ground.store.keys() {
        tree.bring_up_to_date(key).await?;
    }
    // Last but one: so nobody sees half a tree. Last: the name.
    connection.object_server().at(ROOT_PATH, ObjectManager).await?;
    let mut mode = ground.store.mode();
    request_name(&connection, mode).await?;
    *retry = RETRY_FIRST;
    tracing::info!(name = BUS_NAME, "serving");
    loop {
        tokio::select! {
            message = stream.next() => match message {
                Some(Ok(message)) if is_name_lost(&message) => return Ok(End::Replaced),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Ok(End::BusLost),
            },
            _ = changes.changed() => {
                for key in ground.store.take_dirty() {
                    tree.bring_up_to_date(key).await?;
                }
                if ground.store.mode() != mode {
                    mode = ground.store.mode();
                    request_name(&connection, mode).await?;
                }
            }
        }
    }
}

/// Takes the name. A daemon that supervisord feeds keeps it; one that only polls yields to any successor, since a new
/// supervisord starts a daemon of its own.
async fn request_name(connection: &Connection, mode: Mode) -> zbus::Result<()> {
    let mut flags = RequestNameFlags::DoNotQueue | RequestNameFlags::ReplaceExisting;
    if mode == Mode::Polling {
        flags |= RequestNameFlags::AllowReplacement;
    }
    let bus = zbus::fdo::DBusProxy::new(connection).await?;
    match bus.request_name(BUS_NAME.try_into()?, flags).await? {
        zbus::fdo::RequestNameReply::PrimaryOwner | zbus::fdo::RequestNameReply::AlreadyOwner => Ok(()),
        _ => Err(zbus::Error::NameTaken),
    }
}

fn is_name_lost(message: &zbus::Message) -> bool {
    let header = message.header();
    let from_bus = header.sender().is_some_and(|sender| sender.as_str() == "org.freedesktop.DBus");
    from_bus
        && header.member().is_some_and(|member| member.as_str() == "NameLost")
        && message.body().deserialize::<&str>().is_ok_and(|name| name == BUS_NAME)
}

/// What the bus has been told.
struct Tree {
    ground: Ground,
    connection: Connection,
    published: BTreeMap<Key, Published>,
}

struct Published {
    properties: HashMap<String, OwnedValue>,
    /// Its end has been told, or it was over when it appeared.
    finished: bool,
}

impl Tree {
    /// Makes the object of `key` look like the store: adds it, removes it, or tells which properties changed.
    async fn bring_up_to_date(&mut self, key: Key) -> zbus::Result<()> {
        let ground = self.ground.clone();
        match key.clone() {
            Key::Root => self.show(key, ROOT_PATH.into(), true, || RootObject { ground }).await,
            Key::Access => self.show(key, api::below("access"), true, || AccessObject { ground }).await,
            Key::Stream => self.show(key, api::below("stream"), true, || StreamObject { ground }).await,
            Key::Vnc => self.show(key, api::below("vnc"), true, || VncObject { ground }).await,
            Key::Service(name) => {
                let there = ground.store.service(&name).is_some();
                self.show(key, api::service_path(&name), there, || ServiceObject { ground, name }).await
            }
            Key::Pending(id) => {
                let trial = ground.store.pending(id);
                let path = api::pending_path(id);
                self.show(key.clone(), path, trial.is_some(), || PendingObject { ground, id }).await?;
                match trial {
                    Some(trial) => self.tell_verdict(&key, &trial).await,
                    None => Ok(()),
                }
            }
            Key::Gpu(uuid) => {
                let there = ground.store.gpu(&uuid).is_some();
                self.show(key, api::gpu_path(&uuid), there, || GpuObject { ground, uuid }).await
            }
            Key::Cuda => self.show(key, api::below("cuda"), true, || CudaObject { ground }).await,
            Key::Toolkit(id) => {
                let there = ground.store.toolkit(&id).is_some();
                self.show(key, api::toolkit_path(&id), there, || ToolkitObject { ground, id }).await
            }
            Key::GpuStats(uuid) => self.tell_stats(&uuid).await,
            Key::Job(id) => {
                let job = ground.store.job(id);
                self.show(key.clone(), api::job_path(id), job.is_some(), || JobObject { ground, id }).await?;
                match job {
                    Some(job) => self.tell_end(&key, &job).await,
                    None => Ok(()),
                }
            }
        }
    }

    async fn show<I: Interface>(
        &mut self,
        key: Key,
        path: String,
        there: bool,
        object: impl FnOnce() -> I,
    ) -> zbus::Result<()> {
        let server = self.connection.object_server();
        if !there {
            if self.published.remove(&key).is_some() {
                server.remove::<I, _>(path).await?;
            }
            return Ok(());
        }
        if !self.published.contains_key(&key) {
            let finished = self.is_over(&key);
            server.at(path.clone(), object()).await?;
            let properties = self.properties_of(&server.interface::<_, I>(path).await?).await?;
            self.published.insert(key, Published { properties, finished });
            return Ok(());
        }
        let interface = server.interface::<_, I>(path).await?;
        let now = self.properties_of(&interface).await?;
        if let Some(published) = self.published.get_mut(&key) {
            let before = std::mem::replace(&mut published.properties, now);
            let changed = published.properties.iter().filter(|(name, value)| before.get(*name) != Some(value));
            let changed: HashMap<&str, _> = changed.map(|(name, value)| (name.as_str(), (**value).clone())).collect();
            if !changed.is_empty() {
                let name = I::name();
                Properties::properties_changed(interface.signal_emitter(), name, changed, (&[]).into()).await?;
            }
        }
        Ok(())
    }

    async fn properties_of<I: Interface>(
        &self,
        interface: &InterfaceRef<I>,
    ) -> zbus::Result<HashMap<String, OwnedValue>> {
        let emitter: &SignalEmitter<'_> = interface.signal_emitter();
        let object = interface.get().await;
        Ok(object.get_all(self.connection.object_server(), &self.connection, None, emitter).await?)
    }

    fn is_over(&self, key: &Key) -> bool {
        match key {
            Key::Job(id) => self.ground.store.job(*id).is_some_and(|job| job.state == JobState::Finished),
            Key::Pending(id) => self.ground.store.pending(*id).is_some_and(|trial| trial.stage.is_over()),
            _ => false,
        }
    }

    /// Whether the end of what `key` stands for is to be told now: once, after the properties, and not of what was over
    /// when it appeared.
    fn ends_now(&mut self, key: &Key) -> bool {
        let over = self.is_over(key);
        self.published.get_mut(key).is_some_and(|published| over && !std::mem::replace(&mut published.finished, true))
    }

    async fn tell_verdict(&mut self, key: &Key, trial: &Trial) -> zbus::Result<()> {
        if !self.ends_now(key) {
            return Ok(());
        }
        let emitter = SignalEmitter::new(&self.connection, api::pending_path(trial.id))?;
        PendingObject::finished(&emitter, trial.stage.into(), &trial.reason).await
    }

    /// Only of a GPU that has an object.
    async fn tell_stats(&self, uuid: &str) -> zbus::Result<()> {
        let Some(view) = self.ground.store.gpu(uuid) else { return Ok(()) };
        if !self.published.contains_key(&Key::Gpu(uuid.to_owned())) {
            return Ok(());
        }
        let emitter = SignalEmitter::new(&self.connection, api::gpu_path(uuid))?;
        GpuObject::stats_updated(&emitter, view.stats.clone()).await
    }

    async fn tell_end(&mut self, key: &Key, job: &Arc<Job>) -> zbus::Result<()> {
        if !self.ends_now(key) {
            return Ok(());
        }
        let (name, message) = job.error.as_ref().map_or(("", ""), |error| (&error.name, &error.message));
        let emitter = SignalEmitter::new(&self.connection, api::job_path(job.id))?;
        JobObject::finished(&emitter, job.result.map_or("", Into::into), name, message).await
    }
}
