//! The desktop's services, seen and controlled through the daemon in the real stack.

#![expect(clippy::expect_used, reason = "tests")]

mod support;

use std::time::Duration;

use serde_json::Value;
use support::{Boot, DEADLINE, Stack, code, program, shared, text, wait_until};

/// Everything with the light desktop, and some programs that behave badly.
fn boot() -> Boot {
    Boot {
        extra: vec![
            program("sleeper", "command=sleep 10000\nstartsecs=1\nautorestart=true"),
            program("crash-loop", "command=/bin/false\nstartsecs=0\nautostart=false\nautorestart=true"),
            program("gives-up", "command=/bin/false\nstartsecs=1\nstartretries=0\nautostart=false"),
            program("one-shot", "command=/bin/true\nstartsecs=0\nautostart=false\nautorestart=false"),
        ],
        ..Boot::default()
    }
}

/// Starts seen in supervisord's own log.
fn starts(stack: &Stack, name: &str) -> usize {
    let log = std::fs::read_to_string(stack.path("/var/log/supervisor/supervisord.log")).expect("a log");
    log.lines().filter(|line| line.contains(&format!("spawned: '{name}'"))).count()
}

#[test]
fn every_service_of_the_stack_gets_healthy_or_says_why_not() {
    let stack = shared(boot);
    let ours = ["dbus-system", "polkitd", "dbus-session", "x-server", "pipewire", "pipewire-pulse", "wireplumber"]
        .into_iter()
        .chain(["desktop", "selkies", "x11vnc", "novnc", "desktop-controld"]);
    for name in ours {
        let service = stack.wait_for_service(name, "is judged", |service| {
            service["health"] == "ok"
                || (service["health"] == "unknown"
                    && service["health_reason"].as_str().is_some_and(|r| r.contains("nothing to ask")))
        });
        assert_eq!(service["state"], "running", "{service}");
        assert_ne!(service["label"], service["name"], "the catalogue has a name for people: {service}");
    }
}

#[test]
fn a_service_that_nobody_described_is_shown_too() {
    let stack = shared(boot);
    let service = stack.wait_for_service("sleeper", "runs", |service| service["state"] == "running");
    assert_eq!((service["category"].as_str(), service["health"].as_str()), (Some("other"), Some("unknown")));
    assert!(service["health_reason"].as_str().expect("text").contains("not in the service catalogue"));
}

#[test]
fn start_stop_and_restart_do_what_they_say() {
    let stack = shared(boot);
    let before = stack.pid_of("sleeper");
    stack.ctl_ok(&["services", "restart", "sleeper"]);
    let after = stack.pid_of("sleeper");
    assert_ne!(before, after);
    stack.ctl_ok(&["services", "stop", "sleeper"]);
    assert_eq!(stack.service("sleeper").expect("listed")["state"], "stopped");
    assert_eq!(stack.shell("supervisorctl status sleeper | awk '{print $2}' || true"), "STOPPED");
    let said = stack.ctl_ok(&["services", "stop", "sleeper"]);
    assert!(said.contains("already stopped"), "{said}");
    stack.ctl_ok(&["services", "start", "sleeper"]);
    assert_eq!(stack.service("sleeper").expect("listed")["state"], "running");
    assert!(stack.ctl_ok(&["services", "start", "sleeper"]).contains("already"), "starting twice is nothing to do");
}

#[test]
fn changes_made_by_supervisorctl_are_seen() {
    let stack = shared(boot);
    stack.shell("supervisorctl stop sleeper");
    stack.wait_for_service("sleeper", "is stopped", |service| service["state"] == "stopped");
    stack.shell("supervisorctl start sleeper");
    let service = stack.wait_for_service("sleeper", "runs", |service| service["state"] == "running");
    assert_ne!(service["health"], "flapping", "what a person does is no crash");
}

#[test]
fn units_that_come_and_go_are_seen() {
    let stack = shared(boot);
    let (path, text) = program("late", "command=sleep 10000\nstartsecs=0");
    stack.write(&path, &text);
    stack.shell("supervisorctl update late");
    stack.wait_for_service("late", "is there", |service| service["state"] == "running");
    std::fs::remove_file(stack.path(&path)).expect("removed");
    stack.shell("supervisorctl update late");
    wait_until(DEADLINE, || "“late” is gone".into(), || stack.service("late").is_none().then_some(()));
}

#[test]
fn a_killed_service_is_published_and_comes_back() {
    let stack = shared(boot);
    let before = stack.pid_of("sleeper");
    let restarts = stack.service("sleeper").expect("listed")["restarts"].as_u64().expect("a number");
    stack.shell(&format!("kill -9 {before}"));
    let service = stack.wait_for_service("sleeper", "has another process", |service| {
        service["pid"].as_u64().is_some_and(|pid| pid > 0 && pid != before) && service["state"] == "running"
    });
    assert_eq!(service["restarts"].as_u64(), Some(restarts + 1));
}

#[test]
fn a_crash_loop_is_flapping_soon_and_is_not_driven() {
    let stack = shared(boot);
    // Units that are still coming up turn supervisord's loop too.
    for name in ["desktop", "selkies", "x11vnc", "novnc"] {
        stack.wait_for_health(name, "ok");
    }
    let unasked = starts_without_us(&stack);
    // It ends so fast that supervisord may call the start itself a failure; the loop goes on all the same.
    stack.ctl(&["services", "start", "crash-loop"]);
    let service = stack.wait_for_health("crash-loop", "flapping");
    assert!(service["health_reason"].as_str().expect("text").starts_with("ended "), "{service}");
    // Until it is known to flap, its first ends are looked into, each a bounded number of times.
    let before = starts(&stack, "crash-loop");
    std::thread::sleep(WATCHED);
    let watched = starts(&stack, "crash-loop") - before;
    stack.ctl_ok(&["services", "stop", "crash-loop"]);
    assert!(2 * watched <= 3 * unasked + 10, "{watched} starts with us, {unasked} without");
    let service = stack.wait_for_service("crash-loop", "is stopped", |service| service["state"] == "stopped");
    assert_eq!(service["health"], "none", "stopped by a person, its troubles are over");
}

#[test]
fn a_crash_loop_is_stopped_whatever_it_does_at_that_moment() {
    let stack = shared(boot);
    for round in 0..6 {
        stack.ctl(&["services", "start", "crash-loop"]);
        stack.wait_for_health("crash-loop", "flapping");
        // Another part of its cycle each time.
        std::thread::sleep(Duration::from_millis(170 * round));
        stack.ctl_ok(&["services", "stop", "crash-loop"]);
        let stopped = starts(&stack, "crash-loop");
        std::thread::sleep(Duration::from_secs(3));
        assert_eq!(starts(&stack, "crash-loop"), stopped, "round {round}: it is stopped for good");
        let service = stack.service("crash-loop").expect("listed");
        assert_eq!((service["state"].as_str(), service["health"].as_str()), (Some("stopped"), Some("none")));
    }
}

const WATCHED: Duration = Duration::from_secs(15);

/// Starts of the same loop in the same stack while our daemon is stopped, so that all else is equal.
fn starts_without_us(stack: &Stack) -> usize {
    stack.shell("supervisorctl stop desktop-controld");
    let before = starts(stack, "crash-loop");
    let seconds = WATCHED.as_secs();
    stack.shell(&format!(
        "supervisorctl start crash-loop || true; sleep {seconds}; \
         until supervisorctl stop crash-loop | grep -q ': stopped'; do sleep 0.2; done"
    ));
    let unasked = starts(stack, "crash-loop") - before;
    stack.shell("supervisorctl start desktop-controld");
    stack.wait_for_service("crash-loop", "is known to be stopped", |service| service["state"] == "stopped");
    unasked
}

#[test]
fn what_supervisord_gave_up_is_failing_and_says_so() {
    let stack = shared(boot);
    let output = stack.ctl(&["services", "start", "gives-up"]);
    assert_eq!(code(&output), 1, "{}", text(&output));
    let service = stack.wait_for_health("gives-up", "failing");
    assert_eq!(service["state"], "fatal");
    assert!(service["health_reason"].as_str().expect("text").contains("gave up"), "{service}");
}

#[test]
fn a_one_shot_that_ends_well_is_no_trouble() {
    let stack = shared(boot);
    stack.ctl(&["services", "start", "one-shot"]);
    // Its end is seen before it is known how it ended.
    let is_told = |service: &serde_json::Value| service["state"] == "exited" && service["health"] != "unknown";
    let service = stack.wait_for_service("one-shot", "has ended", is_told);
    assert_eq!(service["health"], "none", "{service}");
    assert_eq!(service["exit_status"], "0");
}

#[test]
fn a_restart_with_dependents_goes_in_order() {
    let stack = shared(boot);
    for name in ["selkies", "desktop", "x11vnc"] {
        stack.wait_for_health(name, "ok");
    }
    let before: Vec<u64> = ["x-server", "desktop", "selkies"].map(|name| stack.pid_of(name)).into();
    stack.ctl_ok(&["--wait", "120", "services", "restart", "--with-dependents", "x-server"]);
    for (name, before) in ["x-server", "desktop", "selkies"].into_iter().zip(before) {
        assert_ne!(stack.pid_of(name), before, "{name} was restarted");
        stack.wait_for_health(name, "ok");
    }
    let log = std::fs::read_to_string(stack.path("/var/log/supervisor/supervisord.log")).expect("a log");
    let last = |what: &str| log.rfind(what).expect("it stands in supervisord's log");
    assert!(last("stopped: selkies") < last("stopped: x-server"), "dependents are stopped first");
    assert!(last("spawned: 'x-server'") < last("spawned: 'selkies'"), "and started last");
}

#[test]
fn the_ways_in_are_told() {
    let stack = shared(boot);
    stack.wait_for_health("selkies", "ok");
    let ways: Value = serde_json::from_str(&stack.ctl_ok(&["--json", "access"])).expect("JSON");
    let browser = ways["ways"].as_array().expect("a list").iter().find(|way| way["kind"] == "browser").expect("a way");
    assert_eq!(browser["state"], "working");
    assert_eq!(browser["address"], format!("http://localhost:{}/", stack.info("SELKIES_PORT")));
}

#[test]
fn two_jobs_on_one_service_exclude_each_other() {
    let stack = shared(boot);
    // It ignores TERM, so its stop takes supervisord's whole patience.
    let (path, lines) =
        program("stubborn", "command=bash -c 'trap \"\" TERM; while :; do sleep 1; done'\nstartsecs=0\nstopwaitsecs=6");
    stack.write(&path, &lines);
    stack.shell("supervisorctl update stubborn");
    stack.pid_of("stubborn");
    let first = stack.ctl(&["--wait", "0", "services", "stop", "stubborn"]);
    assert_eq!(code(&first), 0, "{}", text(&first));
    let second = stack.ctl(&["services", "restart", "stubborn"]);
    assert_eq!(code(&second), 6, "{}", text(&second));
    assert!(text(&second).contains("already at work"), "{}", text(&second));
    stack.wait_for_service("stubborn", "is stopped", |service| service["state"] == "stopped");
}

#[test]
fn names_that_are_none_get_one_sentence_and_the_right_code() {
    let stack = shared(boot);
    let long = "x".repeat(10_000);
    for name in [
        "nobody-knows",
        "a/b",
        "../../etc/passwd",
        "line\nbreak",
        "",
        long.as_str(),
        "\u{202e}abc",
        "%s%n",
        "sleeper\u{0}x",
    ] {
        // No program can be given a NUL in an argument; the bus could.
        if name.contains('\0') {
            continue;
        }
        for verb in ["start", "stop", "restart", "logs"] {
            let output = stack.ctl(&["services", verb, "--", name]);
            assert_eq!(code(&output), 5, "{verb} {name:?}: {}", text(&output));
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(said.trim_end().lines().count(), 1, "one sentence: {said:?}");
            assert!(said.len() < 400 && !said.contains('\u{202e}'), "{said:?}");
        }
    }
    assert_eq!(stack.service("sleeper").expect("the daemon lives")["name"], "sleeper");
}

#[test]
fn the_control_service_itself_can_be_restarted_but_not_stopped_by_accident() {
    let stack = shared(boot);
    let output = stack.ctl(&["services", "stop", "desktop-controld"]);
    assert_eq!(code(&output), 7, "{}", text(&output));
    let before = stack.pid_of("desktop-controld");
    stack.ctl_ok(&["services", "restart", "desktop-controld"]);
    assert_ne!(stack.pid_of("desktop-controld"), before);
}
