//! NVIDIA's management library as the tests have it: a stand-in of ours, and the machines that it plays.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use super::{DEADLINE, Stack, build_stand_in, repository, wait_until};

/// The variable that names what the stand-in plays.
pub const SCRIPT: &str = "DESKTOP_CONTROL_NVML_STAND_IN";

/// Where that lies in a stack.
pub const SCRIPT_INSIDE: &str = "/etc/nvml.json";

/// All machines of `tests/hosts`.
pub const MACHINES: [&str; 8] =
    ["none", "one-consumer", "one-datacenter-old-driver", "eight", "mig", "no-nvenc", "unsupported-metrics", "lost"];

/// The stand-in, built where this test's programs were.
pub fn stand_in() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| build_stand_in("nvml-stand-in", "libnvml_stand_in.so"))
}

/// A machine whose values stand still: what it says does not depend on how often it is asked.
pub fn still(name: &str) -> Value {
    fn stop(value: &mut Value) {
        match value {
            Value::Object(map) => {
                for value in map.values_mut() {
                    let first = value.as_array().filter(|pair| pair.len() == 2 && pair.iter().all(Value::is_number));
                    match first.map(|pair| pair[0].clone()) {
                        Some(first) => *value = first,
                        None => stop(value),
                    }
                }
            }
            Value::Array(list) => list.iter_mut().filter(|value| value.is_object()).for_each(stop),
            _ => {}
        }
    }
    let text = std::fs::read_to_string(machine(name)).expect("readable");
    let mut script = serde_json::from_str(&text).expect("JSON");
    stop(&mut script);
    script
}

/// What the stand-in is to play.
pub fn machine(name: &str) -> PathBuf {
    repository().join("tests/hosts").join(name).join("nvml.json")
}

/// Has the stack be another machine, as after a restart with other GPUs.
pub fn become_machine(stack: &Stack, script: &Value) {
    stack.write(SCRIPT_INSIDE, &script.to_string());
    let before = stack.pid_of("desktop-controld");
    stack.shell("supervisorctl restart desktop-controld >/dev/null");
    wait_until(
        DEADLINE,
        || "the new daemon has looked at the GPUs".into(),
        || {
            let status: Value = serde_json::from_slice(&stack.ctl(&["--json", "status"]).stdout).ok()?;
            let looked = status["gpu_state"].as_str().is_some_and(|state| state != "unknown");
            (looked && stack.service("desktop-controld")?["pid"].as_u64() != Some(before)).then_some(())
        },
    );
}

/// The probes that run inside.
pub fn probes(stack: &Stack) -> usize {
    stack.shell("pgrep -cf '[d]esktop-controld gpu-probe|[e]xe gpu-probe' || true").parse().expect("a number")
}

/// A program that holds one of NVIDIA's devices open, as everything on a GPU does.
pub fn use_gpu(stack: &Stack, user: &str) -> (Child, u64) {
    stack.shell("touch /dev/nvidiactl; chmod 666 /dev/nvidiactl");
    let script = "exec 3</dev/nvidiactl; echo $$; exec sleep 10000";
    let mut child = stack.command_as(user, &["setsid", "bash", "-c", script]);
    let mut child = child.stdout(Stdio::piped()).spawn().expect("enter");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    (child, line.trim().parse().expect("its number"))
}
