//! The tray icon.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use anyhow::Context;
use desktop_control::tray;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    if let Err(instead) = tray::read_arguments(std::env::args_os()) {
        return Ok(instead.say(io::stdout(), io::stderr()));
    }
    // Levels by target alone: filters that look into fields carry a library for regular expressions with them, which
    // is a tenth of the memory that an icon may take.
    let wanted = std::env::var("DESKTOP_CONTROL_LOG").ok().and_then(|levels| levels.parse::<Targets>().ok());
    let levels = wanted.unwrap_or_else(|| {
        // Of what it cannot read any more when a bus ends, zbus warns; nobody can do anything about it.
        let levels = Targets::new().with_default(LevelFilter::WARN).with_target("zbus", LevelFilter::ERROR);
        levels.with_target("desktop_control", LevelFilter::INFO)
    });
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        // A desktop that has ended reads our log no more; complaining of that to the same pipe panics.
        .log_internal_errors(false);
    tracing_subscriber::registry().with(lines).with(levels).init();
    Box::pin(tray::run()).await.context("desktop-control-tray")
}
