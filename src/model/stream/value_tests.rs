//! Every setting of the schemas against choices of people, and of people who mean harm.

use std::collections::BTreeMap;

use super::super::{Allowed, Schema};
use super::*;
use crate::model::settings_text;

fn setting(name: &str) -> Setting {
    Schema::bundled().get(name).expect("in the schema").clone()
}

fn encoded(name: &str, value: &str, meaning: Meaning) -> String {
    setting(name).encode(&Choice::new(value, meaning)).expect("allowed")
}

fn refused(name: &str, value: &str, meaning: Meaning) -> String {
    let refusal = setting(name).encode(&Choice::new(value, meaning)).expect_err("not allowed");
    assert_eq!(refusal.setting, name);
    refusal.sentence
}

const NEW: Meaning = Meaning::NewViewers;
const ALL: Meaning = Meaning::Enforced;
const SERVER: Meaning = Meaning::Server;

/// Values that each setting takes, as they are written after encoding: all words, both ends of each span, some texts.
fn samples(setting: &Setting) -> Vec<String> {
    let words = |values: &[String]| values.to_vec();
    let (least, most) = setting.bounds();
    let ends = [least, most].into_iter().flatten().map(written);
    match &setting.kind {
        Kind::Bool => ["true", "false"].map(str::to_owned).to_vec(),
        Kind::Text if setting.values().is_empty() => {
            ["Selkies", "it's $(id) `id` \"x\" \\ | , ; & é ✓", " spaced ", "-"].map(str::to_owned).to_vec()
        }
        Kind::Text => words(setting.values()),
        Kind::Int { .. } => ends.chain(["7".to_owned()]).filter(|value| fits(setting, value)).collect(),
        Kind::Float { .. } | Kind::Range { .. } => ends
            .chain([if setting.fractions() { "12.5" } else { "12" }.to_owned()])
            .filter(|value| fits(setting, value))
            .collect(),
        Kind::Enum { allowed, .. } => words(allowed),
        Kind::List { allowed, .. } => {
            let mut samples = words(allowed);
            samples.extend([NO_ITEMS.to_owned(), list_text(allowed)]);
            samples
        }
    }
}

fn fits(setting: &Setting, value: &str) -> bool {
    let (least, most) = setting.bounds();
    let value: f64 = value.parse().expect("a number");
    least.is_none_or(|least| value >= least) && most.is_none_or(|most| value <= most)
}

/// Every setting with every meaning and every sample.
fn everything() -> impl Iterator<Item = (Setting, Choice)> {
    let settings = [Schema::bundled(), Schema::legacy()].into_iter().flat_map(|schema| schema.settings);
    settings.flat_map(|setting| {
        let texts = setting.variable.is_none();
        let samples = samples(&setting).into_iter().filter(move |value| texts || !value.contains([' ', '*', '?', '[']));
        let choices = setting.meanings().iter().flat_map({
            let samples: Vec<String> = samples.collect();
            move |meaning| samples.clone().into_iter().map(|value| Choice::new(value, *meaning))
        });
        let setting = setting.clone();
        choices.map(move |choice| (setting.clone(), choice)).collect::<Vec<_>>()
    })
}

#[test]
fn what_is_encoded_is_read_back_for_every_setting() {
    let mut count = 0;
    for (setting, choice) in everything() {
        let raw = setting.encode(&choice).unwrap_or_else(|refusal| panic!("{choice:?}: {refusal}"));
        assert_eq!(setting.decode(&raw), choice, "{} {raw:?}", setting.name);
        count += 1;
    }
    assert!(count > 600, "{count}");
}

#[test]
fn defaults_are_read_as_what_they_are() {
    for setting in Schema::bundled().settings {
        let choice = setting.decode(&setting.default);
        assert!(setting.meanings().contains(&choice.meaning) || setting.rule.meaning == Some(ALL), "{}", setting.name);
        assert_eq!(setting.allowed(&setting.default), Allowed::Anything, "{}", setting.name);
        if !matches!(setting.kind, Kind::List { .. }) {
            assert_eq!(setting.decode(""), choice, "{}", setting.name);
        }
    }
}

#[test]
fn the_syntax_is_the_servers() {
    assert_eq!(encoded("encoder", "jpeg", NEW), "jpeg,h264enc,h265enc,vp8enc,vp9enc,av1enc,h264enc-striped");
    assert_eq!(encoded("encoder", "jpeg", ALL), "jpeg");
    assert_eq!(encoded("encoder", " JPEG , x264enc", NEW), "jpeg,h264enc");
    assert_eq!(encoded("framerate", "60", NEW), "60");
    assert_eq!(encoded("framerate", "60.0", ALL), "60-60");
    assert_eq!(encoded("framerate", "59.94", ALL), "59.94-59.94");
    assert_eq!(encoded("framerate", "30-120, 60", NEW), "60,30-120");
    assert_eq!(encoded("use_cpu", "on", NEW), "true");
    assert_eq!(encoded("use_cpu", "false", ALL), "false|locked");
    assert_eq!(encoded("enable_https", "true", SERVER), "true");
    assert_eq!(encoded("audio_bitrate", "64000", NEW), "64000");
    assert_eq!(encoded("audio_bitrate", "70000", NEW), "70000");
    assert_eq!(encoded("scaling_dpi", "120", ALL), "120");
    assert_eq!(encoded("enable_clipboard", "OUT", SERVER), "out");
    assert_eq!(encoded("file_transfers", "", SERVER), "none");
    assert_eq!(encoded("port", " 8_080 ", SERVER), "8080");
    assert_eq!(encoded("keyframe_interval", "2.50", SERVER), "2.5");
    let legacy = Schema::legacy();
    let encoder = legacy.get("encoder").expect("there");
    assert_eq!(encoder.encode(&Choice::new("nvh264enc", NEW)).as_deref(), Ok("nvh264enc"));
}

#[test]
fn what_the_server_would_drop_or_bend_is_refused() {
    for (name, value, meaning) in [
        ("encoder", "mpeg1", NEW),
        ("encoder", "jpeg,mpeg1", NEW),
        ("encoder", "jpeg,h264enc", ALL),
        ("encoder", "", ALL),
        ("framerate", "241", NEW),
        ("framerate", "7", ALL),
        ("framerate", "inf", NEW),
        ("framerate", "8-240", ALL),
        ("framerate", "60-60", NEW),
        ("framerate", "10,30-120", NEW),
        ("framerate", "1-500", NEW),
        ("framerate", "", NEW),
        ("video_crf", "25.5", NEW),
        ("jpeg_quality", "60.5,1-100", NEW),
        ("use_cpu", "maybe", NEW),
        ("use_cpu", "true|locked", NEW),
        ("port", "0", SERVER),
        ("port", "80.5", SERVER),
        ("webcam_width", "99999999999999999999", SERVER),
        ("keyframe_interval", "300.1", SERVER),
        ("keyframe_interval", "nan", SERVER),
        ("audio_bitrate", "5999", NEW),
        ("audio_bitrate", "64000.5", NEW),
        ("audio_bitrate", "64000", ALL),
        ("enable_clipboard", "both", SERVER),
        ("mode", "webrtc|locked", SERVER),
        ("file_transfers", "upload,none", SERVER),
        ("https_key", "", SERVER),
        ("ui_title", " ", SERVER),
        ("port", "80", ALL),
        ("framerate", "60", SERVER),
    ] {
        let sentence = refused(name, value, meaning);
        assert!(sentence.ends_with('.'), "{sentence}");
    }
}

#[test]
fn refusals_say_what_is_allowed() {
    assert_eq!(
        refused("framerate", "1000", NEW),
        "“1000” is not a value for framerate. It takes a number from 8 to 240."
    );
    assert_eq!(refused("port", "80", ALL), "port cannot be enforced for everyone; it can be set on the server.");
}

#[test]
fn refusals_keep_secrets() {
    let mut secret = setting("port");
    secret.secret = true;
    let refusal = secret.encode(&Choice::new("hunter2", SERVER)).expect_err("no number");
    assert!(!refusal.sentence.contains("hunter2"), "{refusal}");
}

#[test]
fn hostile_values_are_refused_or_stored_inert_for_every_setting() {
    let long = "x".repeat(1 << 20);
    let hostile = [
        "a\0b",
        "a\nb",
        "a\rb",
        "\u{1b}[2J",
        "\u{7f}",
        "\u{85}",
        &long,
        "'; touch /x; '",
        "$(touch /x)",
        "`touch /x`",
        "\"$HOME\"",
        "\\",
        "a'b''c",
        "|locked",
        "jpeg|locked",
        ",,,",
        "--port=1",
        "%s%n",
        "\u{202e}",
        "🦀",
        "a=b",
        "#",
        "!!",
    ];
    for schema in [Schema::bundled(), Schema::legacy()] {
        for setting in &schema.settings {
            for (value, meaning) in hostile.iter().flat_map(|value| setting.meanings().iter().map(move |m| (value, m)))
            {
                let choice = Choice::new(*value, *meaning);
                match setting.encode(&choice) {
                    Ok(raw) => assert_inert(setting, &choice, &raw),
                    Err(refusal) => {
                        assert!(refusal.sentence.len() < 1000 && refusal.sentence.ends_with('.'), "{refusal}");
                    }
                }
            }
        }
    }
}

/// Nothing but a free text may take such a value, and then as it stands.
fn assert_inert(setting: &Setting, choice: &Choice, raw: &str) {
    assert_eq!(setting.kind, Kind::Text, "{} took {:?}", setting.name, choice.value);
    assert_eq!(raw, choice.value);
    assert_eq!(setting.decode(raw).value, choice.value);
    assert!(!raw.chars().any(char::is_control) && raw.len() <= MOST_BYTES);
}

#[test]
fn a_real_shell_hands_every_encoded_value_on() {
    let raws: BTreeMap<String, String> = everything()
        .enumerate()
        .map(|(at, (setting, choice))| (format!("VALUE_{at}"), setting.encode(&choice).expect("allowed")))
        .collect();
    let output = std::process::Command::new("sh")
        .args(["-c", "set -a; eval \"$1\"; exec env -0", "sh", &settings_text::render(&raws)])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .output()
        .expect("every test machine has a shell");
    let text = String::from_utf8(output.stdout).expect("what went in");
    let read: BTreeMap<String, String> = text
        .split('\0')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(name, _)| name.starts_with("VALUE_"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert_eq!(read, raws);
}
