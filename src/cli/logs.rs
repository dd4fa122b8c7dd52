//! `desktopctl services logs`.

use std::io;

use rustix::event::{PollFd, PollFlags};
use serde::Serialize;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::sync::oneshot;

use super::Failure;
use super::args::Logs;
use super::output::Output;
use super::printable::LogFilter;
use super::services::find;
use crate::api;
use crate::client::Client;

/// A pipe holds no more.
const PIECE: usize = 64 * 1024;
/// Longer lines are told in several objects, so that a service without line ends cannot fill our memory.
const LONGEST_LINE: usize = 256 * 1024;

/// Copies a service's log to standard output.
pub(super) async fn show(client: &Client, out: &mut Output, wanted: &Logs) -> Result<(), Failure> {
    // Asked by name first: the daemon's own answer would not know which names are near.
    find(&client.snapshot().await?, &wanted.name)?;
    let log = client.open_log(&wanted.name, wanted.lines, wanted.follow).await?;
    let mut log = pipe::Receiver::from_owned_fd(log)?;
    let mut form = if out.json {
        Form::Json(Vec::new())
    } else if out.style.terminal {
        Form::Filtered(LogFilter::new(out.style.colour))
    } else {
        Form::Raw
    };
    let mut piece = vec![0; PIECE];
    // Without following, the end of the log comes anyway.
    let left_alone = async { if wanted.follow { reader_gone().await } else { std::future::pending().await } };
    tokio::pin!(left_alone);
    while !out.is_closed() {
        let read = tokio::select! {
            read = log.read(&mut piece) => read.map_err(|error| unreadable(&error))?,
            () = &mut left_alone => return Ok(()),
        };
        if read == 0 {
            form.finish(out)?;
            return if wanted.follow { Err(ended().into()) } else { Ok(()) };
        }
        form.pass(&piece[..read], out)?;
    }
    Ok(())
}

fn unreadable(error: &io::Error) -> api::Error {
    api::Error::Internal(format!("The log cannot be read any further ({error}). Ask for it again."))
}

/// A log that is followed has no end of its own.
fn ended() -> api::Error {
    let sentence = "The control service no longer sends this log: it was restarted, or may no longer read it for you. \
                    Ask for it again.";
    api::Error::Internal(sentence.into())
}

/// Ends when the pipe that we write into has lost its reader, so that following a silent log does not outlive it.
async fn reader_gone() {
    let (tell, told) = oneshot::channel();
    // A thread of its own, which may still wait when the program ends; the runtime would wait for it.
    std::thread::spawn(move || {
        let stdout = io::stdout();
        // Errors are always told, whatever is asked for. A file and a terminal have none.
        let gone = rustix::event::poll(&mut [PollFd::new(&stdout, PollFlags::empty())], None);
        if gone.is_ok() {
            // Nobody listens any more where the log has ended meanwhile.
            let _ = tell.send(());
        }
    });
    if told.await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// How the bytes are shown.
enum Form {
    /// As they are.
    Raw,
    /// Harmless for a terminal.
    Filtered(LogFilter),
    /// One object a line; holds the line that is not complete yet.
    Json(Vec<u8>),
}

impl Form {
    fn pass(&mut self, piece: &[u8], out: &mut Output) -> io::Result<()> {
        match self {
            Self::Raw => out.raw(piece),
            Self::Filtered(filter) => out.text(&filter.pass(piece)),
            Self::Json(begun) => {
                begun.extend_from_slice(piece);
                out.text(&take_lines(begun))
            }
        }
    }

    fn finish(&mut self, out: &mut Output) -> io::Result<()> {
        match self {
            Self::Raw => Ok(()),
            Self::Filtered(filter) => out.text(&filter.finish()),
            Self::Json(begun) if begun.is_empty() => Ok(()),
            Self::Json(begun) => out.text(&object(begun)),
        }
    }
}

/// Takes what is complete out of `begun`, as one object a line.
fn take_lines(begun: &mut Vec<u8>) -> String {
    let mut objects = String::new();
    let mut taken = 0;
    while let Some(end) = begun[taken..].iter().position(|byte| *byte == b'\n') {
        objects += &object(&begun[taken..taken + end]);
        taken += end + 1;
    }
    begun.drain(..taken);
    if begun.len() >= LONGEST_LINE {
        objects += &object(begun);
        begun.clear();
    }
    objects
}

fn object(line: &[u8]) -> String {
    #[derive(Serialize)]
    struct Line<'l> {
        line: &'l str,
    }
    let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
    // A text always has a JSON form.
    let json = serde_json::to_string(&Line { line: &line }).unwrap_or_default();
    super::printable::escaped_json(&json) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_objects_wherever_the_pipe_cuts() {
        let mut begun = Vec::new();
        let mut objects = String::new();
        for piece in [b"one\r\ntw".as_slice(), b"o\xff \x1b[31m\n", b"thr"] {
            begun.extend_from_slice(piece);
            objects += &take_lines(&mut begun);
        }
        assert_eq!(objects, "{\"line\":\"one\"}\n{\"line\":\"two\u{fffd} \\u001b[31m\"}\n");
        assert_eq!(begun, b"thr");
    }

    #[test]
    fn a_line_without_end_does_not_pile_up() {
        let mut begun = vec![b'x'; LONGEST_LINE];
        assert!(take_lines(&mut begun).len() > LONGEST_LINE);
        assert!(begun.is_empty());
    }
}
