//! What people should know about the settings: `data/stream/overlay.toml`, laid over the server's own table.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

use super::label::label_of;
use super::setting::{Generation, Setting};
use crate::model::built_in;

/// An encoder on a GPU. The tokens are wire format.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Display, EnumString, IntoStaticStr, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it all: interface and codec")]
pub enum Hardware {
    NvencH264,
    NvencH265,
    NvencAv1,
    VaapiH264,
    VaapiH265,
    VaapiVp8,
    VaapiVp9,
    VaapiAv1,
}

impl Hardware {
    /// For a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::NvencH264 => "NVENC for H.264",
            Self::NvencH265 => "NVENC for H.265",
            Self::NvencAv1 => "NVENC for AV1",
            Self::VaapiH264 => "VA-API for H.264",
            Self::VaapiH265 => "VA-API for H.265",
            Self::VaapiVp8 => "VA-API for VP8",
            Self::VaapiVp9 => "VA-API for VP9",
            Self::VaapiAv1 => "VA-API for AV1",
        }
    }
}

/// What shows a change, besides the restart of the stream that every change needs. The tokens are wire format.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Display, EnumString, IntoStaticStr, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Reload {
    /// Nothing more: open pages connect again and go on with the new value.
    #[default]
    Stream,
    /// Open browser pages have to be loaded again.
    Page,
}

/// A heading under which settings stand.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The token, such as `picture`. Wire format.
    pub id: String,
    /// For people, sentence case.
    pub label: String,
}

/// How one setting is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// [`Group::id`].
    pub group: String,
    /// Its place in the whole table; equal places are sorted by label.
    pub order: usize,
    /// For people, sentence case.
    pub label: String,
    /// Stands behind numbers; empty if there is none.
    pub unit: String,
    /// One sentence in plain words; the server's own where we have none.
    pub explanation: String,
    /// What has to happen besides the restart.
    pub reload: Reload,
    /// The step of a slider.
    pub step: Option<f64>,
    /// For people who know what it is.
    pub advanced: bool,
    /// By value: one of these must be there, or the value does not work.
    pub needs: BTreeMap<String, Vec<Hardware>>,
    /// By value: one of these does the work; without one the CPU does it.
    pub hardware: BTreeMap<String, Vec<Hardware>>,
    /// Words for values; one that is not here is its own word.
    pub value_words: BTreeMap<String, String>,
}

/// Values that do not go together.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Together {
    /// Setting by setting the values with which it applies.
    when: BTreeMap<String, Vec<String>>,
    /// The server would do something else, or not start.
    #[serde(default)]
    pub refuse: bool,
    /// What is wrong and what to do.
    pub sentence: String,
}

impl Together {
    /// Whether all of it applies. `value` gives the plain value of a setting, none where there is no such setting.
    pub fn applies(&self, value: impl Fn(&str) -> Option<String>) -> bool {
        self.when.iter().all(|(name, values)| value(name).is_some_and(|value| values.contains(&value)))
    }

    /// The settings that it is about.
    pub fn settings(&self) -> impl Iterator<Item = &str> {
        self.when.keys().map(String::as_str)
    }
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    group: String,
    label: String,
    explanation: String,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    reload: Reload,
    step: Option<f64>,
    #[serde(default)]
    advanced: bool,
    #[serde(default)]
    needs: BTreeMap<String, Vec<Hardware>>,
    #[serde(default)]
    hardware: BTreeMap<String, Vec<Hardware>>,
    #[serde(default)]
    values: BTreeMap<String, String>,
}

/// The whole overlay.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overlay {
    /// All headings in the order in which they are shown; the last one takes what no entry describes.
    #[serde(rename = "group")]
    pub groups: Vec<Group>,
    #[serde(rename = "setting")]
    entries: Vec<Entry>,
    #[serde(rename = "legacy")]
    legacy: Vec<Entry>,
    /// Values that do not go together.
    pub together: Vec<Together>,
}

#[expect(clippy::expect_used, reason = "the file is compiled in, and a test reads it")]
static BUNDLED: LazyLock<Overlay> = LazyLock::new(|| {
    built_in::read(include_str!("../../../data/stream/overlay.toml")).expect("data/stream/overlay.toml is valid")
});

/// The longest explanation that is taken from the server's own help, in characters.
const MOST_EXPLANATION: usize = 240;

impl Overlay {
    /// The one that this program was made with.
    #[must_use]
    pub fn bundled() -> &'static Self {
        &BUNDLED
    }

    /// How a setting is shown.
    #[must_use]
    pub fn row(&self, setting: &Setting) -> Row {
        let legacy = self.legacy.iter().filter(|_| setting.generation == Generation::SelkiesGstreamer);
        // A legacy entry takes the place of the entry that it stands instead of.
        let place = self.entries.iter().position(|entry| entry.name == setting.name);
        let entry = legacy.chain(&self.entries).find(|entry| entry.name == setting.name);
        let order = place.unwrap_or(self.entries.len());
        entry.map_or_else(|| self.plain_row(setting), |entry| entry.row(order))
    }

    /// All settings as they are shown: by group, place and label.
    #[must_use]
    pub fn rows<'s>(&self, settings: &'s [Setting]) -> Vec<(&'s Setting, Row)> {
        let mut rows: Vec<_> = settings.iter().map(|setting| (setting, self.row(setting))).collect();
        let heading = |row: &Row| self.groups.iter().position(|group| group.id == row.group);
        rows.sort_by_cached_key(|(_, row)| (heading(row), row.order, row.label.clone()));
        rows
    }

    fn plain_row(&self, setting: &Setting) -> Row {
        Row {
            group: self.groups.last().map(|group| group.id.clone()).unwrap_or_default(),
            order: self.entries.len(),
            label: label_of(&setting.name),
            unit: String::new(),
            explanation: first_sentence(&setting.help),
            reload: Reload::Stream,
            step: None,
            advanced: true,
            needs: BTreeMap::new(),
            hardware: BTreeMap::new(),
            value_words: BTreeMap::new(),
        }
    }
}

impl Entry {
    fn row(&self, order: usize) -> Row {
        Row {
            group: self.group.clone(),
            order,
            label: self.label.clone(),
            unit: self.unit.clone(),
            explanation: self.explanation.clone(),
            reload: self.reload,
            step: self.step,
            advanced: self.advanced,
            needs: self.needs.clone(),
            hardware: self.hardware.clone(),
            value_words: self.values.clone(),
        }
    }
}

impl Row {
    /// A plain value as people say it, see [`in_words`].
    #[must_use]
    pub fn words(&self, value: &str) -> String {
        in_words(&self.value_words, &self.unit, value)
    }

    /// Why a machine that has no more than this hardware cannot do a value; none if it can.
    #[must_use]
    pub fn unavailable(&self, value: &str, have: &BTreeSet<Hardware>) -> Option<String> {
        let needs = self.needs.get(value).filter(|needs| !needs.iter().any(|one| have.contains(one)))?;
        let needs: Vec<&str> = needs.iter().map(|one| one.words()).collect();
        Some(format!("It needs {}, which this machine does not offer.", needs.join(" or ")))
    }

    /// With this hardware the CPU does what a GPU could do for this value.
    #[must_use]
    pub fn falls_to_cpu(&self, value: &str, have: &BTreeSet<Hardware>) -> bool {
        self.hardware.get(value).is_some_and(|hardware| !hardware.iter().any(|one| have.contains(one)))
    }
}

/// A plain value as people say it: `H.264`, `8 Mbit/s`, `on`. `unit` may be empty.
#[must_use]
pub fn in_words(value_words: &BTreeMap<String, String>, unit: &str, value: &str) -> String {
    if let Some(words) = value_words.get(value) {
        return words.clone();
    }
    match value {
        "true" => "on".into(),
        "false" => "off".into(),
        "" => "empty".into(),
        _ if value.contains(',') => {
            value.split(',').map(|item| in_words(value_words, unit, item.trim())).collect::<Vec<_>>().join(", ")
        }
        _ => with_unit(unit, value),
    }
}

fn with_unit(unit: &str, value: &str) -> String {
    let Ok(number) = value.parse::<f64>() else { return value.to_owned() };
    match unit {
        "" => value.to_owned(),
        "bit/s" if number >= 1000.0 => format!("{} kbit/s", number / 1000.0),
        "kbit/s" if number >= 1000.0 => format!("{} Mbit/s", number / 1000.0),
        unit => format!("{value} {unit}"),
    }
}

fn first_sentence(help: &str) -> String {
    let help = help.trim();
    let end = help.find(". ").map_or(help.len(), |stop| stop + 1);
    let sentence = &help[..end];
    let cut: String = sentence.chars().take(MOST_EXPLANATION).collect();
    match sentence {
        "" => String::new(),
        _ if cut.len() < sentence.len() => format!("{}…", cut.trim_end()),
        _ if cut.ends_with('.') => cut,
        _ => format!("{cut}."),
    }
}

#[cfg(test)]
#[path = "overlay_tests.rs"]
mod tests;
