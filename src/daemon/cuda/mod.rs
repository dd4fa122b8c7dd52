//! CUDA: the driver's library, the toolkits, and what is said of them.
//!
//! It is looked when the daemon begins, when the kernel tells that something has changed on disk, when GPUs or driver
//! have, and when somebody asks. Whoever asks hands that to the one task that looks.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::store::Store;
use crate::api::Error;
use crate::host::cuda::{self as host, Changes, Found, Identity, LIBRARY, Limits, Program};
use crate::host::libraries;
use crate::host::root::Root;
use crate::model::cuda::{Asked, Evidence, FoundPart, Gpu, Gpus, LibraryTrouble, Release, Report, Tables};
use crate::model::gpu::{Facts, Presence};

/// So many questions may wait; whoever comes later waits to ask.
const WAITING: usize = 16;
/// A driver may not be ready at once when a container has just begun; then it is tried again after this, so often.
const NOT_READY: u32 = 802;
const AGAIN_AFTER: Duration = Duration::from_secs(2);
const TRIES: u32 = 3;

/// See the module. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Cuda {
    asks: mpsc::Sender<oneshot::Sender<()>>,
}

impl Cuda {
    /// CUDA, and what has to run for ever so that it is known. `workspace` is where people keep their environments.
    pub(super) fn new(
        root: Root,
        workspace: String,
        store: Arc<Store>,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (asks, asked) = mpsc::channel(WAITING);
        // As the container was started with it, which is what programs get that nobody has given another one.
        let search = std::env::var("LD_LIBRARY_PATH").unwrap_or_default();
        let looker = Looker { root, workspace, store, search, program: Program::default() };
        (Self { asks }, looker.run(asked))
    }

    /// Looks at everything anew. Returns when what the store says is of after this call.
    pub(super) async fn refresh(&self) -> Result<(), Error> {
        let gone = || Error::Internal("Nobody looks at CUDA any more; the log may say why.".into());
        let (answer, answered) = oneshot::channel();
        self.asks.send(answer).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())
    }
}

/// The task that looks.
struct Looker {
    root: Root,
    workspace: String,
    store: Arc<Store>,
    search: String,
    program: Program,
}

/// What is known of the GPUs, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Machine {
    gpus: Gpus,
    driver: Option<String>,
}

/// What was found on disk and said by libraries.
struct Look {
    found: Found,
    said: Said,
    parts: Vec<FoundPart>,
}

/// What libraries said.
#[derive(Clone)]
struct Said {
    /// Which files that rests on.
    identity: Option<Identity>,
    own: Asked,
    programs: Asked,
    place: Option<String>,
    forward: Vec<(Release, String, Asked)>,
}

impl Looker {
    async fn run(self, mut asks: mpsc::Receiver<oneshot::Sender<()>>) {
        let mut changes = Changes::watch(&self.root)
            .inspect_err(|error| tracing::warn!(%error, "toolkits that come or go are not noticed"))
            .ok();
        let mut news = self.store.changes();
        let mut machine = self.first_machine(&mut news).await;
        let mut look = self.look(None).await;
        let mut askers: Vec<oneshot::Sender<()>> = Vec::new();
        loop {
            self.store.put_cuda(self.report(&machine, &look));
            for asker in askers.drain(..) {
                // Whoever asked may have gone.
                let _ = asker.send(());
            }
            let driver = machine.driver.clone();
            tokio::select! {
                ask = asks.recv() => match ask {
                    Some(asker) => {
                        askers.push(asker);
                        while let Ok(asker) = asks.try_recv() {
                            askers.push(asker);
                        }
                        look = self.look(None).await;
                    }
                    None => return,
                },
                change = next(&mut changes) => match change {
                    Ok(()) => look = self.look(Some(&look.said)).await,
                    Err(error) => {
                        tracing::warn!(%error, "toolkits that come or go are no longer noticed");
                        changes = None;
                    }
                },
                () = self.another_machine(&mut news, &mut machine) => {
                    if machine.driver != driver {
                        look = self.look(None).await;
                    }
                }
            }
        }
    }

    /// Waits until it is known whether there are GPUs.
    async fn first_machine(&self, news: &mut watch::Receiver<u64>) -> Machine {
        while self.store.presence() == Presence::Unknown {
            if news.changed().await.is_err() {
                break;
            }
        }
        self.machine()
    }

    /// Waits until GPUs or driver are others than `known`, which is then what they are.
    async fn another_machine(&self, news: &mut watch::Receiver<u64>, known: &mut Machine) {
        loop {
            let now = self.machine();
            if now != *known {
                *known = now;
                return;
            }
            if news.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    fn machine(&self) -> Machine {
        let views = self.store.gpus();
        // A part of one has the abilities of the whole.
        let whole = views.iter().filter(|view| view.facts.parent.is_none());
        let gpu = |facts: &Facts| Gpu {
            name: facts.name.clone().unwrap_or_default(),
            capability: facts.capability,
            brand: facts.brand,
        };
        let present: Vec<Gpu> = whole.map(|view| gpu(&view.facts)).collect();
        let gpus = match self.store.presence() {
            _ if !present.is_empty() => Gpus::Present(present),
            Presence::NoDevice => Gpus::Absent,
            _ => Gpus::Unreadable,
        };
        Machine { gpus, driver: views.iter().find_map(|view| view.driver.clone()) }
    }

    /// Looks at everything. What libraries have `said` is taken for what they would say where nothing has changed that
    /// it rests on: to ask them wakes every GPU, and packages come by the dozen.
    async fn look(&self, said: Option<&Said>) -> Look {
        let found = host::look(&self.root, &self.workspace).await;
        let (root, search) = (self.root.clone(), self.search.clone());
        let compat: Vec<String> = found.compat.iter().map(|(_, path)| path.clone()).collect();
        let files = tokio::task::spawn_blocking(move || {
            (Identity::of(&root, &search, compat.iter().map(String::as_str)), host::parts(&root, &search))
        });
        let (identity, parts) = files.await.map_or_else(|_| (None, Vec::new()), |(of, parts)| (Some(of), parts));
        let known = said.filter(|said| identity.is_some() && said.identity == identity);
        let said = match known {
            Some(said) => said.clone(),
            None => self.ask(&found, identity).await,
        };
        Look { found, said, parts }
    }

    async fn ask(&self, found: &Found, identity: Option<Identity>) -> Said {
        let (own, programs) = tokio::join!(self.ask_own(), self.ask_programs());
        let mut forward = Vec::new();
        for (release, path) in &found.compat {
            let folder = Path::new(path).parent().map(Into::into);
            let said = host::ask(&self.program, Limits::default(), &self.root.join(path), folder).await;
            forward.push((*release, path.clone(), said));
        }
        let file = programs.as_ref().ok().filter(|answer| answer.stands_in()).map(|answer| answer.file.clone());
        let (root, search) = (self.root.clone(), self.search.clone());
        let place = tokio::task::spawn_blocking(move || host::place_of(&root, &file?, &search));
        Said { identity, own, programs, place: place.await.unwrap_or_default(), forward }
    }

    /// The driver's own library, by its path.
    async fn ask_own(&self) -> Asked {
        let path = libraries::system(&self.root, LIBRARY).ok_or(LibraryTrouble::Absent)?;
        host::ask(&self.program, Limits::default(), &self.root.join(&path), None).await
    }

    /// The library that programs get.
    async fn ask_programs(&self) -> Asked {
        let search = (!self.search.is_empty()).then(|| self.search.clone().into());
        let mut tries = TRIES;
        loop {
            tries -= 1;
            let said = host::ask(&self.program, Limits::default(), Path::new(LIBRARY), search.clone()).await;
            let not_ready = said.as_ref().is_ok_and(|answer| answer.init.returned() == Some(NOT_READY));
            if !not_ready || tries == 0 {
                return said;
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }

    fn report(&self, machine: &Machine, look: &Look) -> Report {
        let told = machine.driver.as_ref().and_then(|driver| driver.parse().ok());
        let evidence = Evidence {
            gpus: machine.gpus.clone(),
            driver: told.or_else(|| look.found.driver.clone()),
            own: look.said.own.clone(),
            programs: look.said.programs.clone(),
            place: look.said.place.clone(),
            forward: look.said.forward.clone(),
            inventory: look.found.inventory.clone(),
            named: look.found.named.clone(),
            default_target: look.found.default_target.clone(),
            gcc: look.found.gcc,
            parts: look.parts.clone(),
        };
        Report::of(Tables::bundled(), evidence)
    }
}

/// For ever where nothing is watched.
async fn next(changes: &mut Option<Changes>) -> std::io::Result<()> {
    match changes {
        Some(changes) => changes.next().await,
        None => std::future::pending().await,
    }
}
