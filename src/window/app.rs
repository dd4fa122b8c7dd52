//! The window itself: pages, what lasts (the banner), what was refused (the notice), and the one line to the daemon.

use std::collections::HashSet;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use adw::prelude::*;
use futures_util::FutureExt;
use gtk::glib;
use libadwaita as adw;
use relm4::gtk;
use relm4::{Component, ComponentController, ComponentParts, ComponentSender, Controller};

use super::page::Page;
use super::pages::{overview, preferences, service, services};
use super::request::{Request, Wish};
use super::rows::{icon_button, named};
use super::sidebar::Sidebar;
use super::{actions, format};
use crate::client::preferences::{ColourScheme, Preferences, PreferencesFile, Window};
use crate::client::{self, Client, Error, Fact, JobFacts, Snapshot, unix_now};

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
    Prefer(preferences::Edit),
    /// The window is about to close.
    Closing,
}

/// What comes back from the daemon.
#[derive(Debug)]
pub(super) enum Told {
    /// News.
    Fact(Fact),
    /// The answer to what was asked.
    Answer(Request, Result<Option<u64>, Error>),
    /// Closer probes are granted for as long as this is held.
    Lease(Option<OwnedFd>),
}

/// What is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shown {
    Page(Page),
    Service(String),
}

/// See the module.
pub(super) struct App {
    shown: Shown,
    snapshot: Snapshot,
    client: Option<Client>,
    /// Why the daemon cannot be asked, and since when that is so.
    away: Option<(String, u64)>,
    /// Why something was not done.
    notice: Option<String>,
    /// Jobs that were begun from here and are not over.
    jobs: HashSet<u64>,
    lease: Option<OwnedFd>,
    preferences: Option<PreferencesFile>,
    sidebar: Sidebar,
    overview: Controller<overview::Overview>,
    services: Controller<services::Services>,
    service: Controller<service::Service>,
    preferences_page: Controller<preferences::PreferencesPage>,
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
                #[name = "leaflet"]
                adw::Leaflet {
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
                        // One of them is visible. A stack would leave the others where a screen reader finds them.
                        append: model.overview.widget(),
                        append: model.services.widget(),
                        append: model.preferences_page.widget(),
                        append: model.service.widget(),
                    },
                },
            }
        }
    }

    fn init(init: Init, root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let (preferences, liked, complaint) = liked(init.preferences);
        apply_colours(liked.colour_scheme);
        root.set_default_size(liked.window.width, liked.window.height);
        root.set_maximized(liked.window.maximized);
        let pages = gtk::ListBox::new();
        let toasts = adw::ToastOverlay::new();
        let opener = sender.input_sender().clone();
        let wishes = sender.input_sender();
        let page: Page = liked.window.page.parse().unwrap_or_default();
        let model = Self {
            shown: Shown::Page(page),
            snapshot: Snapshot::default(),
            client: None,
            away: None,
            notice: complaint,
            jobs: HashSet::new(),
            lease: None,
            preferences,
            sidebar: Sidebar::fill(&pages, move |page| opener.emit(Input::Open(page))),
            overview: overview::Overview::builder().launch(()).forward(wishes, Input::Wish),
            services: services::Services::builder().launch(()).forward(wishes, Input::Wish),
            service: service::Service::builder().launch(()).forward(wishes, Input::Wish),
            preferences_page: preferences::PreferencesPage::builder().launch(liked).forward(wishes, |output| {
                match output {
                    preferences::Output::Edit(edit) => Input::Prefer(edit),
                    preferences::Output::Wish(wish) => Input::Wish(wish),
                }
            }),
            toasts: toasts.clone(),
        };
        let (to_pages, back) = (
            &icon_button("sidebar-show-symbolic", "Pages"),
            &icon_button("go-previous-symbolic", "Back to the services"),
        );
        let menu = &named::<gtk::MenuButton>("GtkMenuButton", "Menu").unwrap_or_default();
        let widgets = view_output!();
        model.sidebar.mark(page);
        model.show_one();
        fold(&widgets);
        actions::add(&init.application, &root, sender.input_sender());
        sender.command(|out, shutdown| {
            let tell = move |fact| {
                // Nobody listens any more when the window is closing.
                let _ = out.send(Told::Fact(fact));
            };
            shutdown.register(client::feed(tell)).drop_on_shutdown().map(drop)
        });
        let minute = sender.input_sender().clone();
        glib::timeout_add_seconds_local(MINUTE, move || match minute.send(Input::Minute) {
            Ok(()) => glib::ControlFlow::Continue,
            Err(_) => glib::ControlFlow::Break,
        });
        ComponentParts { model, widgets }
    }

    fn update(&mut self, input: Input, sender: ComponentSender<Self>, root: &Self::Root) {
        match input {
            Input::Open(page) => self.show(Shown::Page(page)),
            Input::OpenService(name) | Input::Wish(Wish::OpenService(name)) => self.show(Shown::Service(name)),
            Input::Back => self.show(Shown::Page(Page::Services)),
            Input::Wish(Wish::Ask(request)) => self.ask(request, &sender),
            Input::Wish(Wish::Say(words)) => self.say(&words),
            Input::Wish(Wish::Explain(sentence)) => self.explain(&sentence),
            Input::Toggle if root.is_active() => root.close(),
            Input::Toggle => root.present(),
            Input::Minute => {
                self.overview.emit(overview::Input::Minute);
                self.services.emit(services::Input::Minute);
            }
            Input::NoticeRead => self.notice = None,
            Input::Prefer(edit) => self.prefer(edit),
            Input::Closing => self.remember(root),
        }
    }

    fn update_cmd(&mut self, told: Told, sender: ComponentSender<Self>, _: &Self::Root) {
        match told {
            Told::Fact(fact) => self.learn(fact, &sender),
            Told::Answer(request, answer) => self.answered(&request, answer),
            Told::Lease(lease) => self.lease = lease,
        }
    }
}

impl App {
    fn title(&self) -> String {
        match &self.shown {
            Shown::Page(page) => page.title().into(),
            Shown::Service(name) => self.snapshot.service(name).map_or(name, |service| &service.label).clone(),
        }
    }

    fn banner(&self) -> String {
        let Some((reason, since)) = &self.away else { return String::new() };
        let reason = format::quotes(reason);
        if self.snapshot.services.is_empty() {
            return reason;
        }
        format!("{reason}\nShown is the state of {}.", format::moment(*since, unix_now()))
    }

    fn show(&mut self, shown: Shown) {
        match &shown {
            Shown::Page(page) => {
                self.sidebar.mark(*page);
                self.service.emit(service::Input::Leave);
            }
            Shown::Service(name) => {
                self.sidebar.mark(Page::Services);
                self.service.emit(service::Input::Show(name.clone()));
            }
        }
        self.shown = shown;
        self.show_one();
    }

    fn show_one(&self) {
        let shown = |page: Page| self.shown == Shown::Page(page);
        self.overview.widget().set_visible(shown(Page::Overview));
        self.services.widget().set_visible(shown(Page::Services));
        self.preferences_page.widget().set_visible(shown(Page::Preferences));
        self.service.widget().set_visible(matches!(self.shown, Shown::Service(_)));
    }

    fn learn(&mut self, fact: Fact, sender: &ComponentSender<Self>) {
        self.snapshot.apply(&fact);
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
            Fact::Job(job) => self.job_changed(job),
            _ => {}
        }
        let troubles = self.snapshot.services.iter().filter(|service| service.is_trouble()).count();
        self.sidebar.count(Page::Services, troubles);
        let fact = Rc::new(fact);
        self.overview.emit(overview::Input::Fact(Rc::clone(&fact)));
        self.services.emit(services::Input::Fact(Rc::clone(&fact)));
        self.service.emit(service::Input::Fact(fact));
    }

    fn ask(&mut self, request: Request, sender: &ComponentSender<Self>) {
        match self.client.clone() {
            Some(client) => sender.oneshot_command(async move {
                let answer = request.ask(&client).await;
                Told::Answer(request, answer)
            }),
            None => self.answered(&request, Err(Error::NotReachable(self.banner()))),
        }
    }

    /// What was granted shows as a job; what was refused is told, and the pages offer it again.
    fn answered(&mut self, request: &Request, answer: Result<Option<u64>, Error>) {
        match answer {
            Ok(Some(id)) => {
                self.jobs.insert(id);
                // It may be over already.
                if let Some(job) = self.snapshot.jobs.iter().find(|job| job.id == id).cloned() {
                    self.job_changed(&job);
                }
            }
            Ok(None) => {}
            Err(error) => self.explain(&error.to_string()),
        }
        if let Request::Control(service, _) = request {
            self.overview.emit(overview::Input::Answered(service.clone()));
            self.service.emit(service::Input::Answered(service.clone()));
        }
    }

    /// How a job of ours ended, where the service itself does not show it.
    fn job_changed(&mut self, job: &JobFacts) {
        let Some(result) = job.result.as_deref() else { return };
        if !self.jobs.remove(&job.id) {
            return;
        }
        match (result, &job.error_message) {
            ("failed", message) => {
                let unknown = "It failed, and nobody knows why. The log of the service may say more.";
                self.explain(message.as_deref().unwrap_or(unknown));
            }
            ("cancelled", _) => self.say("Cancelled"),
            ("skipped", _) => self.say("There was nothing to do"),
            _ => {}
        }
    }

    fn explain(&mut self, sentence: &str) {
        self.notice = Some(format::quotes(sentence));
    }

    fn say(&self, words: &str) {
        let toast = adw::Toast::builder().title(glib::markup_escape_text(words)).timeout(3).build();
        self.toasts.add_toast(toast);
    }

    fn prefer(&mut self, edit: preferences::Edit) {
        let Some(file) = &self.preferences else { return };
        match file.change(|all| edit.apply(all)) {
            Ok(all) => apply_colours(all.colour_scheme),
            Err(error) => {
                self.notice = Some(format!("Your choice could not be saved: {error}. It holds until you close this."));
            }
        }
    }

    fn remember(&self, root: &adw::ApplicationWindow) {
        let Some(file) = &self.preferences else { return };
        let page = if let Shown::Page(page) = self.shown { page } else { Page::Services };
        let (width, height) = root.default_size();
        let saved = file.change(|all| {
            all.window = Window { width, height, maximized: root.is_maximized(), page: page.name().into() };
        });
        if let Err(error) = saved {
            tracing::warn!(%error, "how the window was left is not remembered");
        }
    }
}

/// What the user likes, where to write it, and what is wrong with the file.
fn liked(file: io::Result<PreferencesFile>) -> (Option<PreferencesFile>, Preferences, Option<String>) {
    match file.map(|file| (file.load(), file)) {
        Ok((Ok(liked), file)) => (Some(file), liked, None),
        Ok((Err(complaint), file)) => (Some(file), Preferences::default(), Some(complaint)),
        Err(error) => (None, Preferences::default(), Some(format!("Nothing can be remembered here: {error}."))),
    }
}

fn apply_colours(scheme: ColourScheme) {
    adw::StyleManager::default().set_color_scheme(match scheme {
        ColourScheme::System => adw::ColorScheme::Default,
        ColourScheme::Light => adw::ColorScheme::ForceLight,
        ColourScheme::Dark => adw::ColorScheme::ForceDark,
    });
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
