//! Where CUDA's packages come from.

use serde::Serialize;

use super::{Client, Error, interactive, prompt};
use crate::api::installer::RepositoryInfo;
use crate::api::proxy::Options;

/// The repository in use, and how it stands with apt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RepositoryFacts {
    /// Its URL.
    pub url: String,
    /// `nvidia`: one of NVIDIA's own; `mirror`: another one.
    pub kind: String,
    /// Who chose it: `default` (nobody), `configuration`, `set`.
    pub origin: String,
    /// The file of apt's that names it; none does yet.
    pub entry: Option<String>,
    /// Where its key is, a path or a URL.
    pub key: Option<String>,
    /// The fingerprints of the keys whose signature is taken.
    pub fingerprints: Vec<String>,
    /// Why it cannot be used, and what to do.
    pub problem: Option<String>,
}

impl Client {
    /// Where packages come from. Nothing is fetched.
    ///
    /// # Errors
    /// There is none for this machine, or the daemon does not answer.
    pub async fn repository(&self) -> Result<RepositoryFacts, Error> {
        let info = prompt(self.installer().await?.describe_repository(Options::new())).await?;
        let RepositoryInfo { url, kind, origin, entry, key, fingerprints, problem } = info;
        Ok(RepositoryFacts { url, kind, origin, entry, key, fingerprints, problem })
    }

    /// Has packages come from a mirror. `key` is the file with the key that signs it; `fingerprint` is what that must
    /// have.
    ///
    /// # Errors
    /// Address or key cannot be, the installer is at work, or the daemon refuses or does not answer; then nothing has
    /// changed.
    pub async fn set_repository(&self, url: &str, key: &[u8], fingerprint: Option<&str>) -> Result<(), Error> {
        let options = fingerprint.map(|fingerprint| ("fingerprint", fingerprint.to_owned().into()));
        let proxy = self.installer().await?;
        interactive(proxy.set_repository(url, key, options.into_iter().collect())).await
    }

    /// Forgets the mirror that was set.
    ///
    /// # Errors
    /// As [`Self::set_repository`].
    pub async fn reset_repository(&self) -> Result<(), Error> {
        let proxy = self.installer().await?;
        interactive(proxy.reset_repository(Options::new())).await
    }
}
