//! All settings of the server, also those that nobody has described: searched, and built when somebody asks for them.

use adw::prelude::*;
use libadwaita as adw;
use relm4::{Sender, gtk};

use super::super::super::rows::{activatable, named, row};
use super::Input;
use super::draft::Draft;
use super::section::Section;
use crate::client::SettingFacts;
use crate::model::text::quoted;

/// So many rows there are before one must ask for more: a row is dear, and nobody reads hundreds.
const ROWS: usize = 50;

/// A heading, a search, and rows.
#[derive(Debug)]
pub(super) struct All {
    pub(super) widget: gtk::Box,
    section: Section,
    search: gtk::SearchEntry,
    /// Asks for the rows at first, then for more of them.
    more: adw::ActionRow,
    nothing: gtk::Label,
    asked: Asked,
}

/// What a person has asked to see.
#[derive(Debug, Default)]
struct Asked {
    open: bool,
    without_end: bool,
    text: String,
}

impl All {
    pub(super) fn new(page: &Sender<Input>) -> Self {
        let section = Section::new("All settings", true, 0);
        let widget = section.group.widget.clone();
        let search: gtk::SearchEntry = named("GtkSearchEntry", "Search all settings").unwrap_or_default();
        search.set_placeholder_text(Some("Search all settings"));
        search.set_visible(false);
        let searched = page.clone();
        search.connect_search_changed(move |search| searched.emit(Input::Search(search.text().into())));
        widget.insert_child_after(&search, widget.first_child().as_ref());
        let nothing = gtk::Label::builder().xalign(0.0).wrap(true).visible(false).build();
        widget.append(&nothing);
        let more = row("", "");
        let asked = page.clone();
        activatable(&more, move || asked.emit(Input::More));
        Self { widget, section, search, more, nothing, asked: Asked::default() }
    }

    /// Somebody wants to see the rows, or more of them.
    pub(super) fn ask_for_more(&mut self) {
        self.asked.without_end = self.asked.open;
        self.asked.open = true;
    }

    /// Shows settings that hold this text only.
    pub(super) fn search(&mut self, text: &str) {
        self.asked.text = text.trim().to_lowercase();
        self.asked.without_end = false;
    }

    /// Makes the rows those that are asked for.
    pub(super) fn keep(&mut self, settings: &[SettingFacts], draft: &Draft, page: &Sender<Input>) {
        let found: Vec<&SettingFacts> = settings.iter().filter(|setting| matches(setting, &self.asked.text)).collect();
        let shown = match (self.asked.open, self.asked.without_end) {
            (false, _) => 0,
            (true, false) => ROWS.min(found.len()),
            (true, true) => found.len(),
        };
        let list = self.section.group.list.clone();
        if self.more.parent().is_some() {
            list.remove(&self.more);
        }
        self.section.keep(&found[..shown], draft, page);
        let left = found.len() - shown;
        if left > 0 {
            let title = if self.asked.open { format!("Show {left} more") } else { format!("Show all {left} settings") };
            self.more.set_title(&title);
            list.append(&self.more);
        }
        list.set_visible(!found.is_empty());
        self.search.set_visible(self.asked.open);
        self.nothing.set_visible(self.asked.open && found.is_empty());
        self.nothing.set_label(&format!("No setting matches {}.", quoted(&self.asked.text)));
        self.widget.set_visible(!settings.is_empty());
    }
}

/// Every word of the search is somewhere in what is said of the setting.
fn matches(setting: &SettingFacts, search: &str) -> bool {
    let said = [&setting.name, &setting.label, &setting.explanation, &setting.help, &setting.group_label];
    let said = said.map(|text| text.to_lowercase());
    search.split_whitespace().all(|word| said.iter().any(|text| text.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_looks_at_all_that_is_said_of_a_setting() {
        let setting = SettingFacts {
            name: "video_crf".into(),
            label: "Quality level".into(),
            explanation: "Lower is sharper.".into(),
            help: "CRF of the encoder".into(),
            ..SettingFacts::default()
        };
        for found in ["", "crf", "quality sharper", "VIDEO_".to_lowercase().as_str(), "encoder"] {
            assert!(matches(&setting, found), "{found}");
        }
        assert!(!matches(&setting, "quality sound"));
    }
}
