//! What is known right now: services, jobs, findings. Written by the watcher and by jobs, read by everybody.
//!
//! A write that changes nothing is none. What has changed is remembered as a set of keys, so that a slow bus sees the
//! newest state once instead of every state in between.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::access::AccessView;
use super::gpu::GpuView;
use super::stream::{Configured, Live, StreamView};
use super::vnc::VncView;
use crate::model::access::{Outside, Way, WayKind, one_through_the_other, state_reason, way_state};
use crate::model::catalogue::Entry;
use crate::model::cuda::{Judged, Report};
use crate::model::gpu::Presence;
use crate::model::health::Health;
use crate::model::job::Job;
use crate::model::order::Needs;
use crate::model::service::{Exit, State};
use crate::model::trial::Trial;

/// What has an object on the bus.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// The root object.
    Root,
    /// `/access`.
    Access,
    /// A service by supervisord's name.
    Service(String),
    /// A job by its number.
    Job(u64),
    /// `/stream`.
    Stream,
    /// `/vnc`.
    Vnc,
    /// A change on trial by its number.
    Pending(u64),
    /// A GPU by its UUID.
    Gpu(String),
    /// `/cuda`.
    Cuda,
    /// A toolkit by its name among all.
    Toolkit(String),
    /// What a GPU that somebody watches does. It has no object of its own.
    GpuStats(String),
}

/// A service as the bus shows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ServiceView {
    /// supervisord's name.
    pub(crate) name: String,
    /// What the catalogue says.
    pub(crate) entry: Arc<Entry>,
    /// supervisord's state, or [`State::Exited`] as soon as the kernel says so.
    pub(crate) state: State,
    /// The verdict.
    pub(crate) health: Health,
    /// Why.
    pub(crate) health_reason: String,
    /// Unix time in seconds since when it is in its state.
    pub(crate) since: Option<u64>,
    /// While there is a process.
    pub(crate) pid: Option<u32>,
    /// Starts seen since the daemon began, but for the first.
    pub(crate) restarts: u32,
    /// How it ended last.
    pub(crate) exit: Option<Exit>,
    /// Where supervisord writes its output.
    pub(crate) log_file: Option<String>,
}

impl ServiceView {
    /// Where its log may be, likeliest first.
    pub(crate) fn log_files(&self) -> Vec<String> {
        let mut paths = self.entry.logs.clone();
        let file_name = self.name.rsplit(':').next().unwrap_or_default();
        // The name becomes a file name: what is no file name has no log at the usual places.
        if !file_name.contains('/') && !file_name.starts_with('.') && !file_name.is_empty() {
            paths.push(format!("/var/log/portal/{file_name}.log"));
            paths.push(format!("/var/log/{file_name}.log"));
        }
        paths.extend(self.log_file.clone());
        paths
    }
}

/// How the daemon learns of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Mode {
    /// supervisord tells.
    Events,
    /// It is asked again and again.
    Polling,
}

/// Something that is wrong with the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Stable token, such as `supervisor-unreachable`.
    pub(crate) kind: &'static str,
    /// `warning` or `error`.
    pub(crate) severity: &'static str,
    /// A few words.
    pub(crate) title: String,
    /// What is, and what to do.
    pub(crate) message: String,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Store {
    inner: Mutex<Inner>,
    version: watch::Sender<u64>,
}

#[derive(Debug)]
struct Inner {
    services: BTreeMap<String, Arc<ServiceView>>,
    jobs: BTreeMap<u64, Arc<Job>>,
    pending: BTreeMap<u64, Arc<Trial>>,
    stream: Arc<StreamView>,
    vnc: Arc<VncView>,
    access: Arc<AccessView>,
    gpus: BTreeMap<String, Arc<GpuView>>,
    presence: Presence,
    cuda: Arc<Report>,
    mode: Mode,
    findings: Vec<Finding>,
    dirty: BTreeSet<Key>,
}

impl Store {
    /// An empty store.
    #[must_use]
    pub(crate) fn new(mode: Mode) -> Self {
        let inner = Inner {
            services: BTreeMap::new(),
            jobs: BTreeMap::new(),
            pending: BTreeMap::new(),
            stream: Arc::default(),
            vnc: Arc::default(),
            access: Arc::default(),
            gpus: BTreeMap::new(),
            presence: Presence::default(),
            cuda: Arc::default(),
            mode,
            findings: Vec::new(),
            dirty: BTreeSet::new(),
        };
        Self { inner: Mutex::new(inner), version: watch::Sender::new(0) }
    }

    // Nobody panics while holding it, and the data is whole at every moment.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn touch(&self, inner: &mut Inner, key: Key) {
        inner.dirty.insert(key);
        self.version.send_modify(|version| *version += 1);
    }

    /// Tells of every change from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// What has changed since the last call.
    pub(crate) fn take_dirty(&self) -> BTreeSet<Key> {
        std::mem::take(&mut self.lock().dirty)
    }

    /// Everything that has an object.
    pub(crate) fn keys(&self) -> BTreeSet<Key> {
        let inner = self.lock();
        let services = inner.services.keys().cloned().map(Key::Service);
        let jobs = inner.jobs.keys().copied().map(Key::Job);
        let pending = inner.pending.keys().copied().map(Key::Pending);
        let gpus = inner.gpus.keys().cloned().map(Key::Gpu);
        let toolkits = inner.cuda.toolkits.iter().map(|judged| Key::Toolkit(judged.id.clone()));
        let single = [Key::Root, Key::Access, Key::Stream, Key::Vnc, Key::Cuda];
        services.chain(jobs).chain(pending).chain(gpus).chain(toolkits).chain(single).collect()
    }

    /// The service called `name`.
    pub(crate) fn service(&self, name: &str) -> Option<Arc<ServiceView>> {
        self.lock().services.get(name).cloned()
    }

    /// All services in the order of their names.
    pub(crate) fn services(&self) -> Vec<Arc<ServiceView>> {
        self.lock().services.values().cloned().collect()
    }

    /// What each service needs.
    pub(crate) fn needs(&self) -> Needs {
        let inner = self.lock();
        inner.services.values().map(|view| (view.name.clone(), view.entry.depends_on.clone())).collect()
    }

    /// Adds or replaces a service.
    pub(crate) fn put_service(&self, view: ServiceView) {
        let mut inner = self.lock();
        let old = inner.services.get(&view.name);
        if old.is_some_and(|old| **old == view) {
            return;
        }
        let is_way = view.entry.access.is_some();
        let key = Key::Service(view.name.clone());
        inner.services.insert(view.name.clone(), Arc::new(view));
        self.touch(&mut inner, key);
        if is_way {
            self.touch(&mut inner, Key::Access);
        }
    }

    /// Forgets a service that supervisord no longer has.
    pub(crate) fn remove_service(&self, name: &str) {
        let mut inner = self.lock();
        if inner.services.remove(name).is_some() {
            self.touch(&mut inner, Key::Service(name.to_owned()));
            self.touch(&mut inner, Key::Access);
        }
    }

    /// The job with this number.
    pub(crate) fn job(&self, id: u64) -> Option<Arc<Job>> {
        self.lock().jobs.get(&id).cloned()
    }

    /// All jobs in the order of their numbers.
    pub(crate) fn jobs(&self) -> Vec<Arc<Job>> {
        self.lock().jobs.values().cloned().collect()
    }

    /// Adds or replaces a job.
    pub(crate) fn put_job(&self, job: Job) {
        let mut inner = self.lock();
        if inner.jobs.get(&job.id).is_some_and(|old| **old == job) {
            return;
        }
        let key = Key::Job(job.id);
        inner.jobs.insert(job.id, Arc::new(job));
        self.touch(&mut inner, key);
    }

    /// Forgets a job.
    pub(crate) fn remove_job(&self, id: u64) {
        let mut inner = self.lock();
        if inner.jobs.remove(&id).is_some() {
            self.touch(&mut inner, Key::Job(id));
        }
    }

    /// The change with this number.
    pub(crate) fn pending(&self, id: u64) -> Option<Arc<Trial>> {
        self.lock().pending.get(&id).cloned()
    }

    /// The change of this service that is or was on trial last, while it has an object.
    pub(crate) fn trial_of(&self, service: &str) -> Option<Arc<Trial>> {
        self.lock().pending.values().rfind(|trial| trial.service == service).cloned()
    }

    /// Adds or replaces a change on trial. Of those that are over only the last one stays.
    pub(crate) fn put_pending(&self, trial: Trial) {
        let mut inner = self.lock();
        if inner.pending.get(&trial.id).is_some_and(|old| **old == trial) {
            return;
        }
        let id = trial.id;
        let others: Vec<u64> = inner.pending.keys().copied().filter(|other| *other != id).collect();
        for other in others {
            inner.pending.remove(&other);
            self.touch(&mut inner, Key::Pending(other));
        }
        inner.pending.insert(id, Arc::new(trial));
        self.touch(&mut inner, Key::Pending(id));
    }

    /// Forgets a change.
    pub(crate) fn remove_pending(&self, id: u64) {
        let mut inner = self.lock();
        if inner.pending.remove(&id).is_some() {
            self.touch(&mut inner, Key::Pending(id));
        }
    }

    /// The stream.
    pub(crate) fn stream(&self) -> Arc<StreamView> {
        Arc::clone(&self.lock().stream)
    }

    /// Replaces what is configured of the stream.
    pub(crate) fn put_configured(&self, configured: Option<Arc<Configured>>) {
        self.change_stream(|view| view.configured = configured);
    }

    /// Replaces what happens right now on the stream.
    pub(crate) fn put_live(&self, live: Live) {
        self.change_stream(|view| view.live = live);
    }

    fn change_stream(&self, change: impl FnOnce(&mut StreamView)) {
        let mut inner = self.lock();
        let mut view = StreamView::clone(&inner.stream);
        change(&mut view);
        if *inner.stream != view {
            inner.stream = Arc::new(view);
            self.touch(&mut inner, Key::Stream);
        }
    }

    /// VNC.
    pub(crate) fn vnc(&self) -> Arc<VncView> {
        Arc::clone(&self.lock().vnc)
    }

    /// Replaces what is known of VNC.
    pub(crate) fn put_vnc(&self, view: VncView) {
        let mut inner = self.lock();
        if *inner.vnc != view {
            inner.vnc = Arc::new(view);
            self.touch(&mut inner, Key::Vnc);
        }
    }

    /// What is known of the ways in, beside the services behind them.
    pub(crate) fn access(&self) -> Arc<AccessView> {
        Arc::clone(&self.lock().access)
    }

    /// Replaces that.
    pub(crate) fn put_access(&self, view: AccessView) {
        let mut inner = self.lock();
        if *inner.access != view {
            inner.access = Arc::new(view);
            self.touch(&mut inner, Key::Access);
        }
    }

    /// The GPU with this UUID.
    pub(crate) fn gpu(&self, uuid: &str) -> Option<Arc<GpuView>> {
        self.lock().gpus.get(uuid).cloned()
    }

    /// All GPUs.
    pub(crate) fn gpus(&self) -> Vec<Arc<GpuView>> {
        self.lock().gpus.values().cloned().collect()
    }

    /// Whether there is a GPU.
    pub(crate) fn presence(&self) -> Presence {
        self.lock().presence.clone()
    }

    /// Replaces all GPUs. What they do is told of those that are `watched`.
    pub(crate) fn put_gpus(&self, gpus: BTreeMap<String, GpuView>, presence: Presence, watched: impl Fn(&str) -> bool) {
        let mut inner = self.lock();
        if inner.presence != presence {
            inner.presence = presence;
            self.touch(&mut inner, Key::Root);
        }
        let gone: Vec<String> = inner.gpus.keys().filter(|uuid| !gpus.contains_key(*uuid)).cloned().collect();
        for uuid in gone {
            inner.gpus.remove(&uuid);
            self.touch(&mut inner, Key::Gpu(uuid));
        }
        for (uuid, view) in gpus {
            let looks_new = inner.gpus.get(&uuid).is_none_or(|known| !known.looks_like(&view));
            let does_something = inner.gpus.get(&uuid).is_none_or(|known| known.stats != view.stats);
            inner.gpus.insert(uuid.clone(), Arc::new(view));
            if does_something && watched(&uuid) {
                self.touch(&mut inner, Key::GpuStats(uuid.clone()));
            }
            if looks_new {
                self.touch(&mut inner, Key::Gpu(uuid));
            }
        }
    }

    /// What is said of CUDA.
    pub(crate) fn cuda(&self) -> Arc<Report> {
        Arc::clone(&self.lock().cuda)
    }

    /// The toolkit with this name.
    pub(crate) fn toolkit(&self, id: &str) -> Option<Judged> {
        self.lock().cuda.toolkits.iter().find(|judged| judged.id == id).cloned()
    }

    /// Replaces what is said of CUDA.
    pub(crate) fn put_cuda(&self, report: Report) {
        let mut inner = self.lock();
        let old = std::mem::replace(&mut inner.cuda, Arc::new(report));
        let new = Arc::clone(&inner.cuda);
        if *old == *new {
            return;
        }
        let is_in = |report: &Report, judged: &Judged| report.toolkits.contains(judged);
        let ours = old.toolkits.iter().filter(|judged| !is_in(&new, judged));
        let changed = ours.chain(new.toolkits.iter().filter(|judged| !is_in(&old, judged)));
        for judged in changed {
            self.touch(&mut inner, Key::Toolkit(judged.id.clone()));
        }
        self.touch(&mut inner, Key::Cuda);
    }

    /// How the daemon learns of changes.
    pub(crate) fn mode(&self) -> Mode {
        self.lock().mode
    }

    /// Changes how the daemon learns of changes.
    pub(crate) fn set_mode(&self, mode: Mode) {
        let mut inner = self.lock();
        if inner.mode != mode {
            inner.mode = mode;
            self.touch(&mut inner, Key::Root);
        }
    }

    /// Everything that is wrong with the whole.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        self.lock().findings.clone()
    }

    /// Replaces all findings of one kind.
    pub(crate) fn set_findings(&self, kind: &'static str, findings: Vec<Finding>) {
        let mut inner = self.lock();
        let old = inner.findings.clone();
        inner.findings.retain(|finding| finding.kind != kind);
        inner.findings.extend(findings);
        if inner.findings != old {
            self.touch(&mut inner, Key::Root);
        }
    }

    /// The ways in, judged by the services behind them, and where they are from outside.
    pub(crate) fn ways(&self) -> Vec<Way> {
        let way = |view: &Arc<ServiceView>| {
            let access = view.entry.access.as_ref()?;
            let state = way_state(view.state, view.health);
            Some(Way {
                kind: access.kind,
                label: view.entry.label.clone(),
                state,
                reason: state_reason(state, &view.health_reason),
                address: access.address.clone(),
                service: view.name.clone(),
                outside: Outside::default(),
            })
        };
        let mut ways: Vec<Way> = self.lock().services.values().filter_map(way).collect();
        ways = one_through_the_other(ways, &self.needs());
        let access = self.access();
        if ways.iter().all(|way| way.kind != WayKind::Ssh) {
            ways.extend(access.ssh());
        }
        ways.sort_by_key(|way| way.kind);
        for way in &mut ways {
            way.outside = access.surroundings.of(way);
        }
        ways
    }
}
