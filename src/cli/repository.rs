//! `desktopctl cuda repository`: where packages come from.

use std::io::Read;
use std::path::Path;

use super::Failure;
use super::args::Source;
use super::output::Output;
use super::table::{Cell, Style, Tone, render};
use crate::api::Error;
use crate::client::{Client, RepositoryFacts};
use crate::model::install::mirror::MOST_KEY;
use crate::model::text::quoted;

/// Shows it, or changes it first.
pub(super) async fn obey(client: &Client, out: &mut Output, source: &Source) -> Result<(), Failure> {
    if let Some((url, key)) = source.url.as_deref().zip(source.key.as_deref()) {
        client.set_repository(url, &read(key)?, source.fingerprint.as_deref()).await?;
    } else if source.reset {
        client.reset_repository().await?;
    }
    let facts = client.repository().await?;
    if out.json {
        return Ok(out.document(&facts)?);
    }
    Ok(out.text(&text(&facts, out.style))?)
}

/// The caller reads it, so that nobody has root read what is not theirs.
fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let refuse = |why: &dyn std::fmt::Display| {
        let path = quoted(&path.display().to_string());
        Error::InvalidSetting(format!("The key {path} cannot be read ({why}). Name the file with the public key."))
    };
    let mut key = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| refuse(&error))?;
    file.take(MOST_KEY as u64 + 1).read_to_end(&mut key).map_err(|error| refuse(&error))?;
    if key.len() > MOST_KEY { Err(refuse(&"it is too large for a key")) } else { Ok(key) }
}

/// For people.
fn text(facts: &RepositoryFacts, style: Style) -> String {
    let kind = if facts.kind == "nvidia" { "NVIDIA's own" } else { "a mirror" };
    let origin = match facts.origin.as_str() {
        "default" => "for this distribution",
        "configuration" => "named in /etc/desktop-control/config.toml",
        "set" => "set here; `desktopctl cuda repository --reset` forgets it",
        other => other,
    };
    let entry = facts.entry.as_deref().unwrap_or("not yet; it is added when it is first needed");
    let plain = |name: &str, text: &str| [Cell::new(name), Cell::new(text)];
    let mut rows = vec![
        plain("Repository", &facts.url),
        plain("", &format!("{kind}, {origin}")),
        plain("In apt", entry),
        plain("Key", facts.key.as_deref().unwrap_or("kept until it is needed")),
    ];
    let names = std::iter::once("Fingerprint").chain(std::iter::repeat(""));
    rows.extend(names.zip(&facts.fingerprints).map(|(name, print)| plain(name, print)));
    if let Some(problem) = &facts.problem {
        rows.push([Cell::new("Trouble"), Cell::toned(problem, Tone::Bad)]);
    }
    render(["", ""], &rows, style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_which_and_whose_and_by_which_key() {
        let facts = RepositoryFacts {
            url: "https://a/cuda".into(),
            kind: "mirror".into(),
            origin: "configuration".into(),
            key: Some("/k.asc".into()),
            fingerprints: vec!["AB".into(), "CD".into()],
            problem: Some("It cannot be.\u{1b}".into()),
            ..RepositoryFacts::default()
        };
        let expected = "Repository   https://a/cuda\n             a mirror, named in /etc/desktop-control/config.toml\n\
                        In apt       not yet; it is added when it is first needed\nKey          /k.asc\n\
                        Fingerprint  AB\n             CD\nTrouble      It cannot be.\\u{1b}\n";
        assert_eq!(text(&facts, Style::default()), expected);
    }

    #[test]
    fn only_a_file_of_some_size_is_read() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("k");
        std::fs::write(&file, vec![0; MOST_KEY]).expect("write");
        assert_eq!(read(&file).expect("a file").len(), MOST_KEY);
        std::fs::write(&file, vec![0; MOST_KEY + 1]).expect("write");
        for path in [file, folder.path().to_owned(), folder.path().join("gone")] {
            assert!(matches!(read(&path), Err(Error::InvalidSetting(_))), "{}", path.display());
        }
    }
}
