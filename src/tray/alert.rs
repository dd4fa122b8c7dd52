//! For how long the icon calls for attention. Plasma pulses an icon that does, which costs a quarter of a core and a
//! part of the stream for as long as it lasts; so it lasts until it has been seen. The icon's shape tells afterwards.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Some pulses.
const LASTS: Duration = Duration::from_secs(10);
/// What comes and goes does not call again within this time.
const RARELY: Duration = Duration::from_mins(1);

/// Whether to call.
#[derive(Debug, Default)]
pub(super) struct Alert {
    wrong: BTreeSet<String>,
    since: Option<Instant>,
    is_on: bool,
}

impl Alert {
    /// Takes note of everything that is wrong at `now`.
    pub(super) fn see(&mut self, wrong: BTreeSet<String>, now: Instant) {
        let is_new = !wrong.is_subset(&self.wrong);
        if is_new && self.since.is_none_or(|since| now.saturating_duration_since(since) >= RARELY) {
            self.since = Some(now);
            self.is_on = true;
        }
        self.is_on &= !wrong.is_empty();
        self.wrong = wrong;
    }

    /// It calls now.
    pub(super) fn is_on(&self) -> bool {
        self.is_on
    }

    /// When [`Self::end`] is to be called.
    pub(super) fn due(&self) -> Option<Instant> {
        self.since.filter(|_| self.is_on).map(|since| since + LASTS)
    }

    /// It has called for long enough.
    pub(super) fn end(&mut self) {
        self.is_on = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn only_what_is_new_calls_and_not_for_long() {
        let start = Instant::now();
        let mut alert = Alert::default();
        alert.see(set(&[]), start);
        assert_eq!((alert.is_on(), alert.due()), (false, None));
        alert.see(set(&["a"]), start);
        assert_eq!((alert.is_on(), alert.due()), (true, Some(start + LASTS)));
        alert.end();
        alert.see(set(&["a"]), start + RARELY);
        assert_eq!((alert.is_on(), alert.due()), (false, None), "it is the same");
        alert.see(set(&["a", "b"]), start + RARELY);
        assert!(alert.is_on());
        alert.see(set(&[]), start + RARELY);
        assert!(!alert.is_on(), "nothing is wrong any more");
    }

    #[test]
    fn what_comes_and_goes_calls_once_a_minute() {
        let start = Instant::now();
        let mut alert = Alert::default();
        let mut calls = 0;
        for second in 0..300 {
            let wrong = if second % 2 == 0 { set(&["a"]) } else { set(&[]) };
            let was_on = alert.is_on();
            alert.see(wrong, start + Duration::from_secs(second));
            calls += usize::from(alert.is_on() && !was_on);
        }
        assert_eq!(calls, 5);
    }
}
