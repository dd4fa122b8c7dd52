//! `/job/<number>`: one job.

use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use zbus::message::Header;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::{ObjectPath, OwnedFd, OwnedObjectPath};
use zbus::{Connection, interface};

use super::{Ground, Options, pipe_for_client};
use crate::api::{Error, action};
use crate::daemon::jobs::target_paths;
use crate::model::job::Job;

/// See [`crate::api::proxy::JobProxy`].
#[derive(Debug)]
pub(crate) struct JobObject {
    pub(crate) ground: Ground,
    pub(crate) id: u64,
}

impl JobObject {
    /// The job; none in the moment between its end and that of its object.
    fn job(&self) -> Option<Arc<Job>> {
        self.ground.store.job(self.id)
    }

    fn field<T: Default>(&self, field: impl FnOnce(&Job) -> T) -> T {
        self.job().map(|job| field(&job)).unwrap_or_default()
    }
}

#[interface(name = "io.github.desktop_control.Control1.Job")]
impl JobObject {
    /// Asks the job to stop after what it does right now; what has been stopped by a restart is still started again.
    /// Finished tells when it has. What dpkg
    /// has begun is not cut: then it answers Unsupported. One's own job needs no permission, another's the action cancel-foreign. A job that
    /// is over answers Unsupported.
    async fn cancel(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        #[expect(unused_variables, reason = "for later versions")] options: Options,
    ) -> Result<(), Error> {
        let caller = self.ground.authority.caller(connection, &header).await?;
        if self.ground.jobs.owner(self.id) != Some(caller.uid) {
            self.ground.authority.check(connection, &header, action::CANCEL_FOREIGN).await?;
        }
        self.ground.jobs.cancel(self.id)
    }

    /// What the job has said so far, a line each, through a pipe. For its owner and for whom manage-services allows.
    async fn open_log(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        #[expect(unused_variables, reason = "for later versions")] options: Options,
    ) -> Result<OwnedFd, Error> {
        let caller = self.ground.authority.caller(connection, &header).await?;
        if self.ground.jobs.owner(self.id) != Some(caller.uid) {
            self.ground.authority.check(connection, &header, action::MANAGE_SERVICES).await?;
        }
        let held = self.ground.quota.take(caller.uid)?;
        let log = self.field(|job| job.log.join("\n") + "\n");
        let (mut ours, theirs) = pipe_for_client()?;
        tokio::spawn(async move {
            // A reader that hangs up has read enough.
            let _ = ours.write_all(log.as_bytes()).await;
            drop(held);
        });
        Ok(theirs.into())
    }

    /// It is over. Sent once, after the properties.
    #[zbus(signal)]
    pub(crate) async fn finished(
        emitter: &SignalEmitter<'_>,
        result: &str,
        error_name: &str,
        error_message: &str,
    ) -> zbus::Result<()>;

    /// What it does: service-start, service-stop, service-restart, tunnel-start, tunnel-stop, cuda-install, cuda-remove,
    /// cuda-default, cuda-enable-compat, cuda-verify, cuda-repair.
    #[zbus(property(emits_changed_signal = "const"))]
    fn kind(&self) -> &str {
        self.job().map_or("", |job| job.kind.into())
    }

    /// The objects that it works on.
    #[zbus(property(emits_changed_signal = "const"))]
    fn targets(&self) -> Vec<OwnedObjectPath> {
        let paths = self.field(target_paths);
        paths.into_iter().filter_map(|path| ObjectPath::try_from(path).ok().map(Into::into)).collect()
    }

    /// queued, running, cancelling, finished: forward only.
    #[zbus(property)]
    fn state(&self) -> &str {
        self.job().map_or("", |job| job.state.into())
    }

    /// What it does right now, for people; empty when it is over.
    #[zbus(property)]
    fn step(&self) -> String {
        self.field(|job| job.step.clone())
    }

    /// Between 0 and 1, where ProgressValid says so.
    #[zbus(property)]
    fn progress(&self) -> f64 {
        self.field(|job| f64::from(job.progress.0) / f64::from(job.progress.1.max(1)))
    }

    /// Progress means something.
    #[zbus(property)]
    fn progress_valid(&self) -> bool {
        self.field(|job| job.progress.1 > 1)
    }

    /// Bytes transferred; 0 for jobs that transfer nothing.
    #[zbus(property)]
    fn bytes_done(&self) -> u64 {
        self.field(|job| job.bytes.0)
    }

    /// Bytes to transfer; 0 for jobs that transfer nothing.
    #[zbus(property)]
    fn bytes_total(&self) -> u64 {
        self.field(|job| job.bytes.1)
    }

    /// Seconds until all bytes are transferred; 0 while that cannot be told, as when nothing is transferred.
    #[zbus(property)]
    fn seconds_left(&self) -> u64 {
        self.field(|job| job.seconds_left.unwrap_or_default())
    }

    /// Cancel would be heard.
    #[zbus(property)]
    fn cancellable(&self) -> bool {
        self.field(Job::cancellable)
    }

    /// Who asked for it.
    #[zbus(property(emits_changed_signal = "const"))]
    fn started_by_uid(&self) -> u32 {
        self.field(|job| job.started_by_uid)
    }

    /// Unix time in seconds.
    #[zbus(property(emits_changed_signal = "const"))]
    fn start_time(&self) -> u64 {
        self.field(|job| job.started_at)
    }

    /// done, failed, cancelled, skipped (there was nothing to do); empty while it is not over.
    #[zbus(property)]
    fn result(&self) -> &str {
        self.job().and_then(|job| job.result).map_or("", Into::into)
    }

    /// The last part of an error name of this contract, such as TimedOut; empty unless it failed.
    #[zbus(property)]
    fn error_name(&self) -> String {
        self.field(|job| job.error.as_ref().map(|error| error.name.clone()).unwrap_or_default())
    }

    /// One sentence for people; empty unless it failed.
    #[zbus(property)]
    fn error_message(&self) -> String {
        self.field(|job| job.error.as_ref().map(|error| error.message.clone()).unwrap_or_default())
    }
}
