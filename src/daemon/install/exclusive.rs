//! One installation at a time: a lock that ends with its holder.

use std::fs::File;
use std::io::Write;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use super::stop::Stop;
use crate::host::root::Root;
use crate::model::install::event::Failure;

const LOCK: &str = "/run/desktop-control/install/lock";
const PAUSE: Duration = Duration::from_millis(200);

/// Holds the lock while it lives. Children do not inherit it.
#[derive(Debug)]
pub(super) struct Exclusive(#[expect(dead_code, reason = "the lock ends with the descriptor")] File);

/// Takes the lock, waiting for at most `patience`.
pub(super) async fn take(root: &Root, patience: Duration) -> Result<Exclusive, Stop> {
    let path = root.join(LOCK);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = File::options().read(true).write(true).create(true).truncate(false).open(&path)?;
    let until = tokio::time::Instant::now() + patience;
    while flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        if tokio::time::Instant::now() >= until {
            let holder = std::fs::read_to_string(&path).unwrap_or_default();
            let holder: String = holder.trim().chars().filter(char::is_ascii_digit).take(10).collect();
            let message = format!("Another installation is at work (PID {holder}). Wait for it, then ask again.");
            return Err(Failure::new("Busy", message).into());
        }
        tokio::time::sleep(PAUSE).await;
    }
    file.set_len(0)?;
    writeln!(file, "{}", std::process::id())?;
    Ok(Exclusive(file))
}
