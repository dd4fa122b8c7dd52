//! `/etc/desktop-control/config.toml`: what an operator may set by hand. Absent file, absent key: the default.

use std::collections::BTreeSet;

use serde::Deserialize;

/// Where it lies.
pub const CONFIG: &str = "/etc/desktop-control/config.toml";

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// `[access]`
    pub access: Access,
    /// `[supervisor]`
    pub supervisor: Supervisor,
    /// `[session]`
    pub session: Session,
    /// `[stream]`
    pub stream: Stream,
    /// `[cuda]`
    pub cuda: Cuda,
}

/// Who may change things where polkit is absent, and how the machine is reached.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Access {
    /// Members of this group may use every action of ours when no polkit answers. Empty: only root may.
    pub group: String,
    /// Where the instance portal answers, on machines that have one.
    pub portal: String,
    /// Where the SSH server listens.
    pub ssh_port: u16,
}

impl Default for Access {
    fn default() -> Self {
        Self { group: "desktop-control".into(), portal: "http://127.0.0.1:11111".into(), ssh_port: 22 }
    }
}

/// Where supervisord is found.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Supervisor {
    /// Its unix socket, absolute.
    pub socket: String,
}

impl Default for Supervisor {
    fn default() -> Self {
        Self { socket: "/run/supervisor.sock".into() }
    }
}

/// Whose desktop it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Session {
    /// The desktop user's name. Whatever that user can write is read and run as that user only.
    pub user: String,
}

impl Default for Session {
    fn default() -> Self {
        Self { user: "user".into() }
    }
}

/// The stream's server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Stream {
    /// The Python that Selkies 2 is installed for, absolute.
    pub python: String,
    /// Settings that nobody may change here, by the server's own names.
    pub fixed: BTreeSet<String>,
}

impl Default for Stream {
    fn default() -> Self {
        Self { python: "/opt/selkies/bin/python".into(), fixed: BTreeSet::new() }
    }
}

/// Where CUDA comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cuda {
    /// The URL of a flat package repository. Empty: NVIDIA's own for this distribution.
    pub repository: String,
    /// The file with the key that signs it, absolute. Needed where `repository` is set.
    pub key: String,
    /// The fingerprint that this key must have. Empty: whatever the file holds.
    pub fingerprint: String,
}

/// Parses the file. The error names the place in it.
///
/// # Errors
/// Not TOML, an unknown key or a value of the wrong type.
pub fn parse(text: &str) -> Result<Config, toml::de::Error> {
    toml::from_str(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(parse("").expect("valid"), Config::default());
    }

    #[test]
    fn settings_of_the_stream_can_be_fixed() {
        let config = parse("[stream]\nfixed = ['encoder', 'framerate']").expect("valid");
        assert_eq!(config.stream.fixed, BTreeSet::from(["encoder".to_owned(), "framerate".to_owned()]));
        assert_eq!(config.stream.python, Stream::default().python);
    }

    #[test]
    fn a_misspelt_key_is_refused_by_name() {
        let error = parse("[access]\ngruop = 'x'").expect_err("misspelt").to_string();
        assert!(error.contains("gruop"), "{error}");
    }
}
