//! `make run` as a person uses it: it says where the desktop is, and however it ends, nothing of it stays behind.

#![expect(clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read;
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;
use support::{DEADLINE, code, repository, text, wait_until};

/// A release build from nothing comes first.
const UP_WITHIN: Duration = Duration::from_mins(14);
/// Reaches every process of the run through its environment: the stack hands on what begins so.
const MARK: &str = "DESKTOP_CONTROL_TEST_MARK";
/// In these nothing may change …
const WATCHED: [&str; 5] = ["/etc", "/usr", "/run", "/var", "/home"];
/// … but for what others write there at any time: the system's journal, timers and users' sessions, and sudo.
const OF_OTHERS: [&str; 8] = [
    "/var/log/journal",
    "/run/log/journal",
    "/var/log/syslog",
    "/var/log/auth.log",
    "/run/systemd",
    "/var/lib/systemd",
    "/run/sudo",
    "/run/udev",
];

/// What a machine looks like from outside.
#[derive(Debug, PartialEq)]
struct Machine {
    files: BTreeMap<PathBuf, String>,
    listening: BTreeSet<String>,
    mounts: BTreeSet<String>,
    displays: BTreeSet<String>,
}

impl Machine {
    fn look() -> Self {
        let list = |folder: &str| {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
        };
        let mounts = fs::read_to_string("/proc/self/mountinfo").expect("mounts");
        Self {
            files: files(),
            listening: listening(),
            mounts: mounts.lines().map(str::to_owned).collect(),
            displays: list("/tmp/.X11-unix"),
        }
    }

    /// What differs, in words.
    fn changes(&self, now: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        for path in self.files.keys().chain(now.files.keys()).collect::<BTreeSet<_>>() {
            let (before, after) = (self.files.get(path), now.files.get(path));
            if before != after {
                changes.push(format!("{}: was {before:?}, is {after:?}", path.display()));
            }
        }
        for (what, before, after) in [
            ("listening", &self.listening, &now.listening),
            ("mount", &self.mounts, &now.mounts),
            ("X display", &self.displays, &now.displays),
        ] {
            changes.extend(before.symmetric_difference(after).map(|line| format!("{what}: {line}")));
        }
        changes
    }
}

/// Every path below the watched folders with the time of its last change; not the build cache and cargo's own, which
/// stay, and not what is another's.
fn files() -> BTreeMap<PathBuf, String> {
    let home = PathBuf::from(std::env::var_os("HOME").expect("a home"));
    let kept = [cache(), home.join(".cargo"), Path::new(env!("CARGO_TARGET_TMPDIR")).join("../..")];
    let kept = kept.into_iter().filter_map(|path| path.canonicalize().ok());
    let mut find = Command::new("find");
    find.args(WATCHED).arg("(");
    for path in kept.chain(OF_OTHERS.map(PathBuf::from)) {
        find.arg("-path").arg(path).arg("-o");
    }
    // What ends while it is looked at is no error.
    let output = find.args(["-false", ")", "-prune", "-o", "-printf", "%p\\t%T@\\0"]).output().expect("find");
    let listing = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = listing.split_terminator('\0').filter_map(|line| line.rsplit_once('\t'));
    lines.map(|(path, time)| (PathBuf::from(path), time.to_owned())).collect()
}

/// Who listens where, but for other stacks that run beside: their processes are in namespaces of their own.
fn listening() -> BTreeSet<String> {
    let own = pid_namespace(std::process::id().cast_signed());
    let sockets = said("ss", &["-H", "-ltnp"]);
    let beside = |line: &str| {
        let numbers = line.split("pid=").skip(1);
        let holders = numbers.filter_map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok());
        holders.map(pid_namespace).any(|namespace| namespace.is_some() && namespace != own)
    };
    // The queues' lengths in front change with every connection.
    let addresses = sockets.lines().filter(|line| !beside(line)).filter_map(|line| line.split_whitespace().nth(3));
    addresses.map(str::to_owned).collect()
}

fn said(program: &str, words: &[&str]) -> String {
    let output = Command::new(program).args(words).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program}: {}", text(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn cache() -> PathBuf {
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/desktop-control"));
    std::env::var_os("DESKTOP_CONTROL_CACHE").map(PathBuf::from).or(home).expect("a home")
}

/// All processes that there are, by number.
fn processes() -> Vec<i32> {
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn command_line(pid: i32) -> String {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).replace('\0', " ").trim().to_owned()
}

fn parent(pid: i32) -> Option<i32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

fn pid_namespace(pid: i32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/ns/pid")).ok()
}

/// A `make run` in a process group of its own, as a terminal would start it.
struct Run {
    make: Child,
    folder: tempfile::TempDir,
    mark: String,
    /// The namespace of the stack's processes.
    namespace: Option<PathBuf>,
}

impl Run {
    fn start(name: &str) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("folder");
        let mark = format!("{name}-{}", std::process::id());
        let output = File::create(folder.path().join("said")).expect("file");
        // Ctrl-C works, also where the tests themselves are run in the background and ignore it.
        let mut command = Command::new("env");
        command.args(["--default-signal", "make", "run", "ARGS=--desktop openbox"]).env(MARK, &mark);
        command.current_dir(repository()).stdin(Stdio::null()).process_group(0);
        command.stderr(output.try_clone().expect("file")).stdout(output);
        let make = command.spawn().expect("make");
        let mut run = Self { make, folder, mark, namespace: None };
        wait_until(
            UP_WITHIN,
            || format!("make run says where the desktop is: {}", run.said()),
            || run.said().contains("Ctrl-C").then_some(()),
        );
        assert!(run.said().contains("run: up after"), "everything is up: {}", run.said());
        let inside = run.processes().into_iter().find(|pid| command_line(*pid).contains("supervisord -n"));
        run.namespace = pid_namespace(inside.unwrap_or_else(|| panic!("supervisord: {}", run.tell())));
        run
    }

    fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join("said")).unwrap_or_default()
    }

    /// All its processes, inside and outside: by their environment, and by the namespace they are in.
    fn processes(&self) -> Vec<i32> {
        let mark = format!("{MARK}={}", self.mark);
        let marked = |pid: i32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|pair| pair == mark.as_bytes())
        };
        let inside = |pid: i32| self.namespace.is_some() && pid_namespace(pid) == self.namespace;
        processes().into_iter().filter(|pid| marked(*pid) || inside(*pid)).collect()
    }

    fn tell(&self) -> String {
        let lines = self.processes().into_iter().map(|pid| format!("{pid} {}", command_line(pid)));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// What it promises is true.
    fn check(&self) {
        let said = self.said();
        assert!(said.contains("ssh -L"), "the tunnel for a browser elsewhere: {said}");
        let words = said.split_whitespace().filter(|word| word.starts_with("http://localhost:"));
        let addresses: Vec<&str> = words.collect();
        assert_eq!(addresses.len(), 2, "{said}");
        for (address, shown) in addresses.iter().zip(["<title>Selkies", "noVNC"]) {
            let page = said_by_server(address);
            assert!(page.contains(shown), "{address}: {page}");
        }
        let viewer = said.lines().find_map(|line| line.trim().strip_prefix("VNC viewer")).expect("an address").trim();
        let mut greeting = [0; 4];
        let mut vnc = TcpStream::connect(viewer).expect("VNC listens");
        vnc.set_read_timeout(Some(DEADLINE)).expect("a socket");
        vnc.read_exact(&mut greeting).expect("VNC greets");
        assert_eq!(&greeting, b"RFB ");
        let mut shell = Command::new("make");
        shell.args(["shell", "ARGS=desktopctl --json services"]).current_dir(repository()).stdin(Stdio::null());
        let output = shell.output().expect("make shell");
        assert_eq!(code(&output), 0, "{}", text(&output));
        let services: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let names: Vec<_> = services.as_array().expect("a list").iter().map(|service| &service["name"]).collect();
        for name in ["desktop", "desktop-controld", "selkies", "x11vnc", "novnc"] {
            assert!(names.iter().any(|found| *found == name), "{name} is missing: {names:?}");
        }
        // So that finding none afterwards means something.
        assert!(self.processes().len() > 20, "its processes are found: {}", self.tell());
    }

    fn wait_until_all_has_ended(&self) {
        let ended = || self.processes().is_empty().then_some(());
        wait_until(DEADLINE, || format!("nothing of it runs any more: {}", self.tell()), ended);
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = kill_process(pid(self.make.id().cast_signed()), Signal::KILL);
        let _ = self.make.wait();
    }
}

fn said_by_server(address: &str) -> String {
    said("curl", &["--noproxy", "*", "-fsS", "--max-time", "20", address])
}

fn pid(number: i32) -> Pid {
    Pid::from_raw(number).expect("a process number")
}

/// Boots, looks, ends it in one way, and compares the machine with what it was.
fn nothing_stays_behind(name: &str, end: impl FnOnce(&Run)) {
    // Packages and build are what may stay; they are there before the first look.
    said("make", &["-C", repository().to_str().expect("UTF-8"), "build"]);
    let components = ["base", "x-server", "audio", "selkies", "vnc", "novnc", "window", "build", "openbox"];
    said(repository().join("data/image/install").to_str().expect("UTF-8"), &components);
    let before = Machine::look();
    let run = Run::start(name);
    run.check();
    end(&run);
    run.wait_until_all_has_ended();
    let changes = before.changes(&Machine::look());
    assert!(changes.is_empty(), "{name} left behind:\n{}", changes.join("\n"));
}

/// So that no change means something.
fn what_stays_behind_would_be_noticed() {
    let before = Machine::look();
    let file = tempfile::NamedTempFile::new_in("/var/tmp").expect("file");
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let changes = before.changes(&Machine::look()).join("\n");
    let address = port.local_addr().expect("an address");
    for wanted in [file.path().display().to_string(), "/var/tmp: was".into(), format!("listening: {address}")] {
        assert!(changes.contains(&wanted), "{wanted} is not in: {changes}");
    }
}

/// One after the other: each compares the whole machine.
#[test]
fn nothing_stays_behind_however_it_ends() {
    what_stays_behind_would_be_noticed();
    nothing_stays_behind("ctrl-c", |run| {
        kill_process_group(pid(run.make.id().cast_signed()), Signal::INT).expect("make runs");
        wait_until(
            DEADLINE,
            || format!("it says that it stops: {}", run.said()),
            || run.said().contains("run: stopping").then_some(()),
        );
    });
    nothing_stays_behind("kill-9-of-make", |run| {
        kill_process(pid(run.make.id().cast_signed()), Signal::KILL).expect("make runs");
    });
    nothing_stays_behind("kill-9-of-the-script", |run| {
        let make = run.make.id().cast_signed();
        let child = run.processes().into_iter().find(|process| parent(*process) == Some(make));
        let child = child.unwrap_or_else(|| panic!("make's child: {}", run.tell()));
        assert!(command_line(child).contains("data/image/run"), "{}", command_line(child));
        kill_process(pid(child), Signal::KILL).expect("the script runs");
    });
}
