//! Our reading of raw values against recordings of the server's own parser, made by `tests/record/parser.py`.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::super::Schema;
use super::*;

#[derive(Debug, Deserialize)]
struct Recorded {
    setting: String,
    raw: String,
    value: String,
    locked: Option<bool>,
    span: Option<(String, String)>,
    allowed: Option<Vec<String>>,
}

fn recording(text: &str) -> Vec<Recorded> {
    text.lines().map(|line| serde_json::from_str(line).expect("one recording a line")).collect()
}

const OLD: &str = include_str!("../../../tests/fixtures/selkies/2.0.0/parser.jsonl");
const NEW: &str = include_str!("../../../tests/fixtures/selkies/2.1.0/parser.jsonl");

#[test]
fn the_newest_server_reads_every_raw_value_as_we_do() {
    let schema = Schema::bundled();
    let recorded = recording(NEW);
    assert!(recorded.len() > 600);
    for case in &recorded {
        compare(&schema, case);
    }
}

#[test]
fn the_oldest_server_differs_only_in_what_is_not_finite() {
    let schema = Schema::bundled();
    let odd = |case: &Recorded| number::float(&case.raw).is_some_and(|value| !value.is_finite());
    for case in recording(OLD).iter().filter(|case| !odd(case)) {
        compare(&schema, case);
    }
}

fn compare(schema: &Schema, case: &Recorded) {
    let setting = schema.get(&case.setting).expect("recorded from this schema");
    let choice = setting.decode(&case.raw);
    assert!(same(setting, &choice.value, &case.value), "{case:?}: we read {choice:?}");
    if let Some(locked) = locked(case) {
        // Where the server locks by itself, or nobody can choose anyway, the meaning is not told from the raw value.
        if setting.meanings().len() == 2 {
            assert_eq!(choice.meaning == Meaning::Enforced, locked, "{case:?}: we read {choice:?}");
        }
    }
    match (setting.allowed(&case.raw), &case.span, &case.allowed) {
        (Allowed::Span { min, max }, Some((low, high)), _) => {
            assert_eq!((Some(min), Some(max)), (Some(float(low)), Some(float(high))), "{case:?}");
        }
        (Allowed::Anything, Some((low, high)), _) => {
            assert_eq!(setting.bounds(), (Some(float(low)), Some(float(high))), "{case:?}");
        }
        (Allowed::Values(ours), _, Some(theirs)) => assert_eq!(&ours, theirs, "{case:?}"),
        (Allowed::Anything, _, Some(theirs)) => {
            let all: BTreeSet<&String> = setting.values().iter().collect();
            assert_eq!(theirs.iter().collect::<BTreeSet<_>>(), all, "{case:?}");
        }
        (Allowed::Anything, None, None) => {}
        (ours, ..) => panic!("{case:?}: we read {ours:?}"),
    }
}

fn locked(case: &Recorded) -> Option<bool> {
    let one_number = case.span.as_ref().map(|(low, high)| float(low) >= float(high));
    let one_word = case.allowed.as_ref().map(|words| words.iter().all(|word| *word == words[0]));
    case.locked.or(one_number).or(one_word)
}

fn float(text: &str) -> f64 {
    number::float(text).expect("a number in the recording")
}

/// Numbers are compared as numbers: Python writes `60.0` where we write `60`.
fn same(setting: &Setting, ours: &str, theirs: &str) -> bool {
    let number = matches!(setting.kind, Kind::Int { .. } | Kind::Float { .. } | Kind::Range { .. });
    match (number, number::float(ours), number::float(theirs)) {
        (true, Some(a), Some(b)) => Some(a) == Some(b) || a.is_nan() && b.is_nan(),
        _ => ours == theirs,
    }
}

#[test]
fn in_1_6_a_value_is_taken_as_it_stands() {
    let schema = Schema::legacy();
    for (name, raw, expected) in [
        ("encoder", "NVH264ENC", "nvh264enc"),
        ("encoder", "", "x264enc"),
        ("framerate", " 30 ", "30"),
        ("congestion_control", "True", "true"),
        ("congestion_control", "1", "false"),
        ("congestion_control", "true|locked", "false"),
        ("turn_host", "", ""),
        ("framerate", "sixty", "sixty"),
    ] {
        assert_eq!(schema.get(name).expect("there").decode(raw).value, expected, "{name} {raw:?}");
    }
}
