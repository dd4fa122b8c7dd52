//! The README's commands do what they say on a machine that has nothing but Rust.
//!
//! Debian 12 as debootstrap makes it; `DESKTOP_CONTROL_TEST_SUITE=trixie` takes Debian 13.

#![expect(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use support::repository;

/// Downloading the whole desktop's packages, and where the build cache is empty a build.
const UP_WITHIN: Duration = Duration::from_mins(14);
const COMMAND_WITHIN: Duration = Duration::from_mins(2);
/// A build of what `make run` has built already; else see there.
const BUILD_WITHIN: Duration = Duration::from_mins(10);

/// A command of the README and what it says that one sees.
#[derive(Debug, PartialEq)]
struct Example {
    command: String,
    shown: String,
}

/// Lines that begin with `$ ` in the README's console blocks, each with the lines below it.
fn examples(readme: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut in_console = false;
    for line in readme.lines() {
        if line.starts_with("```") {
            in_console = line == "```console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| in_console) {
            examples.push(Example { command: command.to_owned(), shown: String::new() });
        } else if in_console {
            let example = examples.last_mut().unwrap_or_else(|| panic!("a console block begins with: {line}"));
            example.shown += line;
            example.shown.push('\n');
        }
    }
    examples
}

/// How a command is run here.
#[derive(Debug, PartialEq)]
enum Way {
    /// Stays in the foreground; waited for until it says so.
    UpWhenSaid(&'static str),
    /// On the machine itself.
    Outside,
    /// In the shell that `make shell` opens.
    Inside,
    Skipped(&'static str),
}

fn way(command: &str) -> Way {
    match command.split_whitespace().collect::<Vec<_>>()[..] {
        ["make", "run", ..] => Way::UpWhenSaid("Ctrl-C"),
        ["make", "build" | "package"] => Way::Outside,
        ["make", "test", ..] => Way::Skipped("it is what runs now"),
        ["make", "bench", ..] => Way::Skipped("a crowded machine measures nothing; it has a run of its own"),
        ["desktopctl" | "busctl", ..] => Way::Inside,
        _ => panic!("README.md has a command that this test cannot run yet: {command}"),
    }
}

/// A shell on a fresh machine. All of it ends with the test's process: its standard input is a pipe of ours.
struct Machine {
    process: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Machine {
    fn start() -> Self {
        let suite = std::env::var("DESKTOP_CONTROL_TEST_SUITE").unwrap_or_else(|_| "bookworm".into());
        let mut command = Command::new(repository().join("tests/fresh-machine"));
        let command = command.arg(suite).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("tests/fresh-machine");
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().expect("piped"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            output
                .split(b'\n')
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(String::from_utf8_lossy(&line).into_owned()))
        });
        Self { process, input, lines }
    }

    /// Runs a shell command; its output and exit status.
    fn run(&mut self, command: &str, within: Duration) -> (String, i32) {
        const END: &str = "-- it ended with ";
        let input = self.input.as_mut().expect("a pipe");
        writeln!(input, "{{ {command}\n}} 2>&1; echo; echo '{END}'$?").expect("the machine reads");
        let began = Instant::now();
        let mut said = String::new();
        loop {
            let left = within.saturating_sub(began.elapsed());
            let line = self.lines.recv_timeout(left);
            let line = line.unwrap_or_else(|error| panic!("{command}: {error} after {:?}: {said}", began.elapsed()));
            if let Some(status) = line.strip_prefix(END) {
                return (said.trim_end().to_owned(), status.parse().expect("a status"));
            }
            said += &line;
            said.push('\n');
        }
    }

    /// As `run`, and it must succeed.
    fn succeed(&mut self, command: &str, within: Duration) -> String {
        let (said, status) = self.run(command, within);
        assert_eq!(status, 0, "{command}: {said}");
        said
    }

    /// Starts a command that stays, and waits until it has said `word`.
    fn start_and_wait(&mut self, command: &str, word: &str) {
        // `tail` ends with the command, whichever way that goes, and may begin before it.
        let script = format!(
            ": >/tmp/said
             {command} </dev/null >>/tmp/said 2>&1 &
             tail --pid=$! -s 0.5 -n +1 -f /tmp/said | sed '/{word}/q'; grep -q '{word}' /tmp/said"
        );
        let said = self.succeed(&script, UP_WITHIN);
        println!("{said}");
        assert!(said.contains("run: up after"), "{command}: {said}");
    }

    fn follow(&mut self, example: &Example) {
        let began = Instant::now();
        let command = &example.command;
        match way(command) {
            Way::Skipped(why) => return println!("{command}: skipped, {why}"),
            Way::UpWhenSaid(word) => self.start_and_wait(command, word),
            Way::Outside => drop(self.succeed(&format!("{command} </dev/null"), BUILD_WITHIN)),
            Way::Inside => {
                // Typed into the shell that it opens.
                let said = self.succeed(&format!("make shell <<'TYPED'\n{command}\nTYPED\n"), COMMAND_WITHIN);
                println!("{said}");
                assert!(!said.is_empty() || example.shown.is_empty(), "{command} shows nothing: {}", example.shown);
            }
        }
        println!("{command}: {:.1} s", began.elapsed().as_secs_f32());
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // What still runs in the background ends with the first process there.
        drop(self.input.take());
        let _ = self.process.wait();
    }
}

#[test]
fn the_commands_of_the_readme_work_on_a_fresh_machine() {
    let examples = examples(&std::fs::read_to_string(repository().join("README.md")).expect("README.md"));
    // Before anything is downloaded.
    let ways: Vec<Way> = examples.iter().map(|example| way(&example.command)).collect();
    for wanted in [Way::UpWhenSaid("Ctrl-C"), Way::Inside] {
        assert!(ways.contains(&wanted), "the README shows how: {wanted:?}");
    }
    let mut machine = Machine::start();
    let began = Instant::now();
    println!("{}", machine.succeed("head -n 1 /etc/os-release; pwd", UP_WITHIN));
    println!("the machine: {:.1} s", began.elapsed().as_secs_f32());
    for example in &examples {
        machine.follow(example);
    }
}

#[test]
fn examples_are_found_with_what_they_show() {
    let text = "```console\n$ make run\n```\n$ not this\n```text\n$ nor this\n```\n```console\n$ a b\nc\nd\n$ e\n```\n";
    let example = |command: &str, shown: &str| Example { command: command.into(), shown: shown.into() };
    assert_eq!(examples(text), [example("make run", ""), example("a b", "c\nd\n"), example("e", "")]);
}

#[test]
#[should_panic(expected = "cannot run yet: make coffee")]
fn a_command_that_nobody_knows_is_an_error() {
    way("make coffee");
}
