//! The script that compares Desktop Control with nvidia-smi on a machine with a GPU, and records that machine: here with
//! a stand-in for either.

#![expect(clippy::expect_used, reason = "tests")]

mod support;

use std::process::Output;

use serde_json::Value;
use support::nvml::{SCRIPT_INSIDE, still};
use support::{Boot, DEADLINE, Stack, code, repository, shared, text, wait_until};

/// Plays what the stand-in for NVML plays, in the words of nvidia-smi. `NVIDIA_SMI_LIES` names a field of which it says
/// something else, `NVIDIA_SMI_OLD` one that it does not know.
const NVIDIA_SMI: &str = r#"#!/usr/bin/env python3
import json, os, sys
fields = next(word for word in sys.argv if word.startswith("--query-gpu=")).split("=")[1].split(",")
old = os.environ.get("NVIDIA_SMI_OLD")
if old in fields:
    sys.exit(f'Field "{old}" is not a valid field to query.')
script = json.load(open("/etc/nvml.json"))
MIB = 1024 * 1024
def told(gpu, field):
    number = lambda key, scale=1: gpu[key] // scale if isinstance(gpu.get(key), int) else "[N/A]"
    watts = lambda key: f"{gpu[key] / 1000:.2f}" if isinstance(gpu.get(key), int) else "[N/A]"
    capability = f"{gpu['capability_major']}.{gpu['capability_minor']}"
    values = {
        "uuid": gpu["uuid"], "name": gpu["name"], "driver_version": script["driver"], "compute_cap": capability,
        "pci.bus_id": gpu["pci_id"].upper(), "vbios_version": gpu.get("vbios", "[N/A]"),
        "pcie.link.gen.max": number("pcie_generation_max"), "pcie.link.width.max": number("pcie_width_max"),
        "clocks.max.graphics": number("clock_graphics_max"), "clocks.max.memory": number("clock_memory_max"),
        "memory.total": number("memory_total", MIB), "memory.used": number("memory_used", MIB),
        "memory.free": number("memory_free", MIB), "utilization.gpu": number("gpu"),
        "utilization.memory": number("memory"), "utilization.encoder": number("encoder"),
        "utilization.decoder": number("decoder"), "temperature.gpu": number("temperature"),
        "power.draw": watts("power"), "enforced.power.limit": watts("power_limit"),
        "clocks.current.graphics": number("clock_graphics"), "clocks.current.sm": number("clock_sm"),
        "clocks.current.memory": number("clock_memory"), "clocks.current.video": number("clock_video"),
        "fan.speed": number("fan"), "pstate": "[Unknown Error]" if gpu.get("performance_state") == 32 else f"P{number('performance_state')}",
        "pcie.link.gen.current": number("pcie_generation"), "pcie.link.width.current": number("pcie_width"),
        "encoder.stats.sessionCount": number("encoder_sessions"), "encoder.stats.averageFps": number("encoder_fps"),
        "encoder.stats.averageLatency": number("encoder_latency"),
    }
    return "4321" if os.environ.get("NVIDIA_SMI_LIES") == field else str(values[field])
for gpu in script["gpus"]:
    print(", ".join(told(gpu, field) for field in fields))
"#;

const SCRIPT: &str = "/opt/record/gpu";

fn boot() -> Boot {
    let script = std::fs::read_to_string(repository().join("tests/record/gpu")).expect("readable");
    Boot::core_with(&[])
        .and_file(SCRIPT, &script)
        .and_file("/opt/record/nvidia-smi", NVIDIA_SMI)
        .and_gpus("one-consumer")
}

fn become_machine(stack: &Stack, name: &str) {
    stack.write(SCRIPT_INSIDE, &still(name).to_string());
    stack.shell("chmod 755 /opt/record/*; supervisorctl restart desktop-controld >/dev/null");
    wait_until(
        DEADLINE,
        || "it has been looked".into(),
        || {
            let status: Value = serde_json::from_slice(&stack.ctl(&["--json", "status"]).stdout).ok()?;
            (status["gpu_state"] == "present").then_some(())
        },
    );
}

/// Runs it with these variables.
fn run(stack: &Stack, variables: &str, arguments: &str) -> Output {
    let script = format!("{variables} PATH=/opt/record:$PATH {SCRIPT} {arguments}");
    stack.command(&["bash", "-c", &script]).output().expect("enter")
}

#[test]
fn what_agrees_is_said_and_what_differs_is_found() {
    let stack = shared(boot);
    for machine in ["one-consumer", "eight", "unsupported-metrics"] {
        become_machine(&stack, machine);
        let output = run(&stack, "", "");
        assert_eq!(code(&output), 0, "{machine}: {}", text(&output));
        assert!(text(&output).contains("0 fields differ"), "{}", text(&output));
    }
    become_machine(&stack, "one-consumer");
    for field in ["clocks.max.graphics", "temperature.gpu", "memory.used", "pcie.link.width.current", "uuid"] {
        let output = run(&stack, &format!("NVIDIA_SMI_LIES={field}"), "");
        assert_eq!(code(&output), 1, "{field}: {}", text(&output));
        assert!(text(&output).contains("DIFFERS"), "{field}: {}", text(&output));
    }
    // Older ones know less: what is left is compared.
    let output = run(&stack, "NVIDIA_SMI_OLD=utilization.encoder", "");
    assert_eq!(code(&output), 0, "{}", text(&output));
    let output = run(&stack, "NVIDIA_SMI_OLD=uuid", "");
    assert_eq!(code(&output), 2, "{}", text(&output));
}

#[test]
fn a_recorded_machine_plays_what_was_recorded() {
    let stack = shared(boot);
    become_machine(&stack, "one-consumer");
    let before: Value = serde_json::from_str(&stack.ctl_ok(&["--json", "gpu"])).expect("JSON");
    // With a daemon of its own, as on a machine that has none.
    let output = run(&stack, "", "--programs /usr/bin --record /tmp/recorded");
    assert_eq!(code(&output), 0, "{}", text(&output));
    let libcuda: Value = serde_json::from_str(&stack.shell("cat /tmp/recorded/libcuda.json")).expect("JSON");
    assert_eq!(libcuda[0]["version"], 13000);
    let recorded: Value = serde_json::from_str(&stack.shell("cat /tmp/recorded/nvml.json")).expect("JSON");
    stack.write(SCRIPT_INSIDE, &recorded.to_string());
    stack.shell("supervisorctl restart desktop-controld >/dev/null");
    let same = |key: &str| {
        let after = stack.ctl(&["--json", "gpu"]);
        let after: Value = serde_json::from_slice(&after.stdout).unwrap_or_default();
        (after["gpus"][0][key].clone(), before["gpus"][0][key].clone())
    };
    wait_until(
        DEADLINE,
        || format!("it is played: {:?}", same("name")),
        || (same("name").0 == same("name").1).then_some(()),
    );
    for key in ["name", "architecture", "compute_capability", "brand", "encodes", "memory_total_bytes", "vbios"] {
        let (after, before) = same(key);
        assert_eq!(after, before, "{key}");
    }
    let (mut after, mut before) = same("stats");
    for stats in [&mut after, &mut before] {
        let stats = stats.as_object_mut().expect("an object");
        // What holds the clocks down is not in nvidia-smi's words, and not recorded.
        for key in ["time", "throttle", "throttle_words"] {
            stats.remove(key);
        }
    }
    assert_eq!(after, before);
}

#[test]
fn a_load_is_seen_or_it_is_said_that_it_is_not() {
    let stack = shared(boot);
    become_machine(&stack, "one-consumer");
    let output = run(&stack, "", "--seconds 3 --load 'sleep 100'");
    assert_eq!(code(&output), 1, "{}", text(&output));
    assert!(text(&output).contains("nothing moved within 3 s"), "{}", text(&output));
    // The machine's load grows from look to look.
    let mut moving: Value = still("one-consumer");
    moving["gpus"][0]["gpu"] = serde_json::json!([1, 9]);
    stack.write(SCRIPT_INSIDE, &moving.to_string());
    stack.shell("supervisorctl restart desktop-controld >/dev/null");
    let output = run(&stack, "", "--seconds 20 --load 'sleep 100'");
    assert!(text(&output).contains("gpu_percent went from"), "{}", text(&output));
}
