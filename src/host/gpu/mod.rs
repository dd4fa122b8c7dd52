//! The GPUs of this machine, asked through NVIDIA's management library (NVML).
//!
//! The library is loaded by a child process only, the probe: a driver that hangs or crashes takes nothing else along.
//! The daemon starts it, asks it, one line of JSON for each question and each answer, and kills it when it does not
//! answer in time.

mod child;
mod devices;
mod nvml;
mod probe;
mod protocol;
mod raw;
mod users;

pub use child::answer_questions;
pub use devices::device_files;
pub use probe::{Limits, Probe, Program};
pub use users::{User, end, users};

/// The daemon's subcommand for the probe's side.
pub const SUBCOMMAND: &str = "gpu-probe";
