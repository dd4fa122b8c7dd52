//! The daemon's command line, and that of the helpers that it starts of itself.

use std::ffi::OsString;
use std::path::PathBuf;

use super::install::{self, Task};
use crate::host::{cuda, gpu, window_manager};
use crate::model::command_line::{self, Error, Instead, Word};

const PROGRAM: &str = "desktop-controld";
const LOG_TEE: &str = "log-tee";
const HELP: &str = "\
Watches and controls the services of a streamed desktop, over D-Bus

Usage: desktop-controld --events | --poll | log-tee NAME

Commands:
  log-tee NAME   Carry a service's output from standard input to its log files

Options:
      --events   Be an event listener of supervisord, which must be the parent
      --poll     Ask supervisord again and again
  -h, --help     Print help
  -V, --version  Print version
";

/// What to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arguments {
    /// The daemon, as an event listener of supervisord.
    Events,
    /// The daemon, asking supervisord again and again.
    Poll,
    /// Carries the output of this service to its log files.
    LogTee(String),
    /// Looks for a window manager on a display, such as `:20`.
    WindowManagerProbe(String),
    /// Answers questions about the GPUs, with this library instead of the one that the system keeps.
    GpuProbe(Option<PathBuf>),
    /// Installs and removes CUDA toolkits.
    Installer(Task),
    /// Loads the driver's library, by its path or a name for the loader to find, and tries to initialise CUDA.
    CudaProbe(PathBuf),
}

/// The words, sorted.
#[derive(Default)]
struct Words {
    events: bool,
    poll: bool,
    library: Option<PathBuf>,
    values: Vec<OsString>,
}

/// Reads the command line.
///
/// # Errors
/// What to say instead.
pub fn read(words: impl IntoIterator<Item = OsString>) -> Result<Arguments, Instead> {
    let mut found = Words::default();
    command_line::read(PROGRAM, HELP, words, |word, rest| {
        match word {
            Word::Option(name) if name == "events" => found.events = true,
            Word::Option(name) if name == "poll" => found.poll = true,
            Word::Option(name) if name == "library" => found.library = Some(rest.value()?.into()),
            Word::Option(_) => return Ok(false),
            Word::Value(value) => found.values.push(value.clone()),
        }
        Ok(true)
    })?;
    found.meaning().map_err(|error| Instead::refused(HELP, &error))
}

impl Words {
    fn meaning(self) -> Result<Arguments, Error> {
        let text = |value: &OsString| value.to_string_lossy().into_owned();
        let helper = self.values.first().map(text).unwrap_or_default();
        let is_probe = helper == gpu::SUBCOMMAND;
        let stray = match self.values.get(if is_probe { 1 } else { 2 }) {
            Some(value) => Some(Word::Value(value.clone())),
            None if self.library.is_some() && !is_probe => Some(Word::Option("library".into())),
            None => None,
        };
        if let Some(stray) = stray {
            return Err(stray.unexpected());
        }
        let operand = || self.values.get(1).ok_or_else(|| Error::from(format!("{helper} needs to be told of what")));
        match (self.events, self.poll, helper.as_str()) {
            (true, false, "") => Ok(Arguments::Events),
            (false, true, "") => Ok(Arguments::Poll),
            (false, false, LOG_TEE) => Ok(Arguments::LogTee(text(operand()?))),
            (false, false, window_manager::SUBCOMMAND) => Ok(Arguments::WindowManagerProbe(text(operand()?))),
            (false, false, gpu::SUBCOMMAND) => Ok(Arguments::GpuProbe(self.library)),
            (false, false, cuda::SUBCOMMAND) => Ok(Arguments::CudaProbe(operand()?.into())),
            (false, false, install::SUBCOMMAND) => {
                let task = text(operand()?);
                task.parse().map(Arguments::Installer).map_err(|_| Error::from(format!("there is no task '{task}'")))
            }
            (false, false, "") => Err("one of --events and --poll is needed".into()),
            (false, false, _) => Err(Word::Value(helper.into()).unexpected()),
            _ => Err("--events, --poll and a command do not go together".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, Instead> {
        read(std::iter::once(PROGRAM).chain(line.split_whitespace()).map(OsString::from))
    }

    #[test]
    fn what_it_can_be_is_what_it_is_told() {
        let told = [
            ("--events", Arguments::Events),
            ("--poll", Arguments::Poll),
            ("log-tee selkies", Arguments::LogTee("selkies".into())),
            ("window-manager-probe :20", Arguments::WindowManagerProbe(":20".into())),
            ("gpu-probe", Arguments::GpuProbe(None)),
            ("gpu-probe --library /lib/nvml.so", Arguments::GpuProbe(Some("/lib/nvml.so".into()))),
            ("cuda-probe libcuda.so.1", Arguments::CudaProbe("libcuda.so.1".into())),
            ("installer restore", Arguments::Installer(Task::Restore)),
            ("installer run", Arguments::Installer(Task::Run)),
        ];
        for (line, expected) in told {
            assert_eq!(parse(line), Ok(expected), "{line}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let wrong = [
            ("", "one of --events and --poll"),
            ("--events --poll", "do not go together"),
            ("--events log-tee selkies", "do not go together"),
            ("log-tee", "needs to be told of what"),
            ("log-tee selkies x11vnc", "x11vnc"),
            ("--poll --library /lib/nvml.so", "--library"),
            ("gpu-probe /lib/nvml.so", "/lib/nvml.so"),
            ("gpu-probe --library", "--library"),
            ("installer everything", "there is no task 'everything'"),
            ("nonsense", "nonsense"),
            ("--nonsense", "--nonsense"),
        ];
        for (line, named) in wrong {
            let mut complaint = Vec::new();
            parse(line).expect_err(line).say(std::io::sink(), &mut complaint);
            let complaint = String::from_utf8(complaint).expect("text");
            assert!(complaint.starts_with("error: ") && complaint.contains(named), "{line}: {complaint}");
        }
    }
}
