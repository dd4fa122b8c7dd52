//! Putting text from outside into sentences of ours.

/// The most characters of a foreign name that a sentence repeats.
const SHOWN: usize = 80;

/// Quotes a name from outside: control characters are escaped, long names are cut.
#[must_use]
pub fn quoted(name: &str) -> String {
    let mut chars = name.chars();
    let head: String = chars.by_ref().take(SHOWN).flat_map(char::escape_debug).collect();
    let rest = chars.count();
    if rest == 0 { format!("“{head}”") } else { format!("“{head}…” and {rest} more characters") }
}

/// A character that moves a cursor, changes a terminal, ends a line, or shows text in another order than it is written.
#[must_use]
pub fn is_hostile(c: char) -> bool {
    let reorders = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || reorders || matches!(c, '\u{2028}' | '\u{2029}')
}

/// A duration as people say it: its one or two largest units.
#[must_use]
pub fn duration(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, 0) => format!("{hours} h"),
        (0, ..) => format!("{hours} h {minutes} min"),
        (_, 0, _) => format!("{days} d"),
        _ => format!("{days} d {hours} h"),
    }
}

/// How long something will still take, no more exactly than anybody can know.
#[must_use]
pub fn time_left(seconds: u64) -> String {
    match seconds {
        0..10 => "a few seconds left".into(),
        10..=50 => format!("about {} s left", seconds.div_ceil(10) * 10),
        _ => format!("about {} left", duration(seconds.div_ceil(60) * 60)),
    }
}

/// As a sentence or a label begins: with a large letter.
#[must_use]
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// As it goes on within a sentence: with a small letter.
#[must_use]
pub fn uncapitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// A number of bytes as packages count them: in thousands, with one decimal from megabytes on.
#[must_use]
pub fn size(bytes: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", bytes / unit, bytes % unit / (unit / 10));
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        1_000_000..1_000_000_000 => format!("{} MB", tenths(1_000_000)),
        _ => format!("{} GB", tenths(1_000_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_are_shown_on_one_short_line() {
        assert_eq!(quoted("a\nb\u{1b}[31m"), "“a\\nb\\u{1b}[31m”");
        let long = quoted(&"x".repeat(10_000));
        assert!(long.chars().count() < 120, "{long}");
        assert!(long.ends_with("and 9920 more characters"));
    }

    #[test]
    fn a_sentence_begins_with_a_large_letter() {
        assert_eq!(["", "a b", "ärger", "1 x"].map(capitalised), ["", "A b", "Ärger", "1 x"]);
        assert_eq!(["", "A B", "Ärger"].map(uncapitalised), ["", "a B", "ärger"]);
    }

    #[test]
    fn sizes_have_units() {
        let said = [0, 1, 999_001, 1_000_000, 312_460_000, 4_567_000_000].map(size);
        assert_eq!(said, ["0 kB", "1 kB", "1000 kB", "1.0 MB", "312.4 MB", "4.5 GB"]);
    }

    #[test]
    fn nobody_knows_a_time_left_to_the_second() {
        let said = [0, 9, 10, 11, 50, 51, 60, 61, 3_500, 3_601].map(time_left);
        let numbers = ["10 s", "20 s", "50 s", "1 min", "1 min", "2 min", "59 min", "1 h 1 min"];
        assert_eq!(said[..2], ["a few seconds left"; 2]);
        assert_eq!(said[2..], numbers.map(|number| format!("about {number} left")));
    }

    #[test]
    fn durations_read_naturally() {
        let said = [12, 60, 3_599, 3_600, 11_520, 86_400, 180_000].map(duration);
        assert_eq!(said, ["12 s", "1 min", "59 min", "1 h", "3 h 12 min", "1 d", "2 d 2 h"]);
    }
}
