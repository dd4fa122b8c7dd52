//! GPUs: what each is, what it does right now, whether it works and, if there is none, why.
//!
//! Everything is optional: MIG instances, old GPUs and ones with shared memory answer "not supported" to much, and what
//! cannot be told is absent, never 0. A GPU is known by its UUID; its place in NVIDIA's list changes when others go.

mod absence;
mod facts;
mod health;
mod history;
mod process;
mod roster;
mod sample;
mod throttle;
mod trouble;
mod xid;

pub use absence::{DeviceFiles, Presence};
pub use facts::{Ability, Codec, Facts, architecture};
pub use health::{Health, Verdict};
pub use history::{History, Moment};
pub use process::{Activity, Process, Session, merged};
pub use roster::{Member, Roster};
pub use sample::Sample;
pub use throttle::Throttle;
pub use trouble::{Fault, Trouble};
pub use xid::Xid;

use serde::{Deserialize, Serialize};

/// What one look at all GPUs brought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Round<T> {
    /// The driver's version.
    pub driver: Option<String>,
    /// The GPUs that have a name, in NVIDIA's order, the instances of one behind it.
    pub gpus: Vec<Entry<T>>,
    /// Those that do not even tell who they are.
    pub unreadable: Vec<Unreadable>,
}

/// One GPU's part in a [`Round`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry<T> {
    /// Who it is.
    pub uuid: String,
    /// What it said.
    pub told: T,
    /// What is wrong with it as a whole.
    pub trouble: Option<Trouble>,
}

/// A GPU that does not tell who it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unreadable {
    /// Its place in NVIDIA's list.
    pub index: u32,
    /// Why.
    pub trouble: Trouble,
}

impl<T> Default for Round<T> {
    fn default() -> Self {
        Self { driver: None, gpus: Vec::new(), unreadable: Vec::new() }
    }
}

impl<T> Round<T> {
    /// The same with something else told.
    pub fn map<U>(self, mut tell: impl FnMut(T) -> U) -> Round<U> {
        let entry = |Entry { uuid, told, trouble }| Entry { uuid, told: tell(told), trouble };
        Round { driver: self.driver, gpus: self.gpus.into_iter().map(entry).collect(), unreadable: self.unreadable }
    }

    /// What makes the driver as a whole useless, until it is loaded anew.
    #[must_use]
    pub fn drivers_trouble(&self) -> Option<&Trouble> {
        let troubles = self.gpus.iter().filter_map(|entry| entry.trouble.as_ref());
        let mut troubles = troubles.chain(self.unreadable.iter().map(|gpu| &gpu.trouble));
        troubles.find(|trouble| trouble.fault.is_the_drivers())
    }
}
