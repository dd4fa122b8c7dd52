//! Every seam to the outside: the file tree, supervisord, processes, probes, log files, user names, uptime.
//!
//! Nothing here decides anything; it asks, bounded in time and size, and answers in terms of [`crate::model`].

pub mod log_follow;
pub mod log_tee;
pub mod names;
pub mod pidfd;
pub mod probe;
pub mod root;
pub mod supervisor;
pub mod uptime;
pub mod window_manager;
