//! The bar across the window while other settings are tried out: what is going on, how long it takes until they are
//! taken back, and the two answers. Enter never means Keep, and Esc goes back.

use std::rc::Rc;

use adw::prelude::*;
use gtk::{gdk, glib};
use libadwaita as adw;
use relm4::{ComponentParts, ComponentSender, SimpleComponent, gtk};

use super::confirm::Question;
use super::known::Known;
use super::request::{Request, Wish};
use super::rows::button;
use crate::client::{Fact, PendingFacts, unix_now};

/// No more changes are named.
const MOST_NAMED: usize = 3;

/// What the bar is told.
#[derive(Debug)]
pub(super) enum Input {
    /// News from the daemon.
    Fact(Rc<Fact>),
    /// A second has passed while the person is asked.
    Second,
    /// The person has answered.
    Keep,
    /// The person has answered.
    GoBack,
    /// What was asked for has been answered.
    Answered,
    /// This change was not kept, since nobody sees whether it works; the daemon's sentence.
    Unseen(u64, String),
    /// The person wants to keep it all the same.
    KeepUnseen(u64),
}

/// See the module.
#[derive(Debug)]
pub(super) struct PendingBar {
    known: Known,
    /// The change that the bar was about last.
    change: Option<u64>,
    /// What the person has answered, until the daemon has.
    answered: Option<Request>,
    /// The person wanted to go back, and knows why.
    went_back: bool,
    shown: Shown,
    clock: Option<Clock>,
    near: gtk::Box,
}

/// What there is to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Shown {
    /// Empty: there is no bar.
    heading: String,
    /// Which settings are tried.
    changes: String,
    may_keep: bool,
    may_go_back: bool,
    /// The time runs, and is told each second.
    deadline: Option<u64>,
    /// What is told where no time runs.
    line: &'static str,
}

/// Ticks until it is dropped.
#[derive(Debug)]
struct Clock(Option<glib::SourceId>);

impl Drop for Clock {
    fn drop(&mut self) {
        if let Some(clock) = self.0.take() {
            clock.remove();
        }
    }
}

#[relm4::component(pub(super))]
impl SimpleComponent for PendingBar {
    type Init = ();
    type Input = Input;
    type Output = Wish;

    view! {
        #[root]
        gtk::Box {
            add_css_class: "pending",
            set_spacing: 12,
            #[watch]
            set_visible: !model.shown.heading.is_empty(),

            gtk::Box {
                set_orientation: gtk::Orientation::Vertical,
                set_hexpand: true,
                set_valign: gtk::Align::Center,
                gtk::Box {
                    set_spacing: 6,
                    gtk::Label {
                        add_css_class: "heading",
                        set_xalign: 0.0,
                        set_wrap: true,
                        #[watch]
                        set_label: &model.shown.heading,
                    },
                    gtk::Label {
                        add_css_class: "numeric",
                        set_xalign: 0.0,
                        set_wrap: true,
                        set_hexpand: true,
                        #[watch]
                        set_label: &model.shown.line(unix_now()),
                    },
                },
                gtk::Label {
                    set_xalign: 0.0,
                    set_ellipsize: gtk::pango::EllipsizeMode::End,
                    #[watch]
                    set_visible: !model.shown.changes.is_empty(),
                    #[watch]
                    set_label: &model.shown.changes,
                    #[watch]
                    set_tooltip_text: Some(&model.shown.changes),
                },
            },
            #[local_ref]
            go_back -> gtk::Button {
                #[watch]
                set_visible: model.shown.may_go_back,
                #[watch]
                set_sensitive: model.may_answer(),
            },
            #[local_ref]
            keep -> gtk::Button {
                #[watch]
                set_visible: model.shown.may_keep,
                #[watch]
                set_sensitive: model.may_answer(),
            },
        }
    }

    fn init((): (), root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let model = Self {
            known: Known::default(),
            change: None,
            answered: None,
            went_back: false,
            shown: Shown::default(),
            clock: None,
            near: root.clone(),
        };
        let (kept, left) = (sender.input_sender().clone(), sender.input_sender().clone());
        let go_back = &button("Go back", "Go back to the earlier settings", move |_| left.emit(Input::GoBack));
        let keep = &button("Keep", "Keep the new settings", move |_| kept.emit(Input::Keep));
        keep.add_controller(without_enter());
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update(&mut self, input: Input, sender: ComponentSender<Self>) {
        match input {
            Input::Fact(fact) => self.learn(&fact, &sender),
            Input::Keep if self.shown.may_keep => self.answer(|change| Request::Keep { change, force: false }, &sender),
            Input::GoBack if self.shown.may_go_back => {
                self.went_back = true;
                self.answer(Request::GoBack, &sender);
            }
            Input::Second | Input::Keep | Input::GoBack => {}
            Input::Answered => self.answered = None,
            Input::Unseen(change, why) => {
                let agreed = sender.input_sender().clone();
                Question::about_keeping(&why).ask(&self.near, move || agreed.emit(Input::KeepUnseen(change)));
            }
            Input::KeepUnseen(change) => self.answer_with(Request::Keep { change, force: true }, &sender),
        }
        self.refresh(&sender);
    }
}

impl PendingBar {
    fn may_answer(&self) -> bool {
        self.known.is_there && self.answered.is_none()
    }

    fn learn(&mut self, fact: &Fact, sender: &ComponentSender<Self>) {
        self.known.learn(fact);
        if matches!(fact, Fact::Away(_)) {
            self.answered = None;
        }
        let is_ours = |change: &&PendingFacts| Some(change.id) == self.change;
        let over = self.known.snapshot.pending.iter().find(is_ours).filter(|change| change.is_over()).cloned();
        if let Some(change) = over {
            self.end(&change, sender);
        }
        if let Some(trial) = self.known.trial() {
            self.change = Some(trial.id);
        } else if self.known.is_there && self.change.take().is_some() {
            // It ended while the daemon was away.
            sender.output_sender().emit(Wish::Say("The settings are no longer on trial".into()));
        }
    }

    fn end(&mut self, change: &PendingFacts, sender: &ComponentSender<Self>) {
        self.change = None;
        let went_back = std::mem::take(&mut self.went_back);
        sender.output_sender().emit(ending(change, went_back));
    }

    fn answer(&mut self, request: impl FnOnce(u64) -> Request, sender: &ComponentSender<Self>) {
        if let Some(change) = self.change.filter(|_| self.may_answer()) {
            self.answer_with(request(change), sender);
        }
    }

    fn answer_with(&mut self, request: Request, sender: &ComponentSender<Self>) {
        self.answered = Some(request.clone());
        sender.output_sender().emit(Wish::Ask(request));
    }

    fn refresh(&mut self, sender: &ComponentSender<Self>) {
        self.shown = self.known.trial().map(Shown::of).unwrap_or_default();
        if self.shown.deadline.is_none() {
            self.clock = None;
        } else if self.clock.is_none() {
            let second = sender.input_sender().clone();
            self.clock = Some(Clock(Some(glib::timeout_add_seconds_local(1, move || {
                second.emit(Input::Second);
                glib::ControlFlow::Continue
            }))));
        }
    }
}

/// How it ended. Who went back knows why.
fn ending(change: &PendingFacts, went_back: bool) -> Wish {
    match (change.stage.as_str(), &change.reason) {
        ("kept", _) => Wish::Say("The new settings are kept".into()),
        (_, Some(reason)) if !went_back => Wish::Explain(format!("The earlier settings are back. {reason}")),
        _ => Wish::Say("The earlier settings are back".into()),
    }
}

impl Shown {
    fn of(change: &PendingFacts) -> Self {
        let waiting = change.is_waiting();
        let (heading, line) = match change.stage.as_str() {
            "restarting" => ("Trying the new settings.", "The stream is starting again."),
            "checking" => ("Trying the new settings.", "It is being looked at whether the stream works."),
            "waiting" => ("Keep these settings?", "The clock waits until a viewer is connected."),
            "keeping" => ("Keeping the new settings.", ""),
            "reverting" => ("Going back to the earlier settings.", ""),
            _ => ("Other settings are being tried.", ""),
        };
        let mut changes: Vec<&str> = change.changes.iter().take(MOST_NAMED).map(String::as_str).collect();
        let more = change.changes.len().saturating_sub(MOST_NAMED);
        let more = format!("and {more} more");
        changes.extend((change.changes.len() > MOST_NAMED).then_some(more.as_str()));
        Self {
            heading: heading.into(),
            changes: changes.join(" · "),
            may_keep: waiting,
            may_go_back: !matches!(change.stage.as_str(), "keeping" | "reverting"),
            deadline: change.deadline.filter(|_| waiting),
            line,
        }
    }

    /// What stands beside the heading at `now`.
    fn line(&self, now: u64) -> String {
        match self.deadline.map(|deadline| deadline.saturating_sub(now)) {
            Some(left) => format!("Going back in {left} s."),
            None => self.line.into(),
        }
    }
}

/// Whoever presses Enter may have meant something else, a moment before the question came.
fn without_enter() -> gtk::EventControllerKey {
    let keys = gtk::EventControllerKey::new();
    keys.set_propagation_phase(gtk::PropagationPhase::Capture);
    keys.connect_key_pressed(|_, key, _, _| match key {
        gdk::Key::Return | gdk::Key::KP_Enter | gdk::Key::ISO_Enter => glib::Propagation::Stop,
        _ => glib::Propagation::Proceed,
    });
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(stage: &str, deadline: Option<u64>) -> PendingFacts {
        let changes = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        PendingFacts { id: 1, stage: stage.into(), deadline, changes, ..PendingFacts::default() }
    }

    #[test]
    fn it_can_be_kept_only_when_the_person_is_asked_and_left_as_long_as_it_lasts() {
        for (stage, keep, go_back) in [
            ("restarting", false, true),
            ("checking", false, true),
            ("waiting", true, true),
            ("keeping", false, false),
            ("reverting", false, false),
            ("a-later-one", false, true),
        ] {
            let shown = Shown::of(&change(stage, Some(100)));
            assert_eq!((shown.may_keep, shown.may_go_back), (keep, go_back), "{stage}");
            assert_eq!(shown.deadline.is_some(), keep, "{stage}");
        }
    }

    #[test]
    fn the_time_is_told_and_that_it_stands_still() {
        let shown = Shown::of(&change("waiting", Some(152)));
        assert_eq!((shown.line(100), shown.line(200)), ("Going back in 52 s.".into(), "Going back in 0 s.".into()));
        assert!(Shown::of(&change("waiting", None)).line(100).contains("until a viewer is connected"));
        assert_eq!(shown.changes, "a · b · c · and 1 more");
    }

    #[test]
    fn the_reason_is_told_to_who_does_not_know_it() {
        let reverted = PendingFacts { reason: Some("Selkies did not start.".into()), ..change("reverted", None) };
        assert!(matches!(ending(&reverted, false), Wish::Explain(why) if why.ends_with("Selkies did not start.")));
        assert!(matches!(ending(&reverted, true), Wish::Say(_)));
        assert!(matches!(ending(&change("kept", None), false), Wish::Say(_)));
    }
}
