//! What the daemon costs when nothing happens.

use std::collections::HashMap;
use std::time::Duration;

use desktop_control::api::proxy::RootProxy;

use crate::UNITS;
use crate::figures::{Unit, number};
use crate::process::{Meter, Process};
use crate::support::Stack;
use crate::table::Row;

/// Each probe is asked once in it when nobody watches, twelve times when somebody does.
const WINDOW: Duration = Duration::from_mins(1);
/// After which whatever was done before has settled.
const SETTLING: Duration = Duration::from_secs(10);

pub(crate) async fn measure(stack: &Stack) -> Vec<Row> {
    let process = Process::of_service(stack, "desktop-controld");
    let mut meter = Meter::new(process);
    tokio::time::sleep(SETTLING).await;
    let alone = share(meter.over(WINDOW).await);
    let connection = stack.bus().await;
    let root = RootProxy::new(&connection).await.expect("a proxy");
    let lease = root.watch(HashMap::new()).await.expect("a lease");
    let watched = share(meter.over(WINDOW).await);
    drop(lease);
    let memory = |field| Unit::Megabytes.show(number(process.memory(field)) / 1e6);
    let resident = number(process.memory("VmRSS")) / 1e6;
    let detail = format!("VmRSS; {} of it its own, RssAnon; {} at most, VmHWM", memory("RssAnon"), memory("VmHWM"));
    let seconds = WINDOW.as_secs();
    let what = |state: &str| format!("daemon at {UNITS} units, {state}, of one core over {seconds} s");
    vec![
        Row::at_most(&format!("daemon at {UNITS} units, resident"), Unit::Megabytes, 8.0, resident).with(&detail),
        Row::at_most(&what("nobody watches"), Unit::Percent, 0.1, alone),
        Row::at_most(&what("somebody watches"), Unit::Percent, 0.5, watched),
    ]
}

fn share(used: Duration) -> f64 {
    used.as_secs_f64() / WINDOW.as_secs_f64() * 100.0
}
