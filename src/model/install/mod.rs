//! Installing CUDA: what a repository offers, what apt would do, whether it may, how far it is, what went wrong.
//!
//! All of it is decided from texts: lists of packages, what apt and dpkg print, what lies under /etc/apt.

pub mod control;
pub mod debian_version;
pub mod driver_package;
pub mod event;
pub mod journal;
pub mod listing;
pub mod mirror;
pub mod openpgp;
pub mod pace;
pub mod profile;
pub mod progress;
pub mod removal;
pub mod repository;
pub mod signer;
pub mod source;
pub mod transaction;
pub mod trouble;
