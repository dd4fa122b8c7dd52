//! Questions that only code of the desktop user's can answer. It runs in a child of that user, bounded in time and size;
//! root runs and reads nothing that the user can write.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

/// How long a child may take.
pub const LIMIT: Duration = Duration::from_secs(5);
/// The longest answer that is read, in bytes.
pub const MOST_ANSWER: usize = 1024 * 1024;
/// So much of what it complains is kept, in bytes.
const MOST_COMPLAINT: usize = 4096;

/// A user as the kernel knows one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// User id.
    pub uid: u32,
    /// Id of the primary group; the child has no other one.
    pub gid: u32,
}

/// What is run.
#[derive(Debug)]
pub struct Question<'q> {
    /// An absolute path.
    pub program: &'q Path,
    /// Its arguments.
    pub arguments: &'q [&'q str],
    /// Its whole environment.
    pub environment: &'q BTreeMap<String, String>,
    /// What it finds on standard input.
    pub input: &'q str,
}

/// What it has said.
#[derive(Debug)]
pub struct Answer {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub output: Vec<u8>,
    /// The beginning of its standard error.
    pub complaint: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum UserChildError {
    /// It could not be started.
    #[error("{program} cannot be run ({error})")]
    NotStarted {
        /// The program.
        program: String,
        /// Why.
        error: io::Error,
    },
    /// Its pipes broke.
    #[error("it cannot be talked to ({0})")]
    Cut(#[from] io::Error),
    /// Longer than [`LIMIT`].
    #[error("it did not end within {} s", LIMIT.as_secs())]
    TimedOut,
    /// More than [`MOST_ANSWER`].
    #[error("it said more than {MOST_ANSWER} bytes")]
    TooLong,
}

/// Asks as `account`. A child that does not end is killed with all that it has started, also when this future is dropped.
///
/// # Errors
/// See [`UserChildError`]. A child that fails has answered.
pub async fn ask(account: Account, question: &Question<'_>) -> Result<Answer, UserChildError> {
    let mut command = Command::new(question.program);
    command.args(question.arguments).env_clear().envs(question.environment).current_dir("/").process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    if rustix::process::geteuid().is_root() {
        command.uid(account.uid).gid(account.gid);
    }
    let started = command.spawn();
    let mut child = started
        .map_err(|error| UserChildError::NotStarted { program: question.program.display().to_string(), error })?;
    let mut group = Group(child.id());
    let answer = tokio::time::timeout(LIMIT, converse(&mut child, question.input)).await;
    let answer = answer.map_err(|_| UserChildError::TimedOut)??;
    // It has been waited for, so its number may soon be somebody else's.
    group.0 = None;
    Ok(answer)
}

async fn converse(child: &mut Child, input: &str) -> Result<Answer, UserChildError> {
    let pipes = child.stdin.take().zip(child.stdout.take()).zip(child.stderr.take());
    let ((mut stdin, stdout), stderr) = pipes.ok_or(io::Error::from(io::ErrorKind::BrokenPipe))?;
    let write = async {
        // One that does not listen may have good reasons.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
    };
    let ((), output, complaint) = tokio::join!(write, bounded(stdout, MOST_ANSWER), beginning(stderr));
    let output = output?.ok_or(UserChildError::TooLong)?;
    let status = child.wait().await?;
    Ok(Answer { status, output, complaint: complaint? })
}

/// All of it; none if that is more than `most` bytes.
async fn bounded(pipe: impl AsyncRead + Unpin, most: usize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    pipe.take(most as u64 + 1).read_to_end(&mut bytes).await?;
    Ok((bytes.len() <= most).then_some(bytes))
}

/// The beginning, while the rest is read and thrown away, so that nobody waits for room in the pipe.
async fn beginning(mut pipe: impl AsyncRead + Unpin) -> io::Result<String> {
    let mut bytes = Vec::new();
    (&mut pipe).take(MOST_COMPLAINT as u64).read_to_end(&mut bytes).await?;
    tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A process group that ends with this, unless its leader has been waited for.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        let leader = self.0.and_then(|pid| Pid::from_raw(pid.cast_signed()));
        if let Some(leader) = leader {
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn bash(script: &str, input: &str) -> Result<Answer, UserChildError> {
        let account = Account { uid: 65534, gid: 65534 };
        let environment = BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]);
        let arguments = ["-c", script];
        let program = Path::new("/bin/bash");
        ask(account, &Question { program, arguments: &arguments, environment: &environment, input }).await
    }

    #[tokio::test]
    async fn it_answers_with_nothing_of_ours() {
        let answer =
            bash("cat; echo $((1 + 1)); echo oh >&2; echo \"${HOME-none} ${CARGO-none}\"; exit 3", "in\n").await;
        let answer = answer.expect("an answer");
        assert_eq!(String::from_utf8_lossy(&answer.output), "in\n2\nnone none\n");
        assert_eq!((answer.complaint.as_str(), answer.status.code()), ("oh\n", Some(3)));
    }

    #[tokio::test]
    async fn it_has_no_rights_of_ours() {
        let answer = bash("id -u; id -g; id -G", "").await.expect("an answer");
        let ours = rustix::process::geteuid();
        let expected = if ours.is_root() { "65534\n65534\n65534\n".to_owned() } else { format!("{}\n", ours.as_raw()) };
        assert!(String::from_utf8_lossy(&answer.output).starts_with(&expected), "{answer:?}");
    }

    #[tokio::test]
    async fn what_never_ends_is_ended_with_all_that_it_started() {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).expect("mode");
        let file = folder.path().join("pid");
        let script = format!("sleep 1000 & echo $! >{}; trap '' TERM; wait", file.display());
        assert!(matches!(bash(&script, "").await, Err(UserChildError::TimedOut)));
        let pid: i32 = std::fs::read_to_string(&file).expect("a number").trim().parse().expect("a number");
        let stat = || procfs::process::Process::new(pid).and_then(|process| process.stat());
        for _ in 0..100 {
            if stat().is_ok_and(|stat| stat.state != 'Z') {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        assert!(stat().is_ok_and(|stat| stat.state == 'Z') || stat().is_err(), "{pid} still runs");
    }

    #[tokio::test]
    async fn an_endless_answer_is_not_read_to_its_end() {
        assert!(matches!(bash("yes", "").await, Err(UserChildError::TooLong)));
        assert!(matches!(bash("echo; yes >&2", "").await, Err(UserChildError::TimedOut)), "complaints are thrown away");
    }
}
