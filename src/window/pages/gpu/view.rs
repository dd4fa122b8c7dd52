//! The parts of the page, put together.

use adw::prelude::*;
use gtk::glib;
use libadwaita as adw;
use relm4::{RelmWidgetExt, Sender, gtk};

use super::super::super::format::{Sign, quotes};
use super::super::super::known::Known;
use super::super::super::rows::{Group, button, choice_row, icon, row};
use super::Input;
use super::past::Past;
use super::pictures::Pictures;
use super::processes::Processes;
use super::values::Values;
use super::words;
use crate::client::{GpuFacts, Snapshot};

/// Everything on the page.
#[derive(Debug)]
pub(super) struct View {
    pub(super) content: gtk::Box,
    nothing: Nothing,
    chooser: Group,
    choice: adw::ComboRow,
    chosen: glib::SignalHandlerId,
    names: Vec<String>,
    notes: Group,
    noted: Vec<Note>,
    pictures: Pictures,
    doing: Values,
    pub(super) processes: Processes,
    about: Values,
}

/// Something that is to be known before the rest is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    title: String,
    reason: String,
    /// Something is wrong.
    is_trouble: bool,
}

impl View {
    pub(super) fn new(page: &Sender<Input>) -> Self {
        let nothing = Nothing::new(page);
        let chooser = Group::new("");
        // Its row says it.
        chooser.widget.first_child().iter().for_each(|heading| heading.set_visible(false));
        let choice = choice_row("GPU", "");
        let input = page.clone();
        let chosen = choice.connect_selected_notify(move |row| input.emit(Input::Chosen(row.selected())));
        chooser.list.append(&choice);
        let notes = Group::new("To know");
        notes.widget.set_visible(false);
        let (pictures, processes) = (Pictures::new(page), Processes::new());
        let (doing, about) = (Values::new("Now"), Values::new("About this GPU"));
        let content = gtk::Box::new(gtk::Orientation::Vertical, 18);
        let parts: [&gtk::Widget; 7] = [
            nothing.widget.upcast_ref(),
            chooser.widget.upcast_ref(),
            notes.widget.upcast_ref(),
            pictures.widget.upcast_ref(),
            doing.widget.upcast_ref(),
            processes.widget.upcast_ref(),
            about.widget.upcast_ref(),
        ];
        for part in parts {
            content.append(part);
        }
        Self {
            content,
            nothing,
            chooser,
            choice,
            chosen,
            names: Vec::new(),
            notes,
            noted: Vec::new(),
            pictures,
            doing,
            processes,
            about,
        }
    }

    /// Shows which GPUs there are, and why there is none.
    pub(super) fn show_presence(&mut self, known: &Known, shown: Option<&GpuFacts>) {
        let gpus = &known.snapshot.gpus;
        self.nothing.widget.set_visible(shown.is_none());
        self.nothing.show(nothing(known));
        for part in [&self.pictures.widget, &self.doing.widget, &self.processes.widget, &self.about.widget] {
            part.set_visible(shown.is_some());
            // Old facts look like what they are.
            let is_stale = !known.is_there || shown.is_some_and(|gpu| gpu.health == "lost");
            part.set_class_active("stale", is_stale);
        }
        self.chooser.widget.set_visible(gpus.len() > 1);
        let names: Vec<String> = gpus.iter().map(|gpu| listed(gpu, gpus)).collect();
        let at = shown.and_then(|shown| gpus.iter().position(|gpu| gpu.uuid == shown.uuid));
        let at = at.and_then(|at| u32::try_from(at).ok()).unwrap_or(gtk::INVALID_LIST_POSITION);
        // Only what a person chooses is a choice.
        self.choice.block_signal(&self.chosen);
        if names != self.names {
            self.choice.set_model(Some(&gtk::StringList::new(&names.iter().map(String::as_str).collect::<Vec<_>>())));
            self.choice.set_subtitle(&format!("One of {}", names.len()));
            self.names = names;
        }
        self.choice.set_selected(at);
        self.choice.unblock_signal(&self.chosen);
        self.note(shown.map(|gpu| notes(gpu, &known.snapshot)).unwrap_or_default());
        if let Some(gpu) = shown {
            self.pictures.name(&gpu.name_among(gpus));
            self.about.show(words::about(gpu), "This GPU or its driver does not tell it.");
        }
    }

    fn note(&mut self, notes: Vec<Note>) {
        if notes == self.noted {
            return;
        }
        self.notes.clear();
        for note in &notes {
            let sign = if note.is_trouble {
                Sign { icon: "dialog-warning-symbolic", word: String::new(), class: Some("warning") }
            } else {
                Sign { icon: "dialog-information-symbolic", word: String::new(), class: None }
            };
            let row = row(&note.title, &quotes(&note.reason));
            row.set_subtitle_lines(0);
            row.add_prefix(&icon(&sign));
            self.notes.list.append(&row);
        }
        let is_trouble = notes.iter().any(|note| note.is_trouble);
        if let Some(heading) = self.notes.widget.first_child().and_downcast::<gtk::Label>() {
            heading.set_label(if is_trouble { "Needs attention" } else { "To know" });
        }
        self.notes.widget.set_visible(!notes.is_empty());
        self.noted = notes;
    }

    /// Shows what changes all the time.
    pub(super) fn show_past(&mut self, gpu: &GpuFacts, past: &Past, minutes: u64) {
        self.pictures.show(gpu, past, minutes);
        self.doing.show(words::doing(gpu, &past.stats), words::why_not(gpu, &past.stats));
    }
}

/// The page without a GPU: as libadwaita's for such a state, which scrolls by itself and is a stop of the keyboard's.
#[derive(Debug)]
struct Nothing {
    widget: gtk::Box,
    sign: gtk::Image,
    heading: gtk::Label,
    rest: gtk::Label,
}

impl Nothing {
    fn new(page: &Sender<Input>) -> Self {
        let widget = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(12).margin_top(48).build();
        let sign = gtk::Image::builder().pixel_size(96).accessible_role(gtk::AccessibleRole::Presentation).build();
        let label = || gtk::Label::builder().wrap(true).justify(gtk::Justification::Center);
        let (heading, rest) = (label().css_classes(["title-2"]).build(), label().build());
        widget.append(&sign);
        widget.append(&heading);
        widget.append(&rest);
        // Whoever runs the machine can do something about it, and has to be told what.
        let copied = page.clone();
        let copy = button("Copy", "Copy why there is no GPU", move |_| copied.emit(Input::CopyReason));
        copy.set_halign(gtk::Align::Center);
        widget.append(&copy);
        Self { widget, sign, heading, rest }
    }

    fn show(&self, (icon, heading, rest): (&str, String, String)) {
        self.sign.set_icon_name(Some(icon));
        self.heading.set_label(&quotes(&heading));
        self.rest.set_label(&quotes(&rest));
    }
}

/// What a GPU is called in the list; that something is wrong with it is said there too.
fn listed(gpu: &GpuFacts, all: &[GpuFacts]) -> String {
    let name = gpu.name_among(all);
    // Short, for there is room for twenty letters.
    match gpu.health.as_str() {
        "lost" => format!("{name} (lost)"),
        "throttled" => format!("{name} (slow)"),
        _ if gpu.is_trouble() => format!("{name} (fails)"),
        _ => name,
    }
}

/// An icon, a heading and sentences for where there is no GPU.
fn nothing(known: &Known) -> (&'static str, String, String) {
    let root = &known.snapshot.root;
    let icon = match root.gpu_state.as_str() {
        "no-device" | "unknown" | "" => "io.github.desktop_control.gpu-symbolic",
        _ => "dialog-warning-symbolic",
    };
    match root.gpu_reason.as_deref() {
        Some(reason) => {
            let (heading, rest) = words::heading_and_rest(reason);
            (icon, heading.into(), rest.into())
        }
        None if known.is_there => (icon, "It is not known yet whether there is a GPU".into(), String::new()),
        None => (icon, "Nothing is known yet".into(), String::new()),
    }
}

fn notes(gpu: &GpuFacts, snapshot: &Snapshot) -> Vec<Note> {
    let health = gpu.is_trouble().then(|| Note {
        title: format!("{} {}", gpu.name_among(&snapshot.gpus), gpu.complaint()),
        reason: gpu.health_reason.clone(),
        is_trouble: true,
    });
    let divided = gpu.divided.then(|| Note {
        title: "It is divided into MIG instances".into(),
        reason: "Each of them is a GPU of its own in the list above; programs use those.".into(),
        is_trouble: false,
    });
    let unreadable = snapshot.root.gpu_reason.as_ref().map(|reason| Note {
        title: "There is one GPU more".into(),
        reason: reason.clone(),
        is_trouble: true,
    });
    health.into_iter().chain(divided).chain(unreadable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_there_is_none_the_heading_says_what_draws() {
        let mut known = Known::default();
        assert_eq!(nothing(&known).1, "Nothing is known yet");
        known.is_there = true;
        assert!(nothing(&known).1.contains("not known yet whether"));
        known.snapshot.root.gpu_state = "no-device".into();
        known.snapshot.root.gpu_reason = Some("No NVIDIA GPU: drawing on the CPU (llvmpipe). So it was made.".into());
        let expected = ("No NVIDIA GPU: drawing on the CPU (llvmpipe)", "So it was made.");
        let (icon, heading, rest) = nothing(&known);
        assert_eq!((heading.as_str(), rest.as_str()), expected);
        assert!(!icon.contains("warning"));
    }

    #[test]
    fn what_is_wrong_or_unusual_is_told_first() {
        let gpu =
            GpuFacts { divided: true, health: "lost".into(), health_reason: "Why.".into(), ..GpuFacts::default() };
        let told = notes(&gpu, &Snapshot::default());
        assert_eq!((told.len(), told[0].is_trouble, told[0].reason.as_str()), (2, true, "Why."));
        let well = GpuFacts { health: "ok".into(), ..GpuFacts::default() };
        assert_eq!(notes(&well, &Snapshot::default()), []);
    }
}
