//! Any of several values, behind a button that says which.

use std::rc::Rc;

use adw::prelude::*;
use libadwaita as adw;
use relm4::gtk;

use super::super::super::quiet::Quiet;
use super::super::super::rows::activatable;
use super::control::Chosen;
use super::words;
use crate::client::SettingFacts;

/// How the server writes that it is none of them.
const NONE: &str = "none";

/// A button that opens a list to tick.
#[derive(Debug)]
pub(super) struct Several {
    button: gtk::MenuButton,
    ticks: Rc<Vec<(String, Quiet<gtk::CheckButton>)>>,
    setting: SettingFacts,
}

impl Several {
    pub(super) fn new(setting: &SettingFacts, chosen: &Chosen) -> Self {
        let tick = |value: &String| {
            let tick = gtk::CheckButton::with_label(&words::alone(setting, value));
            (value.clone(), Quiet::new(tick))
        };
        let ticks: Rc<Vec<_>> = Rc::new(setting.values.iter().flatten().map(tick).collect());
        let list = gtk::Box::new(gtk::Orientation::Vertical, 6);
        for (_, tick) in ticks.iter() {
            list.append(&tick.widget);
            let (all, chosen) = (Rc::downgrade(&ticks), Rc::clone(chosen));
            tick.widget.connect_active_notify(tick.heard(move |_: &gtk::CheckButton| {
                let Some(all) = all.upgrade() else { return };
                let ticked = all.iter().filter(|(_, tick)| tick.widget.is_active()).map(|(value, _)| value.as_str());
                chosen(&written(ticked));
            }));
        }
        let button = gtk::MenuButton::new();
        // The row is what has the keyboard: it has a name, and the button inside this one has none of its own.
        if let Some(inside) = button.first_child() {
            inside.set_focusable(false);
        }
        button.set_popover(Some(&gtk::Popover::builder().child(&list).build()));
        button.set_valign(gtk::Align::Center);
        Self { button, ticks, setting: setting.clone() }
    }

    pub(super) fn widget(&self) -> &gtk::Widget {
        self.button.upcast_ref()
    }

    /// Whoever activates the row opens the list.
    pub(super) fn open_by(&self, row: &adw::ActionRow) {
        let button = self.button.clone();
        activatable(row, move || {
            if button.is_sensitive() {
                button.popup();
            }
        });
    }

    pub(super) fn show(&self, value: &str) {
        let ticked = items(value);
        for (value, tick) in self.ticks.iter() {
            tick.tell(|tick| tick.set_active(ticked.contains(&value.as_str())));
        }
        let mut words: Vec<String> = ticked.iter().map(|item| words::alone(&self.setting, item)).collect();
        if words.is_empty() {
            words.push(words::alone(&self.setting, NONE));
        }
        self.button.set_label(&words.join(", "));
    }
}

fn items(value: &str) -> Vec<&str> {
    value.split(',').map(str::trim).filter(|item| !item.is_empty() && *item != NONE).collect()
}

fn written<'v>(ticked: impl Iterator<Item = &'v str>) -> String {
    let ticked: Vec<&str> = ticked.collect();
    if ticked.is_empty() { NONE.into() } else { ticked.join(",") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ticked_is_written_as_the_server_reads_it() {
        assert_eq!(written([].into_iter()), "none");
        assert_eq!(written(["upload", "download"].into_iter()), "upload,download");
        assert_eq!(items("upload, download"), ["upload", "download"]);
        assert!(items("none").is_empty() && items("").is_empty());
    }
}
