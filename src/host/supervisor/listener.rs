//! supervisord's event listener protocol: events on our standard input, answers on what was our standard output.
//!
//! Source: supervisor 4.2 "Events", header and `PROCESS_STATE` payloads. One stray byte on that output ends our events
//! for good while supervisord goes on showing the listener as RUNNING; therefore [`Wire::take`] moves the real
//! descriptor away before anything else runs, and lets fd 1 point at standard error.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;

use rustix::fs::FileType;

use crate::model::service::{State, full_name};

/// No header line is longer than this, in bytes.
const MAX_HEADER: u64 = 4 * 1024;
/// No payload of the events we subscribe to is longer than this, in bytes.
const MAX_PAYLOAD: usize = 64 * 1024;

/// What an event tells. It carries no time and may be old: a hint to look, not a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A unit went to this state.
    Process {
        /// The unit's full name.
        name: String,
        /// The state that it went to.
        state: State,
    },
    /// Units were added or removed.
    Groups,
    /// supervisord starts, or is about to end.
    Supervisor {
        /// It ends.
        stopping: bool,
    },
    /// Anything else, including kinds of later versions.
    Other,
}

/// An event and its number in the sequence of those meant for us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// supervisord's `poolserial`; one more than the last event's, or something was lost.
    pub serial: u64,
    /// The event.
    pub event: Event,
}

/// Why listening ended.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// supervisord is gone, or was never there.
    #[error("the event stream has ended")]
    Ended,
    /// The descriptors cannot be read or written.
    #[error("the event stream cannot be used")]
    Io(#[from] io::Error),
    /// What came is not the protocol.
    #[error("the event stream is not supervisord's: {0}")]
    Protocol(String),
}

/// The header line that precedes every event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Such as `PROCESS_STATE_RUNNING`.
    pub event_name: String,
    /// See [`Numbered::serial`].
    pub serial: u64,
    /// Bytes of payload that follow.
    pub payload_len: usize,
}

/// Reads a header line.
///
/// # Errors
/// A key is missing or its value is not a number, or the payload would be larger than any real one.
pub fn parse_header(line: &str) -> Result<Header, ListenError> {
    let value = |key: &str| tokens(line).find(|(name, _)| *name == key).map(|(_, value)| value);
    let number = |key: &str| value(key).and_then(|value| value.parse::<u64>().ok());
    let missing = |key: &str| ListenError::Protocol(format!("no valid “{key}” in its header"));
    let payload_len = number("len").and_then(|len| usize::try_from(len).ok()).ok_or_else(|| missing("len"))?;
    if payload_len > MAX_PAYLOAD {
        return Err(ListenError::Protocol(format!("an event of {payload_len} bytes")));
    }
    Ok(Header {
        event_name: value("eventname").ok_or_else(|| missing("eventname"))?.to_owned(),
        serial: number("poolserial").ok_or_else(|| missing("poolserial"))?,
        payload_len,
    })
}

/// Reads an event from its name and payload. What cannot be read is [`Event::Other`]: a hint less, no harm.
#[must_use]
pub fn parse_event(event_name: &str, payload: &str) -> Event {
    if let Some(state) = event_name.strip_prefix("PROCESS_STATE_") {
        let value = |key: &str| tokens(payload).find(|(name, _)| *name == key).map_or("", |(_, value)| value);
        return match state.parse() {
            Ok(state) => Event::Process { name: full_name(value("groupname"), value("processname")), state },
            Err(_) => Event::Other,
        };
    }
    match event_name {
        "PROCESS_GROUP_ADDED" | "PROCESS_GROUP_REMOVED" => Event::Groups,
        "SUPERVISOR_STATE_CHANGE_STOPPING" => Event::Supervisor { stopping: true },
        "SUPERVISOR_STATE_CHANGE_RUNNING" => Event::Supervisor { stopping: false },
        _ => Event::Other,
    }
}

fn tokens(line: &str) -> impl Iterator<Item = (&str, &str)> {
    line.split_ascii_whitespace().filter_map(|token| token.split_once(':'))
}

/// The two descriptors of the protocol, taken out of the way of everybody else.
#[derive(Debug)]
pub struct Wire {
    events: OwnedFd,
    answers: OwnedFd,
}

impl Wire {
    /// Takes standard input and output for the protocol. Call it before anything could print.
    ///
    /// # Errors
    /// The descriptors cannot be duplicated.
    pub fn take() -> io::Result<Self> {
        let events = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
        let answers = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?;
        rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
        rustix::stdio::dup2_stdin(std::fs::File::open("/dev/null")?)?;
        Ok(Self { events, answers })
    }

    /// A listener over these descriptors.
    ///
    /// # Errors
    /// They are not pipes: supervisord is not our parent.
    pub fn listen(self) -> io::Result<Listener> {
        for end in [&self.events, &self.answers] {
            // supervisord 4 gives pipes, or socket pairs where it is built so.
            let kind = FileType::from_raw_mode(rustix::fs::fstat(end)?.st_mode);
            if !matches!(kind, FileType::Fifo | FileType::Socket) {
                return Err(io::ErrorKind::InvalidInput.into());
            }
        }
        Ok(Listener { events: BufReader::new(self.events.into()), answers: self.answers.into() })
    }
}

/// A live event stream. Its calls block: it belongs on a thread of its own, since each answer that comes late turns
/// supervisord's loop once more, just when a crash loop has its next step ready.
#[derive(Debug)]
pub struct Listener {
    events: BufReader<File>,
    answers: File,
}

impl Listener {
    /// Tells supervisord that we are ready; before this it sends nothing.
    ///
    /// # Errors
    /// supervisord is gone.
    pub fn ready(&mut self) -> Result<(), ListenError> {
        self.answers.write_all(b"READY\n").map_err(Into::into)
    }

    /// Waits for the next event. Until [`Listener::answer`] there is no other.
    ///
    /// # Errors
    /// The stream has ended or cannot be understood; it is of no use after that.
    pub fn event(&mut self) -> Result<Numbered, ListenError> {
        let mut line = String::new();
        let read = (&mut self.events).take(MAX_HEADER).read_line(&mut line)?;
        if read == 0 {
            return Err(ListenError::Ended);
        }
        if !line.ends_with('\n') {
            return Err(ListenError::Protocol("a header without an end".into()));
        }
        let header = parse_header(&line)?;
        let mut payload = vec![0; header.payload_len];
        self.events.read_exact(&mut payload)?;
        let event = parse_event(&header.event_name, &String::from_utf8_lossy(&payload));
        Ok(Numbered { serial: header.serial, event })
    }

    /// Acknowledges the last event and asks for another.
    ///
    /// # Errors
    /// supervisord is gone.
    pub fn answer(&mut self) -> Result<(), ListenError> {
        self.answers.write_all(b"RESULT 2\nOKREADY\n").map_err(Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_as_supervisor_writes_it() {
        let line =
            "ver:3.0 server:supervisor serial:21 pool:listener poolserial:10 eventname:PROCESS_STATE_EXITED len:84\n";
        let header = parse_header(line).expect("valid");
        assert_eq!(header.event_name, "PROCESS_STATE_EXITED");
        assert_eq!((header.serial, header.payload_len), (10, 84));
    }

    #[test]
    fn headers_that_are_none() {
        for line in [
            "",
            "\n",
            "len:1",
            "eventname:X poolserial:1 len:-1",
            "eventname:X poolserial:x len:1",
            "eventname:X poolserial:1 len:9999999",
        ] {
            assert!(parse_header(line).is_err(), "{line:?}");
        }
    }

    #[test]
    fn process_events_name_the_unit_as_supervisorctl_does() {
        let payload = "processname:cat groupname:cat from_state:STOPPED tries:0";
        let event = parse_event("PROCESS_STATE_STARTING", payload);
        assert_eq!(event, Event::Process { name: "cat".into(), state: State::Starting });
        let payload = "processname:cat_1 groupname:cats from_state:RUNNING expected:0 pid:2766";
        let event = parse_event("PROCESS_STATE_EXITED", payload);
        assert_eq!(event, Event::Process { name: "cats:cat_1".into(), state: State::Exited });
    }

    #[test]
    fn events_of_later_versions_are_no_error() {
        assert_eq!(parse_event("PROCESS_STATE_DREAMING", "processname:x"), Event::Other);
        assert_eq!(parse_event("TICK_5", "when:1"), Event::Other);
    }
}
