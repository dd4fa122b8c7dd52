//! Values that must not stand on a command line, where everyone on the machine can read them.

use std::io::{self, BufRead, IsTerminal};

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use tokio::sync::oneshot;

use super::output::complain;

/// Asks for the value of `what` on a terminal, without showing what is typed; else the next line of standard input.
///
/// # Errors
/// There is none, or it was interrupted.
pub(super) async fn ask(what: &str) -> io::Result<String> {
    let _quiet = if io::stdin().is_terminal() {
        complain(&format!("{what}: "));
        Some(Quiet::begin()?)
    } else {
        None
    };
    let (tell, told) = oneshot::channel();
    // A thread of its own, which may still wait when the program ends; the runtime would wait for it.
    std::thread::spawn(move || tell.send(line(&mut io::stdin().lock())));
    tokio::select! {
        line = told => line.unwrap_or_else(|_| Err(io::ErrorKind::UnexpectedEof.into())),
        _ = tokio::signal::ctrl_c() => Err(io::ErrorKind::Interrupted.into()),
    }
}

/// The next line, without its end.
fn line(input: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let text = line.strip_suffix('\n').unwrap_or(&line);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

/// The terminal shows nothing of what is typed, but the end of the line, until this is dropped.
struct Quiet {
    before: rustix::termios::Termios,
}

impl Quiet {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        quiet.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(io::stdin(), OptionalActions::Flush, &quiet)?;
        Ok(Self { before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // A terminal that has gone shows nothing any more anyway.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_line_without_its_end() {
        let mut input = b"one\r\n two \n\nlast".as_slice();
        let mut next = || line(&mut input).ok();
        assert_eq!(
            [next(), next(), next(), next(), next()].map(|line| line.unwrap_or("end".into())),
            ["one", " two ", "", "last", "end"]
        );
    }
}
