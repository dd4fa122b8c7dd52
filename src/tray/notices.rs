//! What is worth a message: a service that starts failing, and one that works again. Pure but for the clock that is
//! handed in.
//!
//! A restart's blip is no news, so whatever is seen has to last before it is told; what happens at about the same time
//! is told at once; and a service that comes and goes is told less and less often.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::message::{Message, Urgency};
use super::model::{Action, ICON_ATTENTION, Known, complaint, label, line};
use crate::client::ServiceFacts;
use crate::client::preferences::Notifications;

/// What lasts as long as this is told; what happens within the same time again is told together with it.
const SETTLE: Duration = Duration::from_secs(3);
/// Nobody says that a service without a probe works. If nothing is wrong with it for as long as this, it is believed.
const BELIEVE: Duration = Duration::from_mins(2);
/// A service that fails again within this time has to work longer before it is believed.
const RELAPSE: Duration = Duration::from_mins(10);
/// It is doubled at most as often as this: 3 s become 96 s.
const MOST_RELAPSES: u32 = 5;
/// No more services than this are named in one message.
const MOST_NAMED: usize = 5;
/// Where the stream may be restarted from a message, although it is essential: it comes back by itself.
const STREAM: &str = "stream";

/// What is to be done about the message that shows how the services are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// Show this, in place of the one before.
    Show(Box<Message>),
    /// There is nothing to tell any more.
    Close,
}

/// Remembers what was seen and what was told.
#[derive(Debug, Default)]
pub(super) struct Notices {
    services: BTreeMap<String, Tracked>,
    /// The first facts have been seen.
    begun: bool,
    /// The daemon is away: what was seen may be no longer so.
    frozen: bool,
}

/// How a service looks right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Trouble,
    Works,
    /// Starting, or there is nothing to ask.
    Unsure,
    /// Somebody stopped it.
    Off,
    /// A job is about to change that.
    UnderWork,
}

#[derive(Debug)]
struct Tracked {
    facts: ServiceFacts,
    look: Look,
    since: Instant,
    told: Told,
    relapses: u32,
    recovered_at: Option<Instant>,
}

/// What has been said of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// Nothing, or that it works again.
    Nothing,
    /// That it is in trouble.
    Trouble,
    /// It was in trouble before anybody looked, which is no news.
    Adopted,
}

impl Tracked {
    /// When the change that it shows is believed; none if there is none.
    fn ripe_at(&self) -> Option<Instant> {
        let patience = match (self.told, self.look) {
            (_, Look::UnderWork) => return None,
            (told, look) if (told == Told::Nothing) != (look == Look::Trouble) => return None,
            (_, Look::Trouble | Look::Off) => SETTLE,
            (_, Look::Works) => SETTLE * 2_u32.pow(self.relapses.min(MOST_RELAPSES)),
            (_, Look::Unsure) => BELIEVE,
        };
        Some(self.since + patience)
    }
}

impl Notices {
    /// Takes note of everything that is known at `now`.
    pub(super) fn see(&mut self, known: &Known, now: Instant) {
        self.frozen = known.away.is_some();
        let Some(snapshot) = known.snapshot.as_ref().filter(|_| !self.frozen) else { return };
        let under_work = known.under_work();
        let names: BTreeSet<&str> = snapshot.services.iter().map(|service| service.name.as_str()).collect();
        for (_, gone) in self.services.iter_mut().filter(|(name, _)| !names.contains(name.as_str())) {
            gone.turn(Look::Off, now);
        }
        self.services.retain(|name, tracked| names.contains(name.as_str()) || tracked.told == Told::Trouble);
        for service in &snapshot.services {
            let look = if under_work.contains(service.name.as_str()) { Look::UnderWork } else { look(service) };
            let known_before = !self.begun && look == Look::Trouble && !service.essential;
            let tracked = self.services.entry(service.name.clone()).or_insert_with(|| Tracked {
                facts: service.clone(),
                look,
                since: now,
                told: if known_before { Told::Adopted } else { Told::Nothing },
                relapses: 0,
                recovered_at: None,
            });
            tracked.facts.clone_from(service);
            tracked.turn(look, now);
        }
        self.begun = true;
    }

    /// When [`Self::settle`] has something to do; what becomes ripe shortly after the first is waited for.
    pub(super) fn due(&self) -> Option<Instant> {
        let ripe = || self.services.values().filter(|_| !self.frozen).filter_map(Tracked::ripe_at);
        let first = ripe().min()?;
        ripe().filter(|at| *at <= first + SETTLE).max()
    }

    /// What is to be told of all that has become ripe by `now`.
    pub(super) fn settle(&mut self, now: Instant, wanted: Notifications) -> Option<Notice> {
        let was_told = self.services.values().any(|tracked| tracked.told == Told::Trouble);
        let mut fallen = false;
        let mut critical = false;
        let mut recovered = Vec::new();
        for tracked in self.services.values_mut().filter(|tracked| tracked.ripe_at().is_some_and(|at| at <= now)) {
            let told = std::mem::replace(&mut tracked.told, Told::Nothing);
            match tracked.look {
                Look::Trouble => {
                    tracked.told = Told::Trouble;
                    tracked.fall(now);
                    fallen = true;
                    critical |= tracked.facts.essential && tracked.facts.health == "failing";
                }
                Look::Works | Look::Unsure => {
                    tracked.recovered_at = Some(now);
                    recovered.extend((told == Told::Trouble).then(|| label(&tracked.facts).to_owned()));
                }
                Look::Off | Look::UnderWork => {}
            }
        }
        let troubled: Vec<&ServiceFacts> =
            self.services.values().filter(|tracked| tracked.told == Told::Trouble).map(|one| &one.facts).collect();
        let urgency = if critical { Urgency::Critical } else { Urgency::Normal };
        if fallen && wanted.trouble {
            return Some(Notice::Show(Box::new(trouble(&troubled, urgency))));
        }
        if !recovered.is_empty() && wanted.recovered {
            return Some(Notice::Show(Box::new(recovery(&recovered, &troubled))));
        }
        (was_told && troubled.is_empty()).then_some(Notice::Close)
    }
}

impl Tracked {
    fn turn(&mut self, look: Look, now: Instant) {
        if self.look != look {
            self.look = look;
            self.since = now;
        }
    }

    /// It is in trouble, perhaps not long after it was believed to work again.
    fn fall(&mut self, now: Instant) {
        let again = self.recovered_at.is_some_and(|at| now.saturating_duration_since(at) < RELAPSE);
        self.relapses = if again { self.relapses + 1 } else { 0 };
    }
}

fn look(service: &ServiceFacts) -> Look {
    match service.health.as_str() {
        "ok" => Look::Works,
        // Whoever stopped it knows. What ended unasked does not become better by having ended without an error.
        "none" if service.state == "stopped" || !service.essential => Look::Off,
        "none" if service.is_down() => Look::Trouble,
        "none" | "unknown" => Look::Unsure,
        _ => Look::Trouble,
    }
}

fn trouble(services: &[&ServiceFacts], urgency: Urgency) -> Message {
    let (summary, body, click, buttons) = match services {
        [only] => about_one(only),
        many => {
            let page = Action::OpenPage("services".into());
            let summary = format!("{} services need attention", many.len());
            (summary, listed(many), page.clone(), vec![("Open", page)])
        }
    };
    Message { summary, body, urgency, transient: false, icon: ICON_ATTENTION, click, buttons }
}

fn about_one(service: &ServiceFacts) -> (String, String, Action, Vec<(&'static str, Action)>) {
    let summary = line(&format!("{} {}", label(service), complaint(service)));
    let open = Action::OpenService(service.name.clone());
    let mut buttons = vec![("Open", open.clone())];
    let mut body = sentence(&service.health_reason);
    // What takes other things with it is restarted from the window, which says so and asks.
    if !service.essential || service.category == STREAM {
        buttons.push(("Restart", Action::Restart(service.name.clone())));
        if !service.consequence.is_empty() {
            let says_so = service.consequence.starts_with("Restarting");
            let consequence = format!("{}{}", if says_so { "" } else { "On a restart: " }, service.consequence);
            let lines = [std::mem::take(&mut body), consequence];
            body = lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
        }
    }
    (summary, body, open, buttons)
}

fn listed(services: &[&ServiceFacts]) -> String {
    let said = |service: &&ServiceFacts| match service.health_reason.as_str() {
        "" => line(&format!("{} {}", label(service), complaint(service))),
        reason => line(&format!("{} {}: {reason}", label(service), complaint(service))),
    };
    let mut lines: Vec<String> = services.iter().take(MOST_NAMED).map(said).collect();
    match services.len().saturating_sub(MOST_NAMED) {
        0 => {}
        more => lines.push(format!("and {more} more")),
    }
    lines.join("\n")
}

fn recovery(recovered: &[String], still: &[&ServiceFacts]) -> Message {
    let summary = match recovered {
        [only] => line(&format!("{only} works again")),
        many => format!("{} services work again", many.len()),
    };
    let done = Message::done(&summary, "");
    match still {
        [] if recovered.len() == 1 => done,
        [] => Message { body: line(&recovered.join(", ")), ..done },
        // It stands in place of the message about them, so it has to last as long.
        _ => Message {
            body: format!("Still in need of attention:\n{}", listed(still)),
            urgency: Urgency::Normal,
            transient: false,
            icon: ICON_ATTENTION,
            click: Action::OpenPage("services".into()),
            buttons: vec![("Open", Action::OpenPage("services".into()))],
            ..done
        },
    }
}

/// A reason, as it stands on its own.
fn sentence(reason: &str) -> String {
    let mut chars = reason.chars();
    let Some(first) = chars.next() else { return String::new() };
    let end = if reason.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{}{}{end}", first.to_uppercase(), chars.as_str())
}

#[cfg(test)]
mod tests;
