//! The root daemon: watches supervisord, judges health, runs jobs, serves D-Bus.

mod auth;
mod bus;
mod iface;
mod jobs;
mod leases;
mod run;
mod store;
mod watcher;

pub use run::{Mode, run};
