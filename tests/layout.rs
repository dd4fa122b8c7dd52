//! Who may know whom, how large files may be, and what the programs are linked with.
//!
//! The sources are read as text: what matters is which names a file mentions, and a text has lines to point at.

#![expect(clippy::expect_used, reason = "a test that cannot read the sources has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Each module and those that it may know, besides itself. In an order in which everybody stands behind those that
/// they know; so there can be no circle.
const MODULES: [(&str, &[&str]); 8] = [
    ("model", &[]),
    ("api", &["model"]),
    ("host", &["model"]),
    ("daemon", &["host", "api", "model"]),
    ("client", &["api", "model"]),
    ("tray", &["client", "api", "model"]),
    ("cli", &["client", "api", "model"]),
    ("window", &["client", "api", "model"]),
];

/// Each program and the modules that it may know.
const PROGRAMS: [(&str, &[&str]); 4] = [
    ("desktop-controld", &["daemon", "host"]),
    ("desktopctl", &["cli"]),
    ("desktop-control-tray", &["tray"]),
    ("desktop-control", &["window"]),
];

/// Dotfiles and what git ignores come on top.
const TOP_LEVEL: [&str; 18] = [
    "Cargo.lock",
    "Cargo.toml",
    "Dockerfile",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "Makefile",
    "README.md",
    "benches",
    "build.rs",
    "clippy.toml",
    "data",
    "deny.toml",
    "docs",
    "fuzz",
    "resources",
    "rustfmt.toml",
    "src",
    "tests",
];

const MOST_LINES: usize = 500;
const NAMELESS: [&str; 4] = ["utils", "common", "helpers", "manager"];
const TOOLKIT: [&str; 7] = ["gtk", "gtk4", "gdk4", "relm4", "adw", "libadwaita", "glib"];

fn repository() -> &'static Path {
    // As cargo says when it runs the test: clones that share a build cache also share test programs.
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| std::env::var_os("CARGO_MANIFEST_DIR").expect("tests are run by cargo").into())
}

/// Every file below `folder`, relative to the repository, but for what builds leave behind.
fn files_below(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![repository().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.expect("readable").path()) {
            let built = path.ends_with("fuzz/target") || path.ends_with("fuzz/corpus");
            if path.is_dir() && !path.is_symlink() && !built {
                folders.push(path);
            } else if path.is_file() {
                found.push(path.strip_prefix(repository()).expect("below it").to_owned());
            }
        }
    }
    found.sort();
    found
}

fn rust_files_below(folder: &str) -> Vec<PathBuf> {
    let mut files = files_below(folder);
    files.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files
}

fn read(path: &Path) -> String {
    fs::read_to_string(repository().join(path)).expect("UTF-8")
}

/// The words of a line of code: identifiers and single other characters. Comments and literals are left out.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '/' if rest.starts_with("//") => break,
            '\'' if rest.starts_with("'\"'") => 3,
            '"' => literal_length(rest),
            _ if first.is_alphanumeric() || first == '_' => {
                rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
            }
            _ => first.len_utf8(),
        };
        let (word, tail) = rest.split_at(length);
        if !word.contains('"') {
            words.push(word.to_owned());
        }
        rest = tail.trim_start();
    }
    words
}

fn literal_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// The modules of ours that a file names, and in which line: after `crate::` or `desktop_control::`, alone or in
/// braces, and after `super::`, which reaches the top from a file that stands high enough.
fn mentions(text: &str) -> Vec<(usize, String)> {
    let words: Vec<(usize, String)> = text
        .lines()
        .enumerate()
        .flat_map(|(at, line)| words(line).into_iter().map(move |word| (at + 1, word)))
        .collect();
    let is = |at: usize, word: &str| words.get(at).is_some_and(|(_, found)| found == word);
    let mut found = Vec::new();
    for (at, (_, word)) in words.iter().enumerate() {
        let a_root = matches!(word.as_str(), "crate" | "desktop_control" | "super");
        if !a_root || !is(at + 1, ":") || !is(at + 2, ":") {
            continue;
        }
        let members = if is(at + 3, "{") { members_of_braces(&words, at + 3) } else { vec![at + 3] };
        for (line, name) in members.into_iter().filter_map(|member| words.get(member)) {
            if MODULES.iter().any(|(module, _)| module == name) {
                found.push((*line, name.clone()));
            }
        }
    }
    found
}

/// Where the members of `{a, b::{c, d}}` start: those of the outermost braces only.
fn members_of_braces(words: &[(usize, String)], open: usize) -> Vec<usize> {
    let (mut depth, mut starts) = (0, Vec::new());
    for (at, (_, word)) in words.iter().enumerate().skip(open) {
        match word.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        if depth == 1 && matches!(word.as_str(), "{" | ",") {
            starts.push(at + 1);
        }
    }
    starts
}

/// The module or program that a file below `src` belongs to, and what that may know. None: the list of modules.
fn owner(path: &Path) -> Option<(String, Vec<&'static str>)> {
    let parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
    let (name, table): (&str, &[(&str, &[&str])]) = match parts[..] {
        ["src", "lib.rs"] => return None,
        ["src", "bin", file] => (file.trim_end_matches(".rs"), &PROGRAMS),
        ["src", module, ..] => (module.trim_end_matches(".rs"), &MODULES),
        _ => return None,
    };
    let known = table.iter().find(|(known, _)| *known == name);
    let (_, knows) = known.unwrap_or_else(|| unreachable_module(path));
    Some((name.to_owned(), knows.to_vec()))
}

#[expect(clippy::panic, reason = "the test has failed")]
fn unreachable_module(path: &Path) -> ! {
    panic!("{}: nothing says whom this may know; add it to the table in tests/layout.rs", path.display())
}

#[test]
fn nobody_knows_more_than_the_design_allows() {
    let mut wrong = Vec::new();
    for path in rust_files_below("src") {
        let Some((own, knows)) = owner(&path) else { continue };
        for (line, module) in mentions(&read(&path)) {
            if module != own && !knows.contains(&module.as_str()) {
                wrong.push(format!("{}:{line}: {own} must not know {module}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_table_of_who_knows_whom_has_no_circle_and_is_complete() {
    let mut before = BTreeSet::new();
    for (module, knows) in MODULES {
        assert!(knows.iter().all(|known| before.contains(known)), "{module} knows somebody who stands behind it");
        before.insert(module);
    }
    let declared: BTreeSet<String> = read(Path::new("src/lib.rs"))
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';').map(str::to_owned))
        .collect();
    assert_eq!(declared, before.iter().map(|module| (*module).to_owned()).collect());
}

#[test]
fn mentions_are_found_in_every_way_of_writing_them() {
    let text = "use crate::{api, model::{host, x}};\n// crate::daemon\nlet a = desktop_control::cli::run(\"crate::tray\");\n\
                use crate::{\n    window::app,\n};\nuse super::super::client;\nuse super::api_of_mine;";
    let found: Vec<(usize, String)> = mentions(text);
    let found: Vec<(usize, &str)> = found.iter().map(|(line, name)| (*line, name.as_str())).collect();
    assert_eq!(found, [(1, "api"), (1, "model"), (3, "cli"), (5, "window"), (7, "client")]);
}

#[test]
fn only_the_window_knows_gtk() {
    let mut wrong = Vec::new();
    for path in rust_files_below("src").into_iter().filter(|path| !path.starts_with("src/window")) {
        for (at, line) in read(&path).lines().enumerate() {
            if let Some(word) = words(line).into_iter().find(|word| TOOLKIT.contains(&word.as_str())) {
                wrong.push(format!("{}:{}: only src/window may know {word}", path.display(), at + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn files_are_short_enough_to_read() {
    let scripts = files_below("data").into_iter().chain(files_below("tests")).chain(files_below("benches"));
    let scripts = scripts.filter(|path| fs::read(repository().join(path)).expect("readable").starts_with(b"#!"));
    let sources = ["src", "tests", "benches", "fuzz"].into_iter().flat_map(rust_files_below);
    let mut wrong = Vec::new();
    for path in sources.chain(scripts) {
        let lines = read(&path).lines().count();
        if lines > MOST_LINES {
            wrong.push(format!("{}: {lines} lines; {MOST_LINES} is the most", path.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn names_say_what_things_are() {
    let mut wrong = Vec::new();
    for path in ["src", "tests", "benches", "fuzz"].into_iter().flat_map(rust_files_below) {
        if path.iter().any(|part| NAMELESS.iter().any(|name| Path::new(part).file_stem() == Some(name.as_ref()))) {
            wrong.push(format!("{}: name the thing", path.display()));
        }
        for (at, line) in read(&path).lines().enumerate() {
            let words = words(line);
            let named = words.iter().position(|word| word == "mod").and_then(|at| words.get(at + 1));
            if let Some(name) = named.filter(|name| NAMELESS.contains(&name.as_str())) {
                wrong.push(format!("{}:{}: no module is called {name}", path.display(), at + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn nothing_else_lies_at_the_top() {
    for entry in fs::read_dir(repository()).expect("repository") {
        let name = entry.expect("readable").file_name();
        let name = name.to_str().expect("UTF-8");
        let allowed = name.starts_with('.') || name == "target" || TOP_LEVEL.contains(&name);
        assert!(allowed, "{name} has no place at the top of the repository");
    }
}

/// With two of one of these, a value of the one is no value of the other and nothing fits together. An exception in
/// deny.toml would hide that.
#[test]
fn what_everything_shares_is_there_once() {
    let lock: toml::Table = read(Path::new("Cargo.lock")).parse().expect("TOML");
    let packages = lock["package"].as_array().expect("a list");
    for shared in ["glib", "gtk4", "tokio", "zbus", "zvariant"] {
        let versions: Vec<_> = packages.iter().filter(|package| package["name"].as_str() == Some(shared)).collect();
        assert_eq!(versions.len(), 1, "{shared}: {versions:?}");
    }
}

/// The libraries that a program asks the loader for.
fn needed(program: &str) -> Vec<String> {
    use object::elf::{DT_NEEDED, FileHeader64};
    use object::endian::Endianness;
    use object::read::elf::{Dyn, FileHeader};

    let data = fs::read(program).expect("built");
    let header = FileHeader64::<Endianness>::parse(&*data).expect("an ELF file");
    let endian = header.endian().expect("known");
    let sections = header.sections(endian, &*data).expect("sections");
    let (entries, strings) = sections.dynamic(endian, &*data).expect("valid").expect("dynamically linked");
    let strings = sections.strings(endian, &*data, strings).expect("names");
    let needed = entries.iter().filter(|entry| entry.tag(endian) == DT_NEEDED);
    let names = needed.map(|entry| entry.string(endian, strings).expect("a name"));
    names.map(|name| String::from_utf8_lossy(name).into_owned()).collect()
}

#[test]
fn only_the_window_is_linked_with_gtk() {
    let programs = [
        env!("CARGO_BIN_EXE_desktop-controld"),
        env!("CARGO_BIN_EXE_desktopctl"),
        env!("CARGO_BIN_EXE_desktop-control-tray"),
    ];
    for program in programs {
        let libraries = needed(program);
        assert!(libraries.iter().any(|library| library.starts_with("libc.so")), "{program}: {libraries:?}");
        for library in libraries {
            let graphical = ["libgtk", "libadwaita", "libcairo"].iter().any(|prefix| library.starts_with(prefix));
            assert!(!graphical, "{program} is linked with {library}");
        }
    }
}
