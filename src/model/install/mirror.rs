//! A mirror that somebody has set while the machine runs: address and key in one file, so that there is never one
//! without the other.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::openpgp::{self, same_fingerprint};
use super::repository::{check_url, nvidias_fingerprint};
use crate::model::text::quoted;

/// No key is longer, in bytes: a keyring with a dozen of them is shorter.
pub const MOST_KEY: usize = 256 * 1024;

/// See the module. Also its form on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mirror {
    /// Without a slash at its end.
    pub url: String,
    /// The file with the public key, or several, as it was handed over.
    #[serde(serialize_with = "as_digits", deserialize_with = "from_digits")]
    pub key: Vec<u8>,
}

/// Why it cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoMirror {
    /// The address cannot be.
    #[error("the repository {} {why}", quoted(.url))]
    Url {
        /// It.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The key is none.
    #[error("the key cannot be used: {0}")]
    Key(String),
    /// It is somebody else's.
    #[error("the key should have the fingerprint {expected} and has {found}, so it is not used")]
    OtherKey {
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
}

impl Mirror {
    /// A mirror that can be used. `fingerprint` is what its key must have; without it any key is taken, but for an
    /// address of NVIDIA's own.
    ///
    /// # Errors
    /// See [`NoMirror`].
    pub fn new(url: &str, key: Vec<u8>, fingerprint: Option<&str>) -> Result<Self, NoMirror> {
        check_url(url).map_err(|why| NoMirror::Url { url: url.to_owned(), why })?;
        if key.len() > MOST_KEY {
            return Err(NoMirror::Key("it is too large".into()));
        }
        let found = openpgp::fingerprints(&key).map_err(|error| NoMirror::Key(error.to_string()))?;
        for expected in fingerprint.into_iter().chain(nvidias_fingerprint(url)) {
            if found.len() != 1 || !same_fingerprint(&found[0], expected) {
                return Err(NoMirror::OtherKey { expected: expected.to_owned(), found: found.join(", ") });
            }
        }
        Ok(Self { url: url.trim_end_matches('/').to_owned(), key })
    }
}

fn as_digits<S: Serializer>(key: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&BASE64_STANDARD.encode(key))
}

fn from_digits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let digits = String::deserialize(deserializer)?;
    BASE64_STANDARD.decode(digits).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = include_bytes!("../../../tests/fixtures/install/key.asc");
    const FINGERPRINT: &str = include_str!("../../../tests/fixtures/install/key.fingerprint");

    #[test]
    fn a_mirror_has_an_address_that_can_be_and_a_key() {
        let mirror = Mirror::new("https://mirror.lan/cuda/", KEY.to_vec(), Some(FINGERPRINT)).expect("a mirror");
        assert_eq!(mirror.url, "https://mirror.lan/cuda");
        let text = serde_json::to_string(&mirror).expect("text");
        assert_eq!(serde_json::from_str::<Mirror>(&text).expect("a mirror"), mirror);
        for (url, key, fingerprint, said) in [
            ("ftp://a", KEY, None, "must begin with"),
            ("http://a\nTrusted: yes", KEY, None, "has a character"),
            ("http://me:secret@a", KEY, None, "must not hold a password"),
            ("https://a", b"<html>".as_slice(), None, "it is no OpenPGP key"),
            ("https://a", &[0xc5, 1, 4], None, "secret key"),
            ("https://a", &vec![b'x'; MOST_KEY + 1], None, "too large"),
            ("https://a", KEY, Some("EB69"), "should have the fingerprint EB69"),
            ("https://a", &[KEY, KEY].concat(), Some(FINGERPRINT), "should have the fingerprint"),
            ("https://developer.download.nvidia.com/compute/cuda/repos/debian12/x86_64", KEY, None, "EB693B30"),
        ] {
            let error = Mirror::new(url, key.to_vec(), fingerprint).expect_err(url).to_string();
            assert!(error.contains(said), "{url:?}: {error}");
        }
        Mirror::new("https://a", [KEY, KEY].concat(), None).expect("several keys are a keyring");
    }
}
