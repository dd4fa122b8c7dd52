//! The committed interface XML is the daemon's own introspection, and its errors and objects are what `src/api` says.
//!
//! `UPDATE=1 cargo test --test contract` writes the XML anew.

#![expect(clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::collections::HashMap;

use desktop_control::api::{self, BUS_NAME, ROOT_PATH, interface};
use support::{Boot, Stack, repository};
use zbus::fdo::{IntrospectableProxy, ObjectManagerProxy};

const SERVED: [&str; 11] = [
    interface::ROOT,
    interface::SERVICE,
    interface::JOB,
    interface::ACCESS,
    interface::STREAM,
    interface::GPU,
    interface::VNC,
    interface::CUDA,
    interface::INSTALLER,
    interface::TOOLKIT,
    interface::PENDING,
];
/// As the script of the machine has it.
const GPU: &str = "GPU-5f1c0a3e-0000-4000-8000-000000000001";
/// Enough for Selkies to count as installed. Its settings are then the ones that come with the daemon.
const SELKIES: &str = "/opt/selkies/lib/python3.11/site-packages/selkies-2.1.0.dist-info/METADATA";
/// Enough for a toolkit.
const TOOLKIT: &str = "/usr/local/cuda-12.9/version.json";
const VERSION: &str = r#"{"cuda":{"name":"CUDA SDK","version":"12.9.1"}}"#;

fn boot() -> Stack {
    let programs = [("sleeper", "command=sleep 10000\nstartsecs=0"), ("selkies", "command=sleep 10000\nstartsecs=0")];
    let stack =
        Boot::core_with(&programs).and_file(SELKIES, "").and_gpus("one-consumer").and_file(TOOLKIT, VERSION).start();
    stack.wait_for_service("sleeper", "runs", |service| service["state"] == "running");
    stack.ctl_ok(&["services", "restart", "sleeper"]);
    stack
}

/// One interface as XML, alone in a node.
async fn xml_of(bus: &zbus::Connection, path: &str, interface: &str) -> String {
    let object = IntrospectableProxy::builder(bus).destination(BUS_NAME).expect("a name").path(path).expect("a path");
    let object = object.build().await.expect("a proxy");
    let all = object.introspect().await.expect("introspection");
    let begin =
        all.find(&format!("<interface name=\"{interface}\">")).unwrap_or_else(|| panic!("{path} has no {interface}"));
    let end = all[begin..].find("</interface>").expect("an end") + begin + "</interface>".len();
    let doctype = "<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n \
                   \"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">";
    format!("{doctype}\n<node>\n  {}\n</node>\n", &all[begin..end])
}

#[tokio::test]
async fn the_committed_xml_is_what_the_daemon_serves() {
    let stack = boot();
    let bus = stack.bus().await;
    let paths = [
        ROOT_PATH.to_owned(),
        api::service_path("sleeper"),
        api::job_path(1),
        api::below("access"),
        api::below("stream"),
        api::gpu_path(GPU),
        api::below("vnc"),
        api::below("cuda"),
        api::below("cuda"),
        api::toolkit_path("12.9"),
        begin_a_change(&bus).await,
    ];
    for (interface, path) in SERVED.into_iter().zip(paths) {
        let served = xml_of(&bus, &path, interface).await;
        let file = repository().join("data/dbus").join(format!("{interface}.xml"));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&file, &served).expect("write");
        }
        let committed = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(committed == served, "{} is not what is served; UPDATE=1 writes it anew", file.display());
    }
    everything_is_found_through_the_object_manager(&bus).await;
    errors_come_back_as_themselves(&bus).await;
}

/// The object of a change exists while it is on trial, and for a while afterwards.
async fn begin_a_change(bus: &zbus::Connection) -> String {
    let stream = api::proxy::StreamProxy::new(bus).await.expect("a proxy");
    let changes = HashMap::from([("framerate", zbus::zvariant::Value::from("30"))]);
    let path = stream.apply(changes, HashMap::new()).await.expect("begun").to_string();
    // It was served a moment before the answer or is a moment after it.
    for _ in 0..100 {
        let manager = ObjectManagerProxy::builder(bus).destination(BUS_NAME).expect("a name");
        let manager = manager.path(ROOT_PATH).expect("a path").build().await.expect("a proxy");
        if manager.get_managed_objects().await.expect("objects").keys().any(|at| at.as_str() == path) {
            return path;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{path} is not served")
}

async fn everything_is_found_through_the_object_manager(bus: &zbus::Connection) {
    let manager =
        ObjectManagerProxy::builder(bus).destination(BUS_NAME).expect("a name").path(ROOT_PATH).expect("a path");
    let manager = manager.build().await.expect("a proxy");
    let objects = manager.get_managed_objects().await.expect("objects");
    let has = |path: String, interface: &str| {
        let found = objects.iter().find(|(at, _)| at.as_str() == path);
        found.is_some_and(|(_, interfaces)| interfaces.keys().any(|name| name.as_str() == interface))
    };
    for name in ["dbus-system", "polkitd", "desktop-controld", "sleeper"] {
        assert!(has(api::service_path(name), interface::SERVICE), "{name}");
    }
    assert!(has(api::below("access"), interface::ACCESS));
    assert!(has(api::below("stream"), interface::STREAM));
    assert!(has(api::below("vnc"), interface::VNC));
    assert!(has(api::gpu_path(GPU), interface::GPU));
    assert!(has(api::below("cuda"), interface::CUDA));
    assert!(has(api::toolkit_path("12.9"), interface::TOOLKIT));
    assert!(has(api::job_path(1), interface::JOB));
}

async fn errors_come_back_as_themselves(bus: &zbus::Connection) {
    let service = api::proxy::ServiceProxy::builder(bus).path(api::service_path("desktop-controld")).expect("a path");
    let service = service.build().await.expect("a proxy");
    match service.stop(HashMap::new()).await {
        Err(api::Error::LastWayIn(sentence)) => assert!(sentence.contains("supervisorctl"), "{sentence}"),
        other => panic!("{other:?}"),
    }
    let options = HashMap::from([("lines", zbus::zvariant::Value::from("many"))]);
    match service.open_log(options).await {
        Err(api::Error::InvalidSetting(sentence)) => assert!(sentence.contains("lines"), "{sentence}"),
        other => panic!("{other:?}"),
    }
    // Options of a later version are no error.
    let options = HashMap::from([("colour", zbus::zvariant::Value::from("blue"))]);
    service.open_log(options).await.expect("unknown options are left alone");
    let job =
        api::proxy::JobProxy::builder(bus).path(api::job_path(1)).expect("a path").build().await.expect("a proxy");
    assert!(matches!(job.cancel(HashMap::new()).await, Err(api::Error::Unsupported(_))), "it is over");
}
