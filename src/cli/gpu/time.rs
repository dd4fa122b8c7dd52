//! `desktopctl gpu watch` and `desktopctl gpu history`: GPUs as time goes by.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::{some, unless_gone, words};
use crate::cli::Failure;
use crate::cli::output::Output;
use crate::cli::printable::escaped_json;
use crate::cli::table::{Cell, render};
use crate::client::{Client, GpuFacts, GpuMomentFacts, GpuStats};

/// Columns are as wide in every line of `watch`, which cannot know what comes.
const WIDTHS: [usize; 8] = [10, 7, 7, 12, 7, 7, 8, 8];
const HEAD: [&str; 8] = ["TIME", "GPU", "MEM", "USED", "ENC", "DEC", "TEMP", "POWER"];

/// One line of `watch --json`.
#[derive(Serialize)]
struct Look<'l> {
    /// The UUID.
    gpu: &'l str,
    #[serde(flatten)]
    stats: &'l GpuStats,
}

pub(super) async fn watch(client: &Client, out: &mut Output, every: Duration) -> Result<(), Failure> {
    let gpus = some(client).await?;
    let names: BTreeMap<&str, &GpuFacts> = gpus.iter().map(|gpu| (gpu.uuid.as_str(), gpu)).collect();
    let uuids: Vec<String> = gpus.iter().map(|gpu| gpu.uuid.clone()).collect();
    if !out.json {
        out.text(&line(&HEAD.map(str::to_owned), "NAME"))?;
    }
    let mut failed = None;
    let told = client.follow_gpus(&uuids, every, |uuid, stats| {
        let text = if out.json {
            escaped_json(&serde_json::to_string(&Look { gpu: uuid, stats: &stats }).unwrap_or_default()) + "\n"
        } else {
            line(&columns(&stats), names.get(uuid).map_or(uuid, |gpu| gpu.label()))
        };
        failed = out.text(&text).err();
        failed.is_none() && !out.is_closed()
    });
    told.await?;
    failed.map_or(Ok(()), |error| Err(error.into()))
}

fn columns(stats: &GpuStats) -> [String; 8] {
    [
        stats.time.map_or_else(|| "-".into(), clock),
        words::cell(stats.gpu_percent, " %"),
        words::cell(stats.memory_percent, " %"),
        words::cell(stats.memory_used_bytes.map(words::bytes), ""),
        words::cell(stats.encoder_percent, " %"),
        words::cell(stats.decoder_percent, " %"),
        words::cell(stats.temperature_celsius, " °C"),
        words::cell(stats.power_watts.map(|watts| format!("{watts:.0}")), " W"),
    ]
}

fn line(columns: &[String; 8], name: &str) -> String {
    let padded: Vec<_> = columns.iter().zip(WIDTHS).map(|(text, width)| format!("{text:<width$}")).collect();
    padded.concat() + &crate::cli::printable::escaped(name) + "\n"
}

/// The time of day, in UTC as all times here.
fn clock(seconds: u64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60)
}

/// The document of `history`.
#[derive(Serialize)]
struct Past {
    /// The UUID.
    gpu: String,
    moments: Vec<GpuMomentFacts>,
}

pub(super) async fn history(client: &Client, out: &mut Output) -> Result<(), Failure> {
    let gpus = some(client).await?;
    let mut past = Vec::new();
    for gpu in &gpus {
        if let Some(moments) = unless_gone(client.gpu_history(&gpu.uuid).await)? {
            past.push(Past { gpu: gpu.uuid.clone(), moments });
        }
    }
    if out.json {
        return Ok(out.document(&past)?);
    }
    if past.iter().all(|past| past.moments.is_empty()) {
        return Ok(out.line("Nobody has watched the GPUs in the last ten minutes. `desktopctl gpu watch` does.")?);
    }
    for past in &past {
        let label = gpus.iter().find(|gpu| gpu.uuid == past.gpu).map_or(past.gpu.as_str(), GpuFacts::label);
        let rows: Vec<_> = past.moments.iter().map(|moment| row(moment).map(|text| Cell::new(&text))).collect();
        out.text(&(render([""], &[[Cell::new(label)]], out.style) + &render(HEAD, &rows, out.style)))?;
    }
    Ok(())
}

fn row(moment: &GpuMomentFacts) -> [String; 8] {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole bytes, never negative")]
    let used = moment.memory_used_bytes.map(|bytes| words::bytes(bytes as u64));
    [
        moment.time.map_or_else(|| "-".into(), clock),
        words::cell(moment.gpu_percent, " %"),
        words::cell(moment.memory_percent, " %"),
        words::cell(used, ""),
        words::cell(moment.encoder_percent, " %"),
        words::cell(moment.decoder_percent, " %"),
        words::cell(moment.temperature_celsius, " °C"),
        words::cell(moment.power_watts.map(|watts| format!("{watts:.0}")), " W"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_watch_stand_below_each_other() {
        let stats =
            GpuStats { time: Some(86_399), gpu_percent: Some(100), power_watts: Some(74.6), ..GpuStats::default() };
        let head = line(&HEAD.map(str::to_owned), "NAME");
        let below = line(&columns(&stats), "Tesla T4");
        assert_eq!(head.find("NAME"), below.find("Tesla"));
        assert!(below.starts_with("23:59:59  100 %  -"), "{below}");
        assert!(below.contains("75 W"), "{below}");
    }
}
