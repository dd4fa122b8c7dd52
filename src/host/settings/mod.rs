//! Where our settings of a service are kept, and how a change of them is tried.

mod block;
mod file;

use std::collections::BTreeMap;
use std::io;

use strum::{Display, IntoStaticStr};

use super::root::Root;
use crate::model::trial::ProcessId;

/// The line in a wrapper by which it is told as one of ours.
const OUR_WRAPPER: &str = "source /usr/lib/desktop-control/wrapper.sh";

/// The first and the last line of our block in the workspace's `.env`.
pub const BLOCK: [&str; 2] = [block::BEGIN, block::END];

/// How settings reach a service. The tokens are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum WriteMode {
    /// Our wrapper reads a file of ours. It uses a trial for one start by itself, also when the daemon never comes back.
    SettingsFile,
    /// A wrapper of somebody else reads the workspace's `.env`, where we keep one marked block.
    EnvFile,
}

/// What is known of a trial's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnTrial {
    /// The next start uses it.
    Next,
    /// The process that runs now has started with it.
    Now,
    /// No start uses it: there is none, or the one start that it was for is over.
    No,
    /// Every start uses it until it is taken back.
    Always,
}

/// Our settings of one service.
#[derive(Clone, Debug)]
pub struct Settings {
    root: Root,
    service: String,
    mode: WriteMode,
    /// Of the workspace's `.env`.
    env_file: String,
}

impl Settings {
    /// The settings of `service`, whose wrapper is found by its name. `workspace` is the folder that holds `.env`.
    #[must_use]
    pub fn of(root: &Root, service: &str, workspace: &str) -> Self {
        let wrapper = root.read(&format!("/opt/supervisor-scripts/{service}.sh")).ok().flatten();
        let ours = wrapper.is_some_and(|text| text.contains(OUR_WRAPPER));
        let mode = if ours { WriteMode::SettingsFile } else { WriteMode::EnvFile };
        let env_file = format!("{}/.env", workspace.trim_end_matches('/'));
        Self { root: root.clone(), service: service.to_owned(), mode, env_file }
    }

    /// How they reach the service.
    #[must_use]
    pub fn mode(&self) -> WriteMode {
        self.mode
    }

    /// The settings that are kept: environment variables.
    ///
    /// # Errors
    /// They cannot be read, or somebody else has written them.
    pub fn kept(&self) -> io::Result<BTreeMap<String, String>> {
        match self.mode {
            WriteMode::SettingsFile => file::kept(&self.root, &self.service),
            WriteMode::EnvFile => block::read(&self.root, &self.env_file),
        }
    }

    /// Lays the next start's settings out.
    ///
    /// # Errors
    /// They cannot be written; then nothing has changed.
    pub fn begin_trial(&self, after: &BTreeMap<String, String>, supervisor: ProcessId) -> io::Result<()> {
        match self.mode {
            WriteMode::SettingsFile => file::begin_trial(&self.root, &self.service, after, supervisor),
            WriteMode::EnvFile => block::write(&self.root, &self.env_file, after),
        }
    }

    /// Makes settings those of every start.
    ///
    /// # Errors
    /// They cannot be written; then nothing has changed.
    pub fn keep(&self, after: &BTreeMap<String, String>) -> io::Result<()> {
        match self.mode {
            WriteMode::SettingsFile => file::keep(&self.root, &self.service, after),
            WriteMode::EnvFile => block::write(&self.root, &self.env_file, after),
        }
    }

    /// Takes a trial back: every start from now on uses `before`.
    ///
    /// # Errors
    /// A file cannot be changed.
    pub fn revert(&self, before: &BTreeMap<String, String>) -> io::Result<()> {
        match self.mode {
            WriteMode::SettingsFile => file::end_trial(&self.root, &self.service),
            WriteMode::EnvFile => block::write(&self.root, &self.env_file, before),
        }
    }

    /// Forgets the trial once its settings are kept.
    ///
    /// # Errors
    /// A file cannot be removed.
    pub fn end_trial(&self) -> io::Result<()> {
        match self.mode {
            WriteMode::SettingsFile => file::end_trial(&self.root, &self.service),
            WriteMode::EnvFile => Ok(()),
        }
    }

    /// Which start uses the trial.
    #[must_use]
    pub fn on_trial(&self) -> OnTrial {
        match self.mode {
            WriteMode::SettingsFile => file::on_trial(&self.root, &self.service),
            WriteMode::EnvFile => OnTrial::Always,
        }
    }
}
