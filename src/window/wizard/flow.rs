//! Where the wizard is, what was chosen, and what its buttons do. Who just presses Next gets what is recommended.

use super::super::format::{ASKING, quotes};
use crate::client::{AvailableToolkit, JobFacts, ToolkitPlan, ToolkitWish};

/// What is offered before anybody has chosen, as on the command line.
const USUAL_PROFILE: &str = "development";

/// A page of the wizard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Step {
    /// What this machine has.
    #[default]
    Here,
    /// Which version.
    Version,
    /// How much of it, and what comes with it.
    Profile,
    /// What that would do.
    Review,
    /// It is being done.
    Work,
    /// How it ended.
    Result,
}

/// What the daemon is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Asked<T> {
    /// Not yet.
    #[default]
    No,
    /// It has not answered.
    Waiting,
    /// Its answer.
    Known(T),
    /// Why there is none.
    Failed(String),
}

/// What a button of the footer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Press {
    Back,
    Next,
    Install,
    Cancel,
    Repair,
    TryAgain,
    /// Closes the window; what is at work goes on.
    Hide,
    Done,
}

/// The row of buttons under all pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Footer {
    /// What it does, and whether it can be pressed.
    pub(super) left: Option<(Press, bool)>,
    pub(super) right: Option<(Press, bool)>,
    /// Why something cannot be pressed; may be empty.
    pub(super) note: String,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Flow {
    step: Step,
    pub(super) available: Asked<Vec<AvailableToolkit>>,
    wish: ToolkitWish,
    plan: Asked<ToolkitPlan>,
    /// A plan has been asked for and not been answered, perhaps one for an earlier choice.
    plan_under_way: bool,
    /// What was asked for is to begin.
    begins: Asked<()>,
    job: Option<u64>,
}

impl Press {
    /// The verb on the button.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Back => "Back",
            Self::Next => "Next",
            Self::Install => "Install",
            Self::Cancel => "Cancel",
            Self::Repair => "Repair",
            Self::TryAgain => "Try again",
            Self::Hide => "Hide",
            Self::Done => "Done",
        }
    }
}

impl Flow {
    pub(super) fn step(&self) -> Step {
        self.step
    }

    /// What is chosen so far.
    pub(super) fn wish(&self) -> &ToolkitWish {
        &self.wish
    }

    /// What it would do.
    pub(super) fn plan(&self) -> &Asked<ToolkitPlan> {
        &self.plan
    }

    /// Why it has not begun, if it was asked for.
    pub(super) fn refusal(&self) -> Option<&str> {
        match &self.begins {
            Asked::Failed(why) => Some(why),
            _ => None,
        }
    }

    /// The job that is shown.
    pub(super) fn job(&self) -> Option<u64> {
        self.job
    }

    /// The version that is chosen.
    pub(super) fn chosen(&self) -> Option<&AvailableToolkit> {
        let Asked::Known(all) = &self.available else { return None };
        all.iter().find(|one| one.release == self.wish.release)
    }

    /// The repository has been read. A choice that was made before stays if it can.
    pub(super) fn learn_available(&mut self, answer: Result<Vec<AvailableToolkit>, String>) {
        match answer {
            Ok(all) => {
                let kept = all.iter().any(|one| one.release == self.wish.release);
                let best = all.iter().find(|one| one.recommended).or_else(|| all.first());
                let release = if kept { None } else { best.map(|best| best.release.clone()) };
                self.available = Asked::Known(all);
                if let Some(release) = release {
                    self.choose(&release);
                }
            }
            Err(why) => self.available = Asked::Failed(why),
        }
    }

    /// Another version. What cannot be had of it is chosen no longer.
    pub(super) fn choose(&mut self, release: &str) {
        release.clone_into(&mut self.wish.release);
        let Some(one) = self.chosen().cloned() else { return };
        self.wish.extras.retain(|extra| one.extras.contains(extra));
        if !one.profiles.contains(&self.wish.profile) {
            let usual = one.profiles.iter().find(|profile| *profile == USUAL_PROFILE).or_else(|| one.profiles.last());
            self.wish.profile = usual.cloned().unwrap_or_default();
        }
        self.chosen_anew();
    }

    pub(super) fn choose_profile(&mut self, profile: &str) {
        profile.clone_into(&mut self.wish.profile);
        self.chosen_anew();
    }

    pub(super) fn choose_extra(&mut self, extra: &str, wanted: bool) {
        self.wish.extras.retain(|chosen| chosen != extra);
        if wanted {
            self.wish.extras.push(extra.to_owned());
            self.wish.extras.sort_unstable();
        }
        self.chosen_anew();
    }

    /// That changes no package.
    pub(super) fn make_default(&mut self, default: bool) {
        self.wish.default = default;
    }

    fn chosen_anew(&mut self) {
        self.plan = Asked::No;
        self.begins = Asked::No;
    }

    /// What a plan is to be asked for now; it counts as asked. One at a time: an installer waits for another one.
    pub(super) fn ask_for_plan(&mut self) -> Option<ToolkitWish> {
        let looked_at = matches!(self.step, Step::Profile | Step::Review);
        if !looked_at || self.plan_under_way || self.plan != Asked::No || self.wish.release.is_empty() {
            return None;
        }
        self.plan = Asked::Waiting;
        self.plan_under_way = true;
        Some(self.wish.clone())
    }

    /// A plan for what was chosen when it was asked for.
    pub(super) fn learn_plan(&mut self, wish: &ToolkitWish, answer: Result<ToolkitPlan, String>) {
        self.plan_under_way = false;
        let same = ToolkitWish { default: self.wish.default, ..wish.clone() } == self.wish;
        self.plan = match answer {
            _ if !same => Asked::No,
            Ok(plan) => Asked::Known(plan),
            Err(why) => Asked::Failed(why),
        };
    }

    /// Asks for the plan once more.
    pub(super) fn plan_again(&mut self) {
        self.plan = Asked::No;
    }

    pub(super) fn back(&mut self) {
        self.step = match self.step {
            Step::Here | Step::Version => Step::Here,
            Step::Profile => Step::Version,
            Step::Review => Step::Profile,
            Step::Work | Step::Result => Step::Result,
        };
    }

    pub(super) fn next(&mut self) {
        self.step = match self.step {
            Step::Here => Step::Version,
            Step::Version => Step::Profile,
            Step::Profile => Step::Review,
            other => other,
        };
    }

    /// Something has been asked for that becomes a job.
    pub(super) fn begin(&mut self) {
        self.begins = Asked::Waiting;
    }

    /// It has become this job, or has been refused.
    pub(super) fn begun(&mut self, answer: Result<u64, String>) {
        match answer {
            Ok(job) => self.follow(job),
            Err(why) => self.begins = Asked::Failed(why),
        }
    }

    /// Shows this job.
    pub(super) fn follow(&mut self, job: u64) {
        self.begins = Asked::No;
        self.job = Some(job);
        self.step = Step::Work;
    }

    /// It is over.
    pub(super) fn ended(&mut self) {
        self.step = Step::Result;
    }

    /// The log of what is over.
    pub(super) fn show_log(&mut self) {
        self.step = Step::Work;
    }

    /// Begins anew at the choice of a version.
    pub(super) fn choose_again(&mut self) {
        self.step = Step::Version;
        self.job = None;
        self.chosen_anew();
    }

    /// The row of buttons. `job`: what is known of the job that is shown; `is_there`: the daemon can be asked.
    pub(super) fn footer(&self, job: Option<&JobFacts>, is_there: bool) -> Footer {
        let waits = self.begins == Asked::Waiting;
        let free = is_there && !waits;
        let back = Some((Press::Back, !waits));
        let footer = |left, right| Footer { left, right: Some(right), note: String::new() };
        match self.step {
            Step::Here => footer(None, (Press::Next, true)),
            Step::Version => footer(back, (Press::Next, self.chosen().is_some())),
            Step::Profile => footer(back, (Press::Next, !matches!(self.plan, Asked::Failed(_)))),
            Step::Review => {
                let note = if waits { ASKING } else { "" };
                let ready = matches!(&self.plan, Asked::Known(plan) if !plan.install.is_empty());
                Footer { note: note.into(), ..footer(back, (Press::Install, free && ready)) }
            }
            Step::Work => match job {
                Some(job) if job.result.is_none() => Footer {
                    note: uncut(job).into(),
                    ..footer(Some((Press::Cancel, is_there && job.cancellable)), (Press::Hide, true))
                },
                _ => footer(back, (Press::Done, true)),
            },
            Step::Result => match job.and_then(|job| job.result.as_deref()) {
                Some("failed") => {
                    let note = if waits { ASKING } else { self.refusal().unwrap_or_default() };
                    Footer { note: quotes(note), ..footer(Some((Press::Repair, free)), (Press::TryAgain, free)) }
                }
                _ => footer(None, (Press::Done, true)),
            },
        }
    }
}

/// Why it cannot be cancelled.
fn uncut(job: &JobFacts) -> &'static str {
    match job.state.as_str() {
        "cancelling" => "Cancelling",
        _ if job.cancellable => "",
        "queued" => "It has not begun yet",
        _ => "Cutting this step would do harm, so it is brought to its end",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::PlannedPackage;

    fn toolkit(release: &str, recommended: bool) -> AvailableToolkit {
        AvailableToolkit {
            release: release.into(),
            profiles: ["runtime", "compiler", "development", "full"].map(str::to_owned).into(),
            extras: vec!["nccl".into()],
            recommended,
            ..AvailableToolkit::default()
        }
    }

    fn plan() -> ToolkitPlan {
        ToolkitPlan { install: vec![PlannedPackage::default()], ..ToolkitPlan::default() }
    }

    fn job(result: Option<&str>, cancellable: bool) -> JobFacts {
        JobFacts { state: "running".into(), result: result.map(str::to_owned), cancellable, ..JobFacts::default() }
    }

    /// At the review of what is recommended, by Next alone.
    fn reviewed() -> Flow {
        let mut flow = Flow::default();
        flow.learn_available(Ok(vec![toolkit("13.0", false), toolkit("12.9", true)]));
        (0..3).for_each(|_| flow.next());
        let wish = flow.ask_for_plan().expect("the plan is asked for");
        flow.learn_plan(&wish, Ok(plan()));
        flow
    }

    #[test]
    fn who_just_presses_next_gets_what_is_recommended() {
        let flow = reviewed();
        assert_eq!(flow.step(), Step::Review);
        assert_eq!((flow.wish().release.as_str(), flow.wish().profile.as_str()), ("12.9", "development"));
        assert!(flow.wish().extras.is_empty());
        assert_eq!(flow.footer(None, true).right, Some((Press::Install, true)));
        assert_eq!(flow.footer(None, false).right, Some((Press::Install, false)), "nobody is there to be asked");
    }

    #[test]
    fn nothing_goes_on_before_there_is_something_to_choose() {
        let mut flow = Flow::default();
        flow.next();
        flow.available = Asked::Waiting;
        assert_eq!(flow.footer(None, true).right, Some((Press::Next, false)));
        flow.learn_available(Err("no network".into()));
        assert_eq!(flow.footer(None, true).right, Some((Press::Next, false)));
        flow.learn_available(Ok(vec![toolkit("12.9", false)]));
        assert_eq!(flow.footer(None, true).right, Some((Press::Next, true)));
    }

    #[test]
    fn a_plan_for_an_earlier_choice_does_not_count() {
        let mut flow = reviewed();
        flow.back();
        flow.choose_extra("nccl", true);
        let first = flow.ask_for_plan().expect("asked");
        flow.choose_profile("full");
        assert_eq!(flow.ask_for_plan(), None, "one at a time");
        flow.learn_plan(&first, Ok(plan()));
        let second = flow.ask_for_plan().expect("asked anew");
        assert_eq!((second.profile.as_str(), second.extras.as_slice()), ("full", ["nccl".to_owned()].as_slice()));
        flow.make_default(true);
        flow.learn_plan(&second, Ok(plan()));
        assert!(matches!(flow.plan(), Asked::Known(_)), "the default is no matter of packages");
    }

    #[test]
    fn what_another_version_does_not_offer_is_chosen_no_longer() {
        let mut flow = reviewed();
        let bare = AvailableToolkit { profiles: vec!["runtime".into()], extras: Vec::new(), ..toolkit("11.8", false) };
        flow.learn_available(Ok(vec![toolkit("12.9", true), bare]));
        flow.choose_extra("nccl", true);
        flow.choose("11.8");
        assert_eq!((flow.wish().profile.as_str(), flow.wish().extras.len()), ("runtime", 0));
        flow.choose("12.9");
        assert_eq!(flow.wish().profile, "runtime", "what can be had stays");
    }

    #[test]
    fn only_what_may_be_cut_can_be_cancelled() {
        let mut flow = reviewed();
        flow.begin();
        assert_eq!(flow.footer(None, true).right, Some((Press::Install, false)), "once is enough");
        flow.begun(Ok(7));
        assert_eq!(flow.footer(Some(&job(None, true)), true).left, Some((Press::Cancel, true)));
        let uncut = flow.footer(Some(&job(None, false)), true);
        assert_eq!(uncut.left, Some((Press::Cancel, false)));
        assert!(uncut.note.contains("harm"), "{}", uncut.note);
    }

    #[test]
    fn what_failed_can_be_repaired_and_tried_again() {
        let mut flow = reviewed();
        flow.begun(Ok(7));
        flow.ended();
        let failed = job(Some("failed"), false);
        let footer = flow.footer(Some(&failed), true);
        assert_eq!((footer.left, footer.right), (Some((Press::Repair, true)), Some((Press::TryAgain, true))));
        flow.show_log();
        assert_eq!(flow.footer(Some(&failed), true).left, Some((Press::Back, true)));
        flow.back();
        assert_eq!(flow.step(), Step::Result);
        assert_eq!(flow.footer(Some(&job(Some("done"), false)), true).right, Some((Press::Done, true)));
    }

    #[test]
    fn a_refusal_stays_on_the_page_and_goes_with_another_choice() {
        let mut flow = reviewed();
        flow.begin();
        flow.begun(Err("busy".into()));
        assert_eq!((flow.step(), flow.refusal()), (Step::Review, Some("busy")));
        flow.choose("13.0");
        assert_eq!(flow.refusal(), None);
    }
}
