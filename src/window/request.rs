//! What pages ask for. Requests go up to the window, facts come down to the pages; no page shows what it has only asked
//! for.

use super::page::Page;
use crate::client::{Change, Client, Error, InstallerVerb, Terms, Verb, VncChange};
use crate::model::vnc::SERVICE;

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
    /// Changes something about VNC.
    Vnc {
        /// What.
        change: VncChange,
        /// supervisord's name of the service that it is about.
        service: String,
        /// Also where that cuts somebody off.
        force: bool,
    },
    /// Hangs up on all VNC viewers.
    DisconnectVnc,
    /// Opens or closes the quick tunnel to a target.
    Tunnel {
        /// The target.
        target: String,
        /// Opens it.
        open: bool,
    },
    /// Has the installer of CUDA do something.
    Installer(InstallerVerb),
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
            Self::Vnc { change, force, .. } => {
                client.change_vnc(change, *force).await.map(|job| job.map_or(Granted::Done, Granted::Job))
            }
            Self::DisconnectVnc => client.disconnect_vnc().await.map(|_| Granted::Done),
            Self::Tunnel { target, open } => client.set_tunnel(target, *open).await.map(Granted::Job),
            Self::Installer(verb) => client.begin_install(verb).await.map(Granted::Job),
            Self::EndProcess { gpu, process, force } => {
                client.end_gpu_process(gpu, *process, *force).await.map(|()| Granted::Done)
            }
        }
    }

    /// What it is about: a service, by supervisord's name, or what a quick tunnel leads to. Pages ask nothing else about
    /// that until it is answered.
    pub(super) fn target(&self) -> Option<&str> {
        match self {
            Self::Control(target, _) | Self::Vnc { service: target, .. } | Self::Tunnel { target, .. } => Some(target),
            Self::DisconnectVnc => Some(SERVICE),
            _ => None,
        }
    }

    /// The same also where it cuts somebody off; none where nobody can insist, or somebody does already.
    pub(super) fn insisted(&self) -> Option<Self> {
        match self {
            Self::Control(service, Verb::Stop { force: false }) => {
                Some(Self::Control(service.clone(), Verb::Stop { force: true }))
            }
            Self::Vnc { change, service, force: false } => {
                Some(Self::Vnc { change: change.clone(), service: service.clone(), force: true })
            }
            _ => None,
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
    /// Open the wizard that installs toolkits, or shows what is at work.
    Install,
    /// Tell the person in a few words that something was done.
    Say(String),
    /// Tell the person in a sentence why something was not done.
    Explain(String),
}
