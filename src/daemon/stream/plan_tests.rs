use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::host::selkies::{Installed, SchemaSource};
use crate::host::settings::WriteMode;
use crate::model::stream::truth::Machine;
use crate::model::stream::{Generation, Layers, Presets, Schema};

fn configured(schema: Schema, layers: Layers) -> Configured {
    let resolved = resolve(&schema, &layers);
    Configured {
        installed: Installed { generation: schema.generation, version: schema.version.clone(), stamp: String::new() },
        schema: Arc::new(schema),
        schema_source: SchemaSource::Server,
        schema_note: String::new(),
        write_mode: WriteMode::SettingsFile,
        layers,
        resolved,
        machine: Machine::default(),
        frame_buffer: Some(Size { width: 8192, height: 4096 }),
        presets: Vec::new(),
        preset: String::new(),
        revision: 0,
    }
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// With these overrides of ours, kept.
fn plan(kept: &[(&str, &str)], ask: impl FnOnce(&Basis<'_>) -> Result<Plan, Error>) -> Result<Plan, Error> {
    let layers = Layers { overrides: map(kept), ..Layers::default() };
    let configured = configured(Schema::bundled(), layers);
    ask(&Basis { configured: &configured, kept: map(kept) })
}

fn wish(name: &str, value: &str, meaning: Option<Meaning>) -> Wish {
    Wish { name: name.into(), value: value.into(), meaning }
}

fn wished(kept: &[(&str, &str)], wishes: &[Wish]) -> Result<Plan, Error> {
    plan(kept, |basis| basis.wishes(wishes))
}

#[test]
fn what_is_wished_stands_in_our_settings_beside_what_was_there() {
    let wishes = [wish("encoder", "jpeg", None), wish("framerate", "20", Some(Meaning::Enforced))];
    let plan = wished(&[("SELKIES_UI_TITLE", "Mine")], &wishes).expect("allowed");
    assert_eq!(plan.after["SELKIES_FRAMERATE"], "20-20");
    assert!(plan.after["SELKIES_ENCODER"].starts_with("jpeg,"), "a default for new viewers: {:?}", plan.after);
    assert_eq!(plan.after["SELKIES_UI_TITLE"], "Mine");
    assert_eq!(plan.changes.len(), 2);
    assert!(!plan.notice.is_empty());
}

#[test]
fn a_plain_value_keeps_its_meaning() {
    let plan = wished(&[("SELKIES_FRAMERATE", "60-60")], &[wish("framerate", "30", None)]).expect("allowed");
    assert_eq!(plan.after["SELKIES_FRAMERATE"], "30-30");
}

#[test]
fn what_holds_already_is_no_change() {
    let plan = wished(&[], &[wish("framerate", "60", None)]).expect("allowed");
    assert_eq!(plan.changes, Vec::<String>::new());
}

#[test]
fn a_name_that_is_nearly_one_is_recognised() {
    for (name, hint) in [("framerat", "Is it framerate?"), ("SELKIES_ENCODER", "lists all"), ("q", "lists all")] {
        match wished(&[], &[wish(name, "1", None)]) {
            Err(Error::UnknownSetting(sentence)) => assert!(sentence.contains(hint), "{sentence}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn values_that_cannot_be_are_refused_all_at_once() {
    let wishes = [wish("encoder", "mpeg1", None), wish("framerate", "1000", None)];
    match wished(&[], &wishes) {
        Err(Error::InvalidSetting(sentence)) => {
            assert!(sentence.contains("mpeg1") && sentence.contains("1000"), "{sentence}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_fixed_is_refused_with_who_fixes_it() {
    let layers =
        Layers { fixed: BTreeSet::from(["encoder".to_owned()]), flags: map(&[("port", "16100")]), ..Layers::default() };
    let configured = configured(Schema::bundled(), layers);
    let basis = Basis { configured: &configured, kept: BTreeMap::new() };
    for (name, value, who) in [("encoder", "jpeg", "config.toml"), ("port", "17000", "start script")] {
        match basis.wishes(&[wish(name, value, None)]) {
            Err(Error::Locked(sentence)) => assert!(sentence.contains(who), "{sentence}"),
            other => panic!("{other:?}"),
        }
    }
    let preset = Presets::bundled().get("slow-link").expect("there");
    let plan = basis.preset(preset).expect("the rest of it can be set");
    assert!(!plan.after.contains_key("SELKIES_ENCODER") && plan.after.contains_key("SELKIES_FRAMERATE"));
    assert!(matches!(basis.reset(&["encoder".into()]), Err(Error::Locked(_))));
}

#[test]
fn a_reset_takes_ours_away_and_leaves_what_the_operator_fixes() {
    let kept = [("SELKIES_FRAMERATE", "30-30"), ("SELKIES_ENCODER", "jpeg"), ("SELKIES_OF_AN_OLDER_SERVER", "1")];
    let one = plan(&kept, |basis| basis.reset(&["framerate".into()])).expect("allowed");
    assert_eq!(one.after.keys().collect::<Vec<_>>(), ["SELKIES_ENCODER", "SELKIES_OF_AN_OLDER_SERVER"]);
    assert_eq!(one.changes.len(), 1);
    let all = plan(&kept, |basis| basis.reset(&[])).expect("allowed");
    assert_eq!(all.after, BTreeMap::new());
    let layers = Layers { overrides: map(&kept), fixed: BTreeSet::from(["encoder".into()]), ..Layers::default() };
    let configured = configured(Schema::bundled(), layers);
    let rest = Basis { configured: &configured, kept: map(&kept) }.reset(&[]).expect("allowed");
    assert_eq!(rest.after, map(&[("SELKIES_ENCODER", "jpeg")]));
    let nothing = plan(&[], |basis| basis.reset(&[])).expect("allowed");
    assert_eq!(nothing.changes, Vec::<String>::new());
}

#[test]
fn an_override_that_changes_nothing_can_be_taken_away_too() {
    let plan = plan(&[("SELKIES_VIDEO_CRF", "25,5-50")], |basis| basis.reset(&[])).expect("allowed");
    assert_eq!(plan.after, BTreeMap::new());
    assert_eq!(plan.changes.len(), 1, "{:?}", plan.changes);
}

#[test]
fn a_size_that_the_screen_cannot_take_is_refused() {
    let size = |width: &str, height: &str| {
        wished(&[], &[wish("manual_width", width, None), wish("manual_height", height, None)])
    };
    for (width, height, says) in [("1921", "1080", "odd"), ("9000", "1080", "too large")] {
        match size(width, height) {
            Err(Error::InvalidSetting(sentence)) => assert!(sentence.contains(says), "{sentence}"),
            other => panic!("{other:?}"),
        }
    }
    let wide = size("5120", "1440").expect("allowed");
    assert!(wide.warnings.iter().any(|warning| warning.contains("4096")), "{:?}", wide.warnings);
}

#[test]
fn secrets_are_not_repeated() {
    let plan = wished(&[], &[wish("turn_password", "hunter2", None)]).expect("allowed");
    assert!(!format!("{:?} {} {:?}", plan.changes, plan.notice, plan.warnings).contains("hunter2"));
    let refused = wished(&[], &[wish("turn_password", "hunter2\n", None)]).expect_err("a line break");
    assert!(!refused.sentence().contains("hunter2"), "{}", refused.sentence());
}

#[test]
fn what_this_machine_cannot_do_is_refused_on_the_generation_where_it_would_end_the_stream() {
    let layers = Layers { browser: map(&[("framerate", "30")]), ..Layers::default() };
    let configured = configured(Schema::legacy(), layers);
    assert_eq!(configured.schema.generation, Generation::SelkiesGstreamer);
    let basis = Basis { configured: &configured, kept: BTreeMap::new() };
    assert!(matches!(basis.wishes(&[wish("encoder", "nvh264enc", None)]), Err(Error::Unsupported(_))));
    assert!(basis.wishes(&[wish("encoder", "vp8enc", None)]).is_ok());
    match basis.wishes(&[wish("framerate", "60", None)]) {
        Err(Error::Locked(sentence)) => assert!(sentence.contains("browser"), "{sentence}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn encoding_by_the_cpu_is_warned_about_unless_it_was_asked_for() {
    let warnings = |kept: &[(&str, &str)]| wished(kept, &[wish("encoder", "av1enc", None)]).expect("allowed").warnings;
    assert!(warnings(&[]).iter().any(|warning| warning.contains("CPU will encode AV1")), "{:?}", warnings(&[]));
    assert_eq!(warnings(&[("SELKIES_USE_CPU", "true")]), Vec::<String>::new());
}
