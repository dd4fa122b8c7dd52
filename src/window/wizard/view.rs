//! The widgets of the wizard. They say what a person chose and show what they are told, nothing else.

use adw::prelude::*;
use libadwaita as adw;
use relm4::gtk;

use super::super::format::{self, quotes};
use super::super::known::Known;
use super::super::pages::cuda::shown::{Fold, Line, Shown};
use super::super::pages::cuda::view::Folds;
use super::super::rows::{Group, button, icon, page, row};
use super::choices::{Choice, Choices};
use super::flow::{Asked, Flow, Footer, Press, Step};
use super::{Input, words};
use crate::client::{JobCheck, JobFacts};

/// Reading the repository takes a while.
const READING: &str = "Over a slow line this takes minutes";
const CLOSING: &str = "You can close this window. It goes on, and the CUDA page leads back here.";

/// Everything in the window.
pub(super) struct View {
    title: gtk::Label,
    place: gtk::Label,
    /// In the order of [`Step`].
    pages: [gtk::Widget; 6],
    driver: Folds,
    toolkits: Folds,
    versions: Choices,
    waiting: Telling,
    profiles: Choices,
    extras: Choices,
    default: Choices,
    failed: Telling,
    planned: Folds,
    licence: gtk::LinkButton,
    refused: gtk::Label,
    work: Work,
    ended: Folds,
    checks: Folds,
    undo: Folds,
    log: gtk::Button,
    left: gtk::Button,
    right: gtk::Button,
    note: gtk::Label,
    pressed: Option<Footer>,
}

/// A row that says how something stands that was asked for, and asks again.
struct Telling {
    group: Group,
    shown: Option<(String, String, bool)>,
}

/// Who is told what by the button that tries again.
type Again<'a> = (&'a relm4::Sender<Input>, fn() -> Input);

/// What a job does.
struct Work {
    title: gtk::Label,
    step: gtk::Label,
    bar: gtk::ProgressBar,
    progress: gtk::Label,
    closing: gtk::Label,
}

impl View {
    /// Builds all of it into `window`.
    pub(super) fn build(window: &adw::Window, log: &gtk::Widget, input: &relm4::Sender<Input>) -> Self {
        let body = gtk::Box::new(gtk::Orientation::Vertical, 0);
        let title = gtk::Label::builder().css_classes(["heading"]).build();
        title.set_ellipsize(gtk::pango::EllipsizeMode::End);
        let header = adw::HeaderBar::builder().title_widget(&title).build();
        let place = gtk::Label::builder().css_classes(["numeric"]).build();
        header.pack_start(&place);
        body.append(&header);
        let [driver, toolkits] = ["Driver", "Installed toolkits"].map(Folds::new);
        let told = input.clone();
        let versions = Choices::one("Versions in the repository", move |release| {
            told.emit(Input::Choose(release.to_owned()));
        });
        let told = input.clone();
        let profiles = Choices::one("How much", move |token| told.emit(Input::ChooseProfile(token.to_owned())));
        let told = input.clone();
        let extras = Choices::any("With it", move |token, on| told.emit(Input::ChooseExtra(token.to_owned(), on)));
        let told = input.clone();
        let default = Choices::any("Afterwards", move |_, on| told.emit(Input::MakeDefault(on)));
        let (waiting, failed) = (Telling::new(), Telling::new());
        let planned = Folds::new("Plan");
        let licence = gtk::LinkButton::with_label("", "Licence of CUDA");
        licence.set_halign(gtk::Align::Start);
        // With large text one line of it would make the window wider than the screen.
        if let Some(label) = licence.child().and_downcast::<gtk::Label>() {
            label.set_wrap(true);
            label.set_wrap_mode(gtk::pango::WrapMode::WordChar);
            label.set_xalign(0.0);
        }
        let refused = gtk::Label::builder().xalign(0.0).wrap(true).selectable(true).can_focus(false).build();
        let work = Work::new();
        let [ended, checks, undo] = ["What changed", "What was checked", "To undo it"].map(Folds::new);
        let shown = input.clone();
        let show_log = button("Show the log", "Show the log", move |_| shown.emit(Input::ShowLog));
        show_log.set_halign(gtk::Align::Start);
        let group = |folds: &Folds| -> gtk::Widget { folds.group.widget.clone().upcast() };
        let choices = |choices: &Choices| -> gtk::Widget { choices.group.widget.clone().upcast() };
        let telling = |telling: &Telling| -> gtk::Widget { telling.group.widget.clone().upcast() };
        let pages = [
            below(&[group(&driver), group(&toolkits)]),
            below(&[telling(&waiting), choices(&versions)]),
            below(&[telling(&failed), choices(&profiles), choices(&extras), choices(&default)]),
            below(&[refused.clone().upcast(), group(&planned), licence.clone().upcast()]),
            work.page(log),
            below(&[group(&ended), group(&checks), group(&undo), show_log.clone().upcast()]),
        ];
        for page in &pages {
            // What is not to be seen yet has no say in how large the window is.
            page.set_visible(false);
            body.append(page);
        }
        let (left, right) = (gtk::Button::new(), gtk::Button::builder().css_classes(["suggested-action"]).build());
        let note = gtk::Label::builder().hexpand(true).wrap(true).xalign(1.0).build();
        body.append(&footer(&left, &note, &right, input));
        window.set_content(Some(&body));
        Self {
            title,
            place,
            pages,
            driver,
            toolkits,
            versions,
            waiting,
            profiles,
            extras,
            default,
            failed,
            planned,
            licence,
            refused,
            work,
            ended,
            checks,
            undo,
            log: show_log,
            left,
            right,
            note,
            pressed: None,
        }
    }

    /// Shows all that can be seen now.
    pub(super) fn show(&mut self, flow: &Flow, known: &Known, job: Option<&JobFacts>, input: &relm4::Sender<Input>) {
        let step = flow.step();
        self.title.set_label(words::heading(step));
        self.place.set_label(words::place(step));
        for (index, page) in self.pages.iter().enumerate() {
            page.set_visible(index == step as usize);
        }
        match step {
            Step::Here => {
                let shown = Shown::of(&known.snapshot);
                self.driver.show(shown.driver);
                self.toolkits.show(shown.toolkits);
            }
            Step::Version => self.show_versions(flow, input),
            Step::Profile => self.show_profiles(flow, input),
            Step::Review => self.show_review(flow),
            Step::Work => self.work.show(job),
            Step::Result => {}
        }
        let mut footer = flow.footer(job, known.is_there);
        if step == Step::Profile && !matches!(flow.plan(), Asked::Failed(_)) {
            // Where it can be seen without scrolling, whatever is chosen above.
            footer.note = words::sizes(flow.plan()).1;
        }
        self.show_footer(footer);
    }

    fn show_versions(&mut self, flow: &Flow, input: &relm4::Sender<Input>) {
        let choice = |one: &crate::client::AvailableToolkit| {
            let (title, about, sign) = words::version(one);
            let chosen = one.release == flow.wish().release;
            Choice { token: one.release.clone(), title, about, sign: Some(sign), chosen }
        };
        let again = (input, (|| Input::ReadAgain) as fn() -> Input);
        match &flow.available {
            Asked::Known(all) if all.is_empty() => {
                self.versions.show(Vec::new());
                self.waiting.tell("The repository has no toolkit for this machine", "", false, Some(again));
            }
            Asked::Known(all) => {
                self.waiting.group.widget.set_visible(false);
                self.versions.show(all.iter().map(choice).collect());
            }
            Asked::Failed(why) => {
                self.versions.show(Vec::new());
                self.waiting.tell("The repository cannot be read", &quotes(why), false, Some(again));
            }
            Asked::No | Asked::Waiting => {
                self.versions.show(Vec::new());
                self.waiting.tell("Reading the repository", READING, true, None);
            }
        }
    }

    fn show_profiles(&mut self, flow: &Flow, input: &relm4::Sender<Input>) {
        let Some(one) = flow.chosen() else { return };
        let wish = flow.wish();
        let profile = |token: &String| {
            let (title, about) = words::profile(token);
            let chosen = *token == wish.profile;
            Choice { token: token.clone(), title: title.into(), about: about.into(), chosen, ..Choice::default() }
        };
        let extra = |token: &String| {
            let (title, about) = words::extra(token, one.compat_driver.as_deref());
            Choice { token: token.clone(), title, about, chosen: wish.extras.contains(token), ..Choice::default() }
        };
        self.profiles.show(one.profiles.iter().map(profile).collect());
        self.extras.show(one.extras.iter().map(extra).collect());
        self.default.show(vec![Choice {
            token: String::new(),
            title: "Make it the default".into(),
            about: "/usr/local/cuda and the nvcc of new terminals lead to it then".into(),
            sign: None,
            chosen: wish.default,
        }]);
        let failed = matches!(flow.plan(), Asked::Failed(_));
        self.failed.group.widget.set_visible(failed);
        if failed {
            let (title, about) = words::sizes(flow.plan());
            let again: Again<'_> = (input, || Input::PlanAgain);
            self.failed.tell(&title, &quotes(&about), false, Some(again));
        }
    }

    fn show_review(&mut self, flow: &Flow) {
        self.refused.set_visible(flow.refusal().is_some());
        self.refused.set_label(&quotes(flow.refusal().unwrap_or_default()));
        let wish = flow.wish();
        let (profile, _) = words::profile(&wish.profile);
        let extras: Vec<String> = wish.extras.iter().map(|extra| words::extra(extra, None).0).collect();
        let with = if extras.is_empty() { String::new() } else { format!(" with {}", extras.join(", ")) };
        let default = if wish.default { "It becomes the default" } else { "" };
        let mut folds = vec![Fold::plain(Line::new(format!("CUDA {}: {profile}{with}", wish.release), default))];
        match flow.plan() {
            Asked::Known(plan) => folds.extend(words::plan(plan)),
            other => {
                let (title, about) = words::sizes(other);
                let sign = match other {
                    Asked::Failed(_) => format::of_cuda("failing"),
                    _ => format::busy(""),
                };
                folds.push(Fold::plain(Line::new(title, quotes(&about)).signed(sign)));
            }
        }
        self.planned.show(folds);
        let licence = match flow.plan() {
            Asked::Known(plan) if plan.licence.starts_with("https://") => Some(&plan.licence),
            _ => None,
        };
        self.licence.set_visible(licence.is_some());
        if let Some(licence) = licence.filter(|licence| self.licence.uri() != licence.as_str()) {
            self.licence.set_uri(licence);
            self.licence.set_label(&format!("By installing you accept NVIDIA’s licence: {licence}"));
        }
    }

    /// How it ended.
    pub(super) fn show_result(&mut self, job: Option<&JobFacts>, known: &Known, checks: &[JobCheck]) {
        self.ended.show(words::ending(job, &known.snapshot));
        self.checks.show(checks.iter().map(words::check).collect());
        let undo = job.and_then(words::undo);
        let about = "In a terminal; or press “Remove…” on the CUDA page";
        self.undo.show(undo.map(|command| Fold::plain(Line::new(command, about))).into_iter().collect());
        self.log.set_visible(job.is_some());
    }

    fn show_footer(&mut self, footer: Footer) {
        if self.pressed.as_ref() == Some(&footer) {
            return;
        }
        for (button, what) in [(&self.left, footer.left), (&self.right, footer.right)] {
            button.set_visible(what.is_some());
            button.set_label(what.map_or("", |(press, _)| press.label()));
            button.set_sensitive(what.is_some_and(|(_, can)| can));
        }
        self.note.set_label(&footer.note);
        self.pressed = Some(footer);
    }

    /// What a button of the footer does now.
    pub(super) fn press(&self, left: bool) -> Option<Press> {
        let footer = self.pressed.as_ref()?;
        let what = if left { footer.left } else { footer.right };
        what.filter(|(_, can)| *can).map(|(press, _)| press)
    }

    /// The keyboard is at what goes on.
    pub(super) fn focus(&self) {
        self.right.grab_focus();
    }
}

impl Telling {
    fn new() -> Self {
        let group = Group::new("");
        if let Some(heading) = group.widget.first_child() {
            heading.set_visible(false);
        }
        Self { group, shown: None }
    }

    /// `again`: what the button does that tries again.
    fn tell(&mut self, title: &str, about: &str, busy: bool, again: Option<Again<'_>>) {
        self.group.widget.set_visible(true);
        let shown = (title.to_owned(), about.to_owned(), again.is_some());
        if self.shown.as_ref() == Some(&shown) {
            return;
        }
        self.group.clear();
        let row = row(title, about);
        row.set_subtitle_lines(0);
        if busy {
            row.add_prefix(&icon(&format::busy("")));
        }
        if let Some((input, wanted)) = again {
            row.add_prefix(&icon(&format::of_cuda("failing")));
            let input = input.clone();
            row.add_suffix(&button("Try again", "Try again", move |_| input.emit(wanted())));
        }
        self.group.list.append(&row);
        self.shown = Some(shown);
    }
}

impl Work {
    fn new() -> Self {
        let label =
            |classes: &[&str]| gtk::Label::builder().xalign(0.0).wrap(true).css_classes(classes.to_vec()).build();
        let [title, step] = [label(&["title-4"]), label(&[])];
        let (progress, closing) = (label(&["numeric"]), label(&[]));
        Self { title, step, bar: gtk::ProgressBar::new(), progress, closing }
    }

    fn page(&self, log: &gtk::Widget) -> gtk::Widget {
        let all = gtk::Box::new(gtk::Orientation::Vertical, 6);
        for set_margin in [
            gtk::Widget::set_margin_top,
            gtk::Widget::set_margin_bottom,
            gtk::Widget::set_margin_start,
            gtk::Widget::set_margin_end,
        ] {
            set_margin(all.upcast_ref(), 12);
        }
        let parts: [&gtk::Widget; 5] = [
            self.title.upcast_ref(),
            self.step.upcast_ref(),
            self.bar.upcast_ref(),
            self.progress.upcast_ref(),
            self.closing.upcast_ref(),
        ];
        for part in parts {
            all.append(part);
        }
        log.set_margin_top(6);
        log.set_vexpand(true);
        all.append(log);
        all.upcast()
    }

    fn show(&self, job: Option<&JobFacts>) {
        let Some(job) = job else { return };
        let under_way = job.result.is_none();
        self.title.set_label(&words::at_work(job));
        self.step.set_label(&words::step(job));
        self.bar.set_visible(under_way && job.progress_valid);
        self.bar.set_fraction(job.progress.clamp(0.0, 1.0));
        self.progress.set_label(&words::progress(job));
        self.progress.set_visible(under_way && job.progress_valid);
        self.closing.set_label(CLOSING);
        self.closing.set_visible(under_way);
    }
}

fn below(widgets: &[gtk::Widget]) -> gtk::Widget {
    let content = gtk::Box::new(gtk::Orientation::Vertical, 24);
    for widget in widgets {
        content.append(widget);
    }
    page(&content).upcast()
}

fn footer(left: &gtk::Button, note: &gtk::Label, right: &gtk::Button, input: &relm4::Sender<Input>) -> gtk::Box {
    let footer = gtk::Box::builder().spacing(12).css_classes(["changes"]).build();
    for (button, is_left) in [(left, true), (right, false)] {
        let input = input.clone();
        button.connect_clicked(move |_| input.emit(Input::Pressed { left: is_left }));
        button.set_valign(gtk::Align::Center);
    }
    footer.append(left);
    footer.append(note);
    footer.append(right);
    footer
}
