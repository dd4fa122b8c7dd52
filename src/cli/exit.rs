//! Exit codes: the only place that knows them.

use std::process::ExitCode;

use crate::api;
use crate::client;

/// How `desktopctl` ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    NotReachable = 3,
    NotAuthorized = 4,
    NoSuchThing = 5,
    Busy = 6,
    Refused = 7,
    Reverted = 8,
}

impl Exit {
    /// All, with what each means, for help and manual.
    pub(super) const MEANINGS: [(Self, &'static str); 9] = [
        (Self::Done, "done"),
        (Self::Failed, "failed"),
        (Self::Usage, "wrong usage, or a value that cannot be"),
        (Self::NotReachable, "the control service cannot be reached"),
        (Self::NotAuthorized, "not permitted"),
        (Self::NoSuchThing, "no such thing"),
        (Self::Busy, "busy or locked"),
        (Self::Refused, "refused for safety"),
        (Self::Reverted, "the change was taken back"),
    ];
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<&client::Error> for Exit {
    fn from(error: &client::Error) -> Self {
        match error {
            client::Error::NotReachable(_) => Self::NotReachable,
            client::Error::Refused(error) => error.into(),
        }
    }
}

impl From<&api::Error> for Exit {
    fn from(error: &api::Error) -> Self {
        use api::Error as E;
        match error {
            E::NotAuthorized(_) => Self::NotAuthorized,
            E::UnknownService(_) | E::UnknownSetting(_) | E::UnknownObject(_) => Self::NoSuchThing,
            E::Busy(_) | E::Locked(_) => Self::Busy,
            E::LastWayIn(_) | E::DriverPackage(_) | E::WouldRemove(_) => Self::Refused,
            E::Reverted(_) => Self::Reverted,
            E::InvalidSetting(_) => Self::Usage,
            E::ZBus(_)
            | E::Unsupported(_)
            | E::NoDriver(_)
            | E::NoSpace(_)
            | E::TimedOut(_)
            | E::Cancelled(_)
            | E::Internal(_) => Self::Failed,
        }
    }
}

/// The exit codes as the help ends.
pub(super) fn table() -> String {
    let line = |(exit, meaning): &(Exit, &str)| format!("\n  {}  {meaning}", *exit as u8);
    format!("Exit codes:{}", Exit::MEANINGS.iter().map(line).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// DESIGN §4: error names and exit codes.
    #[test]
    fn every_error_has_the_exit_code_of_the_contract() {
        let contract: [(&[&str], u8); 7] = [
            (&["NotAuthorized"], 4),
            (&["UnknownService", "UnknownSetting", "UnknownObject"], 5),
            (&["Busy", "Locked"], 6),
            (&["LastWayIn", "DriverPackage", "WouldRemove"], 7),
            (&["Reverted"], 8),
            (&["InvalidSetting"], 2),
            (&["Unsupported", "NoDriver", "NoSpace", "TimedOut", "Cancelled", "Internal"], 1),
        ];
        for (names, code) in contract {
            for name in names {
                assert_eq!(Exit::from(&api::Error::named(name, String::new())) as u8, code, "{name}");
            }
        }
        assert_eq!(Exit::from(&client::Error::NotReachable(String::new())) as u8, 3);
    }

    #[test]
    fn meanings_are_complete_and_in_order() {
        for (number, (exit, _)) in Exit::MEANINGS.iter().enumerate() {
            assert_eq!(*exit as usize, number);
        }
    }
}
