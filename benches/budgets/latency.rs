//! How soon a client of the daemon sees what has happened.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use desktop_control::api::proxy::ServiceProxy;
use desktop_control::api::service_path;
use futures_util::future::join;
use zbus::proxy::CacheProperties;

use crate::figures::{Sample, Unit};
use crate::observer::Observer;
use crate::process::Process;
use crate::support::Stack;
use crate::table::Row;

/// Two deaths of each service, then a stop and a start, so that none is taken for one that keeps crashing.
const ROUNDS: usize = 6;
/// Between two deaths: no service dies twice within a second, and supervisord, which looks once a second, is met at
/// every point of that second.
const PAUSE: Duration = Duration::from_millis(127);
/// The daemon hurries supervisord once a second for each service, also at the end of an asked stop.
const REST: Duration = Duration::from_millis(1_100);

/// How long after its death a service's end was known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Death {
    /// That it is dead.
    seen: Duration,
    /// What supervisord says of it.
    told: Duration,
}

/// How long after the call something was seen.
#[derive(Clone, Copy, Debug)]
struct Asked {
    /// The first change of its state.
    seen: Duration,
    /// It has stopped, or runs.
    settled: Duration,
}

pub(crate) async fn measure(stack: &Stack, names: &[String]) -> Vec<Row> {
    let mut observer = Observer::new(stack).await;
    let (mut deaths, mut changes) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for name in names.iter().chain(names) {
            deaths.push(kill(stack, &mut observer, name).await);
            tokio::time::sleep(PAUSE).await;
        }
        for up in [false, true] {
            for name in names {
                changes.push(ask(&mut observer, name, up).await);
            }
        }
        tokio::time::sleep(REST).await;
    }
    rows(&deaths, &changes)
}

fn rows(deaths: &[Death], changes: &[Asked]) -> Vec<Row> {
    let seen = Sample::of_times(deaths.iter().map(|death| death.seen));
    let told = Sample::of_times(deaths.iter().map(|death| death.told));
    let changed = Sample::of_times(changes.iter().map(|change| change.seen));
    let settled = Sample::of_times(changes.iter().map(|change| change.settled));
    let of = |sample: &Sample| format!("{} times", sample.count());
    let longest = |sample: &Sample| format!("at most {}", Unit::Milliseconds.show(sample.largest()));
    let row = |what, limit, measured| Row::at_most(what, Unit::Milliseconds, limit, measured);
    vec![
        row("a unit is killed → a client sees that it is dead, median", 5.0, seen.median()).with(&of(&seen)),
        row("the same, p99", 200.0, seen.percentile(99)).with(&longest(&seen)),
        row("a unit is killed → a client sees supervisord's new state, median", 30.0, told.median()).with(&of(&told)),
        row("the same, p99", 200.0, told.percentile(99)).with(&longest(&told)),
        row("a start or stop is asked of us → a client sees its state change, median", 10.0, changed.median())
            .with(&format!("{}; done after {}", of(&changed), Unit::Milliseconds.show(settled.median()))),
        row("the same, p99", 50.0, changed.percentile(99)).with(&longest(&changed)),
    ]
}

/// Kills a service and listens until supervisord's word on it has come; leaves it running again.
pub(crate) async fn kill(stack: &Stack, observer: &mut Observer, name: &str) -> Death {
    let service = observer.wait_until(name, |service| service.state == "running" && service.pid > 0).await;
    let process = Process::find(stack, service.pid).expect("the process is there");
    let began = Instant::now();
    process.kill();
    let mut seen = None;
    let told = loop {
        let change = observer.next_of(name).await;
        seen.get_or_insert(change.at);
        // Without a status it is the kernel's word alone.
        let status = change.exit_status.is_some_and(|status| !status.is_empty());
        let state = change.state.is_some_and(|state| state != "exited");
        if status || state || change.pid.is_some_and(|pid| pid > 0) {
            break change.at;
        }
    };
    observer.wait_until(name, |service| service.state == "running" && service.pid > 0).await;
    Death { seen: seen.unwrap_or(told) - began, told: told - began }
}

/// Has the daemon start or stop a service, and listens until that is done.
async fn ask(observer: &mut Observer, name: &str, up: bool) -> Asked {
    observer.catch_up();
    let path = service_path(name);
    let builder = ServiceProxy::builder(&observer.connection).path(path).expect("a path");
    let proxy = builder.cache_properties(CacheProperties::No).build().await.expect("a proxy");
    let began = Instant::now();
    let call = async {
        let job = if up { proxy.start(HashMap::new()).await } else { proxy.stop(HashMap::new()).await };
        job.expect("a job");
    };
    let listen = async {
        let mut seen = None;
        loop {
            let change = observer.next_of(name).await;
            let Some(state) = change.state else { continue };
            let seen = *seen.get_or_insert(change.at);
            if state == if up { "running" } else { "stopped" } {
                return Asked { seen: seen - began, settled: change.at - began };
            }
        }
    };
    join(call, listen).await.1
}
