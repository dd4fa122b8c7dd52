//! Rows to choose from: one of them, or any.

use std::rc::Rc;

use adw::prelude::*;
use gtk::{gdk, glib};
use libadwaita as adw;
use relm4::gtk;

use super::super::format::Sign;
use super::super::quiet::Quiet;
use super::super::rows::{Group, icon, named_with, property, row};

/// A row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) token: String,
    pub(super) title: String,
    /// May be empty.
    pub(super) about: String,
    pub(super) sign: Option<Sign>,
    pub(super) chosen: bool,
}

/// What is told of a token: that it is chosen now, or not any more.
type Chosen = dyn Fn(&str, bool);

/// All of them under a heading.
pub(super) struct Choices {
    pub(super) group: Group,
    one_of_them: bool,
    shown: Vec<Choice>,
    checks: Vec<Quiet<gtk::CheckButton>>,
    chosen: Rc<Chosen>,
}

impl Choices {
    /// One can be chosen.
    pub(super) fn one(title: &str, chosen: impl Fn(&str) + 'static) -> Self {
        Self::new(title, true, move |token, on| {
            if on {
                chosen(token);
            }
        })
    }

    /// Any can be chosen.
    pub(super) fn any(title: &str, chosen: impl Fn(&str, bool) + 'static) -> Self {
        Self::new(title, false, chosen)
    }

    fn new(title: &str, one_of_them: bool, chosen: impl Fn(&str, bool) + 'static) -> Self {
        let group = Group::new(title);
        group.widget.set_visible(false);
        if one_of_them {
            choose_by_arrows(&group.list);
        }
        Self { group, one_of_them, shown: Vec::new(), checks: Vec::new(), chosen: Rc::new(chosen) }
    }

    /// Makes the rows anew where there are others.
    pub(super) fn show(&mut self, choices: Vec<Choice>) {
        let unchosen = |choices: &[Choice]| -> Vec<Choice> {
            choices.iter().map(|choice| Choice { chosen: false, ..choice.clone() }).collect()
        };
        if unchosen(&choices) != unchosen(&self.shown) {
            self.group.clear();
            self.checks.clear();
            for choice in &choices {
                self.append(choice);
            }
            self.group.widget.set_visible(!choices.is_empty());
        }
        for (check, choice) in self.checks.iter().zip(&choices) {
            check.tell(|check| check.set_active(choice.chosen));
        }
        self.shown = choices;
    }

    fn append(&mut self, choice: &Choice) {
        let role = if self.one_of_them { property("accessible-role", "radio") } else { String::new() };
        let check: gtk::CheckButton = named_with("GtkCheckButton", &choice.title, &role).unwrap_or_default();
        check.set_valign(gtk::Align::Center);
        if self.one_of_them {
            check.set_group(self.checks.first().map(|first| &first.widget));
        }
        let check = Quiet::new(check);
        let (chosen, token) = (Rc::clone(&self.chosen), choice.token.clone());
        check.widget.connect_toggled(check.heard(move |check: &gtk::CheckButton| chosen(&token, check.is_active())));
        let row = row(&choice.title, &choice.about);
        row.set_subtitle_lines(0);
        row.add_prefix(&check.widget);
        row.set_activatable_widget(Some(&check.widget));
        if let Some(sign) = &choice.sign {
            let word = gtk::Label::new(Some(&sign.word));
            row.add_suffix(&icon(sign));
            row.add_suffix(&word);
        }
        self.group.list.append(&row);
        self.checks.push(check);
    }
}

/// Tab stops at the one that is chosen, and arrows choose the next or the previous one. The list would take the arrows
/// for its rows, none of which can have the keyboard.
fn choose_by_arrows(list: &gtk::ListBox) {
    let keys = gtk::EventControllerKey::new();
    keys.set_propagation_phase(gtk::PropagationPhase::Capture);
    let weak = list.downgrade();
    keys.connect_key_pressed(move |_, key, _, _| {
        let row = weak.upgrade().and_then(|list| list.focus_child());
        let other = match key {
            gdk::Key::Down | gdk::Key::KP_Down => row.and_then(|row| row.next_sibling()),
            gdk::Key::Up | gdk::Key::KP_Up => row.and_then(|row| row.prev_sibling()),
            _ => return glib::Propagation::Proceed,
        };
        if let Some(check) = other.and_downcast::<adw::ActionRow>().and_then(|row| row.activatable_widget()) {
            check.grab_focus();
            check.activate();
        }
        glib::Propagation::Stop
    });
    list.add_controller(keys);
}
