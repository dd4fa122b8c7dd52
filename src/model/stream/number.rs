//! Numbers as Python's `int()` and `float()` read them, because that is who reads our values.
//!
//! One difference is kept: digits of other scripts, which Python takes, are no number here.

/// Python's `str.strip()`, which takes four separators for white space that Unicode does not.
pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\x1c'..='\x1f'))
}

/// What `int()` and `float()` pass over: in a text that is all ASCII fewer characters than `str.strip()`.
fn without_space(text: &str) -> &str {
    if text.is_ascii() { text.trim_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']) } else { strip(text) }
}

/// Python refuses to read longer numbers (`sys.int_info.default_max_str_digits`).
const MOST_DIGITS: usize = 4300;

/// `int(text)`. What no setting can be about is cut to the largest number.
pub(super) fn integer(text: &str) -> Option<i128> {
    let text = without_space(text);
    let (negative, digits) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    let digits = without_underscores(digits)?;
    if digits.is_empty() || digits.len() > MOST_DIGITS || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let value = digits.parse().unwrap_or(i128::MAX);
    Some(if negative { -value } else { value })
}

/// `float(text)`, infinities and NaN included.
pub(super) fn float(text: &str) -> Option<f64> {
    without_underscores(without_space(text))?.parse().ok()
}

/// A finite `float(text)`: what the server takes for the bound or the value of a span.
pub(super) fn finite(text: &str) -> Option<f64> {
    float(text).filter(|value| value.is_finite())
}

/// The shortest text that Python reads as this number, whole numbers without a fraction.
pub(super) fn written(value: f64) -> String {
    if value == 0.0 { "0".into() } else { value.to_string() }
}

/// Underscores are allowed between two digits only.
fn without_underscores(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    for (at, _) in text.match_indices('_') {
        if !(digit(at.checked_sub(1)) && digit(at.checked_add(1))) {
            return None;
        }
    }
    Some(text.replace('_', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_read_as_python_reads_them() {
        for (text, expected) in [
            ("60", Some(60)),
            (" +060\t", Some(60)),
            ("-1", Some(-1)),
            ("1_000", Some(1000)),
            ("\u{a0}7\x1f", Some(7)),
            ("7\x1f", None),
            ("1__0", None),
            ("_1", None),
            ("1_", None),
            ("6.0", None),
            ("0x10", None),
            ("", None),
            ("+", None),
            ("--1", None),
        ] {
            assert_eq!(integer(text), expected, "{text:?}");
        }
        assert_eq!(integer(&"9".repeat(100)), Some(i128::MAX));
        assert_eq!(integer(&"9".repeat(5000)), None);
    }

    #[test]
    fn floats_are_read_as_python_reads_them() {
        for (text, expected) in [
            ("1e3", Some(1000.0)),
            (" .5 ", Some(0.5)),
            ("5.", Some(5.0)),
            ("1_0.2_5", Some(10.25)),
            ("-inf", Some(f64::NEG_INFINITY)),
            ("Infinity", Some(f64::INFINITY)),
            ("1_.5", None),
            ("1,5", None),
            ("", None),
            (".", None),
            ("60|locked", None),
        ] {
            assert_eq!(float(text), expected, "{text:?}");
        }
        assert!(float("NaN").is_some_and(f64::is_nan));
        assert_eq!(finite("inf"), None);
    }

    #[test]
    fn numbers_are_written_without_ornaments() {
        for (value, expected) in [(60.0, "60"), (59.94, "59.94"), (-0.0, "0"), (1e21, "1000000000000000000000")] {
            assert_eq!(written(value), expected);
            assert_eq!(finite(expected), Some(value));
        }
    }
}
