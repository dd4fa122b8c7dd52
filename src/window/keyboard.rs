//! Tab goes to whatever can be used next. GTK's own way through a list ends at the first row in which there is nothing
//! to use, and leaves out what comes behind it.

use gtk::{gdk, glib};
use libadwaita::prelude::*;
use relm4::gtk;

/// From now on, in this window.
pub(super) fn walk_by_tab(window: &impl IsA<gtk::Window>) {
    let keys = gtk::EventControllerKey::new();
    keys.set_propagation_phase(gtk::PropagationPhase::Capture);
    let window: &gtk::Window = window.upcast_ref();
    let weak = window.downgrade();
    keys.connect_key_pressed(move |_, key, _, held| {
        let forward = match key {
            _ if held.intersects(gdk::ModifierType::CONTROL_MASK | gdk::ModifierType::ALT_MASK) => None,
            gdk::Key::Tab | gdk::Key::KP_Tab => Some(!held.contains(gdk::ModifierType::SHIFT_MASK)),
            gdk::Key::ISO_Left_Tab => Some(false),
            _ => None,
        };
        match (weak.upgrade(), forward) {
            (Some(window), Some(forward)) if go(&window, forward) => glib::Propagation::Stop,
            _ => glib::Propagation::Proceed,
        }
    });
    window.add_controller(keys);
}

/// Gives the keyboard to the next or the previous one that takes it. Whether there was one.
fn go(window: &gtk::Window, forward: bool) -> bool {
    let now = GtkWindowExt::focus(window);
    // What is open over the window has a way of its own.
    if now.as_ref().is_some_and(|now| now.ancestor(gtk::Popover::static_type()).is_some()) {
        return false;
    }
    let mut stops = Vec::new();
    window.child().iter().for_each(|child| collect(child, &mut stops));
    if !forward {
        stops.reverse();
    }
    // What had it may be gone.
    let behind = stops.iter().position(|stop| Some(stop) == now.as_ref()).map_or(0, |at| at + 1);
    stops.rotate_left(behind);
    window.set_focus_visible(true);
    stops.iter().any(|stop| stop.grab_focus() && stop.is_focus())
}

/// Everything below that can have the keyboard, as one reads.
fn collect(widget: &gtk::Widget, stops: &mut Vec<gtk::Widget>) {
    if !widget.is_mapped() || !widget.is_sensitive() || !widget.can_focus() || widget.is::<gtk::Popover>() {
        return;
    }
    // One that holds others has the keyboard itself only where there is nothing inside that could.
    let holds = widget.is::<gtk::ScrolledWindow>() || widget.is::<gtk::ListBox>();
    if widget.is_focusable() && !holds {
        stops.push(widget.clone());
    }
    let before = stops.len();
    let mut child = widget.first_child();
    while let Some(here) = child {
        collect(&here, stops);
        child = here.next_sibling();
    }
    if widget.is::<gtk::ScrolledWindow>() && widget.is_focusable() && stops.len() == before {
        stops.push(widget.clone());
    }
}
