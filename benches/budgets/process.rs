//! What the kernel tells of a process inside the stack.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::Stack;

/// In what the kernel counts as processor time: 10 ms each, as everybody reads them.
pub(crate) const TICKS_A_SECOND: u32 = 100;

/// A process inside, by the number that it has out here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process(u32);

impl Process {
    /// The process that the stack calls `inner`.
    pub(crate) fn find(stack: &Stack, inner: u32) -> Option<Self> {
        let same = |folder: &PathBuf| std::fs::read_link(folder.join("ns/pid")).ok();
        let home = same(&PathBuf::from(format!("/proc/{}", stack.info("PID"))))?;
        let folders = std::fs::read_dir("/proc").ok()?.filter_map(|entry| Some(entry.ok()?.path()));
        let mut processes =
            folders.filter(|folder| last_number(folder) == Some(inner) && same(folder) == Some(home.clone()));
        processes.next()?.file_name()?.to_str()?.parse().ok().map(Self)
    }

    /// The process of a service, once it has one.
    pub(crate) fn of_service(stack: &Stack, name: &str) -> Self {
        let inner = u32::try_from(stack.pid_of(name)).expect("a process number");
        Self::find(stack, inner).expect("the process is there")
    }

    /// What booted the stack. With its end everything ends.
    pub(crate) fn launcher(stack: &Stack) -> Self {
        Self(stack.info("LAUNCHER_PID").parse().expect("a process number"))
    }

    pub(crate) fn kill(self) {
        kill_process(self.pid(), Signal::KILL).expect("it lives");
    }

    /// Asks it to end.
    pub(crate) fn terminate(self) {
        kill_process(self.pid(), Signal::TERM).expect("it lives");
    }

    /// It has not ended.
    pub(crate) fn lives(self) -> bool {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.0)).unwrap_or_default();
        text.rsplit_once(") ").is_some_and(|(_, fields)| !fields.starts_with(['Z', 'X']))
    }

    fn pid(self) -> Pid {
        i32::try_from(self.0).ok().and_then(Pid::from_raw).expect("a process number")
    }

    /// A line of its status that counts kB, in bytes.
    pub(crate) fn memory(self, field: &str) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.0)).expect("it lives");
        let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        let kilobytes: u64 = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).expect("a number");
        kilobytes * 1024
    }

    /// Processor time so far, of all its threads, in ticks.
    pub(crate) fn ticks(self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.0)).expect("it lives");
        // Its name may hold anything and stands in parentheses; user and system time are the 14th and 15th of all.
        let (_, fields) = text.rsplit_once(')').expect("a name");
        let times = fields.split_whitespace().skip(11).take(2);
        times.map(|ticks| ticks.parse::<u64>().expect("a number")).sum()
    }

    /// When it began, since the machine was switched on; to a tick.
    pub(crate) fn began(self) -> Duration {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.0)).expect("it lives");
        let (_, fields) = text.rsplit_once(')').expect("a name");
        let ticks = fields.split_whitespace().nth(19).and_then(|ticks| ticks.parse::<u64>().ok());
        Duration::from_millis(ticks.expect("the 22nd of all") * 1000 / u64::from(TICKS_A_SECOND))
    }

    /// How often any of its threads has gone to sleep.
    pub(crate) fn sleeps(self) -> u64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.0)).expect("it lives").filter_map(Result::ok);
        let texts = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("status")).ok());
        let count = |text: String| {
            let line = text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
            line.trim().parse::<u64>().ok()
        };
        texts.filter_map(count).sum()
    }

    /// The libraries that it has loaded, by their paths.
    pub(crate) fn libraries(self) -> BTreeSet<String> {
        let text = std::fs::read_to_string(format!("/proc/{}/maps", self.0)).expect("it lives");
        let paths = text.lines().filter_map(|line| line.split_whitespace().nth(5));
        paths.filter(|path| path.contains(".so")).map(str::to_owned).collect()
    }
}

/// What a process is called in its innermost namespace, the last number in that line.
fn last_number(folder: &std::path::Path) -> Option<u32> {
    let text = std::fs::read_to_string(folder.join("status")).ok()?;
    let numbers = text.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    numbers.split_whitespace().next_back()?.parse().ok()
}

/// Processor time of a process and all its threads, to the nanosecond.
///
/// A thread takes what it used with it when it ends. Ours end after ten idle seconds at the earliest, so a reading now
/// and then misses nothing.
#[derive(Debug)]
pub(crate) struct Meter {
    process: Process,
    threads: HashMap<u32, u64>,
}

impl Meter {
    pub(crate) fn new(process: Process) -> Self {
        Self { process, threads: HashMap::new() }
    }

    /// All the time used so far.
    pub(crate) fn read(&mut self) -> Duration {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.process.0)).expect("it lives");
        for task in tasks.filter_map(Result::ok) {
            let text = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            let used = text.split(' ').next().and_then(|used| used.parse().ok());
            let number = task.file_name().to_str().and_then(|name| name.parse().ok());
            if let (Some(number), Some(used)) = (number, used) {
                self.threads.insert(number, used);
            }
        }
        Duration::from_nanos(self.threads.values().sum())
    }

    /// The time used during `how_long`.
    pub(crate) async fn over(&mut self, how_long: Duration) -> Duration {
        let before = self.read();
        let end = tokio::time::Instant::now() + how_long;
        while tokio::time::Instant::now() < end {
            tokio::time::sleep_until(end.min(tokio::time::Instant::now() + Duration::from_secs(1))).await;
            self.read();
        }
        self.read().saturating_sub(before)
    }
}
