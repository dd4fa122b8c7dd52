//! What the settings window costs, against a window with nothing in it.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use crate::display::{Display, Opened};
use crate::figures::{Sample, Unit, number};
use crate::process::Meter;
use crate::support::{Stack, program};
use crate::table::Row;

const OURS: &str = "desktop-control";
const EMPTY: &str = "empty-window";
/// Nothing is installed of it but this copy.
const EMPTY_INSIDE: &str = "/usr/local/bin/empty-window";
/// Starts of each, by turns.
const STARTS: usize = 11;
/// After which a window that was opened has settled.
const SETTLING: Duration = Duration::from_secs(10);
/// Ends before the window is a minute old, when its uptimes change.
const IDLE: Duration = Duration::from_secs(30);
const BUSY: Duration = Duration::from_secs(30);
/// Its output comes to so many lines a second.
const LINES: f64 = 10_000.0;
const LOG: &str = "/var/log/portal/busy.log";
const BUSY_LOG: &str = include_str!("busy_log.py");

pub(crate) fn measure(stack: &Stack, bin: &Path) -> Vec<Row> {
    std::fs::copy(bin.join(EMPTY), stack.path(EMPTY_INSIDE)).expect("the empty window is built");
    let display = Display::join(stack);
    let mut rows = vec![starts(stack, &display)];
    rows.extend(at_rest(stack, &display));
    rows.push(with_a_busy_log(stack, &display));
    rows
}

fn open(stack: &Stack, display: &Display, words: &[&str]) -> Opened {
    // What ours chooses for itself.
    let words: Vec<&str> =
        ["env", "GSK_RENDERER=cairo"].iter().filter(|_| words == [EMPTY]).chain(words).copied().collect();
    display.open(stack, &words)
}

fn starts(stack: &Stack, display: &Display) -> Row {
    let mut times = [Vec::new(), Vec::new()];
    // Whoever comes first also reads what both need from the disk.
    for round in 0..=STARTS {
        for (program, times) in [OURS, EMPTY].into_iter().zip(&mut times) {
            let opened = open(stack, display, &[program]);
            if round > 0 {
                times.push(opened.first_paint);
            }
            opened.end();
        }
    }
    let [ours, empty] = times.map(|times| Sample::of_times(times).median());
    let detail =
        format!("medians of {STARTS}: {} and {}", Unit::Milliseconds.show(ours), Unit::Milliseconds.show(empty));
    against_empty("first paint", ours / empty).with(&detail)
}

fn against_empty(what: &str, times: f64) -> Row {
    Row::at_most(&format!("window against an empty one: {what}"), Unit::Times, 1.3, times)
}

fn at_rest(stack: &Stack, display: &Display) -> Vec<Row> {
    let [empty, ours] = [EMPTY, OURS].map(|program| {
        let opened = open(stack, display, &[program]);
        sleep(SETTLING);
        let memory = ["VmRSS", "RssAnon"].map(|field| number(opened.process.memory(field)) / 1e6);
        let mut meter = Meter::new(opened.process);
        let (ticks, used) = (opened.process.ticks(), meter.read());
        let frames = display.frames(&opened, IDLE);
        let (ticks, used) = (opened.process.ticks() - ticks, meter.read().saturating_sub(used));
        opened.end();
        (memory, ticks, used, frames)
    });
    let memory = |what, at: usize| {
        let (ours, empty) = (ours.0[at], empty.0[at]);
        against_empty(what, ours / empty).with(&format!(
            "{} and {}",
            Unit::Megabytes.show(ours),
            Unit::Megabytes.show(empty)
        ))
    };
    let (_, ticks, used, frames) = ours;
    let seconds = IDLE.as_secs();
    let share = number(ticks) / f64::from(crate::process::TICKS_A_SECOND) / IDLE.as_secs_f64() * 100.0;
    let detail = format!("{ticks} ticks; to be exact, {:.1} ms; painted {frames} times", used.as_secs_f64() * 1e3);
    vec![
        memory("resident (VmRSS)", 0),
        memory("its own memory (RssAnon)", 1),
        Row::at_most(&format!("window while nothing changes, of one core over {seconds} s"), Unit::Percent, 0.0, share)
            .with(&detail),
    ]
}

fn with_a_busy_log(stack: &Stack, display: &Display) -> Row {
    stack.write("/run/busy_log.py", BUSY_LOG);
    let (path, unit) = program("busy", &format!("command=python3 /run/busy_log.py {LINES}\nstartsecs=0"));
    stack.write(&path, &unit);
    stack.shell("supervisorctl update");
    stack.wait_for_service("busy", "runs", |service| service["state"] == "running");
    let opened = open(stack, display, &[OURS, "--service", "busy"]);
    sleep(SETTLING);
    let mut meter = Meter::new(opened.process);
    let (lines, used) = (last_line(stack), meter.read());
    let frames = display.frames(&opened, BUSY);
    let (lines, used) = (last_line(stack) - lines, meter.read().saturating_sub(used));
    opened.end();
    let a_second = |count: f64| count / BUSY.as_secs_f64();
    assert!(a_second(lines) > 0.95 * LINES, "the log is not as busy as it should be: {lines} lines");
    assert!(a_second(frames.into()) > 0.5, "the window does not show the log: {frames} frames");
    let share = used.as_secs_f64() / BUSY.as_secs_f64() * 100.0;
    let detail = format!("{frames} times in {} s; {} of one core", BUSY.as_secs(), Unit::Percent.show(share));
    let what = format!("window with a log of {LINES} lines a second: redraws");
    Row::at_most(&what, Unit::ASecond, 1.0, a_second(frames.into())).with(&detail)
}

/// The number of the log's last line.
fn last_line(stack: &Stack) -> f64 {
    let line = stack.shell(&format!("tail -n 1 {LOG} | cut -d' ' -f1"));
    line.parse().expect("each line begins with its number")
}
