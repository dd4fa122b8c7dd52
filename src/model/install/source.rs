//! Where apt looks for packages: its entries, old and new form, and the one for a repository of ours.

use super::control::{Paragraph, paragraphs};
use super::repository::{self, plain_url};

/// One entry of a file under /etc/apt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The file.
    pub file: String,
    /// Its URL, as it is written.
    pub url: String,
    /// apt uses it.
    pub enabled: bool,
    /// What checks its signature: a file, fingerprints or a key; none: whatever the system trusts.
    pub signed_by: Option<String>,
    /// apt takes it without a signature.
    pub unchecked: bool,
}

/// Reads a file of entries by the form that its name promises; others hold none.
#[must_use]
pub fn parse(file: &str, text: &str) -> Vec<Entry> {
    if has_ending(file, "sources") {
        paragraphs(&without_remarks(text)).flat_map(|paragraph| stanza(file, paragraph)).collect()
    } else if has_ending(file, "list") {
        text.lines().filter_map(|text| line(file, text)).collect()
    } else {
        Vec::new()
    }
}

fn has_ending(file: &str, ending: &str) -> bool {
    file.rsplit_once('.').is_some_and(|(_, found)| found == ending)
}

fn without_remarks(text: &str) -> String {
    // A line of blanks ends a stanza, too.
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| if line.trim().is_empty() { "" } else { line }).collect::<Vec<_>>().join("\n")
}

/// `deb [signed-by=FILE trusted=yes] URL SUITE COMPONENT…`
fn line(file: &str, text: &str) -> Option<Entry> {
    let text = text.split('#').next()?.trim();
    let text = text.strip_prefix("deb").filter(|rest| rest.starts_with([' ', '\t', '[']))?.trim_start();
    let (options, rest) = match text.strip_prefix('[') {
        Some(text) => text.split_once(']')?,
        None => ("", text),
    };
    let option = |name: &str| {
        options.split_whitespace().find_map(|option| {
            let (key, value) = option.split_once('=')?;
            key.trim_end_matches('+').eq_ignore_ascii_case(name).then_some(value)
        })
    };
    Some(Entry {
        file: file.to_owned(),
        url: rest.split_whitespace().next()?.to_owned(),
        enabled: true,
        signed_by: option("signed-by").map(str::to_owned),
        unchecked: ["trusted", "allow-insecure"].iter().any(|name| option(name).is_some_and(is_yes)),
    })
}

fn stanza(file: &str, paragraph: Paragraph<'_>) -> Vec<Entry> {
    let of_packages = paragraph.folded("Types").is_some_and(|types| types.split(' ').any(|kind| kind == "deb"));
    let urls = paragraph.folded("URIs").filter(|_| of_packages).unwrap_or_default();
    let yes = |name: &str| paragraph.field(name).is_some_and(is_yes);
    let entry = |url: &str| Entry {
        file: file.to_owned(),
        url: url.to_owned(),
        enabled: paragraph.field("Enabled").is_none_or(is_yes),
        signed_by: paragraph.lines("Signed-By").filter(|signed_by| !signed_by.is_empty()),
        unchecked: yes("Trusted") || yes("Allow-Insecure"),
    };
    urls.split_whitespace().map(entry).collect()
}

fn is_yes(value: &str) -> bool {
    ["yes", "true", "with", "on", "enable", "1"].contains(&value.to_ascii_lowercase().as_str())
}

/// What there is for a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Missing,
    /// One entry, or several that say the same.
    Entry(Entry),
    /// Several that contradict each other; apt takes none of them then.
    Contradiction(Vec<String>),
    /// apt would take its packages without a signature.
    Unchecked(String),
}

/// Looks for a repository among all entries.
#[must_use]
pub fn find(entries: &[Entry], url: &str) -> Found {
    let same: Vec<&Entry> = entries.iter().filter(|entry| entry.enabled && same_url(&entry.url, url)).collect();
    let Some(first) = same.first() else { return Found::Missing };
    if let Some(entry) = same.iter().find(|entry| entry.unchecked) {
        return Found::Unchecked(entry.file.clone());
    }
    if same.iter().any(|entry| entry.signed_by != first.signed_by) {
        let mut files: Vec<String> = same.iter().map(|entry| entry.file.clone()).collect();
        files.dedup();
        return Found::Contradiction(files);
    }
    Found::Entry((*first).clone())
}

/// Entries for another of NVIDIA's repositories than this: of another distribution, say.
#[must_use]
pub fn strangers<'e>(entries: &'e [Entry], url: &str) -> Vec<&'e Entry> {
    let base = format!("{}/", plain_url(repository::base()));
    let stranger =
        |entry: &&Entry| entry.enabled && plain_url(&entry.url).starts_with(&base) && !same_url(&entry.url, url);
    entries.iter().filter(stranger).collect()
}

/// Whether both lead to the same place.
#[must_use]
pub fn same_url(a: &str, b: &str) -> bool {
    plain_url(a) == plain_url(b)
}

/// A folder that apt reads in place: it fetches nothing from there, so what dpkg is given could not be looked at first.
#[must_use]
pub fn is_read_in_place(url: &str) -> bool {
    url.starts_with("file:")
}

/// The file that names a repository, when we add one. A folder of this machine is copied from.
#[must_use]
pub fn render(url: &str, architecture: &str, key: &str) -> String {
    let url = url.strip_prefix("file:").map_or_else(|| url.to_owned(), |folder| format!("copy:{folder}"));
    format!(
        "# Written by Desktop Control.\nTypes: deb\nURIs: {url}/\nSuites: /\nArchitectures: {architecture}\n\
         Signed-By: {key}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://developer.download.nvidia.com/compute/cuda/repos/ubuntu2404/x86_64";

    #[test]
    fn both_forms_are_read() {
        let one = parse(
            "/etc/apt/sources.list.d/cuda.list",
            &format!(
                "# deb {URL} /\ndeb [arch=amd64 signed-by=/usr/share/keyrings/cuda-archive-keyring.gpg] {URL}/ / # x\n\
             deb-src {URL} /\ndeb\ndeb http://archive.example/debian bookworm main\n"
            ),
        );
        assert_eq!(one.len(), 2);
        assert_eq!(one[0].signed_by.as_deref(), Some("/usr/share/keyrings/cuda-archive-keyring.gpg"));
        assert_eq!(one[0].url, format!("{URL}/"));
        let text = render(URL, "amd64", "/usr/share/keyrings/x.asc");
        let two = parse(
            "x.sources",
            &format!("{text}\nTypes: deb-src\nURIs: {URL}\n\nTypes: deb\nURIs: a\n b\nEnabled: no\n"),
        );
        assert_eq!(two.len(), 3);
        assert_eq!((two[0].url.as_str(), two[0].enabled, two[2].enabled), (format!("{URL}/").as_str(), true, false));
        assert_eq!(parse("x.save", &format!("deb {URL} /")), []);
    }

    #[test]
    fn an_entry_for_the_same_place_is_found_and_not_added_again() {
        let entries = |text: &str| parse("cuda.list", text);
        let found =
            find(&entries("deb http://DEVELOPER.download.nvidia.com/compute/cuda/repos/ubuntu2404/x86_64/ /"), URL);
        assert!(matches!(found, Found::Entry(_)), "{found:?}");
        assert_eq!(find(&entries(&format!("#deb {URL} /")), URL), Found::Missing);
        assert_eq!(find(&[], URL), Found::Missing);
        let text = format!("deb [signed-by=/a] {URL} /\ndeb {URL} /");
        assert!(matches!(find(&entries(&text), URL), Found::Contradiction(_)));
        for option in ["trusted=yes", "allow-insecure=1", "Trusted=true"] {
            let found = find(&entries(&format!("deb [{option}] {URL} /")), URL);
            assert_eq!(found, Found::Unchecked("cuda.list".into()), "{option}");
        }
    }

    #[test]
    fn a_folder_is_copied_from() {
        const FOLDER: &str = "file:///opt/mirror";
        let entries = parse("x.sources", &render(FOLDER, "amd64", "/k.asc"));
        assert_eq!(entries[0].url, "copy:///opt/mirror/");
        assert!(is_read_in_place(FOLDER) && !is_read_in_place(&entries[0].url));
        assert_eq!(find(&entries, FOLDER), Found::Entry(entries[0].clone()), "it is the same place");
    }

    #[test]
    fn repositories_of_other_distributions_are_strangers() {
        let entries = parse(
            "a.list",
            "deb https://developer.download.nvidia.com/compute/cuda/repos/ubuntu2204/x86_64 /\n\
            deb http://archive.example/debian bookworm main",
        );
        assert_eq!(strangers(&entries, URL).len(), 1);
        assert_eq!(strangers(&entries, &entries[0].url).len(), 0);
    }
}
