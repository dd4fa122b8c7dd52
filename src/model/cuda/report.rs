//! Everything that is said about CUDA on a machine, made of what was found on it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use strum::{Display, EnumString, IntoStaticStr};

use super::advisor::{Advice, Candidate, Machine, Verdict, advise};
use super::driver::DriverVersion;
use super::driver_library::{CudaState, LibraryAnswer, LibraryTrouble};
use super::driver_part::FoundPart;
use super::elsewhere::Elsewhere;
use super::forward::{ActiveCompat, CompatSource};
use super::gpu::Gpus;
use super::inventory::{Inventory, Toolkit};
use super::native::{Native, NativeReading};
use super::ranking::{RankedImage, rank, rank_images, release_of_tag};
use super::tables::Tables;
use super::version::{Capability, Release};
use crate::model::built_in;

/// What a library answered, or why it did not.
pub type Asked = Result<LibraryAnswer, LibraryTrouble>;

/// What was found.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The GPUs.
    pub gpus: Gpus,
    /// The host's driver: NVML's or the kernel's word.
    pub driver: Option<DriverVersion>,
    /// The driver's own library, asked by its path.
    pub own: Asked,
    /// The library that programs get, asked by its name.
    pub programs: Asked,
    /// What names the folder of the latter where it is no driver's: a variable or a file.
    pub place: Option<String>,
    /// The forward compatibility libraries that are installed: the CUDA that each brings, where it is, and what it said.
    pub forward: Vec<(Release, String, Asked)>,
    /// The toolkits.
    pub inventory: Inventory,
    /// By a toolkit's folder: the GPUs that its own compiler names.
    pub named: BTreeMap<String, Vec<Capability>>,
    /// Where `/usr/local/cuda` leads.
    pub default_target: Option<String>,
    /// The first number of the system's gcc.
    pub gcc: Option<u16>,
    /// The parts of the driver.
    pub parts: Vec<FoundPart>,
}

/// Who told which CUDA the driver runs. The tokens are wire format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Display, EnumString, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum NativeSource {
    /// Nobody.
    #[default]
    None,
    /// The driver's own library.
    DriverLibrary,
    /// The driver's version, by a table.
    DriverVersion,
}

/// A toolkit, and what is said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Its name among all: its release, and where a release is there twice, also its folder.
    pub id: String,
    /// The toolkit.
    pub toolkit: Toolkit,
    /// Whether it runs here.
    pub advice: Advice,
}

/// A forward compatibility library that is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The CUDA that it brings.
    pub release: Release,
    /// Where it is.
    pub path: String,
    /// Whether CUDA could be initialised with it; `None` where that says nothing.
    pub works: Option<bool>,
}

/// An image of this project's, judged for this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The beginning of its tag.
    pub tag: String,
    /// What is said of its toolkit; `None` for one without.
    pub verdict: Option<Verdict>,
    /// Why, one sentence.
    pub reason: String,
    /// It is the one to choose.
    pub recommended: bool,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// On what all verdicts rest; none while nobody has looked.
    pub machine: Option<Machine>,
    /// The host's driver.
    pub driver: Option<DriverVersion>,
    /// Which CUDA it runs natively.
    pub native: NativeReading,
    /// Who told that.
    pub native_source: NativeSource,
    /// Whether CUDA programs can start.
    pub state: CudaState,
    /// Why not, and what to do; empty where they can.
    pub state_reason: String,
    /// The forward compatibility library that programs get.
    pub compat: Option<ActiveCompat>,
    /// The variable or the file that has them get it; may be empty.
    pub compat_place: String,
    /// Those that are installed.
    pub forward: Vec<Forward>,
    /// Newest first.
    pub toolkits: Vec<Judged>,
    /// Where `/usr/local/cuda` leads.
    pub default_target: Option<String>,
    /// What is wrong with no single toolkit, one sentence each.
    pub problems: Vec<String>,
    /// Toolkits that others look after.
    pub elsewhere: Vec<Elsewhere>,
    /// The parts of the driver.
    pub parts: Vec<FoundPart>,
    /// The release to choose of all that are known, and what is said of it.
    pub recommended: Option<(Release, Advice)>,
    /// Best first.
    pub images: Vec<Image>,
}

impl Default for Report {
    /// Nobody has looked yet.
    fn default() -> Self {
        Self {
            machine: None,
            driver: None,
            native: NativeReading { native: Native::Unknown, doubt: String::new() },
            native_source: NativeSource::None,
            state: CudaState::Unknown,
            state_reason: String::new(),
            compat: None,
            compat_place: String::new(),
            forward: Vec::new(),
            toolkits: Vec::new(),
            default_target: None,
            problems: Vec::new(),
            elsewhere: Vec::new(),
            parts: Vec::new(),
            recommended: None,
            images: Vec::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Images {
    tags: Vec<String>,
}

#[expect(clippy::expect_used, reason = "the file is compiled in, and a test reads it")]
static IMAGES: LazyLock<Images> = LazyLock::new(|| {
    built_in::read(include_str!("../../../data/cuda/images.toml")).expect("data/cuda/images.toml is valid")
});

impl Report {
    /// Judges what was found.
    #[must_use]
    pub fn of(tables: &Tables, evidence: Evidence) -> Self {
        let machine = machine(&evidence);
        let native = tables.native(machine.driver.as_ref(), machine.native);
        let native_source = match (machine.native, native.native) {
            (Some(_), _) => NativeSource::DriverLibrary,
            (None, Native::Unknown) => NativeSource::None,
            (None, _) => NativeSource::DriverVersion,
        };
        let has_gpu = evidence.gpus != Gpus::Absent;
        let (state, state_reason) = CudaState::judge(has_gpu, &evidence.programs);
        let forward = forward(&evidence);
        let advice = |toolkit: &Toolkit| {
            let mut candidate = Candidate::installed(toolkit);
            candidate.named = evidence.named.get(&toolkit.path).cloned().unwrap_or_default();
            let package = forward.iter().find(|package| package.release == toolkit.version.release);
            candidate.package.trial = package.and_then(|package| package.works);
            advise(tables, &machine, &candidate)
        };
        let advices: Vec<Advice> = evidence.inventory.toolkits.iter().map(advice).collect();
        let (recommended, images) = (recommended(tables, &machine), images(tables, &machine));
        Self {
            machine: Some(machine.clone()),
            native,
            native_source,
            state,
            state_reason,
            compat_place: evidence.place.filter(|_| machine.compat.is_some()).unwrap_or_default(),
            recommended,
            images,
            driver: machine.driver,
            compat: machine.compat,
            forward,
            toolkits: judged(evidence.inventory.toolkits, advices),
            default_target: evidence.default_target,
            problems: evidence.inventory.problems,
            elsewhere: evidence.inventory.elsewhere,
            parts: evidence.parts,
        }
    }

    /// The toolkit that `/usr/local/cuda` leads to.
    #[must_use]
    pub fn default_toolkit(&self) -> Option<&Judged> {
        self.toolkits.iter().find(|judged| judged.toolkit.default)
    }
}

fn machine(evidence: &Evidence) -> Machine {
    let own = evidence.own.as_ref().ok().filter(|own| !own.stands_in());
    let compat = evidence.programs.as_ref().ok().filter(|answer| answer.is_compat()).and_then(|answer| {
        let source = evidence.place.as_deref().map_or(CompatSource::LoaderConfiguration, CompatSource::of);
        Some(ActiveCompat { release: answer.release?, source, works: answer.works_as_compat(own) })
    });
    Machine {
        gpus: evidence.gpus.clone(),
        driver: evidence.driver.clone(),
        native: own.and_then(|own| own.release),
        compat,
        gcc: evidence.gcc,
    }
}

fn forward(evidence: &Evidence) -> Vec<Forward> {
    let own = evidence.own.as_ref().ok();
    let works = |said: &Asked| said.as_ref().ok().and_then(|answer| answer.works_as_compat(own));
    let one = |(release, path, said): &(Release, String, Asked)| {
        let brings = said.as_ref().ok().and_then(|answer| answer.release);
        Forward { release: brings.unwrap_or(*release), path: path.clone(), works: works(said) }
    };
    evidence.forward.iter().map(one).collect()
}

fn judged(toolkits: Vec<Toolkit>, advices: Vec<Advice>) -> Vec<Judged> {
    let mut all: Vec<Judged> = Vec::new();
    for (toolkit, advice) in toolkits.into_iter().zip(advices) {
        let release = toolkit.version.release.to_string();
        let taken = all.iter().any(|other| other.id == release);
        let id = if taken { format!("{release}:{}", toolkit.path) } else { release };
        all.push(Judged { id, toolkit, advice });
    }
    all
}

fn recommended(tables: &Tables, machine: &Machine) -> Option<(Release, Advice)> {
    let releases: Vec<Release> = tables.toolkits().collect();
    let candidates: Vec<Candidate> = releases.iter().copied().map(Candidate::new).collect();
    let best = rank(tables, machine, &candidates).into_iter().find(|ranked| ranked.recommended)?;
    Some((releases[best.index], best.advice))
}

fn images(tables: &Tables, machine: &Machine) -> Vec<Image> {
    let tags: Vec<&str> = IMAGES.tags.iter().map(String::as_str).collect();
    let image = |ranked: RankedImage| {
        let tag = tags[ranked.index];
        // What to choose instead is one of all toolkits, not of images alone.
        let advice = release_of_tag(tag).map(|release| advise(tables, machine, &Candidate::new(release)));
        Image {
            tag: tag.to_owned(),
            verdict: advice.as_ref().map(|advice| advice.verdict),
            reason: advice.map_or_else(
                || "It has no toolkit, so it starts with every driver; one can be installed later.".into(),
                |advice| advice.reason,
            ),
            recommended: ranked.recommended,
        }
    };
    rank_images(tables, machine, &tags).into_iter().map(image).collect()
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
