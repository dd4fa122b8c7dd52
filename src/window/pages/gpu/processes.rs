//! Who uses a GPU, and the way to end one of them.

use std::collections::{BTreeMap, HashSet};

use adw::prelude::*;
use libadwaita as adw;
use relm4::{Sender, gtk};

use super::super::super::rows::{Group, button, row};
use super::{Input, words};
use crate::client::GpuProcessFacts;

/// A process: its number, and when it started, so that no other one is meant.
pub(super) type Key = (u32, u64);

/// A heading, a row for each process, and a sentence on the others.
#[derive(Debug)]
pub(super) struct Processes {
    pub(super) widget: gtk::Box,
    list: gtk::ListBox,
    sentence: gtk::Label,
    rows: BTreeMap<Key, Row>,
}

#[derive(Debug)]
struct Row {
    widget: adw::ActionRow,
    end: gtk::Button,
    /// Another button: a new text would take the name from one.
    end_at_once: gtk::Button,
    subtitle: String,
}

/// What the daemon answered: those that can be seen, and how many cannot; or why nobody knows.
pub(super) type Users = Result<(Vec<GpuProcessFacts>, u32), String>;

impl Processes {
    pub(super) fn new() -> Self {
        let Group { widget, list } = Group::new("Processes");
        let sentence = gtk::Label::builder().xalign(0.0).wrap(true).build();
        widget.append(&sentence);
        list.set_visible(false);
        Self { widget, list, sentence, rows: BTreeMap::new() }
    }

    /// Shows them. Rows that stay are left alone. `asked`: those that have been asked to end. `may_ask`: somebody is
    /// there to be asked.
    pub(super) fn show(&mut self, users: Option<&Users>, asked: &HashSet<Key>, may_ask: bool, page: &Sender<Input>) {
        let (processes, sentence) = match users {
            None => (&[][..], "It has not been looked at yet.".to_owned()),
            Some(Err(why)) => (&[][..], why.clone()),
            Some(Ok((processes, hidden))) => (processes.as_slice(), words::others(processes.len(), *hidden)),
        };
        let there: HashSet<Key> = processes.iter().map(key).collect();
        for (_, gone) in self.rows.extract_if(.., |key, _| !there.contains(key)) {
            self.list.remove(&gone.widget);
        }
        for process in processes {
            let key = key(process);
            let row = self.rows.entry(key).or_insert_with(|| {
                let row = Row::new(process, page);
                self.list.append(&row.widget);
                row
            });
            row.show(process, asked.contains(&key), may_ask);
        }
        self.list.set_visible(!processes.is_empty());
        self.sentence.set_label(&sentence);
    }
}

impl Row {
    fn new(process: &GpuProcessFacts, page: &Sender<Input>) -> Self {
        let name = if process.name.is_empty() { "A process without a name" } else { &process.name };
        let key = key(process);
        let widget = row(name, "");
        let offer = |label: &str| {
            let page = page.clone();
            let called = format!("{label}: {name}, process {}", process.pid);
            let offer = button(label, &called, move |_| page.emit(Input::OfferEnd(key)));
            widget.add_suffix(&offer);
            offer
        };
        let (end, end_at_once) = (offer("End"), offer("End at once"));
        widget.add_css_class("numeric");
        Self { widget, end, end_at_once, subtitle: String::new() }
    }

    fn show(&mut self, process: &GpuProcessFacts, asked: bool, may_ask: bool) {
        let mut subtitle = words::process(process);
        if asked {
            subtitle.push_str(" · asked to end");
        }
        if subtitle != self.subtitle {
            self.widget.set_subtitle(&subtitle);
            self.subtitle = subtitle;
        }
        for (offer, is_for_asked) in [(&self.end, false), (&self.end_at_once, true)] {
            offer.set_visible(asked == is_for_asked);
            offer.set_sensitive(may_ask);
        }
    }
}

/// What tells a process from all others.
pub(super) fn key(process: &GpuProcessFacts) -> Key {
    (process.pid, process.start_time)
}
