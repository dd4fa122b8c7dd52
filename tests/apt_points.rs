//! Killed, or with a full disk, at every point at which an installation writes or runs something: the next attempt ends as
//! if nothing had happened.

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

use desktop_control::host::fault::InstallFault;
use serde_json::Value;
use strum::IntoEnumIterator;

use self::machine::{Machine, packages_of, toolkit};
use self::packages::{POSTINST_FAILS, POSTINST_SLOW};

/// A point that is reached when nothing goes wrong.
fn is_on_the_way(point: InstallFault) -> bool {
    !matches!(point, InstallFault::BeforeUndoJournal | InstallFault::AfterUndoJournal)
}

#[test]
fn killed_anywhere_it_ends_as_if_nothing_had_happened() {
    let machine = Machine::usual();
    let whole = machine.undisturbed();
    machine.server.faults(|faults| faults.rate = Some(4_000_000));
    for point in InstallFault::iter().filter(|point| is_on_the_way(*point)) {
        machine.stack.write(POSTINST_SLOW, "");
        machine.fault(&format!("kill {point}"));
        let killed = machine.install(&toolkit("12.9", "full"));
        // How it ended is told before the journal goes.
        let told =
            matches!(point, InstallFault::BeforeInstallJournalRemoval | InstallFault::AfterInstallJournalRemoval);
        assert_eq!(killed.result(), if told { "done" } else { "killed" }, "{point}: {}", killed.tell());
        machine.stack.shell(&format!(
            "test -e /run/desktop-control/fault.done && rm -f /run/desktop-control/fault.done {POSTINST_SLOW}"
        ));
        let resumed = machine.run("resume", &Value::Null);
        assert!(["done", "skipped"].contains(&resumed.result().as_str()), "{point}: {}", resumed.tell());
        if resumed.result() == "skipped" {
            // Nothing had been begun, or everything was done.
            machine.install(&toolkit("12.9", "full")).assert_done();
        }
        machine.assert_sound();
        machine.assert_same(&whole, &point.to_string());
        machine.reset();
    }
}

#[test]
fn killed_while_taking_back_it_is_taken_back_all_the_same() {
    let machine = Machine::usual();
    let before = packages_of(&machine.state());
    for point in [InstallFault::BeforeUndoJournal, InstallFault::AfterUndoJournal] {
        machine.stack.write(POSTINST_FAILS, "");
        machine.fault(&format!("kill {point}"));
        let killed = machine.install(&toolkit("12.9", "full"));
        assert_eq!(killed.result(), "killed", "{point}: {}", killed.tell());
        let resumed = machine.run("resume", &Value::Null);
        resumed.assert_failed("Internal");
        machine.assert_sound();
        assert_eq!(packages_of(&machine.state()), before, "{point}");
        machine.stack.shell(&format!("rm {POSTINST_FAILS}"));
    }
    machine.install(&toolkit("12.9", "full")).assert_done();
}

#[test]
fn a_full_disk_at_any_point_of_ours_does_no_harm() {
    let machine = Machine::usual();
    let whole = machine.undisturbed();
    for point in InstallFault::iter().filter(|point| is_on_the_way(*point)) {
        machine.fault(&format!("full {point}"));
        let run = machine.install(&toolkit("12.9", "full"));
        assert!(["done", "failed"].contains(&run.result().as_str()), "{point}: {}", run.tell());
        machine.stack.shell("rm -f /run/desktop-control/fault /run/desktop-control/fault.done");
        assert_eq!(machine.stack.shell("dpkg --audit"), "", "{point}");
        machine.install(&toolkit("12.9", "full")).assert_done();
        machine.assert_sound();
        machine.assert_same(&whole, &point.to_string());
        machine.reset();
    }
}
