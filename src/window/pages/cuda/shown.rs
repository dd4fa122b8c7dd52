//! What there is to see of CUDA, in the words of the command line.

use super::super::super::format::{self, Sign};
use super::acts::Act;
use crate::client::cuda_words::{self, Standing};
use crate::client::{CudaFacts, DriverPartFacts, ForwardFacts, ImageFacts, Snapshot, ToolkitFacts};

/// Stands behind the toolkit that is used where nothing else is asked for.
const DEFAULT: &str = ", the default";

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::window) struct Line {
    pub(in crate::window) sign: Option<Sign>,
    pub(in crate::window) title: String,
    /// May be empty.
    pub(in crate::window) about: String,
    /// The button at its end.
    pub(in crate::window) act: Option<Act>,
}

/// A row that has more to say to whoever wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::window) struct Fold {
    pub(in crate::window) line: Line,
    pub(in crate::window) details: Vec<Line>,
}

/// Everything, under one heading each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::window) struct Shown {
    pub(in crate::window) driver: Vec<Fold>,
    pub(in crate::window) toolkits: Vec<Fold>,
    pub(super) advice: Vec<Fold>,
    pub(super) elsewhere: Vec<Fold>,
}

impl Shown {
    /// Nothing where the daemon knows nothing of CUDA.
    pub(in crate::window) fn of(snapshot: &Snapshot) -> Self {
        let Some(cuda) = snapshot.cuda.as_deref() else { return Self::default() };
        let mut driver = vec![Fold::plain(driver(cuda))];
        driver.extend(forward(cuda));
        driver.extend(parts(&cuda.driver_parts, has_gpu(cuda)));
        Self {
            driver,
            toolkits: toolkits(cuda, &snapshot.toolkits),
            advice: advice(cuda),
            elsewhere: cuda
                .elsewhere
                .iter()
                .map(|found| Fold::plain(Line::new(cuda_words::elsewhere(found), &found.place)))
                .collect(),
        }
    }
}

/// The overview's row: what the driver runs, and what is installed.
pub(in crate::window) fn at_a_glance(snapshot: &Snapshot) -> Option<(Sign, String, String)> {
    let cuda = snapshot.cuda.as_deref()?;
    let default = snapshot.toolkits.iter().find(|toolkit| toolkit.default);
    let title = match (&cuda.driver_version, &cuda.driver_cuda) {
        (Some(driver), Some(release)) => format!("Driver {driver} runs CUDA up to {release}"),
        (Some(driver), None) => format!("Driver {driver}"),
        (None, _) => "No NVIDIA driver".into(),
    };
    let about = match (default, snapshot.toolkits.len()) {
        (Some(toolkit), _) => format!("CUDA {}: {}", toolkit.version, toolkit.verdict_reason),
        (None, 0) => "No toolkit is installed".into(),
        (None, 1) => "1 toolkit is installed, and none is the default".into(),
        (None, count) => format!("{count} toolkits are installed, and none is the default"),
    };
    let sign = match default {
        Some(toolkit) if cuda.state == "works" => format::of_verdict(&toolkit.verdict),
        _ => format::of_cuda(&cuda.state),
    };
    Some((sign, title, about))
}

fn has_gpu(cuda: &CudaFacts) -> bool {
    cuda.state != "no-gpu" && cuda.state != "unknown"
}

impl Line {
    pub(in crate::window) fn new(title: impl Into<String>, about: impl Into<String>) -> Self {
        Self { sign: None, title: title.into(), about: about.into(), act: None }
    }

    pub(in crate::window) fn signed(self, sign: Sign) -> Self {
        Self { sign: Some(sign), ..self }
    }
}

impl Fold {
    pub(in crate::window) fn plain(line: Line) -> Self {
        Self { line, details: Vec::new() }
    }

    /// What it is about, also after another toolkit has become the default.
    pub(super) fn subject(&self) -> &str {
        self.line.title.strip_suffix(DEFAULT).unwrap_or(&self.line.title)
    }
}

/// What the driver runs by itself, or why nothing runs.
fn driver(cuda: &CudaFacts) -> Line {
    let title = cuda.driver_version.as_ref().map_or("No NVIDIA driver".into(), |version| format!("Driver {version}"));
    let newest = cuda.driver_cuda.as_ref().map(|release| {
        let more = if cuda.driver_cuda_at_least { " or newer" } else { "" };
        format!("Runs CUDA up to {release}{more}")
    });
    let parts = [newest, cuda.state_reason.clone(), cuda.driver_cuda_doubt.clone()];
    let about: Vec<String> = parts.into_iter().flatten().collect();
    Line::new(title, about.join(" · ")).signed(format::of_cuda(&cuda.state))
}

/// Only where programs use it, or could.
fn forward(cuda: &CudaFacts) -> Option<Fold> {
    let details: Vec<Line> = cuda.forward_packages.iter().map(package).collect();
    let line = match (cuda.compat_cuda.as_ref().filter(|_| cuda.compat_active), details.is_empty()) {
        (Some(release), _) => {
            let (works, standing) = cuda_words::compat_works(cuda.compat_works.as_deref());
            let by = cuda_words::turned_on_by(cuda);
            let about =
                format!("Programs load CUDA’s newer library in the driver’s place, and {works}; turned on by {by}");
            let sign = format::of_cuda(if standing == Standing::Bad { "failing" } else { "works" });
            Line::new(format!("Forward compatibility: CUDA {release}"), about).signed(sign)
        }
        (None, true) => return None,
        (None, false) => Line::new("Forward compatibility: off", "It is installed, and no program uses it by itself"),
    };
    Some(Fold { line, details })
}

fn package(package: &ForwardFacts) -> Line {
    let works = match package.works {
        Some(true) => "Works on this machine",
        Some(false) => "Does not work on this machine",
        None => "Nobody has tried whether it works here",
    };
    Line::new(format!("CUDA {}", package.release), format!("{works} · {}", package.path))
}

/// The driver's libraries in this container. Without a GPU nobody misses them.
fn parts(parts: &[DriverPartFacts], has_gpu: bool) -> Option<Fold> {
    if parts.is_empty() {
        return None;
    }
    let sign_of = |present: bool| match (present, has_gpu) {
        (true, _) => format::of_cuda("works"),
        (false, true) => format::of_cuda("partly"),
        (false, false) => format::of_cuda("no-gpu"),
    };
    let missing = parts.iter().filter(|part| !part.present).count();
    let title = match missing {
        0 => "All of the driver’s libraries are here".to_owned(),
        all if all == parts.len() => "None of the driver’s libraries is here".into(),
        1 => "1 of the driver’s libraries is missing".into(),
        some => format!("{some} of the driver’s libraries are missing"),
    };
    let line = Line::new(title, "The host gives them to this container").signed(sign_of(missing == 0));
    let detail = |part: &DriverPartFacts| {
        let about = part.reason.clone().or_else(|| part.path.clone()).unwrap_or_default();
        Line::new(&part.label, about).signed(sign_of(part.present))
    };
    Some(Fold { line, details: parts.iter().map(detail).collect() })
}

fn toolkits(cuda: &CudaFacts, toolkits: &[ToolkitFacts]) -> Vec<Fold> {
    let mut folds: Vec<Fold> = toolkits.iter().map(toolkit).collect();
    if folds.is_empty() {
        let about = match &cuda.default_path {
            Some(path) => format!("/usr/local/cuda leads to {path}, where none is"),
            None => "Programs that bring their own CUDA, such as PyTorch, do not need one".into(),
        };
        folds.push(Fold::plain(Line::new("No toolkit is installed", about)));
    }
    // Where one need not look for them.
    let wrong =
        |title: String, problem: &String| Fold::plain(Line::new(title, problem).signed(format::of_cuda("partly")));
    folds.extend(toolkits.iter().flat_map(|toolkit| {
        let title = format!("Something is wrong with CUDA {}", toolkit.version);
        toolkit.problems.iter().map(move |problem| wrong(title.clone(), problem))
    }));
    folds.extend(cuda.problems.iter().map(|problem| wrong("Something is wrong".into(), problem)));
    folds
}

fn toolkit(toolkit: &ToolkitFacts) -> Fold {
    let default = if toolkit.default { DEFAULT } else { "" };
    let title = format!("CUDA {}{default}", toolkit.version);
    let line = Line::new(title, &toolkit.verdict_reason).signed(format::of_verdict(&toolkit.verdict));
    let mut details = vec![Line::new(&toolkit.path, &toolkit.summary)];
    if !toolkit.why.is_empty() {
        details.push(Line::new("Why", toolkit.why.join(" ")));
    }
    let parts = toolkit.components.iter().filter(|part| part.run || part.build).map(|part| {
        let version = part.version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
        let used = match (part.run, part.build) {
            (true, true) => "",
            (true, false) => " (to run programs)",
            _ => " (to build programs)",
        };
        format!("{}{version}{used}", part.label)
    });
    let parts: Vec<String> = parts.collect();
    if !parts.is_empty() {
        details.push(Line::new("Parts", parts.join(" · ")));
    }
    Fold { line, details }
}

/// What would run here.
fn advice(cuda: &CudaFacts) -> Vec<Fold> {
    let recommended = cuda.recommended.as_ref().map(|release| {
        let reason = cuda.recommended_reason.clone().unwrap_or_default();
        Fold::plain(Line::new(format!("CUDA {release} is the one to choose"), reason))
    });
    let best = cuda.images.iter().find(|image| image.recommended).or_else(|| cuda.images.first());
    let images = best.map(|best| Fold {
        line: Line::new(format!("Image {}", best.tag), &best.reason),
        details: cuda.images.iter().filter(|image| image.tag != best.tag).map(image).collect(),
    });
    recommended.into_iter().chain(images).collect()
}

fn image(image: &ImageFacts) -> Line {
    let line = Line::new(&image.tag, &image.reason);
    match &image.verdict {
        Some(verdict) => line.signed(format::of_verdict(verdict)),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(state: &str) -> Snapshot {
        let part =
            |label: &str, present| DriverPartFacts { label: label.into(), present, ..DriverPartFacts::default() };
        let cuda = CudaFacts {
            state: state.into(),
            driver_version: Some("580.95.05".into()),
            driver_cuda: Some("13.0".into()),
            driver_parts: vec![part("CUDA", true), part("Vulkan", false)],
            ..CudaFacts::default()
        };
        Snapshot { cuda: Some(Box::new(cuda)), ..Snapshot::default() }
    }

    fn toolkit(version: &str, verdict: &str, default: bool) -> ToolkitFacts {
        ToolkitFacts {
            version: version.into(),
            verdict: verdict.into(),
            verdict_reason: "Works. Driver 580 runs CUDA 12.9 natively.".into(),
            path: format!("/usr/local/cuda-{version}"),
            default,
            ..ToolkitFacts::default()
        }
    }

    #[test]
    fn one_look_tells_what_the_driver_runs_and_what_is_installed() {
        let mut snapshot = snapshot("works");
        let (_, title, about) = at_a_glance(&snapshot).expect("known");
        assert_eq!(
            (title.as_str(), about.as_str()),
            ("Driver 580.95.05 runs CUDA up to 13.0", "No toolkit is installed")
        );
        snapshot.toolkits = vec![toolkit("12.9.1", "will-not-run", true)];
        let (sign, _, about) = at_a_glance(&snapshot).expect("known");
        assert!(about.starts_with("CUDA 12.9.1: Works.") && sign == format::of_verdict("will-not-run"), "{about}");
        assert_eq!(at_a_glance(&Snapshot::default()), None);
    }

    #[test]
    fn a_toolkit_says_its_verdict_at_once_and_the_rest_on_demand() {
        let mut snapshot = snapshot("works");
        snapshot.toolkits = vec![toolkit("12.9.1", "native", true)];
        let shown = Shown::of(&snapshot);
        assert_eq!(shown.toolkits[0].line.title, "CUDA 12.9.1, the default");
        assert_eq!(shown.toolkits[0].line.about, "Works. Driver 580 runs CUDA 12.9 natively.");
        assert_eq!(shown.toolkits[0].details[0].title, "/usr/local/cuda-12.9.1");
        assert_eq!(shown.toolkits[0].subject(), "CUDA 12.9.1");
        snapshot.toolkits[0].problems = vec!["The compiler cannot be run.".into()];
        let shown = Shown::of(&snapshot);
        assert_eq!(shown.toolkits[1].line.title, "Something is wrong with CUDA 12.9.1");
    }

    #[test]
    fn what_is_missing_is_trouble_only_where_there_is_a_gpu() {
        let sign = |state: &str| Shown::of(&snapshot(state)).driver.last().and_then(|fold| fold.line.sign.clone());
        assert_eq!(sign("works"), Some(format::of_cuda("partly")));
        assert_eq!(sign("no-gpu"), Some(format::of_cuda("no-gpu")));
    }

    #[test]
    fn forward_compatibility_is_mentioned_only_where_it_is_installed() {
        let mut snapshot = snapshot("works");
        assert!(!Shown::of(&snapshot).driver.iter().any(|fold| fold.line.title.starts_with("Forward")));
        let cuda = snapshot.cuda.as_deref_mut().expect("known");
        cuda.compat_active = true;
        cuda.compat_cuda = Some("13.1".into());
        cuda.compat_works = Some("no".into());
        let fold = Shown::of(&snapshot).driver.swap_remove(1);
        assert_eq!(fold.line.title, "Forward compatibility: CUDA 13.1");
        assert!(fold.line.about.contains("does not work"), "{}", fold.line.about);
    }
}
