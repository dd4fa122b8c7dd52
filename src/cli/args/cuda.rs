//! `desktopctl cuda` as it is defined.

use clap::Subcommand;

/// What to do with CUDA.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Cuda {
    /// Show the driver, the toolkits, whether each runs here, and what is missing
    Show {
        /// Look at everything anew first; changes on disk are noticed without it
        #[arg(long)]
        refresh: bool,
    },
}
