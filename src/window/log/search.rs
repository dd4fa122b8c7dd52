//! Where in the lines of a log something stands. Done over the lines and not over the widget's text, which is slower
//! and would have to be asked again after each change.

use std::collections::VecDeque;

use super::lines::{Change, Lines};

/// So many places are found at most, the newest.
const MOST_HITS: usize = 2_000;

/// What is searched for. Capital and small letters are the same.
#[derive(Debug)]
pub(super) struct Needle {
    folded: String,
    length: usize,
}

impl Needle {
    /// None: nothing is searched for.
    pub(super) fn new(text: &str) -> Option<Self> {
        let folded: String = text.chars().map(fold).collect();
        let length = folded.chars().count();
        (length > 0).then_some(Self { folded, length })
    }

    /// Where it starts in `line`, in characters; no two places overlap.
    fn starts_in(&self, line: &str) -> Vec<usize> {
        let folded: String = line.chars().map(fold).collect();
        let (mut at, mut characters) = (0, 0);
        let places = folded.match_indices(&self.folded).map(|(place, _)| {
            characters += folded[at..place].chars().count();
            at = place;
            characters
        });
        places.collect()
    }
}

/// The small letter, where there is exactly one: so that each character keeps its place.
fn fold(c: char) -> char {
    let mut small = c.to_lowercase();
    match (small.next(), small.next()) {
        (Some(small), None) => small,
        _ => c,
    }
}

/// A place that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    /// The line's number.
    pub(super) line: u64,
    /// Its first character there.
    pub(super) start: usize,
    /// The one behind its last.
    pub(super) end: usize,
}

/// All places, oldest first, and the one that is looked at.
#[derive(Debug)]
pub(super) struct Search {
    needle: Needle,
    hits: VecDeque<Hit>,
    /// There are more, in older lines.
    more: bool,
    current: Option<usize>,
}

impl Search {
    /// Looks through all lines.
    pub(super) fn through(lines: &Lines, needle: Needle) -> Self {
        let mut search = Self { needle, hits: VecDeque::new(), more: false, current: None };
        let last = lines.dropped() + lines.len() as u64;
        for (back, line) in lines.from(0).rev().enumerate() {
            for hit in search.hits_in(line, last - 1 - back as u64).into_iter().rev() {
                search.hits.push_front(hit);
            }
            if search.hits.len() > MOST_HITS {
                search.shorten();
                break;
            }
        }
        search
    }

    /// Takes over a change of the lines. Returns how many places are new; they are the last ones.
    pub(super) fn follow(&mut self, lines: &Lines, change: Change) -> usize {
        let first_new = lines.dropped() + change.kept as u64;
        while self.hits.back().is_some_and(|hit| hit.line >= first_new) {
            self.hits.pop_back();
        }
        self.current = self.current.filter(|current| *current < self.hits.len());
        while self.hits.front().is_some_and(|hit| hit.line < lines.dropped()) {
            self.pop_front();
        }
        let mut new = 0;
        for (line, number) in lines.from(change.kept).zip(first_new..) {
            let hits = self.hits_in(line, number);
            new += hits.len();
            self.hits.extend(hits);
        }
        self.shorten();
        new.min(self.hits.len())
    }

    /// The lines are gone, and all places with them.
    pub(super) fn forget(&mut self) {
        self.hits.clear();
        self.more = false;
        self.current = None;
    }

    fn hits_in(&self, line: &str, number: u64) -> Vec<Hit> {
        let hit = |start| Hit { line: number, start, end: start + self.needle.length };
        self.needle.starts_in(line).into_iter().map(hit).collect()
    }

    fn shorten(&mut self) {
        while self.hits.len() > MOST_HITS {
            self.more = true;
            self.pop_front();
        }
    }

    fn pop_front(&mut self) {
        self.hits.pop_front();
        self.current = self.current.and_then(|current| current.checked_sub(1));
    }

    /// Every place, oldest first.
    pub(super) fn hits(&self) -> impl DoubleEndedIterator<Item = Hit> {
        self.hits.iter().copied()
    }

    /// There are more places than these.
    pub(super) fn is_cut(&self) -> bool {
        self.more
    }

    /// The one that is looked at.
    pub(super) fn current(&self) -> Option<Hit> {
        self.current.and_then(|current| self.hits.get(current).copied())
    }

    /// Looks at the first place in this line or behind it; if there is none, at the last.
    pub(super) fn look_from(&mut self, line: u64) {
        let place = self.hits.partition_point(|hit| hit.line < line);
        self.current = self.hits.len().checked_sub(1).map(|last| place.min(last));
    }

    /// Looks at the next place, or the one before; behind the last stands the first. Where nothing is looked at, at
    /// the last.
    pub(super) fn step(&mut self, forward: bool) {
        let count = self.hits.len();
        let Some(last) = count.checked_sub(1) else { return };
        self.current = Some(match self.current {
            None => last,
            Some(current) if forward => (current + 1) % count,
            Some(current) => (current + last) % count,
        });
    }

    /// "3 of 17".
    pub(super) fn count(&self) -> String {
        let all = self.hits.len();
        let more = if self.more { "+" } else { "" };
        match (all, self.current) {
            (0, _) => "No match".into(),
            (_, Some(current)) => format!("{} of {all}{more}", current + 1),
            (1, None) => "1 match".into(),
            (_, None) => format!("{all}{more} matches"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lines::{MOST_LINES, Splitter};
    use super::*;

    fn lines(text: &str) -> Lines {
        let (mut splitter, mut lines) = (Splitter::default(), Lines::default());
        splitter.push(text.as_bytes());
        lines.append(splitter.take());
        lines
    }

    fn search(lines: &Lines, needle: &str) -> Search {
        Search::through(lines, Needle::new(needle).unwrap())
    }

    fn places(search: &Search) -> Vec<(u64, usize, usize)> {
        search.hits().map(|hit| (hit.line, hit.start, hit.end)).collect()
    }

    #[test]
    fn places_are_counted_in_characters_whatever_the_letters() {
        let found = search(&lines("Ünï ERROR error\nno\nĠ İ Errorß\n"), "eRRor");
        assert_eq!(places(&found), [(0, 4, 9), (0, 10, 15), (2, 4, 9)]);
        assert_eq!(places(&search(&lines("ÄÖÜ aäa"), "äö")), [(0, 0, 2)]);
        assert_eq!(places(&search(&lines("aaaa"), "aa")), [(0, 0, 2), (0, 2, 4)]);
        assert!(Needle::new("").is_none());
    }

    #[test]
    fn stepping_goes_round() {
        let mut found = search(&lines("x\nx\n\nx"), "x");
        assert_eq!(found.count(), "3 matches");
        found.look_from(1);
        assert_eq!((found.count().as_str(), found.current().map(|hit| hit.line)), ("2 of 3", Some(1)));
        found.step(true);
        found.step(true);
        assert_eq!(found.count(), "1 of 3");
        found.step(false);
        assert_eq!(found.count(), "3 of 3");
        found.look_from(99);
        assert_eq!(found.count(), "3 of 3", "nothing stands behind, so the last");
        let mut nothing = search(&lines("x"), "y");
        nothing.step(true);
        nothing.look_from(0);
        assert_eq!((nothing.count().as_str(), nothing.current()), ("No match", None));
    }

    #[test]
    fn a_change_keeps_what_is_left_and_finds_what_is_new() {
        let (mut splitter, mut all) = (Splitter::default(), Lines::default());
        splitter.push(b"x\nplain\nx and");
        all.append(splitter.take());
        let mut found = search(&all, "x");
        found.look_from(0);
        splitter.push(b" x\nx\n");
        let change = all.append(splitter.take());
        assert_eq!(found.follow(&all, change), 3);
        assert_eq!(places(&found), places(&search(&all, "x")));
        assert_eq!(found.count(), "1 of 4");
        (0..MOST_LINES - 3).for_each(|_| splitter.push(b"\n"));
        let change = all.append(splitter.take());
        assert_eq!(found.follow(&all, change), 0);
        assert_eq!(found.count(), "3 matches", "what was looked at is gone");
        assert_eq!(places(&found), places(&search(&all, "x")));
    }

    #[test]
    fn a_log_full_of_it_is_bounded() {
        let mut all = lines(&"x".repeat(1_500).repeat(2).replace("xxx", "xyx\n").repeat(5));
        let mut found = search(&all, "x");
        assert_eq!(found.hits.len(), MOST_HITS);
        assert_eq!(found.count(), "2000+ matches");
        assert_eq!(found.hits.back().map(|hit| hit.line), Some(4_999));
        let mut splitter = Splitter::default();
        splitter.push("x".repeat(1_999).as_bytes());
        let change = all.append(splitter.take());
        assert_eq!(found.follow(&all, change), 1_999);
        assert_eq!(found.hits.len(), MOST_HITS);
    }
}
