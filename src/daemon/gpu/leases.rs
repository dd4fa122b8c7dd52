//! Who watches which GPU, and how often.

use std::time::Duration;

/// One lease: the GPU with this UUID, or all of them; and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lease {
    pub(super) gpu: Option<String>,
    pub(super) every: Duration,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Leases {
    held: Vec<Lease>,
}

impl Leases {
    pub(super) fn begin(&mut self, lease: Lease) {
        self.held.push(lease);
    }

    pub(super) fn end(&mut self, lease: &Lease) {
        if let Some(at) = self.held.iter().position(|held| held == lease) {
            self.held.swap_remove(at);
        }
    }

    /// How often somebody wants to look; none where nobody does. One look is at all GPUs.
    pub(super) fn period(&self) -> Option<Duration> {
        self.held.iter().map(|lease| lease.every).min()
    }

    /// Somebody watches this GPU.
    pub(super) fn watch(&self, uuid: &str) -> bool {
        self.held.iter().any(|lease| lease.gpu.as_deref().is_none_or(|gpu| gpu == uuid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_impatient_decides_and_the_last_one_ends_it() {
        let lease =
            |gpu: Option<&str>, seconds| Lease { gpu: gpu.map(str::to_owned), every: Duration::from_secs(seconds) };
        let mut leases = Leases::default();
        let look =
            |leases: &Leases| (leases.period().map(|period| period.as_secs()), leases.watch("a"), leases.watch("b"));
        assert_eq!(look(&leases), (None, false, false));
        for held in [lease(Some("a"), 60), lease(Some("a"), 1), lease(Some("a"), 1)] {
            leases.begin(held);
        }
        assert_eq!(look(&leases), (Some(1), true, false));
        leases.begin(lease(None, 30));
        leases.end(&lease(Some("a"), 1));
        assert_eq!(look(&leases), (Some(1), true, true), "another one is as impatient");
        leases.end(&lease(Some("a"), 1));
        assert_eq!(look(&leases), (Some(30), true, true));
        leases.end(&lease(None, 30));
        leases.end(&lease(None, 30));
        assert_eq!(look(&leases), (Some(60), true, false));
        leases.end(&lease(Some("a"), 60));
        assert_eq!(look(&leases), (None, false, false));
    }
}
