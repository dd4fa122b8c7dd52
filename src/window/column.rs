//! Widgets below each other, with lists among them, where Tab reaches everything that can be used. GTK's own way through
//! a list looks at one more row: where nothing can be used in that one, it leaves the list and all that comes behind.

use gtk::glib;
use relm4::gtk;

glib::wrapper! {
    /// A vertical box.
    pub(super) struct Column(ObjectSubclass<inside::Column>)
        @extends gtk::Box, gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget, gtk::Orientable;
}

impl Column {
    /// An empty one, with so many pixels between any two.
    pub(super) fn new(spacing: i32) -> Self {
        glib::Object::builder().property("orientation", gtk::Orientation::Vertical).property("spacing", spacing).build()
    }
}

mod inside {
    use gtk::glib;
    use gtk::prelude::*;
    use gtk::subclass::prelude::*;
    use relm4::gtk;

    #[derive(Debug, Default)]
    pub(in crate::window) struct Column;

    #[glib::object_subclass]
    impl ObjectSubclass for Column {
        const NAME: &'static str = "DesktopControlColumn";
        type Type = super::Column;
        type ParentType = gtk::Box;
    }

    impl ObjectImpl for Column {}

    impl BoxImpl for Column {}

    impl WidgetImpl for Column {
        /// Gives the keyboard to the next that takes it. False where there is none, and whoever holds this one goes on.
        fn focus(&self, direction: gtk::DirectionType) -> bool {
            let mut stops = match direction {
                gtk::DirectionType::TabForward | gtk::DirectionType::TabBackward => stops(self.obj().upcast_ref()),
                // Arrows go through a list by the list's own keys.
                _ => return self.parent_focus(direction),
            };
            if direction == gtk::DirectionType::TabBackward {
                stops.reverse();
            }
            // What has it goes first: there may be more inside.
            let now = stops.iter().position(has_it).unwrap_or(0);
            stops[now..].iter().any(|stop| stop.child_focus(direction))
        }
    }

    /// Everything in it, with the rows in the place of their list.
    fn stops(column: &gtk::Widget) -> Vec<gtk::Widget> {
        children(column)
            .flat_map(|child| match child.downcast_ref::<gtk::ListBox>() {
                Some(list) if !list.get_visible() || !list.can_focus() => Vec::new(),
                Some(_) => children(&child).collect(),
                None => vec![child],
            })
            .collect()
    }

    fn children(widget: &gtk::Widget) -> impl Iterator<Item = gtk::Widget> {
        std::iter::successors(widget.first_child(), gtk::Widget::next_sibling)
    }

    /// The keyboard is at this one or inside of it.
    fn has_it(stop: &gtk::Widget) -> bool {
        stop.parent().and_then(|above| above.focus_child()).as_ref() == Some(stop)
    }
}
