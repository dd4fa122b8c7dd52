//! The jobs that were begun from here, and how they ended where the service itself does not show it.

use std::collections::HashSet;

use crate::client::JobFacts;

/// Jobs that are not over.
#[derive(Debug, Default)]
pub(super) struct Begun(HashSet<u64>);

/// How a job ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// As one could expect; a few words on it.
    Said(&'static str),
    /// It was not done, for this reason.
    Failed(String),
}

impl Begun {
    /// The daemon has begun this job because we asked for it.
    pub(super) fn add(&mut self, id: u64) {
        self.0.insert(id);
    }

    /// A job has changed. What the person has to be told, if it was one of ours and is over.
    pub(super) fn see(&mut self, job: &JobFacts) -> Option<Ending> {
        let result = job.result.as_deref()?;
        if !self.0.remove(&job.id) {
            return None;
        }
        match (result, &job.error_message) {
            ("failed", message) => {
                let unknown = "It failed, and nobody knows why. The log of the service may say more.";
                Some(Ending::Failed(message.as_deref().unwrap_or(unknown).to_owned()))
            }
            ("cancelled", _) => Some(Ending::Said("Cancelled")),
            ("skipped", _) => Some(Ending::Said("There was nothing to do")),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(result: Option<&str>) -> JobFacts {
        JobFacts { id: 7, result: result.map(str::to_owned), ..JobFacts::default() }
    }

    #[test]
    fn only_the_end_of_what_was_begun_here_is_told_and_once() {
        let mut begun = Begun::default();
        assert_eq!(begun.see(&job(Some("failed"))), None, "somebody else's");
        begun.add(7);
        assert_eq!(begun.see(&job(None)), None, "it is at work");
        assert!(matches!(begun.see(&job(Some("failed"))), Some(Ending::Failed(why)) if why.contains("log")));
        assert_eq!(begun.see(&job(Some("failed"))), None, "it has been told");
        begun.add(7);
        assert_eq!(begun.see(&job(Some("done"))), None, "the service shows it");
    }
}
