//! What a change of the stream's settings costs: how long a person waits for the picture, and what the window's page of
//! them costs while nobody looks at it.

use std::collections::HashMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use desktop_control::api::proxy::{PendingProxy, StreamProxy};
use rustix::time::{ClockId, clock_gettime};
use zbus::Connection;
use zbus::proxy::CacheProperties;
use zbus::zvariant::Value;

use crate::display::{Display, Opened};
use crate::figures::{Sample, Unit, milliseconds};
use crate::process::{Meter, Process};
use crate::support::browser::Browser;
use crate::support::{DEADLINE, Stack, wait_until};
use crate::table::Row;

/// Changes and starts of each kind, by turns.
const ROUNDS: usize = 7;
/// How often it is asked whether the server answers.
const ASKING: Duration = Duration::from_millis(5);
/// After which a window that was opened, or put away, has settled.
const SETTLING: Duration = Duration::from_secs(5);
/// All of it ends before the window is a minute old, when its uptimes change.
const WHILE: Duration = Duration::from_secs(12);

/// The server's probe, asked from outside.
struct Probe {
    http: reqwest::Client,
    url: String,
}

impl Probe {
    fn of(stack: &Stack) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(1)).build().expect("a client");
        Self { http, url: format!("http://127.0.0.1:{}/api/health", stack.info("SELKIES_PORT")) }
    }

    async fn answers(&self) -> bool {
        self.http.get(&self.url).send().await.is_ok_and(|answer| answer.status().is_success())
    }

    async fn wait_until(&self, answers: bool) {
        let began = Instant::now();
        while self.answers().await != answers {
            assert!(began.elapsed() < DEADLINE, "waited in vain until the probe answers: {answers}");
            tokio::time::sleep(ASKING).await;
        }
    }
}

/// A setting is applied by us, against what the server itself needs for a restart: from the signal to its end, and from
/// the beginning of the next process to its first answer. What supervisord takes in between is not counted.
pub(crate) async fn applied(stack: &Stack) -> Row {
    let (probe, bus) = (Probe::of(stack), stack.bus().await);
    let (mut stops, mut starts, mut changes) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let (stop, start) = restart(stack, &probe).await;
        stops.push(stop);
        starts.push(start);
        tokio::time::sleep(SETTLING).await;
        changes.push(change(&bus, &probe, if round % 2 == 0 { "30" } else { "50" }).await);
        tokio::time::sleep(SETTLING).await;
    }
    let [stop, start, change] = [stops, starts, changes].map(|times| Sample::of_times(times).median());
    let what = format!("a stream setting applied → health probe answers, medians of {ROUNDS}");
    let [stop_shown, start_shown] = [stop, start].map(|time| Unit::Milliseconds.show(time));
    let detail = format!("Selkies' own end takes {stop_shown} of it, its own start {start_shown}");
    Row::at_most(&what, Unit::Milliseconds, stop + start + 1000.0, change).with(&detail)
}

/// How long the server takes to end, and how long its next process takes to answer.
async fn restart(stack: &Stack, probe: &Probe) -> (Duration, Duration) {
    let before = Process::of_service(stack, "selkies");
    let began = Instant::now();
    before.terminate();
    while before.lives() {
        assert!(began.elapsed() < DEADLINE, "the stream does not end");
        tokio::time::sleep(ASKING).await;
    }
    let stop = began.elapsed();
    // supervisord starts it again.
    probe.wait_until(true).await;
    let answered = Duration::try_from(clock_gettime(ClockId::Boottime)).expect("a time");
    (stop, answered.saturating_sub(Process::of_service(stack, "selkies").began()))
}

async fn change(bus: &Connection, probe: &Probe, framerate: &str) -> Duration {
    let stream = StreamProxy::builder(bus).cache_properties(CacheProperties::No).build().await.expect("a proxy");
    let began = Instant::now();
    let changes = HashMap::from([("framerate", Value::from(framerate))]);
    let path = stream.apply(changes, HashMap::new()).await.expect("begun");
    probe.wait_until(false).await;
    probe.wait_until(true).await;
    let took = began.elapsed();
    let pending = PendingProxy::builder(bus).path(path).expect("a path").cache_properties(CacheProperties::No);
    let pending = pending.build().await.expect("a proxy");
    while pending.stage().await.expect("a stage") != "waiting" {
        tokio::time::sleep(ASKING).await;
    }
    pending.revert(HashMap::new()).await.expect("taken back");
    while !pending.stage().await.is_ok_and(|stage| stage == "reverted") {
        tokio::time::sleep(ASKING).await;
    }
    took
}

/// The page is shown, put away with its window, and then with another page before it, while the stream runs.
pub(crate) fn out_of_sight(stack: &Stack) -> Row {
    stack.wait_for_health("selkies", "ok");
    let _viewer = Browser::open(&format!("http://localhost:{}/", stack.info("SELKIES_PORT")));
    let display = Display::join(stack);
    let opened = display.open(stack, &["desktop-control", "--page", "stream"]);
    sleep(SETTLING);
    let shown = display.frames(&opened, WHILE);
    assert!(f64::from(shown) > 0.5 * WHILE.as_secs_f64(), "the page shows nothing: {shown} frames");
    session(stack, "xdotool search --onlyvisible --name '^Desktop Control$' windowminimize");
    let (minimised, used) = at_rest(&display, &opened);
    session(stack, "timeout 20 desktop-control --page overview");
    let (behind, _) = at_rest(&display, &opened);
    opened.end();
    let seconds = WHILE.as_secs();
    let used = Unit::Milliseconds.show(milliseconds(used));
    let detail = format!(
        "{minimised} minimised, in which {used} of processor time went; {behind} behind another page; {shown} while it is shown"
    );
    let what = format!("window, page of the stream out of sight: redraws in {seconds} s");
    Row::at_most(&what, Unit::Pieces, 0.0, f64::from(minimised + behind)).with(&detail)
}

fn at_rest(display: &Display, opened: &Opened) -> (u32, Duration) {
    sleep(SETTLING);
    let mut meter = Meter::new(opened.process);
    let before = meter.read();
    let frames = display.frames(opened, WHILE);
    (frames, meter.read().saturating_sub(before))
}

fn session(stack: &Stack, script: &str) {
    let what = || format!("{script} works");
    let run = || stack.command_as("user", &["bash", "-c", script]).status().is_ok_and(|status| status.success());
    wait_until(DEADLINE, what, || run().then_some(()));
}
