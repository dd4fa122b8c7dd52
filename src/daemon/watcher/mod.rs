//! The single writer of every service's state.
//!
//! Hints come from four sides: supervisord's events, the kernel's word on ended processes, probes, and polls where
//! there are no events. Only what supervisord answers to a question counts as its state; an event is a reason to ask.

mod deaths;
mod events;
mod probing;
mod reader;
mod unit;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;
use tokio_util::time::{DelayQueue, delay_queue};

use self::reader::Read;
use self::unit::Unit;
use super::store::{Finding, Mode, Store};
use super::unix_now;
use crate::host::supervisor::listener::{ListenError, Listener, Numbered};
use crate::host::supervisor::{RpcError, Supervisor};
use crate::model::catalogue::Catalogue;
use crate::model::health::ProbeOutcome;
use crate::model::service::Reading;

/// The shortest time between two polls.
const POLL_GAP: Duration = Duration::from_secs(2);
/// Polling may take this part of supervisord's time: one in so many.
const POLL_SHARE: u32 = 20;
/// A failed snapshot is tried again after this, then twice as long each time.
const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_LAST: Duration = Duration::from_secs(15);

/// What the watcher is told.
#[derive(Debug)]
pub(super) enum Message {
    Event(Numbered),
    Listening,
    ListenerEnded(ListenError),
    Snapshot { result: Result<Vec<Reading>, RpcError>, took: Duration },
    Reading { name: String, result: Box<Result<Reading, RpcError>> },
    TakenIn(oneshot::Sender<()>),
    Died { name: String, pid: u32 },
    Probed { name: String, pid: Option<u32>, outcome: ProbeOutcome },
    Asked(String),
    Refresh(String, oneshot::Sender<()>),
}

/// How others talk to the watcher.
#[derive(Clone, Debug)]
pub(crate) struct WatcherHandle {
    messages: mpsc::UnboundedSender<Message>,
}

impl WatcherHandle {
    /// Somebody has asked for a start or stop of this service: the end that follows is no trouble.
    pub(crate) fn asked(&self, name: &str) {
        let _ = self.messages.send(Message::Asked(name.to_owned()));
    }

    /// Reads this service from supervisord and returns when the store holds the answer.
    pub(crate) async fn refresh(&self, name: &str) {
        let (done, wait) = oneshot::channel();
        let _ = self.messages.send(Message::Refresh(name.to_owned(), done));
        let _ = wait.await;
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Watcher {
    store: Arc<Store>,
    catalogue: Catalogue,
    supervisor: Supervisor,
    messages: mpsc::UnboundedReceiver<Message>,
    to_self: mpsc::UnboundedSender<Message>,
    reads: mpsc::UnboundedSender<Read>,
    units: HashMap<String, Unit>,
    /// What waits for the end of each unit's process.
    pid_watches: HashMap<String, AbortHandle>,
    pokes: HashMap<String, oneshot::Sender<()>>,
    timers: DelayQueue<Timer>,
    probe_timers: HashMap<String, delay_queue::Key>,
    snapshot_timer: Option<delay_queue::Key>,
    /// Flapping units that have a [`Timer::Recheck`].
    rechecked: HashSet<String>,
    /// How many these are, for the thread that answers supervisord.
    flapping: Arc<AtomicUsize>,
    /// How many clients look on.
    watched: watch::Receiver<usize>,
    last_serial: Option<u64>,
    retry: Duration,
}

#[derive(Debug)]
enum Timer {
    Probe(String),
    /// A flapping unit is looked at again.
    Recheck(String),
    Snapshot,
}

impl Watcher {
    /// A watcher that begins to work when it is run.
    pub(crate) fn new(
        store: Arc<Store>,
        catalogue: Catalogue,
        supervisor: Supervisor,
        audience: watch::Receiver<usize>,
    ) -> (Self, WatcherHandle) {
        let (to_self, messages) = mpsc::unbounded_channel();
        let (reads, requests) = mpsc::unbounded_channel();
        tokio::spawn(reader::run(supervisor.clone(), requests, to_self.clone()));
        let handle = WatcherHandle { messages: to_self.clone() };
        let watcher = Self {
            store,
            catalogue,
            supervisor,
            messages,
            to_self,
            reads,
            units: HashMap::new(),
            pid_watches: HashMap::new(),
            pokes: HashMap::new(),
            timers: DelayQueue::new(),
            probe_timers: HashMap::new(),
            snapshot_timer: None,
            rechecked: HashSet::new(),
            flapping: Arc::default(),
            watched: audience,
            last_serial: None,
            retry: RETRY_FIRST,
        };
        (watcher, handle)
    }

    /// Works until the end of the process. Without a listener, supervisord is polled.
    pub(crate) async fn run(mut self, listener: Option<Listener>) {
        match listener {
            Some(listener) => events::listen(listener, self.to_self.clone(), Arc::clone(&self.flapping)),
            None => self.read(Read::All),
        }
        loop {
            tokio::select! {
                Some(message) = self.messages.recv() => self.on_message(message),
                Some(timer) = self.timers.next() => self.on_timer(timer.into_inner()),
                Ok(()) = self.watched.changed() => self.on_watched(),
            }
        }
    }

    fn on_message(&mut self, message: Message) {
        match message {
            Message::Listening => self.read(Read::All),
            Message::Event(numbered) => self.on_event(numbered),
            Message::ListenerEnded(error) => self.on_listener_ended(&error),
            Message::Snapshot { result, took } => self.on_snapshot(result, took),
            Message::Reading { name, result } => self.on_reading(&name, *result),
            Message::TakenIn(who) => drop(who.send(())),
            Message::Died { name, pid } => self.on_death(&name, pid),
            Message::Probed { name, pid, outcome } => self.on_probed(&name, pid, outcome),
            Message::Asked(name) => {
                if let Some(unit) = self.units.get_mut(&name) {
                    unit.on_asked();
                    self.publish(&name);
                }
            }
            Message::Refresh(name, done) => self.read(Read::One(name, Some(done))),
        }
    }

    fn on_timer(&mut self, timer: Timer) {
        match timer {
            Timer::Snapshot => {
                self.snapshot_timer = None;
                self.read(Read::All);
            }
            Timer::Probe(name) => {
                self.probe_timers.remove(&name);
                self.ask_probe(&name);
            }
            Timer::Recheck(name) => self.recheck(name),
        }
    }

    fn on_snapshot(&mut self, result: Result<Vec<Reading>, RpcError>, took: Duration) {
        let readings = match result {
            Ok(readings) => readings,
            Err(error) => return self.on_unreachable(&error),
        };
        self.retry = RETRY_FIRST;
        self.store.set_findings(UNREACHABLE, Vec::new());
        let gone: Vec<String> =
            self.units.keys().filter(|name| !readings.iter().any(|reading| reading.name == **name)).cloned().collect();
        for name in &gone {
            self.forget(name);
        }
        for reading in readings {
            self.take_in(reading);
        }
        if self.store.mode() == Mode::Polling {
            self.snapshot_in(POLL_GAP.max(took * POLL_SHARE));
        }
    }

    fn on_reading(&mut self, name: &str, result: Result<Reading, RpcError>) {
        match result {
            Ok(reading) => self.take_in(reading),
            Err(RpcError::BadName) => self.forget(name),
            Err(error) => {
                tracing::warn!(service = name, error = &error as &dyn std::error::Error, "cannot read a unit");
                self.snapshot_in(self.retry);
            }
        }
    }

    fn on_unreachable(&mut self, error: &RpcError) {
        tracing::warn!(error = error as &dyn std::error::Error, "cannot read supervisord");
        let finding = Finding {
            kind: UNREACHABLE,
            severity: "error",
            title: "supervisord does not answer".into(),
            message: format!("{error}. The states shown are unknown until it does; it is asked again by itself."),
        };
        self.store.set_findings(UNREACHABLE, vec![finding]);
        let names: Vec<String> = self.units.keys().cloned().collect();
        for name in names {
            if let Some(unit) = self.units.get_mut(&name) {
                unit.on_unreachable();
                self.publish(&name);
            }
        }
        self.snapshot_in(self.retry);
        self.retry = (self.retry * 2).min(RETRY_LAST);
    }

    fn take_in(&mut self, reading: Reading) {
        let now = Instant::now();
        let name = reading.name.clone();
        let mode = self.store.mode();
        let unit = self
            .units
            .entry(name.clone())
            .or_insert_with(|| Unit::new(Arc::new(self.catalogue.entry(&name)), &reading, now));
        let consequences = unit.on_reading(reading, mode, now, unix_now());
        if let Some(pid) = consequences.watch_pid {
            self.watch_pid(&name, pid);
        }
        self.publish(&name);
        if consequences.probe {
            self.schedule_probe(&name);
        }
    }

    fn forget(&mut self, name: &str) {
        self.units.remove(name);
        self.pokes.remove(name);
        if let Some(watch) = self.pid_watches.remove(name) {
            watch.abort();
        }
        self.store.remove_service(name);
    }

    fn snapshot_in(&mut self, delay: Duration) {
        if let Some(key) = self.snapshot_timer.take() {
            self.timers.try_remove(&key);
        }
        self.snapshot_timer = Some(self.timers.insert(Timer::Snapshot, delay));
    }

    fn publish(&self, name: &str) {
        if let Some(unit) = self.units.get(name) {
            self.store.put_service(unit.view(Instant::now()));
        }
    }

    fn read(&self, read: Read) {
        // The reader lives as long as we do.
        let _ = self.reads.send(read);
    }
}

/// The finding that supervisord cannot be asked.
const UNREACHABLE: &str = "supervisor-unreachable";
