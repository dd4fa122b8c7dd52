//! The row of one setting: its name, what it does, its control, for whom it holds, and a way back.

use std::rc::Rc;

use adw::prelude::*;
use libadwaita as adw;
use relm4::{RelmWidgetExt, Sender, gtk};

use super::super::super::quiet::Quiet;
use super::super::super::rows::{icon_button, named_with, property, row};
use super::Input;
use super::control::{Chosen, Control};
use super::draft::Typed;
use super::shown::Shown;
use super::words;
use crate::client::SettingFacts;

/// One row.
#[derive(Debug)]
pub(super) struct SettingRow {
    pub(super) widget: adw::ActionRow,
    control: Control,
    lock: Option<Quiet<gtk::ToggleButton>>,
    reset: gtk::Button,
    /// What it was made of; with another form it has to be made anew.
    form: SettingFacts,
    shown: Option<Shown>,
}

impl SettingRow {
    /// Of this setting; what a person does goes to `page`. `places` keeps controls of several rows below each other.
    pub(super) fn new(setting: &SettingFacts, places: &gtk::SizeGroup, page: &Sender<Input>) -> Self {
        let (chosen, name) = (page.clone(), setting.name.clone());
        let chosen: Chosen = Rc::new(move |value| chosen.emit(Input::Value(name.clone(), Typed(value.to_owned()))));
        let control = Control::new(setting, &chosen);
        let own = control.row();
        let is_row = own.is_some();
        let widget = own.unwrap_or_else(|| row(&setting.label, ""));
        widget.set_subtitle_lines(0);
        let reset = icon_button("edit-undo-symbolic", &format!("Take back what is set for {}", setting.label));
        let (back, name) = (page.clone(), setting.name.clone());
        reset.connect_clicked(move |_| back.emit(Input::OfferReset(vec![name.clone()])));
        reset.set_valign(gtk::Align::Center);
        reset.add_css_class("flat");
        let lock = words::can_be_enforced(setting).then(|| lock(setting, page));
        widget.add_suffix(&reset);
        if !is_row {
            control.widget().set_valign(gtk::Align::Center);
            widget.add_suffix(control.widget());
        }
        if let Control::Several(several) = &control {
            several.open_by(&widget);
        }
        let nothing = gtk::Box::default();
        let place: &gtk::Widget = lock.as_ref().map_or(nothing.upcast_ref(), |lock| lock.widget.upcast_ref());
        places.add_widget(place);
        widget.add_suffix(place);
        Self { widget, control, lock, reset, form: form(setting), shown: None }
    }

    /// Whether it can show this setting as it is now.
    pub(super) fn fits(&self, setting: &SettingFacts) -> bool {
        self.form == form(setting)
    }

    /// Shows how it is. What has not changed is left alone.
    pub(super) fn show(&mut self, shown: Shown) {
        if self.shown.as_ref() == Some(&shown) {
            return;
        }
        self.widget.set_subtitle(&shown.subtitle);
        self.widget.set_class_active("wanted", shown.wanted);
        self.control.show(&shown.value);
        self.control.widget().set_sensitive(shown.may_change);
        if let Some(lock) = &self.lock {
            let icon = if shown.enforced { "changes-prevent-symbolic" } else { "changes-allow-symbolic" };
            lock.tell(|lock| {
                lock.set_active(shown.enforced);
                lock.set_icon_name(icon);
            });
            lock.widget.set_sensitive(shown.may_change);
        }
        self.reset.set_visible(shown.may_reset);
        self.shown = Some(shown);
    }
}

/// A setting without what may change while its row stays.
fn form(setting: &SettingFacts) -> SettingFacts {
    SettingFacts {
        value: None,
        meaning: String::new(),
        source: String::new(),
        fixed: None,
        explanation: String::new(),
        ..setting.clone()
    }
}

fn lock(setting: &SettingFacts, page: &Sender<Input>) -> Quiet<gtk::ToggleButton> {
    let icon = property("icon-name", "changes-allow-symbolic");
    let name = format!("{} holds for everyone", setting.label);
    let lock: gtk::ToggleButton = named_with("GtkToggleButton", &name, &icon).unwrap_or_default();
    lock.set_tooltip_text(Some("Locked: it holds for everyone. Open: new viewers begin with it."));
    lock.set_valign(gtk::Align::Center);
    lock.add_css_class("flat");
    let lock = Quiet::new(lock);
    let (page, name) = (page.clone(), setting.name.clone());
    lock.widget.connect_toggled(
        lock.heard(move |lock: &gtk::ToggleButton| page.emit(Input::Enforce(name.clone(), lock.is_active()))),
    );
    lock
}
