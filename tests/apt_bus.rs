//! What a client sees of an installation on the bus, and what a desktop session has of a toolkit.

#![expect(clippy::expect_used, clippy::panic, reason = "a machine that cannot be built has failed the test")]

#[path = "apt/machine.rs"]
mod machine;
#[path = "apt/packages.rs"]
mod packages;
#[path = "apt/repository.rs"]
mod repository;
#[path = "apt/server.rs"]
mod server;
mod support;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use desktop_control::api;
use desktop_control::api::proxy::InstallerProxy;
use futures_util::StreamExt;
use serde_json::Value;
use zbus::zvariant::OwnedValue;
use zbus::{MatchRule, MessageStream};

use self::machine::{Machine, forget_distribution, with_repository};
use self::repository::Repository;
use self::server::Server;
use self::support::{Boot, DEADLINE, wait_until};

/// What an installation was seen to be, and when.
#[derive(Debug, Default)]
struct Seen {
    /// Each value of `Progress`.
    progress: Vec<(Instant, f64)>,
    bytes: Vec<u64>,
    steps: Vec<(Instant, String)>,
    result: String,
}

impl Seen {
    fn hear(&mut self, changed: &HashMap<String, OwnedValue>) {
        let now = Instant::now();
        for (name, value) in changed {
            match name.as_str() {
                "Progress" => self.progress.push((now, value.downcast_ref().expect("a number"))),
                "BytesDone" => self.bytes.push(value.downcast_ref().expect("bytes")),
                "Step" => self.steps.push((now, value.downcast_ref().expect("text"))),
                "Result" => self.result = value.downcast_ref().expect("text"),
                _ => {}
            }
        }
    }
}

/// The most of these moments that lie within one second.
fn most_in_a_second(moments: impl Iterator<Item = Instant>) -> usize {
    let moments: Vec<Instant> = moments.collect();
    let within =
        |first: Instant| moments.iter().filter(move |at| **at >= first && **at - first < Duration::from_secs(1));
    moments.iter().map(|first| within(*first).count()).max().unwrap_or(0)
}

/// Installs the whole toolkit; `meddle` is done once, when more than so many bytes have come.
async fn watch(machine: &Machine, bytes: u64, meddle: impl FnOnce()) -> Seen {
    let bus = machine.stack.bus().await;
    let rule = MatchRule::builder()
        .msg_type(zbus::message::Type::Signal)
        .interface("org.freedesktop.DBus.Properties")
        .and_then(|rule| rule.member("PropertiesChanged"))
        .and_then(|rule| rule.path_namespace(api::below("job")))
        .expect("a rule")
        .build();
    let mut signals = MessageStream::for_match_rule(rule, &bus, Some(4096)).await.expect("signals");
    let installer = InstallerProxy::new(&bus).await.expect("a proxy");
    let job = installer.install("12.9", "full", HashMap::new()).await.expect("a job");
    let mut seen = Seen::default();
    let mut meddle = Some(meddle);
    while seen.result.is_empty() {
        let next = tokio::time::timeout(Duration::from_mins(2), signals.next()).await;
        let message = next.unwrap_or_else(|_| panic!("it stands still: {seen:?}")).expect("a bus").expect("a signal");
        if message.header().path().is_some_and(|path| **path == **job) {
            let body = message.body();
            let (_, changed, _): (String, HashMap<String, OwnedValue>, Vec<String>) =
                body.deserialize().expect("known");
            seen.hear(&changed);
        }
        if seen.bytes.last() > Some(&bytes)
            && let Some(meddle) = meddle.take()
        {
            meddle();
        }
    }
    assert!(meddle.is_none(), "there was something to meddle with");
    seen
}

fn assert_only_forward(seen: &Seen) {
    let fractions: Vec<f64> = seen.progress.iter().map(|(_, fraction)| *fraction).collect();
    assert!(fractions.len() > 20 && fractions.is_sorted(), "{fractions:?}");
    let (last, before) = fractions.split_last().expect("some");
    assert!(before.iter().all(|fraction| *fraction < 1.0), "not whole before the end: {fractions:?}");
    assert!((*last - 1.0).abs() < f64::EPSILON, "whole in the end: {fractions:?}");
    let often = most_in_a_second(seen.progress.iter().map(|(at, _)| *at));
    // A signal may be late, and the next one on time.
    assert!(often <= 11, "{often} in a second");
    let steps = most_in_a_second(seen.steps.iter().map(|(at, _)| *at));
    assert!(steps <= 11, "{steps} in a second");
}

#[tokio::test]
async fn progress_on_the_bus_only_goes_forward_also_when_the_installer_dies() {
    let machine = Machine::with_daemon(Repository::usual());
    machine.server.faults(|faults| faults.rate = Some(700_000));
    let seen = watch(&machine, 0, || ()).await;
    assert_eq!(seen.result, "done", "{seen:?}");
    assert_only_forward(&seen);
    assert!(seen.bytes.is_sorted(), "{:?}", seen.bytes);
    machine.assert_sound();
    machine.reset();
    let kill = || drop(machine.stack.shell("kill -9 $(cat /run/desktop-control/install/lock)"));
    // What is left to fetch is counted anew; how far the whole is never falls.
    let seen = watch(&machine, 1_000_000, kill).await;
    assert_eq!(seen.result, "done", "{seen:?}");
    assert_only_forward(&seen);
    machine.assert_sound();
}

/// The variables of the first process of this name; none while there is none.
fn environment_of(stack: &support::Stack, name: &str) -> Option<HashMap<String, String>> {
    let script = format!("pid=$(pgrep -x -o -u user {name}) && tr '\\0' '\\n' </proc/$pid/environ || true");
    let text = stack.shell(&script);
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    Some(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
        .filter(|all: &HashMap<_, _>| !all.is_empty())
}

#[test]
fn a_desktop_session_that_begins_afterwards_has_the_toolkit() {
    const UNITS: &[&str] = &["dbus-system", "polkitd", "desktop-controld", "dbus-session", "x-server", "desktop"];
    let repository = Repository::usual();
    let server = Server::of(repository.folder());
    let stack = with_repository(Boot { desktop: "plasma", units: UNITS, ..Boot::default() }, &server).start();
    forget_distribution(&stack);
    let session = || wait_until(DEADLINE, || "Plasma runs".into(), || environment_of(&stack, "plasmashell"));
    assert_eq!(session().get("CUDA_HOME"), None);
    stack.ctl_ok(&["cuda", "install", "12.9", "-p", "compiler", "--yes"]);
    stack.ctl_ok(&["--wait", "60", "services", "restart", "desktop"]);
    wait_until(
        DEADLINE,
        || format!("the session has the toolkit: {:?}", environment_of(&stack, "plasmashell")),
        || {
            let session = environment_of(&stack, "plasmashell")?;
            let path = session.get("PATH")?;
            let has = session.get("CUDA_HOME").is_some_and(|home| home == "/usr/local/cuda");
            (has && path.split(':').filter(|folder| *folder == "/usr/local/cuda/bin").count() == 1).then_some(())
        },
    );
    let status: Value = serde_json::from_str(&stack.ctl_ok(&["--json", "status"])).expect("JSON");
    assert_eq!(status["service_counts"]["failing"], 0, "{status}");
}
