//! The tray icon.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use desktop_control::tray;

/// Shows in the desktop's tray how its services are. Started with the desktop; a second one takes the first one's
/// place.
#[derive(Parser)]
#[command(version)]
struct Arguments {}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let Arguments {} = Arguments::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("DESKTOP_CONTROL_LOG");
    tracing_subscriber::fmt()
        // Of what it cannot read any more when a bus ends, zbus warns; nobody can do anything about it.
        .with_env_filter(filter.unwrap_or_else(|_| "warn,zbus=error,desktop_control=info".into()))
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        // A desktop that has ended reads our log no more; complaining of that to the same pipe panics.
        .log_internal_errors(false)
        .init();
    tray::run().await.context("desktop-control-tray")
}
