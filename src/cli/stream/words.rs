//! What the stream's facts are called in text; the same words as in the window.

use std::collections::BTreeMap;

use crate::client::{PendingFacts, SettingFacts, StreamFacts};
use crate::model::stream::{Meaning, Source, overlay};

/// For whom a value holds; a token that this version does not know as it is.
pub(super) fn meaning(token: &str) -> String {
    token.parse::<Meaning>().map_or_else(|_| token.to_owned(), |meaning| meaning.words().to_owned())
}

/// Where a value comes from.
pub(super) fn source(token: &str) -> String {
    token.parse::<Source>().map_or_else(|_| token.to_owned(), |source| source.words().to_owned())
}

/// What is configured, as it is typed.
pub(super) fn value(setting: &SettingFacts) -> &str {
    match (setting.secret, setting.value.as_deref()) {
        (Some(true), _) => "(set, never shown)",
        (Some(false), _) => "(not set)",
        (None, value) => value.filter(|value| !value.is_empty()).unwrap_or("-"),
    }
}

/// What a setting takes, as it is typed: “h264enc, jpeg”, “8 to 240 fps”.
pub(super) fn allowed(setting: &SettingFacts) -> String {
    let values = setting.values.as_deref().unwrap_or_default();
    let unit = setting.unit.as_deref().filter(|unit| !unit.is_empty());
    let in_unit = |span: String| unit.map_or(span.clone(), |unit| format!("{span} {unit}"));
    match (setting.kind.as_str(), setting.minimum, setting.maximum) {
        ("bool", ..) => "true, false".into(),
        ("list", ..) => format!("none, or any of {}", values.join(", ")),
        _ if !values.is_empty() => values.join(", "),
        (_, Some(least), Some(most)) => in_unit(format!("{least} to {most}")),
        (_, Some(least), None) => in_unit(format!("from {least}")),
        (_, None, Some(most)) => in_unit(format!("up to {most}")),
        ("int" | "float" | "range", None, None) => in_unit("any number".into()),
        ("text", ..) => "any text".into(),
        (other, ..) => other.to_owned(),
    }
}

/// “Selkies 2.1.0”.
pub(super) fn server(stream: &StreamFacts) -> String {
    let name = match stream.backend.as_str() {
        "selkies" => "Selkies",
        "selkies-gstreamer" => "Selkies with GStreamer",
        "none" => "none",
        other => other,
    };
    stream.backend_version.as_ref().map_or(name.to_owned(), |version| format!("{name} {version}"))
}

/// Where changes go.
pub(super) fn written_to(write_mode: &str) -> String {
    match write_mode {
        "settings-file" => "settings of our own, which the stream's start reads".into(),
        "env-file" => "a marked block at the end of the workspace's .env".into(),
        "none" => "nowhere: settings cannot be changed here".into(),
        other => other.to_owned(),
    }
}

/// What is configured: “JPEG · 20 fps”; none where neither setting exists.
pub(super) fn configured(settings: &[SettingFacts]) -> Option<String> {
    let said = ["encoder", "framerate"].map(|name| {
        let setting = settings.iter().find(|setting| setting.name == name)?;
        Some(setting.in_words(setting.value.as_deref()?))
    });
    let said: Vec<String> = said.into_iter().flatten().collect();
    (!said.is_empty()).then(|| said.join(" · "))
}

/// What the server really does: “H.264 by the CPU · 1280x720 · 19 fps · 24 ms · 1 viewer”.
pub(super) fn effective(stream: &StreamFacts) -> String {
    let effective = &stream.effective;
    let rate = |number: f64, unit: &str| format!("{number:.0} {unit}");
    let watched = stream.viewers != Some(0);
    let parts = [
        effective.encoder_in_words(),
        effective.width.zip(effective.height).map(|(width, height)| format!("{width}x{height}")),
        effective.bitrate.map(|bitrate| overlay::in_words(&BTreeMap::new(), "kbit/s", &bitrate.to_string())),
        stream.fps.filter(|_| watched).map(|fps| rate(fps, "fps")),
        stream.latency_ms.filter(|_| watched).map(|latency| rate(latency, "ms")),
        stream.viewers.map(|viewers| match viewers {
            0 => "no viewer".into(),
            1 => "1 viewer".into(),
            more => format!("{more} viewers"),
        }),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "cannot be told".into() } else { parts.join(" · ") }
}

/// How far a change is, and what to do about it.
pub(in crate::cli) fn progress(change: &PendingFacts, now: u64) -> String {
    match (change.stage.as_str(), change.seconds_left(now)) {
        ("restarting", _) => "The stream is being restarted with it.".into(),
        ("checking", _) => "It is being checked whether the stream works with it.".into(),
        ("waiting", Some(left)) => {
            format!("Keep it: `desktopctl stream keep`. It goes back by itself in {left} s.")
        }
        ("waiting", None) => {
            "Keep it: `desktopctl stream keep`. The clock stands still while no viewer is connected, for 5 minutes at \
             most; then it goes back by itself."
                .into()
        }
        ("keeping", _) => "It is being kept.".into(),
        ("reverting", _) => with_reason("The earlier settings are being brought back.", change),
        ("kept", _) => "Kept. It holds for every start from now on.".into(),
        ("reverted", _) => with_reason("The change was taken back.", change),
        (other, _) => format!("It is {other}."),
    }
}

fn with_reason(sentence: &str, change: &PendingFacts) -> String {
    change.reason.as_ref().map_or(sentence.to_owned(), |reason| format!("{sentence} {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::EffectiveFacts;

    #[test]
    fn tokens_have_words_and_new_ones_are_shown_as_they_are() {
        assert_eq!(meaning("enforced"), "enforced for everyone");
        assert_eq!(source("env-file"), ".env file");
        assert_eq!((meaning("sometimes").as_str(), source("the-moon").as_str()), ("sometimes", "the-moon"));
        assert_eq!(written_to("smoke-signals"), "smoke-signals");
        assert_eq!(
            progress(&PendingFacts { stage: "pondering".into(), ..PendingFacts::default() }, 0),
            "It is pondering."
        );
    }

    #[test]
    fn what_a_setting_takes_is_as_it_is_typed() {
        let setting = |kind: &str| SettingFacts { kind: kind.into(), ..SettingFacts::default() };
        let values = Some(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(allowed(&setting("bool")), "true, false");
        assert_eq!(allowed(&SettingFacts { values: values.clone(), ..setting("enum") }), "a, b");
        assert_eq!(allowed(&SettingFacts { values, ..setting("list") }), "none, or any of a, b");
        let framerate = SettingFacts { unit: Some("fps".into()), minimum: Some(8.0), ..setting("range") };
        assert_eq!(allowed(&framerate), "from 8 fps");
        assert_eq!(allowed(&SettingFacts { maximum: Some(240.0), ..framerate }), "8 to 240 fps");
        assert_eq!(allowed(&setting("text")), "any text");
        assert_eq!(allowed(&setting("a-later-kind")), "a-later-kind");
    }

    #[test]
    fn secrets_have_no_value_to_show() {
        let secret = SettingFacts { secret: Some(true), value: Some("hunter2".into()), ..SettingFacts::default() };
        assert_eq!(value(&secret), "(set, never shown)");
        assert_eq!(value(&SettingFacts { secret: Some(false), ..secret }), "(not set)");
    }

    #[test]
    fn the_stream_is_told_in_one_line() {
        let effective = EffectiveFacts {
            encoder: Some("h264enc".into()),
            encoder_label: Some("H.264".into()),
            by: Some("cpu".into()),
            width: Some(1280),
            height: Some(720),
            bitrate: Some(8000),
            ..EffectiveFacts::default()
        };
        let stream = StreamFacts {
            effective,
            viewers: Some(1),
            fps: Some(19.4),
            latency_ms: Some(24.0),
            ..StreamFacts::default()
        };
        assert_eq!(super::effective(&stream), "H.264 by the CPU · 1280x720 · 8 Mbit/s · 19 fps · 24 ms · 1 viewer");
        let alone = StreamFacts { viewers: Some(0), fps: Some(0.0), ..StreamFacts::default() };
        assert_eq!(super::effective(&alone), "no viewer");
        assert_eq!(super::effective(&StreamFacts::default()), "cannot be told");
    }

    #[test]
    fn every_stage_says_what_to_do() {
        let change = |stage: &str, deadline| PendingFacts {
            stage: stage.into(),
            deadline,
            reason: Some("Nobody has kept it.".into()),
            ..PendingFacts::default()
        };
        assert!(progress(&change("waiting", Some(100)), 48).ends_with("It goes back by itself in 52 s."));
        assert!(progress(&change("waiting", None), 48).contains("stands still"));
        assert_eq!(progress(&change("reverted", None), 48), "The change was taken back. Nobody has kept it.");
    }
}
