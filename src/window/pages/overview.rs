//! The first page: is everything all right, and how does one get in?

use std::rc::Rc;

use adw::prelude::*;
use libadwaita as adw;
use relm4::gtk;
use relm4::{
    Component, ComponentController, ComponentParts, ComponentSender, Controller, RelmWidgetExt, SimpleComponent,
};

use super::super::confirm::confirm;
use super::super::format::{self, Sign};
use super::super::known::Known;
use super::super::page::Page;
use super::super::request::{Request, Wish};
use super::super::rows::{Group, activatable, button, icon, page, row, show_icon};
use super::super::ways::{self, Wanted, Way};
use super::cuda::shown::at_a_glance;
use super::gpu::cards::{self, Cards};
use super::stream::words;
use crate::client::{Fact, ServiceFacts, Snapshot, StreamFacts, Verb, unix_now};

/// What the page is told.
#[derive(Debug)]
pub(in crate::window) enum Input {
    /// News from the daemon.
    Fact(Rc<Fact>),
    /// What was asked for this service has been answered.
    Answered(String),
    /// Some uptime has changed.
    Minute,
    /// What the cards of the GPUs are told.
    Gpus(cards::Input),
    /// A button was pressed: help this service.
    Help(String),
    /// Somebody agreed to that.
    Ask(Request),
    /// A person wants something of a way in.
    Way(Wanted),
}

/// See the module.
#[derive(Debug)]
pub(in crate::window) struct Overview {
    known: Known,
    shown: Shown,
    sign: gtk::Image,
    troubles: Group,
    gpus: Controller<Cards>,
    stream: Group,
    stream_row: adw::ActionRow,
    ways: Group,
    cuda: Group,
    cuda_row: adw::ActionRow,
    cuda_icon: gtk::Image,
    install: gtk::Button,
}

/// What there is to see. The lists are made anew only where this has changed.
#[derive(Debug, PartialEq)]
struct Shown {
    verdict: String,
    about: String,
    troubles: Vec<Trouble>,
    /// What the stream does, and more about that.
    stream: Option<(String, String)>,
    ways: Vec<Way>,
    /// What of CUDA there is, and how that is.
    cuda: Option<(Sign, String, String)>,
    /// A toolkit can be installed, and none is.
    offers_toolkit: bool,
    is_stale: bool,
    /// The verdict's.
    sign: Sign,
}

/// A line on something that is wrong.
#[derive(Clone, Debug, PartialEq)]
struct Trouble {
    title: String,
    reason: String,
    sign: Sign,
    help: Help,
}

/// What helps.
#[derive(Clone, Debug, PartialEq)]
enum Help {
    /// Nothing that could be done here.
    Nothing,
    /// This verb on this service, where it may be asked now.
    Service(String, &'static str, bool),
    /// Other settings.
    Page(Page),
    /// Nothing more than knowing more about the GPU with this UUID.
    Gpu(String),
}

#[relm4::component(pub(in crate::window))]
impl SimpleComponent for Overview {
    type Init = ();
    type Input = Input;
    type Output = Wish;

    view! {
        #[root]
        gtk::Box {
            append: &page(&content),
        },
        #[name = "content"]
        gtk::Box {
            set_orientation: gtk::Orientation::Vertical,
            set_spacing: 24,
            #[watch]
            set_class_active: ("stale", model.shown.is_stale),

            gtk::Box {
                set_spacing: 18,
                #[local_ref]
                sign -> gtk::Image {
                    set_pixel_size: 40,
                    set_valign: gtk::Align::Center,
                },
                gtk::Box {
                    set_orientation: gtk::Orientation::Vertical,
                    set_spacing: 6,
                    gtk::Label {
                        add_css_class: "title-2",
                        set_xalign: 0.0,
                        set_wrap: true,
                        #[watch]
                        set_label: &model.shown.verdict,
                    },
                    gtk::Label {
                        set_xalign: 0.0,
                        set_wrap: true,
                        #[watch]
                        set_label: &model.shown.about,
                    },
                },
            },

            #[local_ref]
            troubles -> gtk::Box {
                #[watch]
                set_visible: !model.shown.troubles.is_empty(),
            },

            append: model.gpus.widget(),

            #[local_ref]
            stream -> gtk::Box {
                #[watch]
                set_visible: model.shown.stream.is_some(),
            },

            #[local_ref]
            ways -> gtk::Box {
                #[watch]
                set_visible: !model.shown.ways.is_empty(),
            },

            #[local_ref]
            cuda -> gtk::Box {
                #[watch]
                set_visible: model.shown.cuda.is_some(),
            },
        }
    }

    fn init((): (), root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let known = Known::default();
        let shown = Shown::of(&known);
        let sign = icon(&shown.sign);
        let [troubles, stream, ways, cuda] = ["Needs attention", "Stream", "Ways in", "CUDA"].map(Group::new);
        let stream_row = page_row("Settings", "Settings of the stream", Page::Stream, &sender);
        stream.list.append(&stream_row);
        let cuda_row = page_row("Details", "Details of CUDA", Page::Cuda, &sender);
        let cuda_icon = icon(&shown.sign);
        cuda_row.add_prefix(&cuda_icon);
        let clicked = sender.output_sender().clone();
        let install = button("Install…", "Install CUDA…", move |_| clicked.emit(Wish::Install));
        cuda_row.add_suffix(&install);
        cuda.list.append(&cuda_row);
        let gpus = Cards::builder().launch(()).forward(sender.output_sender(), |wish| wish);
        let model =
            Self { known, shown, sign, troubles, gpus, stream, stream_row, ways, cuda, cuda_row, cuda_icon, install };
        let (sign, troubles) = (&model.sign, &model.troubles.widget);
        let (stream, ways, cuda) = (&model.stream.widget, &model.ways.widget, &model.cuda.widget);
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update(&mut self, input: Input, sender: ComponentSender<Self>) {
        match input {
            Input::Fact(fact) => {
                self.known.learn(&fact);
                self.gpus.emit(cards::Input::Fact(fact));
            }
            Input::Gpus(told) => return self.gpus.emit(told),
            Input::Answered(service) => self.known.answered(&service),
            Input::Minute => {}
            Input::Help(service) => self.help(&service, &sender),
            Input::Ask(request) | Input::Way(Wanted::On(request)) => {
                request.target().into_iter().for_each(|target| self.known.ask(target));
                sender.output_sender().emit(Wish::Ask(request));
            }
            Input::Way(Wanted::Address(address)) => {
                self.sign.clipboard().set_text(&address);
                sender.output_sender().emit(Wish::Say("Address copied".into()));
            }
        }
        self.refresh(&sender);
    }
}

impl Overview {
    fn help(&self, name: &str, sender: &ComponentSender<Self>) {
        let Some(service) = self.known.snapshot.service(name) else { return };
        let verb = verb_for(service);
        let (agreed, name) = (sender.input_sender().clone(), name.to_owned());
        confirm(&self.sign, service, verb, move || agreed.emit(Input::Ask(Request::Control(name.clone(), verb))));
    }

    fn refresh(&mut self, sender: &ComponentSender<Self>) {
        let shown = Shown::of(&self.known);
        if shown == self.shown {
            return;
        }
        show_icon(&self.sign, &shown.sign);
        if shown.troubles != self.shown.troubles {
            self.troubles.clear();
            shown.troubles.iter().for_each(|trouble| self.troubles.list.append(&trouble_row(trouble, sender)));
        }
        if let Some((doing, about)) = shown.stream.as_ref().filter(|_| shown.stream != self.shown.stream) {
            self.stream_row.set_title(doing);
            self.stream_row.set_subtitle(about);
        }
        if let Some((sign, title, about)) = shown.cuda.as_ref().filter(|_| shown.cuda != self.shown.cuda) {
            show_icon(&self.cuda_icon, sign);
            self.cuda_row.set_title(title);
            self.cuda_row.set_subtitle(about);
        }
        self.install.set_visible(shown.offers_toolkit);
        if shown.ways != self.shown.ways {
            let asked = sender.input_sender().clone();
            ways::show(&self.ways, &shown.ways, &move |wanted| asked.emit(Input::Way(wanted)));
        }
        self.shown = shown;
    }
}

impl Shown {
    fn of(known: &Known) -> Self {
        let snapshot = &known.snapshot;
        let troubles = troubles(known);
        let nothing_known = snapshot.services.is_empty() && snapshot.root.findings.is_empty();
        let verdict = match troubles.len() {
            0 if nothing_known && known.is_there => "There are no services.".into(),
            0 if nothing_known => "Nothing is known yet.".into(),
            0 if known.is_there => "All is well.".into(),
            _ if !known.is_there => "What is now is not known.".into(),
            1 => "One thing needs attention.".into(),
            count => format!("{count} things need attention."),
        };
        let about = if nothing_known { String::new() } else { about(snapshot, unix_now()) };
        let ways = ways::of(known);
        let sign = verdict_sign(known, &troubles);
        let is_stale = !known.is_there && !nothing_known;
        Self {
            verdict,
            about,
            troubles,
            stream: known.stream().map(stream_words),
            ways,
            cuda: at_a_glance(snapshot),
            offers_toolkit: known.is_there && snapshot.toolkits.is_empty(),
            is_stale,
            sign,
        }
    }
}

/// What the stream does, and at what size for how many.
fn stream_words(stream: &StreamFacts) -> (String, String) {
    let doing = stream.effective.encoder_in_words().unwrap_or_else(|| match stream.viewers {
        Some(0) => "Nobody is looking on".into(),
        _ => "What it does is not known yet".into(),
    });
    let about = [words::size(&stream.effective), stream.viewers.filter(|count| *count > 0).map(words::viewers)];
    (doing, about.into_iter().flatten().collect::<Vec<_>>().join(" · "))
}

/// A row that leads to a page, as its button does.
fn page_row(label: &str, called: &str, page: Page, sender: &ComponentSender<Overview>) -> adw::ActionRow {
    let (row, opened, clicked) = (row("", ""), sender.output_sender().clone(), sender.output_sender().clone());
    row.add_suffix(&button(label, called, move |_| clicked.emit(Wish::Open(page))));
    activatable(&row, move || opened.emit(Wish::Open(page)));
    row
}

fn verdict_sign(known: &Known, troubles: &[Trouble]) -> Sign {
    let (icon, class) = if known.snapshot.services.is_empty() || !known.is_there {
        ("dialog-question-symbolic", "dim-label")
    } else if troubles.is_empty() {
        ("emblem-ok-symbolic", "success")
    } else {
        ("dialog-warning-symbolic", "warning")
    };
    Sign { icon, word: String::new(), class: Some(class) }
}

/// Which machine this is.
fn about(snapshot: &Snapshot, now: u64) -> String {
    let image = format::image(&snapshot.root.variant);
    match snapshot.root.up_since {
        Some(since) => format!("{image} · {}", format::up_for(since, now)),
        None => image.to_owned(),
    }
}

/// Worst first: what stops the whole, then what stops the desktop, then the rest.
fn troubles(known: &Known) -> Vec<Trouble> {
    let snapshot = &known.snapshot;
    let findings = snapshot.root.findings.iter().map(|finding| Trouble {
        title: finding.title.clone(),
        reason: finding.message.clone(),
        sign: warning(&finding.severity),
        help: Help::Nothing,
    });
    // Where there was never a GPU nothing has failed; the page of the stream says so all the same.
    let could_be = known.stream().filter(|_| snapshot.encoder_fell_back());
    let fallback = could_be.and_then(|stream| words::fallback(&stream.effective)).map(|why| Trouble {
        title: "The stream is not as configured".into(),
        reason: why,
        sign: warning("warning"),
        help: Help::Page(Page::Stream),
    });
    let gpus = snapshot.gpu_troubles().into_iter().map(|trouble| Trouble {
        title: trouble.title,
        reason: format::quotes(&trouble.reason),
        sign: warning("warning"),
        help: Help::Gpu(trouble.uuid),
    });
    let mut services: Vec<&ServiceFacts> = snapshot.services.iter().filter(|service| service.is_trouble()).collect();
    services.sort_by_key(|service| !service.essential);
    let services = services.into_iter().map(|service| {
        let sign = known.sign_of(service);
        let reason = match service.health_reason.as_str() {
            "" if service.essential => "the desktop is of no use without it",
            reason => reason,
        };
        let help = if service.is_down() { "Start" } else { "Restart" };
        Trouble {
            title: service.label.clone(),
            reason: if reason.is_empty() { sign.word.clone() } else { format!("{}: {reason}", sign.word) },
            sign,
            help: Help::Service(service.name.clone(), help, known.may_ask(&service.name)),
        }
    });
    findings.chain(gpus).chain(services).chain(fallback).collect()
}

fn warning(word: &str) -> Sign {
    Sign { icon: "dialog-warning-symbolic", word: word.to_owned(), class: Some("warning") }
}

/// What helps a service that does not do its work.
fn verb_for(service: &ServiceFacts) -> Verb {
    if service.is_down() { Verb::Start { with_dependencies: true } } else { Verb::Restart { with_dependents: false } }
}

fn trouble_row(trouble: &Trouble, sender: &ComponentSender<Overview>) -> adw::ActionRow {
    let row = row(&trouble.title, &trouble.reason);
    row.add_prefix(&icon(&trouble.sign));
    let (helper, opened) = (sender.input_sender().clone(), sender.output_sender().clone());
    let (service, verb, may_ask) = match trouble.help.clone() {
        Help::Nothing => return row,
        Help::Page(page) => {
            let called = format!("Settings: {}", trouble.title);
            row.add_suffix(&button("Settings", &called, move |_| opened.emit(Wish::Open(page))));
            return row;
        }
        Help::Gpu(uuid) => {
            let called = format!("Details: {}", trouble.title);
            row.add_suffix(&button("Details", &called, move |_| opened.emit(Wish::OpenGpu(uuid.clone()))));
            return row;
        }
        Help::Service(service, verb, may_ask) => (service, verb, may_ask),
    };
    let name = service.clone();
    let called = format!("{verb} {}", trouble.title);
    let help = button(verb, &called, move |_| helper.emit(Input::Help(name.clone())));
    help.set_sensitive(may_ask);
    row.add_suffix(&help);
    activatable(&row, move || opened.emit(Wish::OpenService(service.clone())));
    row.add_suffix(&gtk::Image::from_icon_name("go-next-symbolic"));
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::EffectiveFacts;

    fn service(name: &str, state: &str, health: &str, essential: bool) -> ServiceFacts {
        ServiceFacts {
            name: name.into(),
            label: name.to_uppercase(),
            state: state.into(),
            health: health.into(),
            essential,
            ..ServiceFacts::default()
        }
    }

    fn known(services: Vec<ServiceFacts>) -> Known {
        let mut known = Known::default();
        known.is_there = true;
        known.snapshot.services = services;
        known
    }

    #[test]
    fn without_trouble_it_is_calm() {
        let shown =
            Shown::of(&known(vec![service("a", "running", "ok", true), service("b", "stopped", "none", false)]));
        assert_eq!((shown.verdict.as_str(), shown.troubles.len()), ("All is well.", 0));
    }

    #[test]
    fn what_the_desktop_needs_comes_first_with_the_button_that_helps() {
        let known = known(vec![service("a", "running", "failing", false), service("x", "stopped", "none", true)]);
        let shown = Shown::of(&known);
        assert_eq!(shown.verdict, "2 things need attention.");
        let [first, second] = shown.troubles.as_slice() else { panic!("two") };
        assert_eq!(first.help, Help::Service("x".into(), "Start", true));
        assert_eq!(first.reason, "Stopped: the desktop is of no use without it");
        assert_eq!(second.help, Help::Service("a".into(), "Restart", true));
    }

    #[test]
    fn the_cpu_in_a_gpus_place_is_trouble_only_where_there_is_a_gpu() {
        let mut known = known(vec![service("a", "running", "ok", true)]);
        let effective = EffectiveFacts {
            verdict: "fallback".into(),
            reason: Some("The CPU encodes.".into()),
            mended: Some("instance".into()),
            ..EffectiveFacts::default()
        };
        let stream = StreamFacts { backend: "selkies".into(), effective, ..StreamFacts::default() };
        known.snapshot.stream = Some(stream);
        for (gpu_state, troubles) in [("no-device", 0), ("present", 1), ("no-library", 1), ("unknown", 1)] {
            known.snapshot.root.gpu_state = gpu_state.into();
            assert_eq!(Shown::of(&known).troubles.len(), troubles, "{gpu_state}");
        }
    }

    #[test]
    fn when_nobody_can_be_asked_nothing_can_be_pressed_and_nothing_is_claimed() {
        let mut known = known(vec![service("a", "running", "failing", false)]);
        known.is_there = false;
        assert_eq!(Shown::of(&known).troubles[0].help, Help::Service("a".into(), "Restart", false));
        known.snapshot.services.clear();
        assert_eq!(Shown::of(&known).verdict, "Nothing is known yet.");
    }

    #[test]
    fn nobody_asks_twice() {
        let mut known = known(vec![service("a", "running", "failing", false)]);
        known.ask("a");
        assert_eq!(Shown::of(&known).troubles[0].help, Help::Service("a".into(), "Restart", false));
    }
}
