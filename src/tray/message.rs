//! A notification, before anybody shows it.

use super::model::{Action, ICON_ATTENTION};

/// Messages of one slot replace each other in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Slot {
    /// How the services are.
    Services,
    /// Whether settings on trial are to be kept, and how that ended.
    Trial,
    /// What is wrong with GPUs.
    Gpus,
    /// How an installation ended.
    Install,
    /// The answer to what was clicked.
    Answer,
}

impl Slot {
    /// Its message says how something is, which is still worth being said to who comes later.
    pub(super) fn lasts(self) -> bool {
        matches!(self, Self::Services | Self::Trial | Self::Gpus | Self::Install)
    }
}

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    /// Can be overlooked.
    Low,
    /// Should be seen.
    Normal,
    /// Must be seen, and stays until it is.
    Critical,
}

impl Urgency {
    /// As the Desktop Notifications Specification numbers it.
    pub(super) fn level(self) -> u8 {
        match self {
            Self::Low => 0,
            Self::Normal => 1,
            Self::Critical => 2,
        }
    }
}

/// What is to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// What it is about.
    pub(super) summary: String,
    /// More; plain text, lines.
    pub(super) body: String,
    /// How much it matters.
    pub(super) urgency: Urgency,
    /// Nobody needs it later.
    pub(super) transient: bool,
    /// Its icon's name.
    pub(super) icon: &'static str,
    /// What a click on it does.
    pub(super) click: Action,
    /// Its buttons: what each says and does.
    pub(super) buttons: Vec<(&'static str, Action)>,
}

impl Message {
    /// Something that was asked for has been done.
    pub(super) fn done(summary: &str, body: &str) -> Self {
        Self {
            summary: summary.into(),
            body: body.into(),
            urgency: Urgency::Low,
            transient: true,
            icon: crate::api::APP_ID,
            click: Action::OpenWindow,
            buttons: Vec::new(),
        }
    }

    /// Something that was asked for has not been done.
    pub(super) fn refused(summary: &str, why: &str) -> Self {
        Self { urgency: Urgency::Normal, transient: false, icon: ICON_ATTENTION, ..Self::done(summary, why) }
    }
}
