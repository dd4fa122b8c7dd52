//! `desktopctl gpu` as it is defined.

use clap::Subcommand;

/// What to do with GPUs.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Gpu {
    /// Show the GPUs: what each is, what it does, and whether it works
    Show,
    /// Show what the GPUs do again and again, until it is interrupted
    ///
    /// With --json, one object a line.
    Watch {
        /// How often
        #[arg(short, long, value_name = "SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=60))]
        interval: u32,
    },
    /// List the processes that use the GPUs
    ///
    /// Only those of this container. How many others there are, is told where the driver names them.
    Processes,
    /// Show what the GPUs did in the last ten minutes, as far as somebody watched
    History,
}
