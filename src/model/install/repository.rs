//! Which repository belongs to this machine, and whose signature it must bear.

use std::sync::LazyLock;

use serde::Deserialize;

use super::mirror::Mirror;
use super::openpgp;
use crate::model::built_in;
use crate::model::config;
use crate::model::text::quoted;

/// No address of a repository is longer, in bytes.
const MOST_URL: usize = 2048;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    base: String,
    licence: String,
    distribution: Vec<Distribution>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Distribution {
    id: String,
    version: String,
    folder: String,
    key: String,
    fingerprint: String,
}

#[expect(clippy::expect_used, reason = "the file is compiled in, and a test reads it")]
static TABLE: LazyLock<File> = LazyLock::new(|| {
    built_in::read(include_str!("../../../data/cuda/repositories.toml")).expect("data/cuda/repositories.toml is valid")
});

/// Below it are all of NVIDIA's repositories.
#[must_use]
pub fn base() -> &'static str {
    &TABLE.base
}

/// Where the licence is read that whoever installs agrees to.
#[must_use]
pub fn licence() -> &'static str {
    &TABLE.licence
}

/// Where a repository's key is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// It is fetched from here.
    Url(String),
    /// It is this file of this machine.
    File(String),
    /// It was handed over with the address.
    Held(Vec<u8>),
}

/// Who chose a repository. The tokens are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Origin {
    /// Nobody: it is NVIDIA's for this distribution.
    Default,
    /// The configuration names it.
    Configuration,
    /// Somebody has set it since.
    Set,
}

/// The repository that this machine should use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Without a slash at its end.
    pub url: String,
    /// Where its key is.
    pub key: KeySource,
    /// The fingerprint that the key must have. A file that an operator has put there needs none.
    pub fingerprint: Option<String>,
    /// Who chose it.
    pub origin: Origin,
}

/// Why there is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRepository {
    /// NVIDIA has none for this distribution.
    #[error(
        "NVIDIA's package repository for {} is not known here. Name one in /etc/desktop-control/config.toml \
         ([cuda] repository and key), or use Ubuntu 22.04 or 24.04, Debian 12 or 13", quoted(.0)
    )]
    Distribution(String),
    /// NVIDIA has none for this architecture.
    #[error("NVIDIA publishes no CUDA packages for the architecture {}", quoted(.0))]
    Architecture(String),
    /// The configuration names one that cannot be.
    #[error("the repository {} in /etc/desktop-control/config.toml {why}", quoted(.url))]
    Configured {
        /// It.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// What is known of the distribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// `ID` of /etc/os-release.
    pub id: String,
    /// `VERSION_ID`.
    pub version: String,
    /// dpkg's word for the architecture: `amd64`.
    pub architecture: String,
}

impl System {
    /// Reads /etc/os-release; `architecture` is what `dpkg --print-architecture` says.
    #[must_use]
    pub fn read(os_release: &str, architecture: &str) -> Self {
        let field = |name: &str| {
            let mut lines = os_release.lines();
            let value = lines.find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='));
            value.unwrap_or_default().trim_matches(['"', '\'']).to_owned()
        };
        Self { id: field("ID"), version: field("VERSION_ID"), architecture: architecture.trim().to_owned() }
    }

    /// NVIDIA's word for the architecture.
    #[must_use]
    pub fn folder(&self) -> Option<&'static str> {
        match self.architecture.as_str() {
            "amd64" => Some("x86_64"),
            "arm64" => Some("sbsa"),
            _ => None,
        }
    }
}

/// The repository for this machine: the one that somebody has set, else the operator's, else NVIDIA's for this
/// distribution and architecture.
///
/// # Errors
/// See [`NoRepository`].
pub fn choose(system: &System, configured: &config::Cuda, mirror: Option<&Mirror>) -> Result<Repository, NoRepository> {
    if let Some(mirror) = mirror {
        let (url, key) = (mirror.url.clone(), KeySource::Held(mirror.key.clone()));
        return Ok(Repository { url, key, fingerprint: None, origin: Origin::Set });
    }
    if configured.repository.is_empty() {
        return nvidias(system);
    }
    let url = &configured.repository;
    let refuse = |why| NoRepository::Configured { url: url.clone(), why };
    check_url(url).map_err(refuse)?;
    let key = &configured.key;
    if !key.starts_with('/') || !is_plain(key) {
        return Err(refuse("needs the key that signs it: [cuda] key = \"/absolute/path/of/the/key\""));
    }
    let fingerprint = Some(configured.fingerprint.clone()).filter(|fingerprint| !fingerprint.is_empty());
    Ok(Repository {
        url: url.trim_end_matches('/').to_owned(),
        key: KeySource::File(key.clone()),
        fingerprint,
        origin: Origin::Configuration,
    })
}

/// Whether a repository may be at this address; what is wrong with it, as a sentence goes on that names it.
pub(super) fn check_url(url: &str) -> Result<(), &'static str> {
    if !["http://", "https://", "file:///"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err("must begin with https://, http:// or file:///");
    }
    if !is_plain(url) {
        return Err("has a character that a URL must not have");
    }
    let host = url.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    if host.contains('@') {
        return Err("must not hold a password: everybody may read it; put it in /etc/apt/auth.conf.d");
    }
    if host.is_empty() && !url.starts_with("file:") {
        return Err("names no host");
    }
    if url.len() > MOST_URL {
        return Err("is too long");
    }
    Ok(())
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic() && !b"\"'[]<>\\^`{|}".contains(&b))
}

/// The fingerprint of the key that signs what is at this address, where that is one of NVIDIA's repositories.
#[must_use]
pub fn nvidias_fingerprint(url: &str) -> Option<&'static str> {
    let folder = |known: &Distribution| format!("{}/{}/", plain_url(base()), known.folder);
    let url = format!("{}/", plain_url(url));
    TABLE.distribution.iter().find(|known| url.starts_with(&folder(known))).map(|known| known.fingerprint.as_str())
}

/// Whether one of NVIDIA's repositories is signed by this key.
#[must_use]
pub fn is_nvidias_key(fingerprint: &str) -> bool {
    TABLE.distribution.iter().any(|known| openpgp::same_fingerprint(&known.fingerprint, fingerprint))
}

/// Slashes at the end, the scheme's security and the host's letters do not matter.
pub(super) fn plain_url(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest).trim_end_matches('/');
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    format!("{}/{path}", host.to_ascii_lowercase()).trim_end_matches('/').to_owned()
}

fn nvidias(system: &System) -> Result<Repository, NoRepository> {
    let fits = |known: &&Distribution| known.id == system.id && known.version == system.version;
    let Some(known) = TABLE.distribution.iter().find(fits) else {
        return Err(NoRepository::Distribution(format!("{} {}", system.id, system.version)));
    };
    let Some(folder) = system.folder() else {
        return Err(NoRepository::Architecture(system.architecture.clone()));
    };
    let url = format!("{}/{}/{folder}", TABLE.base, known.folder);
    Ok(Repository {
        key: KeySource::Url(format!("{url}/{}", known.key)),
        url,
        fingerprint: Some(known.fingerprint.clone()),
        origin: Origin::Default,
    })
}

/// Whether this is the repository's key, and no other one is beside it.
///
/// # Errors
/// One sentence without its full stop: what the file holds instead.
pub fn check_key(repository: &Repository, file: &[u8]) -> Result<(), String> {
    let found = openpgp::fingerprints(file).map_err(|error| format!("the key of {}: {error}", repository.url))?;
    let Some(expected) = &repository.fingerprint else { return Ok(()) };
    if found.len() == 1 && openpgp::same_fingerprint(&found[0], expected) {
        return Ok(());
    }
    let found = found.join(", ");
    Err(format!(
        "the key of {} should have the fingerprint {expected} and has {found}, so it is not used",
        repository.url
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(id: &str, version: &str, architecture: &str) -> System {
        System::read(&format!("PRETTY_NAME=\"x\"\nID={id}\nVERSION_ID=\"{version}\"\n"), architecture)
    }

    fn chosen(system: &System) -> Result<Repository, NoRepository> {
        choose(system, &config::Cuda::default(), None)
    }

    #[test]
    fn each_distribution_has_its_own_repository_and_key() {
        let url = |system: &System| chosen(system).map(|found| found.url);
        let base = base();
        assert_eq!(url(&system("debian", "12", "amd64\n")), Ok(format!("{base}/debian12/x86_64")));
        assert_eq!(url(&system("ubuntu", "24.04", "arm64")), Ok(format!("{base}/ubuntu2404/sbsa")));
        let trixie = chosen(&system("debian", "13", "amd64")).expect("known");
        assert_eq!(trixie.fingerprint.as_deref(), Some("02182E60104FCDC26EAE1B8597A5D4CB8793F200"));
        assert_eq!(trixie.key, KeySource::Url(format!("{base}/debian13/x86_64/8793F200.pub")));
        let other = |id, version, architecture| chosen(&system(id, version, architecture)).expect_err("unknown");
        assert!(
            matches!(other("ubuntu", "23.10", "amd64"), NoRepository::Distribution(name) if name == "ubuntu 23.10")
        );
        assert!(matches!(other("debian", "12", "riscv64"), NoRepository::Architecture(_)));
        assert!(matches!(chosen(&System::read("", "amd64")), Err(NoRepository::Distribution(_))));
    }

    #[test]
    fn an_operators_mirror_goes_before() {
        let mirror = |repository: &str, key: &str| {
            let configured = config::Cuda { repository: repository.into(), key: key.into(), ..config::Cuda::default() };
            choose(&system("debian", "12", "amd64"), &configured, None)
        };
        let found = mirror("http://mirror.lan:8080/cuda/", "/etc/keys/cuda.asc").expect("a mirror");
        assert_eq!((found.url.as_str(), found.origin), ("http://mirror.lan:8080/cuda", Origin::Configuration));
        for (url, key) in [
            ("ftp://mirror", "/k"),
            ("http://a b", "/k"),
            ("http://a\nTrusted: yes", "/k"),
            ("http://a", ""),
            ("http://a", "relative"),
            ("http://a", "/k\n"),
            ("http://user:secret@a/b", "/k"),
            ("http:///b", "/k"),
            (&format!("http://a/{}", "b".repeat(MOST_URL)), "/k"),
        ] {
            assert!(mirror(url, key).is_err(), "{url:?} {key:?}");
        }
    }

    #[test]
    fn nvidias_own_are_known_by_their_address() {
        let of = |path: &str| nvidias_fingerprint(&format!("http://Developer.download.nvidia.com{path}"));
        let older = Some("EB693B3035CD5710E231E123A4B469963BF863CC");
        assert_eq!(of("/compute/cuda/repos/ubuntu2404/x86_64/"), older);
        assert_eq!(of("/compute/cuda/repos/debian13/sbsa"), Some("02182E60104FCDC26EAE1B8597A5D4CB8793F200"));
        assert_eq!(
            [of("/compute/cuda/repos/ubuntu24"), of("/x"), nvidias_fingerprint("http://a/debian12/")],
            [None; 3]
        );
    }

    #[test]
    fn what_somebody_has_set_goes_before_the_configuration() {
        let key = include_bytes!("../../../tests/fixtures/install/key.asc");
        let mirror = Mirror::new("http://b/", key.to_vec(), None).expect("a mirror");
        let configured = config::Cuda { repository: "http://a".into(), key: "/k".into(), ..config::Cuda::default() };
        let found = choose(&system("no", "1", "such"), &configured, Some(&mirror)).expect("a repository");
        assert_eq!((found.url.as_str(), found.origin), ("http://b", Origin::Set));
    }

    #[test]
    fn only_the_expected_key_is_taken() {
        let key = include_bytes!("../../../tests/fixtures/install/key.asc");
        let fingerprint = include_str!("../../../tests/fixtures/install/key.fingerprint").trim().to_owned();
        let mut repository = chosen(&system("debian", "12", "amd64")).expect("known");
        let error = check_key(&repository, key).expect_err("another key");
        assert!(error.contains("EB693B30") && error.contains(&fingerprint), "{error}");
        repository.fingerprint = Some(fingerprint.to_lowercase());
        check_key(&repository, key).expect("the key");
        check_key(&repository, &[&key[..], &b"\n"[..], &key[..]].concat()).expect_err("a second key beside it");
        repository.fingerprint = None;
        check_key(&repository, key).expect("an operator's own key");
        check_key(&repository, b"<html>").expect_err("no key at all");
    }
}
