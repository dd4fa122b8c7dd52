//! The window's page of the GPUs and the overview's cards, in the real stack, with a stand-in for NVIDIA's library.

mod support;

use serde_json::{Value, json};
use support::nvml::{become_machine, probes, still, use_gpu};
use support::window::Window;
use support::{Boot, DEADLINE, shared, wait_until};

fn boot() -> Boot {
    Boot::default().and_gpus("one-consumer")
}

/// The window on a page of a machine with these GPUs.
fn open(script: &Value, page: &str) -> Window {
    let stack = shared(boot);
    become_machine(&stack, script);
    Window::open(stack, &["--page", page])
}

/// What is read in the window now.
fn labels(window: &mut Window) -> Vec<String> {
    window.seen.tree().into_iter().filter(|node| node.role == "label").map(|node| node.name).collect()
}

/// The value that stands behind this name.
fn value(window: &mut Window, name: &str) -> Option<String> {
    let labels = labels(window);
    let at = labels.iter().position(|label| label == name)?;
    labels.get(at + 1).cloned()
}

fn wait_for_value(window: &mut Window, name: &str, wanted: &str) {
    let what = || format!("{name} is {wanted}");
    wait_until(DEADLINE, what, || (value(window, name).as_deref() == Some(wanted)).then_some(()));
}

#[test]
fn what_one_gpu_does_and_is_stands_on_its_page_with_units() {
    let mut window = open(&still("one-consumer"), "gpu");
    for (name, said) in [
        ("Load", "31 %"),
        ("Memory", "1.0 of 24.0 GiB"),
        ("Temperature", "41 °C"),
        ("Power", "72 of 450 W"),
        ("Encoder", "21 % · 2 sessions · 58 fps · 4.1 ms a frame"),
        ("Decoder", "5 %"),
        ("Clocks", "graphics 2235 of 3105 MHz · memory 10501 of 10502 MHz · video 1815 MHz"),
        ("Held down by", "it draws as much power as it may"),
        ("PCIe link", "generation 1 × 8; generation 4 × 16 at most"),
        ("Compute capability", "8.9"),
        ("Encodes", "AV1, H.264, H.265"),
        ("VBIOS", "95.02.18.80.00"),
        ("UUID", "GPU-5f1c0a3e-0000-4000-8000-000000000001"),
    ] {
        wait_for_value(&mut window, name, said);
    }
    assert!(!labels(&mut window).iter().any(|label| label == "One of 1"), "there is nothing to choose from");
    window.seen.find("label", "31 % in the last minute");
    window.assert_that_tab_reaches_everything("GPU");
}

#[test]
fn with_eight_gpus_tab_reaches_all_and_a_card_opens_its_own() {
    let mut window = open(&still("eight"), "overview");
    window.seen.find("list item", "GPU 7: H200");
    window.seen.find("label", "41 °C*");
    window.assert_that_tab_reaches_everything("Overview");
    window.seen.click("list item", "GPU 5: H200");
    window.seen.find("", "One of 8");
    wait_for_value(&mut window, "Temperature", "46 °C");
    window.assert_that_tab_reaches_everything("GPU");
}

#[test]
fn what_a_gpu_does_not_tell_is_not_available_and_says_why() {
    let mut window = open(&still("unsupported-metrics"), "gpu");
    wait_for_value(&mut window, "Load", "3 %");
    for name in ["Memory", "Encoder", "Decoder", "Fan", "PCIe link"] {
        wait_for_value(&mut window, name, "Not available");
    }
    let tree = window.seen.tree();
    let silent: Vec<_> = tree.iter().filter(|node| node.name == "Not available").collect();
    assert!(silent.len() >= 5, "{silent:?}");
    for node in silent {
        assert_eq!(node.description, "This GPU or its driver does not tell it.", "{node:?}");
    }
    window.seen.click("list item", "Overview");
    window.seen.find("list item", "GB10");
    wait_for_value(&mut window, "Load", "3 %");
    assert_eq!(value(&mut window, "Memory").as_deref(), Some("Not available"));
}

#[test]
fn a_lost_gpu_keeps_what_was_known_and_says_what_to_do() {
    let mut script = still("lost");
    script["gpus"][1]["lost_from"] = 8.into();
    let mut window = open(&script, "overview");
    window.seen.find("", "GPU 1: RTX 4090 is lost");
    window.seen.find("label", "Lost. Shown is what was known last.");
    window.seen.click("push button", "Details: GPU 1: RTX 4090 is lost");
    window.seen.find("", "GPU 1: RTX 4090 is lost");
    window.seen.find("", "The GPU is lost: it has fallen off the bus.*");
    wait_for_value(&mut window, "Temperature", "42 °C");
    // The other one works.
    window.seen.click("list item", "Overview");
    window.seen.click("list item", "GPU 0: RTX 4090");
    wait_for_value(&mut window, "Temperature", "41 °C");
    assert!(!labels(&mut window).iter().any(|label| label.contains("is lost")));
}

#[test]
fn without_a_gpu_both_pages_say_so() {
    let mut window = open(&still("none"), "gpu");
    window.seen.find("", "No NVIDIA GPU: drawing on the CPU (llvmpipe)");
    window.seen.find("", "None was given to this machine*");
    window.assert_that_tab_reaches_everything("GPU");
    window.seen.click("list item", "Overview");
    window.seen.find("", "No NVIDIA GPU: drawing on the CPU (llvmpipe)");
    window.assert_that_tab_reaches_everything("Overview");
}

#[test]
fn a_process_is_ended_after_the_confirmation_and_not_before() {
    let (mut child, pid) = use_gpu(&shared(boot), "user");
    let mut script = still("one-consumer");
    script["gpus"][0]["graphics"] = json!([[pid, 1_048_576], [999_999, 7]]);
    script["gpus"][0]["compute"] = json!([]);
    let mut window = open(&script, "gpu");
    let button = format!("End: sleep, process {pid}");
    window.seen.find("", &format!("{pid} · user · draws · 1 MiB"));
    window.seen.find("label", "One more is not of this container; the host hides what it is.");
    window.assert_that_tab_reaches_everything("GPU");
    let runs = |window: &Window| window.stack.path(&format!("/proc/{pid}")).exists();
    window.seen.click("push button", &button);
    window.seen.find("dialog", "*");
    window.seen.press("Return");
    window.seen.wait_until_gone("push button", "Cancel");
    assert!(runs(&window), "Enter never means yes");
    window.seen.click("push button", &button);
    window.seen.click("push button", "End");
    wait_until(DEADLINE, || "it has ended".into(), || (!runs(&window)).then_some(()));
    window.seen.wait_until_gone("push button", &button);
    child.wait().expect("reaped");
    window.stack.shell("rm -f /dev/nvidiactl");
}

#[test]
fn the_minutes_are_chosen_and_nobody_looks_when_the_page_is_left() {
    let mut script = still("one-consumer");
    script["gpus"][0]["gpu"] = json!({ "cycle": [20, 80] });
    let mut window = open(&script, "gpu");
    window.seen.find("label", "20 to 80 % in the last minute");
    window.seen.click("push button", "Show 10 minutes");
    window.seen.find_when("push button", "Show 10 minutes", "is chosen", |node| node.is("pressed"));
    window.seen.find("label", "20 to 80 % in the last minute");
    assert_eq!(probes(&window.stack), 1);
    window.seen.click("list item", "Services");
    wait_until(DEADLINE, || "the probe has ended".into(), || (probes(&window.stack) == 0).then_some(()));
    window.seen.click("list item", "GPU");
    wait_until(DEADLINE, || "it is looked again".into(), || (probes(&window.stack) == 1).then_some(()));
}
