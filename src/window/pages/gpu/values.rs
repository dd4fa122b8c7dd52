//! Names and values under a heading, a line each.

use adw::prelude::*;
use libadwaita as adw;
use relm4::{RelmWidgetExt, gtk};

use super::super::super::rows::Group;
use super::words::Said;
use crate::client::gpu_words::NOTHING;

/// A heading and its lines.
#[derive(Debug)]
pub(super) struct Values {
    pub(super) widget: gtk::Box,
    list: gtk::ListBox,
    lines: Vec<gtk::Label>,
    shown: Vec<Said>,
}

impl Values {
    pub(super) fn new(title: &str) -> Self {
        let Group { widget, list } = Group::new(title);
        list.add_css_class("values");
        Self { widget, list, lines: Vec::new(), shown: Vec::new() }
    }

    /// Shows them. What has not changed is left alone. `why_not`: why a value is not available.
    pub(super) fn show(&mut self, said: Vec<Said>, why_not: &str) {
        if said.len() != self.lines.len() {
            self.lines.drain(..).filter_map(|line| line.ancestor(gtk::ListBoxRow::static_type())).for_each(|row| {
                self.list.remove(&row);
            });
            self.lines = said.iter().map(|(name, _)| add(&self.list, name)).collect();
            self.shown.clear();
        }
        for (at, (line, (name, value))) in self.lines.iter().zip(&said).enumerate() {
            line.set_tooltip_text(value.is_none().then_some(why_not));
            if self.shown.get(at) != Some(&(*name, value.clone())) {
                line.set_label(value.as_deref().unwrap_or(NOTHING));
                line.set_class_active("dim-label", value.is_none());
            }
        }
        self.shown = said;
    }
}

fn add(list: &gtk::ListBox, name: &str) -> gtk::Label {
    let both = gtk::Box::new(gtk::Orientation::Horizontal, 18);
    both.append(&gtk::Label::builder().label(name).xalign(0.0).valign(gtk::Align::Start).build());
    let value = gtk::Label::builder()
        .xalign(1.0)
        .hexpand(true)
        .wrap(true)
        .wrap_mode(gtk::pango::WrapMode::WordChar)
        .justify(gtk::Justification::Right)
        .css_classes(["numeric"])
        .build();
    both.append(&value);
    let row = gtk::ListBoxRow::builder().child(&both).activatable(false).focusable(false).build();
    list.append(&row);
    value
}
