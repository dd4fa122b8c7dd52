//! Load, memory, temperature and power of the last minutes.

use adw::prelude::*;
use libadwaita as adw;
use relm4::{Sender, gtk};

use super::super::super::graph::Graph;
use super::super::super::rows::{Group, named_with, property, side_by_side};
use super::super::super::trend::{Frame, Trend, Unit};
use super::Input;
use super::past::Past;
use super::words;
use crate::client::GpuFacts;
use crate::client::gpu_words::NOTHING;

/// So many minutes can be shown; the daemon remembers no more.
const SPANS: [u64; 3] = [1, 5, 10];
/// As many as the overview shows.
pub(super) const USUAL: u64 = 5;

const PERCENT: Unit = Unit::whole("%");
const CELSIUS: Unit = Unit::whole("°C");
const WATTS: Unit = Unit::whole("W");
/// Upper edges of what has natural ones.
const FULL: f64 = 100.0;

/// A heading, the choice of a span, and a picture for each number.
#[derive(Debug)]
pub(super) struct Pictures {
    pub(super) widget: gtk::Box,
    name: gtk::Label,
    load: Graph,
    memory: Graph,
    temperature: Graph,
    power: Graph,
}

impl Pictures {
    pub(super) fn new(page: &Sender<Input>) -> Self {
        let Group { widget, list } = Group::new("");
        let name = widget.first_child().and_downcast::<gtk::Label>().unwrap_or_default();
        let graphs = ["Load", "Memory", "Temperature", "Power"].map(Graph::new);
        let widgets: Vec<&gtk::Widget> = graphs.iter().map(|graph| graph.widget.upcast_ref()).collect();
        let content = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(12).build();
        content.add_css_class("pictures");
        let first = gtk::Box::new(gtk::Orientation::Horizontal, 12);
        first.append(&gtk::Label::builder().label("The last minutes").xalign(0.0).hexpand(true).wrap(true).build());
        first.append(&spans(page));
        content.append(&first);
        content.append(&side_by_side(&widgets, 2));
        list.append(&gtk::ListBoxRow::builder().child(&content).activatable(false).focusable(false).build());
        let [load, memory, temperature, power] = graphs;
        Self { widget, name, load, memory, temperature, power }
    }

    /// Which GPU it is.
    pub(super) fn name(&self, name: &str) {
        self.name.set_label(name);
    }

    /// Shows so many minutes.
    pub(super) fn show(&self, gpu: &GpuFacts, past: &Past, minutes: u64) {
        let total = past.memory_total(gpu);
        let limit = past.stats.power_limit_watts.filter(|limit| *limit > 0.0);
        let why_not = words::why_not(gpu, &past.stats);
        let show = |graph: &Graph, trend: &Trend, unit: Unit, limit: Option<f64>, top: Option<f64>| {
            let latest = match (trend.latest(), limit) {
                (Some(now), Some(limit)) => unit.said_of(now, limit),
                (Some(now), None) => unit.said(now),
                (None, _) => NOTHING.to_owned(),
            };
            // It ends with what was told last: what is gone stands still.
            let frame = Frame { now: trend.newest().unwrap_or_default(), seconds: minutes * 60, step: 1, top };
            let words = trend.in_words(frame.seconds, unit).unwrap_or_default();
            graph.show(&latest, &words, trend.lines(frame), minutes);
            graph.explain(trend.latest().is_none().then_some(why_not));
        };
        show(&self.load, &past.load, PERCENT, None, Some(FULL));
        show(&self.memory, &past.memory, Unit::GIB, total, total);
        show(&self.temperature, &past.temperature, CELSIUS, None, Some(FULL));
        show(&self.power, &past.power, WATTS, limit, limit);
    }
}

/// How many minutes are to be shown.
fn spans(page: &Sender<Input>) -> gtk::Box {
    let all = gtk::Box::builder().halign(gtk::Align::End).css_classes(["linked"]).build();
    let mut first: Option<gtk::ToggleButton> = None;
    for minutes in SPANS {
        let name = if minutes == 1 { "Show 1 minute".into() } else { format!("Show {minutes} minutes") };
        let label = property("label", &format!("{minutes} min"));
        let button: gtk::ToggleButton = named_with("GtkToggleButton", &name, &label).unwrap_or_default();
        button.set_group(first.as_ref());
        button.set_active(minutes == USUAL);
        let page = page.clone();
        button.connect_toggled(move |button| {
            if button.is_active() {
                page.emit(Input::Minutes(minutes));
            }
        });
        all.append(&button);
        first.get_or_insert(button);
    }
    all
}
