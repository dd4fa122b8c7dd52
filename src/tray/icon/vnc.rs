//! Turning VNC on and off from the menu.

use tracing::warn;

use super::super::message::Message;
use super::super::model::Action;
use super::{Event, Icon};
use crate::api;
use crate::client::{Error, VncChange};

impl Icon {
    /// Asks the daemon, and shows that it has been asked.
    pub(super) fn turn_vnc(&mut self, on: bool, force: bool) {
        let Some(client) = self.client.clone() else {
            let why = self.known.away.clone().unwrap_or_default();
            return self.not_turned(on, &why);
        };
        self.known.asked_vnc = true;
        self.on_change();
        let events = self.events.clone();
        tokio::spawn(async move {
            let answer = client.change_vnc(&VncChange::Enabled(on), force).await;
            drop(events.send(Event::AskedVnc { on, force, answer }));
        });
    }

    /// The daemon has answered. What it has granted shows by itself.
    pub(super) fn on_vnc_answer(&mut self, on: bool, force: bool, answer: Result<Option<u64>, Error>) {
        self.known.asked_vnc = false;
        match answer {
            Ok(_) => {}
            Err(Error::Refused(api::Error::LastWayIn(why))) if !force => self.answer(unlocked(on, &why)),
            Err(error) => self.not_turned(on, &error.to_string()),
        }
        self.on_change();
    }

    fn not_turned(&self, on: bool, why: &str) {
        warn!(on, why, "VNC stays as it is");
        let summary = if on { "VNC could not be turned on" } else { "VNC could not be turned off" };
        self.answer(Message { click: page(), ..Message::refused(summary, why) });
    }
}

fn page() -> Action {
    Action::OpenPage("remote".into())
}

/// It was refused, since it would lock somebody out: says whom, and lets the person insist.
fn unlocked(on: bool, why: &str) -> Message {
    let buttons = vec![("Turn off anyway", Action::Vnc { on, force: true })];
    Message { click: page(), buttons, ..Message::refused("VNC is still on", why) }
}
