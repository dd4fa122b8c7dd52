//! Named lists of values: `data/stream/presets.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

use super::overlay::{Overlay, Row};
use super::schema::Schema;
use super::setting::{Generation, Setting};
use super::value::Choice;
use crate::model::built_in;

/// One way to use the stream.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// The token, such as `slow-link`. Wire format.
    pub id: String,
    /// For people, sentence case.
    pub label: String,
    /// One sentence.
    pub description: String,
    values: BTreeMap<String, String>,
    legacy: BTreeMap<String, String>,
}

/// All presets in the order in which they are shown.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Presets {
    /// See the type.
    #[serde(rename = "preset")]
    pub all: Vec<Preset>,
}

#[expect(clippy::expect_used, reason = "the file is compiled in, and a test reads it")]
static BUNDLED: LazyLock<Presets> = LazyLock::new(|| {
    built_in::read(include_str!("../../../data/stream/presets.toml")).expect("data/stream/presets.toml is valid")
});

impl Presets {
    /// Those that this program was made with.
    #[must_use]
    pub fn bundled() -> &'static Self {
        &BUNDLED
    }

    /// The preset with this token.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Preset> {
        self.all.iter().find(|preset| preset.id == id)
    }

    /// The preset whose values all hold. `configured` has raw values by setting name; what is not there has its default.
    /// Whether a value is enforced or only a default does not matter, nor does what is `fixed`, which no preset changes.
    #[must_use]
    pub fn in_force(
        &self,
        schema: &Schema,
        configured: &BTreeMap<String, String>,
        fixed: &BTreeSet<String>,
    ) -> Option<&Preset> {
        self.all.iter().find(|preset| {
            let mut changes = preset.changes(schema);
            changes.retain(|(name, _)| !fixed.contains(name));
            !changes.is_empty() && changes.iter().all(|(name, choice)| holds(schema, configured, name, &choice.value))
        })
    }
}

fn holds(schema: &Schema, configured: &BTreeMap<String, String>, name: &str, value: &str) -> bool {
    schema.get(name).is_some_and(|setting| {
        let raw = configured.get(name).unwrap_or(&setting.default);
        setting.decode(raw).value == value
    })
}

impl Preset {
    /// Its values, with the usual meaning of each setting. What this server does not know, or cannot do, is left out.
    #[must_use]
    pub fn changes(&self, schema: &Schema) -> Vec<(String, Choice)> {
        let values = match schema.generation {
            Generation::Selkies => &self.values,
            Generation::SelkiesGstreamer => &self.legacy,
        };
        let choice = |(name, value): (&String, &String)| {
            let setting = schema.get(name)?;
            let choice = Choice::new(value.as_str(), *setting.meanings().first()?);
            setting.encode(&choice).is_ok().then(|| (name.clone(), choice))
        };
        values.iter().filter_map(choice).collect()
    }

    /// Its values in words, a line each, in the order in which settings are shown: `Encoder: H.264`.
    #[must_use]
    pub fn words(&self, schema: &Schema) -> Vec<String> {
        let changes: BTreeMap<String, Choice> = self.changes(schema).into_iter().collect();
        let rows = Overlay::bundled().rows(&schema.settings);
        let line = |(setting, row): &(&Setting, Row)| {
            changes.get(&setting.name).map(|choice| format!("{}: {}", row.label, row.words(&choice.value)))
        };
        rows.iter().filter_map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Meaning;
    use super::*;

    fn configured(schema: &Schema, changes: &[(String, Choice)]) -> BTreeMap<String, String> {
        let raw = |(name, choice): &(String, Choice)| {
            (name.clone(), schema.get(name).expect("known").encode(choice).expect("allowed"))
        };
        changes.iter().map(raw).collect()
    }

    #[test]
    fn all_presets_name_the_same_settings_and_this_server_takes_them_all() {
        for schema in [Schema::bundled(), Schema::legacy()] {
            let names = |preset: &Preset| -> Vec<String> {
                preset.changes(&schema).into_iter().map(|(name, _)| name).collect()
            };
            let first = &Presets::bundled().all[0];
            for preset in &Presets::bundled().all {
                assert_eq!(names(preset), names(first), "{}", preset.id);
                let table = if schema.unproven.is_empty() { &preset.values } else { &preset.legacy };
                assert_eq!(names(preset).len(), table.len(), "{}: something was left out", preset.id);
            }
        }
    }

    #[test]
    fn each_is_recognised_after_any_other() {
        for schema in [Schema::bundled(), Schema::legacy()] {
            for before in &Presets::bundled().all {
                for after in &Presets::bundled().all {
                    let mut raw = configured(&schema, &before.changes(&schema));
                    raw.extend(configured(&schema, &after.changes(&schema)));
                    let in_force =
                        Presets::bundled().in_force(&schema, &raw, &BTreeSet::new()).map(|preset| &preset.id);
                    assert_eq!(in_force, Some(&after.id));
                }
            }
        }
    }

    #[test]
    fn an_untouched_machine_is_balanced_and_one_value_more_is_custom() {
        for schema in [Schema::bundled(), Schema::legacy()] {
            let mut raw = BTreeMap::new();
            let in_force =
                Presets::bundled().in_force(&schema, &raw, &BTreeSet::new()).map(|preset| preset.id.as_str());
            assert_eq!(in_force, Some("balanced"));
            raw.insert("framerate".to_owned(), "59".to_owned());
            assert_eq!(Presets::bundled().in_force(&schema, &raw, &BTreeSet::new()), None);
        }
    }

    #[test]
    fn what_is_enforced_still_counts() {
        let raw = BTreeMap::from([("framerate".to_owned(), "60-60".to_owned())]);
        let in_force = Presets::bundled().in_force(&Schema::bundled(), &raw, &BTreeSet::new());
        assert_eq!(in_force.map(|preset| preset.id.as_str()), Some("balanced"));
    }

    #[test]
    fn what_is_fixed_does_not_count() {
        let schema = Schema::bundled();
        let raw = BTreeMap::from([("encoder".to_owned(), "jpeg".to_owned())]);
        assert_eq!(Presets::bundled().in_force(&schema, &raw, &BTreeSet::new()), None);
        let fixed = BTreeSet::from(["encoder".to_owned()]);
        let in_force = Presets::bundled().in_force(&schema, &raw, &fixed);
        assert_eq!(in_force.map(|preset| preset.id.as_str()), Some("balanced"));
    }

    #[test]
    fn nobody_is_locked_out_and_no_hardware_is_needed() {
        for schema in [Schema::bundled(), Schema::legacy()] {
            for (name, choice) in Presets::bundled().all.iter().flat_map(|preset| preset.changes(&schema)) {
                assert_ne!(choice.meaning, Meaning::Enforced, "{name}");
                let row = Overlay::bundled().row(schema.get(&name).expect("known"));
                assert_eq!(row.needs.get(&choice.value), None, "{name}");
            }
        }
    }

    #[test]
    fn a_server_that_knows_less_gets_less() {
        let json = r#"{"version": "2.9", "settings": [
            {"name": "framerate", "type": "range", "default": "60,8-240"},
            {"name": "encoder", "type": "enum", "default": "h266enc", "allowed": ["h266enc", "jpeg"]}]}"#;
        let schema = Schema::parse(json).expect("valid");
        for preset in &Presets::bundled().all {
            let names: Vec<_> = preset.changes(&schema).into_iter().map(|(name, _)| name).collect();
            assert_eq!(names, ["framerate"]);
        }
    }

    #[test]
    fn a_preset_can_be_read() {
        let preset = Presets::bundled().get("slow-link").expect("there");
        let words = preset.words(&Schema::bundled());
        assert_eq!(words[..2], ["Encoder: H.264", "Frames a second: 20 fps"]);
        assert!(words.contains(&"Video bitrate: 1.5 Mbit/s".to_owned()), "{words:?}");
    }

    #[test]
    fn texts_are_for_people() {
        for preset in &Presets::bundled().all {
            assert!(preset.description.ends_with('.'), "{}", preset.id);
            assert!(preset.label.starts_with(char::is_uppercase), "{}", preset.id);
        }
        assert!(Presets::bundled().get("slow-link").is_some());
    }
}
