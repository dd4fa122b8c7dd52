//! One service: how it does, what it says, and what can be done with it.

use std::rc::Rc;

use adw::prelude::*;
use libadwaita as adw;
use relm4::gtk;
use relm4::{
    Component, ComponentController, ComponentParts, ComponentSender, Controller, RelmWidgetExt, SimpleComponent,
};

use super::super::confirm::confirm;
use super::super::format;
use super::super::known::Known;
use super::super::log::{self, LogView};
use super::super::request::{Request, Wish};
use super::super::rows::{icon, show_icon};
use crate::client::{Client, Fact, ServiceFacts, Verb, unix_now};
use crate::model::text::capitalised;

const START: Verb = Verb::Start { with_dependencies: true };
const STOP: Verb = Verb::Stop { force: false };
const RESTART: Verb = Verb::Restart { with_dependents: false };
/// A control service that hangs looks like this; mostly nobody has the time to read it.
const UNANSWERED: &str = "The control service has been asked, and has not answered yet.";

/// What the page is told.
#[derive(Debug)]
pub(in crate::window) enum Input {
    /// News from the daemon.
    Fact(Rc<Fact>),
    /// What was asked for this service has been answered.
    Answered(String),
    /// Show this service, by supervisord's name.
    Show(String),
    /// Nobody looks any more.
    Leave,
    /// A button was pressed.
    Do(Verb),
    /// Somebody agreed to that.
    Agreed(String, Verb),
    /// Stop the job that is at work on it.
    Cancel,
}

/// See the module.
pub(in crate::window) struct Service {
    known: Known,
    client: Option<Client>,
    name: Option<String>,
    shown: Shown,
    icon: gtk::Image,
    log: Controller<LogView>,
}

/// What there is to see.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shown {
    state: String,
    reason: String,
    about: String,
    facts: String,
    consequence: String,
    /// What a job does right now, or why none does yet.
    step: String,
    /// It is down: it can be started and not stopped.
    down: bool,
    /// Something may be asked for it now.
    may_ask: bool,
    may_cancel: bool,
}

#[relm4::component(pub(in crate::window))]
impl SimpleComponent for Service {
    type Init = ();
    type Input = Input;
    type Output = Wish;

    view! {
        gtk::Box {
            set_orientation: gtk::Orientation::Vertical,
            set_spacing: 6,
            set_margin_all: 12,

            gtk::Box {
                set_spacing: 12,
                #[local_ref]
                icon -> gtk::Image {
                    set_pixel_size: 32,
                    set_valign: gtk::Align::Start,
                },
                gtk::Box {
                    set_orientation: gtk::Orientation::Vertical,
                    set_hexpand: true,
                    set_spacing: 3,
                    #[template]
                    Words {
                        add_css_class: "title-4",
                        #[watch]
                        set_label: &model.shown.state,
                    },
                    #[template]
                    Words {
                        #[watch]
                        set_visible: !model.shown.reason.is_empty(),
                        #[watch]
                        set_label: &model.shown.reason,
                    },
                    #[template]
                    Words {
                        #[watch]
                        set_visible: !model.shown.about.is_empty(),
                        #[watch]
                        set_label: &model.shown.about,
                    },
                    #[template]
                    Words {
                        add_css_class: "numeric",
                        #[watch]
                        set_label: &model.shown.facts,
                    },
                },
            },

            gtk::Box {
                set_spacing: 6,
                gtk::Button {
                    set_valign: gtk::Align::Center,
                    set_label: "Start",
                    #[watch]
                    set_visible: model.shown.down,
                    #[watch]
                    set_sensitive: model.shown.may_ask,
                    connect_clicked => Input::Do(START),
                },
                gtk::Button {
                    set_valign: gtk::Align::Center,
                    set_label: "Restart",
                    #[watch]
                    set_visible: !model.shown.down,
                    #[watch]
                    set_sensitive: model.shown.may_ask,
                    connect_clicked => Input::Do(RESTART),
                },
                gtk::Button {
                    set_valign: gtk::Align::Center,
                    set_label: "Stop",
                    #[watch]
                    set_visible: !model.shown.down,
                    #[watch]
                    set_sensitive: model.shown.may_ask,
                    connect_clicked => Input::Do(STOP),
                },
                gtk::Button {
                    set_valign: gtk::Align::Center,
                    set_label: "Cancel",
                    #[watch]
                    set_visible: model.shown.may_cancel,
                    connect_clicked => Input::Cancel,
                },
                #[template]
                Words {
                    set_hexpand: true,
                    #[watch]
                    set_label: if model.shown.step.is_empty() { &model.shown.consequence } else { &model.shown.step },
                },
            },

            append: model.log.widget(),
        }
    }

    fn init((): (), root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let log = LogView::builder().launch(()).forward(sender.output_sender(), |said| match said {
            log::Output::Say(sentence) => Wish::Say(sentence),
        });
        let model = Self {
            known: Known::default(),
            client: None,
            name: None,
            shown: Shown::default(),
            icon: icon(&format::of_service(&ServiceFacts::default())),
            log,
        };
        let icon = &model.icon;
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update(&mut self, input: Input, sender: ComponentSender<Self>) {
        match input {
            Input::Fact(fact) => self.learn(&fact),
            Input::Answered(service) => self.known.answered(&service),
            Input::Show(name) => {
                if self.name.as_ref() != Some(&name) {
                    self.name = Some(name);
                    self.read_log();
                }
            }
            Input::Leave => {
                self.name = None;
                self.log.emit(log::Input::Stop);
            }
            Input::Do(verb) => self.offer(verb, &sender),
            Input::Agreed(service, verb) => {
                self.known.ask(&service);
                sender.output_sender().emit(Wish::Ask(Request::Control(service, verb)));
            }
            Input::Cancel => {
                let job = self.name.as_deref().and_then(|name| self.known.job_on(name));
                if let Some(id) = job.map(|job| job.id) {
                    sender.output_sender().emit(Wish::Ask(Request::Cancel(id)));
                }
            }
        }
        self.refresh();
    }
}

impl Service {
    fn learn(&mut self, fact: &Fact) {
        self.known.learn(fact);
        if let Fact::Arrived(client, _) = fact {
            self.client = Some(client.clone());
            self.read_log();
        }
    }

    fn read_log(&self) {
        if let (Some(client), Some(service)) = (self.client.clone(), self.name.clone()) {
            self.log.emit(log::Input::Show { client, source: log::Source::Service(service) });
        }
    }

    fn offer(&self, verb: Verb, sender: &ComponentSender<Self>) {
        let Some(service) = self.name.as_deref().and_then(|name| self.known.snapshot.service(name)) else { return };
        let (agreed, name) = (sender.input_sender().clone(), service.name.clone());
        confirm(&self.icon, service, verb, move || agreed.emit(Input::Agreed(name.clone(), verb)));
    }

    fn refresh(&mut self) {
        let Some(name) = &self.name else { return };
        self.shown = Shown::of(&self.known, name);
        let nothing = ServiceFacts { name: name.clone(), ..ServiceFacts::default() };
        show_icon(&self.icon, &self.known.sign_of(self.known.snapshot.service(name).unwrap_or(&nothing)));
    }
}

impl Shown {
    fn of(known: &Known, name: &str) -> Self {
        let Some(service) = known.snapshot.service(name) else {
            return Self { state: "There is no such service any more.".into(), facts: name.into(), ..Self::default() };
        };
        let job = known.job_on(name);
        let unanswered = if known.is_asked(name) { UNANSWERED } else { "" };
        Self {
            state: known.sign_of(service).word,
            reason: capitalised(&service.health_reason),
            about: service.description.clone(),
            facts: facts(service),
            consequence: service.consequence.clone(),
            step: job.map_or_else(|| unanswered.to_owned(), |job| capitalised(&job.step)),
            down: service.is_down(),
            may_ask: known.may_ask(name),
            may_cancel: known.is_there && job.is_some_and(|job| job.cancellable),
        }
    }
}

fn facts(service: &ServiceFacts) -> String {
    let now = unix_now();
    let since = service.since.map(|since| {
        let word = if service.is_down() { "down" } else { "up" };
        format!("{word} since {}", format::moment(since, now))
    });
    let pid = service.pid.map(|pid| format!("process {pid}"));
    let needs = (!service.depends_on.is_empty()).then(|| format!("needs {}", service.depends_on.join(", ")));
    let last = format::last_end(service);
    let parts = [Some(service.name.clone()), since, pid, format::restarts(service.restarts), last, needs];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

#[relm4::widget_template(pub(in crate::window))]
impl relm4::WidgetTemplate for Words {
    view! {
        gtk::Label {
            set_xalign: 0.0,
            set_wrap: true,
            set_wrap_mode: gtk::pango::WrapMode::WordChar,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::JobFacts;

    fn known(state: &str) -> Known {
        let mut known = Known::default();
        known.is_there = true;
        known.snapshot.services.push(ServiceFacts {
            name: "a".into(),
            state: state.into(),
            health: "failing".into(),
            health_reason: "nobody listens".into(),
            exit_status: Some("1".into()),
            depends_on: vec!["x-server".into()],
            ..ServiceFacts::default()
        });
        known
    }

    #[test]
    fn what_can_be_done_follows_from_what_is() {
        let shown = Shown::of(&known("running"), "a");
        assert!(!shown.down && shown.may_ask && !shown.may_cancel);
        assert_eq!((shown.state.as_str(), shown.reason.as_str()), ("Not working", "Nobody listens"));
        assert_eq!(shown.facts, "a · last exit status 1 · needs x-server");
        let shown = Shown::of(&known("stopped"), "a");
        assert!(shown.down && shown.may_ask);
    }

    #[test]
    fn while_a_job_is_at_work_it_can_only_be_cancelled() {
        let mut known = known("running");
        known.snapshot.jobs.push(JobFacts {
            kind: "service-restart".into(),
            targets: vec!["a".into()],
            step: "stopping a".into(),
            cancellable: true,
            ..JobFacts::default()
        });
        let shown = Shown::of(&known, "a");
        assert!(!shown.may_ask && shown.may_cancel);
        assert_eq!((shown.state.as_str(), shown.step.as_str()), ("Restarting", "Stopping a"));
    }

    #[test]
    fn what_nobody_has_answered_yet_says_so() {
        let mut known = known("running");
        known.ask("a");
        let shown = Shown::of(&known, "a");
        assert_eq!((shown.may_ask, shown.step.as_str()), (false, UNANSWERED));
        known.answered("a");
        assert!(Shown::of(&known, "a").may_ask);
    }

    #[test]
    fn nothing_can_be_done_with_what_is_gone_or_cannot_be_asked() {
        let mut known = known("running");
        known.is_there = false;
        assert!(!Shown::of(&known, "a").may_ask && !Shown::of(&known, "b").may_ask);
        assert!(Shown::of(&known, "b").state.contains("no such service"));
    }
}
