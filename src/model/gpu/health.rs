//! Whether a GPU works, and why it is thought so.

use strum::{Display, EnumString, IntoStaticStr};

use super::throttle::Throttle;
use super::trouble::Trouble;
use super::xid::Xid;

/// The verdict on a GPU. The tokens are wire format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Display, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Health {
    /// It works.
    Ok,
    /// It works, but is slowed down by heat or by its power supply, and has been for a while.
    Throttled,
    /// It is there and does not work.
    Failing,
    /// It is gone; what is told of it is what was known last.
    Lost,
    /// Cannot be told; the reason says why.
    #[default]
    Unknown,
}

/// The verdict and its reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Which.
    pub health: Health,
    /// Why, and what to do; empty where all is well.
    pub reason: String,
}

impl Verdict {
    /// Judges by what was found last.
    #[must_use]
    pub fn judge(trouble: Option<&Trouble>, xid: Option<Xid>, seen: bool, throttled: Option<Throttle>) -> Self {
        use super::trouble::Fault;
        let xid = xid.filter(|xid| !xid.is_a_programs());
        match (trouble, xid, throttled) {
            (Some(trouble), ..) => {
                let health = match trouble.fault {
                    Fault::GpuIsLost | Fault::Vanished | Fault::Uninitialized => Health::Lost,
                    // These say something of whoever asked, and nothing of the GPU.
                    Fault::ProbeFailed | Fault::NoPermission => Health::Unknown,
                    _ => Health::Failing,
                };
                Self { health, reason: trouble.sentence() }
            }
            (None, Some(xid), _) => Self { health: Health::Failing, reason: xid.sentence() },
            (None, None, _) if !seen => {
                Self { health: Health::Unknown, reason: "It has not been looked at yet.".into() }
            }
            (None, None, Some(reason)) => {
                let reason = format!("It has been slowed down for a while: {}.", reason.words());
                Self { health: Health::Throttled, reason }
            }
            (None, None, None) => Self { health: Health::Ok, reason: String::new() },
        }
    }
}

/// So long something has to last before it is told, and to be over before it is taken back, in seconds.
const LASTS: u64 = 10;

/// A state that flickers, as something calmer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lasting {
    now: Option<Throttle>,
    since: u64,
    told: Option<Throttle>,
}

impl Lasting {
    /// Takes in what is at `at`; what is told of it.
    pub(super) fn step(&mut self, now: Option<Throttle>, at: u64) -> Option<Throttle> {
        if now.is_some() != self.now.is_some() {
            self.since = at;
        }
        self.now = now;
        if at.saturating_sub(self.since) >= LASTS {
            self.told = now;
        }
        self.told
    }
}

#[cfg(test)]
mod tests {
    use super::super::trouble::Fault;
    use super::*;

    #[test]
    fn what_is_wrong_decides_and_what_to_do_is_said() {
        let verdict = |fault| Verdict::judge(Some(&Trouble::new(fault, "words")), Some(Xid(48)), true, None);
        assert_eq!(verdict(Fault::GpuIsLost).health, Health::Lost);
        assert!(verdict(Fault::GpuIsLost).reason.contains("Restart the instance"));
        assert_eq!(verdict(Fault::ProbeHung).health, Health::Failing);
        assert_eq!(verdict(Fault::NoPermission).health, Health::Unknown);
        assert_eq!(Verdict::judge(None, None, false, None).health, Health::Unknown);
        assert_eq!(
            Verdict::judge(None, Some(Xid(31)), true, None),
            Verdict { health: Health::Ok, reason: String::new() }
        );
        let reported = Verdict::judge(None, Some(Xid(48)), true, Some(Throttle::Heat));
        assert_eq!((reported.health, reported.reason.contains("Xid 48")), (Health::Failing, true));
        let hot = Verdict::judge(None, None, true, Some(Throttle::Heat));
        assert_eq!((hot.health, hot.reason.contains("too hot")), (Health::Throttled, true));
    }

    #[test]
    fn only_what_lasts_is_told() {
        let mut lasting = Lasting::default();
        let heat = Some(Throttle::Heat);
        for (at, now, told) in [
            (100, None, None),
            (101, heat, None),
            (105, None, None),
            (106, heat, None),
            (115, heat, None),
            (116, heat, heat),
            (117, None, heat),
            (120, heat, heat),
            (121, None, heat),
            (131, None, None),
        ] {
            assert_eq!(lasting.step(now, at), told, "{at}");
        }
    }
}
