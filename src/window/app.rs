//! The window itself: pages, what lasts (the banner), what was refused (the notice), and the one line to the daemon.

use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use adw::prelude::*;
use futures_util::FutureExt;
use gtk::{gdk, glib};
use libadwaita as adw;
use relm4::gtk;
use relm4::{Component, ComponentController, ComponentParts, ComponentSender, Controller};

use super::begun::{Begun, Ending};
use super::confirm::Question;
use super::glance::Glance;
use super::known::Known;
use super::liked::{self, Liked};
use super::page::Page;
use super::pages::preferences::Edit;
use super::pages::{Pages, Shown};
use super::pending::{self, PendingBar};
use super::request::{Granted, Request, Wish};
use super::rows::{icon_button, named};
use super::sidebar::Sidebar;
use super::wizard::Door;
use super::{actions, format};
use crate::api;
use crate::client::preferences::PreferencesFile;
use crate::client::{self, Client, Error, Fact, unix_now};

/// Uptimes are told in minutes.
const MINUTE: u32 = 60;

/// What the window begins with.
#[derive(Debug)]
pub(super) struct Init {
    pub(super) application: adw::Application,
    pub(super) preferences: io::Result<PreferencesFile>,
}

/// What the window is told by its widgets and pages.
#[derive(Debug)]
pub(super) enum Input {
    /// Open this page.
    Open(Page),
    /// Open the page of a service, by supervisord's name.
    OpenService(String),
    /// Go back from a service to the list of them.
    Back,
    /// A page wishes something.
    Wish(Wish),
    /// Show the window, or close it if one looks at it already.
    Toggle,
    /// Some uptime has changed.
    Minute,
    /// What was refused has been read.
    NoticeRead,
    /// The person has told what they like.
    Prefer(Edit),
    /// The window can be seen, or not any more.
    InSight(bool),
    /// Esc was pressed where nothing else took it.
    Escape,
    /// The window is about to close.
    Closing,
}

/// What comes back from the daemon.
#[derive(Debug)]
pub(super) enum Told {
    /// News.
    Fact(Fact),
    /// The answer to what was asked.
    Answer(Request, Result<Granted, Error>),
    /// Closer probes are granted for as long as this is held.
    Lease(Option<OwnedFd>),
    /// And fresh news of the stream.
    Glance(Option<OwnedFd>),
}

/// See the module.
pub(super) struct App {
    shown: Shown,
    known: Known,
    client: Option<Client>,
    /// Why the daemon cannot be asked, and since when that is so.
    away: Option<(String, u64)>,
    /// Why something was not done.
    notice: Option<String>,
    begun: Begun,
    lease: Option<OwnedFd>,
    /// The window can be seen.
    in_sight: bool,
    glance: Glance,
    liked: Liked,
    sidebar: Sidebar,
    pages: Pages,
    pending: Controller<PendingBar>,
    wizard: Door,
    toasts: adw::ToastOverlay,
}

#[relm4::component(pub(super))]
impl Component for App {
    type Init = Init;
    type Input = Input;
    type Output = ();
    type CommandOutput = Told;

    view! {
        adw::ApplicationWindow {
            set_title: Some("Desktop Control"),
            set_width_request: 360,
            set_height_request: 300,
            connect_close_request[sender] => move |_| {
                sender.input(Input::Closing);
                glib::Propagation::Proceed
            },

            #[local_ref]
            toasts -> adw::ToastOverlay {
                gtk::Box {
                    set_orientation: gtk::Orientation::Vertical,

                    #[name = "leaflet"]
                    append = &adw::Leaflet {
                        set_vexpand: true,
                        set_can_navigate_back: true,

                        #[name = "side"]
                        append = &gtk::Box {
                            set_orientation: gtk::Orientation::Vertical,
                            set_width_request: 200,

                            #[name = "side_header"]
                            adw::HeaderBar {
                                set_show_end_title_buttons: false,
                                #[wrap(Some)]
                                set_title_widget = &gtk::Label {
                                    set_label: "Desktop Control",
                                    add_css_class: "heading",
                                    set_ellipsize: gtk::pango::EllipsizeMode::End,
                                },
                                #[local_ref]
                                pack_end = menu -> gtk::MenuButton {
                                    set_icon_name: "open-menu-symbolic",
                                    set_tooltip_text: Some("Menu"),
                                    set_menu_model: Some(&actions::menu()),
                                },
                            },
                            gtk::ScrolledWindow {
                                set_hscrollbar_policy: gtk::PolicyType::Never,
                                set_vexpand: true,
                                #[local_ref]
                                pages -> gtk::ListBox {
                                    add_css_class: "navigation-sidebar",
                                },
                            },
                        },

                        append: separator = &gtk::Separator::new(gtk::Orientation::Vertical),

                        #[name = "content"]
                        append = &gtk::Box {
                            set_orientation: gtk::Orientation::Vertical,
                            set_hexpand: true,

                            #[name = "content_header"]
                            adw::HeaderBar {
                                #[local_ref]
                                pack_start = to_pages -> gtk::Button {
                                    connect_clicked[leaflet] => move |_| { leaflet.navigate(adw::NavigationDirection::Back); },
                                },
                                #[local_ref]
                                pack_start = back -> gtk::Button {
                                    #[watch]
                                    set_visible: matches!(model.shown, Shown::Service(_)),
                                    connect_clicked => Input::Back,
                                },
                                #[wrap(Some)]
                                set_title_widget = &gtk::Label {
                                    add_css_class: "heading",
                                    set_ellipsize: gtk::pango::EllipsizeMode::End,
                                    #[watch]
                                    set_label: &model.title(),
                                },
                            },
                            gtk::InfoBar {
                                set_message_type: gtk::MessageType::Warning,
                                #[watch]
                                set_revealed: model.away.is_some(),
                                #[watch]
                                set_visible: model.away.is_some(),
                                add_child = &gtk::Label {
                                    set_wrap: true,
                                    set_xalign: 0.0,
                                    set_hexpand: true,
                                    #[watch]
                                    set_label: &model.banner(),
                                },
                            },
                            gtk::InfoBar {
                                set_message_type: gtk::MessageType::Error,
                                set_show_close_button: true,
                                #[watch]
                                set_revealed: model.notice.is_some(),
                                #[watch]
                                set_visible: model.notice.is_some(),
                                connect_response[sender] => move |_, _| sender.input(Input::NoticeRead),
                                add_child = &gtk::Label {
                                    set_wrap: true,
                                    set_xalign: 0.0,
                                    set_hexpand: true,
                                    set_selectable: true,
                                    set_can_focus: false,
                                    #[watch]
                                    set_label: model.notice.as_deref().unwrap_or_default(),
                                },
                            },
                        },
                    },
                    append: model.pending.widget(),
                },
            }
        }
    }

    fn init(init: Init, root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let (file, liked, complaint) = Liked::read(init.preferences);
        liked::restore(&root, &liked.window);
        let pages = gtk::ListBox::new();
        let toasts = adw::ToastOverlay::new();
        let opener = sender.input_sender().clone();
        let wishes = sender.input_sender();
        let page: Page = liked.window.page.parse().unwrap_or_default();
        let model = Self {
            shown: Shown::Page(page),
            known: Known::default(),
            client: None,
            away: None,
            notice: complaint,
            begun: Begun::default(),
            lease: None,
            in_sight: false,
            glance: Glance::default(),
            liked: file,
            sidebar: Sidebar::fill(&pages, move |page| opener.emit(Input::Open(page))),
            pages: Pages::new(liked, wishes, Input::Wish, Input::Prefer),
            pending: PendingBar::builder().launch(()).forward(wishes, Input::Wish),
            wizard: Door::default(),
            toasts: toasts.clone(),
        };
        let (to_pages, back) = (
            &icon_button("sidebar-show-symbolic", "Pages"),
            &icon_button("go-previous-symbolic", "Back to the services"),
        );
        let menu = &named::<gtk::MenuButton>("GtkMenuButton", "Menu").unwrap_or_default();
        let widgets = view_output!();
        model.pages.widgets().into_iter().for_each(|page| widgets.content.append(page));
        model.sidebar.list(Page::Stream, false);
        model.show();
        fold(&widgets);
        listen(&root, wishes);
        actions::add(&init.application, &root, wishes);
        sender.command(|out, shutdown| {
            let tell = move |fact| {
                // Nobody listens any more when the window is closing.
                let _ = out.send(Told::Fact(fact));
            };
            shutdown.register(client::feed(tell)).drop_on_shutdown().map(drop)
        });
        let minute = wishes.clone();
        glib::timeout_add_seconds_local(MINUTE, move || match minute.send(Input::Minute) {
            Ok(()) => glib::ControlFlow::Continue,
            Err(_) => glib::ControlFlow::Break,
        });
        ComponentParts { model, widgets }
    }

    fn update(&mut self, input: Input, sender: ComponentSender<Self>, root: &Self::Root) {
        match input {
            Input::Open(page) | Input::Wish(Wish::Open(page)) => self.open(Shown::Page(page)),
            Input::OpenService(name) | Input::Wish(Wish::OpenService(name)) => self.open(Shown::Service(name)),
            Input::Wish(Wish::OpenGpu(uuid)) => {
                self.pages.choose_gpu(uuid);
                self.open(Shown::Page(Page::Gpu));
            }
            Input::Back => self.open(Shown::Page(Page::Services)),
            Input::Wish(Wish::Install) => {
                let told = sender.input_sender();
                self.wizard.open(root, self.client.as_ref(), &self.known.snapshot, told, Input::Wish);
            }
            Input::Wish(Wish::Ask(request)) => self.ask(request, &sender),
            Input::Wish(Wish::Say(words)) => self.say(&words),
            Input::Wish(Wish::Explain(sentence)) => self.explain(&sentence),
            Input::Toggle if root.is_active() => root.close(),
            Input::Toggle => root.present(),
            Input::Minute => self.pages.minute(),
            Input::NoticeRead => self.notice = None,
            Input::Prefer(edit) => self.notice = self.liked.prefer(edit).or(self.notice.take()),
            Input::InSight(in_sight) => {
                self.in_sight = in_sight;
                self.pages.in_sight(in_sight);
            }
            Input::Escape => self.pending.emit(pending::Input::GoBack),
            Input::Closing => self.liked.remember(root, self.shown.page()),
        }
        self.glance(&sender);
    }

    fn update_cmd(&mut self, told: Told, sender: ComponentSender<Self>, _: &Self::Root) {
        match told {
            Told::Fact(fact) => self.learn(fact, &sender),
            Told::Answer(request, answer) => self.answered(&request, answer, &sender),
            Told::Lease(lease) => self.lease = lease,
            Told::Glance(lease) => self.glance.take(lease),
        }
        self.glance(&sender);
    }
}

impl App {
    fn title(&self) -> String {
        match &self.shown {
            Shown::Page(page) => page.title().into(),
            Shown::Service(name) => self.known.snapshot.service(name).map_or(name, |service| &service.label).clone(),
        }
    }

    fn banner(&self) -> String {
        let Some((reason, since)) = &self.away else { return String::new() };
        let reason = format::quotes(reason);
        if self.known.snapshot.services.is_empty() {
            return reason;
        }
        format!("{reason}\nShown is the state of {}.", format::moment(*since, unix_now()))
    }

    fn open(&mut self, shown: Shown) {
        self.shown = shown;
        self.show();
    }

    fn show(&self) {
        self.sidebar.mark(self.shown.page());
        self.pages.show(&self.shown);
    }

    fn learn(&mut self, fact: Fact, sender: &ComponentSender<Self>) {
        self.known.learn(&fact);
        match &fact {
            Fact::Arrived(client, _) => {
                self.away = None;
                self.client = Some(client.clone());
                let client = client.clone();
                // Without it everything works too, only later news of services that fail silently.
                sender.oneshot_command(async move { Told::Lease(client.watch().await.ok()) });
            }
            Fact::Away(reason) => {
                let since = self.away.take().map_or_else(unix_now, |(_, since)| since);
                self.away = Some((reason.clone(), since));
                self.client = None;
                self.lease = None;
            }
            Fact::Job(job) => {
                let ending = self.begun.see(job);
                self.tell(ending);
            }
            _ => {}
        }
        let troubles = self.known.snapshot.services.iter().filter(|service| service.is_trouble()).count();
        self.sidebar.count(Page::Services, troubles);
        self.sidebar.count(Page::Gpu, self.known.snapshot.gpu_troubles().len());
        self.sidebar.list(Page::Stream, self.known.stream().is_some());
        let fact = Rc::new(fact);
        self.pages.learn(&fact);
        self.wizard.learn(&fact);
        self.pending.emit(pending::Input::Fact(fact));
    }

    /// Has the stream looked at exactly as long as the overview shows it.
    fn glance(&mut self, sender: &ComponentSender<Self>) {
        let shows_it = self.in_sight && self.shown == Shown::Page(Page::Overview) && self.known.stream().is_some();
        let client = self.client.clone().filter(|_| shows_it);
        if self.glance.turn(client.is_some())
            && let Some(client) = client
        {
            sender.oneshot_command(async move { Told::Glance(client.watch_stream().await.ok()) });
        }
    }

    fn ask(&mut self, request: Request, sender: &ComponentSender<Self>) {
        match self.client.clone() {
            Some(client) => sender.oneshot_command(async move {
                let answer = request.ask(&client).await;
                Told::Answer(request, answer)
            }),
            None => self.answered(&request, Err(Error::NotReachable(self.banner())), sender),
        }
    }

    /// What was granted shows by itself; what was refused is told, and the pages offer it again.
    fn answered(&mut self, request: &Request, answer: Result<Granted, Error>, sender: &ComponentSender<Self>) {
        self.pages.answered(request, answer.is_ok());
        if matches!(request, Request::Keep { .. } | Request::GoBack(_)) {
            self.pending.emit(pending::Input::Answered);
        }
        match (request, answer) {
            (_, Ok(Granted::Job(id))) => {
                self.begun.add(id);
                // It may be over already.
                let ending =
                    self.known.snapshot.jobs.iter().find(|job| job.id == id).and_then(|job| self.begun.see(job));
                self.tell(ending);
            }
            (_, Ok(Granted::Nothing)) => self.say("There was nothing to change"),
            (_, Ok(Granted::Done)) => {}
            (Request::Keep { change, .. }, Err(Error::Refused(api::Error::LastWayIn(why)))) => {
                self.pending.emit(pending::Input::Unseen(*change, format::quotes(&why)));
            }
            (request, Err(Error::Refused(api::Error::LastWayIn(why)))) if request.insisted().is_some() => {
                let (input, insisted) = (sender.input_sender().clone(), request.insisted());
                let insist = move || insisted.clone().into_iter().for_each(|it| input.emit(Input::Wish(Wish::Ask(it))));
                Question::about_lockout(&format::quotes(&why)).ask(&self.toasts, insist);
            }
            (_, Err(error)) => self.explain(&error.to_string()),
        }
    }

    fn tell(&mut self, ending: Option<Ending>) {
        match ending {
            Some(Ending::Failed(why)) => self.explain(&why),
            Some(Ending::Said(words)) => self.say(words),
            None => {}
        }
    }

    fn explain(&mut self, sentence: &str) {
        self.notice = Some(format::quotes(sentence));
    }

    fn say(&self, words: &str) {
        let toast = adw::Toast::builder().title(glib::markup_escape_text(words)).timeout(3).build();
        self.toasts.add_toast(toast);
    }
}

/// What only a narrow window needs, where the list of pages and the page take turns.
fn fold(widgets: &AppWidgets) {
    let folded = |target: &gtk::Widget, property: &str| {
        widgets.leaflet.bind_property("folded", target, property).sync_create().build();
    };
    folded(widgets.side_header.upcast_ref(), "show-end-title-buttons");
    folded(widgets.content_header.upcast_ref(), "show-start-title-buttons");
    folded(widgets.to_pages.upcast_ref(), "visible");
    let (leaflet, content) = (&widgets.leaflet, &widgets.content);
    widgets.pages.connect_row_activated(glib::clone!(
        #[weak]
        leaflet,
        #[weak]
        content,
        move |_, _| leaflet.set_visible_child(&content)
    ));
}

/// Hears whether the window can be seen, and Esc where nothing else takes it.
fn listen(window: &adw::ApplicationWindow, input: &relm4::Sender<Input>) {
    let seen = input.clone();
    window.connect_realize(move |window| {
        let Some(surface) = window.surface().and_downcast::<gdk::Toplevel>() else { return };
        let seen = seen.clone();
        let tell = move |surface: &gdk::Toplevel| {
            seen.emit(Input::InSight(!surface.state().contains(gdk::ToplevelState::MINIMIZED)));
        };
        tell(&surface);
        surface.connect_state_notify(tell);
    });
    let keys = gtk::EventControllerKey::new();
    let escaped = input.clone();
    keys.connect_key_pressed(move |_, key, _, _| {
        if key == gdk::Key::Escape {
            escaped.emit(Input::Escape);
        }
        glib::Propagation::Proceed
    });
    window.add_controller(keys);
}
