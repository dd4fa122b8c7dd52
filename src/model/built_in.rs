//! The tables that are compiled in.
//!
//! They are TOML because people keep them. Each type that is read from TOML itself costs five times the code of one that
//! is read from values at hand, for the sake of lines and columns in complaints, which nobody needs of a file that a
//! test has read. docs/decisions.md, 86.

use serde::de::{DeserializeOwned, Error as _};
use serde_json::{Error, Value};

/// Reads one of them.
///
/// # Errors
/// It is no such table.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_value(values(text)?)
}

fn values(text: &str) -> Result<Value, Error> {
    let table: toml::Table = text.parse().map_err(Error::custom::<toml::de::Error>)?;
    serde_json::to_value(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Part {
        name: String,
        size: u64,
        share: Option<f64>,
    }

    #[test]
    fn a_table_is_read_as_it_is_written() {
        let part = |share| Part { name: "a \"part\"".into(), size: 3, share };
        assert_eq!(read::<Part>("name = 'a \"part\"'\nsize = 3\n").expect("read"), part(None));
        assert_eq!(read::<Part>("name = 'a \"part\"'\nsize = 3\nshare = 0.5\n").expect("read"), part(Some(0.5)));
        for wrong in ["name =", "name = 'a'", "name = 'a'\nsize = -1", "name = 'a'\nsize = 1\nother = 1"] {
            assert!(read::<Part>(wrong).is_err(), "{wrong}");
        }
    }
}
