//! The GPUs: what one does, what it did in the last minutes, who uses it, and what it is. Without one, why there is
//! none.

pub(in crate::window) mod cards;
mod past;
mod pictures;
mod processes;
mod values;
mod view;
mod words;

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;
use std::time::Duration;

use adw::prelude::*;
use libadwaita as adw;
use relm4::gtk;
use relm4::{Component, ComponentParts, ComponentSender};

use self::past::Past;
use self::processes::{Key, Users};
use self::view::View;
use super::super::confirm::Question;
use super::super::format::quotes;
use super::super::gpu_watch::{GpuWatch, Look};
use super::super::known::Known;
use super::super::request::{Request, Wish};
use super::super::rows::page;
use crate::client::{Client, Fact, GpuFacts};

/// How often the page looks, which is as often as it is drawn.
const EVERY: Duration = Duration::from_secs(1);
/// Nothing tells that processes come and go, so they are asked for at each of so many looks.
const USERS_EVERY: u32 = 5;

/// What the page is told.
#[derive(Debug)]
pub(in crate::window) enum Input {
    /// News from the daemon.
    Fact(Rc<Fact>),
    /// It is the page that is shown, or not any more.
    Open(bool),
    /// The window can be seen, or not any more.
    InSight(bool),
    /// Show the GPU with this UUID.
    Choose(String),
    /// The one at this place was chosen from the list.
    Chosen(u32),
    /// Show so many minutes.
    Minutes(u64),
    /// A button was pressed: offer to end this process.
    OfferEnd(Key),
    /// Somebody agreed to that; the last: at once.
    End(Key, bool),
    /// That this process is to end was granted, or refused.
    Answered(Key, bool),
}

/// What comes back from the daemon.
#[derive(Debug)]
pub(in crate::window) enum Told {
    /// What the watch of this number sees.
    Look(u64, Look),
    /// Who uses the GPU with this UUID.
    Users(String, Users),
}

/// See the module.
#[derive(Debug)]
pub(in crate::window) struct Gpus {
    known: Known,
    client: Option<Client>,
    /// The page is the one that is shown.
    open: bool,
    /// The window can be seen.
    in_sight: bool,
    /// The UUID of the one that is to be shown; the first where there is no such.
    wanted: String,
    minutes: u64,
    watch: GpuWatch,
    pasts: BTreeMap<String, Past>,
    /// Who uses the one that is shown, once that is known.
    users: Option<Users>,
    /// They are asked for.
    asks: bool,
    /// So many looks ago they were asked for.
    looks: u32,
    /// Processes that were asked to end.
    ending: HashSet<Key>,
    view: View,
}

#[relm4::component(pub(in crate::window))]
impl Component for Gpus {
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
        let mut model = Self {
            known: Known::default(),
            client: None,
            open: false,
            in_sight: false,
            wanted: String::new(),
            minutes: pictures::USUAL,
            watch: GpuWatch::every(EVERY),
            pasts: BTreeMap::new(),
            users: None,
            asks: false,
            looks: 0,
            ending: HashSet::new(),
            view: View::new(sender.input_sender()),
        };
        model.view.show_presence(&model.known, None);
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update(&mut self, input: Input, sender: ComponentSender<Self>, _: &Self::Root) {
        match input {
            Input::Fact(fact) => {
                if !self.learn(&fact) {
                    return;
                }
            }
            Input::Open(open) => self.open = open,
            Input::InSight(in_sight) => self.in_sight = in_sight,
            Input::Choose(uuid) => self.choose(uuid),
            Input::Chosen(at) => {
                let gpu = usize::try_from(at).ok().and_then(|at| self.known.snapshot.gpus.get(at));
                if let Some(uuid) = gpu.map(|gpu| gpu.uuid.clone()) {
                    self.choose(uuid);
                }
            }
            Input::Minutes(minutes) => self.minutes = minutes,
            Input::OfferEnd(process) => return self.offer_end(process, &sender),
            Input::End(process, force) => return self.end(process, force, &sender),
            Input::Answered(process, granted) => {
                if granted {
                    self.ending.insert(process);
                }
                self.ask_for_users(&sender);
            }
        }
        self.keep_up(&sender);
        self.refresh(&sender);
    }

    fn update_cmd(&mut self, told: Told, sender: ComponentSender<Self>, _: &Self::Root) {
        match told {
            Told::Look(number, look) if self.watch.is_current(number) => self.see(look, &sender),
            Told::Look(..) => {}
            Told::Users(uuid, users) => {
                self.asks = false;
                if self.shown().is_some_and(|gpu| gpu.uuid == uuid) {
                    self.users = Some(users);
                    self.show_users(&sender);
                } else {
                    self.ask_for_users(&sender);
                }
            }
        }
    }
}

impl Gpus {
    /// The one that is shown.
    fn shown(&self) -> Option<&GpuFacts> {
        let gpus = &self.known.snapshot.gpus;
        gpus.iter().find(|gpu| gpu.uuid == self.wanted).or_else(|| gpus.first())
    }

    /// Whether it is something about GPUs, or about who tells of them.
    fn learn(&mut self, fact: &Fact) -> bool {
        self.known.learn(fact);
        match fact {
            Fact::Arrived(client, _) => {
                self.client = Some(client.clone());
                self.asks = false;
                self.watch.end();
            }
            Fact::Away(_) => self.client = None,
            Fact::GpuGone(uuid) => drop(self.pasts.remove(uuid)),
            Fact::Gpu(_) | Fact::Root(_) => {}
            _ => return false,
        }
        true
    }

    fn choose(&mut self, uuid: String) {
        if self.shown().is_none_or(|gpu| gpu.uuid != uuid) {
            self.users = None;
            self.looks = USERS_EVERY;
        }
        self.wanted = uuid;
    }

    /// Has the GPUs looked at exactly as long as somebody looks at the page.
    fn keep_up(&mut self, sender: &ComponentSender<Self>) {
        let client = self.client.as_ref().filter(|_| self.open && self.in_sight);
        let uuids: Vec<String> = self.known.snapshot.gpus.iter().map(|gpu| gpu.uuid.clone()).collect();
        if let Some(begin) = self.watch.turn(client, &uuids) {
            self.looks = USERS_EVERY;
            sender.command(|out, shutdown| {
                begin.run(shutdown, move |number, look| out.send(Told::Look(number, look)).is_ok())
            });
        }
    }

    fn see(&mut self, look: Look, sender: &ComponentSender<Self>) {
        let uuid = match look {
            Look::Past(uuid, moments) => {
                self.pasts.entry(uuid).or_default().begin(&moments);
                return;
            }
            Look::Now(uuid, stats) => {
                self.pasts.entry(uuid.clone()).or_default().add(*stats);
                uuid
            }
        };
        // The others are not drawn.
        if self.shown().is_some_and(|gpu| gpu.uuid == uuid) {
            self.looks += 1;
            if self.looks >= USERS_EVERY {
                self.ask_for_users(sender);
            }
            self.show_past();
        }
    }

    fn ask_for_users(&mut self, sender: &ComponentSender<Self>) {
        let (Some(client), Some(gpu), false) = (&self.client, self.shown(), self.asks) else { return };
        let (client, uuid) = (client.clone(), gpu.uuid.clone());
        self.asks = true;
        self.looks = 0;
        sender.oneshot_command(async move {
            let users = client.gpu_processes(&uuid).await.map_err(|error| quotes(&error.to_string()));
            Told::Users(uuid, users)
        });
    }

    fn offer_end(&self, process: Key, sender: &ComponentSender<Self>) {
        let Some(Ok((processes, _))) = &self.users else { return };
        let Some(facts) = processes.iter().find(|known| processes::key(known) == process) else { return };
        let force = self.ending.contains(&process);
        let agreed = sender.input_sender().clone();
        let question = Question::about_ending(&facts.name, facts.pid, &facts.user, force);
        question.ask(&self.view.content, move || agreed.emit(Input::End(process, force)));
    }

    fn end(&self, process: Key, force: bool, sender: &ComponentSender<Self>) {
        let Some(gpu) = self.shown().map(|gpu| gpu.uuid.clone()) else { return };
        sender.output_sender().emit(Wish::Ask(Request::EndProcess { gpu, process, force }));
    }

    fn refresh(&mut self, sender: &ComponentSender<Self>) {
        let shown = self.shown().cloned();
        self.view.show_presence(&self.known, shown.as_ref());
        self.show_past();
        self.show_users(sender);
    }

    fn show_past(&mut self) {
        let Some(gpu) = self.shown().cloned().filter(|_| self.open) else { return };
        let nothing = Past::default();
        let past = self.pasts.get(&gpu.uuid).unwrap_or(&nothing);
        self.view.show_past(&gpu, past, self.minutes);
    }

    fn show_users(&mut self, sender: &ComponentSender<Self>) {
        let may_ask = self.known.is_there;
        self.view.processes.show(self.users.as_ref(), &self.ending, may_ask, sender.input_sender());
    }
}
