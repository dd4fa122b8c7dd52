//! Jobs on disk: `/var/lib/desktop-control/jobs.json`, written whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::OWN_UNIT;
use crate::host::root::Root;
use crate::model::job::{Job, JobError, JobKind, JobResult, JobState};

/// A finished job keeps its object for at least so long,
pub(super) const KEPT_FOR: Duration = Duration::from_mins(1);
/// and the newest so many for longer;
const KEPT: usize = 16;
/// but there are never more than so many, however fast they come.
const MOST_KEPT: usize = 32;

const PATH: &str = "/var/lib/desktop-control/jobs.json";

#[derive(Debug, Default, Serialize, Deserialize)]
struct File {
    next_id: u64,
    jobs: Vec<Job>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct History {
    root: Root,
    next_id: AtomicU64,
    /// Two writes must not overtake each other.
    writing: Arc<Mutex<()>>,
}

impl History {
    /// Reads the file, and the jobs in it. What cannot be read is put aside in the log and begun anew: a history is not
    /// worth a daemon that does not start.
    pub(super) fn load(root: Root, now: u64) -> (Self, Vec<Job>) {
        let text = root.read(PATH).unwrap_or_else(|error| {
            tracing::warn!(%error, PATH, "cannot read the history of jobs");
            None
        });
        let mut file: File = text.map_or_else(File::default, |text| {
            serde_json::from_str(&text).unwrap_or_else(|error| {
                tracing::warn!(%error, PATH, "the history of jobs is damaged, beginning a new one");
                File::default()
            })
        });
        file.jobs.iter_mut().for_each(|job| end_interrupted(job, now));
        // Should the counter be lost or wrong, no number is given twice as far as is known.
        let highest = file.jobs.iter().map(|job| job.id).max().unwrap_or(0);
        let next_id = AtomicU64::new(file.next_id.max(highest + 1));
        (Self { root, next_id, writing: Arc::default() }, file.jobs)
    }

    /// A number that no job has had.
    pub(super) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Writes these jobs. A failure is logged: it costs the history, not the job.
    pub(super) async fn save(&self, jobs: Vec<Job>) {
        let writing = Arc::clone(&self.writing).lock_owned().await;
        let file = File { next_id: self.next_id.load(Ordering::Relaxed), jobs };
        let root = self.root.clone();
        let written = tokio::task::spawn_blocking(move || {
            let _writing = writing;
            root.write(PATH, &serde_json::to_vec(&file)?, 0o600)
        });
        match written.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, PATH, "cannot write the history of jobs"),
            Err(error) => tracing::error!(%error, "writing the history of jobs panicked"),
        }
    }
}

/// A job that an earlier life of the daemon did not finish. Restarting the daemon itself is such a job by nature.
fn end_interrupted(job: &mut Job, now: u64) {
    // Nor has what the installer does ended with us.
    if job.state == JobState::Finished || job.kind.is_install() {
        return;
    }
    job.state = JobState::Finished;
    job.ended_at = Some(now);
    job.step.clear();
    if job.kind == JobKind::ServiceRestart && job.targets == [OWN_UNIT] {
        job.result = Some(JobResult::Done);
        return;
    }
    job.result = Some(JobResult::Failed);
    job.error = Some(JobError {
        name: "Internal".into(),
        message: "The control service ended while this job ran. Look at the state of the service, then ask again."
            .into(),
    });
}

/// Which of these jobs are to be forgotten now.
pub(super) fn forgettable(mut jobs: Vec<Arc<Job>>, now: u64) -> Vec<u64> {
    jobs.retain(|job| job.state == JobState::Finished);
    // By their end: whoever waited for one that took long is still to hear how it ended.
    jobs.sort_by_key(|job| job.ended_at);
    let (most, kept) = (jobs.len().saturating_sub(MOST_KEPT), jobs.len().saturating_sub(KEPT));
    let is_old = |job: &Job| job.ended_at.is_none_or(|at| at + KEPT_FOR.as_secs() <= now);
    let forgotten = jobs.iter().take(kept).enumerate().filter(|(place, job)| *place < most || is_old(job));
    forgotten.map(|(_, job)| job.id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(id: u64, state: JobState, target: &str) -> Job {
        Job {
            id,
            kind: JobKind::ServiceRestart,
            targets: vec![target.into()],
            state,
            step: "stopping".into(),
            progress: (0, 1),
            bytes: (0, 0),
            seconds_left: None,
            uncut: false,
            started_by_uid: 0,
            started_at: 1,
            ended_at: None,
            result: None,
            error: None,
            log: Vec::new(),
        }
    }

    #[tokio::test]
    async fn a_killed_daemon_knows_what_it_had_begun() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        let (history, _) = History::load(root.clone(), 5);
        assert_eq!(history.next_id(), 1);
        history.save(vec![job(1, JobState::Running, "selkies"), job(2, JobState::Running, OWN_UNIT)]).await;
        let (next, jobs) = History::load(root, 9);
        assert_eq!((jobs[0].result, jobs[0].ended_at), (Some(JobResult::Failed), Some(9)));
        assert!(jobs[0].error.as_ref().is_some_and(|error| error.message.contains("ask again")));
        assert_eq!(jobs[1].result, Some(JobResult::Done));
        assert_eq!(next.next_id(), 3);
    }

    #[test]
    fn a_damaged_file_begins_a_new_history() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        root.write(PATH, b"{\"jobs\": 3", 0o600).expect("write");
        assert_eq!(History::load(root, 9).1, []);
    }

    #[test]
    fn the_newest_are_remembered_and_never_too_many() {
        let ended =
            |id: u64, ended_at: u64| Arc::new(Job { ended_at: Some(ended_at), ..job(id, JobState::Finished, "x") });
        let ids = |from: u64, to: u64| (from..to).collect::<Vec<u64>>();
        let slowly: Vec<Arc<Job>> = (0..40).map(|id| ended(id, id * 10)).collect();
        assert_eq!(forgettable(slowly.clone(), 400), ids(0, 24), "16 for long");
        assert_eq!(forgettable(slowly, 180), ids(0, 13), "each for a minute");
        let mut fast: Vec<Arc<Job>> = (1..100).map(|id| ended(id, 400)).collect();
        assert_eq!(forgettable(fast.clone(), 400), ids(1, 68), "never more than 32");
        // One that took long, and one that is at work.
        fast.insert(0, ended(0, 401));
        fast.push(Arc::new(job(100, JobState::Running, "x")));
        assert_eq!(forgettable(fast, 401), ids(1, 69));
    }
}
