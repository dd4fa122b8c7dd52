//! What is told while the work goes on: at most ten times a second, and nothing twice.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::model::install::event::{Check, Event, Outcome};
use crate::model::install::progress::{Meter, Phase, Progress, StatusLine};

const PAUSE: Duration = Duration::from_millis(100);

/// See the module.
pub(super) struct Tell {
    out: Box<dyn Write>,
    pub(super) meter: Meter,
    began: Instant,
    last: Option<(Instant, Progress)>,
}

impl Tell {
    pub(super) fn new(out: Box<dyn Write>) -> Self {
        Self { out, meter: Meter::default(), began: Instant::now(), last: None }
    }

    pub(super) fn enter(&mut self, phase: Phase) {
        self.meter.enter(phase);
        self.progress();
    }

    pub(super) fn say(&mut self, step: &str) {
        self.meter.say(step);
        self.progress();
    }

    pub(super) fn fetched(&mut self, bytes: u64) {
        self.meter.fetched(bytes, self.began.elapsed().as_secs_f64());
        self.progress();
    }

    pub(super) fn heard(&mut self, lines: &[String]) {
        lines.iter().filter_map(|line| StatusLine::parse(line)).for_each(|line| self.meter.heard(&line));
        self.progress();
    }

    /// Says how far it is, unless that was said a moment ago or is no news.
    fn progress(&mut self) {
        let now = self.meter.progress();
        let known = self.last.as_ref().is_some_and(|(at, last)| at.elapsed() < PAUSE || *last == now);
        if !known {
            self.last = Some((Instant::now(), now.clone()));
            self.write(&Event::Progress(now));
        }
    }

    pub(super) fn log(&mut self, line: &str) {
        self.write(&Event::Log { line: line.to_owned() });
    }

    pub(super) fn log_all(&mut self, lines: &[String]) {
        for line in lines {
            self.log(line);
        }
    }

    /// For whoever reads the log, which is where clients find them.
    pub(super) fn checks(&mut self, checks: &[Check]) {
        for check in checks {
            self.log(&format!("{}: {} ({})", check.what, check.verdict, check.found));
        }
    }

    /// The end. How far it came in the last moment is told before, so that nobody keeps an older number.
    pub(super) fn finished(&mut self, outcome: Outcome) {
        let now = self.meter.progress();
        if self.last.as_ref().is_some_and(|(_, last)| *last != now) {
            self.write(&Event::Progress(now));
        }
        self.write(&Event::Finished { outcome });
    }

    /// Nobody may be listening any more; the work goes on all the same.
    fn write(&mut self, event: &Event) {
        if let Ok(mut line) = serde_json::to_string(event) {
            line.push('\n');
            let _ = self.out.write_all(line.as_bytes()).and_then(|()| self.out.flush());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_last_number_is_told() {
        let kept = Kept::default();
        let mut tell = Tell::new(Box::new(kept.clone()));
        tell.meter.expect(1000, 1);
        tell.enter(Phase::Downloading);
        tell.fetched(1000);
        tell.finished(Outcome::Skipped);
        let told = String::from_utf8(kept.0.lock().unwrap().clone()).expect("text");
        let lines: Vec<&str> = told.lines().collect();
        assert!(lines[lines.len() - 2].contains("\"bytes-done\":1000"), "{told}");
    }

    #[test]
    fn a_thousand_changes_in_a_moment_are_told_once() {
        let kept = Kept::default();
        let mut tell = Tell::new(Box::new(kept.clone()));
        tell.meter.expect(1_000_000, 1);
        tell.enter(Phase::Downloading);
        let began = Instant::now();
        (0..1000).for_each(|bytes| tell.fetched(bytes));
        let most = began.elapsed().as_millis() / 100 + 2;
        let told = String::from_utf8(kept.0.lock().unwrap().clone()).expect("text");
        assert!((1..=most).contains(&(told.lines().count() as u128)), "{told}");
    }
}
