use zbus::zvariant::Value;

use super::*;
use crate::api::{self, interface};

fn ledger(path: &str, interface: &str) -> Ledger {
    Ledger { objects: HashMap::from([(path.to_owned(), (interface.to_owned(), Dictionary::new()))]) }
}

/// A signal of the object at `path`.
fn signal<B: serde::Serialize + zbus::zvariant::DynamicType>(
    path: &str,
    interface: &str,
    name: &str,
    body: &B,
) -> Message {
    Message::signal(path, interface, name).unwrap().build(body).unwrap()
}

fn changed(path: &str, interface: &str, name: &str, value: Value<'_>) -> Message {
    let body = (interface, HashMap::from([(name, value)]), Vec::<&str>::new());
    signal(path, "org.freedesktop.DBus.Properties", "PropertiesChanged", &body)
}

#[test]
fn a_change_on_trial_is_news_from_its_question_to_its_end() {
    let path = api::pending_path(7);
    let mut ledger = ledger(&path, interface::PENDING);
    let mut snapshot = Snapshot::default();
    for (name, value) in [("Stage", Value::from("waiting")), ("Deadline", 60_u64.into())] {
        let fact = ledger.enter(&changed(&path, interface::PENDING, name, value)).expect("news");
        assert!(matches!(&fact, Fact::Pending(change) if change.id == 7), "{fact:?}");
        snapshot.apply(&fact);
    }
    assert_eq!(snapshot.on_trial().and_then(|change| change.deadline), Some(60));
    snapshot.apply(&ledger.enter(&changed(&path, interface::PENDING, "Stage", "kept".into())).expect("news"));
    assert_eq!((snapshot.on_trial(), snapshot.pending.len()), (None, 1));
    let path = zbus::zvariant::ObjectPath::try_from(path).unwrap();
    let body = (path, vec![interface::PENDING]);
    let gone = signal(ROOT_PATH, "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved", &body);
    snapshot.apply(&ledger.enter(&gone).expect("news"));
    assert_eq!(snapshot.pending, []);
}

#[test]
fn what_the_stream_does_is_news() {
    let path = api::below("stream");
    let mut ledger = ledger(&path, interface::STREAM);
    let mut snapshot = Snapshot::default();
    for (name, value) in [("Viewers", Value::from(1)), ("Fps", 58.5.into())] {
        snapshot.apply(&ledger.enter(&changed(&path, interface::STREAM, name, value)).expect("news"));
    }
    let stream = snapshot.stream.clone().expect("a stream");
    assert_eq!((stream.viewers, stream.fps), (Some(1), Some(58.5)));
    snapshot.apply(&Fact::StreamGone);
    assert_eq!(snapshot.stream, None);
}

#[test]
fn gpus_are_news_when_they_fail_or_go_and_not_at_every_look() {
    let path = api::gpu_path("GPU-1");
    let mut ledger = ledger(&path, interface::GPU);
    let mut snapshot = Snapshot::default();
    snapshot.apply(&ledger.enter(&changed(&path, interface::GPU, "Index", 1_u32.into())).expect("news"));
    snapshot.apply(&ledger.enter(&changed(&path, interface::GPU, "Health", "lost".into())).expect("news"));
    assert_eq!(snapshot.gpus.iter().map(|gpu| gpu.health.as_str()).collect::<Vec<_>>(), ["lost"]);
    let first = crate::client::GpuFacts { uuid: "GPU-2".into(), ..crate::client::GpuFacts::default() };
    snapshot.apply(&Fact::Gpu(Box::new(first)));
    assert_eq!(snapshot.gpus.iter().map(|gpu| gpu.uuid.as_str()).collect::<Vec<_>>(), ["GPU-2", "GPU-1"]);
    let look = signal(&path, interface::GPU, "StatsUpdated", &(HashMap::from([("time", Value::from(1_u64))]),));
    assert!(ledger.enter(&look).is_none());
    snapshot.apply(&Fact::GpuGone("GPU-1".into()));
    assert_eq!(snapshot.gpus.len(), 1);
}

#[test]
fn toolkits_come_change_and_go() {
    let mut snapshot = Snapshot::default();
    let [old, new] = ["12.9", "13.1"].map(api::toolkit_path);
    let objects = |path: &str| (path.to_owned(), (interface::TOOLKIT.to_owned(), Dictionary::new()));
    let mut ledger = Ledger { objects: HashMap::from([objects(&old), objects(&new)]) };
    for (path, version) in [(&old, "12.9.1"), (&new, "13.1")] {
        snapshot.apply(&ledger.enter(&changed(path, interface::TOOLKIT, "Version", version.into())).expect("news"));
    }
    snapshot.apply(&ledger.enter(&changed(&old, interface::TOOLKIT, "Default", true.into())).expect("news"));
    let seen: Vec<_> = snapshot.toolkits.iter().map(|toolkit| (toolkit.id.as_str(), toolkit.default)).collect();
    assert_eq!(seen, [("13.1", false), ("12.9", true)]);
    let body = (zbus::zvariant::ObjectPath::try_from(old).unwrap(), vec![interface::TOOLKIT]);
    let gone = signal(ROOT_PATH, "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved", &body);
    snapshot.apply(&ledger.enter(&gone).expect("news"));
    assert_eq!(snapshot.toolkits.len(), 1);
}
