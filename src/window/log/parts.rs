//! The widgets around the text: the bar above it, the sentence in its place, the line below it.

use gtk::prelude::*;
use relm4::gtk;

use super::Input;
use super::text::Text;
use crate::window::rows::named;

/// The stack's children.
const TEXT: &str = "text";
const SENTENCE: &str = "sentence";

/// Everything of the view that changes.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) text: Text,
    pub(super) search: gtk::SearchEntry,
    follow: gtk::ToggleButton,
    found: gtk::Box,
    count: gtk::Label,
    steps: [gtk::Button; 2],
    /// Copy and Save.
    takers: [gtk::Button; 2],
    stack: gtk::Stack,
    sentence: Telling,
    status: Telling,
}

/// A sentence and the button that helps.
#[derive(Debug)]
struct Telling {
    row: gtk::Box,
    label: gtk::Label,
    again: gtk::Button,
}

impl Parts {
    /// Builds all of it into `root`.
    pub(super) fn build(root: &gtk::Box, input: &relm4::Sender<Input>) -> Self {
        let text = Text::new();
        let moved = input.clone();
        text.on_moved(move |back| moved.emit(Input::Moved { back }));
        let stack = gtk::Stack::new();
        let sentence = Telling::new(gtk::Orientation::Vertical, input);
        sentence.row.set_valign(gtk::Align::Center);
        sentence.row.set_vexpand(true);
        stack.add_named(&text.window, Some(TEXT));
        stack.add_named(&sentence.row, Some(SENTENCE));
        let status = Telling::new(gtk::Orientation::Horizontal, input);
        status.row.set_visible(false);
        let parts = Self {
            text,
            search: search(input),
            follow: follow(input),
            found: gtk::Box::new(gtk::Orientation::Horizontal, 6),
            count: gtk::Label::builder().css_classes(["numeric"]).width_chars(9).xalign(0.0).build(),
            steps: [
                button("Previous match", "go-up-symbolic", "Previous match (Shift+Enter)", input, || Input::Step {
                    forward: false,
                }),
                button("Next match", "go-down-symbolic", "Next match (Enter)", input, || Input::Step { forward: true }),
            ],
            takers: [
                button("Copy", "edit-copy-symbolic", "Copy what is selected, or all that is shown", input, || {
                    Input::Copy
                }),
                button("Save…", "document-save-symbolic", "Save all that is shown as a file…", input, || {
                    Input::Save
                }),
            ],
            stack,
            sentence,
            status,
        };
        root.append(&parts.bar());
        root.append(&parts.stack);
        root.append(&parts.status.row);
        root.add_controller(find_shortcut(&parts.search));
        parts
    }

    fn bar(&self) -> gtk::Box {
        let bar = gtk::Box::new(gtk::Orientation::Horizontal, 6);
        self.found.append(&self.count);
        self.found.set_visible(false);
        self.steps.iter().for_each(|button| self.found.append(button));
        bar.append(&self.search);
        bar.append(&self.found);
        bar.append(&self.follow);
        self.takers.iter().for_each(|button| bar.append(button));
        bar
    }

    /// Whether lines are followed.
    pub(super) fn follow(&self, follows: bool) {
        self.follow.set_active(follows);
    }

    /// How many matches there are, where something is searched for; `any`: there are some.
    pub(super) fn found(&self, count: Option<&str>, any: bool) {
        self.found.set_visible(count.is_some());
        self.count.set_label(count.unwrap_or_default());
        self.steps.iter().for_each(|button| button.set_sensitive(any));
    }

    /// Whether there is anything to copy and save.
    pub(super) fn is_empty(&self, empty: bool) {
        self.takers.iter().for_each(|button| button.set_sensitive(!empty));
    }

    /// Shows a sentence in the place of the text, and with it the button that reads again; or the text.
    pub(super) fn instead(&self, sentence: Option<(&str, bool)>) {
        self.sentence.tell(sentence);
        self.stack.set_visible_child_name(if sentence.is_some() { SENTENCE } else { TEXT });
    }

    /// Shows a sentence below the text, and with it the button that reads again; or nothing.
    pub(super) fn below(&self, sentence: Option<(&str, bool)>) {
        self.status.tell(sentence);
        self.status.row.set_visible(sentence.is_some());
    }
}

impl Telling {
    fn new(orientation: gtk::Orientation, input: &relm4::Sender<Input>) -> Self {
        let row = gtk::Box::new(orientation, 12);
        let label = gtk::Label::builder().wrap(true).css_classes(["numeric"]).build();
        label.set_wrap_mode(gtk::pango::WrapMode::WordChar);
        if orientation == gtk::Orientation::Horizontal {
            label.set_xalign(0.0);
            label.set_hexpand(true);
        } else {
            label.set_justify(gtk::Justification::Center);
            label.set_max_width_chars(60);
        }
        let again = gtk::Button::builder().label("Read again").halign(gtk::Align::Center).build();
        again.set_valign(gtk::Align::Center);
        let input = input.clone();
        again.connect_clicked(move |_| input.emit(Input::ReadAgain));
        row.append(&label);
        row.append(&again);
        Self { row, label, again }
    }

    fn tell(&self, sentence: Option<(&str, bool)>) {
        let (sentence, again) = sentence.unwrap_or_default();
        self.label.set_label(sentence);
        self.again.set_visible(again);
    }
}

fn search(input: &relm4::Sender<Input>) -> gtk::SearchEntry {
    let entry: gtk::SearchEntry = named("GtkSearchEntry", "Search the log").unwrap_or_default();
    entry.set_placeholder_text(Some("Search the log"));
    entry.set_hexpand(true);
    entry.set_width_request(120);
    let tell = input.clone();
    entry.connect_search_changed(move |entry| tell.emit(Input::Search(entry.text().into())));
    let step = |forward: bool| {
        let tell = input.clone();
        move |_: &gtk::SearchEntry| tell.emit(Input::Step { forward })
    };
    entry.connect_activate(step(true));
    entry.connect_next_match(step(true));
    entry.connect_previous_match(step(false));
    entry.connect_stop_search(|entry| entry.set_text(""));
    let keys = gtk::EventControllerKey::new();
    keys.set_propagation_phase(gtk::PropagationPhase::Capture);
    let tell = input.clone();
    keys.connect_key_pressed(move |_, key, _, modifiers| {
        let enter = matches!(key, gtk::gdk::Key::Return | gtk::gdk::Key::KP_Enter | gtk::gdk::Key::ISO_Enter);
        if !enter || !modifiers.contains(gtk::gdk::ModifierType::SHIFT_MASK) {
            return gtk::glib::Propagation::Proceed;
        }
        tell.emit(Input::Step { forward: false });
        gtk::glib::Propagation::Stop
    });
    entry.add_controller(keys);
    entry
}

fn follow(input: &relm4::Sender<Input>) -> gtk::ToggleButton {
    let button = gtk::ToggleButton::builder().label("Follow").active(true).build();
    button.set_tooltip_text(Some("Show new lines as they come"));
    let input = input.clone();
    button.connect_toggled(move |button| input.emit(Input::Follow(button.is_active())));
    button
}

fn button(
    name: &str,
    icon: &str,
    tooltip: &str,
    input: &relm4::Sender<Input>,
    pressed: impl Fn() -> Input + 'static,
) -> gtk::Button {
    let button: gtk::Button = named("GtkButton", name).unwrap_or_default();
    button.set_icon_name(icon);
    button.set_tooltip_text(Some(tooltip));
    let input = input.clone();
    button.connect_clicked(move |_| input.emit(pressed()));
    button
}

/// Ctrl+F, from anywhere in the view.
fn find_shortcut(search: &gtk::SearchEntry) -> gtk::ShortcutController {
    let search = search.clone();
    let action = gtk::CallbackAction::new(move |_, _| {
        search.grab_focus();
        gtk::glib::Propagation::Stop
    });
    let trigger = gtk::KeyvalTrigger::new(gtk::gdk::Key::f, gtk::gdk::ModifierType::CONTROL_MASK);
    let shortcuts = gtk::ShortcutController::new();
    shortcuts.add_shortcut(gtk::Shortcut::new(Some(trigger), Some(action)));
    shortcuts
}
