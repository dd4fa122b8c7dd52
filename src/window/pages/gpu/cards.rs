//! What the overview says of the GPUs: a card for each, or why there is none. They are looked at every other second
//! while somebody sees them, and drawn only where something has changed.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use adw::prelude::*;
use gtk::glib;
use libadwaita as adw;
use relm4::gtk;
use relm4::{Component, ComponentParts, ComponentSender, RelmWidgetExt};

use super::super::super::gpu_watch::{GpuWatch, Look};
use super::super::super::graph::Picture;
use super::super::super::known::Known;
use super::super::super::page::Page;
use super::super::super::request::Wish;
use super::super::super::rows::{Group, activatable, named, row, side_by_side};
use super::super::super::trend::{Frame, Unit};
use super::past::Past;
use super::{pictures, words};
use crate::client::gpu_words::NOTHING;
use crate::client::{Client, Fact, GpuFacts};

const EVERY: Duration = Duration::from_secs(2);
/// All GPUs tell at about the same time; what they tell is drawn at once.
const TOGETHER: Duration = Duration::from_millis(200);
/// The picture moves on every so many seconds.
const STEP: u64 = 10;
/// Its size in pixels.
const HEIGHT: i32 = 32;

/// What the cards are told.
#[derive(Debug)]
pub(in crate::window) enum Input {
    /// News from the daemon.
    Fact(Rc<Fact>),
    /// The overview is the page that is shown, or not any more.
    Open(bool),
    /// The window can be seen, or not any more.
    InSight(bool),
    /// The card at this place was pressed.
    Opened(i32),
    /// Show what has been told.
    Draw,
}

/// See the module.
#[derive(Debug)]
pub(in crate::window) struct Cards {
    known: Known,
    client: Option<Client>,
    open: bool,
    in_sight: bool,
    watch: GpuWatch,
    pasts: BTreeMap<String, Past>,
    /// It is about to be drawn.
    drawn_soon: bool,
    group: Group,
    shown: Vec<(String, Card)>,
    /// Why there is none.
    reason: Option<String>,
}

#[relm4::component(pub(in crate::window))]
impl Component for Cards {
    type Init = ();
    type Input = Input;
    type Output = Wish;
    /// What the watch of a number sees.
    type CommandOutput = (u64, Look);

    view! {
        #[root]
        gtk::Box {
            set_visible: false,
            append: &model.group.widget,
        },
    }

    fn init((): (), root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let model = Self {
            known: Known::default(),
            client: None,
            open: false,
            in_sight: false,
            watch: GpuWatch::every(EVERY),
            pasts: BTreeMap::new(),
            drawn_soon: false,
            group: Group::new("GPU"),
            shown: Vec::new(),
            reason: None,
        };
        model.group.widget.set_hexpand(true);
        let opened = sender.input_sender().clone();
        model.group.list.connect_row_activated(move |_, row| opened.emit(Input::Opened(row.index())));
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update(&mut self, input: Input, sender: ComponentSender<Self>, root: &Self::Root) {
        match input {
            Input::Fact(fact) => {
                if !self.learn(&fact) {
                    return;
                }
            }
            Input::Open(open) => self.open = open,
            Input::InSight(in_sight) => self.in_sight = in_sight,
            Input::Opened(at) => {
                if let Some((uuid, _)) = usize::try_from(at).ok().and_then(|at| self.shown.get(at)) {
                    sender.output_sender().emit(Wish::OpenGpu(uuid.clone()));
                }
                return;
            }
            Input::Draw => {
                self.drawn_soon = false;
                return self.draw();
            }
        }
        self.keep_up(&sender);
        self.keep_cards(&sender);
        root.set_visible(!self.shown.is_empty() || self.reason.is_some());
        self.draw();
    }

    fn update_cmd(&mut self, told: (u64, Look), sender: ComponentSender<Self>, _: &Self::Root) {
        let (number, look) = told;
        if !self.watch.is_current(number) {
            return;
        }
        match look {
            Look::Past(uuid, moments) => self.pasts.entry(uuid).or_default().begin(&moments),
            Look::Now(uuid, stats) => self.pasts.entry(uuid).or_default().add(*stats),
        }
        if !std::mem::replace(&mut self.drawn_soon, true) {
            let draw = sender.input_sender().clone();
            glib::timeout_add_local_once(TOGETHER, move || draw.emit(Input::Draw));
        }
    }
}

impl Cards {
    /// Whether it is something about GPUs, or about who tells of them.
    fn learn(&mut self, fact: &Fact) -> bool {
        self.known.learn(fact);
        match fact {
            Fact::Arrived(client, _) => {
                self.client = Some(client.clone());
                self.watch.end();
            }
            Fact::Away(_) => self.client = None,
            Fact::GpuGone(uuid) => drop(self.pasts.remove(uuid)),
            Fact::Gpu(_) | Fact::Root(_) => {}
            _ => return false,
        }
        true
    }

    fn keep_up(&mut self, sender: &ComponentSender<Self>) {
        let client = self.client.as_ref().filter(|_| self.open && self.in_sight);
        let uuids: Vec<String> = self.known.snapshot.gpus.iter().map(|gpu| gpu.uuid.clone()).collect();
        if let Some(begin) = self.watch.turn(client, &uuids) {
            sender.command(|out, shutdown| begin.run(shutdown, move |number, look| out.send((number, look)).is_ok()));
        }
    }

    /// Makes the cards those of the GPUs that there are, or the sentence why there are none.
    fn keep_cards(&mut self, sender: &ComponentSender<Self>) {
        let root = &self.known.snapshot.root;
        let gpus = &self.known.snapshot.gpus;
        let reason = root.gpu_reason.clone().filter(|_| gpus.is_empty());
        let is_same = self.shown.iter().map(|(uuid, _)| uuid).eq(gpus.iter().map(|gpu| &gpu.uuid));
        if is_same && reason == self.reason {
            return;
        }
        self.group.clear();
        let output = sender.output_sender();
        self.shown = gpus.iter().map(|gpu| (gpu.uuid.clone(), Card::new(gpu, gpus))).collect();
        self.shown.iter().for_each(|(_, card)| self.group.list.append(&card.widget));
        if let Some(reason) = &reason {
            let (heading, rest) = words::heading_and_rest(reason);
            let row = row(heading, rest);
            row.set_subtitle_lines(0);
            let opened = output.clone();
            activatable(&row, move || opened.emit(Wish::Open(Page::Gpu)));
            row.add_suffix(&gtk::Image::from_icon_name("go-next-symbolic"));
            self.group.list.append(&row);
        }
        self.reason = reason;
    }

    fn draw(&mut self) {
        let nothing = Past::default();
        for (uuid, card) in &mut self.shown {
            if let Some(gpu) = self.known.snapshot.gpus.iter().find(|gpu| gpu.uuid == *uuid) {
                card.show(gpu, self.pasts.get(uuid).unwrap_or(&nothing));
            }
        }
    }
}

/// One GPU.
#[derive(Debug)]
struct Card {
    widget: gtk::ListBoxRow,
    content: gtk::Box,
    vitals: gtk::Label,
    load: Meter,
    memory: Meter,
    picture: Picture,
    note: gtk::Label,
    shown: Option<Shown>,
}

/// What there is to see besides the picture.
#[derive(Clone, Debug, PartialEq)]
struct Shown {
    vitals: String,
    load: (Option<f64>, String),
    memory: (Option<f64>, String),
    note: String,
    is_lost: bool,
}

impl Shown {
    fn of(gpu: &GpuFacts, past: &Past) -> Self {
        let whole = |number: Option<f64>, unit: &'static str| number.map(|number| Unit::whole(unit).said(number));
        let vitals = [whole(past.temperature.latest(), "°C"), whole(past.power.latest(), "W")];
        let load = past.load.latest();
        let memory = match (past.memory.latest(), past.memory_total(gpu)) {
            (Some(used), Some(total)) => Unit::GIB.said_of(used, total),
            (Some(used), None) => Unit::GIB.said(used),
            (None, _) => NOTHING.into(),
        };
        // The same is among the troubles, with what to do about it.
        let note = match gpu.health.as_str() {
            "throttled" | "ok" => slowed(past),
            "lost" => "Lost. Shown is what was known last.".into(),
            "failing" => "It does not work.".into(),
            _ => String::new(),
        };
        Self {
            vitals: vitals.into_iter().flatten().collect::<Vec<_>>().join(" · "),
            load: (load.map(|load| load / 100.0), whole(load, "%").unwrap_or_else(|| NOTHING.into())),
            memory: (past.memory_share(gpu), memory),
            note,
            is_lost: gpu.health == "lost",
        }
    }
}

/// What holds its clocks down although there is something to do.
fn slowed(past: &Past) -> String {
    let (tokens, said) = (past.stats.throttle.iter().flatten(), past.stats.throttle_words.iter().flatten());
    let reasons: Vec<&str> =
        tokens.zip(said).filter(|(token, _)| *token != "idle").map(|(_, words)| words.as_str()).collect();
    if reasons.is_empty() { String::new() } else { format!("Held down: {}", reasons.join(", ")) }
}

impl Card {
    fn new(gpu: &GpuFacts, all: &[GpuFacts]) -> Self {
        let name = gpu.name_among(all);
        let title = gtk::Label::builder().label(&name).xalign(0.0).hexpand(true).wrap(true).build();
        let vitals = gtk::Label::builder().css_classes(["numeric"]).build();
        let first = gtk::Box::new(gtk::Orientation::Horizontal, 12);
        first.append(&title);
        first.append(&vitals);
        first.append(&gtk::Image::from_icon_name("go-next-symbolic"));
        let (load, memory, picture) = (Meter::new("Load"), Meter::new("Memory"), Picture::new(HEIGHT));
        let parts: [&gtk::Widget; 3] =
            [load.widget.upcast_ref(), memory.widget.upcast_ref(), picture.widget.upcast_ref()];
        let second = side_by_side(&parts, 3);
        // It would take clicks that are meant for the card.
        second.set_can_target(false);
        let note = gtk::Label::builder().xalign(0.0).wrap(true).visible(false).css_classes(["caption"]).build();
        let content =
            gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(6).css_classes(["card-content"]);
        let content = content.build();
        content.append(&first);
        content.append(&second);
        content.append(&note);
        let widget: gtk::ListBoxRow = named("GtkListBoxRow", &name).unwrap_or_default();
        widget.set_child(Some(&content));
        Self { widget, content, vitals, load, memory, picture, note, shown: None }
    }

    /// Shows it. What has not changed is left alone.
    fn show(&mut self, gpu: &GpuFacts, past: &Past) {
        let frame = Frame {
            now: past.load.newest().unwrap_or_default(),
            seconds: pictures::USUAL * 60,
            step: STEP,
            top: Some(100.0),
        };
        self.picture.show(past.load.lines(frame), pictures::USUAL);
        let shown = Shown::of(gpu, past);
        if self.shown.as_ref() == Some(&shown) {
            return;
        }
        self.vitals.set_label(&shown.vitals);
        let why_not = words::why_not(gpu, &past.stats);
        let is_silent = shown.load.0.is_none() || shown.memory.0.is_none();
        self.content.set_tooltip_text(is_silent.then_some(why_not));
        self.load.show(&shown.load, why_not);
        self.memory.show(&shown.memory, why_not);
        self.note.set_label(&shown.note);
        self.note.set_visible(!shown.note.is_empty());
        self.content.set_class_active("stale", shown.is_lost);
        self.shown = Some(shown);
    }
}

/// A number that has a most, as a bar and in words.
#[derive(Debug)]
struct Meter {
    widget: gtk::Box,
    said: gtk::Label,
    bar: gtk::LevelBar,
}

impl Meter {
    fn new(title: &str) -> Self {
        let widget = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(3).build();
        let line = gtk::Box::new(gtk::Orientation::Horizontal, 6);
        line.append(&gtk::Label::builder().label(title).xalign(0.0).hexpand(true).build());
        let said = gtk::Label::builder().css_classes(["numeric"]).build();
        line.append(&said);
        // Its words stand above it.
        let bar = gtk::LevelBar::builder().accessible_role(gtk::AccessibleRole::Presentation).build();
        // Colours of its own say that full is bad, which is not so here.
        for offset in [gtk::LEVEL_BAR_OFFSET_LOW, gtk::LEVEL_BAR_OFFSET_HIGH, gtk::LEVEL_BAR_OFFSET_FULL] {
            bar.remove_offset_value(Some(offset));
        }
        widget.append(&line);
        widget.append(&bar);
        Self { widget, said, bar }
    }

    fn show(&self, (share, said): &(Option<f64>, String), why_not: &str) {
        self.said.set_label(said);
        self.said.set_tooltip_text(share.is_none().then_some(why_not));
        self.bar.set_value(share.unwrap_or_default().clamp(0.0, 1.0));
        self.bar.set_visible(share.is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::GpuStats;

    #[test]
    fn what_is_not_told_is_not_zero() {
        let shown = Shown::of(&GpuFacts { health: "ok".into(), ..GpuFacts::default() }, &Past::default());
        assert_eq!((shown.load, shown.memory), ((None, NOTHING.into()), (None, NOTHING.into())));
        assert_eq!((shown.vitals.as_str(), shown.note.as_str()), ("", ""));
    }

    #[test]
    fn numbers_and_what_holds_it_down_are_told() {
        let mut past = Past::default();
        past.add(GpuStats {
            time: Some(100),
            gpu_percent: Some(52),
            memory_used_bytes: Some(12_240_656_794),
            temperature_celsius: Some(61),
            power_watts: Some(212.4),
            throttle: Some(vec!["idle".into(), "heat".into()]),
            throttle_words: Some(vec!["nothing to do".into(), "it is too hot".into()]),
            ..GpuStats::default()
        });
        let gpu = GpuFacts { health: "ok".into(), memory_total_bytes: Some(25_769_803_776), ..GpuFacts::default() };
        let shown = Shown::of(&gpu, &past);
        assert_eq!(shown.load, (Some(0.52), "52 %".into()));
        assert_eq!((shown.memory.1.as_str(), shown.vitals.as_str()), ("11.4 of 24.0 GiB", "61 °C · 212 W"));
        assert_eq!(shown.note, "Held down: it is too hot");
        let lost = Shown::of(&GpuFacts { health: "lost".into(), ..gpu }, &past);
        assert!(lost.is_lost && lost.note.starts_with("Lost"), "{lost:?}");
    }
}
