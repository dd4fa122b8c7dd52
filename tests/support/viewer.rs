//! VNC viewers for the tests: vncdotool, from PyPI.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use super::{DEADLINE, Stack, repository, text};

/// A viewer. Ends with the test's process, however that ends: its standard input is a pipe of ours.
#[derive(Debug)]
pub struct Viewer {
    driver: Child,
    commands: Option<ChildStdin>,
    said: Receiver<String>,
}

impl Viewer {
    /// Tries to connect with this password; what came of it is said.
    pub fn try_to_connect(stack: &Stack, password: &str) -> (Self, String) {
        let located = Command::new(repository().join("data/image/components/vnc-viewer")).output();
        let located = located.expect("data/image/components/vnc-viewer");
        assert!(located.status.success(), "the viewer is not there: {}", text(&located));
        let python = Path::new(String::from_utf8_lossy(&located.stdout).trim()).join("bin/python");
        let mut command = Command::new(python);
        // One of its libraries warns of another.
        command
            .args(["-W", "ignore"])
            .arg(repository().join("tests/vnc/viewer.py"))
            .args([stack.info("VNC_PORT"), "shared"]);
        let mut driver = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the viewer's Python");
        let mut commands = driver.stdin.take().expect("piped");
        // Not as an argument: those can be read by everyone.
        writeln!(commands, "{password}").expect("the viewer reads");
        let (sender, said) = channel();
        let lines = BufReader::new(driver.stdout.take().expect("piped")).lines();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let viewer = Self { driver, commands: Some(commands), said };
        let outcome = viewer.hear();
        (viewer, outcome)
    }

    /// Connects; the password must be the right one.
    pub fn connect(stack: &Stack, password: &str) -> Self {
        let (viewer, outcome) = Self::try_to_connect(stack, password);
        assert_eq!(outcome, "connected", "with the right password");
        viewer
    }

    /// What it says next.
    pub fn hear(&self) -> String {
        self.said.recv_timeout(DEADLINE).unwrap_or_else(|error| format!("nothing: {error}"))
    }

    /// One command of `tests/vnc/viewer.py`.
    pub fn tell(&mut self, command: &str) {
        writeln!(self.commands.as_mut().expect("a pipe"), "{command}").expect("the viewer reads");
        assert_eq!(self.hear(), "ok", "{command}");
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        drop(self.commands.take());
        let _ = self.driver.wait();
    }
}
