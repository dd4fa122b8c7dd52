//! RUNNING proves nothing: each probe's target is broken while supervisord goes on saying RUNNING, and health says so.

#![expect(clippy::expect_used, reason = "tests")]

mod support;

use support::{Boot, Stack, shared};

fn boot() -> Boot {
    // Probes of troubled services come each 5 s anyway; a watched daemon also asks healthy ones that often.
    Boot::default()
}

/// Breaks with `how` (a shell command inside, `$pid` is the unit's process), sees it told, mends it, sees that too.
fn breaks(name: &str, how: &str, mend: &str, reason: &str) {
    let stack = shared(boot);
    let _watching = Watching::start(&stack);
    stack.wait_for_health(name, "ok");
    let pid = stack.pid_of(name);
    stack.shell(&format!("pid={pid}; {how}"));
    let service = stack.wait_for_health(name, "failing");
    assert_eq!(service["state"], "running", "supervisord still thinks so: {service}");
    assert_eq!(service["pid"].as_u64(), Some(pid), "{service}");
    let said = service["health_reason"].as_str().expect("text");
    assert!(said.contains(reason), "{name}: {said}");
    stack.shell(&format!("pid={pid}; {mend}"));
    stack.wait_for_health(name, "ok");
}

/// Somebody who looks on, so that probes are asked each 5 s.
struct Watching {
    _lease: zbus::zvariant::OwnedFd,
}

impl Watching {
    fn start(stack: &Stack) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        let lease = runtime.block_on(async {
            let bus = stack.bus().await;
            let root = desktop_control::api::proxy::RootProxy::new(&bus).await.expect("a proxy");
            root.watch(std::collections::HashMap::new()).await.expect("a lease")
        });
        Self { _lease: lease }
    }
}

#[test]
fn selkies_that_hangs() {
    breaks("selkies", "kill -STOP $pid", "kill -CONT $pid", "did not answer");
}

#[test]
fn an_x_server_that_hangs() {
    breaks("x-server", "kill -STOP $pid", "kill -CONT $pid", "did not answer");
}

#[test]
fn a_session_bus_that_hangs() {
    breaks("dbus-session", "kill -STOP $pid", "kill -CONT $pid", "did not answer");
}

#[test]
fn a_desktop_without_a_window_manager() {
    let remove = "source /usr/lib/desktop-control/session.sh; DESKTOP=openbox session_environment; \
                  xprop -root -remove _NET_SUPPORTING_WM_CHECK";
    // openbox announces itself again when it is told to read its configuration; a restart is what heals Plasma too.
    breaks("desktop", remove, "supervisorctl restart desktop", "no window manager");
}

#[test]
fn a_sound_server_whose_socket_is_gone() {
    let socket = "/run/user/1001/pipewire-0";
    breaks("pipewire", &format!("mv {socket} {socket}.away"), &format!("mv {socket}.away {socket}"), "nobody answers");
    let socket = "/run/user/1001/pulse/native";
    breaks(
        "pipewire-pulse",
        &format!("mv {socket} {socket}.away"),
        &format!("mv {socket}.away {socket}"),
        "nobody answers",
    );
}

#[test]
fn a_vnc_server_that_listens_elsewhere() {
    let remote = |port: &str| {
        format!(
            "source /usr/lib/desktop-control/session.sh; DESKTOP=openbox session_environment; \
             setpriv --reuid=user --regid=$(id -g user) --init-groups x11vnc -R rfbport:{port} -sync >/dev/null 2>&1 || true; sleep 1"
        )
    };
    let port = shared(boot).info("VNC_PORT").to_owned();
    breaks("x11vnc", &remote("15999"), &remote(&port), "nobody listens");
}

#[test]
fn a_web_gateway_that_hangs() {
    breaks("novnc", "kill -STOP $pid", "kill -CONT $pid", "did not answer");
}

#[test]
fn a_policy_service_that_hangs() {
    breaks("polkitd", "kill -STOP $pid", "kill -CONT $pid", "did not answer");
}

/// Nobody can ask by a new connection then, but who is connected is told.
#[test]
fn a_system_bus_that_takes_nobody_in() {
    let stack = shared(boot);
    let _watching = Watching::start(&stack);
    stack.wait_for_health("dbus-system", "ok");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    runtime.block_on(async {
        let bus = stack.bus().await;
        let path = desktop_control::api::service_path("dbus-system");
        let name = desktop_control::api::BUS_NAME;
        let properties = zbus::fdo::PropertiesProxy::new(&bus, name, path).await.expect("a proxy");
        let health = async |wanted: &str| {
            for _ in 0..300 {
                let interface = desktop_control::api::interface::SERVICE.try_into().expect("a name");
                let health = properties.get(interface, "Health").await.expect("a property");
                if *health == zbus::zvariant::Value::from(wanted) {
                    return;
                }
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            }
            panic!("the system bus never got {wanted}");
        };
        stack.shell("mv /run/dbus/system_bus_socket /run/dbus/away");
        health("failing").await;
        stack.shell("mv /run/dbus/away /run/dbus/system_bus_socket");
        health("ok").await;
    });
}

/// Its health cannot be told by itself; not being told is what tells.
#[test]
fn a_control_service_that_hangs() {
    let stack = shared(boot);
    let pid = stack.pid_of("desktop-controld");
    stack.shell(&format!("kill -STOP {pid}"));
    let output = stack.ctl(&["status"]);
    stack.shell(&format!("kill -CONT {pid}"));
    assert_eq!(support::code(&output), 3, "{}", support::text(&output));
    stack.wait_for_health("desktop-controld", "ok");
}
