//! Whether a change would close the last way into the desktop, or the one by which its author may have come.

use std::collections::BTreeSet;

use super::access::{Way, WayKind, WayState, one_through_the_other};
use super::order::{Needs, with_dependents};
use super::text::quoted;
use super::vnc::{self, Exposure, Gateway, Through, Viewer};

/// What is to be done with a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// It is stopped.
    Stop,
    /// It is stopped, and does not start again by itself.
    TurnOff,
    /// Whoever comes in through it can look and not touch.
    ViewOnly,
}

/// From where somebody asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// From a login by SSH.
    Ssh,
    /// From a program on the desktop.
    Desktop,
    /// From somewhere else, or it cannot be told.
    #[default]
    Elsewhere,
}

/// All that a change is judged by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// The ways in, as they were known.
    pub ways: Vec<Way>,
    /// What each service needs.
    pub needs: Needs,
    /// Services behind ways that were asked just now and did not answer.
    pub silent: BTreeSet<String>,
    /// Services that are about to end anyway.
    pub ending: Vec<String>,
    /// Who comes by VNC can look and not touch.
    pub look_only: bool,
    /// From where the author asks,
    pub origin: Origin,
    /// and by which ways they may have come.
    pub likely: Vec<WayKind>,
    /// Who is connected by VNC.
    pub viewers: Vec<Viewer>,
}

impl Circumstances {
    /// The ways as they really are, or are about to be.
    fn ways(&self) -> Vec<Way> {
        let ending = with_dependents(&self.ending, &self.needs);
        let mut ways: Vec<Way> = self.ways.iter().filter(|way| way.shows_desktop()).cloned().collect();
        for way in ways.iter_mut().filter(|way| way.state == WayState::Working) {
            if ending.contains(&way.service) {
                way.state = WayState::Off;
            } else if self.silent.contains(&way.service) {
                way.state = WayState::Broken;
            }
        }
        one_through_the_other(ways, &self.needs)
    }

    /// Why `act` should not be done with `service` without a second thought: one way in works now, and none would
    /// afterwards. None where another one goes on working, or where none worked before.
    #[must_use]
    pub fn last_way_in(&self, act: Act, service: &str) -> Option<String> {
        let closed = with_dependents(&[service.to_owned()], &self.needs);
        let works = |way: &&Way| way.state == WayState::Working;
        let shows_only = |way: &Way| self.look_only && way.kind != WayKind::Browser;
        let (closes, stays): (Vec<Way>, Vec<Way>) =
            self.ways().into_iter().partition(|way| closed.contains(&way.service));
        let lost = closes.iter().find(works)?;
        if stays.iter().any(|way| works(&way) && !shows_only(way)) {
            return None;
        }
        let other = |way: &Way| match way.state {
            WayState::Working => format!("{} lets people look only", way.label),
            state => format!("{} is {state}", way.label),
        };
        let others: Vec<String> = stays.iter().map(other).collect();
        let others = if others.is_empty() { "there is no other".into() } else { others.join(", ") };
        let (service, label) = (quoted(service), quoted(&lost.label));
        let last = format!("the last way into the desktop that works ({others})");
        let sentence = match act {
            Act::Stop => format!("Stopping {service} closes {label}, {last}."),
            Act::TurnOff => format!("Turning {service} off closes {label}, {last}."),
            Act::ViewOnly => format!("Nobody could use mouse and keys any more: {label} is {last}."),
        };
        let by_ssh = self.ways.iter().any(|way| way.kind == WayKind::Ssh && way.state == WayState::Working);
        Some(if by_ssh { format!("{sentence} By SSH one would still come in, to a shell.") } else { sentence })
    }

    /// Why VNC should not be stopped, or its gateway, without a second thought: somebody looks on through it, perhaps
    /// the very one who asks.
    #[must_use]
    pub fn cuts_viewers_off(&self, service: &str) -> Option<String> {
        let is_gateway = Gateway::of(service).is_some();
        let cut = |viewer: &&Viewer| service == vnc::SERVICE || (is_gateway && viewer.through == Through::BrowserVnc);
        self.told(&self.viewers.iter().filter(cut).collect::<Vec<_>>())
    }

    /// The same of an exposure that lets viewers on other machines in no more.
    #[must_use]
    pub fn shuts_viewers_out(&self, exposure: Exposure) -> Option<String> {
        let out = |viewer: &&Viewer| exposure == Exposure::Local && !viewer.address.ip().is_loopback();
        self.told(&self.viewers.iter().filter(out).collect::<Vec<_>>())
    }

    fn told(&self, cut: &[&Viewer]) -> Option<String> {
        let is_one_of_them = |kind: &WayKind| cut.iter().any(|viewer| kind_of(viewer.through) == *kind);
        let perhaps = match (self.origin, self.likely.as_slice()) {
            (Origin::Ssh, _) => " (you seem to have come by SSH)",
            (Origin::Desktop, likely) if !likely.iter().any(is_one_of_them) => " (you seem to have come another way)",
            (Origin::Desktop, [_]) if cut.len() == 1 => ", most likely you,",
            _ if cut.len() == 1 => ", perhaps you,",
            _ => ", perhaps you among them,",
        };
        match cut.len() {
            0 => None,
            1 => Some(format!("A viewer is connected by VNC{perhaps} and could not come back.")),
            more => Some(format!("{more} viewers are connected by VNC{perhaps} and could not come back.")),
        }
    }
}

fn kind_of(through: Through) -> WayKind {
    match through {
        Through::Vnc => WayKind::Vnc,
        Through::BrowserVnc => WayKind::BrowserVnc,
    }
}

/// By which ways somebody from there may have come, while so many browsers show the stream and these viewers VNC. Empty
/// where it cannot be told. For words alone: nothing is refused or allowed by it.
#[must_use]
pub fn likely_ways(origin: Origin, streaming: Option<u32>, viewers: &[Viewer]) -> Vec<WayKind> {
    if origin == Origin::Ssh {
        return vec![WayKind::Ssh];
    }
    let mut likely: Vec<WayKind> = viewers.iter().map(|viewer| kind_of(viewer.through)).collect();
    // Somebody on the desktop who does not come by VNC comes by the stream, also where its server does not count.
    let by_stream = match streaming {
        Some(count) => count > 0,
        None => origin == Origin::Desktop && viewers.is_empty(),
    };
    likely.extend(by_stream.then_some(WayKind::Browser));
    likely.sort_unstable();
    likely.dedup();
    likely
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::access::Outside;

    fn circumstances(ways: Vec<Way>) -> Circumstances {
        Circumstances { ways, needs: needs(), ..Circumstances::default() }
    }

    fn ways(stream: WayState, vnc: WayState, gateway: WayState) -> Vec<Way> {
        let way = |kind, service: &str, state| Way {
            kind,
            label: service.to_uppercase(),
            state,
            reason: String::new(),
            address: String::new(),
            service: service.into(),
            outside: Outside::default(),
        };
        vec![
            way(WayKind::Browser, "selkies", stream),
            way(WayKind::BrowserVnc, "novnc", gateway),
            way(WayKind::Vnc, "x11vnc", vnc),
        ]
    }

    fn needs() -> Needs {
        let pairs: [(&str, &[&str]); 4] =
            [("selkies", &["x-server"]), ("x11vnc", &["x-server"]), ("novnc", &["x11vnc"]), ("cron", &[])];
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        pairs.into_iter().map(|(name, needed)| (name.to_owned(), owned(needed))).collect()
    }

    /// Each order of each state of the three ways, as they are after one was seen through the other.
    fn each_order() -> impl Iterator<Item = ([WayState; 3], Vec<Way>)> {
        use WayState::{Broken, Off, Unknown, Working};
        let states = [Working, Broken, Off, Unknown];
        (0..states.len().pow(3)).map(move |number| {
            let [stream, vnc, gateway] = [number % 4, number / 4 % 4, number / 16].map(|at| states[at]);
            let ways = one_through_the_other(ways(stream, vnc, gateway), &needs());
            ([stream, vnc, gateway], ways)
        })
    }

    #[test]
    fn every_state_of_every_way_and_every_act() {
        let works = |state| state == WayState::Working;
        for ([stream, vnc, gateway], ways) in each_order() {
            let cases = [
                // A gateway in front of a VNC server that is away lets nobody in.
                ("selkies", works(stream) && !works(vnc)),
                ("x11vnc", works(vnc) && !works(stream)),
                // Whoever comes through the gateway can come by a viewer, too.
                ("novnc", false),
                ("x-server", works(stream) || works(vnc)),
                ("cron", false),
            ];
            for (service, refused) in cases {
                for act in [Act::Stop, Act::TurnOff, Act::ViewOnly] {
                    let said = circumstances(ways.clone()).last_way_in(act, service);
                    assert_eq!(said.is_some(), refused, "{act:?} {service} with {stream}, {vnc}, {gateway}: {said:?}");
                }
            }
        }
    }

    /// What people can do to lose their ways in, one after the other, in every order: as long as nobody forces
    /// anything, one way that worked at the beginning works at the end.
    #[test]
    fn no_order_of_acts_closes_them_all() {
        let acts = ["selkies", "x11vnc", "novnc"];
        for ([stream, vnc, gateway], began) in each_order() {
            if began.iter().all(|way| way.state != WayState::Working) {
                continue;
            }
            for order in 0..acts.len().pow(3) {
                let mut now = [stream, vnc, gateway];
                for at in [order % 3, order / 3 % 3, order / 9] {
                    let seen = one_through_the_other(ways(now[0], now[1], now[2]), &needs());
                    if circumstances(seen).last_way_in(Act::TurnOff, acts[at]).is_none() {
                        now[at] = WayState::Off;
                    }
                }
                let end = one_through_the_other(ways(now[0], now[1], now[2]), &needs());
                assert!(end.iter().any(|way| way.state == WayState::Working), "{stream}, {vnc}, {gateway}: {order}");
            }
        }
    }

    #[test]
    fn who_may_sit_behind_it_is_asked() {
        let viewer =
            |address: &str, through| Viewer { address: address.parse().expect("an address"), through, since: None };
        let (native, browser) = (viewer("10.0.0.7:4000", Through::Vnc), viewer("127.0.0.1:4000", Through::BrowserVnc));
        let count = |said: Option<String>| match said {
            Some(said) if said.starts_with("A viewer") => 1,
            Some(said) => said.split(' ').next().and_then(|word| word.parse().ok()).expect("a number"),
            None => 0,
        };
        let both = [native.clone(), browser.clone()];
        let with = |viewers: &[Viewer]| Circumstances { viewers: viewers.to_vec(), ..Circumstances::default() };
        for gateway in ["novnc", "guacd", "tomcat"] {
            assert_eq!(count(with(&both).cuts_viewers_off(gateway)), 1, "{gateway}");
            assert_eq!(count(with(std::slice::from_ref(&native)).cuts_viewers_off(gateway)), 0, "{gateway}");
        }
        assert_eq!(count(with(&both).cuts_viewers_off("x11vnc")), 2);
        assert_eq!(count(with(&both).cuts_viewers_off("cron")), 0);
        assert_eq!(count(with(&both).shuts_viewers_out(Exposure::Local)), 1);
        assert_eq!(count(with(&both).shuts_viewers_out(Exposure::All)), 0);
        assert_eq!(count(with(&[browser]).shuts_viewers_out(Exposure::Local)), 0);
    }

    /// From where, how many browsers, which viewers; by which ways, and a part of the sentence.
    type Case<'c> = (Origin, Option<u32>, Vec<Viewer>, Vec<WayKind>, &'c str);

    #[test]
    fn by_which_way_somebody_came_is_said_as_likely_as_it_is() {
        use WayKind::{Browser, BrowserVnc, Ssh, Vnc};
        let viewer = |through| Viewer { address: "127.0.0.1:4000".parse().expect("an address"), through, since: None };
        let (native, browser) = (viewer(Through::Vnc), viewer(Through::BrowserVnc));
        let cases: [Case<'_>; 9] = [
            (Origin::Ssh, Some(1), vec![native.clone()], vec![Ssh], "by SSH"),
            (Origin::Desktop, Some(0), vec![native.clone()], vec![Vnc], "most likely you"),
            (Origin::Desktop, Some(1), vec![native.clone()], vec![Browser, Vnc], "perhaps you"),
            (Origin::Desktop, Some(1), vec![], vec![Browser], ""),
            (Origin::Desktop, None, vec![], vec![Browser], ""),
            (Origin::Desktop, Some(0), vec![], vec![], ""),
            (Origin::Elsewhere, Some(0), vec![native.clone()], vec![Vnc], "perhaps you"),
            (Origin::Elsewhere, None, vec![], vec![], ""),
            (Origin::Desktop, None, vec![native, browser], vec![BrowserVnc, Vnc], "perhaps you among them"),
        ];
        for (origin, streaming, viewers, expected, part) in cases {
            let likely = likely_ways(origin, streaming, &viewers);
            assert_eq!(likely, expected, "{origin:?}, {streaming:?}, {viewers:?}");
            let now = Circumstances { origin, likely, viewers, ..Circumstances::default() };
            let said = now.cuts_viewers_off("x11vnc").unwrap_or_default();
            assert!(said.contains(part) && said.is_empty() == part.is_empty(), "{part}: {said}");
        }
        // One who came by the stream is not among those who are cut off with the gateway.
        let now = Circumstances {
            origin: Origin::Desktop,
            likely: vec![Browser],
            viewers: vec![viewer(Through::BrowserVnc)],
            ..Circumstances::default()
        };
        assert!(now.cuts_viewers_off("novnc").expect("asked").contains("another way"));
    }

    #[test]
    fn what_does_not_answer_is_about_to_end_or_shows_only_is_no_way_to_rely_on() {
        use WayState::{Off, Working};
        let all = || circumstances(ways(Working, Working, Working));
        assert_eq!(all().last_way_in(Act::Stop, "selkies"), None);
        let silent = Circumstances { silent: BTreeSet::from(["x11vnc".to_owned()]), ..all() };
        let said = silent.last_way_in(Act::Stop, "selkies").expect("VNC hangs");
        assert!(said.contains("X11VNC is broken") && said.contains("NOVNC is broken"), "{said}");
        let ending = Circumstances { ending: vec!["x11vnc".into()], ..all() };
        assert!(ending.last_way_in(Act::Stop, "selkies").expect("VNC ends").contains("X11VNC is off"));
        let look_only = Circumstances { look_only: true, ..all() };
        let said = look_only.last_way_in(Act::Stop, "selkies").expect("nobody could do anything");
        assert!(said.contains("X11VNC lets people look only"), "{said}");
        assert_eq!(look_only.last_way_in(Act::Stop, "x11vnc"), None);
        let alone = Circumstances { look_only: true, ..circumstances(ways(Off, Working, Working)) };
        assert!(alone.last_way_in(Act::Stop, "x11vnc").is_some(), "to look is better than nothing");
    }

    #[test]
    fn ssh_is_mentioned_and_does_not_count() {
        let mut all = ways(WayState::Working, WayState::Off, WayState::Off);
        let ssh = Way { kind: WayKind::Ssh, service: String::new(), ..all[0].clone() };
        all.push(ssh);
        let said = circumstances(all).last_way_in(Act::Stop, "selkies").expect("the last one");
        assert!(said.ends_with("By SSH one would still come in, to a shell."), "{said}");
    }

    #[test]
    fn the_sentence_names_what_closes_and_what_is_left() {
        let ways = ways(WayState::Working, WayState::Off, WayState::Broken);
        let said = |act, service| circumstances(ways.clone()).last_way_in(act, service).expect("the last one");
        let stop = said(Act::Stop, "selkies");
        assert!(stop.contains("“SELKIES”") && stop.contains("NOVNC is broken, X11VNC is off"), "{stop}");
        assert!(said(Act::TurnOff, "selkies").starts_with("Turning “selkies” off closes "));
        assert!(said(Act::ViewOnly, "selkies").starts_with("Nobody could use mouse and keys any more: “SELKIES” is "));
    }
}
