//! What can be asked about installing CUDA.

use std::os::fd::OwnedFd;
use std::time::Duration;

use serde::Serialize;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use zbus::proxy::CacheProperties;
use zbus::zvariant::OwnedObjectPath;

use super::{Client, Error, decode, error, interactive};
use crate::api;
use crate::api::installer::{AvailableInfo, PlanInfo};
use crate::api::proxy::{InstallerProxy, JobProxy, Options};

/// Reading a repository over a slow line, and a person who first types a password.
const QUESTION_LIMIT: Duration = Duration::from_mins(15);
/// What a job has said is here at once.
const LOG_LIMIT: Duration = Duration::from_secs(30);
/// No log of a job is longer, in bytes.
const MOST_LOG: u64 = 4 * 1024 * 1024;

/// A toolkit that the repository has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AvailableToolkit {
    /// Its release, such as `12.9`.
    pub release: String,
    /// Its whole version.
    pub version: String,
    /// How much of it can be had: `runtime`, `compiler`, `development`, `full`.
    pub profiles: Vec<String>,
    /// What can be had with it: `cudnn`, `nccl`, `forward-compatibility`.
    pub extras: Vec<String>,
    /// The driver whose libraries its forward compatibility package holds.
    pub compat_driver: Option<String>,
    /// Whether it will run here.
    pub verdict: String,
    /// Why, one sentence.
    pub verdict_reason: String,
    /// It is the one to choose.
    pub recommended: bool,
}

/// What an installation or a removal would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ToolkitPlan {
    /// What would be installed.
    pub install: Vec<PlannedPackage>,
    /// What would be removed.
    pub remove: Vec<String>,
    /// Bytes to fetch.
    pub download_bytes: u64,
    /// Bytes on disk afterwards.
    pub installed_bytes: u64,
    /// Each file system that is written to.
    pub space: Vec<PlannedSpace>,
    /// The repository's URL.
    pub repository: String,
    /// Where the licence is.
    pub licence: String,
}

/// A package that would be installed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PlannedPackage {
    /// Its name.
    pub name: String,
    /// The version that is installed now.
    pub from: Option<String>,
    /// The version that would be.
    pub to: String,
}

/// A file system that would be written to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PlannedSpace {
    /// A folder on it.
    pub folder: String,
    /// Bytes that are free.
    pub free_bytes: u64,
    /// Bytes that are needed.
    pub needed_bytes: u64,
}

/// A toolkit as it is wished for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolkitWish {
    /// Its release, such as `12.9`.
    pub release: String,
    /// `runtime`, `compiler`, `development` or `full`.
    pub profile: String,
    /// `cudnn`, `nccl`, `forward-compatibility`.
    pub extras: Vec<String>,
    /// It becomes the default.
    pub default: bool,
}

/// Something that was tried with a toolkit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JobCheck {
    /// What was tried.
    pub what: String,
    /// `passed`, `failed` or `not-checked`.
    pub verdict: String,
    /// What came of it, or why it could not be tried.
    pub found: String,
}

/// What the installer is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstallerVerb {
    /// Install a toolkit.
    Install(ToolkitWish),
    /// Remove the toolkit of this release.
    Remove(String),
    /// Make it the default.
    SetDefault(String),
    /// Install its forward compatibility libraries.
    EnableCompat(String),
    /// Try it.
    Verify(String),
    /// Put right what an interrupted installation has left.
    Repair,
}

impl Client {
    /// The toolkits that the repository has, best first. It is fetched anew, which may take minutes.
    ///
    /// # Errors
    /// The repository cannot be used, or the daemon refuses or does not answer.
    pub async fn available_toolkits(&self) -> Result<Vec<AvailableToolkit>, Error> {
        let proxy = self.installer().await?;
        let all = patient(proxy.list_available(Options::new())).await?;
        Ok(all.into_iter().map(available).collect())
    }

    /// What installing would do.
    ///
    /// # Errors
    /// It would touch the driver or remove something, or cannot be had, or the daemon refuses or does not answer.
    pub async fn plan_toolkit(&self, wish: &ToolkitWish) -> Result<ToolkitPlan, Error> {
        let proxy = self.installer().await?;
        patient(proxy.plan(&wish.release, &wish.profile, options(wish))).await.map(plan)
    }

    /// What removing would do.
    ///
    /// # Errors
    /// It is not installed or is needed, or the daemon refuses or does not answer.
    pub async fn plan_toolkit_removal(&self, release: &str) -> Result<ToolkitPlan, Error> {
        patient(self.installer().await?.plan_removal(release, Options::new())).await.map(plan)
    }

    /// What installing forward compatibility libraries would do.
    ///
    /// # Errors
    /// They are of no use here, or as with [`Self::plan_toolkit`].
    pub async fn plan_compat(&self, release: &str) -> Result<ToolkitPlan, Error> {
        patient(self.installer().await?.plan_compat(release, Options::new())).await.map(plan)
    }

    /// Begins something; the number of the job.
    ///
    /// # Errors
    /// Another such job is at work, or the daemon refuses or does not answer; then nothing has changed.
    pub async fn begin_install(&self, verb: &InstallerVerb) -> Result<u64, Error> {
        let proxy = self.installer().await?;
        let call = async {
            match verb {
                InstallerVerb::Install(wish) => proxy.install(&wish.release, &wish.profile, options(wish)).await,
                InstallerVerb::Remove(release) => proxy.remove(release, Options::new()).await,
                InstallerVerb::SetDefault(release) => proxy.set_default(release, Options::new()).await,
                InstallerVerb::EnableCompat(release) => proxy.enable_compat(release, Options::new()).await,
                InstallerVerb::Verify(release) => proxy.verify(release, Options::new()).await,
                InstallerVerb::Repair => proxy.repair(Options::new()).await,
            }
        };
        let path: OwnedObjectPath = interactive(call).await?;
        Ok(decode::number_of(&path))
    }

    /// What a job has said so far, through a pipe.
    ///
    /// # Errors
    /// There is no such job, or the daemon refuses or does not answer.
    pub async fn open_job_log(&self, id: u64) -> Result<OwnedFd, Error> {
        let proxy = JobProxy::builder(&self.connection).path(api::job_path(id))?.cache_properties(CacheProperties::No);
        Ok(interactive(proxy.build().await?.open_log(Options::new())).await?.into())
    }

    /// What a job has said so far, as text.
    ///
    /// # Errors
    /// As [`Self::open_job_log`].
    pub async fn job_log(&self, id: u64) -> Result<String, Error> {
        let log = self.open_job_log(id).await?;
        let mut bytes = Vec::new();
        let read = async { pipe::Receiver::from_owned_fd(log)?.take(MOST_LOG).read_to_end(&mut bytes).await };
        let read = tokio::time::timeout(LOG_LIMIT, read).await.map_err(|_| Error::silent(LOG_LIMIT))?;
        read.map_err(|error| api::Error::Internal(format!("The job's log cannot be read ({error}). Try again.")))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// What a job says of its checks.
    ///
    /// # Errors
    /// As [`Self::open_job_log`].
    pub async fn job_checks(&self, id: u64) -> Result<Vec<JobCheck>, Error> {
        Ok(self.job_log(id).await?.lines().filter_map(check).collect())
    }

    pub(super) async fn installer(&self) -> Result<InstallerProxy<'static>, Error> {
        Ok(InstallerProxy::builder(&self.connection).cache_properties(CacheProperties::No).build().await?)
    }
}

async fn patient<T>(call: impl Future<Output = Result<T, api::Error>>) -> Result<T, Error> {
    let answer = tokio::time::timeout(QUESTION_LIMIT, call).await;
    answer.map_err(|_| Error::silent(QUESTION_LIMIT))?.map_err(error::from_call)
}

fn options(wish: &ToolkitWish) -> Options<'static> {
    Options::from([("extras", wish.extras.clone().into()), ("default", wish.default.into())])
}

/// A line of a job's log that tells of a check.
fn check(line: &str) -> Option<JobCheck> {
    let found = |verdict: &str| {
        let (what, rest) = line.split_once(&format!(": {verdict} ("))?;
        let found = rest.strip_suffix(')')?;
        Some(JobCheck { what: what.into(), verdict: verdict.into(), found: found.into() })
    };
    ["passed", "failed", "not-checked"].into_iter().find_map(found)
}

fn available(info: AvailableInfo) -> AvailableToolkit {
    AvailableToolkit {
        release: info.release,
        version: info.version,
        profiles: info.profiles,
        extras: info.extras,
        compat_driver: info.compat_driver,
        verdict: info.verdict,
        verdict_reason: info.verdict_reason,
        recommended: info.recommended,
    }
}

fn plan(info: PlanInfo) -> ToolkitPlan {
    let package = |(name, from, to): (String, String, String)| PlannedPackage {
        name,
        from: Some(from).filter(|from| !from.is_empty()),
        to,
    };
    let space = |(folder, free_bytes, needed_bytes)| PlannedSpace { folder, free_bytes, needed_bytes };
    ToolkitPlan {
        install: info.install.into_iter().map(package).collect(),
        remove: info.remove,
        download_bytes: info.download_bytes,
        installed_bytes: info.installed_bytes,
        space: info.space.into_iter().map(space).collect(),
        repository: info.repository,
        licence: info.licence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_found_in_a_log() {
        let line = "nvcc --version: passed (Cuda compilation tools, release 12.9 (x))";
        let expected = JobCheck {
            what: "nvcc --version".into(),
            verdict: "passed".into(),
            found: "Cuda compilation tools, release 12.9 (x)".into(),
        };
        assert_eq!(check(line), Some(expected));
        assert_eq!(
            check("a kernel is built: not-checked (why)").map(|check| check.verdict),
            Some("not-checked".into())
        );
        assert_eq!(check("Setting up cuda-nvcc-12-9 (12.9.1-1)"), None);
    }
}
