//! What can go wrong between a client and the daemon, told apart as far as clients act differently.

use std::time::Duration;

use zbus::fdo;
use zbus::names::ErrorName;

use crate::api;

/// The prefix of the contract's own errors, with the dot.
const OURS: &str = "io.github.desktop_control.Control1.Error.";

/// Why a call brought no answer. Each carries one sentence for people that says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system bus or the daemon is away, or the daemon is silent. Trying again later may help.
    #[error("{0}")]
    NotReachable(String),
    /// The daemon refused, or a job of its failed. Never [`api::Error::ZBus`].
    #[error("{}", .0.sentence())]
    Refused(#[from] api::Error),
}

impl Error {
    /// The bus cannot be reached, or has just died.
    pub(super) fn no_bus(reason: &str) -> Self {
        Self::NotReachable(format!(
            "The system bus cannot be reached ({reason}), so the control service cannot be asked. Start the bus as \
             root (`supervisorctl start dbus-system`), then try again."
        ))
    }

    /// Nobody owns the daemon's name.
    pub(super) fn no_daemon() -> Self {
        let sentence = "The control service is not running. Start it as root (`supervisorctl start \
                        desktop-controld`), then try again.";
        Self::NotReachable(sentence.into())
    }

    /// The daemon owns its name and does not answer.
    pub(super) fn silent(limit: Duration) -> Self {
        Self::NotReachable(format!(
            "The control service has not answered for {} s. Try again; if that does not help, restart it as root \
             (`supervisorctl restart desktop-controld`).",
            limit.as_secs()
        ))
    }
}

impl From<zbus::Error> for Error {
    fn from(error: zbus::Error) -> Self {
        match error {
            zbus::Error::Connection(error, _) | zbus::Error::InputOutput(error) => Self::no_bus(&in_words(&error)),
            zbus::Error::Handshake(reason) | zbus::Error::Address(reason) => Self::no_bus(&reason),
            zbus::Error::MethodError(name, text, _) => from_reply(&name, text.unwrap_or_default()),
            zbus::Error::FDO(error) => {
                let text = zbus::DBusError::description(&*error).unwrap_or_default().to_owned();
                match *error {
                    fdo::Error::ZBus(error) => error.into(),
                    error => from_reply(&zbus::DBusError::name(&error), text),
                }
            }
            other => odd(&other.to_string()),
        }
    }
}

/// Without the number, which is for programmers.
fn in_words(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// An error reply; its name decides, its text is for people.
fn from_reply(name: &ErrorName<'_>, text: String) -> Error {
    if let Some(short_name) = name.strip_prefix(OURS) {
        return Error::Refused(api::Error::named(short_name, text));
    }
    match name.strip_prefix("org.freedesktop.DBus.Error.") {
        Some("ServiceUnknown" | "NameHasNoOwner" | "NoReply" | "Disconnected") => Error::no_daemon(),
        Some("AccessDenied" | "AuthFailed" | "InteractiveAuthorizationRequired") => {
            Error::Refused(api::Error::NotAuthorized(format!(
                "The system bus does not let this user do that ({text}). Ask as root (sudo)."
            )))
        }
        Some("UnknownObject") => Error::Refused(api::Error::UnknownObject(
            "What was asked for is no longer there. List what there is, then ask again.".into(),
        )),
        Some("UnknownMethod" | "UnknownInterface" | "UnknownProperty") => {
            Error::Refused(api::Error::Unsupported(format!(
                "The control service is of a version that cannot do this ({text}). Restart it to bring both to the \
                 same version."
            )))
        }
        _ => odd(&format!("{name}: {text}")),
    }
}

/// Whatever nobody thought of.
pub(super) fn odd(what: &str) -> Error {
    Error::Refused(api::Error::Internal(format!(
        "The control service answered in a way that is not understood ({what}). Its log may say more."
    )))
}

/// Both kinds of errors that a proxy's method can have, as ours.
pub(super) fn from_call(error: api::Error) -> Error {
    match error {
        api::Error::ZBus(error) => error.into(),
        refused => Error::Refused(refused),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(name: &str) -> Error {
        from_reply(&ErrorName::try_from(name).unwrap(), "text".into())
    }

    #[test]
    fn an_absent_daemon_and_an_absent_bus_are_not_reachable() {
        for name in ["ServiceUnknown", "NameHasNoOwner", "NoReply"] {
            assert!(matches!(reply(&format!("org.freedesktop.DBus.Error.{name}")), Error::NotReachable(_)), "{name}");
        }
        let refused: zbus::Error = std::io::Error::from(std::io::ErrorKind::ConnectionRefused).into();
        assert!(matches!(refused.into(), Error::NotReachable(text) if text.contains("connection refused")));
    }

    #[test]
    fn errors_of_the_contract_keep_their_name_and_sentence() {
        let Error::Refused(error) = reply(&format!("{OURS}Busy")) else { panic!("refused") };
        assert_eq!((error.short_name(), error.sentence().as_str()), ("Busy", "text"));
        let Error::Refused(error) = reply(&format!("{OURS}OfALaterVersion")) else { panic!("refused") };
        assert_eq!(error.short_name(), "Internal");
    }

    #[test]
    fn a_refusal_by_the_bus_is_a_missing_permission() {
        let Error::Refused(error) = reply("org.freedesktop.DBus.Error.AccessDenied") else { panic!("refused") };
        assert_eq!(error.short_name(), "NotAuthorized");
    }
}
