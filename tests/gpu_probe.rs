//! The probe of the GPUs: the real program, the real binding, and a stand-in for NVIDIA's library under it.
//!
//! `INSTA_UPDATE=always cargo test --test gpu_probe` writes what each machine says anew.

#![expect(clippy::expect_used, reason = "tests")]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use desktop_control::host::gpu::{Limits, Probe, Program, device_files};
use desktop_control::host::root::Root;
use desktop_control::model::gpu::{Fault, Health, Presence, Roster};
use serde_json::{Value, json};
use support::nvml::{MACHINES, SCRIPT, machine, stand_in};
use support::{DEADLINE, wait_until};

/// A probe of the machine that is scripted in `script`.
fn probe_of(script: &Path, limits: Limits) -> Probe {
    Probe::new(program(Some(stand_in().into()), script), limits)
}

fn program(library: Option<PathBuf>, script: &Path) -> Program {
    let path = env!("CARGO_BIN_EXE_desktop-controld").into();
    Program { path, library, environment: vec![(SCRIPT, script.into())] }
}

/// Generous where something is waited for, and short rests.
fn patient() -> Limits {
    Limits { first: DEADLINE, round: DEADLINE, rest: Duration::from_millis(1), ..Limits::default() }
}

/// The machine with one GPU, changed.
fn changed(change: impl FnOnce(&mut Value)) -> tempfile::NamedTempFile {
    changed_machine("one-consumer", change)
}

fn changed_machine(name: &str, change: impl FnOnce(&mut Value)) -> tempfile::NamedTempFile {
    let text = std::fs::read_to_string(machine(name)).expect("readable");
    let mut script: Value = serde_json::from_str(&text).expect("JSON");
    change(&mut script);
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), script.to_string()).expect("written");
    file
}

/// Everything that a machine says, in an order in which values that grow are told apart from those that stand still.
async fn said(probe: &mut Probe) -> Value {
    let facts = probe.facts().await;
    let samples = [probe.sample().await, probe.sample().await];
    let (processes, sessions) = (probe.processes().await, probe.sessions().await);
    let value = json!({
        "facts": facts.expect("facts"),
        "samples": samples.map(|round| round.expect("a sample")),
        "processes": processes.expect("processes"),
        "sessions": sessions.expect("sessions"),
    });
    probe.end();
    value
}

#[tokio::test]
async fn every_machine_says_what_its_script_has() {
    for name in MACHINES {
        let said = said(&mut probe_of(&machine(name), patient())).await;
        insta::assert_snapshot!(name, serde_json::to_string_pretty(&said).expect("JSON"));
    }
}

/// So every function that we call is one that the library has, and every structure is laid out as we think.
#[tokio::test]
async fn a_gpu_that_tells_everything_leaves_nothing_out() {
    fn absent(path: &str, value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Null => found.push(path.to_owned()),
            Value::Object(map) => map.iter().for_each(|(key, value)| absent(&format!("{path}.{key}"), value, found)),
            Value::Array(list) => list.iter().for_each(|value| absent(path, value, found)),
            _ => {}
        }
    }
    let said = said(&mut probe_of(&machine("one-consumer"), patient())).await;
    let mut found = Vec::new();
    absent("", &said, &mut found);
    found.retain(|path| !path.ends_with(".trouble") && !path.ends_with(".parent") && !path.ends_with(".divided"));
    assert_eq!(found, Vec::<String>::new());
}

/// Each symbol that is called, with whether the binding found it in the library at this path.
macro_rules! resolved {
    ($library:expr, $($symbol:ident)*) => {{
        #[expect(unsafe_code, reason = "loading a library of ours")]
        let library = unsafe { nvml_wrapper_sys::bindings::NvmlLib::new($library) }.expect("it can be loaded");
        [$((stringify!($symbol), library.$symbol.is_ok())),*]
    }};
}

#[test]
fn the_stand_in_exports_exactly_what_the_binding_resolves() {
    let resolved = resolved!(
        stand_in(),
        nvmlInit_v2 nvmlShutdown nvmlSystemGetDriverVersion nvmlDeviceGetCount_v2 nvmlDeviceGetHandleByIndex_v2
        nvmlDeviceGetMigMode nvmlDeviceGetMaxMigDeviceCount nvmlDeviceGetMigDeviceHandleByIndex nvmlDeviceGetUUID
        nvmlDeviceGetName nvmlDeviceGetVbiosVersion nvmlDeviceGetBrand nvmlDeviceGetArchitecture
        nvmlDeviceGetMaxPcieLinkGeneration nvmlDeviceGetMaxPcieLinkWidth nvmlDeviceGetCurrPcieLinkGeneration
        nvmlDeviceGetCurrPcieLinkWidth nvmlDeviceGetPowerUsage nvmlDeviceGetEnforcedPowerLimit
        nvmlDeviceGetPerformanceState nvmlDeviceGetClockInfo nvmlDeviceGetMaxClockInfo nvmlDeviceGetTemperature
        nvmlDeviceGetTemperatureThreshold nvmlDeviceGetEncoderCapacity nvmlDeviceGetFanSpeed_v2
        nvmlDeviceGetEncoderUtilization nvmlDeviceGetDecoderUtilization nvmlDeviceGetCudaComputeCapability
        nvmlDeviceGetMemoryInfo nvmlDeviceGetMemoryInfo_v2 nvmlDeviceGetPciInfo_v3 nvmlDeviceGetUtilizationRates
        nvmlDeviceGetCurrentClocksThrottleReasons nvmlDeviceGetEncoderStats nvmlDeviceGetEncoderSessions
        nvmlDeviceGetGraphicsRunningProcesses_v2 nvmlDeviceGetGraphicsRunningProcesses_v3
        nvmlDeviceGetComputeRunningProcesses_v2 nvmlDeviceGetComputeRunningProcesses_v3
        nvmlDeviceGetSupportedEventTypes nvmlDeviceRegisterEvents nvmlEventSetCreate nvmlEventSetFree
        nvmlEventSetWait_v2
    );
    for (symbol, found) in resolved {
        assert!(found, "{symbol} is not exported");
    }
    let resolved: BTreeSet<String> = resolved.iter().map(|(symbol, _)| (*symbol).to_owned()).collect();
    assert_eq!(support::exported(stand_in(), "nvml"), resolved);
}

#[tokio::test]
async fn a_library_that_is_missing_or_is_none_is_told_apart() {
    let root = Root::new("/nowhere");
    for (library, fault, presence) in [
        ("/nowhere/libnvidia-ml.so.1", Fault::NoLibrary, "no-device"),
        ("/dev/null", Fault::BadLibrary, "bad-library"),
        ("libc.so.6", Fault::BadLibrary, "bad-library"),
    ] {
        let mut probe = Probe::new(program(Some(library.into()), Path::new("")), patient());
        let trouble = probe.facts().await.expect_err(library);
        assert_eq!(trouble.fault, fault, "{trouble}");
        assert_eq!(Presence::judge::<()>(device_files(&root), Err(&trouble)).token(), presence);
    }
}

#[tokio::test]
async fn a_driver_that_cannot_be_used_says_why() {
    for (error, fault) in [
        ("driver-not-loaded", Fault::DriverNotLoaded),
        ("lib-rm-version-mismatch", Fault::LibRmVersionMismatch),
        ("no-permission", Fault::NoPermission),
        ("unknown", Fault::Unknown),
    ] {
        let script = changed(|script| script["init"] = error.into());
        let trouble = probe_of(script.path(), patient()).facts().await.expect_err(error);
        assert_eq!(trouble.fault, fault, "{trouble}");
    }
}

#[tokio::test]
async fn a_driver_that_is_reloaded_under_us_gets_a_new_child() {
    let script = changed(|script| script["gpus"][0]["temperature"] = "lib-rm-version-mismatch".into());
    let mut probe = probe_of(script.path(), patient());
    let before = probe.facts().await.map(|_| probe.pid()).expect("facts need no temperature");
    let round = probe.sample().await.expect("the rest is told");
    let trouble = round.gpus[0].trouble.as_ref().expect("trouble");
    assert_eq!((trouble.fault, round.gpus[0].told.gpu_percent), (Fault::LibRmVersionMismatch, Some(38)));
    assert_eq!(probe.pid(), None);
    wait_until(DEADLINE, || "it may be asked again".into(), || probe.resumes().is_none().then_some(()));
    probe.facts().await.expect("a new child");
    assert!(probe.pid().is_some() && probe.pid() != before);
}

#[tokio::test]
async fn a_driver_that_hangs_holds_nobody_up() {
    let script = changed(|script| script["gpus"][0]["hangs"] = json!(["nvmlDeviceGetUtilizationRates", 2]));
    let limits = Limits { round: Duration::from_millis(500), ..patient() };
    let mut probe = probe_of(script.path(), limits);
    probe.facts().await.expect("facts");
    let pid = probe.pid().expect("it runs");
    let trouble = probe.sample().await.expect_err("it hangs");
    assert_eq!((trouble.fault, probe.pid()), (Fault::ProbeHung, None));
    let ended = || is_gone(pid).then_some(());
    wait_until(DEADLINE, || format!("{pid} is killed, which would sleep for 30 s"), ended);
    tokio::time::sleep(Duration::from_millis(10)).await;
    probe.facts().await.expect("another child");
}

fn is_gone(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.is_empty() || stat.contains(") Z ")
}

#[tokio::test]
async fn a_library_that_crashes_takes_only_its_child_along() {
    let script = changed(|script| script["gpus"][0]["crashes"] = json!(["nvmlDeviceGetPowerUsage", 2]));
    let limits = Limits { rest: Duration::from_hours(1), ..patient() };
    let mut probe = probe_of(script.path(), limits);
    probe.facts().await.expect("facts");
    let trouble = probe.sample().await.expect_err("it crashes");
    assert_eq!((trouble.fault, trouble.words.as_str()), (Fault::ProbeCrashed, "signal 6"));
    for _ in 0..100 {
        assert_eq!(probe.sample().await.expect_err("it rests"), trouble, "no storm of new ones");
        assert_eq!(probe.pid(), None);
    }
}

#[tokio::test]
async fn a_lost_gpu_and_one_that_vanishes_are_remembered_as_they_were() {
    let mut roster = Roster::default();
    let mut probe = probe_of(&machine("lost"), patient());
    roster.learn(&probe.facts().await.expect("facts"), 1);
    roster.look(&probe.sample().await.expect("a sample"), 2);
    let health = |roster: &Roster| roster.members().values().map(|one| one.verdict().health).collect::<Vec<_>>();
    assert_eq!(health(&roster), [Health::Ok, Health::Ok]);
    roster.look(&probe.sample().await.expect("a sample"), 3);
    assert_eq!(health(&roster), [Health::Ok, Health::Lost]);
    let lost = roster.members().values().last().expect("the second");
    assert_eq!(lost.trouble.as_ref().map(|trouble| trouble.fault), Some(Fault::GpuIsLost));
    assert_eq!(lost.sample.as_ref().map(|(at, sample)| (*at, sample.temperature)), Some((2, Some(43))));

    let script = changed(|script| script["gpus"][0]["gone_from"] = 3.into());
    let mut roster = Roster::default();
    let mut probe = probe_of(script.path(), patient());
    roster.learn(&probe.facts().await.expect("facts"), 1);
    roster.look(&probe.sample().await.expect("a sample"), 2);
    roster.look(&probe.sample().await.expect("a sample"), 3);
    let gone = roster.members().values().next().expect("it is remembered");
    assert_eq!(gone.trouble.as_ref().map(|trouble| trouble.fault), Some(Fault::Vanished));
    assert_eq!(gone.verdict().health, Health::Lost);
}

#[tokio::test]
async fn the_child_ends_when_nobody_asks_any_more() {
    let mut probe = probe_of(&machine("one-consumer"), patient());
    probe.facts().await.expect("facts");
    let pid = probe.pid().expect("it runs");
    drop(probe);
    wait_until(DEADLINE, || format!("{pid} has ended"), || is_gone(pid).then_some(()));
}

#[tokio::test]
async fn what_the_driver_reports_is_told_once_and_of_the_right_gpu() {
    let script = changed_machine("eight", |script| {
        for gpu in script["gpus"].as_array_mut().expect("a list") {
            gpu["events"] = 8.into();
        }
        script["gpus"][2]["xid"] = json!([48, 3]);
        // Nobody can ask for this one.
        script["gpus"][3]["xid"] = json!([79, 1]);
        script["gpus"][3]["events"] = "not-supported".into();
    });
    let mut probe = probe_of(script.path(), patient());
    let mut seen = Vec::new();
    for look in 1..=5 {
        for (at, gpu) in probe.sample().await.expect("a sample").gpus.iter().enumerate() {
            seen.extend(gpu.told.xids.iter().map(|number| (look, at, *number)));
        }
    }
    assert_eq!(seen.iter().map(|(_, at, number)| (*at, *number)).collect::<Vec<_>>(), [(2, 48)], "{seen:?}");
}
