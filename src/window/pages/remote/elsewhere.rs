//! How the desktop is reached from another computer: addresses outside, what to type there, and quick tunnels.

use adw::prelude::*;
use libadwaita as adw;
use relm4::Sender;

use super::super::super::format;
use super::super::super::known::Known;
use super::super::super::rows::{Group, button, row};
use super::super::super::ways::{copy_button, label};
use super::Input;
use crate::client::{AccessFacts, TunnelFacts, WayFacts};

/// What stands under the headings.
#[derive(Debug)]
pub(super) struct Elsewhere {
    pub(super) group: Group,
    pub(super) tunnels: Group,
    shown: Shown,
}

/// What there is to see.
#[derive(Debug, Default, PartialEq)]
struct Shown {
    leads: Vec<Lead>,
    tunnels: Vec<Tunnel>,
}

/// A row on one way.
#[derive(Debug, PartialEq, Eq)]
struct Lead {
    title: String,
    about: String,
    /// What is worth being copied.
    copied: Option<String>,
}

/// A row on a quick tunnel, or on one that could be opened.
#[derive(Debug, PartialEq, Eq)]
struct Tunnel {
    title: String,
    target: String,
    /// Where it begins, while it is open.
    url: Option<String>,
    /// What is being done, in a word.
    work: Option<String>,
    may_ask: bool,
}

impl Elsewhere {
    pub(super) fn new() -> Self {
        let (group, tunnels) = (Group::new("From another computer"), Group::new("Quick tunnels"));
        group.widget.set_visible(false);
        tunnels.widget.set_visible(false);
        Self { group, tunnels, shown: Shown::default() }
    }

    pub(super) fn show(&mut self, known: &Known, page: &Sender<Input>) {
        let shown = Shown::of(known);
        if shown.leads != self.shown.leads {
            self.group.clear();
            shown.leads.iter().for_each(|lead| self.group.list.append(&lead_row(lead, page)));
            self.group.widget.set_visible(!shown.leads.is_empty());
        }
        if shown.tunnels != self.shown.tunnels {
            self.tunnels.clear();
            shown.tunnels.iter().for_each(|tunnel| self.tunnels.list.append(&tunnel_row(tunnel, page)));
            self.tunnels.widget.set_visible(!shown.tunnels.is_empty());
        }
        self.shown = shown;
    }
}

impl Shown {
    fn of(known: &Known) -> Self {
        let (ways, access) = (&known.snapshot.ways, known.snapshot.access.as_deref());
        let note = access.and_then(|access| access.source_note.clone());
        let note = note.map(|note| Lead { title: "The platform does not tell".into(), about: note, copied: None });
        let leads = ways.iter().filter_map(lead).chain(access.and_then(relay)).chain(note).collect();
        Self { leads, tunnels: access.map(|access| tunnels(access, known)).unwrap_or_default() }
    }
}

/// An address, else what to type, else why there is neither.
fn lead(way: &WayFacts) -> Option<Lead> {
    let lead = |about: &str, copied: Option<&String>| Lead {
        title: label(way).to_owned(),
        about: about.to_owned(),
        copied: copied.cloned(),
    };
    let found = way.outside.as_ref().filter(|_| way.kind != "ssh").or(way.command.as_ref());
    match (found, &way.outside_reason) {
        (Some(found), _) => Some(lead(found, Some(found))),
        (None, Some(why)) => Some(lead(why, None)),
        (None, None) => None,
    }
}

/// The relay of the stream, where one is needed.
fn relay(access: &AccessFacts) -> Option<Lead> {
    let turn = &access.turn;
    if turn.sentence.is_empty() || turn.state == "not-needed" {
        return None;
    }
    let server = turn.server.as_ref().map(|server| match &turn.protocol {
        Some(protocol) => format!(" Browsers are sent to {server} by {}.", protocol.to_uppercase()),
        None => format!(" Browsers are sent to {server}."),
    });
    let about = format!("{}{}", turn.sentence, server.unwrap_or_default());
    Some(Lead { title: "Relay of the stream (TURN)".into(), about, copied: None })
}

/// Those that are open, and those that can be.
fn tunnels(access: &AccessFacts, known: &Known) -> Vec<Tunnel> {
    let open = |target: &str| access.tunnels.iter().find(|tunnel| tunnel.target == target);
    let tunnel = |title: &str, target: &str, open: Option<&TunnelFacts>| Tunnel {
        title: title.to_owned(),
        target: target.to_owned(),
        url: open.map(|tunnel| tunnel.url.clone()),
        work: known.job_on(target).map(|job| if job.kind == "tunnel-stop" { "Closing" } else { "Opening" }.to_owned()),
        may_ask: known.may_ask(target),
    };
    let targets = |way: &WayFacts| Some((label(way).to_owned(), way.target.clone()?));
    let pages: Vec<(String, String)> = known.snapshot.ways.iter().filter_map(targets).collect();
    let ours = pages.iter().filter(|(_, target)| access.tunnels_offered || open(target).is_some());
    let ours = ours.map(|(title, target)| tunnel(title, target, open(target)));
    let others = access.tunnels.iter().filter(|tunnel| !pages.iter().any(|(_, target)| *target == tunnel.target));
    let others = others.map(|other| {
        let title = if other.label.is_empty() { &other.target } else { &other.label };
        tunnel(title, &other.target, Some(other))
    });
    ours.chain(others).collect()
}

fn lead_row(lead: &Lead, page: &Sender<Input>) -> adw::ActionRow {
    let row = row(&lead.title, &format::quotes(&lead.about));
    if let Some(copied) = &lead.copied {
        let page = page.clone();
        let called = format!("Copy how to reach {} from another computer", lead.title);
        row.add_suffix(&copy_button(copied, &called, move |wanted| page.emit(Input::Way(wanted))));
    }
    row
}

fn tunnel_row(tunnel: &Tunnel, page: &Sender<Input>) -> adw::ActionRow {
    let closed = "Closed. While it is open, everybody who knows its address reaches this page";
    let about = tunnel.work.as_deref().or(tunnel.url.as_deref()).unwrap_or(closed);
    let row = row(&tunnel.title, about);
    if let Some(url) = &tunnel.url {
        let copied = page.clone();
        let called = format!("Copy the address of the tunnel to {}", tunnel.title);
        row.add_suffix(&copy_button(url, &called, move |wanted| copied.emit(Input::Way(wanted))));
    }
    let (asked, target, opens) = (page.clone(), tunnel.target.clone(), tunnel.url.is_none());
    let verb = if opens { "Open" } else { "Close" };
    let called = format!("{verb} the tunnel to {}", tunnel.title);
    let turn = button(verb, &called, move |_| asked.emit(Input::Tunnel(target.clone(), opens)));
    turn.set_sensitive(tunnel.may_ask);
    row.add_suffix(&turn);
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(kind: &str) -> WayFacts {
        WayFacts { kind: kind.into(), label: kind.to_uppercase(), ..WayFacts::default() }
    }

    #[test]
    fn an_address_goes_before_a_command_and_a_command_before_a_reason() {
        let reason = Some("It listens on this machine only.".to_owned());
        let mut browser = WayFacts { outside_reason: reason, ..way("browser") };
        let copied = |way: &WayFacts| lead(way).expect("a row").copied;
        assert_eq!(copied(&browser), None);
        browser.command = Some("ssh -L 1:localhost:1 user@host".into());
        assert_eq!(copied(&browser), browser.command);
        browser.outside = Some("https://203.0.113.9:41100/".into());
        assert_eq!(copied(&browser), browser.outside);
        let ssh = WayFacts { kind: "ssh".into(), command: Some("ssh -p 41022 root@203.0.113.9".into()), ..browser };
        assert_eq!(copied(&ssh), ssh.command, "what is typed there");
        assert_eq!(lead(&way("vnc")), None);
    }

    #[test]
    fn a_relay_that_nobody_needs_is_not_mentioned() {
        let turn = |state: &str| crate::client::TurnFacts {
            state: state.into(),
            sentence: "The port is not open to the outside.".into(),
            server: Some("203.0.113.9:3478".into()),
            protocol: Some("udp".into()),
        };
        let access = |state: &str| AccessFacts { turn: turn(state), ..AccessFacts::default() };
        assert_eq!(relay(&access("not-needed")), None);
        let said = relay(&access("unmapped")).expect("a row").about;
        assert!(said.ends_with("outside. Browsers are sent to 203.0.113.9:3478 by UDP."), "{said}");
    }

    #[test]
    fn tunnels_are_there_to_be_opened_where_they_are_offered_and_to_be_closed_wherever_they_lead() {
        let mut known = Known::default();
        known.is_there = true;
        let target = Some("http://localhost:16100".to_owned());
        known.snapshot.ways = vec![WayFacts { target, ..way("browser") }, way("vnc")];
        let listed = |access: &AccessFacts| -> Vec<(String, bool)> {
            tunnels(access, &known).into_iter().map(|tunnel| (tunnel.title, tunnel.url.is_some())).collect()
        };
        let mut access = AccessFacts::default();
        assert_eq!(listed(&access), []);
        access.tunnels_offered = true;
        assert_eq!(listed(&access), [("BROWSER".to_owned(), false)]);
        let to =
            |target: &str| TunnelFacts { target: target.into(), url: "https://x.example".into(), ..Default::default() };
        access.tunnels = vec![to("http://localhost:8080"), to("http://localhost:16100")];
        assert_eq!(listed(&access), [("BROWSER".to_owned(), true), ("http://localhost:8080".to_owned(), true)]);
    }
}
