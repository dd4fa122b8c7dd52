//! What `desktopctl cuda` can install and remove, as it is defined.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::client::{InstallerVerb, ToolkitWish};

/// What to do with toolkits.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Installer {
    /// List the toolkits that the package repository has, and whether each will run here
    Available,
    /// Show what installing a toolkit would do
    Plan {
        #[command(flatten)]
        wanted: Wanted,
    },
    /// Install a toolkit; the driver is never touched
    Install {
        #[command(flatten)]
        wanted: Wanted,
        /// Make it the default, also where another one is
        #[arg(long)]
        default: bool,
        /// Do not ask whether what is planned is right
        #[arg(long, short)]
        yes: bool,
    },
    /// Remove a toolkit with all its packages
    Remove {
        /// Such as 12.9
        version: String,
        /// Do not ask whether what is planned is right
        #[arg(long, short)]
        yes: bool,
    },
    /// Make an installed toolkit the default
    Default {
        /// Such as 12.9
        version: String,
    },
    /// Install a toolkit's forward compatibility libraries, where they are of use
    ///
    /// With them a program can use a newer CUDA than the driver runs, on the GPUs that they are made for. No program
    /// gets them by itself: `desktopctl cuda with-compat` runs one with them.
    EnableCompat {
        /// Such as 12.9
        version: String,
        /// Do not ask whether what is planned is right
        #[arg(long, short)]
        yes: bool,
    },
    /// Try an installed toolkit: its compiler, the loader, and a kernel on the GPU
    Verify {
        /// Such as 12.9
        version: String,
    },
    /// Put right what an interrupted installation has left
    Repair,
    /// Show where packages come from, or have them come from a mirror
    ///
    /// A mirror is a flat repository, as NVIDIA's are, and is used only with the key that signs it. It goes before what
    /// the configuration names. Nothing is fetched: `desktopctl cuda available` does that.
    Repository(Source),
    /// Run one program with a toolkit's forward compatibility libraries
    ///
    /// They stand in for the driver's own in that program alone: with them CUDA cannot share memory with OpenGL and
    /// Vulkan, so they are not for the whole desktop.
    WithCompat {
        /// Such as 12.9
        version: String,
        /// The program and its arguments
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
}

/// A toolkit, and how much of it.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct Wanted {
    /// Such as 12.9
    version: String,
    /// How much of it
    #[arg(long, short, value_enum, default_value_t = Profile::Development)]
    profile: Profile,
    /// What comes with it; can be given several times
    #[arg(long, value_enum)]
    extra: Vec<Extra>,
}

/// Where packages come from.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct Source {
    /// The address of a mirror: https://, http:// or file:///
    #[arg(long, requires = "key")]
    pub(in crate::cli) url: Option<String>,
    /// The file with the public key that signs it
    #[arg(long, value_name = "FILE", requires = "url")]
    pub(in crate::cli) key: Option<PathBuf>,
    /// Take that key only if it has this fingerprint
    #[arg(long, requires = "url")]
    pub(in crate::cli) fingerprint: Option<String>,
    /// Forget the mirror that was set: back to what the configuration names, or to NVIDIA's own
    #[arg(long, conflicts_with_all = ["url", "key", "fingerprint"])]
    pub(in crate::cli) reset: bool,
}

/// How much of a toolkit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Profile {
    /// What programs need to run
    Runtime,
    /// The compiler and the runtime's headers
    Compiler,
    /// Everything that programs are built with
    Development,
    /// That and the profilers
    Full,
}

/// What is published beside toolkits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Extra {
    /// Neural networks
    Cudnn,
    /// Several GPUs together
    Nccl,
    /// Libraries that stand in for those of an older driver; not used unless a program asks
    ForwardCompatibility,
}

impl Wanted {
    /// As the daemon is asked for it.
    pub(in crate::cli) fn wish(&self, default: bool) -> ToolkitWish {
        let word = |value: Option<clap::builder::PossibleValue>| {
            value.map_or_else(String::new, |value| value.get_name().to_owned())
        };
        ToolkitWish {
            release: self.version.clone(),
            profile: word(self.profile.to_possible_value()),
            extras: self.extra.iter().map(|extra| word(extra.to_possible_value())).collect(),
            default,
        }
    }
}

impl Installer {
    /// For commands that begin a job: what it is to do, and whether it is not to be asked about first.
    pub(in crate::cli) fn verb(&self) -> Option<(InstallerVerb, bool)> {
        Some(match self {
            Self::Install { wanted, default, yes } => (InstallerVerb::Install(wanted.wish(*default)), *yes),
            Self::Remove { version, yes } => (InstallerVerb::Remove(version.clone()), *yes),
            Self::Default { version } => (InstallerVerb::SetDefault(version.clone()), true),
            Self::EnableCompat { version, yes } => (InstallerVerb::EnableCompat(version.clone()), *yes),
            Self::Verify { version } => (InstallerVerb::Verify(version.clone()), true),
            Self::Repair => (InstallerVerb::Repair, true),
            Self::Available | Self::Plan { .. } | Self::Repository(_) | Self::WithCompat { .. } => return None,
        })
    }
}
