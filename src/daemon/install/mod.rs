//! Installing CUDA: a process of its own, which the daemon starts and which outlives it.
//!
//! It does one thing and ends. It tells how far it is in lines of JSON on standard output, and keeps a journal on disk;
//! whoever finds that journal after a crash goes on from there. dpkg is never cut: it runs in a process group of its
//! own and writes to files.

mod after;
mod compat;
mod exclusive;
mod journal;
mod plan;
mod program;
mod ready;
mod remove;
mod repair;
mod settings;
mod source;
mod stop;
mod tell;
mod undo;
mod verify;
mod work;

pub(super) use journal::{forget_ended, is_unfinished};
pub use program::{Task, run};
pub(super) use settings::{reset as reset_repository, set as set_repository};
pub(super) use source::describe as describe_repository;

/// How the daemon's program is told to be this.
pub const SUBCOMMAND: &str = "installer";
