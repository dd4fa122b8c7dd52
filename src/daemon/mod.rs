//! The root daemon: watches supervisord, judges health, runs jobs, serves D-Bus.

use std::time::SystemTime;

mod access;
pub mod arguments;
mod auth;
mod bus;
mod cuda;
mod gpu;
mod iface;
pub mod install;
mod jobs;
mod leases;
mod pending;
mod run;
mod store;
mod stream;
mod vnc;
mod watcher;

pub use run::{Mode, run};

/// The time of day as the bus and the files have it: Unix time in seconds.
fn unix_now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
