//! The one writer: standard output for what was asked, standard error for what happens meanwhile and what goes wrong.

use std::fmt;
use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use super::printable::{escaped, escaped_json};
use super::table::Style;

/// See the module.
pub(super) struct Output {
    stdout: Box<dyn Write>,
    /// What standard output can show.
    pub(super) style: Style,
    /// One JSON document is wanted instead of text.
    pub(super) json: bool,
    /// Whether somebody watches standard error.
    watched: bool,
    closed: bool,
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("style", &self.style).field("json", &self.json).finish_non_exhaustive()
    }
}

impl Output {
    pub(super) fn standard(json: bool) -> Self {
        let terminal = io::stdout().is_terminal();
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let style = Style { terminal, colour: terminal && !dumb && !set("NO_COLOR") };
        let watched = io::stderr().is_terminal();
        Self { stdout: Box::new(io::stdout()), style, json, watched, closed: false }
    }

    /// The reader of standard output is gone.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Writes bytes as they are, and at once. A reader that has gone has read enough: that is no error, and what was
    /// begun goes on to its end.
    pub(super) fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        match self.stdout.write_all(bytes).and_then(|()| self.stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.closed = true,
            other => return other,
        }
        Ok(())
    }

    /// Text that consists of whole lines and is harmless.
    pub(super) fn text(&mut self, text: &str) -> io::Result<()> {
        self.raw(text.as_bytes())
    }

    /// One line for people; nothing with `--json`.
    pub(super) fn line(&mut self, line: &str) -> io::Result<()> {
        if self.json { Ok(()) } else { self.text(&(escaped(line) + "\n")) }
    }

    /// The JSON document: laid out for eyes on a terminal, on one line for programs.
    pub(super) fn document(&mut self, document: &impl Serialize) -> io::Result<()> {
        let json = if self.style.terminal {
            serde_json::to_string_pretty(document)?
        } else {
            serde_json::to_string(document)?
        };
        self.text(&(escaped_json(&json) + "\n"))
    }

    /// What is being done, for who watches.
    pub(super) fn step(&self, step: &str) {
        if self.watched && !self.json {
            complain(&format!("  {}…\n", escaped(step)));
        }
    }

    /// Something to know beside the result.
    pub(super) fn note(&self, note: &str) {
        if !self.json {
            complain(&format!("note: {}\n", escaped(note)));
        }
    }
}

/// An error: one sentence, on one line.
pub(super) fn error(sentence: &str) {
    complain(&format!("desktopctl: {}\n", escaped(sentence)));
}

/// Where standard error is closed there is nobody left to tell.
pub(super) fn complain(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Full(io::ErrorKind);

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn output(kind: io::ErrorKind) -> Output {
        let stdout = Box::new(Full(kind));
        Output { stdout, style: Style::default(), json: false, watched: false, closed: false }
    }

    #[test]
    fn a_reader_that_has_gone_is_no_error() {
        let mut output = output(io::ErrorKind::BrokenPipe);
        assert!(output.line("x").is_ok());
        assert!(output.is_closed());
        assert!(output.document(&[1]).is_ok());
    }

    #[test]
    fn a_full_disk_is_one() {
        assert!(output(io::ErrorKind::StorageFull).line("x").is_err());
    }
}
