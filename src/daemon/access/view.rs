//! What the ways in are made of, beside the services behind them.

use crate::model::access::turn::Turn;
use crate::model::access::{Outside, Surroundings, Way, WayKind, WayState};

/// What is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AccessView {
    /// The machine's surroundings.
    pub(crate) surroundings: Surroundings,
    /// The stream's relay.
    pub(crate) turn: Turn,
    /// Whether the SSH server works, and why not; none while it has not been looked.
    pub(super) ssh: Option<(WayState, String)>,
}

impl AccessView {
    /// SSH, which supervisord does not run, as a way in.
    pub(crate) fn ssh(&self) -> Option<Way> {
        let (state, reason) = self.ssh.clone()?;
        Some(Way {
            kind: WayKind::Ssh,
            label: "SSH".into(),
            state,
            reason,
            address: format!("localhost:{}", self.surroundings.ssh_port),
            service: String::new(),
            outside: Outside::default(),
        })
    }
}
