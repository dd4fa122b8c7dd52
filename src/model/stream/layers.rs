//! Where a value comes from.
//!
//! Low to high: the server's default, the container's environment, the workspace's `.env`, our override; then what the
//! start script passes as a flag, which no variable can change; and for the 1.6 generation what a browser chose last.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

use super::schema::Schema;
use super::setting::Setting;

/// Who gave a value. The tokens are wire format.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Display, EnumString, IntoStaticStr, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Source {
    /// The server itself, or the start script when nothing else says otherwise.
    BuiltIn,
    /// The container's environment.
    Container,
    /// The workspace's `.env`.
    EnvFile,
    /// We, on somebody's request.
    Override,
    /// A flag of the start script.
    CommandLine,
    /// A browser, in the file that the 1.6 generation keeps.
    Browser,
}

impl Source {
    /// For a sentence or a column.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in default",
            Self::Container => "container environment",
            Self::EnvFile => ".env file",
            Self::Override => "set here",
            Self::CommandLine => "start script",
            Self::Browser => "last choice in a browser",
        }
    }
}

/// Everything that gives values. Environments are whole: by variable name, with whatever else is in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layers {
    /// Variables that the start script sets where nothing else does.
    pub defaults: BTreeMap<String, String>,
    /// The container's environment.
    pub container: BTreeMap<String, String>,
    /// What the workspace's `.env` sets.
    pub env_file: BTreeMap<String, String>,
    /// Our own settings file.
    pub overrides: BTreeMap<String, String>,
    /// Flags of the start script, by setting name.
    pub flags: BTreeMap<String, String>,
    /// The file in which the 1.6 generation keeps what a browser chose, by setting name.
    pub browser: BTreeMap<String, String>,
    /// Settings that the operator allows nobody to change.
    pub fixed: BTreeSet<String>,
}

/// The value that a setting has when the server starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// In the server's syntax, as its source has it; see [`Setting::decode`].
    pub raw: String,
    /// Who gave it.
    pub source: Source,
    /// Nobody can change it here: the operator, or a flag, fixes it.
    pub fixed: bool,
}

/// Says for every setting of the schema which value it has, and from where.
#[must_use]
pub fn resolve(schema: &Schema, layers: &Layers) -> BTreeMap<String, Resolved> {
    schema.settings.iter().map(|setting| (setting.name.clone(), layers.value_of(setting))).collect()
}

impl Layers {
    fn value_of(&self, setting: &Setting) -> Resolved {
        let flag = self.flags.get(&setting.name);
        let fixed = self.fixed.contains(&setting.name) || flag.is_some() || setting.fixed_by.is_some();
        let (raw, source) = self
            .browsers_choice(setting)
            .or_else(|| Some((flag?.clone(), Source::CommandLine)))
            .or_else(|| self.variables_value(setting))
            .unwrap_or_else(|| (setting.default.clone(), Source::BuiltIn));
        Resolved { raw, source, fixed }
    }

    fn browsers_choice(&self, setting: &Setting) -> Option<(String, Source)> {
        let value = self.browser.get(&setting.name).filter(|_| setting.browser_file)?;
        Some((value.clone(), Source::Browser))
    }

    /// The server sees one environment in which the layers have already replaced each other. Only then it prefers its
    /// own variable to the fallbacks: its own of the container beats a fallback of the `.env`.
    fn variables_value(&self, setting: &Setting) -> Option<(String, Source)> {
        let own = setting.env_name();
        std::iter::once(&own).chain(&setting.env_vars).find_map(|variable| self.variable(variable))
    }

    fn variable(&self, name: &str) -> Option<(String, Source)> {
        let layers = [
            (&self.overrides, Source::Override),
            (&self.env_file, Source::EnvFile),
            (&self.container, Source::Container),
            (&self.defaults, Source::BuiltIn),
        ];
        layers.into_iter().find_map(|(layer, source)| Some((layer.get(name)?.clone(), source)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn value(schema: &Schema, layers: &Layers, name: &str) -> (String, Source, bool) {
        let Resolved { raw, source, fixed } = resolve(schema, layers).remove(name).expect("every setting is resolved");
        (raw, source, fixed)
    }

    #[test]
    fn the_higher_layer_wins() {
        let schema = Schema::bundled();
        let mut layers = Layers::default();
        assert_eq!(value(&schema, &layers, "framerate"), ("60,8-240".into(), Source::BuiltIn, false));
        for (layer, raw, source) in [
            (0, "10", Source::BuiltIn),
            (1, "20", Source::Container),
            (2, "30", Source::EnvFile),
            (3, "40", Source::Override),
        ] {
            let place = [&mut layers.defaults, &mut layers.container, &mut layers.env_file, &mut layers.overrides];
            place.into_iter().nth(layer).expect("four").insert("SELKIES_FRAMERATE".into(), raw.into());
            assert_eq!(value(&schema, &layers, "framerate"), (raw.into(), source, false));
        }
        layers.flags = map(&[("framerate", "50")]);
        assert_eq!(value(&schema, &layers, "framerate"), ("50".into(), Source::CommandLine, true));
        assert_eq!(resolve(&schema, &layers).len(), schema.settings.len());
    }

    #[test]
    fn the_servers_own_variable_beats_its_fallbacks_whatever_their_layer() {
        let schema = Schema::bundled();
        let mut layers = Layers { env_file: map(&[("USERNAME", "b"), ("USER", "c")]), ..Layers::default() };
        assert_eq!(value(&schema, &layers, "basic_auth_user").0, "b");
        layers.container = map(&[("CUSTOM_USER", "a")]);
        assert_eq!(value(&schema, &layers, "basic_auth_user"), ("a".into(), Source::Container, false));
        layers.container.insert("SELKIES_BASIC_AUTH_USER".into(), String::new());
        assert_eq!(value(&schema, &layers, "basic_auth_user"), (String::new(), Source::Container, false));
    }

    #[test]
    fn what_the_operator_fixes_keeps_its_source() {
        let schema = Schema::bundled();
        let layers = Layers {
            container: map(&[("SELKIES_ENCODER", "jpeg")]),
            fixed: BTreeSet::from(["encoder".to_owned()]),
            ..Layers::default()
        };
        assert_eq!(value(&schema, &layers, "encoder"), ("jpeg".into(), Source::Container, true));
    }

    #[test]
    fn in_1_6_a_browsers_choice_beats_even_flags_but_only_for_its_five_keys() {
        let schema = Schema::legacy();
        let chosen = map(&[("framerate", "30"), ("enable_resize", "true"), ("audio_channels", "6")]);
        let layers = Layers {
            overrides: map(&[("SELKIES_FRAMERATE", "60")]),
            flags: map(&[("enable_resize", "false")]),
            browser: chosen.clone(),
            ..Layers::default()
        };
        assert_eq!(value(&schema, &layers, "framerate"), ("30".into(), Source::Browser, false));
        assert_eq!(value(&schema, &layers, "enable_resize"), ("true".into(), Source::Browser, true));
        assert_eq!(value(&schema, &layers, "audio_channels"), ("2".into(), Source::BuiltIn, false));
        let new = Layers { browser: chosen, ..Layers::default() };
        assert_eq!(value(&Schema::bundled(), &new, "framerate").1, Source::BuiltIn);
    }

    #[test]
    fn in_1_6_the_start_script_has_variables_of_its_own() {
        let schema = Schema::legacy();
        let layers = Layers {
            container: map(&[("SELKIES_TURN_HOST", "ignored")]),
            env_file: map(&[("TURN_HOST", "turn.example")]),
            ..Layers::default()
        };
        assert_eq!(value(&schema, &layers, "turn_host"), ("turn.example".into(), Source::EnvFile, false));
        assert!(value(&schema, &layers, "enable_basic_auth").2, "the start script fixes it");
    }
}
