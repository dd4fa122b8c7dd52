//! Every seam to the outside: the file tree, supervisord, processes, probes, GPUs, CUDA, VNC, the network, the
//! instance portal, log files, user names, uptime.
//!
//! Nothing here decides anything; it asks, bounded in time and size, and answers in terms of [`crate::model`].

pub mod cuda;
pub mod fault;
pub mod gpu;
pub mod libraries;
pub mod log_follow;
pub mod log_tee;
pub mod names;
pub mod network;
pub mod pidfd;
pub mod portal;
pub mod probe;
pub mod root;
pub mod selkies;
pub mod settings;
pub mod supervisor;
pub mod uptime;
pub mod user_child;
pub mod vnc;
pub mod window_manager;
