//! The ways in as rows: what each is called, whether it works, and the one thing one does with it.

use adw::prelude::*;
use libadwaita as adw;
use relm4::gtk;

use super::format;
use super::known::Known;
use super::request::Request;
use super::rows::{Group, button, icon, row};
use crate::client::{Verb, VncChange, VncFacts, WayFacts};
use crate::model::vnc::SERVICE;

/// What a person wants with one of them.
#[derive(Debug)]
pub(super) enum Wanted {
    /// That it is on.
    On(Request),
    /// Its address.
    Address(String),
}

/// One of them.
#[derive(Debug, PartialEq)]
pub(super) struct Way {
    facts: WayFacts,
    /// What turns it on.
    turn_on: Request,
    /// That may be asked for now.
    may_ask: bool,
}

/// All, as they are to be shown.
pub(super) fn of(known: &Known) -> Vec<Way> {
    let way = |way: &WayFacts| {
        let turn_on = turn_on(known.snapshot.vnc.as_deref(), way);
        let may_ask = turn_on.target().is_some_and(|service| known.may_ask(service));
        Way { facts: way.clone(), turn_on, may_ask }
    };
    known.snapshot.ways.iter().map(way).collect()
}

/// What turns it on for good: its own switch where it has one, or that of what it shows.
fn turn_on(vnc: Option<&VncFacts>, way: &WayFacts) -> Request {
    let service = way.service.clone();
    let (change, service) = match (way.kind.as_str(), vnc) {
        ("vnc", Some(_)) if service == SERVICE => (VncChange::Enabled(true), service),
        ("browser-vnc", Some(vnc)) if vnc.web.enabled && !vnc.enabled => (VncChange::Enabled(true), SERVICE.into()),
        ("browser-vnc", Some(_)) => (VncChange::Web(true), service),
        _ => return Request::Control(service, Verb::Start { with_dependencies: true }),
    };
    Request::Vnc { change, service, force: false }
}

/// Makes the rows of `group` anew.
pub(super) fn show(group: &Group, ways: &[Way], wanted: &(impl Fn(Wanted) + Clone + 'static)) {
    group.clear();
    for way in ways {
        group.list.append(&way_row(way, wanted.clone()));
    }
}

fn way_row(Way { facts: way, turn_on, may_ask }: &Way, wanted: impl Fn(Wanted) + 'static) -> adw::ActionRow {
    let sign = format::of_way(way);
    let address = to_copy(way);
    let mut about: Vec<&str> = vec![&sign.word];
    about.extend([way.reason.as_str(), address].iter().filter(|part| !part.is_empty()));
    let row = row(label(way), &about.join(" · "));
    row.add_prefix(&icon(&sign));
    // Not all of them are services.
    if way.state == "off" && !way.service.is_empty() {
        let request = turn_on.clone();
        let called = format!("Turn on {}", way.label);
        let on = button("Turn on", &called, move |_| wanted(Wanted::On(request.clone())));
        on.set_sensitive(*may_ask);
        row.add_suffix(&on);
    } else if way.state != "off" && !address.is_empty() {
        row.add_suffix(&copy_button(address, &format!("Copy the address of {}", label(way)), wanted));
    }
    row
}

/// A button that copies this.
pub(super) fn copy_button(text: &str, called: &str, wanted: impl Fn(Wanted) + 'static) -> gtk::Button {
    let text = text.to_owned();
    button("Copy", called, move |_| wanted(Wanted::Address(text.clone())))
}

/// What a way is called by people.
pub(super) fn label(way: &WayFacts) -> &str {
    if way.label.is_empty() { &way.kind } else { &way.label }
}

/// What leads in by it: the address that reaches furthest, or what has to be typed.
fn to_copy(way: &WayFacts) -> &str {
    way.command.as_deref().filter(|_| way.kind == "ssh").unwrap_or_else(|| way.best_address())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_switch_of_its_own_is_turned_on_for_good() {
        let way =
            |kind: &str, service: &str| WayFacts { kind: kind.into(), service: service.into(), ..WayFacts::default() };
        let vnc = |change, service: &str| Request::Vnc { change, service: service.into(), force: false };
        let start = |service: &str| Request::Control(service.into(), Verb::Start { with_dependencies: true });
        let off = VncFacts::default();
        let gateway = way("browser-vnc", "novnc");
        assert_eq!(turn_on(Some(&off), &way("vnc", "x11vnc")), vnc(VncChange::Enabled(true), "x11vnc"));
        assert_eq!(turn_on(Some(&off), &gateway), vnc(VncChange::Web(true), "novnc"));
        let mut waits = off.clone();
        waits.web.enabled = true;
        assert_eq!(turn_on(Some(&waits), &gateway), vnc(VncChange::Enabled(true), "x11vnc"));
        assert_eq!(turn_on(None, &way("vnc", "x11vnc")), start("x11vnc"));
        assert_eq!(turn_on(Some(&off), &way("browser", "selkies")), start("selkies"));
    }
}
