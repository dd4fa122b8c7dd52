//! Whatever happens in the middle of a change, the next start of the stream uses the settings that were kept last, or
//! the new ones once they are kept; never anything between.
//!
//! The stream is a small program behind our real wrapper, so that a hundred restarts take minutes. The real server is
//! in tests/stream.rs.

#![expect(clippy::expect_used, reason = "tests")]

mod support;

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use desktop_control::api::proxy::{PendingProxy, StreamProxy};
use desktop_control::host::fault::Fault;
use strum::IntoEnumIterator;
use support::{Boot, DEADLINE, Stack, stream_stand_in, wait_until};
use zbus::zvariant::Value;

const UNITS: &[&str] = &["dbus-system", "polkitd", "desktop-controld", "selkies"];
/// As in images that are not ours: the workspace's file is shell code, and all there is.
const FOREIGN_WRAPPER: &str = "#!/bin/bash\nset -a; [ ! -f /workspace/.env ] || . /workspace/.env; set +a\n\
                               export XDG_RUNTIME_DIR=/run/user/1001\nexec python3 /usr/local/lib/stream.py\n";
const ENV_FILE: &str = "/workspace/.env";
/// The person's own lines in it.
const OWN_LINES: &str = "# mine\nexport SELKIES_UI_TITLE=\"My $((40 + 2))\"\n";
const SETTINGS: &str = "/etc/desktop-control/env.d/selkies.env";
const JOURNAL: &str = "/var/lib/desktop-control/pending.json";
const FAULT: &str = "/run/desktop-control/fault";

fn stack() -> Stack {
    start(stream_stand_in::boot(UNITS, stream_stand_in::WRAPPER))
}

/// One whose settings stand in the workspace's file.
fn foreign_stack() -> Stack {
    start(stream_stand_in::boot(UNITS, FOREIGN_WRAPPER).and_file(ENV_FILE, OWN_LINES))
}

fn start(boot: Boot) -> Stack {
    let stack = stream_stand_in::start(boot);
    let person = Person::at(&stack);
    wait_until(DEADLINE, || "the stream is served".into(), || person.is_served().then_some(()));
    drop(person);
    stack
}

/// What a person does about a change, by way of the bus.
struct Person<'s> {
    stack: &'s Stack,
    runtime: tokio::runtime::Runtime,
}

impl<'s> Person<'s> {
    fn at(stack: &'s Stack) -> Self {
        Self { stack, runtime: tokio::runtime::Runtime::new().expect("a runtime") }
    }

    fn is_served(&self) -> bool {
        self.runtime.block_on(async {
            let bus = self.stack.bus().await;
            StreamProxy::new(&bus).await.expect("a proxy").backend().await.is_ok_and(|backend| backend == "selkies")
        })
    }

    /// Asks for another frame rate. The path of the change, or what was said instead.
    fn asks_for(&self, framerate: &str) -> Result<String, String> {
        self.runtime.block_on(async {
            let bus = self.stack.bus().await;
            let stream = StreamProxy::new(&bus).await.expect("a proxy");
            let changes = HashMap::from([("framerate", Value::from((framerate, "enforced")))]);
            let options = HashMap::from([("confirm-within", Value::from(600_u32))]);
            let applied = tokio::time::timeout(DEADLINE, stream.apply(changes, options)).await.expect("an answer");
            applied.map(|path| path.to_string()).map_err(|error| error.to_string())
        })
    }

    fn answers(&self, path: &str, keep: bool) -> Result<(), String> {
        self.runtime.block_on(async {
            let bus = self.stack.bus().await;
            let pending = PendingProxy::builder(&bus).path(path.to_owned()).expect("a path");
            let pending = pending.build().await.expect("a proxy");
            let force = HashMap::from([("force", Value::from(true))]);
            let answered =
                async { if keep { pending.keep(force).await } else { pending.revert(HashMap::new()).await } };
            let answered = tokio::time::timeout(DEADLINE, answered).await.expect("an answer");
            answered.map_err(|error| error.to_string())
        })
    }

    /// How far the change is; none if it has no object, or nobody serves any.
    fn stage(&self, path: &str) -> Option<String> {
        self.runtime.block_on(async {
            let bus = self.stack.bus().await;
            let pending = PendingProxy::builder(&bus).path(path.to_owned()).expect("a path");
            let pending = pending.build().await.ok()?;
            tokio::time::timeout(Duration::from_secs(5), pending.stage()).await.ok()?.ok()
        })
    }

    fn waits_until(&self, path: &str, wanted: &[&str]) -> String {
        let what = || format!("the change is {wanted:?}, not {:?}: {}", self.stage(path), self.stack.tell("selkies"));
        wait_until(DEADLINE, what, || self.stage(path).filter(|stage| wanted.contains(&stage.as_str())))
    }
}

/// The frame rate that the stream runs with, by its environment; none while it is down.
fn running(stack: &Stack) -> Option<String> {
    let pid = stack.shell("supervisorctl pid selkies || true").parse::<u32>().ok().filter(|pid| *pid > 0)?;
    let environment = std::fs::read(stack.path(&format!("/proc/{pid}/environ"))).ok()?;
    let text = String::from_utf8_lossy(&environment).into_owned();
    let value = text.split('\0').find_map(|pair| pair.strip_prefix("SELKIES_FRAMERATE="));
    text.contains("XDG_RUNTIME_DIR=").then(|| value.unwrap_or_default().to_owned())
}

fn wait_for_running(stack: &Stack, wanted: &str) {
    let what = || format!("the stream runs with {wanted}, not {:?}: {}", running(stack), stack.tell("selkies"));
    wait_until(DEADLINE, what, || (running(stack).as_deref() == Some(wanted)).then_some(()));
}

/// What every start from now on would use.
fn kept(stack: &Stack) -> String {
    let each = [ENV_FILE, SETTINGS].map(|file| format!("[ ! -f {file} ] || . {file}"));
    stack.shell(&format!("unset SELKIES_FRAMERATE; {}; echo \"$SELKIES_FRAMERATE\"", each.join("; ")))
}

fn is_clean(stack: &Stack) -> bool {
    let left = [format!("{SETTINGS}.trial"), format!("{SETTINGS}.used"), JOURNAL.into()];
    left.iter().all(|path| !stack.path(path).exists())
}

fn wait_until_clean(stack: &Stack) {
    wait_until(
        DEADLINE,
        || format!("nothing is left of the change: {}", stack.tell("desktop-controld")),
        || is_clean(stack).then_some(()),
    );
}

fn arm(stack: &Stack, what: &str, point: Fault) {
    let _ = std::fs::remove_file(stack.path(&format!("{FAULT}.done")));
    stack.write(FAULT, &format!("{what} {point}"));
}

fn has_fired(stack: &Stack) -> bool {
    stack.path(&format!("{FAULT}.done")).exists()
}

/// The change before may be over on disk and its last restart not.
fn asks_once_there_is_room(person: &Person<'_>, framerate: &str) -> Result<String, String> {
    let asked = || match person.asks_for(framerate) {
        Err(busy) if busy.contains("Busy") => None,
        other => Some(other),
    };
    wait_until(DEADLINE, || "another change is accepted".into(), asked)
}

/// Goes through a whole change and takes it back or keeps it, as far as the armed fault lets it.
fn go_through(person: &Person<'_>, framerate: &str, keep: bool) {
    let Ok(path) = asks_once_there_is_room(person, framerate) else { return };
    // What cannot be tried out any more goes to its end by itself.
    let waiting = || {
        has_fired(person.stack)
            || person.stage(&path).is_some_and(|stage| ["waiting", "kept", "reverted"].contains(&stage.as_str()))
    };
    wait_until(DEADLINE, || format!("the change gets anywhere: {:?}", person.stage(&path)), || waiting().then_some(()));
    if has_fired(person.stack) {
        return;
    }
    let _ = person.answers(&path, keep);
    let over = || has_fired(person.stack) || is_clean(person.stack);
    wait_until(DEADLINE, || "the change comes to an end".into(), || over().then_some(()));
}

/// On the way to being taken back, or to being kept?
fn on_the_way_back(point: Fault) -> bool {
    point.to_string().contains("revert")
}

/// The daemon is killed at `point` and kept from starting until the stream has been restarted without it.
fn killed_and_away(stack: &Stack, point: Fault) {
    let person = Person::at(stack);
    wait_until(DEADLINE, || "the stream is served".into(), || person.is_served().then_some(()));
    let old = kept(stack);
    let new = if old == "30-30" { "31" } else { "30" };
    arm(stack, "kill", point);
    // A binary that is gone while it runs: supervisord cannot start it again.
    stack.shell("mv /usr/bin/desktop-controld /usr/bin/desktop-controld.away");
    go_through(&person, new, !on_the_way_back(point));
    assert!(has_fired(stack), "{point} is on the way of a change");
    let new = format!("{new}-{new}");
    // Two starts: should the first one be the trial's own, the second is not.
    for _ in 0..2 {
        stack.shell("supervisorctl restart selkies");
        wait_until(DEADLINE, || "it starts".into(), || running(stack));
    }
    let now = kept(stack);
    assert!(now == old || now == new, "{point}: {now} is neither {old} nor {new}");
    wait_for_running(stack, &now);
    stack.shell("mv /usr/bin/desktop-controld.away /usr/bin/desktop-controld; supervisorctl start desktop-controld");
    wait_until_clean(stack);
    stack.wait_for_health("selkies", "ok");
    let end = kept(stack);
    assert!(end == old || end == new, "{point}: {end} is neither {old} nor {new}");
    wait_for_running(stack, &end);
    if on_the_way_back(point) {
        assert_eq!(end, old, "{point}: it was taken back");
    }
}

/// The daemon is killed at `point`, and everything is restarted.
fn killed_and_restarted(stack: &Stack, point: Fault) {
    let person = Person::at(stack);
    wait_until(DEADLINE, || "the stream is served".into(), || person.is_served().then_some(()));
    let old = kept(stack);
    let new = if old == "30-30" { "31" } else { "30" };
    arm(stack, "kill", point);
    go_through(&person, new, !on_the_way_back(point));
    assert!(has_fired(stack), "{point} is on the way of a change");
    stack.shell(
        "kill -9 $(cat /run/supervisord.pid); pkill -9 -f 'desktop-controld --event[s]' || true; sleep 0.5; \
                 pkill -9 -f '[s]tream.py' || true; supervisord -c /etc/supervisor/supervisord.conf",
    );
    let new = format!("{new}-{new}");
    wait_until_clean(stack);
    stack.wait_for_health("selkies", "ok");
    let end = kept(stack);
    assert!(end == old || end == new, "{point}: {end} is neither {old} nor {new}");
    wait_for_running(stack, &end);
}

fn with_a_full_disk(stack: &Stack, point: Fault) {
    let person = Person::at(stack);
    let old = kept(stack);
    let new = if old == "30-30" { "31" } else { "30" };
    arm(stack, "full", point);
    go_through(&person, new, !on_the_way_back(point));
    assert!(has_fired(stack), "{point} is on the way of a change");
    let new = format!("{new}-{new}");
    let settled = || is_clean(stack) && running(stack).is_some_and(|now| now == kept(stack));
    let state = || format!("{point}: runs with {:?}, kept is {}", running(stack), kept(stack));
    // A change that could not be kept for want of space still waits for another answer.
    if let Some(path) = waiting_change(stack) {
        let _ = person.answers(&path, false);
    }
    wait_until(DEADLINE, state, || settled().then_some(()));
    let end = kept(stack);
    assert!(end == old || end == new, "{point}: {end} is neither {old} nor {new}");
    stack.shell("supervisorctl restart selkies");
    wait_for_running(stack, &end);
}

/// The path of the change in the journal, if there is one.
fn waiting_change(stack: &Stack) -> Option<String> {
    let journal: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(stack.path(JOURNAL)).ok()?).ok()?;
    Some(desktop_control::api::pending_path(journal["id"].as_u64()?))
}

#[test]
fn the_daemon_may_be_killed_at_every_point_and_stay_away() {
    let stack = stack();
    for point in Fault::iter() {
        killed_and_away(&stack, point);
    }
}

#[test]
fn everything_may_be_restarted_at_every_point() {
    let stack = stack();
    for point in Fault::iter() {
        killed_and_restarted(&stack, point);
    }
}

#[test]
fn the_disk_may_be_full_at_every_point() {
    let stack = stack();
    for point in Fault::iter() {
        with_a_full_disk(&stack, point);
    }
}

/// The person's own lines, and nothing of a killed daemon beside them.
fn assert_that_the_rest_is_untouched(stack: &Stack) {
    let text = std::fs::read_to_string(stack.path(ENV_FILE)).expect("there");
    assert!(text.starts_with(OWN_LINES), "{text}");
    assert_eq!(stack.shell("ls -A /workspace"), ".env");
}

#[test]
fn where_the_wrapper_is_not_ours_everything_may_be_restarted_at_every_point_too() {
    let stack = foreign_stack();
    let mode = stack.shell(
        "busctl get-property io.github.desktop_control.Control1 /io/github/desktop_control/Control1/stream \
         io.github.desktop_control.Control1.Stream WriteMode",
    );
    assert_eq!(mode, "s \"env-file\"");
    for point in Fault::iter() {
        killed_and_restarted(&stack, point);
        assert_that_the_rest_is_untouched(&stack);
    }
}

#[test]
fn where_the_wrapper_is_not_ours_the_disk_may_be_full_and_the_stream_dead_too() {
    let stack = foreign_stack();
    for point in Fault::iter() {
        with_a_full_disk(&stack, point);
        assert_that_the_rest_is_untouched(&stack);
    }
    let (person, before) = (Person::at(&stack), kept(&stack));
    for framerate in ["61", "62"] {
        let path = asks_once_there_is_room(&person, framerate).expect("begun");
        person.waits_until(&path, &["reverted"]);
        wait_for_running(&stack, &before);
        assert_that_the_rest_is_untouched(&stack);
    }
}

#[test]
fn what_ends_at_once_or_never_answers_is_taken_back() {
    let stack = stack();
    let person = Person::at(&stack);
    for (framerate, says) in [("61", "ended at once"), ("62", "did not answer within")] {
        let path = person.asks_for(framerate).expect("begun");
        person.waits_until(&path, &["reverted"]);
        wait_until_clean(&stack);
        wait_for_running(&stack, "");
        let said = stack.shell(&format!(
            "busctl get-property io.github.desktop_control.Control1 {path} \
                                         io.github.desktop_control.Control1.Pending Reason"
        ));
        assert!(said.contains(says), "{said}");
    }
}

#[test]
fn one_change_at_a_time() {
    let stack = stack();
    let person = Person::at(&stack);
    let path = person.asks_for("30").expect("begun");
    person.waits_until(&path, &["waiting"]);
    let refused = person.asks_for("31").expect_err("one is on trial");
    assert!(refused.contains("still waits for an answer"), "{refused}");
    // Killed while it waits, the daemon goes on where it was.
    stack.shell("pkill -9 -f 'desktop-controld --event[s]'");
    person.waits_until(&path, &["waiting"]);
    wait_for_running(&stack, "30-30");
    person.answers(&path, true).expect("kept");
    wait_until_clean(&stack);
    assert_eq!(kept(&stack), "30-30");
    assert!(person.answers(&path, false).expect_err("over").contains("is over"));
}

#[test]
fn a_trial_of_before_the_last_restart_of_everything_is_not_used() {
    let stack = stack();
    let trial = |supervisor: &str| format!("# for supervisord {supervisor} alone\nSELKIES_FRAMERATE='33-33'\n");
    stack.shell("supervisorctl stop desktop-controld");
    stack.write(&format!("{SETTINGS}.trial"), &trial("1 1"));
    stack.shell("supervisorctl restart selkies");
    wait_for_running(&stack, "");
    assert!(is_clean(&stack));
    let identity =
        stack.shell("read -r pid </run/supervisord.pid; echo $pid $(sed 's/.*) //' /proc/$pid/stat | cut -d' ' -f20)");
    stack.write(&format!("{SETTINGS}.trial"), &trial(&identity));
    stack.shell("supervisorctl restart selkies");
    wait_for_running(&stack, "33-33");
    stack.shell("supervisorctl restart selkies");
    wait_for_running(&stack, "");
    assert!(is_clean(&stack), "for one start only");
}

#[test]
fn every_point_has_a_name_of_its_own() {
    let names: BTreeSet<String> = Fault::iter().map(|point| point.to_string()).collect();
    assert_eq!(names.len(), Fault::iter().count());
}
