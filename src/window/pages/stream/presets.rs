//! The presets in a row. Each opens to what it sets, and is applied from there.

use adw::prelude::*;
use libadwaita as adw;
use relm4::{Sender, gtk};

use super::super::super::rows::{button, named};
use super::Input;
use crate::client::PresetFacts;

/// As wide as a list of values is, in letters.
const LETTERS: i32 = 44;
/// No more presets stand in one row.
const MOST_IN_A_ROW: u32 = 10;

/// What a preset costs.
const CONSEQUENCE: &str = "To apply it stops the picture for some seconds. Then you are asked whether to keep it.";

/// A heading and a button for each preset.
#[derive(Debug)]
pub(super) struct Presets {
    pub(super) widget: gtk::Box,
    about: gtk::Label,
    row: gtk::FlowBox,
    buttons: Vec<Choice>,
    shown: Option<Shown>,
}

/// One preset.
#[derive(Debug)]
struct Choice {
    mark: gtk::Image,
    apply: gtk::Button,
    note: gtk::Label,
}

/// What there is to see.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shown {
    /// All of them.
    pub(super) presets: Vec<PresetFacts>,
    /// The token of the one in force; empty if none is.
    pub(super) in_force: String,
    /// Why none can be applied now; empty if they can.
    pub(super) refused: String,
}

impl Presets {
    pub(super) fn new() -> Self {
        let widget = gtk::Box::new(gtk::Orientation::Vertical, 6);
        widget.append(&gtk::Label::builder().label("Preset").xalign(0.0).css_classes(["heading"]).build());
        let about = gtk::Label::builder().xalign(0.0).wrap(true).build();
        let row = gtk::FlowBox::builder()
            .selection_mode(gtk::SelectionMode::None)
            .column_spacing(6)
            .row_spacing(6)
            .max_children_per_line(MOST_IN_A_ROW)
            .build();
        widget.append(&row);
        widget.append(&about);
        Self { widget, about, row, buttons: Vec::new(), shown: None }
    }

    /// Shows them. What has not changed is left alone.
    pub(super) fn show(&mut self, shown: Shown, page: &Sender<Input>) {
        if self.shown.as_ref() == Some(&shown) {
            return;
        }
        if self.shown.as_ref().is_none_or(|old| old.presets != shown.presets) {
            while let Some(child) = self.row.first_child() {
                self.row.remove(&child);
            }
            self.buttons = shown.presets.iter().map(|preset| self.add(preset, page)).collect();
        }
        for (preset, choice) in shown.presets.iter().zip(&self.buttons) {
            let in_force = preset.name == shown.in_force;
            choice.mark.set_visible(in_force);
            choice.apply.set_sensitive(!in_force && shown.refused.is_empty());
            choice.note.set_label(match shown.refused.as_str() {
                _ if in_force => "These values are in force.",
                "" => CONSEQUENCE,
                refused => refused,
            });
        }
        self.about.set_label(&about(&shown));
        self.widget.set_visible(!shown.presets.is_empty());
        self.shown = Some(shown);
    }

    fn add(&self, preset: &PresetFacts, page: &Sender<Input>) -> Choice {
        let mark = gtk::Image::from_icon_name("object-select-symbolic");
        let face = gtk::Box::new(gtk::Orientation::Horizontal, 6);
        face.set_halign(gtk::Align::Center);
        face.append(&mark);
        face.append(&gtk::Label::new(Some(&preset.label)));
        let values = gtk::Box::new(gtk::Orientation::Vertical, 6);
        let label = |text: &str| {
            let label = gtk::Label::builder().label(text).xalign(0.0).wrap(true).max_width_chars(LETTERS);
            label.width_chars(LETTERS / 2).build()
        };
        values.append(&label(&preset.description));
        let list = label(&preset.changes.join("\n"));
        list.add_css_class("numeric");
        values.append(&list);
        let note = label("");
        values.append(&note);
        let popover = gtk::Popover::builder().child(&values).build();
        let (applied, name, closed) = (page.clone(), preset.name.clone(), popover.clone());
        let apply = button("Apply", &format!("Apply {}", preset.label), move |_| {
            closed.popdown();
            applied.emit(Input::Preset(name.clone()));
        });
        apply.set_halign(gtk::Align::End);
        values.append(&apply);
        let opens: gtk::MenuButton = named("GtkMenuButton", &preset.label).unwrap_or_default();
        opens.set_child(Some(&face));
        opens.set_popover(Some(&popover));
        let child = gtk::FlowBoxChild::builder().focusable(false).child(&opens).build();
        self.row.insert(&child, -1);
        Choice { mark, apply, note }
    }
}

/// Which one is in force, in words.
fn about(shown: &Shown) -> String {
    match shown.presets.iter().find(|preset| preset.name == shown.in_force) {
        Some(preset) => format!("{} is in force. {}", preset.label, preset.description),
        None => "Custom: the values in force are those of no preset.".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_in_force_is_named_or_none_is() {
        let preset = PresetFacts {
            name: "balanced".into(),
            label: "Balanced".into(),
            description: "A good picture.".into(),
            ..PresetFacts::default()
        };
        let mut shown = Shown { presets: vec![preset], in_force: "balanced".into(), refused: String::new() };
        assert_eq!(about(&shown), "Balanced is in force. A good picture.");
        shown.in_force.clear();
        assert!(about(&shown).starts_with("Custom"));
    }
}
