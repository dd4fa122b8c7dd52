//! What will run here: a verdict for each toolkit, installed or not, and why.
//!
//! The rules, in order: what the driver knows runs natively; what is newer but of the same family works by
//! minor-version compatibility; what is of a newer family needs forward compatibility, which not every GPU has;
//! everything else does not run. Apart from that the compiler has to know the GPU. Nothing here ever advises to
//! change the driver: in a container it is the host's.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

use super::component::Components;
use super::driver::DriverVersion;
use super::explanation;
use super::forward::{ActiveCompat, ForwardPackage};
use super::gpu::Gpus;
use super::inventory::Toolkit;
use super::judgement::judge;
use super::sentence;
use super::tables::Tables;
use super::version::{Capability, Release, ToolkitVersion};

/// Whether a toolkit runs on this machine, best first. The tokens are wire format.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Display, EnumString, IntoStaticStr, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Verdict {
    /// The driver runs it as it is.
    Native,
    /// It works, with limits, since the driver is of the same family.
    MinorVersion,
    /// It works, since a forward compatibility library stands in for the driver.
    Forward,
    /// It would work with the forward compatibility package.
    NeedsForward,
    /// It compiles, but there is no GPU to run anything.
    CompileOnly,
    /// Cannot be told; the reason says what is missing.
    Unknown,
    /// It does not run here.
    WillNotRun,
    /// It cannot build for this GPU.
    CannotTarget,
}

impl Verdict {
    /// Programs built with it run here now.
    #[must_use]
    pub fn works(self) -> bool {
        matches!(self, Self::Native | Self::MinorVersion | Self::Forward)
    }

    /// It is known not to be of use here.
    #[must_use]
    pub fn is_refusal(self) -> bool {
        matches!(self, Self::WillNotRun | Self::CannotTarget)
    }
}

/// What is known of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Its GPUs.
    pub gpus: Gpus,
    /// The driver of the host: NVML's or the kernel's word, never a library's.
    pub driver: Option<DriverVersion>,
    /// What the driver's own library answers when it is asked for its CUDA, by a path that no forward compatibility
    /// library can stand in for.
    pub native: Option<Release>,
    /// The forward compatibility library that programs load now.
    pub compat: Option<ActiveCompat>,
    /// The first number of the system's gcc.
    pub gcc: Option<u16>,
}

/// A toolkit to be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its version.
    pub version: ToolkitVersion,
    /// Its parts, where it is installed.
    pub components: Option<Components>,
    /// The architectures that its own compiler names; empty where it was not asked.
    pub named: Vec<Capability>,
    /// Its forward compatibility package.
    pub package: ForwardPackage,
}

impl Candidate {
    /// A toolkit of which nothing is known but its version.
    #[must_use]
    pub fn new(version: impl Into<ToolkitVersion>) -> Self {
        Self { version: version.into(), components: None, named: Vec::new(), package: ForwardPackage::default() }
    }

    /// A toolkit of this machine.
    #[must_use]
    pub fn installed(toolkit: &Toolkit) -> Self {
        Self { components: Some(toolkit.components.clone()), ..Self::new(toolkit.version) }
    }
}

/// What to choose instead of a toolkit that does not run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Instead {
    /// The newest that runs natively.
    pub native: Option<Release>,
    /// The newest that works with limits, where it is newer than that.
    pub limited: Option<Release>,
}

/// What is said of a toolkit: its `Verdict` and `VerdictReason`, and more for whoever asks why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, and what to do, in one sentence: `VerdictReason` on the wire.
    pub reason: String,
    /// What the verdict rests on and what else there is to know, one sentence each.
    pub why: Vec<String>,
    /// What to choose instead; empty where the toolkit works or nothing else does.
    pub instead: Instead,
}

/// Judges one toolkit. What to choose instead is looked for among all toolkits that are known.
#[must_use]
pub fn advise(tables: &Tables, machine: &Machine, candidate: &Candidate) -> Advice {
    let choices: Vec<Release> = tables.toolkits().collect();
    advise_among(tables, machine, candidate, &choices)
}

/// Judges one toolkit. What to choose instead is looked for among `choices`.
#[must_use]
pub fn advise_among(tables: &Tables, machine: &Machine, candidate: &Candidate, choices: &[Release]) -> Advice {
    let reading = tables.native(machine.driver.as_ref(), machine.native);
    let judgement = judge(tables, machine, reading.native, candidate);
    let verdict = judgement.cause.verdict();
    let instead = if verdict.is_refusal() || verdict == Verdict::Unknown {
        instead(tables, machine, candidate, choices)
    } else {
        Instead::default()
    };
    let facts = sentence::Facts { tables, machine, reading: &reading, candidate, judgement: &judgement, instead };
    Advice { verdict, reason: sentence::reason(&facts), why: explanation::why(&facts), instead }
}

fn instead(tables: &Tables, machine: &Machine, candidate: &Candidate, choices: &[Release]) -> Instead {
    let native = tables.native(machine.driver.as_ref(), machine.native).native;
    let newest = |wanted: Verdict| {
        let fits = |release: &&Release| {
            **release != candidate.version.release
                && judge(tables, machine, native, &Candidate::new(**release)).cause.verdict() == wanted
        };
        choices.iter().filter(fits).max().copied()
    };
    let native = newest(Verdict::Native);
    Instead {
        native,
        limited: newest(Verdict::MinorVersion).filter(|limited| native.is_none_or(|native| native < *limited)),
    }
}

#[cfg(test)]
#[path = "advisor_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "advisor_forward_tests.rs"]
mod forward_tests;

#[cfg(test)]
#[path = "invariant_tests.rs"]
mod invariants;

#[cfg(test)]
#[path = "boundary_tests.rs"]
mod boundaries;
