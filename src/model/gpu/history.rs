//! The last minutes of a GPU, so that a graph has something to show when it opens.

use std::collections::VecDeque;

/// One look, as far as graphs show it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in the sample")]
pub struct Moment {
    /// Unix time in seconds.
    pub at: u64,
    pub gpu_percent: Option<u32>,
    pub memory_percent: Option<u32>,
    pub memory_used: Option<u64>,
    pub encoder_percent: Option<u32>,
    pub decoder_percent: Option<u32>,
    pub temperature: Option<u32>,
    pub power: Option<u32>,
    pub clock_graphics: Option<u32>,
}

/// So far it goes back, in seconds.
const REACH: u64 = 600;
/// At one a second.
const MOST: usize = 600;

/// Moments of the last ten minutes, oldest first.
#[derive(Clone, Debug, Default)]
pub struct History {
    moments: VecDeque<Moment>,
}

impl History {
    /// Adds one, and forgets what is too old.
    pub fn push(&mut self, moment: Moment) {
        self.moments.push_back(moment);
        let expired = |oldest: &Moment| oldest.at + REACH <= moment.at;
        while self.moments.len() > MOST || self.moments.front().is_some_and(expired) {
            self.moments.pop_front();
        }
    }

    /// All of them.
    pub fn moments(&self) -> impl Iterator<Item = &Moment> {
        self.moments.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_minutes_are_kept_however_densely_they_were_watched() {
        let mut history = History::default();
        for at in 0..1_000 {
            history.push(Moment { at, ..Moment::default() });
        }
        assert_eq!((history.moments().count(), history.moments().next().map(|moment| moment.at)), (600, Some(400)));
        history.push(Moment { at: 1_590, ..Moment::default() });
        assert_eq!(history.moments().count(), 10, "what nobody watched has no moments");
        for _ in 0..10_000 {
            history.push(Moment { at: 1_590, ..Moment::default() });
        }
        assert_eq!(history.moments().count(), MOST, "a clock that stands still");
    }
}
