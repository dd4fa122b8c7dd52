//! Leases: a client holds a descriptor for as long as it wants something; closing it, or dying, ends it.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::unix::pipe;
use tokio::sync::watch;

use crate::api::Error;

/// So many descriptors of ours one user may hold, leases and followed logs together.
const MOST_PER_USER: usize = 16;

/// Counts what each user holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Quota {
    held: Arc<Mutex<HashMap<u32, usize>>>,
}

/// One held thing; given back when dropped.
#[derive(Debug)]
pub(super) struct Held {
    quota: Quota,
    uid: u32,
}

impl Quota {
    /// Takes one for `uid`, or refuses.
    pub(super) fn take(&self, uid: u32) -> Result<Held, Error> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(uid).or_default();
        // Root is trusted, and support tools follow many logs at once.
        if *count >= MOST_PER_USER && uid != 0 {
            let sentence = format!("You hold {MOST_PER_USER} logs and watches already. Close one of them first.");
            return Err(Error::Busy(sentence));
        }
        *count += 1;
        Ok(Held { quota: self.clone(), uid })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = self.quota.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.uid) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.uid);
            }
        }
    }
}

/// Counts how many look on in `watchers` until the returned descriptor is closed.
pub(super) fn watch_until_closed(watchers: &watch::Sender<usize>, held: Held) -> std::io::Result<OwnedFd> {
    let ended = watchers.clone();
    let lease = lend(held, move || ended.send_modify(|count| *count -= 1))?;
    watchers.send_modify(|count| *count += 1);
    Ok(lease)
}

/// A descriptor for a client. When it is closed, `ended` is called, but not before this has returned and its caller has
/// let others run.
pub(super) fn lend(held: Held, ended: impl FnOnce() + Send + 'static) -> std::io::Result<OwnedFd> {
    let (theirs, ours) = pipe::pipe()?;
    let theirs = theirs.into_blocking_fd()?;
    tokio::spawn(async move {
        let mut byte = [0];
        // Whatever they write is thrown away; only the end counts.
        while ours.readable().await.is_ok() {
            match ours.try_read(&mut byte) {
                Ok(0) => break,
                Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => break,
                _ => {}
            }
        }
        ended();
        drop(held);
    });
    Ok(theirs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_cannot_take_them_all() {
        let quota = Quota::default();
        let mut held: Vec<Held> = (0..MOST_PER_USER).map(|_| quota.take(7).expect("room")).collect();
        quota.take(7).expect_err("full");
        quota.take(8).expect("another user");
        held.pop();
        quota.take(7).expect("room again");
    }

    #[tokio::test]
    async fn closing_the_descriptor_ends_the_lease() {
        let watchers = watch::Sender::new(0);
        let mut count = watchers.subscribe();
        let lease = watch_until_closed(&watchers, Quota::default().take(7).expect("room")).expect("pipe");
        assert_eq!(*count.borrow_and_update(), 1);
        drop(lease);
        count.changed().await.expect("changes");
        assert_eq!(*count.borrow(), 0);
    }
}
