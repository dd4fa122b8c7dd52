//! What the settings window costs, against a window with nothing in it.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use crate::display::Display;
use crate::figures::{Sample, Unit, milliseconds, number};
use crate::process::{Meter, TICKS_A_SECOND};
use crate::support::{Stack, program};
use crate::table::Row;

const OURS: [&str; 1] = ["desktop-control"];
/// Told to draw with the CPU, as ours tells itself.
const EMPTY: [&str; 2] = ["GSK_RENDERER=cairo", "empty-window"];
/// And told not to load OpenGL, in the words of newer and of older GTK: as spare as there can be.
const SPARE: [&str; 4] = ["GDK_DISABLE=gl,vulkan", "GDK_DEBUG=gl-disable", "GSK_RENDERER=cairo", "empty-window"];
/// A copy in the stack that is measured is all that is ever installed of it.
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
    std::fs::copy(bin.join("empty-window"), stack.path(EMPTY_INSIDE)).expect("the empty window is built");
    let display = Display::join(stack);
    let mut rows = vec![starts(stack, &display)];
    rows.extend(memory(stack, &display));
    rows.push(at_rest(stack, &display));
    rows.push(with_a_busy_log(stack, &display));
    rows
}

/// Ours against the empty one; that against the spare one stands beside it.
fn against_empty(what: &str, unit: Unit, [ours, empty, spare]: [f64; 3]) -> Row {
    let what = format!("window against an empty one: {what}");
    let [small, large] = [ours, empty].map(|value| unit.show(value));
    let times = Unit::Times.show(ours / spare);
    let detail = format!("{small} and {large}; {times} one that loads no OpenGL either, {}", unit.show(spare));
    Row::at_most(&what, Unit::Times, 1.3, ours / empty).with(&detail)
}

fn starts(stack: &Stack, display: &Display) -> Row {
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    // Whoever comes first also reads what all need from the disk.
    for round in 0..=STARTS {
        for (words, times) in [&OURS[..], &EMPTY, &SPARE].into_iter().zip(&mut times) {
            let opened = display.open(stack, words);
            if round > 0 {
                times.push(opened.first_paint);
            }
            opened.end();
        }
    }
    let medians = times.map(|times| Sample::of_times(times).median());
    against_empty(&format!("first paint, medians of {STARTS}"), Unit::Milliseconds, medians)
}

fn memory(stack: &Stack, display: &Display) -> [Row; 2] {
    let sizes = [&OURS[..], &EMPTY, &SPARE].map(|words| {
        let opened = display.open(stack, words);
        sleep(SETTLING);
        let sizes = ["VmRSS", "RssAnon"].map(|field| number(opened.process.memory(field)) / 1e6);
        opened.end();
        sizes
    });
    [("memory (VmRSS)", 0), ("memory of its own (RssAnon)", 1)]
        .map(|(what, field)| against_empty(what, Unit::Megabytes, sizes.map(|sizes| sizes[field])))
}

fn at_rest(stack: &Stack, display: &Display) -> Row {
    let opened = display.open(stack, &OURS);
    sleep(SETTLING);
    let mut meter = Meter::new(opened.process);
    let (ticks, used) = (opened.process.ticks(), meter.read());
    let frames = display.frames(&opened, IDLE);
    let (ticks, used) = (opened.process.ticks() - ticks, meter.read().saturating_sub(used));
    opened.end();
    let seconds = IDLE.as_secs();
    let share = number(ticks) / f64::from(TICKS_A_SECOND) / IDLE.as_secs_f64() * 100.0;
    let exact = Unit::Milliseconds.show(milliseconds(used));
    let what = format!("window while nothing changes, of one core over {seconds} s");
    Row::at_most(&what, Unit::Percent, 0.0, share)
        .with(&format!("{ticks} of the kernel's ticks, or {exact}; painted {frames} times"))
}

fn with_a_busy_log(stack: &Stack, display: &Display) -> Row {
    stack.write("/run/busy_log.py", BUSY_LOG);
    let (path, unit) = program("busy", &format!("command=python3 /run/busy_log.py {LINES}\nstartsecs=0"));
    stack.write(&path, &unit);
    stack.shell("supervisorctl update");
    stack.wait_for_service("busy", "runs", |service| service["state"] == "running");
    let opened = display.open(stack, &["desktop-control", "--service", "busy"]);
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
