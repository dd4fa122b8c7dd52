//! The installed server's own table of settings, asked once for each installation.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::installed::Installed;
use crate::host::root::Root;
use crate::host::user_child::{self, Account, Question};
use crate::model::stream::{Generation, Schema};

const CACHE: &str = "/var/lib/desktop-control/selkies-schema.json";
const READER: &str = include_str!("../../../data/stream/read-schema.py");

/// Where a table is from. The tokens are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum SchemaSource {
    /// The installed server.
    Server,
    /// Brought along, of some other version.
    Snapshot,
    /// Brought along, written by hand.
    Curated,
}

/// A table, and how good it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The table.
    pub schema: Schema,
    /// Where it is from.
    pub source: SchemaSource,
    /// Why it is not the server's own, one sentence; empty if it is.
    pub note: String,
}

#[derive(Serialize, Deserialize)]
struct Cached {
    /// [`Installed::stamp`].
    installation: String,
    /// The question, see [`READER`]: another one has other answers.
    reader: String,
    /// As the child gave it.
    schema: String,
}

/// The settings of what is installed.
pub async fn schema(root: &Root, installed: &Installed, python: &str, account: Option<Account>) -> Told {
    if installed.generation == Generation::SelkiesGstreamer {
        let schema = Schema::legacy();
        return Told { note: schema.unproven.clone(), schema, source: SchemaSource::Curated };
    }
    if let Some(schema) = cached(root, installed) {
        return Told { schema, source: SchemaSource::Server, note: String::new() };
    }
    match ask(&root.join(python), account).await {
        Ok((schema, text)) => {
            remember(root, installed, text);
            Told { schema, source: SchemaSource::Server, note: String::new() }
        }
        Err(reason) => {
            let schema = Schema::bundled();
            tracing::warn!(reason, "the installed Selkies does not tell its settings");
            let note = format!(
                "Selkies {} does not tell its settings ({reason}). These are the ones of {}; some may differ.",
                installed.version, schema.version
            );
            Told { schema, source: SchemaSource::Snapshot, note }
        }
    }
}

async fn ask(python: &Path, account: Option<Account>) -> Result<(Schema, String), String> {
    let account = account.ok_or("the desktop user is not known")?;
    let environment = BTreeMap::new();
    let question = Question { program: python, arguments: &["-I", "-"], environment: &environment, input: READER };
    let answer = user_child::ask(account, &question).await.map_err(|error| error.to_string())?;
    if !answer.status.success() {
        let last = answer.complaint.lines().last().unwrap_or_default();
        let last: String = last.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
        return Err(if last.is_empty() { answer.status.to_string() } else { last });
    }
    let text = String::from_utf8(answer.output).map_err(|_| "its answer is no text")?;
    let schema = Schema::parse(&text).map_err(|error| error.to_string())?;
    for entry in &schema.left_out {
        tracing::warn!(entry, "a setting of Selkies cannot be used");
    }
    Ok((schema, text))
}

fn cached(root: &Root, installed: &Installed) -> Option<Schema> {
    let cached: Cached = serde_json::from_str(&root.read(CACHE).ok()??).ok()?;
    let fits = cached.installation == installed.stamp && cached.reader == READER;
    fits.then(|| Schema::parse(&cached.schema).ok())?
}

fn remember(root: &Root, installed: &Installed, schema: String) {
    let cached = Cached { installation: installed.stamp.clone(), reader: READER.to_owned(), schema };
    let written = serde_json::to_vec(&cached).map_err(std::io::Error::from);
    // Without it the question is asked again at the next start.
    if let Err(error) = written.and_then(|json| root.write(CACHE, &json, 0o644)) {
        tracing::warn!(%error, CACHE, "cannot be written");
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const PYTHON: &str = "/opt/selkies/bin/python";
    const ANSWER: &str = r#"{"version": "9.9", "settings": [{"name": "good", "type": "bool", "default": "true"}]}"#;

    /// A server whose Python is this shell script; it leaves a line in `asked` each time.
    fn server(script: &str) -> (tempfile::TempDir, Root) {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("mode");
        let root = Root::new(folder.path());
        root.write("/asked", b"", 0o666).expect("written");
        let asked = root.join("/asked").display().to_string();
        let script = format!("#!/bin/sh\necho \"$*\" >>{asked}\nread -r first\n{script}\n");
        root.write(PYTHON, script.as_bytes(), 0o755).expect("written");
        (folder, root)
    }

    async fn told(root: &Root, stamp: &str) -> Told {
        let account = Some(Account { uid: 65534, gid: 65534 });
        let installed = Installed { generation: Generation::Selkies, version: "9.9".into(), stamp: stamp.to_owned() };
        schema(root, &installed, PYTHON, account).await
    }

    fn asked(root: &Root) -> usize {
        root.read("/asked").expect("readable").expect("there").lines().count()
    }

    #[tokio::test]
    async fn each_installation_is_asked_once() {
        let (_folder, root) = server(&format!("echo '{ANSWER}'"));
        for _ in 0..2 {
            let told = told(&root, "one").await;
            assert_eq!(
                (told.schema.version.as_str(), told.source, told.note.as_str()),
                ("9.9", SchemaSource::Server, "")
            );
        }
        assert_eq!(asked(&root), 1);
        assert_eq!(root.read("/asked").expect("readable").as_deref(), Some("-I -\n"));
        told(&root, "another").await;
        assert_eq!(asked(&root), 2);
        root.write(CACHE, b"{}", 0o644).expect("written");
        told(&root, "another").await;
        assert_eq!(asked(&root), 3, "a cache that is none is not used");
    }

    #[tokio::test]
    async fn one_that_does_not_tell_is_replaced_by_what_we_bring_and_asked_again() {
        for (script, says) in [
            ("echo 'no module named selkies' >&2; exit 1", "no module named selkies"),
            ("exit 4", "exit status: 4"),
            ("echo hello", "cannot be read"),
            ("yes", "more than"),
            ("sleep 100", "did not end within 5 s"),
        ] {
            let (_folder, root) = server(script);
            let first = told(&root, "one").await;
            assert_eq!((first.source, first.schema), (SchemaSource::Snapshot, Schema::bundled()), "{script}");
            assert!(first.note.contains(says) && first.note.contains("Selkies 9.9"), "{}", first.note);
            assert!(!root.join(CACHE).exists(), "{script}");
        }
        let (_folder, root) = server("exit 1");
        told(&root, "one").await;
        told(&root, "one").await;
        assert_eq!(asked(&root), 2);
    }

    #[tokio::test]
    async fn the_old_generation_is_asked_for_nothing() {
        let (_folder, root) = server("exit 1");
        let installed =
            Installed { generation: Generation::SelkiesGstreamer, version: String::new(), stamp: String::new() };
        let told = schema(&root, &installed, PYTHON, None).await;
        assert_eq!((told.source, asked(&root)), (SchemaSource::Curated, 0));
        assert!(told.note.ends_with('.'));
    }
}
