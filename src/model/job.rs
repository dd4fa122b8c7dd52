//! Jobs: what may take longer than a method call, its states and its end.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

/// How far a job is. One way only, see [`JobState::may_become`]. The tokens are wire format.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Display, EnumString, IntoStaticStr, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum JobState {
    /// Accepted, waits for its turn.
    Queued,
    /// At work.
    Running,
    /// Asked to stop; what has begun is brought to an end.
    Cancelling,
    /// Over; the result is set.
    Finished,
}

impl JobState {
    /// Jobs only ever go forward.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        next > self
    }
}

/// How a job ended. The tokens are wire format; an unfinished job has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString, IntoStaticStr, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum JobResult {
    /// It did what was asked.
    Done,
    /// It did not; the job's error says why.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
    /// There was nothing to do.
    Skipped,
}

/// What a job does. The tokens are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString, IntoStaticStr, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum JobKind {
    /// Starts a service.
    ServiceStart,
    /// Stops a service.
    ServiceStop,
    /// Stops a service and starts it again.
    ServiceRestart,
    /// Opens a quick tunnel.
    TunnelStart,
    /// Closes one.
    TunnelStop,
    /// Installs a CUDA toolkit.
    CudaInstall,
    /// Removes a CUDA toolkit.
    CudaRemove,
    /// Makes a CUDA toolkit the default.
    CudaDefault,
    /// Installs a CUDA toolkit's forward compatibility libraries.
    CudaEnableCompat,
    /// Tries a CUDA toolkit.
    CudaVerify,
    /// Puts right what an interrupted installation left.
    CudaRepair,
}

impl JobKind {
    /// The verb for people, as on the command line.
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Self::ServiceStart => "start",
            Self::ServiceStop => "stop",
            Self::ServiceRestart => "restart",
            Self::TunnelStart => "open",
            Self::TunnelStop => "close",
            Self::CudaInstall => "install",
            Self::CudaRemove => "remove",
            Self::CudaDefault => "default",
            Self::CudaEnableCompat => "enable-compat",
            Self::CudaVerify => "verify",
            Self::CudaRepair => "repair",
        }
    }

    /// The installer does it, a process that outlives the daemon.
    #[must_use]
    pub fn is_install(self) -> bool {
        matches!(
            self,
            Self::CudaInstall
                | Self::CudaRemove
                | Self::CudaDefault
                | Self::CudaEnableCompat
                | Self::CudaVerify
                | Self::CudaRepair
        )
    }
}

/// Why a job failed: one of the contract's error names and one sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobError {
    /// The last part of a D-Bus error name of ours, such as `TimedOut`.
    pub name: String,
    /// One sentence that says what to do.
    pub message: String,
}

/// Everything that is known of one job. Also its form on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Number, never used twice.
    pub id: u64,
    /// What it does.
    pub kind: JobKind,
    /// To which services, by supervisord's names, or to which other objects: these begin with a slash.
    pub targets: Vec<String>,
    /// How far it is.
    pub state: JobState,
    /// What it does right now, for people.
    pub step: String,
    /// Steps done and steps in all.
    pub progress: (u32, u32),
    /// Bytes transferred, and bytes in all.
    #[serde(default)]
    pub bytes: (u64, u64),
    /// Until all bytes are transferred, in seconds; none while that cannot be told.
    #[serde(default)]
    pub seconds_left: Option<u64>,
    /// What it does right now must not be cut.
    #[serde(default)]
    pub uncut: bool,
    /// Who asked for it.
    pub started_by_uid: u32,
    /// Unix time in seconds.
    pub started_at: u64,
    /// Unix time in seconds; none while it is not over.
    pub ended_at: Option<u64>,
    /// How it ended.
    pub result: Option<JobResult>,
    /// Why it failed.
    pub error: Option<JobError>,
    /// What it said while it worked, a line each.
    #[serde(default)]
    pub log: Vec<String>,
}

impl Job {
    /// It may still be asked to stop.
    #[must_use]
    pub fn cancellable(&self) -> bool {
        self.state < JobState::Cancelling && !self.uncut
    }

    /// Goes to `next`, or stays where it is if that were a step back.
    pub fn advance(&mut self, next: JobState) {
        if self.state.may_become(next) {
            self.state = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finished_job_stays_finished() {
        let states = [JobState::Queued, JobState::Running, JobState::Cancelling, JobState::Finished];
        for (at, state) in states.iter().enumerate() {
            for (other, next) in states.iter().enumerate() {
                assert_eq!(state.may_become(*next), other > at, "{state} → {next}");
            }
        }
    }
}
