//! The command line as it is defined; help, completions and manual page are all made from this.

mod access;
mod cuda;
mod gpu;
mod installer;
mod stream;
mod vnc;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(super) use self::access::{Access, Tunnel};
pub(super) use self::cuda::Cuda;
pub(super) use self::gpu::Gpu;
pub(super) use self::installer::{Installer, Source};
pub(super) use self::stream::{Set, Stream};
pub(super) use self::vnc::Vnc;
use super::exit;
use crate::client::Verb;

/// Shows and controls the services of this desktop and its stream.
///
/// Everything is asked of the control service, desktop-controld, over the system bus.
#[derive(Debug, Parser)]
#[command(name = "desktopctl", version, after_help = exit::table(), max_term_width = 100)]
pub(super) struct Arguments {
    /// Write one JSON document instead of text
    ///
    /// Fields are named as the D-Bus properties, in snake case. Times are RFC 3339, sizes are bytes, null stands for
    /// what there is none of. Errors go to standard error as sentences all the same.
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// How long to wait for each job [default: 120, and no limit for `jobs follow`]
    ///
    /// With 0 a job is only begun, and its number is told. Several services are then begun at once, in no order.
    ///
    /// A change of the stream's settings is waited for until it works and you are asked. With this option, until it is
    /// kept or taken back.
    #[arg(long, global = true, value_name = "SECONDS")]
    pub(super) wait: Option<u32>,
    /// What to do
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Tell whether everything is all right
    ///
    /// The exit code is 0 whenever the control service answers, also when there is trouble.
    Status,
    /// Show the ways into this desktop, and open tunnels to them
    Access {
        /// `show` if none is given
        #[command(subcommand)]
        command: Option<Access>,
    },
    /// List and control the services of this desktop
    Services {
        /// `list` if none is given
        #[command(subcommand)]
        command: Option<Services>,
    },
    /// Show and change the settings of the stream
    Stream {
        /// `show` if none is given
        #[command(subcommand)]
        command: Option<Stream>,
    },
    /// Show the NVIDIA GPUs: what they do, who uses them, whether they work
    Gpu {
        /// `show` if none is given
        #[command(subcommand)]
        command: Option<Gpu>,
    },
    /// Show which CUDA the driver runs and the toolkits, install and remove them
    Cuda {
        /// `show` if none is given
        #[command(subcommand)]
        command: Option<Cuda>,
    },
    /// Show and change how this desktop is reached by VNC, and who is connected
    Vnc {
        /// `show` if none is given
        #[command(subcommand)]
        command: Option<Vnc>,
    },
    /// List and follow what the control service is at work on
    Jobs {
        /// `list` if none is given
        #[command(subcommand)]
        command: Option<Jobs>,
    },
    /// Tell whether the tray icon starts with the desktop, or switch that on or off
    ///
    /// For the user who runs it, in that user's own file. Needs no control service. A tray icon that is there stays,
    /// and none is started now.
    Autostart {
        /// Without it, nothing is changed
        switch: Option<Switch>,
    },
    /// Write a completion script for a shell
    ///
    /// For bash: `desktopctl completions bash > /usr/share/bash-completion/completions/desktopctl`.
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual page
    ///
    /// To read it: `desktopctl man | man -l -`.
    Man,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Switch {
    /// It starts with the desktop
    On,
    /// It does not
    Off,
}

/// What to do with services.
#[derive(Debug, Subcommand)]
pub(super) enum Services {
    /// List the services: state, health, since when, and why
    List,
    /// Start services, in the order in which they need each other
    Start {
        #[command(flatten)]
        names: Names,
        /// Start everything that they need first
        #[arg(long)]
        with_dependencies: bool,
    },
    /// Stop services, in the reverse order
    Stop {
        #[command(flatten)]
        names: Names,
        /// Also where that ends the control of services, or cuts the last way in
        #[arg(long)]
        force: bool,
    },
    /// Stop services and start them again; stopped ones are started
    Restart {
        #[command(flatten)]
        names: Names,
        /// Restart everything running that needs them too
        #[arg(long)]
        with_dependents: bool,
    },
    /// Show the log of a service
    ///
    /// The bytes as the service wrote them; on a terminal, what could harm it is made visible instead. With --json,
    /// one object a line: {"line": "…"}.
    Logs(Logs),
}

/// Which services.
#[derive(Args, Debug)]
pub(super) struct Names {
    /// As `desktopctl services` lists them
    #[arg(required = true, value_name = "NAME")]
    pub(super) names: Vec<String>,
}

/// Which part of which log.
#[derive(Args, Debug)]
pub(super) struct Logs {
    /// As `desktopctl services` lists it
    pub(super) name: String,
    /// How many of the last lines
    #[arg(short = 'n', long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(..=100_000))]
    pub(super) lines: u32,
    /// Go on with what the service writes from now on
    #[arg(short, long)]
    pub(super) follow: bool,
}

/// What to do with jobs.
#[derive(Debug, Subcommand)]
pub(super) enum Jobs {
    /// List the jobs; those that are over are kept for a minute at least
    List,
    /// Wait for the end of a job and tell how it ended
    Follow {
        /// The number of the job
        id: u64,
    },
    /// Ask a job to stop, and wait until it has
    Cancel {
        /// The number of the job
        id: u64,
    },
}

impl Services {
    /// For commands that change something: what, and to which services.
    pub(super) fn into_verb(self) -> Result<(Verb, Vec<String>), Self> {
        match self {
            Self::Start { names, with_dependencies } => Ok((Verb::Start { with_dependencies }, names.names)),
            Self::Stop { names, force } => Ok((Verb::Stop { force }, names.names)),
            Self::Restart { names, with_dependents } => Ok((Verb::Restart { with_dependents }, names.names)),
            other => Err(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn global_options_stand_anywhere() {
        let arguments = Arguments::try_parse_from(["desktopctl", "services", "start", "a", "b", "--json", "--wait=0"]);
        let arguments = arguments.unwrap();
        assert!(arguments.json && arguments.wait == Some(0));
        let Command::Services { command: Some(command) } = arguments.command else { panic!("services") };
        let (verb, names) = command.into_verb().unwrap();
        assert_eq!((verb, names.len()), (Verb::Start { with_dependencies: false }, 2));
    }
}
