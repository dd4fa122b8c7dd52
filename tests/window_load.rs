//! The settings window where there is very much to show, and where nobody answers: it stays usable and readable.

mod support;

use std::time::{Duration, Instant};

use support::window::Window;
use support::{Boot, DEADLINE, Stack, program, shared, wait_until};

const SERVICES: usize = 1_000;
/// Lines a second.
const LINES: usize = 10_000;
const BUSY_LOG: &str = include_str!("../benches/budgets/busy_log.py");
/// The log that is shown holds no more lines.
const MOST_LINES: usize = 20_000;
/// How long the daemon answers nothing. Longer than any call to it waits.
const SILENCE: Duration = Duration::from_secs(30);

fn boot() -> Boot {
    let many = format!(
        "[program:many]\ncommand=sleep 100000\nstartsecs=0\nautostart=false\nprocess_name=%(process_num)04d\n\
         numprocs={SERVICES}\nstdout_logfile=NONE\nredirect_stderr=true\n"
    );
    let units = &["dbus-system", "dbus-session", "polkitd", "x-server", "desktop", "desktop-controld"];
    let busy = program("busy", &format!("command=python3 /usr/local/lib/busy_log.py {LINES}\nstartsecs=0"));
    let boot = Boot { units, extra: vec![busy], ..Boot::default() };
    let boot = boot.and_file("/usr/local/lib/busy_log.py", BUSY_LOG);
    boot.and_file("/etc/supervisor/conf.d/many.conf", &many)
}

fn name(number: usize) -> String {
    format!("many:{number:04}")
}

fn open(words: &[&str]) -> Window {
    let stack = shared(boot);
    // The last one of them is known.
    stack.wait_for_service(&name(SERVICES - 1), "is known", |_| true);
    Window::open(stack, words)
}

#[test]
fn a_thousand_services_are_shown_by_the_page_and_found_by_the_search() {
    let mut window = open(&["--page", "services"]);
    window.seen.find("", &name(0));
    let rows = |window: &mut Window| window.seen.tree().iter().filter(|node| node.name.starts_with("many:")).count();
    let first = rows(&mut window);
    assert!(first < SERVICES / 4, "nobody reads {first} rows");
    window.seen.find("", "Show 9*");
    window.seen.enter_text("", "Search services", &name(777));
    window.seen.wait_until_gone("", &name(0));
    window.seen.click("list item", &name(777));
    window.seen.click("", "Start");
    window.stack.wait_for_service(&name(777), "runs", |service| service["state"] == "running");
    window.seen.find("", "Restart");
    window.seen.click("", "Stop");
    window.stack.wait_for_service(&name(777), "is stopped", |service| service["state"] == "stopped");
    window.seen.find("", "Start");
}

/// The number of the last line that the window shows.
fn last_line(window: &mut Window) -> Option<usize> {
    let text = window.seen.text("", "Log");
    text.trim_end().lines().next_back()?.split(' ').next()?.parse().ok()
}

#[test]
fn a_log_of_ten_thousand_lines_a_second_is_followed_and_forgotten() {
    let mut window = open(&["--service", "busy"]);
    let first = wait_until(DEADLINE, || "the log is shown".into(), || last_line(&mut window));
    let wanted = first + 3 * LINES;
    let what = || format!("line {wanted} is shown");
    wait_until(DEADLINE, what, || last_line(&mut window).filter(|line| *line >= wanted));
    let lines = window.seen.text("", "Log").lines().count();
    assert!((100..=MOST_LINES).contains(&lines), "{lines} lines are held");
    // It hears clicks all the while.
    window.seen.click("", "Back to the services");
    window.seen.find("", "Search services");
    window.seen.click("list item", "Overview");
    window.seen.find("label", "All is well*");
}

fn signal_daemon(stack: &Stack, signal: &str) {
    stack.shell(&format!("kill -{signal} $(supervisorctl pid desktop-controld)"));
}

#[test]
fn while_the_daemon_answers_nothing_the_window_says_so_and_is_no_worse_for_it() {
    let mut window = open(&["--service", "busy"]);
    let before = window.stack.pid_of("busy");
    window.seen.find_when("", "Restart", "can be pressed", |node| node.is("sensitive"));
    signal_daemon(&window.stack, "STOP");
    let began = Instant::now();
    window.seen.click("", "Restart");
    window.seen.find_when("", "Restart", "cannot be pressed twice", |node| !node.is("sensitive"));
    window.seen.find("label", "The control service has been asked, and has not answered yet.");
    window.seen.click("list item", "Overview");
    window.seen.find("label", "All is well*");
    window.seen.click("list item", "Preferences");
    window.seen.find("", "Start with the desktop");
    assert!(began.elapsed() < SILENCE, "pages open without the daemon; it took {:?}", began.elapsed());
    std::thread::sleep(SILENCE.saturating_sub(began.elapsed()));
    signal_daemon(&window.stack, "CONT");
    // It has the request now, and does it.
    let what = || "“busy” has another process".into();
    wait_until(DEADLINE, what, || (window.stack.pid_of("busy") != before).then_some(()));
    window.seen.click("list item", "Services");
    window.seen.enter_text("", "Search services", "busy");
    window.seen.click("list item", "busy");
    let again = window.stack.pid_of("busy");
    window.seen.click("", "Restart");
    let what = || "“busy” has yet another process".into();
    wait_until(DEADLINE, what, || (window.stack.pid_of("busy") != again).then_some(()));
}
