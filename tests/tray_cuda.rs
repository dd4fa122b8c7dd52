//! What the tray tells of installations, with a real apt and a real repository.

#![expect(clippy::expect_used, clippy::panic, reason = "a machine that cannot be built has failed the test")]

#[path = "apt/machine.rs"]
mod machine;
#[path = "apt/packages.rs"]
mod packages;
#[path = "apt/repository.rs"]
mod repository;
#[path = "tray/scene.rs"]
#[allow(dead_code, reason = "tests/tray.rs uses the rest of it")]
mod scene;
#[path = "apt/server.rs"]
mod server;
#[path = "tray/stand_ins.rs"]
#[allow(dead_code, reason = "tests/tray.rs uses the rest of it")]
mod stand_ins;
mod support;

use self::machine::{forget_distribution, with_repository};
use self::repository::Repository;
use self::scene::Scene;
use self::server::Server;
use self::support::{Boot, DEADLINE, wait_until};

const UNITS: &[&str] = &["dbus-system", "polkitd", "desktop-controld", "dbus-session", "x-server"];

#[test]
fn the_end_of_an_installation_is_told_once_whoever_began_it() {
    let repository = Repository::usual();
    let server = Server::of(repository.folder());
    let stack = with_repository(Boot { units: UNITS, ..Boot::default() }, &server).start();
    forget_distribution(&stack);
    let scene = Scene::of(stack);
    let messages = scene.notifications();
    let told = |summary: &str| messages.shown.all().iter().filter(|message| message.summary == summary).count();
    let wait_for = |summary: &str| {
        wait_until(
            DEADLINE,
            || format!("{summary} is told: {:?}", messages.shown.all()),
            || (told(summary) > 0).then_some(()),
        );
    };
    scene.stack.ctl_ok(&["cuda", "install", "12.9", "-p", "compiler", "--yes"]);
    wait_for("CUDA 12.9 is installed");
    scene.stack.ctl_ok(&["cuda", "remove", "12.9", "--yes"]);
    wait_for("CUDA 12.9 is removed");
    assert_eq!((told("CUDA 12.9 is installed"), told("CUDA 12.9 is removed")), (1, 1));
}
