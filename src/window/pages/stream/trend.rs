//! Frames and latency of the last minutes: what is drawn, and the same in words for who does not see it.

use std::collections::VecDeque;

use crate::api::stream::Moment;

/// As far back as it is shown, in seconds.
pub(super) const MINUTES: u64 = 5;
const SECONDS: u64 = MINUTES * 60;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// Frames a second.
    Frames,
    /// Milliseconds from a viewer and back.
    Latency,
}

impl Measure {
    fn of(self, moment: &Moment) -> Option<f64> {
        let number = match self {
            Self::Frames => moment.1,
            Self::Latency => moment.2,
        };
        // What cannot be told is negative.
        (number.is_finite() && number >= 0.0).then_some(number)
    }

    fn unit(self) -> &'static str {
        match self {
            Self::Frames => "fps",
            Self::Latency => "ms",
        }
    }
}

/// The last minutes, oldest first.
#[derive(Debug, Default)]
pub(super) struct Trend(VecDeque<Moment>);

impl Trend {
    /// Begins with what the daemon remembers.
    pub(super) fn begin(&mut self, history: Vec<Moment>) {
        self.0 = history.into();
        let newest = self.0.back().map_or(0, |moment| moment.0);
        self.forget(newest);
    }

    /// A second has passed.
    pub(super) fn add(&mut self, moment: Moment) {
        if self.0.back().is_some_and(|last| last.0 >= moment.0) {
            self.0.pop_back();
        }
        self.0.push_back(moment);
        self.forget(moment.0);
    }

    fn forget(&mut self, now: u64) {
        while self.0.front().is_some_and(|oldest| oldest.0 + SECONDS < now) {
            self.0.pop_front();
        }
    }

    /// Lines to draw in a unit square: from left (then) to right (now), from bottom (0) to top (the most). Where
    /// nothing was known a line ends, and another begins where it is again.
    pub(super) fn lines(&self, measure: Measure, now: u64) -> Vec<Vec<(f64, f64)>> {
        let most = nice(self.known(measure).fold(0.0, f64::max));
        let mut lines: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
        let mut last = None;
        for moment in &self.0 {
            let number = measure.of(moment);
            // Nobody watched in between.
            let gap = last.is_some_and(|last| moment.0 > last + 3);
            if (gap || number.is_none()) && lines.last().is_some_and(|line| !line.is_empty()) {
                lines.push(Vec::new());
            }
            last = Some(moment.0);
            let age = now.saturating_sub(moment.0);
            if let (Some(number), Some(line)) = (number, lines.last_mut())
                && age <= SECONDS
            {
                #[expect(clippy::cast_precision_loss, reason = "a few hundred seconds")]
                line.push((1.0 - age as f64 / SECONDS as f64, number / most));
            }
        }
        lines.retain(|line| !line.is_empty());
        lines
    }

    /// The number of now with its unit.
    pub(super) fn latest(&self, measure: Measure) -> String {
        let latest = self.0.back().and_then(|moment| measure.of(moment));
        latest.map_or_else(|| "Not available".into(), |number| format!("{} {}", number.round(), measure.unit()))
    }

    /// What the picture tells, in words: `41 to 60 fps in the last 5 minutes`.
    pub(super) fn in_words(&self, measure: Measure) -> String {
        let least = self.known(measure).fold(f64::INFINITY, f64::min).round();
        let most = self.known(measure).fold(0.0, f64::max).round();
        let spanned = self.0.back().zip(self.0.front()).map_or(0, |(last, first)| last.0 - first.0);
        let while_long = match spanned {
            0..60 => "the last minute".to_owned(),
            _ => format!("the last {} minutes", (spanned / 60 + 1).min(MINUTES)),
        };
        let unit = measure.unit();
        match self.known(measure).next() {
            None => "Known while somebody looks on".into(),
            Some(_) if least.total_cmp(&most).is_eq() => format!("{most} {unit} in {while_long}"),
            Some(_) => format!("{least} to {most} {unit} in {while_long}"),
        }
    }

    fn known(&self, measure: Measure) -> impl Iterator<Item = f64> + '_ {
        self.0.iter().filter_map(move |moment| measure.of(moment))
    }
}

/// The top of the scale: the next of 10, 20, 50, 100 … so that it does not jump all the time.
fn nice(most: f64) -> f64 {
    let mut top = 10.0;
    for factor in [2.0, 2.5, 2.0].iter().cycle() {
        if top >= most || !most.is_finite() {
            break;
        }
        top *= factor;
    }
    top
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "computed from whole numbers")]
mod tests {
    use super::*;

    fn trend(moments: &[Moment]) -> Trend {
        let mut trend = Trend::default();
        trend.begin(moments.to_vec());
        trend
    }

    #[test]
    fn time_runs_from_left_to_right_and_what_is_old_falls_out() {
        let mut trend = trend(&[(1_000, 30.0, 20.0), (1_001, 60.0, 20.0)]);
        let expected = vec![vec![(1.0 - 1.0 / 300.0, 30.0 / 100.0), (1.0, 60.0 / 100.0)]];
        assert_eq!(trend.lines(Measure::Frames, 1_001), expected);
        trend.add((1_301, 60.0, 20.0));
        assert_eq!(trend.lines(Measure::Frames, 1_301)[0][0].0, 0.0);
        trend.add((1_302, 60.0, 20.0));
        assert_eq!(trend.lines(Measure::Frames, 1_302).concat().len(), 2, "the oldest are gone");
    }

    #[test]
    fn a_second_is_told_once() {
        let mut trend = trend(&[(1_000, 30.0, 20.0)]);
        trend.add((1_000, 40.0, 20.0));
        assert_eq!(trend.latest(Measure::Frames), "40 fps");
        assert_eq!(trend.lines(Measure::Frames, 1_000).concat().len(), 1);
    }

    #[test]
    fn what_was_not_known_is_a_gap_and_no_zero() {
        let trend = trend(&[(1, 30.0, -1.0), (2, -1.0, -1.0), (3, 30.0, -1.0), (60, 30.0, -1.0)]);
        assert_eq!(trend.lines(Measure::Frames, 60).len(), 3);
        assert!(trend.lines(Measure::Latency, 60).is_empty());
        assert_eq!(trend.latest(Measure::Latency), "Not available");
        assert_eq!(trend.in_words(Measure::Latency), "Known while somebody looks on");
    }

    #[test]
    fn the_picture_is_told_in_words() {
        let moments: Vec<Moment> =
            (0..200).map(|second| (second, 41.0 + f64::from(u32::from(second > 100)), 20.0)).collect();
        let trend = trend(&moments);
        assert_eq!(trend.in_words(Measure::Frames), "41 to 42 fps in the last 4 minutes");
        assert_eq!(trend.in_words(Measure::Latency), "20 ms in the last 4 minutes");
        assert_eq!(trend.latest(Measure::Frames), "42 fps");
    }

    #[test]
    fn the_scale_has_round_ends() {
        for (most, top) in [(0.0, 10.0), (10.0, 10.0), (11.0, 20.0), (60.0, 100.0), (144.0, 200.0), (450.0, 500.0)] {
            assert_eq!(nice(most), top);
        }
    }
}
