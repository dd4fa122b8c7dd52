//! `desktopctl access`.

use serde::Serialize;

use super::Failure;
use super::output::Output;
use super::table::{Cell, Style, Tone, render};
use crate::client::{Client, WayFacts};

/// The document, which later holds more than the ways.
#[derive(Serialize)]
struct Access<'w> {
    ways: &'w [WayFacts],
}

pub(super) async fn list(client: &Client, out: &mut Output) -> Result<(), Failure> {
    let ways = client.snapshot().await?.ways;
    if out.json {
        out.document(&Access { ways: &ways })?;
    } else if ways.is_empty() {
        out.line(
            "No way in is known. The service catalogue names them (`access` in /etc/desktop-control/services.d).",
        )?;
    } else {
        out.text(&table(&ways, ["WAY IN", "STATE", "ADDRESS", "NOTE"], out.style))?;
    }
    Ok(())
}

/// The ways as a table, also for `status`.
pub(super) fn table(ways: &[WayFacts], head: [&str; 4], style: Style) -> String {
    let row = |way: &WayFacts| {
        let label = if way.label.is_empty() { &way.kind } else { &way.label };
        let tone = match way.state.as_str() {
            "working" => Tone::Good,
            "broken" => Tone::Bad,
            _ => Tone::Plain,
        };
        [Cell::new(label), Cell::toned(&way.state, tone), Cell::whole(&way.address), Cell::new(&way.reason)]
    };
    render(head, &ways.iter().map(row).collect::<Vec<_>>(), style)
}
