//! The settings window in the real stack, driven as an assistive program and a keyboard drive it.

#![expect(clippy::expect_used, reason = "tests")]

mod support;

use std::process::Stdio;
use std::sync::MutexGuard;

use support::accessibility::{Accessibility, Node, out_of_order};
use support::{Boot, DEADLINE, Stack, program, shared, wait_until};

const PROGRAM: &str = "desktop-control";

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

/// The window of a fresh start with this, and the stack that it is in.
struct Window {
    seen: Accessibility,
    stack: MutexGuard<'static, Stack>,
}

impl Window {
    fn open(words: &[&str]) -> Self {
        let stack = shared(boot);
        stack.wait_for_health("selkies", "ok");
        start(&stack, words);
        let seen = Accessibility::of(&stack, PROGRAM);
        Self { seen, stack }
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // All names of this program's kind are equally long for the kernel; the window's is the whole one.
        let script = "for pid in $(pgrep -u user -x desktop-control); do
                [[ $(readlink /proc/$pid/exe) != /usr/bin/desktop-control ]] || kill $pid; done; true";
        self.stack.shell(script);
        let left = "pgrep -u user -f '^(/usr/bin/)?desktop-control( |$)' || true";
        wait_until(DEADLINE, || "the window is closed".into(), || self.stack.shell(left).is_empty().then_some(()));
    }
}

fn start(stack: &Stack, words: &[&str]) {
    let words: Vec<&str> = std::iter::once(PROGRAM).chain(words.iter().copied()).collect();
    let mut command = stack.command_as("user", &words);
    let mut child = command.stdout(Stdio::null()).spawn().expect("enter");
    std::thread::spawn(move || child.wait());
}

#[test]
fn each_page_opens_and_tab_reaches_all_that_can_be_done_there() {
    let mut window = Window::open(&["--page", "overview"]);
    for (page, sign) in [("Services", "Display"), ("Preferences", "Start with the desktop"), ("Overview", "Ways in")] {
        window.seen.click("list item", page);
        window.seen.find("", sign);
        let can: Vec<_> = window.seen.actionables();
        let walked = window.seen.walk_by_tab();
        assert_eq!(out_of_order(&can, &walked), Vec::<String>::new(), "{page}: focus follows the reading order");
        for stop in &walked {
            assert!(
                !stop.name.is_empty() && !stop.name.starts_with("Gtk"),
                "{page}: a control without a name: {stop:?}"
            );
            assert!(!stop.role.is_empty(), "{page}: {stop:?}");
        }
        let names = |nodes: &[Node]| {
            let mut names: Vec<_> = nodes.iter().map(|node| (node.role.clone(), node.name.clone())).collect();
            names.sort();
            names
        };
        assert_eq!(names(&walked), names(&can), "{page}: Tab stops at all that can be used, and at nothing else");
    }
}

#[test]
fn a_service_is_restarted_by_a_click_and_its_log_searched() {
    let mut window = Window::open(&["--service", "chatter"]);
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
    let mut window = Window::open(&["--service", "x-server"]);
    let before = window.stack.pid_of("x-server");
    window.seen.click("", "Restart");
    window.seen.find("dialog", "*");
    window.seen.press("Return");
    window.seen.wait_until_gone("dialog", "Restart “Display”?");
    assert_eq!(window.stack.pid_of("x-server"), before, "Enter never means yes");
}

#[test]
fn without_the_daemon_the_last_facts_stay_and_it_recovers_by_itself() {
    let mut window = Window::open(&["--page", "overview"]);
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
    let mut window = Window::open(&["--page", "overview"]);
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
