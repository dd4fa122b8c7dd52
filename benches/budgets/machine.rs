//! Where and when the budgets were measured.

use std::path::Path;

/// One line for the head of the table.
pub(crate) fn describe() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let processor = field("/proc/cpuinfo", "model name", ':').unwrap_or("unknown processor".into());
    let system = field("/etc/os-release", "PRETTY_NAME", '=').unwrap_or("unknown system".into());
    let kernel = read("/proc/sys/kernel/osrelease");
    // The release alone: what a builder appends names their machine.
    let kernel = kernel.trim().split('-').next().unwrap_or_default();
    let load = read("/proc/loadavg");
    let load = load.split(' ').nth(2).unwrap_or("?");
    let today = jiff::Timestamp::now().to_string();
    let today = today.split('T').next().unwrap_or_default();
    format!("{today}, {processor}, {cores} cores, {system}, Linux {kernel}, load of the last 15 minutes {load}.")
}

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// The first line `name … value`, without quotes.
fn field(path: &str, name: &str, separator: char) -> Option<String> {
    let text = read(path);
    let line = text.lines().find(|line| line.starts_with(name))?;
    let (_, value) = line.split_once(separator)?;
    Some(value.trim().trim_matches('"').to_owned())
}
