//! `desktopctl stream` against the real Selkies: changes that are tried out, kept, taken back or refused.

#![expect(clippy::expect_used, reason = "tests")]

mod support;

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::stream::{configured, setting, stream, viewer};
use support::{Boot, DEADLINE, Stack, code, shared, text, wait_until};

/// Selkies tries to listen there and ends.
const DEADLY: &str = "unix_socket=/proc/nowhere/selkies.sock";

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim_end().to_owned()
}

/// The error: the last line of standard error, and the only one but for notes.
fn error(output: &Output) -> String {
    let said = stderr(output);
    let errors: Vec<&str> = said.lines().filter(|line| !line.starts_with("note: ")).collect();
    assert_eq!(errors.len(), 1, "one sentence: {said:?}");
    errors[0].strip_prefix("desktopctl: ").expect("it says who speaks").to_owned()
}

/// The shared stack without a change on trial and without settings of ours.
fn untouched() -> std::sync::MutexGuard<'static, Stack> {
    let stack = shared(Boot::default);
    stack.reset_stream();
    stack
}

/// Sets it and keeps it unseen: what is kept unasked is watched for much longer first.
fn set_and_keep(stack: &Stack, setting: &str) {
    stack.ctl_ok(&["stream", "set", setting]);
    stack.ctl_ok(&["stream", "keep", "--force"]);
}

/// Waits until `desktopctl stream` says this of what the server really does.
fn wait_for_effective(stack: &Stack, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let look = || Some(stream(stack)).filter(|stream| wanted(&stream["effective"]));
    wait_until(DEADLINE, || format!("{what}: {}{}", stream(stack)["effective"], stack.tell("selkies")), look)
}

/// `desktopctl` in the background.
fn begin(stack: &Stack, words: &[&str]) -> std::process::Child {
    let words: Vec<&str> = ["desktopctl"].iter().chain(words).copied().collect();
    let mut command = stack.command(&words);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("enter")
}

fn wait_for_question(stack: &Stack) {
    let asked = || (stream(stack)["pending"]["stage"] == "waiting").then_some(());
    wait_until(DEADLINE, || format!("somebody is asked: {}", stream(stack)["pending"]), asked);
}

fn wait_until_kept(stack: &Stack, words: &[&str]) {
    let mut last = None;
    let began = Instant::now();
    while last.as_ref().is_none_or(|output| code(output) != 0) {
        assert!(began.elapsed() < Duration::from_secs(20), "{}", last.as_ref().map(text).unwrap_or_default());
        last = Some(stack.ctl(words));
    }
    let said = last.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    assert_eq!(said, "Kept. It holds for every start from now on.\n");
}

#[test]
fn what_a_viewer_keeps_is_what_the_server_does_also_after_a_restart() {
    let stack = untouched();
    let _viewer = viewer(&stack);
    let said = stack.ctl_ok(&["stream", "set", "encoder=jpeg", "framerate=20", "--enforce"]);
    assert!(
        said.starts_with("Encoder: H.264 → JPEG (enforced for everyone)\nFrames a second: 60 fps → 20 fps"),
        "{said}"
    );
    assert!(said.contains("It works. Keep it: `desktopctl stream keep`. It goes back by itself in "), "{said}");
    let twenty_jpegs = |effective: &Value| effective["encoder"] == "jpeg" && effective["framerate"] == 20.0;
    let now = wait_for_effective(&stack, "JPEG at 20 frames", twenty_jpegs);
    assert_eq!((&now["effective"]["verdict"], &now["effective"]["by"]), (&"as-configured".into(), &"cpu".into()));
    let log = stack.tell("selkies");
    assert!(log.contains("Mode: JPEG"), "{log}");
    wait_until_kept(&stack, &["stream", "keep"]);
    stack.ctl_ok(&["services", "restart", "selkies"]);
    stack.wait_for_health("selkies", "ok");
    let now = wait_for_effective(&stack, "JPEG at 20 frames after a restart", twenty_jpegs);
    assert!(now["fps"].as_f64().expect("known") <= 21.0, "{now}");
    assert_eq!((&now["pending"], &now["preset"]), (&Value::Null, &Value::Null));
    assert_eq!(configured(&stack, "encoder"), ["jpeg", "enforced", "override"]);
    assert_eq!(configured(&stack, "framerate"), ["20", "enforced", "override"]);
    let told = stack.ctl_ok(&["stream"]);
    assert!(told.contains("JPEG by the CPU · 1280x") && told.contains("1 viewer"), "{told}");
}

#[test]
fn what_the_server_does_not_survive_is_taken_back_and_ends_with_8() {
    let stack = untouched();
    set_and_keep(&stack, "framerate=24");
    let output = stack.ctl(&["stream", "set", DEADLY]);
    assert_eq!(code(&output), 8, "{}", text(&output));
    let said = error(&output);
    assert!(said.starts_with("The change was taken back. ") && said.contains("services logs"), "{said}");
    stack.wait_for_health("selkies", "ok");
    assert_eq!(configured(&stack, "framerate"), ["24", "new-viewers", "override"]);
    assert_eq!(setting(&stack, "unix_socket")["source"], "built-in");
    let output = stack.ctl(&["--json", "stream", "set", DEADLY, "--keep"]);
    let change: Value = serde_json::from_slice(&output.stdout).expect("one document, also of a failure");
    assert_eq!((code(&output), &change["stage"]), (8, &"reverted".into()), "{}", text(&output));
    assert!(change["reason"].is_string(), "{change}");
}

#[test]
fn a_change_can_be_taken_back_while_somebody_is_asked() {
    let stack = untouched();
    stack.ctl_ok(&["stream", "set", "framerate=24"]);
    let status = stack.ctl_ok(&["status"]);
    assert!(status.contains("On trial\nFrames a second: 60 fps → 24 fps\nKeep it: "), "{status}");
    assert_eq!(configured(&stack, "framerate"), ["24", "new-viewers", "override"]);
    let said = stack.ctl_ok(&["stream", "revert"]);
    assert_eq!(said, "You took the change back.\n");
    stack.wait_for_health("selkies", "ok");
    assert_eq!(configured(&stack, "framerate"), ["60", "new-viewers", "built-in"]);
    let output = stack.ctl(&["stream", "revert"]);
    assert_eq!(code(&output), 5, "{}", text(&output));
    assert!(error(&output).starts_with("No change is on trial"), "{}", text(&output));
}

#[test]
fn nobody_keeps_what_nobody_sees_unless_by_force() {
    let stack = untouched();
    stack.ctl_ok(&["stream", "set", "framerate=24"]);
    let output = stack.ctl(&["stream", "keep"]);
    assert_eq!(code(&output), 7, "{}", text(&output));
    assert!(error(&output).contains("--force"), "{}", text(&output));
    let second = stack.ctl(&["stream", "set", "framerate=30"]);
    assert_eq!((code(&second), second.stdout.as_slice()), (6, b"".as_slice()), "{}", text(&second));
    assert!(error(&second).contains("desktopctl stream keep"), "{}", text(&second));
    let said = stack.ctl_ok(&["stream", "keep", "--force"]);
    assert!(said.starts_with("Kept."), "{said}");
    assert_eq!(configured(&stack, "framerate"), ["24", "new-viewers", "override"]);
}

#[test]
fn without_an_answer_it_goes_back_and_who_waits_for_that_is_told() {
    let stack = untouched();
    let _viewer = viewer(&stack);
    let output = stack.ctl(&["stream", "set", "framerate=24", "--confirm-within", "5", "--wait", "90"]);
    assert_eq!(code(&output), 8, "{}", text(&output));
    assert_eq!(error(&output), "The change was taken back. Nobody has kept the change in time.");
    assert_eq!(configured(&stack, "framerate"), ["60", "new-viewers", "built-in"]);
}

#[test]
fn who_waits_finds_the_change_again_after_the_daemon_was_killed() {
    let stack = untouched();
    let waiting = begin(&stack, &["stream", "set", "framerate=24", "--wait", "120"]);
    wait_for_question(&stack);
    let before = stack.pid_of("desktop-controld");
    stack.shell(&format!("kill -9 {before}"));
    stack.wait_for_service("desktop-controld", "is another process", |service| service["pid"] != before);
    // The next one looks again whether it works before it takes an answer.
    wait_until_kept(&stack, &["stream", "keep", "--force"]);
    let output = waiting.wait_with_output().expect("it ends");
    assert_eq!(code(&output), 0, "{}", text(&output));
    assert!(String::from_utf8_lossy(&output.stdout).ends_with("Kept. It holds for every start from now on.\n"));
    let output = stack.ctl(&["--wait", "0", "--json", "stream", "reset", "framerate"]);
    let change: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(change["id"].as_u64() > Some(0) && change["target"] == "selkies", "{change}");
}

#[test]
fn presets_are_switched_and_named() {
    let stack = untouched();
    let in_force = || stream(&stack)["preset"].as_str().map(str::to_owned);
    assert_eq!(in_force().as_deref(), Some("balanced"), "what nobody has touched");
    stack.ctl_ok(&["stream", "preset", "slow-link", "--keep"]);
    assert_eq!(in_force().as_deref(), Some("slow-link"));
    let said = stack.ctl_ok(&["stream", "preset"]);
    let line = said.lines().find(|line| line.starts_with("slow-link")).expect("listed");
    assert!(line.contains("in force"), "{said}");
    set_and_keep(&stack, "framerate=33");
    assert_eq!(in_force(), None);
    assert!(stack.ctl_ok(&["stream", "preset"]).lines().any(|line| line.contains("in force  Custom")));
    stack.ctl_ok(&["stream", "reset", "--keep"]);
    assert_eq!(in_force().as_deref(), Some("balanced"));
}

#[test]
fn what_cannot_be_is_refused_in_one_sentence_and_changes_nothing() {
    let stack = untouched();
    let before = stack.ctl_ok(&["--json", "stream", "schema"]);
    let long = format!("ui_title={}", "x".repeat(100_000));
    let refused: [(&[&str], i32, &str); 13] = [
        (&["set", "framrate=20"], 5, "Did you mean “framerate”?"),
        (&["set", "=20"], 5, "no setting called “”"),
        (&["schema", "nonsense"], 5, "stream schema"),
        (&["preset", "nonsense"], 5, "stream preset"),
        (&["reset", "nonsense"], 5, "stream schema"),
        (&["set", "framerate=9999"], 2, "from 8 to 240"),
        (&["set", "encoder=mpeg1", "framerate=20"], 2, "h264enc"),
        (&["set", "framerate"], 2, "framerate=VALUE"),
        (&["set", "framerate=20", "framerate=30"], 2, "twice"),
        (&["set", "audio_bitrate=96000", "--enforce"], 2, "default for new viewers"),
        (&["set", "ui_title=a\nb"], 2, "one line"),
        (&["set", &long], 2, "bytes"),
        (&["set", "port=80"], 6, "start script"),
    ];
    for (words, exit, part) in refused {
        let words: Vec<&str> = ["stream"].iter().chain(words).copied().collect();
        let output = stack.ctl(&words);
        let shown: String = text(&output).chars().take(2000).collect();
        assert_eq!((code(&output), output.stdout.as_slice()), (exit, b"".as_slice()), "{words:?}: {shown}");
        assert!(error(&output).contains(part), "{words:?}: {shown}");
    }
    assert_eq!(stack.ctl_ok(&["--json", "stream", "schema"]), before);
    let said = stack.ctl_ok(&["stream", "set", "framerate=60", "encoder=h264enc"]);
    assert_eq!(said, "Nothing changes: it is all so already.\n");
}

/// What each command that changes something is tried with.
const CHANGING: [(&str, &[&str]); 5] = [
    ("set", &["framerate=20"]),
    ("preset", &["slow-link"]),
    ("reset", &["framerate"]),
    ("keep", &["--force"]),
    ("revert", &[]),
];

#[test]
fn to_another_user_every_change_is_refused() {
    let stack = untouched();
    set_and_keep(&stack, "framerate=24");
    let tried: BTreeSet<&str> = CHANGING.iter().map(|(command, _)| *command).collect();
    let definitions = desktop_control::cli::definitions();
    let defined = definitions.find_subcommand("stream").expect("there").get_subcommands();
    let reading = ["show", "schema"];
    let defined: BTreeSet<&str> = defined.map(clap::Command::get_name).filter(|name| !reading.contains(name)).collect();
    assert_eq!(tried, defined, "each command is tried");
    for on_trial in [false, true] {
        if on_trial {
            stack.ctl_ok(&["stream", "set", "framerate=30"]);
        }
        let before = stack.ctl_ok(&["--json", "stream", "schema"]);
        for (command, arguments) in CHANGING {
            if matches!(command, "keep" | "revert") != on_trial {
                continue;
            }
            let words: Vec<&str> = ["stream", command].iter().chain(arguments).copied().collect();
            let output = stack.ctl_as("nobody", &words);
            assert_eq!(code(&output), 4, "{words:?}: {}", text(&output));
            assert!(error(&output).contains("Ask as root"), "{words:?}: {}", text(&output));
        }
        assert_eq!(stack.ctl_ok(&["--json", "stream", "schema"]), before);
        assert_eq!(stream(&stack)["pending"].is_null(), !on_trial);
    }
    for reading in [&["stream"][..], &["stream", "schema"], &["stream", "preset"]] {
        let output = stack.ctl_as("nobody", reading);
        assert_eq!(code(&output), 0, "{reading:?}: {}", text(&output));
    }
    let output = stack.ctl_as("user", &["stream", "revert"]);
    assert_eq!(code(&output), 0, "the desktop user may: {}", text(&output));
}

#[test]
fn a_secret_is_read_from_standard_input_and_shown_nowhere() {
    const SECRET: &str = "correct-horse-4711";
    let stack = untouched();
    let output = stack.ctl(&["stream", "set", &format!("turn_password={SECRET}")]);
    assert_eq!(code(&output), 2, "{}", text(&output));
    assert!(!text(&output).contains(SECRET), "{}", text(&output));
    let mut command = stack.command(&["desktopctl", "--json", "stream", "set", "turn_password", "--keep"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("enter");
    writeln!(child.stdin.take().expect("a pipe"), "{SECRET}").expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(code(&output), 0, "{}", text(&output));
    assert!(!text(&output).contains(SECRET), "{}", text(&output));
    let told = setting(&stack, "turn_password");
    assert_eq!((&told["secret"], &told["value"]), (&true.into(), &Value::Null));
    let settings = "/etc/desktop-control/env.d/selkies.env";
    assert!(stack.shell(&format!("cat {settings}")).contains(SECRET), "it is set");
    assert_eq!(stack.shell(&format!("stat -c %a {settings}")), "600");
    for words in [&["stream"][..], &["stream", "schema"], &["--json", "stream"], &["--json", "jobs"], &["status"]] {
        assert!(!stack.ctl_ok(words).contains(SECRET), "{words:?}");
    }
    let logs = stack.shell("grep -rl correct-horse-4711 /var/log /run /var/lib/desktop-control || true");
    assert_eq!(logs, "", "it is in no log and in no journal");
}
