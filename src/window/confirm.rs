//! Says what something costs, before it is done.

use adw::prelude::*;
use libadwaita as adw;
use relm4::gtk;

use crate::client::{ServiceFacts, Verb};

/// No more packages are named in a question.
const MOST_NAMED: usize = 12;

/// Calls `agreed` at once where nothing is lost, else after the person has read what the consequence is and agreed.
/// Enter and Esc both mean no.
pub(super) fn confirm(near: &impl IsA<gtk::Widget>, service: &ServiceFacts, verb: Verb, agreed: impl Fn() + 'static) {
    match Question::about(service, verb) {
        Some(question) => question.ask(near, agreed),
        None => agreed(),
    }
}

/// What is asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Question {
    heading: String,
    body: String,
    verb: &'static str,
}

impl Question {
    /// Calls `agreed` if the person agrees. Enter and Esc both mean no.
    pub(super) fn ask(&self, near: &impl IsA<gtk::Widget>, agreed: impl Fn() + 'static) {
        let window = near.root().and_downcast::<gtk::Window>();
        let dialog = adw::MessageDialog::new(window.as_ref(), Some(&self.heading), Some(&self.body));
        dialog.add_responses(&[("cancel", "Cancel"), ("agree", self.verb)]);
        dialog.set_response_appearance("agree", adw::ResponseAppearance::Destructive);
        dialog.set_default_response(Some("cancel"));
        dialog.set_close_response("cancel");
        dialog.connect_response(Some("agree"), move |_, _| agreed());
        dialog.present();
    }

    /// About taking our values of settings with these labels away; of all settings where there are none.
    pub(super) fn about_reset(labels: &[&str]) -> Self {
        let heading = match labels {
            [] => "Take back everything set here?".into(),
            [only] => format!("Take back what is set for “{only}”?"),
            many => format!("Take back what is set for {} settings?", many.len()),
        };
        let body = "What the machine or the server says holds again. It is tried out first: the picture stops for \
                    about 5 seconds, then you are asked whether to keep it.";
        Self { heading, body: body.into(), verb: "Take back" }
    }

    /// About keeping settings whose effect nobody sees; `why` is the control service's sentence.
    pub(super) fn about_keeping(why: &str) -> Self {
        Self { heading: "Keep settings that nobody has seen working?".into(), body: why.into(), verb: "Keep anyway" }
    }

    /// About doing all the same what would lock somebody out; `why` is the control service's sentence.
    pub(super) fn about_lockout(why: &str) -> Self {
        Self { heading: "Close this way in?".into(), body: why.into(), verb: "Do it anyway" }
    }

    /// About a restart of the VNC server, on which so many viewers look.
    pub(super) fn about_viewers(count: usize) -> Self {
        let (heading, body) = match count {
            1 => ("Disconnect the VNC viewer?".into(), "It can connect again after a few seconds."),
            many => (format!("Disconnect {many} VNC viewers?"), "They can connect again after a few seconds."),
        };
        let body = format!("The VNC server restarts for this. {body}");
        Self { heading, body, verb: "Restart VNC" }
    }

    /// About ending a process that uses a GPU; with `force`, one that was asked to end and has not.
    pub(super) fn about_ending(name: &str, pid: u32, user: &str, force: bool) -> Self {
        let name = if name.is_empty() { "a process without a name" } else { name };
        let body = if force {
            format!("Process {pid} of {user} was asked to end and is still there. What it has not saved is lost.")
        } else {
            format!("Process {pid} of {user} is asked to end. What it has not saved may be lost.")
        };
        let (heading, verb) = if force {
            (format!("End “{name}” at once?"), "End at once")
        } else {
            (format!("End “{name}”?"), "End")
        };
        Self { heading, body, verb }
    }

    /// About removing the toolkit of this release, with these packages.
    pub(super) fn about_removal(release: &str, packages: &[String]) -> Self {
        let named = packages.iter().take(MOST_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = match packages.len().saturating_sub(MOST_NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let count = match packages.len() {
            1 => "1 package is".into(),
            count => format!("{count} packages are"),
        };
        let body = format!("{count} removed: {named}{more}. Programs that were built with it may not start any more.");
        Self { heading: format!("Remove CUDA {release}?"), body, verb: "Remove" }
    }

    /// None where there is nothing to ask: the desktop can do without it, or nothing of it is there to be lost.
    fn about(service: &ServiceFacts, verb: Verb) -> Option<Self> {
        if !service.essential || service.is_down() {
            return None;
        }
        let name = if service.label.is_empty() { &service.name } else { &service.label };
        let consequence = service.consequence.trim();
        let (verb, body) = match verb {
            Verb::Start { .. } => return None,
            Verb::Restart { .. } => ("Restart", consequence.to_owned()),
            Verb::Stop { .. } => {
                let lasting = "It stays stopped until somebody starts it, and the desktop is of no use without it.";
                ("Stop", if consequence.is_empty() { lasting.into() } else { format!("{consequence} {lasting}") })
            }
        };
        let body = if body.is_empty() { "The desktop is of no use while it is away.".into() } else { body };
        Some(Self { heading: format!("{verb} “{name}”?"), body, verb })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESTART: Verb = Verb::Restart { with_dependents: false };
    const STOP: Verb = Verb::Stop { force: false };

    fn service(essential: bool, state: &str) -> ServiceFacts {
        ServiceFacts {
            label: "X server".into(),
            state: state.into(),
            essential,
            consequence: "Restarting the X server closes every window.".into(),
            ..ServiceFacts::default()
        }
    }

    #[test]
    fn what_everything_stands_on_is_asked_about_with_its_consequence() {
        let question = Question::about(&service(true, "running"), RESTART).unwrap();
        assert_eq!(question.heading, "Restart “X server”?");
        assert_eq!(question.body, "Restarting the X server closes every window.");
        let question = Question::about(&service(true, "running"), STOP).unwrap();
        assert!(question.body.contains("stays stopped"), "{}", question.body);
    }

    #[test]
    fn a_removal_names_what_goes() {
        let question = Question::about_removal("12.9", &["cuda-nvcc-12-9".into()]);
        assert!(question.body.starts_with("1 package is removed: cuda-nvcc-12-9."), "{}", question.body);
        let many: Vec<String> = (0..15).map(|number| format!("p{number}")).collect();
        assert!(Question::about_removal("12.9", &many).body.contains("p11 and 3 more."));
    }

    #[test]
    fn nothing_is_asked_where_nothing_is_lost() {
        assert_eq!(Question::about(&service(false, "running"), STOP), None);
        assert_eq!(Question::about(&service(true, "stopped"), RESTART), None);
        assert_eq!(Question::about(&service(true, "running"), Verb::Start { with_dependencies: true }), None);
    }
}
