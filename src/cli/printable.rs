//! Making text from outside harmless for a terminal.

use std::fmt::Write as _;

use crate::model::text::is_hostile;

/// `text` on one line, with hostile characters written as Rust would.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        push_escaped(&mut out, c);
    }
    out
}

fn push_escaped(out: &mut String, c: char) {
    match c {
        '\n' | '\r' | '\t' => out.extend(c.escape_default()),
        c if is_hostile(c) => out.extend(c.escape_unicode()),
        c => out.push(c),
    }
}

/// JSON whose strings hold hostile characters only as `\u….`; `serde_json` leaves those beyond ASCII as they are.
pub(super) fn escaped_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if is_hostile(c) && c != '\n' {
            // All of them lie in the basic plane. Writing to a String cannot fail.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// Longer sequences of parameters than this are no colour.
const LONGEST_COLOUR: usize = 40;

/// Passes a log to a terminal piece by piece: text, line ends, tabs and colours pass; other control characters are
/// written out; bytes that are no UTF-8 become U+FFFD; a carriage return starts a new line instead of painting over
/// the old one; no colour outlives its line.
#[derive(Debug, Default)]
pub(super) struct LogFilter {
    /// Whether colours pass or are left out.
    colour: bool,
    /// The first bytes of a character that the next piece completes.
    cut: Vec<u8>,
    /// What has come of an escape sequence, with its ESC.
    sequence: String,
    coloured: bool,
    line: Line,
}

/// Where in a line the filter is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Line {
    #[default]
    Empty,
    Begun,
    /// A carriage return has ended it; a line feed behind that belongs to it.
    Returned,
}

impl LogFilter {
    pub(super) fn new(colour: bool) -> Self {
        Self { colour, ..Self::default() }
    }

    /// The next piece, harmless.
    pub(super) fn pass(&mut self, piece: &[u8]) -> String {
        let mut bytes = std::mem::take(&mut self.cut);
        bytes.extend_from_slice(piece);
        let mut out = String::with_capacity(bytes.len());
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            for c in chunk.valid().chars() {
                self.take(&mut out, c);
            }
            let broken = chunk.invalid();
            let may_go_on = std::str::from_utf8(broken).is_err_and(|error| error.error_len().is_none());
            if chunks.peek().is_none() && may_go_on {
                self.cut = broken.to_vec();
            } else if !broken.is_empty() {
                self.take(&mut out, char::REPLACEMENT_CHARACTER);
            }
        }
        out
    }

    /// What is still held back; leaves the terminal at the start of a line and without colour.
    pub(super) fn finish(&mut self) -> String {
        let mut out = String::new();
        if !std::mem::take(&mut self.cut).is_empty() {
            self.take(&mut out, char::REPLACEMENT_CHARACTER);
        }
        self.flush_sequence(&mut out);
        if self.line != Line::Empty {
            self.end_line(&mut out);
        }
        out
    }

    fn take(&mut self, out: &mut String, c: char) {
        if self.line == Line::Returned {
            self.end_line(out);
            if c == '\n' {
                return;
            }
        }
        if !self.sequence.is_empty() && self.take_in_sequence(out, c) {
            return;
        }
        match c {
            '\n' => self.end_line(out),
            '\r' => self.line = Line::Returned,
            '\u{1b}' => self.sequence.push(c),
            c => {
                self.line = Line::Begun;
                if c == '\t' { out.push(c) } else { push_escaped(out, c) }
            }
        }
    }

    /// Whether `c` belonged to the sequence.
    fn take_in_sequence(&mut self, out: &mut String, c: char) -> bool {
        let parameter = c.is_ascii_digit() || c == ';' || c == ':';
        let goes_on = if self.sequence.len() == 1 { c == '[' } else { parameter };
        if goes_on && self.sequence.len() < LONGEST_COLOUR {
            self.sequence.push(c);
            return true;
        }
        if c == 'm' && self.sequence.len() > 1 {
            let sequence = std::mem::take(&mut self.sequence);
            if self.colour {
                self.coloured = !matches!(sequence.as_str(), "\u{1b}[" | "\u{1b}[0");
                out.push_str(&sequence);
                out.push(c);
            }
            return true;
        }
        self.flush_sequence(out);
        false
    }

    /// Writes out what turned out to be no colour.
    fn flush_sequence(&mut self, out: &mut String) {
        let sequence = std::mem::take(&mut self.sequence);
        if !sequence.is_empty() {
            self.line = Line::Begun;
        }
        out.push_str(&escaped(&sequence));
    }

    fn end_line(&mut self, out: &mut String) {
        if std::mem::take(&mut self.coloured) {
            out.push_str("\u{1b}[0m");
        }
        out.push('\n');
        self.line = Line::Empty;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fed whole and byte by byte: where a pipe cuts must not matter.
    fn filtered(bytes: &[u8]) -> String {
        let mut whole = LogFilter::new(true);
        let at_once = whole.pass(bytes) + &whole.finish();
        let mut cut = LogFilter::new(true);
        let pieces: String = bytes.iter().map(|byte| cut.pass(&[*byte])).collect();
        assert_eq!(pieces + &cut.finish(), at_once);
        at_once
    }

    #[test]
    fn text_tabs_and_colours_pass() {
        assert_eq!(filtered("a\tb — ü\n".as_bytes()), "a\tb — ü\n");
        assert_eq!(filtered(b"\x1b[1;31mred\x1b[0m plain\n"), "\u{1b}[1;31mred\u{1b}[0m plain\n");
    }

    #[test]
    fn no_colour_outlives_its_line() {
        assert_eq!(filtered(b"\x1b[31mred\nnext"), "\u{1b}[31mred\u{1b}[0m\nnext\n");
        let mut plain = LogFilter::new(false);
        assert_eq!(plain.pass(b"\x1b[31mred\x1b[m\n"), "red\n");
    }

    #[test]
    fn what_steers_the_terminal_is_written_out() {
        assert_eq!(filtered(b"\x1b[2J\x07x\n"), "\\u{1b}[2J\\u{7}x\n");
        assert_eq!(filtered(b"\x1b]0;title\x07\n"), "\\u{1b}]0;title\\u{7}\n");
        assert_eq!(filtered(b"\x1b\x1b[31m\n"), "\\u{1b}\u{1b}[31m\u{1b}[0m\n");
        assert_eq!(filtered("\u{9b}31m \u{202e}x\n".as_bytes()), "\\u{9b}31m \\u{202e}x\n");
        let endless = [b"\x1b[".as_slice(), &[b'1'; 10_000], b"m\n"].concat();
        assert!(!filtered(&endless).contains('\u{1b}'));
    }

    #[test]
    fn a_carriage_return_paints_over_nothing() {
        assert_eq!(filtered(b"10%\r20%\r\ndone\r"), "10%\n20%\ndone\n");
    }

    #[test]
    fn bytes_that_are_no_text_are_marked() {
        assert_eq!(filtered(b"a\xff\xfeb\xe2\x82"), "a\u{fffd}\u{fffd}b\u{fffd}\n");
    }

    #[test]
    fn one_line_stays_one_line() {
        assert_eq!(escaped("a\nb\u{1b}[31m\u{202e}ü"), "a\\nb\\u{1b}[31m\\u{202e}ü");
    }

    #[test]
    fn json_is_still_the_same_json() {
        let text = "a\u{9b}\u{202e}\u{7f}b\nü";
        let json = escaped_json(&serde_json::to_string_pretty(&[text]).unwrap());
        assert!(!json.chars().any(|c| is_hostile(c) && c != '\n'), "{json}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap(), [text]);
    }
}
