//! The page of remote access on a rented machine: addresses outside, and quick tunnels by the platform's portal.

mod support;

use support::portal_stand_in::{asked, behave, boot};
use support::window::Window;
use support::{Boot, DEADLINE, shared, wait_until};

/// What a window needs besides the daemon.
const UNITS: &[&str] = &["dbus-system", "polkitd", "desktop-controld", "dbus-session", "x-server", "desktop"];
const OPEN: &str = "Open the tunnel to Desktop stream";
const CLOSE: &str = "Close the tunnel to Desktop stream";

fn open() -> Window {
    let stack = shared(|| Boot { units: UNITS, ..boot().and_portal(true) });
    behave(&stack, "");
    Window::open(stack, &["--page", "remote"])
}

#[test]
fn addresses_are_those_from_outside_and_tunnels_are_opened_and_closed() {
    let mut window = open();
    window.seen.find("", "Copy how to reach Desktop stream from another computer");
    window.seen.find("label", "http://198.51.100.7:41100/");
    window.seen.click("", OPEN);
    window.seen.find("label", "https://four-plain-words-*");
    window.seen.find("", "Copy the address of the tunnel to Desktop stream");
    assert!(window.stack.ctl_ok(&["access"]).contains("four-plain-words"), "{}", window.stack.ctl_ok(&["access"]));
    window.seen.click("", CLOSE);
    window.seen.find("", OPEN);
    assert!(!window.stack.ctl_ok(&["access"]).contains("four-plain-words"));
    window.assert_that_tab_reaches_everything("Remote access");
}

#[test]
fn the_page_waits_for_no_portal_and_looks_anew_when_it_is_opened() {
    let mut window = open();
    window.seen.find("label", "http://198.51.100.7:41100/");
    window.seen.click("list item", "Services");
    let before = asked(&window.stack).len();
    behave(&window.stack, "hang");
    window.seen.click("list item", "Remote access");
    // It says what is known, and can be used.
    window.seen.find("label", "http://198.51.100.7:41100/");
    window.seen.click("list item", "Overview");
    window.seen.click("list item", "Remote access");
    let hears = || (asked(&window.stack).len() > before).then_some(());
    wait_until(DEADLINE, || "the portal is asked anew".into(), hears);
    window.seen.find("label", "Desktop stream");
    behave(&window.stack, "");
}
