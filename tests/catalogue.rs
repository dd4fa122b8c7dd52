//! The shipped service catalogue: nothing in it is broken, and no known service is missing from it.

#![expect(clippy::expect_used, reason = "a test that cannot read the sources has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use desktop_control::model::access::WayKind;
use desktop_control::model::catalogue::{Catalogue, Category, Entry};
use desktop_control::model::order::{Needs, start_order, with_dependencies};

/// The units of the Vast.ai base and desktop images.
const VAST: [&str; 21] = [
    "caddy",
    "cron",
    "instance_portal",
    "tunnel_manager",
    "jupyter",
    "tensorboard",
    "syncthing",
    "pyworker",
    "dbus-system",
    "dbus-session",
    "x-server",
    "pipewire",
    "pipewire-pulse",
    "wireplumber",
    "kde",
    "selkies",
    "x11vnc",
    "guacd",
    "tomcat",
    "coturn",
    "vgl-desktop-patcher",
];

/// The units of our own stack.
const OURS: [&str; 12] = [
    "dbus-system",
    "polkitd",
    "dbus-session",
    "x-server",
    "pipewire",
    "pipewire-pulse",
    "wireplumber",
    "desktop",
    "selkies",
    "x11vnc",
    "novnc",
    "desktop-controld",
];

/// As cargo says when it runs the test: clones that share a build cache also share test programs.
fn repository() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").expect("tests are run by cargo").into()
}

fn shipped() -> Vec<(String, String)> {
    let folder = repository().join("data/services.d");
    let paths = fs::read_dir(folder).expect("data/services.d").map(|entry| entry.expect("readable").path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    paths.sort();
    paths.iter().map(|path| (path.display().to_string(), fs::read_to_string(path).expect("UTF-8"))).collect()
}

fn catalogue_with(variable: impl Fn(&str) -> Option<String>) -> Catalogue {
    let files = shipped();
    let files = files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    let (catalogue, complaints) = Catalogue::parse(files, variable);
    assert_eq!(complaints, []);
    catalogue
}

fn catalogue() -> Catalogue {
    catalogue_with(|_| None)
}

fn entries(catalogue: &Catalogue) -> BTreeMap<&str, &Entry> {
    catalogue.iter().collect()
}

/// Unit names and priorities in our own supervisord configuration.
fn configured_units() -> BTreeMap<String, i64> {
    let folder = repository().join("data/image/rootfs/etc/supervisor/conf.d");
    let mut units = BTreeMap::new();
    for file in fs::read_dir(folder).expect("our units") {
        let text = fs::read_to_string(file.expect("readable").path()).expect("UTF-8");
        let mut current = None;
        for line in text.lines() {
            if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                current = section.0.split_once(':').map(|(_, name)| name.to_owned());
                if let Some(name) = &current {
                    // supervisord's own default.
                    units.insert(name.clone(), 999);
                }
            }
            if let (Some(name), Some(priority)) = (&current, line.strip_prefix("priority=")) {
                units.insert(name.clone(), priority.trim().parse().expect("a number"));
            }
        }
    }
    units
}

#[test]
fn every_known_unit_has_an_entry() {
    let catalogue = catalogue();
    let known = entries(&catalogue);
    for name in VAST.iter().chain(&OURS) {
        assert!(known.contains_key(name), "{name} is missing from data/services.d");
    }
}

#[test]
fn no_entry_is_for_a_unit_that_nobody_has() {
    let catalogue = catalogue();
    let expected: BTreeSet<&str> = VAST.iter().chain(&OURS).copied().collect();
    for (name, _) in catalogue.iter() {
        assert!(expected.contains(name), "{name} is in data/services.d, but in no image");
    }
}

#[test]
fn every_entry_says_what_it_is_and_how_it_is_judged() {
    for (name, entry) in catalogue().iter() {
        let label = &entry.label;
        assert!(
            label.chars().next().is_some_and(|first| first.is_uppercase() || first.is_numeric()),
            "{name}: {label}"
        );
        assert_ne!(label, name, "the label of {name} is for people");
        assert!(entry.description.ends_with('.'), "{name} needs a sentence as its description");
        assert!(entry.probe.is_some() || entry.unknown_reason().is_some_and(|reason| !reason.is_empty()), "{name}");
        assert!(!entry.ready_within().is_zero(), "{name}");
    }
}

#[test]
fn a_reason_reads_on_behind_a_label() {
    for (name, entry) in catalogue().iter() {
        let Some(reason) = entry.unknown_reason() else { continue };
        assert!(reason.chars().next().is_some_and(char::is_lowercase) && !reason.ends_with('.'), "{name}: {reason}");
    }
}

#[test]
fn no_entry_of_a_known_unit_falls_back_to_the_unknown_category() {
    let of_the_user = ["jupyter", "tensorboard", "syncthing"];
    for (name, entry) in catalogue().iter() {
        assert_eq!(entry.category == Category::Other, of_the_user.contains(&name), "{name}: {}", entry.category);
    }
}

#[test]
fn a_restart_of_an_essential_service_says_its_consequence() {
    for (name, entry) in catalogue().iter() {
        assert!(!entry.essential || entry.consequence.ends_with('.'), "{name} is essential: what does a restart do?");
    }
}

#[test]
fn dependencies_exist_and_have_no_circle() {
    let catalogue = catalogue();
    let known = entries(&catalogue);
    let needs: Needs = known.iter().map(|(name, entry)| ((*name).to_owned(), entry.depends_on.clone())).collect();
    let names: Vec<String> = needs.keys().cloned().collect();
    let order = start_order(&names, &needs);
    let position = |name: &str| order.iter().position(|ordered| ordered == name);
    for (name, needed) in &needs {
        for need in needed {
            assert!(known.contains_key(need.as_str()), "{name} depends on {need}, which has no entry");
            assert!(position(need) < position(name), "{name} and {need} need each other");
        }
    }
}

/// A gateway shows a VNC server, so it is no way in without one: each kind is a chain of services that ends there.
#[test]
fn every_gateway_is_described_and_stands_on_the_vnc_server() {
    use desktop_control::model::vnc::{Gateway, SERVICE};
    use strum::VariantArray;
    let catalogue = catalogue();
    let needs: Needs = catalogue.iter().map(|(name, entry)| (name.to_owned(), entry.depends_on.clone())).collect();
    for gateway in Gateway::VARIANTS {
        let page = *gateway.services().last().expect("a service");
        let access = catalogue.entry(page).access.expect("a way in");
        assert_eq!(access.kind, WayKind::BrowserVnc, "{page}");
        let needed = with_dependencies(&[page.to_owned()], &needs);
        for name in gateway.services().iter().chain([&SERVICE]) {
            assert!(needed.iter().any(|need| need == name), "{page} needs {name}: {needed:?}");
            assert_eq!(Gateway::of(name), (*name != SERVICE).then_some(*gateway));
        }
    }
}

/// What DESIGN names as the order in which a desktop comes up.
#[test]
fn the_desktop_stands_on_the_display_and_the_buses() {
    let catalogue = catalogue();
    let needs: Needs = catalogue.iter().map(|(name, entry)| (name.to_owned(), entry.depends_on.clone())).collect();
    for (above, below) in [
        ("dbus-session", "dbus-system"),
        ("x-server", "dbus-session"),
        ("pipewire", "x-server"),
        ("kde", "pipewire"),
        ("selkies", "pipewire"),
        ("x11vnc", "x-server"),
        ("guacd", "x-server"),
        ("tomcat", "x-server"),
        ("novnc", "x11vnc"),
    ] {
        assert!(needs[above].iter().any(|need| need == below), "{above} needs {below}");
    }
}

#[test]
fn every_unit_of_our_stack_is_described() {
    let units = configured_units();
    assert!(!units.is_empty(), "data/image/rootfs/etc/supervisor/conf.d has no units");
    let catalogue = catalogue();
    let known = entries(&catalogue);
    for name in units.keys() {
        assert!(known.contains_key(name.as_str()), "{name} has a unit and no entry in data/services.d");
    }
}

#[test]
fn supervisord_starts_our_units_in_the_order_of_their_dependencies() {
    let units = configured_units();
    for (name, entry) in catalogue().iter() {
        let Some(own) = units.get(name) else { continue };
        for need in &entry.depends_on {
            let Some(other) = units.get(need) else { continue };
            assert!(other < own, "{name} has priority {own}, but {need}, which it needs, has {other}");
        }
    }
}

#[test]
fn ports_and_display_come_from_the_container() {
    let variable = |name: &str| match name {
        "DISPLAY" => Some(":77".to_owned()),
        "XDG_RUNTIME_DIR" => Some("/run/user/4242".to_owned()),
        "SELKIES_PORT" | "VNC_PORT" | "NOVNC_PORT" => Some("4711".to_owned()),
        _ => None,
    };
    let (plain, changed) = (catalogue(), catalogue_with(variable));
    for name in
        ["x-server", "desktop", "kde", "selkies", "x11vnc", "novnc", "pipewire", "pipewire-pulse", "dbus-session"]
    {
        assert_ne!(plain.entry(name).probe, changed.entry(name).probe, "{name}");
    }
    for name in ["selkies", "x11vnc", "novnc"] {
        let address = changed.entry(name).access.expect("a way in").address;
        assert!(address.contains("localhost:4711"), "{name}: {address}");
    }
}
