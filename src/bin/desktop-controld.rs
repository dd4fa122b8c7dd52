//! The root daemon.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{ArgGroup, Parser, Subcommand};
use desktop_control::daemon::{self, Mode};
use desktop_control::host::supervisor::listener::Wire;
use desktop_control::host::{cuda, gpu, log_tee, root::Root, window_manager};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Watches and controls the services of a streamed desktop, over D-Bus.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true, group = ArgGroup::new("mode").required(true))]
struct Arguments {
    /// Be an event listener of supervisord, which must be the parent.
    #[arg(long, group = "mode")]
    events: bool,
    /// Ask supervisord again and again.
    #[arg(long, group = "mode")]
    poll: bool,
    #[command(subcommand)]
    helper: Option<Helper>,
}

#[derive(Subcommand)]
enum Helper {
    /// Carry a service's output from standard input to its log files.
    LogTee {
        /// The service.
        name: String,
    },
    /// Look for a window manager on a display.
    #[command(name = window_manager::SUBCOMMAND, hide = true)]
    WindowManagerProbe {
        /// Such as `:20`.
        display: String,
    },
    /// Answer questions about the GPUs.
    #[command(name = gpu::SUBCOMMAND, hide = true)]
    GpuProbe {
        /// NVIDIA's management library, instead of the one that the system keeps.
        #[arg(long)]
        library: Option<PathBuf>,
    },
    /// Load the driver's library, tell what it is, and try to initialise CUDA.
    #[command(name = cuda::SUBCOMMAND, hide = true)]
    CudaProbe {
        /// Its path, or a name for the loader to find.
        library: PathBuf,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    match arguments.helper {
        Some(Helper::LogTee { name }) => {
            log_tee::run(&Root::new("/"), &name, io::stdin().lock(), io::stdout().lock()).context("log-tee")?;
        }
        Some(Helper::WindowManagerProbe { display }) => {
            if let Err(reason) = window_manager::look(&display) {
                io::Write::write_all(&mut io::stdout(), reason.as_bytes())?;
                return Ok(ExitCode::FAILURE);
            }
        }
        Some(Helper::GpuProbe { library }) => {
            gpu::answer_questions(library.as_deref(), io::stdin().lock(), io::stdout().lock()).context("gpu-probe")?;
        }
        Some(Helper::CudaProbe { library }) => cuda::answer(&library, io::stdout().lock()).context("cuda-probe")?,
        None => {
            // First of all: nothing may be printed before standard output is out of the way.
            let mode = if arguments.events { Mode::Events(Wire::take()?) } else { Mode::Poll };
            // A filter by names alone: the one that understands more brings a library for regular expressions along,
            // which is an eighth of this program.
            let wanted = std::env::var("DESKTOP_CONTROL_LOG").ok().and_then(|wanted| wanted.parse::<Targets>().ok());
            let filter = wanted.unwrap_or_else(|| {
                Targets::new().with_default(LevelFilter::WARN).with_target("desktop_control", LevelFilter::INFO)
            });
            let lines = tracing_subscriber::fmt::layer()
                .with_ansi(io::stderr().is_terminal())
                .with_writer(io::stderr)
                // A supervisord that was killed reads our log no more; complaining of that to the same pipe panics.
                .log_internal_errors(false);
            tracing_subscriber::registry().with(lines.with_filter(filter)).init();
            daemon::run(mode)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
