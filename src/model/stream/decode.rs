//! What the server makes of a raw value. It never refuses one: what it cannot read becomes the default.
//!
//! Source: `AppSettings._process_and_set_attributes` of 2.0.0 and 2.1.0. Recordings of that very function are compared
//! with this one in the tests.

use super::number::{self, finite, strip, written};
use super::setting::{Generation, Kind, Meaning, Setting};
use super::value::Choice;

/// What browsers may choose under a raw value.
#[derive(Clone, Debug, PartialEq)]
pub enum Allowed {
    /// Nothing narrows it: all that the setting takes, or the setting is none of theirs.
    Anything,
    /// Numbers of this span.
    Span {
        /// The least.
        min: f64,
        /// The most.
        max: f64,
    },
    /// These words only.
    Values(Vec<String>),
}

/// One reading of a raw value.
struct Reading {
    value: String,
    locked: bool,
    allowed: Allowed,
}

impl Reading {
    fn plain(value: impl Into<String>) -> Self {
        Self { value: value.into(), locked: false, allowed: Allowed::Anything }
    }
}

impl Setting {
    /// What the server takes this raw value for. An empty one is its default.
    #[must_use]
    pub fn decode(&self, raw: &str) -> Choice {
        let Reading { value, locked, .. } = self.reading(raw);
        let meaning = match self.meanings() {
            [Meaning::Server] => Meaning::Server,
            _ if locked => Meaning::Enforced,
            _ => Meaning::NewViewers,
        };
        Choice { value, meaning }
    }

    /// What this raw value leaves for browsers to choose.
    #[must_use]
    pub fn allowed(&self, raw: &str) -> Allowed {
        self.reading(raw).allowed
    }

    fn reading(&self, raw: &str) -> Reading {
        if self.generation == Generation::SelkiesGstreamer {
            return self.plain_reading(raw);
        }
        // An empty list is a list, an empty anything else is "as if it were not set".
        let raw = if strip(raw).is_empty() && !matches!(self.kind, Kind::List { .. }) { &self.default } else { raw };
        match &self.kind {
            Kind::Bool => bool_reading(raw),
            Kind::Text => Reading::plain(self.text_value(raw)),
            Kind::Int { min, max } => Reading::plain(self.int_value(raw, *min, *max)),
            Kind::Float { min, max } => Reading::plain(self.float_value(raw, *min, *max)),
            Kind::Range { min, max, initial } => range_reading(raw, *min, *max, *initial),
            Kind::Enum { allowed, default } => self.enum_reading(raw, allowed, default),
            Kind::List { allowed, default } => self.list_reading(raw, allowed, default),
        }
    }

    fn text_value(&self, raw: &str) -> String {
        if self.rule.values.is_empty() {
            return raw.to_owned();
        }
        let read = if self.rule.cut_at_bar { raw.split('|').next().unwrap_or_default() } else { raw };
        let word = strip(read).to_lowercase();
        let word = self.rule.spellings.get(&word).cloned().unwrap_or(word);
        if self.rule.values.contains(&word) { word } else { self.default.clone() }
    }

    fn int_value(&self, raw: &str, min: Option<i64>, max: Option<i64>) -> String {
        let Some(mut value) = number::integer(raw) else { return self.default.clone() };
        if let Some(min) = min {
            value = value.max(min.into());
        }
        if let Some(max) = max {
            value = value.min(max.into());
        }
        value.to_string()
    }

    fn float_value(&self, raw: &str, min: Option<f64>, max: Option<f64>) -> String {
        let read = number::float(raw).or_else(|| number::float(&self.default));
        let mut value = read.unwrap_or_default();
        // As Python's max() and min() order their arguments: what cannot be compared gives way to the bound.
        if let Some(min) = min {
            value = if value > min { value } else { min };
        }
        if let Some(max) = max {
            value = if value < max { value } else { max };
        }
        written(value)
    }

    fn enum_reading(&self, raw: &str, allowed: &[String], default: &str) -> Reading {
        let items: Vec<&str> = raw.split(',').map(strip).filter(|item| !item.is_empty()).collect();
        if let ([only], Some((least, most))) = (items.as_slice(), self.between)
            && let Some(value) = number::float(only).filter(|value| (least..=most).contains(value))
        {
            return Reading::plain(if value.fract() == 0.0 { written(value) } else { (*only).to_owned() });
        }
        let valid: Vec<String> = items.iter().filter_map(|item| self.word(item, allowed)).collect();
        match valid.first() {
            None => Reading::plain(default),
            Some(first) => {
                let locked = valid.iter().all(|word| word == first);
                let everything = allowed.iter().all(|word| valid.contains(word));
                let value = first.clone();
                let allowed = if everything && !locked { Allowed::Anything } else { Allowed::Values(valid) };
                Reading { value, locked, allowed }
            }
        }
    }

    fn list_reading(&self, raw: &str, allowed: &[String], default: &[String]) -> Reading {
        if matches!(strip(raw).to_lowercase().as_str(), "" | "none") {
            return Reading::plain(NO_ITEMS);
        }
        let valid: Vec<String> = raw.split(',').filter_map(|item| self.word(strip(item), allowed)).collect();
        Reading::plain(list_text(if valid.is_empty() { default } else { &valid }))
    }

    /// The allowed word that the server takes this one for.
    pub(super) fn word(&self, item: &str, allowed: &[String]) -> Option<String> {
        let known = |word: &str| allowed.iter().find(|allowed| allowed.to_lowercase() == word.to_lowercase()).cloned();
        known(item).or_else(|| known(self.rule.spellings.get(&item.to_lowercase())?))
    }

    /// The 1.6 generation takes the text as it is; what it cannot read ends it at its start.
    fn plain_reading(&self, raw: &str) -> Reading {
        Reading::plain(match &self.kind {
            Kind::Bool if !raw.is_empty() => (raw.to_lowercase() == "true").to_string(),
            Kind::Enum { .. } if !raw.is_empty() => raw.to_lowercase(),
            Kind::Int { .. } => number::integer(raw).map_or_else(|| raw.to_owned(), |value| value.to_string()),
            Kind::Text => raw.to_owned(),
            _ if raw.is_empty() => self.default.clone(),
            _ => raw.to_owned(),
        })
    }
}

/// How an empty list is written: the server reads an empty value so as well, but people do not see it.
pub(super) const NO_ITEMS: &str = "none";

pub(super) fn list_text(items: &[String]) -> String {
    if items.is_empty() { NO_ITEMS.into() } else { items.join(",") }
}

fn bool_reading(raw: &str) -> Reading {
    let lower = strip(raw).to_lowercase();
    let mut parts = lower.split('|').map(strip);
    let on = matches!(parts.next(), Some("true" | "1"));
    Reading { value: on.to_string(), locked: parts.any(|part| part == "locked"), allowed: Allowed::Anything }
}

fn range_reading(raw: &str, min: f64, max: f64, initial: f64) -> Reading {
    let tokens = range_tokens(raw).unwrap_or(RangeTokens { span: Some((min, max)), initial: None });
    let (value, low, high) = match (tokens.span, tokens.initial) {
        // A value alone keeps the whole span, and widens it where it lies outside.
        (None, value) => {
            let value = value.unwrap_or(initial);
            (value, min.min(value), max.max(value))
        }
        (Some((low, high)), value) => (value.unwrap_or(initial).clamp(low, high), low, high),
    };
    let unchanged = low.total_cmp(&min).is_eq() && high.total_cmp(&max).is_eq();
    let allowed = if unchanged { Allowed::Anything } else { Allowed::Span { min: low, max: high } };
    Reading { value: written(value), locked: low >= high, allowed }
}

/// The last span and the last value of a range's raw value.
pub(super) struct RangeTokens {
    /// Least and most, in order.
    pub(super) span: Option<(f64, f64)>,
    pub(super) initial: Option<f64>,
}

/// None where the server would give up on the whole value.
pub(super) fn range_tokens(raw: &str) -> Option<RangeTokens> {
    let mut tokens = RangeTokens { span: None, initial: None };
    for token in raw.split(',').map(strip).filter(|token| !token.is_empty()) {
        match span(token) {
            Some((low, high)) => {
                tokens.span = Some((finite(low)?, finite(high)?)).map(|(a, b)| (a.min(b), a.max(b)));
            }
            None => tokens.initial = Some(finite(token)?),
        }
    }
    (tokens.span.is_some() || tokens.initial.is_some()).then_some(tokens)
}

/// The two numbers of `8-240`. Each may be negative, neither may have an exponent.
fn span(token: &str) -> Option<(&str, &str)> {
    let (low, rest) = token.split_at(decimal_length(token)?);
    let high = rest.trim_start().strip_prefix('-')?.trim_start();
    (decimal_length(high)? == high.len()).then_some((low, high))
}

fn decimal_length(text: &str) -> Option<usize> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let sign = usize::from(text.starts_with('-'));
    let whole = digits(&text[sign..]);
    let end = sign + whole;
    let fraction = text[end..].strip_prefix('.').map_or(0, digits);
    let fraction = if fraction > 0 { fraction + 1 } else { 0 };
    (whole > 0).then_some(end + fraction)
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
