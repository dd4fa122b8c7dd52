//! What the script that starts the server gives it, besides the environment: flags, and defaults of its own.

use std::collections::BTreeMap;

use super::schema::Schema;
use super::setting::{Kind, Setting};

/// Whether this command line is the server's own: its program, or a Python that runs it.
#[must_use]
pub fn is_server(command_line: &[String]) -> bool {
    let base = |word: &String| word.rsplit('/').next().unwrap_or_default().to_owned();
    let words: Vec<String> = command_line.iter().take(4).map(base).collect();
    let program = |word: &str| matches!(word, "selkies" | "selkies-gstreamer");
    match words.as_slice() {
        [first, ..] if program(first) => true,
        [python, rest @ ..] if python.starts_with("python") => {
            rest.iter().any(|word| program(word) || word == "selkies_gstreamer")
        }
        _ => false,
    }
}

/// The settings that stand as flags on the server's command line: raw values by setting name. Both generations read them
/// with argparse: `--name=value` or `--name value`, with hyphens or underscores; a bool may stand alone.
#[must_use]
pub fn flags(schema: &Schema, command_line: &[String]) -> BTreeMap<String, String> {
    let mut flags = BTreeMap::new();
    let mut words = command_line.iter().peekable();
    while let Some(word) = words.next() {
        let Some(flag) = word.strip_prefix("--") else { continue };
        let (name, value) = flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value.to_owned())));
        let Some(setting) = schema.get(&name.replace('-', "_")) else { continue };
        let value = value.or_else(|| words.next_if(|next| !next.starts_with('-')).cloned());
        if let Some(value) = value.or_else(|| alone(setting)) {
            flags.insert(setting.name.clone(), value);
        }
    }
    flags
}

fn alone(setting: &Setting) -> Option<String> {
    (setting.kind == Kind::Bool).then(|| "true".into())
}

/// The values that a shell script takes for variables that are unset or empty: its `${NAME:-value}` and
/// `${NAME:=value}`, as far as the value is a plain word.
#[must_use]
pub fn defaults(script: &str) -> BTreeMap<String, String> {
    let expansions = script.split("${").skip(1).filter_map(|rest| rest.split_once('}'));
    let default = |(inside, _): (&str, &str)| {
        let end = inside.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
        let (name, operator) = inside.split_at(end);
        let value = operator.strip_prefix(":-").or_else(|| operator.strip_prefix(":="))?;
        let plain = value.chars().all(|c| c.is_ascii_alphanumeric() || "._-+/:,".contains(c));
        (plain && !name.is_empty()).then(|| (name.to_owned(), value.to_owned()))
    };
    expansions.filter_map(default).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn the_server_is_told_from_what_starts_it() {
        for line in [
            "/opt/selkies/bin/python3 /opt/selkies/bin/selkies --addr=127.0.0.1",
            "/opt/selkies/bin/python -m selkies",
            "selkies-gstreamer --port=16100",
            "/usr/local/bin/python3 -m selkies_gstreamer",
        ] {
            assert!(is_server(&words(line)), "{line}");
        }
        for line in
            ["/bin/bash /opt/supervisor-scripts/selkies.sh", "log-tee selkies", "python3 stream.py", "sudo selkies"]
        {
            assert!(!is_server(&words(line)), "{line}");
        }
        assert!(!is_server(&[]));
    }

    #[test]
    fn flags_are_read_as_the_server_reads_them() {
        let line = words(
            "python selkies --addr=127.0.0.1 --enable-metrics-http=true --use_cpu --framerate 20-20 --debug --nonsense=1 x",
        );
        let flags = flags(&Schema::bundled(), &line);
        let expected = [
            ("addr", "127.0.0.1"),
            ("debug", "true"),
            ("enable_metrics_http", "true"),
            ("framerate", "20-20"),
            ("use_cpu", "true"),
        ];
        assert_eq!(flags.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn defaults_of_a_script_are_plain_words() {
        let script = "export SELKIES_ENABLE_BASIC_AUTH=${SELKIES_ENABLE_BASIC_AUTH:-false}\n: \"${SELKIES_PORT:=16100}\"\n\
                      x --encoder=${SELKIES_ENCODER:-x264enc} ${A:-$(id)} ${B:-${C}} ${D} ${E%x} ${:-y} ${F:-";
        let expected =
            [("SELKIES_ENABLE_BASIC_AUTH", "false"), ("SELKIES_ENCODER", "x264enc"), ("SELKIES_PORT", "16100")];
        let found = defaults(script);
        assert_eq!(found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn our_own_scripts_defaults_are_found() {
        let found = defaults(include_str!("../../../data/image/rootfs/opt/supervisor-scripts/selkies.sh"));
        assert_eq!(found.get("SELKIES_ENABLE_BASIC_AUTH").map(String::as_str), Some("false"));
        let found = defaults(include_str!("../../../data/image/rootfs/usr/lib/desktop-control/defaults.sh"));
        assert_eq!(found.get("SELKIES_PORT").map(String::as_str), Some("16100"));
    }
}
