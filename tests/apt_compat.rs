//! Forward compatibility: offered where it is of use, installed through the same gates, and for one program at a time.

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

use serde_json::{Value, json};

use self::machine::{Machine, packages_of};
use self::packages::package;
use self::repository::Repository;
use self::support::{Boot, DEADLINE, Stack, code, cuda, nvml, text, wait_until};

/// What the libraries play: the driver's own runs 12.2, those of forward compatibility bring 12.9.
const LIBCUDA: &str = r#"[{ "below": "/compat/", "version": 12090 }, { "version": 12020 }]"#;

/// A machine of `tests/hosts` with another driver.
fn gpus(host: &str, driver: &str) -> Value {
    let mut gpus = nvml::still(host);
    gpus["driver"] = driver.into();
    gpus
}

fn json_of(stack: &Stack, words: &[&str]) -> Value {
    let words: Vec<&str> = ["--json"].iter().chain(words).copied().collect();
    serde_json::from_str(&stack.ctl_ok(&words)).expect("JSON")
}

fn extras_of(stack: &Stack, release: &str) -> Value {
    let available = json_of(stack, &["cuda", "available"]);
    let all = available.as_array().expect("a list");
    all.iter().find(|one| one["release"] == release).expect("offered")["extras"].clone()
}

fn wait_for_driver(stack: &Stack, driver: &Value) {
    wait_until(
        DEADLINE,
        || format!("the driver is {driver}: {}", json_of(stack, &["cuda"])),
        || (json_of(stack, &["cuda"])["driver_version"] == *driver).then_some(()),
    );
}

#[test]
fn the_libraries_are_installed_where_they_are_of_use_and_for_one_program() {
    let library = std::fs::read(cuda::stand_in()).expect("built");
    let compat = package("cuda-compat-12-9", "575.57.09-0ubuntu1", &[])
        .file("usr/local/cuda-12.9/compat/libcuda.so.575.57.08", library)
        .link("usr/local/cuda-12.9/compat/libcuda.so.1", "libcuda.so.575.57.08");
    let boot = Boot { units: Boot::CORE, ..Boot::default() };
    let boot = boot.and_gpus_of(&gpus("one-datacenter-old-driver", "535.183.01").to_string()).and_libcuda(LIBCUDA);
    let machine = Machine::booted(Repository::with(&[compat]), boot);
    let stack = &machine.stack;
    wait_for_driver(stack, &"535.183.01".into());
    assert_eq!(extras_of(stack, "12.9"), json!(["cudnn", "nccl", "forward-compatibility"]));
    let before = packages_of(&machine.state());

    let asked = stack.ctl(&["cuda", "enable-compat", "12.9"]);
    assert!(code(&asked) == 2 && text(&asked).contains("cuda-compat-12-9"), "the plan is shown: {}", text(&asked));
    assert_eq!(code(&stack.ctl_as("nobody", &["cuda", "enable-compat", "12.9", "--yes"])), 4);
    let unknown = stack.ctl(&["cuda", "enable-compat", "13.0", "--yes"]);
    assert!(code(&unknown) == 5 && text(&unknown).contains("forward-compatibility"), "{}", text(&unknown));
    assert_eq!(packages_of(&machine.state()), before, "nothing has changed so far");
    let without = stack.ctl(&["cuda", "with-compat", "12.9", "--", "true"]);
    assert!(code(&without) == 5 && text(&without).contains("desktopctl cuda enable-compat 12.9"), "{}", text(&without));

    let said = stack.ctl_ok(&["cuda", "enable-compat", "12.9", "--yes"]);
    assert!(said.contains("enable-compat cuda 12.9: done"), "{said}");
    assert!(said.contains("the libraries are there: passed"), "{said}");
    assert!(said.contains("only programs that ask get them: passed"), "{said}");
    assert!(said.contains("desktopctl cuda with-compat 12.9 -- PROGRAM"), "{said}");
    let after = packages_of(&machine.state());
    let new: Vec<&str> = after.lines().filter(|line| !before.contains(line)).collect();
    assert!(new.len() == 1 && new[0].contains("cuda-compat-12-9"), "{new:?}");
    assert_eq!(stack.shell("find /var/cache/desktop-control -type f"), "");
    let tried = wait_until(
        DEADLINE,
        || "they were tried".into(),
        || Some(json_of(stack, &["cuda"])).filter(|cuda| cuda["forward_packages"][0]["works"] == json!(true)),
    );
    assert_eq!(tried["compat_active"], json!(false), "no other program gets them: {tried}");
    let path = stack.ctl_ok(&["cuda", "with-compat", "12.9", "--", "sh", "-c", "echo $LD_LIBRARY_PATH"]);
    assert_eq!(path.trim(), "/usr/local/cuda-12.9/compat");
    machine.assert_sound();
    stack.ctl_ok(&["cuda", "remove", "12.9", "--yes"]);
    assert_eq!(packages_of(&machine.state()), before, "and away with them");

    for (host, driver, native, reason) in [
        ("one-datacenter-old-driver", "450.80.02", 11000, "not made for driver 450"),
        ("one-consumer", "535.183.01", 12020, "is for data centre GPUs"),
        ("one-datacenter-old-driver", "580.95.05", 13000, "runs CUDA up to 13.0 itself"),
    ] {
        stack.write(cuda::SCRIPT_INSIDE, &json!([{ "version": native }]).to_string());
        let gpus = gpus(host, driver);
        nvml::become_machine(stack, &gpus);
        wait_for_driver(stack, &gpus["driver"]);
        let refused = stack.ctl(&["cuda", "enable-compat", "12.9", "--yes"]);
        assert!(code(&refused) == 1 && text(&refused).contains(reason), "{host} {driver}: {}", text(&refused));
        assert_eq!(extras_of(stack, "12.9"), json!(["cudnn", "nccl"]), "{host} {driver}: it is not offered");
    }
    assert_eq!(packages_of(&machine.state()), before);
}

#[test]
fn without_a_gpu_there_is_nothing_to_be_compatible_with() {
    let machine = Machine::with_daemon(Repository::usual());
    let state = || json_of(&machine.stack, &["cuda"])["state"].clone();
    wait_until(DEADLINE, || format!("it is known: {}", state()), || (state() == "no-gpu").then_some(()));
    let refused = machine.stack.ctl(&["cuda", "enable-compat", "12.9", "--yes"]);
    assert!(code(&refused) == 1 && text(&refused).contains("no GPU"), "{}", text(&refused));
    assert_eq!(extras_of(&machine.stack, "12.9"), json!(["cudnn", "nccl"]));
    // Images are built where there is none, for machines that have one.
    let plan = json_of(&machine.stack, &["cuda", "plan", "12.9", "--extra", "forward-compatibility"]);
    let names = plan["install"].as_array().expect("a list").iter().map(|one| one["name"].clone());
    assert!(names.collect::<Vec<_>>().contains(&"cuda-compat-12-9".into()), "{plan}");
}
