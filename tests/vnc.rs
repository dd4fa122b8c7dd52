//! VNC in the real stack: the real x11vnc on the real display, and a viewer from PyPI.

#![expect(clippy::expect_used, reason = "tests")]

mod support;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use desktop_control::api::proxy::VncProxy;
use serde_json::Value;
use support::browser::Browser;
use support::viewer::Viewer;
use support::vnc::{ctl_with, set_password, untouched, vnc};
use support::{Boot, DEADLINE, Stack, code, text, wait_until};

const SETTINGS: &str = "/etc/desktop-control/env.d/x11vnc.env";
const PASSWORD: &str = "/var/lib/desktop-control/vnc-password";
/// The first eight characters of each are to be found nowhere.
const ONE: &str = "kBfw3-one";
const OTHER: &str = "Zq8x'-two";

/// Over D-Bus, as another program would; until the server has started again.
fn set_password_by_bus(stack: &Stack, password: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    let before = stack.pid_of("x11vnc");
    let job = runtime.block_on(async {
        let bus = stack.bus().await;
        let vnc = VncProxy::new(&bus).await.expect("a proxy");
        vnc.set_password(password, HashMap::new()).await.expect("set").to_string()
    });
    let id = job.rsplit('/').next().expect("a number");
    stack.ctl_ok(&["jobs", "follow", id]);
    assert_ne!(stack.pid_of("x11vnc"), before, "it has been restarted");
    stack.wait_for_health("x11vnc", "ok");
}

/// Looks at the command lines of all processes again and again, for as long as it lives.
struct Watchman {
    end: Arc<AtomicBool>,
    rounds: Arc<AtomicUsize>,
    thread: Option<std::thread::JoinHandle<BTreeSet<String>>>,
}

impl Watchman {
    fn begin() -> Self {
        let (end, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (told, counted) = (Arc::clone(&end), Arc::clone(&rounds));
        let look = move || {
            let mut seen = BTreeSet::new();
            while !told.load(Ordering::Relaxed) {
                let entries = std::fs::read_dir("/proc").expect("/proc").flatten();
                let lines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
                seen.extend(lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " ")));
                counted.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(2));
            }
            seen
        };
        Self { end, rounds, thread: Some(std::thread::spawn(look)) }
    }

    /// All command lines that were seen.
    fn end(mut self) -> BTreeSet<String> {
        self.end.store(true, Ordering::Relaxed);
        let seen = self.thread.take().expect("at work").join().expect("it has looked");
        assert!(self.rounds.load(Ordering::Relaxed) > 100, "it has looked often");
        seen
    }
}

#[test]
fn the_password_set_over_the_bus_lets_in_and_no_other_does() {
    let stack = untouched();
    stack.ctl_ok(&["vnc", "password", "--generate"]);
    let watchman = Watchman::begin();
    set_password_by_bus(&stack, ONE);
    assert_eq!(Viewer::try_to_connect(&stack, "wrong-on").1, "refused");
    let _viewer = Viewer::connect(&stack, ONE);
    assert_eq!(Viewer::try_to_connect(&stack, &ONE[..7]).1, "refused", "seven of eight characters");
    assert_eq!(Viewer::try_to_connect(&stack, &format!("{}!", &ONE[..8])).1, "connected", "only eight count");
    set_password(&stack, OTHER);
    assert_eq!(Viewer::try_to_connect(&stack, ONE).1, "refused", "the one before");
    assert_eq!(Viewer::try_to_connect(&stack, OTHER).1, "connected");
    assert_eq!(stack.ctl_ok(&["vnc", "show-password"]), format!("{OTHER}\n"));
    assert_eq!(vnc(&stack)["password_source"], "ours");
    let seen = watchman.end();
    let x11vnc = seen.iter().find(|line| line.starts_with("x11vnc "));
    assert!(x11vnc.is_some(), "the server was seen");
    for password in [ONE, OTHER] {
        let shown: Vec<&String> = seen.iter().filter(|line| line.contains(&password[..6])).collect();
        assert!(shown.is_empty(), "{shown:?}");
        let part = &password[..4];
        let logs = stack.shell(&format!(
            "grep -rlF {part} /var/log /run /tmp /var/lib/desktop-control 2>/dev/null | grep -vx {PASSWORD} || true"
        ));
        assert_eq!(logs, "", "in no log and no journal");
        for words in [&["--json", "vnc"][..], &["vnc"], &["--json", "jobs"], &["status"]] {
            assert!(!stack.ctl_ok(words).contains(part), "{words:?}");
        }
        let pid = stack.pid_of("x11vnc");
        let environment = stack.shell(&format!("tr '\\0' '\\n' </proc/{pid}/environ"));
        assert!(environment.contains("DISPLAY=") && !environment.contains(part), "{environment}");
    }
    assert_eq!(stack.shell(&format!("stat -c '%a %U' {SETTINGS} {PASSWORD}")), "600 root\n600 user");
}

#[test]
fn a_password_that_is_made_up_lets_in() {
    let stack = untouched();
    let said = stack.ctl_ok(&["vnc", "password", "--generate"]);
    stack.wait_for_health("x11vnc", "ok");
    let shown: Value = serde_json::from_str(&stack.ctl_ok(&["--json", "vnc", "show-password"])).expect("JSON");
    let password = shown["password"].as_str().expect("text");
    assert!(password.len() == 8 && !said.contains(password), "{said}");
    Viewer::connect(&stack, password);
    for bad in ["", "tab\there", "pässword", "#comment", "a__b"] {
        let output = ctl_with(&stack, "root", &["vnc", "password"], bad);
        assert_eq!(code(&output), 2, "{bad:?}: {}", text(&output));
        assert!(bad.is_empty() || !text(&output).contains(bad), "{}", text(&output));
    }
    assert_eq!(stack.ctl_ok(&["vnc", "show-password"]).trim_end(), password);
}

/// A terminal that keeps each line that is typed into it.
fn open_notebook(stack: &Stack) {
    stack.shell("rm -f /tmp/typed; touch /tmp/typed; chown user /tmp/typed");
    let script = "while read -r line; do echo \"$line\" >>/tmp/typed; done";
    stack.shell(&format!(
        "setpriv --reuid=user --regid=$(id -g user) --init-groups env HOME=/home/user DISPLAY={display} \
         XAUTHORITY=/run/user/1001/Xauthority setsid xterm -title notebook -e bash -c '{script}' >/dev/null 2>&1 &",
        display = stack.info("DISPLAY"),
    ));
    let there = || {
        let found = stack.command_as("user", &["xdotool", "search", "--name", "notebook", "windowactivate"]).output();
        found.is_ok_and(|found| found.status.success()).then_some(())
    };
    wait_until(DEADLINE, || "the terminal is there".into(), there);
}

fn wait_for_line(stack: &Stack, line: &str) {
    let typed = || stack.shell("cat /tmp/typed");
    wait_until(DEADLINE, || format!("{line} is typed: {:?}", typed()), || typed().ends_with(line).then_some(()));
}

/// Where the mouse is.
fn mouse(stack: &Stack) -> String {
    let output = stack.command_as("user", &["xdotool", "getmouselocation"]).output().expect("enter");
    String::from_utf8_lossy(&output.stdout).split(" screen").next().unwrap_or_default().to_owned()
}

fn wait_for_mouse(stack: &Stack, place: &str) {
    let there = || (mouse(stack) == place).then_some(());
    wait_until(DEADLINE, || format!("the mouse is at {place}: {}", mouse(stack)), there);
}

#[test]
fn who_may_only_look_can_neither_type_nor_move_the_mouse() {
    let stack = untouched();
    set_password(&stack, ONE);
    open_notebook(&stack);
    let mut viewer = Viewer::connect(&stack, ONE);
    viewer.tell("type through");
    wait_for_line(&stack, "through");
    viewer.tell("move 100 120");
    wait_for_mouse(&stack, "x:100 y:120");
    stack.ctl_ok(&["vnc", "view-only", "on"]);
    assert_eq!(viewer.hear(), "lost", "the server was restarted");
    stack.wait_for_health("x11vnc", "ok");
    assert_eq!(vnc(&stack)["view_only"], true);
    let mut viewer = Viewer::connect(&stack, ONE);
    viewer.tell("type blocked");
    viewer.tell("move 300 320");
    // Whatever came through would be there before this.
    std::thread::sleep(Duration::from_secs(1));
    stack.command_as("user", &["xdotool", "type", "local\n"]).output().expect("xdotool");
    wait_for_line(&stack, "local");
    assert_eq!(stack.shell("cat /tmp/typed"), "through\nlocal");
    assert_eq!(mouse(&stack), "x:100 y:120");
    stack.shell("pkill -f 'title [n]otebook' || true");
}

#[test]
fn viewers_are_listed_and_disconnected() {
    let stack = untouched();
    set_password(&stack, ONE);
    assert!(stack.ctl_ok(&["vnc"]).ends_with("\nNobody is connected.\n"));
    assert_eq!(stack.ctl_ok(&["vnc", "disconnect"]), "No viewer is connected.\n");
    let log = "/var/log/portal/x11vnc.log";
    let lines = stack.shell(&format!("wc -l <{log}"));
    for _ in 0..5 {
        vnc(&stack);
    }
    assert_eq!(stack.shell(&format!("wc -l <{log}")), lines, "nobody connects to look");
    let viewers = [Viewer::connect(&stack, ONE), Viewer::connect(&stack, ONE)];
    let listed = vnc(&stack)["viewers"].as_array().cloned().expect("a list");
    assert_eq!(listed.len(), 2, "{listed:?}");
    for viewer in &listed {
        assert_eq!((&viewer["address"], &viewer["through"]), (&"127.0.0.1".into(), &"vnc".into()));
        assert!(viewer["since"].as_str().is_some_and(|since| since.ends_with('Z')), "{viewer}");
    }
    assert_eq!(stack.ctl_ok(&["vnc", "disconnect"]), "2 viewers disconnected. They can connect again.\n");
    assert_eq!(viewers.map(|viewer| viewer.hear()), ["lost", "lost"]);
    assert_eq!(vnc(&stack)["viewers"], Value::Array(Vec::new()));
    Viewer::connect(&stack, ONE);
}

#[test]
fn a_browser_is_told_from_a_viewer_and_is_asked_before_its_gateway_goes() {
    let stack = untouched();
    set_password(&stack, ONE);
    let web = vnc(&stack)["web"].clone();
    assert_eq!((&web["kind"], &web["running"], &web["service"]), (&"novnc".into(), &true.into(), &"novnc".into()));
    let page = web["url"].as_str().expect("an address");
    let browser = Browser::open(&format!("{page}&password={ONE}"));
    let _viewer = Viewer::connect(&stack, ONE);
    let through = || -> Vec<String> {
        let viewers = vnc(&stack)["viewers"].as_array().cloned().unwrap_or_default();
        let mut through: Vec<String> = viewers.iter().map(|viewer| viewer["through"].to_string()).collect();
        through.sort();
        through
    };
    let both = || (through() == ["\"browser-vnc\"", "\"vnc\""]).then_some(());
    wait_until(DEADLINE, || format!("both are listed: {:?}", through()), both);
    let output = stack.ctl(&["vnc", "web", "off"]);
    assert_eq!(code(&output), 7, "{}", text(&output));
    drop(browser);
    wait_until(DEADLINE, || "the browser has gone".into(), || (through() == ["\"vnc\""]).then_some(()));
    assert_eq!(stack.ctl_ok(&["vnc", "web", "off"]), "VNC in the browser is off, and stays off.\n");
    assert_eq!((stack.service("novnc").expect("listed")["state"].as_str(), through().len()), (Some("stopped"), 1));
}

#[test]
fn one_at_a_time_is_the_newest() {
    let stack = untouched();
    set_password(&stack, ONE);
    stack.ctl_ok(&["vnc", "shared", "off"]);
    stack.wait_for_health("x11vnc", "ok");
    let first = Viewer::connect(&stack, ONE);
    let mut second = Viewer::connect(&stack, ONE);
    assert_eq!(first.hear(), "lost");
    assert_eq!(vnc(&stack)["viewers"].as_array().map(Vec::len), Some(1));
    assert_eq!(vnc(&stack)["shared"], false);
    second.tell("move 50 60");
    wait_for_mouse(&stack, "x:50 y:60");
    let began = Instant::now();
    stack.ctl_ok(&["vnc", "shared", "on"]);
    assert!(began.elapsed() < Duration::from_secs(9), "it ends when it is asked to: {:?}", began.elapsed());
}

#[test]
fn from_everywhere_is_a_choice() {
    let stack = untouched();
    let listens = || {
        let port = format!(":{:04X} ", stack.info("VNC_PORT").parse::<u16>().expect("a port"));
        let table = std::fs::read_to_string("/proc/net/tcp").expect("the table");
        let line = table.lines().find(|line| line.contains(&port) && line.contains(" 0A ")).map(str::to_owned);
        line.and_then(|line| Some(line.split_whitespace().nth(1)?.split(':').next()?.to_owned()))
    };
    assert_eq!(listens().as_deref(), Some("0100007F"));
    let before = stack.pid_of("x11vnc");
    stack.ctl_ok(&["vnc", "exposure", "local"]);
    assert_eq!(stack.pid_of("x11vnc"), before, "it is so already");
    stack.ctl_ok(&["vnc", "exposure", "all"]);
    stack.wait_for_health("x11vnc", "ok");
    assert_eq!((listens().as_deref(), &vnc(&stack)["exposure"]), (Some("00000000"), &"all".into()));
    stack.ctl_ok(&["vnc", "exposure", "local"]);
    stack.wait_for_health("x11vnc", "ok");
    assert_eq!((listens().as_deref(), &vnc(&stack)["exposure"]), (Some("0100007F"), &"local".into()));
}

#[test]
fn who_may_be_cut_off_is_asked() {
    let stack = untouched();
    set_password(&stack, ONE);
    let refused = |words: &[&str], part: &str| {
        let output = stack.ctl(words);
        assert_eq!(code(&output), 7, "{words:?}: {}", text(&output));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(part) && said.contains("--force"), "{words:?}: {said}");
    };
    let viewer = Viewer::connect(&stack, ONE);
    refused(&["vnc", "disable"], "perhaps you");
    drop(viewer);
    wait_until(
        DEADLINE,
        || "it has gone".into(),
        || (vnc(&stack)["viewers"] == Value::Array(Vec::new())).then_some(()),
    );
    stack.ctl_ok(&["services", "stop", "selkies"]);
    refused(&["vnc", "disable"], "last way into the desktop");
    refused(&["vnc", "view-only", "on"], "mouse and keys");
    refused(&["services", "stop", "x11vnc"], "last way into the desktop");
    assert!(vnc(&stack)["enabled"] == true && vnc(&stack)["running"] == true);
    stack.ctl_ok(&["vnc", "web", "off"]);
    stack.ctl_ok(&["vnc", "disable", "--force"]);
    assert_eq!(vnc(&stack)["running"], false);
    stack.ctl_ok(&["services", "start", "selkies"]);
    stack.wait_for_health("selkies", "ok");
    stack.ctl_ok(&["vnc", "web", "on"]);
    // A gateway in front of nothing lets nobody in.
    refused(&["services", "stop", "selkies"], "last way into the desktop");
    let output = stack.ctl(&["services", "start", "x11vnc"]);
    assert_eq!(code(&output), 1, "{}", text(&output));
    assert!(text(&output).contains("desktopctl vnc enable"), "{}", text(&output));
}

#[test]
fn to_another_user_everything_is_refused_and_nothing_secret_shown() {
    let stack = untouched();
    set_password(&stack, ONE);
    let before = stack.shell(&format!("md5sum {SETTINGS} {PASSWORD}"));
    let tried: [(&[&str], &str); 8] = [
        (&["enable"], "enable"),
        (&["disable", "--force"], "disable"),
        (&["exposure", "all"], "exposure"),
        (&["password"], "password"),
        (&["show-password"], "show-password"),
        (&["view-only", "on"], "view-only"),
        (&["shared", "off"], "shared"),
        (&["web", "off", "--force"], "web"),
    ];
    let definitions = desktop_control::cli::definitions();
    let defined = definitions.find_subcommand("vnc").expect("there").get_subcommands().map(clap::Command::get_name);
    let defined: BTreeSet<&str> = defined.filter(|name| !["show", "disconnect"].contains(name)).collect();
    assert_eq!(tried.iter().map(|(_, name)| *name).collect::<BTreeSet<_>>(), defined, "each command is tried");
    for words in tried.iter().map(|(words, _)| *words).chain([&["password", "--generate"][..], &["disconnect"]]) {
        let words: Vec<&str> = ["vnc"].iter().chain(words).copied().collect();
        let output = ctl_with(&stack, "nobody", &words, OTHER);
        assert_eq!(code(&output), 4, "{words:?}: {}", text(&output));
        assert!(text(&output).contains("Ask as root") && output.stdout.is_empty(), "{words:?}: {}", text(&output));
    }
    for file in [SETTINGS, PASSWORD] {
        let output = stack.command_as("nobody", &["cat", file]).output().expect("enter");
        assert!(!output.status.success() && output.stdout.is_empty(), "{file}: {}", text(&output));
    }
    let told = stack.ctl_as("nobody", &["--json", "vnc"]);
    assert!(code(&told) == 0 && !text(&told).contains(&ONE[..4]), "{}", text(&told));
    assert_eq!(stack.shell(&format!("md5sum {SETTINGS} {PASSWORD}")), before);
    assert_eq!(stack.ctl_as("user", &["vnc", "show-password"]).stdout, format!("{ONE}\n").into_bytes());
}

#[test]
fn the_container_s_password_holds_until_one_is_set_here() {
    let environment = vec![("VNC_PASSWORD".to_owned(), "from-env".to_owned())];
    let stack = Boot { environment, ..Boot::default() }.start();
    stack.wait_for_health("x11vnc", "ok");
    assert_eq!(vnc(&stack)["password_source"], "environment");
    assert_eq!(stack.ctl_ok(&["vnc", "show-password"]), "from-env\n");
    Viewer::connect(&stack, "from-env");
    set_password(&stack, ONE);
    stack.ctl_ok(&["services", "restart", "x11vnc"]);
    stack.wait_for_health("x11vnc", "ok");
    assert_eq!(vnc(&stack)["password_source"], "ours");
    assert_eq!(Viewer::try_to_connect(&stack, "from-env").1, "refused");
    Viewer::connect(&stack, ONE);
}

#[test]
fn off_stays_off_after_a_restart_of_everything() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("folder");
    let boot = || Boot { state: Some(folder.path().to_owned()), ..Boot::default() };
    let stack = boot().start();
    stack.wait_for_health("selkies", "ok");
    stack.wait_for_health("x11vnc", "ok");
    set_password(&stack, ONE);
    stack.ctl_ok(&["vnc", "disable"]);
    stack.ctl_ok(&["vnc", "web", "off"]);
    for name in ["x11vnc", "novnc"] {
        assert_eq!(stack.service(name).expect("listed")["state"], "stopped");
    }
    drop(stack);
    let stack = boot().start();
    stack.wait_for_health("selkies", "ok");
    for name in ["x11vnc", "novnc"] {
        let off = stack.wait_for_service(name, "is off", |service| {
            service["state"] == "exited" && service["health_reason"] == "turned off in its settings"
        });
        assert_eq!((&off["health"], &off["exit_status"]), (&"none".into(), &"79".into()), "{off}");
    }
    let starts =
        |name: &str| stack.shell(&format!("grep -c \"spawned: '{name}'\" /var/log/supervisor/supervisord.log"));
    assert_eq!((starts("x11vnc").as_str(), starts("novnc").as_str()), ("1", "1"), "no crash loop");
    let told = vnc(&stack);
    assert!(told["enabled"] == false && told["running"] == false && told["web"]["enabled"] == false, "{told}");
    assert!(stack.ctl_ok(&["status"]).starts_with("All is well"), "{}", stack.ctl_ok(&["status"]));
    stack.ctl_ok(&["vnc", "enable"]);
    stack.wait_for_health("x11vnc", "ok");
    Viewer::connect(&stack, ONE);
}
