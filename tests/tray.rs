//! The tray icon on a real session bus: in Plasma, and where a test plays the desktop's part to see what is asked of
//! it.

#![expect(clippy::expect_used, reason = "tests")]

#[path = "tray/scene.rs"]
mod scene;
#[path = "tray/stand_ins.rs"]
mod stand_ins;
mod support;

use std::process::Child;
use std::time::{Duration, Instant};

use scene::{NOTIFICATIONS, Scene, tray, wait_for};
use stand_ins::{Notifications, Shown, Watcher, Window};
use support::session_bus::{SessionBus, TrayItem};
use support::{Boot, DEADLINE, Stack, text, wait_until};

const TRAY: &str = "io.github.desktop_control.Tray";
const APP: &str = "io.github.desktop_control.DesktopControl";
const WATCHER: &str = "org.kde.StatusNotifierWatcher";
/// Longer than anything that must not happen takes to happen.
const WHILE: Duration = Duration::from_secs(8);

/// A session without a desktop: two buses, a display and the daemon. And a service that ends at once until the file
/// `/tmp/fine` is there, then one that listens.
fn session() -> Boot {
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
    let command = format!(
        "command=bash -c 'test -e /tmp/fine || exit 1; exec python3 -m http.server {port} --bind 127.0.0.1'\n\
         startsecs=0\nautorestart=true\nautostart=false"
    );
    let entry = format!(
        "[service.fragile]\nlabel = \"<Fragile> service\"\nconsequence = \"Whatever it holds is lost.\"\n\
         ready-within = 3\nprobe = {{ listen = \"{port}\" }}\n"
    );
    let units = &["dbus-system", "polkitd", "desktop-controld", "dbus-session", "x-server"];
    let boot = Boot { units, extra: vec![support::program("fragile", &command)], ..Boot::default() };
    boot.and_file("/etc/desktop-control/services.d/fragile.toml", &entry)
}

/// A session without a desktop, and our icon in it.
fn begin() -> Scene {
    Scene::of(session().start())
}

/// Waits for the end of a tray icon, which must be a good one.
fn wait_for_end(mut tray: Child, why: &str) {
    let what = || format!("the tray icon ends: {why}");
    let status = wait_until(Duration::from_secs(15), what, || tray.try_wait().expect("a child"));
    assert!(status.success(), "{why}: {status}");
}

fn wait_for_message(notifications: &Notifications, count: usize) -> Shown {
    let what = || format!("message {count} is shown: {:?}", notifications.shown.all());
    wait_until(DEADLINE, what, || notifications.shown.all().get(count - 1).cloned())
}

fn crash(scene: &Scene) {
    scene.stack.shell("rm -f /tmp/fine; supervisorctl stop fragile; supervisorctl start fragile || true");
    scene.stack.wait_for_health("fragile", "flapping");
}

#[test]
fn it_waits_for_a_session_and_for_somebody_to_carry_it() {
    let stack = session().start();
    stack.shell("supervisorctl stop dbus-session");
    let mut tray = tray(&stack);
    std::thread::sleep(Duration::from_secs(2));
    assert!(tray.try_wait().expect("a child").is_none(), "there will be a session bus");
    stack.shell("supervisorctl start dbus-session");
    let bus = SessionBus::join(&stack);
    wait_for("it is on the bus", || bus.has_owner(TRAY).then_some(()));

    // Plasma's own has its name before it serves anything.
    bus.own(WATCHER);
    std::thread::sleep(Duration::from_secs(1));
    let watcher = Watcher::default();
    bus.serve("/StatusNotifierWatcher", watcher.clone());
    let name = wait_for("an icon is registered", || watcher.items.all().pop());
    let item = TrayItem::listed(&bus, &name);
    wait_for("it knows", || (item.tooltip().0 == "All is well").then_some(()));
    assert_eq!((item.text("Id"), item.text("Title")), ("desktop-control".into(), "Desktop Control".into()));
    assert_eq!((item.text("Category"), item.text("Status")), ("SystemServices".into(), "Active".into()));
    assert_eq!(item.text("IconName"), format!("{APP}-symbolic"));

    // Another one takes over, at once and after a while.
    for pause in [0, 2] {
        bus.release(WATCHER);
        std::thread::sleep(Duration::from_secs(pause));
        let (other, watcher) = (SessionBus::join(&stack), Watcher::default());
        other.serve("/StatusNotifierWatcher", watcher.clone());
        other.own(WATCHER);
        wait_for("it is registered there too", || watcher.items.all().pop());
        other.release(WATCHER);
        bus.own(WATCHER);
    }
    assert!(tray.try_wait().expect("a child").is_none());
    stack.shell("pkill -TERM -f '^desktop-control-tray'");
    wait_for_end(tray, "SIGTERM");
}

#[test]
fn trouble_is_one_message_that_is_replaced_by_its_end() {
    let scene = begin();
    let notifications = scene.notifications();
    crash(&scene);
    let message = wait_for_message(&notifications, 1);
    assert_eq!(message.summary, "<Fragile> service keeps ending");
    assert!(message.body.ends_with("On a restart: Whatever it holds is lost."), "{message:?}");
    assert_eq!((message.replaces, message.urgency, message.transient), (0, 1, false));
    assert_eq!(message.desktop_entry, APP);
    assert_eq!(message.actions, ["default", "Open", "open", "Open", "restart", "Restart"]);

    let item = scene.item();
    assert_eq!(item.text("IconName"), format!("{APP}-attention-symbolic"));
    assert_eq!(item.labels()[..2], ["1 thing needs attention", "<Fragile> service keeps ending"]);
    std::thread::sleep(WHILE);
    assert_eq!(notifications.shown.all().len(), 1, "it is the same trouble: {:?}", notifications.shown.all());
    wait_for("the icon has called for long enough", || (item.text("Status") == "Active").then_some(()));

    // Its button restarts the service, which works now.
    scene.stack.shell("touch /tmp/fine");
    scene.press(1, "restart");
    let message = wait_for_message(&notifications, 2);
    assert_eq!(message.summary, "<Fragile> service works again");
    assert_eq!((message.replaces, message.urgency, message.transient), (1, 0, true));
    scene.wait_for_summary("All is well");

    // What has gone out of sight is taken away, since Plasma would show nothing in its place.
    scene.bus.signal("/org/freedesktop/Notifications", NOTIFICATIONS, "NotificationClosed", &(1_u32, 1_u32));
    crash(&scene);
    let message = wait_for_message(&notifications, 3);
    assert_eq!((message.replaces, notifications.closed.all()), (0, vec![1]));
}

#[test]
fn messages_that_are_not_wanted_are_not_shown() {
    let scene = begin();
    let notifications = scene.notifications();
    let settings = "/home/user/.config/desktop-control/settings.toml";
    scene.stack.write(settings, "[notifications]\ntrouble = false\n");
    std::thread::sleep(Duration::from_secs(1));
    crash(&scene);
    scene.wait_for_summary("1 thing needs attention");
    std::thread::sleep(WHILE);
    assert!(notifications.shown.all().is_empty(), "{:?}", notifications.shown.all());
    scene.stack.write(settings, "[notifications]\ntrouble = true\n");
    std::thread::sleep(Duration::from_secs(1));
    scene.stack.ctl_ok(&["services", "stop", "fragile"]);
    scene.wait_for_summary("All is well");
    std::thread::sleep(WHILE);
    crash(&scene);
    wait_for_message(&notifications, 1);
}

#[test]
fn without_a_notification_server_the_icon_tells() {
    let mut scene = begin();
    crash(&scene);
    scene.wait_for_summary("1 thing needs attention");
    std::thread::sleep(WHILE);
    assert!(scene.tray.try_wait().expect("a child").is_none());
    // Who comes later is told what is still so.
    let notifications = scene.notifications();
    assert_eq!(wait_for_message(&notifications, 1).summary, "<Fragile> service keeps ending");
}

#[test]
fn what_is_broken_before_anybody_looks_is_told_only_if_it_is_essential() {
    let entry = "[service.fragile]\nlabel = \"Fragile\"\nessential = true\nunknown = \"nobody asks\"\n";
    for essential in [false, true] {
        let boot = if essential {
            session().and_file("/etc/desktop-control/services.d/fragile.toml", entry)
        } else {
            session()
        };
        let stack = boot.start();
        stack.shell("supervisorctl start fragile || true");
        stack.wait_for_health("fragile", "flapping");
        let bus = SessionBus::join(&stack);
        let notifications = Notifications::default();
        bus.serve("/org/freedesktop/Notifications", notifications.clone());
        bus.own(NOTIFICATIONS);
        let mut tray = tray(&stack);
        if essential {
            wait_for_message(&notifications, 1);
        } else {
            std::thread::sleep(WHILE);
            assert!(notifications.shown.all().is_empty(), "{:?}", notifications.shown.all());
        }
        let _ = tray.kill();
        let _ = tray.wait();
    }
}

#[test]
fn it_ends_with_its_session_and_gives_way_to_a_newer_one() {
    let stack = session().start();
    let bus = SessionBus::join(&stack);
    let first = tray(&stack);
    wait_for("it is on the bus", || bus.has_owner(TRAY).then_some(()));
    let second = tray(&stack);
    wait_for_end(first, "a second one takes over");
    assert!(bus.has_owner(TRAY));
    let began = Instant::now();
    stack.shell("pkill -TERM -f '^desktop-control-tray'");
    wait_for_end(second, "SIGTERM");
    assert!(began.elapsed() < Duration::from_secs(2), "at once, not after {:?}", began.elapsed());

    let third = tray(&stack);
    wait_for("it is on the bus", || bus.has_owner(TRAY).then_some(()));
    stack.shell("supervisorctl restart x-server");
    wait_for_end(third, "the display has ended");

    stack.wait_for_health("x-server", "ok");
    let fourth = tray(&stack);
    wait_for("it is on the bus", || bus.has_owner(TRAY).then_some(()));
    stack.shell("supervisorctl restart dbus-session");
    wait_for_end(fourth, "the session bus has ended");
}

#[test]
fn it_sleeps_while_nothing_changes() {
    let scene = begin();
    // Threads of the start are kept for ten seconds.
    std::thread::sleep(Duration::from_secs(15));
    let switches = || {
        scene.stack.shell(
            "cat /proc/$(pgrep -f '^desktop-control-tray')/task/*/status | \
             awk '/^voluntary_ctxt_switches/ { sum += $2 } END { print sum }'",
        )
    };
    let before = switches();
    std::thread::sleep(Duration::from_secs(10));
    assert_eq!(switches(), before);
}

#[test]
fn clicks_reach_the_window_that_is_open_and_start_one_otherwise() {
    let scene = begin();
    let item = scene.item();
    // A program that writes down how it was started.
    let program =
        "#!/bin/bash\nwords=$*\necho \"started ${words:-plainly}, session $(ps -o sid= -p $$)\" >>/tmp/started\n";
    scene.stack.shell("rm -f /usr/bin/desktop-control");
    scene.stack.write("/usr/bin/desktop-control", program);
    scene.stack.shell("chmod 755 /usr/bin/desktop-control");
    let started = |count: usize| {
        wait_for("the window is started", || {
            let said = std::fs::read_to_string(scene.stack.path("/tmp/started")).unwrap_or_default();
            said.lines().nth(count - 1).map(str::to_owned)
        })
    };
    item.click("Activate");
    assert!(started(1).starts_with("started plainly"), "{}", started(1));
    crash(&scene);
    scene.wait_for_summary("1 thing needs attention");
    item.choose("<Fragile> service keeps ending");
    assert!(started(2).starts_with("started --service fragile"), "{}", started(2));

    let window = Window::default();
    scene.bus.serve("/io/github/desktop_control/DesktopControl", window.clone());
    scene.bus.own(APP);
    item.click("Activate");
    item.choose("1 thing needs attention");
    item.choose("<Fragile> service keeps ending");
    item.choose("Open Desktop Control");
    let expected = ["toggle", "page overview", "service fragile", "activate"];
    wait_for("the window is asked", || (window.asked.all() == expected).then_some(()));

    // A window that does not start is told.
    scene.bus.release(APP);
    scene.stack.write("/usr/bin/desktop-control", "#!/bin/bash\nexit 3\n");
    let notifications = scene.notifications();
    item.choose("Open Desktop Control");
    let found = || notifications.shown.all().into_iter().find(|one| one.summary == "The window could not be opened");
    let message = wait_for("it is told that the window does not start", found);
    assert!(message.body.contains("exit status: 3"), "{message:?}");
    item.choose("Quit tray icon");
    wait_for("the icon is gone", || (!scene.bus.has_owner(TRAY)).then_some(()));
}

#[test]
fn a_daemon_that_goes_and_comes_is_told_and_a_refusal_too() {
    let scene = begin();
    let (item, notifications) = (scene.item(), scene.notifications());
    scene.stack.shell("supervisorctl stop desktop-controld");
    scene.wait_for_summary("The control service is not running");
    let restart = |item: &TrayItem<'_>| item.menu().into_iter().find(|entry| entry.label == "Restart stream");
    assert!(!restart(&item).expect("an entry").enabled, "there is nobody to ask");
    assert_eq!(item.text("IconName"), format!("{APP}-attention-symbolic"));
    item.click("SecondaryActivate");
    assert_eq!(wait_for_message(&notifications, 1).summary, "There is no connection link to copy");
    scene.stack.shell("supervisorctl start desktop-controld");
    scene.wait_for_summary("All is well");
    // The system bus takes the daemon's connection with it, and ours.
    scene.stack.shell("supervisorctl restart dbus-system");
    scene.wait_for_summary("All is well");

    // Nobody may any more.
    scene.stack.shell("gpasswd -d user desktop-control; supervisorctl restart polkitd");
    crash(&scene);
    scene.wait_for_summary("1 thing needs attention");
    let found = |summary: &str| notifications.shown.all().iter().position(|one| one.summary == summary);
    let trouble = wait_for("the trouble is told", || found("<Fragile> service keeps ending"));
    let id = u32::try_from(trouble + 1).expect("few");
    scene.press(id, "restart");
    wait_for("the refusal is told", || found("<Fragile> service could not be restarted"));
    let refusal = notifications.shown.all().pop().expect("a message");
    assert!(refusal.body.contains("desktop-control") || refusal.body.contains("root"), "{refusal:?}");
}

mod in_plasma {
    use super::*;

    fn boot() -> Boot {
        Boot { desktop: "plasma", ..Boot::default() }
    }

    /// The names that Plasma lists.
    fn listed(bus: &SessionBus) -> Vec<String> {
        let items = bus.property(WATCHER, "/StatusNotifierWatcher", WATCHER, "RegisteredStatusNotifierItems");
        items.and_then(|items| Vec::<String>::try_from(items).ok()).unwrap_or_default()
    }

    /// Our icon, as Plasma lists it.
    fn item(bus: &SessionBus) -> TrayItem<'_> {
        let what = || format!("our icon is listed: {:?}", listed(bus));
        let name = wait_until(2 * DEADLINE, what, || {
            listed(bus).into_iter().find(|name| TrayItem::listed(bus, name).text("Id") == "desktop-control")
        });
        TrayItem::listed(bus, &name)
    }

    fn wait_for_summary(bus: &SessionBus, summary: &str) {
        let what = || format!("the icon says {summary:?}; it says {:?}", item(bus).tooltip());
        wait_until(2 * DEADLINE, what, || (item(bus).tooltip().0 == summary).then_some(()));
    }

    /// Runs a shell command inside, as the desktop user in the session. Its standard output.
    fn in_session(stack: &Stack, script: &str) -> String {
        let output = stack.command_as("user", &["bash", "-c", script]).output().expect("enter");
        assert!(output.status.success(), "{script}: {}", text(&output));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// One boot for all of it: Plasma takes its time.
    #[test]
    fn it_is_there_from_the_start_and_survives_whatever_dies() {
        let stack = boot().start();
        let bus = SessionBus::join(&stack);
        wait_for_summary(&bus, "All is well");
        assert_eq!(item(&bus).text("Status"), "Active");

        // Its menu restarts the stream.
        let before = stack.pid_of("selkies");
        item(&bus).choose("Restart stream");
        let what = "has another process";
        stack.wait_for_service("selkies", what, |service| {
            service["pid"].as_u64().is_some_and(|pid| pid > 0 && pid != before) && service["health"] == "ok"
        });
        wait_for_summary(&bus, "All is well");

        // The link goes into the clipboard, where Plasma's own tool finds it.
        item(&bus).click("SecondaryActivate");
        let link = format!("http://localhost:{}/", stack.info("SELKIES_PORT"));
        wait_for("the link is in the clipboard", || {
            let held = bus.call("org.kde.klipper", "/klipper", "org.kde.klipper.klipper", "getClipboardContents", &());
            (held.ok()?.body().deserialize::<String>().ok()? == link).then_some(())
        });

        // Who draws the icons dies, then who lists them.
        in_session(&stack, "pkill -9 -x plasmashell; sleep 1; setsid plasmashell >/dev/null 2>&1 &");
        let pid = in_session(&stack, "pgrep -x plasmashell");
        let host = format!("org.kde.StatusNotifierHost-{pid}");
        wait_until(2 * DEADLINE, || format!("{host} draws icons"), || bus.has_owner(&host).then_some(()));
        wait_for_summary(&bus, "All is well");
        in_session(&stack, "pkill -9 -x kded5");
        wait_for("nobody lists icons", || (!bus.has_owner(WATCHER)).then_some(()));
        // As Plasma starts it; otherwise it does not list icons.
        in_session(&stack, "KDE_FULL_SESSION=true KDE_SESSION_VERSION=5 setsid kded5 >/dev/null 2>&1 &");
        wait_for_summary(&bus, "All is well");

        stack.shell("supervisorctl restart dbus-system");
        std::thread::sleep(Duration::from_secs(2));
        wait_for_summary(&bus, "All is well");
        // That Plasma shows a message can be seen from outside when it takes it away.
        let closed = bus.signals(NOTIFICATIONS, "NotificationClosed");
        stack.shell("for i in 1 2 3; do supervisorctl signal KILL x11vnc; sleep 1.5; done");
        wait_for_summary(&bus, "1 thing needs attention");
        let closed = closed.recv_timeout(DEADLINE).expect("a message has been shown");
        let (_, reason): (u32, u32) = closed.body().deserialize().expect("two numbers");
        assert_eq!(reason, 1, "it was seen until its time was over");
    }
}
