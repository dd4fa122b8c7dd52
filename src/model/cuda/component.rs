//! The parts of a toolkit: which there are, which a toolkit has, and what it lacks.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

use super::version::Release;
use crate::model::built_in;

/// A part of a toolkit, or something that is published beside it. The tokens are wire format.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Display,
    EnumString,
    EnumIter,
    IntoStaticStr,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Component {
    /// The compiler `nvcc`.
    Compiler,
    /// The library that nearly every CUDA program loads.
    Runtime,
    /// The C++ headers Thrust, CUB and libcu++.
    Cccl,
    /// The compiler as a library.
    Nvrtc,
    /// Linear algebra.
    Cublas,
    /// Fourier transforms.
    Cufft,
    /// Random numbers.
    Curand,
    /// Solvers.
    Cusolver,
    /// Sparse matrices.
    Cusparse,
    /// Image and signal processing.
    Npp,
    /// JPEG.
    Nvjpeg,
    /// The linker as a library.
    Nvjitlink,
    /// Reading files straight into GPU memory.
    Cufile,
    /// What profilers are made with.
    Cupti,
    /// The debugger `cuda-gdb`.
    Debugger,
    /// The memory checker `compute-sanitizer`.
    Sanitizer,
    /// The profiler of single kernels.
    NsightCompute,
    /// The profiler of whole programs.
    NsightSystems,
    /// Libraries that stand in for those of an older driver.
    ForwardCompatibility,
    /// Neural networks.
    Cudnn,
    /// Several GPUs together.
    Nccl,
    /// Inference.
    Tensorrt,
}

/// What a part is to a toolkit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Group {
    /// Without it nothing is built.
    Core,
    /// A library that programs ask for.
    Library,
    /// A tool for developers.
    Tool,
    /// Published apart from toolkits.
    Extra,
}

/// How a part is called and found.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Description {
    pub(super) id: Component,
    pub(super) label: String,
    pub(super) group: Group,
    /// The first release that has it.
    pub(super) since: Option<Release>,
    #[serde(default)]
    pub(super) run: Vec<String>,
    #[serde(default)]
    pub(super) build: Vec<String>,
    #[serde(default)]
    pub(super) json: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    component: Vec<Description>,
}

#[expect(clippy::expect_used, reason = "the file is compiled in, and a test reads it")]
static DESCRIPTIONS: LazyLock<Vec<Description>> = LazyLock::new(|| {
    let file: File =
        built_in::read(include_str!("../../../data/cuda/components.toml")).expect("data/cuda/components.toml is valid");
    file.component
});

/// All descriptions, in the order in which parts are shown.
pub(super) fn descriptions() -> &'static [Description] {
    &DESCRIPTIONS
}

impl Component {
    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        descriptions().iter().find(|description| description.id == self).map_or("", |description| &description.label)
    }
}

/// How much of a part is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The part's own version, which is seldom that of the toolkit; empty where nobody told it.
    pub version: String,
    /// What programs need to run.
    pub run: bool,
    /// What is needed to build programs.
    pub build: bool,
}

/// What a toolkit is good for, taken as a whole. The tokens are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString, IntoStaticStr, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Extent {
    /// Everything, a profiler included.
    Full,
    /// Compiler and all libraries with what is needed to build with them.
    Development,
    /// Compiler, but not all libraries.
    Compiler,
    /// All libraries, but no compiler: runs programs, builds none.
    Runtime,
    /// Less than any of these.
    Partial,
}

/// The parts that a toolkit has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Components(pub BTreeMap<Component, Part>);

impl Components {
    /// Programs find it.
    #[must_use]
    pub fn runs(&self, component: Component) -> bool {
        self.0.get(&component).is_some_and(|part| part.run)
    }

    /// Programs can be built with it.
    #[must_use]
    pub fn builds(&self, component: Component) -> bool {
        self.0.get(&component).is_some_and(|part| part.build)
    }

    /// Notes that a part, or more of it, is there.
    pub(super) fn add(&mut self, component: Component, version: &str, run: bool, build: bool) {
        let part = self.0.entry(component).or_default();
        part.run |= run;
        part.build |= build;
        if part.version.is_empty() {
            version.clone_into(&mut part.version);
        }
    }

    /// The libraries of this release that are missing, or without what is needed to build with them.
    #[must_use]
    pub fn missing_libraries(&self, release: Release, to_build: bool) -> Vec<Component> {
        let wanted = |description: &&Description| {
            description.group == Group::Library && description.since.is_none_or(|since| since <= release)
        };
        let has = |component| if to_build { self.builds(component) } else { self.runs(component) };
        descriptions().iter().filter(wanted).map(|wanted| wanted.id).filter(|component| !has(*component)).collect()
    }

    /// What it is good for.
    #[must_use]
    pub fn extent(&self, release: Release) -> Extent {
        let compiles = self.builds(Component::Compiler) && self.builds(Component::Runtime);
        let profiles = self.builds(Component::NsightCompute) || self.builds(Component::NsightSystems);
        let builds_all = compiles && self.missing_libraries(release, true).is_empty();
        let runs_all = self.runs(Component::Runtime) && self.missing_libraries(release, false).is_empty();
        match (compiles, builds_all, runs_all) {
            (_, true, true) if profiles => Extent::Full,
            (_, true, true) => Extent::Development,
            (true, ..) => Extent::Compiler,
            (_, _, true) => Extent::Runtime,
            _ => Extent::Partial,
        }
    }

    /// What it has and what it lacks, one sentence.
    #[must_use]
    pub fn summary(&self, release: Release) -> String {
        let names =
            |components: Vec<Component>| listed(&components.into_iter().map(Component::label).collect::<Vec<_>>());
        let all = self.missing_libraries(release, false).is_empty();
        match self.extent(release) {
            Extent::Full => "Compiler, all libraries and a profiler.".into(),
            Extent::Development => "Compiler and all libraries, no profiler.".into(),
            Extent::Compiler if all => {
                let missing = names(self.missing_libraries(release, true));
                format!("Compiler and all libraries, but programs cannot be built with {missing}.")
            }
            Extent::Compiler => {
                format!("Compiler, but without {}.", names(self.missing_libraries(release, false)))
            }
            Extent::Runtime => "All libraries, but no compiler: it runs programs and builds none.".into(),
            Extent::Partial if self.0.is_empty() => "Not one known part of a toolkit.".into(),
            Extent::Partial => self.summary_of_parts(release),
        }
    }

    fn summary_of_parts(&self, release: Release) -> String {
        let has: Vec<_> = self.0.keys().map(|component| component.label()).collect();
        let compiler = self.builds(Component::Compiler);
        let lacks = match (compiler, self.runs(Component::Runtime)) {
            (true, _) => "the compiler lacks what is needed to build with the CUDA runtime".to_owned(),
            (false, false) => "there is no compiler and no CUDA runtime".to_owned(),
            (false, true) => {
                let missing = self.missing_libraries(release, false);
                let names: Vec<_> = missing.into_iter().map(Component::label).collect();
                format!("there is no compiler and no {}", listed(&names))
            }
        };
        format!("Only {}: {lacks}.", listed(&has))
    }
}

/// Names in a sentence: `a, b and c`.
pub(super) fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    const RELEASE: Release = Release::new(12, 9);

    fn libraries() -> impl Iterator<Item = Component> {
        descriptions().iter().filter(|description| description.group == Group::Library).map(|known| known.id)
    }

    fn with(parts: &[(Component, bool, bool)]) -> Components {
        let mut components = Components::default();
        for (component, run, build) in parts {
            components.add(*component, "", *run, *build);
        }
        components
    }

    #[test]
    fn every_part_is_described_once_and_in_order() {
        let described: Vec<_> = descriptions().iter().map(|description| description.id).collect();
        assert_eq!(described, Component::iter().collect::<Vec<_>>());
        for component in Component::iter() {
            assert!(!component.label().is_empty());
            assert_eq!(component.to_string().parse(), Ok(component));
        }
        let stems: Vec<_> = descriptions().iter().flat_map(|known| known.run.iter().chain(&known.build)).collect();
        let unique: std::collections::BTreeSet<_> = stems.iter().collect();
        assert_eq!(unique.len(), stems.len(), "a package belongs to one part");
    }

    #[test]
    fn extents() {
        let all = |build: bool| libraries().map(move |library| (library, true, build)).collect::<Vec<_>>();
        let compiler = [(Component::Compiler, false, true), (Component::Runtime, true, true)];
        let runtime = [(Component::Runtime, true, false)];
        let profiler = [(Component::NsightSystems, false, true)];
        for (parts, extent, summary) in [
            ([&compiler[..], &all(true), &profiler].concat(), Extent::Full, "Compiler, all libraries and a profiler."),
            ([&compiler[..], &all(true)].concat(), Extent::Development, "Compiler and all libraries, no profiler."),
            (
                [&runtime[..], &all(false)].concat(),
                Extent::Runtime,
                "All libraries, but no compiler: it runs programs and builds none.",
            ),
            (
                compiler.to_vec(),
                Extent::Compiler,
                "Compiler, but without run-time compiler (NVRTC), cuBLAS, cuFFT, cuRAND, cuSOLVER, cuSPARSE, NPP, \
                 nvJPEG and nvJitLink.",
            ),
            (
                runtime.to_vec(),
                Extent::Partial,
                "Only CUDA runtime: there is no compiler and no run-time compiler (NVRTC), cuBLAS, cuFFT, cuRAND, \
                 cuSOLVER, cuSPARSE, NPP, nvJPEG and nvJitLink.",
            ),
            (
                vec![(Component::ForwardCompatibility, true, false)],
                Extent::Partial,
                "Only forward compatibility package: there is no compiler and no CUDA runtime.",
            ),
            (vec![], Extent::Partial, "Not one known part of a toolkit."),
        ] {
            let components = with(&parts);
            assert_eq!(components.extent(RELEASE), extent, "{parts:?}");
            assert_eq!(components.summary(RELEASE), summary);
        }
    }

    #[test]
    fn libraries_without_headers_are_named() {
        let mut parts: Vec<_> = libraries().map(|library| (library, true, library != Component::Cublas)).collect();
        parts.extend([(Component::Compiler, false, true), (Component::Runtime, true, true)]);
        let components = with(&parts);
        assert_eq!(components.extent(RELEASE), Extent::Compiler);
        assert_eq!(
            components.summary(RELEASE),
            "Compiler and all libraries, but programs cannot be built with cuBLAS."
        );
    }

    #[test]
    fn parts_travel_by_their_tokens() {
        let components = with(&[(Component::NsightCompute, false, true)]);
        let json = serde_json::to_string(&components).expect("text");
        assert_eq!(json, r#"{"nsight-compute":{"version":"","run":false,"build":true}}"#);
        assert_eq!(serde_json::from_str::<Components>(&json).expect("the same"), components);
    }

    #[test]
    fn the_first_who_tells_a_version_is_believed() {
        let mut components = Components::default();
        for version in ["", "12.9.79", "12.9.86"] {
            components.add(Component::Runtime, version, true, false);
        }
        assert_eq!(components.0[&Component::Runtime].version, "12.9.79");
    }

    #[test]
    fn an_old_toolkit_does_not_lack_what_came_later() {
        let parts: Vec<_> = libraries()
            .filter(|library| *library != Component::Nvjitlink)
            .map(|library| (library, true, true))
            .collect();
        let components = with(&parts);
        assert_eq!(components.missing_libraries(Release::new(11, 8), true), []);
        assert_eq!(components.missing_libraries(Release::new(12, 0), true), [Component::Nvjitlink]);
    }
}
