//! Each profile and each extra is installed, by the machine's real apt: which packages come, what works then, and what is
//! left when it is removed. Also from a folder instead of a server, and beside another toolkit.

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

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};

use self::machine::{Machine, packages_of, toolkit};
use self::packages::{Package, noise, package};
use self::repository::Repository;

/// What a profile adds to the one before it.
const PROFILES: [(&str, &[&str]); 4] = [
    (
        "runtime",
        &[
            "cuda-libraries-12-9",
            "cuda-cudart-12-9",
            "libcublas-12-9",
            "cuda-nvtx-12-9",
            "cuda-toolkit-12-9-config-common",
            "cuda-toolkit-12-config-common",
            "cuda-toolkit-config-common",
        ],
    ),
    ("compiler", &["cuda-nvcc-12-9", "cuda-cudart-dev-12-9", "cuda-driver-dev-12-9", "cuda-cccl-12-9"]),
    ("development", &["cuda-libraries-dev-12-9", "libcublas-dev-12-9"]),
    ("full", &["cuda-toolkit-12-9", "cuda-nsight-compute-12-9"]),
];

/// What people build programs with, and what comes with the runtime where it is there.
fn more() -> Vec<Package> {
    let library = |name: &str, version: &str, file: &str| {
        package(name, version, &[]).file(&format!("usr/lib/x86_64-linux-gnu/{file}"), noise(500))
    };
    let header = |name: &str, version: &str, file: &str, needs: &str| {
        package(name, version, &[&format!("Depends: {needs}")]).file(&format!("usr/include/{file}"), "//\n")
    };
    vec![
        package("cuda-nvtx-12-9", "12.9.79-1", &[]).file("usr/local/cuda-12.9/include/nvtx3/nvToolsExt.h", "// nvtx\n"),
        header("libnccl-dev", "2.25.1-1+cuda12.8", "nccl.h", "libnccl2 (= 2.25.1-1+cuda12.8)"),
        header("libnccl-dev", "2.27.3-1+cuda12.9", "nccl.h", "libnccl2 (= 2.27.3-1+cuda12.9)"),
        library("libnccl2", "2.28.3-1+cuda13.0", "libnccl.so.2.28.3"),
        header("libcudnn9-dev-cuda-12", "9.8.0.87-1", "cudnn.h", "libcudnn9-cuda-12 (= 9.8.0.87-1)"),
        library("libcudnn9-cuda-13", "9.12.0.46-1", "libcudnn.so.9.12.0"),
    ]
}

fn machine() -> Machine {
    Machine::of(Repository::with(&more()))
}

/// The packages that are installed, with their versions.
fn installed(machine: &Machine) -> BTreeSet<String> {
    let state = machine.state();
    packages_of(&state).lines().filter_map(|line| line.strip_prefix("ii ")).map(|line| line.trim().to_owned()).collect()
}

fn new_since(machine: &Machine, before: &BTreeSet<String>) -> BTreeSet<String> {
    let now = installed(machine);
    now.difference(before).map(|line| line.split(' ').next().unwrap_or(line).to_owned()).collect()
}

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

fn verdicts(outcome: &Value) -> Vec<&str> {
    let checks = outcome["checks"].as_array().expect("a list");
    checks.iter().filter_map(|check| check["verdict"].as_str()).collect()
}

#[test]
fn each_profile_is_installed_over_the_one_before_it_and_removed_whole() {
    let machine = machine();
    let clean = installed(&machine);
    let mut before = clean.clone();
    for (profile, adds) in PROFILES {
        let plan = machine.ask("plan", &toolkit("12.9", profile)).expect("a plan");
        let planned = plan["install"].as_array().expect("a list");
        let planned: BTreeSet<String> =
            planned.iter().map(|one| one["name"].as_str().expect("text").to_owned()).collect();
        assert_eq!(planned, names(adds), "{profile}: what is there already is no part of the plan");
        let run = machine.install(&toolkit("12.9", profile));
        run.assert_done();
        machine.assert_sound();
        assert_eq!(new_since(&machine, &before), names(adds), "{profile}");
        let checked = run.outcome();
        let expected: &[&str] = match profile {
            // Nothing to compile with; the loader finds what programs need.
            "runtime" => &["not-checked", "passed"],
            _ => &["passed", "passed"],
        };
        assert!(verdicts(&checked).starts_with(expected), "{profile}: {checked}");
        let found = machine.stack.shell("bash -lc 'type -P nvcc || echo none; echo $CUDA_HOME'");
        let nvcc = if profile == "runtime" { "none" } else { "/usr/local/cuda/bin/nvcc" };
        assert_eq!(found, format!("{nvcc}\n/usr/local/cuda"), "{profile}");
        before = installed(&machine);
    }
    machine.install(&json!({ "do": "remove", "release": "12.9" })).assert_done();
    machine.assert_sound();
    assert_eq!(installed(&machine), clean);
    assert_eq!(machine.stack.shell("ls -d /usr/local/cuda* /opt/nvidia/*/12.9 2>/dev/null || true"), "");
    // Alone, the runtime is removed just as well.
    machine.install(&toolkit("12.9", "runtime")).assert_done();
    assert_eq!(new_since(&machine, &clean), names(PROFILES[0].1));
    machine.install(&json!({ "do": "remove", "release": "12.9" })).assert_done();
    assert_eq!(installed(&machine), clean);
    assert_eq!(machine.stack.shell("ls -d /usr/local/cuda* 2>/dev/null || true"), "");
}

fn with_extras(release: &str, profile: &str, extras: &[&str]) -> Value {
    json!({ "do": "install", "release": release, "profile": profile, "extras": extras })
}

fn versions_of(machine: &Machine, start: &str) -> Vec<String> {
    installed(machine).into_iter().filter(|line| line.starts_with(start)).collect()
}

#[test]
fn extras_fit_the_toolkit_and_the_forward_compatibility_libraries_lie_where_nobody_looks_unasked() {
    let machine = machine();
    // Programs that only run need no headers.
    machine.install(&with_extras("12.8", "runtime", &["cudnn", "nccl"])).assert_done();
    assert_eq!(versions_of(&machine, "libnccl"), ["libnccl2 2.25.1-1+cuda12.8"], "built for 12.8, and not the newest");
    assert_eq!(versions_of(&machine, "libcudnn"), ["libcudnn9-cuda-12 9.8.0.87-1"]);
    let all = ["cudnn", "nccl", "forward-compatibility"];
    let run = machine.install(&with_extras("12.8", "development", &all));
    run.assert_done();
    machine.assert_sound();
    assert_eq!(versions_of(&machine, "libnccl"), ["libnccl-dev 2.25.1-1+cuda12.8", "libnccl2 2.25.1-1+cuda12.8"]);
    assert_eq!(versions_of(&machine, "libcudnn"), ["libcudnn9-cuda-12 9.8.0.87-1", "libcudnn9-dev-cuda-12 9.8.0.87-1"]);
    machine.stack.shell("test -e /usr/lib/x86_64-linux-gnu/libnccl.so.2.25.1 -a -e /usr/include/cudnn.h");
    assert_eq!(versions_of(&machine, "cuda-compat"), ["cuda-compat-12-8 575.57.08-0ubuntu1"]);
    machine.stack.shell("test -e /usr/local/cuda-12.8/compat/libcuda.so.575.57.08");
    let global = machine.stack.shell("ldconfig -p | grep -E '/compat/|/libcuda\\.so' || true");
    assert_eq!(global, "", "no program gets them unasked");
    let shells = machine.stack.shell("bash -lc 'echo \"$PATH:${LD_LIBRARY_PATH-}\"'");
    assert!(!shells.contains("compat"), "{shells}");
    // A newer toolkit brings the library that was built for it.
    let run = machine.install(&with_extras("12.9", "runtime", &["nccl"]));
    run.assert_done();
    machine.assert_sound();
    assert!(versions_of(&machine, "libnccl2").contains(&"libnccl2 2.27.3-1+cuda12.9".to_owned()), "{}", run.tell());
    // An older one is never put in its place.
    let before = installed(&machine);
    let message = machine.install(&with_extras("12.8", "development", &["nccl"])).assert_failed("Unsupported");
    assert!(message.contains("newer version"), "{message}");
    assert_eq!(installed(&machine), before);
    machine.assert_sound();
    // Both go without a trace of their own; what belongs to no toolkit stays.
    for release in ["12.8", "12.9"] {
        machine.install(&json!({ "do": "remove", "release": release })).assert_done();
        machine.assert_sound();
    }
    assert_eq!(machine.stack.shell("ls -d /usr/local/cuda* 2>/dev/null || true"), "");
    assert_eq!(versions_of(&machine, "cuda-"), Vec::<String>::new());
    assert_eq!(versions_of(&machine, "libcudnn9-cuda-12").len(), 1);
    machine.install(&with_extras("12.9", "runtime", &["tensorrt"])).assert_failed("InvalidSetting");
}

/// All files of a toolkit with what is in them.
fn contents(machine: &Machine, release: &str) -> String {
    machine.stack.shell(&format!(
        "find /usr/local/cuda-{release} /opt/nvidia/*/{release} -type f -exec sha256sum {{}} + | sort; \
         find /usr/local/cuda-{release} -type l -printf '%p %l\\n' | sort"
    ))
}

#[test]
fn removing_one_toolkit_leaves_the_other_as_it_was() {
    let machine = machine();
    machine.install(&toolkit("12.9", "full")).assert_done();
    let alone = (contents(&machine, "12.9"), installed(&machine));
    machine.install(&toolkit("12.8", "full")).assert_done();
    let plan = machine.ask("plan", &json!({ "do": "remove", "release": "12.8" })).expect("a plan");
    let removed: Vec<&str> = plan["remove"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!(removed.len(), 12, "what both share is no part of it: {removed:?}");
    assert!(removed.iter().all(|name| name.contains("12-8")), "{removed:?}");
    machine.install(&json!({ "do": "remove", "release": "12.8" })).assert_done();
    machine.assert_sound();
    assert_eq!((contents(&machine, "12.9"), installed(&machine)), alone);
    assert_eq!(machine.stack.shell("ls -d /usr/local/cuda-12.8* 2>/dev/null || true"), "");
}

#[test]
fn room_is_looked_for_on_each_file_system_that_is_written_to() {
    const SIZES: [(&str, u64); 2] = [("/usr/local", 96 << 20), ("/var/cache/desktop-control", 48 << 20)];
    let machine = machine();
    for (folder, size) in SIZES {
        machine.stack.shell(&format!("mkdir -p {folder} && mount -t tmpfs -o size={size} tmpfs {folder}"));
    }
    let plan = machine.ask("plan", &toolkit("12.9", "full")).expect("a plan");
    let space = plan["space"].as_array().expect("a list");
    assert_eq!(space.len(), 3, "{plan}");
    let of = |folder: &str| {
        let on = |one: &&Value| one["folder"].as_str().is_some_and(|place| place.starts_with(folder));
        let one = space.iter().find(on).expect("it is told");
        (one["needed-bytes"].as_u64().expect("bytes"), one["free-bytes"].as_u64().expect("bytes"))
    };
    assert_eq!(of("/usr/local").0, plan["installed-bytes"].as_u64().expect("bytes"));
    assert_eq!(of("/var/cache").0, plan["download-bytes"].as_u64().expect("bytes"));
    for (folder, size) in SIZES {
        let free = of(folder).1;
        assert!((size - (1 << 20)..=size).contains(&free), "{folder}: {free} of {size} bytes");
    }
    // Each is looked at by itself: room on one is no room on another.
    machine.stack.shell("mount -o remount,size=1m /usr/local");
    let message = machine.install(&toolkit("12.9", "full")).assert_failed("NoSpace");
    assert!(message.contains("/usr/local"), "{message}");
    machine.stack.shell("umount /usr/local");
    machine.install(&toolkit("12.9", "full")).assert_done();
    machine.assert_sound();
}

#[test]
fn a_folder_is_as_good_as_a_server() {
    let machine = machine();
    let folder = machine.stack.path("/opt/mirror");
    let copied = Command::new("cp").args(["-r"]).arg(machine.repository.folder()).arg(&folder).status().expect("cp");
    assert!(copied.success());
    machine.stack.shell("chmod -R a+rX /opt/mirror");
    let config = "[cuda]\nrepository = 'file:///opt/mirror/'\nkey = '/etc/repository.asc'\n";
    machine.stack.write("/etc/desktop-control/config.toml", config);
    machine.server.faults(|faults| faults.refuse = true);
    let plan = machine.ask("plan", &toolkit("12.9", "full")).expect("a plan");
    assert_eq!(plan["install"].as_array().map(Vec::len), Some(14), "{plan}");
    machine.install(&toolkit("12.9", "full")).assert_done();
    machine.assert_sound();
    assert_eq!(machine.server.faults(|faults| faults.asked.len()), 0);
    // Who has an entry of their own has apt copy from there, too.
    machine.reset();
    let entry = |scheme: &str| format!("deb [signed-by=/etc/repository.asc] {scheme}:///opt/mirror/ /\n");
    machine.stack.write("/etc/apt/sources.list.d/mirror.list", &entry("file"));
    let message = machine.install(&toolkit("12.9", "full")).assert_failed("Unsupported");
    assert!(message.contains("mirror.list") && message.contains("copy:"), "{message}");
    machine.stack.write("/etc/apt/sources.list.d/mirror.list", &entry("copy"));
    machine.install(&toolkit("12.9", "full")).assert_done();
    assert_eq!(machine.stack.shell("ls /etc/apt/sources.list.d"), "mirror.list", "no second entry");
    machine.assert_sound();
    assert_eq!(
        machine.stack.shell("bash -lc 'nvcc --version' | tail -1"),
        "Cuda compilation tools, release 12.9, V12.9.86"
    );
}
