//! A thousand services instead of twenty: does the daemon's cost grow with them, and with what?

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::counter::Counter;
use crate::figures::{Unit, milliseconds, number};
use crate::latency;
use crate::observer::{Observer, Service};
use crate::process::{Meter, Process};
use crate::support::{Boot, Stack};
use crate::table::Row;

const FEW: usize = 20;
const MANY: usize = 1_000;
/// Services that are killed, and how often each; more would be flapping.
const VICTIMS: usize = 18;
const DEATHS_EACH: usize = 2;
const PAUSE: Duration = Duration::from_millis(127);
/// Processor time of the same work differs by a third between runs on a busy machine, so two of them by twice that. A
/// cost that grew with the number of services would be 50 times as large.
const SAME_TIME: f64 = 2.0;
/// How many questions hurry supervisord, and which are merged into one, is chance.
const SAME_CALLS: f64 = 1.5;
/// The same chance, over all of them.
const LINEAR: f64 = 1.1;

/// What the daemon cost with so many services.
#[derive(Debug)]
struct Cost {
    resident: u64,
    /// To see all of them start.
    calls: f64,
    /// One death and the restart that follows.
    calls_per_death: f64,
    time_per_death: Duration,
}

pub(crate) async fn measure(bin: &Path) -> Vec<Row> {
    let few = with_services(bin, FEW).await;
    let many = with_services(bin, MANY).await;
    rows(&few, &many)
}

async fn with_services(bin: &Path, count: usize) -> Cost {
    let unit = "command=sleep 100000\nstartsecs=0\nautostart=false\nautorestart=true\nprocess_name=%(process_num)04d";
    let unit = format!("[program:many]\n{unit}\nnumprocs={count}\nstdout_logfile=NONE\nredirect_stderr=true\n");
    let boot = Boot { bin: Some(bin.to_owned()), ..Boot::core_with(&[]) };
    let stack = boot.and_file("/etc/supervisor/conf.d/many.conf", &unit).start();
    let counter = Counter::insert(&stack);
    Process::of_service(&stack, "desktop-controld").kill();
    let is_stopped = |service: &Value| service["state"] == "stopped";
    stack.wait_for_service(&name(count - 1), "is known", is_stopped);
    let daemon = Process::of_service(&stack, "desktop-controld");
    let mut observer = Observer::new(&stack).await;

    let calls = start_all(&stack, &mut observer, &counter, count).await;
    let resident = daemon.memory("VmRSS");

    let mut meter = Meter::new(daemon);
    let (calls_before, time_before) = (counter.calls(), meter.read());
    for victim in (0..VICTIMS).cycle().take(VICTIMS * DEATHS_EACH) {
        // Spread over all of them.
        latency::kill(&stack, &mut observer, &name(victim * count / VICTIMS)).await;
        tokio::time::sleep(PAUSE).await;
    }
    settle(&counter).await;
    let deaths = u32::try_from(VICTIMS * DEATHS_EACH).expect("a small number");
    let calls_per_death = f64::from(counter.calls() - calls_before) / f64::from(deaths);
    let time_per_death = meter.read().saturating_sub(time_before) / deaths;
    // supervisord would stop them one after the other.
    Process::launcher(&stack).kill();
    Cost { resident, calls, calls_per_death, time_per_death }
}

fn name(number: usize) -> String {
    format!("many:{number:04}")
}

/// Starts all services and returns how many calls the daemon made to follow that.
async fn start_all(stack: &Stack, observer: &mut Observer, counter: &Counter, count: usize) -> f64 {
    let before = counter.calls();
    let start = stack.command(&["supervisorctl", "start", "many:*"]).stdout(Stdio::null()).spawn();
    let runs = |service: &Service| service.state == "running" && service.pid > 0;
    observer.wait_until_all(count + Boot::CORE.len(), Duration::from_mins(2), runs).await;
    start.expect("enter").wait().expect("it ends");
    settle(counter).await;
    f64::from(counter.calls() - before)
}

/// Waits until the daemon has asked nothing for a second.
async fn settle(counter: &Counter) {
    let mut last = None;
    while last != Some(counter.calls()) {
        last = Some(counter.calls());
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn rows(few: &Cost, many: &Cost) -> Vec<Row> {
    let linear = number(MANY) / number(FEW);
    let megabytes = |cost: &Cost| number(cost.resident) / 1e6;
    let time = |cost: &Cost| milliseconds(cost.time_per_death);
    let both = |few: String, many: String| format!("{few} and {many}");
    let row = |what: &str, limit, measured| {
        Row::at_most(&format!("{MANY} services instead of {FEW}: {what}"), Unit::Times, limit, measured)
    };
    vec![
        row("the daemon's memory", linear, megabytes(many) / megabytes(few))
            .with(&both(Unit::Megabytes.show(megabytes(few)), Unit::Megabytes.show(megabytes(many)))),
        row("calls to supervisord to see all start", linear * LINEAR, many.calls / few.calls)
            .with(&both(few.calls.to_string(), many.calls.to_string())),
        row("calls to supervisord for one death", SAME_CALLS, many.calls_per_death / few.calls_per_death)
            .with(&both(format!("{:.1}", few.calls_per_death), format!("{:.1}", many.calls_per_death))),
        row("the daemon's processor time for one death", SAME_TIME, time(many) / time(few))
            .with(&both(Unit::Milliseconds.show(time(few)), Unit::Milliseconds.show(time(many)))),
    ]
}
