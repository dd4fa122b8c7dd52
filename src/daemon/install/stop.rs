//! Why the work ends before it is done.

use std::io;

use crate::host::apt::{AptError, DefaultError};
use crate::model::install::event::Failure;
use crate::model::install::profile::NotOffered;
use crate::model::install::repository::NoRepository;
use crate::model::install::transaction::Refusal;
use crate::model::install::trouble::Trouble;

/// See the module.
#[derive(Debug)]
pub(super) enum Stop {
    /// Somebody asked for it.
    Cancelled,
    /// Something is wrong.
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Failed(failure) => failure,
            Stop::Cancelled => Self::new("Cancelled", "It was cancelled; nothing has changed."),
        }
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Failed(refusal.into())
    }
}

impl From<NotOffered> for Stop {
    fn from(error: NotOffered) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Self::Failed(trouble.into())
    }
}

impl From<NoRepository> for Stop {
    fn from(error: NoRepository) -> Self {
        Self::Failed(Failure::new("Unsupported", format!("{error}.")))
    }
}

impl From<AptError> for Stop {
    fn from(error: AptError) -> Self {
        let (name, advice) = match error {
            AptError::TimedOut { .. } => ("TimedOut", "Try again."),
            _ => ("Internal", "Look whether apt works in a terminal, then try again."),
        };
        Self::Failed(Failure::new(name, format!("{error}. {advice}")))
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        Self::Failed(if full {
            Failure::new("NoSpace", "The disk is full. Free some space, then try again.")
        } else {
            Failure::new("Internal", format!("A file of the installation cannot be read or written ({error})."))
        })
    }
}

impl From<DefaultError> for Stop {
    fn from(error: DefaultError) -> Self {
        match error {
            DefaultError::Missing(_) => Self::Failed(Failure::new("UnknownObject", format!("{error}."))),
            DefaultError::Folder => Self::Failed(Failure::new("Unsupported", format!("{error}."))),
            DefaultError::Io(error) => error.into(),
            DefaultError::Apt(error) => error.into(),
        }
    }
}
