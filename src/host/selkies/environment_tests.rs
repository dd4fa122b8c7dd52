use std::os::unix::fs::PermissionsExt;

use super::*;

/// A tree that the desktop user, here `nobody`, can read.
fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, Root) {
    let folder = tempfile::tempdir().expect("folder");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("mode");
    let root = Root::new(folder.path());
    for (path, text) in files {
        root.write(path, text.as_bytes(), 0o644).expect("written");
    }
    (folder, root)
}

async fn read(root: &Root, schema: &Schema, mode: WriteMode) -> Layers {
    let account = Some(Account { uid: 65534, gid: 65534 });
    let place = Place { root, account, workspace: "/workspace", service: "selkies", mode, supervisor: None };
    layers(&place, schema, BTreeMap::new(), BTreeMap::new()).await
}

#[tokio::test]
async fn files_are_shell_code_and_the_later_one_wins() {
    let (_folder, root) = tree(&[
        ("/etc/environment", "SELKIES_ENCODER=jpeg\nSELKIES_FRAMERATE=\"30\"\nSELKIES_UI_TITLE='a b'\n"),
        (
            "/workspace/.env",
            "export SELKIES_FRAMERATE=$((20 + 5))\nSELKIES_ENCODER=${SELKIES_ENCODER},h264enc\nexit 3\nX=1",
        ),
    ]);
    let layers = read(&root, &Schema::bundled(), WriteMode::SettingsFile).await;
    assert_eq!(layers.container["SELKIES_FRAMERATE"], "30");
    assert_eq!(layers.container["SELKIES_UI_TITLE"], "a b");
    assert_eq!(layers.env_file["SELKIES_FRAMERATE"], "25");
    assert_eq!(layers.env_file["SELKIES_ENCODER"], "jpeg,h264enc");
    assert!(!layers.env_file.contains_key("X") && !layers.env_file.contains_key("SELKIES_UI_TITLE"));
}

#[tokio::test]
async fn our_own_block_is_no_layer_below_ours() {
    let text =
        format!("SELKIES_FRAMERATE=25\n{}\nSELKIES_FRAMERATE='60-60'\n{}\nSELKIES_ENCODER=jpeg\n", BLOCK[0], BLOCK[1]);
    let (_folder, root) = tree(&[("/workspace/.env", &text)]);
    let layers = read(&root, &Schema::bundled(), WriteMode::EnvFile).await;
    assert_eq!(layers.env_file["SELKIES_FRAMERATE"], "25");
    assert_eq!(layers.env_file["SELKIES_ENCODER"], "jpeg");
}

#[tokio::test]
async fn what_is_broken_or_never_ends_costs_only_itself() {
    let (_folder, root) = tree(&[
        ("/etc/environment", "SELKIES_ENCODER=jpeg\nif then\n"),
        ("/workspace/.env", "SELKIES_FRAMERATE=25\nwhile :; do :; done\n"),
    ]);
    let layers = read(&root, &Schema::bundled(), WriteMode::SettingsFile).await;
    assert_eq!(
        layers.env_file.get("SELKIES_FRAMERATE").map(String::as_str),
        Some("25"),
        "what was set until then counts"
    );
    let (_folder, root) = tree(&[]);
    assert_eq!(read(&root, &Schema::bundled(), WriteMode::SettingsFile).await.env_file, BTreeMap::new());
}

#[tokio::test]
async fn the_start_scripts_defaults_stand_for_what_is_empty() {
    let (_folder, root) = tree(&[
        (
            "/opt/supervisor-scripts/selkies.sh",
            "export SELKIES_ENABLE_BASIC_AUTH=${SELKIES_ENABLE_BASIC_AUTH:-false}\n",
        ),
        ("/usr/lib/desktop-control/defaults.sh", ": \"${SELKIES_PORT:=16100}\"\n"),
        ("/workspace/.env", "SELKIES_ENABLE_BASIC_AUTH=\n"),
    ]);
    let schema = Schema::bundled();
    let layers = read(&root, &schema, WriteMode::SettingsFile).await;
    let resolved = crate::model::stream::resolve(&schema, &layers);
    assert_eq!(resolved["enable_basic_auth"].raw, "false");
    assert_eq!(resolved["port"].raw, "16100");
    let foreign = read(&root, &schema, WriteMode::EnvFile).await;
    assert!(!foreign.defaults.contains_key("SELKIES_PORT"), "that script reads no file of ours");
}

#[tokio::test]
async fn a_browsers_choice_is_read_through_no_link() {
    let (_folder, root) =
        tree(&[(BROWSER_FILE, r#"{"framerate": 30, "enable_resize": true, "encoder": "x264enc", "x": [1]}"#)]);
    let schema = Schema::legacy();
    let expected = [("enable_resize", "true"), ("encoder", "x264enc"), ("framerate", "30")];
    let browser = read(&root, &schema, WriteMode::EnvFile).await.browser;
    assert_eq!(browser.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>(), expected);
    assert_eq!(read(&root, &Schema::bundled(), WriteMode::EnvFile).await.browser, BTreeMap::new());
    std::fs::rename(root.join(BROWSER_FILE), root.join("/tmp/elsewhere")).expect("renamed");
    std::os::unix::fs::symlink("elsewhere", root.join(BROWSER_FILE)).expect("link");
    assert_eq!(read(&root, &schema, WriteMode::EnvFile).await.browser, BTreeMap::new());
}

#[test]
fn a_process_is_found_among_what_it_was_started_by() {
    let mut shell = std::process::Command::new("/bin/sh").args(["-c", "sleep 1000; :"]).spawn().expect("sh");
    let sleeps = |lines: &[Vec<String>]| lines.iter().any(|line| line.first().is_some_and(|word| word == "sleep"));
    let mut found = false;
    for _ in 0..100 {
        let lines = command_lines(shell.id());
        assert!(lines.iter().all(|line| !line.iter().any(|word| word.contains("desktop_control"))), "{lines:?}");
        found = sleeps(&lines);
        if found {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let child = procfs::process::all_processes().expect("processes").filter_map(Result::ok);
    let parent = shell.id().cast_signed();
    for process in child.filter(|process| process.stat().is_ok_and(|stat| stat.ppid == parent)) {
        let pid = rustix::process::Pid::from_raw(process.pid).expect("a number");
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
    let _ = shell.kill();
    let _ = shell.wait();
    assert!(found, "the child of the shell");
}
