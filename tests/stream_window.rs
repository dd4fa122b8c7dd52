//! The window's page of the stream, and the bar while other settings are tried, with the real Selkies and a browser in
//! front of it.

mod support;

use support::stream::{configured, viewer};
use support::window::Window;
use support::{Boot, DEADLINE, shared, wait_until};

/// What the bar asks.
const QUESTION: &str = "Keep these settings?";
const KEEP: &str = "Keep the new settings";

/// The page, where nothing of ours is set.
fn open() -> Window {
    let stack = shared(Boot::default);
    stack.reset_stream();
    let mut window = Window::open(stack, &["--page", "stream"]);
    window.seen.find("", "Frames a second");
    window
}

fn wait_until_over(window: &mut Window) {
    window.seen.wait_until_gone("label", QUESTION);
    window.stack.wait_for_health("selkies", "ok");
}

fn wait_for_label(window: &mut Window, what: &str, wanted: impl Fn(&str) -> bool) {
    let mut look = || window.seen.tree().iter().any(|node| node.role == "label" && wanted(&node.name)).then_some(());
    wait_until(DEADLINE, || what.to_owned(), &mut look);
}

#[test]
fn tab_reaches_all_that_can_be_done_on_the_page() {
    let mut window = open();
    window.assert_that_tab_reaches_everything("Stream");
}

#[test]
fn what_is_collected_is_summed_up_applied_together_and_kept_by_a_click() {
    let mut window = open();
    let _viewer = viewer(&window.stack);
    window.seen.enter_text("spin button", "Frames a second", "30");
    window.seen.click("push button", "Frames a second holds for everyone");
    window.seen.click("push button", "Encoder holds for everyone");
    let summary = window.seen.find_when("label", "2 changes, not applied yet.*", "tells what changes", |label| {
        label.name.contains("Frames a second: 60 fps → 30 fps (enforced for everyone)")
    });
    assert!(summary.name.contains("Encoder: H.264 (enforced for everyone)"), "{summary:?}");
    assert!(summary.name.contains("The picture stops for about 5 seconds"), "{summary:?}");
    assert_eq!(configured(&window.stack, "framerate"), ["60", "new-viewers", "built-in"], "nothing is written yet");
    window.seen.click("", "Apply all changes");
    window.seen.find("label", QUESTION);
    // Enter may have been meant for something else.
    window.seen.reach("", KEEP);
    window.seen.press("Return");
    window.seen.find("label", QUESTION);
    window.seen.click("", KEEP);
    wait_until_over(&mut window);
    assert_eq!(configured(&window.stack, "framerate"), ["30", "enforced", "override"]);
    assert_eq!(configured(&window.stack, "encoder"), ["h264enc", "enforced", "override"]);
    window.seen.find_when("push button", "Encoder holds for everyone", "is locked", |lock| lock.is("pressed"));
    // The way back stands beside each, and for all at the end.
    window.seen.click("", "Take back what is set for Encoder");
    window.seen.click("", "Take back");
    window.seen.find("label", QUESTION);
    window.seen.click("", KEEP);
    wait_until_over(&mut window);
    assert_eq!(configured(&window.stack, "encoder"), ["h264enc", "new-viewers", "built-in"]);
}

#[test]
fn esc_goes_back_and_a_preset_shows_what_it_sets() {
    let mut window = open();
    let _viewer = viewer(&window.stack);
    window.seen.find("label", "Balanced is in force.*");
    window.seen.click("", "Slow link");
    wait_for_label(&mut window, "what the preset sets", |text| text.contains("Video bitrate: 1.5 Mbit/s"));
    window.seen.click("", "Apply Slow link");
    window.seen.find("label", QUESTION);
    assert_eq!(configured(&window.stack, "video_bitrate"), ["1500", "new-viewers", "override"], "while it is tried");
    window.seen.press("Escape");
    wait_until_over(&mut window);
    window.seen.find("label", "Balanced is in force.*");
    assert_eq!(configured(&window.stack, "video_bitrate"), ["8000", "new-viewers", "built-in"]);
}

#[test]
fn keeping_what_nobody_sees_asks_once_more() {
    let mut window = open();
    window.seen.enter_text("spin button", "Frames a second", "30");
    window.seen.click("", "Apply all changes");
    window.seen.find("label", QUESTION);
    window.seen.click("", KEEP);
    window.seen.find("dialog", "*");
    window.seen.click("", "Keep anyway");
    wait_until_over(&mut window);
    assert_eq!(configured(&window.stack, "framerate"), ["30", "new-viewers", "override"]);
}

#[test]
fn what_is_refused_is_said_where_it_was_chosen_and_can_be_discarded() {
    let mut window = open();
    window.seen.click("", "Show all *");
    window.seen.enter_text("", "Search all settings", "microphone");
    window.seen.find("", "Microphone*");
    window.seen.enter_text("", "Search all settings", "no such thing");
    window.seen.find("label", "No setting matches *");
    window.seen.enter_text("", "Search all settings", "framerate");
    window.seen.enter_text("spin button", "Frames a second", "30");
    window.seen.click("", "Discard all changes");
    window.seen.wait_until_gone("", "Apply all changes");
    assert_eq!(configured(&window.stack, "framerate"), ["60", "new-viewers", "built-in"]);
}

#[test]
fn the_daemon_samples_only_while_the_page_is_seen() {
    let mut window = open();
    let _viewer = viewer(&window.stack);
    // What `desktopctl` looks at, it looks at once; so the bus is asked, which is told nothing new without a watch.
    let property = |window: &Window| {
        let get = "busctl get-property io.github.desktop_control.Control1 /io/github/desktop_control/Control1/stream \
                   io.github.desktop_control.Control1.Stream Viewers";
        window.stack.shell(get)
    };
    wait_until(DEADLINE, || "the viewer is counted".into(), || (property(&window) == "i 1").then_some(()));
    wait_for_label(&mut window, "the last minutes are drawn", |text| text.contains(" fps in the last "));
    window.seen.click("list item", "Services");
    wait_until(DEADLINE, || "nobody counts any more".into(), || (property(&window) == "i -1").then_some(()));
}
