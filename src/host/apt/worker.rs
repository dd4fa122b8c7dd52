//! The installer from outside: started, found again, listened to, asked to end.
//!
//! It outlives whoever started it. One at a time: it holds a lock that ends with it, in a file with its number.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::process::CommandExt;

use super::child::{AptError, Tail};
use crate::host::root::Root;

/// Reading the lists of a whole distribution over a slow line.
const QUESTION: Duration = Duration::from_mins(12);
const LOOK: Duration = Duration::from_millis(20);
const LOCK: &str = "/run/desktop-control/install/lock";

/// The lock, for as long as this lives. Children do not inherit it.
#[derive(Debug)]
pub struct Exclusive(#[expect(dead_code, reason = "the lock ends with the descriptor")] File);

/// Takes the lock, or says who has it.
///
/// # Errors
/// The file cannot be made.
pub fn take_lock(root: &Root) -> io::Result<Result<Exclusive, i32>> {
    let path = root.join(LOCK);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = File::options().read(true).write(true).create(true).truncate(false).open(&path)?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        return Ok(Err(number_in(root).unwrap_or(0)));
    }
    file.set_len(0)?;
    writeln!(file, "{}", std::process::id())?;
    Ok(Ok(Exclusive(file)))
}

/// The process number of the installer that is at work now.
#[must_use]
pub fn lock_holder(root: &Root) -> Option<i32> {
    let file = File::open(root.join(LOCK)).ok()?;
    // What only looks does not write its number.
    let free = flock(&file, FlockOperation::NonBlockingLockShared).is_ok();
    if free { None } else { Some(number_in(root).unwrap_or(0)) }
}

fn number_in(root: &Root) -> Option<i32> {
    root.read(LOCK).ok()??.trim().parse().ok()
}

/// An installer at work, or one that was.
#[derive(Debug)]
pub struct Worker {
    root: Root,
    /// None for one that somebody else has started.
    child: Option<Child>,
    events: Tail,
}

impl Worker {
    /// Starts it. What it tells goes to `events`, a path inside the tree, behind what is there.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(root: &Root, words: &[&str], request: &str, events: &str) -> io::Result<Self> {
        let path = root.join(events);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let out = File::options().create(true).append(true).open(&path)?;
        let mut command = Command::new(std::env::current_exe()?);
        // supervisord ends whole groups.
        command.args(words).stdin(Stdio::piped()).stdout(out).process_group(0);
        let mut child = command.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // Shorter than any pipe.
            stdin.write_all(request.as_bytes())?;
        }
        Ok(Self { root: root.clone(), child: Some(child), events: Tail::of(&path) })
    }

    /// One that an earlier life of ours has started.
    #[must_use]
    pub fn found(root: &Root, events: &str) -> Self {
        Self { root: root.clone(), child: None, events: Tail::of(&root.join(events)) }
    }

    /// Starts another one in its place that goes on where it stopped.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn replace(&mut self, words: &[&str], events: &str) -> io::Result<()> {
        let next = Self::start(&self.root, words, "", events)?;
        // What was read stays read.
        self.child = next.child;
        Ok(())
    }

    /// It has not ended. Asked before [`Worker::lines`], nothing that it has said is missed.
    pub fn is_alive(&mut self) -> bool {
        match &mut self.child {
            Some(child) => child.try_wait().is_ok_and(|status| status.is_none()),
            None => lock_holder(&self.root).is_some(),
        }
    }

    /// Waits until it has ended, so that nothing of it is left.
    pub async fn ended(mut self) {
        while self.is_alive() {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What it has told since the last time.
    pub fn lines(&mut self) -> Vec<String> {
        self.events.lines()
    }

    /// Asks it to end; it does so where that does no harm.
    pub fn ask_to_end(&self) {
        let pid = self.child.as_ref().map(|child| child.id().cast_signed()).or_else(|| lock_holder(&self.root));
        if let Some(pid) = pid.and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
    }
}

/// Asks an installer of its own something; it changes nothing but the lists that apt has. What it answers, and whether that
/// is what was asked for.
///
/// # Errors
/// It cannot be asked, or takes too long; then it is ended.
pub async fn ask_installer(words: &[&str], request: &str) -> Result<(bool, String), AptError> {
    const PROGRAM: &str = "the installer";
    let cut = |error| AptError::Cut { program: PROGRAM.into(), error };
    let mut command = tokio::process::Command::new(std::env::current_exe().map_err(cut)?);
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| AptError::NotStarted { program: PROGRAM.into(), error })?;
    if let Some(mut stdin) = child.stdin.take() {
        tokio::io::AsyncWriteExt::write_all(&mut stdin, request.as_bytes()).await.map_err(cut)?;
    }
    let said = tokio::time::timeout(QUESTION, child.wait_with_output()).await;
    let said = said.map_err(|_| AptError::TimedOut { program: PROGRAM.into(), seconds: QUESTION.as_secs() })?;
    let said = said.map_err(cut)?;
    Ok((said.status.success(), String::from_utf8_lossy(&said.stdout).into_owned()))
}

/// Where a job's installer tells what it does.
#[must_use]
pub fn events_of(job: u64) -> String {
    format!("/run/desktop-control/install/job-{job}.events")
}

/// Forgets what an installer has told.
pub fn forget_events(root: &Root, job: u64) {
    let path: PathBuf = root.join(&events_of(job));
    let _ = std::fs::remove_file(Path::new(&path));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_has_one_holder_and_ends_with_it() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        assert_eq!(lock_holder(&root), None);
        let held = take_lock(&root).expect("a file").expect("free");
        let ours = std::process::id().cast_signed();
        assert_eq!(take_lock(&root).expect("a file").expect_err("held"), ours);
        assert_eq!(lock_holder(&root), Some(ours));
        drop(held);
        assert_eq!(lock_holder(&root), None);
    }
}
