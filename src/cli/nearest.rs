//! Help for a slip of the finger.

use crate::model::text::quoted;

/// Names that resemble each other less than this are no slip of the finger.
const RESEMBLES: f64 = 0.8;
/// Longer texts, in bytes, were never meant to be a name.
const LONGEST: usize = 100;

/// “ Did you mean …?” with the one of `known` that resembles `name` most; empty if none does.
pub(super) fn hint<'k>(known: impl Iterator<Item = &'k str>, name: &str) -> String {
    let resemblances = known.filter(|_| name.len() < LONGEST).map(|known| (known, strsim::jaro_winkler(known, name)));
    let nearest = resemblances.max_by(|(_, one), (_, other)| one.total_cmp(other));
    let nearest = nearest.filter(|(_, resemblance)| *resemblance >= RESEMBLES);
    nearest.map_or(String::new(), |(known, _)| format!(" Did you mean {}?", quoted(known)))
}
