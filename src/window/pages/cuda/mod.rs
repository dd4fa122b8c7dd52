//! CUDA: what the driver runs, which toolkits are here and whether they run, what is missing; and what can be done with
//! toolkits. Installing one has a window of its own.

mod acts;
pub(in crate::window) mod shown;
pub(in crate::window) mod view;

use std::rc::Rc;

use adw::prelude::*;
use libadwaita as adw;
use relm4::gtk;
use relm4::{Component, ComponentParts, ComponentSender, RelmWidgetExt};

use self::shown::Shown;
use self::view::Folds;
use super::super::confirm::Question;
use super::super::format;
use super::super::known::Known;
use super::super::request::{Request, Wish};
use super::super::rows::page;
use super::super::wizard::at_work;
use crate::client::{Client, Error, Fact, InstallerVerb, ToolkitPlan};

/// Stands for the installer among what is asked for: it does one thing at a time.
const INSTALLER: &str = "cuda";

/// What the page is told.
#[derive(Debug)]
pub(in crate::window) enum Input {
    /// News from the daemon.
    Fact(Rc<Fact>),
    /// It is the page that is shown, or not any more.
    Open(bool),
    /// A button of a toolkit was pressed.
    Do(InstallerVerb),
    /// And what it costs has been agreed to.
    Agreed(InstallerVerb),
    /// What was asked of the installer has been answered.
    Answered,
    /// Install another toolkit, or look at what is at work.
    Install,
}

/// What comes back from the daemon: what removing this release would do.
#[derive(Debug)]
pub(in crate::window) struct Told(String, Result<ToolkitPlan, Error>);

/// See the module.
pub(in crate::window) struct Cuda {
    known: Known,
    client: Option<Client>,
    /// It is the page that is shown.
    open: bool,
    content: gtk::Box,
    driver: Folds,
    toolkits: Folds,
    advice: Folds,
    elsewhere: Folds,
    work: gtk::Label,
    install: gtk::Button,
}

#[relm4::component(pub(in crate::window))]
impl Component for Cuda {
    type Init = ();
    type Input = Input;
    type Output = Wish;
    type CommandOutput = Told;

    view! {
        #[root]
        gtk::Box {
            append: &page(&model.content),
        },
    }

    fn init((): (), root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let content = gtk::Box::new(gtk::Orientation::Vertical, 24);
        let [driver, advice, elsewhere] =
            ["Driver", "For this machine", "Toolkits that others look after"].map(Folds::new);
        let pressed = sender.input_sender().clone();
        let toolkits = Folds::acting("Toolkits", move |verb| pressed.emit(Input::Do(verb)));
        let work = gtk::Label::builder().xalign(0.0).hexpand(true).wrap(true).build();
        let (install, clicked) = (gtk::Button::new(), sender.input_sender().clone());
        install.connect_clicked(move |_| clicked.emit(Input::Install));
        let below = gtk::Box::new(gtk::Orientation::Horizontal, 12);
        below.append(&work);
        below.append(&install);
        toolkits.group.widget.append(&below);
        for folds in [&driver, &toolkits, &advice, &elsewhere] {
            content.append(&folds.group.widget);
        }
        let (known, client, open) = (Known::default(), None, false);
        let model = Self { known, client, open, content, driver, toolkits, advice, elsewhere, work, install };
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update(&mut self, input: Input, sender: ComponentSender<Self>, _: &Self::Root) {
        match input {
            Input::Fact(fact) => self.learn(&fact),
            Input::Open(open) => self.open = open,
            Input::Do(InstallerVerb::Remove(release)) => self.plan_removal(release, &sender),
            Input::Do(verb) | Input::Agreed(verb) => {
                self.known.ask(INSTALLER);
                sender.output_sender().emit(Wish::Ask(Request::Installer(verb)));
            }
            Input::Answered => self.known.answered(INSTALLER),
            Input::Install => sender.output_sender().emit(Wish::Install),
        }
        self.refresh();
    }

    fn update_cmd(&mut self, Told(release, plan): Told, sender: ComponentSender<Self>, _: &Self::Root) {
        self.known.answered(INSTALLER);
        match plan {
            Ok(plan) => {
                let agreed = sender.input_sender().clone();
                let verb = InstallerVerb::Remove(release.clone());
                Question::about_removal(&release, &plan.remove)
                    .ask(&self.content, move || agreed.emit(Input::Agreed(verb.clone())));
            }
            Err(error) => sender.output_sender().emit(Wish::Explain(error.to_string())),
        }
        self.refresh();
    }
}

impl Cuda {
    fn learn(&mut self, fact: &Fact) {
        self.known.learn(fact);
        match fact {
            Fact::Arrived(client, _) => self.client = Some(client.clone()),
            Fact::Away(_) => self.client = None,
            _ => {}
        }
    }

    fn plan_removal(&mut self, release: String, sender: &ComponentSender<Self>) {
        let Some(client) = self.client.clone() else { return };
        self.known.ask(INSTALLER);
        sender.oneshot_command(async move {
            let plan = client.plan_toolkit_removal(&release).await;
            Told(release, plan)
        });
    }

    fn refresh(&mut self) {
        if !self.open {
            return;
        }
        self.content.set_class_active("stale", !self.known.is_there);
        let (job, snapshot) = (self.known.installation(), &self.known.snapshot);
        let asked = self.known.is_asked(INSTALLER);
        let free = self.known.is_there && job.is_none() && !asked;
        let shown = Shown::of(snapshot).with_acts(&snapshot.toolkits, free);
        self.driver.show(shown.driver);
        self.toolkits.show(shown.toolkits);
        self.advice.show(shown.advice);
        self.elsewhere.show(shown.elsewhere);
        let work = job.map_or_else(|| if asked { format::ASKING.into() } else { String::new() }, at_work);
        self.work.set_label(&work);
        self.install.set_label(if job.is_some() { "Show progress" } else { "Install a toolkit…" });
        self.install.set_sensitive(self.known.is_there);
    }
}
