//! A session with our icon in it, and somebody who carries icons.

use std::process::{Child, Stdio};

use crate::stand_ins::{Notifications, Watcher};
use crate::support::session_bus::{SessionBus, TrayItem};
use crate::support::{DEADLINE, Stack, wait_until};

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
pub(crate) const NOTIFICATIONS: &str = "org.freedesktop.Notifications";

pub(crate) fn tray(stack: &Stack) -> Child {
    let mut command = stack.command_as("user", &["desktop-control-tray"]);
    command.stdout(Stdio::null()).spawn().expect("enter")
}

pub(crate) fn wait_for<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    wait_until(DEADLINE, || what.to_owned(), look)
}

/// A session, somebody who carries icons, and our icon.
pub(crate) struct Scene {
    pub(crate) stack: Stack,
    pub(crate) bus: SessionBus,
    pub(crate) watcher: Watcher,
    pub(crate) tray: Child,
}

impl Scene {
    pub(crate) fn of(stack: Stack) -> Self {
        let bus = SessionBus::join(&stack);
        let watcher = Watcher::default();
        bus.serve("/StatusNotifierWatcher", watcher.clone());
        bus.own(WATCHER);
        let tray = tray(&stack);
        let scene = Self { stack, bus, watcher, tray };
        scene.wait_for_summary("All is well");
        scene
    }

    pub(crate) fn item(&self) -> TrayItem<'_> {
        let name = wait_for("an icon is registered", || self.watcher.items.all().pop());
        TrayItem::listed(&self.bus, &name)
    }

    pub(crate) fn wait_for_summary(&self, summary: &str) {
        let item = self.item();
        let what = || format!("the icon says {summary:?}; it says {:?}", item.tooltip());
        wait_until(DEADLINE, what, || (item.tooltip().0 == summary).then_some(()));
    }

    /// Somebody shows notifications.
    pub(crate) fn notifications(&self) -> Notifications {
        let notifications = Notifications::default();
        self.bus.serve("/org/freedesktop/Notifications", notifications.clone());
        self.bus.own(NOTIFICATIONS);
        notifications
    }

    /// The button of a message is pressed.
    pub(crate) fn press(&self, message: u32, button: &str) {
        let pressed = (message, button);
        self.bus.signal("/org/freedesktop/Notifications", NOTIFICATIONS, "ActionInvoked", &pressed);
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // It ends with the stack, and is not left unburied.
        let _ = self.tray.kill();
        let _ = self.tray.wait();
    }
}
