//! Whether a change would close the last way into the desktop, or the one by which its author may have come.

use super::access::{Way, WayState};
use super::order::{Needs, with_dependents};
use super::text::quoted;
use super::vnc::{self, Exposure, Through, Viewer};

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

/// Why `act` should not be done with `service` without a second thought: one way in works now, and none would
/// afterwards. None where another one goes on working, or where none worked before. What stands or falls with the
/// service is in `needs`.
#[must_use]
pub fn last_way_in(act: Act, service: &str, ways: &[Way], needs: &Needs) -> Option<String> {
    let closed = with_dependents(&[service.to_owned()], needs);
    let works = |way: &&Way| way.state == WayState::Working;
    let (closes, stays): (Vec<&Way>, Vec<&Way>) =
        ways.iter().filter(|way| way.shows_desktop()).partition(|way| closed.contains(&way.service));
    let lost = closes.iter().find(|way| works(way))?;
    if stays.iter().any(works) {
        return None;
    }
    let others: Vec<String> = stays.iter().map(|way| format!("{} is {}", way.label, way.state)).collect();
    let others = if others.is_empty() { "there is no other".into() } else { others.join(", ") };
    let (service, label) = (quoted(service), quoted(&lost.label));
    let last = format!("the last way into the desktop that works ({others})");
    Some(match act {
        Act::Stop => format!("Stopping {service} closes {label}, {last}."),
        Act::TurnOff => format!("Turning {service} off closes {label}, {last}."),
        Act::ViewOnly => format!("Nobody could use mouse and keys any more: {label} is {last}."),
    })
}

/// Why VNC should not be turned off, or its gateway, without a second thought: somebody looks on through it, perhaps
/// the very one who asks.
#[must_use]
pub fn cuts_viewers_off(service: &str, viewers: &[Viewer]) -> Option<String> {
    let cut = |viewer: &&Viewer| service == vnc::SERVICE || viewer.through == Through::BrowserVnc;
    told(viewers.iter().filter(cut).count())
}

/// The same of an exposure that lets viewers on other machines in no more.
#[must_use]
pub fn shuts_viewers_out(exposure: Exposure, viewers: &[Viewer]) -> Option<String> {
    let out = |viewer: &&Viewer| exposure == Exposure::Local && !viewer.address.ip().is_loopback();
    told(viewers.iter().filter(out).count())
}

fn told(cut: usize) -> Option<String> {
    match cut {
        0 => None,
        1 => Some("A viewer is connected by VNC, perhaps you, and could not come back.".into()),
        more => Some(format!("{more} viewers are connected by VNC, perhaps you among them, and could not come back.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::access::{Outside, WayKind, one_through_the_other};

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
                    let said = last_way_in(act, service, &ways, &needs());
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
                    if last_way_in(Act::TurnOff, acts[at], &seen, &needs()).is_none() {
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
        assert_eq!(count(cuts_viewers_off("x11vnc", &both)), 2);
        assert_eq!(count(cuts_viewers_off("novnc", &both)), 1);
        assert_eq!(count(cuts_viewers_off("novnc", &[native])), 0);
        assert_eq!(count(shuts_viewers_out(Exposure::Local, &both)), 1);
        assert_eq!(count(shuts_viewers_out(Exposure::All, &both)), 0);
        assert_eq!(count(shuts_viewers_out(Exposure::Local, &[browser])), 0);
    }

    #[test]
    fn the_sentence_names_what_closes_and_what_is_left() {
        let ways = ways(WayState::Working, WayState::Off, WayState::Broken);
        let said = |act, service| last_way_in(act, service, &ways, &needs()).expect("the last one");
        let stop = said(Act::Stop, "selkies");
        assert!(stop.contains("“SELKIES”") && stop.contains("NOVNC is broken, X11VNC is off"), "{stop}");
        assert!(said(Act::TurnOff, "selkies").starts_with("Turning “selkies” off closes "));
        assert!(said(Act::ViewOnly, "selkies").starts_with("Nobody could use mouse and keys any more: “SELKIES” is "));
    }
}
