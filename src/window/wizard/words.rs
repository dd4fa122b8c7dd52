//! What the wizard says.

use super::super::format::{self, Sign};
use super::super::pages::cuda::shown::{Fold, Line};
use super::flow::{Asked, Step};
use crate::client::{AvailableToolkit, JobCheck, JobFacts, Snapshot, ToolkitPlan};
use crate::model::text::{capitalised, size};

/// What stands above a page.
pub(super) fn heading(step: Step) -> &'static str {
    match step {
        Step::Here => "What this machine has",
        Step::Version => "Choose a version",
        Step::Profile => "Choose how much of it",
        Step::Review => "What will be done",
        Step::Work => "At work",
        Step::Result => "Result",
    }
}

/// Which of how many pages it is.
pub(super) fn place(step: Step) -> &'static str {
    match step {
        Step::Here => "Step 1 of 5",
        Step::Version => "Step 2 of 5",
        Step::Profile => "Step 3 of 5",
        Step::Review => "Step 4 of 5",
        Step::Work => "Step 5 of 5",
        Step::Result => "",
    }
}

/// A version that can be had.
pub(super) fn version(one: &AvailableToolkit) -> (String, String, Sign) {
    let recommended = if one.recommended { " · recommended" } else { "" };
    (format!("CUDA {}{recommended}", one.version), one.verdict_reason.clone(), format::of_verdict(&one.verdict))
}

/// How much of a toolkit: its name and what it is for. Tokens of a later daemon are shown as they are.
pub(super) fn profile(token: &str) -> (&str, &'static str) {
    match token {
        "runtime" => ("Runtime", "To run programs that were built for CUDA: libraries alone"),
        "compiler" => ("Compiler", "To build small programs: nvcc and the headers of the runtime"),
        "development" => ("Full development", "To build any program: compiler, all libraries with headers, debugger"),
        "full" => ("Full with profilers", "That, and Nsight to find out what makes a program slow"),
        other => (other, ""),
    }
}

/// What comes with a toolkit: its name and what it is for.
pub(super) fn extra(token: &str, compat_driver: Option<&str>) -> (String, String) {
    let (title, about) = match token {
        "cudnn" => {
            ("cuDNN", "Building blocks of neural networks. PyTorch and TensorFlow from pip bring their own".into())
        }
        "nccl" => ("NCCL", "For programs that use several GPUs together".into()),
        "forward-compatibility" => {
            let of = compat_driver.map(|driver| format!(" of driver {driver}")).unwrap_or_default();
            let about = format!(
                "Libraries{of} that let a program use a newer CUDA than the driver runs. They are turned on for one \
                 program at a time, never for all: with them CUDA cannot share pictures with OpenGL and Vulkan"
            );
            ("Forward compatibility", about)
        }
        other => (other, String::new()),
    };
    (title.into(), about)
}

/// What it costs, in a line.
pub(super) fn sizes(plan: &Asked<ToolkitPlan>) -> (String, String) {
    match plan {
        Asked::No | Asked::Waiting => ("Size".into(), "Working out what is needed".into()),
        Asked::Failed(why) => ("This cannot be installed".into(), why.clone()),
        Asked::Known(plan) if plan.install.is_empty() => {
            ("Nothing to install".into(), "All of it is installed already".into())
        }
        Asked::Known(plan) => {
            let (down, disk) = (size(plan.download_bytes), size(plan.installed_bytes));
            ("Size".into(), format!("Download {down} · on disk {disk}"))
        }
    }
}

/// What a plan would do, row by row.
pub(super) fn plan(plan: &ToolkitPlan) -> Vec<Fold> {
    let count = match plan.install.len() {
        1 => "1 package".to_owned(),
        count => format!("{count} packages"),
    };
    let package = |package: &crate::client::PlannedPackage| {
        let change = match &package.from {
            Some(from) => format!("{from} becomes {}", package.to),
            None => package.to.clone(),
        };
        Line::new(&package.name, change)
    };
    let packages = Fold {
        line: Line::new(format!("Install {count}"), format!("From {}", plan.repository)),
        details: plan.install.iter().map(package).collect(),
    };
    let down = Line::new(format!("Download {}", size(plan.download_bytes)), "");
    let disk = Line::new(format!("On disk {}", size(plan.installed_bytes)), "");
    let space = plan.space.iter().map(|space| {
        let about = format!("{} are free, {} are needed", size(space.free_bytes), size(space.needed_bytes));
        let enough = if space.needed_bytes <= space.free_bytes { "works" } else { "failing" };
        Fold::plain(Line::new(&space.folder, about).signed(format::of_cuda(enough)))
    });
    let removed = match plan.remove.as_slice() {
        [] => Line::new("Nothing is removed", "The driver is not touched").signed(format::of_cuda("works")),
        some => Line::new("Would be removed", some.join(", ")).signed(format::of_cuda("failing")),
    };
    [packages, Fold::plain(down), Fold::plain(disk)].into_iter().chain(space).chain([Fold::plain(removed)]).collect()
}

/// The release that a job is about; empty where it is about none.
fn release(job: &JobFacts) -> &str {
    job.targets.iter().map(String::as_str).rfind(|target| *target != "cuda").unwrap_or_default()
}

/// What a job does, as a heading.
pub(in crate::window) fn at_work(job: &JobFacts) -> String {
    let release = release(job);
    match job.kind.as_str() {
        "cuda-install" => format!("Installing CUDA {release}"),
        "cuda-remove" => format!("Removing CUDA {release}"),
        "cuda-default" => format!("Making CUDA {release} the default"),
        "cuda-enable-compat" => format!("Installing forward compatibility of CUDA {release}"),
        "cuda-verify" => format!("Trying CUDA {release}"),
        "cuda-repair" => "Repairing what an earlier run left".into(),
        other => format!("{other} {release}"),
    }
}

/// What it does right now, as a sentence begins.
pub(super) fn step(job: &JobFacts) -> String {
    match job.step.as_str() {
        "" if job.result.is_some() => "It is over".into(),
        "" => "Waiting for its turn".into(),
        step => capitalised(step),
    }
}

/// How far it is: bytes while it downloads, then the share of the whole.
pub(super) fn progress(job: &JobFacts) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
    let percent = (job.progress.clamp(0.0, 1.0) * 100.0) as u32;
    match (job.bytes_done, job.bytes_total) {
        _ if !job.progress_valid => String::new(),
        (done, total) if done < total => job.transfer_in_words().unwrap_or_default(),
        _ => format!("{percent} %"),
    }
}

/// How a job ended: what changed, and what to do about it.
pub(super) fn ending(job: Option<&JobFacts>, snapshot: &Snapshot) -> Vec<Fold> {
    let Some(job) = job else {
        let about = "The control service does not know this job any more. The CUDA page shows what is installed.";
        return vec![Fold::plain(Line::new("Nobody knows how it ended", about).signed(format::of_cuda("unknown")))];
    };
    let line = match job.result.as_deref() {
        Some("done") => done(job, snapshot).signed(format::of_cuda("works")),
        Some("skipped") => Line::new("There was nothing to do", "").signed(format::of_cuda("works")),
        Some("cancelled") => Line::new("Cancelled", "Nothing has changed").signed(format::of_cuda("no-gpu")),
        _ => {
            let why = job.error_message.as_deref().unwrap_or("Nobody knows why. The log may say more.");
            Line::new(format!("{} failed", at_work(job)), format::quotes(why)).signed(format::of_cuda("failing"))
        }
    };
    vec![Fold::plain(line)]
}

fn done(job: &JobFacts, snapshot: &Snapshot) -> Line {
    let release = release(job);
    let toolkit = snapshot.toolkits.iter().find(|toolkit| toolkit.release == release);
    let default = toolkit.is_some_and(|toolkit| toolkit.default);
    match job.kind.as_str() {
        "cuda-install" => {
            let place = toolkit.map_or_else(|| format!("/usr/local/cuda-{release}"), |toolkit| toolkit.path.clone());
            let default = if default { ". It is the default: new terminals find nvcc" } else { "" };
            Line::new(format!("CUDA {release} is installed"), format!("It is in {place}{default}"))
        }
        "cuda-remove" => Line::new(format!("CUDA {release} is removed"), "All its packages are gone"),
        "cuda-default" => Line::new(format!("CUDA {release} is the default"), "New terminals use it"),
        "cuda-enable-compat" => {
            let about = format!("Run a program with it: desktopctl cuda with-compat {release} -- PROGRAM");
            Line::new(format!("CUDA {release} has forward compatibility"), about)
        }
        "cuda-verify" => Line::new(format!("CUDA {release} was tried"), "What was checked stands below"),
        _ => Line::new("It is repaired", "Packages can be installed again"),
    }
}

/// The command that undoes what a job did.
pub(super) fn undo(job: &JobFacts) -> Option<String> {
    let done = job.result.as_deref() == Some("done") && job.kind == "cuda-install";
    done.then(|| format!("desktopctl cuda remove {}", release(job)))
}

/// What was checked at the end.
pub(super) fn check(check: &JobCheck) -> Fold {
    let (state, word) = match check.verdict.as_str() {
        "passed" => ("works", "Passed"),
        "failed" => ("failing", "Failed"),
        "not-checked" => ("unknown", "Not checked"),
        other => ("unknown", other),
    };
    // A command is called as it is.
    let what = if check.what.contains(" --") { check.what.clone() } else { capitalised(&check.what) };
    Fold::plain(Line::new(what, format!("{word}: {}", check.found)).signed(format::of_cuda(state)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{PlannedPackage, PlannedSpace};

    fn job(kind: &str, result: Option<&str>) -> JobFacts {
        JobFacts {
            kind: kind.into(),
            targets: vec!["cuda".into(), "12.9".into()],
            result: result.map(str::to_owned),
            progress_valid: true,
            ..JobFacts::default()
        }
    }

    #[test]
    fn bytes_are_told_while_it_downloads_and_then_the_share() {
        let mut job = job("cuda-install", None);
        (job.bytes_done, job.bytes_total, job.progress) = (312_400_000, 1_200_000_000, 0.2);
        assert_eq!(progress(&job), "312.4 MB of 1.2 GB");
        job.seconds_left = Some(130);
        assert_eq!(progress(&job), "312.4 MB of 1.2 GB, about 3 min left");
        (job.bytes_done, job.progress) = (1_200_000_000, 0.62);
        assert_eq!(progress(&job), "62 %");
        job.progress_valid = false;
        assert_eq!(progress(&job), "");
    }

    #[test]
    fn a_plan_says_all_that_matters() {
        let planned = ToolkitPlan {
            install: vec![PlannedPackage { name: "a".into(), from: None, to: "1".into() }],
            download_bytes: 1_000_000,
            installed_bytes: 2_000_000,
            space: vec![PlannedSpace { folder: "/usr".into(), free_bytes: 1, needed_bytes: 2_000_000 }],
            ..ToolkitPlan::default()
        };
        let folds = plan(&planned);
        let titles: Vec<&str> = folds.iter().map(|fold| fold.line.title.as_str()).collect();
        assert_eq!(titles, ["Install 1 package", "Download 1.0 MB", "On disk 2.0 MB", "/usr", "Nothing is removed"]);
        assert_eq!(folds[3].line.sign, Some(format::of_cuda("failing")), "there is no room");
        assert_eq!(folds[0].details[0].title, "a");
    }

    #[test]
    fn the_end_says_what_changed_and_how_to_undo_it() {
        let done = job("cuda-install", Some("done"));
        assert_eq!(ending(Some(&done), &Snapshot::default())[0].line.title, "CUDA 12.9 is installed");
        assert_eq!(undo(&done).as_deref(), Some("desktopctl cuda remove 12.9"));
        let failed = JobFacts { error_message: Some("Run `x`.".into()), ..job("cuda-install", Some("failed")) };
        let line = &ending(Some(&failed), &Snapshot::default())[0].line;
        assert_eq!((line.title.as_str(), line.about.as_str()), ("Installing CUDA 12.9 failed", "Run “x”."));
        assert_eq!(undo(&failed), None);
        assert_eq!(undo(&job("cuda-remove", Some("done"))), None);
        assert!(ending(None, &Snapshot::default())[0].line.title.starts_with("Nobody knows"));
    }

    #[test]
    fn a_check_begins_as_a_sentence_does_and_a_command_as_it_is() {
        let title = |what: &str| {
            check(&JobCheck { what: what.into(), verdict: "passed".into(), found: String::new() }).line.title
        };
        assert_eq!(title("a kernel is built"), "A kernel is built");
        assert_eq!(title("nvcc --version"), "nvcc --version");
    }

    #[test]
    fn everything_that_is_offered_says_what_it_is_for() {
        use crate::model::install::profile::{Extra, Profile};
        use strum::IntoEnumIterator;
        for one in Profile::iter() {
            let token = one.to_string();
            let (title, about) = profile(&token);
            assert!(title == one.label() && !about.is_empty(), "{token}");
        }
        for one in Extra::iter() {
            let token = one.to_string();
            let (title, about) = extra(&token, None);
            assert!(title != token && !about.is_empty(), "{token}");
        }
        assert_eq!(profile("later"), ("later", ""));
    }
}
