//! The command lines of the programs that know only a few words. The library of the one with many commands would be a
//! twentieth of each of the others. docs/decisions.md, 85.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

pub use lexopt::{Error, Parser};

/// What stands on a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// An option, without its dashes.
    Option(String),
    /// Anything else.
    Value(OsString),
}

/// What a program says instead of doing its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instead {
    text: String,
    asked: bool,
}

/// Reads a command line whose first word is the program's own name. `take` is told every word in turn, may read the
/// value behind an option, and says whether there is such a word; help and version are answered here.
///
/// # Errors
/// What to say instead of going on.
pub fn read<W: Into<OsString>>(
    program: &str,
    help: &str,
    words: impl IntoIterator<Item = W>,
    mut take: impl FnMut(&Word, &mut Parser) -> Result<bool, Error>,
) -> Result<(), Instead> {
    let words: Vec<OsString> = words.into_iter().skip(1).map(Into::into).collect();
    let mut parser = Parser::from_args(words);
    read_all(program, help, &mut parser, &mut take)
}

fn read_all(
    program: &str,
    help: &str,
    parser: &mut Parser,
    take: &mut dyn FnMut(&Word, &mut Parser) -> Result<bool, Error>,
) -> Result<(), Instead> {
    use lexopt::Arg::{Long, Short, Value};
    loop {
        let word = match parser.next().map_err(|error| Instead::refused(help, &error))? {
            None => return Ok(()),
            Some(Short('h') | Long("help")) => return Err(Instead { text: help.to_owned(), asked: true }),
            Some(Short('V') | Long("version")) => {
                return Err(Instead { text: format!("{program} {}\n", env!("CARGO_PKG_VERSION")), asked: true });
            }
            Some(Short(letter)) => Word::Option(letter.to_string()),
            Some(Long(name)) => Word::Option(name.to_owned()),
            Some(Value(value)) => Word::Value(value),
        };
        let taken = match take(&word, parser) {
            Ok(false) => Err(word.unexpected()),
            other => other,
        };
        taken.map_err(|error| Instead::refused(help, &error))?;
    }
}

impl Word {
    /// That it does not belong there.
    #[must_use]
    pub fn unexpected(&self) -> Error {
        match self {
            Self::Option(name) if name.chars().count() == 1 => Error::UnexpectedOption(format!("-{name}")),
            Self::Option(name) => Error::UnexpectedOption(format!("--{name}")),
            Self::Value(value) => Error::UnexpectedArgument(value.clone()),
        }
    }
}

impl Instead {
    /// A command line that makes no sense, and how it could.
    #[must_use]
    pub fn refused(help: &str, error: &Error) -> Self {
        let usage = help.lines().find(|line| line.starts_with("Usage: ")).unwrap_or_default();
        Self { text: format!("error: {error}\n\n{usage}\n\nFor more information, try '--help'.\n"), asked: false }
    }

    /// Says it where it belongs, and tells with what to end. Nobody reads what a launcher's child says; then the exit
    /// status is all there is.
    pub fn say(&self, mut output: impl Write, mut complaint: impl Write) -> ExitCode {
        if self.asked {
            let _ = output.write_all(self.text.as_bytes());
            return ExitCode::SUCCESS;
        }
        let _ = complaint.write_all(self.text.as_bytes());
        ExitCode::from(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELP: &str = "Does things.\n\nUsage: thing [--of KIND]\n";

    fn kind(words: &[&str]) -> Result<Option<String>, Instead> {
        let mut kind = None;
        read("thing", HELP, std::iter::once(&"thing").chain(words), |word, rest| {
            let known = *word == Word::Option("of".into());
            if known {
                kind = Some(rest.value()?.to_string_lossy().into_owned());
            }
            Ok(known)
        })?;
        Ok(kind)
    }

    /// What it says to whom.
    fn said(words: &[&str]) -> (String, String) {
        let (mut output, mut complaint) = (Vec::new(), Vec::new());
        let instead = kind(words).expect_err("it goes on");
        let code = instead.say(&mut output, &mut complaint);
        let expected = if complaint.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) };
        assert_eq!(format!("{code:?}"), format!("{expected:?}"));
        (String::from_utf8(output).expect("text"), String::from_utf8(complaint).expect("text"))
    }

    #[test]
    fn words_are_taken_in_every_way_of_writing_them() {
        assert_eq!(kind(&[]), Ok(None));
        for words in [&["--of", "wood"][..], &["--of=wood"]] {
            assert_eq!(kind(words), Ok(Some("wood".into())), "{words:?}");
        }
    }

    #[test]
    fn help_and_version_are_asked_for_and_nothing_else_is() {
        for words in [&["--help"][..], &["-h"], &["--of", "wood", "--help"]] {
            assert_eq!(said(words), (HELP.into(), String::new()), "{words:?}");
        }
        for word in ["--version", "-V"] {
            assert_eq!(said(&[word]), (format!("thing {}\n", env!("CARGO_PKG_VERSION")), String::new()));
        }
        let wrong: [(&[&str], &str); 4] =
            [(&["--off"], "'--off'"), (&["-x"], "'-x'"), (&["wood"], "\"wood\""), (&["--of"], "'--of'")];
        for (words, named) in wrong {
            let (output, complaint) = said(words);
            assert_eq!(output, "", "{words:?}");
            assert!(complaint.starts_with("error: ") && complaint.contains(named), "{words:?}: {complaint}");
            assert!(complaint.contains("\n\nUsage: thing [--of KIND]\n\n"), "{complaint}");
        }
    }
}
