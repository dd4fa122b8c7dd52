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
