//! `make bench`: boots the real stack with the release programs, measures, and prints each budget with what came out.
//!
//! A budget that is a ratio is measured on both sides in the same run. Exits 1 when a budget is missed.

#![expect(clippy::expect_used, clippy::panic, reason = "what cannot be measured ends it")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it talks to who started it")]

mod command_line;
mod counter;
mod daemon;
mod display;
mod figures;
mod gpu;
mod image;
mod install;
mod latency;
mod machine;
mod observer;
mod process;
#[path = "../../tests/tray/stand_ins.rs"]
#[allow(dead_code, reason = "the tests use the rest of it")]
mod stand_ins;
mod stream;
#[path = "../../tests/support/mod.rs"]
mod support;
mod table;
mod thousand;
mod tray;
mod window;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use serde_json::Value;
use tokio::runtime::Runtime;

use self::support::{Boot, Stack, program, wait_until};
use self::table::{Row, Table};

/// The budgets are for so many units.
const UNITS: usize = 21;
/// What the whole stack with the light desktop has of its own.
const STACK_UNITS: usize = 12;

#[derive(Debug, Parser)]
struct Arguments {
    /// The folder of the release programs.
    #[arg(long)]
    bin: PathBuf,
    /// Write the table to this file too.
    #[arg(long, conflicts_with = "only")]
    write: Option<PathBuf>,
    /// Measure this part alone.
    #[arg(long)]
    only: Option<Part>,
    /// What `cargo bench` adds.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What can be measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// What runs on the desktop: command lines, daemon, tray icon, window, stream.
    Desktop,
    /// A thousand services.
    Thousand,
    /// Looking at GPUs.
    Gpu,
    /// Installing CUDA.
    Install,
    /// The size of our own files.
    Image,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let table = Table { rows: measure(&arguments), heading: machine::describe() };
    println!("{table}");
    if let Some(path) = arguments.write {
        std::fs::write(&path, table.page()).expect("the table can be written");
    }
    if table.missed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn measure(arguments: &Arguments) -> Vec<Row> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let began = Instant::now();
    let say = |what: &str| eprintln!("bench: {:>3} s  {what}", began.elapsed().as_secs());
    let wanted = |part: Part| arguments.only.is_none_or(|only| only == part);
    let mut rows = Vec::new();
    if wanted(Part::Desktop) {
        rows.extend(on_the_desktop(arguments, &runtime, &say));
    }
    if wanted(Part::Thousand) {
        say("few services and a thousand");
        rows.extend(runtime.block_on(thousand::measure(&arguments.bin)));
    }
    if wanted(Part::Gpu) {
        say("GPUs");
        rows.extend(runtime.block_on(gpu::measure(&arguments.bin)));
    }
    if wanted(Part::Install) {
        say("downloads that are cancelled");
        rows.extend(runtime.block_on(install::cancelled(&arguments.bin)));
    }
    if wanted(Part::Image) {
        rows.push(image::measure(&arguments.bin));
        rows.extend(table::later());
    }
    say("done");
    rows
}

fn on_the_desktop(arguments: &Arguments, runtime: &Runtime, say: &impl Fn(&str)) -> Vec<Row> {
    let mut rows = Vec::new();
    say("boots the stack");
    let names = sleepers();
    let stack = desktop(arguments, &names);
    say("the two command lines");
    rows.extend(command_line::measure(&stack));
    say("deaths and changes");
    rows.extend(runtime.block_on(latency::measure(&stack, &names)));
    say("the daemon at rest");
    rows.extend(runtime.block_on(daemon::measure(&stack)));
    say("the tray icon at rest");
    rows.extend(tray::measure(&stack));
    say("the window");
    rows.extend(window::measure(&stack, &arguments.bin));
    say("changes of the stream");
    rows.push(runtime.block_on(stream::applied(&stack)));
    rows.push(stream::out_of_sight(&stack));
    rows
}

/// Programs that do nothing make the stack's own units up to [`UNITS`].
fn sleepers() -> Vec<String> {
    (STACK_UNITS..UNITS).map(|number| format!("sleeper-{number}")).collect()
}

/// The whole stack with the light desktop, once everything in it is as it will stay.
fn desktop(arguments: &Arguments, sleepers: &[String]) -> Stack {
    let extra = sleepers.iter().map(|name| program(name, "command=sleep 100000\nstartsecs=0\nautorestart=true"));
    let boot = Boot { extra: extra.collect(), bin: Some(arguments.bin.clone()), ..Boot::default() };
    let stack = boot.start();
    wait_until(
        Duration::from_mins(2),
        || format!("{UNITS} services run: {:?}", stack.ctl(&["services"])),
        || {
            let services: Value = serde_json::from_slice(&stack.ctl(&["--json", "services"]).stdout).ok()?;
            let services = services.as_array()?;
            let settled = |service: &&Value| {
                service["state"] == "running" && (service["health"] == "ok" || service["health"] == "unknown")
            };
            (services.len() == UNITS && services.iter().filter(settled).count() == UNITS).then_some(())
        },
    );
    stack
}
