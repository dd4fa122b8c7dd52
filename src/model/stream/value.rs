//! What a person chose, and the exact text of the environment variable that makes the server do it.
//!
//! The server replaces silently what it cannot read. So nothing is encoded that it would not take as it stands: every
//! such value is refused with one sentence that says what is allowed.

use serde::{Deserialize, Serialize};

use super::decode::{NO_ITEMS, RangeTokens, list_text, range_tokens};
use super::entry::led_by;
use super::number::{self, finite, strip, written};
use super::setting::{Generation, Kind, Meaning, Setting};
use crate::model::text;

/// The longest value, in bytes.
pub const MOST_BYTES: usize = 4096;

/// What a person chose for one setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The plain value: `60`, `jpeg`, `true`. An operator may narrow what browsers choose from: `60,30-120`,
    /// `jpeg,h264enc`.
    pub value: String,
    /// For whom it holds.
    pub meaning: Meaning,
}

impl Choice {
    /// A value that holds for `meaning`.
    #[must_use]
    pub fn new(value: impl Into<String>, meaning: Meaning) -> Self {
        Self { value: value.into(), meaning }
    }
}

/// A value that cannot be, and what can.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Refusal {
    /// The setting's name.
    pub setting: String,
    /// One sentence: what is wrong, and what is allowed.
    pub sentence: String,
}

impl Setting {
    /// The text for the environment variable.
    ///
    /// # Errors
    /// The server would not take the value, would take it for another one, or cannot give it this meaning.
    pub fn encode(&self, choice: &Choice) -> Result<String, Refusal> {
        self.check_text(&choice.value)?;
        if !self.meanings().contains(&choice.meaning) {
            return Err(self.refuse(&self.meaning_sentence(choice.meaning)));
        }
        let enforced = choice.meaning == Meaning::Enforced;
        match &self.kind {
            Kind::Text => self.encode_text(&choice.value),
            Kind::Bool => {
                let value = bool_value(&choice.value).ok_or_else(|| self.misfit(&choice.value))?;
                Ok(format!("{value}{}", if enforced { "|locked" } else { "" }))
            }
            Kind::Int { min, max } => self.encode_int(&choice.value, *min, *max),
            Kind::Float { min, max } => {
                let inside = |value: &f64| min.is_none_or(|min| *value >= min) && max.is_none_or(|max| *value <= max);
                let value = finite(&choice.value).filter(inside);
                value.map(written).ok_or_else(|| self.misfit(&choice.value))
            }
            Kind::Range { min, max, .. } => self.encode_range(&choice.value, *min, *max, enforced),
            Kind::Enum { allowed, .. } => self.encode_enum(&choice.value, allowed, enforced),
            Kind::List { allowed, .. } => self.encode_list(&choice.value, allowed),
        }
    }

    fn encode_text(&self, value: &str) -> Result<String, Refusal> {
        if !self.rule.values.is_empty() {
            return self.word(value, &self.rule.values).ok_or_else(|| self.misfit(value));
        }
        if self.variable.is_some() && value.contains(|c: char| c.is_whitespace() || "*?[".contains(c)) {
            return Err(self.refuse(&format!(
                "The value for {} contains a space, *, ? or [; the start script would break it into pieces there.",
                self.name
            )));
        }
        // Empty means "the default" to Selkies 2, so an empty text can be had only where that is the default.
        if strip(value).is_empty() && self.generation == Generation::Selkies && value != self.default {
            return Err(self.refuse(&format!(
                "{} cannot be empty: the server would use its default instead. Give a text, or reset it.",
                self.name
            )));
        }
        Ok(value.to_owned())
    }

    fn encode_int(&self, text: &str, min: Option<i64>, max: Option<i64>) -> Result<String, Refusal> {
        let value = number::integer(text).and_then(|value| i64::try_from(value).ok());
        let value = value.filter(|value| min.is_none_or(|min| *value >= min) && max.is_none_or(|max| *value <= max));
        value.map(|value| value.to_string()).ok_or_else(|| self.misfit(text))
    }

    fn encode_range(&self, text: &str, min: f64, max: f64, enforced: bool) -> Result<String, Refusal> {
        let inside = |value: f64| (min..=max).contains(&value) && (self.fractions() || value.fract() == 0.0);
        let tokens = range_tokens(text).ok_or_else(|| self.misfit(text))?;
        match tokens {
            RangeTokens { span: None, initial: Some(value) } if inside(value) => {
                Ok(if enforced { format!("{0}-{0}", written(value)) } else { written(value) })
            }
            RangeTokens { span: Some((low, high)), initial } if !enforced && low < high => {
                if !(inside(low)
                    && inside(high)
                    && initial.is_none_or(|value| inside(value) && (low..=high).contains(&value)))
                {
                    return Err(self.misfit(text));
                }
                let span = format!("{}-{}", written(low), written(high));
                Ok(initial.map_or_else(|| span.clone(), |value| format!("{},{span}", written(value))))
            }
            RangeTokens { span: Some(_), .. } => Err(self.refuse(&format!(
                "{} is given as one number when it is enforced. It takes {}.",
                self.name,
                self.takes()
            ))),
            RangeTokens { span: None, .. } => Err(self.misfit(text)),
        }
    }

    fn encode_enum(&self, text: &str, allowed: &[String], enforced: bool) -> Result<String, Refusal> {
        let items: Vec<&str> = text.split(',').map(strip).collect();
        if let ([only], Some((least, most))) = (items.as_slice(), self.between)
            // Whole numbers only: the server's own consumers of a number in between read it with int().
            && let Some(value) = finite(only).filter(|value| value.fract() == 0.0 && (least..=most).contains(value))
        {
            return Ok(written(value));
        }
        let mut words = Vec::new();
        for item in items {
            let word = self.word(item, allowed).ok_or_else(|| self.misfit(text))?;
            if !words.contains(&word) {
                words.push(word);
            }
        }
        match words.as_slice() {
            [only] if !enforced && self.generation == Generation::Selkies => Ok(led_by(only, allowed)),
            [only] => Ok(only.clone()),
            _ if enforced || self.generation == Generation::SelkiesGstreamer => {
                Err(self.refuse(&format!("{} is one value only: {}.", self.name, self.takes())))
            }
            several => Ok(several.join(",")),
        }
    }

    fn encode_list(&self, text: &str, allowed: &[String]) -> Result<String, Refusal> {
        if matches!(strip(text).to_lowercase().as_str(), "" | NO_ITEMS) {
            return Ok(NO_ITEMS.into());
        }
        let mut words = Vec::new();
        for item in text.split(',') {
            let word = self.word(strip(item), allowed).ok_or_else(|| self.misfit(text))?;
            if !words.contains(&word) {
                words.push(word);
            }
        }
        Ok(list_text(&words))
    }

    fn check_text(&self, value: &str) -> Result<(), Refusal> {
        if value.len() > MOST_BYTES {
            return Err(self.refuse(&format!(
                "The value for {} has {} bytes; at most {MOST_BYTES} are allowed.",
                self.name,
                value.len()
            )));
        }
        if value.chars().any(char::is_control) {
            return Err(self.refuse(&format!(
                "The value for {} contains a line break or another control character; only one line of text is allowed.",
                self.name
            )));
        }
        Ok(())
    }

    fn meaning_sentence(&self, wanted: Meaning) -> String {
        let possible: Vec<&str> = self.meanings().iter().map(|meaning| meaning.words()).collect();
        format!("{} cannot be {}; it can be {}.", self.name, wanted.words(), possible.join(" or "))
    }

    fn misfit(&self, value: &str) -> Refusal {
        let value = if self.secret { "That".to_owned() } else { text::quoted(value) };
        self.refuse(&format!("{value} is not a value for {}. It takes {}.", self.name, self.takes()))
    }

    pub(super) fn refuse(&self, sentence: &str) -> Refusal {
        Refusal { setting: self.name.clone(), sentence: sentence.to_owned() }
    }
}

/// The server takes everything but `true` and `1` for false, so other words for true are translated here.
fn bool_value(text: &str) -> Option<bool> {
    match strip(text).to_ascii_lowercase().as_str() {
        "true" | "1" | "on" | "yes" => Some(true),
        "false" | "0" | "off" | "no" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
#[path = "value_tests.rs"]
mod tests;
