//! Rows of the page.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

use adw::prelude::*;
use libadwaita as adw;
use relm4::gtk;

use super::super::super::rows::{Group, button, icon, named_with, property, row};
use super::shown::{Fold, Line};
use crate::client::InstallerVerb;

/// Rows under a heading, some of which can be opened.
pub(in crate::window) struct Folds {
    pub(in crate::window) group: Group,
    shown: Vec<Fold>,
    /// A button of a row was pressed.
    pressed: Rc<dyn Fn(InstallerVerb)>,
    /// The subjects of those that are open.
    open: Rc<RefCell<HashSet<String>>>,
}

impl Folds {
    /// Rows without buttons.
    pub(in crate::window) fn new(title: &str) -> Self {
        Self::acting(title, |_| {})
    }

    /// Rows whose buttons ask for something.
    pub(super) fn acting(title: &str, pressed: impl Fn(InstallerVerb) + 'static) -> Self {
        let group = Group::new(title);
        group.widget.set_visible(false);
        Self { group, shown: Vec::new(), pressed: Rc::new(pressed), open: Rc::default() }
    }

    /// Makes the rows anew where they have changed. What was open stays open.
    pub(in crate::window) fn show(&mut self, folds: Vec<Fold>) {
        if folds == self.shown {
            return;
        }
        self.group.clear();
        for fold in &folds {
            self.append(fold);
        }
        self.group.widget.set_visible(!folds.is_empty());
        self.shown = folds;
    }

    fn append(&self, fold: &Fold) {
        let head = self.row(&fold.line);
        self.group.list.append(&head);
        if fold.details.is_empty() {
            return;
        }
        let rows: Vec<adw::ActionRow> = fold.details.iter().map(|line| self.row(line)).collect();
        for row in &rows {
            row.add_css_class("detail");
            self.group.list.append(row);
        }
        let label = property("label", "Details");
        let called = format!("Details: {}", fold.line.title);
        let toggle: gtk::ToggleButton = named_with("GtkToggleButton", &called, &label).unwrap_or_default();
        toggle.set_tooltip_text(Some(&called));
        toggle.set_valign(gtk::Align::Center);
        let (open, subject) = (Rc::clone(&self.open), fold.subject().to_owned());
        let unfold = move |opens: bool| rows.iter().for_each(|row| row.set_visible(opens));
        let is_open = open.borrow().contains(&subject);
        toggle.set_active(is_open);
        unfold(is_open);
        toggle.connect_toggled(move |toggle| {
            let opens = toggle.is_active();
            if opens {
                open.borrow_mut().insert(subject.clone())
            } else {
                open.borrow_mut().remove(&subject)
            };
            unfold(opens);
        });
        head.add_suffix(&toggle);
    }

    fn row(&self, line: &Line) -> adw::ActionRow {
        let row = row(&line.title, &line.about);
        row.set_subtitle_lines(0);
        row.set_title_lines(0);
        if let Some(sign) = &line.sign {
            row.add_prefix(&icon(sign));
        }
        if let Some(act) = &line.act {
            let (pressed, verb) = (Rc::clone(&self.pressed), act.verb.clone());
            let button = button(act.label, &act.name, move |_| pressed(verb.clone()));
            button.set_sensitive(act.enabled);
            row.add_suffix(&button);
        }
        row
    }
}
