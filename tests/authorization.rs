//! Who may do what: another local user is refused everything that changes anything, whatever the base's polkit allows.

#![expect(clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::collections::BTreeMap;

use desktop_control::api::{self, BUS_NAME, ROOT_PATH, interface};
use support::{Boot, Stack, code, repository, shared, text};

/// As in images whose desktop user is meant to be able to do everything.
const ALLOW_EVERYTHING: &str = "polkit.addRule(function(action, subject) { return polkit.Result.YES; });\n";

fn boot() -> Boot {
    Boot::core_with(&[
        ("sleeper", "command=sleep 10000\nstartsecs=0"),
        ("stubborn", "command=bash -c 'trap \"\" TERM; while :; do sleep 1; done'\nstartsecs=0\nstopwaitsecs=5"),
        ("selkies", "command=/bin/false\nautostart=false\nautorestart=false\nstartsecs=0"),
    ])
    .and_file(SELKIES, "")
    .and_gpus("one-consumer")
    .and_file("/etc/polkit-1/rules.d/49-allow-everything.rules", ALLOW_EVERYTHING)
}

/// Enough for Selkies to count as installed. Its settings are then the ones that come with the daemon.
const SELKIES: &str = "/opt/selkies/lib/python3.11/site-packages/selkies-2.1.0.dist-info/METADATA";

/// Methods that everybody may call, each with the reason.
const FOR_EVERYBODY: [(&str, &str); 15] = [
    // Closer probes cost next to nothing, and a user may hold only so many leases.
    (interface::ROOT, "Watch"),
    // Gives what the caller could read without us; the rest is tested below.
    (interface::SERVICE, "OpenLog"),
    // These read, and secrets are not among what they tell.
    (interface::STREAM, "ListSettings"),
    (interface::STREAM, "Plan"),
    (interface::STREAM, "History"),
    (interface::STREAM, "Refresh"),
    // As the root's.
    (interface::STREAM, "Watch"),
    (interface::GPU, "Watch"),
    // Has it looked at what is looked at anyway, once a second at most.
    (interface::ACCESS, "Refresh"),
    // About the caller alone.
    (interface::ACCESS, "CurrentWays"),
    // These read; what they tell of processes is what `ps` tells.
    (interface::GPU, "Stats"),
    (interface::GPU, "History"),
    (interface::GPU, "Processes"),
    // Only looks, and at what everybody may see.
    (interface::CUDA, "Refresh"),
    // Reads what stands in apt's own files.
    (interface::INSTALLER, "DescribeRepository"),
];

/// Commands that only read.
const READING: [&str; 25] = [
    "status",
    "access",
    "access show",
    "access help",
    "access tunnel help",
    "services list",
    "services logs",
    "jobs list",
    "jobs follow",
    "completions",
    "man",
    "help",
    "services",
    "jobs",
    "services help",
    "gpu",
    "gpu show",
    "gpu watch",
    "gpu processes",
    "gpu history",
    "gpu help",
    "cuda show",
    "cuda help",
    // Without a URL.
    "cuda repository",
    // Becomes a program of the caller's own.
    "cuda with-compat",
];

/// Every method of every interface in the committed XML: interface → (name, signature of its arguments).
fn methods() -> BTreeMap<String, Vec<(String, String)>> {
    let mut methods: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for entry in std::fs::read_dir(repository().join("data/dbus")).expect("data/dbus") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "xml") {
            continue;
        }
        let file = std::fs::File::open(&path).expect("readable");
        let node = zbus_xml::Node::from_reader(file).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for interface in node.interfaces() {
            for method in interface.methods() {
                let inputs = method.args().iter().filter(|arg| arg.direction() != Some(zbus_xml::ArgDirection::Out));
                let signature: String = inputs.map(|arg| arg.ty().to_string()).collect();
                methods.entry(interface.name().to_string()).or_default().push((method.name().to_string(), signature));
            }
        }
    }
    assert!(methods.len() >= 3, "the XML of the contract is missing: {methods:?}");
    methods
}

/// Where an interface is served right now.
fn object_of(stack: &Stack, interface: &str) -> String {
    match interface {
        interface::ROOT => ROOT_PATH.into(),
        interface::SERVICE => api::service_path("sleeper"),
        interface::ACCESS => api::below("access"),
        interface::JOB => {
            let jobs = stack.ctl_ok(&["--json", "jobs"]);
            let jobs: serde_json::Value = serde_json::from_str(&jobs).expect("JSON");
            let job = jobs.as_array().and_then(|jobs| jobs.last()).expect("a job");
            api::job_path(job["id"].as_u64().expect("a number"))
        }
        interface::STREAM => api::below("stream"),
        interface::VNC => api::below("vnc"),
        interface::GPU => api::gpu_path("GPU-5f1c0a3e-0000-4000-8000-000000000001"),
        interface::CUDA | interface::INSTALLER => api::below("cuda"),
        interface::PENDING => a_change(stack),
        other => panic!("say in this test where {other} is served"),
    }
}

/// Arguments that would be taken from somebody who may.
fn arguments(signature: &str) -> &'static [&'static str] {
    match signature {
        "a{sv}" => &["0"],
        "ba{sv}" => &["true", "0"],
        "a{sv}a{sv}" => &["1", "framerate", "s", "30", "0"],
        "sa{sv}" => &["slow-link", "0"],
        "uta{sv}" => &["1", "0", "0"],
        "ssa{sv}" => &["12.9", "compiler", "0"],
        "saya{sv}" => &["http://127.0.0.1/cuda", "0", "0"],
        "asa{sv}" => &["1", "framerate", "0"],
        other => panic!("say in this test what arguments of the types {other} look like"),
    }
}

/// A change of root's. The program ends at once, so it is over soon, and its object stays for a while.
fn a_change(stack: &Stack) -> String {
    let path = api::below("stream");
    let apply = ["busctl", "call", BUS_NAME, &path, interface::STREAM, "Apply", "a{sv}a{sv}", "1", "framerate", "s"];
    let output = stack.command(&apply).args(["30", "0"]).output().expect("enter");
    let change = text(&output)
        .split('"')
        .find(|part| part.contains("/pending/"))
        .map(|path| path.trim_end_matches('\\').to_owned());
    let change = change.unwrap_or_else(|| panic!("no change has begun: {}", text(&output)));
    let stage = ["busctl", "get-property", BUS_NAME, &change, interface::PENDING, "Stage"];
    let stage = || text(&stack.command(&stage).output().expect("enter"));
    support::wait_until(
        support::DEADLINE,
        || format!("it is taken back: {}", stage()),
        || stage().contains("reverted").then_some(()),
    );
    change
}

/// A restart that takes supervisord's whole patience, once no earlier one is at work.
fn begin_a_long_job(stack: &Stack) {
    let began = || code(&stack.ctl(&["--wait", "0", "services", "restart", "stubborn"])) == 0;
    support::wait_until(support::DEADLINE, || "a long job can begin".into(), || began().then_some(()));
}

/// All that a refused call must leave as it is.
fn state(stack: &Stack) -> String {
    stack.shell("supervisorctl status | awk '{print $1, $2, $4}' | grep -v stubborn; grep -o '\"id\":[0-9]*' /var/lib/desktop-control/jobs.json; ls -lR /workspace/.env 2>/dev/null; ls -lR /etc/desktop-control 2>/dev/null")
}

#[test]
fn every_changing_method_is_refused_to_another_user() {
    let stack = shared(boot);
    stack.ctl_ok(&["services", "restart", "sleeper"]);
    // A job of root's that is still at work, to be cancelled.
    begin_a_long_job(&stack);
    let served: Vec<_> =
        methods().into_iter().map(|(name, methods)| (object_of(&stack, &name), name, methods)).collect();
    let before = state(&stack);
    for (path, interface, methods) in served {
        for (method, signature) in methods {
            if FOR_EVERYBODY.contains(&(interface.as_str(), method.as_str())) {
                continue;
            }
            let call = ["busctl", "--timeout=20", "call", BUS_NAME, &path, &interface, &method, &signature];
            let output = stack.command_as("nobody", &call).args(arguments(&signature)).output().expect("enter");
            assert!(!output.status.success(), "{interface}.{method} was allowed");
            assert!(text(&output).contains("You may not"), "{interface}.{method}: {}", text(&output));
        }
    }
    assert_eq!(state(&stack), before, "something has changed");
}

#[test]
fn every_changing_command_is_refused_to_another_user() {
    let stack = shared(boot);
    begin_a_long_job(&stack);
    let jobs: serde_json::Value = serde_json::from_str(&stack.ctl_ok(&["--json", "jobs"])).expect("JSON");
    let job = jobs.as_array().and_then(|jobs| jobs.last()).expect("a job")["id"].to_string();
    let before = state(&stack);
    let mut tried = 0;
    for words in commands() {
        // What only touches a file of the caller's own needs nobody's leave. Changes of the stream need a stream, those
        // of VNC words of their own: tests/stream_cli.rs, tests/vnc.rs.
        let elsewhere = matches!(words[0].as_str(), "autostart" | "stream" | "vnc");
        if READING.contains(&words.join(" ").as_str()) || elsewhere {
            continue;
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let arguments: &[&str] = match words[..] {
            ["jobs", ..] => &[&job],
            ["cuda", "available" | "repair"] => &[],
            ["cuda", "install" | "remove" | "enable-compat"] => &["12.9", "--yes"],
            ["cuda", ..] => &["12.9"],
            _ => &["sleeper"],
        };
        let words: Vec<&str> = words.iter().chain(arguments).copied().collect();
        let output = stack.ctl_as("nobody", &words);
        assert_eq!(code(&output), 4, "{words:?}: {}", text(&output));
        assert!(String::from_utf8_lossy(&output.stderr).contains("Ask as root"), "{}", text(&output));
        tried += 1;
    }
    assert!(tried >= 4, "only {tried} commands were tried");
    assert_eq!(state(&stack), before, "something has changed");
}

/// Every command that the definitions know, as words.
fn commands() -> Vec<Vec<String>> {
    fn walk(command: &clap::Command, words: &[String], all: &mut Vec<Vec<String>>) {
        for sub in command.get_subcommands() {
            let words: Vec<String> = words.iter().cloned().chain([sub.get_name().to_owned()]).collect();
            if sub.has_subcommands() {
                walk(sub, &words, all);
            } else {
                all.push(words);
            }
        }
    }
    let mut all = Vec::new();
    walk(&desktop_control::cli::definitions(), &[], &mut all);
    all
}

#[test]
fn only_logs_that_the_user_could_open_are_shown_to_them() {
    let stack = shared(boot);
    stack.write("/var/log/portal/sleeper.log", "open to all\n");
    stack.shell("chmod 644 /var/log/portal/sleeper.log");
    let output = stack.ctl_as("nobody", &["services", "logs", "sleeper"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "open to all\n", "{}", text(&output));
    stack.shell("chmod 600 /var/log/portal/sleeper.log");
    let output = stack.ctl_as("nobody", &["services", "logs", "sleeper"]);
    assert_eq!(code(&output), 4, "{}", text(&output));
    assert!(output.stdout.is_empty(), "{}", text(&output));
    assert_eq!(stack.ctl_ok(&["services", "logs", "sleeper"]), "open to all\n", "root reads it");
    let output = stack.ctl_as("user", &["services", "logs", "sleeper"]);
    assert_eq!(code(&output), 0, "the desktop user may manage services: {}", text(&output));
}

#[test]
fn a_link_in_the_log_folder_shows_nobody_anything() {
    let stack = shared(boot);
    stack.shell(
        "cd /var/log/portal; rm -f sleeper.log; echo secret >/root/secret; chmod 600 /root/secret; \
         setpriv --reuid=nobody --regid=nogroup --clear-groups ln -s /root/secret sleeper.log",
    );
    for user in ["nobody", "user", "root"] {
        let output = stack.ctl_as(user, &["services", "logs", "sleeper"]);
        assert_ne!(code(&output), 0, "{user}: {}", text(&output));
        assert!(!text(&output).contains("secret"), "{user}: {}", text(&output));
    }
    stack.shell("rm -f /var/log/portal/sleeper.log");
}

#[test]
fn the_desktop_user_may_by_the_rule_file() {
    let stack = shared(boot);
    let before = stack.pid_of("sleeper");
    let output = stack.ctl_as("user", &["services", "restart", "sleeper"]);
    assert_eq!(code(&output), 0, "{}", text(&output));
    assert_ne!(stack.pid_of("sleeper"), before);
}

#[test]
fn a_user_cancels_their_own_job_only() {
    let stack = shared(boot);
    stack.pid_of("stubborn");
    // Another test may have left a job at work on it.
    let begins = || code(&stack.ctl_as("user", &["--json", "--wait", "0", "services", "stop", "stubborn"])) == 0;
    support::wait_until(support::DEADLINE, || "a job can begin".into(), || begins().then_some(()));
    let jobs: serde_json::Value = serde_json::from_str(&stack.ctl_ok(&["--json", "jobs"])).expect("JSON");
    let id = jobs.as_array().and_then(|jobs| jobs.last()).expect("a job")["id"].to_string();
    assert_eq!(code(&stack.ctl_as("nobody", &["jobs", "cancel", &id])), 4);
    let output = stack.ctl_as("user", &["jobs", "cancel", &id]);
    assert_eq!(code(&output), 0, "{}", text(&output));
    stack.ctl(&["services", "start", "stubborn"]);
}

#[test]
fn without_polkit_the_group_decides_and_a_hung_one_permits_nothing() {
    let stack = boot().start();
    stack.wait_for_health("polkitd", "ok");
    stack.shell("kill -STOP $(pgrep -x polkitd)");
    let output = stack.ctl_as("user", &["services", "restart", "sleeper"]);
    assert_eq!(code(&output), 4, "a hung polkit: {}", text(&output));
    assert!(text(&output).contains("polkit does not answer"), "{}", text(&output));
    assert_eq!(code(&stack.ctl(&["services", "restart", "sleeper"])), 0, "root needs no polkit");
    stack.shell(
        "rm /usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service; kill -KILL $(pgrep -x polkitd); \
         supervisorctl stop polkitd >/dev/null; busctl call org.freedesktop.DBus / org.freedesktop.DBus ReloadConfig",
    );
    assert_eq!(code(&stack.ctl_as("nobody", &["services", "restart", "sleeper"])), 4, "nobody is in no group");
    let output = stack.ctl_as("user", &["services", "restart", "sleeper"]);
    assert_eq!(code(&output), 0, "a member of desktop-control: {}", text(&output));
}

#[test]
fn one_user_cannot_hold_all_descriptors() {
    let stack = shared(boot);
    let output = stack.command_as("nobody", &["python3", "-c", HOARD]).output().expect("enter");
    assert!(text(&output).contains("held 16"), "{}", text(&output));
    stack.wait_for_health("polkitd", "ok");
}

/// Opens leases over one connection until it is refused, with the bus library that is in every Debian's systemd.
const HOARD: &str = r#"
import ctypes
sd = ctypes.CDLL("libsystemd.so.0")
bus = ctypes.c_void_p()
assert sd.sd_bus_open_system(ctypes.byref(bus)) >= 0
name = b"io.github.desktop_control.Control1"
held, kept = 0, []
while held < 100:
    reply = ctypes.c_void_p()
    if sd.sd_bus_call_method(bus, name, b"/io/github/desktop_control/Control1", name, b"Watch", None, ctypes.byref(reply), b"a{sv}", 0) < 0:
        break
    kept.append(reply)
    held += 1
print("held", held)
"#;
