//! What only a terminal needs to say of GPUs; the rest is said as everywhere.

use crate::cli::table::Tone;
pub(super) use crate::client::gpu_words::*;

/// A number with its unit, or a dash: for columns.
pub(super) fn cell(number: Option<impl std::fmt::Display>, unit: &str) -> String {
    number.map_or_else(|| "-".to_owned(), |number| format!("{number}{unit}"))
}

pub(super) fn health(health: &str) -> Tone {
    match health {
        "ok" => Tone::Good,
        "unknown" => Tone::Plain,
        _ => Tone::Bad,
    }
}
