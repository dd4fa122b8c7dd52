//! Who watches which GPU, and how often.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Leases {
    by_gpu: BTreeMap<String, Vec<Duration>>,
}

impl Leases {
    pub(super) fn begin(&mut self, uuid: &str, every: Duration) {
        self.by_gpu.entry(uuid.to_owned()).or_default().push(every);
    }

    pub(super) fn end(&mut self, uuid: &str, every: Duration) {
        let Some(held) = self.by_gpu.get_mut(uuid) else { return };
        if let Some(at) = held.iter().position(|one| *one == every) {
            held.swap_remove(at);
        }
        if held.is_empty() {
            self.by_gpu.remove(uuid);
        }
    }

    /// How often somebody wants to look; none where nobody does. One look is at all GPUs.
    pub(super) fn period(&self) -> Option<Duration> {
        self.by_gpu.values().flatten().min().copied()
    }

    /// Which GPUs are watched.
    pub(super) fn watched(&self) -> BTreeSet<String> {
        self.by_gpu.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_impatient_decides_and_the_last_one_ends_it() {
        let [second, minute] = [1, 60].map(Duration::from_secs);
        let mut leases = Leases::default();
        assert_eq!(leases.period(), None);
        leases.begin("a", minute);
        leases.begin("a", second);
        leases.begin("b", second);
        assert_eq!((leases.period(), leases.watched().len()), (Some(second), 2));
        leases.end("a", second);
        leases.end("b", second);
        assert_eq!((leases.period(), leases.watched().len()), (Some(minute), 1));
        leases.end("b", second);
        leases.end("a", minute);
        assert_eq!((leases.period(), leases.watched().len()), (None, 0));
    }
}
