//! `desktopctl access`.

use std::time::Duration;

use serde::Serialize;

use super::Failure;
use super::args::{Access, Tunnel};
use super::jobs::{finished, judged};
use super::output::Output;
use super::table::{Cell, Style, Tone, render};
use crate::client::{AccessFacts, Client, WayFacts};

/// Opening a tunnel takes up to half a minute.
const WAIT: Duration = Duration::from_mins(2);

/// Does one of these commands.
pub(super) async fn obey(
    client: Client,
    out: &mut Output,
    command: Option<Access>,
    wait: Option<Duration>,
) -> Result<(), Failure> {
    match command.unwrap_or(Access::Show) {
        Access::Show => show(&client, out).await,
        Access::Tunnel { command: Tunnel::Start { way } } => tunnel(client, out, &way, true, wait).await,
        Access::Tunnel { command: Tunnel::Stop { way } } => tunnel(client, out, &way, false, wait).await,
    }
}

/// The document.
#[derive(Serialize)]
struct Document<'a> {
    ways: &'a [WayFacts],
    #[serde(flatten)]
    whole: &'a AccessFacts,
}

async fn show(client: &Client, out: &mut Output) -> Result<(), Failure> {
    let snapshot = client.snapshot().await?;
    let (ways, whole) = (&snapshot.ways, snapshot.access.unwrap_or_default());
    if out.json {
        out.document(&Document { ways, whole: &whole })?;
    } else if ways.is_empty() {
        out.line(
            "No way in is known. The service catalogue names them (`access` in /etc/desktop-control/services.d).",
        )?;
    } else {
        out.text(&table(ways, ["WAY IN", "STATE", "ADDRESS", "NOTE"], out.style))?;
        out.text(&from_elsewhere(ways, &whole, out.style))?;
    }
    Ok(())
}

/// The document of an open tunnel.
#[derive(Serialize)]
struct Opened<'a> {
    target: &'a str,
    url: Option<&'a str>,
}

async fn tunnel(
    mut client: Client,
    out: &mut Output,
    way: &str,
    open: bool,
    wait: Option<Duration>,
) -> Result<(), Failure> {
    let ways = client.snapshot().await?.ways;
    let target = ways.iter().find(|known| known.kind == way).and_then(|known| known.target.as_deref()).unwrap_or(way);
    let id = client.set_tunnel(target, open).await?;
    let Some(job) = finished(&mut client, out, id, wait.unwrap_or(WAIT)).await? else { return Ok(()) };
    judged(&job, wait.unwrap_or(WAIT))?;
    let access = client.snapshot().await?.access.unwrap_or_default();
    let url = access.tunnels.iter().find(|tunnel| tunnel.target == target).map(|tunnel| tunnel.url.as_str());
    if out.json {
        return Ok(out.document(&Opened { target, url })?);
    }
    Ok(out.line(&match (open, url) {
        (true, Some(url)) => url.to_owned(),
        (true, None) => format!("The tunnel to {target} was opened and is not there any more."),
        (false, _) => format!("The tunnel to {target} is closed."),
    })?)
}

/// What a way is called by people.
fn label(way: &WayFacts) -> &str {
    if way.label.is_empty() { &way.kind } else { &way.label }
}

/// The ways as a table, also for `status`.
pub(super) fn table(ways: &[WayFacts], head: [&str; 4], style: Style) -> String {
    let row = |way: &WayFacts| {
        let tone = match way.state.as_str() {
            "working" => Tone::Good,
            "broken" => Tone::Bad,
            _ => Tone::Plain,
        };
        [Cell::new(label(way)), Cell::toned(&way.state, tone), Cell::whole(&way.address), Cell::new(&way.reason)]
    };
    render(head, &ways.iter().map(row).collect::<Vec<_>>(), style)
}

/// How each is reached from another machine: an address or something to type, else why there is neither.
fn from_elsewhere(ways: &[WayFacts], whole: &AccessFacts, style: Style) -> String {
    let way = |way: &WayFacts| {
        let lead =
            [way.outside.as_deref(), way.command.as_deref()].into_iter().flatten().collect::<Vec<_>>().join("  ");
        let why = way.outside_reason.as_deref().unwrap_or_default();
        if lead.is_empty() && why.is_empty() {
            return None;
        }
        let why = if lead.is_empty() { why } else { "" };
        Some([Cell::new(label(way)), Cell::whole(&lead), Cell::new(why)])
    };
    let rows: Vec<_> = ways.iter().filter_map(way).collect();
    let mut said = String::new();
    let section = |said: &mut String, title: &str, table: String| {
        if !table.is_empty() {
            said.extend(["\n", title, "\n", &table]);
        }
    };
    section(&mut said, "From elsewhere", render([""; 3], &rows, style));
    let tunnels: Vec<_> = whole
        .tunnels
        .iter()
        .map(|tunnel| [Cell::new(&tunnel.label), Cell::whole(&tunnel.url), Cell::new("")])
        .collect();
    section(&mut said, "Quick tunnels", render([""; 3], &tunnels, style));
    // One that is not needed is none that people have to hear of.
    if !matches!(whole.turn.state.as_str(), "" | "not-needed" | "unknown") {
        let server = whole.turn.server.as_deref().unwrap_or_default();
        let row = [Cell::new(&whole.turn.state), Cell::whole(server), Cell::new(&whole.turn.sentence)];
        section(&mut said, "Relay of the stream (TURN)", render([""; 3], &[row], style));
    }
    if let Some(note) = &whole.source_note {
        section(&mut said, "Note", render([""], &[[Cell::new(note)]], style));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::TunnelFacts;

    fn way(kind: &str, address: &str) -> WayFacts {
        WayFacts { kind: kind.into(), state: "working".into(), address: address.into(), ..WayFacts::default() }
    }

    #[test]
    fn each_way_is_reached_from_elsewhere_or_it_is_said_why_not() {
        let ways = [
            WayFacts { outside: Some("http://203.0.113.9:41100/".into()), ..way("browser", "http://localhost:16100/") },
            WayFacts {
                outside_reason: Some("It listens on this machine only.".into()),
                command: Some("ssh -L 5900:localhost:5900 HOST".into()),
                ..way("vnc", "localhost:5900")
            },
            WayFacts { outside_reason: Some("Port 22 is not open.".into()), ..way("ssh", "localhost:22") },
            way("odd", ""),
        ];
        let tunnel = TunnelFacts { url: "https://a.b/".into(), label: "Selkies".into(), ..TunnelFacts::default() };
        let whole = AccessFacts {
            tunnels: vec![tunnel],
            source_note: Some("The instance portal is not running.".into()),
            ..AccessFacts::default()
        };
        let expected = "\nFrom elsewhere\n\
                        browser  http://203.0.113.9:41100/\n\
                        vnc      ssh -L 5900:localhost:5900 HOST\n\
                        ssh                                       Port 22 is not open.\n\
                        \nQuick tunnels\n\
                        Selkies  https://a.b/\n\
                        \nNote\n\
                        The instance portal is not running.\n";
        assert_eq!(from_elsewhere(&ways, &whole, Style::default()), expected);
        assert_eq!(from_elsewhere(&ways[3..], &AccessFacts::default(), Style::default()), "");
    }
}
