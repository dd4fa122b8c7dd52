//! Remote access: the ways in, and VNC with its password and its viewers.

mod elsewhere;
mod view;
mod words;

use std::rc::Rc;

use adw::prelude::*;
use libadwaita as adw;
use relm4::gtk;
use relm4::{Component, ComponentParts, ComponentSender};

use self::view::View;
use super::super::confirm::Question;
use super::super::known::Known;
use super::super::request::{Request, Wish};
use super::super::rows::page;
use super::super::ways::Wanted;
use crate::client::{Client, Error, Fact, VncChange};
use crate::model::vnc::SERVICE;

/// What the page is told.
#[derive(Debug)]
pub(in crate::window) enum Input {
    /// News from the daemon.
    Fact(Rc<Fact>),
    /// It is the page that is shown, or not any more.
    Open(bool),
    /// What was asked about this service, or about the tunnel to this target, has been answered.
    Answered(String),
    /// This change has been granted.
    Granted(VncChange),
    /// A person wants something of a way in.
    Way(Wanted),
    /// A person wishes this.
    Offer(VncChange),
    /// And has agreed to what it costs.
    Agreed(VncChange),
    /// Hide the password.
    Hide,
    /// Read the password.
    Read(Reason),
    /// Something is typed where a new one goes.
    Typed,
    /// Set what is typed there.
    Set,
    /// Hang up on all viewers.
    HangUp,
    /// Open or close the quick tunnel to this target.
    Tunnel(String, bool),
}

/// What the password is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::window) enum Reason {
    /// To be seen.
    Show,
    /// For the clipboard.
    Copy,
}

/// What comes back from the daemon.
pub(in crate::window) enum Told {
    /// The password.
    Password(Reason, Result<String, Error>),
    /// It has heard.
    Nothing,
}

// It may be a password.
impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Password(reason, _) => write!(f, "Password({reason:?})"),
            Self::Nothing => f.write_str("Nothing"),
        }
    }
}

/// See the module.
pub(in crate::window) struct Remote {
    known: Known,
    client: Option<Client>,
    /// It is the page that is shown.
    open: bool,
    /// The password, while somebody looks at it.
    password: Option<String>,
    view: View,
}

#[relm4::component(pub(in crate::window))]
impl Component for Remote {
    type Init = ();
    type Input = Input;
    type Output = Wish;
    type CommandOutput = Told;

    view! {
        #[root]
        gtk::Box {
            append: &page(&model.view.content),
        },
    }

    fn init((): (), root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let view = View::new(sender.input_sender());
        let model = Self { known: Known::default(), client: None, open: false, password: None, view };
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update(&mut self, input: Input, sender: ComponentSender<Self>, _: &Self::Root) {
        match input {
            Input::Fact(fact) => self.learn(&fact),
            Input::Open(open) => {
                self.password = None;
                if std::mem::replace(&mut self.open, open) != open {
                    self.look_anew(&sender);
                }
            }
            Input::Answered(target) => self.known.answered(&target),
            Input::Granted(change) => self.granted(&change, &sender),
            Input::Way(Wanted::Address(address)) => self.copy(&address, "Copied", &sender),
            Input::Way(Wanted::On(request)) => self.ask(request, &sender),
            Input::Offer(change) => self.offer(change, &sender),
            Input::Agreed(change) => self.change(change, &sender),
            Input::Hide => self.password = None,
            Input::Read(reason) => self.read(reason, &sender),
            Input::Typed => {}
            Input::Set => match self.view.typed() {
                typed if typed.is_empty() || !self.known.may_ask(SERVICE) => {}
                typed => self.offer(VncChange::Password(typed), &sender),
            },
            Input::HangUp => self.ask(Request::DisconnectVnc, &sender),
            Input::Tunnel(target, open) => self.ask(Request::Tunnel { target, open }, &sender),
        }
        self.refresh(&sender);
    }

    fn update_cmd(&mut self, told: Told, sender: ComponentSender<Self>, _: &Self::Root) {
        match told {
            Told::Password(Reason::Show, Ok(password)) => self.password = Some(password).filter(|_| self.open),
            Told::Password(Reason::Copy, Ok(password)) => self.copy(&password, "Password copied", &sender),
            Told::Nothing => return,
            Told::Password(_, Err(error)) => sender.output_sender().emit(Wish::Explain(error.to_string())),
        }
        self.refresh(&sender);
    }
}

impl Remote {
    fn learn(&mut self, fact: &Fact) {
        self.known.learn(fact);
        match fact {
            Fact::Arrived(client, _) => self.client = Some(client.clone()),
            Fact::Away(_) => {
                self.client = None;
                self.password = None;
            }
            _ => {}
        }
    }

    /// What is so outside changes without anybody here noticing.
    fn look_anew(&self, sender: &ComponentSender<Self>) {
        let Some(client) = self.client.clone().filter(|_| self.open) else { return };
        sender.oneshot_command(async move {
            // What is new is told; without it what is known stays.
            let _ = client.refresh_access().await;
            Told::Nothing
        });
    }

    fn granted(&mut self, change: &VncChange, sender: &ComponentSender<Self>) {
        match change {
            VncChange::Password(_) => {
                self.view.forget_typing();
                self.password = None;
                sender.output_sender().emit(Wish::Say("The new password holds".into()));
            }
            VncChange::GeneratedPassword => self.read(Reason::Show, sender),
            _ => {}
        }
    }

    /// Asks first where viewers are cut off.
    fn offer(&self, change: VncChange, sender: &ComponentSender<Self>) {
        let cut_off = self.known.snapshot.vnc.as_deref().map_or(0, |vnc| words::cut_off(&change, vnc));
        let agreed = sender.input_sender().clone();
        match cut_off {
            0 => agreed.emit(Input::Agreed(change)),
            count => Question::about_viewers(count)
                .ask(&self.view.content, move || agreed.emit(Input::Agreed(change.clone()))),
        }
    }

    fn change(&mut self, change: VncChange, sender: &ComponentSender<Self>) {
        let web = self.known.snapshot.vnc.as_deref().and_then(|vnc| vnc.web.service.clone());
        let service = match change {
            VncChange::Web(_) => web.unwrap_or_default(),
            _ => SERVICE.into(),
        };
        self.ask(Request::Vnc { change, service, force: false }, sender);
    }

    fn ask(&mut self, request: Request, sender: &ComponentSender<Self>) {
        request.target().into_iter().for_each(|target| self.known.ask(target));
        sender.output_sender().emit(Wish::Ask(request));
    }

    fn read(&self, reason: Reason, sender: &ComponentSender<Self>) {
        let Some(client) = self.client.clone() else { return };
        sender.oneshot_command(async move { Told::Password(reason, client.vnc_password().await) });
    }

    fn copy(&self, text: &str, said: &str, sender: &ComponentSender<Self>) {
        self.view.content.clipboard().set_text(text);
        sender.output_sender().emit(Wish::Say(said.into()));
    }

    fn refresh(&mut self, sender: &ComponentSender<Self>) {
        // Whoever comes to the page is shown what is so then.
        if self.open {
            self.view.show(&self.known, sender.input_sender());
            self.view.show_password(&self.known, self.password.as_deref(), self.view.typed().chars().count());
        }
    }
}
