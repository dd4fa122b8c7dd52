//! The settings window in the real stack, driven as an assistive program and a keyboard drive it.

mod support;

use support::window::{Window, start};
use support::{Boot, DEADLINE, program, shared, wait_until};

fn boot() -> Boot {
    let chatter = "command=bash -c 'for i in $(seq 1 200); do echo line $i of two hundred; done; sleep 10000'";
    let hostile = "ا".repeat(200);
    let entry = format!(
        "[service.chatter]\nlabel = \"{hostile}\"\ndescription = \"Talks.\"\nunknown = \"it only talks\"\ncategory = \"other\"\n"
    );
    Boot {
        extra: vec![
            program("chatter", &format!("{chatter}\nstartsecs=0\nautorestart=true")),
            program(&"n".repeat(200), "command=sleep 10000\nstartsecs=0"),
            // Right to left, and longer than any line.
            ("/etc/desktop-control/services.d/rtl.toml".into(), entry),
        ],
        ..Boot::default()
    }
}

/// The window of a fresh start with this, once the stream is up.
fn open(words: &[&str]) -> Window {
    let stack = shared(boot);
    stack.wait_for_health("selkies", "ok");
    Window::open(stack, words)
}

#[test]
fn each_page_opens_and_tab_reaches_all_that_can_be_done_there() {
    let mut window = open(&["--page", "overview"]);
    for (page, sign) in [("Services", "Display"), ("Preferences", "Start with the desktop"), ("Overview", "Ways in")] {
        window.seen.click("list item", page);
        window.seen.find("", sign);
        window.assert_that_tab_reaches_everything(page);
    }
}

#[test]
fn a_service_is_restarted_by_a_click_and_its_log_searched() {
    let mut window = open(&["--service", "chatter"]);
    let before = window.stack.pid_of("chatter");
    window.seen.click("", "Restart");
    wait_until(
        DEADLINE,
        || "“chatter” has another process".into(),
        || (window.stack.pid_of("chatter") != before).then_some(()),
    );
    window.seen.find_when("", "Restart", "can be pressed again", |node| node.is("sensitive"));
    window.seen.enter_text("", "Search the log", "line 17");
    // 17 and 170 to 179, twice: the log of both starts is one.
    wait_until(
        DEADLINE,
        || "the matches are counted".into(),
        || window.seen.tree().iter().any(|node| node.role == "label" && node.name.contains(" of ")).then_some(()),
    );
    assert!(window.seen.text("", "Log").contains("line 200 of two hundred"));
}

#[test]
fn what_everything_stands_on_is_not_restarted_without_asking() {
    let mut window = open(&["--service", "x-server"]);
    let before = window.stack.pid_of("x-server");
    window.seen.click("", "Restart");
    window.seen.find("dialog", "*");
    window.seen.press("Return");
    window.seen.wait_until_gone("dialog", "Restart “Display”?");
    assert_eq!(window.stack.pid_of("x-server"), before, "Enter never means yes");
}

#[test]
fn without_the_daemon_the_last_facts_stay_and_it_recovers_by_itself() {
    let mut window = open(&["--page", "overview"]);
    window.seen.find("label", "All is well.");
    window.stack.shell("supervisorctl stop desktop-controld");
    window.seen.find("label", "The control service is not running.*");
    window.seen.find("", "Ways in");
    window.stack.shell("supervisorctl start desktop-controld");
    window.seen.find("label", "All is well.");
    window.stack.shell("supervisorctl restart dbus-system");
    window.stack.wait_for_health("selkies", "ok");
    window.stack.shell("supervisorctl stop novnc");
    window.seen.find("", "Turn on VNC in the browser");
    window.seen.click("", "Turn on VNC in the browser");
    window.seen.find("", "Copy the address of VNC in the browser");
    window.stack.wait_for_health("novnc", "ok");
}

#[test]
fn a_second_start_brings_the_first_to_another_page() {
    let mut window = open(&["--page", "overview"]);
    window.seen.find("label", "All is well.");
    start(&window.stack, &["--page", "services"]);
    window.seen.find("", "Display");
    // As a launcher's action does, by the session bus.
    let action = "gapplication action io.github.desktop_control.DesktopControl preferences";
    assert!(window.stack.command_as("user", &["bash", "-c", action]).status().expect("enter").success());
    window.seen.find("", "Start with the desktop");
    let script = "pgrep -u user -f '^(/usr/bin/)?desktop-control( |$)' | wc -l";
    wait_until(DEADLINE, || "there is one window".into(), || (window.stack.shell(script) == "1").then_some(()));
}

/// Some images put `vglrun` before whatever a launcher in `/usr/share/applications` starts. It has libraries loaded
/// before all others, and starts the program; which ones makes no difference here.
const VGLRUN: &str =
    "#!/bin/bash\nexport LD_PRELOAD=libX11.so.6 VGL_DISPLAY=egl\necho \"$*\" >>/tmp/vglrun\nexec \"$@\"\n";

#[test]
fn the_launcher_stands_where_nobody_patches_it_and_works_patched_too() {
    const ID: &str = "io.github.desktop_control.DesktopControl.desktop";
    let (own, patched) = (format!("/usr/local/share/applications/{ID}"), format!("/usr/share/applications/{ID}"));
    // The bus forgets what somebody asked for who has gone before it is done.
    let by_name = format!(
        "python3 -c 'import time; from gi.repository import Gio; Gio.DesktopAppInfo.new(\"{ID}\").launch([], None); \
         time.sleep(20)'"
    );
    // As a menu that finds launchers by their names, which takes ours, and as one that takes the patched one.
    for (start, patches) in [(by_name, 0), (format!("gio launch {patched}"), 1)] {
        let stack = shared(boot);
        stack.wait_for_health("selkies", "ok");
        stack.shell(&format!("test -e {own} && test ! -e {patched} && rm -f /tmp/vglrun && touch /tmp/vglrun"));
        stack.write("/usr/local/bin/vglrun", VGLRUN);
        stack.shell("chmod 755 /usr/local/bin/vglrun; chmod 666 /tmp/vglrun");
        stack.shell(&format!("sed 's/^Exec=/Exec=vglrun /' {own} >{patched}"));
        let mut command = stack.command_as("user", &["bash", "-c", &format!("{start} >/dev/null 2>&1 &")]);
        assert!(command.status().expect("enter").success());
        let mut window = Window::opened(stack);
        window.seen.find("label", "All is well.");
        assert_eq!(window.stack.shell("wc -l </tmp/vglrun"), patches.to_string(), "{start}");
        window.stack.shell(&format!("rm {patched}"));
    }
}
