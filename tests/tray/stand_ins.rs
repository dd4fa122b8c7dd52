//! What a desktop would offer, so that a test can see what it is asked for: somebody who carries icons, somebody who
//! shows notifications, and a window that is open.

#![expect(clippy::used_underscore_binding, reason = "the macro unpacks every argument, wanted or not")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use zbus::interface;
use zbus::zvariant::OwnedValue;

/// What has been asked for, seen by the test and by the object.
#[derive(Clone, Debug)]
pub(crate) struct Record<T>(Arc<Mutex<Vec<T>>>);

impl<T> Default for Record<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone> Record<T> {
    pub(crate) fn all(&self) -> Vec<T> {
        self.0.lock().expect("no panic").clone()
    }

    fn add(&self, entry: T) -> usize {
        let mut all = self.0.lock().expect("no panic");
        all.push(entry);
        all.len()
    }
}

/// Carries icons: `org.kde.StatusNotifierWatcher`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watcher {
    pub(crate) items: Record<String>,
}

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, service: String) {
        self.items.add(service);
    }

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.items.all().into_iter().map(|item| format!("{item}/StatusNotifierItem")).collect()
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }
}

/// A message as it was to be shown.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) replaces: u32,
    pub(crate) summary: String,
    pub(crate) body: String,
    pub(crate) actions: Vec<String>,
    pub(crate) urgency: u8,
    pub(crate) transient: bool,
    pub(crate) desktop_entry: String,
}

/// Shows notifications: `org.freedesktop.Notifications`. Its first message has the number 1, and so on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notifications {
    pub(crate) shown: Record<Shown>,
    pub(crate) closed: Record<u32>,
}

#[interface(name = "org.freedesktop.Notifications")]
impl Notifications {
    fn get_capabilities(&self) -> Vec<String> {
        ["body", "actions", "body-markup"].map(str::to_owned).to_vec()
    }

    #[expect(clippy::too_many_arguments, reason = "as the specification has it")]
    fn notify(
        &self,
        _app_name: String,
        replaces: u32,
        _icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        mut hints: HashMap<String, OwnedValue>,
        _timeout: i32,
    ) -> u32 {
        let mut hint = |name| hints.remove(name).expect(name);
        let urgency = hint("urgency").try_into().expect("a byte");
        let transient = hint("transient").try_into().expect("a boolean");
        let desktop_entry = hint("desktop-entry").try_into().expect("text");
        let shown = Shown { replaces, summary, body, actions, urgency, transient, desktop_entry };
        let count = self.shown.add(shown);
        if replaces == 0 { u32::try_from(count).expect("few") } else { replaces }
    }

    fn close_notification(&self, id: u32) {
        self.closed.add(id);
    }
}

/// A window that is open: `org.freedesktop.Application`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window {
    pub(crate) asked: Record<String>,
}

#[interface(name = "org.freedesktop.Application")]
impl Window {
    fn activate(&self, _platform: HashMap<String, OwnedValue>) {
        self.asked.add("activate".into());
    }

    fn activate_action(&self, name: String, parameters: Vec<OwnedValue>, _platform: HashMap<String, OwnedValue>) {
        let parameters = parameters.into_iter().map(|value| String::try_from(value).expect("text"));
        self.asked.add([name].into_iter().chain(parameters).collect::<Vec<_>>().join(" "));
    }
}
