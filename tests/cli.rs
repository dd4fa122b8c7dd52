//! `desktopctl` where there is no daemon: usage, exit codes, what it writes and where.

#![expect(clippy::expect_used, reason = "tests")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

/// Every command that asks the daemon something.
const ASKING: [&[&str]; 11] = [
    &["status"],
    &["access"],
    &["services"],
    &["services", "list", "--json"],
    &["services", "start", "x"],
    &["services", "stop", "x", "--force"],
    &["--wait", "0", "services", "restart", "a/b", "line\nbreak"],
    &["services", "logs", "x", "-n", "5"],
    &["jobs"],
    &["jobs", "follow", "1"],
    &["jobs", "cancel", "1"],
];

fn desktopctl(arguments: &[&str], bus: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_desktopctl"));
    command.args(arguments).env("DBUS_SYSTEM_BUS_ADDRESS", bus).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    desktopctl(arguments, "unix:path=/nonexistent/bus").output().expect("desktopctl runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// Exit code 3, nothing on standard output, one sentence on standard error.
fn assert_not_reachable(arguments: &[&str], bus: &str, part: &str) {
    let output = desktopctl(arguments, bus).output().expect("desktopctl runs");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    assert!(said.starts_with("desktopctl: ") && said.contains(part) && said.lines().count() == 1, "{said}");
}

#[test]
fn without_a_bus_every_command_says_so_and_ends_with_3() {
    for arguments in ASKING {
        assert_not_reachable(arguments, "unix:path=/nonexistent/bus", "The system bus cannot be reached");
    }
    assert_not_reachable(&["status"], "nonsense", "The system bus cannot be reached");
    assert_not_reachable(&["status"], "unix:path=/dev/null", "The system bus cannot be reached");
}

/// A bus on which nobody has our name.
struct Bus {
    daemon: Child,
    address: String,
}

impl Bus {
    fn start() -> Self {
        let mut daemon = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--nopidfile", "--print-address"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("dbus-daemon runs");
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().expect("piped")).read_line(&mut address).expect("an address");
        Self { daemon, address: address.trim().to_owned() }
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

#[test]
fn without_a_daemon_every_command_says_so_and_ends_with_3() {
    let bus = Bus::start();
    for arguments in ASKING {
        assert_not_reachable(arguments, &bus.address, "The control service is not running");
    }
}

#[test]
fn wrong_usage_ends_with_2_and_explains_itself() {
    let wrong: [&[&str]; 9] = [
        &[],
        &["nonsense"],
        &["services", "start"],
        &["services", "logs", "x", "-n", "-1"],
        &["services", "logs", "x", "-n", "100001"],
        &["services", "stop", "x", "--with-dependents"],
        &["jobs", "follow", "one"],
        &["--wait", "soon", "status"],
        &["completions", "nonsense"],
    ];
    for arguments in wrong {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        let said = stderr(&output);
        assert!(said.contains("Usage:") || said.contains("try '--help'"), "{arguments:?}: {said}");
    }
}

#[test]
fn help_names_every_command_and_every_exit_code() {
    let output = run(&["--help"]);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    let help = stdout(&output);
    for part in ["status", "access", "services", "jobs", "completions", "man", "--json", "--wait"] {
        assert!(help.contains(part), "{part} in\n{help}");
    }
    for code in 0..=8 {
        assert!(help.lines().any(|line| line.starts_with(&format!("  {code}  "))), "exit code {code} in\n{help}");
    }
}

#[test]
fn completions_know_the_commands_and_their_options() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = run(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell}");
        let script = stdout(&output);
        for part in ["services", "with-dependents", "cancel", "json"] {
            assert!(script.contains(part), "{part} for {shell}");
        }
    }
}

#[test]
fn the_manual_page_is_roff_and_names_every_command() {
    let output = run(&["man"]);
    assert_eq!(output.status.code(), Some(0));
    let page = stdout(&output);
    assert!(page.contains(".TH DESKTOPCTL 1"), "{page}");
    for command in ["status", "access", "services list", "services logs", "jobs follow", "completions", "man"] {
        assert!(page.contains(&format!("desktopctl {command}")), "{command} in\n{page}");
    }
}

#[test]
fn a_reader_that_has_gone_is_no_error() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = desktopctl(&["man"], "").stdout(writer).output().expect("desktopctl runs");
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
}

#[test]
fn a_full_disk_is_one() {
    let full = std::fs::File::options().write(true).open("/dev/full").expect("/dev/full");
    let output = desktopctl(&["man"], "").stdout(full).output().expect("desktopctl runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).starts_with("desktopctl: The output cannot be written"), "{}", stderr(&output));
}

#[test]
fn programs_that_are_still_bare_say_so_and_fail() {
    for program in [env!("CARGO_BIN_EXE_desktop-control-tray"), env!("CARGO_BIN_EXE_desktop-control")] {
        let output = Command::new(program).output().expect("it runs");
        assert_eq!(output.status.code(), Some(1), "{program}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("not part of this version yet"), "{program}");
    }
}
