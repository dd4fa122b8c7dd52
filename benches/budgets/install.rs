//! How soon a download ends that somebody cancels, with the real apt and a repository on the loopback.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use desktop_control::api::proxy::{InstallerProxy, JobProxy};
use futures_util::StreamExt;
use zbus::Connection;
use zbus::fdo::PropertiesProxy;
use zbus::zvariant::OwnedObjectPath;

use self::machine::{forget_distribution, with_repository};
use self::repository::Repository;
use self::server::Server;
use crate::figures::{Sample, Unit};
use crate::support::{self, Boot};
use crate::table::Row;

#[path = "../../tests/apt/machine.rs"]
mod machine;
#[path = "../../tests/apt/packages.rs"]
mod packages;
#[path = "../../tests/apt/repository.rs"]
mod repository;
#[path = "../../tests/apt/server.rs"]
mod server;

/// Downloads that are cancelled of each kind.
const ROUNDS: usize = 10;
/// Bytes in a second: slow enough that none is through before it is cancelled.
const RATE: u64 = 400_000;
/// So much has come when it is cancelled.
const BYTES: u64 = 300_000;
/// A server that stands still does so for at least as long as a round may take.
const STILL: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(20);

pub(crate) async fn cancelled(bin: &Path) -> Vec<Row> {
    let repository = Repository::usual();
    let server = Server::of(repository.folder());
    let boot = Boot { units: Boot::CORE, bin: Some(bin.to_owned()), ..Boot::default() };
    let stack = with_repository(boot, &server).start();
    forget_distribution(&stack);
    let bus = stack.bus().await;
    let mut flows = Vec::new();
    let mut stands = Vec::new();
    for _ in 0..ROUNDS {
        server.faults(|faults| faults.rate = Some(RATE));
        flows.push(cancel(&bus).await);
        let still = || std::thread::sleep(STILL);
        server.faults(|faults| faults.hook = Some(("libcublas-12-9_".into(), 10, Box::new(still))));
        stands.push(cancel(&bus).await);
        server.mend();
    }
    let row = |what: &str, times: Vec<Duration>| {
        let times = Sample::of_times(times);
        let detail = format!("the slowest of {ROUNDS}; median {}", Unit::Milliseconds.show(times.median()));
        Row::at_most(what, Unit::Milliseconds, 2000.0, times.largest()).with(&detail)
    };
    vec![
        row("a download of CUDA is cancelled → it has ended", flows),
        row("the same while the server sends nothing any more", stands),
    ]
}

/// Begins an installation, and cancels it in the middle of its download.
async fn cancel(bus: &Connection) -> Duration {
    let installer = InstallerProxy::new(bus).await.expect("a proxy");
    let path = installer.install("12.9", "full", HashMap::new()).await.expect("a job");
    let job = JobProxy::builder(bus).path(&path).expect("a path").build().await.expect("a proxy");
    let mut finished = job.receive_finished().await.expect("signals");
    wait_for_bytes(bus, &path).await;
    let began = Instant::now();
    job.cancel(HashMap::new()).await.expect("it can be cancelled");
    let end = tokio::time::timeout(support::DEADLINE, finished.next()).await.expect("it ends").expect("a signal");
    let took = began.elapsed();
    let end = end.args().expect("as in the contract");
    assert_eq!(end.result, "cancelled", "{}", end.error_message);
    took
}

async fn wait_for_bytes(bus: &Connection, job: &OwnedObjectPath) {
    let name = zbus::names::BusName::try_from("io.github.desktop_control.Control1").expect("a name");
    let builder = PropertiesProxy::builder(bus).destination(name).expect("a name").path(job).expect("a path");
    let properties = builder.build().await.expect("a proxy");
    let interface = zbus::names::InterfaceName::try_from("io.github.desktop_control.Control1.Job").expect("a name");
    let began = Instant::now();
    loop {
        let done = properties.get(interface.clone(), "BytesDone").await.expect("a property");
        if done.downcast_ref::<u64>().expect("bytes") >= BYTES {
            return;
        }
        assert!(began.elapsed() < support::DEADLINE, "nothing is downloaded");
        tokio::time::sleep(LOOK).await;
    }
}
