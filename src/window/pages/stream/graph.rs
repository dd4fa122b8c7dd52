//! A small picture of the last minutes. It is drawn when it is told to and at no other time; what it tells stands
//! beside it in words.

use std::cell::RefCell;
use std::rc::Rc;

use adw::prelude::*;
use gtk::cairo;
use libadwaita as adw;
use relm4::gtk;

use super::trend::{MINUTES, Measure, Trend};

/// Thick enough for a lossy picture, in pixels.
const LINE: f64 = 2.0;
/// Its height in pixels.
const HEIGHT: i32 = 48;

/// Each a run of points without a gap, in parts of the picture's width and height.
type Lines = Vec<Vec<(f64, f64)>>;

/// A number, its last minutes as a picture, and the same in words.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) widget: gtk::Box,
    measure: Measure,
    latest: gtk::Label,
    words: gtk::Label,
    picture: gtk::DrawingArea,
    lines: Rc<RefCell<Lines>>,
}

impl Graph {
    pub(super) fn new(title: &str, measure: Measure) -> Self {
        let widget = gtk::Box::new(gtk::Orientation::Vertical, 3);
        widget.set_hexpand(true);
        let line = gtk::Box::new(gtk::Orientation::Horizontal, 6);
        line.append(&gtk::Label::builder().label(title).xalign(0.0).hexpand(true).build());
        let latest = gtk::Label::builder().css_classes(["numeric", "heading"]).build();
        line.append(&latest);
        let lines: Rc<RefCell<Lines>> = Rc::default();
        let picture = gtk::DrawingArea::builder()
            .accessible_role(gtk::AccessibleRole::Presentation)
            .content_height(HEIGHT)
            .hexpand(true)
            .css_classes(["graph"])
            .build();
        picture.set_tooltip_text(Some(&format!("The last {MINUTES} minutes; now is at the right")));
        let drawn = Rc::clone(&lines);
        picture.set_draw_func(move |area, context, width, height| {
            // A picture that cannot be drawn is left out; its words stand beside it.
            let _ = draw(area, context, f64::from(width), f64::from(height), &drawn.borrow());
        });
        let words = gtk::Label::builder().xalign(0.0).wrap(true).css_classes(["numeric", "caption"]).build();
        widget.append(&line);
        widget.append(&picture);
        widget.append(&words);
        Self { widget, measure, latest, words, picture, lines }
    }

    /// Shows how it is at `now`. Nothing is drawn where nothing has changed.
    pub(super) fn show(&self, trend: &Trend, now: u64) {
        self.latest.set_label(&trend.latest(self.measure));
        self.words.set_label(&trend.in_words(self.measure));
        let lines = trend.lines(self.measure, now);
        if *self.lines.borrow() != lines {
            self.lines.replace(lines);
            self.picture.queue_draw();
        }
    }
}

fn draw(
    area: &gtk::DrawingArea,
    context: &cairo::Context,
    width: f64,
    height: f64,
    lines: &[Vec<(f64, f64)>],
) -> Result<(), cairo::Error> {
    let style = area.style_context();
    let text = style.color();
    let accent = style.lookup_color("accent_color").unwrap_or(text);
    let inner = height - 2.0 * LINE;
    let x = |place: f64| place * width;
    let y = |share: f64| LINE + (1.0 - share.clamp(0.0, 1.0)) * inner;
    let paint = |colour: &gtk::gdk::RGBA, alpha: f64| {
        let [red, green, blue] = [colour.red(), colour.green(), colour.blue()].map(f64::from);
        context.set_source_rgba(red, green, blue, alpha);
    };
    paint(&text, 0.3);
    context.set_line_width(1.0);
    context.move_to(0.0, height - 0.5);
    context.line_to(width, height - 0.5);
    context.stroke()?;
    context.set_line_width(LINE);
    context.set_line_join(cairo::LineJoin::Round);
    for line in lines {
        let (Some(first), Some(last)) = (line.first(), line.last()) else { continue };
        let way = || line.iter().for_each(|(place, share)| context.line_to(x(*place), y(*share)));
        context.new_path();
        way();
        context.line_to(x(last.0), height);
        context.line_to(x(first.0), height);
        context.close_path();
        paint(&accent, 0.2);
        context.fill()?;
        way();
        // A single moment would be no line.
        context.line_to(x(last.0) + LINE / 2.0, y(last.1));
        paint(&accent, 1.0);
        context.stroke()?;
    }
    Ok(())
}
