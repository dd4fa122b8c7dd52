//! `desktopctl gpu`.

mod show;
mod time;
mod words;

use std::time::Duration;

use serde::Serialize;

use super::Failure;
use super::args::Gpu;
use super::output::Output;
use super::table::{Cell, render};
use crate::api;
use crate::client::{self, Client, GpuFacts, GpuProcessFacts, Snapshot};

/// Does one of these commands.
pub(super) async fn obey(client: Client, out: &mut Output, command: Option<Gpu>) -> Result<(), Failure> {
    match command.unwrap_or(Gpu::Show) {
        Gpu::Show => show::show(&client, out).await,
        Gpu::Watch { interval } => time::watch(&client, out, Duration::from_secs(interval.into())).await,
        Gpu::Processes => processes(&client, out).await,
        Gpu::History => time::history(&client, out).await,
    }
}

/// Why there is no GPU, for people.
fn reason(snapshot: &Snapshot) -> String {
    let unknown = || "Whether there is an NVIDIA GPU has not been found out yet. Ask again in a moment.".to_owned();
    snapshot.root.gpu_reason.clone().unwrap_or_else(unknown)
}

/// The GPUs; an error where there is none.
async fn some(client: &Client) -> Result<Vec<GpuFacts>, Failure> {
    let snapshot = client.snapshot().await?;
    if snapshot.gpus.is_empty() {
        return Err(api::Error::NoDriver(reason(&snapshot)).into());
    }
    Ok(snapshot.gpus)
}

/// What was answered; none where the GPU has gone since it was listed.
fn unless_gone<T>(answer: Result<T, client::Error>) -> Result<Option<T>, client::Error> {
    match answer {
        Err(client::Error::Refused(api::Error::UnknownObject(_))) => Ok(None),
        other => other.map(Some),
    }
}

/// The document of `gpu processes`.
#[derive(Serialize)]
struct Users {
    /// The UUID.
    gpu: String,
    processes: Vec<GpuProcessFacts>,
    /// Those that the driver names and this container does not see.
    hidden: u32,
}

async fn processes(client: &Client, out: &mut Output) -> Result<(), Failure> {
    let gpus = some(client).await?;
    let mut all = Vec::new();
    let mut refused = None;
    for gpu in &gpus {
        match unless_gone(client.gpu_processes(&gpu.uuid).await) {
            Ok(Some((processes, hidden))) => all.push(Users { gpu: gpu.uuid.clone(), processes, hidden }),
            Ok(None) => {}
            Err(error) => refused = Some(error),
        }
    }
    // One GPU that does not tell is no reason to be silent about the others.
    match refused {
        Some(error) if all.is_empty() => return Err(error.into()),
        Some(error) => out.note(&error.to_string()),
        None => {}
    }
    if out.json {
        return Ok(out.document(&all)?);
    }
    let row = |gpu: &GpuFacts, process: &GpuProcessFacts| {
        let memory = process.memory_bytes.map_or_else(|| "-".to_owned(), words::bytes);
        let cells = [&process.pid.to_string(), &process.user, &memory, &process.activity, &process.name];
        let [pid, user, memory, activity, name] = cells.map(|text| Cell::new(text));
        [pid, user, memory, activity, Cell::new(gpu.label()), name]
    };
    let of = |users: &Users| gpus.iter().find(|gpu| gpu.uuid == users.gpu);
    let rows: Vec<_> = all
        .iter()
        .filter_map(|users| Some((of(users)?, users)))
        .flat_map(|(gpu, users)| users.processes.iter().map(move |process| row(gpu, process)))
        .collect();
    if rows.is_empty() {
        out.line("No process of this container uses a GPU.")?;
    } else {
        out.text(&render(["PID", "USER", "MEMORY", "USES IT FOR", "GPU", "NAME"], &rows, out.style))?;
    }
    match all.iter().map(|users| users.hidden).sum::<u32>() {
        0 => Ok(()),
        hidden => {
            let sentence = format!("{hidden} more are not of this container; the host hides what they are.");
            Ok(out.line(&sentence)?)
        }
    }
}
