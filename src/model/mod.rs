//! Pure logic: no I/O, no clock of its own, nothing of ours besides itself.
//!
//! Whatever is decided here is decided from arguments, so every rule has a test that needs no machine.

pub mod access;
mod built_in;
pub mod catalogue;
pub mod command_line;
pub mod config;
pub mod cuda;
pub mod gpu;
pub mod health;
pub mod install;
pub mod job;
pub mod lockout;
pub mod order;
pub mod service;
pub mod settings_text;
pub mod stream;
pub mod text;
pub mod trial;
pub mod vnc;
