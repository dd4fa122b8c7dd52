//! The icon on the session bus: a pure function of the model. A click only says what it asks for.

use std::future::pending;
use std::time::Duration;

use ksni::menu::{CheckmarkItem, RadioGroup, RadioItem, StandardItem, SubMenu};
use ksni::{Category, Handle, MenuItem, OfflineReason, ToolTip, Tray, TrayMethods};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{debug, info};
use zbus::Connection;
use zbus::proxy::{CacheProperties, MethodFlags};

use super::model::{Action, Entry, Status, TrayModel};
use super::retry::Retry;
use super::session::WATCHER;

/// The same in every session, or desktops forget where the user put the icon.
const ID: &str = "desktop-control";
/// What it is called where no tooltip is shown.
const TITLE: &str = "Desktop Control";

/// Being registered may have to wait for a desktop that is still starting.
const REGISTER_LIMIT: Duration = Duration::from_secs(30);
/// Everything else is a matter of milliseconds.
const CALL_LIMIT: Duration = Duration::from_secs(10);
/// By then whoever carries the icons lists ours, or never will.
const LISTED_WITHIN: Duration = Duration::from_secs(2);
/// Others than Plasma may list icons in a way that we do not understand.
const MOST_UNLISTED: u32 = 3;
/// How often it is tried again to be carried.
const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_LAST: Duration = Duration::from_secs(30);

/// The desktop has read its new colours by then.
const COLOURED_WITHIN: Duration = Duration::from_secs(1);

/// What the desktop tells, as far as the icon has to do something about it.
#[derive(Debug, Default)]
pub(super) struct Desktop {
    /// Somebody carries icons now.
    pub(super) watcher: Notify,
    /// The colours are others now.
    pub(super) colours: Notify,
}

/// Keeps the icon on the bus, whoever carries it and however often they change.
#[derive(Debug)]
pub(super) struct Publisher {
    /// What is to be seen.
    pub(super) models: watch::Receiver<TrayModel>,
    /// Where clicks go.
    pub(super) actions: UnboundedSender<Action>,
    /// To ask whether we are listed.
    pub(super) bus: Connection,
}

impl Publisher {
    /// Never ends.
    pub(super) async fn run(mut self, desktop: &Desktop) {
        let mut retry = Retry::between(RETRY_FIRST, RETRY_LAST);
        let mut unlisted = 0;
        let mut told = false;
        loop {
            let (lost, mut losses) = unbounded_channel();
            let model = self.models.borrow_and_update().clone();
            let item = Item { model, actions: self.actions.clone(), lost, coloured: false };
            let reason = match timeout(REGISTER_LIMIT, item.assume_sni_available(true).spawn()).await {
                Ok(Ok(handle)) => {
                    let reason = self.keep(&handle, &mut losses, desktop, &mut retry, &mut unlisted).await;
                    // It is asked to end in any case; whether it can say so now is another matter.
                    drop(timeout(CALL_LIMIT, handle.shutdown()).await);
                    reason
                }
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("no answer within {} s", REGISTER_LIMIT.as_secs()),
            };
            if std::mem::replace(&mut told, true) {
                debug!(reason, "the icon has to be registered again");
            } else {
                info!(reason, "the icon has to be registered again");
            }
            retry.wait().await;
        }
    }

    /// Shows each new model, until the icon has to be registered anew; why it has to.
    async fn keep(
        &mut self,
        handle: &Handle<Item>,
        losses: &mut UnboundedReceiver<String>,
        desktop: &Desktop,
        retry: &mut Retry,
        unlisted: &mut u32,
    ) -> String {
        let mut check_at = Some(Instant::now() + LISTED_WITHIN);
        let mut colour_at = None;
        loop {
            let (check, colour) = (until(check_at), until(colour_at));
            tokio::select! {
                Some(reason) = losses.recv() => return reason,
                changed = self.models.changed() => {
                    if changed.is_err() {
                        return pending().await;
                    }
                    let model = self.models.borrow_and_update().clone();
                    if let Err(reason) = update(handle, |item| item.model = model).await {
                        return reason;
                    }
                }
                () = desktop.colours.notified() => colour_at = Some(Instant::now() + COLOURED_WITHIN),
                () = colour => {
                    colour_at = None;
                    if let Err(reason) = update(handle, |item| item.coloured ^= true).await {
                        return reason;
                    }
                }
                () = desktop.watcher.notified() => {
                    *unlisted = 0;
                    check_at = Some(Instant::now() + LISTED_WITHIN);
                }
                () = check => {
                    check_at = None;
                    match is_listed(&self.bus).await {
                        Some(false) if *unlisted < MOST_UNLISTED => {
                            *unlisted += 1;
                            return "it is not listed".into();
                        }
                        _ => retry.reset(),
                    }
                }
            }
        }
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => pending().await,
    }
}

/// Changes what is served; the error says why it has to be registered anew.
async fn update(handle: &Handle<Item>, change: impl FnOnce(&mut Item)) -> Result<(), String> {
    match timeout(CALL_LIMIT, handle.update(change)).await {
        Ok(Some(())) => Ok(()),
        Ok(None) => Err("it is no longer served".into()),
        Err(_) => Err("whoever carries it does not answer".into()),
    }
}

/// Whether whoever carries the icons knows ours: one that appears while we register may not. None if nobody does.
async fn is_listed(bus: &Connection) -> Option<bool> {
    let ask = async {
        let builder = zbus::proxy::Builder::<zbus::Proxy<'_>>::new(bus).destination(WATCHER)?;
        let builder = builder.path("/StatusNotifierWatcher")?.interface("org.freedesktop.DBus.Properties")?;
        let properties = builder.cache_properties(CacheProperties::No).build().await?;
        let question = (WATCHER, "RegisteredStatusNotifierItems");
        let answer: Option<zbus::zvariant::OwnedValue> =
            properties.call_with_flags("Get", MethodFlags::NoAutoStart.into(), &question).await?;
        zbus::Result::Ok(answer.and_then(|items| Vec::<String>::try_from(items).ok()).unwrap_or_default())
    };
    let ours = format!("StatusNotifierItem-{}-", std::process::id());
    match timeout(CALL_LIMIT, ask).await {
        Ok(Ok(items)) => Some(items.iter().any(|item| item.contains(&ours))),
        Ok(Err(zbus::Error::MethodError(name, ..))) if name.ends_with(".UnknownObject") => Some(false),
        _ => None,
    }
}

/// What ksni serves.
#[derive(Debug)]
struct Item {
    model: TrayModel,
    actions: UnboundedSender<Action>,
    /// Takes the reason why it has to be registered anew.
    lost: UnboundedSender<String>,
    /// Flipped with each change of the desktop's colours.
    coloured: bool,
}

impl Item {
    fn ask_for(&self, action: Action) {
        // Nobody is left to act only while the program ends.
        drop(self.actions.send(action));
    }
}

impl Tray for Item {
    fn id(&self) -> String {
        ID.into()
    }

    fn title(&self) -> String {
        TITLE.into()
    }

    fn category(&self) -> Category {
        Category::SystemServices
    }

    fn status(&self) -> ksni::Status {
        match self.model.status {
            Status::Passive => ksni::Status::Passive,
            Status::Active => ksni::Status::Active,
            Status::NeedsAttention => ksni::Status::NeedsAttention,
        }
    }

    fn icon_name(&self) -> String {
        self.model.icon.into()
    }

    /// Plasma draws the icon anew, in its colours of now, when it hears that one of its icons is another one. So this
    /// one changes with them, while it is not to be seen.
    fn attention_icon_name(&self) -> String {
        let is_seen = self.model.status == Status::NeedsAttention;
        if is_seen || !self.coloured { self.model.icon.into() } else { String::new() }
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip {
            icon_name: self.model.icon.into(),
            title: without_markup(&self.model.summary),
            description: without_markup(&self.model.details),
            ..ToolTip::default()
        }
    }

    fn activate(&mut self, _x: i32, _y: i32) {
        self.ask_for(Action::ToggleWindow);
    }

    fn secondary_activate(&mut self, _x: i32, _y: i32) {
        self.ask_for(Action::CopyLink);
    }

    fn menu_about_to_show(&mut self) {
        self.ask_for(Action::LookAtGpus);
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        self.model.menu.iter().map(menu_item).collect()
    }

    fn watcher_offline(&self, reason: OfflineReason) -> bool {
        match reason {
            // ksni waits for the next one.
            OfflineReason::No | OfflineReason::Error(ksni::Error::Watcher(zbus::fdo::Error::ServiceUnknown(_))) => {}
            OfflineReason::Error(error) => drop(self.lost.send(error.to_string())),
            _ => drop(self.lost.send("its carrier is offline".into())),
        }
        true
    }
}

fn menu_item(entry: &Entry) -> MenuItem<Item> {
    match entry {
        Entry::Separator => MenuItem::Separator,
        Entry::Button { label, icon, enabled, action } => {
            let action = action.clone();
            StandardItem {
                label: literally(label),
                icon_name: (*icon).into(),
                enabled: *enabled,
                activate: Box::new(move |item: &mut Item| item.ask_for(action.clone())),
                ..StandardItem::default()
            }
            .into()
        }
        Entry::Switch { label, on, enabled, action } => {
            let action = action.clone();
            CheckmarkItem {
                label: literally(label),
                checked: *on,
                enabled: *enabled,
                activate: Box::new(move |item: &mut Item| item.ask_for(action.clone())),
                ..CheckmarkItem::default()
            }
            .into()
        }
        Entry::Submenu { label, entries } => {
            SubMenu { label: literally(label), submenu: entries.iter().map(menu_item).collect(), ..SubMenu::default() }
                .into()
        }
        Entry::Choices { chosen, choices, enabled } => {
            let item = |(label, _): &(String, Action)| RadioItem {
                label: literally(label),
                enabled: *enabled,
                ..RadioItem::default()
            };
            let actions: Vec<Action> = choices.iter().map(|(_, action)| action.clone()).collect();
            RadioGroup {
                selected: *chosen,
                options: choices.iter().map(item).collect(),
                select: Box::new(move |item: &mut Item, at| {
                    actions.get(at).into_iter().for_each(|action| item.ask_for(action.clone()));
                }),
            }
            .into()
        }
    }
}

/// In a menu, an underscore marks the key that follows it, unless it is doubled.
fn literally(text: &str) -> String {
    text.replace('_', "__")
}

/// Some desktops read tooltips as markup and some do not, so there is none, nor what could be mistaken for it.
fn without_markup(text: &str) -> String {
    text.replace('<', "‹").replace('>', "›")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{ServiceFacts, Snapshot};
    use crate::tray::model::Known;

    fn item(services: Vec<ServiceFacts>) -> (Item, UnboundedReceiver<Action>, UnboundedReceiver<String>) {
        let snapshot = Snapshot { services, ..Snapshot::default() };
        let known = Known { snapshot: Some(snapshot), alert: true, ..Known::default() };
        let (actions, clicks) = unbounded_channel();
        let (lost, losses) = unbounded_channel();
        (Item { model: TrayModel::of(&known), actions, lost, coloured: false }, clicks, losses)
    }

    fn broken(label: &str) -> ServiceFacts {
        ServiceFacts { name: "x".into(), label: label.into(), health: "failing".into(), ..ServiceFacts::default() }
    }

    #[test]
    fn every_entry_asks_for_its_action_and_for_nothing_else() {
        let (mut item, mut clicks, _losses) = item(vec![broken("many_777")]);
        let menu = item.menu();
        let MenuItem::Standard(trouble) = &menu[1] else { panic!("an entry") };
        assert_eq!(trouble.label, "many__777 does not work");
        (trouble.activate)(&mut item);
        assert_eq!(clicks.try_recv(), Ok(Action::OpenService("x".into())));
        let MenuItem::Standard(summary) = &menu[0] else { panic!("an entry") };
        (summary.activate)(&mut item);
        assert_eq!(clicks.try_recv(), Ok(Action::OpenPage("overview".into())));
        assert!(clicks.try_recv().is_err());
        item.activate(0, 0);
        item.secondary_activate(0, 0);
        assert_eq!((clicks.try_recv(), clicks.try_recv()), (Ok(Action::ToggleWindow), Ok(Action::CopyLink)));
    }

    #[test]
    fn what_needs_attention_says_so_by_its_shape_too() {
        let (item, ..) = item(vec![broken("<b>x</b>")]);
        assert_eq!(item.status(), ksni::Status::NeedsAttention);
        assert!(item.icon_name().contains("-attention-") && item.attention_icon_name() == item.icon_name());
        assert_eq!(item.tool_tip().description, "‹b›x‹/b› does not work");
        assert_eq!((item.id(), item.title()), ("desktop-control".into(), "Desktop Control".into()));
    }

    #[test]
    fn new_colours_change_what_is_not_seen() {
        let (mut item, ..) = item(vec![]);
        let (icon, unseen) = (item.icon_name(), item.attention_icon_name());
        item.coloured = true;
        assert!(item.icon_name() == icon && item.attention_icon_name() != unseen);
        item.model.status = Status::NeedsAttention;
        assert_eq!(item.attention_icon_name(), icon, "now it is seen");
    }

    #[test]
    fn an_absent_carrier_is_waited_for_and_a_broken_one_is_asked_again() {
        let (item, _clicks, mut losses) = item(vec![]);
        let absent = ksni::Error::Watcher(zbus::fdo::Error::ServiceUnknown("nobody".into()));
        assert!(item.watcher_offline(OfflineReason::No) && item.watcher_offline(OfflineReason::Error(absent)));
        assert!(losses.try_recv().is_err());
        let hollow = ksni::Error::Watcher(zbus::fdo::Error::UnknownObject("not yet".into()));
        assert!(item.watcher_offline(OfflineReason::Error(hollow)));
        assert!(losses.try_recv().is_ok());
    }
}
