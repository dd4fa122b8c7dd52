//! A stack with a repository: the installer is run in it, and what it leaves is looked at.

#![allow(dead_code, reason = "every test program uses another part of this")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::repository::{Repository, usual_key};
use super::server::Server;
use super::support::{Boot, Stack, text};

/// What no installation here takes.
const LIMIT: Duration = Duration::from_mins(2);

/// See the module.
pub(crate) struct Machine {
    pub(crate) stack: Stack,
    pub(crate) repository: Repository,
    pub(crate) server: Server,
}

impl Machine {
    /// With the usual repository.
    pub(crate) fn usual() -> Self {
        Self::of(Repository::usual())
    }

    pub(crate) fn of(repository: Repository) -> Self {
        Self::boot(repository, &["dbus-system"])
    }

    /// With the daemon, too.
    pub(crate) fn with_daemon(repository: Repository) -> Self {
        Self::boot(repository, Boot::CORE)
    }

    /// With the daemon, and so that everything in it can be killed and booted again.
    pub(crate) fn that_restarts(repository: Repository) -> Self {
        Self::booted(repository, Boot { units: Boot::CORE, hold: true, ..Boot::default() })
    }

    /// A bare Debian of this suite, with its own apt.
    pub(crate) fn of_suite(suite: &'static str, repository: Repository) -> Self {
        Self::booted(repository, Boot { suite: Some(suite), ..Boot::default() })
    }

    fn boot(repository: Repository, units: &'static [&'static str]) -> Self {
        Self::booted(repository, Boot { units, ..Boot::default() })
    }

    /// With whatever else is in it.
    pub(crate) fn booted(repository: Repository, boot: Boot) -> Self {
        let server = Server::of(repository.folder());
        let stack = with_repository(boot, &server).start();
        forget_distribution(&stack);
        Self { stack, repository, server }
    }

    /// Begins a task of the installer's.
    pub(crate) fn begin(&self, task: &str, request: &Value) -> Run {
        let mut command = self.stack.command(&["desktop-controld", "installer", task]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("enter");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(request.to_string().as_bytes()).expect("written");
        drop(stdin);
        let lines = BufReader::new(child.stdout.take().expect("a pipe"));
        Run { child, lines, events: Vec::new() }
    }

    /// Does a task to its end.
    pub(crate) fn run(&self, task: &str, request: &Value) -> Run {
        let mut run = self.begin(task, request);
        run.finish();
        run
    }

    pub(crate) fn install(&self, request: &Value) -> Run {
        self.run("run", request)
    }

    /// Asks a question: the answer, or the failure.
    pub(crate) fn ask(&self, task: &str, request: &Value) -> Result<Value, Value> {
        let run = self.run(task, request);
        let answer = run.events.last().cloned().unwrap_or_default();
        if answer.get("message").is_some() { Err(answer) } else { Ok(answer) }
    }

    /// Everything that an installation may leave: packages with their states, and files. What the daemon did before is no
    /// part of it.
    pub(crate) fn state(&self) -> String {
        self.stack.shell(
            "dpkg-query -W -f '${db:Status-Abbrev}${Package} ${Version}\\n' | sort; \
             find /usr/local /opt/nvidia /etc/ld.so.conf.d /etc/alternatives/cuda* /etc/profile.d /etc/apt \
                 /usr/lib/x86_64-linux-gnu/lib[cn]* /var/cache/desktop-control /var/lib/desktop-control \
                 ! -name jobs.json -printf '%p %y %l %s\\n' 2>/dev/null | grep -v ' d ' | sort",
        )
    }

    /// dpkg has nothing half done, no driver has come, and apt works.
    pub(crate) fn assert_sound(&self) {
        assert_eq!(self.stack.shell("dpkg --audit"), "");
        assert_eq!(self.stack.shell("ls /usr/lib/x86_64-linux-gnu | grep -c libcuda.so || true"), "0", "a driver came");
        self.stack.shell("apt-get check -qq && apt-get -qq -s install bash");
        let left = self.stack.shell("ls /var/lib/desktop-control/install.json 2>/dev/null || true");
        assert_eq!(left, "", "the journal is closed");
    }

    /// As it was before anything was installed here.
    pub(crate) fn reset(&self) {
        reset(&self.stack);
    }

    /// The state after an installation that nothing disturbed; the machine is clean again then.
    pub(crate) fn undisturbed(&self) -> String {
        self.install(&toolkit("12.9", "full")).assert_done();
        self.assert_sound();
        let state = self.state();
        self.reset();
        state
    }

    /// It is as it is after an installation that nothing disturbed.
    pub(crate) fn assert_same(&self, whole: &str, what: &str) {
        let state = self.state();
        let other = |a: &str, b: &str| {
            a.lines().filter(|line| !b.lines().any(|known| known == *line)).map(str::to_owned).collect::<Vec<_>>()
        };
        assert!(state == whole, "{what}: more {:#?}, less {:#?}", other(&state, whole), other(whole, &state));
    }

    /// Names a fault point: `kill NAME` or `full NAME`.
    pub(crate) fn fault(&self, what: &str) {
        self.stack.write("/run/desktop-control/fault", what);
    }
}

/// Boots with the daemon told of the repository that is served there.
pub(crate) fn with_repository(boot: Boot, server: &Server) -> Boot {
    let config = format!("[cuda]\nrepository = '{}/'\nkey = '/etc/repository.asc'\n", server.url());
    boot.and_file("/etc/desktop-control/config.toml", &config).and_file("/etc/repository.asc", &usual_key().public())
}

/// The distribution's own repository is on the network, and no matter here.
pub(crate) fn forget_distribution(stack: &Stack) {
    stack.shell("rm -rf /etc/apt/sources.list.d/* /etc/apt/sources.list /var/lib/apt/lists/*");
}

/// As it was before anything was installed there.
pub(crate) fn reset(stack: &Stack) {
    stack.shell(
        "names=$(dpkg-query -W -f '${Package}\\n' 'cuda-*' 'libcublas*' 'libcudnn*' 'libnccl*' 2>/dev/null); \
         [ -z \"$names\" ] || dpkg --purge $names >/dev/null; \
         rm -rf /usr/local/cuda* /usr/local/lib/desktop-control-toolkit /etc/ld.so.conf.d/*desktop-control* \
             /etc/profile.d/desktop-control* /etc/apt/sources.list.d/* /etc/apt/keyrings/desktop-control* \
             /etc/apt/preferences.d/00-desktop-control* /var/lib/desktop-control/* /var/cache/desktop-control \
             /var/lib/apt/lists/* /run/desktop-control/install; ldconfig",
    );
}

/// `CUDA 12.9` with this profile.
pub(crate) fn toolkit(release: &str, profile: &str) -> Value {
    json!({ "do": "install", "release": release, "profile": profile })
}

/// A run of the installer.
pub(crate) struct Run {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
    pub(crate) events: Vec<Value>,
}

impl Run {
    /// Reads on until an event is as wanted; false: it has ended.
    pub(crate) fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> bool {
        let began = Instant::now();
        loop {
            assert!(began.elapsed() < LIMIT, "waited in vain after {:?}", self.events.last());
            let mut line = String::new();
            if self.lines.read_line(&mut line).expect("readable") == 0 {
                return false;
            }
            let event: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
            let found = wanted(&event);
            self.events.push(event);
            if found {
                return true;
            }
        }
    }

    pub(crate) fn finish(&mut self) {
        self.until(|_| false);
        let status = self.child.wait().expect("ended");
        if self.events.is_empty() {
            let mut said = String::new();
            if let Some(mut stderr) = self.child.stderr.take() {
                let _ = std::io::Read::read_to_string(&mut stderr, &mut said);
            }
            self.events.push(json!({ "killed": status.to_string(), "said": said }));
        }
    }

    /// How it ended; null where it was killed.
    pub(crate) fn outcome(&self) -> Value {
        self.events.last().map(|event| event["outcome"].clone()).unwrap_or_default()
    }

    pub(crate) fn result(&self) -> String {
        self.outcome()["result"].as_str().unwrap_or("killed").to_owned()
    }

    pub(crate) fn assert_done(&self) {
        assert_eq!(self.result(), "done", "{}", self.tell());
    }

    /// It failed with this error of the contract; its sentence.
    pub(crate) fn assert_failed(&self, name: &str) -> String {
        let outcome = self.outcome();
        assert_eq!((self.result().as_str(), outcome["name"].as_str()), ("failed", Some(name)), "{}", self.tell());
        outcome["message"].as_str().expect("a sentence").to_owned()
    }

    pub(crate) fn progress(&self) -> Vec<&Value> {
        self.events.iter().filter(|event| event["event"] == "progress").collect()
    }

    pub(crate) fn log(&self) -> String {
        let lines = self.events.iter().filter(|event| event["event"] == "log");
        lines.filter_map(|event| event["line"].as_str()).collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn tell(&self) -> String {
        format!("{}\n{}", self.log(), self.events.last().cloned().unwrap_or_default())
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a shell command inside that may fail; what it said.
pub(crate) fn try_shell(stack: &Stack, script: &str) -> String {
    text(&stack.command(&["bash", "-c", script]).output().expect("enter"))
}

/// The part about packages of a state.
pub(crate) fn packages_of(state: &str) -> String {
    state.lines().filter(|line| !line.starts_with('/')).collect::<Vec<_>>().join("\n")
}
