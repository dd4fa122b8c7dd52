//! One entry of a schema file, checked and turned into a [`Setting`].

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::decode;
use super::number;
use super::rules::Rule;
use super::setting::{Generation, Kind, Setting, own_variable};
use crate::model::text::{self, is_hostile};

/// The longest default, help and word of an enum, in bytes.
const MOST_DEFAULT: usize = 4096;
const MOST_HELP: usize = 16 * 1024;
const MOST_WORD: usize = 128;
/// The most words of an enum, and the most fallback variables.
const MOST_WORDS: usize = 200;
const MOST_VARIABLES: usize = 16;

/// The entry as it stands in the file. Keys that we do not know are for others.
#[derive(Deserialize)]
pub(super) struct Entry {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    default: Value,
    #[serde(default)]
    help: String,
    #[serde(default)]
    allowed: Vec<String>,
    min: Option<f64>,
    max: Option<f64>,
    value_range: Option<(f64, f64)>,
    #[serde(default)]
    env_vars: Vec<String>,
    #[serde(default)]
    secret: bool,
    variable: Option<String>,
    fixed_by: Option<String>,
    #[serde(default)]
    browser_file: bool,
}

/// Checks one entry. The error is the end of a sentence.
pub(super) fn setting(mut entry: Entry, generation: Generation) -> Result<Setting, String> {
    if !is_name(&entry.name) {
        return Err("its name is not one of lower-case letters, digits and underscores".into());
    }
    if entry.variable.as_deref().is_some_and(|variable| !is_variable(variable)) {
        return Err("its variable is not one that an environment can hold".into());
    }
    let default = default_text(&entry.default)?;
    let kind = kind(&mut entry, &default)?;
    let between = entry.value_range.filter(|(least, most)| matches!(kind, Kind::Enum { .. }) && least <= most);
    let default = match &kind {
        // A single word would lock it. What the server does by itself is to offer all, this one first.
        Kind::Enum { allowed, default } if generation == Generation::Selkies && between.is_none() => {
            led_by(default, allowed)
        }
        _ => default,
    };
    let mut env_vars = entry.env_vars;
    let own = own_variable(&entry.name);
    env_vars.retain(|variable| is_variable(variable) && *variable != own);
    env_vars.truncate(MOST_VARIABLES);
    let rule = if generation == Generation::Selkies { Rule::of(&entry.name) } else { Rule::default() };
    Ok(Setting {
        help: printable(&entry.help),
        name: entry.name,
        kind,
        default,
        env_vars,
        secret: entry.secret || rule.secret,
        rule,
        between,
        fixed_by: entry.fixed_by,
        generation,
        variable: entry.variable,
        browser_file: entry.browser_file,
    })
}

fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// A name that an environment variable can have in a shell.
pub(super) fn is_variable(name: &str) -> bool {
    (1..=80).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn default_text(default: &Value) -> Result<String, String> {
    let written = match default {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => default.to_string(),
        Value::Array(_) | Value::Object(_) => return Err("its default is neither a text nor a number".into()),
    };
    if written.len() > MOST_DEFAULT || written.chars().any(is_hostile) {
        return Err("its default is not one line of text".into());
    }
    Ok(written)
}

fn printable(help: &str) -> String {
    let mut end = help.len().min(MOST_HELP);
    while !help.is_char_boundary(end) {
        end -= 1;
    }
    help[..end].chars().map(|c| if is_hostile(c) { ' ' } else { c }).collect()
}

fn kind(entry: &mut Entry, default: &str) -> Result<Kind, String> {
    if let (Some(least), Some(most)) = (entry.min, entry.max)
        && least > most
    {
        return Err("its least is more than its most".into());
    }
    match entry.kind.as_str() {
        "bool" => Ok(Kind::Bool),
        "int" => {
            number::integer(default).ok_or("its default is no whole number")?;
            Ok(Kind::Int { min: whole(entry.min), max: whole(entry.max) })
        }
        "float" => {
            number::finite(default).ok_or("its default is no number")?;
            Ok(Kind::Float { min: entry.min, max: entry.max })
        }
        "range" => range(default),
        "enum" => {
            let allowed = words(&mut entry.allowed)?;
            let default = allowed_items(default, &allowed).into_iter().next();
            Ok(Kind::Enum { default: default.unwrap_or_else(|| allowed[0].clone()), allowed })
        }
        "list" => {
            let allowed = words(&mut entry.allowed)?;
            Ok(Kind::List { default: allowed_items(default, &allowed), allowed })
        }
        // A type of a newer server. Whatever it is, it is given as a text.
        _ => Ok(Kind::Text),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "saturates, and a bound beyond 64 bits binds nothing")]
fn whole(bound: Option<f64>) -> Option<i64> {
    bound.map(|bound| bound as i64)
}

fn range(default: &str) -> Result<Kind, String> {
    let tokens = decode::range_tokens(default).ok_or("its default is no span")?;
    let (min, max) = tokens.span.ok_or("its default is no span")?;
    let initial = tokens.initial.unwrap_or(min);
    Ok(Kind::Range { min, max, initial: initial.clamp(min, max) })
}

/// The words of an enum or list. The server compares in lower case, where the last of several equal ones wins.
fn words(allowed: &mut Vec<String>) -> Result<Vec<String>, String> {
    if allowed.is_empty() {
        return Err("there is nothing to choose from".into());
    }
    if allowed.len() > MOST_WORDS {
        return Err(format!("it has {} values", allowed.len()));
    }
    let usable = |word: &str| {
        let printable = !word.chars().any(is_hostile);
        !word.is_empty() && word.len() <= MOST_WORD && printable && !word.contains(',') && number::strip(word) == word
    };
    if let Some(word) = allowed.iter().find(|word| !usable(word)) {
        return Err(format!("no server could be told the value {}", text::quoted(word)));
    }
    let mut seen = BTreeSet::new();
    let mut words: Vec<String> = allowed.drain(..).rev().filter(|word| seen.insert(word.to_lowercase())).collect();
    words.reverse();
    Ok(words)
}

/// The raw value that offers every word and begins with `first`.
pub(super) fn led_by(first: &str, allowed: &[String]) -> String {
    let rest = allowed.iter().map(String::as_str).filter(|word| *word != first);
    std::iter::once(first).chain(rest).collect::<Vec<_>>().join(",")
}

fn allowed_items(default: &str, allowed: &[String]) -> Vec<String> {
    default
        .split(',')
        .map(number::strip)
        .filter(|item| allowed.iter().any(|word| word == item))
        .map(str::to_owned)
        .collect()
}
