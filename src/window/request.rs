//! What pages ask for. Requests go up to the window, facts come down to the pages; no page shows what it has only asked
//! for.

use crate::client::{Client, Error, Verb};

/// Something that the daemon is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// Starts, stops or restarts a service.
    Control(String, Verb),
    /// Asks a job to stop.
    Cancel(u64),
}

impl Request {
    /// Asks the daemon; the number of the job that it began, if it began one.
    pub(super) async fn ask(&self, client: &Client) -> Result<Option<u64>, Error> {
        match self {
            Self::Control(service, verb) => client.control(service, *verb).await.map(Some),
            Self::Cancel(job) => client.cancel(*job).await.map(|()| None),
        }
    }
}

/// What a page says to the window.
#[derive(Clone, Debug)]
pub(super) enum Wish {
    /// Ask the daemon.
    Ask(Request),
    /// Open the page of this service.
    OpenService(String),
    /// Tell the person in a few words that something was done.
    Say(String),
    /// Tell the person in a sentence why something was not done.
    Explain(String),
}
