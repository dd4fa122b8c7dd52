//! What the tray icon shows, as a pure function of what is known. Nothing here talks to anybody.

mod gpu;
mod stream;

use std::collections::{BTreeMap, BTreeSet};

use crate::client::{GpuStats, JobFacts, PendingFacts, ServiceFacts, Snapshot, WayFacts};
use crate::model::vnc::SERVICE as VNC;

pub(super) use stream::question;

/// All is well.
const ICON_WELL: &str = "io.github.desktop_control.DesktopControl-symbolic";
/// A job is under way.
const ICON_WORKING: &str = "io.github.desktop_control.DesktopControl-working-symbolic";
/// Something is wrong, or the daemon is away.
pub(super) const ICON_ATTENTION: &str = "io.github.desktop_control.DesktopControl-attention-symbolic";
/// Stands before a line that tells of trouble.
const ICON_TROUBLE: &str = "dialog-warning";

/// The category of the services that carry the stream.
const STREAM: &str = "stream";
/// The kind of the way in that is preferred when one is copied.
const BROWSER: &str = "browser";
/// The kind that shows no desktop.
const SSH: &str = "ssh";

/// No more lines of trouble than this; what is left is counted.
const MOST_TROUBLES: usize = 3;
/// As many characters of a line are shown.
const WIDEST: usize = 70;

/// Everything that the icon is made of.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// The last facts; none before the daemon has answered for the first time.
    pub(super) snapshot: Option<Snapshot>,
    /// Why the daemon cannot be asked now.
    pub(super) away: Option<String>,
    /// What is wrong is new, and has not been seen yet.
    pub(super) alert: bool,
    /// Services that we have asked the daemon to restart, before its job for that is known.
    pub(super) asked: Vec<String>,
    /// We have asked the daemon to turn VNC on or off, and it has not answered yet.
    pub(super) asked_vnc: bool,
    /// We have asked the daemon about the settings of the stream, and it has not answered yet.
    pub(super) asked_stream: bool,
    /// What GPUs did a moment ago, by UUID; empty while nobody has looked.
    pub(super) gpus: BTreeMap<String, GpuStats>,
}

impl Known {
    /// The services that a job works on, or is about to.
    pub(super) fn under_work(&self) -> BTreeSet<&str> {
        let targets = self.jobs_at_work().flat_map(|job| &job.targets).chain(&self.asked);
        targets.map(String::as_str).collect()
    }

    /// The change of settings that is on trial; none while nobody can say.
    pub(super) fn trial(&self) -> Option<&PendingFacts> {
        self.snapshot.as_ref().filter(|_| self.away.is_none())?.on_trial()
    }

    fn jobs_at_work(&self) -> impl Iterator<Item = &JobFacts> {
        self.snapshot.iter().flat_map(|snapshot| &snapshot.jobs).filter(|job| job.result.is_none())
    }

    fn label<'k>(&'k self, name: &'k str) -> &'k str {
        self.snapshot.as_ref().and_then(|snapshot| snapshot.service(name)).map_or(name, label)
    }
}

/// Whether the icon is to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// Nothing is known yet, so there is nothing to show.
    Passive,
    /// Something can be told.
    Active,
    /// Somebody should look now.
    NeedsAttention,
}

/// What a click asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Show the window, or hide it.
    ToggleWindow,
    /// Show the window as it was left.
    OpenWindow,
    /// Show a page of the window.
    OpenPage(String),
    /// Show a service in the window.
    OpenService(String),
    /// Restart this service.
    Restart(String),
    /// Try the settings of the preset with this token.
    Preset(String),
    /// Keep what the change of this number has brought.
    Keep(u64),
    /// The same although nobody sees whether it works.
    KeepUnseen(u64),
    /// Take the change of this number back.
    GoBack(u64),
    /// Turn VNC on or off.
    Vnc {
        /// On.
        on: bool,
        /// Also where that cuts somebody off.
        force: bool,
    },
    /// Put the connection link into the clipboard.
    CopyLink,
    /// Look what the GPUs do: somebody is about to read it.
    LookAtGpus,
    /// End the tray icon.
    Quit,
}

/// One entry of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// A line between groups.
    Separator,
    /// Text, and what a click on it does. What only informs leads to where the window tells more: were it disabled,
    /// it would be grey, and hard to read in a video.
    Button {
        /// What it says.
        label: String,
        /// The name of an icon; may be empty.
        icon: &'static str,
        /// It can be clicked now.
        enabled: bool,
        /// What a click does.
        action: Action,
    },
    /// Something that is on or off.
    Switch {
        /// What it says.
        label: String,
        /// It is on.
        on: bool,
        /// It can be clicked now.
        enabled: bool,
        /// What a click does.
        action: Action,
    },
    /// Opens a list of its own.
    Submenu {
        /// What it says.
        label: String,
        /// From top to bottom.
        entries: Vec<Entry>,
    },
    /// Several of which one holds.
    Choices {
        /// The place of the one that holds.
        chosen: usize,
        /// What each says, and what a click on it does.
        choices: Vec<(String, Action)>,
        /// They can be clicked now.
        enabled: bool,
    },
}

/// The icon, its tooltip and its menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TrayModel {
    /// Whether it is to be seen.
    pub(super) status: Status,
    /// Its name in the icon theme.
    pub(super) icon: &'static str,
    /// One line.
    pub(super) summary: String,
    /// What there is to say beyond that; may be empty.
    pub(super) details: String,
    /// From top to bottom, ten at most.
    pub(super) menu: Vec<Entry>,
}

impl TrayModel {
    /// Made of what is known, of nothing else.
    pub(super) fn of(known: &Known) -> Self {
        let troubles = troubles(known);
        let work = work(known);
        let is_wrong = known.away.is_some() || !troubles.is_empty();
        let status = match &known.snapshot {
            None if !is_wrong => Status::Passive,
            _ if is_wrong && known.alert => Status::NeedsAttention,
            _ => Status::Active,
        };
        let icon = match work {
            _ if is_wrong => ICON_ATTENTION,
            Some(_) => ICON_WORKING,
            None => ICON_WELL,
        };
        let summary = summary(known, &troubles);
        let overview = || Action::OpenPage("overview".into());
        let mut menu = vec![button(&summary, overview())];
        let answers = stream::answers(known);
        if answers.is_empty() {
            menu.extend(work.as_deref().map(|work| button(work, overview())));
        }
        menu.extend(answers);
        let quality = stream::quality(known);
        let vnc = vnc_entry(known);
        let most = MOST_TROUBLES + 1 - [&quality, &vnc].into_iter().flatten().count();
        menu.extend(trouble_entries(&troubles, most + 1 - menu.len()));
        for line in [gpu::line(known), stream::line(known)] {
            menu.extend(line.filter(|_| menu.len() <= most));
        }
        menu.push(Entry::Separator);
        menu.extend(quality);
        menu.extend(vnc);
        menu.extend([restart_entry(known), Entry::Separator]);
        menu.push(button("Open Desktop Control", Action::OpenWindow));
        menu.push(button("Quit tray icon", Action::Quit));
        Self { status, icon, summary, details: details(known, &troubles, work), menu }
    }
}

/// What is wrong, by names that tell one thing from another.
pub(super) fn wrong(known: &Known) -> BTreeSet<String> {
    let away = known.away.iter().map(|_| "away".to_owned());
    away.chain(troubles(known).into_iter().map(|trouble| format!("{:?} {}", trouble.action, trouble.title))).collect()
}

/// The address to hand on: of the first way in that works, by browser if there is one.
pub(super) fn connection_link(known: &Known) -> Option<&str> {
    let working = || {
        known
            .snapshot
            .iter()
            .flat_map(|snapshot| &snapshot.ways)
            .filter(|way| way.state == "working" && way.kind != SSH)
    };
    let way: Option<&WayFacts> = working().find(|way| way.kind == BROWSER).or_else(|| working().next());
    way.map(WayFacts::best_address).filter(|address| !address.is_empty())
}

/// What a service is called by people.
pub(super) fn label(service: &ServiceFacts) -> &str {
    if service.label.is_empty() { &service.name } else { &service.label }
}

/// What is wrong with a service, after its name.
pub(super) fn complaint(service: &ServiceFacts) -> String {
    match (service.health.as_str(), service.state.as_str()) {
        ("flapping", _) => "keeps ending".into(),
        (_, "fatal" | "backoff") => "does not start".into(),
        ("none", "stopped") => "is stopped".into(),
        ("none" | "failing", "exited") => "has ended".into(),
        ("failing", _) => "does not work".into(),
        ("none", _) => "is not running".into(),
        (health, _) => format!("is {health}"),
    }
}

/// On one line, and no longer than one can read at a glance.
pub(super) fn line(text: &str) -> String {
    let mut chars = text.chars().map(|char| if char.is_control() { ' ' } else { char });
    let head: String = chars.by_ref().take(WIDEST).collect();
    if chars.next().is_some() { format!("{}…", head.trim_end()) } else { head }
}

/// One thing that is wrong: what, why, and where the window tells more.
struct Trouble {
    title: String,
    reason: String,
    action: Action,
}

/// Worst first. What is being worked on is no trouble: its end is not yet known.
fn troubles(known: &Known) -> Vec<Trouble> {
    let Some(snapshot) = known.snapshot.as_ref().filter(|_| known.away.is_none()) else { return Vec::new() };
    let under_work = known.under_work();
    let mut services: Vec<&ServiceFacts> = snapshot.services.iter().filter(|service| service.is_trouble()).collect();
    services.retain(|service| !under_work.contains(service.name.as_str()));
    services.sort_by_key(|service| !service.essential);
    let mut findings: Vec<_> = snapshot.root.findings.iter().collect();
    findings.sort_by_key(|finding| finding.severity != "error");
    let findings = findings.into_iter().map(|finding| Trouble {
        title: line(&finding.title),
        reason: finding.message.clone(),
        action: Action::OpenPage("overview".into()),
    });
    let services = services.into_iter().map(|service| Trouble {
        title: line(&format!("{} {}", label(service), complaint(service))),
        reason: service.health_reason.clone(),
        action: Action::OpenService(service.name.clone()),
    });
    findings.chain(gpu::troubles(snapshot)).chain(services).collect()
}

fn summary(known: &Known, troubles: &[Trouble]) -> String {
    match (&known.away, &known.snapshot, troubles.len()) {
        (Some(reason), ..) => line(first_sentence(reason)),
        (None, None, _) => "Asking the control service".into(),
        (None, Some(snapshot), 0) if snapshot.services.is_empty() => "No services are known".into(),
        (None, Some(_), 0) => "All is well".into(),
        (None, Some(_), 1) => "1 thing needs attention".into(),
        (None, Some(_), count) => format!("{count} things need attention"),
    }
}

/// What is being done: "Restarting Desktop stream", "3 jobs at work".
fn work(known: &Known) -> Option<String> {
    if known.away.is_some() {
        return None;
    }
    let mut jobs: Vec<(&str, &[String])> =
        known.jobs_at_work().map(|job| (job.kind.as_str(), job.targets.as_slice())).collect();
    for asked in &known.asked {
        let is_told = jobs.iter().any(|(_, targets)| targets.contains(asked));
        jobs.extend((!is_told).then_some(("service-restart", std::slice::from_ref(asked))));
    }
    let (kind, targets) = match jobs.as_slice() {
        _ if known.trial().is_some() || known.asked_stream => return Some(stream::work(known)),
        [] => return None,
        [(kind, targets)] => (*kind, *targets),
        jobs => return Some(format!("{} jobs at work", jobs.len())),
    };
    let verb = match kind {
        "service-start" => "Starting",
        "service-stop" => "Stopping",
        "service-restart" => "Restarting",
        _ => "At work on",
    };
    Some(match targets {
        [] => "A job is at work".into(),
        [only] => line(&format!("{verb} {}", known.label(only))),
        [first, rest @ ..] => line(&format!("{verb} {} and {} more", known.label(first), rest.len())),
    })
}

/// As many lines as there is room for; the last one counts what found none.
fn trouble_entries(troubles: &[Trouble], room: usize) -> Vec<Entry> {
    let shown = if troubles.len() > room.min(MOST_TROUBLES) { room.saturating_sub(1) } else { troubles.len() };
    let entry = |trouble: &Trouble| Entry::Button {
        label: trouble.title.clone(),
        icon: ICON_TROUBLE,
        enabled: true,
        action: trouble.action.clone(),
    };
    let mut entries: Vec<Entry> = troubles.iter().take(shown).map(entry).collect();
    match troubles.len() - shown {
        0 => {}
        // How many there are is said above.
        _ if shown == 0 => {}
        more => entries.push(button(&format!("and {more} more"), Action::OpenPage("overview".into()))),
    }
    entries
}

fn restart_entry(known: &Known) -> Entry {
    let service = known.snapshot.as_ref().and_then(stream_service);
    let name = service.map_or_else(String::new, |service| service.name.clone());
    let at_work = known.under_work().contains(name.as_str());
    let label = if at_work { "Restarting stream" } else { "Restart stream" };
    // A restart would end a trial in favour of the earlier settings.
    let is_free = known.trial().is_none() && !at_work;
    let enabled = service.is_some() && known.away.is_none() && is_free;
    Entry::Button { label: label.into(), icon: "", enabled, action: Action::Restart(name) }
}

/// The switch of the VNC server; none where there is no such service.
fn vnc_entry(known: &Known) -> Option<Entry> {
    let snapshot = known.snapshot.as_ref()?;
    let vnc = snapshot.vnc.as_ref().filter(|_| snapshot.service(VNC).is_some())?;
    let is_free = !known.asked_vnc && !known.under_work().contains(VNC);
    let action = Action::Vnc { on: !vnc.enabled, force: false };
    Some(Entry::Switch { label: "VNC".into(), on: vnc.enabled, enabled: known.away.is_none() && is_free, action })
}

/// The service that carries the stream: the one behind the way in by browser, if it says that it is one.
fn stream_service(snapshot: &Snapshot) -> Option<&ServiceFacts> {
    let is_stream = |service: &&ServiceFacts| service.category == STREAM;
    let way = snapshot.ways.iter().find(|way| way.kind == BROWSER);
    let behind = way.and_then(|way| snapshot.service(&way.service)).filter(is_stream);
    behind.or_else(|| snapshot.services.iter().find(is_stream))
}

fn details(known: &Known, troubles: &[Trouble], work: Option<String>) -> String {
    let Some(snapshot) = &known.snapshot else {
        return known.away.as_deref().map(|reason| after_first_sentence(reason).to_owned()).unwrap_or_default();
    };
    if let Some(reason) = &known.away {
        return after_first_sentence(reason).to_owned();
    }
    let told = troubles.iter().take(MOST_TROUBLES).map(|trouble| match trouble.reason.as_str() {
        "" => trouble.title.clone(),
        reason => format!("{}: {}", trouble.title, line(reason)),
    });
    let mut lines: Vec<String> = work.into_iter().chain(stream::deadline(known)).chain(told).collect();
    match troubles.len().saturating_sub(MOST_TROUBLES) {
        0 => {}
        more => lines.push(format!("and {more} more")),
    }
    if lines.is_empty() {
        lines.push(counted(&snapshot.services));
        lines.extend(gpu::lines(known));
        lines.extend(stream::words(known));
    }
    lines.join("\n")
}

/// "12 services: 11 work, 1 cannot be told".
fn counted(services: &[ServiceFacts]) -> String {
    let of = |health: &str| services.iter().filter(|service| service.health == health).count();
    let parts = [(of("ok"), "work"), (of("unknown"), "cannot be told"), (of("none"), "not running")];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {}", if (count, word) == (1, "work") { "works" } else { word }))
        .collect();
    match services.len() {
        0 => String::new(),
        1 => format!("1 service: {}", parts.join(", ")),
        all => format!("{all} services: {}", parts.join(", ")),
    }
}

fn button(label: &str, action: Action) -> Entry {
    Entry::Button { label: label.into(), icon: "", enabled: true, action }
}

fn first_sentence(text: &str) -> &str {
    text.split(". ").next().unwrap_or_default().trim_end_matches('.')
}

fn after_first_sentence(text: &str) -> &str {
    text.split_once(". ").map_or("", |(_, rest)| rest)
}

#[cfg(test)]
mod tests;
