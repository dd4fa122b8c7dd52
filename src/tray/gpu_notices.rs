//! What about GPUs is worth a message. Pure but for the clock that is handed in.
//!
//! Each thing has to last before it is told, is told once for as long as it lasts, and is not told again when it comes
//! back soon. All that is so stands in one message.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::message::{Message, Urgency};
use super::model::{Action, ICON_ATTENTION, Known, line};
use super::notices::Notice;
use crate::client::preferences::GpuMessages;
use crate::client::{GpuFacts, GpuStats, Snapshot};

/// What comes back within this time is no news.
const RELAPSE: Duration = Duration::from_mins(10);
/// So much less full memory has to be to count as not full, in points of a per cent.
const SLACK: u64 = 5;
/// No more are named in one message.
const MOST_NAMED: usize = 5;

/// What sort of trouble; the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Lost,
    Fallback,
    Throttled,
    Error,
    Memory,
}

impl Kind {
    /// It is believed when it has lasted as long as this.
    fn patience(self) -> Duration {
        Duration::from_secs(match self {
            Self::Lost | Self::Error => 0,
            Self::Fallback => 5,
            Self::Throttled => 60,
            Self::Memory => 20,
        })
    }
}

/// What sort, and of which GPU; that of a later one comes behind.
type Key = (Kind, String);

/// What is told: a few words, and a reason that may be empty.
type Words = (String, String);

/// Remembers what is so and what was told.
#[derive(Debug, Default)]
pub(super) struct GpuNotices {
    now: BTreeMap<Key, Episode>,
    /// When what was told ended.
    ended: BTreeMap<Key, Instant>,
    /// There is a message.
    shown: bool,
}

#[derive(Debug)]
struct Episode {
    since: Instant,
    told: bool,
    words: Words,
}

impl GpuNotices {
    /// Takes note of everything that is known at `now`. `stats`: what the GPUs did last, by UUID.
    pub(super) fn see(&mut self, known: &Known, stats: &BTreeMap<String, GpuStats>, wanted: GpuMessages, now: Instant) {
        // What a daemon that is away said may be so no longer.
        let Some(snapshot) = known.snapshot.as_ref().filter(|_| known.away.is_none()) else { return };
        let is_so = self.what_is_so(snapshot, stats, wanted);
        for (key, gone) in self.now.extract_if(.., |key, _| !is_so.contains_key(key)) {
            if gone.told {
                self.ended.insert(key, now);
            }
        }
        self.ended.retain(|_, at| now.saturating_duration_since(*at) < RELAPSE);
        for (key, words) in is_so {
            // Silently, as what is back soon.
            let told = self.ended.remove(&key).is_some();
            let episode = self.now.entry(key).or_insert_with(|| Episode { since: now, told, words: Words::default() });
            episode.words = words;
        }
    }

    fn what_is_so(
        &self,
        snapshot: &Snapshot,
        stats: &BTreeMap<String, GpuStats>,
        wanted: GpuMessages,
    ) -> BTreeMap<Key, Words> {
        let mut all = BTreeMap::new();
        for trouble in snapshot.gpu_troubles() {
            let is_slow = snapshot.gpus.iter().any(|gpu| gpu.uuid == trouble.uuid && gpu.health == "throttled");
            let (kind, is_wanted) =
                if is_slow { (Kind::Throttled, wanted.throttled) } else { (Kind::Lost, wanted.lost) };
            if is_wanted {
                all.insert((kind, trouble.uuid), (trouble.title, trouble.reason));
            }
        }
        // What makes a GPU fail is told above.
        let well = snapshot.gpus.iter().filter(|gpu| wanted.xid && !all.contains_key(&(Kind::Lost, gpu.uuid.clone())));
        let errors = well.filter_map(|gpu| Some((gpu, gpu.xid?))).map(|(gpu, xid)| {
            let title = format!("{} has reported an error (Xid {xid})", gpu.name_among(&snapshot.gpus));
            // Another error is another message.
            ((Kind::Error, format!("{} {xid}", gpu.uuid)), (title, gpu.xid_reason.clone().unwrap_or_default()))
        });
        let errors: Vec<_> = errors.collect();
        all.extend(errors);
        for gpu in snapshot.gpus.iter().filter(|_| wanted.memory_percent > 0) {
            let key = (Kind::Memory, gpu.uuid.clone());
            let slack = if self.now.contains_key(&key) { SLACK } else { 0 };
            let threshold = u64::from(wanted.memory_percent).saturating_sub(slack);
            if let Some(percent) =
                stats.get(&gpu.uuid).and_then(|stats| full(gpu, stats)).filter(|full| *full >= threshold)
            {
                let name = gpu.name_among(&snapshot.gpus);
                let advice = "Programs that need more fail; end one that is not needed.";
                all.insert(
                    key,
                    (format!("The memory of {name} is nearly full"), format!("{percent} % is used. {advice}")),
                );
            }
        }
        if wanted.fallback && snapshot.encoder_fell_back() {
            let reason = snapshot.stream.as_ref().and_then(|stream| stream.effective.reason.clone());
            let words = ("The stream is not encoded as configured".into(), reason.unwrap_or_default());
            all.insert((Kind::Fallback, String::new()), words);
        }
        all
    }

    /// When [`Self::settle`] has something to do although nothing is new.
    pub(super) fn due(&self) -> Option<Instant> {
        let untold = self.now.iter().filter(|(_, episode)| !episode.told);
        untold.map(|((kind, _), episode)| episode.since + kind.patience()).min()
    }

    /// What is to be done about the message by `now`.
    pub(super) fn settle(&mut self, now: Instant) -> Option<Notice> {
        let mut is_new = false;
        for ((kind, _), episode) in self.now.iter_mut().filter(|(_, episode)| !episode.told) {
            if episode.since + kind.patience() <= now {
                episode.told = true;
                is_new = true;
            }
        }
        let told: Vec<(Kind, &Words)> = self.told().collect();
        if is_new {
            let message = message(&told);
            self.shown = true;
            return Some(Notice::Show(Box::new(message)));
        }
        let is_over = self.shown && told.is_empty();
        self.shown &= !is_over;
        is_over.then_some(Notice::Close)
    }

    fn told(&self) -> impl Iterator<Item = (Kind, &Words)> {
        self.now.iter().filter(|(_, episode)| episode.told).map(|((kind, _), episode)| (*kind, &episode.words))
    }
}

/// How full its memory is, in per cent.
fn full(gpu: &GpuFacts, stats: &GpuStats) -> Option<u64> {
    let total = stats.memory_total_bytes.or(gpu.memory_total_bytes).filter(|total| *total > 0)?;
    Some(stats.memory_used_bytes?.saturating_mul(100) / total)
}

fn message(told: &[(Kind, &Words)]) -> Message {
    let is_lost = told.iter().any(|(kind, _)| *kind == Kind::Lost);
    let page = if told.iter().all(|(kind, _)| *kind == Kind::Fallback) { "stream" } else { "gpu" };
    let (summary, body) = match told {
        [(_, (title, reason))] => (line(title), reason.clone()),
        many => {
            let mut lines: Vec<String> = many.iter().take(MOST_NAMED).map(|(_, (title, _))| line(title)).collect();
            match many.len().saturating_sub(MOST_NAMED) {
                0 => {}
                more => lines.push(format!("and {more} more")),
            }
            (format!("{} things about GPUs need attention", many.len()), lines.join("\n"))
        }
    };
    let open = Action::OpenPage(page.into());
    Message {
        summary,
        body,
        urgency: if is_lost { Urgency::Critical } else { Urgency::Normal },
        transient: false,
        icon: ICON_ATTENTION,
        click: open.clone(),
        buttons: vec![("Open", open)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{EffectiveFacts, StreamFacts};

    const ALL: GpuMessages = GpuMessages { lost: true, throttled: true, xid: true, memory_percent: 90, fallback: true };

    struct Scene {
        notices: GpuNotices,
        known: Known,
        stats: BTreeMap<String, GpuStats>,
        start: Instant,
        wanted: GpuMessages,
    }

    impl Scene {
        fn of(health: &[&str]) -> Self {
            let gpu = |(at, health): (usize, &&str)| GpuFacts {
                uuid: format!("GPU-{at}"),
                name: Some(format!("NVIDIA L{at}")),
                health: (*health).into(),
                health_reason: "Do this.".into(),
                ..GpuFacts::default()
            };
            let snapshot = Snapshot { gpus: health.iter().enumerate().map(gpu).collect(), ..Snapshot::default() };
            let known = Known { snapshot: Some(snapshot), ..Known::default() };
            let notices = GpuNotices::default();
            Self { notices, known, stats: BTreeMap::new(), start: Instant::now(), wanted: ALL }
        }

        fn turn(&mut self, health: &str) {
            self.known.snapshot.as_mut().unwrap().gpus[0].health = health.into();
        }

        fn fill(&mut self, percent: u64) {
            let stats = GpuStats {
                memory_total_bytes: Some(1000),
                memory_used_bytes: Some(percent * 10),
                ..GpuStats::default()
            };
            self.stats.insert("GPU-0".into(), stats);
        }

        fn at(&mut self, second: u64) -> Option<Notice> {
            let now = self.start + Duration::from_secs(second);
            self.notices.see(&self.known, &self.stats, self.wanted, now);
            self.notices.settle(now)
        }
    }

    fn shown(notice: Option<Notice>) -> Message {
        let Some(Notice::Show(message)) = notice else { panic!("a message, not {notice:?}") };
        *message
    }

    #[test]
    fn an_error_of_the_driver_is_told_once_and_another_one_too() {
        let mut scene = Scene::of(&["ok"]);
        let report = |scene: &mut Scene, xid| {
            let gpu = &mut scene.known.snapshot.as_mut().unwrap().gpus[0];
            (gpu.xid, gpu.xid_reason) = (Some(xid), Some("A program did what it may not.".into()));
        };
        report(&mut scene, 13);
        let message = shown(scene.at(0));
        assert_eq!(message.summary, "L0 has reported an error (Xid 13)");
        assert_eq!((message.body.as_str(), message.urgency), ("A program did what it may not.", Urgency::Normal));
        assert_eq!(scene.at(1), None);
        report(&mut scene, 31);
        assert!(shown(scene.at(2)).summary.contains("Xid 31"));
        // One that makes the GPU fail is told as that.
        scene.turn("failing");
        let failing = shown(scene.at(3));
        assert!(!failing.summary.contains("Xid"), "{failing:?}");
    }

    #[test]
    fn a_lost_gpu_is_told_at_once_and_once() {
        let mut scene = Scene::of(&["ok"]);
        assert_eq!(scene.at(0), None);
        scene.turn("lost");
        let message = shown(scene.at(1));
        assert_eq!((message.summary.as_str(), message.body.as_str()), ("L0 is lost", "Do this."));
        assert_eq!((message.urgency, message.click), (Urgency::Critical, Action::OpenPage("gpu".into())));
        for second in 2..100 {
            assert_eq!(scene.at(second), None);
        }
        scene.turn("ok");
        assert_eq!(scene.at(100), Some(Notice::Close));
        // It comes and goes: no storm.
        for second in 101..400 {
            scene.turn(if second % 2 == 0 { "lost" } else { "ok" });
            assert_eq!(scene.at(second), None, "{second}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_one_message() {
        let mut scene = Scene::of(&["lost", "failing"]);
        let message = shown(scene.at(0));
        assert_eq!(message.summary, "2 things about GPUs need attention");
        assert_eq!(message.body, "L0 is lost\nL1 does not work");
    }

    #[test]
    fn being_slow_is_told_when_it_lasts() {
        let mut scene = Scene::of(&["throttled"]);
        assert_eq!((scene.at(0), scene.at(59)), (None, None));
        assert_eq!(scene.notices.due(), Some(scene.start + Duration::from_mins(1)));
        assert_eq!(shown(scene.at(60)).urgency, Urgency::Normal);
        let mut scene = Scene::of(&["throttled"]);
        scene.at(0);
        scene.turn("ok");
        scene.at(30);
        scene.turn("throttled");
        assert_eq!((scene.at(40), scene.at(90)), (None, None), "it was over in between");
    }

    #[test]
    fn full_memory_has_to_be_much_less_full_before_it_is_over() {
        let mut scene = Scene::of(&["ok"]);
        scene.fill(89);
        assert_eq!((scene.at(0), scene.at(30)), (None, None));
        scene.fill(90);
        assert_eq!(scene.at(31), None);
        let message = shown(scene.at(51));
        assert_eq!(message.summary, "The memory of L0 is nearly full");
        assert!(message.body.starts_with("90 % is used."), "{}", message.body);
        scene.fill(86);
        assert_eq!(scene.at(60), None, "that is still nearly full");
        scene.fill(84);
        assert_eq!(scene.at(70), Some(Notice::Close));
    }

    #[test]
    fn a_fallback_is_told_where_there_could_be_a_gpu() {
        let mut scene = Scene::of(&[]);
        let effective = EffectiveFacts {
            verdict: "fallback".into(),
            reason: Some("The CPU encodes.".into()),
            mended: Some("instance".into()),
            ..EffectiveFacts::default()
        };
        let snapshot = scene.known.snapshot.as_mut().unwrap();
        snapshot.stream = Some(StreamFacts { backend: "selkies".into(), effective, ..StreamFacts::default() });
        snapshot.root.gpu_state = "no-device".into();
        assert_eq!((scene.at(0), scene.at(100)), (None, None));
        scene.known.snapshot.as_mut().unwrap().root.gpu_state = "present".into();
        assert_eq!(scene.at(101), None);
        let message = shown(scene.at(106));
        assert_eq!((message.body.as_str(), message.click), ("The CPU encodes.", Action::OpenPage("stream".into())));
    }

    #[test]
    fn what_nobody_wants_to_hear_is_not_told_and_taken_back() {
        let mut scene = Scene::of(&["lost"]);
        shown(scene.at(0));
        scene.wanted = GpuMessages { lost: false, ..ALL };
        assert_eq!(scene.at(1), Some(Notice::Close));
        let mut scene = Scene::of(&["lost", "throttled"]);
        scene.wanted = GpuMessages { lost: false, throttled: false, xid: false, memory_percent: 0, fallback: false };
        scene.fill(100);
        assert_eq!((scene.at(0), scene.at(1000), scene.notices.due()), (None, None, None));
    }

    #[test]
    fn a_daemon_that_is_away_changes_nothing() {
        let mut scene = Scene::of(&["lost"]);
        shown(scene.at(0));
        scene.known.away = Some("It is away.".into());
        assert_eq!((scene.at(10), scene.at(20)), (None, None));
    }
}
