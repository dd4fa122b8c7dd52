//! What the server does with a setting that its own table does not say: `data/stream/rules.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::setting::Meaning;
use crate::model::built_in;

/// What is known beyond the table about one setting. Empty where nothing is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Rule {
    /// The words that a text must be one of.
    pub(super) values: Vec<String>,
    /// Other words for some of the values, in lower case.
    pub(super) spellings: BTreeMap<String, String>,
    /// The server reads a text up to the first `|` only.
    pub(super) cut_at_bar: bool,
    /// The only meaning that a value can have.
    #[serde(skip)]
    pub(super) meaning: Option<Meaning>,
    /// It may hold a password, though the server does not say so.
    #[serde(skip)]
    pub(super) secret: bool,
    /// A range that may be a fraction.
    #[serde(skip)]
    pub(super) fractions: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Rules {
    server_only: Vec<String>,
    enforced_only: Vec<String>,
    fractions: Vec<String>,
    secret: Vec<String>,
    setting: BTreeMap<String, Rule>,
}

#[expect(clippy::expect_used, reason = "the file is compiled in, and a test reads it")]
static RULES: LazyLock<Rules> = LazyLock::new(|| {
    built_in::read(include_str!("../../../data/stream/rules.toml")).expect("data/stream/rules.toml is valid")
});

impl Rule {
    /// What is known about the setting with this name.
    pub(super) fn of(name: &str) -> Self {
        let mut rule = RULES.setting.get(name).cloned().unwrap_or_default();
        let named = |patterns: &[String]| patterns.iter().any(|pattern| covers(pattern, name));
        rule.meaning = match (named(&RULES.server_only), named(&RULES.enforced_only)) {
            (true, _) => Some(Meaning::Server),
            (false, true) => Some(Meaning::Enforced),
            (false, false) => None,
        };
        rule.fractions = named(&RULES.fractions);
        rule.secret = named(&RULES.secret);
        rule
    }
}

fn covers(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |beginning| name.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Schema};
    use super::*;

    #[test]
    fn every_rule_is_about_a_setting_that_exists() {
        let schema = Schema::bundled();
        let named = [&RULES.server_only, &RULES.enforced_only, &RULES.fractions, &RULES.secret].into_iter().flatten();
        let named = named.chain(RULES.setting.keys());
        for pattern in named {
            assert!(schema.settings.iter().any(|setting| covers(pattern, &setting.name)), "{pattern}");
        }
    }

    #[test]
    fn rules_for_browsers_are_about_what_browsers_could_choose_by_its_type() {
        let schema = Schema::bundled();
        for setting in schema.settings.iter().filter(|setting| setting.rule.meaning.is_some()) {
            assert!(matches!(setting.kind, Kind::Bool | Kind::Enum { .. } | Kind::Range { .. }), "{}", setting.name);
        }
    }

    #[test]
    fn choices_are_about_texts_and_contain_the_default() {
        let schema = Schema::bundled();
        for (name, rule) in RULES.setting.iter().filter(|(_, rule)| !rule.values.is_empty()) {
            let setting = schema.get(name).expect("a test of its own");
            assert_eq!(setting.kind, Kind::Text, "{name}");
            assert!(rule.values.contains(&setting.default), "{name}");
        }
    }
}
