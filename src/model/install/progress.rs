//! How far an installation is: from apt's own lines, the sizes of files, and the clock.

use serde::{Deserialize, Serialize};

use super::pace::Pace;

/// A line that apt writes to its `Status-Fd` (README.progress-reporting). Text may hold colons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatusLine {
    /// It fetches.
    Download,
    /// dpkg is at work on a package.
    Package {
        /// dpkg's share in hundredths of a percent.
        share: u32,
        /// What is done, for people.
        text: String,
    },
    /// dpkg failed at a package or a file.
    Error {
        /// The package or the file.
        package: String,
        /// dpkg's word for it.
        message: String,
    },
    /// Anything else: a question about a configuration file, which is answered beforehand.
    Other,
}

impl StatusLine {
    /// Reads one line.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let mut fields = line.splitn(4, ':');
        let (kind, subject, percent, text) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        let share = || {
            let percent: f64 = percent.parse().ok().filter(|percent| (0.0..=100.0).contains(percent))?;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 10 000")]
            Some((percent * 100.0) as u32)
        };
        Some(match kind {
            "dlstatus" => Self::Download,
            "pmstatus" => Self::Package { share: share()?, text: text.trim().to_owned() },
            "pmerror" => Self::Error { package: subject.to_owned(), message: text.trim().to_owned() },
            _ => Self::Other,
        })
    }
}

/// Where a job is. The tokens are wire format.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Phase {
    /// Another package manager is at work.
    Waiting,
    /// Something that an earlier run left is put right.
    Repairing,
    /// The repository's lists are read.
    Refreshing,
    /// apt works out what is needed.
    Planning,
    /// Packages are fetched.
    Downloading,
    /// What was fetched is looked at.
    Checking,
    /// dpkg is at work; from here on nothing may be cut.
    Installing,
    /// The default, the loader and the shells are set up.
    Configuring,
    /// The result is tried.
    Verifying,
    /// What was begun is taken back.
    Undoing,
}

impl Phase {
    /// What is done now, for people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Waiting => "waiting for another package manager",
            Self::Repairing => "repairing what an earlier run left",
            Self::Refreshing => "reading the repository",
            Self::Planning => "working out what is needed",
            Self::Downloading => "downloading",
            Self::Checking => "checking what was downloaded",
            Self::Installing => "installing",
            Self::Configuring => "setting up shells and loader",
            Self::Verifying => "trying the result",
            Self::Undoing => "taking back what was begun",
        }
    }

    /// It may be ended in the middle without harm.
    #[must_use]
    pub fn cancellable(self) -> bool {
        matches!(self, Self::Waiting | Self::Refreshing | Self::Planning | Self::Downloading | Self::Checking)
    }

    /// The part of the whole at its beginning, and its length. Downloading takes most of the time.
    fn span(self) -> (f64, f64) {
        match self {
            Self::Waiting | Self::Repairing | Self::Refreshing => (0.0, 0.02),
            Self::Planning => (0.02, 0.01),
            Self::Downloading => (0.03, 0.57),
            Self::Checking => (0.60, 0.02),
            Self::Installing | Self::Undoing => (0.62, 0.33),
            Self::Configuring => (0.95, 0.01),
            Self::Verifying => (0.96, 0.03),
        }
    }
}

/// How far a job is, as it is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Progress {
    /// Where it is.
    pub phase: Phase,
    /// What it does, for people.
    pub step: String,
    /// The share of the whole, 0 to below 1; never falls.
    pub fraction: f64,
    /// Bytes fetched,
    pub bytes_done: u64,
    /// of so many; 0 while that is not known.
    pub bytes_total: u64,
    /// Packages installed,
    pub packages_done: u32,
    /// of so many.
    pub packages_total: u32,
    /// Seconds until all is fetched, while that can be told.
    pub eta_seconds: Option<u64>,
    /// Ending it now does no harm.
    pub cancellable: bool,
}

/// No number that is told before the end is higher.
const ALMOST: f64 = 0.99;

/// Turns what is seen into [`Progress`].
#[derive(Clone, Debug)]
pub struct Meter {
    phase: Phase,
    step: String,
    highest: f64,
    /// The share of the present phase, 0 to 1.
    share: f64,
    bytes: (u64, u64),
    packages: (u32, u32),
    pace: Pace,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            phase: Phase::Waiting,
            step: Phase::Waiting.label().into(),
            highest: 0.0,
            share: 0.0,
            bytes: (0, 0),
            packages: (0, 0),
            pace: Pace::default(),
        }
    }
}

impl Meter {
    /// A new phase begins.
    pub fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        phase.label().clone_into(&mut self.step);
        self.share = 0.0;
        self.pace = Pace::default();
    }

    /// Says more precisely what is done.
    pub fn say(&mut self, step: &str) {
        step.clone_into(&mut self.step);
    }

    /// What there is to fetch and to install.
    pub fn expect(&mut self, bytes: u64, packages: u32) {
        self.bytes = (0, bytes);
        self.packages = (0, packages);
    }

    /// So much is fetched, at this moment (seconds of any clock that only goes forward).
    pub fn fetched(&mut self, bytes: u64, now: f64) {
        let bytes = bytes.min(self.bytes.1).max(self.bytes.0);
        self.bytes.0 = bytes;
        self.share = ratio(bytes, self.bytes.1);
        self.pace.saw(bytes, now);
    }

    /// apt says something. Whether it is worth telling.
    pub fn heard(&mut self, line: &StatusLine) {
        if let StatusLine::Package { share, text } = line {
            self.share = self.share.max(f64::from(*share) / 10_000.0);
            if text.starts_with("Installed ") {
                self.packages.0 = (self.packages.0 + 1).min(self.packages.1);
            }
            self.say(text);
        }
    }

    /// What is told now.
    pub fn progress(&mut self) -> Progress {
        let (begin, length) = self.phase.span();
        let now = begin + length * self.share.clamp(0.0, 1.0);
        self.highest = self.highest.max(now).min(ALMOST);
        Progress {
            phase: self.phase,
            step: self.step.clone(),
            fraction: self.highest,
            bytes_done: self.bytes.0,
            bytes_total: self.bytes.1,
            packages_done: self.packages.0,
            packages_total: self.packages.1,
            // While packages are unpacked there is nothing to tell it by: one takes seconds, the next one minutes.
            eta_seconds: if self.phase == Phase::Downloading { self.pace.left(self.bytes.1) } else { None },
            cancellable: self.phase.cancellable(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share of the whole, not a count")]
fn float(count: u64) -> f64 {
    count as f64
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 1.0 } else { float(part) / float(whole) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apts_lines_are_read_as_it_writes_them() {
        let package = |line: &str| StatusLine::parse(line);
        assert_eq!(package("dlstatus:1:6.6667:Retrieving file 1 of 3 (1m2s remaining)"), Some(StatusLine::Download));
        assert_eq!(
            package("pmstatus:cuda-nvcc-12-9:30.7692:Unpacking cuda-nvcc-12-9 (amd64): again"),
            Some(StatusLine::Package { share: 3076, text: "Unpacking cuda-nvcc-12-9 (amd64): again".into() })
        );
        assert_eq!(
            package("pmerror:cuda-nvcc-12-9:50:postinst: exit status 1"),
            Some(StatusLine::Error { package: "cuda-nvcc-12-9".into(), message: "postinst: exit status 1".into() })
        );
        assert_eq!(package("pmconffile:/etc/x:50:'a' 'b' 1 1"), Some(StatusLine::Other));
        for line in ["", "pmstatus:a:b:c", "pmstatus:a:1e9:c", "pmstatus:a:NaN:c", "pmstatus:a", "::::"] {
            assert!(matches!(package(line), None | Some(StatusLine::Other)), "{line}");
        }
    }

    #[test]
    fn it_never_falls_and_is_never_whole_before_the_end() {
        let mut meter = Meter::default();
        let mut last = 0.0;
        let mut look = |meter: &mut Meter| {
            let now = meter.progress();
            assert!(now.fraction >= last && now.fraction < 1.0, "{now:?} after {last}");
            last = now.fraction;
            now
        };
        meter.expect(1000, 2);
        for phase in [Phase::Waiting, Phase::Refreshing, Phase::Planning, Phase::Downloading] {
            meter.enter(phase);
            look(&mut meter);
        }
        for (second, bytes) in [(0.0, 0), (1.0, 100), (2.0, 200), (3.0, 150), (4.0, 2000)] {
            meter.fetched(bytes, second);
            look(&mut meter);
        }
        assert_eq!(meter.progress().bytes_done, 1000);
        for phase in [Phase::Checking, Phase::Installing] {
            meter.enter(phase);
            look(&mut meter);
        }
        for line in
            ["pmstatus:a:50:Installed a (amd64)", "pmstatus:b:40:Unpacking b", "pmstatus:b:92.3:Installed b (amd64)"]
        {
            meter.heard(&StatusLine::parse(line).expect("a line"));
            look(&mut meter);
        }
        assert_eq!(meter.progress().packages_done, 2);
        // Begun anew after a fault.
        for phase in [Phase::Repairing, Phase::Downloading, Phase::Configuring, Phase::Verifying, Phase::Undoing] {
            meter.enter(phase);
            meter.fetched(1000, 9.0);
            look(&mut meter);
        }
    }

    #[test]
    fn the_time_left_is_told_while_downloading_alone() {
        let mut meter = Meter::default();
        meter.expect(1000, 1);
        meter.enter(Phase::Downloading);
        meter.fetched(0, 10.0);
        assert_eq!(meter.progress().eta_seconds, None);
        meter.fetched(100, 11.0);
        assert_eq!(meter.progress().eta_seconds, None, "a second says nothing");
        meter.fetched(400, 14.0);
        assert_eq!(meter.progress().eta_seconds, Some(6));
        meter.enter(Phase::Installing);
        assert_eq!(meter.progress().eta_seconds, None);
    }
}
