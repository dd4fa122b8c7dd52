//! Looking at what happens right now.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::Stream;
use super::view::{Configured, Live};
use crate::api::stream::Moment;
use crate::daemon::pending::STREAM;
use crate::daemon::store::ServiceView;
use crate::daemon::unix_now;
use crate::host::log_follow;
use crate::host::selkies::environment;
use crate::host::selkies::{self, LogReading, Measured, Viewers};
use crate::model::stream::Overlay;
use crate::model::stream::effective::Seen;
use crate::model::stream::truth::{self, Truth, Wanted};

/// Ten minutes, at one a second.
const MOST_MOMENTS: usize = 600;
/// The server looks at its viewer twice in this time, or it does not any more.
const TWO_LOOKS: Duration = Duration::from_millis(900);

/// What is carried over from one look to the next.
#[derive(Debug, Default)]
pub(super) struct Sampling {
    /// When it was looked; none while nothing is shown.
    pub(super) last: Option<Instant>,
    began: Option<Instant>,
    moments: VecDeque<Moment>,
    log: LogReading,
    /// When it was asked how often the server had looked at its viewer, and what it said.
    looks: Option<(Instant, f64)>,
}

impl Sampling {
    pub(super) fn history(&self) -> Vec<Moment> {
        self.moments.iter().copied().collect()
    }

    /// Frames a second and latency. The server goes on telling the last ones when nobody is sent pictures any more.
    fn speed(&mut self, viewers: Option<Viewers>, measured: Option<Measured>) -> (Option<f64>, Option<f64>) {
        let Measured { fps, latency, looks } = measured.unwrap_or_default();
        let nobody = viewers.is_some_and(|viewers| viewers.count == 0) || looks == Some(0.0);
        if nobody || self.stands_still(looks) { (fps.map(|_| 0.0), None) } else { (fps, latency) }
    }

    /// The server has stopped looking at its viewer, as it does twice a second while that one is sent pictures.
    fn stands_still(&mut self, looks: Option<f64>) -> bool {
        let now = Instant::now();
        let before = self.looks.filter(|(at, _)| now.duration_since(*at) >= TWO_LOOKS);
        if self.looks.is_none() || before.is_some() {
            self.looks = looks.map(|looks| (now, looks));
        }
        before.is_some_and(|(_, before)| looks == Some(before))
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
        let nvenc_sessions = self.nvenc_sessions(service.pid).await;
        Live { viewers: viewers.map(|viewers| viewers.count), fps, latency, seen, truth, nvenc_sessions }
    }

    /// Encoder sessions that the driver knows of the server's. A log can claim what it likes; but where a container
    /// does not see its own processes as the driver numbers them, none is no proof of the contrary.
    async fn nvenc_sessions(&self, server: Option<u32>) -> Option<u32> {
        let server = server?;
        let family = tokio::task::spawn_blocking(move || environment::family(server)).await.ok()?;
        let sessions = self.inner.gpus.sessions_of(&family).await?;
        sessions.len().try_into().ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Option<Viewers> = Some(Viewers { count: 1, awake: true });

    #[expect(clippy::unnecessary_wraps, reason = "as it is handed in")]
    fn measured(looks: f64) -> Option<Measured> {
        Some(Measured { fps: Some(60.0), latency: Some(5.0), looks: Some(looks) })
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_left_of_a_viewer_is_no_speed() {
        let mut sampling = Sampling::default();
        let fast = (Some(60.0), Some(5.0));
        let still = (Some(0.0), None);
        assert_eq!(sampling.speed(ONE, measured(4.0)), fast);
        tokio::time::advance(Duration::from_millis(100)).await;
        assert_eq!(sampling.speed(ONE, measured(4.0)), fast, "too early to tell");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(sampling.speed(ONE, measured(6.0)), fast);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(sampling.speed(ONE, measured(6.0)), still, "its page is hidden");
        let nobody = Some(Viewers { count: 0, awake: true });
        assert_eq!(sampling.speed(nobody, measured(8.0)), still);
        assert_eq!(sampling.speed(ONE, measured(0.0)), still, "it has not shown a picture yet");
        assert_eq!(sampling.speed(None, None), (None, None));
    }

    #[test]
    fn history_has_an_end() {
        let mut sampling = Sampling::default();
        for number in 0..700 {
            sampling.remember(&Live { fps: Some(f64::from(number)), ..Live::default() });
        }
        let history = sampling.history();
        assert_eq!((history.len(), history[0].1, history[599].1, history[0].2), (600, 100.0, 699.0, -1.0));
    }
}
