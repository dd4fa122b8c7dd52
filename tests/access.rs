//! The ways in on a rented machine: where they are from outside, by the portal, the environment or the machine itself;
//! quick tunnels; and that nobody ever waits for the portal.

#![expect(clippy::expect_used, reason = "tests")]

mod support;

use std::time::{Duration, Instant};

use serde_json::Value;
use support::portal_stand_in::{asked, behave, boot, free_port, rented};
use support::{DEADLINE, Stack, code, program, shared, text, wait_until};

/// A process that starts, two calls and a table. The portal's shortest limit is 2 s.
const AT_ONCE: Duration = Duration::from_millis(1500);

/// Enough for Selkies to count as installed. Its settings are then the ones that come with the daemon.
const SELKIES: &str = "/opt/selkies/lib/python3.11/site-packages/selkies-2.1.0.dist-info/METADATA";

fn access(stack: &Stack) -> Value {
    serde_json::from_str(&stack.ctl_ok(&["--json", "access"])).expect("JSON")
}

fn way(access: &Value, kind: &str) -> Value {
    let ways = access["ways"].as_array().expect("a list");
    ways.iter().find(|way| way["kind"] == kind).cloned().unwrap_or_default()
}

/// Waits until what is told looks as wanted; each answer must come at once.
fn wait_for(stack: &Stack, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    let mut look = || {
        let began = Instant::now();
        let told = access(stack);
        assert!(began.elapsed() < AT_ONCE, "{what}: an answer took {:?}", began.elapsed());
        last = told.clone();
        wanted(&told).then_some(told)
    };
    wait_until(DEADLINE, || what.to_owned(), &mut look)
}

/// The shared machine with a portal that works.
fn working() -> impl std::ops::Deref<Target = Stack> {
    let stack = shared(|| boot().and_portal(true));
    behave(&stack, "");
    wait_for(&stack, "the portal is heard", |told| told["source"] == "portal" && told["tunnels_offered"] == true);
    stack
}

/// Has the daemon look anew, by a service that changes.
fn restart_portal(stack: &Stack) {
    stack.shell("supervisorctl restart instance_portal");
}

#[test]
fn the_portal_knows_where_the_stream_is_and_lets_nobody_in_unasked() {
    let stack = working();
    let told = wait_for(&stack, "the stream works", |told| way(told, "browser")["state"] == "working");
    let browser = way(&told, "browser");
    // The address that the portal has learnt goes before that of the environment.
    assert_eq!(browser["outside"], "http://198.51.100.7:41100/");
    assert_eq!(browser["target"], "http://localhost:6100");
    assert_eq!(told["source_note"], Value::Null);
    assert!(!told.to_string().contains("token"), "{told}");
    let tunnels = told["tunnels"].as_array().expect("a list");
    assert!(tunnels.iter().any(|tunnel| tunnel["label"] == "Instance Portal"), "{told}");
    let said = stack.ctl_ok(&["access"]);
    assert!(said.contains("\nFrom elsewhere\n") && said.contains("http://198.51.100.7:41100/"), "{said}");
}

#[test]
fn a_tunnel_is_opened_once_and_closed() {
    let stack = working();
    let url = stack.ctl_ok(&["access", "tunnel", "start", "browser"]);
    assert!(url.starts_with("https://four-plain-words-"), "{url}");
    assert_eq!(way(&access(&stack), "browser")["tunnel"], url.trim_end());
    let before = asked(&stack).matches("POST").count();
    assert_eq!(stack.ctl_ok(&["access", "tunnel", "start", "http://localhost:6100"]), url, "it is open");
    assert_eq!(asked(&stack).matches("POST").count(), before);
    let said = stack.ctl_ok(&["access", "tunnel", "stop", "browser"]);
    assert_eq!(said, "The tunnel to http://localhost:6100 is closed.\n");
    assert_eq!(way(&access(&stack), "browser")["tunnel"], Value::Null);
    let jobs = stack.ctl_ok(&["jobs"]);
    assert!(jobs.contains("open a tunnel") && jobs.contains("close a tunnel"), "{jobs}");
}

#[test]
fn only_pages_of_this_machine_get_a_tunnel_and_only_from_who_may() {
    let stack = working();
    let before = asked(&stack).matches("POST").count();
    for target in ["http://169.254.169.254", "http://localhost:6100/../../supervisor/process/caddy/stop", "vnc", "x"] {
        let output = stack.ctl(&["access", "tunnel", "start", target]);
        assert_eq!(code(&output), 2, "{target}: {}", text(&output));
        assert!(text(&output).contains("http://localhost:6100"), "it says what there is: {}", text(&output));
    }
    for verb in ["start", "stop"] {
        for target in ["browser", "http://localhost:1111", "x"] {
            let output = stack.ctl_as("nobody", &["access", "tunnel", verb, target]);
            assert_eq!(code(&output), 4, "{verb} {target}: {}", text(&output));
            assert!(text(&output).contains("Ask as root"), "{}", text(&output));
        }
    }
    assert_eq!(asked(&stack).matches("POST").count(), before, "the portal was not asked");
    let output = stack.ctl_as("user", &["access", "tunnel", "start", "browser"]);
    assert_eq!(code(&output), 0, "the desktop user may: {}", text(&output));
    stack.ctl_ok(&["access", "tunnel", "stop", "browser"]);
    assert_eq!(code(&stack.ctl_as("nobody", &["access"])), 0, "everybody may look");
}

#[test]
fn a_portal_that_hangs_costs_nobody_anything() {
    let stack = working();
    behave(&stack, "hang");
    restart_portal(&stack);
    // Between its end and its next start nobody answers at all.
    let told = wait_for(&stack, "the portal is given up", |told| {
        told["source_note"].as_str().is_some_and(|note| note.contains("did not answer in time"))
    });
    assert_eq!(told["source"], "environment");
    assert_eq!(way(&told, "browser")["outside"], Value::Null, "the environment names another port inside");
    for words in [&["status"][..], &["services"], &["vnc"], &["services", "restart", "x11vnc"]] {
        let began = Instant::now();
        stack.ctl_ok(words);
        assert!(began.elapsed() < AT_ONCE * 2, "{words:?} took {:?}", began.elapsed());
    }
    let output = stack.ctl(&["access", "tunnel", "start", "browser"]);
    assert_eq!(code(&output), 1, "{}", text(&output));
    assert!(text(&output).contains("No quick tunnel can be opened"), "{}", text(&output));
    behave(&stack, "");
    wait_for(&stack, "it is heard again", |told| told["source"] == "portal");
}

#[test]
fn a_portal_without_tunnels_still_knows_addresses() {
    let stack = working();
    for mode in ["old", "broken"] {
        behave(&stack, mode);
        restart_portal(&stack);
        let without = |told: &Value| told["source"] == "portal" && told["tunnels_offered"] == false;
        let told = wait_for(&stack, "no tunnels are offered", without);
        assert_eq!(way(&told, "browser")["outside"], "http://198.51.100.7:41100/");
        assert_eq!((&told["tunnels"], &way(&told, "browser")["target"]), (&Value::Array(Vec::new()), &Value::Null));
        assert_eq!(code(&stack.ctl(&["access", "tunnel", "stop", "http://localhost:1111"])), 1);
    }
}

#[test]
fn the_question_that_would_stop_the_portal_is_not_asked() {
    let stack = boot().and_portal(false).start();
    let told = wait_for(&stack, "the portal has no list", |told| {
        told["source_note"].as_str().is_some_and(|note| note.contains("no list of its pages yet"))
    });
    assert_eq!(told["source"], "environment");
    stack.wait_for_health("instance_portal", "ok");
    assert!(asked(&stack).contains("/health") && !asked(&stack).contains("get-applications"), "{}", asked(&stack));
    stack.write("/etc/portal.yaml", "applications: {}\n");
    wait_for(&stack, "it is asked by itself", |told| told["source"] == "portal");
    stack.shell("supervisorctl stop instance_portal");
    let told = wait_for(&stack, "it is gone", |told| told["source"] == "environment");
    assert_eq!(told["source_note"], "The instance portal is not running.");
}

#[test]
fn without_a_portal_the_environment_says_where_and_ssh_is_the_way() {
    let mut machine = boot();
    let ssh = machine
        .extra
        .iter()
        .find_map(|(_, text)| text.strip_prefix("[access]\nssh-port = "))
        .expect("a port")
        .trim()
        .to_owned();
    machine.environment = rented();
    machine.environment.push((format!("VAST_TCP_PORT_{ssh}"), "41022".into()));
    let stack = machine.start();
    let told = wait_for(&stack, "VNC works", |told| way(told, "vnc")["state"] == "working");
    assert_eq!((&told["source"], &told["source_note"]), (&"environment".into(), &Value::Null));
    let (vnc, port) = (way(&told, "vnc"), stack.info("VNC_PORT"));
    assert_eq!(vnc["command"], format!("ssh -p 41022 -L {port}:localhost:{port} root@203.0.113.9"));
    let ssh = way(&told, "ssh");
    assert_eq!((&ssh["state"], &ssh["service"]), (&"off".into(), &"".into()));
    stack.shell("supervisorctl start sshd");
    let works = |told: &Value| way(told, "ssh")["state"] == "working";
    let look = || {
        stack.shell("busctl call io.github.desktop_control.Control1 /io/github/desktop_control/Control1/access io.github.desktop_control.Control1.Access Refresh 'a{sv}' 0")
    };
    let told = wait_for(&stack, "SSH works", |told| {
        look();
        works(told)
    });
    assert_eq!(way(&told, "ssh")["command"], "ssh -p 41022 root@203.0.113.9");
    for _ in 0..3 {
        std::thread::sleep(Duration::from_millis(1100));
        look();
    }
    assert_eq!(stack.shell("grep -c SSH /tmp/greeted"), "1", "it is asked once, since it writes to its log each time");
    let output = stack.ctl(&["access", "tunnel", "start", "browser"]);
    assert_eq!(code(&output), 1, "{}", text(&output));
    assert!(text(&output).contains("there is none here"), "{}", text(&output));
}

#[test]
fn elsewhere_only_the_machine_s_own_addresses_are_known() {
    let stack = boot().start();
    let told = wait_for(&stack, "VNC works", |told| way(told, "vnc")["state"] == "working");
    assert_eq!((&told["source"], &told["tunnels_offered"]), (&"local".into(), &false.into()));
    let port = stack.info("VNC_PORT");
    assert_eq!(way(&told, "vnc")["outside"], Value::Null);
    assert_eq!(way(&told, "vnc")["command"], format!("ssh -L {port}:localhost:{port} HOST"));
    assert_eq!(way(&told, "ssh")["command"], Value::Null);
}

#[test]
fn the_relay_is_looked_at_and_what_is_wrong_is_a_finding() {
    let mut machine = boot().and_file(SELKIES, "");
    let port = free_port();
    let lines = format!("command=python3 /usr/local/lib/greet.py {port} TURN 0.0.0.0\nstartsecs=0\nautorestart=false");
    machine.extra.push(program("coturn", &lines));
    machine.environment = rented();
    let port = port.to_string();
    let settings = [
        ("SELKIES_MODE", "webrtc"),
        ("SELKIES_TURN_HOST", "203.0.113.9"),
        ("SELKIES_TURN_PORT", &port),
        ("SELKIES_TURN_PROTOCOL", "tcp"),
        ("SELKIES_TURN_USERNAME", "turnuser"),
        ("SELKIES_TURN_PASSWORD", "not-to-be-seen"),
        ("VAST_TCP_PORT_73478", &port),
    ];
    machine.environment.extend(settings.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let stack = machine.start();
    let turn = |state: &'static str| {
        let told = wait_for(&stack, &format!("the relay is {state}"), |told| told["turn"]["state"] == state);
        told["turn"].clone()
    };
    let works = turn("working");
    assert_eq!((&works["server"], &works["protocol"]), (&format!("203.0.113.9:{port}").into(), &"tcp".into()));
    let findings = || {
        let status: Value = serde_json::from_str(&stack.ctl_ok(&["--json", "status"])).expect("JSON");
        let findings = status["findings"].as_array().cloned().unwrap_or_default();
        findings.into_iter().filter(|finding| finding["kind"] == "turn").collect::<Vec<_>>()
    };
    assert_eq!(findings(), Vec::<Value>::new());
    stack.ctl_ok(&["services", "stop", "coturn"]);
    turn("broken");
    let found = findings();
    assert_eq!(found.len(), 1, "{found:?}");
    let message = found[0]["message"].as_str().unwrap_or_default();
    assert!(message.contains("`desktopctl services start coturn`"), "{message}");
    assert!(stack.ctl_ok(&["access"]).contains("\nRelay of the stream (TURN)\nbroken "));
    for words in [&["access"][..], &["status"], &["stream"], &["services"]] {
        let said = stack.ctl_ok(&[&["--json"], words].concat());
        assert!(!said.contains("not-to-be-seen"), "{words:?}: {said}");
    }
    stack.ctl_ok(&["services", "start", "coturn"]);
    turn("working");
    assert_eq!(findings(), Vec::<Value>::new());
}
