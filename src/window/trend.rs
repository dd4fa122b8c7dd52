//! A number of the last minutes: what is drawn, and the same in words for who does not see it.

use std::collections::VecDeque;

/// As far back as anything is shown, in seconds.
const REACH: u64 = 600;
/// Nobody watched in between, where more seconds lie between two moments: the tray looks at GPUs each ten.
const GAP: u64 = 12;

/// Each a run of points without a gap, in parts of the picture's width and height.
pub(super) type Lines = Vec<Vec<(f64, f64)>>;

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Unit {
    /// So much of it is one of the unit.
    per: f64,
    digits: usize,
    name: &'static str,
}

impl Unit {
    /// Whole ones, with this name.
    pub(super) const fn whole(name: &'static str) -> Self {
        Self { per: 1.0, digits: 0, name }
    }

    /// From bytes.
    pub(super) const GIB: Self = Self { per: 1_073_741_824.0, digits: 1, name: "GiB" };

    fn number(self, number: f64) -> String {
        format!("{:.*}", self.digits, number / self.per)
    }

    /// A number with its unit.
    pub(super) fn said(self, number: f64) -> String {
        format!("{} {}", self.number(number), self.name)
    }

    /// The same with the most that it can be: `11.4 of 24.0 GiB`.
    pub(super) fn said_of(self, number: f64, most: f64) -> String {
        format!("{} of {}", self.number(number), self.said(most))
    }
}

/// Which part of the past is drawn, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    /// Unix time in seconds at its right edge.
    pub(super) now: u64,
    /// So many seconds.
    pub(super) seconds: u64,
    /// What happens within as many seconds is one point, so that it need not be drawn anew each second.
    pub(super) step: u64,
    /// The number at its upper edge; none: a round one above all that is drawn.
    pub(super) top: Option<f64>,
}

/// The last minutes, oldest first. None where nothing was known.
#[derive(Debug, Default)]
pub(super) struct Trend(VecDeque<(u64, Option<f64>)>);

impl Trend {
    /// Begins with what the daemon remembers: Unix times in seconds, and numbers.
    pub(super) fn begin(&mut self, history: impl IntoIterator<Item = (u64, Option<f64>)>) {
        self.0 = history.into_iter().collect();
        self.forget();
    }

    /// It is so now. The same second is told once.
    pub(super) fn add(&mut self, at: u64, number: Option<f64>) {
        if self.0.back().is_some_and(|last| last.0 >= at) {
            self.0.pop_back();
        }
        self.0.push_back((at, number));
        self.forget();
    }

    fn forget(&mut self) {
        let newest = self.newest().unwrap_or_default();
        while self.0.front().is_some_and(|oldest| oldest.0 + REACH < newest) {
            self.0.pop_front();
        }
    }

    /// When something was added last.
    pub(super) fn newest(&self) -> Option<u64> {
        self.0.back().map(|last| last.0)
    }

    /// Lines to draw in a unit square: from left (then) to right (now), from bottom (0) to top. Where nothing was known
    /// a line ends, and another begins where it is again. What stays level is two points, however long.
    pub(super) fn lines(&self, frame: Frame) -> Lines {
        let step = frame.step.max(1);
        let end = frame.now.next_multiple_of(step);
        let begin = end.saturating_sub(frame.seconds);
        let top = frame.top.unwrap_or_else(|| nice(self.known_since(begin).fold(0.0, f64::max)));
        let mut lines: Lines = vec![Vec::new()];
        let mut last = None;
        for (at, number) in self.steps(step) {
            let gap = last.is_some_and(|last| at > last + GAP.max(step));
            if (gap || number.is_none()) && lines.last().is_some_and(|line| !line.is_empty()) {
                lines.push(Vec::new());
            }
            last = Some(at);
            if let (Some(number), Some(line), true) = (number, lines.last_mut(), (begin..=end).contains(&at)) {
                #[expect(clippy::cast_precision_loss, reason = "a few hundred seconds")]
                extend(line, ((at - begin) as f64 / frame.seconds as f64, number / top));
            }
        }
        lines.retain(|line| !line.is_empty());
        lines
    }

    /// The mean of each step, at its end.
    fn steps(&self, step: u64) -> impl Iterator<Item = (u64, Option<f64>)> + '_ {
        let mut all = self.0.iter().peekable();
        std::iter::from_fn(move || {
            let (first, number) = all.next()?;
            let end = first.next_multiple_of(step);
            let (mut sum, mut count) = (number.unwrap_or_default(), f64::from(u8::from(number.is_some())));
            while let Some((_, number)) = all.next_if(|(at, _)| at.next_multiple_of(step) == end) {
                sum += number.unwrap_or_default();
                count += f64::from(u8::from(number.is_some()));
            }
            Some((end, (count > 0.0).then(|| sum / count)))
        })
    }

    /// The number of now.
    pub(super) fn latest(&self) -> Option<f64> {
        self.0.back().and_then(|last| last.1)
    }

    /// What the picture of so many seconds tells, in words: `41 to 60 fps in the last 5 minutes`. None where nothing
    /// is known of them.
    pub(super) fn in_words(&self, seconds: u64, unit: Unit) -> Option<String> {
        let newest = self.newest()?;
        let begin = newest.saturating_sub(seconds);
        let least = unit.number(self.known_since(begin).reduce(f64::min)?);
        let most = self.known_since(begin).fold(0.0, f64::max);
        let first = self.0.iter().map(|moment| moment.0).find(|at| *at >= begin)?;
        let while_long = match ((newest - first) / 60 + 1).min(seconds / 60) {
            0..=1 => "the last minute".to_owned(),
            minutes => format!("the last {minutes} minutes"),
        };
        let (number, most) = (unit.number(most), unit.said(most));
        Some(if least == number {
            format!("{most} in {while_long}")
        } else {
            format!("{least} to {most} in {while_long}")
        })
    }

    fn known_since(&self, begin: u64) -> impl Iterator<Item = f64> + '_ {
        self.0.iter().filter(move |moment| moment.0 >= begin).filter_map(|moment| moment.1)
    }
}

/// Adds a point, in place of the last one if both are as high as the one before.
fn extend(line: &mut Vec<(f64, f64)>, point: (f64, f64)) {
    let is_level = |one: &(f64, f64)| one.1.total_cmp(&point.1).is_eq();
    if let [.., before, last] = line.as_slice()
        && is_level(before)
        && is_level(last)
    {
        line.pop();
    }
    line.push(point);
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

    const FPS: Unit = Unit::whole("fps");

    fn trend(moments: &[(u64, f64)]) -> Trend {
        let mut trend = Trend::default();
        trend.begin(moments.iter().map(|(at, number)| (*at, (*number >= 0.0).then_some(*number))));
        trend
    }

    fn frame(now: u64) -> Frame {
        Frame { now, seconds: 300, step: 1, top: None }
    }

    #[test]
    fn time_runs_from_left_to_right_and_what_is_old_falls_out() {
        let mut trend = trend(&[(1_000, 30.0), (1_001, 60.0)]);
        assert_eq!(trend.lines(frame(1_001)), vec![vec![(299.0 / 300.0, 30.0 / 100.0), (1.0, 60.0 / 100.0)]]);
        trend.add(1_012, Some(70.0));
        assert_eq!(trend.lines(Frame { seconds: 12, ..frame(1_012) })[0][0].0, 0.0);
        assert_eq!(trend.lines(Frame { seconds: 11, ..frame(1_012) }).concat().len(), 2, "the oldest is out of it");
        trend.add(1_602, Some(60.0));
        assert_eq!(trend.0.len(), 2, "and forgotten after ten minutes");
    }

    #[test]
    fn a_second_is_told_once() {
        let mut trend = trend(&[(1_000, 30.0)]);
        trend.add(1_000, Some(40.0));
        assert_eq!((trend.latest(), trend.newest()), (Some(40.0), Some(1_000)));
        assert_eq!(trend.lines(frame(1_000)).concat().len(), 1);
    }

    #[test]
    fn what_was_not_known_is_a_gap_and_no_zero() {
        let known = trend(&[(1, 30.0), (2, -1.0), (3, 30.0), (60, 30.0)]);
        assert_eq!(known.lines(frame(60)).len(), 3);
        let unknown = trend(&[(1, -1.0), (2, -1.0)]);
        assert!(unknown.lines(frame(60)).is_empty());
        assert_eq!((unknown.latest(), unknown.in_words(300, FPS)), (None, None));
    }

    #[test]
    fn what_stays_level_is_drawn_alike_each_second() {
        let level = |now: u64| trend(&(now - 400..=now).map(|at| (at, 7.0)).collect::<Vec<_>>()).lines(frame(now));
        assert_eq!(level(1_000), level(1_001));
        assert_eq!(level(1_000), [[(0.0, 0.7), (1.0, 0.7)]]);
    }

    #[test]
    fn with_steps_it_is_the_same_picture_until_the_next_step() {
        let at = |now: u64, high: f64| {
            let number = |at: u64| if at.is_multiple_of(2) && at < 1_001 { 10.0 } else { high };
            let numbers = trend(&(901..=now).map(|at| (at, number(at))).collect::<Vec<_>>());
            numbers.lines(Frame { step: 10, top: Some(100.0), ..frame(now) })
        };
        assert_eq!(at(1_000, 20.0)[0].last(), Some(&(1.0, 0.15)), "the mean");
        assert_eq!(at(1_001, 20.0), at(1_010, 20.0));
        assert_ne!(at(1_010, 20.0), at(1_011, 20.0), "and then it moves on");
    }

    #[test]
    fn the_picture_is_told_in_words() {
        let moments: Vec<(u64, f64)> =
            (0..200).map(|second| (second, if second > 100 { 42.0 } else { 41.0 })).collect();
        let trend = trend(&moments);
        assert_eq!(trend.in_words(300, FPS).as_deref(), Some("41 to 42 fps in the last 4 minutes"));
        assert_eq!(trend.in_words(60, FPS).as_deref(), Some("42 fps in the last minute"));
        assert_eq!(FPS.said(41.6), "42 fps");
        assert_eq!(Unit::GIB.said(1_610_612_736.0), "1.5 GiB");
    }

    #[test]
    fn the_scale_has_round_ends() {
        for (most, top) in [(0.0, 10.0), (10.0, 10.0), (11.0, 20.0), (60.0, 100.0), (144.0, 200.0), (450.0, 500.0)] {
            assert_eq!(nice(most), top);
        }
    }
}
