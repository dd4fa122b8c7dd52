//! `desktopctl stream` as it is defined.

use clap::{Args, Subcommand};

use crate::client::Terms;
use crate::model::stream::Meaning;

/// What to do with the stream's settings.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Stream {
    /// Show what the stream does, and which settings somebody has set
    Show,
    /// List all settings, or explain some of them
    Schema {
        /// The settings to explain; without any, all are listed
        #[arg(value_name = "NAME")]
        names: Vec<String>,
    },
    /// Try settings out, to be kept or taken back
    ///
    /// Says what will change, restarts the stream with it, looks whether that works, and then waits for your answer:
    /// `desktopctl stream keep` or `desktopctl stream revert`. Without an answer the earlier settings come back by
    /// themselves, and so they do if the stream does not work.
    ///
    /// For whom a value holds stays as it is, unless an option says otherwise. After
    /// `desktopctl stream set framerate=20 --offer` new viewers begin with 20 frames a second, and their browser may
    /// choose another number; after `desktopctl stream set framerate=20 --enforce` everyone gets 20.
    Set(Set),
    /// Try a preset out, or list the presets
    ///
    /// Kept or taken back as with `desktopctl stream set`.
    Preset {
        /// Without it, the presets are listed
        name: Option<String>,
        #[command(flatten)]
        trial: Trial,
    },
    /// Keep the change that is on trial
    Keep {
        /// Also while no viewer gets pictures, which may mean that nobody will
        #[arg(long)]
        force: bool,
    },
    /// Take the change that is on trial back at once
    Revert,
    /// Give settings back the values that they have without Desktop Control
    ///
    /// Kept or taken back as with `desktopctl stream set`.
    Reset {
        /// The settings; without any, all
        #[arg(value_name = "KEY")]
        names: Vec<String>,
        #[command(flatten)]
        trial: Trial,
    },
}

/// Which values, and for whom.
#[derive(Args, Debug)]
pub(in crate::cli) struct Set {
    /// Name and value of a setting, as `desktopctl stream schema` lists them
    ///
    /// Of passwords and other secrets give the name alone: the value is asked for, or read as a line of standard input.
    #[arg(required = true, value_name = "KEY=VALUE")]
    pub(in crate::cli) pairs: Vec<String>,
    /// These values hold for everyone; no browser can choose otherwise
    #[arg(long, conflicts_with = "offer")]
    enforce: bool,
    /// New viewers begin with these values; their browser may choose otherwise
    #[arg(long)]
    offer: bool,
    #[command(flatten)]
    pub(in crate::cli) trial: Trial,
}

impl Set {
    /// For whom the values are to hold; none for whomever the present ones hold.
    pub(in crate::cli) fn meaning(&self) -> Option<Meaning> {
        match (self.enforce, self.offer) {
            (true, _) => Some(Meaning::Enforced),
            (_, true) => Some(Meaning::NewViewers),
            _ => None,
        }
    }
}

/// How a change is tried out.
#[derive(Args, Clone, Copy, Debug)]
pub(in crate::cli) struct Trial {
    /// How long there is for an answer, from 5 to 600 [default: 60]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(5..=600))]
    confirm_within: Option<u32>,
    /// Ask nobody: keep it as soon as it works
    #[arg(long)]
    keep: bool,
}

impl From<Trial> for Terms {
    fn from(trial: Trial) -> Self {
        Self { confirm_within: trial.confirm_within, keep: trial.keep }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::args::{Arguments, Command};
    use crate::model::trial::{CONFIRM_SPAN, CONFIRM_WITHIN};

    fn stream(words: &[&str]) -> Stream {
        let arguments = Arguments::try_parse_from([&["desktopctl", "stream"], words].concat()).unwrap();
        let Command::Stream { command: Some(command) } = arguments.command else { panic!("stream") };
        command
    }

    #[test]
    fn a_value_holds_for_whom_the_options_say() {
        let meaning = |words: &[&str]| {
            let Stream::Set(set) = stream(&[&["set", "encoder=jpeg"], words].concat()) else { panic!("set") };
            set.meaning()
        };
        assert_eq!(meaning(&[]), None);
        assert_eq!(meaning(&["--enforce"]), Some(Meaning::Enforced));
        assert_eq!(meaning(&["--offer", "framerate=20"]), Some(Meaning::NewViewers));
        assert!(Arguments::try_parse_from(["desktopctl", "stream", "set", "a=b", "--offer", "--enforce"]).is_err());
    }

    #[test]
    fn the_help_names_the_times_that_the_daemon_takes() {
        let definition = crate::cli::definitions();
        let set = definition.find_subcommand("stream").and_then(|stream| stream.find_subcommand("set")).unwrap();
        let within = set.get_arguments().find(|argument| argument.get_id() == "confirm_within").unwrap();
        let help = within.get_help().unwrap().to_string();
        let times = format!("from {} to {} [default: {CONFIRM_WITHIN}]", CONFIRM_SPAN.start(), CONFIRM_SPAN.end());
        assert!(help.contains(&times), "{help}");
        for (seconds, is_taken) in
            [(*CONFIRM_SPAN.start(), true), (*CONFIRM_SPAN.end(), true), (4, false), (601, false)]
        {
            let within = format!("--confirm-within={seconds}");
            let arguments = Arguments::try_parse_from(["desktopctl", "stream", "set", "a=b", &within]);
            assert_eq!(arguments.is_ok(), is_taken, "{seconds}");
        }
    }
}
