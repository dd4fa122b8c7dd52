//! One of several values. Those that the machine cannot do are there, cannot be chosen, and say why.

use std::cell::RefCell;
use std::rc::Rc;

use adw::prelude::*;
use libadwaita as adw;
use relm4::gtk;

use super::super::super::quiet::Quiet;
use super::super::super::rows::choice_row;
use super::control::Chosen;
use super::words;
use crate::client::SettingFacts;

/// A row with a list that drops down.
#[derive(Debug)]
pub(super) struct Choices {
    list: Quiet<adw::ComboRow>,
    labels: gtk::StringList,
    /// Behind the labels, in their order.
    values: Rc<RefCell<Vec<Choice>>>,
    setting: SettingFacts,
}

/// One value.
#[derive(Clone, Debug)]
struct Choice {
    value: String,
    /// Why it cannot be chosen.
    unavailable: Option<String>,
}

impl Choices {
    pub(super) fn new(setting: &SettingFacts, chosen: &Chosen) -> Self {
        let known = setting.values.iter().flatten();
        let unavailable = |value: &String| setting.unavailable.as_ref()?.get(value).cloned();
        let mut values: Vec<Choice> =
            known.map(|value| Choice { value: value.clone(), unavailable: unavailable(value) }).collect();
        // What cannot be chosen comes last.
        values.sort_by_key(|choice| choice.unavailable.is_some());
        let labels = gtk::StringList::new(&[]);
        for choice in &values {
            labels.append(&words::alone(setting, &choice.value));
        }
        let values = Rc::new(RefCell::new(values));
        let list = choice_row(&setting.label, "");
        list.set_model(Some(&labels));
        list.set_list_factory(Some(&with_reasons(&values)));
        let list = Quiet::new(list);
        let (chosen, behind) = (Rc::clone(chosen), Rc::clone(&values));
        list.widget.connect_selected_notify(list.heard(move |list: &adw::ComboRow| {
            let choice = place(list.selected()).and_then(|at| behind.borrow().get(at).cloned());
            if let Some(choice) = choice {
                // What was configured elsewhere and cannot work may stay; the control service says so.
                chosen(&choice.value);
            }
        }));
        Self { list, labels, values, setting: setting.clone() }
    }

    pub(super) fn row(&self) -> &adw::ComboRow {
        &self.list.widget
    }

    pub(super) fn show(&self, value: &str) {
        let known = self.values.borrow().iter().position(|choice| choice.value == value);
        let at = known.unwrap_or_else(|| {
            // A number that somebody has set elsewhere, say.
            self.values.borrow_mut().push(Choice { value: value.to_owned(), unavailable: None });
            self.labels.append(&words::alone(&self.setting, value));
            self.values.borrow().len() - 1
        });
        let at = u32::try_from(at).unwrap_or(gtk::INVALID_LIST_POSITION);
        if self.list.widget.selected() != at {
            self.list.tell(|list| list.set_selected(at));
        }
    }
}

fn place(at: u32) -> Option<usize> {
    (at != gtk::INVALID_LIST_POSITION).then(|| usize::try_from(at).ok())?
}

/// Each value on a line, and under it why it cannot be chosen.
fn with_reasons(values: &Rc<RefCell<Vec<Choice>>>) -> gtk::SignalListItemFactory {
    let factory = gtk::SignalListItemFactory::new();
    factory.connect_setup(|_, item| {
        let Some(item) = item.downcast_ref::<gtk::ListItem>() else { return };
        let both = gtk::Box::new(gtk::Orientation::Vertical, 0);
        both.append(&gtk::Label::builder().xalign(0.0).build());
        let why = gtk::Label::builder()
            .xalign(0.0)
            .wrap(true)
            .width_chars(30)
            .max_width_chars(36)
            .css_classes(["caption"])
            .build();
        both.append(&why);
        item.set_child(Some(&both));
    });
    let values = Rc::clone(values);
    factory.connect_bind(move |_, item| {
        let Some(item) = item.downcast_ref::<gtk::ListItem>() else { return };
        let label = item.child().and_then(|both| both.first_child()).and_downcast::<gtk::Label>();
        let reason = label.as_ref().and_then(libadwaita::prelude::WidgetExt::next_sibling).and_downcast::<gtk::Label>();
        let (Some(label), Some(reason)) = (label, reason) else { return };
        let words = item.item().and_downcast::<gtk::StringObject>().map(|words| words.string());
        label.set_label(words.as_deref().unwrap_or_default());
        let why = place(item.position()).and_then(|at| values.borrow().get(at)?.unavailable.clone());
        reason.set_visible(why.is_some());
        reason.set_label(why.as_deref().unwrap_or_default());
        item.set_activatable(why.is_none());
        item.set_selectable(why.is_none());
        label.set_sensitive(why.is_none());
    });
    factory
}
