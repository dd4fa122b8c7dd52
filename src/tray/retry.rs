//! How long to wait before trying again.

use std::time::Duration;

/// Waits that double from `first` to `last`.
#[derive(Debug)]
pub(super) struct Retry {
    first: Duration,
    last: Duration,
    next: Duration,
}

impl Retry {
    /// Nothing has been tried yet.
    pub(super) fn between(first: Duration, last: Duration) -> Self {
        Self { first, last, next: first }
    }

    /// Waits, longer each time.
    pub(super) async fn wait(&mut self) {
        tokio::time::sleep(self.next).await;
        self.next = (self.next * 2).min(self.last);
    }

    /// It went well; the next trouble is another one.
    pub(super) fn reset(&mut self) {
        self.next = self.first;
    }
}
