//! The text of the log: a text view that is changed where the lines have changed, and nowhere else.

use std::cell::Cell;
use std::rc::Rc;

use gtk::prelude::*;
use relm4::gtk;

use super::lines::{Change, Lines};
use super::search::{Hit, Search};
use crate::window::rows::named;

/// Behind a place that was found, and behind the one that is looked at; the letters on both are black. Readable in
/// light and dark, and underlined, so that colour is not all.
const FOUND: &str = "#f8e45c";
const LOOKED_AT: &str = "#ffa348";
/// More new lines than these are not all laid out while nobody can look at them: that would take the toolkit most of a
/// second, each second.
const MOST_AT_ONCE: usize = 500;
/// So much of the view's height stays between its edge and the place that is looked at.
const MARGIN: f64 = 0.2;

/// The widgets of the text.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) window: gtk::ScrolledWindow,
    pub(super) view: gtk::TextView,
    buffer: gtk::TextBuffer,
    /// On all of it: what is cut at the window's edge gets no hyphen that nobody wrote.
    plain: gtk::TextTag,
    found: gtk::TextTag,
    looked_at: gtk::TextTag,
    /// Where the place that is looked at begins and ends.
    place: [gtk::TextMark; 2],
    /// Stays at the end while lines come.
    follows: Rc<Cell<bool>>,
    /// So many of the oldest lines are left out until somebody looks back.
    above: Cell<usize>,
}

impl Text {
    pub(super) fn new() -> Self {
        let buffer = gtk::TextBuffer::builder().enable_undo(false).build();
        let plain = gtk::TextTag::builder().insert_hyphens(false).build();
        buffer.tag_table().add(&plain);
        let found = tag(&buffer, FOUND, gtk::pango::Underline::Single);
        let looked_at = tag(&buffer, LOOKED_AT, gtk::pango::Underline::Double);
        let place = [true, false].map(|left| buffer.create_mark(None, &buffer.start_iter(), left));
        let view = view(&buffer);
        // A scrollbar that fades away would be painted many times.
        let window = gtk::ScrolledWindow::builder()
            .child(&view)
            .hscrollbar_policy(gtk::PolicyType::Never)
            .overlay_scrolling(false)
            .has_frame(true)
            .vexpand(true)
            .hexpand(true)
            .min_content_height(160)
            .build();
        let follows = Rc::new(Cell::new(true));
        let stay = Rc::clone(&follows);
        window.vadjustment().connect_changed(move |adjustment| {
            if stay.get() {
                go_to_end(adjustment);
            }
        });
        Self { window, view, buffer, plain, found, looked_at, place, follows, above: Cell::new(0) }
    }

    /// Stays at the end from now on, and goes there.
    pub(super) fn follow(&self) {
        self.follows.set(true);
        go_to_end(&self.window.vadjustment());
    }

    /// Stands still from now on. Lines that were left out are there from now on.
    pub(super) fn hold(&self, lines: &Lines) {
        self.follows.set(false);
        let above = self.above.replace(0);
        if above > 0 {
            let text = lines.text(0..above) + "\n";
            self.put(&mut self.buffer.start_iter(), &text);
        }
    }

    /// The end can be seen.
    pub(super) fn is_at_end(&self) -> bool {
        let adjustment = self.window.vadjustment();
        adjustment.value() >= end_of(&adjustment) - 1.0
    }

    /// There is more than can be seen.
    pub(super) fn overflows(&self) -> bool {
        end_of(&self.window.vadjustment()) > 0.0
    }

    /// Nothing is there any more.
    pub(super) fn clear(&self) {
        self.above.set(0);
        self.buffer.set_text("");
    }

    /// Takes over a change of the lines.
    pub(super) fn apply(&self, lines: &Lines, change: Change) {
        let (buffer, before) = (&self.buffer, self.above.get());
        let is_flood = self.follows.get() && lines.len() - change.kept > MOST_AT_ONCE;
        // So many of those in the text are left.
        let left = (change.kept + change.gone).saturating_sub(before.max(change.gone));
        if is_flood || left == 0 {
            self.above.set(if is_flood { lines.len() - MOST_AT_ONCE } else { change.kept });
            buffer.set_text("");
            self.put(&mut buffer.end_iter(), &lines.text(self.above.get()..lines.len()));
            return;
        }
        if change.reopened {
            // With the end of the line before it.
            let mut open = self.at(change.kept + change.gone - before, 0);
            open.backward_char();
            buffer.delete(&mut open, &mut buffer.end_iter());
        }
        if change.gone > before {
            buffer.delete(&mut buffer.start_iter(), &mut self.at(change.gone - before, 0));
        }
        self.above.set(before.saturating_sub(change.gone));
        if lines.len() > change.kept {
            let text = String::from("\n") + &lines.text(change.kept..lines.len());
            self.put(&mut buffer.end_iter(), &text);
        }
    }

    /// The number of the first line that can be seen.
    pub(super) fn first_visible(&self, lines: &Lines) -> u64 {
        let (line, _) = self.view.line_at_y(self.view.visible_rect().y());
        lines.dropped() + self.above.get() as u64 + u64::try_from(line.line()).unwrap_or(0)
    }

    /// Marks these places.
    pub(super) fn mark(&self, lines: &Lines, hits: impl Iterator<Item = Hit>) {
        for (start, end) in hits.filter_map(|hit| self.range(lines, hit)) {
            self.buffer.apply_tag(&self.found, &start, &end);
        }
    }

    /// Takes the marks of a search away. Where nothing is marked nothing is touched: it would be laid out anew.
    pub(super) fn unmark(&self, lines: &Lines, search: &Search) {
        for (start, end) in search.hits().filter_map(|hit| self.range(lines, hit)) {
            self.buffer.remove_tag(&self.found, &start, &end);
        }
        if search.is_cut() {
            let (start, end) = self.buffer.bounds();
            self.buffer.remove_tag(&self.found, &start, &end);
        }
        self.look_away();
    }

    fn look_away(&self) {
        let [start, end] = self.place.each_ref().map(|mark| self.buffer.iter_at_mark(mark));
        self.buffer.remove_tag(&self.looked_at, &start, &end);
    }

    /// Marks the place that is looked at, and brings it into view.
    pub(super) fn look_at(&self, lines: &Lines, search: &Search) {
        self.look_away();
        if let Some((start, end)) = search.current().and_then(|hit| self.range(lines, hit)) {
            self.buffer.apply_tag(&self.looked_at, &start, &end);
            self.buffer.move_mark(&self.place[0], &start);
            self.buffer.move_mark(&self.place[1], &end);
            self.view.scroll_to_mark(&self.place[0], MARGIN, false, 0.0, 0.0);
        }
    }

    /// The selected text.
    pub(super) fn selection(&self) -> Option<String> {
        let (start, end) = self.buffer.selection_bounds()?;
        Some(self.buffer.text(&start, &end, false).into())
    }

    /// Calls `moved` when the person moves through the text, by wheel, scrollbar or keyboard; true: away from the end.
    /// Selecting counts too: what is being selected must not run away.
    pub(super) fn on_moved(&self, moved: impl Fn(bool) + Clone + 'static) {
        let wheel = gtk::EventControllerScroll::new(gtk::EventControllerScrollFlags::VERTICAL);
        wheel.set_propagation_phase(gtk::PropagationPhase::Capture);
        let tell = moved.clone();
        wheel.connect_scroll(move |_, _, by| {
            tell(by < 0.0);
            gtk::glib::Propagation::Proceed
        });
        self.window.add_controller(wheel);
        if let Some(range) = self.window.vscrollbar().first_child().and_downcast::<gtk::Range>() {
            let tell = moved.clone();
            range.connect_change_value(move |range, _, value| {
                tell(value < end_of(&range.adjustment()) - 1.0);
                gtk::glib::Propagation::Proceed
            });
        }
        let tell = moved.clone();
        self.view.connect_move_cursor(move |_, _, by, _| tell(by < 0));
        self.buffer.connect_has_selection_notify(move |buffer| {
            if buffer.has_selection() {
                moved(true);
            }
        });
    }

    fn put(&self, place: &mut gtk::TextIter, text: &str) {
        self.buffer.insert_with_tags(place, text, &[&self.plain]);
    }

    /// None: the line is left out.
    fn range(&self, lines: &Lines, hit: Hit) -> Option<(gtk::TextIter, gtk::TextIter)> {
        let place = usize::try_from(hit.line.checked_sub(lines.dropped())?).ok()?;
        let line = place.checked_sub(self.above.get())?;
        Some((self.at(line, hit.start), self.at(line, hit.end)))
    }

    fn at(&self, line: usize, character: usize) -> gtk::TextIter {
        let number = |number| i32::try_from(number).unwrap_or(i32::MAX);
        let place = self.buffer.iter_at_line_offset(number(line), number(character));
        place.unwrap_or_else(|| self.buffer.end_iter())
    }
}

fn view(buffer: &gtk::TextBuffer) -> gtk::TextView {
    let view: gtk::TextView = named("GtkTextView", "Log").unwrap_or_default();
    view.set_buffer(Some(buffer));
    view.set_monospace(true);
    view.set_editable(false);
    view.set_cursor_visible(false);
    // The tabulator leads on to the next widget.
    view.set_accepts_tab(false);
    view.set_wrap_mode(gtk::WrapMode::WordChar);
    view.set_top_margin(6);
    view.set_bottom_margin(6);
    view.set_left_margin(9);
    view.set_right_margin(9);
    view
}

fn tag(buffer: &gtk::TextBuffer, colour: &str, underline: gtk::pango::Underline) -> gtk::TextTag {
    let tag = gtk::TextTag::builder().background(colour).foreground("#000000").underline(underline).build();
    buffer.tag_table().add(&tag);
    tag
}

fn end_of(adjustment: &gtk::Adjustment) -> f64 {
    adjustment.upper() - adjustment.page_size()
}

fn go_to_end(adjustment: &gtk::Adjustment) {
    adjustment.set_value(end_of(adjustment));
}
