//! Whether a toolkit runs here, decided for each GPU and then for all of them. Words are made elsewhere.

use super::advisor::{Candidate, Machine, Verdict};
use super::forward::{CompatSource, ForwardFit};
use super::gpu::{Gpu, Gpus};
use super::native::Native;
use super::tables::Tables;
use super::target::Target;
use super::version::Release;

/// Why a forward compatibility library that is on does harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Harm {
    /// It is older than the driver.
    Older,
    /// It is not made for this GPU.
    Brand,
    /// It was tried and failed.
    Tried,
}

/// What a verdict rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The driver knows this CUDA.
    Native,
    /// The same family, but newer than the driver, which runs at least `runs`, and exactly it where `exact`.
    Newer { runs: Release, exact: bool },
    /// A forward compatibility library stands in for the driver.
    Forward { brings: Release, source: CompatSource },
    /// One would have to.
    NeedsForward(ForwardFit),
    /// A forward compatibility library is on and does harm.
    Harmed { brings: Release, source: CompatSource, harm: Harm },
    /// The driver is too old; why forward compatibility does not help.
    DriverTooOld(ForwardFit),
    /// The GPU is newer than the toolkit.
    GpuTooNew(Release),
    /// The GPU is older than the toolkit.
    GpuTooOld(Release),
    /// The toolkit's compiler does not name the GPU.
    GpuNotNamed,
    /// Nothing is known of the driver.
    DriverUnknown,
    /// What the driver runs natively is known, but its exact version is not, and that decides.
    DriverVersionUnknown,
    /// The driver is newer than this program, and the toolkit of a newer family than it surely runs.
    DriverTooNewToKnow(Release),
    /// Whether forward compatibility works can only be tried.
    ForwardUnknown,
    /// The GPU does not tell what it is.
    GpuUnreadable,
    /// The GPU is newer than this program.
    GpuTooNewToKnow,
    /// The toolkit is newer, or older, than this program's tables.
    ReleaseUnknown,
    /// There is no GPU.
    NoGpu,
}

impl Cause {
    pub(super) fn verdict(self) -> Verdict {
        match self {
            Self::Native => Verdict::Native,
            Self::Newer { .. } => Verdict::MinorVersion,
            Self::Forward { .. } => Verdict::Forward,
            Self::NeedsForward(_) => Verdict::NeedsForward,
            Self::Harmed { .. } | Self::DriverTooOld(_) => Verdict::WillNotRun,
            Self::GpuTooNew(_) | Self::GpuTooOld(_) | Self::GpuNotNamed => Verdict::CannotTarget,
            Self::NoGpu => Verdict::CompileOnly,
            Self::DriverUnknown
            | Self::DriverVersionUnknown
            | Self::DriverTooNewToKnow(_)
            | Self::ForwardUnknown
            | Self::GpuUnreadable
            | Self::GpuTooNewToKnow
            | Self::ReleaseUnknown => Verdict::Unknown,
        }
    }
}

/// The worst that is true of any GPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Judgement<'a> {
    pub(super) cause: Cause,
    /// The GPU that decided; `None` where there is none to speak of.
    pub(super) gpu: Option<&'a Gpu>,
    /// What each GPU would get alone.
    pub(super) each: Vec<(&'a Gpu, Cause)>,
}

/// Judges one toolkit. `native` is what the driver runs.
pub(super) fn judge<'a>(tables: &Tables, machine: &'a Machine, native: Native, candidate: &Candidate) -> Judgement<'a> {
    let alone = |cause| Judgement { cause, gpu: None, each: Vec::new() };
    let gpus = match &machine.gpus {
        Gpus::Absent => return alone(Cause::NoGpu),
        Gpus::Unreadable => return alone(without_gpu(tables, machine, native, candidate)),
        Gpus::Present(gpus) if gpus.is_empty() => return alone(Cause::NoGpu),
        Gpus::Present(gpus) => gpus,
    };
    let judged = |gpu| (gpu, judge_gpu(tables, machine, native, candidate, gpu));
    let each: Vec<(&Gpu, Cause)> = gpus.iter().map(judged).collect();
    // The first of equals, so that the sentence does not change from one look to the next.
    let worst = each.iter().rev().max_by_key(|(_, cause)| cause.verdict()).copied();
    Judgement { cause: worst.map_or(Cause::NoGpu, |(_, cause)| cause), gpu: worst.map(|(gpu, _)| gpu), each }
}

/// What can be said when no GPU can be read: never a verdict, but what is missing for one.
fn without_gpu(tables: &Tables, machine: &Machine, native: Native, candidate: &Candidate) -> Cause {
    match by_driver(tables, machine, native, candidate.version.release) {
        ByDriver::Unknown(cause) => cause,
        ByDriver::TooOld => Cause::ForwardUnknown,
        ByDriver::Runs | ByDriver::Newer { .. } => Cause::GpuUnreadable,
    }
}

fn judge_gpu(tables: &Tables, machine: &Machine, native: Native, candidate: &Candidate, gpu: &Gpu) -> Cause {
    let by_gpu = target_cause(tables, candidate, gpu);
    let by_driver = driver_cause(tables, machine, native, candidate, gpu);
    match by_gpu {
        Some(cause) if cause.verdict() > by_driver.verdict() => cause,
        _ => by_driver,
    }
}

/// `None` where the toolkit knows the GPU.
fn target_cause(tables: &Tables, candidate: &Candidate, gpu: &Gpu) -> Option<Cause> {
    let Some(capability) = gpu.capability else { return Some(Cause::GpuUnreadable) };
    match tables.target(candidate.version.release, capability, Some(&candidate.named)) {
        Target::Known => None,
        Target::GpuTooNew(first) => Some(Cause::GpuTooNew(first)),
        Target::GpuTooOld(last) => Some(Cause::GpuTooOld(last)),
        Target::NotNamed => Some(Cause::GpuNotNamed),
        Target::Unknown if tables.architecture(capability).is_some() => Some(Cause::ReleaseUnknown),
        Target::Unknown => Some(Cause::GpuTooNewToKnow),
    }
}

/// What the driver alone makes of a release.
enum ByDriver {
    Runs,
    Newer { runs: Release, exact: bool },
    TooOld,
    Unknown(Cause),
}

fn by_driver(tables: &Tables, machine: &Machine, native: Native, release: Release) -> ByDriver {
    let (runs, exact) = match native {
        Native::Known(runs) => (runs, true),
        Native::AtLeast(runs) => (runs, false),
        Native::Before(oldest) if release >= oldest => return ByDriver::TooOld,
        Native::Before(_) => return ByDriver::Unknown(Cause::ReleaseUnknown),
        Native::Unknown => return ByDriver::Unknown(Cause::DriverUnknown),
    };
    if release <= runs {
        return ByDriver::Runs;
    }
    let family = tables.family(release.major);
    if release.major > runs.major {
        // A branch that nobody has heard of may still be too old for a family of which the oldest driver is known.
        let below = family.zip(machine.driver.as_ref()).is_some_and(|(family, driver)| *driver < family.driver);
        return if exact || below { ByDriver::TooOld } else { ByDriver::Unknown(Cause::DriverTooNewToKnow(runs)) };
    }
    let Some(family) = family else { return ByDriver::Newer { runs, exact } };
    if let Some(driver) = &machine.driver {
        return if *driver < family.driver { ByDriver::TooOld } else { ByDriver::Newer { runs, exact } };
    }
    // The first driver of a family can be older than the oldest that runs all of it.
    let made_for = tables.release(runs).and_then(|entry| entry.driver.as_ref());
    match made_for {
        Some(driver) if *driver < family.driver => ByDriver::Unknown(Cause::DriverVersionUnknown),
        _ => ByDriver::Newer { runs, exact },
    }
}

fn driver_cause(tables: &Tables, machine: &Machine, native: Native, candidate: &Candidate, gpu: &Gpu) -> Cause {
    let release = candidate.version.release;
    let compat = match compat(tables, machine, native, gpu) {
        Some(Compat::Harm(cause)) => return cause,
        Some(Compat::Brings(brings, source)) => Some((brings, source)),
        None => None,
    };
    let covered = compat.filter(|(brings, _)| release <= *brings);
    match by_driver(tables, machine, native, release) {
        ByDriver::Runs => Cause::Native,
        ByDriver::Newer { runs, exact } => match covered {
            Some((brings, source)) => Cause::Forward { brings, source },
            None => Cause::Newer { runs, exact },
        },
        ByDriver::TooOld | ByDriver::Unknown(_) if compat.is_some_and(|(brings, _)| carries(brings, release)) => {
            compat.map_or(Cause::DriverUnknown, |(brings, source)| Cause::Forward { brings, source })
        }
        ByDriver::TooOld => {
            let fit = tables.forward_fit(release, &candidate.package, machine.driver.as_ref(), gpu);
            match fit.usable() {
                Some(true) => Cause::NeedsForward(fit),
                Some(false) => Cause::DriverTooOld(fit),
                None => Cause::ForwardUnknown,
            }
        }
        ByDriver::Unknown(_) if candidate.package.trial == Some(true) => Cause::NeedsForward(ForwardFit::Proven),
        ByDriver::Unknown(cause) => cause,
    }
}

/// A library that brings `brings` runs `release`: natively, or as a newer one of the same family.
fn carries(brings: Release, release: Release) -> bool {
    release <= brings || release.major == brings.major
}

/// What a forward compatibility library that is on does to a GPU.
enum Compat {
    Brings(Release, CompatSource),
    Harm(Cause),
}

fn compat(tables: &Tables, machine: &Machine, native: Native, gpu: &Gpu) -> Option<Compat> {
    let active = machine.compat.as_ref()?;
    let older = matches!(native, Native::Known(runs) | Native::AtLeast(runs) if active.release < runs);
    let refused = tables.brand_accepted(None, gpu.brand) == Some(false);
    let harm = match (active.works, older) {
        (Some(true), _) => None,
        (_, true) => Some(Harm::Older),
        _ if refused => Some(Harm::Brand),
        (works, false) => works.map(|_| Harm::Tried),
    };
    let (brings, source) = (active.release, active.source);
    Some(match harm {
        Some(harm) => Compat::Harm(Cause::Harmed { brings, source, harm }),
        None => Compat::Brings(brings, source),
    })
}
