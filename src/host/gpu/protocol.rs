//! What is said between the daemon and the probe, a line of JSON each.

use serde::{Deserialize, Serialize};

use crate::model::gpu::{Facts, Process, Round, Sample, Session, Trouble};

/// The longest line, in bytes: a hundred times what eight GPUs have to say.
pub(super) const MOST_LINE: u64 = 1024 * 1024;

/// What is asked, of all GPUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Question {
    /// What they are.
    Facts,
    /// What they do.
    Sample,
    /// Who uses them.
    Processes,
    /// What they encode.
    Sessions,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Answer {
    /// To [`Question::Facts`].
    Facts(Round<Facts>),
    /// To [`Question::Sample`].
    Sample(Round<Sample>),
    /// To [`Question::Processes`].
    Processes(Round<Option<Vec<Process>>>),
    /// To [`Question::Sessions`].
    Sessions(Round<Option<Vec<Session>>>),
    /// NVML cannot be used.
    Failed(Trouble),
}
