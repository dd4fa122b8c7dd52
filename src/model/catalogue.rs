//! The service catalogue: what people should know about each service, and how to tell whether it works.
//!
//! Files hold `[service.NAME]` tables. Those under `/etc/desktop-control/services.d` are laid over those under
//! `/usr/share/desktop-control/services.d` key by key. A broken file, or a broken table in a good file, costs only
//! itself: it becomes a [`Complaint`] that names the file, and the rest is used.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use strum::{Display, EnumString, IntoStaticStr};
use toml::{Table, Value};

use super::access::AccessEntry;
use super::service::{Exit, State};

/// Groups of services. The tokens are wire format.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Display, EnumString, IntoStaticStr, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Category {
    /// X server, session bus, Plasma.
    Desktop,
    /// Selkies and what it needs.
    Stream,
    /// VNC, browser VNC, SSH, tunnels.
    RemoteAccess,
    /// `PipeWire` and its session manager.
    Sound,
    /// Buses, policy, cron, our own daemon.
    System,
    /// Whatever the catalogue does not know.
    #[default]
    Other,
}

/// A question whose answer shows that a service does its work.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Probe {
    /// Something accepts connections on this unix socket.
    Unix(String),
    /// A D-Bus daemon answers an `AUTH` line on this unix socket.
    Dbus(String),
    /// The owner of this name on the system bus answers a ping; it is not started for that.
    BusName(String),
    /// `GET` answers with a status below 400.
    Http(String),
    /// An X server answers the connection setup on this display.
    X11(String),
    /// A window manager has announced itself on this display (EWMH `_NET_SUPPORTING_WM_CHECK`).
    WindowManager(String),
    /// The kernel's table shows a listening TCP socket with this port. For servers that log every connection.
    Listen(String),
}

/// One service's entry.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Entry {
    /// Name for people, sentence case.
    pub label: String,
    /// One sentence on what it does.
    #[serde(default)]
    pub description: String,
    /// Where it is listed.
    #[serde(default)]
    pub category: Category,
    /// The desktop is of no use without it.
    #[serde(default)]
    pub essential: bool,
    /// What a restart does to the person who asks for it; empty if nobody notices.
    #[serde(default)]
    pub consequence: String,
    /// Services that must be up before it.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// Log files, the first that exists is shown. Empty: the usual places.
    #[serde(default)]
    pub logs: Vec<String>,
    /// A probe that fails within so many seconds of the start is a start that still goes on.
    #[serde(default = "default_ready_within")]
    ready_within: u64,
    /// How to tell whether it works.
    #[serde(default)]
    pub probe: Option<Probe>,
    /// Why there is no probe.
    #[serde(default)]
    unknown: Option<String>,
    /// The way into the desktop that this service is.
    #[serde(default)]
    pub access: Option<AccessEntry>,
    /// With this exit status its start says that it is turned off in its settings.
    #[serde(default)]
    off_status: Option<i32>,
}

fn default_ready_within() -> u64 {
    20
}

impl Entry {
    /// The entry of a service that no file describes.
    #[must_use]
    pub fn unlisted(name: &str) -> Self {
        Self {
            label: name.to_owned(),
            description: String::new(),
            category: Category::Other,
            essential: false,
            consequence: String::new(),
            depends_on: Vec::new(),
            logs: Vec::new(),
            ready_within: default_ready_within(),
            probe: None,
            unknown: Some("not in the service catalogue, so there is nothing to ask it".into()),
            access: None,
            off_status: None,
        }
    }

    /// Its last start has ended because it is turned off in its settings.
    #[must_use]
    pub fn is_turned_off(&self, state: State, exit: Option<Exit>) -> bool {
        state == State::Exited && self.off_status.is_some_and(|off| exit == Some(Exit::Status(off)))
    }

    /// See the field.
    #[must_use]
    pub fn ready_within(&self) -> Duration {
        Duration::from_secs(self.ready_within)
    }

    /// Why this service has no probe, where it has none.
    #[must_use]
    pub fn unknown_reason(&self) -> Option<&str> {
        if self.probe.is_some() { None } else { self.unknown.as_deref() }
    }

    fn check(&self) -> Result<(), String> {
        match (&self.probe, &self.unknown) {
            (None, None) => Err("needs either “probe” or “unknown”, the reason why there is none".into()),
            (Some(_), Some(_)) => Err("has both “probe” and “unknown”".into()),
            _ => Ok(()),
        }
    }
}

/// Something in a catalogue file that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The file, as it was given to [`Catalogue::parse`].
    pub file: String,
    /// What is wrong with it, one line.
    pub message: String,
}

/// Every known service by supervisord's name for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    entries: BTreeMap<String, Entry>,
}

impl Catalogue {
    /// Reads catalogue files, `(name, text)`, lowest precedence first. `${NAME}` and `${NAME:-default}` in any value
    /// are filled in from `variable`.
    pub fn parse<'f>(
        files: impl IntoIterator<Item = (&'f str, &'f str)>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> (Self, Vec<Complaint>) {
        let mut complaints = Vec::new();
        let mut merged: BTreeMap<String, (String, Table)> = BTreeMap::new();
        for (file, text) in files {
            let mut complain = |message: String| complaints.push(Complaint { file: file.into(), message });
            match services_of(text) {
                Ok(services) => {
                    for (name, value) in services {
                        let Value::Table(table) = value else {
                            complain(format!("service.{name} is not a table"));
                            continue;
                        };
                        let (origin, merged) = merged.entry(name).or_default();
                        file.clone_into(origin);
                        overlay(merged, table);
                    }
                }
                Err(message) => complain(message),
            }
        }
        let mut entries = BTreeMap::new();
        for (name, (file, table)) in merged {
            match entry_of(table, &variable) {
                Ok(entry) => drop(entries.insert(name, entry)),
                Err(message) => complaints.push(Complaint { file, message: format!("service.{name}: {message}") }),
            }
        }
        (Self { entries }, complaints)
    }

    /// The entry of `name`, or the one for services that nobody described. A member of a group (`group:name`) is
    /// looked up by its full name only.
    #[must_use]
    pub fn entry(&self, name: &str) -> Entry {
        self.entries.get(name).cloned().unwrap_or_else(|| Entry::unlisted(name))
    }

    /// All entries in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(name, entry)| (name.as_str(), entry))
    }
}

fn services_of(text: &str) -> Result<Table, String> {
    let mut file: Table = text.parse().map_err(|error: toml::de::Error| one_line(&error))?;
    let services = file.remove("service").unwrap_or_else(|| Value::Table(Table::new()));
    if let Some(key) = file.keys().next() {
        return Err(format!("unknown key “{key}”; services stand in [service.NAME] tables"));
    }
    match services {
        Value::Table(services) => Ok(services),
        _ => Err("“service” is not a table".into()),
    }
}

fn overlay(base: &mut Table, over: Table) {
    // An entry that brings its own answer to "does it work?" replaces the other kind of answer too.
    for (key, other) in [("probe", "unknown"), ("unknown", "probe")] {
        if over.contains_key(key) {
            base.remove(other);
        }
    }
    base.extend(over);
}

fn entry_of(table: Table, variable: &impl Fn(&str) -> Option<String>) -> Result<Entry, String> {
    let filled = fill(Value::Table(table), variable)?;
    let entry: Entry = filled.try_into().map_err(|error: toml::de::Error| one_line(&error))?;
    entry.check()?;
    Ok(entry)
}

fn fill(value: Value, variable: &impl Fn(&str) -> Option<String>) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => {
            let lookup =
                |name: &str| variable(name).map_or(Err("is not set and has no default"), |value| Ok(Some(value)));
            let filled = shellexpand::env_with_context(&text, lookup)
                .map_err(|error| format!("${{{}}} {}", error.var_name, error.cause))?;
            Value::String(filled.into_owned())
        }
        Value::Array(values) => {
            Value::Array(values.into_iter().map(|value| fill(value, variable)).collect::<Result<_, _>>()?)
        }
        Value::Table(table) => {
            let filled = table.into_iter().map(|(key, value)| Ok((key, fill(value, variable)?)));
            Value::Table(filled.collect::<Result<_, String>>()?)
        }
        other => other,
    })
}

fn one_line(error: &toml::de::Error) -> String {
    error.message().lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_variables(_: &str) -> Option<String> {
        None
    }

    const GOOD: &str = "[service.selkies]\nlabel = 'Stream'\nprobe = { http = 'http://127.0.0.1:${P:-1}/' }";

    #[test]
    fn a_broken_file_is_named_and_the_rest_works() {
        let (catalogue, complaints) = Catalogue::parse([("good.toml", GOOD), ("bad.toml", "[service")], no_variables);
        assert_eq!(catalogue.entry("selkies").label, "Stream");
        assert_eq!(complaints.len(), 1);
        assert_eq!(complaints[0].file, "bad.toml");
    }

    #[test]
    fn a_broken_table_costs_only_itself() {
        let text = format!("{GOOD}\n[service.other]\nlabel = 3\nunknown = 'x'");
        let (catalogue, complaints) = Catalogue::parse([("f", text.as_str())], no_variables);
        assert_eq!(catalogue.iter().count(), 1);
        assert!(complaints[0].message.starts_with("service.other: "), "{complaints:?}");
    }

    #[test]
    fn the_later_file_wins_key_by_key() {
        let over = "[service.selkies]\nlabel = 'Picture'";
        let (catalogue, complaints) = Catalogue::parse([("a", GOOD), ("b", over)], no_variables);
        assert_eq!(complaints, []);
        let entry = catalogue.entry("selkies");
        assert_eq!(entry.label, "Picture");
        assert_eq!(entry.probe, Some(Probe::Http("http://127.0.0.1:1/".into())));
    }

    #[test]
    fn a_reason_for_no_probe_takes_the_probe_away() {
        let over = "[service.selkies]\nunknown = 'not here'";
        let (catalogue, complaints) = Catalogue::parse([("a", GOOD), ("b", over)], no_variables);
        assert_eq!(complaints, []);
        assert_eq!(catalogue.entry("selkies").unknown_reason(), Some("not here"));
    }

    #[test]
    fn variables_come_from_the_container() {
        let variable = |name: &str| (name == "P").then(|| "8080".to_owned());
        let (catalogue, _) = Catalogue::parse([("a", GOOD)], variable);
        assert_eq!(catalogue.entry("selkies").probe, Some(Probe::Http("http://127.0.0.1:8080/".into())));
        let text = "[service.x]\nlabel = 'x'\nunknown = '${NOWHERE}'";
        let (_, complaints) = Catalogue::parse([("a", text)], no_variables);
        assert!(complaints[0].message.contains("${NOWHERE} is not set"), "{complaints:?}");
    }

    #[test]
    fn a_service_that_is_turned_off_says_so_by_its_exit_status() {
        let text = format!("{GOOD}\noff-status = 79");
        let (catalogue, complaints) = Catalogue::parse([("a", text.as_str())], no_variables);
        assert_eq!(complaints, []);
        let entry = catalogue.entry("selkies");
        assert!(entry.is_turned_off(State::Exited, Some(Exit::Status(79))));
        assert!(!entry.is_turned_off(State::Exited, Some(Exit::Status(0))));
        assert!(!entry.is_turned_off(State::Running, Some(Exit::Status(79))), "it has started again");
        assert!(!Entry::unlisted("x").is_turned_off(State::Exited, Some(Exit::Status(79))));
    }

    #[test]
    fn an_entry_must_say_how_it_is_judged() {
        let (_, complaints) = Catalogue::parse([("a", "[service.x]\nlabel = 'x'")], no_variables);
        assert!(complaints[0].message.contains("needs either"), "{complaints:?}");
    }
}
