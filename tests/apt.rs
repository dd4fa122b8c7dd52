//! Installing CUDA with the machine's real apt, from a real signed repository, in a root that is thrown away: what is
//! offered and done, and what the gate and the signatures stop.

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

use self::machine::{Machine, packages_of, toolkit, try_shell};
use self::packages::{Package, built, driver, package};
use self::repository::{Key, Repository, usual_key};

#[test]
fn a_toolkit_is_offered_planned_installed_and_removed() {
    let machine = Machine::usual();
    let before = machine.state();
    let offered = machine.ask("available", &Value::Null).expect("an answer");
    let of = |list: &Value, field: &str| -> Vec<String> {
        let list = list.as_array().expect("a list");
        list.iter().map(|one| one[field].as_str().expect("text").to_owned()).collect()
    };
    assert_eq!(of(&offered, "version"), ["12.8.1", "12.9.1"]);
    assert_eq!(offered[1]["profiles"], json!(["runtime", "compiler", "development", "full"]));
    assert_eq!(offered[1]["extras"], json!(["cudnn", "nccl", "forward-compatibility"]));
    assert_eq!(offered[1]["compat-driver"], "575.57.08");

    let plan = machine.ask("plan", &toolkit("12.9", "full")).expect("a plan");
    let names = of(&plan["install"], "name");
    assert_eq!(names.len(), 14, "{names:?}");
    assert!(names.iter().all(|name| !name.contains("driver") || *name == "cuda-driver-dev-12-9"), "{names:?}");
    assert_eq!(plan["remove"], json!([]));
    let size = |name: &String| {
        let files = std::fs::read_dir(built()).expect("built").flatten();
        let mut files = files.filter(|file| file.file_name().to_string_lossy().starts_with(&format!("{name}_")));
        files.next().expect("the package").metadata().expect("a size").len()
    };
    assert_eq!(plan["download-bytes"], names.iter().map(size).sum::<u64>(), "to the byte");
    assert!(plan["licence"].as_str().is_some_and(|licence| licence.starts_with("https://docs.nvidia.com/")));
    assert!(plan["space"][0]["free-bytes"].as_u64() > Some(0), "{plan}");
    assert_eq!(packages_of(&machine.state()), packages_of(&before), "a plan changes nothing");

    let run = machine.install(&toolkit("12.9", "full"));
    run.assert_done();
    machine.assert_sound();
    assert_eq!(machine.stack.shell("readlink -f /usr/local/cuda"), "/usr/local/cuda-12.9");
    assert_eq!(
        machine.stack.shell("bash -lc 'nvcc --version | tail -1; echo $CUDA_HOME'"),
        "Cuda compilation tools, release 12.9, V12.9.86\n/usr/local/cuda"
    );
    let checks = &run.outcome()["checks"];
    assert_eq!((&checks[0]["verdict"], &checks[1]["verdict"]), (&json!("passed"), &json!("passed")), "{checks}");
    assert_eq!(checks[3]["verdict"], "not-checked", "there is no GPU: {checks}");
    assert_eq!(machine.stack.shell("find /var/cache/desktop-control -type f"), "", "what was fetched is gone");

    machine.install(&toolkit("12.9", "full")).assert_done();
    machine.install(&json!({ "do": "remove", "release": "12.9" })).assert_done();
    machine.assert_sound();
    assert_eq!(packages_of(&machine.state()), packages_of(&before), "everything is gone");
    assert_eq!(machine.stack.shell("ls -d /usr/local/cuda* /opt/nvidia 2>/dev/null || true"), "");
    machine.install(&json!({ "do": "remove", "release": "12.9" })).assert_failed("UnknownObject");
}

/// The script that some images run at each start: it picks the newest toolkit, and deletes the loader's files.
const BOOT_SCRIPT: &str = "rm -f /etc/ld.so.conf.d/*cuda*.conf; sed -i '/cuda/d' /etc/ld.so.conf.d/*.conf; \
    rm -f /usr/local/cuda; ln -s /usr/local/cuda-12.9 /usr/local/cuda; ldconfig";

#[test]
fn several_toolkits_live_side_by_side() {
    let machine = Machine::usual();
    let default = || machine.stack.shell("readlink -f /usr/local/cuda");
    let loader = || machine.stack.shell("ldconfig -p | sed -n 's/.*libcudart.*=> //p' | xargs -n1 readlink -f");
    let without_default = |release: &str| json!({ "do": "install", "release": release, "profile": "development" });
    machine.install(&without_default("12.8")).assert_done();
    assert_eq!(default(), "/usr/local/cuda-12.8", "the first one is the default by itself");
    machine.install(&without_default("12.9")).assert_done();
    assert_eq!(default(), "/usr/local/cuda-12.8", "who has chosen keeps it");
    machine.install(&json!({ "do": "set-default", "release": "12.9" })).assert_done();
    assert_eq!(default(), "/usr/local/cuda-12.9");
    assert!(loader().starts_with("/usr/local/cuda-12.9/"), "{}", loader());
    machine.install(&json!({ "do": "set-default", "release": "12.8" })).assert_done();
    machine.stack.shell(BOOT_SCRIPT);
    assert_eq!(default(), "/usr/local/cuda-12.9", "the boot script has its own mind");
    assert!(loader().starts_with("/usr/local/cuda-12.8/"), "the loader was not led astray: {}", loader());
    machine.run("restore", &Value::Null).assert_done();
    assert_eq!(default(), "/usr/local/cuda-12.8", "what was chosen is applied again");
    machine.install(&json!({ "do": "set-default", "release": "11.8" })).assert_failed("UnknownObject");
    machine.install(&json!({ "do": "remove", "release": "12.8" })).assert_done();
    assert_eq!(default(), "/usr/local/cuda-12.9", "the default goes to what is left");
    assert!(loader().starts_with("/usr/local/cuda-12.9/"), "{}", loader());
    let run = machine.install(&json!({ "do": "verify", "release": "12.9" }));
    assert_eq!(run.outcome()["checks"][1]["verdict"], "passed", "{}", run.tell());
    machine.assert_sound();
}

#[test]
fn nobody_gets_a_driver_by_its_name() {
    let machine = Machine::usual();
    machine.ask("available", &Value::Null).expect("the repository is there");
    for name in ["cuda", "cuda-12-9", "cuda-runtime-12-9", "cuda-drivers"] {
        let said = try_shell(&machine.stack, &format!("apt-get -s install {name}"));
        assert!(!said.starts_with("exit status: 0"), "{name}: {said}");
        let request = json!({ "do": "install", "release": "12.9", "profile": name });
        machine.install(&request).assert_failed("InvalidSetting");
        machine
            .install(&json!({ "do": "install", "release": name, "profile": "full" }))
            .assert_failed("InvalidSetting");
    }
    machine.install(&toolkit("13.7", "full")).assert_failed("UnknownObject");
    machine.assert_sound();
}

/// What a repository may come to hold one day; all of it is to be stopped.
#[test]
fn a_driver_that_a_toolkit_comes_to_need_is_stopped_at_the_gate() {
    let toolkit_needs = |relation: &str| {
        let depends = format!("Depends: cuda-nvcc-12-9, {relation}");
        package("cuda-toolkit-12-9", "12.9.2-1", &[&depends])
    };
    let machine = Machine::usual();
    let before = packages_of(&machine.state());
    let cases: [(&str, &str, Vec<Package>); 7] = [
        ("by its name", "cuda-drivers", vec![]),
        ("as a collection", "cuda-runtime-12-9", vec![]),
        ("renamed", "gpu-stack", vec![driver("gpu-stack", &["Provides: nvidia-driver (= 575), libcuda1"])]),
        ("by its source", "gpu-stack", vec![driver("gpu-stack", &["Source: nvidia-graphics-drivers-575"])]),
        ("behind Provides", "nvidia-driver-binary", vec![driver("gpu-stack", &["Provides: nvidia-driver-binary"])]),
        ("behind an alternative", "cuda-drivers | gpu-stack", vec![driver("gpu-stack", &["Replaces: libcuda1"])]),
        ("by its files alone", "gpu-stack", vec![driver("gpu-stack", &[]).without_sums()]),
    ];
    for (case, relation, mut more) in cases {
        more.push(toolkit_needs(relation));
        let changed = Repository::with(&more);
        machine.server.serve(changed.folder());
        let run = machine.install(&toolkit("12.9", "full"));
        let message = run.assert_failed("DriverPackage");
        assert!(message.contains("driver"), "{case}: {message}");
        assert_eq!(packages_of(&machine.state()), before, "{case}: nothing changed");
        machine.assert_sound();
    }
}

#[test]
fn a_file_that_the_host_put_there_is_not_replaced() {
    let machine = Machine::of(Repository::with(&[package(
        "cuda-nvcc-12-9",
        "12.9.2-1",
        &["Depends: cuda-toolkit-12-9-config-common"],
    )
    .file("usr/lib/x86_64-linux-gnu/libodd.so.1", "x")]));
    machine.stack.shell("touch /usr/lib/x86_64-linux-gnu/libodd.so.1 && mount --bind /dev/null /usr/lib/x86_64-linux-gnu/libodd.so.1 || \
        mount --bind /etc/hostname /usr/lib/x86_64-linux-gnu/libodd.so.1");
    let message = machine.install(&toolkit("12.9", "compiler")).assert_failed("DriverPackage");
    assert!(message.contains("libodd.so.1"), "{message}");
    machine.assert_sound();
}

#[test]
fn what_would_remove_anything_is_refused() {
    let machine = Machine::of(Repository::with(&[
        package("victim", "1", &[]),
        package("cuda-nvcc-12-9", "12.9.2-1", &["Depends: cuda-toolkit-12-9-config-common", "Conflicts: victim"]),
    ]));
    machine.ask("available", &Value::Null).expect("the repository is there");
    machine.stack.shell("apt-get -y install victim");
    let before = packages_of(&machine.state());
    let message = machine.install(&toolkit("12.9", "compiler")).assert_failed("WouldRemove");
    assert!(message.contains("victim"), "{message}");
    assert_eq!(packages_of(&machine.state()), before);
    machine.stack.shell("apt-get -y purge victim");
    machine.install(&toolkit("12.9", "compiler")).assert_done();
    // The other way round: what needs the toolkit keeps it from being removed.
    machine.repository.add(&[package("needs-nvcc", "1", &["Depends: cuda-nvcc-12-9"])]);
    machine.repository.publish(usual_key());
    machine.stack.shell("apt-get update && apt-get -y install needs-nvcc");
    let message = machine.install(&json!({ "do": "remove", "release": "12.9" })).assert_failed("WouldRemove");
    assert!(message.contains("needs-nvcc"), "{message}");
    machine.assert_sound();
}

#[test]
fn what_is_wrong_with_a_repository_is_told_apart() {
    let machine = Machine::usual();
    let before = packages_of(&machine.state());
    let said = |word: &str| {
        let failure = machine.ask("available", &Value::Null).expect_err("it is wrong");
        let message = failure["message"].as_str().expect("a sentence").to_owned();
        assert!(message.contains(word), "{word}: {failure}");
        assert_eq!(packages_of(&machine.state()), before);
    };
    machine.repository.forge_signature();
    said("not signed by its key");
    machine.repository.publish(&Key::fresh());
    said("not signed by its key");
    std::fs::remove_file(machine.repository.folder().join("InRelease")).expect("removed");
    said("no package repository at");
    machine.repository.publish(usual_key());
    machine.server.faults(|faults| faults.gone = true);
    said("no package repository at");
    machine.server.faults(|faults| (faults.gone, faults.refuse) = (false, true));
    said("cannot be reached");
    machine.server.mend();
    let expired = Key::expired();
    machine.stack.write("/etc/repository.asc", &expired.public());
    machine.repository.publish(&expired);
    said("has expired");
    machine.stack.write("/etc/repository.asc", "<html>not found</html>");
    said("is no OpenPGP key");
    machine.stack.write("/etc/repository.asc", &usual_key().public());
    machine.repository.publish(usual_key());
    machine.ask("available", &Value::Null).expect("all is well again");
    machine.assert_sound();
}

#[test]
fn only_the_key_that_is_expected_is_used() {
    let machine = Machine::usual();
    let config = |fingerprint: &str| {
        let url = machine.server.url();
        let text =
            format!("[cuda]\nrepository = '{url}'\nkey = '/etc/repository.asc'\nfingerprint = '{fingerprint}'\n");
        machine.stack.write("/etc/desktop-control/config.toml", &text);
    };
    config("EB69 3B30 35CD 5710 E231 E123 A4B4 6996 3BF8 63CC");
    let failure = machine.ask("available", &Value::Null).expect_err("another key");
    assert!(failure["message"].as_str().is_some_and(|said| said.contains("should have the fingerprint")), "{failure}");
    assert_eq!(machine.stack.shell("ls /etc/apt/sources.list.d"), "", "no source without its key");
    config(&usual_key().fingerprint());
    machine.ask("available", &Value::Null).expect("the key");
}

#[test]
fn an_entry_that_is_there_is_used_and_never_doubled() {
    let machine = Machine::usual();
    let url = machine.server.url();
    let list = |options: &str| format!("deb [{options}] {url}/ /\n");
    machine.stack.write("/etc/apt/sources.list.d/cuda.list", &list("signed-by=/etc/repository.asc"));
    machine.ask("available", &Value::Null).expect("an answer");
    assert_eq!(machine.stack.shell("ls /etc/apt/sources.list.d"), "cuda.list");
    machine.stack.shell("apt-get update -o APT::Update::Error-Mode=any");
    machine.stack.write("/etc/apt/sources.list.d/cuda.list", &list("trusted=yes"));
    let failure = machine.ask("available", &Value::Null).expect_err("unchecked");
    assert!(
        failure["message"].as_str().is_some_and(|said| said.contains("without checking its signature")),
        "{failure}"
    );
    machine.stack.write("/etc/apt/sources.list.d/cuda.list", &list("signed-by=/etc/repository.asc"));
    machine.stack.write("/etc/apt/sources.list.d/cuda2.list", &list("signed-by=/etc/other.asc"));
    let failure = machine.ask("available", &Value::Null).expect_err("a contradiction");
    assert!(failure["message"].as_str().is_some_and(|said| said.contains("different keys")), "{failure}");
}

#[test]
fn an_entry_with_somebody_elses_key_is_neither_used_nor_changed() {
    const LIST: &str = "/etc/apt/sources.list.d/cuda.list";
    const SOURCES: &str = "/etc/apt/sources.list.d/cuda.sources";
    let machine = Machine::usual();
    let url = machine.server.url();
    let (own, stranger) = (usual_key(), Key::fresh());
    machine.stack.write("/etc/stranger.asc", &stranger.public());
    machine.stack.write("/etc/both.asc", &format!("{}\n{}", own.public(), stranger.public()));
    // Their key signs it, so apt itself would be content.
    machine.repository.publish(&stranger);
    let refused = |file: &str, text: &str, said: &[&str]| {
        machine.stack.write(file, text);
        let failure = machine.ask("available", &Value::Null).expect_err("somebody else's key");
        let message = failure["message"].as_str().expect("a sentence");
        assert!(said.iter().all(|part| message.contains(part)) && message.contains(file), "{said:?}: {message}");
        assert_eq!(failure["name"], "Unsupported");
        assert_eq!(
            machine.stack.shell(&format!("ls /etc/apt/sources.list.d; cat {file}")),
            format!("{}\n{}", file.rsplit('/').next().unwrap_or_default(), text.trim_end()),
            "it is as it was"
        );
        machine.stack.shell(&format!("rm {file}"));
    };
    let list = |options: &str| format!("deb {options} {url}/ /\n");
    let foreign = stranger.fingerprint();
    let whose = [foreign.as_str(), &own.fingerprint(), "remove"];
    refused(LIST, &list("[signed-by=/etc/stranger.asc]"), &whose);
    refused(LIST, &list("[signed-by=/etc/both.asc]"), &whose);
    refused(LIST, &list(&format!("[signed-by={foreign}]")), &whose);
    refused(LIST, &list("[signed-by=/etc/gone.asc]"), &["/etc/gone.asc cannot be read"]);
    refused(LIST, &list(""), &["without its key", &own.fingerprint()]);
    let written = |key: &Key| {
        let public = key.public();
        let lines =
            public.trim_end().lines().map(|line| if line.is_empty() { " .".to_owned() } else { format!(" {line}") });
        format!("Types: deb\nURIs: {url}/\nSuites: /\nSigned-By:\n{}\n", lines.collect::<Vec<_>>().join("\n"))
    };
    refused(SOURCES, &written(&stranger), &[&foreign, "written out in the entry"]);

    machine.repository.publish(own);
    for (file, text) in [(SOURCES, written(own)), (LIST, list("[signed-by=/etc/repository.asc]"))] {
        machine.stack.write(file, &text);
        machine.ask("available", &Value::Null).expect("the key is its own");
        machine.stack.shell(&format!("rm {file}"));
    }
    machine.stack.write("/etc/apt/trusted.gpg.d/cuda.asc", &own.public());
    for options in [String::new(), format!("[signed-by={}]", own.fingerprint())] {
        machine.stack.write(LIST, &list(&options));
        machine.ask("available", &Value::Null).expect("the system trusts its key");
        assert_eq!(machine.stack.shell("ls /etc/apt/sources.list.d"), "cuda.list");
    }
    machine.stack.shell(&format!("rm {LIST}"));
    machine.ask("available", &Value::Null).expect("the right entry is added by itself");
    assert_eq!(machine.stack.shell("ls /etc/apt/sources.list.d"), "desktop-control-cuda.sources");
}

#[test]
fn lists_of_the_distribution_that_were_never_fetched_are_fetched_when_they_are_needed() {
    let machine = Machine::of(Repository::with(&[package(
        "cuda-nvcc-12-9",
        "12.9.2-1",
        &["Depends: cuda-toolkit-12-9-config-common, libdistribution"],
    )]));
    let run = machine.install(&toolkit("12.9", "compiler"));
    run.assert_failed("Unsupported");
    machine.assert_sound();
    let library = package("libdistribution", "1", &["Installed-Size: 7777"]).file("usr/lib/distribution/x", "x");
    let distribution = Repository::only(&[library]);
    let server = self::server::Server::of(distribution.folder());
    let entry = format!("deb [signed-by=/etc/repository.asc] {}/ /\n", server.url());
    machine.stack.write("/etc/apt/sources.list.d/distribution.list", &entry);
    let plan = machine.ask("plan", &toolkit("12.9", "compiler")).expect("a plan");
    let names: Vec<&str> =
        plan["install"].as_array().expect("a list").iter().filter_map(|one| one["name"].as_str()).collect();
    assert!(names.contains(&"libdistribution"), "{plan}");
    assert!(plan["installed-bytes"].as_u64() > Some(7777 * 1024), "{plan}");
    machine.install(&toolkit("12.9", "compiler")).assert_done();
    machine.assert_sound();
}

#[test]
fn what_is_held_is_left_alone_and_named() {
    let machine = Machine::usual();
    machine.install(&json!({ "do": "install", "release": "12.9", "profile": "compiler" })).assert_done();
    machine.stack.shell("apt-mark hold cuda-toolkit-config-common");
    machine.repository.add(&[
        package("cuda-toolkit-config-common", "13.0-1", &[]),
        package(
            "cuda-toolkit-12-8-config-common",
            "12.8.2-1",
            &["Depends: cuda-toolkit-12-config-common, cuda-toolkit-config-common (>= 13)"],
        ),
    ]);
    machine.repository.publish(usual_key());
    let before = packages_of(&machine.state());
    let message = machine.install(&toolkit("12.8", "compiler")).assert_failed("Unsupported");
    assert!(message.contains("held"), "{message}");
    assert_eq!(packages_of(&machine.state()), before);
    machine.stack.shell("apt-mark unhold cuda-toolkit-config-common");
    machine.install(&toolkit("12.8", "compiler")).assert_done();
    machine.assert_sound();
}
