//! What the daemon says about the stream and about changes of it that are on trial.

use std::collections::BTreeMap;

use serde::Serialize;

use super::rfc_3339;
use crate::model::stream::overlay;

/// The stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StreamFacts {
    /// `selkies` (2.x), `selkies-gstreamer` (1.6) or `none`.
    pub backend: String,
    /// The server's version; none if it cannot be told.
    pub backend_version: Option<String>,
    /// How settings reach the server: `settings-file`, `env-file` or `none`.
    pub write_mode: String,
    /// Where the table of settings is from: `server`, `snapshot` or `curated`.
    pub schema_source: String,
    /// Why the table is not the installed server's own, one sentence; none if it is.
    pub schema_note: Option<String>,
    /// All presets.
    pub presets: Vec<PresetFacts>,
    /// The preset in force; none if the settings are nobody's.
    pub preset: Option<String>,
    /// Another number as soon as the settings have changed.
    pub revision: u64,
    /// What the server really does.
    pub effective: EffectiveFacts,
    /// Connected viewers; none if it cannot be told.
    pub viewers: Option<u32>,
    /// Frames a second that viewers get; none if it cannot be told.
    pub fps: Option<f64>,
    /// From a viewer and back, in milliseconds; none if it cannot be told.
    pub latency_ms: Option<f64>,
}

impl StreamFacts {
    /// There is a server whose settings can be shown.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.backend != "none"
    }

    /// The preset in force.
    #[must_use]
    pub fn preset_in_force(&self) -> Option<&PresetFacts> {
        self.presets.iter().find(|preset| Some(&preset.name) == self.preset.as_ref())
    }
}

/// A bundle of settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PresetFacts {
    /// Token, such as `balanced`.
    pub name: String,
    /// Name for people.
    pub label: String,
    /// One sentence for people.
    pub description: String,
    /// What it sets, for people, a line each.
    pub changes: Vec<String>,
}

/// What the server really does. What is none is not known, or there is none while nobody looks on.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct EffectiveFacts {
    /// The encoder in use, by the server's name.
    pub encoder: Option<String>,
    /// Its name for people.
    pub encoder_label: Option<String>,
    /// What encodes: `gpu` or `cpu`.
    pub by: Option<String>,
    /// Width of the picture in pixels.
    pub width: Option<u32>,
    /// Height of the picture in pixels.
    pub height: Option<u32>,
    /// Frames a second that it aims at.
    pub framerate: Option<f64>,
    /// In kbit/s; none where quality is fixed instead.
    pub bitrate: Option<u32>,
    /// `websockets` or `webrtc`.
    pub transport: Option<String>,
    /// Sessions of NVIDIA's encoder that the driver knows of the server's; none where it does not tell.
    pub nvenc_sessions: Option<u32>,
    /// Whether that is what is configured: `as-configured`, `fallback`, `viewers-choice` or `unknown`.
    pub verdict: String,
    /// Why it is not, in one sentence.
    pub reason: Option<String>,
    /// Where that can be mended: `here` or `instance` (only by making the machine anew).
    pub mended: Option<String>,
}

impl EffectiveFacts {
    /// What encodes, for people: “H.264 by the GPU”. None while nothing is known.
    #[must_use]
    pub fn encoder_in_words(&self) -> Option<String> {
        let encoder = self.encoder_label.as_ref().or(self.encoder.as_ref())?;
        Some(match self.by.as_deref() {
            // The server says so in any case; that the driver counts its session is proof.
            Some("gpu") if self.nvenc_sessions > Some(0) => format!("{encoder} by the GPU, as its driver confirms"),
            Some("gpu") => format!("{encoder} by the GPU"),
            Some("cpu") => format!("{encoder} by the CPU"),
            Some(other) => format!("{encoder} by {other}"),
            None => encoder.clone(),
        })
    }
}

/// One setting of the server. What is none has no meaning for it, or for this machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SettingFacts {
    /// The server's own name, such as `video_bitrate`.
    pub name: String,
    /// Token of the group, such as `picture`.
    pub group: String,
    /// The group's name for people.
    pub group_label: String,
    /// Name for people.
    pub label: String,
    /// One sentence for people.
    pub explanation: String,
    /// The server's own help.
    pub help: String,
    /// Stands behind numbers, such as `kbit/s`.
    pub unit: Option<String>,
    /// `bool`, `text`, `int`, `float`, `range`, `enum` or `list`.
    pub kind: String,
    /// For `enum` and `list`: what there is to choose from.
    pub values: Option<Vec<String>>,
    /// Words for values; a value that is not here is its own word.
    pub words: Option<BTreeMap<String, String>>,
    /// Values that this machine cannot do, and one sentence each why not.
    pub unavailable: Option<BTreeMap<String, String>>,
    /// The least number.
    pub minimum: Option<f64>,
    /// The largest number.
    pub maximum: Option<f64>,
    /// A sensible step between numbers.
    pub step: Option<f64>,
    /// The built-in default.
    pub default: String,
    /// What is configured now; none for secrets.
    pub value: Option<String>,
    /// For whom that holds: `new-viewers`, `enforced` or `server`.
    pub meaning: String,
    /// Which of these it can be set for.
    pub meanings: Vec<String>,
    /// Where the value comes from: `built-in`, `container`, `env-file`, `override` and others.
    pub source: String,
    /// For passwords and the like: whether it is set. None for what is no secret.
    pub secret: Option<bool>,
    /// Why nobody can change it here, in one sentence.
    pub fixed: Option<String>,
    /// What a change needs beyond the restart of the stream: `stream` (nothing more) or `page`.
    pub reload: String,
    /// For people who know what it is.
    pub advanced: bool,
}

impl SettingFacts {
    /// Its value is never shown.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.secret.is_some()
    }

    /// Somebody has said otherwise than the server does by itself.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.source != "built-in"
    }

    /// A plain value as people say it: `H.264`, `8 Mbit/s`, `on`.
    #[must_use]
    pub fn in_words(&self, value: &str) -> String {
        let none = BTreeMap::new();
        overlay::in_words(self.words.as_ref().unwrap_or(&none), self.unit.as_deref().unwrap_or_default(), value)
    }
}

/// What a change of settings would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PlanFacts {
    /// What would change, for people, a line each. Empty: nothing.
    pub changes: Vec<String>,
    /// What viewers would notice, one sentence.
    pub notice: String,
    /// What to think of before, one sentence each.
    pub warnings: Vec<String>,
}

/// A change on trial.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PendingFacts {
    /// Its number: the last element of its path.
    pub id: u64,
    /// The name of the service whose settings change.
    pub target: String,
    /// What changes, for people, a line each.
    pub changes: Vec<String>,
    /// `restarting`, `checking`, `waiting`, `keeping`, `reverting`; then `kept` or `reverted`.
    pub stage: String,
    /// Unix time in seconds at which it is taken back unless somebody keeps it; none while nobody is asked yet, and
    /// while the clock stands still because no viewer is connected. RFC 3339 in JSON.
    #[serde(serialize_with = "rfc_3339")]
    pub deadline: Option<u64>,
    /// Why it is or was taken back.
    pub reason: Option<String>,
    /// Who asked for it.
    pub started_by_uid: u32,
}

impl PendingFacts {
    /// Nothing more will happen.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.stage.as_str(), "kept" | "reverted")
    }

    /// It works, and a person is asked whether to keep it.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.stage == "waiting"
    }

    /// How long there is for an answer, in seconds; none while the clock does not run.
    #[must_use]
    pub fn seconds_left(&self, now: u64) -> Option<u64> {
        self.deadline.map(|deadline| deadline.saturating_sub(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_said_as_people_say_them() {
        let words = BTreeMap::from([("h264enc".to_owned(), "H.264".to_owned())]);
        let encoder = SettingFacts { words: Some(words), ..SettingFacts::default() };
        let said = ["h264enc", "jpeg", "h264enc, jpeg", "true", ""].map(|value| encoder.in_words(value));
        assert_eq!(said, ["H.264", "jpeg", "H.264, jpeg", "on", "empty"]);
        let in_unit = |unit: &str, value: &str| {
            SettingFacts { unit: Some(unit.into()), ..SettingFacts::default() }.in_words(value)
        };
        assert_eq!(in_unit("fps", "20"), "20 fps");
        assert_eq!(in_unit("kbit/s", "8000"), "8 Mbit/s");
        assert_eq!(in_unit("bit/s", "96000"), "96 kbit/s");
        assert_eq!(in_unit("fps", "as fast as it goes"), "as fast as it goes");
    }

    #[test]
    fn json_of_a_change_has_its_deadline_as_a_time_and_null_for_none() {
        let change = PendingFacts { deadline: Some(1_700_000_000), ..PendingFacts::default() };
        let json = serde_json::to_value(&change).unwrap();
        assert_eq!((&json["deadline"], &json["reason"]), (&"2023-11-14T22:13:20Z".into(), &serde_json::Value::Null));
        assert_eq!(change.seconds_left(1_699_999_990), Some(10));
        assert_eq!(change.seconds_left(1_800_000_000), Some(0));
    }
}
