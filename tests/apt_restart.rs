//! The container is restarted in the middle of an installation: everything in it is killed at one moment, apt and dpkg
//! included, and booted again on the files as they were left. Also the daemon alone, and the installer alone.

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

use std::process::{Child, Stdio};

use serde_json::Value;

use self::machine::{Machine, packages_of};
use self::packages::{POSTINST_FAILS, POSTINST_SLOW, Package, package};
use self::repository::Repository;
use self::support::{DEADLINE, wait_until};

/// So many files that dpkg is at work on them for a while.
const FILES: usize = 4000;
const FOLDER: &str = "usr/local/cuda-12.9/include/many";

/// What is going on when it is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    Download,
    /// In the middle of a package: some of its files are there.
    Unpack,
    /// In the middle of a package's script.
    Configure,
}

/// What is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    Container,
    /// By supervisord, as a person or an update does it.
    Daemon,
    Installer,
}

/// The usual library, with a great many files.
fn large() -> Package {
    let package = package("libcublas-12-9", "12.9.1-1", &["Depends: cuda-toolkit-12-9-config-common"]);
    let package = package.file("usr/local/cuda-12.9/targets/x86_64-linux/lib/libcublas.so.12.9", vec![7; 2_000_000]);
    (0..FILES).fold(package, |package, at| package.file(&format!("{FOLDER}/{at:04}.h"), "//\n"))
}

fn machine() -> Machine {
    Machine::that_restarts(Repository::with(&[large()]))
}

fn jobs(machine: &Machine) -> Option<Vec<Value>> {
    // There may be no daemon at this moment.
    let jobs: Value = serde_json::from_slice(&machine.stack.ctl(&["--json", "jobs"]).stdout).ok()?;
    jobs.as_array().cloned()
}

fn wait_for_job(machine: &Machine, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    wait_until(
        DEADLINE,
        || format!("{what}: {:?}", jobs(machine)),
        || jobs(machine)?.last().filter(|job| wanted(job)).cloned(),
    )
}

fn begin(machine: &Machine) {
    machine.stack.ctl_ok(&["--wait", "0", "cuda", "install", "12.9", "-p", "full", "--yes"]);
}

/// Does this as soon as half of the large package's files lie unpacked.
fn while_unpacking(machine: &Machine, deed: &str) -> Child {
    watch(machine, &format!("1 until -e '/{FOLDER}/{:04}.h.dpkg-new'; {deed}", FILES / 2))
}

/// Looks all the time: what is waited for is over in a moment.
fn watch(machine: &Machine, perl: &str) -> Child {
    machine.stack.command(&["perl", "-e", perl]).stdout(Stdio::null()).spawn().expect("enter")
}

fn wait_for_point(machine: &Machine, point: Point) {
    match point {
        Point::Download => wait_for_job(machine, "it downloads", |job| job["bytes_done"].as_u64() > Some(300_000)),
        _ => wait_for_job(machine, "it sets up", |job| {
            job["step"].as_str().is_some_and(|step| step.contains("onfiguring cuda-nvcc"))
        }),
    };
}

/// Goes on until `point`, and there cuts.
fn cut(machine: &Machine, point: Point, cut: Cut) {
    const RESTART: &str = "supervisorctl restart desktop-controld";
    const INSTALLER: &str = "kill -9 $(cat /run/desktop-control/install/lock)";
    machine.server.faults(|faults| faults.rate = (point == Point::Download).then_some(500_000));
    if point == Point::Configure {
        machine.stack.write(POSTINST_SLOW, "");
    }
    if point == Point::Unpack {
        let deed = match cut {
            Cut::Container => "kill 9, -1".to_owned(),
            Cut::Daemon => format!("system '{RESTART}'"),
            Cut::Installer => format!("system '{INSTALLER}'"),
        };
        let mut watcher = while_unpacking(machine, &deed);
        begin(machine);
        assert!(watcher.wait().expect("a child").success(), "{deed}");
        if cut == Cut::Container {
            let left = machine.stack.shell(&format!("ls /{FOLDER} | grep -c 'dpkg-new$'"));
            assert_ne!(left, "0", "dpkg was cut in the middle of a package");
        }
    } else {
        begin(machine);
        wait_for_point(machine, point);
        let deed = match cut {
            Cut::Container => "kill -9 -1",
            Cut::Daemon => RESTART,
            Cut::Installer => INSTALLER,
        };
        machine.stack.shell(deed);
    }
}

/// Boots what was killed. Process numbers begin anew, as they do in a container: a number in a file that was left names
/// nobody, or somebody else.
fn boot(machine: &Machine) {
    let left = || machine.stack.shell("pgrep -c '^(supervisord|apt-get|dpkg|desktop-con)' || true");
    wait_until(DEADLINE, || format!("all are dead, {} are not", left()), || (left() == "0").then_some(()));
    machine.stack.shell("echo 1 >/proc/sys/kernel/ns_last_pid");
    machine.stack.shell("env -u HOLD -u BACK setsid --fork /usr/lib/desktop-control/init </dev/null >/dev/null 2>&1");
}

#[test]
fn whatever_is_cut_in_the_middle_it_ends_as_if_nothing_had_happened() {
    let machine = machine();
    let whole = machine.undisturbed();
    let cases = [
        (Point::Download, Cut::Container),
        (Point::Unpack, Cut::Container),
        (Point::Configure, Cut::Container),
        (Point::Download, Cut::Daemon),
        (Point::Unpack, Cut::Daemon),
        (Point::Configure, Cut::Daemon),
        (Point::Unpack, Cut::Installer),
    ];
    for (number, (point, what)) in cases.into_iter().enumerate() {
        let case = format!("{what:?} while {point:?}");
        cut(&machine, point, what);
        if what == Cut::Container {
            let broken = machine.stack.shell("dpkg --audit");
            assert_eq!(broken.is_empty(), point == Point::Download, "{case}: {broken}");
            if point == Point::Configure {
                // Some engines keep no `/run`.
                machine.stack.shell("rm -rf /run/desktop-control");
            }
            boot(&machine);
        }
        let done = wait_for_job(&machine, &case, |job| !job["result"].is_null());
        assert_eq!(done["result"], "done", "{case}: {done}");
        assert_eq!(jobs(&machine).map(|jobs| jobs.len()), Some(number + 1), "{case}: it is the job that was begun");
        machine.stack.shell(&format!("rm -f {POSTINST_SLOW}"));
        machine.assert_sound();
        machine.assert_same(&whole, &case);
        machine.server.mend();
        machine.reset();
    }
}

#[test]
fn a_container_that_is_killed_again_and_again_is_left_as_it_was() {
    let machine = machine();
    let before = packages_of(&machine.state());
    cut(&machine, Point::Configure, Cut::Container);
    let mut lives = 1;
    let ended = loop {
        boot(&machine);
        // dpkg sets up what it was cut at before anything else is done, and so is cut there again.
        let at_it = || !machine.stack.shell("pgrep -f '[c]uda-nvcc-12-9.postinst' || true").is_empty();
        let ended = || jobs(&machine)?.last().filter(|job| !job["result"].is_null()).cloned();
        let job = wait_until(
            DEADLINE,
            || format!("it is at work or gives up: {:?}", jobs(&machine)),
            || if at_it() { Some(None) } else { ended().map(Some) },
        );
        if let Some(job) = job {
            break job;
        }
        lives += 1;
        assert!(lives < 10, "it never gives up");
        machine.stack.shell("kill -9 -1");
    };
    assert_eq!(ended["result"], "failed", "{ended}");
    assert!(ended["error_message"].as_str().is_some_and(|said| said.contains("interrupted too often")), "{ended}");
    assert_eq!(packages_of(&machine.state()), before);
    machine.assert_sound();
    machine.stack.shell(&format!("rm {POSTINST_SLOW}"));
    machine.stack.ctl_ok(&["cuda", "install", "12.9", "-p", "full", "--yes"]);
    machine.assert_sound();
}

#[test]
fn a_container_that_is_killed_while_an_installation_is_taken_back_goes_on_with_that() {
    let machine = machine();
    let before = packages_of(&machine.state());
    machine.stack.write(POSTINST_FAILS, "");
    let half = format!("/{FOLDER}/{:04}.h", FILES / 2);
    let script = format!("select(undef, undef, undef, 0.01) until -e '{half}'; 1 while -e '{half}'; kill 9, -1");
    let mut watcher = watch(&machine, &script);
    begin(&machine);
    assert!(watcher.wait().expect("a child").success());
    let left: usize = machine.stack.shell(&format!("ls /{FOLDER} | wc -l")).parse().expect("a number");
    assert!(0 < left && left < FILES, "dpkg was cut in the middle: {left} files are left");
    boot(&machine);
    let ended = wait_for_job(&machine, "it is taken back", |job| !job["result"].is_null());
    assert_eq!(ended["result"], "failed", "{ended}");
    let said = ended["error_message"].as_str().unwrap_or_default();
    assert!(said.contains("could not be set up"), "why it failed is still known: {ended}");
    assert_eq!(packages_of(&machine.state()), before);
    assert_eq!(machine.stack.shell("ls -d /usr/local/cuda* 2>/dev/null || true"), "");
    machine.assert_sound();
}

/// A container whose `/var/lib` is not kept: what dpkg has left is there, and nobody knows whose work it was.
#[test]
fn what_nobody_remembers_is_repaired_on_request() {
    let machine = machine();
    let whole = machine.undisturbed();
    for point in [Point::Unpack, Point::Configure] {
        cut(&machine, point, Cut::Container);
        machine.stack.shell(&format!("rm -rf {POSTINST_SLOW} /var/lib/desktop-control/* /run/desktop-control"));
        assert_ne!(machine.stack.shell("dpkg --audit"), "", "{point:?}");
        boot(&machine);
        wait_until(DEADLINE, || "the daemon answers".into(), || jobs(&machine).filter(Vec::is_empty).map(drop));
        machine.stack.ctl_ok(&["cuda", "repair"]);
        machine.assert_sound();
        machine.stack.ctl_ok(&["cuda", "install", "12.9", "-p", "full", "--yes"]);
        machine.assert_sound();
        machine.assert_same(&whole, &format!("{point:?}"));
        machine.reset();
    }
}

/// What the start script of a widespread base image does: the loader is to forget every toolkit, the newest one becomes the
/// default, and the loader is led to it.
const BOOT_SCRIPT: &str = "set -e
    rm -f /etc/ld.so.conf.d/*cuda*.conf
    sed -i '/cuda/d' /etc/ld.so.conf /etc/ld.so.conf.d/*.conf
    ldconfig
    newest=$(ls -d /usr/local/cuda-[0-9]* | sort -V | tail -n 1)
    rm -f /usr/local/cuda
    ln -s \"$newest\" /usr/local/cuda
    echo /usr/local/cuda/lib64 >/etc/ld.so.conf.d/10-cuda.conf
    ldconfig";

#[test]
fn what_was_chosen_survives_the_start_of_an_image_with_a_mind_of_its_own() {
    let machine = Machine::that_restarts(Repository::usual());
    for release in ["12.8", "12.9"] {
        machine.stack.ctl_ok(&["cuda", "install", release, "-p", "development", "--yes"]);
    }
    let in_force = |release: &str| {
        let link = machine.stack.shell("readlink -f /usr/local/cuda");
        let first =
            machine.stack.shell("ldconfig -p | sed -n 's/.*libcudart.so.12 .*=> //p' | head -1 | xargs readlink -f");
        let shell = machine.stack.shell("bash -lc 'nvcc --version | grep release; echo $CUDA_HOME'");
        link == format!("/usr/local/cuda-{release}")
            && first.starts_with(&format!("/usr/local/cuda-{release}/"))
            && shell.contains(&format!("release {release},"))
            && shell.ends_with("\n/usr/local/cuda")
    };
    assert!(in_force("12.8"), "the first one is the default");
    for round in 1..=2 {
        machine.stack.shell("kill -9 -1");
        machine.stack.shell(BOOT_SCRIPT);
        assert!(!in_force("12.8"), "the script has chosen for itself");
        boot(&machine);
        wait_until(DEADLINE, || format!("12.8 is in force again, round {round}"), || in_force("12.8").then_some(()));
        wait_until(DEADLINE, || "the daemon answers".into(), || jobs(&machine).map(drop));
    }
    machine.stack.ctl_ok(&["cuda", "default", "12.9"]);
    machine.stack.shell("kill -9 -1");
    machine.stack.shell(BOOT_SCRIPT);
    boot(&machine);
    wait_until(DEADLINE, || "12.9 is in force".into(), || in_force("12.9").then_some(()));
    machine.assert_sound();
}
