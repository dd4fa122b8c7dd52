//! Which of two versions of a package is newer: Debian Policy 5.6.12, as dpkg compares.

use std::cmp::Ordering;

/// Compares two versions of a package.
#[must_use]
pub fn compare(a: &str, b: &str) -> Ordering {
    let (epoch_a, upstream_a, revision_a) = parts(a);
    let (epoch_b, upstream_b, revision_b) = parts(b);
    epoch_a
        .cmp(&epoch_b)
        .then_with(|| compare_part(upstream_a, upstream_b))
        .then_with(|| compare_part(revision_a, revision_b))
}

fn parts(version: &str) -> (u64, &str, &str) {
    let (epoch, rest) = version.split_once(':').unwrap_or(("0", version));
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    (epoch.parse().unwrap_or(0), upstream, revision)
}

/// Texts and numbers take turns. In a text, a tilde comes before the end, the end before letters, letters before all
/// else.
fn compare_part(mut a: &str, mut b: &str) -> Ordering {
    loop {
        let (text_a, text_b) = (cut(&mut a, |c| !c.is_ascii_digit()), cut(&mut b, |c| !c.is_ascii_digit()));
        let (number_a, number_b) = (cut(&mut a, |c| c.is_ascii_digit()), cut(&mut b, |c| c.is_ascii_digit()));
        let order = compare_text(text_a, text_b).then_with(|| compare_number(number_a, number_b));
        if order != Ordering::Equal || (a.is_empty() && b.is_empty()) {
            return order;
        }
    }
}

fn cut<'a>(text: &mut &'a str, belongs: impl Fn(char) -> bool) -> &'a str {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    let (head, tail) = text.split_at(end);
    *text = tail;
    head
}

fn compare_number(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn compare_text(a: &str, b: &str) -> Ordering {
    let rank = |c: Option<char>| match c {
        Some('~') => (0, '~'),
        None => (1, ' '),
        Some(c) if c.is_ascii_alphabetic() => (2, c),
        Some(c) => (3, c),
    };
    let (mut a, mut b) = (a.chars(), b.chars());
    loop {
        let (next_a, next_b) = (a.next(), b.next());
        let order = rank(next_a).cmp(&rank(next_b));
        if order != Ordering::Equal || next_a.is_none() {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `dpkg --compare-versions` answered.
    #[test]
    fn versions_are_compared_as_dpkg_does() {
        for (older, newer) in [
            ("12.9.0-1", "12.9.1-1"),
            ("12.9.9-1", "12.9.10-1"),
            ("12.9.1-1", "12.9.1-2"),
            ("9", "1:1"),
            ("1.0~rc1", "1.0"),
            ("1.0", "1.0+b1"),
            ("1.0a", "1.0+"),
            ("2.26.2-1+cuda12.8", "2.26.2-1+cuda12.9"),
            ("575.57.08-0ubuntu1", "575.57.8-0ubuntu2"),
            ("1", "1-1"),
        ] {
            assert_eq!(compare(older, newer), Ordering::Less, "{older} < {newer}");
            assert_eq!(compare(newer, older), Ordering::Greater, "{newer} > {older}");
        }
        for (a, b) in [("1.0", "1.00"), ("0:1", "1"), ("1-0", "1"), ("", "")] {
            assert_eq!(compare(a, b), Ordering::Equal, "{a} = {b}");
        }
    }
}
