//! The parts of the page, put together.

use adw::prelude::*;
use libadwaita as adw;
use relm4::{Sender, gtk};

use super::super::super::known::Known;
use super::super::super::rows::button;
use super::all::All;
use super::bar::Bar;
use super::desktop_size::{SizeRow, is_part};
use super::draft::{Draft, configured};
use super::now::{self, Now};
use super::presets::{self, Presets};
use super::section::Section;
use super::{Input, words};
use crate::client::{SettingFacts, StreamFacts};

/// The group of what nobody has described: it is among all settings, and has no heading of its own.
const UNDESCRIBED: &str = "all";
/// The group that the row of the desktop's size stands in.
const SIZE: &str = "size";

/// Everything on the page.
#[derive(Debug)]
pub(super) struct View {
    /// Why there is nothing else.
    nothing: gtk::Label,
    pub(super) content: gtk::Box,
    presets: Presets,
    pub(super) now: Now,
    /// What a lock means.
    hint: gtk::Label,
    curated: gtk::Box,
    /// By the token of the group.
    sections: Vec<(String, Section)>,
    size: Option<SizeRow>,
    pub(super) all: All,
    reset: gtk::Button,
    pub(super) bar: Bar,
}

impl View {
    pub(super) fn new(page: &Sender<Input>) -> Self {
        let label = || gtk::Label::builder().xalign(0.0).wrap(true).visible(false);
        let (presets, now, all) = (Presets::new(), Now::new(), All::new(page));
        let hint = "New viewers begin with these values, and a browser may choose otherwise. What is locked holds for \
                    everyone.";
        let hint = label().label(hint).build();
        let curated = gtk::Box::new(gtk::Orientation::Vertical, 18);
        let offered = page.clone();
        let reset = button("Take back everything set here", "Take back everything set here", move |_| {
            offered.emit(Input::OfferReset(Vec::new()));
        });
        reset.set_halign(gtk::Align::Start);
        let nothing = label().build();
        let content = gtk::Box::new(gtk::Orientation::Vertical, 18);
        let parts: [&gtk::Widget; 7] = [
            nothing.upcast_ref(),
            presets.widget.upcast_ref(),
            now.widget.upcast_ref(),
            hint.upcast_ref(),
            curated.upcast_ref(),
            all.widget.upcast_ref(),
            reset.upcast_ref(),
        ];
        for part in parts {
            content.append(part);
        }
        let bar = Bar::new(page);
        Self { nothing, content, presets, now, hint, curated, sections: Vec::new(), size: None, all, reset, bar }
    }

    /// Says why there is no page, if there is none, and shows old facts as what they are.
    pub(super) fn show_nothing(&mut self, known: &Known, complaint: &str) {
        let is_served = known.stream().is_some();
        let why = match (is_served, known.is_there) {
            (true, _) => complaint,
            (false, true) => "There is no stream here whose settings could be shown.",
            (false, false) => "Nothing is known yet.",
        };
        self.nothing.set_label(why);
        self.nothing.set_visible(!why.is_empty());
        let mut part = self.nothing.next_sibling();
        while let Some(widget) = part {
            widget.set_sensitive(known.is_there);
            part = widget.next_sibling();
        }
        if !is_served {
            self.presets.widget.set_visible(false);
        }
        self.now.widget.set_visible(is_served);
        self.curated.set_visible(is_served);
        self.all.widget.set_visible(is_served);
    }

    /// Shows the presets and what the server does.
    pub(super) fn show_stream(
        &mut self,
        stream: &StreamFacts,
        settings: &[SettingFacts],
        hindrance: Option<&str>,
        page: &Sender<Input>,
    ) {
        let shown = presets::Shown {
            presets: stream.presets.clone(),
            in_force: stream.preset.clone().unwrap_or_default(),
            refused: hindrance.unwrap_or_default().to_owned(),
        };
        self.presets.show(shown, page);
        let encoder = settings.iter().find(|setting| setting.name == "encoder");
        let encoder = encoder.map(|setting| setting.in_words(configured(setting))).unwrap_or_default();
        self.now.show(now::Shown::of(
            &stream.effective,
            stream.viewers,
            &encoder,
            stream.schema_note.as_deref().unwrap_or_default(),
        ));
    }

    /// Shows all settings.
    pub(super) fn show_settings(&mut self, settings: &[SettingFacts], draft: &Draft, page: &Sender<Input>) {
        self.hint.set_visible(settings.iter().any(words::can_be_enforced));
        self.reset.set_visible(settings.iter().any(|setting| setting.source == words::OURS));
        let is_curated = |setting: &&SettingFacts| setting.group != UNDESCRIBED && !setting.advanced;
        let groups: Vec<&SettingFacts> = settings.iter().filter(is_curated).collect();
        let mut tokens: Vec<&str> = groups.iter().map(|setting| setting.group.as_str()).collect();
        tokens.dedup();
        let known: Vec<&str> = self.sections.iter().map(|(token, _)| token.as_str()).collect();
        if tokens != known {
            self.make_sections(&groups, &tokens, settings, page);
        }
        for (token, section) in &mut self.sections {
            let has_own_row = |setting: &SettingFacts| token == SIZE && self.size.is_some() && is_part(setting);
            let of_group = groups.iter().copied().filter(|setting| setting.group == *token && !has_own_row(setting));
            section.keep(&of_group.collect::<Vec<_>>(), draft, page);
        }
        if let Some(size) = &self.size {
            size.show(settings, draft);
        }
        self.all.keep(settings, draft, page);
    }

    fn make_sections(
        &mut self,
        groups: &[&SettingFacts],
        tokens: &[&str],
        settings: &[SettingFacts],
        page: &Sender<Input>,
    ) {
        self.sections.iter().for_each(|(_, section)| self.curated.remove(&section.group.widget));
        self.sections.clear();
        self.size = SizeRow::new(settings, page);
        for token in tokens {
            let title = groups.iter().find(|setting| setting.group == *token);
            let title = title.map_or(*token, |setting| setting.group_label.as_str());
            let own = self.size.as_ref().filter(|_| *token == SIZE);
            let section = Section::new(title, false, own.map_or(0, |_| 1));
            if let Some(size) = &own {
                section.group.list.append(size.widget());
            }
            self.curated.append(&section.group.widget);
            self.sections.push(((*token).to_owned(), section));
        }
    }

    /// What was being typed is given up.
    pub(super) fn forget_typing(&self) {
        self.size.iter().for_each(SizeRow::discard);
    }
}
