//! Whatever dies, the next moment understands: the daemon, supervisord, the system bus, a thousand units at once.

mod support;

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use support::{Boot, DEADLINE, Stack, code, text, wait_until};

fn status(stack: &Stack) -> Option<Value> {
    serde_json::from_slice(&stack.ctl(&["--json", "status"]).stdout).ok()
}

fn wait_for_mode(stack: &Stack, mode: &str) -> Value {
    wait_until(
        DEADLINE,
        || format!("the mode is {mode}: {:?}", status(stack)),
        || status(stack).filter(|status| status["mode"] == mode),
    )
}

fn has_finding(status: &Value, kind: &str) -> bool {
    status["findings"].as_array().is_some_and(|findings| findings.iter().any(|finding| finding["kind"] == kind))
}

#[test]
fn a_killed_daemon_comes_back_and_knows_its_jobs() {
    let stack = Boot::core_with(&[(
        "stubborn",
        "command=bash -c 'trap \"\" TERM; while :; do sleep 1; done'\nstartsecs=0\nstopwaitsecs=4",
    )])
    .start();
    stack.pid_of("stubborn");
    let accepted = stack.ctl_ok(&["--json", "--wait", "0", "services", "restart", "stubborn"]);
    assert!(accepted.contains('1'), "{accepted}");
    let before = stack.pid_of("desktop-controld");
    stack.shell(&format!("kill -9 {before}"));
    stack.wait_for_service("desktop-controld", "is another one", |service| {
        service["pid"].as_u64() > Some(0) && service["pid"] != before
    });
    let jobs: Value = serde_json::from_str(&stack.ctl_ok(&["--json", "jobs"])).expect("JSON");
    let job = &jobs[0];
    assert_eq!((job["state"].as_str(), job["result"].as_str()), (Some("finished"), Some("failed")), "{jobs}");
    assert!(job["error_message"].as_str().expect("text").contains("ended while this job ran"), "{jobs}");
    // The next job gets another number, so nobody mistakes one for the other.
    stack.wait_for_service("stubborn", "is stopped", |service| service["state"] == "stopped");
    stack.ctl_ok(&["services", "start", "stubborn"]);
    let jobs: Value = serde_json::from_str(&stack.ctl_ok(&["--json", "jobs"])).expect("JSON");
    assert_eq!(jobs.as_array().expect("a list").iter().filter(|job| job["id"] == 1).count(), 1, "{jobs}");
    // Once more, in the middle of being killed again and again.
    for _ in 0..5 {
        stack.shell("pkill -9 -f 'desktop-controld --event[s]' || true");
    }
    stack.wait_for_health("polkitd", "ok");
}

#[test]
fn the_system_bus_restarts_with_a_job_alive() {
    let stack = Boot::core_with(&[(
        "stubborn",
        "command=bash -c 'trap \"\" TERM; while :; do sleep 1; done'\nstartsecs=0\nstopwaitsecs=8",
    )])
    .start();
    stack.pid_of("stubborn");
    let job = stack
        .command(&["desktopctl", "--wait", "60", "services", "stop", "stubborn"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("enter");
    stack.wait_for_service("stubborn", "is stopping", |service| service["state"] == "stopping");
    let before = stack.pid_of("dbus-system");
    stack.shell("supervisorctl restart dbus-system");
    let output = job.wait_with_output().expect("it ends");
    assert_eq!(code(&output), 0, "the waiting command found its job again: {}", text(&output));
    let jobs: Value = serde_json::from_str(&stack.ctl_ok(&["--json", "jobs"])).expect("JSON");
    assert_eq!((jobs[0]["id"].as_u64(), jobs[0]["result"].as_str()), (Some(1), Some("done")), "{jobs}");
    assert_ne!(stack.pid_of("dbus-system"), before);
    assert_eq!(stack.service("stubborn").expect("listed")["state"], "stopped");
}

#[test]
fn the_system_bus_restarted_through_us() {
    let stack = Boot::core_with(&[]).start();
    let before = stack.pid_of("dbus-system");
    let output = stack.ctl(&["--wait", "60", "services", "restart", "dbus-system"]);
    assert_eq!(code(&output), 0, "{}", text(&output));
    assert_ne!(stack.pid_of("dbus-system"), before);
}

#[test]
fn supervisord_is_killed_and_another_one_takes_over() {
    let boot = Boot { hold: true, ..Boot::core_with(&[("sleeper", "command=sleep 10000\nstartsecs=0")]) };
    let stack = boot.start();
    stack.pid_of("sleeper");
    stack.shell("kill -9 $(cat /run/supervisord.pid)");
    // The daemon lives on alone, says that it polls and that nobody answers, and claims nothing about services.
    let status = wait_for_mode(&stack, "polling");
    let told = wait_until(
        DEADLINE,
        || "the finding is there".into(),
        || self::status(&stack).filter(|status| has_finding(status, "supervisor-unreachable")),
    );
    assert_eq!(told["mode"], status["mode"]);
    let service = stack.service("sleeper").expect("still listed");
    assert_eq!((service["state"].as_str(), service["health"].as_str()), (Some("unknown"), Some("unknown")));
    let output = stack.ctl(&["services", "restart", "sleeper"]);
    assert_eq!(code(&output), 1, "{}", text(&output));
    // A new supervisord finds a stale socket and a stale pid file; it starts a daemon of its own, which takes over.
    stack.shell("setsid supervisord -c /etc/supervisor/supervisord.conf -n >/dev/null 2>&1 &");
    let status = wait_for_mode(&stack, "events");
    assert!(!has_finding(&status, "supervisor-unreachable"), "{status}");
    stack.wait_for_service("sleeper", "runs", |service| service["state"] == "running");
    wait_until(
        DEADLINE,
        || "one daemon is left".into(),
        || (stack.shell("pgrep -fc 'desktop-controld --event[s]' || true") == "1").then_some(()),
    );
}

#[test]
fn without_supervisord_as_parent_it_polls_and_says_so() {
    let units = &["dbus-system", "polkitd"];
    let boot =
        Boot { units, extra: vec![support::program("sleeper", "command=sleep 10000\nstartsecs=0")], ..Boot::default() };
    let stack = boot.start();
    stack.shell("setsid desktop-controld --poll >/var/log/poll.log 2>&1 &");
    wait_for_mode(&stack, "polling");
    let said = stack.ctl_ok(&["status"]);
    assert!(said.contains("supervisord"), "{said}");
    let before = stack.pid_of("sleeper");
    stack.shell(&format!("kill -9 {before} || true; supervisorctl start sleeper || true"));
    stack.wait_for_service("sleeper", "runs again", |service| {
        service["state"] == "running" && service["pid"].as_u64().is_some_and(|pid| pid != before)
    });
    stack.ctl_ok(&["services", "stop", "sleeper"]);
    assert_eq!(stack.service("sleeper").expect("listed")["state"], "stopped");
    // As an event listener of nobody it refuses to start, with a sentence.
    let output = stack.command(&["bash", "-c", "desktop-controld --events </dev/null 2>&1"]).output().expect("enter");
    assert!(text(&output).contains("use --poll"), "{}", text(&output));
}

#[test]
fn a_thousand_units_are_no_trouble() {
    let many = "command=sleep 10000\nnumprocs=1000\nprocess_name=%(program_name)s_%(process_num)03d\nstartsecs=0";
    let many = format!("[program:many]\n{many}\nstdout_logfile=NONE\nredirect_stderr=true\n");
    let stack = Boot::core_with(&[]).and_file("/etc/supervisor/conf.d/many.conf", &many).start();
    wait_until(
        Duration::from_mins(3),
        || "a thousand units run".into(),
        || {
            let services: Value = serde_json::from_slice(&stack.ctl(&["--json", "services"]).stdout).ok()?;
            let running = services.as_array()?.iter().filter(|service| service["state"] == "running").count();
            (running == 1003).then_some(())
        },
    );
    let before = stack.pid_of("many:many_777");
    stack.shell(&format!("kill -9 {before}"));
    stack.wait_for_service("many:many_777", "is noticed", |service| service["pid"] != before);
    stack.ctl_ok(&["services", "restart", "many:many_500"]);
}

#[test]
fn a_broken_catalogue_file_is_named_and_the_rest_works() {
    let stack = Boot::core_with(&[])
        .and_file("/etc/desktop-control/services.d/broken.toml", "[service.x\nlabel =")
        .and_file("/etc/desktop-control/services.d/polkit.toml", "[service.polkitd]\nlabel = 'Who may what'\n")
        .and_file("/etc/desktop-control/config.toml", "[acces]\ngroup = 'x'\n")
        .start();
    let service = stack.wait_for_health("polkitd", "ok");
    assert_eq!(service["label"], "Who may what", "the operator's file is laid over ours");
    let said = stack.ctl_ok(&["status"]);
    assert!(said.contains("/etc/desktop-control/services.d/broken.toml"), "{said}");
    assert!(said.contains("/etc/desktop-control/config.toml") && said.contains("acces"), "{said}");
}

#[test]
fn the_second_boot_over_old_state_is_as_good_as_the_first() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("folder");
    for round in 1..=2 {
        let boot = Boot {
            state: Some(folder.path().to_owned()),
            ..Boot::core_with(&[("sleeper", "command=sleep 9999\nstartsecs=0")])
        };
        let stack = boot.start();
        stack.pid_of("sleeper");
        stack.ctl_ok(&["services", "restart", "sleeper"]);
        let jobs: Value = serde_json::from_str(&stack.ctl_ok(&["--json", "jobs"])).expect("JSON");
        assert_eq!(jobs.as_array().expect("a list").len(), round, "the history goes on: {jobs}");
    }
}
