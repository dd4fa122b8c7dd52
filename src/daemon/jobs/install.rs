//! What a job does to CUDA: it has the installer do it, and says what that tells.
//!
//! The installer outlives us, and so does its job: the next life of the daemon finds both again. An installer that was
//! killed is started anew and goes on where it stopped.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Jobs;
use crate::api::Error;
use crate::daemon::install::{SUBCOMMAND, forget_ended, is_unfinished};
use crate::host::apt::{Worker, events_of, forget_events};
use crate::model::install::event::{Event, Failure, Outcome};
use crate::model::install::journal::Request;
use crate::model::install::progress::Progress;
use crate::model::job::{JobKind, JobResult};

/// It tells no more often than that.
const PAUSE: Duration = Duration::from_millis(100);
/// So often an installer is started anew that was killed.
const MOST_REVIVALS: u32 = 3;
/// The whole is divided into so many parts.
const WHOLE: u32 = 1000;
/// So many lines of a log are kept; the newest.
const MOST_LOG: usize = 3000;

/// With what it begins.
#[derive(Clone, Debug)]
pub(super) enum Start {
    /// Something new.
    New(Request),
    /// What an earlier life had begun.
    Found,
}

pub(super) fn kind_of(request: &Request) -> JobKind {
    match request {
        Request::Install { .. } => JobKind::CudaInstall,
        Request::Remove { .. } => JobKind::CudaRemove,
        Request::SetDefault { .. } => JobKind::CudaDefault,
        Request::EnableCompat { .. } => JobKind::CudaEnableCompat,
        Request::Verify { .. } => JobKind::CudaVerify,
        Request::Repair => JobKind::CudaRepair,
    }
}

/// Does it; the last thing that it does is decide the result.
pub(super) async fn run(jobs: &Jobs, id: u64, start: Start, cancel: &CancellationToken) -> Result<JobResult, Error> {
    let lost = |error: std::io::Error| {
        Error::Internal(format!(
            "The installer cannot be started ({error}). Look whether the disk is full, then try again."
        ))
    };
    let mut worker = match start {
        Start::New(request) => {
            forget_events(&jobs.root, id);
            let request = serde_json::to_string(&request).map_err(|error| lost(error.into()))?;
            Worker::start(&jobs.root, &[SUBCOMMAND, "run"], &request, &events_of(id)).map_err(lost)?
        }
        Start::Found => Worker::found(&jobs.root, &events_of(id)),
    };
    let mut revivals = 0;
    let mut asked = false;
    loop {
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = cancel.cancelled(), if !asked => {
                asked = true;
                worker.ask_to_end();
            }
        }
        let alive = worker.is_alive();
        if let Some(outcome) = tell(jobs, id, &worker.lines()) {
            worker.ended().await;
            forget_ended(&jobs.root);
            return conclude(jobs, id, outcome);
        }
        if alive {
            continue;
        }
        if !is_unfinished(&jobs.root) || revivals == MOST_REVIVALS {
            let sentence = "The installer ended without a word. `desktopctl cuda` shows what is installed; \
                            `desktopctl cuda repair` puts right what it may have left.";
            return Err(Error::Internal(sentence.into()));
        }
        revivals += 1;
        tracing::warn!(job = id, "the installer was killed and is started anew");
        jobs.update(id, |job| job.seconds_left = None);
        worker.replace(&[SUBCOMMAND, "resume"], &events_of(id)).map_err(lost)?;
    }
}

/// Says what it tells; its end, if that is among it.
fn tell(jobs: &Jobs, id: u64, lines: &[String]) -> Option<Outcome> {
    if lines.is_empty() {
        return None;
    }
    let mut outcome = None;
    let mut progress: Option<Progress> = None;
    let mut log = Vec::new();
    for line in lines {
        match serde_json::from_str(line) {
            Ok(Event::Progress(now)) => progress = Some(now),
            Ok(Event::Log { line }) => log.push(line),
            Ok(Event::Finished { outcome: end }) => outcome = Some(end),
            Err(error) => tracing::warn!(job = id, %error, "the installer tells what is no event"),
        }
    }
    jobs.update(id, |job| {
        job.log.append(&mut log);
        let surplus = job.log.len().saturating_sub(MOST_LOG);
        job.log.drain(..surplus);
        if let Some(now) = progress {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1")]
            let done = (now.fraction.clamp(0.0, 1.0) * f64::from(WHOLE)) as u32;
            // An installer that is started anew begins to count anew; what was told stays told.
            let told = if job.progress.1 == WHOLE { job.progress.0 } else { 0 };
            job.progress = (done.max(told), WHOLE);
            job.bytes = (now.bytes_done, now.bytes_total);
            job.seconds_left = now.eta_seconds;
            job.uncut = !now.cancellable;
            job.step = now.step;
        }
    });
    outcome
}

fn conclude(jobs: &Jobs, id: u64, outcome: Outcome) -> Result<JobResult, Error> {
    match outcome {
        Outcome::Done { .. } => Ok(JobResult::Done),
        Outcome::Skipped => Ok(JobResult::Skipped),
        Outcome::Cancelled => Ok(JobResult::Cancelled),
        Outcome::Failed(Failure { name, message, detail }) => {
            jobs.update(id, |job| job.log.extend(detail.lines().map(str::to_owned)));
            Err(Error::named(&name, message))
        }
    }
}
