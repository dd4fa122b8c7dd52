//! Who is at work on packages.

use std::fs::File;

use procfs::process::Process;
use rustix::process::{Flock, FlockType, fcntl_getlk};

use crate::host::root::Root;

/// In the order in which apt takes them. The last is our own: what an installer was fetching when it was killed goes on,
/// and is not fetched twice.
const LOCKS: [&str; 4] = [
    "/var/lib/dpkg/lock-frontend",
    "/var/lib/dpkg/lock",
    "/var/lib/apt/lists/lock",
    "/var/cache/desktop-control/archives/lock",
];

/// A program that keeps others from changing packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its process number; none where it is outside of this container.
    pub pid: Option<i32>,
    /// Its name; may be empty.
    pub name: String,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.pid, self.name.as_str()) {
            (None, _) => f.write_str("a program outside of this container"),
            (Some(pid), "") => write!(f, "PID {pid}"),
            (Some(pid), name) => write!(f, "PID {pid} ({name})"),
        }
    }
}

/// Who holds one of apt's or dpkg's locks now. The locks are those of POSIX, which the kernel drops when their holder
/// ends, so a file that is left over means nothing.
#[must_use]
pub fn holder(root: &Root) -> Option<Holder> {
    LOCKS.iter().find_map(|path| {
        let file = File::open(root.join(path)).ok()?;
        let wanted = Flock::from(FlockType::WriteLock);
        let held = fcntl_getlk(&file, &wanted).ok()??;
        let pid = held.pid.map(|pid| pid.as_raw_nonzero().get()).filter(|pid| *pid > 0);
        let name = pid.and_then(|pid| Some(Process::new(pid).ok()?.stat().ok()?.comm));
        Some(Holder { pid, name: name.unwrap_or_default() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_holds_a_lock_is_told_by_number_and_name() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        root.write(LOCKS[0], b"", 0o640).expect("write");
        assert_eq!(holder(&root), None);
        let script = "import fcntl, sys, time\nf = open(sys.argv[1], 'w')\nfcntl.lockf(f, fcntl.LOCK_EX)\n\
            print('held', flush=True)\ntime.sleep(100)";
        let mut command = std::process::Command::new("python3");
        command.args(["-c", script]).arg(root.join(LOCKS[0])).stdout(std::process::Stdio::piped());
        let mut child = command.spawn().expect("python3");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).expect("a line");
        let found = holder(&root);
        child.kill().expect("killed");
        child.wait().expect("ended");
        let found = found.expect("held");
        assert_eq!(found.pid, Some(child.id().cast_signed()));
        assert!(found.to_string().contains("(python3"), "{found}");
        assert_eq!(holder(&root), None, "a lock ends with its holder");
    }
}
