//! The switch of VNC in the menu of the tray icon, with the real x11vnc.

#![expect(clippy::expect_used, reason = "tests")]

#[path = "tray/scene.rs"]
mod scene;
#[path = "tray/stand_ins.rs"]
#[allow(dead_code, reason = "tests/tray.rs uses the rest of it")]
mod stand_ins;
mod support;

use scene::Scene;
use support::session_bus::MenuEntry;
use support::{Boot, DEADLINE, wait_until};

const UNITS: &[&str] = &["dbus-system", "polkitd", "desktop-controld", "dbus-session", "x-server", "x11vnc"];

/// The entry, and where it is so.
fn wait_until_switched(scene: &Scene, on: bool) -> MenuEntry {
    let entry = || scene.item().menu().into_iter().find(|entry| entry.label == "VNC");
    let so = || entry().filter(|entry| entry.enabled && entry.chosen == on);
    wait_until(DEADLINE, || format!("VNC is on: {on}; {:?}", entry()), so)
}

#[test]
fn the_menu_turns_vnc_off_and_on_and_asks_before_it_locks_somebody_out() {
    let scene = Scene::of(Boot { units: UNITS, ..Boot::default() }.start());
    let messages = scene.notifications();
    scene.stack.wait_for_health("x11vnc", "ok");
    wait_until_switched(&scene, true);
    // Here is no other way in.
    scene.item().choose("VNC");
    let message = wait_until(
        DEADLINE,
        || format!("one is asked: {:?}", messages.shown.all()),
        || messages.shown.all().into_iter().find(|message| message.summary == "VNC is still on"),
    );
    assert!(message.body.contains("last way into the desktop"), "{message:?}");
    assert_eq!(message.actions[2..], ["turn-off-anyway", "Turn off anyway"], "{message:?}");
    wait_until_switched(&scene, true);
    scene.press(1, "turn-off-anyway");
    wait_until_switched(&scene, false);
    scene.wait_for_summary("All is well");
    assert_eq!(scene.stack.service("x11vnc").expect("listed")["state"], "stopped");
    scene.item().choose("VNC");
    wait_until_switched(&scene, true);
    scene.stack.wait_for_health("x11vnc", "ok");
}
