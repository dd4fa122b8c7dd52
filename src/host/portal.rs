//! The instance portal of the platform, over HTTP on this machine. Each question is bounded in time and size, and what
//! it answers is read as what anybody could have said: see [`crate::model::access::portal`].
//!
//! One of its questions, for the pages, blocks the portal as a whole for as long as [`PAGES`] is missing. Who asks it
//! looks for that file first.

use std::sync::LazyLock;
use std::time::Duration;

use reqwest::{Method, StatusCode};

use super::root::Root;
use crate::model::access::platform::Application;
use crate::model::access::portal::{self, Tunnel};

/// Where the portal has its list of pages from.
pub const PAGES: &str = "/etc/portal.yaml";
/// How long an answer from memory may take.
const LIMIT: Duration = Duration::from_secs(2);
/// The portal itself gives a tunnel 30 s.
const OPEN_LIMIT: Duration = Duration::from_secs(40);
/// Ending one takes it 5 s at most.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);
/// The longest answer, in bytes.
const MOST: usize = 256 * 1024;

static CLIENT: LazyLock<Option<reqwest::Client>> = LazyLock::new(|| {
    let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    builder.pool_idle_timeout(Duration::from_secs(5)).build().ok()
});

/// Why the portal has not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortalError {
    /// Nobody is there.
    #[error("nobody answers at its address")]
    Absent,
    /// It took too long.
    #[error("it did not answer in time")]
    Silent,
    /// It has no such question, or knows no such thing.
    #[error("it does not know of it")]
    Unknown,
    /// It says that it failed.
    #[error("it failed with status {0}")]
    Failed(u16),
    /// That was no answer of a portal.
    #[error("what it answered is not understood")]
    Odd,
}

/// The portal at one address.
#[derive(Clone, Debug)]
pub struct Portal {
    address: String,
}

impl Portal {
    /// The one at `address`, such as `http://127.0.0.1:11111`.
    #[must_use]
    pub fn at(address: &str) -> Self {
        Self { address: address.trim_end_matches('/').to_owned() }
    }

    /// Whether the question for the pages would be answered.
    #[must_use]
    pub fn has_pages(root: &Root) -> bool {
        root.read(PAGES).is_ok_and(|text| text.is_some_and(|text| !text.trim().is_empty()))
    }

    /// The pages that it lists.
    ///
    /// # Errors
    /// See [`PortalError`], as for all that follow.
    pub async fn applications(&self) -> Result<Vec<Application>, PortalError> {
        let text = self.ask(Method::GET, "get-applications", LIMIT).await?;
        portal::applications(&text).ok_or(PortalError::Odd)
    }

    /// The quick tunnels that are open.
    ///
    /// # Errors
    /// See above.
    pub async fn tunnels(&self) -> Result<Vec<Tunnel>, PortalError> {
        let text = self.ask(Method::GET, "get-all-quick-tunnels", LIMIT).await?;
        portal::tunnels(&text).ok_or(PortalError::Odd)
    }

    /// Where a port is reached from outside, without a path.
    ///
    /// # Errors
    /// See above.
    pub async fn direct(&self, port: u16) -> Result<String, PortalError> {
        let text = self.ask(Method::GET, &format!("get-direct-url/{port}"), LIMIT).await?;
        portal::direct(&text).ok_or(PortalError::Odd)
    }

    /// Opens a quick tunnel to a page, or finds the one that is open: its address. Takes some seconds.
    ///
    /// # Errors
    /// See above.
    pub async fn open_tunnel(&self, target: &str) -> Result<String, PortalError> {
        let text = self.ask(Method::POST, &question("start-quick-tunnel", target)?, OPEN_LIMIT).await?;
        portal::opened(&text).ok_or(PortalError::Odd)
    }

    /// Closes the quick tunnel to a page.
    ///
    /// # Errors
    /// See above.
    pub async fn close_tunnel(&self, target: &str) -> Result<(), PortalError> {
        self.ask(Method::POST, &question("stop-quick-tunnel", target)?, CLOSE_LIMIT).await.map(drop)
    }

    async fn ask(&self, method: Method, question: &str, limit: Duration) -> Result<String, PortalError> {
        let client = CLIENT.as_ref().ok_or(PortalError::Absent)?;
        let mut response = client
            .request(method, format!("{}/{question}", self.address))
            .timeout(limit)
            .send()
            .await
            .map_err(|error| because(&error))?;
        match response.status() {
            status if status.is_success() => {}
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => return Err(PortalError::Unknown),
            status => return Err(PortalError::Failed(status.as_u16())),
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| because(&error))? {
            if body.len() + chunk.len() > MOST {
                return Err(PortalError::Odd);
            }
            body.extend_from_slice(&chunk);
        }
        String::from_utf8(body).map_err(|_| PortalError::Odd)
    }
}

/// The target is part of the path, so it must be nothing else.
fn question(name: &str, target: &str) -> Result<String, PortalError> {
    if portal::is_target(target) { Ok(format!("{name}/{target}")) } else { Err(PortalError::Unknown) }
}

fn because(error: &reqwest::Error) -> PortalError {
    if error.is_timeout() {
        PortalError::Silent
    } else if error.is_connect() {
        PortalError::Absent
    } else {
        PortalError::Odd
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    /// A portal that gives one answer to everything; and what it was asked, the first line each time.
    fn portal(answer: &'static str) -> (Portal, Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}/", listener.local_addr().expect("an address"));
        let (asked, questions) = channel();
        std::thread::spawn(move || {
            while let Ok((mut client, _)) = listener.accept() {
                let mut question = [0; 1024];
                let read = client.read(&mut question).unwrap_or_default();
                let first = String::from_utf8_lossy(&question[..read]).lines().next().map(str::to_owned);
                let _ = asked.send(first.unwrap_or_default());
                let _ = client.write_all(answer.as_bytes());
            }
        });
        (Portal::at(&address), questions)
    }

    const OPENED: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"tunnel_url\":\"https://a-b.example\"}";

    #[tokio::test]
    async fn a_tunnel_is_asked_for_by_its_target_as_it_stands() {
        let (portal, questions) = portal(OPENED);
        assert_eq!(portal.open_tunnel("http://localhost:6100").await, Ok("https://a-b.example/".into()));
        assert_eq!(questions.recv().expect("asked"), "POST /start-quick-tunnel/http://localhost:6100 HTTP/1.1");
        assert_eq!(portal.close_tunnel("http://localhost:6100").await, Ok(()));
        assert_eq!(questions.recv().expect("asked"), "POST /stop-quick-tunnel/http://localhost:6100 HTTP/1.1");
        for bad in ["http://localhost:1/../../supervisor/process/caddy/stop", "", "x"] {
            assert_eq!(portal.open_tunnel(bad).await, Err(PortalError::Unknown), "{bad}");
        }
        assert!(questions.try_recv().is_err(), "what is no target is not asked for");
    }

    #[tokio::test]
    async fn what_goes_wrong_is_told_apart() {
        let status = |status: &'static str| async move { portal(status).0.applications().await };
        let failed = "HTTP/1.1 500 Oh\r\nConnection: close\r\n\r\n";
        assert_eq!(status("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n").await, Err(PortalError::Unknown));
        assert_eq!(status(failed).await, Err(PortalError::Failed(500)));
        assert_eq!(status("HTTP/1.1 302 x\r\nConnection: close\r\n\r\n").await, Err(PortalError::Failed(302)));
        assert_eq!(status("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<html>").await, Err(PortalError::Odd));
        assert_eq!(status("no HTTP at all\r\n\r\n").await, Err(PortalError::Odd));
        assert_eq!(Portal::at("http://127.0.0.1:1").applications().await, Err(PortalError::Absent));
    }

    #[tokio::test]
    async fn one_that_hangs_is_not_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let portal = Portal::at(&format!("http://{}", listener.local_addr().expect("an address")));
        let began = std::time::Instant::now();
        assert_eq!(portal.tunnels().await, Err(PortalError::Silent));
        assert!(began.elapsed() < LIMIT * 2);
    }

    #[test]
    fn the_list_is_there_when_its_file_holds_something() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        assert!(!Portal::has_pages(&root));
        root.write(PAGES, b" \n", 0o644).expect("written");
        assert!(!Portal::has_pages(&root));
        root.write(PAGES, b"applications: {}\n", 0o644).expect("written");
        assert!(Portal::has_pages(&root));
    }
}
