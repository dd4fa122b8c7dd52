//! `desktopctl stream show`: what is configured, what the server makes of it, and what somebody has set.

use serde::Serialize;

use super::words;
use crate::cli::Failure;
use crate::cli::output::Output;
use crate::cli::table::{Cell, Style, Tone, render};
use crate::client::{Client, PendingFacts, SettingFacts, StreamFacts, unix_now};

/// The document.
#[derive(Serialize)]
struct Document<'s> {
    #[serde(flatten)]
    stream: &'s StreamFacts,
    /// Those that somebody has set.
    settings: Vec<&'s SettingFacts>,
    /// The change that is on trial.
    pending: Option<&'s PendingFacts>,
}

pub(super) async fn show(client: &Client, out: &mut Output) -> Result<(), Failure> {
    let stream = client.stream().await?;
    let settings = if stream.is_there() { client.settings().await? } else { Vec::new() };
    let snapshot = client.snapshot().await?;
    let pending = snapshot.on_trial();
    if out.json {
        out.document(&Document { stream: &stream, settings: set(&settings).collect(), pending })?;
    } else {
        out.text(&text(&stream, &settings, pending, unix_now(), out.style))?;
    }
    Ok(())
}

/// The settings that are not the server's own defaults.
fn set(settings: &[SettingFacts]) -> impl Iterator<Item = &SettingFacts> {
    settings.iter().filter(|setting| setting.is_set())
}

fn text(
    stream: &StreamFacts,
    settings: &[SettingFacts],
    pending: Option<&PendingFacts>,
    now: u64,
    style: Style,
) -> String {
    if !stream.is_there() {
        let note = stream.schema_note.as_deref().unwrap_or("No Selkies is installed here, so there is nothing to set.");
        return render([""], &[[Cell::new(note)]], style);
    }
    let mut out = render(["", ""], &summary(stream, settings), style);
    if let Some(change) = pending {
        let lines = change.changes.iter().cloned().chain([words::progress(change, now)]);
        let lines: Vec<_> = lines.map(|line| [Cell::new(&line)]).collect();
        out.extend(["\nOn trial\n", &render([""], &lines, style)]);
    }
    let rows: Vec<_> = set(settings).map(row).collect();
    if rows.is_empty() {
        out.push_str("\nEvery setting has the value that the server gives it by itself.\n");
    } else {
        out.extend(["\n", &render(["SETTING", "VALUE", "MEANING", "FROM", "WHAT"], &rows, style)]);
    }
    out
}

fn summary(stream: &StreamFacts, settings: &[SettingFacts]) -> Vec<[Cell; 2]> {
    let preset = stream.preset_in_force().map(|preset| preset.label.clone()).or(stream.preset.clone());
    let (verdict, tone) = match stream.effective.verdict.as_str() {
        "as-configured" => (Some("as configured".to_owned()), Tone::Good),
        "fallback" => (Some("not as configured".to_owned()), Tone::Bad),
        "viewers-choice" => (Some("as a viewer chose in the browser".to_owned()), Tone::Plain),
        _ => (None, Tone::Plain),
    };
    let lines = [
        ("Preset", Some(preset.unwrap_or("Custom".into())), Tone::Plain),
        ("Configured", words::configured(settings), Tone::Plain),
        ("Now", Some(words::effective(stream)), Tone::Plain),
        ("", verdict, tone),
        ("", stream.effective.reason.clone(), Tone::Plain),
        ("Server", Some(words::server(stream)), Tone::Plain),
        ("", stream.schema_note.clone(), Tone::Plain),
        ("Changes go to", Some(words::written_to(&stream.write_mode)), Tone::Plain),
    ];
    let line = |(name, text, tone): (&str, Option<String>, Tone)| Some([Cell::new(name), Cell::toned(&text?, tone)]);
    lines.into_iter().filter_map(line).collect()
}

fn row(setting: &SettingFacts) -> [Cell; 5] {
    let source = words::source(&setting.source);
    let source = if setting.fixed.is_some() { source + ", fixed" } else { source };
    [
        Cell::new(&setting.name),
        Cell::new(words::value(setting)),
        Cell::new(&words::meaning(&setting.meaning)),
        Cell::new(&source),
        Cell::new(&setting.label),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{EffectiveFacts, PresetFacts};

    fn stream() -> StreamFacts {
        StreamFacts {
            backend: "selkies".into(),
            backend_version: Some("2.1.0".into()),
            write_mode: "settings-file".into(),
            presets: vec![PresetFacts { name: "balanced".into(), label: "Balanced".into(), ..PresetFacts::default() }],
            viewers: Some(0),
            effective: EffectiveFacts { verdict: "unknown".into(), ..EffectiveFacts::default() },
            ..StreamFacts::default()
        }
    }

    fn settings() -> Vec<SettingFacts> {
        let setting = |name: &str, label: &str, value: &str| SettingFacts {
            name: name.into(),
            label: label.into(),
            value: Some(value.into()),
            meaning: "new-viewers".into(),
            source: "built-in".into(),
            ..SettingFacts::default()
        };
        vec![setting("encoder", "Encoder", "h264enc"), setting("framerate", "Frames a second", "60")]
    }

    #[test]
    fn an_untouched_stream_is_a_few_lines() {
        let stream = StreamFacts { preset: Some("balanced".into()), ..stream() };
        let expected = "Preset         Balanced\n\
                        Configured     h264enc · 60\n\
                        Now            no viewer\n\
                        Server         Selkies 2.1.0\n\
                        Changes go to  settings of our own, which the stream's start reads\n\n\
                        Every setting has the value that the server gives it by itself.\n";
        assert_eq!(text(&stream, &settings(), None, 0, Style::default()), expected);
    }

    #[test]
    fn what_is_set_is_listed_and_what_is_on_trial_says_what_to_do() {
        let mut settings = settings();
        settings[0] = SettingFacts {
            value: Some("jpeg".into()),
            meaning: "enforced".into(),
            source: "container".into(),
            fixed: Some("The operator has fixed it.".into()),
            ..settings[0].clone()
        };
        let change = PendingFacts {
            changes: vec!["Encoder: H.264 → JPEG".into()],
            stage: "waiting".into(),
            deadline: Some(60),
            ..PendingFacts::default()
        };
        let said = text(&stream(), &settings, Some(&change), 8, Style::default());
        assert!(said.starts_with("Preset         Custom\n"), "{said}");
        assert!(said.contains("\nOn trial\nEncoder: H.264 → JPEG\nKeep it: `desktopctl stream keep`."), "{said}");
        let table = "\nSETTING  VALUE  MEANING                FROM                          WHAT\n\
                     encoder  jpeg   enforced for everyone  container environment, fixed  Encoder\n";
        assert!(said.ends_with(table), "{said}");
    }

    #[test]
    fn a_fallback_says_why_and_where_it_can_be_mended() {
        let effective = EffectiveFacts {
            encoder: Some("h264enc".into()),
            by: Some("cpu".into()),
            verdict: "fallback".into(),
            reason: Some("This machine has no GPU.".into()),
            ..EffectiveFacts::default()
        };
        let said = text(&StreamFacts { effective, ..stream() }, &settings(), None, 0, Style::default());
        assert!(said.contains("h264enc by the CPU · no viewer\n"), "{said}");
        assert!(said.contains("not as configured\n               This machine has no GPU.\n"), "{said}");
    }

    #[test]
    fn without_a_server_there_is_one_sentence() {
        let stream = StreamFacts { backend: "none".into(), ..StreamFacts::default() };
        assert_eq!(text(&stream, &[], None, 0, Style::default()).lines().count(), 1);
    }
}
