//! Logs through the daemon: the last lines, following, rotation, and what a hostile log folder holds.

#![expect(clippy::expect_used, reason = "tests")]

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use support::{Boot, DEADLINE, Stack, code, shared, text};

fn boot() -> Boot {
    Boot::core_with(&[("writer", "command=sleep 10000\nstartsecs=0"), ("silent", "command=sleep 10000\nstartsecs=0")])
}

const LOG: &str = "/var/log/portal/writer.log";

/// `desktopctl services logs -f`, read line by line with a time limit.
struct Following {
    child: Child,
    lines: mpsc::Receiver<Vec<u8>>,
}

impl Following {
    fn start(stack: &Stack, lines: &str) -> Self {
        let mut command = stack.command(&["desktopctl", "services", "logs", "-n", lines, "-f", "writer"]);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("enter");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = Vec::new();
            while stdout.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                if sender.send(std::mem::take(&mut line)).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    fn next(&self) -> String {
        let line = self.lines.recv_timeout(DEADLINE).expect("a line in time");
        String::from_utf8_lossy(&line).trim_end().to_owned()
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_last_lines_and_no_more() {
    let stack = shared(boot);
    let lines: Vec<String> = (1..=300).map(|n| format!("line {n}")).collect();
    stack.write(LOG, &(lines.join("\n") + "\n"));
    assert_eq!(stack.ctl_ok(&["services", "logs", "-n", "2", "writer"]), "line 299\nline 300\n");
    assert_eq!(stack.ctl_ok(&["services", "logs", "writer"]).lines().count(), 100, "a hundred unasked");
}

#[test]
fn following_survives_rotation_renaming_and_truncation() {
    let stack = shared(boot);
    stack.write(LOG, "first\n");
    let following = Following::start(&stack, "1");
    assert_eq!(following.next(), "first");
    stack.shell(&format!("echo second >>{LOG}"));
    assert_eq!(following.next(), "second");
    // As a base's log rotation does: a new file is written beside and renamed over the old one.
    stack.shell(&format!("echo third >{LOG}.new; mv {LOG}.new {LOG}"));
    assert_eq!(following.next(), "third");
    // As a service's restart does: the old one is put aside, a new one appears.
    stack.shell(&format!("mv {LOG} {LOG}.old; sleep 0.3; echo fourth >{LOG}"));
    assert_eq!(following.next(), "fourth");
    stack.shell(&format!("echo x >{LOG}"));
    assert_eq!(following.next(), "x");
}

#[test]
fn bytes_that_are_no_text_come_through_and_harm_nobody() {
    let stack = shared(boot);
    std::fs::write(stack.path(LOG), b"ok \xff\xfe\x00 \x1b]0;title\x07 end\nnext\n").expect("write");
    let output = stack.ctl(&["services", "logs", "-n", "2", "writer"]);
    assert_eq!(output.stdout, b"ok \xff\xfe\x00 \x1b]0;title\x07 end\nnext\n", "raw into a pipe");
    let json = stack.ctl_ok(&["--json", "services", "logs", "-n", "2", "writer"]);
    for line in json.lines() {
        serde_json::from_str::<serde_json::Value>(line).expect("JSON");
    }
    let terminal = stack.shell("script -qec 'desktopctl services logs -n 2 writer' /dev/null");
    assert!(!terminal.contains('\u{7}') && !terminal.contains("\u{1b}]"), "{terminal:?}");
}

#[test]
fn a_service_without_a_log_says_so() {
    let stack = shared(boot);
    stack.shell("rm -f /var/log/portal/silent.log /var/log/silent.log");
    let output = stack.ctl(&["services", "logs", "silent"]);
    assert_eq!(code(&output), 5, "{}", text(&output));
    assert!(text(&output).contains("no log file"), "{}", text(&output));
}

#[test]
fn a_pipe_in_the_place_of_a_log_hangs_nobody() {
    let stack = shared(boot);
    stack.shell("rm -f /var/log/portal/silent.log; mkfifo /var/log/portal/silent.log");
    let output = stack.ctl(&["services", "logs", "silent"]);
    stack.shell("rm -f /var/log/portal/silent.log");
    assert_eq!(code(&output), 5, "{}", text(&output));
    stack.wait_for_health("polkitd", "ok");
}

#[test]
fn a_reader_that_hangs_up_leaves_nothing_behind() {
    let stack = shared(boot);
    let pid = stack.pid_of("desktop-controld");
    stack.write(LOG, "x\n");
    let descriptors = || std::fs::read_dir(stack.path(&format!("/proc/{pid}/fd"))).expect("a list").count();
    let before = descriptors();
    for _ in 0..20 {
        let following = Following::start(&stack, "1");
        assert_eq!(following.next(), "x");
        // What is killed from outside is only the door into the namespace.
        stack.shell("pkill -9 -x desktopctl");
    }
    support::wait_until(
        DEADLINE,
        || format!("descriptors are back at {before}"),
        || {
            std::thread::sleep(Duration::from_millis(100));
            (descriptors() <= before).then_some(())
        },
    );
}
