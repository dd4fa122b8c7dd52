//! What pages ask for. Requests go up to the window, facts come down to the pages; no page shows what it has only asked
//! for.

use super::page::Page;
use crate::client::{Change, Client, Error, Terms, Verb};

/// Something that the daemon is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// Starts, stops or restarts a service.
    Control(String, Verb),
    /// Asks a job to stop.
    Cancel(u64),
    /// Tries other settings of the stream.
    Stream(Change),
    /// Keeps what the change of this number has brought.
    Keep {
        /// The number.
        change: u64,
        /// Also while nobody sees whether it works.
        force: bool,
    },
    /// Takes the change of this number back.
    GoBack(u64),
    /// Asks a process that uses a GPU to end.
    EndProcess {
        /// The GPU's UUID.
        gpu: String,
        /// Its number, and when it started.
        process: (u32, u64),
        /// Ends it at once.
        force: bool,
    },
}

/// How the daemon has granted something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Granted {
    /// It is done, or what is done shows by itself.
    Done,
    /// The job of this number does it.
    Job(u64),
    /// There was nothing to do.
    Nothing,
}

impl Request {
    /// Asks the daemon.
    pub(super) async fn ask(&self, client: &Client) -> Result<Granted, Error> {
        match self {
            Self::Control(service, verb) => client.control(service, *verb).await.map(Granted::Job),
            Self::Cancel(job) => client.cancel(*job).await.map(|()| Granted::Done),
            Self::Stream(change) => {
                let begun = client.change_stream(change, Terms::default()).await?;
                Ok(begun.map_or(Granted::Nothing, |_| Granted::Done))
            }
            Self::Keep { change, force } => client.keep(*change, *force).await.map(|()| Granted::Done),
            Self::GoBack(change) => client.revert(*change).await.map(|()| Granted::Done),
            Self::EndProcess { gpu, process, force } => {
                client.end_gpu_process(gpu, *process, *force).await.map(|()| Granted::Done)
            }
        }
    }
}

/// What a page says to the window.
#[derive(Clone, Debug)]
pub(super) enum Wish {
    /// Ask the daemon.
    Ask(Request),
    /// Open this page.
    Open(Page),
    /// Open the page of this service.
    OpenService(String),
    /// Open the page of the GPU with this UUID.
    OpenGpu(String),
    /// Tell the person in a few words that something was done.
    Say(String),
    /// Tell the person in a sentence why something was not done.
    Explain(String),
}
