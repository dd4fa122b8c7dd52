//! The manual page, made from the definition of the command line. One page for all commands: nobody looks for
//! `desktopctl-services-restart(1)`.

use clap::{Arg, Command};
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use super::exit::Exit;
use crate::model::text::uncapitalised;

const ENVIRONMENT: [(&str, &str); 2] = [
    ("NO_COLOR", "If set to anything, nothing is coloured."),
    ("DBUS_SYSTEM_BUS_ADDRESS", "Where the system bus is, if not at its usual place."),
];

const EXAMPLES: [(&str, &str); 6] = [
    ("desktopctl status", "Is everything all right?"),
    ("desktopctl services restart selkies", "Restart what streams the desktop, and wait until it runs again."),
    ("desktopctl services logs -f x11vnc", "Watch what the VNC server says."),
    ("desktopctl stream preset slow-link", "Try out settings for a slow network; `desktopctl stream keep` keeps them."),
    ("desktopctl stream set framerate=20 --enforce --keep", "20 frames a second for everyone, kept if that works."),
    ("desktopctl --json services | jq -r '.[] | select(.health == \"failing\") | .name'", "For scripts."),
];

/// The page as roff.
pub(super) fn page(command: Command) -> String {
    let mut command = command;
    // Gives every subcommand its full name and its usage.
    command.build();
    let mut page = Roff::new();
    let version = format!("desktopctl {}", command.get_version().unwrap_or_default());
    page.control("TH", ["DESKTOPCTL", "1", "", version.as_str(), "Desktop Control"]);
    page.control("SH", ["NAME"]);
    page.text([roman(format!("desktopctl - {}", uncapitalised(&about(&command, false))))]);
    page.control("SH", ["SYNOPSIS"]);
    page.text([bold("desktopctl"), roman(" [--json] [--wait SECONDS] COMMAND …")]);
    page.control("SH", ["DESCRIPTION"]);
    page.text([roman(about(&command, true))]);
    page.control("SH", ["OPTIONS"]);
    command.get_arguments().for_each(|argument| option(&mut page, argument));
    page.control("SH", ["COMMANDS"]);
    commands(&mut page, &command);
    page.control("SH", ["EXIT STATUS"]);
    for (exit, meaning) in Exit::MEANINGS {
        entry(&mut page, vec![bold((exit as u8).to_string())], meaning);
    }
    page.control("SH", ["ENVIRONMENT"]);
    for (name, meaning) in ENVIRONMENT {
        entry(&mut page, vec![bold(name)], meaning);
    }
    page.control("SH", ["EXAMPLES"]);
    for (example, meaning) in EXAMPLES {
        entry(&mut page, vec![bold(example)], meaning);
    }
    without_foreign_letters(&page.render())
}

/// What is not ASCII as roff's own escapes: not every formatter is told the encoding.
fn without_foreign_letters(page: &str) -> String {
    let letter = |c: char| if c.is_ascii() { c.to_string() } else { format!("\\[u{:04X}]", u32::from(c)) };
    page.chars().map(letter).collect()
}

fn commands(page: &mut Roff, parent: &Command) {
    for command in parent.get_subcommands().filter(|command| command.get_name() != "help") {
        let usage = command.clone().render_usage().to_string();
        page.control("SS", [usage.trim_start_matches("Usage: ")]);
        page.text([roman(about(command, true))]);
        let own = |argument: &&Arg| !argument.is_global_set() && argument.get_id() != "help";
        command.get_arguments().filter(own).for_each(|argument| option(page, argument));
        commands(page, command);
    }
}

fn option(page: &mut Roff, argument: &Arg) {
    let mut tag = Vec::new();
    if let Some(short) = argument.get_short() {
        tag.push(bold(format!("-{short}")));
    }
    if let Some(long) = argument.get_long() {
        tag.extend((!tag.is_empty()).then(|| roman(", ")));
        tag.push(bold(format!("--{long}")));
    }
    let takes_value = argument.get_action().takes_values();
    if let Some(names) = argument.get_value_names().filter(|_| takes_value) {
        tag.extend((!tag.is_empty()).then(|| roman(" ")));
        tag.push(italic(names.join(" ")));
    }
    let text = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
    let defaults: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let default =
        if defaults.is_empty() || !takes_value { String::new() } else { format!(" [default: {}]", defaults.join(" ")) };
    let values: Vec<String> = argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    let choice = if values.is_empty() || !takes_value { String::new() } else { format!(": {}", values.join(", ")) };
    entry(page, tag, &(text.replace("\n\n", ". ") + &choice + &default));
}

fn entry(page: &mut Roff, tag: Vec<Inline>, text: &str) {
    page.control("TP", []);
    page.text(tag);
    page.text([roman(text)]);
}

fn about(command: &Command, long: bool) -> String {
    let long = command.get_long_about().filter(|_| long);
    long.or(command.get_about()).map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::args::Arguments;

    #[test]
    fn every_command_and_option_is_on_the_page() {
        let page = page(Arguments::command());
        let parts = ["desktopctl services restart", "with\\-dependents", "desktopctl jobs cancel", "EXIT STATUS"];
        for part in parts {
            assert!(page.contains(part), "{part} in\n{page}");
        }
    }
}
