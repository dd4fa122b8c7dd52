//! The settings window inside the stack, for the tests: started as the desktop user starts it, and closed at the end.

use std::process::Stdio;
use std::sync::MutexGuard;

use super::accessibility::{Accessibility, Node, out_of_order};
use super::{DEADLINE, Stack, wait_until};

const PROGRAM: &str = "desktop-control";
/// How often a page may change while it is walked.
const WALKS: usize = 3;
/// All names of this program's kind are equally long for the kernel; the window's is the whole one.
const CLOSE: &str = "for pid in $(pgrep -u user -x desktop-control); do
    [[ $(readlink /proc/$pid/exe) != /usr/bin/desktop-control ]] || kill $pid; done; true";
const LEFT: &str = "pgrep -u user -f '^(/usr/bin/)?desktop-control( |$)' || true";

/// The window of a fresh start, and the stack that it is in.
pub struct Window {
    pub seen: Accessibility,
    pub stack: MutexGuard<'static, Stack>,
}

impl Window {
    /// Starts it with these words and waits until it is there.
    pub fn open(stack: MutexGuard<'static, Stack>, words: &[&str]) -> Self {
        // A window that is there before the window manager is made the active one by nobody.
        stack.wait_for_health("desktop", "ok");
        start(&stack, words);
        Self::opened(stack)
    }

    /// Waits until one is there that was started in another way.
    pub fn opened(stack: MutexGuard<'static, Stack>) -> Self {
        let seen = Accessibility::of(&stack, PROGRAM);
        Self { seen, stack }
    }

    /// Tab reaches all that can be used on the page that is open and nothing else, in the order in which one reads, and
    /// all of it has a name.
    pub fn assert_that_tab_reaches_everything(&mut self, page: &str) {
        let (can, walked) = self.walk();
        assert_eq!(out_of_order(&can, &walked), Vec::<String>::new(), "{page}: focus follows the reading order");
        for stop in &walked {
            let is_named = !stop.name.is_empty() && !stop.name.starts_with("Gtk");
            assert!(is_named, "{page}: a control without a name: {stop:?}");
            assert!(!stop.role.is_empty(), "{page}: {stop:?}");
        }
        assert_eq!(names(&walked), names(&can), "{page}: Tab stops at all that can be used, and at nothing else");
    }

    /// What can be used, and where Tab stopped meanwhile. Of a page that has changed meanwhile nothing can be said: it
    /// is walked once more.
    fn walk(&mut self) -> (Vec<Node>, Vec<Node>) {
        for _ in 0..WALKS {
            let can = self.seen.actionables();
            let walked = self.seen.walk_by_tab();
            if names(&self.seen.actionables()) == names(&can) {
                return (can, walked);
            }
        }
        panic!("the page does not come to rest");
    }
}

fn names(nodes: &[Node]) -> Vec<(String, String)> {
    let mut names: Vec<_> = nodes.iter().map(|node| (node.role.clone(), node.name.clone())).collect();
    names.sort();
    names
}

impl Drop for Window {
    fn drop(&mut self) {
        self.stack.shell(CLOSE);
        wait_until(DEADLINE, || "the window is closed".into(), || self.stack.shell(LEFT).is_empty().then_some(()));
    }
}

/// Starts the program, without waiting for anything.
pub fn start(stack: &Stack, words: &[&str]) {
    let words: Vec<&str> = std::iter::once(PROGRAM).chain(words.iter().copied()).collect();
    let mut command = stack.command_as("user", &words);
    let mut child = command.stdout(Stdio::null()).spawn().expect("enter");
    std::thread::spawn(move || child.wait());
}
