//! The wizard that installs CUDA, in the real stack, with a real apt and a real repository.

#![expect(clippy::expect_used, clippy::panic, reason = "a machine that cannot be built has failed the test")]

#[path = "apt/machine.rs"]
mod machine;
#[path = "apt/packages.rs"]
mod packages;
#[path = "apt/repository.rs"]
mod repository;
#[path = "apt/server.rs"]
mod server;
mod support;

use std::sync::OnceLock;

use serde_json::Value;

use self::machine::{forget_distribution, reset, with_repository};
use self::packages::POSTINST_FAILS;
use self::repository::Repository;
use self::server::Server;
use self::support::accessibility::Node;
use self::support::window::Window;
use self::support::{Boot, DEADLINE, Stack, shared, wait_until};

/// What a window needs besides the daemon.
const UNITS: &[&str] = &["dbus-system", "polkitd", "desktop-controld", "dbus-session", "x-server", "desktop"];
const INSTALL: &str = "Install a toolkit…";
const INSTALL_FROM_OVERVIEW: &str = "Install CUDA…";

/// The repository of all tests, and who serves it.
fn server() -> &'static Server {
    static PLACE: OnceLock<(Repository, Server)> = OnceLock::new();
    let place = PLACE.get_or_init(|| {
        let repository = Repository::usual();
        let server = Server::of(repository.folder());
        (repository, server)
    });
    &place.1
}

fn json(stack: &Stack, words: &[&str]) -> Value {
    let words: Vec<&str> = ["--json"].iter().chain(words).copied().collect();
    serde_json::from_slice(&stack.ctl(&words).stdout).unwrap_or_default()
}

fn toolkits(stack: &Stack) -> Vec<String> {
    let cuda = json(stack, &["cuda"]);
    let all = cuda["toolkits"].as_array().cloned().unwrap_or_default();
    all.iter().filter_map(|toolkit| Some(toolkit["version"].as_str()?.to_owned())).collect()
}

/// The page of CUDA on a machine without a toolkit.
fn open() -> Window {
    let stack = shared(|| with_repository(Boot { units: UNITS, ..Boot::default() }, server()));
    server().mend();
    forget_distribution(&stack);
    stack.shell(&format!("rm -f {POSTINST_FAILS}"));
    reset(&stack);
    wait_until(DEADLINE, || "no toolkit is left".into(), || toolkits(&stack).is_empty().then_some(()));
    let mut window = Window::open(stack, &["--page", "cuda"]);
    window.seen.find("list item", "No toolkit is installed");
    window
}

/// Clicks a control, and not the row of the same name that it stands in.
fn choose(window: &mut Window, name: &str) {
    window.seen.click("radio button", name);
    window.seen.find_when("radio button", name, "is chosen", |node| node.is("checked"));
}

/// Goes on to the review of what is recommended, by Next alone.
fn go_to_review(window: &mut Window) {
    window.seen.click("", INSTALL);
    window.seen.find("label", "What this machine has");
    window.seen.click("", "Next");
    window.seen.find("list item", "CUDA 12.9.1 · recommended");
    window.seen.click("", "Next");
    window.seen.find("list item", "Full development");
    window.seen.click("", "Next");
    window.seen.find("list item", "Nothing is removed");
}

fn assert_sound(stack: &Stack) {
    assert_eq!(stack.shell("dpkg --audit"), "");
    assert_eq!(stack.shell("ls /usr/lib/x86_64-linux-gnu | grep -c libcuda.so || true"), "0", "a driver came");
}

#[test]
fn who_just_presses_next_gets_what_is_recommended_and_can_take_it_away_again() {
    let mut window = open();
    go_to_review(&mut window);
    window.seen.find("list item", "CUDA 12.9: Full development");
    window.seen.find("", "By installing you accept NVIDIA’s licence: https://*");
    window.seen.click("", "Install");
    window.seen.find("list item", "CUDA 12.9 is installed");
    window.seen.find("list item", "nvcc --version");
    window.seen.find("label", "Passed: Cuda compilation tools, release 12.9*");
    window.seen.find("list item", "desktopctl cuda remove 12.9");
    window.seen.click("", "Show the log");
    assert!(window.seen.text("", "Log").contains("nvcc --version: passed"));
    window.seen.click("", "Done");
    window.seen.wait_until_gone("label", "At work");
    assert_eq!(toolkits(&window.stack), ["12.9.1"]);
    assert_eq!(json(&window.stack, &["cuda"])["toolkits"][0]["default"], true);
    assert_sound(&window.stack);
    // And away with it, from the page.
    window.seen.click("", "Details: CUDA 12.9.1, the default");
    window.seen.find("", "Verify CUDA 12.9");
    window.assert_that_tab_reaches_everything("CUDA, with the details of a toolkit");
    window.seen.click("", "Verify CUDA 12.9");
    wait_until(
        DEADLINE,
        || "it was tried".into(),
        || {
            let jobs = json(&window.stack, &["jobs"]);
            let last = jobs.as_array()?.last()?;
            (last["kind"] == "cuda-verify" && last["result"] == "done").then_some(())
        },
    );
    window.seen.click("", "Remove CUDA 12.9");
    window.seen.find("dialog", "*");
    let tree = window.seen.tree();
    let plan = tree.iter().find(|node| node.name.contains(" are removed: ")).map(|node| node.name.clone());
    let plan = plan.expect("what goes is shown first");
    assert!(plan.contains("cuda-nvcc-12-9"), "{plan}");
    window.seen.press("Return");
    window.seen.wait_until_gone("label", &plan);
    assert_eq!(toolkits(&window.stack), ["12.9.1"], "Enter never means yes");
    window.seen.click("", "Remove CUDA 12.9");
    window.seen.find("dialog", "*");
    window.seen.click("", "Remove");
    window.seen.find("list item", "No toolkit is installed");
    assert_eq!(toolkits(&window.stack), Vec::<String>::new());
    assert_sound(&window.stack);
}

#[test]
fn the_keyboard_alone_reaches_and_chooses_all_at_each_step() {
    let mut window = open();
    window.assert_that_tab_reaches_everything("CUDA");
    window.seen.click("", INSTALL);
    let steps = ["What this machine has", "CUDA 12.9.1 · recommended", "Full development", "Nothing is removed"];
    for step in steps {
        window.seen.find("", step);
        window.seen.find_when(
            "push button",
            if step == steps[3] { "Install" } else { "Next" },
            "can be pressed",
            |node| node.is("sensitive"),
        );
        window.assert_that_tab_reaches_everything(step);
        if step == steps[1] {
            window.seen.reach("radio button", step);
            window.seen.press("Down");
            let is_chosen = |node: &Node| node.is("checked") && node.is("focused");
            window.seen.find_when("radio button", "CUDA 12.8.1", "is chosen", is_chosen);
            window.seen.press("Up");
            window.seen.find_when("radio button", step, "is chosen", is_chosen);
        }
        if step != steps[3] {
            window.seen.click("push button", "Next");
        }
    }
    server().faults(|faults| faults.rate = Some(100_000));
    window.seen.click("push button", "Install");
    window.seen.find("label", "Downloading");
    window.assert_that_tab_reaches_everything("At work");
    window.seen.click("", "Cancel");
    window.seen.find("list item", "Cancelled");
    window.assert_that_tab_reaches_everything("Result");
    window.seen.click("", "Done");
    window.seen.find("", INSTALL);
}

#[test]
fn the_page_makes_another_toolkit_the_default_and_repairs() {
    let mut window = open();
    for release in ["12.8", "12.9"] {
        window.stack.ctl_ok(&["cuda", "install", release, "--profile", "compiler", "--yes"]);
    }
    let leads_to = |stack: &Stack| stack.shell("readlink -f /usr/local/cuda");
    assert_eq!(leads_to(&window.stack), "/usr/local/cuda-12.8");
    window.seen.click("", "Details: CUDA 12.9.1");
    window.seen.click("", "Make CUDA 12.9 the default");
    window.seen.find("list item", "CUDA 12.9.1, the default");
    assert_eq!(leads_to(&window.stack), "/usr/local/cuda-12.9");
    assert_eq!(json(&window.stack, &["cuda"])["default_toolkit"], "12.9");
    window.seen.wait_until_gone("", "Make CUDA 12.9 the default");
    window.seen.find("", "Verify CUDA 12.9");
    // What somebody else has left half done.
    window.stack.write(POSTINST_FAILS, "");
    window.stack.shell("apt-get -y --reinstall install cuda-nvcc-12-9 || true");
    assert_ne!(window.stack.shell("dpkg --audit"), "");
    window.stack.shell(&format!("rm {POSTINST_FAILS}"));
    window.seen.click("", "Repair what is not completely installed");
    window.seen.wait_until_gone("", "Repair what is not completely installed");
    assert_sound(&window.stack);
    assert_eq!(toolkits(&window.stack).len(), 2);
}

#[test]
fn closing_the_window_stops_nothing_and_cancelling_does() {
    let mut window = open();
    server().faults(|faults| faults.rate = Some(100_000));
    go_to_review(&mut window);
    window.seen.click("", "Install");
    window.seen.find("label", "Installing CUDA 12.9");
    window.seen.find("label", "Downloading");
    window.seen.press("Escape");
    window.seen.wait_until_gone("label", "At work");
    window.seen.click("", "Show progress");
    window.seen.find("label", "At work");
    window.seen.find("label", "Downloading");
    let jobs = json(&window.stack, &["jobs"]);
    let job = jobs.as_array().and_then(|jobs| jobs.last()).cloned().expect("a job");
    assert!(job["result"].is_null() && job["bytes_done"].as_u64() > Some(0), "{job}");
    window.seen.click("", "Cancel");
    window.seen.find("list item", "Cancelled");
    window.seen.click("", "Done");
    window.seen.find("", INSTALL);
    assert_sound(&window.stack);
    assert_eq!(toolkits(&window.stack), Vec::<String>::new());
}

#[test]
fn a_repository_that_cannot_be_read_is_explained_and_tried_again() {
    let mut window = open();
    server().faults(|faults| faults.refuse = true);
    window.seen.click("list item", "Overview");
    window.seen.click("push button", INSTALL_FROM_OVERVIEW);
    window.seen.find("label", "What this machine has");
    window.seen.click("", "Next");
    window.seen.find("list item", "The repository cannot be read");
    server().mend();
    window.seen.click("", "Try again");
    window.seen.find("list item", "CUDA 12.9.1 · recommended");
    choose(&mut window, "CUDA 12.8.1");
    window.seen.click("", "Next");
    choose(&mut window, "Compiler");
    window.seen.find("label", "Download *");
    window.seen.click("", "Next");
    window.seen.find("list item", "CUDA 12.8: Compiler");
    // What fails says so, and the same can be tried again.
    window.stack.write(POSTINST_FAILS, "");
    window.seen.click("", "Install");
    window.seen.find("list item", "Installing CUDA 12.8 failed");
    window.stack.shell(&format!("rm {POSTINST_FAILS}"));
    window.seen.click("", "Try again");
    window.seen.find("list item", "CUDA 12.8 is installed");
    window.seen.click("", "Done");
    window.seen.wait_until_gone("push button", INSTALL_FROM_OVERVIEW);
    assert_sound(&window.stack);
}
