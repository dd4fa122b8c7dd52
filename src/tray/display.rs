//! The end of the X display, which is the end of the session: an icon that nobody can see is of no use, and the
//! session bus of a container outlives its displays.

use std::time::Duration;

use tokio::sync::oneshot;
use tracing::debug;
use x11rb::connection::Connection;
use x11rb::rust_connection::RustConnection;

use super::retry::Retry;

/// How often a display that is not there yet is looked for.
const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_LAST: Duration = Duration::from_secs(30);

/// Returns when the display has ended. Without one (`DISPLAY` is not set) it never does.
pub(super) async fn ended() {
    if std::env::var_os("DISPLAY").is_none_or(|name| name.is_empty()) {
        return std::future::pending().await;
    }
    let mut retry = Retry::between(RETRY_FIRST, RETRY_LAST);
    loop {
        let (tell, told) = oneshot::channel();
        // In a thread of its own: greeting a server that has hung blocks for ever, and must not hold up our end.
        let thread = std::thread::Builder::new().name("display".into()).spawn(move || {
            // Nobody listens any more only while the program ends.
            let _ = tell.send(stay());
        });
        if let Err(error) = thread {
            debug!(%error, "no thread for the display");
        } else if told.await.unwrap_or(false) {
            return;
        }
        retry.wait().await;
    }
}

/// Keeps a connection until it ends; false if there never was one. What every client is sent, such as a new keyboard
/// layout, is thrown away.
fn stay() -> bool {
    match RustConnection::connect(None) {
        Ok((display, _)) => {
            while display.wait_for_event().is_ok() {}
            true
        }
        Err(error) => {
            debug!(%error, "the display is not there yet");
            false
        }
    }
}
