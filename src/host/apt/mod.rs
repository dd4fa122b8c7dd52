//! apt and dpkg: always as child processes, never as a library, whose interface differs from one distribution to the
//! next.
//!
//! Questions are bounded in time and size. What changes packages is never cut: it writes to files, so that it comes to
//! its end also when we do not.

mod archives;
mod child;
mod dpkg;
mod keys;
mod locks;
mod scratch;
mod setup;
mod shells;
mod sources;
mod space;
mod worker;

pub use archives::{Archives, injected_files, look_into};
pub use child::{AptError, Ended, Running, Said, Tick, ask, ask_apt, ask_as_nobody};
pub use dpkg::{audit, configure_all, installed, purge_arguments, status_text};
pub use keys::{fetch_key, read_key, signing_keys};
pub use locks::{Holder, holder};
pub use scratch::Scratch;
pub use setup::{DefaultError, DefaultToolkit, Link, current_default, loader_finds, make_default, refresh_loader};
pub use shells::write_shell_setup;
pub use sources::{
    add_source, entries, indexed_lists, lone_source, remove_source, system, update_arguments, write_pin,
};
pub use space::{Disk, disk_of};
pub use worker::{Exclusive, Worker, ask_installer, events_of, forget_events, lock_holder, take_lock};
