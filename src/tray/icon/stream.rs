//! What is asked of the daemon about the settings of the stream.

use tracing::warn;

use super::super::message::{Message, Slot};
use super::super::model::Action;
use super::super::notices::Notice;
use super::super::notifier::Order;
use super::super::trial;
use super::{Event, Icon};
use crate::api;
use crate::client::{Change, Client, Error, Terms, unix_now};

/// What a click asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tray) enum Asked {
    /// The settings of the preset with this token.
    Preset(String),
    /// To keep the change of this number, also while nobody sees whether it works.
    Keep(u64, bool),
    /// To take it back.
    GoBack(u64),
}

impl Asked {
    async fn ask(&self, client: &Client) -> Result<(), Error> {
        match self {
            Self::Preset(name) => client.change_stream(&Change::Preset(name.clone()), Terms::default()).await.map(drop),
            Self::Keep(change, force) => client.keep(*change, *force).await,
            Self::GoBack(change) => client.revert(*change).await,
        }
    }

    fn failed(&self) -> &'static str {
        match self {
            Self::Preset(_) => "The stream’s settings could not be changed",
            Self::Keep(..) => "The new stream settings could not be kept",
            Self::GoBack(_) => "The earlier stream settings could not be brought back",
        }
    }
}

impl Icon {
    /// Asks the daemon, and shows that it has been asked.
    pub(super) fn ask_about_stream(&mut self, asked: Asked) {
        let Some(client) = self.client.clone() else {
            let why = self.known.away.clone().unwrap_or_default();
            return self.not_granted(&asked, &why);
        };
        self.known.asked_stream = true;
        self.on_change();
        let events = self.events.clone();
        tokio::spawn(async move {
            let answer = asked.ask(&client).await;
            drop(events.send(Event::AskedStream(asked, answer)));
        });
    }

    /// The daemon has answered. What it has granted shows by itself.
    pub(super) fn on_stream_answer(&mut self, asked: &Asked, answer: Result<(), Error>) {
        self.known.asked_stream = false;
        match (asked, answer) {
            (_, Ok(())) => {}
            (Asked::Keep(id, _), Err(Error::Refused(api::Error::LastWayIn(why)))) => {
                self.order(Order::Show(Slot::Trial, Box::new(trial::unseen(*id, &why))));
            }
            (asked, Err(error)) => self.not_granted(asked, &error.to_string()),
        }
        self.on_change();
    }

    fn not_granted(&self, asked: &Asked, why: &str) {
        warn!(?asked, why, "not granted");
        let click = Action::OpenPage("stream".into());
        self.answer(Message { click, ..Message::refused(asked.failed(), why) });
    }

    /// Asks the person, or tells how it ended, if that is due.
    pub(super) fn follow_trial(&mut self) {
        match self.trial.see(&self.known, unix_now()) {
            Some(Notice::Show(message)) => self.order(Order::Show(Slot::Trial, message)),
            Some(Notice::Close) => self.order(Order::Close(Slot::Trial)),
            None => {}
        }
    }
}
