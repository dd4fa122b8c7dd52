//! Putting the daemon together, and taking it apart in order.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::access::Access;
use super::auth::Authority;
use super::bus;
use super::cuda::Cuda;
use super::gpu::Gpus;
use super::iface::Ground;
use super::jobs::Jobs;
use super::leases::Quota;
use super::pending::Pending;
use super::store::{self, Finding, Store};
use super::stream::{Stream, Terms};
use super::vnc::Vnc;
use super::watcher::Watcher;
use crate::host::gpu::{Limits, Probe, Program};
use crate::host::root::Root;
use crate::host::supervisor::Supervisor;
use crate::host::supervisor::listener::Wire;
use crate::host::uptime;
use crate::model::catalogue::Catalogue;
use crate::model::config::{self, CONFIG, Config};

/// Lowest precedence first.
const CATALOGUES: [&str; 2] = ["/usr/share/desktop-control/services.d", "/etc/desktop-control/services.d"];
/// Written by the image.
const VARIANT: &str = "/usr/share/desktop-control/variant";

/// How the daemon learns of changes. Named by who starts it, never guessed.
#[derive(Debug)]
pub enum Mode {
    /// supervisord started us as an event listener.
    Events(Wire),
    /// Somebody else started us.
    Poll,
}

/// Runs the daemon until it is told to end.
///
/// # Errors
/// It cannot even begin; everything later is told on the bus and in the log.
pub fn run(mode: Mode) -> anyhow::Result<()> {
    raise_descriptor_limit();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(4).build()?;
    let result = runtime.block_on(run_async(mode));
    // A probe or a write that hangs must not keep us from ending.
    runtime.shutdown_timeout(Duration::from_millis(200));
    result
}

async fn run_async(mode: Mode) -> anyhow::Result<()> {
    let root = Root::new("/");
    let (listener, store_mode) = match mode {
        Mode::Events(wire) => {
            let listener = wire.listen().context("--events is for supervisord; use --poll in a terminal")?;
            (Some(listener), store::Mode::Events)
        }
        Mode::Poll => (None, store::Mode::Polling),
    };
    let store = Arc::new(Store::new(store_mode));
    let config = read_config(&root, &store);
    let catalogue = read_catalogue(&root, &store);
    let supervisor = Supervisor::at(&root.join(&config.supervisor.socket)).context("no HTTP client")?;
    let shutdown = CancellationToken::new();
    let watchers = watch::Sender::new(0);
    let (watcher, handle) = Watcher::new(Arc::clone(&store), catalogue, supervisor.clone(), watchers.subscribe());
    let jobs = Jobs::new(root.clone(), Arc::clone(&store), handle, supervisor.clone(), shutdown.clone());
    let workspace = std::env::var("WORKSPACE").unwrap_or_else(|_| "/workspace".into());
    let pending = Pending::new(root.clone(), workspace.clone(), Arc::clone(&store), jobs.clone(), supervisor.clone());
    pending.resume().await;
    jobs.resume_installs();
    tokio::spawn(jobs.clone().forget_downloads());
    let config::Stream { python, fixed } = config.stream;
    let user = config.session.user;
    let access =
        Access::new(root.clone(), &config.access, user.clone(), Arc::clone(&store), jobs.clone(), watchers.subscribe());
    let terms = Terms { python, fixed, user, workspace: workspace.clone() };
    let probe = Probe::new(Program::default(), Limits::default());
    let (gpus, sampler) = Gpus::new(root.clone(), Arc::clone(&store), probe);
    let stream = Stream::new(root.clone(), terms, Arc::clone(&store), pending.clone(), supervisor, gpus.clone());
    let (cuda, looking_at_cuda) = Cuda::new(root.clone(), workspace.clone(), Arc::clone(&store));
    let vnc = Vnc::new(root.clone(), workspace, Arc::clone(&store), jobs.clone(), access.clone(), watchers.subscribe());
    let variant = root.read(VARIANT).ok().flatten().map(|text| text.trim().to_owned());
    let variant = variant.filter(|variant| variant == "cuda" || variant == "stock").unwrap_or("unknown".into());
    let up_since = uptime::up_since();
    let authority = Authority { group: config.access.group };
    let streaming = tokio::spawn(stream.clone().run());
    let sampling = tokio::spawn(sampler);
    let looking = tokio::spawn(vnc.clone().run());
    let surveying = tokio::spawn(access.clone().run());
    let looking_at_cuda = tokio::spawn(looking_at_cuda);
    let quota = Quota::default();
    let ground = Ground {
        store,
        jobs,
        pending,
        stream,
        vnc,
        access,
        gpus,
        cuda,
        authority,
        quota,
        watchers,
        root,
        variant,
        up_since,
    };
    tracing::info!(version = env!("CARGO_PKG_VERSION"), mode = %store_mode, "desktop-controld begins");
    let watching = tokio::spawn(watcher.run(listener));
    let serving = tokio::spawn(bus::serve(ground, shutdown.clone()));
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = term.recv() => tracing::info!("SIGTERM"),
        _ = int.recv() => tracing::info!("SIGINT"),
        () = shutdown.cancelled() => {}
        // Only a bug ends these. Half a daemon tells lies; supervisord starts a whole one.
        ended = watching => anyhow::bail!("the watcher has ended: {ended:?}"),
        ended = streaming => anyhow::bail!("looking at the stream has ended: {ended:?}"),
        ended = sampling => anyhow::bail!("looking at the GPUs has ended: {ended:?}"),
        ended = looking => anyhow::bail!("looking at VNC has ended: {ended:?}"),
        ended = surveying => anyhow::bail!("looking at the ways in has ended: {ended:?}"),
        ended = looking_at_cuda => anyhow::bail!("looking at CUDA has ended: {ended:?}"),
        ended = serving => {
            anyhow::ensure!(shutdown.is_cancelled(), "serving the bus has ended: {ended:?}");
        }
    }
    tracing::info!("desktop-controld ends");
    Ok(())
}

/// A descriptor for each watched process: a thousand units need more than the usual soft limit.
fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }) {
        tracing::warn!(%error, "the limit on open files stays where it is");
    }
}

fn read_config(root: &Root, store: &Store) -> Config {
    let complain = |message: String| {
        tracing::warn!(message, CONFIG, "configuration not used");
        let message = format!("{CONFIG}: {message}. Defaults are used; mend the file, then restart desktop-controld.");
        let title = "The configuration file is not used".into();
        store.set_findings("config", vec![Finding { kind: "config", severity: "error", title, message }]);
        Config::default()
    };
    match root.read(CONFIG) {
        Ok(None) => Config::default(),
        Ok(Some(text)) => config::parse(&text).unwrap_or_else(|error| complain(error.message().to_owned())),
        Err(error) => complain(error.to_string()),
    }
}

fn read_catalogue(root: &Root, store: &Store) -> Catalogue {
    let mut findings = Vec::new();
    let mut complain = |file: &str, message: &str| {
        tracing::warn!(file, message, "part of the service catalogue not used");
        let title = "Part of the service catalogue is not used".into();
        let message = format!("{file}: {message}. Mend the file, then restart desktop-controld.");
        findings.push(Finding { kind: "catalogue", severity: "warning", title, message });
    };
    let mut texts = Vec::new();
    for (file, text) in CATALOGUES.iter().flat_map(|folder| root.read_toml_folder(folder)) {
        match text {
            Ok(text) => texts.push((file, text)),
            Err(error) => complain(&file, &error.to_string()),
        }
    }
    let files = texts.iter().map(|(file, text)| (file.as_str(), text.as_str()));
    let (catalogue, complaints) = Catalogue::parse(files, |name| std::env::var(name).ok());
    for complaint in &complaints {
        complain(&complaint.file, &complaint.message);
    }
    store.set_findings("catalogue", findings);
    catalogue
}
