//! The stream: a preset, what the server does right now, and every setting. What a person changes is collected, and
//! applied together.

mod all;
mod bar;
mod choices;
mod control;
mod desktop_size;
mod draft;
mod live;
mod now;
mod number;
mod presets;
mod row;
mod section;
mod several;
mod shown;
mod view;
pub(in crate::window) mod words;

use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use adw::prelude::*;
use gtk::glib;
use libadwaita as adw;
use relm4::gtk;
use relm4::{Component, ComponentParts, ComponentSender};

use self::bar::Answer;
use self::draft::{Draft, Typed};
use self::live::Live;
use self::view::View;
use super::super::confirm::Question;
use super::super::known::Known;
use super::super::request::{Request, Wish};
use super::super::rows::page;
use crate::api::stream::Moment;
use crate::client::{Change, Client, Error, Fact, PlanFacts, SettingFacts, unix_now};
use crate::model::stream::Size;

/// Who drags a slider is asked about once.
const SETTLE: Duration = Duration::from_millis(300);

/// What the page is told.
#[derive(Debug)]
pub(in crate::window) enum Input {
    /// News from the daemon.
    Fact(Rc<Fact>),
    /// What was asked for has been answered: it was granted, or not.
    Answered(Change, bool),
    /// It is the page that is shown, or not any more.
    Open(bool),
    /// The window can be seen, or not any more.
    InSight(bool),
    /// A second has passed while somebody looks at it.
    Second,
    /// A setting is to have this plain value.
    Value(String, Typed),
    /// A setting is to hold for everyone, or not.
    Enforce(String, bool),
    /// The desktop is to have this size, or that of the browser's window.
    Size(Option<Size>),
    /// Something shown has to be looked at again.
    Refresh,
    /// Ask what the changes would do, unless there were more since.
    Plan(u64),
    /// Show settings that hold this text only.
    Search(String),
    /// Show all settings, or more of them.
    More,
    /// Apply this preset.
    Preset(String),
    /// Apply what is collected.
    Apply,
    /// Forget what is collected.
    Discard,
    /// Offer to take our values of these settings away; of all where it is empty.
    OfferReset(Vec<String>),
    /// Somebody agreed to that.
    Reset(Vec<String>),
}

/// What comes back from the daemon.
#[derive(Debug)]
pub(in crate::window) enum Told {
    /// All settings, as of this revision.
    Settings(u64, Result<Vec<SettingFacts>, Error>),
    /// What the changes of this number would do.
    Plan(u64, Result<PlanFacts, Error>),
    /// The last minutes, and what keeps the numbers fresh for as long as it is held; for the watch of this number.
    Live(u64, Vec<Moment>, Result<OwnedFd, Error>),
}

/// See the module.
#[derive(Debug)]
pub(in crate::window) struct Stream {
    known: Known,
    client: Option<Client>,
    /// All of them, in the order in which people should see them.
    settings: Vec<SettingFacts>,
    /// Why they are not known.
    complaint: String,
    /// The revision that they were asked for; none if they were not.
    revision: Option<u64>,
    draft: Draft,
    /// How often the draft has changed.
    edits: u64,
    answer: Answer,
    /// Something is asked and not answered.
    asked: bool,
    live: Live,
    view: View,
}

#[relm4::component(pub(in crate::window))]
impl Component for Stream {
    type Init = ();
    type Input = Input;
    type Output = Wish;
    type CommandOutput = Told;

    view! {
        #[root]
        gtk::Box {
            set_orientation: gtk::Orientation::Vertical,
            append: &page(&model.view.content),
            append: &model.view.bar.widget,
        },
    }

    fn init((): (), root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let model = Self {
            known: Known::default(),
            client: None,
            settings: Vec::new(),
            complaint: String::new(),
            revision: None,
            draft: Draft::default(),
            edits: 0,
            answer: Answer::Asked,
            asked: false,
            live: Live::default(),
            view: View::new(sender.input_sender()),
        };
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update(&mut self, input: Input, sender: ComponentSender<Self>, _: &Self::Root) {
        // Most news is of something else.
        let about_settings = !matches!(input, Input::Fact(_) | Input::InSight(_));
        match input {
            Input::Fact(fact) => self.learn(&fact),
            Input::Answered(request, granted) => self.answered(&request, granted),
            Input::Open(open) => self.live.open = open,
            Input::InSight(in_sight) => self.live.in_sight = in_sight,
            Input::Second => return self.second(),
            Input::Value(name, value) => self.edit(&name, &sender, |draft, it| draft.want_value(it, &value.0)),
            Input::Enforce(name, for_all) => self.enforce(&name, for_all, &sender),
            Input::Size(size) => self.resize(size, &sender),
            Input::Refresh => {}
            Input::Plan(edit) => return self.plan(edit, &sender),
            Input::Search(text) => self.view.all.search(&text),
            Input::More => self.view.all.ask_for_more(),
            Input::Preset(name) => self.ask(Change::Preset(name), &sender),
            Input::Apply => self.ask(Change::Set(self.draft.changes()), &sender),
            Input::Discard => self.discard(),
            Input::OfferReset(names) => return self.offer_reset(names, &sender),
            Input::Reset(names) => self.ask(Change::Reset(names), &sender),
        }
        self.keep_up(&sender);
        self.refresh(&sender);
        if about_settings {
            self.refresh_settings(&sender);
        }
    }

    fn update_cmd(&mut self, told: Told, sender: ComponentSender<Self>, _: &Self::Root) {
        match told {
            Told::Settings(revision, Ok(settings)) if self.revision == Some(revision) => {
                self.settings = settings;
                self.complaint.clear();
                let before = self.draft.changes();
                self.draft.prune(&self.settings);
                if before != self.draft.changes() {
                    self.edited(&sender);
                }
                self.refresh_settings(&sender);
            }
            Told::Settings(_, Err(error)) => {
                self.complaint = error.to_string();
            }
            Told::Plan(edit, answer) if edit == self.edits => {
                self.answer = answer.map_or_else(|error| Answer::Refused(error.to_string()), Answer::Plan);
            }
            Told::Settings(_, Ok(_)) | Told::Plan(..) => return,
            Told::Live(number, history, watch) => {
                self.live.begin(number, &history, watch, sender.input_sender());
                self.second();
            }
        }
        self.refresh(&sender);
    }
}

impl Stream {
    fn setting(&self, name: &str) -> Option<&SettingFacts> {
        self.settings.iter().find(|setting| setting.name == name)
    }

    fn learn(&mut self, fact: &Fact) {
        self.known.learn(fact);
        match fact {
            Fact::Arrived(client, _) => {
                self.client = Some(client.clone());
                // Another daemon counts its revisions anew, and has not been asked for anything.
                self.revision = None;
                self.asked = false;
                self.live.end();
            }
            Fact::Away(_) => {
                self.client = None;
                self.asked = false;
            }
            _ => {}
        }
    }

    /// Reads what is not known, and keeps watch exactly as long as somebody looks.
    fn keep_up(&mut self, sender: &ComponentSender<Self>) {
        let revision = self.known.stream().map(|stream| stream.revision);
        let (Some(client), Some(revision), true) = (self.client.clone(), revision, self.live.open) else {
            return self.live.end();
        };
        if self.revision != Some(revision) {
            self.revision = Some(revision);
            let client = client.clone();
            sender.oneshot_command(async move { Told::Settings(revision, client.settings().await) });
            if !self.draft.is_empty() {
                self.edited(sender);
            }
        }
        if let Some(number) = self.live.ask() {
            sender.oneshot_command(async move {
                // Without it the picture begins now.
                let history = client.stream_history().await.unwrap_or_default();
                Told::Live(number, history, client.watch_stream().await)
            });
        }
    }

    fn edit(&mut self, name: &str, sender: &ComponentSender<Self>, change: impl FnOnce(&mut Draft, &SettingFacts)) {
        let Some(setting) = self.settings.iter().find(|setting| setting.name == name) else { return };
        change(&mut self.draft, setting);
        self.edited(sender);
    }

    fn enforce(&mut self, name: &str, for_all: bool, sender: &ComponentSender<Self>) {
        let meaning = if for_all { words::ENFORCED } else { words::NEW_VIEWERS };
        self.edit(name, sender, |draft, setting| draft.want_meaning(setting, meaning));
    }

    fn resize(&mut self, size: Option<Size>, sender: &ComponentSender<Self>) {
        for (name, value) in desktop_size::values(size, &self.settings, &self.draft) {
            self.edit(name, sender, |draft, setting| draft.want_value(setting, &value));
        }
    }

    /// The draft has changed: what it would do has to be asked anew, once it has been left alone for a moment.
    fn edited(&mut self, sender: &ComponentSender<Self>) {
        self.edits += 1;
        self.answer = Answer::Asked;
        let (edit, input) = (self.edits, sender.input_sender().clone());
        glib::timeout_add_local_once(SETTLE, move || input.emit(Input::Plan(edit)));
    }

    fn plan(&self, edit: u64, sender: &ComponentSender<Self>) {
        let Some(client) = self.client.clone() else { return };
        if edit != self.edits || self.draft.is_empty() {
            return;
        }
        let changes = self.draft.changes();
        sender.oneshot_command(async move { Told::Plan(edit, client.plan(&changes).await) });
    }

    fn ask(&mut self, request: Change, sender: &ComponentSender<Self>) {
        self.asked = true;
        sender.output_sender().emit(Wish::Ask(Request::Stream(request)));
    }

    fn answered(&mut self, request: &Change, granted: bool) {
        self.asked = false;
        if granted && matches!(request, Change::Set(_)) {
            self.discard();
        }
    }

    fn discard(&mut self) {
        self.draft.discard();
        self.view.forget_typing();
    }

    fn offer_reset(&self, names: Vec<String>, sender: &ComponentSender<Self>) {
        let labels: Vec<&str> =
            names.iter().filter_map(|name| self.setting(name)).map(|setting| setting.label.as_str()).collect();
        let (agreed, question) = (sender.input_sender().clone(), Question::about_reset(&labels));
        question.ask(&self.view.content, move || agreed.emit(Input::Reset(names.clone())));
    }

    /// A second has passed: the only thing that this page does by itself.
    fn second(&mut self) {
        if let Some(stream) = self.known.snapshot.stream.as_ref() {
            let now = unix_now();
            self.live.add(now, stream.fps, stream.latency_ms);
            self.view.now.draw(&self.live, now);
        }
    }

    /// Why nothing can be applied now.
    fn hindrance(&self) -> Option<&'static str> {
        if !self.known.is_there {
            Some("The control service is not there; your changes wait for it.")
        } else if self.asked {
            Some("The control service has been asked.")
        } else if self.known.trial().is_some() {
            Some("Other settings are being tried out. Keep them or go back first.")
        } else {
            None
        }
    }

    fn refresh(&mut self, sender: &ComponentSender<Self>) {
        let hindrance = self.hindrance();
        let count = self.draft.changes().len();
        self.view.bar.show(bar::Shown::of(count, &self.answer, hindrance));
        self.view.show_nothing(&self.known, &self.complaint);
        if let Some(stream) = self.known.stream().filter(|_| self.live.open) {
            self.view.show_stream(stream, &self.settings, hindrance, sender.input_sender());
        }
    }

    fn refresh_settings(&mut self, sender: &ComponentSender<Self>) {
        self.view.show_settings(&self.settings, &self.draft, sender.input_sender());
    }
}
