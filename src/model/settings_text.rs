//! The text of a settings file: shell code that sets variables and can do nothing else.

use std::collections::BTreeMap;

/// Each value is in single quotes, in which a shell (POSIX.1, 2.2.2) takes every byte but the quote itself as it is.
const QUOTE: &str = "'\\''";

const HEADER: &str = "# Written by desktop-controld; `desktopctl` and the settings window change it.\n";

/// The text that sets these variables, in their order.
#[must_use]
pub fn render(settings: &BTreeMap<String, String>) -> String {
    let line = |(name, value): (&String, &String)| format!("{name}='{}'\n", value.replace('\'', QUOTE));
    settings.iter().fold(HEADER.to_owned(), |text, pair| text + &line(pair))
}

/// Reads what [`render`] has written.
///
/// # Errors
/// Anything else stands there. The sentence names the line.
pub fn parse(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut settings = BTreeMap::new();
    let mut rest = text;
    while !rest.is_empty() {
        let line = 1 + text[..text.len() - rest.len()].matches('\n').count();
        if rest.starts_with('#') || rest.starts_with('\n') {
            rest = rest.split_once('\n').map_or("", |(_, after)| after);
            continue;
        }
        let parsed = rest.split_once('=').and_then(|(name, after)| {
            let (value, after) = quoted(after)?;
            is_name(name).then_some((name, value, after))
        });
        let Some((name, value, after)) = parsed else {
            return Err(format!("line {line} is not one that desktop-controld writes"));
        };
        settings.insert(name.to_owned(), value);
        rest = after;
    }
    Ok(settings)
}

/// The value in quotes at the beginning of `text`, which must end its line, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text.strip_prefix('\'')?;
    loop {
        let (part, after) = rest.split_once('\'')?;
        value += part;
        match after.strip_prefix("\\''") {
            Some(after) => {
                value.push('\'');
                rest = after;
            }
            None => return Some((value, after.strip_prefix('\n')?)),
        }
    }
}

/// A name that a shell takes as a variable's.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !name.is_empty() && name.bytes().all(word) && !name.as_bytes()[0].is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: [&str; 9] = [
        "",
        "plain",
        "it's",
        "'",
        "''\\''",
        "$(touch x)`id`\"\\",
        "two\nlines\n",
        "# no comment\nA='1'\n",
        "ünï\u{202e}",
    ];

    #[test]
    fn every_value_survives() {
        let settings: BTreeMap<String, String> =
            HOSTILE.iter().enumerate().map(|(at, value)| (format!("NAME_{at}"), (*value).to_owned())).collect();
        assert_eq!(parse(&render(&settings)), Ok(settings));
    }

    #[test]
    fn a_real_shell_reads_the_same() {
        for value in HOSTILE {
            let text = render(&BTreeMap::from([("VALUE".to_owned(), value.to_owned())]));
            let output = std::process::Command::new("bash")
                .args(["-c", "eval \"$1\"; printf %s \"$VALUE\"", "bash", &text])
                .output()
                .expect("bash");
            assert_eq!(String::from_utf8_lossy(&output.stdout), value);
        }
    }

    #[test]
    fn code_is_not_read() {
        for text in ["A=1\n", "A='1'; id\n", "A='1' B='2'\n", "export A='1'\n", "A='1", "='1'\n", "1A='1'\n", "id\n"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        assert_eq!(parse("# A='1'\n\nA='1'\nid").expect_err("code"), "line 4 is not one that desktop-controld writes");
    }
}
