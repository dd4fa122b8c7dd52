//! A window as assistive programs see it, for the tests: what is in it, by role and name, and what has the keyboard.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{DEADLINE, Stack, repository, wait_until};

/// The driver gives up after a minute by itself, and reaching something by Tab comes on top.
const ANSWER_WITHIN: Duration = Duration::from_mins(5);
/// More than any page of ours has.
const MOST_STOPS: usize = 300;

/// Something in the window.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Node {
    /// The same for the same thing for as long as it lives.
    pub id: String,
    pub role: String,
    pub name: String,
    pub description: String,
    pub states: Vec<String>,
    /// Left, top, width and height within its window.
    pub bounds: Option<[i32; 4]>,
    /// What it scrolls in, the outermost first: which, and its bounds. Told of what Tab should stop at alone.
    #[serde(default)]
    panes: Vec<(String, [i32; 4])>,
    pub actions: Vec<String>,
}

impl Node {
    /// Whether this one is read before that one: it stands above it in the same column, or left of it in the same row.
    fn is_read_before(&self, other: &Self) -> bool {
        let shared = self.panes.iter().zip(&other.panes).take_while(|(here, there)| here.0 == there.0).count();
        let (here, there) = (self.bounds_within(shared), other.bounds_within(shared));
        let (Some([left, top, width, height]), Some(there)) = (here, there) else { return false };
        let same_column = left < there[0] + there[2] && there[0] < left + width;
        let same_row = top < there[1] + there[3] && there[1] < top + height;
        (same_column && !same_row && top < there[1]) || (same_row && !same_column && left < there[0])
    }

    /// Where the eye finds it beside something that shares so many panes with it: what is scrolled out of sight lies
    /// nowhere near what stands beside its pane.
    fn bounds_within(&self, shared: usize) -> Option<[i32; 4]> {
        self.panes.get(shared).map(|pane| pane.1).or(self.bounds)
    }

    pub fn is(&self, state: &str) -> bool {
        self.states.iter().any(|held| held == state)
    }
}

/// One program's windows. Ends with the test's process, however that ends: its standard input is a pipe of ours.
#[derive(Debug)]
pub struct Accessibility {
    driver: Child,
    commands: Option<ChildStdin>,
    answers: Receiver<String>,
}

impl Accessibility {
    /// Waits until the program of this name has a window inside.
    pub fn of(stack: &Stack, program: &str) -> Self {
        // Given as text: the repository need not lie where the desktop user can see it.
        let file = repository().join("tests/accessibility/driver.py");
        let script = std::fs::read_to_string(file).expect("the driver");
        let mut command = stack.command_as("user", &["/usr/bin/python3", "-c", &script]);
        let mut driver = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("enter");
        let commands = driver.stdin.take();
        let (sender, answers) = channel();
        let lines = BufReader::new(driver.stdout.take().expect("piped")).lines();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut window = Self { driver, commands, answers };
        window.obey::<bool>(&["application", program]);
        window
    }

    /// One command of `tests/accessibility/driver.py`; it must succeed.
    fn obey<T: DeserializeOwned>(&mut self, words: &[&str]) -> T {
        self.try_to(words).unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }

    /// One command of `tests/accessibility/driver.py`: what it answers, or why it could not.
    pub fn try_to<T: DeserializeOwned>(&mut self, words: &[&str]) -> Result<T, String> {
        let commands = self.commands.as_mut().expect("a pipe");
        writeln!(commands, "{}", json!(words)).map_err(|error| error.to_string())?;
        let answer = self.answers.recv_timeout(ANSWER_WITHIN).map_err(|error| error.to_string())?;
        let mut answer: Value = serde_json::from_str(&answer).map_err(|error| format!("{answer}: {error}"))?;
        match answer.get_mut("ok").map(Value::take) {
            Some(value) => serde_json::from_value(value).map_err(|error| error.to_string()),
            None => Err(answer["error"].as_str().unwrap_or("it says nothing").to_owned()),
        }
    }

    /// Everything that is there to be seen, in the order of GTK's tree, which need not be that of the eye.
    pub fn tree(&mut self) -> Vec<Node> {
        self.obey(&["tree"])
    }

    /// Waits until it is there. An empty role or name stands for any; a name that ends with `*` is the beginning of one.
    pub fn find(&mut self, role: &str, name: &str) -> Node {
        self.obey(&["find", role, name])
    }

    /// Waits until it looks as wanted.
    pub fn find_when(&mut self, role: &str, name: &str, what: &str, wanted: impl Fn(&Node) -> bool) -> Node {
        let mut last = None;
        let what = format!("{role} {name:?} {what}");
        wait_until(
            DEADLINE,
            || what.clone(),
            || {
                last = Some(self.find(role, name));
                last.clone().filter(|node| wanted(node))
            },
        )
    }

    /// Whether it is there now.
    pub fn has(&mut self, role: &str, name: &str) -> bool {
        self.tree().iter().any(|node| node.role == role && node.name == name)
    }

    /// Waits until it is gone.
    pub fn wait_until_gone(&mut self, role: &str, name: &str) {
        self.obey::<bool>(&["gone", role, name]);
    }

    /// Waits until it is there and can be clicked, and clicks it: what it was before.
    pub fn click(&mut self, role: &str, name: &str) -> Node {
        self.obey(&["click", role, name])
    }

    pub fn text(&mut self, role: &str, name: &str) -> String {
        self.obey(&["text", role, name])
    }

    /// Gives it this text instead of what it has.
    pub fn enter_text(&mut self, role: &str, name: &str, text: &str) {
        self.obey::<bool>(&["type", role, name, text]);
    }

    /// Presses a key, by xdotool's name for it, in the window that has the keyboard.
    pub fn press(&mut self, key: &str) {
        self.obey::<bool>(&["press", key]);
    }

    /// Presses Tab until it has the keyboard.
    pub fn reach(&mut self, role: &str, name: &str) -> Node {
        self.obey(&["reach", role, name])
    }

    /// What has the keyboard.
    pub fn focused(&mut self) -> Option<Node> {
        self.obey(&["focused"])
    }

    /// What Tab should stop at, in the order of the tree.
    pub fn actionables(&mut self) -> Vec<Node> {
        self.obey(&["actionables"])
    }

    /// Presses Tab until a stop comes again: the stops in their order, from where the keyboard was on. Each must have
    /// told that it has the keyboard.
    pub fn walk_by_tab(&mut self) -> Vec<Node> {
        let mut stops: Vec<Node> = Vec::new();
        while stops.len() < MOST_STOPS {
            let next: Node = self.obey(&["tab"]);
            if stops.iter().any(|stop| stop.id == next.id) {
                return stops;
            }
            stops.push(next);
        }
        panic!("Tab does not come back to where it was: {stops:?}");
    }
}

/// What stands in the wrong place in a walk that began and ended at any stop, by where everything was in this one look:
/// a walk scrolls.
pub fn out_of_order(look: &[Node], walk: &[Node]) -> Vec<String> {
    let place = |stop: &Node| look.iter().find(|node| node.id == stop.id);
    let mut stops: Vec<&Node> = walk.iter().filter_map(place).collect();
    let first = stops.iter().enumerate().min_by_key(|(_, stop)| stop.bounds.map(|[left, top, ..]| (top, left)));
    let first = first.map_or(0, |(at, _)| at);
    stops.rotate_left(first);
    let pairs = stops.iter().enumerate().flat_map(|(at, later)| stops[..at].iter().map(move |sooner| (sooner, later)));
    let wrong = pairs.filter(|(sooner, later)| later.is_read_before(sooner));
    wrong.map(|(sooner, later)| format!("{:?} comes before {:?}", sooner.name, later.name)).collect()
}

impl Drop for Accessibility {
    fn drop(&mut self) {
        drop(self.commands.take());
        let _ = self.driver.wait();
    }
}
