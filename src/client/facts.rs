//! What the daemon says, typed. Field names are the D-Bus properties in snake case; JSON has the same.
//!
//! Tokens stay text: a later daemon may say more of them, and they are then shown as they are. What the contract
//! writes as 0 or as an empty text for "none" is `None` here and `null` in JSON.

mod access;
mod cuda;
mod gpu;
mod stream;
mod vnc;

use serde::{Serialize, Serializer};

pub use access::{AccessFacts, TunnelFacts, TurnFacts, WayFacts};
pub use cuda::{ComponentFacts, CudaFacts, DriverPartFacts, ElsewhereFacts, ForwardFacts, ImageFacts, ToolkitFacts};
pub use gpu::{GpuFacts, GpuMomentFacts, GpuProcessFacts, GpuStats, GpuTrouble};
pub use stream::{EffectiveFacts, PendingFacts, PlanFacts, PresetFacts, SettingFacts, StreamFacts};
pub use vnc::{VncFacts, VncViewerFacts, VncWebFacts};

use crate::model::text::{size, time_left};

/// Everything, as of one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Snapshot {
    /// The root object.
    pub root: RootFacts,
    /// By name.
    pub services: Vec<ServiceFacts>,
    /// Oldest first.
    pub jobs: Vec<JobFacts>,
    /// In the daemon's order.
    pub ways: Vec<WayFacts>,
    /// What belongs to all of these. None where the daemon does not say.
    pub access: Option<Box<AccessFacts>>,
    /// None where the daemon knows nothing of one.
    pub stream: Option<StreamFacts>,
    /// Oldest first. One that is over is kept for a minute.
    pub pending: Vec<PendingFacts>,
    /// In NVIDIA's order, the instances of one behind it.
    pub gpus: Vec<GpuFacts>,
    /// None where the daemon knows nothing of it.
    pub vnc: Option<Box<VncFacts>>,
    /// None where the daemon knows nothing of it.
    pub cuda: Option<Box<CudaFacts>>,
    /// Those that are installed, newest first.
    pub toolkits: Vec<ToolkitFacts>,
}

impl Snapshot {
    /// The service that supervisord calls so.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&ServiceFacts> {
        self.services.iter().find(|service| service.name == name)
    }

    /// The stream is not encoded as configured, and something can have happened: where there was never a GPU, nothing
    /// has.
    #[must_use]
    pub fn encoder_fell_back(&self) -> bool {
        let stream = self.stream.as_ref().filter(|stream| stream.is_there() && stream.effective.verdict == "fallback");
        stream.is_some_and(|stream| {
            stream.effective.mended.as_deref() != Some("instance") || self.root.gpu_state != "no-device"
        })
    }

    /// What is wrong with GPUs, in NVIDIA's order.
    #[must_use]
    pub fn gpu_troubles(&self) -> Vec<GpuTrouble> {
        gpu::troubles(&self.gpus, &self.root.gpu_state, self.root.gpu_reason.as_deref())
    }

    /// The change that is on trial now. There is one at most.
    #[must_use]
    pub fn on_trial(&self) -> Option<&PendingFacts> {
        self.pending.iter().rev().find(|change| !change.is_over())
    }
}

/// The root object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RootFacts {
    /// The daemon's version.
    pub version: String,
    /// The contract's version.
    pub api_version: u32,
    /// `cuda`, `stock` or `unknown`.
    pub variant: String,
    /// `events` or `polling`.
    pub mode: String,
    /// Unix time in seconds since when the machine, or the container, is up. RFC 3339 in JSON.
    #[serde(serialize_with = "rfc_3339")]
    pub up_since: Option<u64>,
    /// Whether there is an NVIDIA GPU: `present`, `no-device`, `no-library`, `unknown`, or what is wrong.
    pub gpu_state: String,
    /// Why there is none, for people.
    pub gpu_reason: Option<String>,
    /// What is wrong with the whole.
    pub findings: Vec<FindingFacts>,
}

/// Something that is wrong with the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FindingFacts {
    /// What sort of finding.
    pub kind: String,
    /// `warning` or `error`.
    pub severity: String,
    /// A few words.
    pub title: String,
    /// Sentences that say what to do.
    pub message: String,
}

/// A supervised service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ServiceFacts {
    /// supervisord's name.
    pub name: String,
    /// Name for people.
    pub label: String,
    /// One sentence on what it does; may be empty.
    pub description: String,
    /// Where it is listed.
    pub category: String,
    /// supervisord's state in lower case. Says nothing about health.
    pub state: String,
    /// `ok`, `failing`, `flapping`, `unknown` or `none` (it is not meant to run now).
    pub health: String,
    /// Why; may be empty.
    pub health_reason: String,
    /// Unix time in seconds since when it is in its state. RFC 3339 in JSON.
    #[serde(serialize_with = "rfc_3339")]
    pub since: Option<u64>,
    /// Its process, while there is one.
    pub pid: Option<u32>,
    /// Starts seen since the daemon began, but for the first.
    pub restarts: u32,
    /// How it ended last: a number or `signal`.
    pub exit_status: Option<String>,
    /// The desktop is of no use without it.
    pub essential: bool,
    /// What a restart does to people; empty if nobody notices.
    pub consequence: String,
    /// Services that must be up before it, by name.
    pub depends_on: Vec<String>,
}

impl ServiceFacts {
    /// Somebody should look at it: it does not do its work, or it is down and the desktop is of no use without it.
    /// A health that this version does not know counts as trouble.
    #[must_use]
    pub fn is_trouble(&self) -> bool {
        match self.health.as_str() {
            "ok" | "unknown" => false,
            "none" => self.essential,
            _ => true,
        }
    }

    /// No process of it is there or about to be.
    #[must_use]
    pub fn is_down(&self) -> bool {
        matches!(self.state.as_str(), "stopped" | "exited" | "fatal")
    }
}

/// A job.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct JobFacts {
    /// Its number: the last element of its path.
    pub id: u64,
    /// `service-start`, `service-stop`, `service-restart` …
    pub kind: String,
    /// The names of what it works on.
    pub targets: Vec<String>,
    /// `queued`, `running`, `cancelling`, `finished`.
    pub state: String,
    /// What it does right now, for people; empty when it is over.
    pub step: String,
    /// Between 0 and 1, where `progress_valid` says so.
    pub progress: f64,
    /// `progress` means something.
    pub progress_valid: bool,
    /// Bytes transferred.
    pub bytes_done: u64,
    /// Bytes to transfer; 0 for jobs that transfer nothing.
    pub bytes_total: u64,
    /// Until all bytes are transferred, in seconds; none while that cannot be told.
    pub seconds_left: Option<u64>,
    /// A request to cancel it would be heard.
    pub cancellable: bool,
    /// Who asked for it.
    pub started_by_uid: u32,
    /// Unix time in seconds. RFC 3339 in JSON.
    #[serde(serialize_with = "rfc_3339")]
    pub start_time: Option<u64>,
    /// `done`, `failed`, `cancelled`, `skipped`; none while it is not over.
    pub result: Option<String>,
    /// The last part of one of the contract's error names.
    pub error_name: Option<String>,
    /// One sentence.
    pub error_message: Option<String>,
}

impl JobFacts {
    /// How much is transferred, and how long the rest will take, for people; none for a job that transfers nothing.
    #[must_use]
    pub fn transfer_in_words(&self) -> Option<String> {
        let left = self.seconds_left.map(|seconds| format!(", {}", time_left(seconds))).unwrap_or_default();
        (self.bytes_total > 0).then(|| format!("{} of {}{left}", size(self.bytes_done), size(self.bytes_total)))
    }
}

/// Unix seconds as RFC 3339 in UTC; what no calendar holds is `null`.
#[expect(clippy::ref_option, reason = "serde passes fields by reference")]
fn rfc_3339<S: Serializer>(seconds: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
    let time = seconds.and_then(|seconds| jiff::Timestamp::from_second(i64::try_from(seconds).ok()?).ok());
    time.map(|time| time.to_string()).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_names_are_the_properties_in_snake_case_and_times_are_rfc_3339() {
        let service = ServiceFacts { name: "x".into(), since: Some(1_700_000_000), ..ServiceFacts::default() };
        let json = serde_json::to_value(&service).unwrap();
        assert_eq!(json["since"], "2023-11-14T22:13:20Z");
        assert_eq!(json["pid"], serde_json::Value::Null);
        assert_eq!(json["health_reason"], "");
        let names: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names.len(), 14, "{names:?}");
    }

    #[test]
    fn a_time_that_no_calendar_holds_is_null() {
        let job = JobFacts { start_time: Some(u64::MAX), ..JobFacts::default() };
        assert_eq!(serde_json::to_value(&job).unwrap()["start_time"], serde_json::Value::Null);
    }

    #[test]
    fn what_cannot_be_told_is_no_trouble_and_what_is_new_is() {
        let trouble = |health: &str, essential| {
            ServiceFacts { health: health.into(), essential, ..ServiceFacts::default() }.is_trouble()
        };
        assert!(!trouble("ok", true) && !trouble("unknown", true) && !trouble("none", false));
        assert!(trouble("failing", false) && trouble("flapping", false) && trouble("none", true));
        assert!(trouble("a-later-token", false));
    }
}
