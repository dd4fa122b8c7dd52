//! `desktopctl status`: is everything all right, in one look.

use std::collections::BTreeMap;

use serde::Serialize;

use super::output::Output;
use super::stream::progress;
use super::table::{Cell, Style, Tone, render};
use super::{Failure, access, cuda, jobs};
use crate::client::{Client, PendingFacts, RootFacts, ServiceFacts, Snapshot, WayFacts, unix_now};

/// The document.
#[derive(Serialize)]
struct Status<'s> {
    #[serde(flatten)]
    root: &'s RootFacts,
    /// How many services are of which health.
    service_counts: BTreeMap<&'s str, usize>,
    /// Those that somebody should look at.
    troubles: Vec<&'s ServiceFacts>,
    ways: &'s [WayFacts],
    /// The change of settings that is on trial.
    pending: Option<&'s PendingFacts>,
}

impl<'s> Status<'s> {
    fn of(snapshot: &'s Snapshot) -> Self {
        Self {
            root: &snapshot.root,
            service_counts: counts(&snapshot.services),
            troubles: snapshot.services.iter().filter(|service| service.is_trouble()).collect(),
            ways: &snapshot.ways,
            pending: snapshot.on_trial(),
        }
    }
}

pub(super) async fn show(client: &Client, out: &mut Output) -> Result<(), Failure> {
    let snapshot = client.snapshot().await?;
    let status = Status::of(&snapshot);
    if out.json {
        out.document(&status)?;
    } else {
        out.text(&summary(&status, &snapshot, out.style))?;
    }
    Ok(())
}

fn counts(services: &[ServiceFacts]) -> BTreeMap<&str, usize> {
    // Those of the contract are told also where there are none of them, so that scripts can rely on them.
    let mut counts: BTreeMap<&str, usize> =
        ["ok", "failing", "flapping", "unknown", "none"].map(|health| (health, 0)).into();
    for service in services {
        *counts.entry(&service.health).or_default() += 1;
    }
    counts
}

fn summary(status: &Status<'_>, snapshot: &Snapshot, style: Style) -> String {
    let mut out = String::new();
    let verdict = if status.troubles.is_empty() && status.root.findings.is_empty() {
        "All is well, as far as can be told."
    } else {
        "Something needs attention."
    };
    let cuda = snapshot.cuda.as_ref().and_then(|cuda| cuda::in_short(cuda, &snapshot.toolkits));
    let lines = [verdict.to_owned(), about(status.root), mode(&status.root.mode), in_words(status)];
    let lines: Vec<_> = lines.into_iter().chain(cuda).map(|line| [Cell::new(&line)]).collect();
    out.push_str(&render([""], &lines, style));
    let section = |out: &mut String, title: &str, table: String| {
        if !table.is_empty() {
            out.extend(["\n", title, "\n", &table]);
        }
    };
    let troubles: Vec<_> = status.troubles.iter().map(|service| trouble(service)).collect();
    section(&mut out, "Troubles", render([""; 3], &troubles, style));
    let finding = |finding: &crate::client::FindingFacts| {
        let tone = if finding.severity == "error" { Tone::Bad } else { Tone::Plain };
        [Cell::toned(&finding.severity, tone), Cell::new(&format!("{}: {}", finding.title, finding.message))]
    };
    let findings: Vec<_> = status.root.findings.iter().map(finding).collect();
    section(&mut out, "Findings", render(["", ""], &findings, style));
    section(&mut out, "Ways in", access::table(&snapshot.ways, [""; 4], style));
    let active = snapshot.jobs.iter().filter(|job| job.result.is_none());
    let at_work: Vec<_> = active.map(|job| [Cell::new(&jobs::in_words(job)), Cell::new(&job.step)]).collect();
    section(&mut out, "At work", render(["", ""], &at_work, style));
    let trial = status.pending.map(|change| change.changes.iter().cloned().chain([progress(change, unix_now())]));
    let trial: Vec<_> = trial.into_iter().flatten().map(|line| [Cell::new(&line)]).collect();
    section(&mut out, "On trial", render([""], &trial, style));
    out
}

fn trouble(service: &ServiceFacts) -> [Cell; 3] {
    let (state, reason) = match (service.health.as_str(), service.health_reason.as_str()) {
        ("none", "") => (&service.state, "the desktop is of no use without it"),
        ("none", reason) => (&service.state, reason),
        (_, reason) => (&service.health, reason),
    };
    let label = if service.label == service.name { "" } else { service.label.as_str() };
    let note = [label, reason].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
    [Cell::new(&service.name), Cell::toned(state, Tone::Bad), Cell::new(&note)]
}

fn about(root: &RootFacts) -> String {
    let variant = match root.variant.as_str() {
        "cuda" => "CUDA image",
        "stock" => "stock image",
        "unknown" => "not one of our images",
        other => other,
    };
    format!("Desktop Control {}, {variant}", root.version)
}

fn mode(mode: &str) -> String {
    match mode {
        "events" => "It learns of changes from supervisord's events.".into(),
        "polling" => "It asks supervisord every few seconds, since it was not started by it.".into(),
        other => format!("How it learns of changes: {other}."),
    }
}

/// "22 services: 18 ok, 1 failing, 2 cannot be told, 1 not meant to run".
fn in_words(status: &Status<'_>) -> String {
    let all: usize = status.service_counts.values().sum();
    let word = |health: &str| match health {
        "unknown" => "cannot be told".to_owned(),
        "none" => "not running".to_owned(),
        other => other.to_owned(),
    };
    let rank =
        |health: &str| ["ok", "failing", "flapping", "unknown", "none"].iter().position(|known| *known == health);
    let mut parts: Vec<_> = status.service_counts.iter().filter(|(_, count)| **count > 0).collect();
    parts.sort_by_key(|(health, _)| rank(health).unwrap_or(usize::MAX));
    let parts: Vec<String> = parts.into_iter().map(|(health, count)| format!("{count} {}", word(health))).collect();
    match all {
        0 => "No services.".into(),
        1 => format!("1 service: {}.", parts.join(", ")),
        _ => format!("{all} services: {}.", parts.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::FindingFacts;

    fn service(name: &str, health: &str) -> ServiceFacts {
        ServiceFacts { name: name.into(), health: health.into(), state: "running".into(), ..ServiceFacts::default() }
    }

    fn said(snapshot: &Snapshot) -> String {
        summary(&Status::of(snapshot), snapshot, Style::default())
    }

    fn well() -> Snapshot {
        let root =
            RootFacts { version: "1.2".into(), variant: "stock".into(), mode: "events".into(), ..RootFacts::default() };
        let services = vec![service("a", "ok"), service("b", "ok"), service("c", "unknown")];
        Snapshot { root, services, ..Snapshot::default() }
    }

    #[test]
    fn a_healthy_desktop_is_four_lines() {
        let expected = "All is well, as far as can be told.\nDesktop Control 1.2, stock image\nIt learns of changes from \
                        supervisord's events.\n3 services: 2 ok, 1 cannot be told.\n";
        assert_eq!(said(&well()), expected);
    }

    #[test]
    fn a_change_on_trial_is_mentioned_and_one_that_is_over_is_not() {
        let change = |id, stage: &str| PendingFacts {
            id,
            stage: stage.into(),
            changes: vec!["Encoder: H.264 → JPEG".into()],
            ..PendingFacts::default()
        };
        let mut snapshot = Snapshot { pending: vec![change(1, "kept")], ..well() };
        assert!(!said(&snapshot).contains("On trial"));
        snapshot.pending.push(change(2, "checking"));
        assert!(
            said(&snapshot).contains("\nOn trial\nEncoder: H.264 → JPEG\nIt is being checked"),
            "{}",
            said(&snapshot)
        );
    }

    #[test]
    fn troubles_findings_and_tokens_of_a_later_version_are_told() {
        let mut snapshot = well();
        snapshot.services.push(ServiceFacts { health_reason: "no answer".into(), ..service("vnc", "failing") });
        snapshot.services.push(ServiceFacts {
            essential: true,
            state: "stopped".into(),
            ..service("x-server", "none")
        });
        snapshot.services.push(service("odd", "melting"));
        snapshot.root.findings.push(FindingFacts { severity: "warning".into(), ..FindingFacts::default() });
        snapshot.root.mode = "guessing".into();
        let said = said(&snapshot);
        for part in
            ["Something needs attention.", "no answer", "of no use without it", "1 melting", "guessing", "warning"]
        {
            assert!(said.contains(part), "{part} in {said}");
        }
    }
}
