//! NVIDIA's management library as the tests have it: a stand-in of ours, and the machines that it plays.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::{build_stand_in, repository};

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
pub fn still(name: &str) -> serde_json::Value {
    fn stop(value: &mut serde_json::Value) {
        use serde_json::Value;
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
