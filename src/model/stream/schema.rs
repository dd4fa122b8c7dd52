//! The table of all settings, as the installed server tells it.
//!
//! Whoever asks the server hands its answer to [`Schema::parse`] as text. That answer was computed by code that the
//! desktop user can write, so nothing in it is believed: entries that make no sense are left out and named.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::entry::{self, Entry};
use super::setting::{Generation, Setting};
use crate::model::text;

/// The largest text that is read. That of 2.1.0 has 60 KB.
pub const MOST_BYTES: usize = 1024 * 1024;
/// The most settings that are read. 2.1.0 has 167.
const MOST_SETTINGS: usize = 2000;
/// The most characters of a complaint that are repeated.
const MOST_COMPLAINT: usize = 200;

/// Every setting of one version of the server.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    /// The server's version, such as `2.1.0`.
    pub version: String,
    /// Which of the two programs it is.
    pub generation: Generation,
    /// Why the table may be wrong, one sentence; empty when it was proven with the real server.
    pub unproven: String,
    /// All settings in the server's own order.
    pub settings: Vec<Setting>,
    /// Entries that could not be used, one sentence each.
    pub left_out: Vec<String>,
}

/// Why a text is no schema at all.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// Longer than [`MOST_BYTES`].
    #[error("the description of the settings has {0} bytes, more than the {MOST_BYTES} that are read")]
    TooLarge(usize),
    /// More entries than any server has.
    #[error("the description of the settings has {0} entries, more than the {MOST_SETTINGS} that are read")]
    TooMany(usize),
    /// Not JSON of the form that is expected.
    #[error("the description of the settings cannot be read: {0}")]
    Malformed(String),
    /// The version is not one.
    #[error("the description of the settings names no version but {}", text::quoted(.0))]
    Version(String),
    /// Not one entry could be used.
    #[error("the description of the settings has no entry that can be used")]
    Empty,
}

#[derive(Deserialize)]
struct File {
    version: String,
    #[serde(default)]
    generation: Generation,
    #[serde(default)]
    unproven: String,
    settings: Vec<Value>,
}

impl Schema {
    /// Reads `{"version": …, "settings": [{"name", "type", "default", "help", …}, …]}`.
    ///
    /// # Errors
    /// Too large, not of this form, or without a single entry that can be used.
    pub fn parse(json: &str) -> Result<Self, SchemaError> {
        let mut file = Self::file(json)?;
        // Only our own tables may say these: a variable of its own would let a server name any variable there is.
        file.generation = Generation::Selkies;
        file.unproven.clear();
        for setting in &mut file.settings {
            for key in ["variable", "fixed_by", "browser_file"] {
                setting.as_object_mut().and_then(|entry| entry.remove(key));
            }
        }
        Self::read(file)
    }

    fn file(json: &str) -> Result<File, SchemaError> {
        if json.len() > MOST_BYTES {
            return Err(SchemaError::TooLarge(json.len()));
        }
        let file: File = serde_json::from_str(json).map_err(|error| SchemaError::Malformed(in_short(&error)))?;
        if file.settings.len() > MOST_SETTINGS {
            return Err(SchemaError::TooMany(file.settings.len()));
        }
        if !is_version(&file.version) {
            return Err(SchemaError::Version(file.version));
        }
        Ok(file)
    }

    fn read(file: File) -> Result<Self, SchemaError> {
        let mut schema = Self {
            version: file.version,
            generation: file.generation,
            unproven: file.unproven,
            settings: Vec::new(),
            left_out: Vec::new(),
        };
        let mut known = BTreeSet::new();
        for (position, value) in file.settings.into_iter().enumerate() {
            let name = value.get("name").and_then(Value::as_str).map(text::quoted);
            let named = name.unwrap_or_else(|| format!("Number {}", position + 1));
            match read(value, file.generation, &mut known) {
                Ok(setting) => schema.settings.push(setting),
                Err(reason) => schema.left_out.push(format!("{named} is left out of the settings: {reason}.")),
            }
        }
        if schema.settings.is_empty() { Err(SchemaError::Empty) } else { Ok(schema) }
    }

    /// The setting with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.name == name)
    }

    /// The table of the newest version that this program was made with: for when the installed server cannot be asked.
    #[must_use]
    pub fn bundled() -> Self {
        Self::compiled_in(include_str!("../../../data/stream/selkies-2.1.0.json"))
    }

    /// The table of the 1.6 generation, which can be asked for nothing.
    #[must_use]
    pub fn legacy() -> Self {
        Self::compiled_in(include_str!("../../../data/stream/selkies-1.6.json"))
    }

    #[expect(clippy::expect_used, reason = "both files are compiled in, and a test reads them")]
    fn compiled_in(json: &str) -> Self {
        Self::file(json).and_then(Self::read).expect("the bundled tables are valid")
    }
}

fn read(value: Value, generation: Generation, known: &mut BTreeSet<String>) -> Result<Setting, String> {
    let entry: Entry = serde_json::from_value(value).map_err(|error| in_short(&error))?;
    let setting = entry::setting(entry, generation)?;
    if known.insert(setting.name.clone()) { Ok(setting) } else { Err("an entry before it has the same name".into()) }
}

/// The parser's complaint, which may repeat what it complains about.
fn in_short(error: &serde_json::Error) -> String {
    error.to_string().chars().take(MOST_COMPLAINT).flat_map(char::escape_debug).collect()
}

fn is_version(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".+-!_".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::super::setting::Kind;
    use super::*;

    fn schema(settings: &str) -> Result<Schema, SchemaError> {
        Schema::parse(&format!(r#"{{"version": "9.9", "settings": [{settings}]}}"#))
    }

    const GOOD: &str = r#"{"name": "good", "type": "bool", "default": false, "help": ""}"#;

    #[test]
    fn the_bundled_tables_are_whole() {
        let schema = Schema::bundled();
        assert_eq!(schema.version, "2.1.0");
        assert_eq!(schema.settings.len(), 167);
        assert_eq!(schema.left_out, Vec::<String>::new());
        assert_eq!(schema.unproven, "");
        let legacy = Schema::legacy();
        assert_eq!(legacy.generation, Generation::SelkiesGstreamer);
        assert_eq!(legacy.left_out, Vec::<String>::new());
        assert!(legacy.unproven.ends_with('.'));
    }

    #[test]
    fn kinds_are_those_of_the_server() {
        let schema = Schema::bundled();
        let kind = |name: &str| schema.get(name).expect("there").kind.clone();
        assert_eq!(kind("framerate"), Kind::Range { min: 8.0, max: 240.0, initial: 60.0 });
        assert_eq!(kind("port"), Kind::Int { min: Some(1), max: Some(65535) });
        assert_eq!(kind("manual_width"), Kind::Int { min: Some(0), max: Some(16384) });
        assert_eq!(kind("keyframe_interval"), Kind::Float { min: Some(0.0), max: Some(300.0) });
        let transfers = ["upload", "download"].map(str::to_owned).to_vec();
        assert_eq!(kind("file_transfers"), Kind::List { allowed: transfers.clone(), default: transfers });
        assert!(matches!(kind("encoder"), Kind::Enum { default, .. } if default == "h264enc"));
        let secrets: Vec<_> = schema.settings.iter().filter(|setting| setting.secret).collect();
        assert_eq!(secrets.len(), 16, "12 by its own mark");
        assert_eq!(schema.get("encode_dri").expect("there").env_vars, ["DRI_NODE"]);
        assert_eq!(schema.get("video_crf").expect("there").env_name(), "SELKIES_VIDEO_CRF");
    }

    #[test]
    fn an_unknown_type_is_a_text() {
        let schema = schema(r#"{"name": "glow", "type": "colour", "default": "red", "help": "Glow."}"#).expect("valid");
        assert_eq!(schema.settings[0].kind, Kind::Text);
    }

    #[test]
    fn nonsense_is_left_out_and_named() {
        for (nonsense, expected) in [
            (r#"{"name": "a b", "type": "bool", "default": "true"}"#, "“a b” is left out"),
            (r#"{"name": "PATH", "type": "str", "default": ""}"#, "“PATH” is left out"),
            (r#"{"name": "x", "type": "enum", "default": "a", "allowed": []}"#, "nothing to choose from"),
            (r#"{"name": "x", "type": "enum", "default": "a", "allowed": ["a", "b,c"]}"#, "“b,c”"),
            (r#"{"name": "x", "type": "int", "default": "ten"}"#, "default"),
            (r#"{"name": "x", "type": "int", "default": "1", "min": 5, "max": 2}"#, "least"),
            (r#"{"name": "x", "type": "range", "default": "8"}"#, "span"),
            (r#"{"name": "x", "type": "bool", "default": "a\u0000b"}"#, "default"),
            (r#"{"type": "bool", "default": "true"}"#, "Number 2"),
            (r#""just a text""#, "Number 2"),
            (GOOD, "“good” is left out of the settings: an entry before it has the same name."),
        ] {
            let schema = schema(&format!("{GOOD}, {nonsense}")).expect("the good one stays");
            assert_eq!(schema.settings.len(), 1, "{nonsense}");
            assert_eq!(schema.left_out.len(), 1, "{nonsense}");
            assert!(schema.left_out[0].contains(expected), "{:?}", schema.left_out);
        }
    }

    #[test]
    fn what_is_no_schema_is_refused() {
        assert!(matches!(Schema::parse("{"), Err(SchemaError::Malformed(_))));
        assert!(matches!(Schema::parse(&" ".repeat(MOST_BYTES + 1)), Err(SchemaError::TooLarge(_))));
        assert!(matches!(schema(""), Err(SchemaError::Empty)));
        assert!(matches!(schema(&vec!["0"; MOST_SETTINGS + 1].join(",")), Err(SchemaError::TooMany(_))));
        assert!(matches!(Schema::parse(r#"{"version": "1\n2", "settings": []}"#), Err(SchemaError::Version(_))));
        assert!(Schema::parse(&"[".repeat(100_000)).is_err());
        let hostile = format!(r#"{{"version": "1", "settings": [], "generation": "\u001b[2J{}"}}"#, "x".repeat(9999));
        let sentence = Schema::parse(&hostile).expect_err("no such generation").to_string();
        assert!(sentence.len() < 400 && !sentence.contains('\u{1b}'), "{sentence}");
    }

    #[test]
    fn a_server_cannot_name_variables_that_are_not_its_own() {
        let json = r#"{"version": "9.9", "generation": "selkies-gstreamer", "unproven": "x", "settings": [{"name": "x",
            "type": "str", "default": "", "variable": "LD_PRELOAD", "fixed_by": "me", "browser_file": true}]}"#;
        let schema = Schema::parse(json).expect("valid");
        assert_eq!((schema.generation, schema.unproven.as_str()), (Generation::Selkies, ""));
        assert_eq!(schema.settings[0].env_name(), "SELKIES_X");
        assert_eq!(schema.settings[0].fixed_by, None);
    }

    #[test]
    fn help_can_move_no_cursor() {
        let schema = schema(r#"{"name": "x", "type": "str", "default": "", "help": "a\u001b[2Jb\u202ec"}"#);
        assert_eq!(schema.expect("valid").settings[0].help, "a [2Jb c");
    }
}
