//! What `make install` puts where, and that the files name each other rightly: a launcher that starts nothing is seen
//! by a person only.

#![expect(clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use desktop_control::api::APP_ID;
use desktop_control::client::autostart::ENTRY;

/// Where a launcher patcher of some images rewrites every `Exec=`.
const PATCHED: &str = "usr/share/applications";
const LAUNCHERS: &str = "usr/local/share/applications";
const ICONS: &str = "usr/share/icons/hicolor";
/// The states of the tray icon, as they stand in the icons' names.
const STATES: [&str; 3] = ["", "-working", "-attention"];

fn repository() -> PathBuf {
    // As cargo says when it runs the test: clones that share a build cache also share test programs.
    std::env::var_os("CARGO_MANIFEST_DIR").expect("tests are run by cargo").into()
}

/// A tree of what is installed. Stand-ins for the programs: they are large, and only their names count here.
fn installed() -> &'static Path {
    static ROOT: OnceLock<tempfile::TempDir> = OnceLock::new();
    let root = ROOT.get_or_init(|| {
        let folder = tempfile::tempdir().expect("folder");
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).expect("folder");
        for program in [
            env!("CARGO_BIN_EXE_desktop-controld"),
            env!("CARGO_BIN_EXE_desktopctl"),
            env!("CARGO_BIN_EXE_desktop-control-tray"),
            env!("CARGO_BIN_EXE_desktop-control"),
        ] {
            fs::write(bin.join(Path::new(program).file_name().expect("a name")), "").expect("write");
        }
        let destination = format!("DESTDIR={}", folder.path().join("root").display());
        make_install(&[&destination, &format!("BIN={}", bin.display())]);
        folder
    });
    Box::leak(root.path().join("root").into_boxed_path())
}

fn make_install(variables: &[&str]) {
    let mut make = Command::new("make");
    let output = make.args(["-C", &repository().display().to_string(), "install"]).args(variables).output();
    let output = output.expect("make");
    assert!(output.status.success(), "make install: {}", String::from_utf8_lossy(&output.stderr));
}

fn read(path: &str) -> String {
    fs::read_to_string(installed().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The values of a key in a file of groups, in all of its groups.
fn values<'t>(text: &'t str, key: &str) -> Vec<&'t str> {
    text.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

fn value<'t>(text: &'t str, key: &str) -> &'t str {
    values(text, key).first().copied().unwrap_or_else(|| panic!("no {key} in {text}"))
}

/// What stands between the tags of the elements of this name.
fn elements<'t>(xml: &'t str, name: &str) -> Vec<&'t str> {
    let (opening, closing) = (format!("<{name}"), format!("</{name}>"));
    let tags = xml.split(&opening).skip(1);
    tags.filter_map(|rest| rest.split_once('>')?.1.split_once(&closing).map(|(text, _)| text)).collect()
}

fn is_program(name: &str) -> bool {
    let path = installed().join("usr/bin").join(name);
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

fn launcher() -> String {
    read(&format!("{LAUNCHERS}/{APP_ID}.desktop"))
}

#[test]
fn every_entry_starts_a_program_and_shows_an_icon_that_are_installed() {
    let autostart = read(&format!("etc/xdg/autostart/{ENTRY}"));
    for entry in [launcher(), autostart] {
        for line in values(&entry, "Exec").into_iter().chain(values(&entry, "TryExec")) {
            let program = line.split_whitespace().next().unwrap_or_default();
            assert!(is_program(program), "{program} is not installed: {entry}");
        }
        let icon = value(&entry, "Icon");
        assert!(installed().join(format!("{ICONS}/scalable/apps/{icon}.svg")).is_file(), "{icon}");
    }
}

#[test]
fn everything_has_the_name_of_the_application() {
    let launcher = launcher();
    // X knows the window by the name of its program, and the launcher says so.
    let program = Path::new(env!("CARGO_BIN_EXE_desktop-control")).file_name().expect("a name");
    assert_eq!(value(&launcher, "StartupWMClass"), program);
    let service = read(&format!("usr/share/dbus-1/services/{APP_ID}.service"));
    assert_eq!((value(&launcher, "DBusActivatable"), value(&service, "Name")), ("true", APP_ID));
    assert_eq!(value(&service, "Exec"), "/usr/bin/desktop-control --gapplication-service");
    let metainfo = read(&format!("usr/share/metainfo/{APP_ID}.metainfo.xml"));
    assert_eq!(elements(&metainfo, "id"), [APP_ID]);
    assert_eq!(elements(&metainfo, "launchable"), [format!("{APP_ID}.desktop")]);
    assert!(elements(&metainfo, "binary").into_iter().all(is_program), "{metainfo}");
    assert_eq!(elements(&metainfo, "summary").len(), 1, "so that elements are found at all");
    assert!(metainfo.contains(&format!("<release version=\"{}\"", env!("CARGO_PKG_VERSION"))), "{metainfo}");
    assert!(metainfo.contains(desktop_control::api::BUS_NAME), "{metainfo}");
}

#[test]
fn each_action_of_the_launcher_has_its_group() {
    let launcher = launcher();
    let actions: Vec<&str> = value(&launcher, "Actions").split_terminator(';').collect();
    assert!(!actions.is_empty());
    for action in actions {
        let (_, group) = launcher.split_once(&format!("[Desktop Action {action}]\n")).expect(action);
        assert_eq!(value(group, "Exec"), format!("desktop-control --page {action}"));
    }
}

#[test]
fn no_launcher_stands_where_a_patcher_would_rewrite_it() {
    assert!(!installed().join(PATCHED).exists());
    // Where a package wants it there all the same, it may.
    let folder = tempfile::tempdir().expect("folder");
    let bin = format!("BIN={}", installed().join("usr/bin").display());
    let variables =
        ["PREFIX=/opt/x", "LAUNCHERS=/opt/x/share/applications", &format!("DESTDIR={}", folder.path().display()), &bin];
    make_install(&variables);
    assert!(folder.path().join(format!("opt/x/share/applications/{APP_ID}.desktop")).is_file());
    let service = folder.path().join(format!("opt/x/share/dbus-1/services/{APP_ID}.service"));
    let service = fs::read_to_string(service).expect("the service");
    assert!(value(&service, "Exec").starts_with("/opt/x/bin/"), "{service}");
}

/// Where an image's patcher finds the launcher all the same: what it makes of it starts the same program. VirtualGL
/// itself is not here; what reaches the program of it is its library, loaded before all others.
#[test]
fn a_patched_launcher_starts_the_same_program() {
    let folder = tempfile::tempdir().expect("folder");
    let vglrun = folder.path().join("vglrun");
    fs::write(&vglrun, "#!/bin/sh\nLD_PRELOAD=libm.so.6 exec \"$@\"\n").expect("write");
    fs::set_permissions(&vglrun, fs::Permissions::from_mode(0o755)).expect("its mode");
    let built = Path::new(env!("CARGO_BIN_EXE_desktop-control")).parent().expect("a folder");
    let path = format!("{}:{}:/usr/bin:/bin", folder.path().display(), built.display());
    let patched = launcher().replace("\nExec=", "\nExec=vglrun ");
    let lines = values(&patched, "Exec");
    assert_eq!(lines.len(), 3, "{patched}");
    for line in lines {
        // The pages are read before `--version` ends it.
        let output = Command::new("sh").args(["-c", &format!("exec {line} --version")]).env("PATH", &path).output();
        let output = output.expect("sh");
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(said.trim(), concat!("desktop-control ", env!("CARGO_PKG_VERSION")), "{line}: {output:?}");
    }
}

/// GTK asks a cache which icons there are, unless the folder is younger than the cache.
#[test]
fn a_cache_of_icons_does_not_hide_ours() {
    let folder = tempfile::tempdir().expect("folder");
    let icons = folder.path().join(ICONS);
    fs::create_dir_all(&icons).expect("folder");
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    fs::File::open(&icons).expect("folder").set_modified(long_ago).expect("its time");
    let cache = icons.join("icon-theme.cache");
    fs::write(&cache, "").expect("write");
    let bin = format!("BIN={}", installed().join("usr/bin").display());
    make_install(&[&format!("DESTDIR={}", folder.path().display()), &bin]);
    let time = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).expect("a time");
    assert!(time(&icons) >= time(&cache));
}

fn symbolic(state: &str) -> PathBuf {
    installed().join(format!("{ICONS}/symbolic/apps/{APP_ID}{state}-symbolic.svg"))
}

/// GTK lays a stylesheet over it that fills every path. Plasma replaces the style of this id, which only reaches what
/// is of this class and has no colour of its own.
#[test]
fn symbolic_icons_take_the_colour_of_every_desktop() {
    for state in STATES {
        let icon = fs::read_to_string(symbolic(state)).expect("an icon");
        assert!(
            icon.contains("<style type=\"text/css\" id=\"current-color-scheme\">.ColorScheme-Text{color:"),
            "{icon}"
        );
        let drawn: Vec<&str> = icon.split("<path ").skip(1).collect();
        assert!(!drawn.is_empty(), "{icon}");
        for path in drawn {
            assert!(path.starts_with("class=\"ColorScheme-Text\" fill=\"currentColor\" "), "{path}");
        }
        for other in ["stroke", "<rect", "<circle", "<g", "opacity", "gradient"] {
            assert!(!icon.contains(other), "GTK does not recolour {other}: {icon}");
        }
    }
}

/// The icon at this size, as GTK colours it: how opaque each pixel is.
fn rendered(icon: &Path, size: usize) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("folder");
    let style = folder.path().join("style.css");
    fs::write(&style, "path{fill:#00ff00!important}").expect("write");
    let script = "rsvg-convert --width \"$2\" --height \"$2\" --stylesheet \"$1\" \"$3\" | /usr/bin/convert png:- -depth 8 rgba:-";
    let arguments = [style.display().to_string(), size.to_string(), icon.display().to_string()];
    let output = Command::new("bash").args(["-o", "pipefail", "-c", script, "render"]).args(arguments).output();
    let output = output.expect("bash");
    assert!(output.status.success(), "{}: {}", icon.display(), String::from_utf8_lossy(&output.stderr));
    let (pixels, rest) = output.stdout.as_chunks::<4>();
    assert_eq!((pixels.len(), rest.len()), (size * size, 0), "{}", icon.display());
    for [red, green, blue, _] in pixels.iter().filter(|pixel| pixel[3] > 200) {
        assert_eq!((*red, *green, *blue), (0, 255, 0), "{} keeps a colour of its own", icon.display());
    }
    pixels.iter().map(|pixel| pixel[3]).collect()
}

#[test]
fn the_shape_of_the_icon_tells_the_state() {
    for size in [16, 22] {
        let pictures = STATES.map(|state| rendered(&symbolic(state), size));
        for picture in &pictures {
            let percent = 100 * picture.iter().filter(|alpha| **alpha > 128).count() / picture.len();
            assert!((20..60).contains(&percent), "{percent} % at {size} pixels");
        }
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            let apart = pictures[a].iter().zip(&pictures[b]).filter(|(a, b)| a.abs_diff(**b) > 128).count();
            let percent = 100 * apart / pictures[a].len();
            assert!(percent >= 3, "{:?} and {:?} differ in {percent} % at {size} pixels", STATES[a], STATES[b]);
        }
    }
}

#[test]
fn nothing_is_installed_that_nobody_knows_of() {
    let mut found = BTreeSet::new();
    let mut folders = vec![installed().to_owned()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).expect("readable").map(|entry| entry.expect("readable").path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                let folder = path.parent().and_then(|folder| folder.strip_prefix(installed()).ok());
                found.insert(folder.expect("a folder").display().to_string());
            }
        }
    }
    let folders = [
        "etc/dbus-1/system.d",
        "etc/polkit-1/rules.d",
        "etc/xdg/autostart",
        "usr/bin",
        "usr/local/share/applications",
        "usr/share/dbus-1/services",
        "usr/share/desktop-control/services.d",
        "usr/share/icons/hicolor/scalable/apps",
        "usr/share/icons/hicolor/symbolic/apps",
        "usr/share/metainfo",
        "usr/share/polkit-1/actions",
    ];
    assert_eq!(found, folders.map(str::to_owned).into());
}
