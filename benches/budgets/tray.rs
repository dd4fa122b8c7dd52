//! What the tray icon costs while somebody carries it and nothing changes.

use std::thread::sleep;
use std::time::Duration;

use crate::UNITS;
use crate::figures::{Unit, number};
use crate::process::Process;
use crate::stand_ins::Watcher;
use crate::support::session_bus::{SessionBus, TrayItem};
use crate::support::{DEADLINE, Stack, wait_until};
use crate::table::Row;

const NAME: &str = "io.github.desktop_control.Tray";
const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const BUS: &str = "org.freedesktop.DBus";
/// Threads of the start are kept for ten seconds.
const SETTLING: Duration = Duration::from_secs(15);
const IDLE: Duration = Duration::from_secs(30);
/// What draws windows.
const TOOLKITS: [&str; 4] = ["libgtk", "libadwaita", "libcairo", "libQt"];

/// The desktop has started it.
pub(crate) fn measure(stack: &Stack) -> Vec<Row> {
    let bus = SessionBus::join(stack);
    let watcher = Watcher::default();
    bus.serve("/StatusNotifierWatcher", watcher.clone());
    bus.own(WATCHER);
    let name = wait_until(DEADLINE, || "the icon is registered".into(), || watcher.items.all().pop());
    let item = TrayItem::listed(&bus, &name);
    wait_until(DEADLINE, || "the icon knows".into(), || (item.tooltip().0 == "All is well").then_some(()));
    // As whoever draws it.
    assert!(!item.menu().is_empty(), "it has a menu");
    let process = process(stack, &bus);
    sleep(SETTLING);
    let before = process.sleeps();
    sleep(IDLE);
    let woken = process.sleeps() - before;
    let megabytes = |field| number(process.memory(field)) / 1e6;
    let own = Unit::Megabytes.show(megabytes("RssAnon"));
    let detail =
        format!("VmRSS; {own} of it its own, RssAnon; {} at most, VmHWM", Unit::Megabytes.show(megabytes("VmHWM")));
    let libraries = process.libraries();
    let toolkits = libraries.iter().filter(|path| TOOLKITS.iter().any(|toolkit| path.contains(toolkit))).count();
    vec![
        Row::at_most("tray icon, resident", Unit::Megabytes, 6.0, megabytes("VmRSS")).with(&detail),
        Row::at_most("tray icon, libraries of a window toolkit", Unit::Pieces, 0.0, number(toolkits))
            .with(&format!("of {} that it has loaded", libraries.len())),
        Row::at_most(
            &format!("tray icon at {UNITS} units, nothing changes, wake-ups in {} s", IDLE.as_secs()),
            Unit::Pieces,
            0.0,
            number(woken),
        )
        .with("of all its threads"),
    ]
}

/// By the bus's word.
fn process(stack: &Stack, bus: &SessionBus) -> Process {
    let answer = bus.call(BUS, "/org/freedesktop/DBus", BUS, "GetConnectionUnixProcessID", &NAME).expect("an owner");
    Process::find(stack, answer.body().deserialize().expect("a number")).expect("the process is there")
}
