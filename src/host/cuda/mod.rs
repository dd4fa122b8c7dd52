//! CUDA on this machine: the driver's library, asked in a process of its own, and the toolkits, as files and dpkg tell.
//!
//! The daemon itself never loads libcuda, and runs nothing of a toolkit's as root.

mod changes;
mod child;
mod compat;
mod identity;
mod library;
mod markers;
mod parts;
mod toolkits;

pub use changes::Changes;
pub use child::answer;
pub use compat::place_of;
pub use identity::Identity;
pub use library::{Limits, Program, ask};
pub use parts::parts;
pub use toolkits::{Found, look};

/// The daemon's subcommand for the process that loads libcuda.
pub const SUBCOMMAND: &str = "cuda-probe";
/// The library by its name for programs.
pub const LIBRARY: &str = "libcuda.so.1";
