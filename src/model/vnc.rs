//! VNC: its settings as the server's start reads them, its password, its viewers.

use std::collections::BTreeMap;

use strum::{Display, EnumString, IntoStaticStr};

/// supervisord's name of the VNC server.
pub const SERVICE: &str = "x11vnc";
/// So many characters of a password count in VNC; the rest is never looked at.
pub const PASSWORD_COUNTS: usize = 8;
/// No password is longer.
const MOST_PASSWORD: usize = 64;
/// Letters and digits that do not look alike.
const ALPHABET: &[u8] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// The variables that the start of the server reads.
pub mod variable {
    /// `off`: there is no VNC server.
    pub const SWITCH: &str = "DESKTOP_CONTROL_VNC";
    /// `local` or `all`.
    pub const EXPOSURE: &str = "DESKTOP_CONTROL_VNC_EXPOSURE";
    /// `on`: viewers can look and not touch.
    pub const VIEW_ONLY: &str = "DESKTOP_CONTROL_VNC_VIEW_ONLY";
    /// `off`: a new viewer takes the place of the one before.
    pub const SHARED: &str = "DESKTOP_CONTROL_VNC_SHARED";
    /// The password.
    pub const PASSWORD: &str = "DESKTOP_CONTROL_VNC_PASSWORD";
    /// The port.
    pub const PORT: &str = "VNC_PORT";
}

/// From where viewers can reach the server. The tokens are wire format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Display, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Exposure {
    /// From this machine only, so also through an SSH tunnel.
    #[default]
    Local,
    /// From everywhere.
    All,
}

/// Where the password comes from. The tokens are wire format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Display, EnumString, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum PasswordSource {
    /// Set here, or made up by the server's first start.
    Ours,
    /// `VNC_PASSWORD` of the container or of an environment file.
    Environment,
    /// The token with which the instance was rented.
    InstanceToken,
    /// There is none yet.
    #[default]
    None,
}

/// How the server starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manner {
    /// It starts at all.
    pub enabled: bool,
    /// From where it can be reached.
    pub exposure: Exposure,
    /// Viewers can look and not touch.
    pub view_only: bool,
    /// Several viewers at a time.
    pub shared: bool,
}

impl Manner {
    /// As the start reads it: our settings `kept`, then what the container was started with, then what is built in.
    #[must_use]
    pub fn read(kept: &BTreeMap<String, String>, container: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name: &str| {
            let value = kept.get(name).cloned().or_else(|| container(name));
            value.filter(|value| !value.is_empty())
        };
        let is = |name: &str, word: &str| value(name).is_some_and(|value| value == word);
        Self {
            enabled: !is(variable::SWITCH, "off"),
            exposure: if is(variable::EXPOSURE, "all") { Exposure::All } else { Exposure::Local },
            view_only: is(variable::VIEW_ONLY, "on"),
            shared: !is(variable::SHARED, "off"),
        }
    }

    /// As a server with this command line does it, from whose flags alone that can be told.
    #[must_use]
    pub fn of_flags(command_line: &[String], enabled: bool) -> Self {
        let has = |flag: &str| command_line.iter().any(|word| word == flag);
        Self {
            enabled,
            exposure: if has("-localhost") { Exposure::Local } else { Exposure::All },
            view_only: has("-viewonly"),
            shared: has("-shared"),
        }
    }
}

/// `on` or `off`, as the start reads it.
#[must_use]
pub fn switch(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

/// Why this cannot be a password, one sentence; nothing if it can.
///
/// # Errors
/// The server would read it as something else, or viewers could not type it.
pub fn check_password(password: &str) -> Result<(), &'static str> {
    let typed = |c: char| c == ' ' || c.is_ascii_graphic();
    if password.is_empty() {
        return Err("Without a password everybody could come in by VNC. Give one, or have one made up.");
    }
    if !password.chars().all(typed) {
        return Err("A VNC password can have letters without accents, digits, blanks and the usual signs: viewers \
                    disagree on how to send anything else.");
    }
    if password.len() > MOST_PASSWORD {
        return Err("A VNC password cannot be longer than 64 characters; only the first 8 count anyway.");
    }
    // In the server's file these are no passwords but remarks and commands.
    if password.starts_with('#') || password.contains("__") || password.trim() != password {
        return Err("A VNC password cannot begin with #, contain two underscores in a row, or begin or end with a \
                    blank: the server would not take it for one.");
    }
    Ok(())
}

/// A password of random bytes; none if they are too few.
#[must_use]
pub fn generate_password(random: impl IntoIterator<Item = u8>) -> Option<String> {
    // Bytes beyond the last whole round would make the first letters likelier.
    let fair = 256 / ALPHABET.len() * ALPHABET.len();
    let letters = random.into_iter().map(usize::from).filter(|byte| *byte < fair);
    let password: String =
        letters.map(|byte| char::from(ALPHABET[byte % ALPHABET.len()])).take(PASSWORD_COUNTS).collect();
    (password.len() == PASSWORD_COUNTS).then_some(password)
}

/// What people see of a viewer's way. The tokens are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Display, EnumString, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Through {
    /// A VNC viewer.
    Vnc,
    /// The gateway, so a browser.
    BrowserVnc,
}

/// A connected viewer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Viewer {
    /// Where it is. A browser's, and that of whoever comes through an SSH tunnel, is this machine.
    pub address: std::net::SocketAddr,
    /// How it comes.
    pub through: Through,
    /// Unix time in seconds; none if it was there before anybody looked.
    pub since: Option<u64>,
}

/// The web gateways that are known, the one that people see first. The tokens are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString, IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum Gateway {
    /// noVNC behind websockify.
    Novnc,
    /// Apache Guacamole: guacd behind Tomcat.
    Guacamole,
}

impl Gateway {
    /// supervisord's names of its services in the order of their starts. The last one is what browsers reach.
    #[must_use]
    pub fn services(self) -> &'static [&'static str] {
        match self {
            Self::Novnc => &["novnc"],
            Self::Guacamole => &["guacd", "tomcat"],
        }
    }

    /// The one that this service belongs to.
    #[must_use]
    pub fn of(service: &str) -> Option<Self> {
        use strum::VariantArray;
        Self::VARIANTS.iter().copied().find(|gateway| gateway.services().contains(&service))
    }

    /// The variable that turns it off, where its start reads one.
    #[must_use]
    pub fn switch(self) -> Option<&'static str> {
        match self {
            Self::Novnc => Some("DESKTOP_CONTROL_NOVNC"),
            Self::Guacamole => None,
        }
    }

    /// The one that this machine has.
    #[must_use]
    pub fn found(has: impl Fn(&str) -> bool) -> Option<Self> {
        use strum::VariantArray;
        Self::VARIANTS.iter().copied().find(|gateway| gateway.services().iter().all(|service| has(service)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_stands_over_the_container_and_that_over_what_is_built_in() {
        let kept = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let nothing = |_: &str| None;
        let built_in = Manner { enabled: true, exposure: Exposure::Local, view_only: false, shared: true };
        assert_eq!(Manner::read(&kept(&[]), nothing), built_in);
        let all = |name: &str| (name == variable::EXPOSURE).then(|| "all".to_owned());
        assert_eq!(Manner::read(&kept(&[]), all).exposure, Exposure::All);
        assert_eq!(Manner::read(&kept(&[(variable::EXPOSURE, "local")]), all).exposure, Exposure::Local);
        let off = kept(&[(variable::SWITCH, "off"), (variable::SHARED, "off"), (variable::VIEW_ONLY, "on")]);
        let other = Manner { enabled: false, exposure: Exposure::Local, view_only: true, shared: false };
        assert_eq!(Manner::read(&off, nothing), other);
        // The wrapper takes the default for what is empty or is no word of ours.
        assert_eq!(Manner::read(&kept(&[(variable::SWITCH, ""), (variable::EXPOSURE, "x")]), nothing), built_in);
    }

    #[test]
    fn a_password_is_what_the_server_takes_for_one_and_viewers_can_type() {
        for good in ["a", "12345678", "with blank", "!\"$%&/()=?", "a_b", &"x".repeat(MOST_PASSWORD)] {
            assert_eq!(check_password(good), Ok(()), "{good}");
        }
        let long = "x".repeat(MOST_PASSWORD + 1);
        for bad in ["", "a\nb", "a\0", "\u{7f}", "pässword", "#1", "__EMPTY__", "a__b", " a", "a ", &long] {
            assert!(check_password(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn made_up_passwords_are_fair_and_can_be_typed() {
        let all = |byte: u8| generate_password(std::iter::repeat_n(byte, 8));
        let mut counts = BTreeMap::new();
        for byte in 0..=255 {
            if let Some(password) = all(byte) {
                assert_eq!((password.len(), check_password(&password)), (PASSWORD_COUNTS, Ok(())));
                *counts.entry(password).or_insert(0) += 1;
            }
        }
        assert_eq!(counts.len(), ALPHABET.len());
        assert!(counts.values().all(|count| *count == 256 / ALPHABET.len()), "{counts:?}");
        assert_eq!(generate_password([1, 2, 3]), None);
    }

    #[test]
    fn a_gateway_is_there_with_all_of_its_services() {
        let found = |names: &[&str]| Gateway::found(|service| names.contains(&service));
        assert_eq!(found(&["novnc"]), Some(Gateway::Novnc));
        assert_eq!(found(&["guacd", "tomcat"]), Some(Gateway::Guacamole));
        assert_eq!((found(&["guacd"]), found(&[])), (None, None));
    }
}
