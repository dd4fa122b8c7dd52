//! One component for each page. They know the window only by what they wish of it.

pub(super) mod cuda;
pub(super) mod gpu;
pub(super) mod overview;
pub(super) mod preferences;
pub(super) mod remote;
pub(super) mod service;
pub(super) mod services;
pub(super) mod stream;

use std::rc::Rc;

use gtk::prelude::*;
use relm4::gtk;
use relm4::{Component, ComponentController, Controller, Sender};

use super::page::Page;
use super::request::{Request, Wish};
use crate::client::Fact;
use crate::client::preferences::Preferences;

/// What is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// A page of the sidebar.
    Page(Page),
    /// The page of a service, by supervisord's name.
    Service(String),
}

impl Shown {
    /// The page of the sidebar that it belongs to.
    pub(super) fn page(&self) -> Page {
        match self {
            Self::Page(page) => *page,
            Self::Service(_) => Page::Services,
        }
    }
}

/// All pages, one of which is to be seen.
pub(super) struct Pages {
    overview: Controller<overview::Overview>,
    stream: Controller<stream::Stream>,
    remote: Controller<remote::Remote>,
    cuda: Controller<cuda::Cuda>,
    gpu: Controller<gpu::Gpus>,
    services: Controller<services::Services>,
    service: Controller<service::Service>,
    preferences: Controller<preferences::PreferencesPage>,
}

impl Pages {
    /// None of them is to be seen yet. What they wish goes to `window`.
    pub(super) fn new<I>(
        liked: Preferences,
        window: &Sender<I>,
        wish: fn(Wish) -> I,
        prefer: fn(preferences::Edit) -> I,
    ) -> Self
    where
        I: 'static,
    {
        Self {
            overview: overview::Overview::builder().launch(()).forward(window, wish),
            stream: stream::Stream::builder().launch(()).forward(window, wish),
            remote: remote::Remote::builder().launch(()).forward(window, wish),
            cuda: cuda::Cuda::builder().launch(()).forward(window, wish),
            gpu: gpu::Gpus::builder().launch(()).forward(window, wish),
            services: services::Services::builder().launch(()).forward(window, wish),
            service: service::Service::builder().launch(()).forward(window, wish),
            preferences: preferences::PreferencesPage::builder().launch(liked).forward(window, move |output| {
                match output {
                    preferences::Output::Edit(edit) => prefer(edit),
                    preferences::Output::Wish(asked) => wish(asked),
                }
            }),
        }
    }

    /// All of them, to be put one after the other: a stack would leave those that are not to be seen where a screen
    /// reader finds them.
    pub(super) fn widgets(&self) -> [&gtk::Widget; 8] {
        [
            self.overview.widget().upcast_ref(),
            self.stream.widget().upcast_ref(),
            self.remote.widget().upcast_ref(),
            self.gpu.widget().upcast_ref(),
            self.cuda.widget().upcast_ref(),
            self.services.widget().upcast_ref(),
            self.preferences.widget().upcast_ref(),
            self.service.widget().upcast_ref(),
        ]
    }

    /// Shows one; the others hear that nobody looks at them.
    pub(super) fn show(&self, shown: &Shown) {
        let page = |page: Page| *shown == Shown::Page(page);
        self.overview.widget().set_visible(page(Page::Overview));
        self.stream.widget().set_visible(page(Page::Stream));
        self.remote.widget().set_visible(page(Page::Remote));
        self.cuda.widget().set_visible(page(Page::Cuda));
        self.gpu.widget().set_visible(page(Page::Gpu));
        self.services.widget().set_visible(page(Page::Services));
        self.preferences.widget().set_visible(page(Page::Preferences));
        self.service.widget().set_visible(matches!(shown, Shown::Service(_)));
        self.overview.emit(overview::Input::Gpus(gpu::cards::Input::Open(page(Page::Overview))));
        self.stream.emit(stream::Input::Open(page(Page::Stream)));
        self.remote.emit(remote::Input::Open(page(Page::Remote)));
        self.cuda.emit(cuda::Input::Open(page(Page::Cuda)));
        self.gpu.emit(gpu::Input::Open(page(Page::Gpu)));
        self.service.emit(match shown {
            Shown::Page(_) => service::Input::Leave,
            Shown::Service(name) => service::Input::Show(name.clone()),
        });
    }

    /// Whether anybody can see the window itself.
    pub(super) fn in_sight(&self, in_sight: bool) {
        self.overview.emit(overview::Input::Gpus(gpu::cards::Input::InSight(in_sight)));
        self.stream.emit(stream::Input::InSight(in_sight));
        self.gpu.emit(gpu::Input::InSight(in_sight));
    }

    /// Which GPU its page is to show.
    pub(super) fn choose_gpu(&self, uuid: String) {
        self.gpu.emit(gpu::Input::Choose(uuid));
    }

    /// News from the daemon.
    pub(super) fn learn(&self, fact: &Rc<Fact>) {
        self.overview.emit(overview::Input::Fact(Rc::clone(fact)));
        self.stream.emit(stream::Input::Fact(Rc::clone(fact)));
        self.remote.emit(remote::Input::Fact(Rc::clone(fact)));
        self.cuda.emit(cuda::Input::Fact(Rc::clone(fact)));
        self.gpu.emit(gpu::Input::Fact(Rc::clone(fact)));
        self.services.emit(services::Input::Fact(Rc::clone(fact)));
        self.service.emit(service::Input::Fact(Rc::clone(fact)));
    }

    /// What a page asked for was granted or refused.
    pub(super) fn answered(&self, request: &Request, granted: bool) {
        if let Some(target) = request.target() {
            self.overview.emit(overview::Input::Answered(target.to_owned()));
            self.remote.emit(remote::Input::Answered(target.to_owned()));
            self.service.emit(service::Input::Answered(target.to_owned()));
        }
        match request {
            Request::Stream(asked) => self.stream.emit(stream::Input::Answered(asked.clone(), granted)),
            Request::Vnc { change, .. } if granted => self.remote.emit(remote::Input::Granted(change.clone())),
            Request::Installer(_) => self.cuda.emit(cuda::Input::Answered),
            Request::EndProcess { process, .. } => self.gpu.emit(gpu::Input::Answered(*process, granted)),
            _ => {}
        }
    }

    /// Some uptime has changed.
    pub(super) fn minute(&self) {
        self.overview.emit(overview::Input::Minute);
        self.services.emit(services::Input::Minute);
    }
}
