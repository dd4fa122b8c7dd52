//! GPUs in the real stack: the loader finds a stand-in for NVIDIA's library, everything above it is what is shipped.
//!
//! `INSTA_UPDATE=always cargo test --test gpu` writes what each machine says anew.

#![expect(clippy::expect_used, reason = "tests")]

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use desktop_control::api::{BUS_NAME, ROOT_PATH, interface};
use serde_json::{Value, json};
use support::nvml::{MACHINES, SCRIPT_INSIDE, still};
use support::{Boot, DEADLINE, Stack, code, shared, text, wait_until};
use zbus::fdo::ObjectManagerProxy;

const GPU: &str = "GPU-5f1c0a3e-0000-4000-8000-000000000001";

/// Enough for Selkies to count as installed.
const SELKIES: &str = "/opt/selkies/lib/python3.11/site-packages/selkies-2.1.0.dist-info/METADATA";

fn boot() -> Boot {
    let selkies = ("selkies", "command=bash -c 'sleep 10000 & wait'\nstartsecs=0\nstopasgroup=true\nkillasgroup=true");
    Boot::core_with(&[selkies]).and_file(SELKIES, "").and_gpus("one-consumer")
}

/// Has the stack be another machine, as after a restart with other GPUs.
fn become_machine(stack: &Stack, script: &Value) {
    stack.write(SCRIPT_INSIDE, &script.to_string());
    let before = stack.pid_of("desktop-controld");
    stack.shell("supervisorctl restart desktop-controld >/dev/null");
    wait_until(
        DEADLINE,
        || "the new daemon has looked at the GPUs".into(),
        || {
            let status: Value = serde_json::from_slice(&stack.ctl(&["--json", "status"]).stdout).ok()?;
            let looked = status["gpu_state"].as_str().is_some_and(|state| state != "unknown");
            (looked && stack.service("desktop-controld")?["pid"].as_u64() != Some(before)).then_some(())
        },
    );
}

fn json_of(stack: &Stack, words: &[&str]) -> Value {
    let words: Vec<&str> = ["--json"].iter().chain(words).copied().collect();
    serde_json::from_str(&stack.ctl_ok(&words)).expect("JSON")
}

/// The health of each GPU, in order.
fn health(stack: &Stack) -> Vec<String> {
    let said = json_of(stack, &["gpu"]);
    let gpus = said["gpus"].as_array().expect("a list");
    gpus.iter().map(|gpu| gpu["health"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The objects of all GPUs as they are on the bus, a line for each property.
async fn objects(stack: &Stack) -> String {
    let bus = stack.bus().await;
    let manager = ObjectManagerProxy::builder(&bus).destination(BUS_NAME).expect("a name");
    let manager = manager.path(ROOT_PATH).expect("a path").build().await.expect("a proxy");
    let mut lines = Vec::new();
    for (path, interfaces) in manager.get_managed_objects().await.expect("objects") {
        let gpu = interfaces.into_iter().find(|(name, _)| name.as_str() == interface::GPU);
        for (name, value) in gpu.map(|(_, properties)| properties).unwrap_or_default() {
            let path = path.strip_prefix(ROOT_PATH).unwrap_or(&path);
            lines.push(format!("{path} {name} {}", zbus::zvariant::Value::from(value)));
        }
    }
    lines.sort();
    lines.join("\n")
}

#[test]
fn every_machine_is_shown_as_it_is() {
    let stack = shared(boot);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for name in MACHINES {
        let mut script = still(name);
        if name == "lost" {
            // Before anybody has seen it.
            script["gpus"][1]["lost_from"] = 1.into();
        }
        become_machine(&stack, &script);
        let mut said = json_of(&stack, &["gpu"]);
        for gpu in said["gpus"].as_array_mut().expect("a list") {
            assert!(gpu["stats"]["time"].is_string(), "{gpu}");
            gpu["stats"]["time"] = "a time".into();
        }
        insta::assert_snapshot!(format!("{name}.json"), serde_json::to_string_pretty(&said).expect("JSON"));
        insta::assert_snapshot!(format!("{name}.txt"), stack.ctl_ok(&["gpu"]));
        insta::assert_snapshot!(format!("{name}.objects"), runtime.block_on(objects(&stack)));
    }
}

#[test]
fn without_a_library_the_cpu_draws_and_says_why() {
    let stack = Boot::core_with(&[]).start();
    wait_until(
        DEADLINE,
        || "it has been looked".into(),
        || (json_of(&stack, &["status"])["gpu_state"] == "no-device").then_some(()),
    );
    let said = stack.ctl_ok(&["gpu"]);
    assert!(said.contains("No NVIDIA GPU: drawing on the CPU (llvmpipe)"), "{said}");
    assert_eq!(json_of(&stack, &["gpu"])["gpus"], json!([]));
    for command in ["watch", "processes", "history"] {
        let output = stack.ctl(&["gpu", command]);
        assert_eq!(code(&output), 1, "{}", text(&output));
        assert!(text(&output).contains("No NVIDIA GPU"), "{}", text(&output));
    }
    // A device without the library: somebody forgot the driver capability "utility".
    stack.shell("touch /dev/nvidia0; supervisorctl restart desktop-controld >/dev/null");
    wait_until(
        DEADLINE,
        || "it has been looked again".into(),
        || (json_of(&stack, &["status"])["gpu_state"] == "no-library").then_some(()),
    );
    assert!(stack.ctl_ok(&["gpu"]).contains("“utility”"));
}

/// The probes that run inside.
fn probes(stack: &Stack) -> usize {
    stack.shell("pgrep -cf '[d]esktop-controld gpu-probe|[e]xe gpu-probe' || true").parse().expect("a number")
}

#[test]
fn it_is_looked_while_somebody_watches_and_not_for_longer() {
    let stack = shared(boot);
    let script = std::fs::read_to_string(support::nvml::machine("one-consumer")).expect("readable");
    become_machine(&stack, &serde_json::from_str(&script).expect("JSON"));
    let mut watch = stack.command(&["desktopctl", "--json", "gpu", "watch", "-i", "1"]);
    let mut watch = watch.stdout(Stdio::piped()).spawn().expect("enter");
    let lines = BufReader::new(watch.stdout.take().expect("a pipe")).lines();
    let began = Instant::now();
    let looks: Vec<Value> =
        lines.take(4).map(|line| serde_json::from_str(&line.expect("a line")).expect("JSON")).collect();
    assert!(began.elapsed() >= Duration::from_secs(2), "not more than one a second: {:?}", began.elapsed());
    let loads: Vec<u64> = looks.iter().map(|look| look["gpu_percent"].as_u64().expect("a number")).collect();
    assert!(loads.windows(2).all(|pair| pair[0] < pair[1]), "it grows from look to look: {loads:?}");
    assert!(looks.iter().all(|look| look["gpu"] == GPU && look["memory_total_bytes"] == 25_757_220_864_u64));
    assert_eq!(probes(&stack), 1);
    watch.kill().expect("killed");
    watch.wait().expect("reaped");
    let history = json_of(&stack, &["gpu", "history"]);
    let moments = history[0]["moments"].as_array().expect("a list").len();
    assert!(moments >= 4, "{history}");
    stack.shell("pkill -x desktopctl || true");
    wait_until(DEADLINE, || "the probe has ended".into(), || (probes(&stack) == 0).then_some(()));
    let history = json_of(&stack, &["gpu", "history"]);
    assert!(history[0]["moments"].as_array().expect("a list").len() <= moments + 2, "nobody watched any more");
}

#[test]
fn eight_gpus_are_watched_by_one_lease() {
    let stack = shared(boot);
    become_machine(&stack, &still("eight"));
    // Each of these holds one; eight for each would be more than a user may hold.
    let watch = "folder=$(mktemp -d); for number in 1 2 3; do timeout 60 desktopctl --json gpu watch | \
                 head -n 8 >\"$folder/$number\" & done; wait; cat \"$folder\"/*";
    let output = stack.command_as("nobody", &["bash", "-c", watch]).output().expect("enter");
    let mut seen: Vec<String> = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let look: Value = serde_json::from_str(line).expect("JSON");
        seen.push(look["gpu"].as_str().expect("a UUID").to_owned());
    }
    assert_eq!(seen.len(), 24, "{}", text(&output));
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 8, "{seen:?}");
}

#[test]
fn a_lost_gpu_stays_with_what_was_known_and_says_what_to_do() {
    let stack = shared(boot);
    let mut script = still("lost");
    script["gpus"][1]["lost_from"] = 4.into();
    become_machine(&stack, &script);
    let mut watch = stack.command(&["desktopctl", "gpu", "watch"]).stdout(Stdio::null()).spawn().expect("enter");
    wait_until(DEADLINE, || "one is lost".into(), || (health(&stack) == ["ok", "lost"]).then_some(()));
    let said = json_of(&stack, &["gpu"]);
    let lost = &said["gpus"][1];
    assert_eq!(
        (lost["name"].as_str(), lost["stats"]["temperature_celsius"].as_u64()),
        (Some("NVIDIA GeForce RTX 4090"), Some(42))
    );
    assert!(lost["health_reason"].as_str().is_some_and(|reason| reason.contains("Restart the instance")), "{lost}");
    watch.kill().expect("killed");
    watch.wait().expect("reaped");
    stack.shell("pkill -x desktopctl || true");
}

#[test]
fn errors_that_the_driver_reports_are_told_in_words() {
    let stack = shared(boot);
    for (number, health) in [(48, "failing"), (31, "ok")] {
        let mut script = still("one-consumer");
        script["gpus"][0]["events"] = 8.into();
        script["gpus"][0]["xid"] = json!([number, 3]);
        become_machine(&stack, &script);
        let mut watch = stack.command(&["desktopctl", "gpu", "watch"]).stdout(Stdio::null()).spawn().expect("enter");
        let gpu = || json_of(&stack, &["gpu"])["gpus"][0].clone();
        wait_until(DEADLINE, || format!("it is told: {}", gpu()), || (gpu()["xid"] == number).then_some(()));
        assert_eq!(gpu()["health"], health, "{}", gpu());
        let said = stack.ctl_ok(&["gpu"]);
        assert_eq!(said.matches(&format!("(Xid {number})")).count(), 1, "once: {said}");
        watch.kill().expect("killed");
        watch.wait().expect("reaped");
        stack.shell("pkill -x desktopctl || true");
    }
}

#[test]
fn instances_come_and_go_as_objects() {
    let stack = shared(boot);
    let mut script = still("mig");
    script["gpus"][0]["parts"][2]["gone_from"] = 4.into();
    become_machine(&stack, &script);
    let gpus = || json_of(&stack, &["gpu"])["gpus"].as_array().expect("a list").len();
    let before = gpus();
    assert!(before == 4 || before == 3, "{before}");
    let mut watch = stack.command(&["desktopctl", "gpu", "watch"]).stdout(Stdio::null()).spawn().expect("enter");
    wait_until(DEADLINE, || "one instance is gone".into(), || (gpus() == 3).then_some(()));
    assert_eq!(health(&stack), ["ok", "ok", "ok"], "and nothing is wrong");
    watch.kill().expect("killed");
    watch.wait().expect("reaped");
    stack.shell("pkill -x desktopctl || true");
}

#[test]
fn a_driver_that_hangs_or_crashes_holds_up_nobody_but_who_asks_for_gpus() {
    let stack = shared(boot);
    for (fault, says) in [("hangs", "hangs"), ("crashes", "crashed")] {
        let mut script = still("one-consumer");
        script["gpus"][0][fault] = json!(["nvmlDeviceGetPowerUsage", 2]);
        become_machine(&stack, &script);
        let began = Instant::now();
        stack.ctl_ok(&["services"]);
        assert!(began.elapsed() < Duration::from_secs(5), "the daemon answers all the same");
        let said = json_of(&stack, &["gpu"]);
        assert_eq!(said["gpus"][0]["health"], "failing", "{said}");
        assert!(said["gpus"][0]["health_reason"].as_str().is_some_and(|reason| reason.contains(says)), "{said}");
        assert_eq!(said["gpus"][0]["stats"]["temperature_celsius"], Value::Null, "{said}");
    }
}

#[test]
fn the_streams_own_encoder_sessions_are_counted() {
    let stack = shared(boot);
    // What encodes is a child of what supervisord has started.
    let server = stack.pid_of("selkies");
    let encoder: u64 = stack.shell(&format!("pgrep -P {server}")).parse().expect("a number");
    let mut script = still("one-consumer");
    let session = |pid: u64| json!([pid, 0, 1920, 1080, 60, 4000]);
    script["gpus"][0]["sessions"] = json!([session(encoder), session(1), session(999_999)]);
    become_machine(&stack, &script);
    assert_eq!(json_of(&stack, &["stream"])["effective"]["nvenc_sessions"], 1);
    become_machine(&stack, &still("no-nvenc"));
    assert_eq!(json_of(&stack, &["stream"])["effective"]["nvenc_sessions"], Value::Null);
}

/// A program that holds one of NVIDIA's devices open, as everything on a GPU does.
fn use_gpu(stack: &Stack, user: &str) -> (Child, u64) {
    stack.shell("touch /dev/nvidiactl; chmod 666 /dev/nvidiactl");
    let script = "exec 3</dev/nvidiactl; echo $$; exec sleep 10000";
    let mut child = stack.command_as(user, &["setsid", "bash", "-c", script]);
    let mut child = child.stdout(Stdio::piped()).spawn().expect("enter");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    (child, line.trim().parse().expect("its number"))
}

#[test]
fn processes_are_told_and_ended_by_who_may() {
    let stack = shared(boot);
    let [(mut one, own), (mut two, other)] = ["nobody", "user"].map(|user| use_gpu(&stack, user));
    let mut script = still("one-consumer");
    script["gpus"][0]["graphics"] = json!([[own, 1_048_576], [1, 5], [999_999, 7]]);
    script["gpus"][0]["compute"] = json!([[other, 2_097_152], [own, 1_048_576]]);
    become_machine(&stack, &script);
    let said = json_of(&stack, &["gpu", "processes"]);
    let processes = said[0]["processes"].as_array().expect("a list");
    let find = |pid: u64| processes.iter().find(|process| process["pid"] == pid).expect("it is told").clone();
    assert_eq!((processes.len(), &said[0]["hidden"]), (2, &json!(2)), "1 uses no GPU, and 999999 is not here: {said}");
    let (mine, foreign) = (find(own), find(other));
    assert_eq!((&mine["user"], &mine["activity"], &mine["name"]), (&json!("nobody"), &json!("both"), &json!("sleep")));
    assert_eq!((&foreign["activity"], &foreign["memory_bytes"]), (&json!("compute"), &json!(2_097_152)));
    let end = |user: &str, process: &Value, start: &Value| {
        let path = desktop_control::api::gpu_path(GPU);
        let (pid, start) = (process["pid"].to_string(), start.to_string());
        let call = ["busctl", "call", BUS_NAME, &path];
        let words = [interface::GPU, "EndProcess", "uta{sv}", &pid, &start, "0"];
        let words: Vec<&str> = call.into_iter().chain(words).collect();
        text(&stack.command_as(user, &words).output().expect("enter"))
    };
    let runs = |pid: u64| stack.path(&format!("/proc/{pid}")).exists();
    assert!(end("nobody", &foreign, &foreign["start_time"]).contains("You may not"));
    assert!(end("user", &foreign, &json!(1)).contains("No process"), "another process has that number by now");
    assert!(runs(own) && runs(other), "nothing was done");
    let said = end("nobody", &mine, &mine["start_time"]);
    wait_until(DEADLINE, || format!("one's own process ends: {said}"), || (!runs(own)).then_some(()));
    let said = end("user", &mine, &mine["start_time"]);
    assert!(said.contains("No process"), "it is gone: {said}");
    let said = end("root", &foreign, &foreign["start_time"]);
    wait_until(DEADLINE, || format!("root may: {said}"), || (!runs(other)).then_some(()));
    one.wait().expect("reaped");
    two.wait().expect("reaped");
}
