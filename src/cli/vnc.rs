//! `desktopctl vnc`.

use std::time::Duration;

use serde::Serialize;

use super::args::Vnc;
use super::jobs::{finished, judged};
use super::output::Output;
use super::table::{Cell, Style, Tone, render};
use super::{Failure, secret};
use crate::client::{Client, VncChange, VncFacts, VncViewerFacts, unix_now};
use crate::model::text::duration;
use crate::model::vnc::PASSWORD_COUNTS;

/// How long a job is waited for, unless somebody says otherwise.
const WAIT: Duration = Duration::from_mins(2);

/// Does one of these commands.
pub(super) async fn obey(
    client: Client,
    out: &mut Output,
    command: Option<Vnc>,
    wait: Option<Duration>,
) -> Result<(), Failure> {
    let command = command.unwrap_or(Vnc::Show);
    if let Some((wish, force)) = command.change() {
        return change(client, out, &wish, force, wait).await;
    }
    match command {
        Vnc::Password { .. } => {
            // Nobody shall type one that then nobody takes.
            client.vnc().await?;
            let password = secret::ask("VNC password").await.map_err(Failure::Secret)?;
            let is_long = password.chars().count() > PASSWORD_COUNTS;
            change(client, out, &VncChange::Password(password), false, wait).await?;
            if is_long {
                out.note(&format!("VNC looks at the first {PASSWORD_COUNTS} characters of a password only."));
            }
            Ok(())
        }
        Vnc::ShowPassword => show_password(&client, out).await,
        Vnc::Disconnect => disconnect(&client, out).await,
        _ => show(&client, out).await,
    }
}

/// The document of `vnc show-password`.
#[derive(Serialize)]
struct Password {
    password: String,
}

async fn show_password(client: &Client, out: &mut Output) -> Result<(), Failure> {
    let password = client.vnc_password().await?;
    if out.json {
        return Ok(out.document(&Password { password })?);
    }
    Ok(out.line(&password)?)
}

/// The document of `vnc disconnect`.
#[derive(Serialize)]
struct Disconnected {
    disconnected: u32,
}

async fn disconnect(client: &Client, out: &mut Output) -> Result<(), Failure> {
    let disconnected = client.disconnect_vnc().await?;
    if out.json {
        return Ok(out.document(&Disconnected { disconnected })?);
    }
    Ok(out.line(&match disconnected {
        0 => "No viewer is connected.".to_owned(),
        1 => "1 viewer disconnected. It can connect again.".to_owned(),
        more => format!("{more} viewers disconnected. They can connect again."),
    })?)
}

/// Changes something, and waits until it is so.
async fn change(
    mut client: Client,
    out: &mut Output,
    wish: &VncChange,
    force: bool,
    wait: Option<Duration>,
) -> Result<(), Failure> {
    let job = match client.change_vnc(wish, force).await? {
        None => None,
        Some(id) => match finished(&mut client, out, id, wait.unwrap_or(WAIT)).await? {
            None => return Ok(()),
            job => job,
        },
    };
    if out.json {
        out.document(&job)?;
    }
    if let Some(job) = &job {
        judged(job, wait.unwrap_or(WAIT))?;
    }
    Ok(out.line(done(wish))?)
}

/// What holds now.
fn done(wish: &VncChange) -> &'static str {
    match wish {
        VncChange::Enabled(true) => "VNC is on, and starts with the desktop.",
        VncChange::Enabled(false) => "VNC is off, and stays off.",
        VncChange::Exposure(exposure) if exposure == "all" => {
            "VNC can be reached from everywhere. It is not encrypted: whoever reads along sees the desktop."
        }
        VncChange::Exposure(_) => "VNC can be reached from this machine only, so also through an SSH tunnel.",
        VncChange::Password(_) => "The VNC password is set.",
        VncChange::GeneratedPassword => "A VNC password is made up. `desktopctl vnc show-password` shows it.",
        VncChange::ViewOnly(true) => "VNC viewers can look and not touch.",
        VncChange::ViewOnly(false) => "VNC viewers can use mouse and keys.",
        VncChange::Shared(true) => "There can be several VNC viewers at a time.",
        VncChange::Shared(false) => "There is one VNC viewer at a time: a new one takes the place of the one before.",
        VncChange::Web(true) => "VNC in the browser is on, and starts with the desktop.",
        VncChange::Web(false) => "VNC in the browser is off, and stays off.",
    }
}

async fn show(client: &Client, out: &mut Output) -> Result<(), Failure> {
    let vnc = client.vnc().await?;
    if out.json {
        out.document(&vnc)?;
    } else {
        let ways = client.snapshot().await?.ways;
        let command = ways.into_iter().find(|way| way.kind == "vnc").and_then(|way| way.command);
        out.text(&summary(&vnc, command.as_deref(), out.style))?;
        out.text(&viewers(&vnc.viewers, unix_now(), out.style))?;
    }
    Ok(())
}

fn summary(vnc: &VncFacts, command: Option<&str>, style: Style) -> String {
    let port = vnc.port;
    let (server, tone) = match (vnc.running, vnc.enabled) {
        (true, true) => (format!("on, at port {port}"), Tone::Good),
        (true, false) => (format!("on until the next start, at port {port}"), Tone::Plain),
        (false, true) => ("not running: `desktopctl services` tells more".to_owned(), Tone::Bad),
        (false, false) => ("off".to_owned(), Tone::Plain),
    };
    let reach = match vnc.exposure.as_str() {
        "local" => "this machine only",
        "all" => "everywhere, not encrypted",
        other => other,
    };
    let usual = format!("ssh -L {port}:localhost:{port} HOST");
    let tunnel = (vnc.exposure == "local").then(|| format!("tunnel: {}", command.unwrap_or(&usual)));
    let may = if vnc.view_only { "look and not touch" } else { "use mouse and keys" };
    let many = if vnc.shared { "several at a time" } else { "one at a time, the newest" };
    let url = vnc.web.url.clone().unwrap_or_default();
    let (web, web_tone) = match (vnc.web.kind.as_str(), vnc.web.running, vnc.web.enabled) {
        ("none", ..) => ("not installed".to_owned(), Tone::Plain),
        (_, true, _) => (format!("on, {url}"), Tone::Good),
        (_, false, false) => ("off".to_owned(), Tone::Plain),
        _ if !vnc.running => ("waits for the server".to_owned(), Tone::Plain),
        _ => ("not running: `desktopctl services` tells more".to_owned(), Tone::Bad),
    };
    let lines = [
        ("Server", server, tone),
        ("Reached from", reach.to_owned(), Tone::Plain),
        ("", tunnel.unwrap_or_default(), Tone::Plain),
        ("Password", vnc.password_in_words().to_owned(), Tone::Plain),
        ("Viewers can", format!("{may}; {many}"), Tone::Plain),
        ("In the browser", web, web_tone),
    ];
    let rows: Vec<_> = lines
        .into_iter()
        .filter(|(_, text, _)| !text.is_empty())
        .map(|(name, text, tone)| [Cell::new(name), Cell::toned(&text, tone)])
        .collect();
    render(["", ""], &rows, style)
}

fn viewers(viewers: &[VncViewerFacts], now: u64, style: Style) -> String {
    if viewers.is_empty() {
        return "\nNobody is connected.\n".to_owned();
    }
    let row = |viewer: &VncViewerFacts| {
        let since = viewer.since.map_or("-".to_owned(), |since| duration(now.saturating_sub(since)));
        [Cell::whole(&viewer.address), Cell::new(viewer.through_in_words()), Cell::new(&since)]
    };
    let rows: Vec<_> = viewers.iter().map(row).collect();
    format!("\n{}", render(["VIEWER", "WITH", "SINCE"], &rows, style))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::VncWebFacts;

    fn vnc() -> VncFacts {
        VncFacts {
            enabled: true,
            running: true,
            port: 5900,
            exposure: "local".into(),
            password_source: "ours".into(),
            shared: true,
            web: VncWebFacts {
                kind: "novnc".into(),
                enabled: true,
                running: true,
                url: Some("http://localhost:16200/vnc.html".into()),
                service: Some("novnc".into()),
            },
            ..VncFacts::default()
        }
    }

    #[test]
    fn one_look_tells_how_to_connect() {
        let said = summary(&vnc(), None, Style::default());
        let expected = "Server          on, at port 5900\n\
                        Reached from    this machine only\n\
                        \u{20}               tunnel: ssh -L 5900:localhost:5900 HOST\n\
                        Password        set here, or made up at the first start\n\
                        Viewers can     use mouse and keys; several at a time\n\
                        In the browser  on, http://localhost:16200/vnc.html\n";
        assert_eq!(said, expected);
        let known = summary(&vnc(), Some("ssh -p 41022 -L 5900:localhost:5900 root@203.0.113.9"), Style::default());
        assert!(known.contains("tunnel: ssh -p 41022 -L 5900:localhost:5900 root@203.0.113.9\n"), "{known}");
    }

    #[test]
    fn what_is_off_is_not_in_trouble_and_what_should_run_is() {
        let off = VncFacts { enabled: false, running: false, ..vnc() };
        let web = VncWebFacts { running: false, ..vnc().web };
        let said = summary(&VncFacts { web: web.clone(), ..off }, None, Style::default());
        assert!(said.starts_with("Server          off\n") && said.contains("waits for the server"), "{said}");
        let said = summary(&VncFacts { running: false, ..vnc() }, None, Style::default());
        assert!(said.starts_with("Server          not running: "), "{said}");
        let said = summary(&VncFacts { web, ..vnc() }, None, Style::default());
        assert!(said.ends_with("In the browser  not running: `desktopctl services` tells more\n"), "{said}");
    }

    #[test]
    fn viewers_are_listed_with_what_is_known_of_them() {
        let viewer = |address: &str, through: &str, since| VncViewerFacts {
            address: address.into(),
            port: 4000,
            through: through.into(),
            since,
        };
        let all = [viewer("10.0.0.7", "vnc", Some(100)), viewer("127.0.0.1", "browser-vnc", None)];
        let expected = "\nVIEWER     WITH          SINCE\n\
                        10.0.0.7   a VNC viewer  12 s\n\
                        127.0.0.1  a browser     -\n";
        assert_eq!(viewers(&all, 112, Style::default()), expected);
        assert_eq!(viewers(&[], 112, Style::default()), "\nNobody is connected.\n");
    }
}
