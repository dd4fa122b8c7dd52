//! Installing CUDA by the daemon: as a job on the bus that outlives the daemon, and by the command line.

#![expect(clippy::expect_used, clippy::panic, reason = "a machine that cannot be built has failed the test")]

#[path = "apt/machine.rs"]
mod machine;
#[path = "apt/packages.rs"]
mod packages;
#[path = "apt/repository.rs"]
mod repository;
#[path = "apt/server.rs"]
mod server;
mod support;

use std::process::Stdio;

use serde_json::Value;

use self::machine::Machine;
use self::packages::{POSTINST_FAILS, POSTINST_SLOW};
use self::repository::Repository;
use self::support::{DEADLINE, code, text, wait_until};

fn json(machine: &Machine, words: &[&str]) -> Value {
    let words: Vec<&str> = ["--json"].iter().chain(words).copied().collect();
    let said = machine.stack.ctl_ok(&words);
    serde_json::from_str(said.trim()).unwrap_or_else(|error| panic!("{said}: {error}"))
}

fn last_job(machine: &Machine) -> Value {
    let jobs = json(machine, &["jobs"]);
    jobs.as_array().and_then(|jobs| jobs.last()).cloned().unwrap_or_default()
}

fn wait_for_job(machine: &Machine, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    wait_until(
        DEADLINE,
        || format!("{what}: {}", last_job(machine)),
        || {
            // The daemon may be between two lives.
            let said = machine.stack.ctl(&["--json", "jobs"]);
            let jobs: Value = serde_json::from_slice(&said.stdout).ok()?;
            let job = jobs.as_array()?.last()?.clone();
            wanted(&job).then_some(job)
        },
    )
}

#[test]
fn a_terminal_shows_installs_verifies_and_removes() {
    let machine = Machine::with_daemon(Repository::usual());
    let available = json(&machine, &["cuda", "available"]);
    let versions: Vec<&str> =
        available.as_array().expect("a list").iter().filter_map(|one| one["version"].as_str()).collect();
    assert_eq!(versions, ["12.9.1", "12.8.1"], "best first: {available}");
    let plan = json(&machine, &["cuda", "plan", "12.9", "--profile", "full", "--extra", "nccl"]);
    assert_eq!(plan["install"].as_array().map(Vec::len), Some(15), "{plan}");
    let refused = machine.stack.ctl(&["cuda", "install", "12.9", "-p", "full"]);
    assert_eq!(code(&refused), 2, "nobody can be asked: {}", text(&refused));
    let stranger = machine.stack.ctl_as("nobody", &["cuda", "install", "12.9", "--yes"]);
    assert_eq!(code(&stranger), 4, "{}", text(&stranger));
    let said = machine.stack.ctl_ok(&["cuda", "install", "12.9", "-p", "full", "--yes"]);
    assert!(said.contains("install cuda 12.9: done"), "{said}");
    assert!(said.contains("nvcc --version: passed (Cuda compilation tools, release 12.9"), "{said}");
    assert!(said.contains("desktopctl cuda remove 12.9"), "{said}");
    machine.assert_sound();
    wait_until(
        DEADLINE,
        || "it is seen".into(),
        || json(&machine, &["cuda"])["toolkits"].as_array().filter(|all| all.len() == 1).map(drop),
    );
    let unknown = machine.stack.ctl(&["cuda", "plan", "11.8"]);
    assert_eq!(code(&unknown), 5, "{}", text(&unknown));
    machine.stack.ctl_ok(&["cuda", "verify", "12.9"]);
    machine.stack.ctl_ok(&["cuda", "remove", "12.9", "--yes"]);
    machine.assert_sound();
    assert_eq!(machine.stack.shell("ls -d /usr/local/cuda* 2>/dev/null || true"), "");
    assert_eq!(last_job(&machine)["kind"], "cuda-remove");
}

#[test]
fn a_job_outlives_the_daemon() {
    let machine = Machine::with_daemon(Repository::usual());
    machine.server.faults(|faults| faults.rate = Some(500_000));
    machine.stack.ctl_ok(&["--wait", "0", "cuda", "install", "12.9", "-p", "full", "--yes"]);
    let job = wait_for_job(&machine, "it downloads", |job| job["bytes_done"].as_u64() > Some(300_000));
    assert_eq!((&job["progress_valid"], &job["cancellable"]), (&Value::Bool(true), &Value::Bool(true)), "{job}");
    let busy = machine.stack.ctl(&["cuda", "install", "12.8", "--yes"]);
    assert_eq!(code(&busy), 6, "{}", text(&busy));
    let pid = machine.stack.pid_of("desktop-controld");
    machine.stack.shell(&format!("kill -9 {pid}"));
    let after = wait_for_job(&machine, "it is known again", |after| after["id"] == job["id"]);
    assert_eq!(after["kind"], "cuda-install");
    let done = wait_for_job(&machine, "it is done", |job| job["result"] != Value::Null);
    assert_eq!((&done["id"], &done["result"]), (&job["id"], &Value::from("done")), "{done}");
    machine.assert_sound();
    assert_ne!(machine.stack.pid_of("desktop-controld"), pid);
}

#[test]
fn a_killed_installer_is_started_anew() {
    const INSTALLER: &str = "kill -9 $(cat /run/desktop-control/install/lock)";
    let machine = Machine::with_daemon(Repository::usual());
    machine.server.faults(|faults| faults.rate = Some(500_000));
    machine.stack.write(POSTINST_SLOW, "");
    machine.stack.ctl_ok(&["--wait", "0", "cuda", "install", "12.9", "-p", "full", "--yes"]);
    wait_for_job(&machine, "it downloads", |job| job["bytes_done"].as_u64() > Some(300_000));
    machine.stack.shell(INSTALLER);
    wait_for_job(&machine, "it installs", |job| job["step"].as_str().is_some_and(|step| step.contains("onfiguring")));
    machine.stack.shell(INSTALLER);
    // And the daemon, too: both at once.
    machine.stack.shell(&format!("kill -9 {}", machine.stack.pid_of("desktop-controld")));
    let done = wait_for_job(&machine, "it is done", |job| job["result"] != Value::Null);
    assert_eq!(done["result"], "done", "{done}");
    machine.assert_sound();
}

#[test]
fn what_fails_says_so_and_what_is_cancelled_leaves_nothing() {
    let machine = Machine::with_daemon(Repository::usual());
    machine.stack.write(POSTINST_FAILS, "");
    let failed = machine.stack.ctl(&["cuda", "install", "12.9", "--yes"]);
    assert_eq!(code(&failed), 1, "{}", text(&failed));
    assert!(text(&failed).contains("could not be set up"), "{}", text(&failed));
    machine.assert_sound();
    machine.stack.shell(&format!("rm {POSTINST_FAILS}"));
    machine.server.faults(|faults| faults.rate = Some(300_000));
    machine.stack.ctl_ok(&["--wait", "0", "cuda", "install", "12.8", "--yes"]);
    let job = wait_for_job(&machine, "it downloads", |job| job["bytes_done"].as_u64() > Some(100_000));
    machine.stack.ctl_ok(&["jobs", "cancel", &job["id"].to_string()]);
    assert_eq!(last_job(&machine)["result"], "cancelled");
    machine.assert_sound();
    assert_eq!(machine.stack.shell("ls -d /usr/local/cuda* 2>/dev/null || true"), "");
}

#[test]
fn events_come_as_lines_and_the_default_is_restored_at_the_start() {
    let machine = Machine::with_daemon(Repository::usual());
    let mut command =
        machine.stack.command(&["desktopctl", "--json", "cuda", "install", "12.8", "-p", "compiler", "--yes"]);
    let said = command.stdin(Stdio::null()).output().expect("enter");
    let lines = String::from_utf8(said.stdout).expect("text");
    let events: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(events.len() > 2, "{lines}");
    assert_eq!(events.last().map(|job| job["result"].clone()), Some(Value::from("done")), "{lines}");
    machine.stack.ctl_ok(&["cuda", "install", "12.9", "-p", "compiler", "--yes"]);
    let default = || machine.stack.shell("readlink -f /usr/local/cuda");
    assert_eq!(default(), "/usr/local/cuda-12.8");
    machine.stack.shell("rm /usr/local/cuda; ln -s /usr/local/cuda-12.9 /usr/local/cuda");
    machine.stack.shell(&format!("kill -9 {}", machine.stack.pid_of("desktop-controld")));
    wait_until(DEADLINE, || "the default is as chosen".into(), || (default() == "/usr/local/cuda-12.8").then_some(()));
    machine.assert_sound();
}
