//! `desktopctl` where there is no daemon: usage, exit codes, what it writes and where.

#![expect(clippy::expect_used, reason = "tests")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use desktop_control::client::autostart::ENTRY;

/// Every command that asks the daemon something.
const ASKING: [&[&str]; 37] = [
    &["status"],
    &["access"],
    &["access", "show", "--json"],
    &["access", "tunnel", "start", "browser"],
    &["access", "tunnel", "stop", "http://localhost:6100"],
    &["services"],
    &["services", "list", "--json"],
    &["services", "start", "x"],
    &["services", "stop", "x", "--force"],
    &["--wait", "0", "services", "restart", "a/b", "line\nbreak"],
    &["services", "logs", "x", "-n", "5"],
    &["jobs"],
    &["jobs", "follow", "1"],
    &["jobs", "cancel", "1"],
    &["stream"],
    &["stream", "show", "--json"],
    &["stream", "schema", "encoder"],
    &["stream", "set", "encoder=jpeg", "framerate=20", "--enforce", "--keep"],
    &["stream", "preset"],
    &["stream", "preset", "balanced", "--confirm-within", "90"],
    &["stream", "keep", "--force"],
    &["stream", "revert"],
    &["stream", "reset", "encoder", "--wait", "5"],
    &["vnc"],
    &["vnc", "show", "--json"],
    &["vnc", "enable", "--wait", "0"],
    &["vnc", "disable", "--force"],
    &["vnc", "exposure", "all"],
    &["vnc", "password"],
    &["vnc", "show-password"],
    &["vnc", "disconnect"],
    &["gpu"],
    &["gpu", "watch", "-i", "5"],
    &["gpu", "processes"],
    &["gpu", "history", "--json"],
    &["cuda"],
    &["cuda", "show", "--refresh", "--json"],
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
    let wrong: [&[&str]; 15] = [
        &[],
        &["nonsense"],
        &["services", "start"],
        &["services", "logs", "x", "-n", "-1"],
        &["services", "logs", "x", "-n", "100001"],
        &["services", "stop", "x", "--with-dependents"],
        &["jobs", "follow", "one"],
        &["--wait", "soon", "status"],
        &["completions", "nonsense"],
        &["autostart", "maybe"],
        &["stream", "nonsense"],
        &["stream", "set"],
        &["stream", "set", "encoder=jpeg", "--enforce", "--offer"],
        &["stream", "set", "encoder=jpeg", "--confirm-within", "4"],
        &["stream", "keep", "encoder"],
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
    for part in
        ["status", "access", "services", "stream", "jobs", "autostart", "completions", "man", "--json", "--wait"]
    {
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
        for part in ["services", "with-dependents", "stream", "confirm-within", "cancel", "autostart", "json"] {
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
    let commands = ["status", "access", "services list", "services logs", "stream show", "stream schema", "stream set"];
    let more = ["stream preset", "stream keep", "stream revert", "stream reset", "jobs follow", "autostart", "man"];
    for command in commands.into_iter().chain(more) {
        assert!(page.contains(&format!("desktopctl {command}")), "{command} in\n{page}");
    }
}

#[test]
fn the_help_of_set_tells_for_whom_a_value_holds() {
    let output = run(&["stream", "set", "--help"]);
    let help = stdout(&output);
    let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in ["`desktopctl stream set framerate=20 --enforce` everyone gets 20", "--offer", "standard input"] {
        assert!(words.contains(part), "{part} in\n{help}");
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

/// `desktopctl autostart` of a user with this home, on a system with these settings.
fn autostart(home: &Path, system: &Path, arguments: &[&str]) -> Output {
    let mut command = desktopctl(&[&["autostart"], arguments].concat(), "unix:path=/nonexistent/bus");
    command.env("HOME", home).env_remove("XDG_CONFIG_HOME").env("XDG_CONFIG_DIRS", system);
    command.output().expect("desktopctl runs")
}

#[test]
fn autostart_is_a_file_of_the_users_own_and_needs_no_daemon() {
    let (home, system) = (tempfile::tempdir().expect("folder"), tempfile::tempdir().expect("folder"));
    std::fs::create_dir(system.path().join("autostart")).expect("folder");
    let installed = system.path().join("autostart").join(ENTRY);
    std::fs::write(&installed, "[Desktop Entry]\nType=Application\nExec=x\n").expect("write");
    let own = home.path().join(".config/autostart").join(ENTRY);
    let run = |arguments: &[&str]| {
        let output = autostart(home.path(), system.path(), arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
        let said = stdout(&output);
        assert!(said.contains(&own.display().to_string()), "{arguments:?}: {said}");
        (own.exists(), said)
    };
    let is = |on: bool| format!("{{\"autostart\":{on},\"file\":\"{}\"}}\n", own.display());
    assert_eq!(run(&["--json"]), (false, is(true)), "asking changes nothing");
    assert_eq!(run(&["on", "--json"]), (false, is(true)), "as it is already");
    let (exists, said) = run(&["off"]);
    assert!(exists && said.starts_with("The tray icon does not start with the desktop, as "), "{said}");
    assert!(std::fs::read_to_string(&own).expect("written").contains("Exec=x\n"), "what is installed stays in it");
    assert_eq!(run(&["--json"]), (true, is(false)));
    let (exists, said) = run(&["on"]);
    assert!(exists && said.starts_with("The tray icon starts with the desktop, as "), "{said}");
    std::fs::remove_file(&own).expect("it is there");
    std::fs::remove_file(&installed).expect("it is there");
    let said = stdout(&autostart(home.path(), system.path(), &[]));
    assert!(said.contains("nothing says so") && said.contains("autostart on"), "{said}");
}

#[test]
fn autostart_that_cannot_be_written_says_where_and_why() {
    let home = tempfile::tempdir().expect("folder");
    // A file stands where the folder should.
    std::fs::write(home.path().join(".config"), "").expect("write");
    let output = autostart(home.path(), home.path(), &["on"]);
    let said = stderr(&output);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(1), ""), "{said}");
    assert!(said.contains(&home.path().display().to_string()) && said.contains("nothing has changed"), "{said}");
}
