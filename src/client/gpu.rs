//! What can be asked about GPUs.

use std::os::fd::OwnedFd;
use std::time::Duration;

use zbus::proxy::CacheProperties;

use super::feed::{News, next};
use super::{Client, Error, GpuMomentFacts, GpuProcessFacts, GpuStats, error, interactive, prompt};
use crate::api;
use crate::api::gpu::StatsInfo;
use crate::api::proxy::{GpuProxy, Options};

/// A driver that hangs is given up by the daemon after this; until then it has no answer.
const DRIVER_LIMIT: Duration = Duration::from_secs(40);

impl Client {
    /// What a GPU does right now.
    ///
    /// # Errors
    /// The daemon does not answer, or knows no such GPU.
    pub async fn gpu_stats(&self, uuid: &str) -> Result<GpuStats, Error> {
        let proxy = self.gpu_proxy(uuid).await?;
        patient(proxy.stats(Options::new())).await.map(Into::into)
    }

    /// The last ten minutes, oldest first, as far as somebody watched.
    ///
    /// # Errors
    /// The daemon does not answer, or knows no such GPU.
    pub async fn gpu_history(&self, uuid: &str) -> Result<Vec<GpuMomentFacts>, Error> {
        let moments = prompt(self.gpu_proxy(uuid).await?.history(Options::new())).await?;
        Ok(moments.into_iter().map(Into::into).collect())
    }

    /// Who uses a GPU, and how many more do whom this container does not see.
    ///
    /// # Errors
    /// The driver does not tell, or the daemon does not answer.
    pub async fn gpu_processes(&self, uuid: &str) -> Result<(Vec<GpuProcessFacts>, u32), Error> {
        let (known, hidden) = patient(self.gpu_proxy(uuid).await?.processes(Options::new())).await?;
        Ok((known.into_iter().map(Into::into).collect(), hidden))
    }

    /// Asks a process that uses a GPU to end; with `force`, ends it at once.
    ///
    /// # Errors
    /// The daemon refuses or does not answer, or there is no such process any more.
    pub async fn end_gpu_process(&self, uuid: &str, process: (u32, u64), force: bool) -> Result<(), Error> {
        let options = Options::from([("force", force.into())]);
        interactive(self.gpu_proxy(uuid).await?.end_process(process.0, process.1, options)).await
    }

    /// Has all GPUs, of which this is one, looked at every so often until the returned descriptor is closed.
    ///
    /// # Errors
    /// The daemon refuses or does not answer.
    pub async fn watch_gpus(&self, one: &str, every: Duration) -> Result<OwnedFd, Error> {
        let interval = u32::try_from(every.as_millis()).unwrap_or(u32::MAX);
        let options = Options::from([("all", true.into())]);
        Ok(prompt(self.gpu_proxy(one).await?.watch(interval, options)).await?.into())
    }

    /// Tells each look at these GPUs, every so often, until `tell` wants no more.
    ///
    /// # Errors
    /// The daemon refuses, or goes away.
    pub async fn follow_gpus(
        &self,
        uuids: &[String],
        every: Duration,
        mut tell: impl FnMut(&str, GpuStats) -> bool,
    ) -> Result<(), Error> {
        let Some(one) = uuids.first() else { return Ok(()) };
        // Before the lease, so that the first look is not missed.
        let mut news = self.news().await?;
        let _lease = self.watch_gpus(one, every).await?;
        loop {
            let waited = tokio::time::timeout(every + DRIVER_LIMIT, next(&mut news)).await;
            let signal = match waited.map_err(|_| Error::silent(every + DRIVER_LIMIT))?? {
                News::Owner => return Err(Error::no_daemon()),
                News::Signal(signal) => signal,
            };
            let header = signal.header();
            if header.member().is_none_or(|member| member != "StatsUpdated") {
                continue;
            }
            let uuid = header.path().map(|path| api::name_of(path)).unwrap_or_default();
            let stats: StatsInfo = signal.body().deserialize().map_err(|error| error::odd(&error.to_string()))?;
            if uuids.contains(&uuid) && !tell(&uuid, stats.into()) {
                return Ok(());
            }
        }
    }

    async fn gpu_proxy(&self, uuid: &str) -> Result<GpuProxy<'static>, Error> {
        let proxy = GpuProxy::builder(&self.connection).path(api::gpu_path(uuid));
        Ok(proxy?.cache_properties(CacheProperties::No).build().await?)
    }
}

/// Gives a call the time that a driver may need.
async fn patient<T>(call: impl Future<Output = Result<T, api::Error>>) -> Result<T, Error> {
    let answer = tokio::time::timeout(DRIVER_LIMIT, call).await;
    answer.map_err(|_| Error::silent(DRIVER_LIMIT))?.map_err(error::from_call)
}
