//! The service catalogue: a file that anybody with a text editor may have broken, laid over a good one.
//!
//! The input is split in two at the first line of dashes, so that the merging is met, too.

#![no_main]

use desktop_control::model::catalogue::Catalogue;
use desktop_control::model::order::{Needs, start_order, with_dependencies, with_dependents};
use libfuzzer_sys::fuzz_target;

const GOOD: &str = "[service.good]\nlabel = 'Good'\nunknown = 'nobody asks'";

fuzz_target!(|text: &str| {
    let (lower, upper) = text.split_once("\n---\n").unwrap_or((text, ""));
    let variable = |name: &str| (name.len() % 2 == 0).then(|| "17".to_owned());
    let files = [("good.toml", GOOD), ("lower.toml", lower), ("upper.toml", upper)];
    let (catalogue, complaints) = Catalogue::parse(files, variable);

    for complaint in &complaints {
        assert!(files.iter().any(|(name, _)| *name == complaint.file));
        assert!(!complaint.message.is_empty() && !complaint.message.contains('\n'), "{:?}", complaint.message);
    }
    // A backslash may spell the name in another way.
    if !text.contains("good") && !text.contains('\\') {
        assert_eq!(catalogue.entry("good").label, "Good", "a broken file has taken a good one with it");
    }
    for (name, entry) in catalogue.iter() {
        assert!(entry.probe.is_some() != entry.unknown_reason().is_some(), "{name:?} is judged in no way or in two");
    }

    // Whatever a file says about dependencies, circles included, sorting ends and loses nothing.
    let needs: Needs = catalogue.iter().map(|(name, entry)| (name.to_owned(), entry.depends_on.clone())).collect();
    let names: Vec<String> = needs.keys().cloned().collect();
    assert_eq!(start_order(&names, &needs).len(), names.len());
    for name in &names {
        let one = std::slice::from_ref(name);
        assert!(with_dependencies(one, &needs).contains(name));
        assert!(with_dependents(one, &needs).contains(name));
    }
});
