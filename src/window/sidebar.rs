//! The list of pages. A badge counts troubles, nothing else.

use adw::prelude::*;
use libadwaita as adw;
use relm4::{RelmWidgetExt, gtk};
use strum::IntoEnumIterator;

use super::page::Page;
use super::rows::named;

/// The list and its badges.
#[derive(Debug)]
pub(super) struct Sidebar {
    list: gtk::ListBox,
    badges: Vec<(Page, gtk::Label)>,
}

impl Sidebar {
    /// Fills `list`, and calls `opened` when a person has chosen a page.
    pub(super) fn fill(list: &gtk::ListBox, opened: impl Fn(Page) + 'static) -> Self {
        list.set_selection_mode(gtk::SelectionMode::None);
        let badges = Page::iter().map(|page| (page, add_row(list, page))).collect();
        let pages: Vec<Page> = Page::iter().collect();
        list.connect_row_activated(move |_, row| {
            if let Some(page) = usize::try_from(row.index()).ok().and_then(|at| pages.get(at)) {
                opened(*page);
            }
        });
        Self { list: list.clone(), badges }
    }

    /// Marks the page that is open. The list's own selection would go with the keyboard, whatever is open.
    pub(super) fn mark(&self, page: Page) {
        for (at, known) in (0..).zip(Page::iter()) {
            if let Some(row) = self.list.row_at_index(at) {
                row.set_class_active("open", known == page);
            }
        }
    }

    /// Lists a page, or not: what the machine does not have needs none.
    pub(super) fn list(&self, page: Page, listed: bool) {
        for (at, _) in (0..).zip(Page::iter()).filter(|(_, known)| *known == page) {
            if let Some(row) = self.list.row_at_index(at) {
                row.set_visible(listed);
            }
        }
    }

    /// Shows how many troubles a page tells of.
    pub(super) fn count(&self, page: Page, troubles: usize) {
        for (_, badge) in self.badges.iter().filter(|(badged, _)| *badged == page) {
            badge.set_visible(troubles > 0);
            badge.set_label(&troubles.to_string());
            badge.set_tooltip_text(Some(&if troubles == 1 {
                "1 trouble".into()
            } else {
                format!("{troubles} troubles")
            }));
        }
    }
}

fn add_row(list: &gtk::ListBox, page: Page) -> gtk::Label {
    let content = gtk::Box::new(gtk::Orientation::Horizontal, 12);
    content.append(&gtk::Image::from_icon_name(page.icon()));
    content.append(&gtk::Label::builder().label(page.title()).xalign(0.0).hexpand(true).build());
    let badge =
        gtk::Label::builder().css_classes(["badge", "numeric"]).valign(gtk::Align::Center).visible(false).build();
    content.append(&badge);
    let row: gtk::ListBoxRow = named("GtkListBoxRow", page.title()).unwrap_or_default();
    row.set_child(Some(&content));
    list.append(&row);
    badge
}
