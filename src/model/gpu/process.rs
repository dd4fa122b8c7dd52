//! Who uses a GPU.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

use super::facts::Codec;

/// What a process does with a GPU. The tokens are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString, IntoStaticStr, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Activity {
    /// It draws.
    Graphics,
    /// It computes.
    Compute,
    /// It does both.
    Both,
}

/// A process as the driver knows it. Its number may be one of another container, or of the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// What it does.
    pub activity: Activity,
    /// What it holds of the GPU's memory, in bytes.
    pub memory: Option<u64>,
}

/// An encoder session of the GPU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Who has opened it; as with [`Process`].
    pub pid: u32,
    /// What it encodes; none for what is newer than this program.
    pub codec: Option<Codec>,
    /// Size of the picture in pixels.
    pub width: u32,
    /// See `width`.
    pub height: u32,
    /// Frames a second.
    pub fps: u32,
    /// In microseconds.
    pub latency: u32,
}

/// The two lists of a GPU as one: a process that stands in both is told once. By number.
#[must_use]
pub fn merged(graphics: &[(u32, Option<u64>)], compute: &[(u32, Option<u64>)]) -> Vec<Process> {
    let mut all: BTreeMap<u32, Process> = BTreeMap::new();
    let graphics = graphics.iter().map(|one| (one, Activity::Graphics));
    for (&(pid, memory), activity) in graphics.chain(compute.iter().map(|one| (one, Activity::Compute))) {
        let known = all.entry(pid).or_insert(Process { pid, activity, memory });
        if known.activity != activity {
            known.activity = Activity::Both;
        }
        // Both lists tell the same memory, not each a part of it.
        known.memory = known.memory.max(memory);
    }
    all.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_draws_and_computes_is_told_once() {
        let both = merged(&[(7, Some(10)), (5, None)], &[(7, Some(12)), (9, Some(3))]);
        let told: Vec<_> = both.iter().map(|one| (one.pid, one.activity, one.memory)).collect();
        let expected = [(5, Activity::Graphics, None), (7, Activity::Both, Some(12)), (9, Activity::Compute, Some(3))];
        assert_eq!(told, expected);
    }
}
