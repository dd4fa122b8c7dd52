//! Selkies: which one is installed, what it takes, where its values come from, and what it does.

pub mod environment;
pub mod hardware;
mod http;
mod installed;
mod log;
mod schema;

use std::time::Duration;

use crate::model::trial::Audience;

pub use http::{Measured, Viewers, measured, viewers};
pub use installed::{Installed, installed};
pub use log::LogReading;
pub use schema::{SchemaSource, Told, schema};

/// The server looks at its viewers twice a second.
const LOOK: Duration = Duration::from_millis(600);
/// So many times it may be late.
const LOOKS: usize = 3;

/// Whether a viewer gets pictures right now: a browser is connected and answers, it has shown a picture of this server's,
/// and its capture runs. A desktop that stands still is watched all the same; a page that is hidden does not watch.
/// `address` is where the server listens, such as `http://localhost:16100/`. Takes 0.6 s at least.
pub async fn audience(address: &str) -> Audience {
    match viewers(address).await {
        None => return Audience::Unknown,
        Some(Viewers { count: 0, .. } | Viewers { count: 1, awake: false }) => return Audience::Nobody,
        Some(_) => {}
    }
    let looks = async || measured(address).await.and_then(|measured| measured.looks);
    let Some(before) = looks().await else { return Audience::Unknown };
    for _ in 0..LOOKS {
        tokio::time::sleep(LOOK).await;
        match looks().await {
            None => return Audience::Unknown,
            Some(now) if now > before => return Audience::Watching,
            Some(_) => {}
        }
    }
    Audience::Nobody
}
