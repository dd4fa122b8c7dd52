//! The icon for every sort of news.

use super::*;
use crate::client::FindingFacts;

fn service(name: &str, health: &str) -> ServiceFacts {
    ServiceFacts { name: name.into(), health: health.into(), state: "running".into(), ..ServiceFacts::default() }
}

fn selkies() -> ServiceFacts {
    ServiceFacts { label: "Desktop stream".into(), category: STREAM.into(), ..service("selkies", "ok") }
}

fn known(services: Vec<ServiceFacts>) -> Known {
    Known { snapshot: Some(Snapshot { services, ..Snapshot::default() }), alert: true, ..Known::default() }
}

fn restart_of(id: u64, target: &str) -> JobFacts {
    JobFacts { id, kind: "service-restart".into(), targets: vec![target.into()], ..JobFacts::default() }
}

fn labels(model: &TrayModel) -> Vec<&str> {
    let label = |entry| match entry {
        &Entry::Separator => "--",
        Entry::Button { label, .. } | Entry::Submenu { label, .. } | Entry::Switch { label, .. } => label.as_str(),
        Entry::Choices { .. } => "choices",
    };
    model.menu.iter().map(label).collect()
}

fn restart(model: &TrayModel) -> (bool, &Action) {
    let found = model.menu.iter().find_map(|entry| match entry {
        Entry::Button { enabled, action: action @ Action::Restart(_), .. } => Some((*enabled, action)),
        _ => None,
    });
    found.expect("it is always there")
}

#[test]
fn a_healthy_desktop_is_calm() {
    let model = TrayModel::of(&known(vec![selkies(), service("x", "unknown")]));
    assert_eq!((model.status, model.icon), (Status::Active, ICON_WELL));
    assert_eq!(labels(&model), ["All is well", "--", "Restart stream", "--", "Open Desktop Control", "Quit tray icon"]);
    assert_eq!(model.details, "2 services: 1 works, 1 cannot be told");
    assert_eq!(restart(&model), (true, &Action::Restart("selkies".into())));
}

#[test]
fn before_the_first_answer_nothing_is_claimed() {
    let model = TrayModel::of(&Known::default());
    assert_eq!((model.status, model.summary.as_str()), (Status::Passive, "Asking the control service"));
    assert!(!restart(&model).0);
}

#[test]
fn a_daemon_that_is_away_is_said_and_nothing_can_be_asked_of_it() {
    let reason = "The control service is not running. Start it as root, then try again.";
    let model = TrayModel::of(&Known { away: Some(reason.into()), ..known(vec![selkies(), service("x", "failing")]) });
    assert_eq!((model.status, model.icon), (Status::NeedsAttention, ICON_ATTENTION));
    assert_eq!(model.summary, "The control service is not running");
    assert_eq!(model.details, "Start it as root, then try again.");
    assert!(!restart(&model).0);
    assert_eq!(model.menu.len(), 6, "what was wrong then may not be now: {:?}", labels(&model));
}

#[test]
fn troubles_are_listed_worst_first_and_lead_to_the_window() {
    let essential = ServiceFacts { essential: true, health_reason: "exit 1".into(), ..service("x", "flapping") };
    let mut known = known(vec![selkies(), service("a", "failing"), essential]);
    let finding = FindingFacts { title: "supervisord does not answer".into(), ..FindingFacts::default() };
    known.snapshot.as_mut().unwrap().root.findings.push(finding);
    let model = TrayModel::of(&known);
    assert_eq!((model.status, model.icon), (Status::NeedsAttention, ICON_ATTENTION));
    let expected = ["3 things need attention", "supervisord does not answer", "x keeps ending", "a does not work"];
    assert_eq!(labels(&model)[..4], expected);
    let Entry::Button { action, icon, .. } = &model.menu[2] else { panic!("a button") };
    assert_eq!((action, *icon), (&Action::OpenService("x".into()), ICON_TROUBLE));
    assert!(model.details.contains("x keeps ending: exit 1\na does not work"), "{}", model.details);
}

#[test]
fn the_menu_never_has_more_than_ten_entries() {
    for failing in 0..9 {
        for jobs in 0..3 {
            let services = (0..failing).map(|at| service(&format!("s{at}"), "failing")).chain([selkies()]);
            let mut known = known(services.collect());
            known.snapshot.as_mut().unwrap().jobs = (0..jobs).map(|id| restart_of(id, "y")).collect();
            let model = TrayModel::of(&known);
            assert!(model.menu.len() <= 10, "{:?}", labels(&model));
            let shown = labels(&model).iter().filter(|label| label.ends_with("does not work")).count();
            let more = labels(&model).iter().find_map(|label| label.strip_prefix("and ")?.strip_suffix(" more"));
            let more: usize = more.map_or(0, |more| more.parse().unwrap());
            assert_eq!(shown + more, failing, "{:?}", labels(&model));
            assert!(shown >= failing.min(2), "{:?}", labels(&model));
        }
    }
}

#[test]
fn what_is_being_worked_on_is_no_trouble() {
    let broken = ServiceFacts { health: "none".into(), essential: true, state: "stopped".into(), ..selkies() };
    let mut known = known(vec![broken]);
    known.snapshot.as_mut().unwrap().jobs.push(restart_of(1, "selkies"));
    let model = TrayModel::of(&known);
    assert_eq!((model.status, model.icon), (Status::Active, ICON_WORKING));
    assert_eq!(labels(&model)[..2], ["All is well", "Restarting Desktop stream"]);
    assert!(!restart(&model).0);
    known.snapshot.as_mut().unwrap().jobs[0].result = Some("done".into());
    assert_eq!(TrayModel::of(&known).icon, ICON_ATTENTION);
}

#[test]
fn a_restart_counts_from_the_click_on() {
    let model = TrayModel::of(&Known { asked: vec!["selkies".into()], ..known(vec![selkies()]) });
    assert_eq!((model.icon, restart(&model).0), (ICON_WORKING, false));
    assert_eq!(labels(&model)[1], "Restarting Desktop stream");
}

#[test]
fn the_stream_is_what_the_browser_shows() {
    let other = ServiceFacts { category: STREAM.into(), ..service("a-helper", "ok") };
    let mut known = known(vec![other, selkies()]);
    assert_eq!(restart(&TrayModel::of(&known)).1, &Action::Restart("a-helper".into()));
    let way = WayFacts { kind: BROWSER.into(), service: "selkies".into(), ..WayFacts::default() };
    known.snapshot.as_mut().unwrap().ways.push(way);
    assert_eq!(restart(&TrayModel::of(&known)).1, &Action::Restart("selkies".into()));
    known.snapshot.as_mut().unwrap().services.clear();
    assert!(!restart(&TrayModel::of(&known)).0);
}

#[test]
fn the_link_is_of_a_way_that_works() {
    let way = |kind: &str, state: &str, address: &str| WayFacts {
        kind: kind.into(),
        state: state.into(),
        address: address.into(),
        ..WayFacts::default()
    };
    let mut known = known(vec![]);
    assert_eq!(connection_link(&known), None);
    let ways = vec![way("vnc", "working", "v"), way(BROWSER, "broken", "b"), way("browser-vnc", "working", "n")];
    known.snapshot.as_mut().unwrap().ways = ways;
    assert_eq!(connection_link(&known), Some("v"));
    known.snapshot.as_mut().unwrap().ways[1].state = "working".into();
    assert_eq!(connection_link(&known), Some("b"));
}

#[test]
fn hostile_labels_stay_on_one_short_line() {
    let hostile = ServiceFacts { label: "a\nb".repeat(200), ..service("x", "failing") };
    let model = TrayModel::of(&known(vec![hostile]));
    let label = labels(&model)[1];
    assert!(label.chars().count() <= WIDEST + 1 && !label.contains('\n'), "{label}");
}

#[test]
fn every_state_has_its_words() {
    let said = |health: &str, state: &str| complaint(&ServiceFacts { state: state.into(), ..service("x", health) });
    assert_eq!(said("flapping", "exited"), "keeps ending");
    assert_eq!(said("failing", "fatal"), "does not start");
    assert_eq!(said("failing", "exited"), "has ended");
    assert_eq!(said("failing", "running"), "does not work");
    assert_eq!(said("none", "stopped"), "is stopped");
    assert_eq!(said("melting", "running"), "is melting");
}

#[test]
fn what_has_been_seen_calls_no_more_but_still_shows() {
    let known = Known { alert: false, ..known(vec![service("x", "failing")]) };
    let model = TrayModel::of(&known);
    assert_eq!((model.status, model.icon), (Status::Active, ICON_ATTENTION));
    assert_eq!(wrong(&known).len(), 1);
    let known = Known { away: Some("away".into()), ..known };
    assert_eq!((TrayModel::of(&known).status, wrong(&known).len()), (Status::Active, 1));
}

#[test]
fn vnc_is_a_switch_where_there_is_a_server() {
    let switch = |known: &Known| {
        TrayModel::of(known).menu.into_iter().find_map(|entry| match entry {
            Entry::Switch { on, enabled, action, .. } => Some((on, enabled, action)),
            _ => None,
        })
    };
    let mut known = known(vec![selkies(), service("x11vnc", "ok")]);
    assert_eq!(switch(&known), None, "nobody says how it is");
    let vnc = crate::client::VncFacts { enabled: true, ..Default::default() };
    known.snapshot.as_mut().expect("known").vnc = Some(Box::new(vnc));
    assert_eq!(switch(&known), Some((true, true, Action::Vnc { on: false, force: false })));
    known.asked_vnc = true;
    assert!(switch(&known).is_some_and(|(_, enabled, _)| !enabled), "one question at a time");
    known.asked_vnc = false;
    known.snapshot.as_mut().expect("known").jobs = vec![restart_of(1, "x11vnc")];
    assert!(switch(&known).is_some_and(|(_, enabled, _)| !enabled), "it is being worked on");
    known.snapshot.as_mut().expect("known").services.pop();
    assert_eq!(switch(&known), None);
}
