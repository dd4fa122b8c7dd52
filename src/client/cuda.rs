//! What can be asked about CUDA.

use std::time::Duration;

use zbus::proxy::CacheProperties;

use super::{Client, CudaFacts, Error, decode, error};
use crate::api::proxy::{CudaProxy, Options};
use crate::api::{self, interface};

/// A driver that hangs is given up by the daemon after this, however many libraries have to be asked.
const LOOK_LIMIT: Duration = Duration::from_mins(3);

impl Client {
    /// CUDA as a whole.
    ///
    /// # Errors
    /// The daemon does not answer, or is too old to know of it.
    pub async fn cuda(&self) -> Result<CudaFacts, Error> {
        let properties = self.properties(&api::below("cuda"), interface::CUDA).await;
        Ok(decode::cuda(properties?))
    }

    /// Has driver, libraries and toolkits looked at anew; returns when that is done.
    ///
    /// # Errors
    /// The daemon does not answer.
    pub async fn refresh_cuda(&self) -> Result<(), Error> {
        let proxy = CudaProxy::builder(&self.connection).cache_properties(CacheProperties::No).build().await?;
        let answer = tokio::time::timeout(LOOK_LIMIT, proxy.refresh(Options::new())).await;
        answer.map_err(|_| Error::silent(LOOK_LIMIT))?.map_err(error::from_call)
    }
}
