//! Stands between the daemon and supervisord, passes everything on, and counts the calls.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::support::Stack;

const SOCKET: &str = "/run/counted.sock";
const REQUEST: &[u8] = b"POST /RPC2";

/// See the module.
#[derive(Debug)]
pub(crate) struct Counter {
    calls: Arc<AtomicU32>,
}

impl Counter {
    /// From the daemon's next start on, its calls go through here.
    pub(crate) fn insert(stack: &Stack) -> Self {
        let calls = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&calls);
        let behind = stack.path("/run/supervisor.sock");
        let listener = UnixListener::bind(stack.path(SOCKET)).expect("a socket");
        std::thread::spawn(move || {
            for client in listener.incoming() {
                pass_on(client.expect("a client"), &behind, &count);
            }
        });
        stack.write("/etc/desktop-control/config.toml", &format!("[supervisor]\nsocket = '{SOCKET}'\n"));
        Self { calls }
    }

    pub(crate) fn calls(&self) -> u32 {
        self.calls.load(Ordering::SeqCst)
    }
}

fn pass_on(client: UnixStream, behind: &Path, calls: &Arc<AtomicU32>) {
    let Ok(server) = UnixStream::connect(PathBuf::from(behind)) else { return };
    let (back, client_again) = (server.try_clone().expect("a descriptor"), client.try_clone().expect("a descriptor"));
    let calls = Arc::clone(calls);
    std::thread::spawn(move || {
        copy(client, server, |part| {
            let requests = part.windows(REQUEST.len()).filter(|window| *window == REQUEST).count();
            calls.fetch_add(u32::try_from(requests).unwrap_or(u32::MAX), Ordering::SeqCst);
        });
    });
    std::thread::spawn(move || copy(back, client_again, |_| {}));
}

fn copy(mut from: UnixStream, mut to: UnixStream, mut look: impl FnMut(&[u8])) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        look(&buffer[..length]);
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
    let _ = from.shutdown(Shutdown::Read);
}
