//! The widgets of the page. They say what a person chose and show what they are told, nothing else.

use adw::prelude::*;
use libadwaita as adw;
use relm4::Sender;
use relm4::gtk;

use super::super::super::known::Known;
use super::super::super::quiet::Quiet;
use super::super::super::rows::{Group, button, choice_row, named, row};
use super::super::super::ways::{self, Way};
use super::elsewhere::Elsewhere;
use super::{Input, Reason, words};
use crate::client::{VncChange, VncFacts, VncViewerFacts, unix_now};
use crate::model::text::capitalised;
use crate::model::vnc::SERVICE;

/// As wide as the field for a password is, in letters.
const PASSWORD: i32 = 12;

/// Everything on the page.
#[derive(Debug)]
pub(super) struct View {
    pub(super) content: gtk::Box,
    ways: Group,
    shown_ways: Option<Vec<Way>>,
    elsewhere: Elsewhere,
    vnc: Group,
    on: Switch,
    exposure: Quiet<adw::ComboRow>,
    look_only: Switch,
    shared: Switch,
    web: Switch,
    password: Password,
    viewers: Group,
    shown_viewers: Option<Vec<VncViewerFacts>>,
    hang_up: gtk::Button,
}

/// A row with a switch at its end.
#[derive(Debug)]
struct Switch {
    row: adw::ActionRow,
    switch: Quiet<gtk::Switch>,
}

/// What is about the password.
#[derive(Debug)]
struct Password {
    group: Group,
    row: adw::ActionRow,
    show: gtk::Button,
    hide: gtk::Button,
    copy: gtk::Button,
    typed: adw::ActionRow,
    entry: gtk::PasswordEntry,
    set: gtk::Button,
    make_up: gtk::Button,
}

impl View {
    pub(super) fn new(page: &Sender<Input>) -> Self {
        let content = gtk::Box::new(gtk::Orientation::Vertical, 24);
        let (ways, vnc, viewers) = (Group::new("Ways in"), Group::new("VNC"), Group::new("Connected by VNC"));
        let change = |page: &Sender<Input>, change: fn(bool) -> VncChange| {
            let page = page.clone();
            move |on| page.emit(Input::Offer(change(on)))
        };
        let on = Switch::new("VNC server", change(page, VncChange::Enabled));
        let exposure = exposure(page);
        let look_only = Switch::new("Viewers can only look", change(page, VncChange::ViewOnly));
        look_only.row.set_subtitle("They cannot use mouse and keys");
        let shared = Switch::new("Several viewers at a time", change(page, VncChange::Shared));
        shared.row.set_subtitle("Otherwise a new one takes the place of the one before");
        let web = Switch::new("VNC in the browser", change(page, VncChange::Web));
        vnc.list.append(&on.row);
        vnc.list.append(&web.row);
        vnc.list.append(&exposure.widget);
        for row in [&look_only.row, &shared.row] {
            vnc.list.append(row);
        }
        let password = Password::new(page);
        let hung_up = page.clone();
        let hang_up = button("Disconnect all", "Disconnect all VNC viewers", move |_| hung_up.emit(Input::HangUp));
        hang_up.set_halign(gtk::Align::End);
        viewers.widget.append(&hang_up);
        let elsewhere = Elsewhere::new();
        for group in [&ways, &elsewhere.group, &elsewhere.tunnels, &vnc, &password.group, &viewers] {
            content.append(&group.widget);
        }
        let (shown_ways, shown_viewers) = (None, None);
        Self {
            content,
            ways,
            shown_ways,
            elsewhere,
            vnc,
            on,
            exposure,
            look_only,
            shared,
            web,
            password,
            viewers,
            shown_viewers,
            hang_up,
        }
    }

    /// Shows everything as the daemon has told it.
    pub(super) fn show(&mut self, known: &Known, page: &Sender<Input>) {
        self.show_ways(known, page);
        self.elsewhere.show(known, page);
        let vnc = known.snapshot.vnc.as_deref().filter(|_| known.snapshot.service(SERVICE).is_some());
        for group in [&self.vnc, &self.password.group, &self.viewers] {
            group.widget.set_visible(vnc.is_some());
        }
        let Some(vnc) = vnc else { return };
        let may_ask = known.may_ask(SERVICE);
        self.on.show(vnc.enabled, &words::server(vnc, known), may_ask);
        let gateway_may = vnc.web.service.as_deref().is_some_and(|service| known.may_ask(service));
        let switched_here = words::is_switched_here(vnc);
        self.web.show(vnc.web.enabled, &words::gateway(vnc, known), gateway_may && switched_here);
        self.look_only.tell(vnc.view_only, may_ask);
        self.shared.tell(vnc.shared, may_ask);
        self.show_exposure(vnc, may_ask);
        self.show_viewers(vnc, known.is_there);
    }

    /// Shows the password, or where it is from.
    pub(super) fn show_password(&self, known: &Known, shown: Option<&str>, typed: usize) {
        let Some(vnc) = known.snapshot.vnc.as_deref() else { return };
        let may_ask = known.may_ask(SERVICE);
        let source = || capitalised(vnc.password_in_words());
        self.password.row.set_subtitle(&shown.map_or_else(source, str::to_owned));
        self.password.show.set_visible(shown.is_none());
        self.password.hide.set_visible(shown.is_some());
        let is_there = known.is_there && vnc.password_source != "none";
        self.password.show.set_sensitive(is_there);
        self.password.copy.set_sensitive(is_there);
        self.password.typed.set_subtitle(&words::typed(typed));
        self.password.set.set_sensitive(may_ask && typed > 0);
        self.password.make_up.set_sensitive(may_ask);
    }

    /// What is typed.
    pub(super) fn typed(&self) -> String {
        self.password.entry.text().into()
    }

    /// Forgets it.
    pub(super) fn forget_typing(&self) {
        self.password.entry.set_text("");
    }

    fn show_ways(&mut self, known: &Known, page: &Sender<Input>) {
        let shown = ways::of(known);
        if self.shown_ways.as_ref() != Some(&shown) {
            let asked = page.clone();
            ways::show(&self.ways, &shown, &move |wanted| asked.emit(Input::Way(wanted)));
            self.ways.widget.set_visible(!shown.is_empty());
            self.shown_ways = Some(shown);
        }
    }

    fn show_exposure(&self, vnc: &VncFacts, may_ask: bool) {
        let at = words::EXPOSURES.iter().position(|(token, _)| *token == vnc.exposure);
        let at = at.and_then(|at| u32::try_from(at).ok()).unwrap_or(gtk::INVALID_LIST_POSITION);
        self.exposure.tell(|row| row.set_selected(at));
        self.exposure.widget.set_subtitle(words::exposure(vnc));
        self.exposure.widget.set_sensitive(may_ask);
    }

    fn show_viewers(&mut self, vnc: &VncFacts, is_there: bool) {
        self.hang_up.set_visible(!vnc.viewers.is_empty());
        self.hang_up.set_sensitive(is_there);
        if self.shown_viewers.as_ref() == Some(&vnc.viewers) {
            return;
        }
        self.viewers.clear();
        for viewer in &vnc.viewers {
            let (address, about) = words::viewer(viewer, unix_now());
            self.viewers.list.append(&row(&address, &about));
        }
        if vnc.viewers.is_empty() {
            self.viewers.list.append(&row("Nobody", ""));
        }
        self.shown_viewers = Some(vnc.viewers.clone());
    }
}

impl Switch {
    fn new(title: &str, chosen: impl Fn(bool) + 'static) -> Self {
        let switch = Quiet::new(named::<gtk::Switch>("GtkSwitch", title).unwrap_or_default());
        switch.widget.set_valign(gtk::Align::Center);
        switch.widget.connect_active_notify(switch.heard(move |switch: &gtk::Switch| chosen(switch.is_active())));
        let row = row(title, "");
        row.add_suffix(&switch.widget);
        row.set_activatable_widget(Some(&switch.widget));
        Self { row, switch }
    }

    fn show(&self, on: bool, about: &str, may_ask: bool) {
        self.row.set_subtitle(about);
        self.tell(on, may_ask);
    }

    fn tell(&self, on: bool, may_ask: bool) {
        self.switch.tell(|switch| switch.set_active(on));
        self.switch.widget.set_sensitive(may_ask);
    }
}

impl Password {
    fn new(page: &Sender<Input>) -> Self {
        let group = Group::new("VNC password");
        let now = row("Password", "");
        let (shown, hidden, copied) = (page.clone(), page.clone(), page.clone());
        let show = button("Show", "Show the VNC password", move |_| shown.emit(Input::Read(Reason::Show)));
        let hide = button("Hide", "Hide the VNC password", move |_| hidden.emit(Input::Hide));
        let copy = button("Copy", "Copy the VNC password", move |_| copied.emit(Input::Read(Reason::Copy)));
        now.add_suffix(&show);
        now.add_suffix(&hide);
        now.add_suffix(&copy);
        let typed = row("New password", "");
        let entry: gtk::PasswordEntry = named("GtkPasswordEntry", "New VNC password").unwrap_or_default();
        entry.set_valign(gtk::Align::Center);
        entry.set_width_chars(PASSWORD);
        let (changed, entered, clicked) = (page.clone(), page.clone(), page.clone());
        entry.connect_changed(move |_| changed.emit(Input::Typed));
        entry.connect_activate(move |_| entered.emit(Input::Set));
        let set = button("Set", "Set the new VNC password", move |_| clicked.emit(Input::Set));
        typed.add_suffix(&entry);
        typed.add_suffix(&set);
        let made_up = row(
            "A password nobody can guess",
            "8 letters and digits that do not look alike. The server restarts with it",
        );
        let offered = page.clone();
        let make_up = button("Make one up", "Make up a VNC password", move |_| {
            offered.emit(Input::Offer(VncChange::GeneratedPassword));
        });
        made_up.add_suffix(&make_up);
        for row in [&now, &typed, &made_up] {
            group.list.append(row);
        }
        Self { group, row: now, show, hide, copy, typed, entry, set, make_up }
    }
}

fn exposure(page: &Sender<Input>) -> Quiet<adw::ComboRow> {
    let list = Quiet::new(choice_row("Viewers can connect from", ""));
    list.widget.set_model(Some(&gtk::StringList::new(&words::EXPOSURES.map(|(_, label)| label))));
    let page = page.clone();
    list.widget.connect_selected_notify(list.heard(move |row: &adw::ComboRow| {
        let at = usize::try_from(row.selected()).unwrap_or(usize::MAX);
        if let Some((token, _)) = words::EXPOSURES.get(at) {
            page.emit(Input::Offer(VncChange::Exposure((*token).into())));
        }
    }));
    list
}
