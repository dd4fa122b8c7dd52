//! What GPUs do, for as long as somebody looks at it. The overview and the page of the GPUs each have one.

use std::time::Duration;

use relm4::ShutdownReceiver;
use tokio::sync::oneshot;

use crate::client::{Client, GpuMomentFacts, GpuStats};

/// What a watch brings.
#[derive(Debug)]
pub(super) enum Look {
    /// The last ten minutes of the GPU with this UUID, as far as somebody watched.
    Past(String, Vec<GpuMomentFacts>),
    /// What it does now.
    Now(String, Box<GpuStats>),
}

/// Whether somebody looks, and at which GPUs.
#[derive(Debug)]
pub(super) struct GpuWatch {
    every: Duration,
    /// How often a watch has begun.
    number: u64,
    /// The GPUs that are watched, or that the daemon does not want to be watched; it ends when this is dropped.
    watched: Option<(Vec<String>, oneshot::Sender<()>)>,
}

/// A watch that has to be begun.
#[derive(Debug)]
pub(super) struct Begin {
    client: Client,
    uuids: Vec<String>,
    every: Duration,
    number: u64,
    end: oneshot::Receiver<()>,
}

impl GpuWatch {
    /// Nobody looks yet.
    pub(super) fn every(every: Duration) -> Self {
        Self { every, number: 0, watched: None }
    }

    /// Somebody looks at these GPUs, or nobody does where there is no client. What has to be begun now, if something
    /// has. Ends what nobody needs.
    pub(super) fn turn(&mut self, client: Option<&Client>, uuids: &[String]) -> Option<Begin> {
        let (Some(client), false) = (client, uuids.is_empty()) else {
            self.end();
            return None;
        };
        if self.watched.as_ref().is_some_and(|(watched, _)| watched == uuids) {
            return None;
        }
        self.number += 1;
        let (end, ended) = oneshot::channel();
        self.watched = Some((uuids.to_vec(), end));
        let (client, uuids) = (client.clone(), uuids.to_vec());
        Some(Begin { client, uuids, every: self.every, number: self.number, end: ended })
    }

    /// Nobody looks any more.
    pub(super) fn end(&mut self) {
        self.watched = None;
    }

    /// What the watch of this number brings is still wanted.
    pub(super) fn is_current(&self, number: u64) -> bool {
        self.watched.is_some() && self.number == number
    }
}

impl Begin {
    /// Tells what there is to see, with the number of the watch, until nobody looks any more.
    pub(super) async fn run(self, shutdown: ShutdownReceiver, tell: impl Fn(u64, Look) -> bool + Send) {
        let Self { client, uuids, every, number, end } = self;
        let look = async {
            for uuid in &uuids {
                // Without it the picture begins now.
                let past = client.gpu_history(uuid).await.unwrap_or_default();
                tell(number, Look::Past(uuid.clone(), past));
                // Of one that is lost nothing new is told, only what it did last.
                if let Ok(stats) = client.gpu_stats(uuid).await {
                    tell(number, Look::Now(uuid.clone(), Box::new(stats)));
                }
            }
            let told = client
                .follow_gpus(&uuids, every, |uuid, stats| tell(number, Look::Now(uuid.to_owned(), Box::new(stats))));
            if let Err(error) = told.await {
                tracing::warn!(%error, "what is told of the GPUs is as old as it is");
            }
        };
        let until_nobody_looks = async {
            tokio::select! {
                () = look => {}
                _ = end => {}
            }
        };
        shutdown.register(Box::pin(until_nobody_looks)).drop_on_shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_somebody_to_ask_nothing_is_begun() {
        let mut watch = GpuWatch::every(Duration::from_secs(1));
        assert!(watch.turn(None, &["GPU-1".into()]).is_none());
        assert!(!watch.is_current(0), "what was never begun is not wanted");
    }
}
