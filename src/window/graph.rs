//! Small pictures of the last minutes. They are drawn when they are told to and at no other time; what one tells stands
//! beside it in words.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use adw::prelude::*;
use gtk::cairo;
use libadwaita as adw;
use relm4::gtk;

use super::trend::Lines;

/// Thick enough for a lossy picture, in pixels.
const LINE: f64 = 2.0;
/// Its height in pixels.
const HEIGHT: i32 = 48;

/// The picture alone.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) widget: gtk::DrawingArea,
    lines: Rc<RefCell<Lines>>,
    /// As long as its hint says.
    minutes: Cell<u64>,
}

impl Picture {
    /// An empty one, so many pixels high.
    pub(super) fn new(height: i32) -> Self {
        let lines: Rc<RefCell<Lines>> = Rc::default();
        let widget = gtk::DrawingArea::builder()
            .accessible_role(gtk::AccessibleRole::Presentation)
            .content_height(height)
            .hexpand(true)
            .css_classes(["graph"])
            .build();
        let drawn = Rc::clone(&lines);
        widget.set_draw_func(move |area, context, width, height| {
            // A picture that cannot be drawn is left out; its words stand beside it.
            let _ = draw(area, context, f64::from(width), f64::from(height), &drawn.borrow());
        });
        Self { widget, lines, minutes: Cell::new(0) }
    }

    /// Shows this of so many minutes. Nothing is drawn where nothing has changed.
    pub(super) fn show(&self, lines: Lines, minutes: u64) {
        if *self.lines.borrow() != lines {
            self.lines.replace(lines);
            self.widget.queue_draw();
        }
        if self.minutes.replace(minutes) == minutes {
            return;
        }
        let span = if minutes == 1 { "minute".to_owned() } else { format!("{minutes} minutes") };
        self.widget.set_tooltip_text(Some(&format!("The last {span}; now is at the right")));
    }
}

/// A number, its last minutes as a picture, and the same in words.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) widget: gtk::Box,
    latest: gtk::Label,
    words: gtk::Label,
    picture: Picture,
}

impl Graph {
    pub(super) fn new(title: &str) -> Self {
        let widget = gtk::Box::new(gtk::Orientation::Vertical, 3);
        widget.set_hexpand(true);
        let line = gtk::Box::new(gtk::Orientation::Horizontal, 6);
        line.append(&gtk::Label::builder().label(title).xalign(0.0).hexpand(true).build());
        let latest = gtk::Label::builder().css_classes(["numeric", "heading"]).build();
        line.append(&latest);
        let picture = Picture::new(HEIGHT);
        let words = gtk::Label::builder().xalign(0.0).wrap(true).css_classes(["numeric", "caption"]).build();
        widget.append(&line);
        widget.append(&picture.widget);
        widget.append(&words);
        Self { widget, latest, words, picture }
    }

    /// Shows the number of now, what the picture of so many minutes tells, and the picture.
    pub(super) fn show(&self, latest: &str, words: &str, lines: Lines, minutes: u64) {
        self.latest.set_label(latest);
        self.words.set_label(words);
        self.picture.show(lines, minutes);
    }

    /// Why there is no number, for who asks; none where there is one.
    pub(super) fn explain(&self, why: Option<&str>) {
        self.latest.set_tooltip_text(why);
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
