//! What it costs to look at GPUs: a stand-in of ours plays NVIDIA's library, so the driver's own time is not in it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use desktop_control::api::gpu_path;
use desktop_control::api::proxy::GpuProxy;
use desktop_control::host::gpu::{Limits, Probe, Program};
use desktop_control::model::gpu::{History, Moment};
use serde_json::Value;

use crate::UNITS;
use crate::figures::{Sample, Unit, milliseconds, number};
use crate::process::{Meter, Process};
use crate::support::nvml::{SCRIPT, machine, stand_in};
use crate::support::{Boot, Stack, program, wait_until};
use crate::table::Row;

/// Questions of each machine.
const ROUNDS: usize = 300;
/// GPUs of the larger one.
const MANY: usize = 8;
/// While it samples.
const WINDOW: Duration = Duration::from_mins(1);
/// As often as anybody may want.
const EVERY_MS: u32 = 1_000;
/// So many histories are made to see what one takes.
const HISTORIES: usize = 200;
const HALF_AN_HOUR: u64 = 1_800;
const HOUR: u64 = 3_600;

pub(crate) async fn measure(bin: &Path) -> Vec<Row> {
    let mut rows = vec![rounds(bin).await];
    rows.push(sampling(bin).await);
    rows.extend(histories());
    rows
}

/// Question and answer, from the program and the pipe to the library and back.
async fn rounds(bin: &Path) -> Row {
    let (one, eight) = (round(bin, "one-consumer").await, round(bin, "eight").await);
    let detail =
        format!("medians of {ROUNDS}: {} and {}", Unit::Milliseconds.show(eight), Unit::Milliseconds.show(one));
    let what = format!("a look at {MANY} GPUs instead of 1");
    Row::at_most(&what, Unit::Times, number(MANY), eight / one).with(&detail)
}

async fn round(bin: &Path, name: &str) -> f64 {
    let environment = vec![(SCRIPT, machine(name))];
    let program = Program { path: daemon(bin), library: Some(stand_in().into()), environment };
    let mut probe = Probe::new(program, Limits::default());
    probe.sample().await.expect("the library is there");
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        probe.sample().await.expect("an answer");
        times.push(milliseconds(began.elapsed()));
    }
    probe.end();
    Sample::new(times).median()
}

fn daemon(bin: &Path) -> PathBuf {
    bin.join("desktop-controld")
}

/// Daemon and probe together, with as many units as the other budgets of the daemon.
async fn sampling(bin: &Path) -> Row {
    let sleepers = Boot::CORE.len()..UNITS;
    let lines = "command=sleep 100000\nstartsecs=0\nautorestart=true";
    let extra = sleepers.map(|at| program(&format!("sleeper-{at}"), lines)).collect();
    let boot = Boot { units: Boot::CORE, extra, bin: Some(bin.to_owned()), ..Boot::default() };
    let stack = boot.and_gpus("eight").start();
    let uuid = first_gpu(&stack);
    let bus = stack.bus().await;
    let gpu = GpuProxy::builder(&bus).path(gpu_path(&uuid)).expect("a path").build().await.expect("a proxy");
    let lease = gpu.watch(EVERY_MS, HashMap::from([("all", true.into())])).await.expect("a lease");
    let daemon = Process::of_service(&stack, "desktop-controld");
    let probe = wait_until(Duration::from_secs(20), || "the probe looks".into(), || probe_of(&stack));
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (mut ours, mut theirs) = (Meter::new(daemon), Meter::new(probe));
    let (daemon, probe) = tokio::join!(ours.over(WINDOW), theirs.over(WINDOW));
    drop(lease);
    let share = |used: Duration| used.as_secs_f64() / WINDOW.as_secs_f64() * 100.0;
    let what = format!("daemon with its GPU probe while it samples {MANY} GPUs each second, of one core over 60 s");
    let detail = format!("{} of it the probe", Unit::Percent.show(share(probe)));
    Row::at_most(&what, Unit::Percent, 0.5, share(daemon + probe)).with(&detail)
}

fn first_gpu(stack: &Stack) -> String {
    let gpus = || {
        let said: Value = serde_json::from_slice(&stack.ctl(&["--json", "gpu"]).stdout).ok()?;
        let gpus = said["gpus"].as_array()?.clone();
        (gpus.len() == MANY).then_some(gpus)
    };
    let gpus = wait_until(Duration::from_mins(1), || "the GPUs are known".into(), gpus);
    gpus[0]["uuid"].as_str().expect("text").to_owned()
}

fn probe_of(stack: &Stack) -> Option<Process> {
    let inner = stack.shell("pgrep -f '[d]esktop-controld gpu-probe|[e]xe gpu-probe' || true");
    Process::find(stack, inner.lines().next()?.parse().ok()?)
}

/// What the graphs of [`MANY`] GPUs take after an hour of looks, once a second by a clock that is made up.
fn histories() -> Vec<Row> {
    // All stay: what is given back would be used again by the next ones.
    let mut kept: Vec<History> = Vec::with_capacity(3 * HISTORIES);
    // The first ones take what the measurements before them have left free.
    kept.extend((0..HISTORIES).map(|_| watched_for(HALF_AN_HOUR)));
    let [short, long] = [HALF_AN_HOUR, HOUR].map(|seconds| {
        let before = own_memory();
        kept.extend((0..HISTORIES).map(|_| watched_for(seconds)));
        let used = own_memory().saturating_sub(before);
        number(used) / number(HISTORIES) * number(MANY) / 1e6
    });
    let [one, other] = [short, long].map(|used| Unit::Megabytes.show(used));
    let what = format!("{MANY} GPUs, each second of an hour remembered");
    let against = Row::at_most(&format!("{what}, against half of one"), Unit::Times, 1.05, long / short);
    vec![Row::at_most(&what, Unit::Megabytes, 1.0, long), against.with(&format!("{other} and {one}"))]
}

fn watched_for(seconds: u64) -> History {
    let mut history = History::default();
    for at in 0..seconds {
        history.push(Moment { at, gpu_percent: Some(50), ..Moment::default() });
    }
    history
}

/// Of this program, in bytes.
fn own_memory() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("the kernel tells");
    let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kilobytes: u64 = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).expect("a number");
    kilobytes * 1024
}
