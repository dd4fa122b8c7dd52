//! What has been collected and not applied: what it is, what viewers will notice, and the two ways on.

use adw::prelude::*;
use libadwaita as adw;
use relm4::{RelmWidgetExt, Sender, gtk};

use super::super::super::format::quotes;
use super::super::super::rows::button;
use super::Input;
use crate::client::PlanFacts;

/// No more changes are told one by one.
const MOST_TOLD: usize = 3;

/// A bar at the end of the page.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) widget: gtk::Box,
    words: gtk::Label,
    discard: gtk::Button,
    apply: gtk::Button,
    shown: Option<Shown>,
}

/// What the control service says of the collected changes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// It has not answered yet.
    Asked,
    /// It would do this.
    Plan(PlanFacts),
    /// It would not, for this reason.
    Refused(String),
}

/// What there is to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// Sentences, a line each; none: there is no bar.
    pub(super) lines: Vec<String>,
    /// The first line is a complaint.
    pub(super) refused: bool,
    /// All of it can be applied now.
    pub(super) may_apply: bool,
}

impl Shown {
    /// Of so many changes, of which the control service says this. `hindrance`: why nothing can be applied now.
    pub(super) fn of(count: usize, answer: &Answer, hindrance: Option<&str>) -> Self {
        let counted = match count {
            0 => return Self { lines: Vec::new(), refused: false, may_apply: false },
            1 => "1 change, not applied yet.".to_owned(),
            count => format!("{count} changes, not applied yet."),
        };
        let mut lines = Vec::new();
        match answer {
            Answer::Asked => lines.push(counted),
            Answer::Plan(plan) => {
                lines.push(if plan.changes.is_empty() { "Nothing would change.".into() } else { counted });
                lines.extend(plan.changes.iter().take(MOST_TOLD).cloned());
                match plan.changes.len().saturating_sub(MOST_TOLD) {
                    0 => {}
                    more => lines.push(format!("and {more} more")),
                }
                lines.extend(plan.warnings.iter().cloned());
                lines.push(plan.notice.clone());
            }
            Answer::Refused(why) => lines.extend([why.clone(), counted]),
        }
        lines.extend(hindrance.map(str::to_owned));
        lines.retain(|line| !line.is_empty());
        let may_apply = matches!(answer, Answer::Plan(plan) if !plan.changes.is_empty()) && hindrance.is_none();
        Self { lines, refused: matches!(answer, Answer::Refused(_)), may_apply }
    }
}

impl Bar {
    pub(super) fn new(page: &Sender<Input>) -> Self {
        let words = gtk::Label::builder().xalign(0.0).wrap(true).hexpand(true).css_classes(["numeric"]).build();
        let (discarded, applied) = (page.clone(), page.clone());
        let discard = button("Discard", "Discard all changes", move |_| discarded.emit(Input::Discard));
        let apply = button("Apply", "Apply all changes", move |_| applied.emit(Input::Apply));
        apply.add_css_class("suggested-action");
        let content = gtk::Box::new(gtk::Orientation::Horizontal, 12);
        content.append(&words);
        content.append(&discard);
        content.append(&apply);
        let clamp = adw::Clamp::builder().maximum_size(760).child(&content).hexpand(true).build();
        let widget = gtk::Box::builder().css_classes(["changes"]).visible(false).build();
        widget.append(&clamp);
        Self { widget, words, discard, apply, shown: None }
    }

    /// Shows it. What has not changed is left alone.
    pub(super) fn show(&mut self, shown: Shown) {
        if self.shown.as_ref() == Some(&shown) {
            return;
        }
        self.widget.set_visible(!shown.lines.is_empty());
        self.words.set_label(&quotes(&shown.lines.join("\n")));
        self.words.set_class_active("error", shown.refused);
        self.apply.set_sensitive(shown.may_apply);
        self.discard.set_sensitive(true);
        self.shown = Some(shown);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(changes: &[&str]) -> Answer {
        Answer::Plan(PlanFacts {
            changes: changes.iter().map(|line| (*line).to_owned()).collect(),
            notice: "The picture stops for about 5 seconds.".into(),
            warnings: vec!["JPEG has no full colour.".into()],
        })
    }

    #[test]
    fn it_says_what_changes_and_what_one_will_notice() {
        let shown = Shown::of(2, &plan(&["Encoder: H.264 → JPEG", "Frames a second: 60 fps → 20 fps"]), None);
        let expected = [
            "2 changes, not applied yet.",
            "Encoder: H.264 → JPEG",
            "Frames a second: 60 fps → 20 fps",
            "JPEG has no full colour.",
            "The picture stops for about 5 seconds.",
        ];
        assert_eq!(shown.lines, expected);
        assert!(shown.may_apply && !shown.refused);
    }

    #[test]
    fn many_changes_are_counted() {
        let shown = Shown::of(5, &plan(&["a", "b", "c", "d", "e"]), None);
        assert!(shown.lines.contains(&"and 2 more".to_owned()) && !shown.lines.contains(&"d".to_owned()));
    }

    #[test]
    fn what_is_refused_or_not_possible_now_cannot_be_applied() {
        let refused = Shown::of(1, &Answer::Refused("The microphone needs sound.".into()), None);
        assert!(refused.refused && !refused.may_apply);
        assert_eq!(refused.lines[0], "The microphone needs sound.");
        assert!(!Shown::of(1, &plan(&["a"]), Some("The control service is not there.")).may_apply);
        assert!(!Shown::of(1, &Answer::Asked, None).may_apply);
        assert!(!Shown::of(1, &plan(&[]), None).may_apply);
        assert!(Shown::of(0, &plan(&["a"]), None).lines.is_empty());
    }
}
