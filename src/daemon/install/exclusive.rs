//! One installation at a time.

use std::time::Duration;

use super::stop::Stop;
use crate::host::apt::{Exclusive, take_lock};
use crate::host::root::Root;
use crate::model::install::event::Failure;

const PAUSE: Duration = Duration::from_millis(200);

/// Takes the lock, waiting for at most `patience`.
pub(super) async fn take(root: &Root, patience: Duration) -> Result<Exclusive, Stop> {
    let until = tokio::time::Instant::now() + patience;
    loop {
        match take_lock(root)? {
            Ok(exclusive) => return Ok(exclusive),
            Err(holder) if tokio::time::Instant::now() >= until => {
                let message = format!("Another installation is at work (PID {holder}). Wait for it, then ask again.");
                return Err(Failure::new("Busy", message).into());
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}
