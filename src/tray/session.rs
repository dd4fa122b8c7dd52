//! The desktop session's bus: joining it, being the only tray icon on it, and what comes over it.

use std::time::Duration;

use futures_util::StreamExt;
use tracing::{info, warn};
use zbus::fdo::{DBusProxy, RequestNameFlags, RequestNameReply};
use zbus::message::{Message, Type};
use zbus::proxy::CacheProperties;
use zbus::{Connection, MatchRule, MessageStream};

use super::retry::Retry;

/// Who owns this name is the tray icon of the session.
const NAME: &str = "io.github.desktop_control.Tray";
/// Carries the tray icons of a desktop.
pub(super) const WATCHER: &str = "org.kde.StatusNotifierWatcher";
/// Shows notifications.
pub(super) const NOTIFICATIONS: &str = "org.freedesktop.Notifications";
const BUS: &str = "org.freedesktop.DBus";
/// Whoever changes Plasma's settings tells of it in this name. So old a way that nobody owns it.
const PLASMA: &str = "org.kde.KGlobalSettings";
const PLASMA_PATH: &str = "/KGlobalSettings";
/// What of them has changed, by its number there: the colours.
const PALETTE: i32 = 0;

/// How long the bus may take to let us in.
const JOIN_LIMIT: Duration = Duration::from_secs(10);
/// How often a bus that is not there yet is looked for.
const RETRY_FIRST: Duration = Duration::from_millis(200);
const RETRY_LAST: Duration = Duration::from_secs(10);

/// What comes over the bus.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    /// Another instance has taken over.
    Replaced,
    /// Somebody carries tray icons now, for the first time or after another one.
    Watcher,
    /// Who shows notifications is another one, or nobody.
    Notifier {
        /// Somebody does.
        is_there: bool,
    },
    /// The desktop's colours are others now.
    Colours,
    /// A notification has been clicked: its number, and which of its actions.
    Clicked(u32, String),
    /// A notification is no longer shown: its number, and why.
    Closed(u32, u32),
}

/// Our place on the bus.
#[derive(Debug)]
pub(super) struct Session {
    /// For calls.
    pub(super) connection: Connection,
    messages: MessageStream,
}

impl Session {
    /// Waits until there is a bus, and becomes the tray icon on it; none if another program does not let us.
    pub(super) async fn join() -> Option<Self> {
        let mut retry = Retry::between(RETRY_FIRST, RETRY_LAST);
        let mut told = false;
        loop {
            let reason = match tokio::time::timeout(JOIN_LIMIT, Self::try_to_join()).await {
                Ok(Ok(joined)) => return joined,
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("no answer within {} s", JOIN_LIMIT.as_secs()),
            };
            if !std::mem::replace(&mut told, true) {
                info!(reason, "waiting for the session bus");
            }
            retry.wait().await;
        }
    }

    async fn try_to_join() -> zbus::Result<Option<Self>> {
        let connection = zbus::connection::Builder::session()?.build().await?;
        // Before anything can be missed.
        let messages = MessageStream::from(&connection);
        let bus = DBusProxy::builder(&connection).cache_properties(CacheProperties::No).build().await?;
        for rule in rules()? {
            bus.add_match_rule(rule).await?;
        }
        // Not by the connection's own method: that follows the name in tasks of its own.
        let flags = RequestNameFlags::AllowReplacement | RequestNameFlags::ReplaceExisting;
        let reply = bus.request_name(NAME.try_into()?, flags | RequestNameFlags::DoNotQueue).await?;
        let is_ours = matches!(reply, RequestNameReply::PrimaryOwner | RequestNameReply::AlreadyOwner);
        if !is_ours {
            warn!(name = NAME, %reply, "another program owns the tray icon's name and does not give it up");
        }
        Ok(is_ours.then_some(Self { connection, messages }))
    }

    /// What comes next; none when the bus has ended.
    pub(super) async fn next(&mut self) -> Option<News> {
        loop {
            let message = self.messages.next().await?.ok()?;
            if let Some(news) = read(&message) {
                return Some(news);
            }
        }
    }
}

/// What is asked of the bus. That somebody takes our name it tells unasked.
fn rules() -> zbus::Result<Vec<MatchRule<'static>>> {
    let owner = |name| {
        let rule = MatchRule::builder().msg_type(Type::Signal).sender(BUS)?.interface(BUS)?;
        Ok(rule.member("NameOwnerChanged")?.add_arg(name)?.build())
    };
    let signal = |member| {
        let rule = MatchRule::builder().msg_type(Type::Signal).sender(NOTIFICATIONS)?.interface(NOTIFICATIONS)?;
        Ok(rule.member(member)?.build())
    };
    let plasma = MatchRule::builder().msg_type(Type::Signal).path(PLASMA_PATH)?.interface(PLASMA)?;
    let plasma = Ok(plasma.member("notifyChange")?.build());
    let notifications = [signal("ActionInvoked"), signal("NotificationClosed")];
    [owner(WATCHER), owner(NOTIFICATIONS), plasma].into_iter().chain(notifications).collect()
}

fn read(message: &Message) -> Option<News> {
    let header = message.header();
    if header.message_type() != Type::Signal {
        return None;
    }
    let body = message.body();
    match (header.interface()?.as_str(), header.member()?.as_str()) {
        (BUS, "NameLost") => body.deserialize::<&str>().ok().filter(|name| *name == NAME).map(|_| News::Replaced),
        (BUS, "NameOwnerChanged") => {
            let (name, _, owner): (&str, &str, &str) = body.deserialize().ok()?;
            match name {
                NOTIFICATIONS => Some(News::Notifier { is_there: !owner.is_empty() }),
                WATCHER => (!owner.is_empty()).then_some(News::Watcher),
                _ => None,
            }
        }
        (NOTIFICATIONS, "ActionInvoked") => body.deserialize().ok().map(|(id, key)| News::Clicked(id, key)),
        (NOTIFICATIONS, "NotificationClosed") => body.deserialize().ok().map(|(id, why)| News::Closed(id, why)),
        (PLASMA, "notifyChange") => {
            let (what, _): (i32, i32) = body.deserialize().ok()?;
            (what == PALETTE).then_some(News::Colours)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signal(interface: &str, member: &str, body: &(impl serde::Serialize + zbus::zvariant::DynamicType)) -> Message {
        Message::signal("/x", interface, member).unwrap().build(body).unwrap()
    }

    #[test]
    fn the_bus_tells_who_takes_over_and_who_appears() {
        assert_eq!(read(&signal(BUS, "NameLost", &NAME)), Some(News::Replaced));
        assert_eq!(read(&signal(BUS, "NameLost", &"another.name")), None);
        let owner = |name: &str, owner: &str| read(&signal(BUS, "NameOwnerChanged", &(name, "", owner)));
        assert_eq!(owner(WATCHER, ":1.2"), Some(News::Watcher));
        assert_eq!(owner(WATCHER, ""), None);
        assert_eq!(owner(NOTIFICATIONS, ""), Some(News::Notifier { is_there: false }));
        assert_eq!(owner("another.name", ":1.2"), None);
    }

    #[test]
    fn of_plasmas_settings_only_the_colours_matter() {
        assert_eq!(read(&signal(PLASMA, "notifyChange", &(0_i32, 0_i32))), Some(News::Colours));
        assert_eq!(read(&signal(PLASMA, "notifyChange", &(1_i32, 0_i32))), None);
        assert_eq!(read(&signal(PLASMA, "notifyChange", &"nonsense")), None);
    }

    #[test]
    fn what_happens_to_a_notification_is_read_and_nonsense_is_not() {
        let clicked = signal(NOTIFICATIONS, "ActionInvoked", &(7_u32, "open"));
        assert_eq!(read(&clicked), Some(News::Clicked(7, "open".into())));
        assert_eq!(read(&signal(NOTIFICATIONS, "NotificationClosed", &(7_u32, 2_u32))), Some(News::Closed(7, 2)));
        assert_eq!(read(&signal(NOTIFICATIONS, "ActionInvoked", &"nonsense")), None);
    }
}
