//! `desktopctl services` against `supervisorctl status`: the same units, by turns, inside the stack.

use crate::UNITS;
use crate::figures::{Sample, Unit};
use crate::support::Stack;
use crate::table::Row;

const SCRIPT: &str = include_str!("command_line.sh");
const RUNS: usize = 25;

pub(crate) fn measure(stack: &Stack) -> Vec<Row> {
    let listed = stack.shell("supervisorctl status | wc -l; desktopctl services | tail -n +2 | wc -l");
    assert_eq!(listed, format!("{UNITS}\n{UNITS}"), "both list the same units");
    stack.write("/run/command_line.sh", SCRIPT);
    let said = stack.shell(&format!("bash /run/command_line.sh {RUNS}"));
    let times = |name| Sample::new(values(&said, "time", name).map(|microseconds| microseconds / 1e3));
    let (ours, theirs) = (times("desktopctl"), times("supervisorctl"));
    assert_eq!((ours.count(), theirs.count()), (RUNS, RUNS), "{said}");
    let memory = |name| Sample::new(values(&said, "memory", name).map(|kilobytes| kilobytes * 1024.0 / 1e6)).largest();
    let (small, large) = (memory("desktopctl"), memory("supervisorctl"));
    let [fast, slow] = [&ours, &theirs].map(|sample| Unit::Milliseconds.show(sample.median()));
    let faster = format!("`desktopctl services` faster than `supervisorctl status`, {UNITS} units");
    vec![
        Row::at_least(&faster, Unit::Times, 20.0, theirs.median() / ours.median())
            .with(&format!("medians of {RUNS}: {fast} against {slow}")),
        Row::at_most("`desktopctl services`, peak memory", Unit::Megabytes, 6.0, small)
            .with(&format!("`supervisorctl status`: {}", Unit::Megabytes.show(large))),
    ]
}

/// The numbers of the lines `kind name number`.
fn values(said: &str, kind: &str, name: &str) -> impl Iterator<Item = f64> {
    let prefix = format!("{kind} {name} ");
    said.lines().filter_map(move |line| line.strip_prefix(&prefix)?.parse().ok())
}
