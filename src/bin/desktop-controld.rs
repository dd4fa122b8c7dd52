//! The root daemon.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use anyhow::Context;
use desktop_control::daemon::arguments::{self, Arguments};
use desktop_control::daemon::{self, Mode, install};
use desktop_control::host::supervisor::listener::Wire;
use desktop_control::host::{cuda, gpu, log_tee, root::Root, window_manager};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

fn main() -> anyhow::Result<ExitCode> {
    let arguments = match arguments::read(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(instead) => return Ok(instead.say(io::stdout(), io::stderr())),
    };
    match arguments {
        Arguments::LogTee(name) => {
            log_tee::run(&Root::new("/"), &name, io::stdin().lock(), io::stdout().lock()).context("log-tee")?;
        }
        Arguments::WindowManagerProbe(display) => {
            if let Err(reason) = window_manager::look(&display) {
                io::Write::write_all(&mut io::stdout(), reason.as_bytes())?;
                return Ok(ExitCode::FAILURE);
            }
        }
        Arguments::GpuProbe(library) => {
            gpu::answer_questions(library.as_deref(), io::stdin().lock(), io::stdout().lock()).context("gpu-probe")?;
        }
        Arguments::Installer(task) => {
            if !install::run(task).context("installer")? {
                return Ok(ExitCode::FAILURE);
            }
        }
        Arguments::CudaProbe(library) => cuda::answer(&library, io::stdout().lock()).context("cuda-probe")?,
        Arguments::Events | Arguments::Poll => {
            // First of all: nothing may be printed before standard output is out of the way.
            let mode = if arguments == Arguments::Events { Mode::Events(Wire::take()?) } else { Mode::Poll };
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
