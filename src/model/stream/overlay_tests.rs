//! The overlay against the two schemas.

use std::collections::BTreeSet;

use super::super::{Kind, Meaning, Schema};
use super::*;

fn schemas() -> [Schema; 2] {
    [Schema::bundled(), Schema::legacy()]
}

fn entries() -> impl Iterator<Item = &'static Entry> {
    let overlay = Overlay::bundled();
    overlay.entries.iter().chain(&overlay.legacy)
}

#[test]
fn every_entry_is_about_a_setting_that_exists() {
    let [new, legacy] = schemas();
    for entry in &Overlay::bundled().entries {
        assert!(new.get(&entry.name).is_some(), "{}", entry.name);
    }
    for entry in &Overlay::bundled().legacy {
        assert!(legacy.get(&entry.name).is_some(), "{}", entry.name);
    }
}

#[test]
fn every_value_that_is_named_exists() {
    for (schema, entries) in schemas().iter().zip([&Overlay::bundled().entries, &Overlay::bundled().legacy]) {
        for entry in entries {
            let setting = schema.get(&entry.name).expect("a test of its own");
            for value in entry.values.keys().chain(entry.needs.keys()).chain(entry.hardware.keys()) {
                let meaning = setting.meanings()[0];
                let raw = setting.encode(&super::super::Choice::new(value.as_str(), meaning));
                assert_eq!(setting.decode(&raw.expect("a value")).value, *value, "{}", entry.name);
            }
        }
    }
}

#[test]
fn every_value_of_a_curated_choice_has_words() {
    for schema in schemas() {
        for setting in &schema.settings {
            let row = Overlay::bundled().row(setting);
            // Numbers speak for themselves.
            let words = setting.values().iter().filter(|value| value.parse::<f64>().is_err());
            for value in words.filter(|_| row.group != "all") {
                assert!(row.value_words.contains_key(value), "{} {value}", setting.name);
            }
        }
    }
}

#[test]
fn sentences_end_with_a_full_stop_and_labels_do_not() {
    for entry in entries() {
        assert!(entry.explanation.ends_with('.') && !entry.explanation.contains(". "), "{}", entry.name);
        assert!(entry.label.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit()), "{}", entry.label);
        assert!(!entry.label.ends_with('.'), "{}", entry.label);
    }
    for together in &Overlay::bundled().together {
        assert!(together.sentence.ends_with('.'), "{}", together.sentence);
    }
}

#[test]
fn labels_are_unique_within_a_generation() {
    for schema in schemas() {
        let mut seen = BTreeSet::new();
        for setting in &schema.settings {
            assert!(seen.insert(Overlay::bundled().row(setting).label), "{}", setting.name);
        }
    }
}

#[test]
fn groups_exist_once_and_each_holds_something() {
    let overlay = Overlay::bundled();
    let ids: BTreeSet<&str> = overlay.groups.iter().map(|group| group.id.as_str()).collect();
    assert_eq!(ids.len(), overlay.groups.len());
    for entry in entries() {
        assert!(ids.contains(entry.group.as_str()) && entry.group != "all", "{}", entry.name);
    }
    let schema = Schema::bundled();
    let rows = overlay.rows(&schema.settings);
    for id in ids {
        assert!(rows.iter().any(|(_, row)| row.group == id), "{id}");
    }
}

#[test]
fn names_are_described_once() {
    for entries in [&Overlay::bundled().entries, &Overlay::bundled().legacy] {
        let names: BTreeSet<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names.len(), entries.len());
    }
}

#[test]
fn steps_are_for_numbers() {
    let [schema, _] = schemas();
    for entry in Overlay::bundled().entries.iter().filter(|entry| entry.step.is_some()) {
        let kind = &schema.get(&entry.name).expect("a test of its own").kind;
        assert!(matches!(kind, Kind::Int { .. } | Kind::Float { .. } | Kind::Range { .. }), "{}", entry.name);
    }
}

#[test]
fn rows_are_sorted_and_whole() {
    let schema = Schema::bundled();
    let rows = Overlay::bundled().rows(&schema.settings);
    assert_eq!(rows.len(), schema.settings.len());
    assert_eq!(rows[0].0.name, "encoder");
    assert_eq!(rows.last().expect("some").1.group, "all");
}

#[test]
fn no_encoder_of_selkies_2_needs_hardware_and_half_of_1_6_does() {
    let [new, legacy] = schemas();
    let row = |schema: &Schema| Overlay::bundled().row(schema.get("encoder").expect("there"));
    assert!(row(&new).needs.is_empty());
    assert_eq!(row(&new).hardware["av1enc"], [Hardware::NvencAv1, Hardware::VaapiAv1]);
    assert_eq!(row(&legacy).needs["nvh264enc"], [Hardware::NvencH264]);
    assert!(row(&legacy).hardware.is_empty());
}

#[test]
fn what_a_machine_cannot_do_is_told() {
    let [new, legacy] = schemas();
    let row = |schema: &Schema| Overlay::bundled().row(schema.get("encoder").expect("there"));
    let none = BTreeSet::new();
    let nvenc = BTreeSet::from([Hardware::NvencH264]);
    let reason = "It needs NVENC for H.264, which this machine does not offer.";
    assert_eq!(row(&legacy).unavailable("nvh264enc", &none).as_deref(), Some(reason));
    assert_eq!(row(&legacy).unavailable("nvh264enc", &nvenc), None);
    assert_eq!(row(&legacy).unavailable("x264enc", &none), None);
    assert_eq!(row(&new).unavailable("h264enc", &none), None);
    assert!(row(&new).falls_to_cpu("h264enc", &none) && !row(&new).falls_to_cpu("h264enc", &nvenc));
    assert!(row(&new).falls_to_cpu("av1enc", &nvenc) && !row(&new).falls_to_cpu("jpeg", &none));
}

#[test]
fn what_nobody_described_still_has_a_row() {
    let json = r#"{"version": "3.0", "settings": [
        {"name": "glow_dpi", "type": "colour", "default": "red", "help": "Makes it glow. Uses power"}]}"#;
    let schema = Schema::parse(json).expect("valid");
    let row = Overlay::bundled().row(&schema.settings[0]);
    assert_eq!((row.group.as_str(), row.label.as_str()), ("all", "Glow DPI"));
    assert_eq!(row.explanation, "Makes it glow.");
    assert_eq!(schema.settings[0].meanings(), [Meaning::Server]);
}

#[test]
fn values_are_said_in_words() {
    let schema = Schema::bundled();
    let words = |name: &str, value: &str| Overlay::bundled().row(schema.get(name).expect("there")).words(value);
    assert_eq!(words("encoder", "h264enc"), "H.264");
    assert_eq!(words("video_bitrate", "8000"), "8 Mbit/s");
    assert_eq!(words("video_bitrate", "2500"), "2.5 Mbit/s");
    assert_eq!(words("video_bitrate", "500"), "500 kbit/s");
    assert_eq!(words("audio_bitrate", "128000"), "128 kbit/s");
    assert_eq!(words("use_cpu", "true"), "on");
    assert_eq!(words("enable_clipboard", "true"), "both ways");
    assert_eq!(words("framerate", "60"), "60 fps");
    assert_eq!(words("file_transfers", "upload,download"), "upload, download");
    assert_eq!(words("ui_title", ""), "empty");
}
