//! Controls that are told values as well as asked for them.

use std::cell::Cell;
use std::rc::Rc;

/// A widget that is told values without its taking them for a person's.
#[derive(Debug)]
pub(super) struct Quiet<W> {
    pub(super) widget: W,
    /// It is being told one.
    told: Rc<Cell<bool>>,
}

impl<W> Quiet<W> {
    pub(super) fn new(widget: W) -> Self {
        Self { widget, told: Rc::default() }
    }

    /// Tells it.
    pub(super) fn tell(&self, tell: impl FnOnce(&W)) {
        self.told.set(true);
        tell(&self.widget);
        self.told.set(false);
    }

    /// What a handler of the widget's signals does: nothing while it is told.
    pub(super) fn heard<T>(&self, chosen: impl Fn(&T) + 'static) -> impl Fn(&T) + 'static {
        let told = Rc::clone(&self.told);
        move |widget| {
            if !told.get() {
                chosen(widget);
            }
        }
    }
}
