//! `desktopctl gpu show`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{reason, unless_gone, words};
use crate::cli::Failure;
use crate::cli::output::Output;
use crate::cli::table::{Cell, Style, Tone, render};
use crate::client::{Client, GpuFacts, GpuStats};

/// The document.
#[derive(Serialize)]
struct Document<'d> {
    /// Whether there is one: `present`, or why not.
    state: &'d str,
    reason: Option<&'d str>,
    gpus: Vec<Described<'d>>,
}

#[derive(Serialize)]
struct Described<'d> {
    #[serde(flatten)]
    facts: &'d GpuFacts,
    stats: GpuStats,
}

pub(super) async fn show(client: &Client, out: &mut Output) -> Result<(), Failure> {
    let mut snapshot = client.snapshot().await?;
    let mut stats = BTreeMap::new();
    for gpu in &snapshot.gpus {
        if let Some(told) = unless_gone(client.gpu_stats(&gpu.uuid).await)? {
            stats.insert(gpu.uuid.clone(), told);
        }
    }
    if !stats.is_empty() {
        // The look may have shown that one is lost.
        snapshot = client.snapshot().await?;
    }
    let described = |facts| Some(Described { facts, stats: stats.remove(&facts.uuid)? });
    let gpus: Vec<_> = snapshot.gpus.iter().filter_map(described).collect();
    if out.json {
        let reason = snapshot.root.gpu_reason.as_deref();
        out.document(&Document { state: &snapshot.root.gpu_state, reason, gpus })?;
    } else if gpus.is_empty() {
        out.line(&reason(&snapshot))?;
    } else {
        let tables: Vec<String> = gpus.iter().map(|gpu| table(gpu, out.style)).collect();
        out.text(&tables.join("\n"))?;
        if let Some(reason) = &snapshot.root.gpu_reason {
            out.line("")?;
            out.line(reason)?;
        }
    }
    Ok(())
}

fn table(gpu: &Described<'_>, style: Style) -> String {
    let Described { facts, stats } = gpu;
    let part = facts.parent.as_ref().map(|parent| format!("a part of {parent}"));
    let lines = [
        ("Health", Some(facts.health.clone()), words::health(&facts.health)),
        ("", Some(facts.health_reason.clone()).filter(|reason| !reason.is_empty()), Tone::Plain),
        ("", facts.xid_reason.clone().filter(|reason| *reason != facts.health_reason), Tone::Plain),
        ("Load", words::load(stats).or_else(nothing), Tone::Plain),
        ("Memory", words::memory(facts, stats).or_else(nothing), Tone::Plain),
        ("Temperature", words::temperature(facts, stats).or_else(nothing), Tone::Plain),
        ("Power", words::power(stats).or_else(nothing), Tone::Plain),
        ("Clocks", words::clocks(stats).or_else(nothing), Tone::Plain),
        ("Held down by", words::throttle(stats).or_else(nothing), Tone::Plain),
        ("Encoder", words::encoder(facts, stats).or_else(nothing), Tone::Plain),
        ("PCIe", words::link(facts, stats).or_else(nothing), Tone::Plain),
        ("Kind", words::kind(facts).or_else(nothing), Tone::Plain),
        ("Driver", facts.driver.clone().or_else(nothing), Tone::Plain),
        ("UUID", Some(facts.uuid.clone()), Tone::Plain),
        ("", part, Tone::Plain),
    ];
    let row = |(name, text, tone): (&str, Option<String>, Tone)| Some([Cell::new(name), Cell::toned(&text?, tone)]);
    let rows: Vec<_> = lines.into_iter().filter_map(row).collect();
    render([""], &[[Cell::new(facts.label())]], style) + &render(["", ""], &rows, style)
}

#[expect(clippy::unnecessary_wraps, reason = "as it is used")]
fn nothing() -> Option<String> {
    Some(words::NOTHING.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_told_is_not_available_and_never_0() {
        let facts = GpuFacts {
            uuid: "GPU-1".into(),
            name: Some("NVIDIA GB10".into()),
            health: "ok".into(),
            ..GpuFacts::default()
        };
        let gpu = Described { facts: &facts, stats: GpuStats { gpu_percent: Some(4), ..GpuStats::default() } };
        let said = table(&gpu, Style::default());
        assert!(
            said.starts_with("NVIDIA GB10\nHealth        ok\nLoad          GPU 4 %\nMemory        Not available\n"),
            "{said}"
        );
        assert!(!said.contains(" 0 "), "{said}");
    }
}
