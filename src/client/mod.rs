//! The daemon as seen by its clients: typed facts, calls that end, jobs and changes that are followed to their end.
//!
//! Shared by the tray, the window and the command line. Nothing here prints, and nothing here starts the daemon: who
//! starts it is supervisord.

mod access;
pub mod autostart;
mod cuda;
pub mod cuda_words;
mod decode;
mod error;
mod facts;
mod feed;
mod follow;
mod gpu;
pub mod gpu_words;
mod installer;
pub mod preferences;
mod repository;
mod stream;
mod vnc;

use std::os::fd::OwnedFd;
use std::time::{Duration, SystemTime};

use zbus::fdo::ManagedObjects;
use zbus::proxy::{CacheProperties, MethodFlags};
use zbus::zvariant::{DynamicDeserialize, DynamicType};
use zbus::{Connection, MatchRule};

pub use error::Error;
pub use facts::{
    AccessFacts, ComponentFacts, CudaFacts, DriverPartFacts, EffectiveFacts, ElsewhereFacts, FindingFacts,
    ForwardFacts, GpuFacts, GpuMomentFacts, GpuProcessFacts, GpuStats, GpuTrouble, ImageFacts, JobFacts, PendingFacts,
    PlanFacts, PresetFacts, RootFacts, ServiceFacts, SettingFacts, Snapshot, StreamFacts, ToolkitFacts, TunnelFacts,
    TurnFacts, VncFacts, VncViewerFacts, VncWebFacts, WayFacts,
};
pub use feed::{Fact, feed};
pub use follow::{Milestone, Patience};
pub use installer::{
    AvailableToolkit, InstallerVerb, JobCheck, PlannedPackage, PlannedSpace, ToolkitPlan, ToolkitWish,
};
pub use repository::RepositoryFacts;
pub use stream::{Change, Terms, Wish};
pub use vnc::VncChange;

use crate::api::proxy::{Dictionary, JobProxy, Options, RootProxy, ServiceProxy};
use crate::api::{self, BUS_NAME, ROOT_PATH, interface};

/// Unix time in seconds.
#[must_use]
pub fn unix_now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// How long the bus may take to let us in.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How long the daemon may take to answer.
const CALL_LIMIT: Duration = Duration::from_secs(10);
/// The same where a person may first be asked for a password; the daemon itself gives them two minutes.
const INTERACTIVE_LIMIT: Duration = Duration::from_secs(150);

/// What is to be done with a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Start it.
    Start {
        /// First everything that it needs.
        with_dependencies: bool,
    },
    /// Stop it.
    Stop {
        /// Also where that cuts the way by which services are controlled.
        force: bool,
    },
    /// Stop it and start it again.
    Restart {
        /// And everything running that needs it, in order.
        with_dependents: bool,
    },
}

/// A connection to the bus that the daemon is on.
#[derive(Clone, Debug)]
pub struct Client {
    connection: Connection,
}

impl Client {
    /// Connects to the system bus. Does not ask the daemon anything yet.
    ///
    /// # Errors
    /// [`Error::NotReachable`].
    pub async fn connect() -> Result<Self, Error> {
        let connect = async { zbus::connection::Builder::system()?.build().await };
        let answer = tokio::time::timeout(CONNECT_LIMIT, connect).await;
        let silent = format!("no answer within {} s", CONNECT_LIMIT.as_secs());
        match answer.map_err(|_| Error::no_bus(&silent))? {
            Ok(connection) => Ok(Self { connection }),
            // Whatever goes wrong before there is a connection, it is the bus that cannot be reached.
            Err(error) => Err(match error.into() {
                Error::Refused(error) => Error::no_bus(&error.sentence()),
                away => away,
            }),
        }
    }

    /// Everything that the daemon knows.
    ///
    /// # Errors
    /// The daemon does not answer.
    pub async fn snapshot(&self) -> Result<Snapshot, Error> {
        let (root, below) = self.everything().await?;
        Ok(decode::snapshot(root, below))
    }

    /// The root's properties, and the objects below it: an object manager does not tell of itself.
    async fn everything(&self) -> Result<(Dictionary, ManagedObjects), Error> {
        let below = self.read(ROOT_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", &());
        tokio::try_join!(self.properties(ROOT_PATH, interface::ROOT), below)
    }

    /// Has every service looked at more closely (each 5 s instead of each 60 s) until the returned descriptor is
    /// closed.
    ///
    /// # Errors
    /// The daemon refuses or does not answer.
    pub async fn watch(&self) -> Result<OwnedFd, Error> {
        let proxy = RootProxy::builder(&self.connection).cache_properties(CacheProperties::No).build().await?;
        Ok(prompt(proxy.watch(Options::new())).await?.into())
    }

    /// One job as it is now. A finished one is remembered for a minute at least.
    ///
    /// # Errors
    /// The daemon does not answer, or knows no such job.
    pub async fn job(&self, id: u64) -> Result<JobFacts, Error> {
        let properties = self.properties(&api::job_path(id), interface::JOB).await;
        Ok(decode::job(id, properties.map_err(|error| no_such_job(id, error))?))
    }

    /// Has something done with a service, and returns the number of the job that does it.
    ///
    /// # Errors
    /// The daemon refuses or does not answer.
    pub async fn control(&self, service: &str, verb: Verb) -> Result<u64, Error> {
        let proxy = self.service(service).await?;
        let option = |key, value: bool| Options::from([(key, value.into())]);
        let call = async {
            match verb {
                Verb::Start { with_dependencies } => proxy.start(option("dependencies", with_dependencies)).await,
                Verb::Stop { force } => proxy.stop(option("force", force)).await,
                Verb::Restart { with_dependents } => proxy.restart(option("dependents", with_dependents)).await,
            }
        };
        match decode::number_of(&interactive(call).await?) {
            0 => Err(error::odd("its job has no number")),
            id => Ok(id),
        }
    }

    /// Opens a service's log: the last `lines` lines and, when following, what comes. Bytes as the service wrote them.
    ///
    /// # Errors
    /// The daemon refuses or does not answer.
    pub async fn open_log(&self, service: &str, lines: u32, follow: bool) -> Result<OwnedFd, Error> {
        let proxy = self.service(service).await?;
        let options = Options::from([("lines", lines.into()), ("follow", follow.into())]);
        Ok(interactive(proxy.open_log(options)).await?.into())
    }

    /// Asks a job to stop. When it has, following it tells.
    ///
    /// # Errors
    /// The daemon refuses or does not answer, or the job is over.
    pub async fn cancel(&self, id: u64) -> Result<(), Error> {
        let proxy = JobProxy::builder(&self.connection).path(api::job_path(id));
        let proxy = proxy?.cache_properties(CacheProperties::No).build().await?;
        interactive(proxy.cancel(Options::new())).await.map_err(|error| no_such_job(id, error))
    }

    async fn service(&self, name: &str) -> Result<ServiceProxy<'static>, Error> {
        let proxy = ServiceProxy::builder(&self.connection).path(api::service_path(name));
        Ok(proxy?.cache_properties(CacheProperties::No).build().await?)
    }

    async fn properties(&self, path: &str, interface: &str) -> Result<Dictionary, Error> {
        self.read(path, "org.freedesktop.DBus.Properties", "GetAll", &(interface,)).await
    }

    /// Calls a method that only reads.
    async fn read<B, R>(&self, path: &str, interface: &str, method: &str, body: &B) -> Result<R, Error>
    where
        B: serde::Serialize + DynamicType,
        R: for<'d> DynamicDeserialize<'d>,
    {
        let proxy = zbus::proxy::Builder::<zbus::Proxy<'_>>::new(&self.connection)
            .destination(BUS_NAME)?
            .path(path)?
            .interface(interface)?
            .cache_properties(CacheProperties::No)
            .build()
            .await?;
        let call = proxy.call_with_flags(method, MethodFlags::NoAutoStart.into(), body);
        let answer = tokio::time::timeout(CALL_LIMIT, call).await.map_err(|_| Error::silent(CALL_LIMIT))??;
        answer.ok_or_else(|| error::odd("no answer at all"))
    }
}

/// Each change of the daemon's owner on the bus.
fn name_owner_changes() -> zbus::Result<MatchRule<'static>> {
    let rule = MatchRule::builder().msg_type(zbus::message::Type::Signal).sender("org.freedesktop.DBus")?;
    Ok(rule.interface("org.freedesktop.DBus")?.member("NameOwnerChanged")?.add_arg(BUS_NAME)?.build())
}

/// Gives a call the time that the daemon may need by itself.
async fn prompt<T>(call: impl Future<Output = Result<T, api::Error>>) -> Result<T, Error> {
    let answer = tokio::time::timeout(CALL_LIMIT, call).await;
    answer.map_err(|_| Error::silent(CALL_LIMIT))?.map_err(error::from_call)
}

/// Gives a call the time that a person may need to permit it.
async fn interactive<T>(call: impl Future<Output = Result<T, api::Error>>) -> Result<T, Error> {
    let answer = tokio::time::timeout(INTERACTIVE_LIMIT, call).await;
    answer.map_err(|_| Error::silent(INTERACTIVE_LIMIT))?.map_err(error::from_call)
}

fn no_such_job(id: u64, error: Error) -> Error {
    match error {
        Error::Refused(api::Error::UnknownObject(_)) => Error::Refused(api::Error::UnknownObject(format!(
            "There is no job {id}, or it is over for so long that it is forgotten. `desktopctl jobs` lists those that \
             are known."
        ))),
        other => other,
    }
}
