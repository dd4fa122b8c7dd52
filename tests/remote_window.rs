//! The window's page of remote access, with the real x11vnc and viewers in front of it.

mod support;

use serde_json::Value;
use support::viewer::Viewer;
use support::vnc::{set_password, untouched, vnc};
use support::window::Window;
use support::{DEADLINE, Stack, wait_until};

const ONE: &str = "kBfw3-one";
const SWITCH: &str = "VNC server";

/// The page, with VNC as it is without settings of ours.
fn open() -> Window {
    let mut window = Window::open(untouched(), &["--page", "remote"]);
    window.seen.find("label", "On, at port *");
    window
}

fn wait_for(stack: &Stack, what: &str, wanted: impl Fn(&Value) -> bool) {
    wait_until(DEADLINE, || format!("{what}: {}", vnc(stack)), || wanted(&vnc(stack)).then_some(()));
}

/// What stands below this title.
fn below(window: &mut Window, title: &str) -> Option<String> {
    let tree = window.seen.tree();
    let row = tree.iter().position(|node| node.role == "list item" && node.name == title)?;
    tree[row..].iter().filter(|node| node.role == "label").nth(1).map(|label| label.name.clone())
}

#[test]
fn tab_reaches_all_that_can_be_done_on_the_page() {
    open().assert_that_tab_reaches_everything("Remote access");
}

#[test]
fn vnc_is_turned_off_and_on_for_good() {
    let mut window = open();
    window.seen.click("check box", SWITCH);
    window.seen.find("label", "Off · x11vnc");
    let off = vnc(&window.stack);
    assert!(off["enabled"] == false && off["running"] == false, "{off}");
    // The gateway is on and has nothing to show, so its button turns on what it lacks.
    window.seen.find("label", "On, and waits for the VNC server · novnc");
    window.seen.click("", "Turn on VNC in the browser");
    window.seen.find("label", "On, at port *");
    window.seen.find("label", "On · novnc");
    window.seen.click("check box", "VNC in the browser");
    window.seen.find("label", "Off · novnc");
    window.seen.click("", "Turn on VNC in the browser");
    window.seen.find("label", "On · novnc");
    // The overview has the same button.
    window.seen.click("check box", SWITCH);
    window.seen.find("label", "Off · x11vnc");
    window.seen.click("list item", "Overview");
    window.seen.click("", "Turn on VNC server");
    wait_for(&window.stack, "it is on for good", |vnc| vnc["enabled"] == true && vnc["running"] == true);
}

#[test]
fn the_stream_is_turned_on_from_here_as_often_as_it_is_off() {
    let mut window = open();
    for _ in 0..2 {
        window.stack.ctl_ok(&["services", "stop", "selkies"]);
        window.seen.find_when("", "Turn on Desktop stream", "can be pressed", |button| button.is("sensitive"));
        window.seen.click("", "Turn on Desktop stream");
        window.stack.wait_for_health("selkies", "ok");
    }
}

#[test]
fn a_password_typed_here_lets_in_and_is_seen_on_request_only() {
    let mut window = open();
    window.seen.enter_text("password text", "New VNC password", ONE);
    window.seen.find("label", "VNC looks at its first 8 characters only, so the last one does not count");
    let before = window.stack.pid_of("x11vnc");
    window.seen.click("", "Set the new VNC password");
    wait_until(
        DEADLINE,
        || "the server restarts".into(),
        || {
            let service = window.stack.service("x11vnc")?;
            (service["pid"].as_u64().is_some_and(|pid| pid != before) && service["health"] == "ok").then_some(())
        },
    );
    Viewer::connect(&window.stack, ONE);
    let shows = |window: &mut Window| window.seen.has("label", ONE);
    assert!(!shows(&mut window), "nobody asked for it");
    window.seen.click("", "Show the VNC password");
    window.seen.find("label", ONE);
    window.seen.click("", "Hide the VNC password");
    window.seen.wait_until_gone("label", ONE);
    window.seen.click("", "Show the VNC password");
    window.seen.find("label", ONE);
    window.seen.click("list item", "Services");
    window.seen.click("list item", "Remote access");
    window.seen.find("", "Show the VNC password");
    assert!(!shows(&mut window), "who comes back has not asked");
    // What cannot be one is explained, and what was typed is still there.
    window.seen.enter_text("password text", "New VNC password", "a__b");
    window.seen.click("", "Set the new VNC password");
    window.seen.find("label", "A VNC password cannot begin with #*");
    assert!(window.seen.text("password text", "New VNC password").len() >= 4);
}

#[test]
fn a_password_that_is_made_up_is_shown_at_once_and_lets_in() {
    let mut window = open();
    set_password(&window.stack, ONE);
    window.seen.click("", "Make up a VNC password");
    window.seen.find("", "Hide the VNC password");
    let shown = below(&mut window, "Password").expect("a line");
    assert!(shown.len() == 8 && shown != ONE, "{shown}");
    wait_for(&window.stack, "it runs", |vnc| vnc["running"] == true);
    window.stack.wait_for_health("x11vnc", "ok");
    Viewer::connect(&window.stack, &shown);
}

#[test]
fn who_looks_on_is_listed_and_is_asked_about_before_the_server_restarts() {
    let mut window = open();
    set_password(&window.stack, ONE);
    let viewer = Viewer::connect(&window.stack, ONE);
    window.seen.find("list item", "127.0.0.1");
    window.seen.find("label", "a VNC viewer · since *");
    window.seen.click("check box", "Viewers can only look");
    window.seen.find("dialog", "*");
    window.seen.click("", "Cancel");
    assert_eq!(vnc(&window.stack)["view_only"], false);
    let switch = window.seen.find("check box", "Viewers can only look");
    assert!(!switch.is("checked"), "it shows what is so: {switch:?}");
    window.seen.click("check box", "Viewers can only look");
    window.seen.click("", "Restart VNC");
    assert_eq!(viewer.hear(), "lost");
    window.seen.find_when("check box", "Viewers can only look", "is on", |switch| switch.is("checked"));
    wait_for(&window.stack, "they can only look", |vnc| vnc["view_only"] == true && vnc["running"] == true);
    let viewer = Viewer::connect(&window.stack, ONE);
    window.seen.click("", "Disconnect all VNC viewers");
    assert_eq!(viewer.hear(), "lost");
    window.seen.find("list item", "Nobody");
}

#[test]
fn turning_off_what_somebody_looks_through_asks_first() {
    let mut window = open();
    set_password(&window.stack, ONE);
    let viewer = Viewer::connect(&window.stack, ONE);
    window.seen.find("list item", "127.0.0.1");
    window.seen.click("check box", SWITCH);
    window.seen.find("label", "A viewer is connected by VNC, perhaps you, *");
    // Enter may have been meant for something else.
    window.seen.press("Return");
    window.seen.wait_until_gone("", "Do it anyway");
    let switch = window.seen.find_when("check box", SWITCH, "can be used", |switch| switch.is("sensitive"));
    assert!(switch.is("checked") && vnc(&window.stack)["enabled"] == true, "{switch:?}");
    window.seen.click("check box", SWITCH);
    window.seen.click("", "Do it anyway");
    assert_eq!(viewer.hear(), "lost");
    window.seen.find("label", "Off · x11vnc");
    assert_eq!(vnc(&window.stack)["enabled"], false);
}
