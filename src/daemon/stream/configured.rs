//! Reading what is configured.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::time::Instant;

use super::view::Configured;
use super::{Stream, in_force, table};
use crate::daemon::pending::STREAM;
use crate::daemon::unix_now;
use crate::host::names;
use crate::host::selkies::environment::{self, Place};
use crate::host::selkies::{self, Installed, SchemaSource, Told, hardware};
use crate::host::user_child::Account;
use crate::model::stream::{Schema, Size, resolve};

/// The unit of the display.
const DISPLAY: &str = "x-server";

/// What is carried over from one look to the next.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// When the last one began; none before the first.
    pub(super) began: Option<Instant>,
    /// The table of settings, and of what.
    told: Option<(Installed, Arc<Schema>, SchemaSource, String)>,
    /// The flags of the server when it ran last.
    flags: BTreeMap<String, String>,
    revision: u64,
}

impl Stream {
    /// Reads what is configured and tells the store.
    pub(super) async fn read(&self) {
        let inner = &self.inner;
        let asked = Instant::now();
        let mut reading = inner.reading.lock().await;
        // Of many who ask while it is being read all are content with the next one.
        if reading.began.is_some_and(|began| began >= asked) {
            return;
        }
        reading.began = Some(Instant::now());
        let installed = selkies::installed(&inner.root, &inner.terms.python);
        let configured = match installed {
            Some(installed) => Some(Arc::new(self.look(&mut reading, installed).await)),
            None => None,
        };
        inner.store.put_configured(configured);
    }

    async fn look(&self, reading: &mut Reading, installed: Installed) -> Configured {
        let inner = &self.inner;
        let account = self.account().await;
        let (schema, schema_source, schema_note) = self.schema(reading, &installed, account).await;
        let settings = inner.pending.settings(STREAM);
        let kept = settings.kept().unwrap_or_else(|error| {
            tracing::error!(%error, "our settings of the stream cannot be read");
            BTreeMap::new()
        });
        let overrides = in_force(inner.store.trial_of(STREAM).as_deref(), kept);
        let (flags, frame_buffer) = self.processes(&schema).await;
        reading.flags = flags.unwrap_or_else(|| std::mem::take(&mut reading.flags));
        let supervisor = inner.supervisor.identity().await.ok();
        let place = Place {
            root: &inner.root,
            account,
            workspace: &inner.terms.workspace,
            service: STREAM,
            mode: settings.mode(),
            supervisor: supervisor.map(|supervisor| supervisor.pid),
        };
        let mut layers = environment::layers(&place, &schema, overrides, reading.flags.clone()).await;
        layers.fixed.clone_from(&inner.terms.fixed);
        let resolved = resolve(&schema, &layers);
        let machine = hardware::machine(&inner.root, &layers.container);
        let mut configured = Configured {
            installed,
            schema_source,
            schema_note,
            write_mode: settings.mode(),
            frame_buffer,
            revision: 0,
            presets: table::presets(&schema),
            preset: table::preset_in_force(&schema, &resolved),
            schema,
            layers,
            resolved,
            machine,
        };
        configured.revision = self.revision(reading, &configured);
        configured
    }

    async fn account(&self) -> Option<Account> {
        let user = self.inner.terms.user.clone();
        // Name services may go over the network.
        tokio::task::spawn_blocking(move || names::account(&user)).await.ok().flatten()
    }

    /// The table that is known already, unless another server is installed or did not tell last time.
    async fn schema(
        &self,
        reading: &mut Reading,
        installed: &Installed,
        account: Option<Account>,
    ) -> (Arc<Schema>, SchemaSource, String) {
        if let Some((of, schema, source, note)) = &reading.told
            && of == installed
            && *source != SchemaSource::Snapshot
        {
            return (Arc::clone(schema), *source, note.clone());
        }
        let Told { schema, source, note } =
            selkies::schema(&self.inner.root, installed, &self.inner.terms.python, account).await;
        let schema = Arc::new(schema);
        reading.told = Some((installed.clone(), Arc::clone(&schema), source, note.clone()));
        (schema, source, note)
    }

    /// The flags of the running server, and the screen's frame buffer.
    async fn processes(&self, schema: &Arc<Schema>) -> (Option<BTreeMap<String, String>>, Option<Size>) {
        let pid = |name: &str| self.inner.store.service(name).and_then(|view| view.pid);
        let (stream, display, schema) = (pid(STREAM), pid(DISPLAY), Arc::clone(schema));
        let looked = tokio::task::spawn_blocking(move || {
            let flags = stream.and_then(|pid| environment::flags(pid, &schema));
            let frame_buffer = display.and_then(|pid| hardware::frame_buffer(&environment::command_lines(pid)));
            (flags, frame_buffer)
        });
        looked.await.unwrap_or_default()
    }

    /// Goes on growing when the daemon is restarted, as the time does.
    fn revision(&self, reading: &mut Reading, now: &Configured) -> u64 {
        let view = self.inner.store.stream();
        if !view.configured.as_ref().is_some_and(|before| before.tells_the_same(now)) {
            reading.revision = unix_now().max(reading.revision + 1);
        }
        reading.revision
    }
}
