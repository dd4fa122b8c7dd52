//! Who uses a GPU, as far as they are processes of this container.
//!
//! The driver tells process numbers, and does not say of which container, or whether the host's own. A number is only
//! taken for a process here if that has one of NVIDIA's devices open.

use std::io;

use procfs::process::{FDTarget, Process};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// A process of this container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its number.
    pub pid: u32,
    /// When it started, in the kernel's ticks: with the number it names one process for good.
    pub start_time: u64,
    /// Who runs it. One that hides itself from its user counts as root's.
    pub uid: u32,
    /// What it is called.
    pub name: String,
}

/// The user with this number; none if there is no such process here, or it has nothing to do with a GPU.
fn user(pid: u32) -> Option<User> {
    let process = Process::new(i32::try_from(pid).ok()?).ok()?;
    let open = process.fd().ok()?.flatten();
    open.into_iter().find(|open| matches!(&open.target, FDTarget::Path(path) if is_device(&path.to_string_lossy())))?;
    let stat = process.stat().ok()?;
    Some(User { pid, start_time: stat.starttime, uid: process.uid().ok()?, name: stat.comm })
}

/// NVIDIA's device files, and that of a GPU that Windows lends.
fn is_device(path: &str) -> bool {
    path.starts_with("/dev/nvidia") || path == "/dev/dxg"
}

/// Those among these numbers that are processes of this container.
#[must_use]
pub fn users(pids: &[u32]) -> Vec<User> {
    pids.iter().filter_map(|pid| user(*pid)).collect()
}

/// Asks the process to end, or ends it by force. False if it is not there any more.
///
/// # Errors
/// The kernel refuses.
pub fn end(user: &User, force: bool) -> io::Result<bool> {
    let Some(number) = i32::try_from(user.pid).ok().and_then(Pid::from_raw) else { return Ok(false) };
    let held = match pidfd_open(number, PidfdFlags::empty()) {
        Ok(held) => held,
        Err(Errno::SRCH) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    // The signal goes to the process that is held, whoever has its number by then; so all that is left to see is
    // whether the right one was caught.
    if self::user(user.pid).is_none_or(|caught| (caught.start_time, caught.uid) != (user.start_time, user.uid)) {
        return Ok(false);
    }
    match pidfd_send_signal(&held, if force { Signal::KILL } else { Signal::TERM }) {
        Ok(()) => Ok(true),
        Err(Errno::SRCH) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_has_a_device_open_is_a_user() {
        assert_eq!(users(&[std::process::id(), 0, u32::MAX]), []);
        assert!(is_device("/dev/nvidiactl") && is_device("/dev/nvidia0") && is_device("/dev/dxg"));
        assert!(!is_device("/dev/null") && !is_device("/tmp/dev/nvidia0"));
        let nobody = User { pid: std::process::id(), start_time: 0, uid: 0, name: String::new() };
        assert!(!end(&nobody, true).expect("nothing is done"), "or this test is over");
    }
}
