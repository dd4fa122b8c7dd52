//! The D-Bus objects: thin shells that authorise, then read the store or hand on to who does the work.

mod access;
mod cuda;
mod gpu;
mod job;
mod pending;
mod root;
mod service;
mod stream;
mod toolkit;
mod vnc;

use std::collections::HashMap;
use std::os::fd::OwnedFd;

use tokio::net::unix::pipe;
use zbus::Connection;
use zbus::message::Header;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value};

use super::access::Access;
use super::auth::Authority;
use super::cuda::Cuda;
use super::gpu::Gpus;
use super::jobs::Jobs;
use super::leases::Quota;
use super::pending::Pending;
use super::store::Store;
use super::stream::Stream;
use super::vnc::Vnc;
use crate::api::{self, Error};

pub(super) use access::AccessObject;
pub(super) use cuda::CudaObject;
pub(super) use gpu::GpuObject;
pub(super) use job::JobObject;
pub(super) use pending::PendingObject;
pub(super) use root::RootObject;
pub(super) use service::ServiceObject;
pub(super) use stream::StreamObject;
pub(super) use toolkit::ToolkitObject;
pub(super) use vnc::VncObject;

/// What the objects stand on. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Ground {
    pub(super) store: std::sync::Arc<Store>,
    pub(super) jobs: Jobs,
    pub(super) pending: Pending,
    pub(super) stream: Stream,
    pub(super) vnc: Vnc,
    pub(super) access: Access,
    pub(super) gpus: Gpus,
    pub(super) cuda: Cuda,
    pub(super) authority: Authority,
    pub(super) quota: Quota,
    pub(super) watchers: tokio::sync::watch::Sender<usize>,
    pub(super) root: crate::host::root::Root,
    pub(super) variant: String,
    pub(super) up_since: Option<u64>,
}

/// A method's `a{sv}`. Unknown keys are left alone; a known key with a value of another type is refused.
type Options = HashMap<String, OwnedValue>;

fn flag(options: &Options, key: &str) -> Result<bool, Error> {
    typed(options, key, false, "true or false")
}

fn number(options: &Options, key: &str, default: u32) -> Result<u32, Error> {
    typed(options, key, default, "a number (u)")
}

fn typed<T: for<'v> TryFrom<&'v Value<'v>>>(options: &Options, key: &str, default: T, what: &str) -> Result<T, Error> {
    options.get(key).map_or(Ok(default), |value| {
        T::try_from(value).map_err(|_| Error::InvalidSetting(format!("The option “{key}” must be {what}.")))
    })
}

/// A pipe for a client: our end, and theirs as they expect it.
fn pipe_for_client() -> Result<(pipe::Sender, OwnedFd), Error> {
    let failed = |error: std::io::Error| Error::Internal(format!("No pipe could be made ({error}). Try again later."));
    let (sender, receiver) = pipe::pipe().map_err(failed)?;
    Ok((sender, receiver.into_blocking_fd().map_err(failed)?))
}

/// A job as it is returned: its path, or `/` where there is none.
fn path_of(job: Option<u64>) -> Result<OwnedObjectPath, Error> {
    let path = job.map_or_else(|| "/".to_owned(), api::job_path);
    let path = ObjectPath::try_from(path);
    path.map(Into::into).map_err(|error| Error::Internal(format!("The job has no path ({error}).")))
}

/// What a method knows about its call.
struct Call<'c> {
    connection: &'c Connection,
    header: &'c Header<'c>,
}
