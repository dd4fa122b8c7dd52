//! From the bytes of a log to lines that may be shown, and no more of them than a window can hold.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::Range;

use crate::model::text::is_hostile;

/// So many lines are kept at most.
pub(super) const MOST_LINES: usize = 5_000;
/// And so many bytes of them.
const MOST_BYTES: usize = 2 << 20;
/// The most characters of a line.
const LONGEST: usize = 2_000;
/// So many bytes of a line are kept until it is cleaned: as many characters of the longest kind, and some colours.
const LONGEST_RAW: usize = 16 << 10;
/// Stands for what was cut off.
const CUT: char = '…';

/// The newest of many lines. Their number and their bytes are bounded.
#[derive(Debug)]
struct Newest<L> {
    lines: VecDeque<L>,
    bytes: usize,
    /// So many older ones were let go.
    dropped: u64,
}

impl<L> Default for Newest<L> {
    fn default() -> Self {
        Self { lines: VecDeque::new(), bytes: 0, dropped: 0 }
    }
}

impl<L: AsRef<[u8]>> Newest<L> {
    fn push(&mut self, line: L) {
        self.bytes += line.as_ref().len();
        self.lines.push_back(line);
        while self.lines.len() > MOST_LINES || self.bytes > MOST_BYTES {
            let Some(oldest) = self.lines.pop_front() else { return };
            self.bytes -= oldest.as_ref().len();
            self.dropped += 1;
        }
    }
}

/// Takes bytes as they come, cut anywhere. Lines that nobody will see any more are never looked into, so a flood costs
/// little more than the search for its line ends.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    whole: Newest<Vec<u8>>,
    /// The line that has not ended.
    open: Vec<u8>,
    /// A carriage return came last: whatever comes before the line's end replaces it, as on a terminal.
    returned: bool,
    news: bool,
}

impl Splitter {
    /// The next bytes.
    pub(super) fn push(&mut self, piece: &[u8]) {
        self.news |= !piece.is_empty();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            match part.strip_suffix(b"\n") {
                None => self.extend(part),
                Some(rest) => {
                    self.extend(rest);
                    self.returned = false;
                    self.whole.push(std::mem::take(&mut self.open));
                }
            }
        }
    }

    /// Something came since the last [`Self::take`].
    pub(super) fn has_news(&self) -> bool {
        self.news
    }

    /// Everything that came since the last time, and the line that has not ended, so far as it goes.
    pub(super) fn take(&mut self) -> Lines {
        self.news = false;
        let Newest { lines, dropped, .. } = std::mem::take(&mut self.whole);
        let mut whole = Newest { dropped, ..Newest::default() };
        for line in lines {
            whole.push(clean(&line));
        }
        // A character that has come in half is none yet.
        let open = clean(&self.open).trim_end_matches(char::REPLACEMENT_CHARACTER).to_owned();
        Lines { whole, open: Some(open).filter(|open| !open.is_empty()) }
    }

    fn extend(&mut self, text: &[u8]) {
        for (at, painted) in text.split(|byte| *byte == b'\r').enumerate() {
            self.returned |= at > 0;
            if painted.is_empty() {
                continue;
            }
            if std::mem::take(&mut self.returned) {
                self.open.clear();
            }
            // One more than is shown tells that there was more.
            let room = (LONGEST_RAW + 1).saturating_sub(self.open.len());
            self.open.extend_from_slice(&painted[..painted.len().min(room)]);
        }
    }
}

/// A line without colours, control characters and bytes that are no text, and not too long.
fn clean(raw: &[u8]) -> String {
    let mut text = String::with_capacity(raw.len().min(LONGEST_RAW));
    for (at, field) in raw.split(|byte| *byte == b'\t').enumerate() {
        if at > 0 {
            text.push('\t');
        }
        let has_escapes = field.contains(&0x1b);
        let plain = if has_escapes { Cow::Owned(strip_ansi_escapes::strip(field)) } else { Cow::Borrowed(field) };
        text.extend(String::from_utf8_lossy(&plain).chars().filter(|c| !is_hostile(*c)));
    }
    let end = text.char_indices().nth(LONGEST).map(|(end, _)| end);
    if let Some(end) = end {
        text.truncate(end);
    }
    if end.is_some() || raw.len() > LONGEST_RAW {
        text.push(CUT);
    }
    text
}

/// The newest lines of a log. Each has a number that it keeps: the first that ever came is 0.
#[derive(Debug, Default)]
pub(super) struct Lines {
    whole: Newest<String>,
    /// The line that has not ended and may still change.
    open: Option<String>,
}

/// What [`Lines::append`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// The line that had not ended is gone, or stands anew among the new ones.
    pub(super) reopened: bool,
    /// So many of the oldest are gone.
    pub(super) gone: usize,
    /// So many old ones are left; those behind them are new.
    pub(super) kept: usize,
}

impl Lines {
    /// Adds what came next, and lets go of the oldest that no longer fit.
    pub(super) fn append(&mut self, newer: Self) -> Change {
        let (before, dropped) = (self.whole.lines.len(), self.whole.dropped);
        let reopened = self.open.take().is_some();
        if newer.whole.dropped > 0 {
            // Between these and the new ones some are missing.
            let dropped = dropped + before as u64 + newer.whole.dropped;
            self.whole = Newest { dropped, ..Newest::default() };
        }
        newer.whole.lines.into_iter().for_each(|line| self.whole.push(line));
        self.open = newer.open;
        let gone = usize::try_from(self.whole.dropped - dropped).unwrap_or(usize::MAX).min(before);
        Change { reopened, gone, kept: before - gone }
    }

    /// Leaves out the first ones, which have ended.
    pub(super) fn leave_out(&mut self, count: usize) {
        for line in self.whole.lines.drain(..count.min(self.whole.lines.len())) {
            self.whole.bytes -= line.len();
        }
    }

    /// Puts a line before the first one.
    pub(super) fn begin_with(&mut self, line: &str) {
        self.whole.bytes += line.len();
        self.whole.lines.push_front(line.to_owned());
    }

    /// Those that have ended, oldest first.
    pub(super) fn ended(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.whole.lines.iter().map(String::as_str)
    }

    /// So many are there.
    pub(super) fn len(&self) -> usize {
        self.whole.lines.len() + usize::from(self.open.is_some())
    }

    /// So many older ones were let go; so this is also the number of the first.
    pub(super) fn dropped(&self) -> u64 {
        self.whole.dropped
    }

    /// From the one at `place` on, oldest first.
    pub(super) fn from(&self, place: usize) -> impl DoubleEndedIterator<Item = &str> {
        self.whole.lines.range(place.min(self.whole.lines.len())..).chain(&self.open).map(String::as_str)
    }

    /// Those in these places as text; the last one has no end.
    pub(super) fn text(&self, places: Range<usize>) -> String {
        let mut text = String::new();
        for line in self.from(places.start).take(places.len()) {
            text.push_str(line);
            text.push('\n');
        }
        text.pop();
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines as shown at the end, whole and with bytes coming one by one and in threes: cuts must not matter.
    fn shown(bytes: &[u8]) -> Vec<String> {
        let at_once = {
            let mut splitter = Splitter::default();
            splitter.push(bytes);
            splitter.take()
        };
        let at_once: Vec<String> = at_once.from(0).map(str::to_owned).collect();
        // The open line is shown anew with each piece, so a long one in single bytes would take minutes.
        for size in if bytes.len() < 1_000 { [1, 3] } else { [97, 1_021] } {
            let (mut splitter, mut late, mut steps) = (Splitter::default(), Splitter::default(), Lines::default());
            for piece in bytes.chunks(size) {
                splitter.push(piece);
                late.push(piece);
                steps.append(late.take());
            }
            assert_eq!(splitter.take().from(0).collect::<Vec<_>>(), at_once, "pieces of {size}, taken once");
            assert_eq!(steps.from(0).collect::<Vec<_>>(), at_once, "pieces of {size}, taken after each");
        }
        at_once
    }

    #[test]
    fn lines_are_the_same_wherever_the_pipe_cuts() {
        assert_eq!(shown("one\ntwo — ü\r\n\nfour\twith tab".as_bytes()), ["one", "two — ü", "", "four\twith tab"]);
        assert_eq!(shown(b""), [""; 0]);
        assert_eq!(shown(b"\n"), [""]);
    }

    #[test]
    fn colours_and_what_steers_a_terminal_are_left_out() {
        assert_eq!(shown(b"\x1b[1;31mred\x1b[0m plain\x1b[K\n\x1b]0;title\x07\x07x\x00y\x08\n"), ["red plain", "xy"]);
        assert_eq!(shown(b"a\x1b[3\nb\x1b\nc\x1b]0;no end\nd"), ["a", "b", "c", "d"], "no sequence outlives its line");
        assert_eq!(shown("\u{9b}1m\u{85}\u{2028}\u{2029}\u{feff}x\n".as_bytes()), ["1m\u{feff}x"]);
    }

    #[test]
    fn nothing_is_shown_in_another_order_than_it_was_written() {
        assert_eq!(shown("\u{202e}drow\u{202c} \u{2066}x\n".as_bytes()), ["drow x"]);
        assert_eq!(shown("שלום مرحبا\n".as_bytes()), ["שלום مرحبا"], "what is written from right to left stays so");
    }

    #[test]
    fn a_progress_bar_shows_where_it_stands() {
        assert_eq!(shown(b"start\n10%\r20%\r\n30%\r\r\n"), ["start", "20%", "30%"]);
        assert_eq!(shown(b"10%\r100%\r"), ["100%"]);
        assert_eq!(shown(b"\rpainted\n"), ["painted"]);
    }

    #[test]
    fn bytes_that_are_no_text_are_marked() {
        assert_eq!(shown(b"a\xff\xfeb\xe2\x82\nc"), ["a\u{fffd}\u{fffd}b\u{fffd}", "c"]);
        assert_eq!(shown(b"half \xe2\x82"), ["half "], "more may come");
    }

    #[test]
    fn a_long_line_is_cut_and_costs_no_more() {
        let exact = "ü".repeat(LONGEST);
        assert_eq!(shown(exact.as_bytes()), [exact.as_str()]);
        assert_eq!(shown(format!("{exact}x\nnext").as_bytes()), [format!("{exact}…"), "next".into()]);
        let mut splitter = Splitter::default();
        let piece = vec![b'x'; 1 << 16];
        for _ in 0..160 {
            splitter.push(&piece);
            assert!(splitter.open.capacity() <= 2 * LONGEST_RAW + 2);
        }
        splitter.push(b"\nnext\n");
        let lines = splitter.take();
        assert_eq!(lines.from(0).map(|line| line.chars().count()).collect::<Vec<_>>(), [LONGEST + 1, 4]);
        splitter.push(&b"\x1b[31m".repeat(LONGEST_RAW));
        splitter.push(b"x\n");
        assert_eq!(splitter.take().from(0).collect::<Vec<_>>(), ["…"]);
    }

    #[test]
    fn what_is_left_out_and_put_in_front_keeps_the_bound() {
        let mut splitter = Splitter::default();
        splitter.push("one\ntwö\nthree\nop".as_bytes());
        let mut lines = splitter.take();
        lines.leave_out(2);
        lines.begin_with("gap");
        assert_eq!(lines.from(0).collect::<Vec<_>>(), ["gap", "three", "op"]);
        assert_eq!(lines.ended().collect::<Vec<_>>(), ["gap", "three"]);
        assert_eq!(lines.whole.bytes, lines.ended().map(str::len).sum::<usize>());
        lines.leave_out(9);
        assert_eq!((lines.len(), lines.whole.bytes), (1, 0));
    }

    #[test]
    fn the_bound_holds_under_a_flood() {
        let mut splitter = Splitter::default();
        let mut lines = Lines::default();
        for second in 0..3_u32 {
            for number in 0..10_000_u32 {
                splitter.push(format!("line {}\n", second * 10_000 + number).as_bytes());
            }
            assert_eq!(splitter.whole.lines.len(), MOST_LINES);
            let change = lines.append(splitter.take());
            assert_eq!((change.kept, lines.len()), (0, MOST_LINES));
        }
        assert_eq!(
            (lines.dropped(), lines.from(0).next(), lines.from(0).next_back()),
            (25_000, Some("line 25000"), Some("line 29999"))
        );
    }

    #[test]
    fn long_lines_are_bounded_by_their_bytes() {
        let mut lines = Lines::default();
        for _ in 0..10 {
            let mut splitter = Splitter::default();
            // Each becomes three times as long.
            (0..1_000).for_each(|_| splitter.push(&[[0xff; 1_999].as_slice(), b"\n"].concat()));
            lines.append(splitter.take());
            assert!(lines.whole.bytes <= MOST_BYTES);
            assert_eq!(lines.whole.bytes, lines.from(0).map(str::len).sum::<usize>());
        }
        assert_eq!(lines.dropped() + lines.len() as u64, 10_000);
    }

    #[test]
    fn a_change_says_what_the_text_must_lose_and_gain() {
        let mut splitter = Splitter::default();
        let mut lines = Lines::default();
        splitter.push(b"one\ntw");
        assert_eq!(lines.append(splitter.take()), Change { reopened: false, gone: 0, kept: 0 });
        splitter.push(b"o\nthree\n");
        assert_eq!(lines.append(splitter.take()), Change { reopened: true, gone: 0, kept: 1 });
        assert_eq!(
            (lines.text(0..1), lines.text(1..3), lines.text(3..3)),
            ("one".into(), "two\nthree".into(), String::new())
        );
        (0..MOST_LINES - 1).for_each(|_| splitter.push(b"x\n"));
        assert_eq!(lines.append(splitter.take()), Change { reopened: false, gone: 2, kept: 1 });
        assert_eq!((lines.dropped(), lines.from(0).next()), (2, Some("three")));
        (0..=MOST_LINES).for_each(|_| splitter.push(b"y\n"));
        assert_eq!(lines.append(splitter.take()), Change { reopened: false, gone: MOST_LINES, kept: 0 });
        assert_eq!(lines.dropped(), 2 + MOST_LINES as u64 + 1);
    }
}
