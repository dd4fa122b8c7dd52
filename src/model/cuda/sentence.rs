//! The one sentence of a verdict: what is, and what to do.

use super::advisor::{Candidate, Instead, Machine};
use super::forward::ForwardFit;
use super::gpu::{Brand, Gpu};
use super::judgement::{Cause, Harm, Judgement};
use super::native::{Native, NativeReading};
use super::tables::Tables;
use super::version::Release;
use crate::model::text::capitalised;

/// Everything that the words are made of.
pub(super) struct Facts<'a> {
    pub(super) tables: &'a Tables,
    pub(super) machine: &'a Machine,
    pub(super) reading: &'a NativeReading,
    pub(super) candidate: &'a Candidate,
    pub(super) judgement: &'a Judgement<'a>,
    pub(super) instead: Instead,
}

impl Facts<'_> {
    pub(super) fn release(&self) -> Release {
        self.candidate.version.release
    }

    /// `driver 580`, or `the driver` where its version is not known.
    pub(super) fn driver(&self) -> String {
        self.machine.driver.as_ref().map_or("the driver".into(), |driver| format!("driver {}", driver.branch()))
    }

    /// The GPU that decided, with an article.
    pub(super) fn gpu(&self) -> String {
        self.judgement.gpu.map_or("this GPU".into(), |gpu| format!("the {}", gpu.short_name()))
    }

    fn capability(&self) -> String {
        let capability = self.judgement.gpu.and_then(|gpu| gpu.capability);
        capability.map_or("its compute capability".into(), |capability| format!("compute capability {capability}"))
    }

    fn brand(&self) -> Brand {
        self.judgement.gpu.map_or(Brand::Unknown, |gpu: &Gpu| gpu.brand)
    }

    /// `CUDA 12.2`, as far as it is known what the driver runs.
    fn runs(&self) -> String {
        match self.reading.native {
            Native::Known(release) => format!("CUDA up to {release}"),
            Native::AtLeast(release) => format!("CUDA {release} and maybe newer"),
            Native::Before(release) => format!("only CUDA older than {release}"),
            Native::Unknown => "a CUDA that is not known".into(),
        }
    }
}

/// The sentence.
pub(super) fn reason(facts: &Facts) -> String {
    let (release, driver) = (facts.release(), facts.driver());
    match facts.judgement.cause {
        Cause::Native => format!("Works. {} runs CUDA {release} natively.", capitalised(&driver)),
        Cause::Newer { runs, exact: true } => format!(
            "Works with limits: {driver} is made for CUDA {runs}; programs built for this GPU run, but code that the \
             driver has to translate (PTX) and functions newer than {runs} may fail."
        ),
        Cause::Newer { runs, exact: false } => format!(
            "Works, maybe with limits: {driver} runs at least CUDA {runs}; if that is its newest, code that the driver \
             has to translate (PTX) and functions newer than {runs} may fail."
        ),
        Cause::Forward { brings, source } => format!(
            "Works by forward compatibility: libraries of CUDA {brings} stand in for those of {driver}, switched on by \
             {}.",
            source.in_words()
        ),
        Cause::NeedsForward(fit) => needs_forward(facts, fit),
        Cause::Harmed { brings, source, harm } => format!(
            "Will not run: the forward compatibility libraries of CUDA {brings} are on and {}; switch them off (they \
             are on by {}).",
            harmed(facts, harm),
            source.in_words()
        ),
        Cause::DriverTooOld(fit) => {
            format!("Will not run: {driver} runs {}, and {}; {}.", facts.runs(), no_forward(facts, fit), choose(facts))
        }
        Cause::NoGpu => no_gpu(facts),
        Cause::GpuTooNew(_) | Cause::GpuTooOld(_) | Cause::GpuNotNamed => cannot_target(facts),
        _ => unknown(facts),
    }
}

fn needs_forward(facts: &Facts, fit: ForwardFit) -> String {
    let (release, driver) = (facts.release(), facts.driver());
    let certainty = match fit {
        ForwardFit::Proven => "; with it, it works here",
        ForwardFit::SomeModels => "; it works with some models of this GPU's kind, so try it first",
        _ => "",
    };
    format!(
        "Needs the forward compatibility package cuda-compat-{}: {driver} alone runs {}{certainty}.",
        release.dashed(),
        facts.runs()
    )
}

fn harmed(facts: &Facts, harm: Harm) -> String {
    match harm {
        Harm::Older => "older than the driver, so CUDA programs stop with error 803".into(),
        Harm::Brand => format!("not made for {}, so CUDA programs stop with error 804", facts.brand().gpus()),
        Harm::Tried => "do not work with this driver and GPU".into(),
    }
}

fn no_forward(facts: &Facts, fit: ForwardFit) -> String {
    match fit {
        ForwardFit::NotThisBrand => format!("forward compatibility is not made for {}", facts.brand().gpus()),
        ForwardFit::Failed => "its forward compatibility package was tried and does not work here".into(),
        _ => "its forward compatibility package is not made for this driver".into(),
    }
}

/// What to do about a toolkit that does not run.
fn choose(facts: &Facts) -> String {
    match facts.instead {
        Instead { native: Some(native), limited: Some(limited) } => {
            format!("choose CUDA {native}, or up to {limited} with limits")
        }
        Instead { native: Some(release), limited: None } => format!("choose CUDA {release}"),
        Instead { native: None, limited: Some(release) } => format!("choose CUDA {release}, which works with limits"),
        Instead { native: None, limited: None } => {
            "no other version that is known fits either, so use a machine with a newer driver".into()
        }
    }
}

fn cannot_target(facts: &Facts) -> String {
    let (gpu, capability) = (facts.gpu(), facts.capability());
    let fact = match facts.judgement.cause {
        Cause::GpuTooNew(first) => format!("CUDA {first} is the first that supports {capability}"),
        Cause::GpuTooOld(last) => format!("CUDA {last} was the last that supports {capability}"),
        _ => format!("its compiler does not name {capability}"),
    };
    let nothing_fits = facts.instead == Instead::default();
    let choice = if nothing_fits {
        "no version that is known fits both this driver and this GPU, so use another machine".into()
    } else {
        choose(facts)
    };
    format!("Cannot target {gpu}: {fact}; {choice}.")
}

fn no_gpu(facts: &Facts) -> String {
    use super::component::Component;
    let compiler = facts.candidate.components.as_ref().is_none_or(|parts| parts.builds(Component::Compiler));
    if compiler {
        "Compiles, but runs nothing: this machine has no NVIDIA GPU; take its programs to one that has.".into()
    } else {
        "Runs nothing: this machine has no NVIDIA GPU, and this toolkit has no compiler; choose a machine with a GPU."
            .into()
    }
}

fn unknown(facts: &Facts) -> String {
    let (release, driver) = (facts.release(), facts.driver());
    let safe = match facts.instead {
        Instead { native: Some(native), .. } => format!("choose CUDA {native} to be safe"),
        Instead { limited: Some(limited), .. } => format!("choose CUDA {limited} to be safe"),
        _ => "install it and run a program to see".into(),
    };
    match facts.judgement.cause {
        Cause::DriverTooNewToKnow(runs) => {
            format!("Cannot be told: {driver} is newer than this program and surely runs CUDA {runs}; {safe}.")
        }
        Cause::DriverVersionUnknown => format!(
            "Cannot be told: the version of the driver could not be read, and not every driver for {} runs CUDA \
             {release}; {safe}.",
            facts.runs()
        ),
        Cause::ForwardUnknown => format!(
            "Cannot be told: {driver} alone runs {}, and only a trial shows whether the package cuda-compat-{} works \
             here; {safe}.",
            facts.runs(),
            release.dashed()
        ),
        Cause::GpuUnreadable => format!(
            "Cannot be told: {} does not tell its compute capability, so it is not known whether CUDA {release} \
             supports it; see the GPU page for the reason.",
            facts.gpu()
        ),
        Cause::GpuTooNewToKnow => format!(
            "Cannot be told: {} has {}, which this program does not know; “nvcc --list-gpu-code” of the toolkit tells \
             whether it supports it.",
            facts.gpu(),
            facts.capability()
        ),
        Cause::ReleaseUnknown => {
            format!("Cannot be told: this program does not know which GPUs CUDA {release} supports; {safe}.")
        }
        _ => "Cannot be told: the driver does not answer, so it is not known which CUDA it runs; see the GPU page for \
              the reason."
            .into(),
    }
}
