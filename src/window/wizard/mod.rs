//! The wizard that installs CUDA, and shows whatever the installer is at work on. A window of its own: closing it stops
//! nothing, and opening it again shows what is at work.

mod choices;
mod flow;
mod view;
mod words;

use std::rc::Rc;
use std::time::{Duration, Instant};

use adw::prelude::*;
use gtk::{gdk, glib};
use libadwaita as adw;
use relm4::gtk;
use relm4::{Component, ComponentController, ComponentParts, ComponentSender, Controller};

use self::flow::{Asked, Flow, Press, Step};
use self::view::View;
pub(super) use self::words::at_work;
use super::known::Known;
use super::log::{self, LogView};
use super::request::{Request, Wish};
use crate::client::{
    AvailableToolkit, Client, Error, Fact, InstallerVerb, JobCheck, JobFacts, Snapshot, ToolkitPlan, ToolkitWish,
};

/// A job at work is shown anew no more often.
const PACE: Duration = Duration::from_secs(1);
const AWAY: &str = "The control service cannot be asked now. Try again in a moment.";

/// The wizard while it is open.
#[derive(Default)]
pub(super) struct Door(Option<Controller<Wizard>>);

impl Door {
    /// Opens it, or brings it to the front. What it wishes goes to `window`.
    pub(super) fn open<I: 'static>(
        &mut self,
        parent: &adw::ApplicationWindow,
        client: Option<&Client>,
        snapshot: &Snapshot,
        window: &relm4::Sender<I>,
        wish: fn(Wish) -> I,
    ) {
        if let Some(open) = self.still_open() {
            return open.widget().present();
        }
        let Some(client) = client else { return };
        let wizard = Wizard::builder().transient_for(parent).launch(()).forward(window, wish);
        wizard.emit(Input::Fact(Rc::new(Fact::Arrived(client.clone(), Box::new(snapshot.clone())))));
        wizard.widget().present();
        self.0 = Some(wizard);
    }

    /// News from the daemon.
    pub(super) fn learn(&mut self, fact: &Rc<Fact>) {
        if let Some(open) = self.still_open() {
            open.emit(Input::Fact(Rc::clone(fact)));
        }
    }

    fn still_open(&mut self) -> Option<&Controller<Wizard>> {
        if self.0.as_ref().is_some_and(|wizard| !wizard.widget().is_visible()) {
            self.0 = None;
        }
        self.0.as_ref()
    }
}

/// What the wizard is told.
#[derive(Debug)]
pub(super) enum Input {
    /// News from the daemon.
    Fact(Rc<Fact>),
    /// A button of the footer was pressed.
    Pressed {
        left: bool,
    },
    /// Read the repository once more.
    ReadAgain,
    /// Plan once more.
    PlanAgain,
    /// This release.
    Choose(String),
    ChooseProfile(String),
    ChooseExtra(String, bool),
    MakeDefault(bool),
    /// The log of what is over.
    ShowLog,
    /// It is time to show how far the job is.
    Tick,
}

/// What comes back from the daemon.
#[derive(Debug)]
pub(super) enum Told {
    Available(Result<Vec<AvailableToolkit>, Error>),
    Plan(ToolkitWish, Result<ToolkitPlan, Error>),
    Begun(Result<u64, Error>),
    Checks(u64, Vec<JobCheck>),
}

/// See the module.
pub(super) struct Wizard {
    known: Known,
    client: Option<Client>,
    flow: Flow,
    /// The job that is shown, as it was last: it outlives what the daemon keeps.
    job: Option<JobFacts>,
    checks: Vec<JobCheck>,
    /// When it was shown last how far the job is; whether a next time is set.
    shown_at: Option<Instant>,
    tick_is_set: bool,
    /// The first facts have come.
    begun: bool,
    log: Controller<LogView>,
    view: View,
}

impl Component for Wizard {
    type Init = ();
    type Input = Input;
    type Output = Wish;
    type CommandOutput = Told;
    type Root = adw::Window;
    type Widgets = ();

    fn init_root() -> adw::Window {
        let window = adw::Window::builder().title("Install CUDA").default_width(760).default_height(600);
        window.width_request(360).height_request(300).build()
    }

    fn init((): (), window: adw::Window, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let log =
            LogView::builder().launch(()).forward(sender.output_sender(), |log::Output::Say(said)| Wish::Say(said));
        let view = View::build(&window, log.widget().upcast_ref(), sender.input_sender());
        let keys = gtk::EventControllerKey::new();
        let closing = window.downgrade();
        keys.connect_key_pressed(move |_, key, _, _| {
            if key != gdk::Key::Escape {
                return glib::Propagation::Proceed;
            }
            if let Some(window) = closing.upgrade() {
                window.close();
            }
            glib::Propagation::Stop
        });
        window.add_controller(keys);
        let model = Self {
            known: Known::default(),
            client: None,
            flow: Flow::default(),
            job: None,
            checks: Vec::new(),
            shown_at: None,
            tick_is_set: false,
            begun: false,
            log,
            view,
        };
        ComponentParts { model, widgets: () }
    }

    fn update(&mut self, input: Input, sender: ComponentSender<Self>, window: &adw::Window) {
        let before = self.flow.step();
        match input {
            Input::Fact(fact) => {
                if !self.learn(&fact, &sender) {
                    return;
                }
            }
            Input::Tick => self.tick_is_set = false,
            Input::Pressed { left } => self.press(left, &sender, window),
            Input::ReadAgain => self.read_repository(&sender),
            Input::PlanAgain => self.flow.plan_again(),
            Input::Choose(release) => self.flow.choose(&release),
            Input::ChooseProfile(token) => self.flow.choose_profile(&token),
            Input::ChooseExtra(token, on) => self.flow.choose_extra(&token, on),
            Input::MakeDefault(on) => self.flow.make_default(on),
            Input::ShowLog => self.flow.show_log(),
        }
        self.refresh(before, &sender);
    }

    fn update_cmd(&mut self, told: Told, sender: ComponentSender<Self>, _: &adw::Window) {
        let before = self.flow.step();
        match told {
            Told::Available(answer) => self.flow.learn_available(answer.map_err(|error| error.to_string())),
            Told::Plan(wish, answer) => self.flow.learn_plan(&wish, answer.map_err(|error| error.to_string())),
            Told::Begun(answer) => self.begun(answer, &sender),
            Told::Checks(job, checks) if self.flow.job() == Some(job) => self.checks = checks,
            Told::Checks(..) => {}
        }
        self.refresh(before, &sender);
    }
}

impl Wizard {
    /// Whether there is something else to see now.
    fn learn(&mut self, fact: &Fact, sender: &ComponentSender<Self>) -> bool {
        self.known.learn(fact);
        match fact {
            Fact::Arrived(client, _) => self.arrive(client, sender),
            Fact::Away(_) => self.client = None,
            Fact::Job(job) if self.flow.job() == Some(job.id) => return self.see_job(job, sender),
            Fact::Cuda(_) | Fact::Toolkit(_) | Fact::ToolkitGone(_) => {}
            _ => return false,
        }
        true
    }

    fn arrive(&mut self, client: &Client, sender: &ComponentSender<Self>) {
        self.client = Some(client.clone());
        if !std::mem::replace(&mut self.begun, true) {
            let has_default = self.known.snapshot.toolkits.iter().any(|toolkit| toolkit.default);
            self.flow.make_default(!has_default);
            match self.known.installation().map(|job| job.id) {
                Some(job) => self.follow(job, sender),
                // Whoever reads what is here need not wait for it afterwards.
                None => self.read_repository(sender),
            }
        } else if let Some(job) = self.flow.job() {
            let known = self.known.snapshot.jobs.iter().find(|known| known.id == job).cloned();
            let is_over = self.job.as_ref().is_some_and(|job| job.result.is_some());
            match known {
                Some(job) if !is_over => {
                    self.read_log(job.id);
                    self.see_job(&job, sender);
                }
                None if !is_over => {
                    self.job = None;
                    self.flow.ended();
                }
                _ => {}
            }
        }
    }

    fn follow(&mut self, job: u64, sender: &ComponentSender<Self>) {
        self.flow.follow(job);
        self.checks.clear();
        self.job = None;
        self.read_log(job);
        if let Some(job) = self.known.snapshot.jobs.iter().find(|known| known.id == job).cloned() {
            self.see_job(&job, sender);
        }
    }

    fn read_log(&self, job: u64) {
        if let Some(client) = self.client.clone() {
            self.log.emit(log::Input::Show { client, source: log::Source::Job(job) });
        }
    }

    /// Whether it is to be shown at once: its end is, else there is a pace.
    fn see_job(&mut self, job: &JobFacts, sender: &ComponentSender<Self>) -> bool {
        let was_over = self.job.as_ref().is_some_and(|job| job.result.is_some());
        self.job = Some(job.clone());
        self.log.emit(log::Input::More);
        if job.result.is_some() {
            if !was_over {
                self.flow.ended();
                self.read_checks(job.id, sender);
            }
            return true;
        }
        let wait = self.shown_at.and_then(|at| PACE.checked_sub(at.elapsed()));
        let Some(wait) = wait else { return true };
        if !std::mem::replace(&mut self.tick_is_set, true) {
            let input = sender.input_sender().clone();
            glib::timeout_add_local_once(wait, move || input.emit(Input::Tick));
        }
        false
    }

    fn read_checks(&self, job: u64, sender: &ComponentSender<Self>) {
        let Some(client) = self.client.clone() else { return };
        // Without an answer the log still shows them.
        sender.oneshot_command(async move { Told::Checks(job, client.job_checks(job).await.unwrap_or_default()) });
    }

    fn read_repository(&mut self, sender: &ComponentSender<Self>) {
        let Some(client) = self.client.clone() else {
            self.flow.available = Asked::Failed(AWAY.into());
            return;
        };
        self.flow.available = Asked::Waiting;
        sender.oneshot_command(async move { Told::Available(client.available_toolkits().await) });
    }

    fn press(&mut self, left: bool, sender: &ComponentSender<Self>, window: &adw::Window) {
        match self.view.press(left) {
            Some(Press::Back) => self.flow.back(),
            Some(Press::Next) => self.flow.next(),
            Some(Press::Install) => self.begin(InstallerVerb::Install(self.flow.wish().clone()), sender),
            Some(Press::Repair) => self.begin(InstallerVerb::Repair, sender),
            Some(Press::TryAgain) => self.try_again(sender),
            Some(Press::Cancel) => {
                if let Some(job) = self.flow.job() {
                    sender.output_sender().emit(Wish::Ask(Request::Cancel(job)));
                }
            }
            Some(Press::Hide | Press::Done) => window.close(),
            None => {}
        }
    }

    /// The same once more; where nobody knows what exactly was asked for, from the choice of a version on.
    fn try_again(&mut self, sender: &ComponentSender<Self>) {
        let wish = self.flow.wish().clone();
        let job = self.job.clone().unwrap_or_default();
        let release = job.targets.last().cloned().unwrap_or_default();
        let verb = match job.kind.as_str() {
            "cuda-install" if wish.release == release => InstallerVerb::Install(wish),
            "cuda-remove" => InstallerVerb::Remove(release),
            "cuda-default" => InstallerVerb::SetDefault(release),
            "cuda-verify" => InstallerVerb::Verify(release),
            "cuda-repair" => InstallerVerb::Repair,
            _ => {
                self.flow.choose_again();
                return self.read_repository(sender);
            }
        };
        self.begin(verb, sender);
    }

    fn begin(&mut self, verb: InstallerVerb, sender: &ComponentSender<Self>) {
        let Some(client) = self.client.clone() else { return };
        self.flow.begin();
        sender.oneshot_command(async move { Told::Begun(client.begin_install(&verb).await) });
    }

    fn begun(&mut self, answer: Result<u64, Error>, sender: &ComponentSender<Self>) {
        match answer {
            Ok(job) => self.follow(job, sender),
            Err(error) => self.flow.begun(Err(error.to_string())),
        }
    }

    fn refresh(&mut self, before: Step, sender: &ComponentSender<Self>) {
        if let Some(client) = self.client.clone()
            && let Some(wish) = self.flow.ask_for_plan()
        {
            sender.oneshot_command(async move {
                let plan = client.plan_toolkit(&wish).await;
                Told::Plan(wish, plan)
            });
        }
        let step = self.flow.step();
        if step == Step::Work {
            self.shown_at = Some(Instant::now());
        }
        if step == Step::Result {
            self.view.show_result(self.job.as_ref(), &self.known, &self.checks);
        }
        self.view.show(&self.flow, &self.known, self.job.as_ref(), sender.input_sender());
        if step != before {
            self.view.focus();
        }
    }
}
