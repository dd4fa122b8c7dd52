//! A real compiler of NVIDIA's is installed, and builds the kernel by which an installation is tried.

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

use std::path::{Path, PathBuf};
use std::process::Command;

use self::machine::{Machine, toolkit};
use self::packages::package;
use self::repository::Repository;

/// Where it lies below its packages' folder.
const PLACE: &str = "nvidia/cu13";

fn run(command: &mut Command) {
    let said = command.output().expect("a program");
    assert!(said.status.success(), "{command:?}: {}", String::from_utf8_lossy(&said.stderr));
}

/// The compiler as a tree, fetched once.
fn compiler() -> PathBuf {
    let home = std::env::var("HOME").expect("HOME");
    let cache = std::env::var("DESKTOP_CONTROL_CACHE").unwrap_or_else(|_| format!("{home}/.cache/desktop-control"));
    let folder = Path::new(&cache).join("cuda-compiler-13.5.37");
    if !folder.exists() {
        let parent = folder.parent().expect("a parent");
        std::fs::create_dir_all(parent).expect("folder");
        let fetched = tempfile::tempdir_in(parent).expect("folder");
        let list = support::repository().join("tests/fixtures/install/compiler.txt");
        run(Command::new("python3").args(["-m", "venv"]).arg(fetched.path().join("venv")));
        let mut pip = Command::new(fetched.path().join("venv/bin/pip"));
        pip.args(["install", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes", "--requirement"])
            .arg(list);
        run(pip.arg("--target").arg(fetched.path().join("tree")));
        std::fs::rename(fetched.path().join("tree"), &folder).expect("renamed");
    }
    let tree = folder.join(PLACE);
    assert!(tree.join("bin/nvcc").exists(), "{} holds no compiler", tree.display());
    for program in ["bin", "nvvm/bin"] {
        run(Command::new("chmod").arg("-R").arg("a+x").arg(tree.join(program)));
    }
    tree
}

#[test]
fn a_real_compiler_builds_the_kernel_that_proves_it() {
    let machine = Machine::of(Repository::only(&[
        package("cuda-nvcc-13-5", "13.5.37-1", &[]).tree(compiler(), "usr/local/cuda-13.5"),
        package("cuda-cudart-dev-13-5", "13.5.37-1", &["Depends: cuda-nvcc-13-5"])
            .link("usr/local/cuda-13.5/lib64", "lib"),
    ]));
    let run = machine.install(&toolkit("13.5", "compiler"));
    run.assert_done();
    machine.assert_sound();
    let checks = &run.outcome()["checks"];
    let verdict = |at: usize| checks[at]["verdict"].as_str().unwrap_or_default().to_owned();
    assert_eq!([verdict(0), verdict(1), verdict(2)], ["passed", "passed", "passed"], "{checks}");
    assert!(checks[0]["found"].as_str().is_some_and(|found| found.contains("release 13.5")), "{checks}");
    // Where there is a GPU, the kernel has run.
    let gpu = Path::new("/dev/nvidiactl").exists();
    assert_eq!(verdict(3), if gpu { "passed" } else { "not-checked" }, "{checks}");
    // A compiler that is broken is not called a good one.
    machine.stack.shell("mv /usr/local/cuda-13.5/nvvm /usr/local/cuda-13.5/nvvm.away");
    let run = machine.install(&serde_json::json!({ "do": "verify", "release": "13.5" }));
    assert_eq!(run.outcome()["checks"][2]["verdict"], "failed", "{}", run.tell());
    machine.stack.shell("mv /usr/local/cuda-13.5/nvvm.away /usr/local/cuda-13.5/nvvm");
}
