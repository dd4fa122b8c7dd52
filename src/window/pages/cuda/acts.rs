//! What can be done with toolkits that are installed.

use super::shown::{Line, Shown};
use crate::client::{InstallerVerb, ToolkitFacts};

/// The control service says so where this helps.
const REPAIRS: &str = "desktopctl cuda repair";

/// A button, and what it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::window) struct Act {
    pub(super) label: &'static str,
    /// What it is called where it stands alone.
    pub(super) name: String,
    pub(super) verb: InstallerVerb,
    /// It can be asked for now.
    pub(super) enabled: bool,
}

impl Shown {
    /// The same with buttons. `free`: something can be asked for now.
    pub(super) fn with_acts(mut self, toolkits: &[ToolkitFacts], free: bool) -> Self {
        for fold in &mut self.toolkits {
            std::iter::once(&mut fold.line).chain(&mut fold.details).for_each(|line| offer_repair(line, free));
        }
        for (fold, toolkit) in self.toolkits.iter_mut().zip(toolkits) {
            fold.details.extend(acts(toolkit, free));
        }
        self
    }
}

fn offer_repair(line: &mut Line, enabled: bool) {
    if line.about.contains(REPAIRS) {
        let name = "Repair what is not completely installed".into();
        line.act = Some(Act { label: "Repair", name, verb: InstallerVerb::Repair, enabled });
    }
}

fn acts(toolkit: &ToolkitFacts, enabled: bool) -> Vec<Line> {
    let release = &toolkit.release;
    let line = |title: &str, about: &str, label, name: String, verb| {
        let act = Some(Act { label, name, verb, enabled });
        Line { act, ..Line::new(title, about) }
    };
    let mut lines = Vec::new();
    if !toolkit.default {
        lines.push(line(
            "Use it where nothing else is asked for",
            "/usr/local/cuda and the nvcc of new terminals lead to it then",
            "Make default",
            format!("Make CUDA {release} the default"),
            InstallerVerb::SetDefault(release.clone()),
        ));
    }
    lines.push(line(
        "Try it",
        "Its compiler, its libraries, and a small program on the GPU",
        "Verify",
        format!("Verify CUDA {release}"),
        InstallerVerb::Verify(release.clone()),
    ));
    if toolkit.by_packages {
        lines.push(line(
            "Take it off this machine",
            "What goes with it is shown first",
            "Remove…",
            format!("Remove CUDA {release}"),
            InstallerVerb::Remove(release.clone()),
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{CudaFacts, Snapshot};

    #[test]
    fn each_toolkit_offers_what_makes_sense() {
        let toolkit = |release: &str, default, by_packages| ToolkitFacts {
            release: release.into(),
            version: format!("{release}.1"),
            default,
            by_packages,
            ..ToolkitFacts::default()
        };
        let toolkits = vec![toolkit("12.9", true, true), toolkit("12.8", false, false)];
        let broken = "The package “x” is not completely installed (half-configured); repair it with “desktopctl cuda \
                      repair”.";
        let cuda = CudaFacts { problems: vec![broken.into()], ..CudaFacts::default() };
        let snapshot = Snapshot { cuda: Some(Box::new(cuda)), toolkits: toolkits.clone(), ..Snapshot::default() };
        let shown = Shown::of(&snapshot).with_acts(&toolkits, true);
        let labels = |index: usize| -> Vec<&str> {
            shown.toolkits[index].details.iter().filter_map(|line| Some(line.act.as_ref()?.label)).collect()
        };
        assert_eq!((labels(0), labels(1)), (vec!["Verify", "Remove…"], vec!["Make default", "Verify"]));
        assert_eq!(shown.toolkits[2].line.act.as_ref().map(|act| act.verb.clone()), Some(InstallerVerb::Repair));
    }
}
