//! What can be asked about the ways in.

use zbus::proxy::CacheProperties;

use super::{Client, Error, prompt};
use crate::api::proxy::{AccessProxy, Options};

impl Client {
    /// Has the addresses of the ways in looked at anew. Does not wait for it: what has changed is told.
    ///
    /// # Errors
    /// The daemon does not answer.
    pub async fn refresh_access(&self) -> Result<(), Error> {
        prompt(self.access_proxy().await?.refresh(Options::new())).await
    }

    pub(super) async fn access_proxy(&self) -> Result<AccessProxy<'static>, Error> {
        Ok(AccessProxy::builder(&self.connection).cache_properties(CacheProperties::No).build().await?)
    }
}
