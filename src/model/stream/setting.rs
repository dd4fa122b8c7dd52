//! One setting of the server: what it is called, what it takes, and who may choose it.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

use super::number;
use super::rules::Rule;

/// The two programs that go by the name of Selkies. They share variable names, not values. The tokens are wire format.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Display, EnumString, IntoStaticStr, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Generation {
    /// Selkies 2: values carry what browsers may choose.
    #[default]
    Selkies,
    /// `selkies-gstreamer` 1.6: plain values.
    SelkiesGstreamer,
}

/// For whom a value holds. The tokens are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, EnumString, IntoStaticStr, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Meaning {
    /// Where a viewer begins; their browser may choose, or have chosen, another value.
    NewViewers,
    /// Nobody's browser can choose otherwise.
    Enforced,
    /// Only the server reads it; browsers have no say in it.
    Server,
}

impl Meaning {
    /// As a sentence ends with it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::NewViewers => "default for new viewers",
            Self::Enforced => "enforced for everyone",
            Self::Server => "set on the server",
        }
    }
}

const BROWSERS_CHOOSE: &[Meaning] = &[Meaning::NewViewers, Meaning::Enforced];
const NEVER_LOCKED: &[Meaning] = &[Meaning::NewViewers];
const ALWAYS_LOCKED: &[Meaning] = &[Meaning::Enforced];
const SERVER_ONLY: &[Meaning] = &[Meaning::Server];

/// What a setting takes. The tokens of the variants are wire format.
#[derive(Clone, Debug, PartialEq, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Kind {
    /// On or off.
    Bool,
    /// Anything; see [`Setting::values`] for texts that are choices in truth. Also what we do not know the type of.
    Text,
    /// A whole number. A bound that is not there does not bind.
    Int {
        /// The least.
        min: Option<i64>,
        /// The most.
        max: Option<i64>,
    },
    /// Any number.
    Float {
        /// The least.
        min: Option<f64>,
        /// The most.
        max: Option<f64>,
    },
    /// A number that browsers may move within a span.
    Range {
        /// The least that can be allowed.
        min: f64,
        /// The most that can be allowed.
        max: f64,
        /// Where the server begins by itself.
        initial: f64,
    },
    /// One of several words.
    Enum {
        /// All of them, in the server's order and spelling.
        allowed: Vec<String>,
        /// The one that the server takes by itself.
        default: String,
    },
    /// Any number of several words.
    List {
        /// All of them.
        allowed: Vec<String>,
        /// Those that the server takes by itself.
        default: Vec<String>,
    },
}

impl Kind {
    /// The wire token: `bool`, `text`, `int`, `float`, `range`, `enum`, `list`.
    #[must_use]
    pub fn token(&self) -> &'static str {
        self.into()
    }
}

/// One setting. Made by [`super::Schema::parse`] only, so that every name and text in it has been checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The server's own name for it, such as `video_bitrate`.
    pub name: String,
    /// What it takes.
    pub kind: Kind,
    /// The built-in default in the server's own syntax.
    pub default: String,
    /// The server's own explanation.
    pub help: String,
    /// Variables that the server looks at when [`Setting::env_name`] is not set, first wins.
    pub env_vars: Vec<String>,
    /// Never shown, logged or repeated in a sentence.
    pub secret: bool,
    /// Numbers between the words of an enum that the server takes as well: least and most.
    pub between: Option<(f64, f64)>,
    /// Who fixes it, as part of a sentence; what we write has no effect then.
    pub fixed_by: Option<String>,
    pub(super) generation: Generation,
    /// The start script's variable, whose value it hands to the server as a flag, without quotes (1.6 only).
    pub(super) variable: Option<String>,
    /// The server keeps what a browser chose, and prefers it for everyone (1.6 only).
    pub(super) browser_file: bool,
    pub(super) rule: Rule,
}

/// The variable that the server looks at first.
pub(super) fn own_variable(name: &str) -> String {
    format!("SELKIES_{}", name.to_ascii_uppercase())
}

impl Setting {
    /// The environment variable that carries it.
    #[must_use]
    pub fn env_name(&self) -> String {
        self.variable.clone().unwrap_or_else(|| own_variable(&self.name))
    }

    /// For whom a value can be chosen, the usual meaning first. Never empty.
    #[must_use]
    pub fn meanings(&self) -> &'static [Meaning] {
        if self.generation == Generation::SelkiesGstreamer {
            return if self.browser_file { NEVER_LOCKED } else { SERVER_ONLY };
        }
        let one_value = match &self.kind {
            Kind::Bool => false,
            Kind::Enum { allowed, .. } => allowed.len() == 1 && self.between.is_none(),
            Kind::Range { min, max, .. } => min >= max,
            Kind::Text | Kind::Int { .. } | Kind::Float { .. } | Kind::List { .. } => return SERVER_ONLY,
        };
        match self.rule.meaning {
            Some(Meaning::Server) => SERVER_ONLY,
            Some(Meaning::Enforced) => ALWAYS_LOCKED,
            _ if one_value => ALWAYS_LOCKED,
            // A single number keeps the whole menu open, and the server has no other way to say "only this one".
            _ if self.between.is_some() => NEVER_LOCKED,
            _ => BROWSERS_CHOOSE,
        }
    }

    /// The words to choose from: of an enum, a list, and of a text that is a choice in truth. Empty: no such list.
    #[must_use]
    pub fn values(&self) -> &[String] {
        match &self.kind {
            Kind::Enum { allowed, .. } | Kind::List { allowed, .. } => allowed,
            Kind::Text => &self.rule.values,
            Kind::Bool | Kind::Int { .. } | Kind::Float { .. } | Kind::Range { .. } => &[],
        }
    }

    /// The least and the most of a number.
    #[must_use]
    pub fn bounds(&self) -> (Option<f64>, Option<f64>) {
        #[expect(clippy::cast_precision_loss, reason = "the bounds of settings are far below 2^53")]
        let wide = |bound: Option<i64>| bound.map(|bound| bound as f64);
        match self.kind {
            Kind::Int { min, max } => (wide(min), wide(max)),
            Kind::Float { min, max } => (min, max),
            Kind::Range { min, max, .. } => (Some(min), Some(max)),
            Kind::Bool | Kind::Text | Kind::Enum { .. } | Kind::List { .. } => (None, None),
        }
    }

    /// Whether a number may be a fraction.
    #[must_use]
    pub fn fractions(&self) -> bool {
        match &self.kind {
            Kind::Float { .. } => true,
            Kind::Range { min, max, initial } => {
                self.rule.fractions || [min, max, initial].iter().any(|number| number.fract() != 0.0)
            }
            _ => false,
        }
    }

    /// What it takes, as the end of a sentence that begins with "It takes".
    #[must_use]
    pub fn takes(&self) -> String {
        let what = match (&self.kind, self.values()) {
            (Kind::Bool, _) => "true or false".to_owned(),
            (Kind::List { .. }, values) => format!("none, or any of {}, separated by commas", listed(values)),
            (_, values) if !values.is_empty() => listed(values),
            (Kind::Float { .. } | Kind::Range { .. }, _) if self.fractions() => {
                format!("a number{}", self.span_words())
            }
            (Kind::Int { .. } | Kind::Range { .. }, _) => format!("a whole number{}", self.span_words()),
            _ => "any text on one line".to_owned(),
        };
        match self.between {
            Some((least, most)) => {
                format!("{what}, or a number from {} to {}", number::written(least), number::written(most))
            }
            None => what,
        }
    }

    fn span_words(&self) -> String {
        match self.bounds() {
            (Some(least), Some(most)) => format!(" from {} to {}", number::written(least), number::written(most)),
            (Some(least), None) => format!(" from {}", number::written(least)),
            (None, Some(most)) => format!(" up to {}", number::written(most)),
            (None, None) => String::new(),
        }
    }
}

/// The most words that a sentence lists.
const LISTED: usize = 20;

fn listed(values: &[String]) -> String {
    match values {
        [] => "nothing".into(),
        [only] => only.clone(),
        [first @ .., last] if values.len() <= LISTED => format!("{} or {last}", first.join(", ")),
        _ => format!("{} and {} more", values[..LISTED].join(", "), values.len() - LISTED),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Schema;
    use super::*;

    fn meanings(name: &str) -> &'static [Meaning] {
        Schema::bundled().get(name).expect("in the schema").meanings()
    }

    #[test]
    fn who_may_choose_follows_the_server() {
        assert_eq!(meanings("encoder"), BROWSERS_CHOOSE);
        assert_eq!(meanings("framerate"), BROWSERS_CHOOSE);
        assert_eq!(meanings("use_cpu"), BROWSERS_CHOOSE);
        assert_eq!(meanings("audio_bitrate"), NEVER_LOCKED);
        assert_eq!(meanings("scaling_dpi"), ALWAYS_LOCKED);
        for server_only in ["enable_https", "ui_show_logo", "audio_frame_duration_ms", "port", "ui_title", "gpu_id"] {
            assert_eq!(meanings(server_only), SERVER_ONLY, "{server_only}");
        }
    }

    #[test]
    fn in_1_6_only_what_browsers_are_asked_for_is_theirs() {
        let schema = Schema::legacy();
        assert_eq!(schema.get("framerate").expect("there").meanings(), NEVER_LOCKED);
        assert_eq!(schema.get("audio_channels").expect("there").meanings(), SERVER_ONLY);
    }

    #[test]
    fn what_a_setting_takes_is_said_in_words() {
        let schema = Schema::bundled();
        let takes = |name: &str| schema.get(name).expect("there").takes();
        assert_eq!(takes("framerate"), "a number from 8 to 240");
        assert_eq!(takes("video_crf"), "a whole number from 5 to 50");
        assert_eq!(takes("port"), "a whole number from 1 to 65535");
        assert_eq!(takes("enable_clipboard"), "true, in, out or false");
        assert_eq!(takes("file_transfers"), "none, or any of upload or download, separated by commas");
        assert!(takes("audio_bitrate").ends_with("510000, or a number from 6000 to 510000"));
        assert_eq!(takes("ui_title"), "any text on one line");
    }
}
