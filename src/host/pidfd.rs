//! Waiting for the end of a process that is not our child.

use std::io;

use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Returns when the process `pid` has ended; at once if there is none. Linux 5.3.
///
/// # Errors
/// The kernel gives no pidfd (out of descriptors, or older than 5.3): its end cannot be seen this way.
pub async fn ended(pid: u32) -> io::Result<()> {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let fd = match pidfd_open(pid, PidfdFlags::NONBLOCK) {
        Ok(fd) => fd,
        Err(rustix::io::Errno::SRCH) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    #[expect(
        unsafe_code,
        reason = "an OwnedFd is open and the same for as long as it lives, which is what is asked for"
    )]
    let fd = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }.map_err(io::Error::from)?;
    fd.readable().await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_end_of_a_process_is_seen_and_not_before() {
        let mut child = std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().expect("cat");
        let end = ended(child.id());
        tokio::pin!(end);
        let early = tokio::time::timeout(std::time::Duration::from_millis(50), &mut end).await;
        early.expect_err("it still runs");
        drop(child.stdin.take());
        tokio::time::timeout(std::time::Duration::from_secs(10), end).await.expect("in time").expect("no error");
        child.wait().expect("reaped");
        ended(child.id()).await.expect("a process that is gone has ended");
    }
}
