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
use self::packages::{POSTINST_FAILS, POSTINST_SLOW, package};
use self::repository::{Key, Repository, usual_key};
use self::server::Server;
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
    let job = wait_for_job(&machine, "the time left is told", |job| job["seconds_left"].as_u64().is_some());
    assert!(job["seconds_left"].as_u64() < Some(60), "{job}");
    let busy = machine.stack.ctl(&["cuda", "install", "12.8", "--yes"]);
    assert_eq!(code(&busy), 6, "{}", text(&busy));
    let pid = machine.stack.pid_of("desktop-controld");
    machine.stack.shell(&format!("kill -9 {pid}"));
    let after = wait_for_job(&machine, "it is known again", |after| after["id"] == job["id"]);
    assert_eq!(after["kind"], "cuda-install");
    let done = wait_for_job(&machine, "it is done", |job| job["result"] != Value::Null);
    assert_eq!((&done["id"], &done["result"]), (&job["id"], &Value::from("done")), "{done}");
    assert_eq!(done["seconds_left"], Value::Null);
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
fn an_installer_killed_at_its_very_end_has_done_what_it_has_done() {
    use desktop_control::host::fault::InstallFault as Point;
    let machine = Machine::with_daemon(Repository::usual());
    for point in [
        Point::BeforeOutcomeJournal,
        Point::AfterOutcomeJournal,
        Point::BeforeInstallJournalRemoval,
        Point::AfterInstallJournalRemoval,
    ] {
        machine.fault(&format!("kill {point}"));
        let said = machine.stack.ctl_ok(&["cuda", "install", "12.9", "-p", "compiler", "--yes"]);
        machine.stack.shell("rm /run/desktop-control/fault.done");
        assert!(said.contains("install cuda 12.9: done"), "{point}: {said}");
        assert!(said.contains("nvcc --version: passed"), "{point}: {said}");
        // What the installer had failed at is told as such, too.
        machine.fault(&format!("kill {point}"));
        let failed = machine.stack.ctl(&["cuda", "remove", "11.8", "--yes"]);
        machine.stack.shell("rm /run/desktop-control/fault.done");
        assert!(code(&failed) == 5 && text(&failed).contains("No package of CUDA 11.8"), "{point}: {}", text(&failed));
        machine.stack.ctl_ok(&["cuda", "remove", "12.9", "--yes"]);
        machine.assert_sound();
    }
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

#[test]
fn packages_come_from_a_mirror_that_is_set_and_from_the_earlier_one_again() {
    let machine = Machine::with_daemon(Repository::usual());
    let repository = |more: &[&str]| json(&machine, &[&["cuda", "repository"], more].concat());
    let configured = repository(&[]);
    assert_eq!((&configured["url"], &configured["origin"]), (&machine.server.url().into(), &"configuration".into()));
    assert_eq!(configured["fingerprints"], serde_json::json!([usual_key().fingerprint()]));
    assert_eq!((&configured["kind"], &configured["entry"]), (&"mirror".into(), &Value::Null), "nothing is added yet");
    let config = machine.stack.shell("cat /etc/desktop-control/config.toml");

    let key = Key::fresh();
    let other = Repository::only(&[package("cuda-toolkit-12-9", "12.9.7-1", &[])]);
    other.publish(&key);
    let server = Server::of(other.folder());
    let url = server.url();
    machine.stack.write("/root/mirror.asc", &key.public());
    machine.stack.write("/root/page", "<html>not found</html>");
    let fingerprint = key.fingerprint();
    for (words, said) in [
        (vec!["--url", "ftp://a", "--key", "/root/mirror.asc"], "must begin with https://"),
        (vec!["--url", &url, "--key", "/root/page"], "is no OpenPGP key"),
        (vec!["--url", &url, "--key", "/root/gone"], "cannot be read"),
        (vec!["--url", &url, "--key", "/root/mirror.asc", "--fingerprint", "EB69"], "should have the fingerprint"),
        (vec!["--url", &url], "--key"),
        (vec!["--reset", "--key", "/root/mirror.asc"], "cannot be used with"),
    ] {
        let refused = machine.stack.ctl(&[&["cuda", "repository"], words.as_slice()].concat());
        assert!(code(&refused) == 2 && text(&refused).contains(said), "{words:?}: {}", text(&refused));
    }
    let stranger = ["cuda", "repository", "--reset"];
    assert_eq!(code(&machine.stack.ctl_as("nobody", &stranger)), 4);
    assert_eq!(repository(&[]), configured, "nothing was changed by what was refused");

    let set = repository(&["--url", &format!("{url}/"), "--key", "/root/mirror.asc", "--fingerprint", &fingerprint]);
    assert_eq!((&set["url"], &set["origin"]), (&url.clone().into(), &"set".into()), "{set}");
    assert_eq!(set["fingerprints"], serde_json::json!([fingerprint]));
    let available = json(&machine, &["cuda", "available"]);
    assert_eq!(available[0]["version"], "12.9.7", "{available}");
    let sources = || machine.stack.shell("cat /etc/apt/sources.list.d/*");
    assert!(sources().contains(&url) && !sources().contains(&machine.server.url()), "{}", sources());
    assert_eq!(repository(&[])["entry"], "/etc/apt/sources.list.d/desktop-control-cuda.sources");
    machine.stack.shell(&format!("kill -9 {}", machine.stack.pid_of("desktop-controld")));
    wait_for_daemon(&machine);
    assert_eq!(repository(&[])["url"], Value::from(url.clone()), "it outlives the daemon");
    assert_eq!(machine.stack.shell("cat /etc/desktop-control/config.toml"), config, "what is written by hand stays");

    let shown = machine.stack.ctl_ok(&["cuda", "repository", "--reset"]);
    assert!(
        shown.contains(&machine.server.url()) && shown.contains("named in /etc/desktop-control/config.toml"),
        "{shown}"
    );
    assert_eq!(json(&machine, &["cuda", "available"])[0]["version"], "12.9.1");
    assert!(sources().contains(&machine.server.url()) && !sources().contains(&url), "{}", sources());
    machine.server.faults(|faults| faults.rate = Some(500_000));
    machine.stack.ctl_ok(&["--wait", "0", "cuda", "install", "12.9", "-p", "full", "--yes"]);
    for words in [&["--reset"][..], &["--url", &url, "--key", "/root/mirror.asc"]] {
        let busy = machine.stack.ctl(&[&["cuda", "repository"], words].concat());
        assert_eq!(code(&busy), 6, "{}", text(&busy));
    }
    let job = last_job(&machine)["id"].to_string();
    machine.stack.ctl_ok(&["jobs", "cancel", &job]);
    // NVIDIA's own address with somebody else's key.
    let nvidia = "https://developer.download.nvidia.com/compute/cuda/repos/debian12/x86_64";
    let refused = machine.stack.ctl(&["cuda", "repository", "--url", nvidia, "--key", "/root/mirror.asc"]);
    assert!(code(&refused) == 2 && text(&refused).contains("EB693B30"), "{}", text(&refused));
    machine.stack.write("/var/lib/desktop-control/repository.json", "{\"url\":");
    let broken = machine.stack.ctl(&["cuda", "available"]);
    assert!(code(&broken) == 1 && text(&broken).contains("--reset"), "{}", text(&broken));
    assert_eq!(repository(&["--reset"])["origin"], "configuration");
    machine.assert_sound();
}

fn wait_for_daemon(machine: &Machine) {
    wait_until(
        DEADLINE,
        || "the daemon answers again".into(),
        || (code(&machine.stack.ctl(&["jobs"])) == 0).then_some(()),
    );
}
