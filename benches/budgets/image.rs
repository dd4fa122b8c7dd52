//! How much our own files add to an image.

use std::path::Path;
use std::process::Command;

use crate::figures::{Unit, number};
use crate::support::repository;
use crate::table::Row;

pub(crate) fn measure(bin: &Path) -> Row {
    let root = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("folder");
    let mut make = Command::new("make");
    make.arg("-s").arg("-C").arg(repository()).arg("install");
    make.arg(format!("DESTDIR={}", root.path().display())).arg(format!("BIN={}", bin.display()));
    // What an outer make exports is for its own children.
    make.env_remove("MAKEFLAGS").env_remove("MAKELEVEL");
    assert!(make.status().expect("make").success(), "make install failed");
    let bytes = size_of(root.path());
    let what = "image: our own files, as `make install` puts them there";
    Row::at_most(what, Unit::Megabytes, 12.0, number(bytes) / 1e6)
}

fn size_of(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let sizes = entries.map(|entry| {
        let entry = entry.expect("an entry");
        let about = entry.metadata().expect("metadata");
        if about.is_dir() { size_of(&entry.path()) } else { about.len() }
    });
    sizes.sum()
}
