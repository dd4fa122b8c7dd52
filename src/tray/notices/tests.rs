//! What is told, and when, of one service and of several.

use super::*;
use crate::client::preferences::GpuMessages;
use crate::client::{JobFacts, Snapshot};

const ALL: Notifications = Notifications { trouble: true, recovered: true, gpu: GPU };
const GPU: GpuMessages = GpuMessages { lost: true, throttled: true, xid: true, memory_percent: 95, fallback: true };

/// Notices with a clock of their own, and the services as they are.
struct Scene {
    notices: Notices,
    known: Known,
    start: Instant,
    now: Duration,
    wanted: Notifications,
}

impl Scene {
    fn with(names: &[&str]) -> Self {
        let service = |name: &&str| ServiceFacts {
            name: (*name).into(),
            state: "running".into(),
            health: "ok".into(),
            ..ServiceFacts::default()
        };
        let services = names.iter().map(service).collect();
        let known = Known { snapshot: Some(Snapshot { services, ..Snapshot::default() }), ..Known::default() };
        let (notices, start) = (Notices::default(), Instant::now());
        Self { notices, known, start, now: Duration::ZERO, wanted: ALL }
    }

    fn service(&mut self, name: &str) -> &mut ServiceFacts {
        self.known.snapshot.as_mut().unwrap().services.iter_mut().find(|service| service.name == name).unwrap()
    }

    fn see(&mut self) {
        self.notices.see(&self.known, self.start + self.now);
    }

    fn becomes(&mut self, name: &str, health: &str) {
        self.service(name).health = health.into();
        self.see();
    }

    /// Everything that is told within the next seconds.
    fn after(&mut self, seconds: u64) -> Vec<Notice> {
        let end = self.now + Duration::from_secs(seconds);
        let mut told = Vec::new();
        while let Some(due) = self.notices.due().map(|due| due - self.start).filter(|due| *due <= end) {
            self.now = due;
            told.extend(self.notices.settle(self.start + due, self.wanted));
        }
        self.now = end;
        told
    }

    /// The one message that is told.
    fn message_after(&mut self, seconds: u64) -> Message {
        match self.after(seconds).as_slice() {
            [Notice::Show(message)] => (**message).clone(),
            other => panic!("one message, not {other:?}"),
        }
    }
}

#[test]
fn trouble_that_lasts_is_told_once_and_its_end_too() {
    let mut scene = Scene::with(&["a"]);
    scene.see();
    assert_eq!(scene.after(60), []);
    scene.service("a").health_reason = "nobody listens on port 5900".into();
    scene.becomes("a", "failing");
    let message = scene.message_after(5);
    assert_eq!(message.summary, "a does not work");
    assert_eq!(message.body, "Nobody listens on port 5900.");
    assert_eq!((message.urgency, message.transient), (Urgency::Normal, false));
    let restart = Action::Restart("a".into());
    assert_eq!(message.buttons, [("Open", Action::OpenService("a".into())), ("Restart", restart)]);
    scene.service("a").health_reason = "another reason".into();
    scene.see();
    assert_eq!(scene.after(600), [], "it is the same trouble");
    scene.becomes("a", "ok");
    let message = scene.message_after(5);
    assert_eq!(message.summary, "a works again");
    assert_eq!((message.urgency, message.transient), (Urgency::Low, true));
    assert_eq!(scene.after(600), []);
}

#[test]
fn a_blip_is_no_message() {
    let mut scene = Scene::with(&["a"]);
    scene.see();
    for health in ["failing", "unknown", "failing", "ok"] {
        scene.becomes("a", health);
        assert_eq!(scene.after(2), []);
    }
    assert_eq!(scene.after(600), []);
}

#[test]
fn several_at_about_the_same_time_are_one_message() {
    let mut scene = Scene::with(&["a", "b", "c"]);
    scene.see();
    for name in ["a", "b", "c"] {
        scene.becomes(name, "failing");
        assert_eq!(scene.after(1), []);
    }
    let message = scene.message_after(10);
    assert_eq!(message.summary, "3 services need attention");
    assert_eq!(message.body, "a does not work\nb does not work\nc does not work");
    assert_eq!(message.click, Action::OpenPage("services".into()));
    scene.becomes("b", "ok");
    let message = scene.message_after(10);
    assert_eq!(message.summary, "b works again");
    assert!(message.body.ends_with("a does not work\nc does not work") && !message.transient, "{message:?}");
    scene.becomes("a", "ok");
    scene.becomes("c", "ok");
    let message = scene.message_after(10);
    assert_eq!((message.summary.as_str(), message.body.as_str()), ("2 services work again", "a, c"));
}

#[test]
fn only_what_is_essential_and_failed_for_good_is_critical() {
    let urgency = |health: &str, essential| {
        let mut scene = Scene::with(&["a"]);
        scene.service("a").essential = essential;
        scene.see();
        scene.becomes("a", health);
        scene.message_after(10).urgency
    };
    assert_eq!(urgency("failing", true), Urgency::Critical);
    assert_eq!(urgency("flapping", true), Urgency::Normal);
    assert_eq!(urgency("failing", false), Urgency::Normal);
}

#[test]
fn what_takes_others_with_it_is_not_restarted_from_a_message() {
    let mut scene = Scene::with(&["display", "stream"]);
    scene.service("display").essential = true;
    *scene.service("stream") = ServiceFacts {
        essential: true,
        category: STREAM.into(),
        consequence: "The picture freezes.".into(),
        health_reason: "no answer".into(),
        ..scene.service("stream").clone()
    };
    scene.see();
    scene.becomes("display", "failing");
    assert_eq!(scene.message_after(10).buttons.len(), 1);
    scene.becomes("display", "ok");
    scene.after(10);
    scene.becomes("stream", "failing");
    let message = scene.message_after(10);
    assert_eq!((message.buttons.len(), message.body.as_str()), (2, "No answer.\nOn a restart: The picture freezes."));
}

#[test]
fn at_the_start_only_what_is_essential_is_told() {
    let mut scene = Scene::with(&["a", "b"]);
    scene.service("a").health = "failing".into();
    scene.becomes("b", "failing");
    assert_eq!(scene.after(600), []);
    scene.becomes("a", "ok");
    assert_eq!(scene.after(600), [], "nobody was told that it did not work");
    scene.becomes("a", "failing");
    assert_eq!(scene.message_after(10).summary, "a does not work");

    let mut scene = Scene::with(&["a", "b"]);
    scene.service("a").essential = true;
    scene.service("b").health = "failing".into();
    scene.becomes("a", "failing");
    assert_eq!(scene.message_after(10).summary, "a does not work");
}

#[test]
fn a_job_at_work_is_neither_trouble_nor_recovery() {
    let mut scene = Scene::with(&["a"]);
    scene.see();
    scene.becomes("a", "failing");
    scene.message_after(10);
    let job = JobFacts { id: 1, targets: vec!["a".into()], ..JobFacts::default() };
    scene.known.snapshot.as_mut().unwrap().jobs.push(job);
    for health in ["none", "unknown", "ok"] {
        scene.becomes("a", health);
        assert_eq!(scene.after(60), []);
    }
    scene.known.snapshot.as_mut().unwrap().jobs[0].result = Some("done".into());
    scene.see();
    assert_eq!(scene.message_after(10).summary, "a works again");
}

#[test]
fn who_stops_a_service_need_not_be_told() {
    let mut scene = Scene::with(&["a"]);
    scene.service("a").essential = true;
    scene.see();
    scene.service("a").state = "stopped".into();
    scene.becomes("a", "none");
    assert_eq!(scene.after(600), []);
    // It ended by itself, which nobody asked for.
    scene.service("a").state = "exited".into();
    scene.see();
    assert_eq!(scene.message_after(10).summary, "a has ended");
    // Stopped now: the message has nothing to say any more.
    scene.service("a").state = "stopped".into();
    scene.see();
    assert_eq!(scene.after(10), [Notice::Close]);
}

#[test]
fn a_service_that_is_gone_takes_its_message_with_it() {
    let mut scene = Scene::with(&["a", "b"]);
    scene.see();
    scene.becomes("a", "failing");
    scene.message_after(10);
    scene.known.snapshot.as_mut().unwrap().services.remove(0);
    scene.see();
    assert_eq!(scene.after(10), [Notice::Close]);
    scene.see();
    assert_eq!(scene.notices.services.len(), 1);
}

#[test]
fn without_a_probe_it_takes_longer_to_be_believed() {
    let mut scene = Scene::with(&["a"]);
    scene.see();
    scene.becomes("a", "flapping");
    assert_eq!(scene.message_after(10).summary, "a keeps ending");
    scene.becomes("a", "unknown");
    assert_eq!(scene.after(60), []);
    assert_eq!(scene.message_after(120).summary, "a works again");
}

#[test]
fn who_comes_and_goes_is_told_less_and_less_often() {
    let mut scene = Scene::with(&["a"]);
    scene.see();
    let mut told = 0;
    for _ in 0..50 {
        scene.becomes("a", "failing");
        told += scene.after(10).len();
        scene.becomes("a", "ok");
        told += scene.after(10).len();
    }
    assert!((3..=6).contains(&told), "{told} messages in 1000 s");
    assert_eq!(scene.message_after(200).summary, "a works again");
    // Long after that it is as good as new.
    scene.after(3600);
    scene.becomes("a", "failing");
    scene.message_after(10);
    scene.becomes("a", "ok");
    assert_eq!(scene.message_after(4).summary, "a works again");
}

#[test]
fn what_is_not_wanted_is_not_told() {
    let mut scene = Scene::with(&["a"]);
    scene.see();
    scene.wanted.trouble = false;
    scene.becomes("a", "failing");
    assert_eq!(scene.after(10), []);
    scene.becomes("a", "ok");
    assert_eq!(scene.message_after(10).summary, "a works again");
    scene.wanted = Notifications { recovered: false, ..ALL };
    scene.becomes("a", "failing");
    scene.message_after(10);
    scene.becomes("a", "ok");
    assert_eq!(scene.after(60), [Notice::Close], "the message about it is no longer true");
}

#[test]
fn while_the_daemon_is_away_nothing_is_told() {
    let mut scene = Scene::with(&["a"]);
    scene.see();
    scene.becomes("a", "failing");
    scene.known.away = Some("away".into());
    scene.see();
    assert_eq!(scene.after(600), []);
    scene.known.away = None;
    scene.becomes("a", "ok");
    assert_eq!(scene.after(600), []);
}
