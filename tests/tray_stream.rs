//! What the tray icon does about the stream's settings: the presets in its menu, the question whether to keep a change,
//! and how a change ended. The stream is a small program behind the real wrapper, which nobody looks at.

#![expect(clippy::expect_used, reason = "tests")]

#[path = "tray/scene.rs"]
mod scene;
#[path = "tray/stand_ins.rs"]
#[allow(dead_code, reason = "tests/tray.rs uses the rest of it")]
mod stand_ins;
mod support;

use scene::Scene;
use serde_json::Value;
use stand_ins::{Notifications, Shown};
use support::session_bus::MenuEntry;
use support::{DEADLINE, Stack, code, stream_stand_in, text, wait_until};

const UNITS: &[&str] = &["dbus-system", "polkitd", "desktop-controld", "dbus-session", "x-server", "selkies"];

fn begin() -> Scene {
    let scene = Scene::of(stream_stand_in::start(stream_stand_in::boot(UNITS, stream_stand_in::WRAPPER)));
    wait_until(DEADLINE, || "the presets are known".into(), || presets(&scene).map(drop));
    scene
}

/// The entries of the submenu.
fn presets(scene: &Scene) -> Option<Vec<MenuEntry>> {
    let quality = scene.item().menu().into_iter().find(|entry| entry.label == "Stream quality")?;
    Some(quality.entries).filter(|entries| !entries.is_empty())
}

/// The preset that holds.
fn chosen(scene: &Scene) -> Option<String> {
    presets(scene)?.into_iter().find(|entry| entry.chosen).map(|entry| entry.label)
}

/// What is shown from now on.
struct Messages {
    all: Notifications,
    /// So many of them are old.
    read: usize,
}

impl Messages {
    /// The next one of this summary, and its number.
    fn next(&mut self, summary: &str) -> (u32, Shown) {
        let what = || format!("{summary:?} is told: {:?}", self.all.shown.all());
        let (at, message) = wait_until(DEADLINE, what, || {
            let all = self.all.shown.all();
            let at = self.read + all[self.read..].iter().position(|message| message.summary == summary)?;
            Some((at, all[at].clone()))
        });
        self.read = at + 1;
        let own = u32::try_from(at + 1).expect("few");
        (if message.replaces == 0 { own } else { message.replaces }, message)
    }
}

fn stage(stack: &Stack) -> Value {
    let stream: Value = serde_json::from_str(&stack.ctl_ok(&["--json", "stream"])).expect("JSON");
    stream["pending"]["stage"].clone()
}

fn wait_until_over(stack: &Stack) {
    wait_until(DEADLINE, || "no change is on trial".into(), || stage(stack).is_null().then_some(()));
}

#[test]
fn the_menu_switches_presets_and_each_answer_is_a_button_of_the_question() {
    let scene = begin();
    let mut messages = Messages { all: scene.notifications(), read: 0 };
    assert_eq!(chosen(&scene).as_deref(), Some("Balanced"));
    let labels: Vec<String> = presets(&scene).expect("known").into_iter().map(|entry| entry.label).collect();
    let five = ["Text and office", "Balanced", "Motion and 3D", "Slow link", "Best quality"];
    assert_eq!(labels[..5], five);

    scene.item().choose("Slow link");
    let (question, message) = messages.next("Keep the new stream settings?");
    assert_eq!(message.actions, ["default", "Open", "keep", "Keep", "go-back", "Go back"]);
    assert!(message.body.contains("Video bitrate: 8 Mbit/s → 1.5 Mbit/s"), "{message:?}");
    assert_eq!((message.urgency, message.transient), (2, false), "it stays until it is answered");
    assert_eq!(chosen(&scene).as_deref(), Some("Slow link"), "while it is tried");
    scene.press(question, "go-back");
    wait_until_over(&scene.stack);
    messages.next("The earlier stream settings are back");
    assert_eq!(chosen(&scene).as_deref(), Some("Balanced"));

    // Nobody looks at this stream, so keeping it is asked once more.
    scene.item().choose("Slow link");
    let (question, _) = messages.next("Keep the new stream settings?");
    scene.press(question, "keep");
    let (again, message) = messages.next("Nobody has seen the new stream settings working");
    assert!(message.body.contains("No viewer gets pictures"), "{message:?}");
    assert_eq!(stage(&scene.stack), "waiting");
    scene.press(again, "keep-anyway");
    wait_until_over(&scene.stack);
    messages.next("The new stream settings are kept");
    assert_eq!(chosen(&scene).as_deref(), Some("Slow link"));

    // A value of one's own is no preset's.
    scene.stack.ctl_ok(&["stream", "set", "framerate=33", "--keep"]);
    wait_until(DEADLINE, || "it is custom".into(), || (chosen(&scene).as_deref() == Some("Custom")).then_some(()));
}

#[test]
fn without_a_notification_server_the_menu_asks() {
    let scene = begin();
    scene.item().choose("Slow link");
    let asks = || scene.item().labels().contains(&"Keep the new stream settings".to_owned()).then_some(());
    wait_until(DEADLINE, || format!("the menu asks: {:?}", scene.item().labels()), asks);
    scene.item().choose("Go back to the earlier ones");
    wait_until_over(&scene.stack);
    assert_eq!(chosen(&scene).as_deref(), Some("Balanced"));
}

#[test]
fn what_the_stream_does_not_survive_is_told_with_the_reason() {
    let scene = begin();
    let mut messages = Messages { all: scene.notifications(), read: 0 };
    let output = scene.stack.ctl(&["stream", "set", "framerate=61", "--enforce"]);
    assert_eq!(code(&output), 8, "{}", text(&output));
    let (_, message) = messages.next("The earlier stream settings are back");
    assert!(message.body.contains("It ended at once with the new settings"), "{message:?}");
    scene.wait_for_summary("All is well");
}
