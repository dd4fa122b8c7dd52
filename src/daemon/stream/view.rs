//! The stream as the bus shows it: what is configured, and what happens right now.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::table;
use crate::api::stream::{EffectiveInfo, PresetInfo, SettingInfo};
use crate::host::selkies::{Installed, SchemaSource};
use crate::host::settings::WriteMode;
use crate::model::stream::effective::Seen;
use crate::model::stream::truth::{Machine, Truth};
use crate::model::stream::{Layers, Overlay, Resolved, Schema, Size};

/// Everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct StreamView {
    /// None where no Selkies is installed, or it has not been looked yet.
    pub(crate) configured: Option<Arc<Configured>>,
    /// What happens right now, as far as somebody watches.
    pub(crate) live: Live,
}

/// What is known of the settings. Changes when somebody changes something.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Configured {
    /// What is installed.
    pub(crate) installed: Installed,
    /// Its settings.
    pub(crate) schema: Arc<Schema>,
    /// Where that table is from.
    pub(crate) schema_source: SchemaSource,
    /// Why it is not the server's own.
    pub(crate) schema_note: String,
    /// How our settings reach the server.
    pub(crate) write_mode: WriteMode,
    /// Where values come from.
    pub(crate) layers: Layers,
    /// The value of each setting.
    pub(crate) resolved: BTreeMap<String, Resolved>,
    /// What this machine offers an encoder.
    pub(crate) machine: Machine,
    /// The largest screen.
    pub(crate) frame_buffer: Option<Size>,
    /// All presets.
    pub(crate) presets: Vec<PresetInfo>,
    /// The one in force; empty if there is none.
    pub(crate) preset: String,
    /// Grows with each change of [`Self::settings`].
    pub(crate) revision: u64,
}

impl Configured {
    /// All of it as `ListSettings` tells it. Made when somebody asks: it is larger than what it is made of.
    pub(crate) fn settings(&self) -> Vec<SettingInfo> {
        table::settings(&self.schema, &self.layers, &self.resolved, &self.machine)
    }

    /// Whether [`Self::settings`] of both tell the same, by what they are made of.
    pub(super) fn tells_the_same(&self, other: &Self) -> bool {
        (&self.schema, &self.layers.fixed, &self.resolved, &self.machine)
            == (&other.schema, &other.layers.fixed, &other.resolved, &other.machine)
    }
}

/// One moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Live {
    /// Connected viewers.
    pub(crate) viewers: Option<u32>,
    /// Frames a second that they get.
    pub(crate) fps: Option<f64>,
    /// From a viewer and back, in milliseconds.
    pub(crate) latency: Option<f64>,
    /// What the server does.
    pub(crate) seen: Seen,
    /// Whether that is what is configured.
    pub(crate) truth: Truth,
    /// How many sessions of NVIDIA's encoder the server has; none where there is no GPU or the driver does not tell.
    pub(crate) nvenc_sessions: Option<u32>,
}

impl StreamView {
    /// What the server does, as the bus tells it.
    pub(crate) fn effective(&self) -> EffectiveInfo {
        let Live { seen, truth, .. } = &self.live;
        let picture = seen.picture.clone().unwrap_or_default();
        EffectiveInfo {
            encoder_label: picture.encoder.as_deref().and_then(|encoder| self.words("encoder", encoder)),
            encoder: picture.encoder,
            by: picture.by.map(|by| by.to_string()),
            width: picture.size.map(|size| size.width),
            height: picture.size.map(|size| size.height),
            framerate: picture.framerate,
            bitrate: picture.bitrate,
            transport: seen.transport.clone(),
            verdict: truth.verdict.to_string(),
            reason: truth.reason.clone(),
            nvenc_sessions: self.live.nvenc_sessions,
            mended: truth.mended.map(|mended| mended.to_string()),
        }
    }

    /// A value of a setting as people say it.
    fn words(&self, setting: &str, value: &str) -> Option<String> {
        let setting = self.configured.as_ref()?.schema.get(setting)?;
        Some(Overlay::bundled().row(setting).words(value))
    }
}
