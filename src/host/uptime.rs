//! Since when the machine is up.

use procfs::process::Process;

/// Unix time in seconds when process 1 started: in a container that is the container's own start, and not that of
/// the machine below it. None where `/proc` does not tell.
#[must_use]
pub fn up_since() -> Option<u64> {
    let started = Process::new(1).ok()?.stat().ok()?.starttime;
    Some(procfs::boot_time_secs().ok()? + started / procfs::ticks_per_second())
}

#[cfg(test)]
mod tests {
    #[test]
    fn process_1_started_before_now() {
        let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let since = super::up_since().unwrap();
        assert!(since <= now && since > 1_600_000_000, "{since}");
    }
}
