//! CUDA in the real stack: the loader finds a stand-in for NVIDIA's library, toolkits are folders of ours, everything
//! above them is what is shipped.
//!
//! `INSTA_UPDATE=always cargo test --test cuda` writes what each machine says anew.

#![expect(clippy::expect_used, reason = "tests")]

mod support;

use std::time::{Duration, Instant};

use desktop_control::api::{BUS_NAME, ROOT_PATH, interface, toolkit_path};
use futures_util::StreamExt;
use serde_json::{Value, json};
use support::cuda::{LIBRARY_INSIDE, SCRIPT_INSIDE};
use support::nvml::{self, MACHINES, still};
use support::{Boot, DEADLINE, Stack, shared, wait_until};
use zbus::fdo::{InterfacesAddedStream, InterfacesRemovedStream, ObjectManagerProxy};

/// The machine's own: other distributions have other packages, and people have environments of their own.
const OF_THIS_MACHINE: [&str; 2] = ["driver_parts", "elsewhere"];

/// What has been sent is read within this.
const SOON: Duration = Duration::from_secs(1);

fn boot() -> Boot {
    Boot::core_with(&[]).and_gpus("one-consumer")
}

fn json_of(stack: &Stack, words: &[&str]) -> Value {
    let words: Vec<&str> = ["--json"].iter().chain(words).copied().collect();
    serde_json::from_str(&stack.ctl_ok(&words)).expect("JSON")
}

fn cuda(stack: &Stack) -> Value {
    json_of(stack, &["cuda"])
}

/// A compiler that says which it is, and for which GPUs it builds; and what NVIDIA puts beside it.
fn install(stack: &Stack, release: &str, version_json: Option<&str>) {
    let folder = format!("/usr/local/cuda-{release}");
    let nvcc = format!(
        "#!/bin/bash\ncase $1 in\n--version) echo 'Cuda compilation tools, release {release}, V{release}.86' ;;\n\
         --list-gpu-code) printf 'sm_%s\\n' 75 80 86 89 90 100 120 121 ;;\nesac\n"
    );
    // Made elsewhere and moved, so that nobody looks at half of it.
    stack.write("/tmp/toolkit/bin/nvcc", &nvcc);
    if let Some(version) = version_json {
        let json = json!({ "cuda": { "name": "CUDA SDK", "version": version } });
        stack.write("/tmp/toolkit/version.json", &json.to_string());
    }
    stack.shell(&format!("chmod -R a+rX /tmp/toolkit; chmod 755 /tmp/toolkit/bin/nvcc; mv -T /tmp/toolkit {folder}"));
}

fn remove_toolkits(stack: &Stack) {
    stack.shell("rm -rf /usr/local/cuda /usr/local/cuda-* /etc/ld.so.conf.d/*compat*; ldconfig");
}

/// Has the stack be another machine, as after a restart with other GPUs and another driver; no library is none.
fn become_machine(stack: &Stack, gpus: &Value, libcuda: Option<&str>) {
    stack.write(nvml::SCRIPT_INSIDE, &gpus.to_string());
    let aside = "/var/tmp/libcuda.so.1";
    stack.shell(&format!("[[ ! -e {aside} ]] || mv {aside} {LIBRARY_INSIDE}"));
    match libcuda {
        Some(script) => stack.write(SCRIPT_INSIDE, script),
        None => drop(stack.shell(&format!("mv {LIBRARY_INSIDE} {aside}"))),
    }
    let before = stack.pid_of("desktop-controld");
    stack.shell("supervisorctl restart desktop-controld >/dev/null");
    wait_until(
        DEADLINE,
        || "the new daemon has looked at CUDA".into(),
        || {
            let cuda: Value = serde_json::from_slice(&stack.ctl(&["--json", "cuda"]).stdout).ok()?;
            let looked = cuda["images"].as_array().is_some_and(|images| !images.is_empty());
            (looked && stack.service("desktop-controld")?["pid"].as_u64() != Some(before)).then_some(())
        },
    );
}

/// The objects of CUDA as they are on the bus, a line for each property.
async fn objects(stack: &Stack) -> String {
    let bus = stack.bus().await;
    let manager = ObjectManagerProxy::builder(&bus).destination(BUS_NAME).expect("a name");
    let manager = manager.path(ROOT_PATH).expect("a path").build().await.expect("a proxy");
    let mut lines = Vec::new();
    for (path, interfaces) in manager.get_managed_objects().await.expect("objects") {
        let ours = [interface::CUDA, interface::TOOLKIT];
        let found = interfaces.into_iter().find(|(name, _)| ours.contains(&name.as_str()));
        for (name, value) in found.map(|(_, properties)| properties).unwrap_or_default() {
            if !["DriverParts", "Elsewhere"].contains(&name.as_str()) {
                let path = path.strip_prefix(ROOT_PATH).unwrap_or(&path);
                lines.push(format!("{path} {name} {}", zbus::zvariant::Value::from(value)));
            }
        }
    }
    lines.sort();
    lines.join("\n")
}

#[test]
fn every_machine_is_told_what_runs_on_it() {
    let stack = shared(boot);
    remove_toolkits(&stack);
    install(&stack, "12.9", Some("12.9.1"));
    install(&stack, "13.1", None);
    stack.shell("ln -s cuda-12.9 /usr/local/cuda");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for name in MACHINES {
        become_machine(&stack, &still(name), support::cuda::machine(name).as_deref());
        let mut said = cuda(&stack);
        let said = said.as_object_mut().expect("an object");
        for key in OF_THIS_MACHINE {
            assert!(said.remove(key).is_some_and(|value| value.is_array()), "{key}");
        }
        insta::assert_snapshot!(format!("{name}.json"), serde_json::to_string_pretty(&said).expect("JSON"));
        insta::assert_snapshot!(format!("{name}.objects"), runtime.block_on(objects(&stack)));
    }
    become_machine(&stack, &still("one-consumer"), support::cuda::machine("one-consumer").as_deref());
    let said = stack.ctl_ok(&["cuda"]);
    for part in
        ["580.95.05, runs CUDA 13.0 natively", "12.9.1", "default", "works with limits", "cuda-12.9-ubuntu24.04-…"]
    {
        assert!(said.contains(part), "{part} in {said}");
    }
    let said = stack.ctl_ok(&["status"]);
    assert!(said.contains("CUDA: driver 580.95.05, runs CUDA 13.0 natively; toolkit 12.9.1 works."), "{said}");
}

/// The signals of objects that appear and vanish, from now on.
async fn comings_and_goings(stack: &Stack) -> (InterfacesAddedStream, InterfacesRemovedStream) {
    let bus = stack.bus().await;
    let manager = ObjectManagerProxy::builder(&bus).destination(BUS_NAME).expect("a name");
    let manager = manager.path(ROOT_PATH).expect("a path").build().await.expect("a proxy");
    let added = manager.receive_interfaces_added().await.expect("a match");
    (added, manager.receive_interfaces_removed().await.expect("a match"))
}

#[test]
fn toolkits_that_come_and_go_are_pushed() {
    let stack = shared(boot);
    remove_toolkits(&stack);
    become_machine(&stack, &still("one-consumer"), support::cuda::machine("one-consumer").as_deref());
    assert_eq!(cuda(&stack)["toolkits"], json!([]));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    // What is dropped at the end wants to be in it.
    let _entered = runtime.enter();
    let (mut added, mut removed) = runtime.block_on(comings_and_goings(&stack));
    let toolkits = || {
        let said = cuda(&stack);
        let list = said["toolkits"].as_array().expect("a list").clone();
        list.iter().map(|toolkit| (toolkit["id"].clone(), toolkit["default"].clone())).collect::<Vec<_>>()
    };
    let wait = |wanted: Vec<(Value, Value)>, what: &str| {
        wait_until(DEADLINE, || format!("{what}: {:?}", toolkits()), || (toolkits() == wanted).then_some(()));
    };
    install(&stack, "12.9", None);
    wait(vec![("12.9".into(), false.into())], "one has come");
    stack.shell("ln -s /usr/local/cuda-12.9 /etc/alternatives/cuda; ln -s /etc/alternatives/cuda /usr/local/cuda");
    wait(vec![("12.9".into(), true.into())], "it is the default");
    stack.shell("rm /usr/local/cuda-12.9/bin/nvcc");
    wait(vec![], "its only sign is gone");
    remove_toolkits(&stack);
    install(&stack, "13.0", Some("13.0.2"));
    wait(vec![("13.0".into(), false.into())], "another one has come");
    // As apt does it: dpkg's list is replaced.
    let paragraph =
        "\nPackage: cuda-cudart-13-0\nStatus: install ok installed\nArchitecture: amd64\nVersion: 13.0.96-1\n";
    stack.write("/tmp/paragraph", paragraph);
    stack.shell("cd /var/lib/dpkg; cat status /tmp/paragraph >status.new; mv status.new status");
    wait_until(
        DEADLINE,
        || "a package is its part".into(),
        || (cuda(&stack)["toolkits"][0]["by_packages"] == json!(true)).then_some(()),
    );
    let parts = cuda(&stack)["toolkits"][0]["components"].as_array().expect("a list").clone();
    let names: Vec<_> = parts.iter().map(|part| &part["name"]).collect();
    assert_eq!(names, ["compiler", "runtime"]);
    let (came, went) = runtime.block_on(async {
        let (mut came, mut went) = (Vec::new(), Vec::new());
        while let Ok(Some(signal)) = tokio::time::timeout(SOON, added.next()).await {
            came.push(signal.args().expect("a path").object_path.to_string());
        }
        while let Ok(Some(signal)) = tokio::time::timeout(SOON, removed.next()).await {
            went.push(signal.args().expect("a path").object_path.to_string());
        }
        (came, went)
    });
    let [old, new] = ["12.9", "13.0"].map(toolkit_path);
    assert_eq!((came, went), (vec![old.clone(), new], vec![old]));
    remove_toolkits(&stack);
}

#[test]
fn forward_compatibility_that_is_switched_on_is_noticed_and_tried() {
    let stack = shared(boot);
    remove_toolkits(&stack);
    install(&stack, "13.1", Some("13.1.0"));
    stack.shell(&format!(
        "mkdir /usr/local/cuda-13.1/compat; cp {LIBRARY_INSIDE} /usr/local/cuda-13.1/compat/libcuda.so.590.44.01; \
         ln -s libcuda.so.590.44.01 /usr/local/cuda-13.1/compat/libcuda.so.1"
    ));
    for (machine, works, verdict) in [("eight", true, "forward"), ("one-consumer", false, "will-not-run")] {
        stack.shell("rm -f /etc/ld.so.conf.d/*compat*; ldconfig");
        become_machine(&stack, &still(machine), support::cuda::machine(machine).as_deref());
        let before = cuda(&stack);
        let packages = json!([{
            "release": "13.1", "path": "/usr/local/cuda-13.1/compat/libcuda.so.1", "works": works
        }]);
        assert_eq!((&before["compat_active"], &before["forward_packages"]), (&json!(false), &packages), "{machine}");
        let driver_cuda = before["driver_cuda"].clone();
        stack.shell("echo /usr/local/cuda-13.1/compat >/etc/ld.so.conf.d/00-compat-5f1c.conf; ldconfig");
        wait_until(
            DEADLINE,
            || format!("it is on: {}", cuda(&stack)),
            || (cuda(&stack)["compat_active"] == json!(true)).then_some(()),
        );
        let said = cuda(&stack);
        assert_eq!(said["compat_source"], "container-runtime");
        assert_eq!(said["compat_place"], "/etc/ld.so.conf.d/00-compat-5f1c.conf");
        assert_eq!(said["compat_works"], if works { "yes" } else { "no" }, "{said}");
        assert_eq!(said["driver_cuda"], driver_cuda, "the driver's own stays what it is");
        assert_eq!(said["toolkits"][0]["verdict"], verdict, "{said}");
        assert_eq!(said["state"], if works { "works" } else { "failing" });
    }
    remove_toolkits(&stack);
}

#[test]
fn a_library_that_hangs_or_crashes_holds_up_nobody() {
    let stack = shared(boot);
    remove_toolkits(&stack);
    for (script, state, says) in [
        (r#"[{ "version": 13000, "crashes": "cuInit" }]"#, "failing", "signal 6"),
        (r#"[{ "version": 13000, "hangs": "cuInit" }]"#, "failing", "hangs"),
        (r#"[{ "version": 13000, "crashes": "cuDriverGetVersion" }]"#, "failing", "crashed"),
    ] {
        let began = Instant::now();
        stack.write(SCRIPT_INSIDE, script);
        let before = stack.pid_of("desktop-controld");
        stack.shell("supervisorctl restart desktop-controld >/dev/null");
        let new = stack.wait_for_service("desktop-controld", "is new", |service| {
            service["pid"].as_u64().is_some_and(|pid| pid != before && pid > 0)
        });
        let asked = Instant::now();
        stack.ctl_ok(&["services"]);
        assert!(asked.elapsed() < Duration::from_secs(5), "the daemon answers all the same");
        wait_until(
            DEADLINE,
            || format!("it has looked: {}", cuda(&stack)),
            || (cuda(&stack)["state"] == state).then_some(()),
        );
        let said = cuda(&stack);
        assert!(said["state_reason"].as_str().is_some_and(|reason| reason.contains(says)), "{said}");
        // What is known without initialising CUDA, or by the driver's version alone, stays known.
        assert_eq!(said["driver_cuda"], "13.0", "{said}");
        assert_eq!(stack.pid_of("desktop-controld"), new["pid"].as_u64().expect("a number"), "the daemon lives");
        assert_eq!(stack.shell("pgrep -cf '[c]uda-probe' || true"), "0", "after {:?}", began.elapsed());
    }
}

#[test]
fn whoever_asks_gets_another_look() {
    let stack = shared(boot);
    remove_toolkits(&stack);
    become_machine(&stack, &still("one-consumer"), support::cuda::machine("one-consumer").as_deref());
    stack.write(SCRIPT_INSIDE, r#"[{ "version": 13000, "init": 802 }]"#);
    assert_eq!(cuda(&stack)["state"], "works", "nothing tells that a driver answers otherwise");
    let output = stack.ctl_as("nobody", &["--json", "cuda", "show", "--refresh"]);
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(said["state"], "failing", "{said}");
}

#[test]
fn environments_and_the_distributions_toolkit_are_mentioned_and_no_more() {
    let stack = shared(boot);
    remove_toolkits(&stack);
    stack.write("/opt/conda/conda-meta/cuda-nvcc-12.4.131-0.json", "{}");
    let output = stack.ctl(&["--json", "cuda", "show", "--refresh"]);
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let found = json!({ "keeper": "conda", "place": "/opt/conda", "release": "12.4" });
    assert!(said["elsewhere"].as_array().is_some_and(|list| list.contains(&found)), "{said}");
    assert_eq!(said["toolkits"], json!([]));
}
