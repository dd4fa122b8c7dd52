//! How long a download will still take, by what came in the last seconds. What is told glides: a line that is slow for a
//! moment does not make minutes of seconds.

use std::collections::VecDeque;

/// So many seconds are looked back on.
const MEMORY_S: f64 = 10.0;
/// Less than that says nothing.
const LEAST_S: f64 = 3.0;
/// A line on which nothing comes for so long stands still, and nobody knows for how long.
const STILL_S: f64 = 5.0;
/// What is told has nearly become what is so after twice this.
const GLIDE_S: f64 = 8.0;
/// Nobody waits for longer; what is told of a line that hardly moves is a guess.
const MOST_S: f64 = 24.0 * 3600.0;

/// See the module. Moments are seconds of any clock that only goes forward.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    /// Moments and the bytes that were there.
    seen: VecDeque<(f64, u64)>,
    /// When bytes came last.
    moved: f64,
    /// When something was told last, and what.
    told: Option<(f64, f64)>,
}

impl Pace {
    /// So many bytes are there now.
    pub fn saw(&mut self, bytes: u64, now: f64) {
        if self.seen.back().is_none_or(|(_, before)| *before < bytes) {
            self.moved = now;
        }
        self.seen.push_back((now, bytes));
        while self.seen.get(1).is_some_and(|(then, _)| now - then >= MEMORY_S) {
            self.seen.pop_front();
        }
    }

    /// Seconds until all of them are there, counted up; none where that cannot be told.
    pub fn left(&mut self, total: u64) -> Option<u64> {
        let left = self.glide(total);
        if left.is_none() {
            self.told = None;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and a day")]
        left.map(|seconds| seconds.ceil() as u64)
    }

    fn glide(&mut self, total: u64) -> Option<f64> {
        let ((first, before), (now, bytes)) = (*self.seen.front()?, *self.seen.back()?);
        let (seconds, fetched) = (now - first, bytes - before);
        if seconds < LEAST_S || now - self.moved >= STILL_S || fetched == 0 || bytes >= total {
            return None;
        }
        let computed = float(total - bytes) * seconds / float(fetched);
        let left = match self.told {
            None => computed,
            Some((then, told)) => {
                // By shares, so that ten times as long comes no more suddenly than a tenth.
                let expected = (told - (now - then)).max(0.5);
                expected * (computed / expected).powf(1.0 - (-(now - then) / GLIDE_S).exp())
            }
        };
        if left > MOST_S {
            return None;
        }
        self.told = Some((now, left));
        Some(left)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate, not a count")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told ten times a second while so many bytes come in each of these tenths, of this many in all.
    fn told(total: u64, tenths: impl IntoIterator<Item = u64>) -> Vec<Option<u64>> {
        let mut pace = Pace::default();
        let (mut now, mut bytes) = (100.0, 0);
        let look = |new: u64| {
            (now, bytes) = (now + 0.1, bytes + new);
            pace.saw(bytes, now);
            pace.left(total)
        };
        tenths.into_iter().map(look).collect()
    }

    #[test]
    fn a_steady_line_is_told_after_a_moment_and_to_the_second() {
        let told = told(100_000, std::iter::repeat_n(100, 1000));
        let first = told.iter().position(Option::is_some).expect("told at last");
        assert!((28..=32).contains(&first), "{first}");
        for (tenth, left) in told.iter().enumerate().skip(first).take(900) {
            let right = 100 - (u64::try_from(tenth).expect("fits") + 1) / 10;
            assert!(left.is_some_and(|left| left.abs_diff(right) <= 1), "{tenth}: {left:?}, not {right}");
        }
        assert_eq!(told.last(), Some(&None), "nothing is left");
    }

    #[test]
    fn an_uneven_line_makes_no_jumps() {
        // In bursts, three times as fast, ten times as slow, and as at first.
        let steady = |rate: u64, tenths: usize| (0..tenths).map(move |tenth| if tenth % 7 == 0 { rate * 7 } else { 0 });
        let tenths = steady(1000, 300).chain(steady(3000, 200)).chain(steady(100, 300)).chain(steady(1000, 300));
        let told = told(4_000_000, tenths);
        let known: Vec<u64> = told.iter().skip(40).map(|left| left.expect("it never stands still")).collect();
        for pair in known.windows(2) {
            let most = pair[0] / 20 + 8;
            assert!(pair[0].abs_diff(pair[1]) <= most, "{pair:?}");
        }
        assert!(known.iter().any(|left| *left > 1000), "that it became slow is told");
    }

    #[test]
    fn a_line_that_stands_still_tells_nothing_until_it_moves_again() {
        let told = told(
            100_000,
            std::iter::repeat_n(100, 100).chain(std::iter::repeat_n(0, 200)).chain(std::iter::repeat_n(100, 100)),
        );
        assert!(told[60].is_some());
        assert!(told[160..300].iter().all(Option::is_none), "{:?}", &told[160..300]);
        assert!(told[399].is_some());
        assert_eq!(self::told(100_000, std::iter::repeat_n(0, 100)), vec![None; 100]);
        assert!(self::told(u64::MAX, std::iter::repeat_n(1, 200)).iter().all(Option::is_none), "for ever is no time");
    }

    #[test]
    fn what_was_there_before_is_no_speed() {
        let told = told(1_000_000, std::iter::once(900_000).chain(std::iter::repeat_n(100, 100)));
        assert!(told[100].is_some_and(|left| (85..=95).contains(&left)), "{:?}", told[100]);
    }
}
