//! `desktopctl stream preset`.

use serde::Serialize;

use crate::api;
use crate::cli::output::Output;
use crate::cli::table::{Cell, Style, Tone, render};
use crate::cli::{Failure, nearest};
use crate::client::{Client, PresetFacts, StreamFacts};
use crate::model::text::quoted;

/// The document.
#[derive(Serialize)]
struct Document<'s> {
    presets: &'s [PresetFacts],
    /// The one in force.
    preset: Option<&'s str>,
}

pub(super) async fn list(client: &Client, out: &mut Output) -> Result<(), Failure> {
    let stream = client.stream().await?;
    if out.json {
        out.document(&Document { presets: &stream.presets, preset: stream.preset.as_deref() })?;
    } else if stream.presets.is_empty() {
        out.line("There are no presets for the stream of this machine.")?;
    } else {
        out.text(&table(&stream, out.style))?;
    }
    Ok(())
}

fn table(stream: &StreamFacts, style: Style) -> String {
    let row = |preset: &PresetFacts| {
        let in_force = stream.preset.as_ref() == Some(&preset.name);
        let mark = if in_force { Cell::toned("in force", Tone::Good) } else { Cell::new("") };
        [Cell::new(&preset.name), mark, Cell::new(&preset.label), Cell::new(&preset.description)]
    };
    let custom = [Cell::new("-"), Cell::toned("in force", Tone::Good), Cell::new("Custom"), Cell::new(CUSTOM)];
    let custom = stream.preset.is_none().then_some(custom);
    let rows: Vec<_> = stream.presets.iter().map(row).chain(custom).collect();
    render(["PRESET", "STATE", "LABEL", "WHAT IT IS FOR"], &rows, style)
}

const CUSTOM: &str = "Values of your own; `desktopctl stream` shows them.";

/// The preset called `name`, or an error that helps to find the right name.
pub(super) fn find<'s>(stream: &'s StreamFacts, name: &str) -> Result<&'s PresetFacts, api::Error> {
    stream.presets.iter().find(|preset| preset.name == name).ok_or_else(|| {
        let hint = nearest::hint(stream.presets.iter().map(|preset| preset.name.as_str()), name);
        let name = quoted(name);
        api::Error::UnknownSetting(format!(
            "There is no preset called {name}.{hint} `desktopctl stream preset` lists them."
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(preset: Option<&str>) -> StreamFacts {
        let facts = |name: &str, label: &str, description: &str| PresetFacts {
            name: name.into(),
            label: label.into(),
            description: description.into(),
            changes: Vec::new(),
        };
        let presets = vec![facts("balanced", "Balanced", "For most."), facts("slow-link", "Slow link", "For few.")];
        StreamFacts { presets, preset: preset.map(Into::into), ..StreamFacts::default() }
    }

    #[test]
    fn the_one_in_force_is_marked() {
        let expected = "PRESET     STATE     LABEL      WHAT IT IS FOR\n\
                        balanced             Balanced   For most.\n\
                        slow-link  in force  Slow link  For few.\n";
        assert_eq!(table(&stream(Some("slow-link")), Style::default()), expected);
        let custom = table(&stream(None), Style::default());
        assert!(custom.lines().last().is_some_and(|line| line.contains("in force  Custom")), "{custom}");
    }

    #[test]
    fn an_unknown_preset_is_no_such_thing() {
        let error = find(&stream(None), "slowlink").unwrap_err();
        assert_eq!(error.short_name(), "UnknownSetting");
        assert!(error.sentence().contains("Did you mean “slow-link”?"), "{}", error.sentence());
    }
}
