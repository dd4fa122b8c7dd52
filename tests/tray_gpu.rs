//! What the tray icon tells of GPUs: a line in menu and tooltip, trouble by its shape, and messages about them.

#![expect(clippy::expect_used, reason = "tests")]

#[path = "tray/scene.rs"]
#[allow(dead_code, reason = "the others use the rest of it")]
mod scene;
#[path = "tray/stand_ins.rs"]
#[allow(dead_code, reason = "tests/tray.rs uses the rest of it")]
mod stand_ins;
mod support;

use std::time::Duration;

use scene::Scene;
use serde_json::Value;
use support::nvml::{probes, still};
use support::{Boot, DEADLINE, wait_until};

const UNITS: &[&str] = &["dbus-system", "polkitd", "desktop-controld", "dbus-session", "x-server"];
const SETTINGS: &str = "/home/user/.config/desktop-control/settings.toml";

/// A session with these GPUs, in which these messages about them are wanted.
fn begin(script: &Value, wanted: &str) -> Scene {
    let boot = Boot { units: UNITS, ..Boot::default() }.and_gpus_of(&script.to_string());
    let stack = boot.start();
    stack.write(SETTINGS, &format!("[notifications.gpu]\n{wanted}\n"));
    stack.shell("chown -R user: /home/user/.config");
    Scene::of(stack)
}

/// Somebody opens the menu.
fn open_menu(scene: &Scene) {
    let asked = scene.bus.call(&scene.item().name, "/MenuBar", "com.canonical.dbusmenu", "AboutToShow", &0_i32);
    asked.expect("a menu");
}

fn wait_for_line(scene: &Scene, line: &str) {
    let what = || format!("{line:?} is in the menu: {:?}", scene.item().labels());
    wait_until(DEADLINE, what, || scene.item().labels().iter().any(|label| label == line).then_some(()));
}

#[test]
fn who_opens_the_menu_reads_what_the_gpu_does_and_nobody_looks_otherwise() {
    let scene = begin(&still("one-consumer"), "lost = false\nthrottled = false\nmemory-percent = 0");
    wait_for_line(&scene, "RTX 4090");
    wait_until(DEADLINE, || "nobody looks".into(), || (probes(&scene.stack) == 0).then_some(()));
    open_menu(&scene);
    wait_for_line(&scene, "RTX 4090 · 31 % · 41 °C");
    assert!(scene.item().tooltip().1.contains("RTX 4090 · 31 % · 41 °C"), "{:?}", scene.item().tooltip());
    // What is old is not told as if it were so now.
    wait_for_line(&scene, "RTX 4090");
    wait_until(DEADLINE, || "nobody looks any more".into(), || (probes(&scene.stack) == 0).then_some(()));
    scene.stack.write(SETTINGS, "[notifications.gpu]\nmemory-percent = 95\n");
    wait_until(DEADLINE, || "it is looked for a message".into(), || (probes(&scene.stack) == 1).then_some(()));
}

#[test]
fn many_gpus_are_one_line_in_the_menu() {
    let scene = begin(&still("eight"), "lost = false");
    wait_for_line(&scene, "8 GPUs");
    open_menu(&scene);
    wait_for_line(&scene, "8 GPUs · 31 to 38 % · 48 °C at most");
    assert!(scene.item().tooltip().1.contains("GPU 7: H200 · 38 % · 48 °C"), "{:?}", scene.item().tooltip());
}

#[test]
fn a_lost_gpu_is_one_critical_message_and_shows_in_the_icon() {
    let mut script = still("lost");
    script["gpus"][1]["lost_from"] = 3.into();
    let scene = begin(&script, "throttled = true");
    let notifications = scene.notifications();
    let what = || format!("it is told: {:?}", notifications.shown.all());
    let message = wait_until(DEADLINE, what, || notifications.shown.all().first().cloned());
    assert_eq!((message.summary.as_str(), message.urgency), ("GPU 1: RTX 4090 is lost", 2));
    assert!(message.body.contains("Restart the instance"), "{message:?}");
    scene.wait_for_summary("1 thing needs attention");
    assert!(scene.item().text("IconName").contains("-attention-"));
    wait_for_line(&scene, "GPU 1: RTX 4090 is lost");
    std::thread::sleep(Duration::from_secs(25));
    assert_eq!(notifications.shown.all().len(), 1, "once, whatever is looked at: {:?}", notifications.shown.all());
}

#[test]
fn memory_is_told_from_the_threshold_on() {
    let mut script = still("one-consumer");
    script["gpus"][0]["memory_used"] = 24_500_000_000_u64.into();
    let scene = begin(&script, "memory-percent = 95");
    let notifications = scene.notifications();
    let what = || format!("it is told: {:?}", notifications.shown.all());
    let message = wait_until(2 * DEADLINE, what, || notifications.shown.all().first().cloned());
    assert_eq!((message.summary.as_str(), message.urgency), ("The memory of RTX 4090 is nearly full", 1));
    assert!(message.body.starts_with("95 % is used."), "{message:?}");
    scene.stack.write(SETTINGS, "[notifications.gpu]\nmemory-percent = 0\n");
    let closed = || (!notifications.closed.all().is_empty()).then_some(());
    wait_until(DEADLINE, || "who does not want to hear it has it taken back".into(), closed);
}
