//! Where everything comes together: news in, decisions out. Nothing here waits for anybody.

mod gpu;
mod stream;
mod vnc;

use std::collections::BTreeMap;
use std::future::pending;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::sync::watch;
use tracing::{info, warn};

use super::alert::Alert;
use super::clipboard::Copier;
use super::gpu_notices::GpuNotices;
use super::install_notices::InstallNotices;
use super::item::Desktop;
use super::launcher::View;
use super::message::{Message, Slot};
use super::model::{Action, Known, TrayModel, connection_link, label, wrong};
use super::notices::{Notice, Notices};
use super::notifier::Order;
use super::session::{News, Session};
use super::trial::TrialNotices;
use crate::client::preferences::Notifications;
use crate::client::{Client, Error, Fact, GpuStats, Verb, unix_now};
use gpu::Looks;
use stream::Asked;

/// Everything that happens besides what comes over the session bus.
pub(super) enum Event {
    Fact(Fact),
    /// What is worth a message has been decided anew.
    Wanted(Notifications),
    /// The daemon's answer to our asking for a restart of this service: the number of its job.
    Asked(String, Result<u64, Error>),
    /// The daemon's answer to what was asked about the settings of the stream.
    AskedStream(Asked, Result<(), Error>),
    /// The daemon's answer to our asking for VNC to be on or off, also where that cuts somebody off.
    AskedVnc {
        on: bool,
        force: bool,
        answer: Result<Option<u64>, Error>,
    },
    /// What a GPU does, by its UUID, and whether that was asked for by who is about to read it.
    Gpu(String, Box<GpuStats>, bool),
    /// An attempt to copy this link has ended so.
    Copied(String, Result<(), String>),
}

/// What comes from our own parts.
pub(super) struct Inboxes {
    pub(super) events: UnboundedReceiver<Event>,
    pub(super) clicks: UnboundedReceiver<Action>,
    pub(super) answers: UnboundedReceiver<Message>,
}

/// The icon's state, and where its decisions go.
pub(super) struct Icon {
    known: Known,
    /// Whom to ask, while somebody is there.
    client: Option<Client>,
    /// Jobs that we asked for and whose end we have not seen: what each restarts.
    jobs: BTreeMap<u64, String>,
    alert: Alert,
    notices: Notices,
    trial: TrialNotices,
    gpu_notices: GpuNotices,
    install_notices: InstallNotices,
    looks: Looks,
    wanted: Notifications,
    copier: Copier,
    models: watch::Sender<TrayModel>,
    orders: UnboundedSender<Order>,
    views: UnboundedSender<View>,
    events: UnboundedSender<Event>,
}

impl Icon {
    /// Nothing is known yet.
    pub(super) fn new(
        models: watch::Sender<TrayModel>,
        orders: UnboundedSender<Order>,
        views: UnboundedSender<View>,
        events: UnboundedSender<Event>,
    ) -> Self {
        Self {
            known: Known::default(),
            client: None,
            jobs: BTreeMap::new(),
            alert: Alert::default(),
            notices: Notices::default(),
            trial: TrialNotices::default(),
            gpu_notices: GpuNotices::default(),
            install_notices: InstallNotices::default(),
            looks: Looks::default(),
            wanted: Notifications::default(),
            copier: Copier::default(),
            models,
            orders,
            views,
            events,
        }
    }

    /// Until the bus ends, another instance takes over, or the user wants no icon.
    pub(super) async fn run(mut self, mut session: Session, mut inboxes: Inboxes, desktop: &Desktop) {
        loop {
            let (seen, settled) = (until(self.alert.due()), until(self.notices.due()));
            let (gpus_due, numbers_old) = (until(self.gpu_notices.due()), until(self.looks.old_at()));
            let last_call = until(self.trial.due().map(from_now));
            tokio::select! {
                news = session.next() => match news {
                    None => return info!("the session bus has ended"),
                    Some(News::Replaced) => return info!("another instance has taken over"),
                    Some(News::Watcher) => desktop.watcher.notify_one(),
                    Some(News::Colours) => desktop.colours.notify_one(),
                    Some(news) => self.order(Order::Heard(news)),
                },
                Some(event) = inboxes.events.recv() => self.on_event(event),
                Some(action) = inboxes.clicks.recv() => if self.on_action(action).is_break() { return },
                Some(message) = inboxes.answers.recv() => self.answer(message),
                () = seen => {
                    self.alert.end();
                    self.publish();
                }
                () = settled => match self.notices.settle(Instant::now(), self.wanted) {
                    Some(Notice::Show(message)) => self.order(Order::Show(Slot::Services, message)),
                    Some(Notice::Close) => self.order(Order::Close(Slot::Services)),
                    None => {}
                },
                () = last_call => self.follow_trial(),
                () = gpus_due => self.follow_gpus(),
                () = numbers_old => self.forget_gpus(),
            }
        }
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Fact(fact) => self.on_fact(&fact),
            Event::Wanted(wanted) => {
                self.wanted = wanted;
                self.keep_looking();
                self.follow_gpus();
            }
            Event::Gpu(uuid, stats, asked) => self.on_gpu(uuid, *stats, asked),
            Event::Asked(service, Ok(job)) => {
                self.jobs.insert(job, service);
                self.on_change();
            }
            Event::Asked(service, Err(error)) => {
                self.known.asked.retain(|asked| *asked != service);
                self.not_restarted(&service, &error.to_string());
                self.on_change();
            }
            Event::AskedStream(asked, answer) => self.on_stream_answer(&asked, answer),
            Event::AskedVnc { on, force, answer } => self.on_vnc_answer(on, force, answer),
            Event::Copied(link, Ok(())) => self.answer(Message::done("Connection link copied", &link)),
            Event::Copied(link, Err(why)) => {
                self.answer(Message::refused("The connection link could not be copied", &format!("{why}\n{link}")));
            }
        }
    }

    fn on_fact(&mut self, fact: &Fact) {
        match (fact, &mut self.known.snapshot) {
            (Fact::Away(reason), _) => {
                info!(reason, "the daemon is away");
                self.client = None;
                self.known.away = Some(reason.clone());
            }
            (Fact::Arrived(client, snapshot), known) => {
                info!(version = snapshot.root.version, "the daemon is there");
                self.client = Some(client.clone());
                self.looks.stop();
                self.known.away = None;
                *known = Some((**snapshot).clone());
                // What an earlier daemon did and this one has forgotten will not end any more.
                let forgotten = self.jobs.extract_if(.., |id, _| !snapshot.jobs.iter().any(|job| job.id == *id));
                let forgotten: Vec<String> = forgotten.map(|(_, service)| service).collect();
                self.known.asked.retain(|asked| !forgotten.contains(asked));
            }
            (fact, known) => known.get_or_insert_default().apply(fact),
        }
        self.on_change();
    }

    /// Something that is known has changed.
    fn on_change(&mut self) {
        self.follow_jobs();
        self.notices.see(&self.known, Instant::now());
        self.follow_trial();
        if let Some(message) = self.install_notices.see(&self.known) {
            self.order(Order::Show(Slot::Install, Box::new(message)));
        }
        self.keep_looking();
        self.follow_gpus();
        self.alert.see(wrong(&self.known), Instant::now());
        self.publish();
    }

    fn publish(&mut self) {
        self.known.alert = self.alert.is_on();
        let model = TrayModel::of(&self.known);
        self.models.send_if_modified(|shown| {
            let is_new = *shown != model;
            *shown = model;
            is_new
        });
    }

    /// Looks how the jobs stand that we have asked for.
    fn follow_jobs(&mut self) {
        let Some(snapshot) = &self.known.snapshot else { return };
        let mut failed = Vec::new();
        for job in &snapshot.jobs {
            let Some(service) = self.jobs.get(&job.id) else { continue };
            self.known.asked.retain(|asked| asked != service);
            if let Some(result) = &job.result {
                if result == "failed" {
                    failed.push((service.clone(), job.error_message.clone().unwrap_or_default()));
                }
                self.jobs.remove(&job.id);
            }
        }
        for (service, why) in failed {
            self.not_restarted(&service, &why);
        }
    }

    fn on_action(&mut self, action: Action) -> ControlFlow<()> {
        match action {
            Action::ToggleWindow => self.open(View::Toggled),
            Action::OpenWindow => self.open(View::AsLeft),
            Action::OpenPage(page) => self.open(View::Page(page)),
            Action::OpenService(service) => self.open(View::Service(service)),
            Action::Restart(service) => self.restart(service),
            Action::Preset(name) => self.ask_about_stream(Asked::Preset(name)),
            Action::Keep(change) => self.ask_about_stream(Asked::Keep(change, false)),
            Action::KeepUnseen(change) => self.ask_about_stream(Asked::Keep(change, true)),
            Action::GoBack(change) => self.ask_about_stream(Asked::GoBack(change)),
            Action::Vnc { on, force } => self.turn_vnc(on, force),
            Action::CopyLink => self.copy_link(),
            Action::LookAtGpus => self.look_at_gpus(),
            Action::Quit => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }

    fn restart(&mut self, service: String) {
        let Some(client) = self.client.clone() else {
            let why = self.known.away.clone().unwrap_or_default();
            return self.not_restarted(&service, &why);
        };
        if self.known.asked.contains(&service) {
            return;
        }
        self.known.asked.push(service.clone());
        self.on_change();
        let events = self.events.clone();
        tokio::spawn(async move {
            let answer = client.control(&service, Verb::Restart { with_dependents: false }).await;
            drop(events.send(Event::Asked(service, answer)));
        });
    }

    fn not_restarted(&self, service: &str, why: &str) {
        let facts = self.known.snapshot.as_ref().and_then(|snapshot| snapshot.service(service));
        let label = facts.map_or(service, label);
        warn!(service, why, "not restarted");
        self.answer(Message {
            click: Action::OpenService(service.to_owned()),
            ..Message::refused(&format!("{label} could not be restarted"), why)
        });
    }

    fn copy_link(&mut self) {
        let Some(link) = connection_link(&self.known).map(str::to_owned) else {
            let why = match &self.known.away {
                Some(reason) => reason.as_str(),
                None => "No way into the desktop works right now. The window shows why.",
            };
            return self.answer(Message::refused("There is no connection link to copy", why));
        };
        let (copied, events) = (self.copier.copy(&link), self.events.clone());
        tokio::spawn(async move {
            let result = copied.await;
            drop(events.send(Event::Copied(link, result)));
        });
    }

    /// Says how something ended that was clicked.
    fn answer(&self, message: Message) {
        self.order(Order::Show(Slot::Answer, Box::new(message)));
    }

    fn order(&self, order: Order) {
        // The notifier lives as long as we do.
        drop(self.orders.send(order));
    }

    fn open(&self, view: View) {
        drop(self.views.send(view));
    }
}

/// A moment of the calendar, which is not before now, as one of the clock.
fn from_now(seconds: u64) -> Instant {
    Instant::now() + Duration::from_secs(seconds.saturating_sub(unix_now()))
}

/// Waits for a moment; for ever if there is none to wait for.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => pending().await,
    }
}
