//! `desktopctl`: the daemon's verbs for shells, agents and tests.

mod access;
mod args;
mod autostart;
mod completions;
mod cuda;
mod exit;
mod gpu;
mod installer;
mod jobs;
mod logs;
mod man;
mod nearest;
mod output;
mod printable;
mod repository;
mod secret;
mod services;
mod status;
mod stream;
mod table;
mod vnc;
mod with_compat;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory, Parser};

use self::args::{Arguments, Command, Cuda, Installer, Jobs, Services};
use self::exit::Exit;
use self::output::Output;
use crate::api;
use crate::client::{self, Client};

/// Does what `arguments`, the first of which is the program's own name, say.
pub async fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return explain_usage(&error).into(),
    };
    let mut out = Output::standard(arguments.json);
    match obey(arguments, &mut out).await {
        Ok(()) => Exit::Done.into(),
        Err(failure) => {
            output::error(&format!("{failure}{}", failure.way_on()));
            Exit::from(&failure).into()
        }
    }
}

/// The definitions of all commands: what completions, the man page and the tests are made from.
#[must_use]
pub fn definitions() -> clap::Command {
    Arguments::command()
}

async fn obey(arguments: Arguments, out: &mut Output) -> Result<(), Failure> {
    let wait = arguments.wait.map(|seconds| Duration::from_secs(seconds.into()));
    match arguments.command {
        Command::Completions { shell } => Ok(out.raw(&completions::script(shell, definitions()))?),
        Command::Autostart { switch } => autostart::obey(switch, out),
        Command::Man => Ok(out.text(&man::page(definitions()))?),
        Command::Status => status::show(&Client::connect().await?, out).await,
        Command::Access { command } => access::obey(Client::connect().await?, out, command, wait).await,
        Command::Services { command } => {
            let client = Client::connect().await?;
            match command.unwrap_or(Services::List).into_verb() {
                Ok((verb, names)) => services::control(client, out, verb, &names, wait).await,
                Err(Services::Logs(wanted)) => logs::show(&client, out, &wanted).await,
                Err(_) => services::list(&client, out).await,
            }
        }
        Command::Stream { command } => stream::obey(Client::connect().await?, out, command, wait).await,
        Command::Gpu { command } => gpu::obey(Client::connect().await?, out, command).await,
        Command::Cuda { command: Some(Cuda::Installer(Installer::WithCompat { version, command })) } => {
            Err(with_compat::run(&version, &command).into())
        }
        Command::Cuda { command } => cuda::obey(Client::connect().await?, out, command, wait).await,
        Command::Vnc { command } => vnc::obey(Client::connect().await?, out, command, wait).await,
        Command::Jobs { command } => {
            let client = Client::connect().await?;
            match command.unwrap_or(Jobs::List) {
                Jobs::List => jobs::list(&client, out).await,
                Jobs::Follow { id } => jobs::follow(client, out, id, wait).await,
                Jobs::Cancel { id } => jobs::cancel(client, out, id, wait).await,
            }
        }
    }
}

/// Help and versions go to standard output, wrong usage to standard error, both in clap's words.
fn explain_usage(error: &clap::Error) -> Exit {
    let text = error.render().to_string();
    if error.use_stderr() {
        output::complain(&text);
        return Exit::Usage;
    }
    match Output::standard(false).text(&text) {
        Ok(()) => Exit::Done,
        Err(_) => Exit::Failed,
    }
}

/// Why a command did not do what it should, as one sentence.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Client(#[from] client::Error),
    #[error("{0}")]
    Autostart(String),
    #[error("No value could be read ({0}). Type it when it is asked for, or write it to standard input.")]
    Secret(io::Error),
    #[error("The output cannot be written ({0}). Make room where it goes, or send it elsewhere.")]
    Output(#[from] io::Error),
}

impl Failure {
    /// What this program can do about it: the daemon's sentences are for other programs too.
    fn way_on(&self) -> &'static str {
        match self {
            Self::Client(client::Error::Refused(api::Error::LastWayIn(_))) => " With --force it is done all the same.",
            _ => "",
        }
    }
}

impl From<api::Error> for Failure {
    fn from(error: api::Error) -> Self {
        Self::Client(error.into())
    }
}

impl From<&Failure> for Exit {
    fn from(failure: &Failure) -> Self {
        match failure {
            Failure::Client(error) => error.into(),
            Failure::Autostart(_) | Failure::Secret(_) | Failure::Output(_) => Self::Failed,
        }
    }
}
