//! Has the session's notification server show messages. Where there is none, nothing is lost but the message: the icon
//! and its menu tell the same.
//!
//! Over the session's one connection: clicks are told by some servers only to the connection that the message came
//! from.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::time::timeout;
use tracing::warn;
use zbus::Connection;
use zbus::zvariant::Value;

use super::message::{Message, Slot};
use super::model::Action;
use super::session::{NOTIFICATIONS, News};

/// As whom we show something.
const NAME: &str = "Desktop Control";
/// Where every server serves.
const PATH: &str = "/org/freedesktop/Notifications";
/// The bus may have to start the server first.
const CALL_LIMIT: Duration = Duration::from_secs(25);
/// The action of a click on the message itself.
const CLICK: &str = "default";
/// "It expired": it is out of sight, but may lie in a history.
const EXPIRED: u32 = 1;

/// What is to be done.
#[derive(Debug)]
pub(super) enum Order {
    /// Show this, in place of what the slot shows.
    Show(Slot, Box<Message>),
    /// Take away what the slot shows.
    Close(Slot),
    /// This has come over the bus.
    Heard(News),
}

/// Shows one message per slot.
#[derive(Debug)]
pub(super) struct Notifier {
    bus: Connection,
    /// Where clicks go.
    actions: UnboundedSender<Action>,
    /// What the server offers; none while nobody has been asked.
    capabilities: Option<Vec<String>>,
    shown: BTreeMap<Slot, Shown>,
    /// What is still so, for a server that comes later.
    waiting: BTreeMap<Slot, Message>,
    /// That nobody shows messages has been said.
    complained: bool,
}

/// A message that the server knows.
#[derive(Debug)]
struct Shown {
    id: u32,
    message: Message,
    /// It is out of sight, and Plasma would keep out of sight what replaces it.
    expired: bool,
}

impl Notifier {
    pub(super) fn new(bus: Connection, actions: UnboundedSender<Action>) -> Self {
        Self { bus, actions, capabilities: None, shown: BTreeMap::new(), waiting: BTreeMap::new(), complained: false }
    }

    /// Carries out orders for as long as there can be any.
    pub(super) async fn run(mut self, mut orders: UnboundedReceiver<Order>) {
        while let Some(order) = orders.recv().await {
            match order {
                Order::Show(slot, message) => self.show(slot, *message).await,
                Order::Close(slot) => self.close(slot).await,
                Order::Heard(news) => self.hear(news).await,
            }
        }
    }

    async fn show(&mut self, slot: Slot, message: Message) {
        self.waiting.remove(&slot);
        if self.shown.get(&slot).is_some_and(|shown| shown.expired) {
            self.close(slot).await;
        }
        let shown = match timeout(CALL_LIMIT, self.notify(slot, &message)).await {
            Ok(Ok(id)) => Ok(id),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} s", CALL_LIMIT.as_secs())),
        };
        match shown {
            Ok(id) => {
                self.shown.insert(slot, Shown { id, message, expired: false });
                self.complained = false;
            }
            Err(reason) => {
                if !std::mem::replace(&mut self.complained, true) {
                    warn!(reason, "nobody shows notifications; the icon's menu tells the same");
                }
                if slot.lasts() && !message.transient {
                    self.waiting.insert(slot, message);
                } else if !message.transient {
                    warn!(summary = message.summary, body = message.body, "could not be shown");
                }
            }
        }
    }

    async fn notify(&mut self, slot: Slot, message: &Message) -> zbus::Result<u32> {
        if self.capabilities.is_none() {
            self.capabilities = Some(self.call("GetCapabilities", &()).await?.body().deserialize()?);
        }
        let offers = |what| self.capabilities.iter().flatten().any(|offered| offered == what);
        let body = if offers("body-markup") { escaped(&message.body) } else { message.body.clone() };
        let keys: Vec<String> = message.buttons.iter().map(|(label, _)| key(label)).collect();
        let mut actions = Vec::new();
        if offers("actions") {
            actions.extend([CLICK, "Open"]);
            actions.extend(message.buttons.iter().zip(&keys).flat_map(|((label, _), key)| [key.as_str(), *label]));
        }
        let hints = HashMap::from([
            ("desktop-entry", Value::from(crate::api::APP_ID)),
            ("urgency", Value::from(message.urgency.level())),
            ("transient", Value::from(message.transient)),
        ]);
        let replaced = self.shown.get(&slot).map_or(0, |shown| shown.id);
        let arguments = (NAME, replaced, message.icon, message.summary.as_str(), body, actions, hints, -1_i32);
        self.call("Notify", &arguments).await?.body().deserialize()
    }

    async fn close(&mut self, slot: Slot) {
        self.waiting.remove(&slot);
        if let Some(Shown { id, .. }) = self.shown.remove(&slot) {
            // What has been closed already is an error for some servers, and none for us.
            drop(timeout(CALL_LIMIT, self.call("CloseNotification", &id)).await);
        }
    }

    async fn hear(&mut self, news: News) {
        match news {
            News::Notifier { is_there } => {
                // Another server has other numbers.
                self.shown.clear();
                self.capabilities = None;
                let waiting = if is_there { std::mem::take(&mut self.waiting) } else { BTreeMap::new() };
                for (slot, message) in waiting {
                    self.show(slot, message).await;
                }
            }
            News::Clicked(id, action) => {
                let message = self.shown.values().find(|shown| shown.id == id).map(|shown| &shown.message);
                if let Some(action) = message.and_then(|message| asked_for(message, &action)) {
                    drop(self.actions.send(action));
                }
            }
            News::Closed(id, EXPIRED) => {
                self.shown.values_mut().filter(|shown| shown.id == id).for_each(|shown| shown.expired = true);
            }
            News::Closed(id, _) => self.shown.retain(|_, shown| shown.id != id),
            News::Replaced | News::Watcher | News::Colours => {}
        }
    }

    async fn call<B>(&self, method: &str, body: &B) -> zbus::Result<zbus::Message>
    where
        B: serde::Serialize + zbus::zvariant::DynamicType,
    {
        self.bus.call_method(Some(NOTIFICATIONS), PATH, Some(NOTIFICATIONS), method, body).await
    }
}

/// What a click with this key asks for.
fn asked_for(message: &Message, clicked: &str) -> Option<Action> {
    if clicked == CLICK {
        return Some(message.click.clone());
    }
    message.buttons.iter().find(|(label, _)| key(label) == clicked).map(|(_, action)| action.clone())
}

fn key(label: &str) -> String {
    label.to_lowercase().replace(' ', "-")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clicks_and_buttons_ask_for_their_action() {
        let buttons = vec![("Open", Action::OpenWindow), ("Restart", Action::Restart("x".into()))];
        let message = Message { buttons, click: Action::ToggleWindow, ..Message::done("", "") };
        assert_eq!(asked_for(&message, "default"), Some(Action::ToggleWindow));
        assert_eq!(asked_for(&message, "restart"), Some(Action::Restart("x".into())));
        assert_eq!(asked_for(&message, "of-another-program"), None);
    }

    #[test]
    fn what_services_say_is_no_markup() {
        assert_eq!(escaped("<img src='x'> & co"), "&lt;img src='x'&gt; &amp; co");
    }
}
