//! What many measurements come to, and how a figure is written.

use std::time::Duration;

/// What a figure counts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    Milliseconds,
    /// 1,000,000 bytes.
    Megabytes,
    Percent,
    Times,
    /// So often in a second.
    ASecond,
    /// Of whatever is counted.
    Pieces,
}

impl Unit {
    pub(crate) fn show(self, value: f64) -> String {
        let name = match self {
            Self::Milliseconds => "ms",
            Self::Megabytes => "MB",
            Self::Percent => "%",
            Self::Times => "times",
            Self::ASecond => "a second",
            Self::Pieces => "",
        };
        // Three digits that mean something, and no more.
        let digits = if value >= 99.5 || value.fract() == 0.0 {
            0
        } else if value >= 9.95 {
            1
        } else if value >= 0.1 {
            2
        } else {
            3
        };
        format!("{value:.digits$} {name}").trim_end().to_owned()
    }
}

/// Measurements of the same thing, sorted.
#[derive(Clone, Debug)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    pub(crate) fn new(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        assert!(!values.is_empty(), "nothing was measured");
        Self(values)
    }

    /// In milliseconds.
    pub(crate) fn of_times(times: impl IntoIterator<Item = Duration>) -> Self {
        Self::new(times.into_iter().map(milliseconds))
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn median(&self) -> f64 {
        self.percentile(50)
    }

    /// The smallest value that so many of a hundred do not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0[rank - 1]
    }

    pub(crate) fn largest(&self) -> f64 {
        self.percentile(100)
    }
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A whole number, whatever its type, as far as a figure needs it.
pub(crate) fn number(value: impl TryInto<u32>) -> f64 {
    value.try_into().map_or(f64::INFINITY, f64::from)
}
