//! The changes that a person has collected and not applied. They outlive the page's being left and the daemon.

use std::collections::BTreeMap;
use std::fmt;

use crate::client::{SettingFacts, Wish};

/// A value that a person has typed or chosen. It may be a password, so it is in no log.
#[derive(Clone)]
pub(in crate::window) struct Typed(pub(super) String);

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// What one setting is to become.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// A plain value.
    value: String,
    /// For whom it is to hold: a token.
    meaning: String,
}

/// By the setting's name.
#[derive(Default)]
pub(super) struct Draft(BTreeMap<String, Wanted>);

// The values may be passwords.
impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Draft {
    /// Nothing is collected.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What this setting is to become; none if it is to stay.
    pub(super) fn of(&self, setting: &str) -> Option<&Wanted> {
        self.0.get(setting)
    }

    /// The value to show: what is wanted, else what is configured.
    pub(super) fn value<'d>(&'d self, setting: &'d SettingFacts) -> &'d str {
        self.of(&setting.name).map_or_else(|| configured(setting), |wanted| &wanted.value)
    }

    /// For whom that holds.
    pub(super) fn meaning<'d>(&'d self, setting: &'d SettingFacts) -> &'d str {
        self.of(&setting.name).map_or(&setting.meaning, |wanted| &wanted.meaning)
    }

    /// A setting is to have this value.
    pub(super) fn want_value(&mut self, setting: &SettingFacts, value: &str) {
        let meaning = self.meaning(setting).to_owned();
        self.want(setting, Wanted { value: value.to_owned(), meaning });
    }

    /// A setting is to hold for others than now.
    pub(super) fn want_meaning(&mut self, setting: &SettingFacts, meaning: &str) {
        let value = self.value(setting).to_owned();
        self.want(setting, Wanted { value, meaning: meaning.to_owned() });
    }

    fn want(&mut self, setting: &SettingFacts, wanted: Wanted) {
        if is_so(setting, &wanted) {
            self.0.remove(&setting.name);
        } else {
            self.0.insert(setting.name.clone(), wanted);
        }
    }

    /// Drops what is so by now, and what cannot be any more.
    pub(super) fn prune(&mut self, settings: &[SettingFacts]) {
        self.0.retain(|name, wanted| {
            let setting = settings.iter().find(|setting| setting.name == *name);
            setting.is_some_and(|setting| setting.fixed.is_none() && !is_so(setting, wanted))
        });
    }

    /// Drops everything.
    pub(super) fn discard(&mut self) {
        self.0.clear();
    }

    /// Everything, to be applied.
    pub(super) fn changes(&self) -> Vec<Wish> {
        let wish = |(name, wanted): (&String, &Wanted)| Wish {
            name: name.clone(),
            value: wanted.value.clone(),
            // One of a later daemon was not chosen here, so it stays.
            meaning: wanted.meaning.parse().ok(),
        };
        self.0.iter().map(wish).collect()
    }
}

/// What is configured; empty for what nobody may know.
pub(super) fn configured(setting: &SettingFacts) -> &str {
    setting.value.as_deref().unwrap_or_default()
}

fn is_so(setting: &SettingFacts, wanted: &Wanted) -> bool {
    same(configured(setting), &wanted.value) && wanted.meaning == setting.meaning
}

/// Whether two values are the same: numbers may be written in several ways.
pub(super) fn same(one: &str, other: &str) -> bool {
    let numbers = one.parse::<f64>().ok().zip(other.parse::<f64>().ok());
    one == other || numbers.is_some_and(|(one, other)| one.total_cmp(&other).is_eq())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(name: &str, value: &str) -> SettingFacts {
        SettingFacts {
            name: name.into(),
            value: Some(value.into()),
            meaning: "new-viewers".into(),
            meanings: vec!["new-viewers".into(), "enforced".into()],
            ..SettingFacts::default()
        }
    }

    #[test]
    fn what_is_put_back_is_no_change() {
        let framerate = setting("framerate", "60");
        let mut draft = Draft::default();
        draft.want_value(&framerate, "20");
        assert_eq!((draft.value(&framerate), draft.meaning(&framerate)), ("20", "new-viewers"));
        draft.want_meaning(&framerate, "enforced");
        draft.want_value(&framerate, "60.0");
        assert_eq!(draft.changes().len(), 1, "it is enforced now");
        draft.want_meaning(&framerate, "new-viewers");
        assert!(draft.is_empty());
    }

    #[test]
    fn what_has_come_true_or_cannot_be_any_more_is_dropped_and_nothing_else() {
        let mut draft = Draft::default();
        for name in ["kept", "true", "gone", "fixed"] {
            draft.want_value(&setting(name, "1"), "2");
        }
        let fixed = SettingFacts { fixed: Some("The operator has fixed it.".into()), ..setting("fixed", "1") };
        draft.prune(&[setting("kept", "1"), setting("true", "2"), fixed]);
        let left: Vec<String> = draft.changes().into_iter().map(|wish| wish.name).collect();
        assert_eq!(left, ["kept"]);
    }

    #[test]
    fn a_password_that_nobody_typed_stays() {
        let password = SettingFacts { secret: Some(true), value: None, ..setting("turn_password", "") };
        let mut draft = Draft::default();
        draft.want_value(&password, "hunter2");
        assert!(!draft.is_empty() && !format!("{draft:?}").contains("hunter2"));
        draft.want_value(&password, "");
        assert!(draft.is_empty());
    }
}
