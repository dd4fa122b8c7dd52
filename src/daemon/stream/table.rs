//! The settings as `ListSettings` tells them.

use std::collections::{BTreeMap, HashMap};

use crate::api::stream::{PresetInfo, SettingInfo};
use crate::model::stream::truth::Machine;
use crate::model::stream::{Kind, Layers, Overlay, Preset, Presets, Resolved, Row, Schema, Setting};

/// All settings in the order in which people should see them.
pub(super) fn settings(
    schema: &Schema,
    layers: &Layers,
    resolved: &BTreeMap<String, Resolved>,
    machine: &Machine,
) -> Vec<SettingInfo> {
    let rows = Overlay::bundled().rows(&schema.settings);
    let info =
        |(setting, row): &(&Setting, Row)| Some(described(setting, row, layers, resolved.get(&setting.name)?, machine));
    rows.iter().filter_map(info).collect()
}

fn described(setting: &Setting, row: &Row, layers: &Layers, resolved: &Resolved, machine: &Machine) -> SettingInfo {
    let now = setting.decode(&resolved.raw);
    let built_in = setting.decode(&setting.default).value;
    let (minimum, maximum) = setting.bounds();
    let values = setting.values();
    SettingInfo {
        name: setting.name.clone(),
        group: row.group.clone(),
        group_label: group_label(&row.group),
        label: row.label.clone(),
        explanation: row.explanation.clone(),
        help: setting.help.clone(),
        unit: Some(row.unit.clone()).filter(|unit| !unit.is_empty()),
        kind: setting.kind.token().to_owned(),
        values: (!values.is_empty()).then(|| values.to_vec()),
        words: words(row),
        unavailable: unavailable(setting, row, machine),
        minimum,
        maximum,
        step: row.step.or_else(|| whole(setting).then_some(1.0)),
        default: if setting.secret { String::new() } else { built_in },
        secret: setting.secret.then_some(!now.value.is_empty()),
        value: (!setting.secret).then_some(now.value),
        meaning: now.meaning.to_string(),
        meanings: setting.meanings().iter().map(ToString::to_string).collect(),
        source: resolved.source.to_string(),
        fixed: fixed(setting, layers, resolved),
        reload: row.reload.to_string(),
        advanced: row.advanced,
    }
}

fn whole(setting: &Setting) -> bool {
    matches!(setting.kind, Kind::Int { .. } | Kind::Range { .. }) && !setting.fractions()
}

fn group_label(id: &str) -> String {
    let groups = &Overlay::bundled().groups;
    groups.iter().find(|group| group.id == id).map(|group| group.label.clone()).unwrap_or_default()
}

fn words(row: &Row) -> Option<HashMap<String, String>> {
    let words = &row.value_words;
    (!words.is_empty()).then(|| words.clone().into_iter().collect())
}

fn unavailable(setting: &Setting, row: &Row, machine: &Machine) -> Option<HashMap<String, String>> {
    let reason = |value: &String| Some((value.clone(), cannot(row, value, machine)?));
    let unavailable: HashMap<String, String> = setting.values().iter().filter_map(reason).collect();
    (!unavailable.is_empty()).then_some(unavailable)
}

/// Why this machine cannot do a value; none if it can.
pub(super) fn cannot(row: &Row, value: &str, machine: &Machine) -> Option<String> {
    let reason = row.unavailable(value, &machine.hardware())?;
    // What keeps all of them away says more than what this one would need.
    Some(machine.obstacle().unwrap_or(reason))
}

/// Why nobody can change a setting here, one sentence; none if they can.
pub(super) fn fixed(setting: &Setting, layers: &Layers, resolved: &Resolved) -> Option<String> {
    if layers.fixed.contains(&setting.name) {
        return Some("Whoever runs this machine has fixed it in /etc/desktop-control/config.toml.".into());
    }
    if let Some(fixed_by) = &setting.fixed_by {
        return Some(format!("It is set by {fixed_by}, so a change here would have no effect."));
    }
    resolved.fixed.then(|| "The start script gives it to the server, so a change here would have no effect.".into())
}

/// All presets, with what they change for people.
pub(super) fn presets(schema: &Schema) -> Vec<PresetInfo> {
    let info = |preset: &Preset| PresetInfo {
        name: preset.id.clone(),
        label: preset.label.clone(),
        description: preset.description.clone(),
        changes: preset.words(schema),
    };
    Presets::bundled().all.iter().map(info).collect()
}

/// The token of the preset in force; empty if there is none.
pub(super) fn preset_in_force(schema: &Schema, resolved: &BTreeMap<String, Resolved>) -> String {
    let raw = resolved.iter().map(|(name, resolved)| (name.clone(), resolved.raw.clone())).collect();
    let fixed = resolved.iter().filter(|(_, resolved)| resolved.fixed).map(|(name, _)| name.clone()).collect();
    Presets::bundled().in_force(schema, &raw, &fixed).map(|preset| preset.id.clone()).unwrap_or_default()
}
