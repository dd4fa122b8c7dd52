//! Children: short ones that answer, and one long one that is watched.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

use super::archives::FOLDER;

/// The longest answer that is read, in bytes. Lists of packages are the longest: 6 MB and growing.
const MOST_ANSWER: u64 = 64 * 1024 * 1024;
/// So much of what a long one complains is looked at in the end, in bytes.
const MOST_COMPLAINT: u64 = 256 * 1024;
/// What is to be ended gets so long to do so by itself.
const PATIENCE: Duration = Duration::from_millis(1500);
/// The user and the group that own nothing.
pub(super) const NOBODY: u32 = 65534;
/// So often a long one is looked at; nothing is told more often than that.
const TICK: Duration = Duration::from_millis(100);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AptError {
    /// It could not be started.
    #[error("{program} cannot be run ({error})")]
    NotStarted {
        /// The program.
        program: String,
        /// Why.
        error: io::Error,
    },
    /// Something in between broke.
    #[error("{program} cannot be talked to ({error})")]
    Cut {
        /// The program.
        program: String,
        /// Why.
        error: io::Error,
    },
    /// It took too long and was ended.
    #[error("{program} did not end within {seconds} s")]
    TimedOut {
        /// The program.
        program: String,
        /// How long it was waited for.
        seconds: u64,
    },
}

/// What a short one said.
#[derive(Debug)]
pub struct Said {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output,
    pub output: Vec<u8>,
    /// and its standard error.
    pub complaint: Vec<u8>,
}

impl Said {
    /// The output as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.output).into_owned()
    }

    /// Both outputs as text, what was complained last.
    #[must_use]
    pub fn everything(&self) -> String {
        format!("{}\n{}", self.text(), String::from_utf8_lossy(&self.complaint))
    }
}

/// The whole environment of every child: English, no questions, and the operator's proxies.
fn environment() -> Vec<(String, String)> {
    const FIXED: [(&str, &str); 7] = [
        ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ("HOME", "/root"),
        ("LC_ALL", "C.UTF-8"),
        ("DEBIAN_FRONTEND", "noninteractive"),
        ("APT_LISTCHANGES_FRONTEND", "none"),
        ("NEEDRESTART_MODE", "l"),
        ("UCF_FORCE_CONFFOLD", "1"),
    ];
    const PROXIES: [&str; 6] = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];
    let fixed = FIXED.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let proxies = PROXIES.into_iter().filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)));
    fixed.chain(proxies).collect()
}

/// What every run of apt-get is told, whatever the machine's own configuration says: nothing unsigned, no questions,
/// no recommendations, old configuration files stay, and a folder of our own for what is fetched.
fn apt_arguments() -> Vec<String> {
    const OPTIONS: [&str; 15] = [
        "APT::Get::AllowUnauthenticated=false",
        "Acquire::AllowInsecureRepositories=false",
        "Acquire::AllowWeakRepositories=false",
        "Acquire::AllowDowngradeToInsecureRepositories=false",
        "Acquire::Languages=none",
        "Acquire::Retries=2",
        "Acquire::http::Timeout=30",
        "Acquire::https::Timeout=30",
        "APT::Install-Recommends=false",
        "APT::Install-Suggests=false",
        "APT::Keep-Downloaded-Packages=true",
        "DPkg::Lock::Timeout=120",
        "Dpkg::Use-Pty=0",
        "Dpkg::Options::=--force-confdef",
        "Dpkg::Options::=--force-confold",
    ];
    let archives = format!("Dir::Cache::archives={FOLDER}/");
    let options = OPTIONS.into_iter().map(str::to_owned).chain([archives]);
    std::iter::once("-y".to_owned()).chain(options.flat_map(|option| ["-o".to_owned(), option])).collect()
}

fn command(program: &str, arguments: &[String]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(environment()).current_dir("/").stdin(Stdio::null());
    // Not ended with us, neither by a terminal nor by supervisord.
    command.process_group(0);
    command
}

/// Asks a program; it is ended when it takes longer than `limit`, and when nobody waits for it any more.
///
/// # Errors
/// See [`AptError`]. One that fails has answered.
pub async fn ask(program: &str, arguments: &[&str], limit: Duration) -> Result<Said, AptError> {
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    ask_owned(program, &arguments, limit).await
}

/// Asks a program that need not be trusted, as nobody, in a folder that nobody may write to.
///
/// # Errors
/// See [`AptError`].
pub async fn ask_as_nobody(
    program: &Path,
    arguments: &[&str],
    folder: &Path,
    limit: Duration,
) -> Result<Said, AptError> {
    let program = program.display().to_string();
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let mut command = command(&program, &arguments);
    command.current_dir(folder).env("HOME", folder).env("TMPDIR", folder);
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    ask_command(&program, command, limit).await
}

/// Asks apt-get, with the options that it always has.
///
/// # Errors
/// See [`AptError`].
pub async fn ask_apt(arguments: &[String], limit: Duration) -> Result<Said, AptError> {
    let arguments: Vec<String> = apt_arguments().into_iter().chain(arguments.iter().cloned()).collect();
    ask_owned("apt-get", &arguments, limit).await
}

async fn ask_owned(program: &str, arguments: &[String], limit: Duration) -> Result<Said, AptError> {
    ask_command(program, command(program, arguments), limit).await
}

async fn ask_command(program: &str, mut command: Command, limit: Duration) -> Result<Said, AptError> {
    let named = || program.to_owned();
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| AptError::NotStarted { program: named(), error })?;
    let group = child.id();
    let answer = tokio::time::timeout(limit, converse(&mut child)).await;
    if let Ok(said) = answer {
        return said.map_err(|error| AptError::Cut { program: named(), error });
    }
    end_group(group, Signal::KILL);
    Err(AptError::TimedOut { program: named(), seconds: limit.as_secs() })
}

async fn converse(child: &mut Child) -> io::Result<Said> {
    let broken = || io::Error::from(io::ErrorKind::BrokenPipe);
    let stdout = child.stdout.take().ok_or_else(broken)?;
    let stderr = child.stderr.take().ok_or_else(broken)?;
    let (mut output, mut complaint) = (Vec::new(), Vec::new());
    let mut stdout = stdout.take(MOST_ANSWER);
    let mut stderr = stderr.take(MOST_ANSWER);
    let (read, complained) = tokio::join!(stdout.read_to_end(&mut output), stderr.read_to_end(&mut complaint));
    read?;
    complained?;
    Ok(Said { status: child.wait().await?, output, complaint })
}

fn end_group(leader: Option<u32>, signal: Signal) {
    if let Some(leader) = leader.and_then(|pid| Pid::from_raw(pid.cast_signed())) {
        let _ = kill_process_group(leader, signal);
    }
}

/// A long run of apt-get or dpkg. What it says goes to files in a folder of ours; it is not ended when this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    status: Tail,
    output: Tail,
    folder: PathBuf,
}

/// What was new at a look.
#[derive(Debug, Default)]
pub struct Tick {
    /// Lines of its status.
    pub status: Vec<String>,
    /// Lines of what it printed.
    pub output: Vec<String>,
}

/// How it ended.
#[derive(Debug)]
pub struct Ended {
    /// Its status.
    pub status: ExitStatus,
    /// What was new since the last look.
    pub last: Tick,
    /// The end of all that it printed.
    pub said: String,
}

impl Running {
    /// Starts apt-get, with the options that it always has. `folder` is where it writes to.
    ///
    /// # Errors
    /// It cannot be started, or the folder cannot be written to.
    pub fn apt(folder: &Path, arguments: &[String]) -> Result<Self, AptError> {
        let status = ["-o".to_owned(), "APT::Status-Fd=3".to_owned()];
        let arguments: Vec<String> =
            apt_arguments().into_iter().chain(status).chain(arguments.iter().cloned()).collect();
        Self::start(folder, "apt-get", &arguments)
    }

    /// Starts dpkg.
    ///
    /// # Errors
    /// As with [`Running::apt`].
    pub fn dpkg(folder: &Path, arguments: &[String]) -> Result<Self, AptError> {
        let arguments: Vec<String> =
            ["--status-fd".to_owned(), "3".to_owned()].into_iter().chain(arguments.iter().cloned()).collect();
        Self::start(folder, "dpkg", &arguments)
    }

    fn start(folder: &Path, program: &str, arguments: &[String]) -> Result<Self, AptError> {
        let named = |error| AptError::NotStarted { program: program.to_owned(), error };
        let (status, output) = (folder.join("status"), folder.join("output"));
        let prepare = || -> io::Result<(File, File)> {
            std::fs::create_dir_all(folder)?;
            File::create(&status)?;
            let file = File::create(&output)?;
            Ok((file.try_clone()?, file))
        };
        let (stdout, stderr) = prepare().map_err(named)?;
        // A shell opens the descriptor for it, and then is it.
        let words = [
            "-c".to_owned(),
            "exec 3>>\"$0\"; exec \"$@\"".to_owned(),
            status.display().to_string(),
            program.to_owned(),
        ];
        let words: Vec<String> = words.into_iter().chain(arguments.iter().cloned()).collect();
        let mut command = command("/bin/sh", &words);
        let child = command.stdout(stdout).stderr(stderr).spawn().map_err(named)?;
        Ok(Self { child, status: Tail::of(&status), output: Tail::of(&output), folder: folder.to_owned() })
    }

    /// Waits until it has ended or a tenth of a second is over, whichever comes first, and tells what is new.
    ///
    /// # Errors
    /// It cannot be waited for.
    pub async fn tick(&mut self) -> Result<Result<Tick, Ended>, AptError> {
        let waited = tokio::time::timeout(TICK, self.child.wait()).await;
        let new = Tick { status: self.status.lines(), output: self.output.lines() };
        let Ok(status) = waited else { return Ok(Ok(new)) };
        let status = status.map_err(|error| AptError::Cut { program: "apt-get".into(), error })?;
        let said = end_of(&self.folder.join("output"));
        Ok(Err(Ended { status, last: new, said }))
    }

    /// Ends it with all that it has started. Only for what fetches: dpkg must never be cut.
    pub async fn end(mut self) {
        let group = self.child.id();
        end_group(group, Signal::TERM);
        if tokio::time::timeout(PATIENCE, self.child.wait()).await.is_err() {
            end_group(group, Signal::KILL);
            let _ = self.child.wait().await;
        }
    }
}

/// A file that grows, read line by line.
#[derive(Debug)]
pub(super) struct Tail {
    path: PathBuf,
    read: u64,
    rest: Vec<u8>,
}

impl Tail {
    pub(super) fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), read: 0, rest: Vec::new() }
    }

    /// The lines that have become whole since the last time.
    pub(super) fn lines(&mut self) -> Vec<String> {
        const MOST: u64 = 1024 * 1024;
        let new = || -> io::Result<Vec<u8>> {
            let mut file = File::open(&self.path)?;
            file.seek(SeekFrom::Start(self.read))?;
            let mut bytes = Vec::new();
            file.take(MOST).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let new = new().unwrap_or_default();
        self.read += new.len() as u64;
        self.rest.extend(new);
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else { return Vec::new() };
        let whole: Vec<u8> = self.rest.drain(..=end).collect();
        String::from_utf8_lossy(&whole).lines().map(str::to_owned).collect()
    }
}

fn end_of(path: &Path) -> String {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(MOST_COMPLAINT)))?;
        let mut bytes = Vec::new();
        file.take(MOST_COMPLAINT).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_takes_too_long_is_ended() {
        let began = std::time::Instant::now();
        let asked = ask("sleep", &["100"], Duration::from_millis(200)).await;
        assert!(matches!(asked, Err(AptError::TimedOut { .. })), "{asked:?}");
        assert!(began.elapsed() < Duration::from_secs(10));
        assert!(matches!(ask("/nowhere/x", &[], Duration::from_secs(1)).await, Err(AptError::NotStarted { .. })));
    }

    #[tokio::test]
    async fn a_long_run_is_read_while_it_works() {
        let folder = tempfile::tempdir().expect("folder");
        let script =
            "echo pmstatus:a:10:one >&3; echo hello; sleep 0.4; printf pmstatus:a:20: >&3; echo two >&3; exit 3";
        let words = ["-c".to_owned(), script.to_owned()];
        let mut running = Running::start(folder.path(), "bash", &words).expect("started");
        let (mut status, mut output) = (Vec::new(), Vec::new());
        let ended = loop {
            match running.tick().await.expect("a look") {
                Ok(new) => {
                    status.extend(new.status);
                    output.extend(new.output);
                }
                Err(ended) => break ended,
            }
        };
        assert_eq!(status, ["pmstatus:a:10:one"], "while it worked");
        assert_eq!(output, ["hello"]);
        assert_eq!(ended.last.status, ["pmstatus:a:20:two"]);
        assert_eq!((ended.status.code(), ended.said.as_str()), (Some(3), "hello\n"));
    }

    #[tokio::test]
    async fn a_run_is_ended_with_all_that_it_started() {
        let folder = tempfile::tempdir().expect("folder");
        let script = "trap '' TERM; sleep 100 & echo $!; wait; sleep 100";
        let mut running =
            Running::start(folder.path(), "bash", &["-c".to_owned(), script.to_owned()]).expect("started");
        let pid: i32 = loop {
            if let Ok(new) = running.tick().await.expect("a look")
                && let Some(line) = new.output.first()
            {
                break line.parse().expect("a number");
            }
        };
        running.end().await;
        let gone = || {
            procfs::process::Process::new(pid).and_then(|process| process.stat()).map_or(true, |stat| stat.state == 'Z')
        };
        for _ in 0..100 {
            if !gone() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        assert!(gone(), "{pid} still runs");
    }
}
