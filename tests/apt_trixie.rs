//! The installer with Debian 13's own apt: another major version, other words, and another program that checks signatures
//! than on Debian 12. A bare Debian 13, and the real, signed repository of the other tests.

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

use self::machine::{Machine, packages_of, toolkit};
use self::packages::{POSTINST_FAILS, driver, package};
use self::repository::{Key, Repository, usual_key};

#[test]
fn a_toolkit_is_installed_and_removed_and_its_progress_is_read() {
    let machine = Machine::of_suite("trixie", Repository::usual());
    let version = machine.stack.shell("apt-get --version | head -1");
    assert!(version.starts_with("apt 3."), "{version}");
    let before = machine.state();
    let plan = machine.ask("plan", &toolkit("12.9", "full")).expect("a plan");
    assert_eq!(plan["install"].as_array().map(Vec::len), Some(14), "{plan}");
    assert!(plan["download-bytes"].as_u64() > Some(2_000_000), "{plan}");
    assert!(plan["installed-bytes"].as_u64() > Some(2_000_000), "{plan}");
    machine.server.faults(|faults| faults.rate = Some(1_000_000));
    let run = machine.install(&toolkit("12.9", "full"));
    run.assert_done();
    machine.assert_sound();
    let told = run.progress();
    let fractions: Vec<f64> = told.iter().filter_map(|event| event["fraction"].as_f64()).collect();
    assert!(fractions.is_sorted() && fractions.iter().all(|fraction| (0.0..1.0).contains(fraction)), "{fractions:?}");
    let last = told.last().expect("an event");
    assert_eq!(last["bytes-done"], last["bytes-total"]);
    assert_eq!((&last["packages-done"], &last["packages-total"]), (&json!(14), &json!(14)), "{}", run.tell());
    let steps: Vec<&str> = told.iter().filter_map(|event| event["step"].as_str()).collect();
    // Which of them are told depends on the machine's speed: steps that follow each other fast are told as one.
    let of_apt = |step: &&str| {
        ["Unpacking ", "Preparing ", "Installing ", "Configuring "].iter().any(|verb| step.starts_with(verb))
    };
    assert!(steps.iter().any(of_apt), "apt's own words are told: {steps:?}");
    let checks = &run.outcome()["checks"];
    assert_eq!((&checks[0]["verdict"], &checks[1]["verdict"]), (&json!("passed"), &json!("passed")), "{checks}");
    assert_eq!(machine.stack.shell("bash -lc 'type -P nvcc'"), "/usr/local/cuda/bin/nvcc");
    machine.install(&toolkit("12.8", "development")).assert_done();
    machine.install(&json!({ "do": "set-default", "release": "12.8" })).assert_done();
    assert_eq!(machine.stack.shell("readlink -f /usr/local/cuda"), "/usr/local/cuda-12.8");
    for release in ["12.8", "12.9"] {
        machine.install(&json!({ "do": "remove", "release": release })).assert_done();
        machine.assert_sound();
    }
    assert_eq!(packages_of(&machine.state()), packages_of(&before));
    assert_eq!(machine.stack.shell("ls -d /usr/local/cuda* 2>/dev/null || true"), "");
}

#[test]
fn what_is_wrong_with_a_repository_is_told_apart_in_its_words() {
    let machine = Machine::of_suite("trixie", Repository::usual());
    machine.stack.shell("command -v sqv");
    let said = |word: &str| {
        let failure = machine.ask("available", &Value::Null).expect_err(word);
        let message = failure["message"].as_str().expect("a sentence").to_owned();
        assert!(message.contains(word), "{word}: {failure}");
    };
    machine.repository.forge_signature();
    said("not signed by its key");
    machine.repository.publish(&Key::fresh());
    said("not signed by its key");
    let signed = machine.repository.folder().join("InRelease");
    let text = std::fs::read_to_string(&signed).expect("readable");
    let bare = text.lines().skip(3).take_while(|line| !line.starts_with("-----")).collect::<Vec<_>>().join("\n");
    std::fs::write(&signed, bare + "\n").expect("write");
    said("not signed by its key");
    std::fs::remove_file(&signed).expect("removed");
    said("no package repository at");
    machine.repository.publish(usual_key());
    machine.server.faults(|faults| faults.gone = true);
    said("no package repository at");
    machine.server.faults(|faults| (faults.gone, faults.refuse) = (false, true));
    said("cannot be reached");
    machine.server.mend();
    for (key, word) in [(Key::lapsed(), "has expired"), (Key::weak(), "made with SHA-1")] {
        machine.stack.write("/etc/repository.asc", &key.public());
        machine.repository.publish(&key);
        said(word);
    }
    machine.stack.write("/etc/repository.asc", &usual_key().public());
    machine.repository.publish(usual_key());
    // Lists that are not what was signed.
    let lists = machine.repository.folder().join("Packages");
    let good = std::fs::read_to_string(&lists).expect("readable");
    std::fs::write(&lists, good.replace("12.9.1-1", "12.9.1-2")).expect("write");
    said("not what its lists promise");
    std::fs::write(&lists, &good).expect("write");
    machine.ask("available", &Value::Null).expect("all is well again");
    machine.assert_sound();
}

#[test]
fn whatever_breaks_it_ends_as_if_nothing_had_happened() {
    let machine = Machine::of_suite("trixie", Repository::usual());
    let whole = machine.undisturbed();
    let before = packages_of(&machine.state());
    let failed = |name: &str, word: &str| {
        let run = machine.install(&toolkit("12.9", "full"));
        let message = run.assert_failed(name);
        assert!(message.contains(word), "{word}: {}", run.tell());
        assert_eq!(packages_of(&machine.state()), before, "{word}");
        machine.assert_sound();
    };
    machine.server.faults(|faults| faults.cut = Some(("libcublas-12-9_".into(), 50, u32::MAX)));
    failed("Internal", "cannot be reached");
    machine.server.mend();
    machine.repository.spoil("libcublas-12-9");
    failed("Internal", "is not what its lists promise");
    machine.repository.mend("libcublas-12-9");
    machine.stack.write(POSTINST_FAILS, "");
    failed("Internal", "could not be set up");
    machine.stack.shell(&format!("rm {POSTINST_FAILS}"));
    machine.stack.shell("mount -t tmpfs -o size=1m tmpfs /usr/local");
    failed("NoSpace", "MB free");
    machine.stack.shell("umount /usr/local");
    // What dpkg is cut in the middle of is brought to its end first.
    machine.stack.write(POSTINST_FAILS, "");
    machine.stack.shell("apt-get -y install cuda-nvcc-12-9 || true");
    assert_ne!(machine.stack.shell("dpkg --audit"), "");
    machine.stack.shell(&format!("rm {POSTINST_FAILS}"));
    machine.install(&toolkit("12.9", "full")).assert_done();
    machine.assert_sound();
    machine.assert_same(&whole, "afterwards");
}

#[test]
fn its_apt_brings_no_driver_and_removes_nothing() {
    let machine = Machine::of_suite("trixie", Repository::usual());
    let before = packages_of(&machine.state());
    let needs =
        |relation: &str| package("cuda-toolkit-12-9", "12.9.2-1", &[&format!("Depends: cuda-nvcc-12-9, {relation}")]);
    let cases = [
        ("cuda-drivers", "DriverPackage", vec![needs("cuda-drivers")]),
        ("no-such-package | cuda-runtime-12-9", "DriverPackage", vec![needs("no-such-package | cuda-runtime-12-9")]),
        ("renamed", "DriverPackage", vec![needs("gpu"), driver("gpu", &["Provides: libcuda1"])]),
        ("by its files alone", "DriverPackage", vec![needs("gpu"), driver("gpu", &[])]),
        ("missing", "Unsupported", vec![needs("no-such-package")]),
    ];
    for (case, error, packages) in cases {
        let changed = Repository::with(&packages);
        machine.server.serve(changed.folder());
        machine.install(&toolkit("12.9", "full")).assert_failed(error);
        assert_eq!(packages_of(&machine.state()), before, "{case}");
        machine.assert_sound();
    }
    let conflict = Repository::with(&[
        package("victim", "1", &[]),
        package("cuda-nvcc-12-9", "12.9.2-1", &["Depends: cuda-toolkit-12-9-config-common", "Conflicts: victim"]),
    ]);
    machine.server.serve(conflict.folder());
    machine.stack.shell("apt-get -qq update && apt-get -y install victim");
    let message = machine.install(&toolkit("12.9", "compiler")).assert_failed("WouldRemove");
    assert!(message.contains("victim"), "{message}");
    machine.stack.shell("apt-get -y purge victim");
    // What is held is left alone, and named.
    machine.install(&toolkit("12.9", "compiler")).assert_done();
    machine.stack.shell("apt-mark hold cuda-toolkit-config-common");
    let newer = Repository::with(&[
        package("cuda-toolkit-config-common", "13.0-1", &[]),
        package(
            "cuda-toolkit-12-8-config-common",
            "12.8.2-1",
            &["Depends: cuda-toolkit-12-config-common, cuda-toolkit-config-common (>= 13)"],
        ),
    ]);
    machine.server.serve(newer.folder());
    let message = machine.install(&toolkit("12.8", "compiler")).assert_failed("Unsupported");
    assert!(message.contains("held"), "{message}");
    machine.assert_sound();
}
