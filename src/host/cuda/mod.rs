//! CUDA on this machine: the driver's library, asked in a process of its own, and the toolkits, as files and dpkg tell.
//!
//! The daemon itself never loads libcuda, and runs nothing of a toolkit's as root.

mod child;
mod library;

pub use child::answer;
pub use library::{Limits, Program, ask};

/// The daemon's subcommand for the process that loads libcuda.
pub const SUBCOMMAND: &str = "cuda-probe";
/// The library by its name for programs.
pub const LIBRARY: &str = "libcuda.so.1";
