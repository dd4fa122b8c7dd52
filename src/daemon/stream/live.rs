//! Looking at what happens right now.

use std::collections::VecDeque;

use tokio::time::Instant;

use super::Stream;
use super::view::{Configured, Live};
use crate::api::stream::Moment;
use crate::daemon::pending::STREAM;
use crate::daemon::store::ServiceView;
use crate::daemon::unix_now;
use crate::host::log_follow;
use crate::host::selkies::{self, LogReading, Measured, Viewers};
use crate::model::stream::Overlay;
use crate::model::stream::effective::Seen;
use crate::model::stream::truth::{self, Truth, Wanted};

/// Ten minutes, at one a second.
const MOST_MOMENTS: usize = 600;

/// What is carried over from one look to the next.
#[derive(Debug, Default)]
pub(super) struct Sampling {
    /// When it was looked; none while nothing is shown.
    pub(super) last: Option<Instant>,
    began: Option<Instant>,
    moments: VecDeque<Moment>,
    log: LogReading,
    looks: Option<f64>,
}

impl Sampling {
    pub(super) fn history(&self) -> Vec<Moment> {
        self.moments.iter().copied().collect()
    }

    /// Frames a second and latency. The server goes on telling the last ones when nobody is sent pictures any more.
    fn speed(&mut self, viewers: Option<Viewers>, measured: Option<Measured>) -> (Option<f64>, Option<f64>) {
        let Measured { fps, latency, looks } = measured.unwrap_or_default();
        let before = std::mem::replace(&mut self.looks, looks);
        let stands_still = viewers.is_some_and(|viewers| viewers.count == 0)
            || looks.is_some_and(|looks| looks == 0.0 || before == Some(looks));
        if stands_still { (fps.map(|_| 0.0), None) } else { (fps, latency) }
    }

    fn remember(&mut self, live: &Live) {
        while self.moments.len() >= MOST_MOMENTS {
            self.moments.pop_front();
        }
        self.moments.push_back((unix_now(), live.fps.unwrap_or(-1.0), live.latency.unwrap_or(-1.0)));
    }
}

impl Stream {
    /// Looks, and tells the store. `watched`: it goes on, and is remembered.
    pub(super) async fn sample(&self, watched: bool) {
        let asked = Instant::now();
        let mut sampling = self.inner.sampling.lock().await;
        // As with what is configured: who asked meanwhile is content with this one.
        if !watched && sampling.began.is_some_and(|began| began >= asked) {
            return;
        }
        sampling.began = Some(Instant::now());
        let live = self.look_at(&mut sampling).await;
        if watched {
            sampling.remember(&live);
        }
        sampling.last = Some(Instant::now());
        self.inner.store.put_live(live);
    }

    /// What nobody watches is not told for much longer.
    pub(super) async fn forget(&self) {
        let mut sampling = self.inner.sampling.lock().await;
        sampling.last = None;
        self.inner.store.put_live(Live::default());
    }

    async fn look_at(&self, sampling: &mut Sampling) -> Live {
        let store = &self.inner.store;
        let Some(service) = store.service(STREAM).filter(|service| service.pid.is_some()) else {
            return Live::default();
        };
        let address = service.entry.access.as_ref().map(|access| access.address.clone()).unwrap_or_default();
        let (viewers, measured) = tokio::join!(selkies::viewers(&address), selkies::measured(&address));
        let (fps, latency) = sampling.speed(viewers, measured);
        let seen = self.said(sampling, &service);
        let truth = match &store.stream().configured {
            Some(configured) => judge(configured, &seen),
            None => Truth::default(),
        };
        Live { viewers: viewers.map(|viewers| viewers.count), fps, latency, seen, truth }
    }

    /// What the server has said in its log since it started.
    fn said(&self, sampling: &mut Sampling, service: &ServiceView) -> Seen {
        let opened = log_follow::open_first(&self.inner.root, &service.log_files(), None);
        let read = opened.and_then(|(file, _)| sampling.log.read_on(file, service.pid).cloned());
        read.unwrap_or_else(|error| {
            tracing::debug!(%error, "the stream's log cannot be read");
            Seen::default()
        })
    }
}

fn judge(configured: &Configured, seen: &Seen) -> Truth {
    let Configured { schema, resolved, machine, .. } = configured;
    let choice = |name: &str| Some(schema.get(name)?.decode(&resolved.get(name)?.raw));
    let Some((setting, encoder)) = schema.get("encoder").zip(choice("encoder")) else { return Truth::default() };
    let row = Overlay::bundled().row(setting);
    let wanted = Wanted {
        cpu: choice("use_cpu").is_some_and(|cpu| cpu.value == "true"),
        gpu_possible: row.hardware.contains_key(&encoder.value),
        meaning: encoder.meaning,
        encoder: encoder.value,
    };
    truth::judge(&wanted, seen, machine, |encoder| row.words(encoder))
}
