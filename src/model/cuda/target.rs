//! Which GPUs a toolkit can build for: the floor and the ceiling of each release.

use super::tables::Tables;
use super::version::{Capability, Release};

/// Whether a release knows a GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// It can build for it.
    Known,
    /// The GPU is newer; this is the first release that knows it.
    GpuTooNew(Release),
    /// The GPU is older; this is the last release that knew it.
    GpuTooOld(Release),
    /// The installed compiler does not name it, and the tables know no other that would.
    NotNamed,
    /// Cannot be told.
    Unknown,
}

impl Tables {
    /// Whether a release can build for a GPU. `named` is what its own compiler listed, if it could be asked: it
    /// decides over the table.
    #[must_use]
    pub fn target(&self, release: Release, capability: Capability, named: Option<&[Capability]>) -> Target {
        let by_table = self.target_by_table(release, capability);
        match named {
            Some(named) if named.contains(&capability) => Target::Known,
            Some([_, ..]) if matches!(by_table, Target::Known | Target::Unknown) => Target::NotNamed,
            _ => by_table,
        }
    }

    fn target_by_table(&self, release: Release, capability: Capability) -> Target {
        let Some(architecture) = self.architecture(capability) else { return Target::Unknown };
        match (architecture.first, architecture.last) {
            (Some(first), _) if release < first => Target::GpuTooNew(first),
            (_, Some(last)) if release > last => Target::GpuTooOld(last),
            // Architectures are only dropped by a new first number; of a newer one nothing is known.
            (_, None) if self.family(release.major).is_none() => Target::Unknown,
            (None, _) if self.releases().first().is_none_or(|oldest| release < oldest.version) => Target::Unknown,
            _ => Target::Known,
        }
    }

    /// Whether programs built by a release that is too old for this GPU may still run on it: code for an older GPU of
    /// the same first number does.
    #[must_use]
    pub fn runs_older_code(&self, release: Release, capability: Capability) -> bool {
        self.architectures().iter().flat_map(|architecture| &architecture.capability).any(|older| {
            older.major == capability.major
                && older.minor < capability.minor
                && self.target_by_table(release, *older) == Target::Known
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(text: &str) -> Release {
        text.parse().expect(text)
    }

    fn target(version: &str, capability: &str) -> Target {
        Tables::bundled().target(release(version), capability.parse().expect(capability), None)
    }

    #[test]
    fn floors_and_ceilings_with_their_neighbours() {
        for (capability, version, expected) in [
            ("3.0", "11.0", Target::GpuTooOld(release("10.2"))),
            ("3.5", "11.8", Target::Known),
            ("3.5", "12.0", Target::GpuTooOld(release("11.8"))),
            ("3.7", "11.8", Target::Known),
            ("3.7", "12.0", Target::GpuTooOld(release("11.8"))),
            ("5.0", "12.9", Target::Known),
            ("5.2", "13.0", Target::GpuTooOld(release("12.9"))),
            ("6.1", "12.9", Target::Known),
            ("6.1", "13.0", Target::GpuTooOld(release("12.9"))),
            ("7.0", "12.9", Target::Known),
            ("7.0", "13.0", Target::GpuTooOld(release("12.9"))),
            ("7.5", "11.0", Target::Known),
            ("7.5", "13.5", Target::Known),
            ("8.0", "11.0", Target::Known),
            ("8.0", "10.2", Target::GpuTooNew(release("11.0"))),
            ("8.6", "11.0", Target::GpuTooNew(release("11.1"))),
            ("8.6", "11.1", Target::Known),
            ("8.7", "11.3", Target::GpuTooNew(release("11.4"))),
            ("8.7", "11.4", Target::Known),
            ("8.9", "11.7", Target::GpuTooNew(release("11.8"))),
            ("8.9", "11.8", Target::Known),
            ("9.0", "11.7", Target::GpuTooNew(release("11.8"))),
            ("9.0", "11.8", Target::Known),
            ("10.0", "12.6", Target::GpuTooNew(release("12.8"))),
            ("10.0", "12.8", Target::Known),
            ("12.0", "12.6", Target::GpuTooNew(release("12.8"))),
            ("12.0", "12.8", Target::Known),
            ("12.0", "13.5", Target::Known),
            ("10.3", "12.8", Target::GpuTooNew(release("12.9"))),
            ("10.3", "12.9", Target::Known),
            ("12.1", "12.8", Target::GpuTooNew(release("12.9"))),
            ("12.1", "12.9", Target::Known),
            ("11.0", "12.9", Target::GpuTooNew(release("13.0"))),
            ("11.0", "13.0", Target::Known),
            ("10.1", "12.9", Target::Known),
            ("10.1", "13.0", Target::GpuTooOld(release("12.9"))),
            ("8.8", "12.9", Target::GpuTooNew(release("13.0"))),
            ("10.7", "13.3", Target::GpuTooNew(release("13.4"))),
            ("10.7", "13.4", Target::Known),
            ("10.7", "13.5", Target::Known),
        ] {
            assert_eq!(target(version, capability), expected, "compute capability {capability}, CUDA {version}");
        }
    }

    #[test]
    fn what_nobody_knows_yet_is_unknown() {
        assert_eq!(target("13.5", "15.0"), Target::Unknown);
        assert_eq!(target("14.0", "9.0"), Target::Unknown);
        assert_eq!(target("14.0", "6.1"), Target::GpuTooOld(release("12.9")));
        assert_eq!(target("13.9", "9.0"), Target::Known);
        assert_eq!(target("10.2", "7.5"), Target::Unknown);
    }

    /// What the compilers listed when they were run.
    #[test]
    fn the_table_agrees_with_the_compilers_that_were_run() {
        for (version, codes) in [
            ("11.8", "35 37 50 52 53 60 61 62 70 72 75 80 86 87 89 90"),
            ("12.0", "50 52 53 60 61 62 70 72 75 80 86 87 89 90"),
            ("12.8", "50 52 53 60 61 62 70 72 75 80 86 87 89 90 100 101 120"),
            ("12.9", "50 52 53 60 61 62 70 72 75 80 86 87 89 90 100 101 103 120 121"),
            ("13.0", "75 80 86 87 88 89 90 100 103 110 120 121"),
            ("13.5", "75 80 86 87 88 89 90 100 103 107 110 120 121"),
        ] {
            let tables = Tables::bundled();
            let listed: Vec<_> =
                codes.split(' ').map(|code| Capability::from_code(&format!("sm_{code}")).expect(code)).collect();
            for capability in tables.architectures().iter().flat_map(|architecture| &architecture.capability) {
                let known = tables.target(release(version), *capability, None) == Target::Known;
                assert_eq!(known, listed.contains(capability), "{capability}, CUDA {version}");
            }
        }
    }

    #[test]
    fn the_compiler_itself_decides_over_the_table() {
        let tables = Tables::bundled();
        let (hopper, rubin) = (Capability::new(9, 0), Capability::new(15, 0));
        let named = Capability::listed("sm_75\nsm_150");
        assert_eq!(tables.target(release("14.0"), rubin, Some(&named)), Target::Known);
        assert_eq!(tables.target(release("13.0"), hopper, Some(&named)), Target::NotNamed);
        assert_eq!(tables.target(release("11.7"), hopper, Some(&named)), Target::GpuTooNew(release("11.8")));
        assert_eq!(tables.target(release("13.0"), hopper, Some(&[])), Target::Known);
    }

    #[test]
    fn code_for_an_older_gpu_of_the_same_first_number_runs() {
        for (version, capability, expected) in [
            ("11.7", "8.9", true),
            ("11.0", "8.6", true),
            ("11.7", "9.0", false),
            ("12.8", "10.3", true),
            ("12.8", "12.1", true),
            ("12.6", "12.0", false),
            ("13.0", "7.0", false),
            ("11.8", "9.0", false),
        ] {
            let capability = capability.parse().expect(capability);
            assert_eq!(Tables::bundled().runs_older_code(release(version), capability), expected, "{capability}");
        }
    }
}
