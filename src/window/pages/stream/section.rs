//! Settings under a heading: a row each.

use std::collections::BTreeMap;

use adw::prelude::*;
use libadwaita as adw;
use relm4::{Sender, gtk};

use super::super::super::rows::Group;
use super::Input;
use super::draft::Draft;
use super::row::SettingRow;
use super::shown::Shown;
use crate::client::SettingFacts;

/// A heading and its rows.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) group: Group,
    rows: Vec<(String, SettingRow)>,
    /// Rows show the server's own name too.
    with_names: bool,
    /// Rows without a lock leave its place free.
    places: gtk::SizeGroup,
    /// So many rows of others stand before ours.
    before: i32,
}

impl Section {
    /// Without rows. So many rows that are not ours stand first in its list.
    pub(super) fn new(title: &str, with_names: bool, before: i32) -> Self {
        let places = gtk::SizeGroup::new(gtk::SizeGroupMode::Horizontal);
        Self { group: Group::new(title), rows: Vec::new(), with_names, places, before }
    }

    /// Makes the rows those of these settings, in this order. Rows that stay are left alone.
    pub(super) fn keep(&mut self, settings: &[&SettingFacts], draft: &Draft, page: &Sender<Input>) {
        let mut old: BTreeMap<String, SettingRow> = std::mem::take(&mut self.rows).into_iter().collect();
        let list = &self.group.list;
        for (at, setting) in (self.before..).zip(settings) {
            let kept = old.remove(&setting.name).and_then(|row| {
                let fits = row.fits(setting);
                if !fits || row.widget.index() != at {
                    list.remove(&row.widget);
                }
                fits.then_some(row)
            });
            let mut row = kept.unwrap_or_else(|| SettingRow::new(setting, &self.places, page));
            if row.widget.parent().is_none() {
                list.insert(&row.widget, at);
            }
            row.show(Shown::of(setting, draft, self.with_names));
            self.rows.push((setting.name.clone(), row));
        }
        for gone in old.into_values() {
            list.remove(&gone.widget);
        }
    }
}
