//! Completion scripts: clap's own, with the names and values of the stream's settings.
//!
//! They come from the table of settings that this program was made with. A script cannot ask the daemon, and a setting
//! that only a newer server knows can be typed all the same.

use clap::builder::PossibleValuesParser;
use clap::{Command, ValueHint};
use clap_complete::Shell;

use crate::model::stream::{Kind, Presets, Schema, Setting};

/// Bash ends a word at "=", so a setting and its value are put together again here; and a name that still wants its
/// value is not followed by a blank.
const BASH: &str = r#"
_desktopctl_settings() {
    local word="${COMP_LINE:0:COMP_POINT}"
    word="${word##*[[:space:]]}"
    if [[ $word == [!-]*=* && $COMP_WORDBREAKS == *=* ]]; then
        _desktopctl "$1" "$word" "$3"
        COMPREPLY=("${COMPREPLY[@]#"${word%%=*}="}")
    else
        _desktopctl "$@"
    fi
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
        compopt -o nospace
    fi
}
complete -F _desktopctl_settings -o bashdefault -o default desktopctl
"#;

/// The script for a shell.
pub(super) fn script(shell: Shell, definitions: Command) -> Vec<u8> {
    let schema = Schema::bundled();
    let names: Vec<String> = schema.settings.iter().map(|setting| setting.name.clone()).collect();
    let pairs: Vec<String> = schema.settings.iter().flat_map(pairs).collect();
    let presets: Vec<String> = Presets::bundled().all.iter().map(|preset| preset.id.clone()).collect();
    let words = [
        ("schema", "names", &names),
        ("set", "pairs", &pairs),
        ("preset", "name", &presets),
        ("reset", "names", &names),
    ];
    let mut known = definitions;
    for (command, argument, values) in words {
        let values = values.clone();
        known = known.mut_subcommand("stream", |stream| {
            stream.mut_subcommand(command, |command| {
                command.mut_arg(argument, |argument| {
                    argument.value_parser(PossibleValuesParser::new(values)).value_hint(ValueHint::Other)
                })
            })
        });
    }
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut known, "desktopctl", &mut script);
    match shell {
        Shell::Bash => script.extend_from_slice(BASH.as_bytes()),
        // clap's script for fish leaves arguments without a dash to us.
        Shell::Fish => words.iter().for_each(|(command, _, values)| script.extend(fish(command, values).bytes())),
        _ => {}
    }
    script
}

/// What can be typed for a setting: each of its values, or the name alone where there are none to choose from.
fn pairs(setting: &Setting) -> Vec<String> {
    let name = &setting.name;
    let values: Vec<&str> = match &setting.kind {
        Kind::Bool => vec!["true", "false"],
        _ => setting.values().iter().map(String::as_str).collect(),
    };
    match values.as_slice() {
        _ if setting.secret => vec![name.clone()],
        [] => vec![format!("{name}=")],
        values => values.iter().map(|value| format!("{name}={value}")).collect(),
    }
}

fn fish(command: &str, words: &[String]) -> String {
    let words = words.join(" ");
    format!(
        "complete -c desktopctl -n \"__fish_desktopctl_using_subcommand stream; and __fish_seen_subcommand_from \
         {command}\" -f -a \"{words}\"\n"
    )
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    fn script_for(shell: Shell) -> String {
        String::from_utf8(script(shell, crate::cli::definitions())).unwrap()
    }

    /// What bash offers for a line, by bash itself.
    fn offered(line: &str) -> Vec<String> {
        let words = line.replace('=', " = ");
        let last = words.rsplit(' ').next().unwrap_or_default();
        let questions = format!(
            "COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}; COMP_WORDS=({words}); \
             [[ $COMP_LINE == *[\\ =] ]] && COMP_WORDS+=(''); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n\
             compopt() {{ echo \"compopt $*\"; }}\n\
             _desktopctl_settings desktopctl '{last}' \"${{COMP_WORDS[COMP_CWORD - 1]}}\"\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n"
        );
        // Longer than an argument may be.
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, script_for(Shell::Bash) + &questions).unwrap();
        let mut bash = Command::new("bash");
        let bash = bash.arg(file.path()).stdin(Stdio::null());
        String::from_utf8(bash.output().unwrap().stdout).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn bash_completes_settings_their_values_and_presets() {
        assert_eq!(offered("desktopctl stream set encoder=j"), ["jpeg"]);
        assert_eq!(offered("desktopctl stream set rate_control_mode="), ["cbr", "crf"]);
        assert_eq!(offered("desktopctl stream set framer"), ["compopt -o nospace", "framerate="]);
        assert_eq!(offered("desktopctl stream preset slo"), ["slow-link"]);
        assert_eq!(offered("desktopctl stream reset video_cr"), ["video_crf"]);
        assert!(offered("desktopctl stream set --conf").contains(&"--confirm-within".to_owned()));
    }

    #[test]
    fn every_shell_that_completes_arguments_knows_the_settings() {
        for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
            let script = script_for(shell);
            for part in ["encoder=jpeg", "use_cpu=true", "text-and-office", "video_bitrate="] {
                assert!(script.contains(part), "{part} for {shell}");
            }
        }
    }

    #[test]
    fn of_a_secret_only_its_name_is_offered() {
        let schema = Schema::bundled();
        let secret = schema.settings.iter().find(|setting| setting.secret).expect("there are secrets");
        assert_eq!(pairs(secret), std::slice::from_ref(&secret.name));
    }
}
