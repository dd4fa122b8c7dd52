//! Opens the window: asks the one that is there, or starts it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::time::timeout;
use tracing::{debug, warn};
use zbus::Connection;
use zbus::zvariant::Value;

use super::message::Message;
use crate::api::APP_ID;

/// The window's object, as every `GApplication` derives it from its id.
const PATH: &str = "/io/github/desktop_control/DesktopControl";
const INTERFACE: &str = "org.freedesktop.Application";
/// The window's program.
const PROGRAM: &str = "desktop-control";

/// A window that reacts does so at once.
const CALL_LIMIT: Duration = Duration::from_secs(5);
/// So long a window may take to get its name; a second click meanwhile is one of impatience.
const STARTING: Duration = Duration::from_secs(5);
/// Who ends with an error within this time has not opened; later it has crashed, which everybody has seen.
const OPENED_WITHIN: Duration = Duration::from_secs(20);

/// What of the window is to be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// Everything, or nothing if it is seen already.
    Toggled,
    /// As it was left.
    AsLeft,
    /// This page.
    Page(String),
    /// This service.
    Service(String),
}

impl View {
    /// As words on the command line.
    fn arguments(&self) -> Vec<&str> {
        match self {
            Self::Toggled | Self::AsLeft => Vec::new(),
            Self::Page(name) => vec!["--page", name],
            Self::Service(name) => vec!["--service", name],
        }
    }

    /// As an action of the window that is there; none to just show it.
    fn action(&self) -> Option<(&str, Vec<Value<'_>>)> {
        match self {
            Self::Toggled => Some(("toggle", Vec::new())),
            Self::AsLeft => None,
            Self::Page(name) => Some(("page", vec![name.as_str().into()])),
            Self::Service(name) => Some(("service", vec![name.as_str().into()])),
        }
    }
}

/// Opens views one after the other.
#[derive(Debug)]
pub(super) struct Launcher {
    bus: Connection,
    /// Where it is said that the window could not be opened.
    failures: UnboundedSender<Message>,
    started: Option<Instant>,
}

impl Launcher {
    pub(super) fn new(bus: Connection, failures: UnboundedSender<Message>) -> Self {
        Self { bus, failures, started: None }
    }

    /// Opens views for as long as any can be asked for.
    pub(super) async fn run(mut self, mut views: UnboundedReceiver<View>) {
        while let Some(view) = views.recv().await {
            if let Err(reason) = self.open(&view).await {
                fail(&self.failures, &reason);
            }
        }
    }

    async fn open(&mut self, view: &View) -> Result<(), String> {
        if self.is_there().await {
            match timeout(CALL_LIMIT, self.ask(view)).await {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(error)) if is_gone(&error) => debug!(%error, "the window has just been closed"),
                Ok(Err(error)) => return Err(format!("The window refused: {error}.")),
                Err(_) => {
                    let limit = CALL_LIMIT.as_secs();
                    return Err(format!(
                        "It is open, but has not answered for {limit} s. End the program {PROGRAM} and try again."
                    ));
                }
            }
        } else if *view == View::Toggled && self.started.is_some_and(|at| at.elapsed() < STARTING) {
            return Ok(());
        }
        let child = start(view)?;
        self.started = Some(Instant::now());
        tokio::spawn(until_ended(child, self.failures.clone()));
        Ok(())
    }

    async fn is_there(&self) -> bool {
        let bus = "org.freedesktop.DBus";
        let ask = self.bus.call_method(Some(bus), "/org/freedesktop/DBus", Some(bus), "NameHasOwner", &APP_ID);
        let answer = timeout(CALL_LIMIT, ask).await.ok().and_then(Result::ok);
        answer.is_some_and(|answer| answer.body().deserialize().unwrap_or(false))
    }

    async fn ask(&self, view: &View) -> zbus::Result<zbus::Message> {
        let platform = HashMap::<&str, Value<'_>>::new();
        let (destination, interface) = (Some(APP_ID), Some(INTERFACE));
        match view.action() {
            Some((name, parameters)) => {
                let body = (name, parameters, platform);
                self.bus.call_method(destination, PATH, interface, "ActivateAction", &body).await
            }
            None => self.bus.call_method(destination, PATH, interface, "Activate", &(platform,)).await,
        }
    }
}

fn is_gone(error: &zbus::Error) -> bool {
    let ends = ["ServiceUnknown", "NameHasNoOwner", "NoReply", "Disconnected"];
    matches!(error, zbus::Error::MethodError(name, ..) if ends.iter().any(|end| name.ends_with(end)))
}

/// Starts the window, apart from us: what is typed in our terminal does not reach it, and it outlives us.
fn start(view: &View) -> Result<Child, String> {
    let program = program();
    let mut command = Command::new(&program);
    command.args(view.arguments()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    command.spawn().map_err(|error| format!("{} cannot be started: {error}.", program.display()))
}

/// Beside our own program, else wherever programs are looked for.
fn program() -> PathBuf {
    let beside = std::env::current_exe().ok().map(|own| own.with_file_name(PROGRAM));
    beside.filter(|path| path.exists()).unwrap_or_else(|| PROGRAM.into())
}

/// Waits for the window's end, which nobody else does.
async fn until_ended(mut child: Child, failures: UnboundedSender<Message>) {
    let began = Instant::now();
    match child.wait().await {
        Ok(status) if !status.success() && began.elapsed() < OPENED_WITHIN => {
            fail(
                &failures,
                &format!("{PROGRAM} ended right after its start ({status}). Run it in a terminal to see why."),
            );
        }
        Ok(_) => {}
        Err(error) => warn!(%error, "the window cannot be waited for"),
    }
}

fn fail(failures: &UnboundedSender<Message>, reason: &str) {
    warn!(reason, "the window could not be opened");
    drop(failures.send(Message::refused("The window could not be opened", reason)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_the_same_to_a_new_window_and_to_one_that_is_there() {
        let service = View::Service("--odd name".into());
        assert_eq!(service.arguments(), ["--service", "--odd name"]);
        assert_eq!(service.action(), Some(("service", vec!["--odd name".into()])));
        assert_eq!(View::Page("stream".into()).arguments(), ["--page", "stream"]);
        assert_eq!(View::Toggled.action(), Some(("toggle", vec![])));
        assert_eq!((View::AsLeft.action(), View::AsLeft.arguments()), (None, vec![]));
    }
}
