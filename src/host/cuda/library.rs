//! The daemon's side of the process that loads libcuda: starts it, listens, and kills it when it does not answer.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

use super::SUBCOMMAND;
use super::child::Line;
use crate::model::cuda::{Init, LibraryAnswer, LibraryTrouble, Release};

/// What is started.
#[derive(Clone, Debug)]
pub struct Program {
    /// The daemon's own.
    pub path: PathBuf,
    /// Besides our own environment, for tests.
    pub environment: Vec<(&'static str, PathBuf)>,
}

impl Default for Program {
    fn default() -> Self {
        Self { path: "/proc/self/exe".into(), environment: Vec::new() }
    }
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until it is known which library was loaded and what it brings.
    pub loaded: Duration,
    /// Until CUDA is initialised, which wakes every GPU.
    pub initialised: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { loaded: Duration::from_secs(10), initialised: Duration::from_secs(20) }
    }
}

/// Both lines together are not longer, in bytes.
const MOST_ANSWER: u64 = 64 * 1024;
/// How long the end of one that has hung up may take to be told.
const REAPED: Duration = Duration::from_secs(1);
/// Variables that would have the loader, or the driver, do something else than for everybody.
const FOREIGN: [&str; 3] = ["LD_PRELOAD", "LD_AUDIT", "CUDA_VISIBLE_DEVICES"];

/// Asks a library: an absolute path, or a name for the loader to find. `search` is where that looks first, as
/// `LD_LIBRARY_PATH` has it.
///
/// # Errors
/// The library says nothing. One that tells its version and then fails to initialise CUDA has answered.
pub async fn ask(
    program: &Program,
    limits: Limits,
    library: &Path,
    search: Option<OsString>,
) -> Result<LibraryAnswer, LibraryTrouble> {
    let not_asked = |error: std::io::Error| LibraryTrouble::NotAsked(error.to_string());
    let mut command = Command::new(&program.path);
    command.arg(SUBCOMMAND).arg(library).envs(program.environment.iter().map(|(name, value)| (name, value)));
    for name in FOREIGN {
        command.env_remove(name);
    }
    match search {
        Some(folders) => command.env("LD_LIBRARY_PATH", folders),
        None => command.env_remove("LD_LIBRARY_PATH"),
    };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().map_err(not_asked)?;
    let output = child.stdout.take().ok_or_else(|| not_asked(std::io::ErrorKind::BrokenPipe.into()))?;
    let mut lines = BufReader::new(output.take(MOST_ANSWER));
    let (file, version) = match tokio::time::timeout(limits.loaded, line(&mut lines)).await {
        Err(_) => return Err(LibraryTrouble::Hung),
        Ok(Ok(Some(Line::Loaded { file, version }))) => (file, version),
        Ok(Ok(Some(Line::Failed(trouble)))) => return Err(trouble),
        Ok(Ok(Some(Line::Initialised(_)))) => return Err(LibraryTrouble::NotAsked("it answered out of turn".into())),
        Ok(Ok(None)) => return Err(LibraryTrouble::Crashed(ended(child).await)),
        Ok(Err(error)) => return Err(not_asked(error)),
    };
    let init = match tokio::time::timeout(limits.initialised, line(&mut lines)).await {
        Err(_) => Init::Hung,
        Ok(Ok(Some(Line::Initialised(result)))) => Init::Returned(result),
        Ok(Ok(Some(Line::Failed(trouble)))) => return Err(trouble),
        Ok(Ok(Some(Line::Loaded { .. }))) => return Err(LibraryTrouble::NotAsked("it answered twice".into())),
        Ok(Ok(None)) => Init::Crashed(ended(child).await),
        Ok(Err(error)) => return Err(not_asked(error)),
    };
    Ok(LibraryAnswer { file, release: Release::from_api(version), init })
}

/// None if it has hung up.
async fn line(lines: &mut BufReader<tokio::io::Take<ChildStdout>>) -> std::io::Result<Option<Line>> {
    let mut text = Vec::new();
    lines.read_until(b'\n', &mut text).await?;
    if text.is_empty() { Ok(None) } else { Ok(Some(serde_json::from_slice(&text)?)) }
}

/// How a child ended that has hung up.
async fn ended(mut child: Child) -> String {
    match tokio::time::timeout(REAPED, child.wait()).await {
        Ok(Ok(status)) => status.signal().map_or_else(|| status.to_string(), |signal| format!("signal {signal}")),
        _ => "it hung up".into(),
    }
}
