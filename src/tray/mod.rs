//! The tray icon: what is wrong at a glance, the few things one does often, and messages about what changes.
//!
//! It belongs to a desktop session: it waits for one, and ends with it. It knows only what the daemon tells, and asks
//! it for everything else.

mod alert;
mod clipboard;
mod display;
mod gpu_notices;
mod icon;
mod install_notices;
mod item;
mod launcher;
mod message;
mod model;
mod notices;
mod notifier;
mod retry;
mod session;
mod trial;

use std::ffi::OsString;
use std::future::pending;
use std::io;
use std::pin::pin;
use std::process::ExitCode;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tracing::{info, warn};

use crate::client::feed;
use crate::client::preferences::{Notifications, PreferencesFile};
use crate::model::command_line::{self, Instead};
use icon::{Event, Icon, Inboxes};
use item::{Desktop, Publisher};
use launcher::Launcher;
use model::{Known, TrayModel};
use notifier::Notifier;
use session::Session;

const HELP: &str = "\
Shows in the desktop's tray how its services are. Started with the desktop; a second one takes the first one's place

Usage: desktop-control-tray

Options:
  -h, --help     Print help
  -V, --version  Print version
";

/// Reads the command line, on which nothing may stand.
///
/// # Errors
/// What to say instead of showing an icon.
pub fn read_arguments(words: impl IntoIterator<Item = OsString>) -> Result<(), Instead> {
    command_line::read("desktop-control-tray", HELP, words, |_, _| Ok(false))
}

/// Shows the tray icon until the session ends, somebody asks it to end, or another instance takes over.
///
/// # Errors
/// Signals cannot be received.
pub async fn run() -> io::Result<ExitCode> {
    let mut ends = Ends::catch()?;
    let mut display = pin!(display::ended());
    let session = tokio::select! {
        session = Session::join() => session,
        () = &mut display => return Ok(ExitCode::SUCCESS),
        () = ends.next() => return Ok(ExitCode::SUCCESS),
    };
    let Some(session) = session else { return Ok(ExitCode::FAILURE) };
    tokio::select! {
        () = Box::pin(serve(session)) => {}
        () = &mut display => info!("the display has ended"),
        () = ends.next() => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// The signals that ask us to end.
struct Ends([Signal; 3]);

impl Ends {
    fn catch() -> io::Result<Self> {
        let [terminate, interrupt, hangup] = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
        Ok(Self([signal(terminate)?, signal(interrupt)?, signal(hangup)?]))
    }

    async fn next(&mut self) {
        let [terminate, interrupt, hangup] = &mut self.0;
        tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} _ = hangup.recv() => {} }
    }
}

/// On a session's bus, until that ends or another instance takes over.
async fn serve(session: Session) {
    let bus = session.connection.clone();
    let (events, inbox) = unbounded_channel();
    let (actions, clicks) = unbounded_channel();
    let (orders, notifier_inbox) = unbounded_channel();
    let (views, launcher_inbox) = unbounded_channel();
    let (failures, answers) = unbounded_channel();
    let (models, model) = watch::channel(TrayModel::of(&Known::default()));
    let desktop = Desktop::default();
    let publisher = Publisher { models: model, actions: actions.clone(), bus: bus.clone() };
    let facts = events.clone();
    let inboxes = Inboxes { events: inbox, clicks, answers };
    let icon = Icon::new(models, orders, views, events.clone());
    tokio::select! {
        () = icon.run(session, inboxes, &desktop) => {}
        _ = feed(|fact| drop(facts.send(Event::Fact(fact)))) => {}
        () = follow_preferences(&events) => {}
        () = publisher.run(&desktop) => {}
        () = Notifier::new(bus.clone(), actions).run(notifier_inbox) => {}
        () = Launcher::new(bus, failures).run(launcher_inbox) => {}
    }
}

/// Tells which messages the user wants, now and after each change. Never ends.
async fn follow_preferences(events: &UnboundedSender<Event>) {
    let file = match PreferencesFile::of_this_user() {
        Ok(file) => file,
        Err(error) => {
            warn!(%error, "there are no preferences");
            return pending().await;
        }
    };
    let tell = || match file.load() {
        Ok(preferences) => drop(events.send(Event::Wanted(preferences.notifications))),
        Err(complaint) => {
            warn!("{complaint}");
            drop(events.send(Event::Wanted(Notifications::default())));
        }
    };
    tell();
    if let Err(error) = file.follow(tell).await {
        warn!(%error, "changed preferences are seen at the next start only");
    }
    pending::<()>().await;
}
