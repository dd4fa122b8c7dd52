//! VNC for the tests, by the command line.

use std::io::Write;
use std::process::{Output, Stdio};
use std::sync::MutexGuard;

use serde_json::Value;

use super::{Boot, Stack, code, shared, text};

/// What `desktopctl vnc` says.
pub fn vnc(stack: &Stack) -> Value {
    serde_json::from_str(&stack.ctl_ok(&["--json", "vnc"])).expect("JSON")
}

/// The shared stack with VNC as it is without settings of ours, and nobody connected.
pub fn untouched() -> MutexGuard<'static, Stack> {
    let stack = shared(Boot::default);
    stack.wait_for_health("selkies", "ok");
    stack.ctl_ok(&["vnc", "enable"]);
    stack.ctl_ok(&["vnc", "web", "on"]);
    stack.ctl_ok(&["vnc", "exposure", "local"]);
    stack.ctl_ok(&["vnc", "view-only", "off"]);
    stack.ctl_ok(&["vnc", "shared", "on"]);
    stack.wait_for_health("x11vnc", "ok");
    stack.wait_for_health("novnc", "ok");
    stack.ctl_ok(&["vnc", "disconnect"]);
    stack
}

/// `desktopctl` with a line on standard input.
pub fn ctl_with(stack: &Stack, user: &str, words: &[&str], line: &str) -> Output {
    let words: Vec<&str> = ["desktopctl"].iter().chain(words).copied().collect();
    let mut command = stack.command_as(user, &words);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("enter");
    // One that refuses at once does not read.
    let _ = writeln!(child.stdin.take().expect("a pipe"), "{line}");
    child.wait_with_output().expect("it ends")
}

/// Sets it, until the server has started again.
pub fn set_password(stack: &Stack, password: &str) {
    let output = ctl_with(stack, "root", &["vnc", "password"], password);
    assert_eq!(code(&output), 0, "{}", text(&output));
    stack.wait_for_health("x11vnc", "ok");
}
