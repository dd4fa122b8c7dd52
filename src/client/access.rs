//! What can be asked about the ways in.

use zbus::proxy::CacheProperties;

use super::{Client, Error, decode, interactive, prompt};
use crate::api::proxy::{AccessProxy, Options};

impl Client {
    /// Has the addresses of the ways in looked at anew. Does not wait for it: what has changed is told.
    ///
    /// # Errors
    /// The daemon does not answer.
    pub async fn refresh_access(&self) -> Result<(), Error> {
        prompt(self.access_proxy().await?.refresh(Options::new())).await
    }

    /// Has a quick tunnel to this target opened or closed, and returns the number of the job that does it. Where it is
    /// over and done, the tunnel is among those of [`super::AccessFacts`].
    ///
    /// # Errors
    /// The daemon refuses or does not answer; then nothing has changed.
    pub async fn set_tunnel(&self, target: &str, open: bool) -> Result<u64, Error> {
        let proxy = self.access_proxy().await?;
        let call = async {
            if open {
                proxy.start_tunnel(target, Options::new()).await
            } else {
                proxy.stop_tunnel(target, Options::new()).await
            }
        };
        Ok(decode::number_of(&interactive(call).await?))
    }

    async fn access_proxy(&self) -> Result<AccessProxy<'static>, Error> {
        Ok(AccessProxy::builder(&self.connection).cache_properties(CacheProperties::No).build().await?)
    }
}
