//! Whatever breaks while CUDA is installed, dpkg is left whole, and the next attempt ends as if nothing had happened.

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

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use self::machine::{Machine, packages_of, toolkit};
use self::packages::{POSTINST_FAILS, POSTINST_SLOW, noise, package};
use self::repository::Repository;

#[test]
fn a_connection_that_is_cut_is_taken_up_again() {
    let machine = Machine::usual();
    let whole = machine.undisturbed();
    let before = packages_of(&machine.state());
    for percent in [10, 50, 99] {
        machine.server.faults(|faults| faults.cut = Some(("libcublas-12-9_".into(), percent, u32::MAX)));
        machine.install(&toolkit("12.9", "full")).assert_failed("Internal");
        assert_eq!(packages_of(&machine.state()), before, "cut at {percent} %: nothing changed");
        assert_ne!(machine.stack.shell("find /var/cache/desktop-control -name '*.deb'"), "", "what came is kept");
        machine.assert_sound();
        machine.server.mend();
        machine.install(&toolkit("12.9", "full")).assert_done();
        machine.assert_sound();
        let taken_up = machine
            .server
            .faults(|faults| faults.asked.iter().any(|(name, from)| name.contains("libcublas-12-9_") && *from > 0));
        assert!(taken_up, "cut at {percent} %: what was there was not fetched again");
        machine.assert_same(&whole, &format!("cut at {percent} %"));
        machine.reset();
    }
}

#[test]
fn what_is_not_as_the_lists_say_is_not_installed() {
    let machine = Machine::usual();
    let whole = machine.undisturbed();
    let before = packages_of(&machine.state());
    machine.repository.spoil("libcublas-12-9");
    let run = machine.install(&toolkit("12.9", "full"));
    let message = run.assert_failed("Internal");
    assert!(message.contains("is not what its lists promise"), "{message}");
    assert_eq!(packages_of(&machine.state()), before);
    machine.assert_sound();
    machine.repository.mend("libcublas-12-9");
    machine.install(&toolkit("12.9", "full")).assert_done();
    machine.assert_same(&whole, "afterwards");
}

#[test]
fn a_disk_that_is_too_small_is_told_before_and_one_that_fills_up_does_no_harm() {
    let machine = Machine::usual();
    let whole = machine.undisturbed();
    let before = packages_of(&machine.state());
    machine
        .stack
        .shell("mkdir -p /var/cache/desktop-control && mount -t tmpfs -o size=1m tmpfs /var/cache/desktop-control");
    let message = machine.install(&toolkit("12.9", "full")).assert_failed("NoSpace");
    assert!(message.contains("MB free"), "{message}");
    machine.stack.shell("mount -o remount,size=4m /var/cache/desktop-control");
    let filler = machine.stack.path("/var/cache/desktop-control/filler");
    let fill = move || std::fs::write(&filler, vec![0; 3_200_000]).expect("room until now");
    machine.server.faults(|faults| faults.hook = Some(("libcublas-12-9_".into(), 10, Box::new(fill))));
    machine.install(&toolkit("12.9", "full")).assert_failed("NoSpace");
    assert_eq!(packages_of(&machine.state()), before);
    machine.assert_sound();
    machine.stack.shell("umount /var/cache/desktop-control");
    machine.server.mend();
    machine.install(&toolkit("12.9", "full")).assert_done();
    machine.assert_same(&whole, "afterwards");
}

#[test]
fn a_disk_that_fills_up_while_unpacking_is_emptied_again() {
    let liar =
        package("libcublas-12-9", "12.9.2-1", &["Depends: cuda-toolkit-12-9-config-common", "Installed-Size: 1"])
            .file("usr/local/cuda-12.9/targets/x86_64-linux/lib/libcublas.so.12.9", noise(3_000_000));
    let machine = Machine::of(Repository::with(&[liar]));
    let whole = machine.undisturbed();
    let before = packages_of(&machine.state());
    machine.stack.shell("mount -t tmpfs -o size=2m tmpfs /usr/local");
    machine.install(&toolkit("12.9", "full")).assert_failed("NoSpace");
    assert_eq!(packages_of(&machine.state()), before, "what had been installed is gone again");
    machine.assert_sound();
    machine.stack.shell("umount /usr/local");
    machine.install(&toolkit("12.9", "full")).assert_done();
    machine.assert_same(&whole, "afterwards");
}

#[test]
fn a_package_that_cannot_be_set_up_is_taken_back() {
    let machine = Machine::usual();
    let whole = machine.undisturbed();
    let before = packages_of(&machine.state());
    machine.stack.write(POSTINST_FAILS, "");
    let run = machine.install(&toolkit("12.9", "full"));
    let message = run.assert_failed("Internal");
    assert!(message.contains("could not be set up"), "{message}");
    assert!(run.log().contains("cuda-nvcc-12-9"), "{}", run.log());
    assert_eq!(packages_of(&machine.state()), before);
    assert_eq!(machine.stack.shell("find /var/cache/desktop-control -type f"), "", "nothing is kept for nothing");
    machine.assert_sound();
    machine.stack.shell(&format!("rm {POSTINST_FAILS}"));
    machine.install(&toolkit("12.9", "full")).assert_done();
    machine.assert_same(&whole, "afterwards");
}

#[test]
fn what_others_left_half_done_is_found_first_and_repaired() {
    let machine = Machine::usual();
    machine.ask("available", &Value::Null).expect("the repository is there");
    machine.stack.write(POSTINST_FAILS, "");
    machine.stack.shell("apt-get -y install cuda-nvcc-12-9 || true");
    assert_ne!(machine.stack.shell("dpkg --audit"), "");
    let run = machine.install(&json!({ "do": "repair" }));
    run.assert_done();
    machine.assert_sound();
    assert!(run.log().contains("taking away what cannot be set up: cuda-nvcc-12-9"), "{}", run.log());
    machine.stack.shell("apt-get -y install cuda-nvcc-12-9 || true");
    machine.stack.shell(&format!("rm {POSTINST_FAILS}"));
    machine.install(&toolkit("12.9", "compiler")).assert_done();
    machine.assert_sound();
    assert_eq!(machine.install(&json!({ "do": "repair" })).result(), "skipped");
}

#[test]
fn another_package_manager_is_waited_for_by_name() {
    let machine = Machine::usual();
    let script = "import fcntl, time\nf = open('/var/lib/dpkg/lock-frontend', 'w')\nfcntl.lockf(f, fcntl.LOCK_EX)\n\
        open('/run/held', 'w')\ntime.sleep(600)";
    let mut holder = machine.stack.command(&["python3", "-c", script]);
    let mut holder = holder.stdout(Stdio::null()).spawn().expect("enter");
    support::wait_until(
        support::DEADLINE,
        || "the lock is held".into(),
        || machine.stack.path("/run/held").exists().then_some(()),
    );
    let mut run = machine.begin("run", &toolkit("12.9", "compiler"));
    let says = |event: &Value| {
        event["step"].as_str().is_some_and(|step| step.contains("busy: PID ") && step.contains("python3"))
    };
    assert!(run.until(says), "{}", run.tell());
    let second = machine.install(&toolkit("12.8", "compiler")).assert_failed("Busy");
    assert!(second.contains("Another installation is at work"), "{second}");
    machine.stack.shell("kill $(pgrep -f lock-frontend | head -1)");
    run.finish();
    run.assert_done();
    let _ = holder.wait();
    machine.assert_sound();
}

#[test]
fn it_can_be_cancelled_until_dpkg_begins() {
    const CANCEL: &str = "kill -TERM $(cat /run/desktop-control/install/lock)";
    let machine = Machine::usual();
    let whole = machine.undisturbed();
    let before = packages_of(&machine.state());
    machine.server.faults(|faults| faults.rate = Some(400_000));
    let mut run = machine.begin("run", &toolkit("12.9", "full"));
    assert!(run.until(|event| event["bytes-done"].as_u64() > Some(200_000)), "{}", run.tell());
    let began = Instant::now();
    machine.stack.shell(CANCEL);
    run.finish();
    assert!(began.elapsed() < Duration::from_secs(3), "it took {:?}", began.elapsed());
    assert_eq!(run.result(), "cancelled", "{}", run.tell());
    assert_eq!(packages_of(&machine.state()), before);
    machine.assert_sound();
    machine.server.mend();
    machine.stack.write(POSTINST_SLOW, "");
    let mut run = machine.begin("run", &toolkit("12.9", "full"));
    assert!(run.until(|event| event["phase"] == "installing"), "{}", run.tell());
    assert_eq!(run.events.last().expect("an event")["cancellable"], false);
    machine.stack.shell(CANCEL);
    run.finish();
    run.assert_done();
    machine.assert_same(&whole, "afterwards");
}

#[test]
fn progress_only_goes_forward_and_is_not_told_too_often() {
    let machine = Machine::usual();
    machine.server.faults(|faults| faults.rate = Some(500_000));
    let began = Instant::now();
    let run = machine.install(&toolkit("12.9", "full"));
    run.assert_done();
    let told = run.progress();
    let fractions: Vec<f64> = told.iter().filter_map(|event| event["fraction"].as_f64()).collect();
    assert!(fractions.is_sorted() && fractions.iter().all(|fraction| (0.0..1.0).contains(fraction)), "{fractions:?}");
    assert!(fractions.last() > Some(&0.9), "{fractions:?}");
    assert!(told.len() as u128 <= began.elapsed().as_millis() / 100 + 1, "{} in {:?}", told.len(), began.elapsed());
    let bytes: Vec<u64> = told.iter().filter_map(|event| event["bytes-done"].as_u64()).collect();
    assert!(bytes.is_sorted() && bytes.iter().filter(|bytes| **bytes > 0).count() > 10, "{bytes:?}");
    let left = |event: &&&Value| event["eta-seconds"].as_u64().is_some();
    let (fetching, other): (Vec<&Value>, Vec<&Value>) = told.iter().partition(|event| event["phase"] == "downloading");
    assert!(fetching.iter().filter(left).count() > 3, "the time left is told: {fetching:?}");
    assert_eq!(other.iter().filter(left).count(), 0, "and where nothing is fetched nobody knows it");
    let last = told.last().expect("an event");
    assert_eq!(last["bytes-done"], last["bytes-total"]);
    assert_eq!((&last["packages-done"], &last["packages-total"]), (&json!(14), &json!(14)));
}
