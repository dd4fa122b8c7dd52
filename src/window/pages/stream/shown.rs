//! What the row of a setting shows, as a pure function of what is configured and of what is wanted.

use super::draft::Draft;
use super::words;
use crate::client::SettingFacts;

/// What there is to see of one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is another fact about one row, in any combination")]
pub(super) struct Shown {
    /// Under its name: what it does, and a line on how it is.
    pub(super) subtitle: String,
    /// The plain value in its control.
    pub(super) value: String,
    /// It holds for everyone.
    pub(super) enforced: bool,
    /// Something may be chosen.
    pub(super) may_change: bool,
    /// There is a value of ours that can be taken back.
    pub(super) may_reset: bool,
    /// It is to become what it shows.
    pub(super) wanted: bool,
}

impl Shown {
    /// Of this setting. `with_name`: among many, where the server's own name helps to tell them apart.
    pub(super) fn of(setting: &SettingFacts, draft: &Draft, with_name: bool) -> Self {
        let wanted = draft.of(&setting.name).is_some();
        let fixed = setting.fixed.is_some();
        let lines = [
            with_name.then(|| setting.name.clone()),
            Some(setting.explanation.clone()),
            setting.fixed.clone(),
            state(setting, draft),
        ];
        let lines: Vec<String> = lines.into_iter().flatten().filter(|line| !line.is_empty()).collect();
        Self {
            subtitle: lines.join("\n"),
            value: draft.value(setting).to_owned(),
            enforced: draft.meaning(setting) == words::ENFORCED,
            may_change: !fixed,
            may_reset: !fixed && setting.source == words::OURS,
            wanted,
        }
    }
}

/// How it is, in one line: `Not applied yet · Enforced for everyone · Set here`.
fn state(setting: &SettingFacts, draft: &Draft) -> Option<String> {
    let wanted = draft.of(&setting.name);
    let choice = words::can_be_enforced(setting);
    let for_whom = match draft.meaning(setting) {
        words::ENFORCED if choice => Some("Enforced for everyone"),
        words::NEW_VIEWERS if choice && wanted.is_some() => Some("For new viewers; a browser may keep its own choice"),
        _ => None,
    };
    let parts = [
        wanted.map(|_| "Not applied yet".to_owned()),
        in_words(setting, draft),
        for_whom.map(str::to_owned),
        words::source(&setting.source).filter(|_| wanted.is_none()),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

/// What a number means that stands for something else: 0 for "only when needed".
fn in_words(setting: &SettingFacts, draft: &Draft) -> Option<String> {
    let is_number = matches!(setting.kind.as_str(), "int" | "float" | "range");
    let words = setting.words.as_ref().filter(|_| is_number)?.get(draft.value(setting))?;
    Some(format!("Now: {words}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn framerate() -> SettingFacts {
        SettingFacts {
            name: "framerate".into(),
            explanation: "More frames make motion smoother.".into(),
            kind: "range".into(),
            value: Some("60".into()),
            meaning: "new-viewers".into(),
            meanings: vec!["new-viewers".into(), "enforced".into()],
            source: "built-in".into(),
            ..SettingFacts::default()
        }
    }

    #[test]
    fn what_nobody_has_touched_is_calm() {
        let shown = Shown::of(&framerate(), &Draft::default(), false);
        assert_eq!(shown.subtitle, "More frames make motion smoother.");
        assert!(shown.may_change && !shown.may_reset && !shown.enforced && !shown.wanted);
    }

    #[test]
    fn what_is_wanted_is_told_from_what_is_and_for_whom() {
        let mut draft = Draft::default();
        draft.want_value(&framerate(), "20");
        let shown = Shown::of(&framerate(), &draft, true);
        assert_eq!(shown.value, "20");
        let lines: Vec<&str> = shown.subtitle.lines().collect();
        assert_eq!(lines[0], "framerate");
        assert!(lines[2].starts_with("Not applied yet · For new viewers"), "{lines:?}");
        draft.want_meaning(&framerate(), "enforced");
        let shown = Shown::of(&framerate(), &draft, false);
        assert!(shown.enforced && shown.subtitle.ends_with("Not applied yet · Enforced for everyone"), "{shown:?}");
    }

    #[test]
    fn ours_can_be_taken_back_and_what_is_fixed_says_why() {
        let ours = SettingFacts { source: "override".into(), meaning: "enforced".into(), ..framerate() };
        let shown = Shown::of(&ours, &Draft::default(), false);
        assert!(shown.may_reset && shown.subtitle.ends_with("Enforced for everyone · Set here"), "{shown:?}");
        let fixed = SettingFacts { fixed: Some("The operator has fixed it.".into()), ..ours };
        let shown = Shown::of(&fixed, &Draft::default(), false);
        assert!(!shown.may_reset && !shown.may_change && shown.subtitle.contains("operator"));
    }

    #[test]
    fn a_number_that_stands_for_something_says_for_what() {
        let words = Some(BTreeMap::from([("60".to_owned(), "only when needed".to_owned())]));
        let setting = SettingFacts { words, ..framerate() };
        assert!(Shown::of(&setting, &Draft::default(), false).subtitle.ends_with("Now: only when needed"));
    }
}
