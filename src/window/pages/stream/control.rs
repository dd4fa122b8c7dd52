//! The control that fits a setting's type. It says what a person chose and shows what it is told, nothing else.

use std::rc::Rc;

use adw::prelude::*;
use libadwaita as adw;
use relm4::gtk;

use super::super::super::quiet::Quiet;
use super::super::super::rows::{named, named_with, property};
use super::choices::Choices;
use super::draft::same;
use super::number::{Span, written};
use super::several::Several;
use crate::client::SettingFacts;

/// As wide as a slider is, in pixels.
const SLIDER: i32 = 150;
/// As wide as a text is at least, in letters.
const TEXT: i32 = 18;

/// From half as large again on, in 1024ths of a dot per inch as GTK counts them.
const LARGE_TEXT: i32 = 144 * 1024;

/// Takes a chosen plain value.
pub(super) type Chosen = Rc<dyn Fn(&str)>;

/// One control.
#[derive(Debug)]
pub(super) enum Control {
    /// On or off.
    Switch(Quiet<gtk::Switch>),
    /// One of several.
    Choices(Choices),
    /// Any of several.
    Several(Several),
    /// A number, perhaps with a slider.
    Number(Number),
    /// Anything.
    Text(Quiet<gtk::Entry>),
    /// What nobody may read.
    Secret(Quiet<gtk::PasswordEntry>),
}

/// A number with its unit.
#[derive(Debug)]
pub(super) struct Number {
    span: Span,
    slider: Option<Quiet<gtk::Scale>>,
    entry: Quiet<gtk::SpinButton>,
    all: gtk::Box,
}

impl Control {
    /// Calls `chosen` with what a person chooses.
    pub(super) fn new(setting: &SettingFacts, chosen: &Chosen) -> Self {
        let several = setting.kind == "list";
        match (&setting.values, setting.kind.as_str()) {
            _ if setting.secret.is_some() => Self::secret(setting, chosen),
            (Some(values), _) if several && !values.is_empty() => Self::Several(Several::new(setting, chosen)),
            (Some(values), _) if !values.is_empty() => Self::Choices(Choices::new(setting, chosen)),
            (_, "bool") => Self::switch(setting, chosen),
            (_, "int" | "float" | "range") => Self::Number(Number::new(setting, chosen)),
            // Also a type of a later server.
            _ => Self::text(setting, chosen),
        }
    }

    /// The row, where the control is one.
    pub(super) fn row(&self) -> Option<adw::ActionRow> {
        if let Self::Choices(choices) = self { Some(choices.row().clone().upcast()) } else { None }
    }

    /// What a person uses: it stands at the end of a row, or is the row.
    pub(super) fn widget(&self) -> &gtk::Widget {
        match self {
            Self::Switch(switch) => switch.widget.upcast_ref(),
            Self::Choices(choices) => choices.row().upcast_ref(),
            Self::Several(several) => several.widget(),
            Self::Number(number) => number.all.upcast_ref(),
            Self::Text(entry) => entry.widget.upcast_ref(),
            Self::Secret(entry) => entry.widget.upcast_ref(),
        }
    }

    /// Shows a plain value. What is being typed is left alone as long as it means the same.
    pub(super) fn show(&self, value: &str) {
        match self {
            Self::Switch(switch) => switch.tell(|switch| switch.set_active(value == "true")),
            Self::Choices(choices) => choices.show(value),
            Self::Several(several) => several.show(value),
            Self::Number(number) => number.show(value),
            Self::Text(entry) if entry.widget.text() != value => entry.tell(|entry| entry.set_text(value)),
            Self::Secret(entry) if entry.widget.text() != value => entry.tell(|entry| entry.set_text(value)),
            Self::Text(_) | Self::Secret(_) => {}
        }
    }

    fn switch(setting: &SettingFacts, chosen: &Chosen) -> Self {
        let switch = Quiet::new(named::<gtk::Switch>("GtkSwitch", &setting.label).unwrap_or_default());
        let chosen = Rc::clone(chosen);
        let heard = move |switch: &gtk::Switch| chosen(if switch.is_active() { "true" } else { "false" });
        switch.widget.connect_active_notify(switch.heard(heard));
        Self::Switch(switch)
    }

    fn text(setting: &SettingFacts, chosen: &Chosen) -> Self {
        let entry = Quiet::new(named::<gtk::Entry>("GtkEntry", &setting.label).unwrap_or_default());
        entry.widget.set_width_chars(TEXT);
        let chosen = Rc::clone(chosen);
        entry.widget.connect_changed(entry.heard(move |entry: &gtk::Entry| chosen(&entry.text())));
        Self::Text(entry)
    }

    fn secret(setting: &SettingFacts, chosen: &Chosen) -> Self {
        let entry: gtk::PasswordEntry = named("GtkPasswordEntry", &setting.label).unwrap_or_default();
        let entry = Quiet::new(entry);
        entry.widget.set_width_chars(TEXT);
        entry.widget.set_placeholder_text(Some(if setting.secret == Some(true) { "Set" } else { "Not set" }));
        let chosen = Rc::clone(chosen);
        entry.widget.connect_changed(entry.heard(move |entry: &gtk::PasswordEntry| chosen(&entry.text())));
        Self::Secret(entry)
    }
}

impl Number {
    fn new(setting: &SettingFacts, chosen: &Chosen) -> Self {
        let span = Span::of(setting);
        let all = gtk::Box::new(orientation(), 6);
        let slider = span.slides.then(|| slider(&span, &setting.label, chosen));
        if let Some(slider) = &slider {
            all.append(&slider.widget);
        }
        let entry = entry(span, &setting.label, chosen);
        let number = gtk::Box::new(gtk::Orientation::Horizontal, 6);
        number.append(&entry.widget);
        if let Some(unit) = &setting.unit {
            number.append(&gtk::Label::builder().label(unit).css_classes(["dim-label"]).build());
        }
        all.append(&number);
        Self { span, slider, entry, all }
    }

    fn show(&self, value: &str) {
        let Ok(number) = value.parse::<f64>() else { return };
        if let Some(slider) = &self.slider {
            slider.tell(|slider| slider.set_value(self.span.place(number)));
        }
        let typed = self.span.read(&self.entry.widget.text());
        if !typed.is_some_and(|typed| same(&written(typed), value)) {
            self.entry.tell(|entry| {
                entry.set_digits(self.span.digits(&[number]));
                entry.set_value(number);
            });
        }
    }
}

/// With large text there is no room for both side by side.
fn orientation() -> gtk::Orientation {
    let dpi = gtk::Settings::default().map_or(0, |settings| settings.gtk_xft_dpi());
    if dpi >= LARGE_TEXT { gtk::Orientation::Vertical } else { gtk::Orientation::Horizontal }
}

fn slider(span: &Span, label: &str, chosen: &Chosen) -> Quiet<gtk::Scale> {
    let way = gtk::Adjustment::new(0.0, 0.0, 1.0, span.notch(), span.notch() * 10.0, 0.0);
    let scale: gtk::Scale = named("GtkScale", &format!("{label}, slider")).unwrap_or_default();
    scale.set_adjustment(&way);
    scale.set_width_request(SLIDER);
    scale.set_draw_value(false);
    scroll_past(&scale);
    let slider = Quiet::new(scale);
    let (chosen, span) = (Rc::clone(chosen), *span);
    slider
        .widget
        .connect_value_changed(slider.heard(move |scale: &gtk::Scale| chosen(&written(span.at(scale.value())))));
    slider
}

fn entry(span: Span, label: &str, chosen: &Chosen) -> Quiet<gtk::SpinButton> {
    let numbers = gtk::Adjustment::new(span.minimum, span.minimum, span.maximum, span.step, span.step * 10.0, 0.0);
    let numeric = property("numeric", "true");
    let spin: gtk::SpinButton = named_with("GtkSpinButton", label, &numeric).unwrap_or_default();
    spin.set_adjustment(&numbers);
    spin.set_valign(gtk::Align::Center);
    scroll_past(&spin);
    let entry = Quiet::new(spin);
    let chosen = Rc::clone(chosen);
    // Not its value, which follows only when the person goes elsewhere.
    entry.widget.connect_changed(entry.heard(move |entry: &gtk::SpinButton| {
        if let Some(number) = span.read(&entry.text()) {
            chosen(&written(number));
        }
    }));
    entry
}

/// Who scrolls the page does not mean to change what happens to be under the pointer.
fn scroll_past(control: &impl IsA<gtk::Widget>) {
    let controllers = control.observe_controllers();
    let scrolls: Vec<gtk::EventController> = (0..controllers.n_items())
        .filter_map(|at| controllers.item(at).and_downcast::<gtk::EventController>())
        .filter(libadwaita::prelude::ObjectExt::is::<gtk::EventControllerScroll>)
        .collect();
    for scroll in &scrolls {
        control.remove_controller(scroll);
    }
}
