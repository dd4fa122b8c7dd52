//! What the overview says of the stream is kept fresh while somebody looks at it: a lease of the daemon's.

use std::os::fd::OwnedFd;

/// Whether the lease is held.
#[derive(Debug, Default)]
pub(super) enum Glance {
    /// Nobody looks.
    #[default]
    Away,
    /// The daemon has been asked for it, and has perhaps refused.
    Asked,
    /// It is.
    Held { _lease: OwnedFd },
}

impl Glance {
    /// Somebody looks, or nobody does. Whether the daemon has to be asked now.
    pub(super) fn turn(&mut self, looks: bool) -> bool {
        match (looks, &self) {
            (false, _) => *self = Self::Away,
            (true, Self::Away) => {
                *self = Self::Asked;
                return true;
            }
            (true, Self::Asked | Self::Held { .. }) => {}
        }
        false
    }

    /// The daemon has answered. What nobody needs any more ends here.
    pub(super) fn take(&mut self, lease: Option<OwnedFd>) {
        if let (Self::Asked, Some(lease)) = (&self, lease) {
            *self = Self::Held { _lease: lease };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease() -> OwnedFd {
        std::fs::File::open("/dev/null").expect("there").into()
    }

    #[test]
    fn the_daemon_is_asked_once_for_each_look() {
        let mut glance = Glance::default();
        assert!(!glance.turn(false));
        assert!(glance.turn(true) && !glance.turn(true));
        glance.take(Some(lease()));
        assert!(matches!(glance, Glance::Held { .. }) && !glance.turn(true));
        glance.turn(false);
        glance.take(Some(lease()));
        assert!(matches!(glance, Glance::Away), "an answer that comes too late");
        assert!(glance.turn(true));
        glance.take(None);
        assert!(!glance.turn(true), "who was refused does not ask again and again");
    }
}
