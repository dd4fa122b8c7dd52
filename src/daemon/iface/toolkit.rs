//! `/toolkit/<escaped version>`: one installed toolkit.

use zbus::interface;

use super::Ground;
use crate::api::cuda::ComponentInfo;
use crate::model::cuda::{Component, Judged, Part};

/// See [`crate::api::proxy::ToolkitProxy`].
#[derive(Debug)]
pub(crate) struct ToolkitObject {
    pub(crate) ground: Ground,
    pub(crate) id: String,
}

impl ToolkitObject {
    /// What is known of it; nothing in the moment between its end and that of its object.
    fn field<T: Default>(&self, field: impl FnOnce(Judged) -> T) -> T {
        self.ground.store.toolkit(&self.id).map(field).unwrap_or_default()
    }
}

#[interface(name = "io.github.desktop_control.Control1.Toolkit")]
impl ToolkitObject {
    /// Such as 12.9.1, or 12.9 where the third number cannot be told.
    #[zbus(property)]
    fn version(&self) -> String {
        self.field(|judged| judged.toolkit.version.to_string())
    }

    /// Such as 12.9: what packages and rules name.
    #[zbus(property)]
    fn release(&self) -> String {
        self.field(|judged| judged.toolkit.version.release.to_string())
    }

    /// Who told the version: version-json, nvcc (the compiler), packages (dpkg's list).
    #[zbus(property)]
    fn version_source(&self) -> String {
        self.field(|judged| judged.toolkit.version_from.to_string())
    }

    /// The folder that it is in.
    #[zbus(property)]
    fn path(&self) -> String {
        self.field(|judged| judged.toolkit.path)
    }

    /// /usr/local/cuda leads to it.
    #[zbus(property)]
    fn default(&self) -> bool {
        self.field(|judged| judged.toolkit.default)
    }

    /// It was installed by packages, so packages can remove it.
    #[zbus(property)]
    fn by_packages(&self) -> bool {
        self.field(|judged| judged.toolkit.by_packages)
    }

    /// What it is good for, taken as a whole: full (with a profiler), development (compiler and all libraries), compiler
    /// (not all libraries), runtime (it runs programs and builds none), partial (less than any of these).
    #[zbus(property)]
    fn extent(&self) -> String {
        self.field(|judged| judged.toolkit.extent().to_string())
    }

    /// What it has and what it lacks, one sentence.
    #[zbus(property)]
    fn summary(&self) -> String {
        self.field(|judged| judged.toolkit.components.summary(judged.toolkit.version.release))
    }

    /// Its parts, and what is installed beside it for all toolkits of its kind. Keys: name, label (s), version (s, the
    /// part's own; absent if nobody told it), run (b, what programs need to run is there), build (b, what is needed to
    /// build them is).
    #[zbus(property)]
    fn components(&self) -> Vec<ComponentInfo> {
        self.field(|judged| judged.toolkit.components.0.iter().map(component).collect())
    }

    /// Whether it runs here: native, minor-version (with limits, the driver is of the same family), forward (by a
    /// forward compatibility library that is on), needs-forward (it would with one), compile-only (there is no GPU),
    /// unknown, will-not-run, cannot-target (its compiler does not know the GPU).
    #[zbus(property)]
    fn verdict(&self) -> String {
        self.field(|judged| judged.advice.verdict.to_string())
    }

    /// Why, and what to do, in one sentence.
    #[zbus(property)]
    fn verdict_reason(&self) -> String {
        self.field(|judged| judged.advice.reason)
    }

    /// What the verdict rests on, and what else there is to know, one sentence each.
    #[zbus(property)]
    fn why(&self) -> Vec<String> {
        self.field(|judged| judged.advice.why)
    }

    /// What is wrong with it, one sentence each.
    #[zbus(property)]
    fn problems(&self) -> Vec<String> {
        self.field(|judged| judged.toolkit.problems)
    }
}

fn component((component, part): (&Component, &Part)) -> ComponentInfo {
    ComponentInfo {
        name: component.to_string(),
        label: component.label().to_owned(),
        version: Some(part.version.clone()).filter(|version| !version.is_empty()),
        run: part.run,
        build: part.build,
    }
}
