//! Whose child a process is. For words alone: a process can choose its name, and its number may be another's by the
//! time somebody looks, so nothing is decided by this.

use procfs::process::Process;

/// No process of a session has more ancestors.
const MOST: usize = 64;

/// A process and those that have started it, itself first: number and name. Blocks.
#[must_use]
pub fn ancestry(pid: u32) -> Vec<(u32, String)> {
    let mut ancestry = Vec::new();
    let mut next = pid.cast_signed();
    while next > 1 && ancestry.len() < MOST {
        let Ok(stat) = Process::new(next).and_then(|process| process.stat()) else { break };
        ancestry.push((next.cast_unsigned(), stat.comm));
        next = stat.ppid;
    }
    ancestry
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_started_us_comes_after_us() {
        let own = ancestry(std::process::id());
        let parent = std::os::unix::process::parent_id();
        assert_eq!(own.iter().map(|(pid, _)| *pid).take(2).collect::<Vec<_>>(), [std::process::id(), parent]);
        assert!(own.iter().all(|(_, name)| !name.is_empty()), "{own:?}");
        assert_eq!(ancestry(u32::MAX), []);
    }
}
