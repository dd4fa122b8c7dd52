//! What a set of choices really changes, in words for the person who asked for it.

use std::collections::BTreeMap;

use super::overlay::{Overlay, Reload, Row};
use super::schema::Schema;
use super::setting::{Generation, Meaning, Setting};
use super::value::{Choice, Refusal};
use crate::model::text;

/// One setting whose value changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The setting's name.
    pub setting: String,
    /// The setting's label.
    pub label: String,
    /// What holds now.
    pub before: Choice,
    /// What will hold.
    pub after: Choice,
    /// What will hold, in the server's syntax.
    pub raw: String,
    /// What has to happen besides the restart.
    pub reload: Reload,
    /// `Encoder: H.264 → JPEG (enforced for everyone)`. Without the values where they are secret.
    pub words: String,
}

/// Raw values by setting name. What is not in it has its default.
pub type Raw = BTreeMap<String, String>;

/// The raw values after a person's choices.
///
/// # Errors
/// All choices that cannot be, each with its sentence; also values that the server cannot have together.
pub fn chosen(schema: &Schema, current: &Raw, wanted: &[(String, Choice)]) -> Result<Raw, Vec<Refusal>> {
    let mut refusals = Vec::new();
    let mut after = current.clone();
    for (name, choice) in wanted {
        match encoded(schema, name, choice) {
            Ok(raw) => drop(after.insert(name.clone(), raw)),
            Err(refusal) => refusals.push(refusal),
        }
    }
    if refusals.is_empty() {
        let touches = |name: &str| wanted.iter().any(|(wanted, _)| wanted == name);
        refusals.extend(clashes(schema, &after, true).into_iter().filter_map(|(names, sentence)| {
            let setting = names.into_iter().find(|name| touches(name))?;
            Some(Refusal { setting, sentence })
        }));
    }
    if refusals.is_empty() { Ok(after) } else { Err(refusals) }
}

fn encoded(schema: &Schema, name: &str, choice: &Choice) -> Result<String, Refusal> {
    let unknown = || Refusal {
        setting: name.to_owned(),
        sentence: format!("There is no setting {}; desktopctl stream schema lists all.", text::quoted(name)),
    };
    let setting = schema.get(name).ok_or_else(unknown)?;
    match &setting.fixed_by {
        Some(fixed_by) => Err(setting.refuse(&format!("{name} cannot be changed here: {fixed_by} sets it."))),
        None => setting.encode(choice),
    }
}

/// What is odd about these values, though the server takes them; one sentence each.
#[must_use]
pub fn warnings(schema: &Schema, values: &Raw) -> Vec<String> {
    clashes(schema, values, false).into_iter().map(|(_, sentence)| sentence).collect()
}

fn clashes(schema: &Schema, values: &Raw, refuse: bool) -> Vec<(Vec<String>, String)> {
    let value = |name: &str| schema.get(name).map(|setting| choice(setting, values).value);
    let applying = Overlay::bundled().together.iter().filter(|rule| rule.refuse == refuse && rule.applies(value));
    applying.map(|rule| (rule.settings().map(str::to_owned).collect(), rule.sentence.clone())).collect()
}

fn raw_of<'r>(setting: &'r Setting, values: &'r Raw) -> &'r str {
    values.get(&setting.name).unwrap_or(&setting.default)
}

fn choice(setting: &Setting, values: &Raw) -> Choice {
    setting.decode(raw_of(setting, values))
}

/// What really differs between two sets of raw values, in the order in which settings are shown.
#[must_use]
pub fn between(schema: &Schema, before: &Raw, after: &Raw) -> Vec<Change> {
    let rows = Overlay::bundled().rows(&schema.settings);
    rows.iter().filter_map(|(setting, row)| difference(setting, row, before, after)).collect()
}

fn difference(setting: &Setting, row: &Row, before: &Raw, after: &Raw) -> Option<Change> {
    let (old, raw) = (raw_of(setting, before), raw_of(setting, after));
    let (was, will) = (setting.decode(old), setting.decode(raw));
    if was == will && setting.allowed(old) == setting.allowed(raw) {
        return None;
    }
    Some(Change {
        setting: setting.name.clone(),
        label: row.label.clone(),
        words: words(setting, row, &was, &will),
        before: was,
        after: will,
        raw: raw.to_owned(),
        reload: row.reload,
    })
}

fn words(setting: &Setting, row: &Row, was: &Choice, will: &Choice) -> String {
    let label = &row.label;
    let meaning = match (was.meaning, will.meaning) {
        (_, Meaning::Enforced) => " (enforced for everyone)",
        (Meaning::Enforced, Meaning::NewViewers) => " (no longer enforced)",
        _ => "",
    };
    match (was.value == will.value, setting.secret) {
        (_, true) => format!("{label}: changed"),
        (true, false) if meaning.is_empty() => format!("{label}: what browsers may choose from"),
        (true, false) => format!("{label}: {}{meaning}", row.words(&will.value)),
        (false, false) => format!("{label}: {} → {}{meaning}", row.words(&was.value), row.words(&will.value)),
    }
}

/// `2 changes: encoder, video bitrate.`
#[must_use]
pub fn summary(changes: &[Change]) -> String {
    let labels: Vec<String> = changes.iter().map(|change| in_sentence(&change.label)).collect();
    match labels.as_slice() {
        [] => "Nothing changes.".into(),
        [one] => format!("1 change: {one}."),
        several => format!("{} changes: {}.", several.len(), several.join(", ")),
    }
}

/// A label inside a sentence: its first word small, unless it is a name such as `TURN` or `JPEG`.
fn in_sentence(label: &str) -> String {
    let mut characters = label.chars();
    let Some(first) = characters.next() else { return String::new() };
    let rest = characters.as_str();
    let name = rest.split(' ').next().is_some_and(|word| word.is_empty() || word.chars().any(char::is_uppercase));
    if name { label.to_owned() } else { format!("{}{rest}", first.to_lowercase()) }
}

/// What a viewer will notice of these changes; empty if there are none.
#[must_use]
pub fn notice(generation: Generation, changes: &[Change]) -> String {
    if changes.is_empty() {
        return String::new();
    }
    // Measured with 2.1.0 and an open page: 3 s from the end of the old server to the first new frame.
    let pause = match generation {
        Generation::Selkies => "The picture stops for about 5 seconds and comes back by itself.",
        Generation::SelkiesGstreamer => {
            "The picture stops for some seconds; if it does not come back, load the browser page again."
        }
    };
    let pages: Vec<String> = changes
        .iter()
        .filter(|change| change.reload == Reload::Page)
        .map(|change| in_sentence(&change.label))
        .collect();
    let mut sentences = vec![pause.to_owned()];
    if !pages.is_empty() {
        sentences.push(format!("To see the change of {}, load open browser pages again.", pages.join(", ")));
    }
    // Measured with 2.1.0: a page in which nobody has chosen a value follows the server's at once; one in which somebody
    // has goes on with theirs, also after the restart.
    if changes.iter().any(|change| change.after.meaning == Meaning::NewViewers) {
        sentences
            .push("A browser in which somebody has chosen otherwise keeps that, unless a value is enforced.".into());
    }
    sentences.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(pairs: &[(&str, &str, Meaning)]) -> Vec<(String, Choice)> {
        pairs.iter().map(|(name, value, meaning)| ((*name).to_owned(), Choice::new(*value, *meaning))).collect()
    }

    fn changes(current: &Raw, pairs: &[(&str, &str, Meaning)]) -> Vec<Change> {
        let schema = Schema::bundled();
        between(&schema, current, &chosen(&schema, current, &wanted(pairs)).expect("allowed"))
    }

    fn texts(changes: &[Change]) -> Vec<&str> {
        changes.iter().map(|change| change.words.as_str()).collect()
    }

    fn refused(pairs: &[(&str, &str, Meaning)]) -> Vec<String> {
        let refusals = chosen(&Schema::bundled(), &Raw::new(), &wanted(pairs)).expect_err("refused");
        refusals.into_iter().map(|refusal| refusal.sentence).collect()
    }

    const NEW: Meaning = Meaning::NewViewers;
    const ALL: Meaning = Meaning::Enforced;

    #[test]
    fn changes_are_said_in_words_and_in_the_order_of_the_page() {
        let changes = changes(
            &Raw::new(),
            &[
                ("video_bitrate", "4000", NEW),
                ("encoder", "jpeg", ALL),
                ("framerate", "20", ALL),
                ("use_cpu", "on", NEW),
            ],
        );
        assert_eq!(
            texts(&changes),
            [
                "Encoder: H.264 → JPEG (enforced for everyone)",
                "Encode on the CPU only: off → on",
                "Frames a second: 60 fps → 20 fps (enforced for everyone)",
                "Video bitrate: 8 Mbit/s → 4 Mbit/s",
            ]
        );
        assert_eq!(changes[0].raw, "jpeg");
        assert_eq!(summary(&changes), "4 changes: encoder, encode on the CPU only, frames a second, video bitrate.");
    }

    #[test]
    fn what_stays_the_same_is_no_change() {
        assert_eq!(changes(&Raw::new(), &[("encoder", "h264enc", NEW), ("framerate", "60", NEW)]), []);
        let current = Raw::from([("encoder".into(), "jpeg,h264enc".into())]);
        let same = changes(&current, &[("framerate", "60", NEW)]);
        assert_eq!(summary(&same), "Nothing changes.");
        assert_eq!(notice(Generation::Selkies, &same), "");
    }

    #[test]
    fn a_change_of_meaning_is_a_change() {
        let current = Raw::from([("framerate".into(), "60-60".into())]);
        assert_eq!(
            texts(&changes(&current, &[("framerate", "60", NEW)])),
            ["Frames a second: 60 fps (no longer enforced)"]
        );
        assert_eq!(
            texts(&changes(&Raw::new(), &[("framerate", "60,30-120", NEW)])),
            ["Frames a second: what browsers may choose from"]
        );
    }

    #[test]
    fn secrets_are_not_repeated() {
        let changes = changes(&Raw::new(), &[("turn_password", "hunter2", Meaning::Server)]);
        assert_eq!(texts(&changes), ["TURN password: changed"]);
    }

    #[test]
    fn every_refusal_is_told() {
        let sentences = refused(&[("encoder", "mpeg1", NEW), ("framerate", "1000", NEW), ("nonsense", "1", NEW)]);
        assert_eq!(sentences.len(), 3);
        assert!(sentences[2].starts_with("There is no setting “nonsense”"), "{sentences:?}");
    }

    #[test]
    fn what_the_start_script_fixes_cannot_be_changed() {
        let refusals = chosen(&Schema::legacy(), &Raw::new(), &wanted(&[("enable_resize", "true", NEW)]));
        let refusals = refusals.expect_err("fixed");
        assert!(refusals[0].sentence.contains("the start script of the desktop image sets it"), "{refusals:?}");
    }

    #[test]
    fn values_that_do_not_go_together_are_refused_only_to_who_brings_them_together() {
        let sentences = refused(&[("mode", "webrtc", Meaning::Server), ("encoder", "jpeg", ALL)]);
        assert_eq!(sentences.len(), 1);
        assert!(sentences[0].contains("WebSockets"), "{sentences:?}");
        let clashing = Raw::from([("mode".into(), "webrtc".into()), ("encoder".into(), "jpeg".into())]);
        assert!(chosen(&Schema::bundled(), &clashing, &wanted(&[("framerate", "30", NEW)])).is_ok());
        assert!(chosen(&Schema::bundled(), &clashing, &wanted(&[("encoder", "h264enc", NEW)])).is_ok());
    }

    #[test]
    fn basic_authentication_needs_a_password() {
        let on = ("enable_basic_auth", "true", Meaning::Server);
        let current = Raw::from([("enable_basic_auth".into(), "false".into())]);
        let schema = Schema::bundled();
        assert!(chosen(&schema, &current, &wanted(&[on])).is_err());
        let password = ("basic_auth_password", "s3cret", Meaning::Server);
        assert!(chosen(&schema, &current, &wanted(&[on, password])).is_ok());
    }

    #[test]
    fn what_is_only_odd_is_a_warning() {
        let values = Raw::from([("encoder".into(), "jpeg".into()), ("video_fullcolor".into(), "true".into())]);
        assert_eq!(warnings(&Schema::bundled(), &values).len(), 1);
        assert_eq!(warnings(&Schema::bundled(), &Raw::new()), Vec::<String>::new());
    }

    #[test]
    fn viewers_are_told_what_they_will_notice() {
        let plain = changes(&Raw::new(), &[("framerate", "30", ALL)]);
        assert_eq!(
            notice(Generation::Selkies, &plain),
            "The picture stops for about 5 seconds and comes back by itself."
        );
        let default = changes(&Raw::new(), &[("framerate", "30", NEW)]);
        assert!(notice(Generation::Selkies, &default).ends_with("keeps that, unless a value is enforced."));
        let page = changes(&Raw::new(), &[("enable_sharing", "false", Meaning::Server)]);
        assert!(
            notice(Generation::Selkies, &page)
                .ends_with("To see the change of sharing, load open browser pages again.")
        );
    }

    #[test]
    fn labels_that_are_names_keep_their_capitals() {
        for (label, expected) in [
            ("Encoder", "encoder"),
            ("TURN server", "TURN server"),
            ("JPEG quality", "JPEG quality"),
            ("10 bits", "10 bits"),
        ] {
            assert_eq!(in_sentence(label), expected);
        }
    }
}
