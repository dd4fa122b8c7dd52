//! `version.json`, which NVIDIA puts into a toolkit's folder.

use serde_json::Value;

use super::component::{self, Components};
use super::version::ToolkitVersion;

/// What the file says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct VersionFile {
    pub(super) version: ToolkitVersion,
    /// The parts that it names. It does not tell running from building.
    pub(super) components: Components,
}

/// The largest file that is read. Real ones have 4 KB.
const MOST_BYTES: usize = 256 * 1024;
/// The longest version of a part that is repeated.
const MOST_VERSION: usize = 40;

/// Reads the file. The error is the end of a sentence.
pub(super) fn parse(json: &str) -> Result<VersionFile, String> {
    if json.len() > MOST_BYTES {
        return Err(format!("it has {} bytes, more than the {MOST_BYTES} that are read", json.len()));
    }
    let value: Value = serde_json::from_str(json).map_err(|_| "it is no JSON".to_owned())?;
    let version = |key: &str| value.get(key)?.get("version")?.as_str();
    let told = version("cuda").ok_or("it names no version of CUDA")?;
    let told = told.parse().map_err(|error: super::version::VersionError| error.to_string())?;
    let mut components = Components::default();
    for description in component::descriptions() {
        if let Some(version) = description.json.iter().find_map(|key| version(key)) {
            components.add(
                description.id,
                printable(version),
                !description.run.is_empty(),
                !description.build.is_empty(),
            );
        }
    }
    Ok(VersionFile { version: told, components })
}

/// The version of a part, or nothing where it is none.
fn printable(version: &str) -> &str {
    let harmless = version.len() <= MOST_VERSION && version.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
    if harmless { version } else { "" }
}

#[cfg(test)]
mod tests {
    use super::super::component::{Component, Extent};
    use super::*;

    #[test]
    fn versions_as_nvidia_writes_them() {
        for (told, expected) in [("13.3.1", "13.3.1"), ("12.2.20230823", "12.2"), ("11.8.20220929", "11.8")] {
            let file = parse(&format!(r#"{{"cuda": {{"name": "CUDA SDK", "version": "{told}"}}}}"#)).expect("valid");
            assert_eq!(file.version.to_string(), expected);
            assert_eq!(file.components, Components::default());
        }
    }

    #[test]
    fn a_full_installation_names_its_parts() {
        let file = parse(include_str!("../../../tests/fixtures/cuda/version-13.3.1.json")).expect("valid");
        assert_eq!(file.version.to_string(), "13.3.1");
        assert_eq!(file.components.extent(file.version.release), Extent::Full);
        assert_eq!(file.components.0[&Component::Cublas].version, "13.6.0.2");
        assert_eq!(file.components.0[&Component::NsightCompute].version, "2026.2.1.5");
        // It calls them by a name that nobody has seen yet.
        assert!(!file.components.builds(Component::Cccl));
    }

    #[test]
    fn what_is_no_such_file_is_refused_in_a_sentence() {
        let long = " ".repeat(MOST_BYTES + 1);
        let deep = "[".repeat(100_000);
        for (json, expected) in [
            ("", "it is no JSON"),
            ("[1]", "it names no version of CUDA"),
            ("{}", "it names no version of CUDA"),
            (r#"{"cuda": {"version": 13}}"#, "it names no version of CUDA"),
            (
                r#"{"cuda": {"version": "13.x"}}"#,
                "“13.x” is no version of a CUDA toolkit; one looks like 12.9 or 12.9.1",
            ),
            (&long, "it has 262145 bytes, more than the 262144 that are read"),
            (&deep, "it is no JSON"),
        ] {
            assert_eq!(parse(json), Err(expected.to_owned()));
        }
    }

    #[test]
    fn hostile_versions_of_parts_are_left_out() {
        let json = r#"{"cuda": {"version": "13.3.1"}, "cuda_nvcc": {"version": "1\u001b[2J"}}"#;
        assert_eq!(parse(json).expect("valid").components.0[&Component::Compiler].version, "");
    }
}
