//! `desktopctl jobs`.

use std::time::Duration;

use super::Failure;
use super::output::Output;
use super::table::{Cell, Style, Tone, render};
use crate::api;
use crate::client::{self, Client, JobFacts, Patience, unix_now};
use crate::model::text::duration;

/// How long a cancelled job is waited for: what it has begun is brought to an end first.
const WAIT_FOR_CANCELLED: Duration = Duration::from_mins(2);

pub(super) async fn list(client: &Client, out: &mut Output) -> Result<(), Failure> {
    let jobs = client.snapshot().await?.jobs;
    if out.json {
        out.document(&jobs)?;
    } else if jobs.is_empty() {
        out.line("No jobs.")?;
    } else {
        out.text(&table(&jobs, unix_now(), out.style))?;
    }
    Ok(())
}

fn table(jobs: &[JobFacts], now: u64, style: Style) -> String {
    let row = |job: &JobFacts| {
        let (state, tone) = match job.result.as_deref() {
            Some("failed") => ("failed", Tone::Bad),
            Some(result) => (result, Tone::Plain),
            None => (job.state.as_str(), Tone::Plain),
        };
        let age = job.start_time.map_or("-".to_owned(), |since| duration(now.saturating_sub(since)));
        let by = if job.started_by_uid == 0 { "root".into() } else { format!("uid {}", job.started_by_uid) };
        let note = job.error_message.as_deref().unwrap_or(&job.step);
        let texts = [&job.id.to_string(), &in_words(job)].map(|text| Cell::new(text));
        let [id, what] = texts;
        [id, what, Cell::toned(state, tone), Cell::new(&age), Cell::new(&by), Cell::new(note)]
    };
    let rows: Vec<_> = jobs.iter().map(row).collect();
    render(["JOB", "WHAT", "STATE", "STARTED", "BY", "NOTE"], &rows, style)
}

/// Waits for a job's end; how it ended is how this ends.
pub(super) async fn follow(
    mut client: Client,
    out: &mut Output,
    id: u64,
    wait: Option<Duration>,
) -> Result<(), Failure> {
    // Who asks for a job while nobody is there to know it need not wait for somebody to come.
    client.job(id).await?;
    let patience = Patience { limit: wait, ..Patience::default() };
    let job = follow_to_end(&mut client, out, id, patience).await.0?;
    if out.json {
        out.document(&job)?;
    }
    let result = judged(&job, wait.unwrap_or_default())?;
    Ok(out.line(&format!("job {id} ({}): {result}", in_words(&job)))?)
}

/// Asks a job to stop and waits until it is over, however it then ends.
pub(super) async fn cancel(
    mut client: Client,
    out: &mut Output,
    id: u64,
    wait: Option<Duration>,
) -> Result<(), Failure> {
    client.cancel(id).await?;
    let wait = wait.unwrap_or(WAIT_FOR_CANCELLED);
    let patience = Patience { limit: Some(wait), ..Patience::default() };
    let job = follow_to_end(&mut client, out, id, patience).await.0?;
    if out.json {
        out.document(&job)?;
    }
    let what = in_words(&job);
    match job.result.as_deref() {
        Some("cancelled") => out.line(&format!("job {id} ({what}) cancelled"))?,
        Some(result) => out.line(&format!("job {id} ({what}) was past cancelling: {result}"))?,
        None if wait.is_zero() => out.line(&format!("job {id} ({what}) is being cancelled"))?,
        None => return Err(unfinished(&job, wait).into()),
    }
    Ok(())
}

/// Follows a job and tells who watches what it does. The end, and what was seen of the job last.
pub(super) async fn follow_to_end(
    client: &mut Client,
    out: &Output,
    id: u64,
    patience: Patience,
) -> (Result<JobFacts, client::Error>, Option<JobFacts>) {
    let mut seen: Option<JobFacts> = None;
    let tell = |job: &JobFacts| {
        if !job.step.is_empty() && seen.as_ref().is_none_or(|seen| seen.step != job.step) {
            out.step(&job.step);
        }
        seen = Some(job.clone());
    };
    let end = client.follow(id, patience, tell).await;
    (end, seen)
}

/// Waits for the end of a job that has just begun. Where nothing shall be waited for, only tells that it has begun.
pub(super) async fn finished(
    client: &mut Client,
    out: &mut Output,
    id: u64,
    wait: Duration,
) -> Result<Option<JobFacts>, Failure> {
    if wait.is_zero() {
        let job = client.job(id).await?;
        out.line(&format!("job {id} begun: {}", in_words(&job)))?;
        if out.json {
            out.document(&job)?;
        }
        return Ok(None);
    }
    let patience = Patience { limit: Some(wait), ..Patience::default() };
    Ok(Some(follow_to_end(client, out, id, patience).await.0?))
}

/// The result of a job that ended well; one that did not, or has not ended yet, as the error that it is.
pub(super) fn judged(job: &JobFacts, wait: Duration) -> Result<String, api::Error> {
    let id = job.id;
    match job.result.as_deref() {
        Some("failed") => {
            let sentence = job.error_message.clone();
            let sentence = sentence.unwrap_or_else(|| format!("Job {id} failed and did not say why."));
            Err(api::Error::named(job.error_name.as_deref().unwrap_or_default(), sentence))
        }
        Some("cancelled") => {
            let what = in_words(job);
            Err(api::Error::Cancelled(format!("Job {id} ({what}) was cancelled before it was done.")))
        }
        Some(other) => Ok(other.to_owned()),
        None => Err(unfinished(job, wait)),
    }
}

/// The error of a job that has not ended in time.
fn unfinished(job: &JobFacts, wait: Duration) -> api::Error {
    let (id, what, seconds) = (job.id, in_words(job), wait.as_secs());
    api::Error::TimedOut(format!(
        "Job {id} ({what}) is still at work after {seconds} s, and goes on. Wait for it with `desktopctl jobs follow \
         {id}`."
    ))
}

/// "restart selkies".
pub(super) fn in_words(job: &JobFacts) -> String {
    match job.kind.as_str() {
        "tunnel-start" => return "open a tunnel".into(),
        "tunnel-stop" => return "close a tunnel".into(),
        _ => {}
    }
    let verb = job.kind.strip_prefix("service-").unwrap_or(&job.kind);
    format!("{verb} {}", job.targets.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_who_and_what() {
        let done = JobFacts {
            id: 1,
            kind: "service-restart".into(),
            targets: vec!["selkies".into()],
            state: "finished".into(),
            result: Some("done".into()),
            start_time: Some(10),
            ..JobFacts::default()
        };
        let working = JobFacts {
            id: 2,
            state: "running".into(),
            step: "stopping x".into(),
            result: None,
            started_by_uid: 1000,
            ..done.clone()
        };
        let expected = "JOB  WHAT             STATE    STARTED  BY        NOTE\n\
                        1    restart selkies  done     5 s      root\n\
                        2    restart selkies  running  5 s      uid 1000  stopping x\n";
        assert_eq!(table(&[done, working], 15, Style::default()), expected);
    }
}
