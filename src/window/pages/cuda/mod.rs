//! CUDA: what the driver runs, which toolkits are here and whether they run, what is missing.

pub(in crate::window) mod shown;
mod view;

use std::rc::Rc;

use adw::prelude::*;
use libadwaita as adw;
use relm4::gtk;
use relm4::{ComponentParts, ComponentSender, RelmWidgetExt, SimpleComponent};

use self::shown::Shown;
use self::view::Folds;
use super::super::known::Known;
use super::super::request::Wish;
use super::super::rows::page;
use crate::client::Fact;

/// What the page is told.
#[derive(Debug)]
pub(in crate::window) enum Input {
    /// News from the daemon.
    Fact(Rc<Fact>),
    /// It is the page that is shown, or not any more.
    Open(bool),
}

/// See the module.
#[derive(Debug)]
pub(in crate::window) struct Cuda {
    known: Known,
    /// It is the page that is shown.
    open: bool,
    content: gtk::Box,
    driver: Folds,
    toolkits: Folds,
    advice: Folds,
    elsewhere: Folds,
}

#[relm4::component(pub(in crate::window))]
impl SimpleComponent for Cuda {
    type Init = ();
    type Input = Input;
    type Output = Wish;

    view! {
        #[root]
        gtk::Box {
            append: &page(&model.content),
        },
    }

    fn init((): (), root: Self::Root, _sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let content = gtk::Box::new(gtk::Orientation::Vertical, 24);
        let [driver, toolkits] = ["Driver", "Toolkits"].map(Folds::new);
        let [advice, elsewhere] = ["For this machine", "Toolkits that others look after"].map(Folds::new);
        for folds in [&driver, &toolkits, &advice, &elsewhere] {
            content.append(&folds.group.widget);
        }
        let model = Self { known: Known::default(), open: false, content, driver, toolkits, advice, elsewhere };
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update(&mut self, input: Input, _: ComponentSender<Self>) {
        match input {
            Input::Fact(fact) => self.known.learn(&fact),
            Input::Open(open) => self.open = open,
        }
        if self.open {
            self.content.set_class_active("stale", !self.known.is_there);
            let shown = Shown::of(&self.known.snapshot);
            self.driver.show(shown.driver);
            self.toolkits.show(shown.toolkits);
            self.advice.show(shown.advice);
            self.elsewhere.show(shown.elsewhere);
        }
    }
}
