//! A service as supervisord tells it: states, one reading, and what changed between two of them.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

/// The state of a service, by supervisord's own words in lower case.
///
/// Source: supervisor 4.2 `ProcessStates`. The tokens are wire format and are never renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, EnumString, IntoStaticStr, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum State {
    /// Not started, or stopped on request.
    Stopped,
    /// Started less than `startsecs` ago.
    Starting,
    /// Alive for at least `startsecs`. Says nothing about whether it works.
    Running,
    /// Ended too early; another try follows.
    Backoff,
    /// Asked to stop, still alive.
    Stopping,
    /// Ended by itself.
    Exited,
    /// supervisord has given up starting it.
    Fatal,
    /// supervisord does not know, or cannot be asked.
    Unknown,
}

impl State {
    /// A process exists, or is about to, in this state.
    #[must_use]
    pub fn is_up(self) -> bool {
        matches!(self, Self::Starting | Self::Running | Self::Backoff | Self::Stopping)
    }

    /// Nothing is going to happen by itself any more.
    #[must_use]
    pub fn is_down(self) -> bool {
        matches!(self, Self::Stopped | Self::Exited | Self::Fatal)
    }
}

/// What one call of supervisord's `getProcessInfo` said about one program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// `group:name`, or the bare name where both are the same.
    pub name: String,
    /// State at the moment of the call.
    pub state: State,
    /// Unix time of the last start, in seconds; none if it was never started.
    pub started_at: Option<u64>,
    /// Unix time of the last end, in seconds; none if it has not ended yet.
    pub ended_at: Option<u64>,
    /// Process id while there is a process.
    pub pid: Option<u32>,
    /// How it ended last; none if it has not ended yet.
    pub exit: Option<Exit>,
    /// supervisord's reason for a failed start.
    pub spawn_error: Option<String>,
    /// Where supervisord itself writes its output, if that is a file.
    pub log_file: Option<String>,
}

impl Reading {
    /// Unix time in seconds since when the service is in its present state, as far as supervisord tells.
    #[must_use]
    pub fn since(&self) -> Option<u64> {
        if self.state.is_up() { self.started_at } else { self.ended_at.or(self.started_at) }
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It returned this status.
    Status(i32),
    /// A signal ended it; supervisord does not say which (it reports status −1).
    Signal,
}

impl Exit {
    /// Reads supervisord's `exitstatus` number.
    #[must_use]
    pub fn from_supervisor(status: i32) -> Self {
        if status == -1 { Self::Signal } else { Self::Status(status) }
    }
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status(status) => write!(f, "{status}"),
            Self::Signal => f.write_str("signal"),
        }
    }
}

/// Joins supervisord's group and program name the way `supervisorctl` shows them.
#[must_use]
pub fn full_name(group: &str, name: &str) -> String {
    if group == name || group.is_empty() { name.to_owned() } else { format!("{group}:{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_from_supervisors_capitals() {
        assert_eq!("RUNNING".parse(), Ok(State::Running));
        assert_eq!(State::Backoff.to_string(), "backoff");
        assert!("NONSENSE".parse::<State>().is_err());
    }

    #[test]
    fn a_group_of_one_is_shown_by_its_bare_name() {
        assert_eq!(full_name("selkies", "selkies"), "selkies");
        assert_eq!(full_name("web", "front"), "web:front");
    }
}
