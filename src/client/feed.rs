//! What the daemon knows, told as it changes: for clients that stay, such as the tray and the window.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::{BoxStream, select};
use tokio::time::Instant;
use zbus::fdo::NameOwnerChanged;
use zbus::message::{Message, Type};
use zbus::zvariant::{OwnedObjectPath, OwnedValue};
use zbus::{MatchRule, MessageStream};

use super::decode::{self, Told};
use super::facts::{
    AccessFacts, CudaFacts, GpuFacts, JobFacts, PendingFacts, RootFacts, ServiceFacts, Snapshot, StreamFacts,
    ToolkitFacts, VncFacts, WayFacts,
};
use super::{CALL_LIMIT, Client, Error, name_owner_changes};
use crate::api::proxy::Dictionary;
use crate::api::{BUS_NAME, ROOT_PATH};

/// A restart of the daemon or of the bus is over within this, and then nobody needs to hear of it.
const GRACE: Duration = Duration::from_secs(1);
/// What is away is looked for after this, then twice as long each time.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_LAST: Duration = Duration::from_secs(10);
/// As many signals may wait for us before the bus has to keep them.
const QUEUE: usize = 256;

/// One piece of news.
#[derive(Clone, Debug)]
pub enum Fact {
    /// The daemon is there, for the first time or again. This is everything as of now, and whom to ask for changes.
    Arrived(Client, Box<Snapshot>),
    /// The daemon cannot be asked, for this reason. What was known is what was.
    Away(String),
    /// The root object has changed.
    Root(RootFacts),
    /// A service is new or has changed.
    Service(Box<ServiceFacts>),
    /// The service with this name is no longer one.
    ServiceGone(String),
    /// A job is new or has changed.
    Job(Box<JobFacts>),
    /// The job with this number is forgotten.
    JobGone(u64),
    /// The ways in have changed, or what belongs to all of them.
    Access(Vec<WayFacts>, Box<AccessFacts>),
    /// The daemon knows no ways in any more.
    AccessGone,
    /// The stream has changed: what it does, or its settings; see [`StreamFacts::revision`].
    Stream(Box<StreamFacts>),
    /// The daemon knows no stream any more.
    StreamGone,
    /// A change is on trial, is further than before, or is over.
    Pending(Box<PendingFacts>),
    /// The change with this number is forgotten.
    PendingGone(u64),
    /// A GPU is new, or works otherwise than before.
    Gpu(Box<GpuFacts>),
    /// The GPU with this UUID is forgotten.
    GpuGone(String),
    /// VNC has changed: its settings, or who is connected.
    Vnc(Box<VncFacts>),
    /// The daemon knows nothing of VNC any more.
    VncGone,
    /// CUDA as a whole has changed.
    Cuda(Box<CudaFacts>),
    /// The daemon knows nothing of CUDA any more.
    CudaGone,
    /// A toolkit is new or has changed, or is judged otherwise.
    Toolkit(Box<ToolkitFacts>),
    /// The toolkit with this name is gone.
    ToolkitGone(String),
}

impl Snapshot {
    /// Takes over what `fact` says. That the daemon is away leaves everything as it was.
    pub fn apply(&mut self, fact: &Fact) {
        match fact {
            Fact::Arrived(_, snapshot) => self.clone_from(snapshot),
            Fact::Away(_) => {}
            Fact::Root(root) => self.root.clone_from(root),
            Fact::Service(service) => match self.services.binary_search_by(|known| known.name.cmp(&service.name)) {
                Ok(at) => self.services[at].clone_from(service),
                Err(at) => self.services.insert(at, (**service).clone()),
            },
            Fact::ServiceGone(name) => self.services.retain(|service| service.name != *name),
            Fact::Job(job) => match self.jobs.binary_search_by_key(&job.id, |known| known.id) {
                Ok(at) => self.jobs[at].clone_from(job),
                Err(at) => self.jobs.insert(at, (**job).clone()),
            },
            Fact::JobGone(id) => self.jobs.retain(|job| job.id != *id),
            Fact::Access(ways, access) => {
                self.ways.clone_from(ways);
                self.access = Some(access.clone());
            }
            Fact::AccessGone => {
                self.ways.clear();
                self.access = None;
            }
            Fact::Stream(stream) => self.stream = Some((**stream).clone()),
            Fact::StreamGone => self.stream = None,
            Fact::Pending(change) => match self.pending.binary_search_by_key(&change.id, |known| known.id) {
                Ok(at) => self.pending[at].clone_from(change),
                Err(at) => self.pending.insert(at, (**change).clone()),
            },
            Fact::PendingGone(id) => self.pending.retain(|change| change.id != *id),
            Fact::Gpu(gpu) => {
                self.gpus.retain(|known| known.uuid != gpu.uuid);
                self.gpus.push((**gpu).clone());
                self.gpus.sort_by(decode::gpu_order);
            }
            Fact::GpuGone(uuid) => self.gpus.retain(|gpu| gpu.uuid != *uuid),
            Fact::Vnc(vnc) => self.vnc = Some(vnc.clone()),
            Fact::VncGone => self.vnc = None,
            Fact::Cuda(cuda) => self.cuda = Some(cuda.clone()),
            Fact::CudaGone => self.cuda = None,
            Fact::Toolkit(toolkit) => {
                self.toolkits.retain(|known| known.id != toolkit.id);
                self.toolkits.push((**toolkit).clone());
                self.toolkits.sort_by(decode::toolkit_order);
            }
            Fact::ToolkitGone(id) => self.toolkits.retain(|toolkit| toolkit.id != *id),
        }
    }
}

/// Tells every change for as long as it is polled, across the end of the daemon and of the bus. Costs nothing while
/// nothing changes.
pub async fn feed(mut tell: impl FnMut(Fact)) -> Infallible {
    let mut away = Away::default();
    loop {
        let lost = match Client::connect().await {
            Ok(client) => match follow(&client, &mut tell, &mut away).await {
                Ok(never) => return never,
                Err(lost) => lost,
            },
            Err(error) => error,
        };
        away.tell(&lost, &mut tell);
        tokio::time::sleep(away.next_try()).await;
    }
}

/// Tells what one connection brings, until it is lost.
async fn follow(client: &Client, tell: &mut impl FnMut(Fact), away: &mut Away) -> Result<Infallible, Error> {
    let mut news = client.news().await?;
    loop {
        match Ledger::read(client).await {
            Ok((mut ledger, snapshot)) => {
                *away = Away::default();
                tell(Fact::Arrived(client.clone(), snapshot));
                while let News::Signal(signal) = next(&mut news).await? {
                    ledger.enter(&signal).into_iter().for_each(&mut *tell);
                }
                away.begin();
            }
            Err(error) => {
                away.tell(&error, tell);
                // Whoever has no owner says so when there is one; whoever is silent must be asked again.
                let patience = tokio::time::sleep(away.next_try());
                tokio::pin!(patience);
                loop {
                    tokio::select! {
                        news = next(&mut news) => if matches!(news?, News::Owner) { break },
                        () = &mut patience => break,
                    }
                }
            }
        }
    }
}

/// Since when the daemon has been away, and whether that has been told.
#[derive(Default)]
struct Away {
    since: Option<Instant>,
    told: Option<String>,
    tries: u32,
}

impl Away {
    /// From now on, if it was there until now.
    fn begin(&mut self) {
        self.since.get_or_insert_with(Instant::now);
    }

    fn tell(&mut self, error: &Error, tell: &mut impl FnMut(Fact)) {
        // At the very start there is nothing that could stand for a while.
        let within_grace = self.since.is_some_and(|since| since.elapsed() < GRACE);
        let reason = error.to_string();
        if !within_grace && self.told.as_ref() != Some(&reason) {
            tell(Fact::Away(reason.clone()));
            self.told = Some(reason);
        }
    }

    fn next_try(&mut self) -> Duration {
        self.begin();
        let pause = RETRY_FIRST * 2_u32.saturating_pow(self.tries.min(10));
        self.tries += 1;
        pause.min(RETRY_LAST)
    }
}

/// What a connection brings.
pub(super) enum News {
    /// A signal of the daemon.
    Signal(Message),
    /// The daemon's name has another owner, or none.
    Owner,
}

pub(super) async fn next(news: &mut BoxStream<'static, zbus::Result<Message>>) -> Result<News, Error> {
    let message = news.next().await.ok_or_else(|| Error::no_bus("it has just ended"))??;
    let is_owner = NameOwnerChanged::from_message(message.clone()).is_some();
    Ok(if is_owner { News::Owner } else { News::Signal(message) })
}

impl Client {
    /// Every signal of the daemon, and each change of its owner; ends with the connection.
    pub(super) async fn news(&self) -> Result<BoxStream<'static, zbus::Result<Message>>, Error> {
        let ours = MatchRule::builder().msg_type(Type::Signal).sender(BUS_NAME)?.path_namespace(ROOT_PATH)?.build();
        let subscribe = async {
            let ours = MessageStream::for_match_rule(ours, &self.connection, Some(QUEUE)).await?;
            let owners = MessageStream::for_match_rule(name_owner_changes()?, &self.connection, None).await?;
            Ok::<_, zbus::Error>(select(ours, owners).boxed())
        };
        Ok(tokio::time::timeout(CALL_LIMIT, subscribe).await.map_err(|_| Error::no_bus("no answer"))??)
    }
}

/// The daemon's objects as it told them last: a signal carries only what has changed of one.
struct Ledger {
    objects: HashMap<String, (String, Dictionary)>,
}

impl Ledger {
    async fn read(client: &Client) -> Result<(Self, Box<Snapshot>), Error> {
        let (root, below) = client.everything().await?;
        let mut ledger = Self { objects: HashMap::new() };
        ledger.objects.insert(ROOT_PATH.into(), (crate::api::interface::ROOT.into(), copy(&root)));
        for (path, interfaces) in &below {
            ledger.keep(path, interfaces.iter().map(|(name, properties)| (name.as_str(), copy(properties))));
        }
        Ok((ledger, Box::new(decode::snapshot(root, below))))
    }

    /// Keeps an object's one interface of ours.
    fn keep<'i>(&mut self, path: &str, interfaces: impl Iterator<Item = (&'i str, Dictionary)>) {
        for (interface, properties) in interfaces.filter(|(name, _)| name.starts_with(BUS_NAME)) {
            self.objects.insert(path.into(), (interface.into(), properties));
        }
    }

    /// What a signal says. Signals may tell again what was known already; then the newest still comes last.
    fn enter(&mut self, signal: &Message) -> Option<Fact> {
        let header = signal.header();
        let path = header.path()?.as_str();
        match header.member()?.as_str() {
            "PropertiesChanged" => {
                let (of, changed, gone): (String, Dictionary, Vec<String>) = signal.body().deserialize().ok()?;
                let (interface, properties) = self.objects.get_mut(path)?;
                if *interface != of {
                    return None;
                }
                properties.retain(|name, _| !gone.contains(name));
                properties.extend(changed);
                self.told(path)
            }
            "InterfacesAdded" => {
                let (path, interfaces): (OwnedObjectPath, HashMap<String, Dictionary>) =
                    signal.body().deserialize().ok()?;
                self.keep(&path, interfaces.iter().map(|(name, properties)| (name.as_str(), copy(properties))));
                self.told(&path)
            }
            "InterfacesRemoved" => {
                let (path, interfaces): (OwnedObjectPath, Vec<String>) = signal.body().deserialize().ok()?;
                let (interface, _) = self.objects.get(path.as_str())?;
                if !interfaces.contains(interface) {
                    return None;
                }
                let (interface, _) = self.objects.remove(path.as_str())?;
                decode::gone(&path, &interface)
            }
            _ => None,
        }
    }

    fn told(&self, path: &str) -> Option<Fact> {
        let (interface, properties) = self.objects.get(path)?;
        decode::object(path, interface, copy(properties)).map(|told| match told {
            Told::Root(root) => Fact::Root(root),
            Told::Service(service) => Fact::Service(Box::new(service)),
            Told::Job(job) => Fact::Job(Box::new(job)),
            Told::Access(ways, access) => Fact::Access(ways, Box::new(access)),
            Told::Stream(stream) => Fact::Stream(Box::new(stream)),
            Told::Pending(change) => Fact::Pending(Box::new(change)),
            Told::Gpu(gpu) => Fact::Gpu(Box::new(gpu)),
            Told::Vnc(vnc) => Fact::Vnc(Box::new(vnc)),
            Told::Cuda(cuda) => Fact::Cuda(Box::new(cuda)),
            Told::Toolkit(toolkit) => Fact::Toolkit(Box::new(toolkit)),
        })
    }
}

/// Only descriptors cannot be copied, and no property is one.
fn copy(properties: &Dictionary) -> Dictionary {
    let pairs = properties.iter().filter_map(|(name, value)| Some((name.clone(), value.try_clone().ok()?)));
    pairs.collect::<HashMap<String, OwnedValue>>()
}

#[cfg(test)]
mod tests;
