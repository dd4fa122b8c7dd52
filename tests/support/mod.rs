//! The real stack for the tests: boots it in its private namespace and talks to it from outside.
//!
//! Nothing here stands in for supervisord, dbus-daemon or polkitd. A stack ends with the test's process, however that
//! ends: its standard input is a pipe of ours.

#![allow(dead_code, unreachable_pub, reason = "every test program uses another part of this")]
#![expect(clippy::expect_used, clippy::panic, reason = "a stack that does not come up has failed the test")]

pub mod accessibility;
pub mod browser;
pub mod cuda;
pub mod nvml;
pub mod portal_stand_in;
pub mod session_bus;
pub mod stream;
pub mod stream_stand_in;
pub mod viewer;
pub mod vnc;
pub mod window;

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Generous: what is waited for takes a fraction of this on two busy cores.
pub const DEADLINE: Duration = Duration::from_mins(1);
/// A first boot with everything in it.
const BOOT_DEADLINE: Duration = Duration::from_mins(3);

/// What is to be booted.
#[derive(Clone, Debug, Default)]
pub struct Boot {
    /// `plasma`, or `openbox` when empty.
    pub desktop: &'static str,
    /// Only these units; all when empty.
    pub units: &'static [&'static str],
    /// Files laid over the root: path and text.
    pub extra: Vec<(String, String)>,
    /// The same with files of this machine: path inside and outside.
    pub copies: Vec<(String, PathBuf)>,
    /// What the container is started with besides.
    pub environment: Vec<(String, String)>,
    /// Stay when supervisord ends.
    pub hold: bool,
    /// Kept across boots.
    pub state: Option<PathBuf>,
    /// Where the programs are; this build's own when none.
    pub bin: Option<PathBuf>,
    /// A bare Debian of this suite in place of the stack on this machine's own files: nothing is started in it.
    pub suite: Option<&'static str>,
}

impl Boot {
    /// The buses, policy and our daemon: what most tests need.
    pub const CORE: &'static [&'static str] = &["dbus-system", "polkitd", "desktop-controld"];

    /// Only the core, and these programs: name and further lines of their sections.
    pub fn core_with(programs: &[(&str, &str)]) -> Self {
        let extra = programs.iter().map(|(name, lines)| program(name, lines)).collect();
        Self { units: Self::CORE, extra, ..Self::default() }
    }

    pub fn and_file(mut self, path: &str, text: &str) -> Self {
        self.extra.push((path.into(), text.into()));
        self
    }

    /// With the GPUs of a machine of `tests/hosts`.
    pub fn and_gpus(self, machine: &str) -> Self {
        let script = std::fs::read_to_string(nvml::machine(machine)).expect("readable");
        let boot = self.and_gpus_of(&script);
        match cuda::machine(machine) {
            Some(script) => boot.and_libcuda(&script),
            None => boot,
        }
    }

    /// With the driver's library, which plays this.
    pub fn and_libcuda(mut self, script: &str) -> Self {
        self.copies.push((cuda::LIBRARY_INSIDE.into(), cuda::stand_in().into()));
        self.environment.push((cuda::SCRIPT.into(), cuda::SCRIPT_INSIDE.into()));
        self.and_file(cuda::SCRIPT_INSIDE, script)
    }

    /// With these GPUs. The library lies where every loader looks.
    pub fn and_gpus_of(mut self, script: &str) -> Self {
        self.copies.push(("/usr/lib/libnvidia-ml.so.1".into(), nvml::stand_in().into()));
        self.environment.push((nvml::SCRIPT.into(), nvml::SCRIPT_INSIDE.into()));
        self.and_file(nvml::SCRIPT_INSIDE, script)
    }

    pub fn start(self) -> Stack {
        Stack::boot(&self)
    }

    fn programs(&self) -> &Path {
        let built = || Path::new(env!("CARGO_BIN_EXE_desktopctl")).parent().expect("a folder");
        self.bin.as_deref().unwrap_or_else(built)
    }
}

/// A supervisor section of a test's own.
pub fn program(name: &str, lines: &str) -> (String, String) {
    let text = format!(
        "[program:{name}]\n{lines}\nstdout_logfile=/var/log/portal/%(program_name)s.log\nredirect_stderr=true\n"
    );
    (format!("/etc/supervisor/conf.d/{name}.conf"), text)
}

/// A booted stack.
#[derive(Debug)]
pub struct Stack {
    launcher: Child,
    folder: tempfile::TempDir,
    info: HashMap<String, String>,
}

impl Stack {
    fn boot(boot: &Boot) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("folder");
        let extra = folder.path().join("extra");
        for (path, text) in &boot.extra {
            let path = extra.join(path.trim_start_matches('/'));
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("folder");
            std::fs::write(path, text).expect("write");
        }
        for (path, file) in &boot.copies {
            let path = extra.join(path.trim_start_matches('/'));
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("folder");
            std::fs::copy(file, path).expect("copied");
        }
        std::fs::create_dir_all(&extra).expect("folder");
        if let Some(suite) = boot.suite {
            // The first time it is downloaded, which has a time limit of its own.
            let fetched = Command::new(repository().join("tests/fresh-machine")).args(["--tarball", suite]).output();
            let fetched = fetched.expect("tests/fresh-machine");
            assert!(fetched.status.success(), "{suite}: {}", text(&fetched));
            let mut command = Command::new(repository().join("tests/apt/bare-debian"));
            command.arg(suite).arg(boot.programs()).arg(&extra).arg(folder.path().join("info"));
            return Self::launch(command, folder);
        }
        let mut command = Command::new(repository().join("data/image/namespace"));
        command.arg("--tether").args(["--desktop", if boot.desktop.is_empty() { "openbox" } else { boot.desktop }]);
        command.arg("--bin").arg(boot.programs());
        command.arg("--extra").arg(&extra).arg("--info").arg(folder.path().join("info"));
        command.arg("--log").arg(folder.path().join("supervisord.log"));
        if !boot.units.is_empty() {
            command.args(["--units", &boot.units.join(",")]);
        }
        if boot.hold {
            command.arg("--hold");
        }
        if let Some(state) = &boot.state {
            command.arg("--state").arg(state);
        }
        command.envs(boot.environment.iter().map(|(name, value)| (name, value)));
        let stack = Self::launch(command, folder);
        if boot.units.is_empty() || boot.units.contains(&"desktop-controld") {
            wait_until(
                BOOT_DEADLINE,
                || "the daemon knows something".into(),
                || {
                    let status: Value = serde_json::from_slice(&stack.ctl(&["--json", "status"]).stdout).ok()?;
                    let knows = stack.service("desktop-controld").is_some();
                    (knows || status["findings"].as_array().is_some_and(|findings| !findings.is_empty())).then_some(())
                },
            );
        }
        stack
    }

    fn launch(mut command: Command, folder: tempfile::TempDir) -> Self {
        let launcher = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("a launcher");
        let mut stack = Self { launcher, folder, info: HashMap::new() };
        stack.wait_for_info();
        stack
    }

    fn wait_for_info(&mut self) {
        let path = self.folder.path().join("info");
        let began = Instant::now();
        while !path.exists() {
            if let Some(status) = self.launcher.try_wait().expect("a child") {
                panic!("the namespace ended at once: {status}");
            }
            assert!(began.elapsed() < BOOT_DEADLINE, "the namespace did not come up");
            std::thread::sleep(Duration::from_millis(50));
        }
        let text = std::fs::read_to_string(path).expect("info");
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        self.info = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    }

    /// A value that the namespace told, such as `SELKIES_PORT`.
    pub fn info(&self, key: &str) -> &str {
        self.info.get(key).unwrap_or_else(|| panic!("the namespace told no {key}"))
    }

    /// A path inside, as seen from outside.
    pub fn path(&self, inside: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{inside}", self.info("PID")))
    }

    /// Writes a file inside.
    pub fn write(&self, inside: &str, text: &str) {
        let path = self.path(inside);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("folder");
        std::fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// A command inside, as root.
    pub fn command(&self, words: &[&str]) -> Command {
        self.command_as("root", words)
    }

    /// A command inside, as another user.
    pub fn command_as(&self, user: &str, words: &[&str]) -> Command {
        let mut command = Command::new(repository().join("data/image/enter"));
        command.arg(self.folder.path().join("info")).args(["--user", user, "--"]).args(words).stdin(Stdio::null());
        command
    }

    /// Runs a shell command inside, as root; it must succeed. Its standard output.
    pub fn shell(&self, script: &str) -> String {
        let output = self.command(&["bash", "-c", script]).output().expect("enter");
        assert!(output.status.success(), "{script}: {}", text(&output));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Runs `desktopctl` inside, as root.
    pub fn ctl(&self, words: &[&str]) -> Output {
        self.ctl_as("root", words)
    }

    /// Runs `desktopctl` inside, as another user.
    pub fn ctl_as(&self, user: &str, words: &[&str]) -> Output {
        let words: Vec<&str> = ["desktopctl"].iter().chain(words).copied().collect();
        self.command_as(user, &words).output().expect("enter")
    }

    /// Runs `desktopctl` inside; it must succeed.
    pub fn ctl_ok(&self, words: &[&str]) -> String {
        let output = self.ctl(words);
        assert!(output.status.success(), "desktopctl {words:?}: {}", text(&output));
        String::from_utf8(output.stdout).expect("text")
    }

    /// One service as `desktopctl --json services` shows it; none if it is not listed or nobody answers.
    pub fn service(&self, name: &str) -> Option<Value> {
        let output = self.ctl(&["--json", "services"]);
        let services: Value = serde_json::from_slice(&output.stdout).ok()?;
        services.as_array()?.iter().find(|service| service["name"] == name).cloned()
    }

    /// Waits until a service looks as wanted.
    pub fn wait_for_service(&self, name: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let service = self.service(name);
            match service {
                Some(service) if wanted(&service) => return service,
                last => assert!(began.elapsed() < DEADLINE, "in vain waited until {name} {what}; it is {last:?}"),
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits until a service has this health.
    pub fn wait_for_health(&self, name: &str, health: &str) -> Value {
        self.wait_for_service(name, &format!("is {health}"), |service| service["health"] == health)
    }

    /// The process of a service, by its own number.
    pub fn pid_of(&self, name: &str) -> u64 {
        let service = self.wait_for_service(name, "has a process", |service| service["pid"].as_u64() > Some(0));
        service["pid"].as_u64().expect("a number")
    }

    /// The stream as it is without any setting of ours, and no change on trial.
    pub fn reset_stream(&self) {
        self.wait_for_health("selkies", "ok");
        let is_on_trial = || {
            let stream: Value = serde_json::from_str(&self.ctl_ok(&["--json", "stream"])).expect("JSON");
            !stream["pending"].is_null()
        };
        if is_on_trial() {
            self.ctl_ok(&["stream", "revert"]);
        }
        self.ctl_ok(&["stream", "reset"]);
        if is_on_trial() {
            // What is kept unasked is watched for longer first.
            self.ctl_ok(&["stream", "keep", "--force"]);
        }
        self.wait_for_health("selkies", "ok");
    }

    /// A connection to the system bus inside, as root.
    pub async fn bus(&self) -> zbus::Connection {
        let address = format!("unix:path={}", self.path("/run/dbus/system_bus_socket").display());
        let builder = zbus::connection::Builder::address(address.as_str()).expect("an address");
        builder.build().await.expect("the system bus")
    }

    /// The log of a service as it lies on disk, and supervisord's own: what one wants to see when a test fails.
    pub fn tell(&self, name: &str) -> String {
        let mut said = String::new();
        for path in [format!("/var/log/portal/{name}.log"), "/var/log/supervisor/supervisord.log".into()] {
            let text = std::fs::read(self.path(&path)).unwrap_or_default();
            let _ = writeln!(said, "--- {path}\n{}", String::from_utf8_lossy(&text));
        }
        said
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // The end of its input is how it is told to stop.
        drop(self.launcher.stdin.take());
        let began = Instant::now();
        while self.launcher.try_wait().ok().flatten().is_none() {
            if began.elapsed() > DEADLINE {
                let _ = self.launcher.kill();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// One stack for all tests of a program, one test at a time. It ends with the process.
pub fn shared(boot: impl FnOnce() -> Boot) -> MutexGuard<'static, Stack> {
    static STACK: OnceLock<Mutex<Stack>> = OnceLock::new();
    let stack = STACK.get_or_init(|| Mutex::new(boot().start()));
    stack.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks again and again until `look` finds something, and fails after `deadline` with what was waited for.
pub fn wait_until<T>(deadline: Duration, what: impl Fn() -> String, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < deadline, "waited {} s in vain until {}", deadline.as_secs(), what());
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Both outputs and the status, for messages.
pub fn text(output: &Output) -> String {
    format!(
        "{}, stdout {:?}, stderr {:?}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// The exit code; signals count as −1.
pub fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

/// The repository's root. As cargo says when it runs the test, not as it was when the test was built: clones that
/// share a build cache also share test programs.
pub fn repository() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| std::env::var_os("CARGO_MANIFEST_DIR").expect("tests are run by cargo").into())
}

/// Builds a library that stands in for one of NVIDIA's, where this test's programs were built.
pub fn build_stand_in(package: &str, file: &str) -> PathBuf {
    let built = Path::new(env!("CARGO_BIN_EXE_desktop-controld")).parent().expect("a folder");
    let target = built.parent().expect("a folder");
    let cargo = std::env::var_os("CARGO").expect("tests are run by cargo");
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--locked", "--package", package, "--target-dir"]).arg(target);
    let status = build.current_dir(repository()).status().expect("cargo");
    assert!(status.success(), "{package} cannot be built");
    target.join("debug").join(file)
}

/// The functions among the symbols of a library whose names begin so.
pub fn exported(library: &Path, start: &str) -> BTreeSet<String> {
    use object::elf::FileHeader64;
    use object::endian::Endianness;
    use object::read::elf::{FileHeader, Sym};

    let data = std::fs::read(library).expect("built");
    let header = FileHeader64::<Endianness>::parse(&*data).expect("an ELF file");
    let endian = header.endian().expect("known");
    let sections = header.sections(endian, &*data).expect("sections");
    let symbols = sections.symbols(endian, &*data, object::elf::SHT_DYNSYM).expect("symbols");
    let defined = symbols.iter().filter(|symbol| !symbol.is_undefined(endian));
    let names =
        defined.filter_map(|symbol| Some(String::from_utf8_lossy(symbol.name(endian, symbols.strings()).ok()?)));
    names.filter(|name| name.starts_with(start)).map(std::borrow::Cow::into_owned).collect()
}
