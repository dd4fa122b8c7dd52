//! What goes over the bus about the stream: dictionaries, `a{sv}`, whose keys are the fields' names with hyphens. A
//! field that is absent has no meaning for that setting or machine; unknown keys are ignored.

use std::collections::HashMap;

use zbus::zvariant::{DeserializeDict, OwnedValue, SerializeDict, Type, Value};

/// One setting, as `ListSettings` tells it.
#[derive(Clone, Debug, Default, PartialEq, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict", rename_all = "kebab-case")]
pub struct SettingInfo {
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
    /// Stands behind numbers, such as `kbit/s`; absent if there is none.
    pub unit: Option<String>,
    /// `bool`, `text`, `int`, `float`, `range`, `enum` or `list`.
    pub kind: String,
    /// For `enum` and `list`: what there is to choose from.
    pub values: Option<Vec<String>>,
    /// Words for values; a value that is not here is its own word.
    pub words: Option<HashMap<String, String>>,
    /// Values that this machine cannot do, and one sentence each why not.
    pub unavailable: Option<HashMap<String, String>>,
    /// The least number.
    pub minimum: Option<f64>,
    /// The largest number.
    pub maximum: Option<f64>,
    /// A sensible step between numbers.
    pub step: Option<f64>,
    /// The built-in default, a plain value.
    pub default: String,
    /// What is configured now, a plain value; absent for secrets.
    pub value: Option<String>,
    /// For whom that holds: `new-viewers` (a browser in which somebody has chosen otherwise keeps that), `enforced` (for
    /// everyone) or `server` (no browser has a say in it). A default may hold for whom no value can be set.
    pub meaning: String,
    /// Which of these it can be set for.
    pub meanings: Vec<String>,
    /// Where the value comes from: `built-in`, `container`, `env-file`, `override`, `browser` and others.
    pub source: String,
    /// It is a password or the like, and is set.
    pub secret: Option<bool>,
    /// The operator has fixed it, or the server's start does; why, in one sentence.
    pub fixed: Option<String>,
    /// What a change needs beyond the restart of the stream: `stream` (nothing more) or `page` (load the page again).
    pub reload: String,
    /// For people who know what it is.
    pub advanced: bool,
}

/// A bundle of settings, as `Presets` tells it.
#[derive(Clone, Debug, Default, PartialEq, SerializeDict, DeserializeDict, Type, Value, OwnedValue)]
#[zvariant(signature = "dict", rename_all = "kebab-case")]
pub struct PresetInfo {
    /// Token, such as `balanced`.
    pub name: String,
    /// Name for people.
    pub label: String,
    /// One sentence for people.
    pub description: String,
    /// What it sets, for people, a line each.
    pub changes: Vec<String>,
}

/// What the server really does, as `Effective` tells it.
#[derive(Clone, Debug, Default, PartialEq, SerializeDict, DeserializeDict, Type, Value, OwnedValue)]
#[zvariant(signature = "dict", rename_all = "kebab-case")]
pub struct EffectiveInfo {
    /// The encoder in use, by the server's name; absent while nobody looks on.
    pub encoder: Option<String>,
    /// Its name for people.
    pub encoder_label: Option<String>,
    /// What encodes: `gpu` or `cpu`.
    pub by: Option<String>,
    /// Size of the picture in pixels.
    pub width: Option<u32>,
    /// See `width`.
    pub height: Option<u32>,
    /// Frames a second that it aims at.
    pub framerate: Option<f64>,
    /// In kbit/s; absent where quality is fixed instead.
    pub bitrate: Option<u32>,
    /// `websockets` or `webrtc`.
    pub transport: Option<String>,
    /// How many sessions of NVIDIA's encoder the driver knows of the server's; absent where it does not tell. More than 0
    /// proves that the GPU encodes; 0 proves nothing where a container does not see its processes as the driver does.
    pub nvenc_sessions: Option<u32>,
    /// Whether that is what is configured: `as-configured`, `fallback`, `viewers-choice` or `unknown`.
    pub verdict: String,
    /// Why it is not, in one sentence.
    pub reason: Option<String>,
    /// Where that can be mended: `here` or `instance` (only by making the machine anew).
    pub mended: Option<String>,
}

/// What `Apply` would do, as `Plan` tells it.
#[derive(Clone, Debug, Default, PartialEq, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict", rename_all = "kebab-case")]
pub struct PlanInfo {
    /// What would change, for people, a line each. Empty: nothing.
    pub changes: Vec<String>,
    /// What viewers would notice, one sentence.
    pub notice: String,
    /// What to think of before, one sentence each.
    pub warnings: Vec<String>,
}

/// One moment of the stream, as `History` tells it: Unix time in seconds, frames a second, latency in milliseconds.
pub type Moment = (u64, f64, f64);
