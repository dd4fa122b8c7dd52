//! The stream's settings over the bus, with the real Selkies and a real browser in front of it.
//!
//! What a killed daemon or a full disk does to a change is in tests/trials.rs.

#![expect(clippy::expect_used, reason = "tests")]

mod support;

use std::collections::HashMap;
use std::time::Duration;

use desktop_control::api::Error;
use desktop_control::api::proxy::{PendingProxy, StreamProxy};
use desktop_control::api::stream::{EffectiveInfo, SettingInfo};
use desktop_control::host::selkies;
use desktop_control::model::trial::Audience;
use support::browser::Browser;
use support::{Boot, DEADLINE, Stack, shared, wait_until};
use zbus::proxy::CacheProperties;
use zbus::zvariant::{OwnedFd, Value};

const UNITS: &[&str] = &[
    "dbus-system",
    "dbus-session",
    "polkitd",
    "x-server",
    "desktop",
    "pipewire",
    "wireplumber",
    "pipewire-pulse",
    "selkies",
    "desktop-controld",
];
const CONFIG: &str = "[stream]\nfixed = ['ui_title']\n";

fn boot() -> Boot {
    Boot { units: UNITS, ..Boot::default() }.and_file("/etc/desktop-control/config.toml", CONFIG)
}

fn address(stack: &Stack) -> String {
    format!("http://localhost:{}/", stack.info("SELKIES_PORT"))
}

/// Somebody at the other end of the bus.
struct Client {
    runtime: tokio::runtime::Runtime,
    bus: zbus::Connection,
}

type Changes<'c> = &'c [(&'c str, Value<'c>)];

impl Client {
    /// With our own settings as on the first day.
    fn at(stack: &Stack) -> Self {
        stack.reset_stream();
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let bus = runtime.block_on(stack.bus());
        Self { runtime, bus }
    }

    async fn stream(&self) -> StreamProxy<'_> {
        let stream = StreamProxy::builder(&self.bus).cache_properties(CacheProperties::No).build();
        stream.await.expect("a proxy")
    }

    async fn pending(&self, path: &str) -> PendingProxy<'_> {
        let pending = PendingProxy::builder(&self.bus).path(path.to_owned()).expect("a path");
        pending.cache_properties(CacheProperties::No).build().await.expect("a proxy")
    }

    fn settings(&self) -> Vec<SettingInfo> {
        self.runtime.block_on(async { self.stream().await.list_settings(HashMap::new()).await }).expect("settings")
    }

    fn setting(&self, name: &str) -> SettingInfo {
        self.settings().into_iter().find(|setting| setting.name == name).expect("there")
    }

    fn value(&self, name: &str) -> (String, String, String) {
        let setting = self.setting(name);
        (setting.value.unwrap_or_default(), setting.meaning, setting.source)
    }

    fn plan(&self, changes: Changes<'_>) -> Result<Vec<String>, Error> {
        let changes = changes.iter().cloned().collect();
        let plan = self.runtime.block_on(async { self.stream().await.plan(changes, HashMap::new()).await })?;
        Ok(plan.changes)
    }

    /// The path of the change.
    fn apply(&self, changes: Changes<'_>, options: Changes<'_>) -> Result<String, Error> {
        let (changes, options) = (changes.iter().cloned().collect(), options.iter().cloned().collect());
        self.runtime.block_on(async { self.stream().await.apply(changes, options).await }).map(|path| path.to_string())
    }

    fn reset(&self, names: &[&str]) -> Option<String> {
        let keep = HashMap::from([("keep", Value::from(true))]);
        let path = self.runtime.block_on(async { self.stream().await.reset(names, keep).await });
        Some(path.expect("a path").to_string()).filter(|path| path != "/")
    }

    fn effective(&self) -> EffectiveInfo {
        self.runtime.block_on(async { self.stream().await.effective().await }).expect("a property")
    }

    fn watch(&self) -> OwnedFd {
        self.runtime.block_on(async { self.stream().await.watch(HashMap::new()).await }).expect("a lease")
    }

    fn stage(&self, path: &str) -> String {
        self.runtime.block_on(async { self.pending(path).await.stage().await }).unwrap_or_default()
    }

    fn waits_for(&self, path: &str, stage: &str) {
        let what = || format!("{path} is {stage}, not {}", self.stage(path));
        wait_until(DEADLINE, what, || (self.stage(path) == stage).then_some(()));
    }

    fn answers(&self, path: &str, keep: bool) -> Result<(), Error> {
        self.runtime.block_on(async {
            let pending = self.pending(path).await;
            if keep { pending.keep(HashMap::new()).await } else { pending.revert(HashMap::new()).await }
        })
    }

    /// Until the server really does this. Somebody must watch, here and in a browser.
    fn sees(&self, encoder: &str, framerate: f64) -> EffectiveInfo {
        let what = || format!("the stream is {encoder} at {framerate} fps, not {:?}", self.effective());
        wait_until(DEADLINE, what, || {
            let now = self.effective();
            (now.encoder.as_deref() == Some(encoder) && now.framerate == Some(framerate)).then_some(now)
        })
    }
}

fn enforced(value: &str) -> Value<'_> {
    Value::from((value, "enforced"))
}

fn text(value: &str) -> Value<'_> {
    Value::from(value)
}

#[test]
fn the_installed_server_tells_its_own_settings() {
    let stack = shared(boot);
    let client = Client::at(&stack);
    let settings = client.settings();
    assert!(settings.len() >= 160, "{}", settings.len());
    let (backend, version, source, note, mode) = client.runtime.block_on(async {
        let stream = client.stream().await;
        let source = stream.schema_source().await.expect("a property");
        let note = stream.schema_note().await.expect("a property");
        let version = stream.backend_version().await.expect("a property");
        let mode = stream.write_mode().await.expect("a property");
        (stream.backend().await.expect("a property"), version, source, note, mode)
    });
    assert_eq!((backend.as_str(), version.as_str(), source.as_str()), ("selkies", "2.1.0", "server"));
    assert_eq!((note.as_str(), mode.as_str()), ("", "settings-file"));
    assert_eq!(settings[0].name, "encoder", "what matters most stands first");
    assert_eq!(settings[0].values.as_ref().expect("values").len(), 7);
    for setting in &settings {
        assert!(!setting.label.is_empty() && !setting.group_label.is_empty(), "{setting:?}");
        assert!(!setting.meanings.is_empty(), "{setting:?}");
        assert_eq!(setting.secret.is_some(), setting.value.is_none(), "{setting:?}");
    }
    let port = client.setting("port");
    assert_eq!((port.source.as_str(), port.value.as_deref()), ("command-line", Some(stack.info("SELKIES_PORT"))));
    assert!(port.fixed.expect("fixed").contains("start script"));
    assert_eq!(client.value("enable_basic_auth").0, "false", "the start script's own default");
}

#[test]
fn a_change_is_tried_kept_and_survives() {
    let stack = shared(boot);
    let client = Client::at(&stack);
    let mut browser = Browser::open(&address(&stack));
    let lease = client.watch();
    let before = client.sees("h264enc", 60.0);
    assert_eq!((before.by.as_deref(), before.transport.as_deref()), (Some("cpu"), Some("websockets")));
    assert_eq!(before.verdict, "fallback", "{before:?}");
    assert_eq!(before.mended.as_deref(), Some("instance"), "{before:?}");
    let revision = client.runtime.block_on(async { client.stream().await.revision().await }).expect("a property");
    let path = client.apply(&[("encoder", text("jpeg")), ("framerate", enforced("20"))], &[]).expect("begun");
    client.waits_for(&path, "waiting");
    // The page that stayed open comes back by itself.
    let now = client.sees("jpeg", 20.0);
    assert_eq!((now.by.as_deref(), now.verdict.as_str()), (Some("cpu"), "as-configured"), "{now:?}");
    assert_eq!((now.width, now.height), (Some(1280), Some(720)));
    let refused = client.apply(&[("framerate", text("30"))], &[]).expect_err("one at a time");
    assert!(matches!(refused, Error::Busy(_)), "{refused:?}");
    wait_until(
        DEADLINE,
        || "the viewer's speed is known".into(),
        || {
            let (viewers, fps) = client.runtime.block_on(async {
                let stream = client.stream().await;
                (stream.viewers().await.expect("a property"), stream.fps().await.expect("a property"))
            });
            (viewers == 1 && fps > 0.0 && fps <= 20.0).then_some(())
        },
    );
    client.answers(&path, true).expect("a viewer gets pictures, so it can be kept");
    client.waits_for(&path, "kept");
    let later = client.runtime.block_on(async { client.stream().await.revision().await }).expect("a property");
    assert!(later > revision);
    stack.shell("supervisorctl restart selkies");
    stack.wait_for_health("selkies", "ok");
    assert_eq!(client.value("framerate"), ("20".into(), "enforced".into(), "override".into()));
    let encoder = client.value("encoder");
    assert_eq!(encoder, ("jpeg".into(), "new-viewers".into(), "override".into()));
    client.sees("jpeg", 20.0);
    let history = client.runtime.block_on(async { client.stream().await.history(HashMap::new()).await });
    assert!(history.expect("moments").len() >= 5);
    browser.picture("stream-jpeg.png");
    drop((browser, lease));
}

#[test]
fn a_change_that_is_taken_back_leaves_everything_as_it_was() {
    let stack = shared(boot);
    let client = Client::at(&stack);
    let _browser = Browser::open(&address(&stack));
    let _lease = client.watch();
    client.sees("h264enc", 60.0);
    let path = client.apply(&[("framerate", enforced("30"))], &[]).expect("begun");
    client.waits_for(&path, "waiting");
    client.sees("h264enc", 30.0);
    assert_eq!(client.value("framerate"), ("30".into(), "enforced".into(), "override".into()), "while it is tried");
    client.answers(&path, false).expect("taken back");
    client.waits_for(&path, "reverted");
    client.sees("h264enc", 60.0);
    assert_eq!(client.value("framerate"), ("60".into(), "new-viewers".into(), "built-in".into()));
}

#[test]
fn presets_are_bundles_of_values() {
    let stack = shared(boot);
    let client = Client::at(&stack);
    let preset = || client.runtime.block_on(async { client.stream().await.preset().await }).expect("a property");
    assert_eq!(preset(), "balanced", "what the server does by itself");
    let keep = || HashMap::from([("keep", Value::from(true))]);
    let apply = |name: &str| {
        client
            .runtime
            .block_on(async { client.stream().await.apply_preset(name, keep()).await })
            .map(|it| it.to_string())
    };
    let path = apply("slow-link").expect("begun");
    client.waits_for(&path, "kept");
    assert_eq!(preset(), "slow-link");
    assert_eq!(client.value("video_bitrate").0, "1500");
    assert_eq!(apply("slow-link").expect("nothing to do"), "/");
    let path = client.apply(&[("framerate", text("25"))], &[("keep", Value::from(true))]).expect("begun");
    client.waits_for(&path, "kept");
    assert_eq!(preset(), "", "one value more is nobody's");
    match apply("nonsense") {
        Err(Error::UnknownSetting(sentence)) => assert!(sentence.contains("slow-link"), "{sentence}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_cannot_be_is_refused_and_nothing_is_written() {
    let stack = shared(boot);
    let client = Client::at(&stack);
    let pid = stack.pid_of("selkies");
    let long = "x".repeat(1024 * 1024);
    let cases: &[(&str, Value<'_>, &str, &str)] = &[
        ("framerat", text("20"), "UnknownSetting", "framerate"),
        ("framerate", text("fast"), "InvalidSetting", "8 to 240"),
        ("framerate", Value::from(20_u32), "InvalidSetting", "text"),
        ("framerate", Value::from(("20", "maybe")), "InvalidSetting", "maybe"),
        ("encoder", Value::from(("jpeg", "server")), "InvalidSetting", "enforced for everyone"),
        ("encoder", text("$(touch /tmp/x)"), "InvalidSetting", "jpeg"),
        ("turn_username", text("two\nlines"), "InvalidSetting", "one line"),
        ("turn_username", text(&long), "InvalidSetting", "at most"),
        ("manual_width", text("1921"), "InvalidSetting", "odd"),
        ("port", text("17000"), "Locked", "start script"),
        ("ui_title", text("Mine"), "Locked", "config.toml"),
    ];
    for (name, value, expected, says) in cases {
        for refused in [
            client.plan(&[(name, value.try_clone().expect("plain"))]).expect_err(name),
            client.apply(&[(name, value.try_clone().expect("plain"))], &[]).expect_err(name),
        ] {
            assert_eq!(refused.short_name(), *expected, "{name}: {refused:?}");
            assert!(refused.sentence().contains(says), "{name}: {}", refused.sentence());
        }
    }
    let refused = client.apply(&[("framerate", text("20"))], &[("confirm-within", Value::from(1_u32))]);
    assert_eq!(refused.expect_err("too short").short_name(), "InvalidSetting");
    assert_eq!(client.apply(&[("framerate", text("60"))], &[]).expect("nothing to change"), "/");
    assert_eq!(client.plan(&[]).expect("nothing"), Vec::<String>::new());
    assert_eq!(stack.pid_of("selkies"), pid, "the stream was left alone");
    assert!(!stack.path("/etc/desktop-control/env.d/selkies.env").exists());
    assert!(!stack.path("/etc/desktop-control/env.d/selkies.env.trial").exists());
}

#[test]
fn the_workspaces_file_counts_and_ours_stands_above_it() {
    let stack = shared(boot);
    let client = Client::at(&stack);
    stack.write("/workspace/.env", "SELKIES_FRAMERATE=$((40 + 5))-120\nexport SELKIES_UI_SHOW_LOGO=false\nexit 3\n");
    let refresh = || client.runtime.block_on(async { client.stream().await.refresh(HashMap::new()).await });
    refresh().expect("read anew");
    assert_eq!(client.value("framerate").2, "env-file");
    assert_eq!(client.value("ui_show_logo"), ("false".into(), "server".into(), "env-file".into()));
    let path = client.apply(&[("framerate", enforced("50"))], &[("keep", Value::from(true))]).expect("begun");
    client.waits_for(&path, "kept");
    assert_eq!(client.value("framerate"), ("50".into(), "enforced".into(), "override".into()));
    let path = client.reset(&["framerate"]).expect("begun");
    client.waits_for(&path, "kept");
    assert_eq!(client.value("framerate").2, "env-file");
    stack.shell("rm /workspace/.env");
    refresh().expect("read anew");
    assert_eq!(client.value("framerate").2, "built-in");
}

#[test]
fn who_looks_at_a_desktop_that_stands_still_is_there() {
    let stack = shared(boot);
    let client = Client::at(&stack);
    let address = address(&stack);
    let audience = || client.runtime.block_on(selkies::audience(&address));
    assert_eq!(audience(), Audience::Nobody);
    let browser = Browser::open(&address);
    let what = || format!("somebody watches, not {:?}", audience());
    wait_until(DEADLINE, what, || (audience() == Audience::Watching).then_some(()));
    // Nothing moves on this desktop.
    std::thread::sleep(Duration::from_secs(3));
    for _ in 0..3 {
        assert_eq!(audience(), Audience::Watching);
    }
    drop(browser);
    wait_until(DEADLINE, || "nobody does".into(), || (audience() == Audience::Nobody).then_some(()));
    assert_eq!(client.runtime.block_on(selkies::audience("http://127.0.0.1:1/")), Audience::Unknown);
}

#[test]
fn nothing_is_told_of_the_stream_while_nobody_asks() {
    let stack = shared(boot);
    let client = Client::at(&stack);
    let _browser = Browser::open(&address(&stack));
    let lease = client.watch();
    client.sees("h264enc", 60.0);
    drop(lease);
    let viewers = || client.runtime.block_on(async { client.stream().await.viewers().await }).expect("a property");
    wait_until(DEADLINE, || format!("{} viewers are forgotten", viewers()), || (viewers() == -1).then_some(()));
    assert_eq!(client.effective().encoder, None);
    client.runtime.block_on(async { client.stream().await.refresh(HashMap::new()).await }).expect("looks once");
    assert_eq!(viewers(), 1);
}
