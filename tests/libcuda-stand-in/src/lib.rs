//! Stands in for NVIDIA's driver library: the functions of it that we call, with answers from a file.
//!
//! `DESKTOP_CONTROL_LIBCUDA_STAND_IN` names the file. It holds a list; the first entry whose `below` stands in the path
//! of the library itself answers, so that a driver's own library and one of forward compatibility can differ.

#![allow(non_snake_case, clippy::missing_safety_doc, reason = "names and contract are NVIDIA's")]

use std::os::raw::{c_int, c_uint};
use std::sync::LazyLock;
use std::time::Duration;

use serde::Deserialize;

/// `CUDA_ERROR_INVALID_VALUE`.
const INVALID_VALUE: c_int = 1;

/// One library.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answers {
    /// A part of its path.
    #[serde(default)]
    below: String,
    /// What `cuDriverGetVersion` tells.
    version: c_int,
    /// What `cuInit` returns.
    #[serde(default)]
    init: c_int,
    /// The function that never returns.
    hangs: Option<String>,
    /// The function that takes the process down.
    crashes: Option<String>,
}

/// Read once; without a file, or with one that is no script, the process ends with the reason.
static ANSWERS: LazyLock<Answers> = LazyLock::new(|| {
    let path = std::env::var("DESKTOP_CONTROL_LIBCUDA_STAND_IN").expect("the name of a script");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let all: Vec<Answers> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    let maps = std::fs::read_to_string("/proc/self/maps").expect("readable");
    let own = maps.lines().find(|line| line.contains("/libcuda.so") || line.contains("libcuda_stand_in"));
    let own = own.expect("it is mapped").to_owned();
    all.into_iter().find(|answers| own.contains(&answers.below)).unwrap_or_else(|| panic!("{path}: nothing for {own}"))
});

fn misbehave(function: &str) {
    if ANSWERS.hangs.as_deref() == Some(function) {
        std::thread::sleep(Duration::from_secs(3600));
    }
    if ANSWERS.crashes.as_deref() == Some(function) {
        std::process::abort();
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn cuInit(flags: c_uint) -> c_int {
    misbehave("cuInit");
    if flags == 0 { ANSWERS.init } else { INVALID_VALUE }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuDriverGetVersion(version: *mut c_int) -> c_int {
    misbehave("cuDriverGetVersion");
    if version.is_null() {
        return INVALID_VALUE;
    }
    // SAFETY: it is the caller's promise that a number has room there.
    unsafe { version.write(ANSWERS.version) };
    0
}
