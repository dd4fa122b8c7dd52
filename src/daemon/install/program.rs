//! The program: one task, asked on standard input, told on standard output.

use std::io::{self, Read, Write};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::exclusive;
use super::stop::Stop;
use super::tell::Tell;
use super::work::Work;
use crate::host::root::Root;
use crate::model::install::event::{Failure, Outcome, available};
use crate::model::install::journal::Request;

/// No request is longer, in bytes.
const MOST_REQUEST: u64 = 64 * 1024;
/// A question waits so long for another one to be answered.
const PATIENCE: Duration = Duration::from_secs(30);
/// Work waits only for what is over in a moment, such as the daemon's removal of old downloads.
const MOMENT: Duration = Duration::from_secs(2);

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum Task {
    /// Tell what the repository offers.
    Available,
    /// Tell what a request would do.
    Plan,
    /// Do what is asked, and tell how far it is.
    Run,
    /// Bring what was cut off to its end.
    Resume,
    /// Apply the default that was chosen again, where a boot script has set another one.
    Restore,
}

/// Does it. Whether that went well.
///
/// # Errors
/// It cannot even begin.
pub fn run(task: Task) -> anyhow::Result<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(2).build()?;
    runtime.block_on(run_async(task))
}

async fn run_async(task: Task) -> anyhow::Result<bool> {
    let root = Root::new("/");
    let cancel = CancellationToken::new();
    let mut term = signal(SignalKind::terminate())?;
    let asked = cancel.clone();
    tokio::spawn(async move {
        term.recv().await;
        asked.cancel();
    });
    let questions = matches!(task, Task::Available | Task::Plan);
    // What a question tells on the way is of no interest.
    let out: Box<dyn Write> = if questions { Box::new(io::sink()) } else { Box::new(io::stdout()) };
    let mut work = Work::new(root.clone(), Tell::new(out), cancel);
    let patience = if questions { PATIENCE } else { MOMENT };
    let exclusive = exclusive::take(&root, patience).await;
    match (task, exclusive) {
        (Task::Available | Task::Plan, exclusive) => {
            let answer = match exclusive {
                Ok(_exclusive) => answer(&mut work, task).await,
                Err(stop) => Err(stop),
            };
            let answer = answer.map_err(Failure::from);
            let text = match &answer {
                Ok(answer) => serde_json::to_string(answer)?,
                Err(failure) => serde_json::to_string(failure)?,
            };
            io::stdout().write_all(format!("{text}\n").as_bytes())?;
            Ok(answer.is_ok())
        }
        (Task::Run | Task::Resume | Task::Restore, exclusive) => {
            let outcome = match exclusive {
                Ok(_exclusive) => perform(&mut work, task).await,
                Err(stop) => Err(stop),
            };
            let outcome = match outcome {
                Ok(outcome) => outcome,
                Err(Stop::Cancelled) => Outcome::Cancelled,
                Err(stop) => Outcome::Failed(stop.into()),
            };
            let good = !matches!(outcome, Outcome::Failed(_));
            work.end(outcome);
            Ok(good)
        }
    }
}

async fn perform(work: &mut Work, task: Task) -> Result<Outcome, Stop> {
    match task {
        Task::Resume => Ok(work.resume().await?.unwrap_or(Outcome::Skipped)),
        Task::Restore => work.restore_default().await,
        _ => work.begin(request()?).await,
    }
}

async fn answer(work: &mut Work, task: Task) -> Result<serde_json::Value, Stop> {
    let json = |value: serde_json::Result<serde_json::Value>| {
        value.map_err(|error| Failure::new("Internal", format!("The answer cannot be written ({error}).")).into())
    };
    if task == Task::Available {
        let ready = work.ready().await?;
        return json(serde_json::to_value(available(&ready.listing)));
    }
    let request = request()?;
    if let Request::Remove { release } = request {
        return json(serde_json::to_value(work.plan_removal(release).await?));
    }
    let ready = work.ready().await?;
    json(serde_json::to_value(work.plan(&ready, &request).await?.plan))
}

fn request() -> Result<Request, Stop> {
    let mut text = String::new();
    io::stdin().lock().take(MOST_REQUEST).read_to_string(&mut text)?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::new("InvalidSetting", format!("No such request ({error}).")).into())
}
