//! What an installation writes down before it does anything, and what follows from that when it was cut off.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

use super::event::Outcome;
use super::profile::{Extra, Profile, Wanted};
use super::transaction::Transaction;
use crate::model::cuda::Release;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Request {
    /// Install a toolkit.
    Install {
        /// Its release.
        release: Release,
        /// How much of it.
        profile: Profile,
        /// What comes with it.
        #[serde(default)]
        extras: Vec<Extra>,
        /// It becomes the default.
        #[serde(default)]
        default: bool,
    },
    /// Remove a toolkit.
    Remove {
        /// Its release.
        release: Release,
    },
    /// Make a toolkit the default.
    SetDefault {
        /// Its release.
        release: Release,
    },
    /// Try a toolkit.
    Verify {
        /// Its release.
        release: Release,
    },
    /// Install a toolkit's forward compatibility libraries.
    EnableCompat {
        /// Its release.
        release: Release,
    },
    /// Put right what an interrupted installation left.
    Repair,
}

/// How far it is, as far as that matters to whoever finds it cut off. Only ever goes forward.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Display, EnumString, IntoStaticStr, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Stage {
    /// Nothing has changed yet.
    Begun,
    /// dpkg may have begun.
    Installing,
    /// All packages are installed.
    Installed,
    /// It failed, and what it had installed is being taken away.
    Undoing,
}

/// The journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// What was asked for.
    pub request: Request,
    /// How far it came.
    pub stage: Stage,
    /// The packages that were asked for.
    #[serde(default)]
    pub wanted: Vec<Wanted>,
    /// What apt had planned when nothing had changed yet. Its new packages are what undoing removes.
    #[serde(default)]
    pub planned: Transaction,
    /// How many times it was begun.
    pub attempts: u32,
    /// Why it is being undone.
    #[serde(default)]
    pub failure: Option<super::trouble::Trouble>,
    /// What is to be done afterwards: it was asked for when this was found cut off.
    #[serde(default)]
    pub next: Option<Request>,
    /// How it ended; then nothing is left to be done but to tell that.
    #[serde(default)]
    pub ended: Option<Outcome>,
}

/// So many times an installation that is cut off is begun again; what cuts it off may be itself.
pub const MOST_ATTEMPTS: u32 = 4;

/// What is done with an installation that was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Begin again; what was fetched is still there.
    Redo,
    /// Bring dpkg's work to its end, then begin again; what is installed already is no work.
    FinishThenRedo,
    /// Only what comes after the packages is to be done.
    Configure,
    /// Take away what was installed.
    Undo,
}

impl Journal {
    /// A new one.
    #[must_use]
    pub fn new(request: Request) -> Self {
        let planned = Transaction::default();
        Self {
            request,
            stage: Stage::Begun,
            wanted: Vec::new(),
            planned,
            attempts: 1,
            failure: None,
            next: None,
            ended: None,
        }
    }

    /// Adds what apt plans now to what it had planned before anything changed.
    pub fn remember(&mut self, wanted: Vec<Wanted>, transaction: &Transaction) {
        self.wanted = wanted;
        for change in &transaction.install {
            if self.planned.install.iter().all(|known| known.name != change.name) {
                self.planned.install.push(change.clone());
            }
        }
    }

    /// What is to be done now.
    #[must_use]
    pub fn recovery(&self) -> Recovery {
        let worn_out = self.attempts >= MOST_ATTEMPTS;
        match self.stage {
            Stage::Undoing => Recovery::Undo,
            Stage::Installing if worn_out => Recovery::Undo,
            Stage::Installing => Recovery::FinishThenRedo,
            Stage::Installed => Recovery::Configure,
            Stage::Begun => Recovery::Redo,
        }
    }
}

/// What dpkg says is broken: `dpkg --audit`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// The packages, by name.
    pub packages: Vec<String>,
}

impl Audit {
    /// Reads the output: blocks of a heading and lines with a package each, which are indented by one blank. Packages
    /// without check sums or of foreign architectures are told of, too, and work all the same.
    #[must_use]
    pub fn parse(output: &str) -> Self {
        let named = |line: &str| {
            let name = line.strip_prefix(' ')?.split_whitespace().next()?;
            (!line.starts_with("  ")).then(|| name.split(':').next().unwrap_or(name).to_owned())
        };
        let harmless = |block: &&str| !block.contains("md5sums") && !block.contains("architecture");
        let lines = output.split("\n\n").filter(harmless).flat_map(str::lines);
        let mut packages: Vec<String> = lines.filter_map(named).collect();
        packages.sort();
        packages.dedup();
        Self { packages }
    }

    /// Nothing is broken.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.packages.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cut_off_is_redone_finished_or_taken_back() {
        let mut journal = Journal::new(Request::Repair);
        assert_eq!(journal.recovery(), Recovery::Redo);
        journal.stage = Stage::Installing;
        assert_eq!(journal.recovery(), Recovery::FinishThenRedo);
        journal.attempts = MOST_ATTEMPTS;
        assert_eq!(journal.recovery(), Recovery::Undo, "it does not go on for ever");
        journal.stage = Stage::Installed;
        assert_eq!(journal.recovery(), Recovery::Configure);
        journal.stage = Stage::Undoing;
        assert_eq!(journal.recovery(), Recovery::Undo);
    }

    #[test]
    fn requests_travel_as_text() {
        let text = r#"{"do":"install","release":"12.9","profile":"compiler","extras":["nccl"],"default":true}"#;
        let request: Request = serde_json::from_str(text).expect("a request");
        assert_eq!(serde_json::to_string(&request).expect("text"), text);
        serde_json::from_str::<Request>(r#"{"do":"install","release":"12.9; reboot","profile":"compiler"}"#)
            .expect_err("no release");
    }

    /// As dpkg 1.21 prints it.
    #[test]
    fn dpkgs_audit_names_packages() {
        let output = "The following packages are only half configured, probably due to problems\nconfiguring them the \
            first time.  The configuration should be retried using\ndpkg --configure <package> or the configure menu \
            option in dselect:\n cuda-nvcc-12-9       CUDA nvcc\n libfoo:amd64         x\n\n";
        assert_eq!(Audit::parse(output).packages, ["cuda-nvcc-12-9", "libfoo"]);
        assert!(Audit::parse("").is_clean());
        let sums = "The following packages are missing the md5sums control file in the\ndatabase, they need to be \
            reinstalled:\n some-tool            x\n";
        assert!(Audit::parse(sums).is_clean());
    }
}
