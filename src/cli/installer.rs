//! `desktopctl cuda`: installing and removing.

use std::fmt::Write as _;
use std::io::{self, BufRead, IsTerminal};
use std::time::Duration;

use super::args::Installer;
use super::jobs::{in_words, judged};
use super::output::{Output, complain};
use super::table::{Cell, Style, render};
use super::{Failure, repository};
use crate::api;
use crate::client::{AvailableToolkit, Client, InstallerVerb, JobCheck, JobFacts, Patience, ToolkitPlan, cuda_words};
use crate::model::text::size;

/// Gigabytes over a slow line.
const WAIT: Duration = Duration::from_hours(6);
/// Characters of the bar.
const BAR: usize = 24;

/// Does one of these commands.
pub(super) async fn obey(
    client: Client,
    out: &mut Output,
    command: &Installer,
    wait: Option<Duration>,
) -> Result<(), Failure> {
    match command {
        Installer::Available => available(&client, out).await,
        Installer::Plan { wanted } => {
            let plan = client.plan_toolkit(&wanted.wish(false)).await?;
            if out.json { Ok(out.document(&plan)?) } else { Ok(out.text(&text(&plan, out.style))?) }
        }
        Installer::Repository(source) => repository::obey(&client, out, source).await,
        other => match other.verb() {
            Some((verb, yes)) => perform(client, out, &verb, yes, wait).await,
            None => Ok(()),
        },
    }
}

async fn available(client: &Client, out: &mut Output) -> Result<(), Failure> {
    out.step("reading the repository");
    let all = client.available_toolkits().await?;
    if out.json {
        return Ok(out.document(&all)?);
    }
    let row = |one: &AvailableToolkit| {
        let (here, standing) = cuda_words::verdict(&one.verdict);
        let choose = if one.recommended { "recommended" } else { "" };
        [
            Cell::new(&one.version),
            Cell::new(choose),
            Cell::toned(here, standing.into()),
            Cell::new(&one.profiles.join(", ")),
            Cell::new(&one.extras.join(", ")),
            Cell::new(&one.verdict_reason),
        ]
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    Ok(out.text(&render(["TOOLKIT", "", "HERE", "PROFILES", "EXTRAS", "WHY"], &rows, out.style))?)
}

/// A plan for people.
fn text(plan: &ToolkitPlan, style: Style) -> String {
    let mut out = String::new();
    if plan.install.is_empty() && plan.remove.is_empty() {
        return "Nothing would change.\n".into();
    }
    if !plan.install.is_empty() {
        let rows: Vec<_> = plan
            .install
            .iter()
            .map(|package| {
                let change =
                    package.from.as_ref().map_or_else(|| package.to.clone(), |from| format!("{from} → {}", package.to));
                [Cell::new(&package.name), Cell::new(&change)]
            })
            .collect();
        out += &render(["INSTALL", "VERSION"], &rows, style);
        let _ = write!(
            out,
            "\nDownload {}, on disk {}. Nothing is removed.\n",
            size(plan.download_bytes),
            size(plan.installed_bytes)
        );
        for space in &plan.space {
            let _ = writeln!(
                out,
                "{}: {} free, {} needed.",
                space.folder,
                size(space.free_bytes),
                size(space.needed_bytes)
            );
        }
        let _ = write!(out, "From {}\nLicence: {}\n", plan.repository, plan.licence);
    }
    if !plan.remove.is_empty() {
        let rows: Vec<_> = plan.remove.iter().map(|name| [Cell::new(name)]).collect();
        out += &render(["REMOVE"], &rows, style);
    }
    out
}

async fn perform(
    mut client: Client,
    out: &mut Output,
    verb: &InstallerVerb,
    yes: bool,
    wait: Option<Duration>,
) -> Result<(), Failure> {
    if !yes {
        let plan = match verb {
            InstallerVerb::Install(wish) => client.plan_toolkit(wish).await?,
            InstallerVerb::EnableCompat(release) => client.plan_compat(release).await?,
            InstallerVerb::Remove(release) => client.plan_toolkit_removal(release).await?,
            _ => ToolkitPlan::default(),
        };
        complain(&text(&plan, Style::default()));
        agree()?;
    }
    let id = client.begin_install(verb).await?;
    if wait.is_some_and(|wait| wait.is_zero()) {
        let job = client.job(id).await?;
        out.line(&format!("job {id} begun: {}", in_words(&job)))?;
        return if out.json { Ok(out.document(&job)?) } else { Ok(()) };
    }
    let wait = wait.unwrap_or(WAIT);
    let patience = Patience { limit: Some(wait), ..Patience::default() };
    let mut lost = None;
    let mut bar = Bar { drawn: io::stderr().is_terminal() && !out.json, open: false };
    let ended = client
        .follow(id, patience, |job: &JobFacts| {
            if out.json {
                lost = lost.take().or(out.document(job).err());
            } else {
                bar.draw(job);
            }
        })
        .await;
    bar.close();
    let job = ended?;
    if let Some(error) = lost {
        return Err(error.into());
    }
    let result = judged(&job, wait)?;
    out.line(&format!("{}: {result}", in_words(&job)))?;
    let checked = |verb: &InstallerVerb| {
        matches!(verb, InstallerVerb::Install(_) | InstallerVerb::Verify(_) | InstallerVerb::EnableCompat(_))
    };
    if !out.json && checked(verb) {
        out.text(&checks(&client, id).await?)?;
    }
    match verb {
        InstallerVerb::Install(wish) => out.line(&format!("To undo it: desktopctl cuda remove {}", wish.release))?,
        InstallerVerb::EnableCompat(release) => out.line(&format!(
            "To run a program with them: desktopctl cuda with-compat {release} -- PROGRAM\nThey are for one program at \
             a time: with them CUDA cannot share memory with OpenGL and Vulkan."
        ))?,
        _ => {}
    }
    Ok(())
}

/// Asks whether it is right. Where nobody can be asked, nothing is done.
fn agree() -> Result<(), api::Error> {
    if !io::stdin().is_terminal() {
        return Err(api::Error::InvalidSetting(
            "Nobody can be asked whether this is right, so nothing was done. Say --yes.".into(),
        ));
    }
    complain("Go on? [y/N] ");
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(api::Error::Cancelled("Nothing was done.".into()))
}

/// What the job's log says of its checks.
async fn checks(client: &Client, id: u64) -> Result<String, Failure> {
    let checks = client.job_checks(id).await?;
    let line = |check: &JobCheck| format!("{}: {} ({})", check.what, check.verdict, check.found);
    Ok(checks.iter().map(|check| super::printable::escaped(&line(check)) + "\n").collect())
}

/// One line on standard error that is drawn anew.
struct Bar {
    drawn: bool,
    open: bool,
}

impl Bar {
    fn draw(&mut self, job: &JobFacts) {
        if self.drawn && !job.step.is_empty() {
            self.open = true;
            complain(&format!("\r\x1b[K{}", line(job)));
        }
    }

    fn close(&mut self) {
        if std::mem::take(&mut self.open) {
            complain("\r\x1b[K");
        }
    }
}

fn line(job: &JobFacts) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
    let percent = (job.progress.clamp(0.0, 1.0) * 100.0) as usize;
    let full = percent * BAR / 100;
    let bytes = job.transfer_in_words().map(|words| format!(" {words}")).unwrap_or_default();
    let step: String = super::printable::escaped(&job.step).chars().take(50).collect();
    format!("[{}{}] {percent:>3} %{bytes}  {step}", "#".repeat(full), " ".repeat(BAR - full))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{PlannedPackage, PlannedSpace};

    #[test]
    fn a_plan_says_all_that_matters() {
        let package = |name: &str, from: Option<&str>| PlannedPackage {
            name: name.into(),
            from: from.map(str::to_owned),
            to: "12.9.1-1".into(),
        };
        let plan = ToolkitPlan {
            install: vec![package("cuda-nvcc-12-9", None), package("x", Some("12.8"))],
            download_bytes: 1_250_000_000,
            installed_bytes: 2_000_000,
            space: vec![PlannedSpace { folder: "/usr/local".into(), free_bytes: 999, needed_bytes: 1 }],
            repository: "https://a".into(),
            licence: "https://b".into(),
            ..ToolkitPlan::default()
        };
        let expected = "INSTALL         VERSION\ncuda-nvcc-12-9  12.9.1-1\nx               12.8 → 12.9.1-1\n\n\
            Download 1.2 GB, on disk 2.0 MB. Nothing is removed.\n/usr/local: 1 kB free, 1 kB needed.\n\
            From https://a\nLicence: https://b\n";
        assert_eq!(text(&plan, Style::default()), expected);
        assert_eq!(text(&ToolkitPlan::default(), Style::default()), "Nothing would change.\n");
        let plan = ToolkitPlan { remove: vec!["a".into()], ..ToolkitPlan::default() };
        assert_eq!(text(&plan, Style::default()), "REMOVE\na\n");
    }

    #[test]
    fn the_bar_is_as_long_as_it_should_be() {
        let job = JobFacts {
            step: "downloading\u{1b}[2J".into(),
            progress: 0.5,
            bytes_done: 1_000_000,
            bytes_total: 2_000_000,
            seconds_left: Some(130),
            ..JobFacts::default()
        };
        assert_eq!(
            line(&job),
            "[############            ]  50 % 1.0 MB of 2.0 MB, about 3 min left  downloading\\u{1b}[2J"
        );
    }
}
