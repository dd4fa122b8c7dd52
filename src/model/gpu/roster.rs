//! Who is there, as the looks at all GPUs tell one after the other: GPUs come, fail, are lost, and come back.

use std::collections::BTreeMap;

use super::facts::Facts;
use super::health::{Lasting, Verdict};
use super::history::History;
use super::sample::Sample;
use super::throttle::Throttle;
use super::trouble::{Fault, Trouble};
use super::xid::Xid;
use super::{Entry, Round};

/// A GPU that the driver lists no more is remembered for so long, in seconds.
const REMEMBERED: u64 = 600;

/// An error that the driver reported counts for so long, in seconds: nothing tells when it is over.
const REPORTED: u64 = 600;

/// One GPU.
#[derive(Clone, Debug, Default)]
pub struct Member {
    /// What it is.
    pub facts: Facts,
    /// The driver's version.
    pub driver: Option<String>,
    /// What it did when it was looked at last, and when that was (Unix time in seconds).
    pub sample: Option<(u64, Sample)>,
    /// What is wrong with it.
    pub trouble: Option<Trouble>,
    /// The error that the driver reported last, and when it was seen (Unix time in seconds).
    pub xid: Option<(u64, Xid)>,
    /// Its last minutes.
    pub history: History,
    throttled: Option<Throttle>,
    lasting: Lasting,
    /// When it was listed last.
    listed: u64,
}

impl Member {
    /// Whether it works.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let xid = self.xid.map(|(_, xid)| xid);
        Verdict::judge(self.trouble.as_ref(), xid, self.sample.is_some(), self.throttled)
    }
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    members: BTreeMap<String, Member>,
}

impl Roster {
    /// Everybody, by UUID.
    #[must_use]
    pub fn members(&self) -> &BTreeMap<String, Member> {
        &self.members
    }

    /// What keeps a GPU from telling who it is that nobody has known before.
    #[must_use]
    pub fn stranger<'r, T>(&self, round: &'r Round<T>) -> Option<&'r Trouble> {
        let known = |index| self.members.values().any(|member| member.facts.index == index);
        round.unreadable.iter().find(|gpu| !known(gpu.index)).map(|gpu| &gpu.trouble)
    }

    /// Takes in what the GPUs are, as told at `now`.
    pub fn learn(&mut self, round: &Round<Facts>, now: u64) {
        for Entry { uuid, told, trouble } in &round.gpus {
            let known = self.members.contains_key(uuid);
            let member = self.members.entry(uuid.clone()).or_default();
            // One that fails tells less than it did before.
            if !known || trouble.is_none() {
                member.facts = told.clone();
                member.driver.clone_from(&round.driver);
            }
            member.trouble.clone_from(trouble);
            member.listed = now;
        }
        self.miss(round, now);
    }

    /// Takes in what the GPUs do at `now`. Whether somebody has come, come back or gone, so that it has to be asked
    /// what they are: also the places of the others have changed then.
    pub fn look(&mut self, round: &Round<Sample>, now: u64) -> bool {
        let mut strangers = false;
        for Entry { uuid, told, trouble } in &round.gpus {
            let Some(member) = self.members.get_mut(uuid) else {
                strangers = true;
                continue;
            };
            strangers |= member.trouble.is_some() && trouble.is_none();
            member.trouble.clone_from(trouble);
            member.listed = now;
            if let Some(number) = told.xids.last() {
                member.xid = Some((now, Xid(*number)));
            }
            member.xid = member.xid.filter(|(at, _)| now.saturating_sub(*at) < REPORTED);
            if trouble.is_none() {
                member.throttled = member.lasting.step(told.suffers(), now);
                member.history.push(told.moment(now));
                member.sample = Some((now, told.clone()));
            }
        }
        self.miss(round, now) || strangers
    }

    /// Nobody can be asked.
    pub fn fail(&mut self, trouble: &Trouble) {
        for member in self.members.values_mut() {
            member.trouble = Some(trouble.clone());
        }
    }

    /// Deals with those that `round` does not list. Whether somebody of them was listed until now.
    fn miss<T>(&mut self, round: &Round<T>, now: u64) -> bool {
        let mut gone = false;
        let listed = |uuid: &str| round.gpus.iter().find(|entry| entry.uuid == uuid);
        self.members.retain(|uuid, member| {
            if listed(uuid).is_some() {
                return true;
            }
            // An instance goes when somebody divides its GPU anew; nothing is wrong then.
            let whole = member.facts.parent.as_deref().map(listed);
            if whole.is_some_and(|whole| whole.is_some_and(|whole| whole.trouble.is_none())) {
                gone = true;
                return false;
            }
            let unreadable = round.unreadable.iter().find(|gpu| gpu.index == member.facts.index);
            let vanished = || Trouble::new(Fault::Vanished, "the driver does not list it");
            gone |= unreadable.is_none() && member.trouble.is_none();
            member.trouble = Some(unreadable.map_or_else(vanished, |gpu| gpu.trouble.clone()));
            unreadable.is_some() || now.saturating_sub(member.listed) < REMEMBERED
        });
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Health, Unreadable};
    use super::*;

    fn round<T: Clone>(uuids: &[&str], told: &T) -> Round<T> {
        let entry = |uuid: &&str| Entry { uuid: (*uuid).into(), told: told.clone(), trouble: None };
        Round { driver: Some("580.95.05".into()), gpus: uuids.iter().map(entry).collect(), unreadable: vec![] }
    }

    fn facts(index: u32) -> Facts {
        Facts { index, name: Some(format!("GPU {index}")), ..Facts::default() }
    }

    fn busy() -> Sample {
        Sample { gpu_percent: Some(90), ..Sample::default() }
    }

    /// Two GPUs that were looked at once, at 100.
    fn two() -> Roster {
        let mut roster = Roster::default();
        let mut facts_of_both = round(&["GPU-a", "GPU-b"], &facts(0));
        facts_of_both.gpus[1].told.index = 1;
        roster.learn(&facts_of_both, 100);
        assert!(!roster.look(&round(&["GPU-a", "GPU-b"], &busy()), 100));
        roster
    }

    fn health(roster: &Roster, uuid: &str) -> Health {
        roster.members()[uuid].verdict().health
    }

    #[test]
    fn a_gpu_that_falls_off_the_bus_is_remembered_as_it_was() {
        let mut roster = two();
        let lost = Trouble::new(Fault::GpuIsLost, "fell off the bus");
        let mut look = round(&["GPU-a"], &busy());
        look.unreadable = vec![Unreadable { index: 1, trouble: lost.clone() }];
        assert!(!roster.look(&look, 101));
        assert_eq!((health(&roster, "GPU-a"), health(&roster, "GPU-b")), (Health::Ok, Health::Lost));
        let member = &roster.members()["GPU-b"];
        assert_eq!(member.facts.name.as_deref(), Some("GPU 0"));
        assert_eq!(member.sample.as_ref().map(|(at, sample)| (*at, sample.gpu_percent)), Some((100, Some(90))));
        assert_eq!(member.trouble.as_ref(), Some(&lost));
        assert_eq!(roster.stranger(&look), None);
        assert_eq!(Roster::default().stranger(&look), Some(&lost));
        roster.look(&look, 100_000);
        assert_eq!(roster.members().len(), 2, "it is still there, only lost");
        assert!(roster.look(&round(&["GPU-a", "GPU-b"], &busy()), 100_001), "it is back, so it is asked anew");
        assert_eq!(health(&roster, "GPU-b"), Health::Ok);
    }

    #[test]
    fn one_that_is_listed_no_more_is_forgotten_in_the_end() {
        let mut roster = two();
        assert!(roster.look(&round(&["GPU-a"], &busy()), 101), "the others may have moved up");
        assert_eq!(health(&roster, "GPU-b"), Health::Lost);
        assert!(!roster.look(&round(&["GPU-a"], &busy()), 699), "that is known");
        assert_eq!(roster.members().len(), 2);
        roster.look(&round(&["GPU-a"], &busy()), 701);
        assert_eq!(roster.members().keys().collect::<Vec<_>>(), ["GPU-a"]);
    }

    #[test]
    fn an_error_that_the_driver_reported_counts_for_a_while() {
        let mut roster = two();
        let mut look = round(&["GPU-a", "GPU-b"], &busy());
        look.gpus[1].told.xids = vec![31, 48];
        roster.look(&look, 101);
        assert_eq!((health(&roster, "GPU-a"), health(&roster, "GPU-b")), (Health::Ok, Health::Failing));
        look.gpus[1].told.xids.clear();
        roster.look(&look, 700);
        assert_eq!(health(&roster, "GPU-b"), Health::Failing);
        roster.look(&look, 701);
        assert_eq!(health(&roster, "GPU-b"), Health::Ok);
        look.gpus[0].told.xids = vec![31];
        roster.look(&look, 702);
        assert_eq!(health(&roster, "GPU-a"), Health::Ok, "a program's fault");
        assert_eq!(roster.members()["GPU-a"].xid, Some((702, Xid(31))));
    }

    #[test]
    fn instances_come_and_go_with_nothing_wrong() {
        let mut roster = two();
        let mut more = round(&["GPU-a", "GPU-b", "MIG-c"], &busy());
        assert!(roster.look(&more, 101), "somebody new");
        let mut told = round(&["GPU-a", "GPU-b", "MIG-c"], &facts(0));
        told.gpus[2].told.parent = Some("GPU-a".into());
        roster.learn(&told, 101);
        assert_eq!(health(&roster, "MIG-c"), Health::Unknown);
        more.gpus.pop();
        assert!(roster.look(&more, 102));
        assert!(!roster.members().contains_key("MIG-c"));
    }

    #[test]
    fn a_driver_that_fails_takes_nobodys_facts_away() {
        let mut roster = two();
        let mismatch = Trouble::new(Fault::LibRmVersionMismatch, "versions");
        roster.fail(&mismatch);
        assert_eq!((health(&roster, "GPU-a"), health(&roster, "GPU-b")), (Health::Failing, Health::Failing));
        let mut told = round(&["GPU-a", "GPU-b"], &Facts::default());
        told.gpus[0].trouble = Some(mismatch);
        roster.learn(&told, 102);
        assert_eq!(roster.members()["GPU-a"].facts.name.as_deref(), Some("GPU 0"));
        assert_eq!(roster.members()["GPU-b"].facts.name, None, "it is well and says so");
        assert!(told.drivers_trouble().is_some());
    }
}
