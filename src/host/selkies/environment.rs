//! Everything that gives the stream's settings their values, as [`Layers`].
//!
//! The files that only the desktop user's shell understands are read by a child of that user, in the same way as the
//! wrappers read them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use procfs::process::Process;

use crate::host::log_follow::{self, Identity};
use crate::host::root::Root;
use crate::host::settings::{BLOCK, WriteMode};
use crate::host::user_child::{self, Account, Question};
use crate::model::stream::{Generation, Layers, Schema, start_script};

/// Where the 1.6 generation keeps what a browser chose.
const BROWSER_FILE: &str = "/tmp/selkies_config.json";
/// It holds five short values.
const MOST_BROWSER_FILE: u64 = 64 * 1024;
/// Sets what is set where nothing else does, in our own stack.
const DEFAULTS: &str = "/usr/lib/desktop-control/defaults.sh";

/// What the values depend on.
#[derive(Debug)]
pub struct Place<'p> {
    /// The file tree.
    pub root: &'p Root,
    /// Whose files they are; without one they are left out.
    pub account: Option<Account>,
    /// The folder that holds `.env`.
    pub workspace: &'p str,
    /// supervisord's name of the unit that streams.
    pub service: &'p str,
    /// How our own settings reach the server.
    pub mode: WriteMode,
    /// supervisord's process.
    pub supervisor: Option<u32>,
}

/// All layers but the operator's, with our settings `overrides` and the flags of the running server, if there is one.
pub async fn layers(
    place: &Place<'_>,
    schema: &Schema,
    overrides: BTreeMap<String, String>,
    flags: BTreeMap<String, String>,
) -> Layers {
    let launched = container(place.supervisor);
    let container = with_file(place, &launched, "/etc/environment").await;
    let env_file = with_file(place, &container, &format!("{}/.env", place.workspace.trim_end_matches('/'))).await;
    let mut layers = Layers {
        defaults: defaults(place),
        env_file: env_file.into_iter().filter(|(name, value)| container.get(name) != Some(value)).collect(),
        container,
        overrides,
        flags,
        browser: browser(place, schema),
        fixed: BTreeSet::new(),
    };
    // The scripts take an empty variable for one that is not set.
    for layer in [&mut layers.container, &mut layers.env_file] {
        layer.retain(|name, value| !value.is_empty() || !layers.defaults.contains_key(name));
    }
    layers
}

/// The environment that the container was started with: supervisord's, which hands it to all units; or ours, which has
/// it from there.
fn container(supervisor: Option<u32>) -> BTreeMap<String, String> {
    let process = supervisor.and_then(|pid| Process::new(pid.cast_signed()).ok());
    let environment = process.and_then(|process| process.environ().ok());
    let Some(environment) = environment else { return std::env::vars().collect() };
    let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    environment.into_iter().map(|(name, value)| (text(name), text(value))).collect()
}

/// The variables that the start scripts of the unit set for lack of others.
fn defaults(place: &Place<'_>) -> BTreeMap<String, String> {
    let script = |path: &str| place.root.read(path).ok().flatten().unwrap_or_default();
    let wrapper = script(&format!("/opt/supervisor-scripts/{}.sh", place.service));
    let mut defaults = start_script::defaults(&wrapper);
    if place.mode == WriteMode::SettingsFile {
        defaults.extend(start_script::defaults(&script(DEFAULTS)));
    }
    defaults
}

/// Shell code that reads one file of shell code, without our block in it, and answers with the environment afterwards. An
/// `exit` or an endless loop in the file ends the reading; what was set until then counts.
const EVALUATE: &str = r#"
exec 3>&1 >&2
trap 'env -0 >&3' EXIT
[[ -f $1 && -r $1 ]] || exit 0
set -a
eval "$(awk -v first="$2" -v last="$3" '$0 == first { ours = 1 } !ours; $0 == last { ours = 0 }' <"$1")"
"#;

/// `environment` after the file was read. One that cannot be read changes nothing.
async fn with_file(place: &Place<'_>, environment: &BTreeMap<String, String>, path: &str) -> BTreeMap<String, String> {
    match evaluated(place, environment, path).await {
        Ok(changed) => changed,
        Err(reason) => {
            tracing::warn!(path, reason, "an environment file is left out");
            environment.clone()
        }
    }
}

async fn evaluated(
    place: &Place<'_>,
    environment: &BTreeMap<String, String>,
    path: &str,
) -> Result<BTreeMap<String, String>, String> {
    let account = place.account.ok_or("the desktop user is not known")?;
    let file = place.root.join(path).display().to_string();
    let mut environment = environment.clone();
    environment.remove("BASH_ENV");
    let arguments = ["-k", "0.5", "4", "/bin/bash", "-c", EVALUATE, "bash", &file, BLOCK[0], BLOCK[1]];
    let program = Path::new("/usr/bin/timeout");
    let question = Question { program, arguments: &arguments, environment: &environment, input: "" };
    let answer = user_child::ask(account, &question).await.map_err(|error| error.to_string())?;
    if answer.output.is_empty() {
        return Err(answer.status.to_string());
    }
    Ok(String::from_utf8_lossy(&answer.output).split('\0').filter_map(variable).collect())
}

/// A variable as the wrappers take it over: what belongs to the shell itself stays out.
fn variable(pair: &str) -> Option<(String, String)> {
    let (name, value) = pair.split_once('=')?;
    let own = name.starts_with('_') || matches!(name, "SHLVL" | "PWD" | "OLDPWD" | "PROC_NAME");
    (!own).then(|| (name.to_owned(), value.to_owned()))
}

/// The flags with which the server runs that `unit`, a process of supervisord's, is or has started. None while it does
/// not run.
#[must_use]
pub fn flags(unit: u32, schema: &Schema) -> Option<BTreeMap<String, String>> {
    let command_line = command_lines(unit).into_iter().find(|line| start_script::is_server(line))?;
    Some(start_script::flags(schema, &command_line))
}

/// The command lines of a process and of all that it has started, itself first.
#[must_use]
pub fn command_lines(root: u32) -> Vec<Vec<String>> {
    let command_line = |pid: u32| Process::new(pid.cast_signed()).and_then(|process| process.cmdline()).ok();
    family(root).into_iter().filter_map(command_line).collect()
}

/// A process and all that it has started, itself first.
#[must_use]
pub fn family(root: u32) -> Vec<u32> {
    let Ok(all) = procfs::process::all_processes() else { return Vec::new() };
    let parents: Vec<(i32, i32)> =
        all.filter_map(|process| process.ok()?.stat().ok()).map(|it| (it.pid, it.ppid)).collect();
    let mut family = vec![root.cast_signed()];
    let mut next = 0;
    while let Some(parent) = family.get(next).copied() {
        let children = parents.iter().filter(|(pid, ppid)| *ppid == parent && !family.contains(pid));
        let children: Vec<i32> = children.map(|(pid, _)| *pid).collect();
        family.extend(children);
        next += 1;
    }
    family.into_iter().map(i32::cast_unsigned).collect()
}

/// What a browser chose last, where the server keeps that in a file of its own. It lies in a folder that everybody can
/// write to, so it is opened as the desktop user.
fn browser(place: &Place<'_>, schema: &Schema) -> BTreeMap<String, String> {
    if schema.generation != Generation::SelkiesGstreamer {
        return BTreeMap::new();
    }
    let Some(account) = place.account else { return BTreeMap::new() };
    let identity = Identity { uid: account.uid, gids: vec![account.gid] };
    let identity = rustix::process::geteuid().is_root().then_some(&identity);
    let Ok(file) = log_follow::open(&place.root.join(BROWSER_FILE), identity) else { return BTreeMap::new() };
    let text = std::io::read_to_string(std::io::Read::take(file, MOST_BROWSER_FILE)).unwrap_or_default();
    let values: BTreeMap<String, serde_json::Value> = serde_json::from_str(&text).unwrap_or_default();
    let plain = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => Some(text),
        serde_json::Value::Bool(_) | serde_json::Value::Number(_) => Some(value.to_string()),
        _ => None,
    };
    values.into_iter().filter_map(|(name, value)| Some((name, plain(value)?))).collect()
}

#[cfg(test)]
#[path = "environment_tests.rs"]
mod tests;
