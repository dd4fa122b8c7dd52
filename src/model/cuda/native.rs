//! Which CUDA a driver runs natively: the line between what simply works and everything else.
//!
//! The driver's own library is asked where it can be. Where it cannot, or where a forward compatibility library may
//! have answered in its place, the driver's branch decides.

use super::driver::DriverVersion;
use super::tables::Tables;
use super::version::Release;

/// The newest CUDA that a driver runs natively, as far as it can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Native {
    /// This one.
    Known(Release),
    /// At least this one: the driver's branch is newer than, or between, those that are known.
    AtLeast(Release),
    /// Something older than this one, the oldest that is known.
    Before(Release),
    /// The driver does not answer and its version is not known.
    Unknown,
}

/// [`Native`], and why it should be taken with care.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NativeReading {
    /// What is known.
    pub native: Native,
    /// What speaks against it, one sentence; empty otherwise.
    pub doubt: String,
}

impl Tables {
    /// The native CUDA of a driver branch.
    #[must_use]
    pub fn native_of_branch(&self, branch: u16) -> Native {
        let known = || {
            self.releases()
                .iter()
                .filter_map(|entry| entry.driver.as_ref().map(|driver| (driver.branch(), entry.version)))
        };
        if let Some((_, release)) = known().find(|(known, _)| *known == branch) {
            return Native::Known(release);
        }
        match known().rfind(|(known, _)| *known < branch) {
            Some((_, release)) => Native::AtLeast(release),
            None => known().next().map_or(Native::Unknown, |(_, release)| Native::Before(release)),
        }
    }

    /// The native CUDA of this machine's driver: `asked` is what its own library answered, if it could be asked.
    #[must_use]
    pub fn native(&self, driver: Option<&DriverVersion>, asked: Option<Release>) -> NativeReading {
        let by_branch = driver.map_or(Native::Unknown, |driver| self.native_of_branch(driver.branch()));
        let clear = |native| NativeReading { native, doubt: String::new() };
        let (Some(asked), Some(driver)) = (asked, driver) else {
            return clear(asked.map_or(by_branch, Native::Known));
        };
        let contradicted = match by_branch {
            Native::Known(release) => asked != release,
            Native::AtLeast(release) => asked < release,
            Native::Before(release) => asked >= release,
            Native::Unknown => false,
        };
        if !contradicted {
            return clear(Native::Known(asked));
        }
        let (branch, usual) = (driver.branch(), in_words(by_branch));
        NativeReading {
            native: the_lesser(asked, by_branch),
            doubt: format!(
                "Driver {branch} goes with CUDA {usual}, but its library says {asked}, so another library may have \
                 answered; the older of the two is taken."
            ),
        }
    }
}

/// The one that promises less.
fn the_lesser(asked: Release, by_branch: Native) -> Native {
    match by_branch {
        Native::Known(release) => Native::Known(release.min(asked)),
        Native::AtLeast(_) | Native::Unknown => Native::Known(asked),
        Native::Before(release) => Native::Before(release),
    }
}

fn in_words(native: Native) -> String {
    match native {
        Native::Known(release) => release.to_string(),
        Native::AtLeast(release) => format!("{release} or newer"),
        Native::Before(release) => format!("older than {release}"),
        Native::Unknown => "of an unknown version".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(text: &str) -> Release {
        text.parse().expect(text)
    }

    fn native(driver: &str, asked: Option<&str>) -> NativeReading {
        let driver = (!driver.is_empty()).then(|| driver.parse::<DriverVersion>().expect(driver));
        Tables::bundled().native(driver.as_ref(), asked.map(release))
    }

    /// Pairs as `nvidia-smi` printed them on real machines.
    const SEEN: [(&str, &str); 14] = [
        ("450.57", "11.0"),
        ("470.57.02", "11.4"),
        ("535.183.01", "12.2"),
        ("550.40.07", "12.4"),
        ("550.90.07", "12.4"),
        ("555.42.06", "12.5"),
        ("565.57.01", "12.7"),
        ("570.133.07", "12.8"),
        ("575.57.08", "12.9"),
        ("580.95.05", "13.0"),
        ("580.173.02", "13.0"),
        ("590.48.01", "13.1"),
        ("595.71.05", "13.2"),
        ("610.57.04", "13.3"),
    ];

    #[test]
    fn the_branch_decides_when_the_driver_cannot_be_asked() {
        for (driver, expected) in SEEN {
            assert_eq!(native(driver, None).native, Native::Known(release(expected)), "{driver}");
        }
    }

    #[test]
    fn an_answer_that_fits_is_taken() {
        for (driver, expected) in SEEN {
            let reading = native(driver, Some(expected));
            assert_eq!(reading, NativeReading { native: Native::Known(release(expected)), doubt: String::new() });
        }
    }

    #[test]
    fn every_driver_of_the_table_and_its_neighbours() {
        for (branch, expected) in [
            (440, Native::Before(release("11.0"))),
            (449, Native::Before(release("11.0"))),
            (450, Native::Known(release("11.0"))),
            (451, Native::AtLeast(release("11.0"))),
            (579, Native::AtLeast(release("12.9"))),
            (580, Native::Known(release("13.0"))),
            (581, Native::AtLeast(release("13.0"))),
            (615, Native::Known(release("13.4"))),
            (620, Native::AtLeast(release("13.4"))),
            (u16::MAX, Native::AtLeast(release("13.4"))),
        ] {
            assert_eq!(Tables::bundled().native_of_branch(branch), expected, "{branch}");
        }
    }

    #[test]
    fn an_answer_that_contradicts_the_driver_is_doubted() {
        let fooled = native("535.183.01", Some("13.1"));
        assert_eq!(fooled.native, Native::Known(release("12.2")));
        assert_eq!(
            fooled.doubt,
            "Driver 535 goes with CUDA 12.2, but its library says 13.1, so another library may have answered; the older \
             of the two is taken."
        );
        assert_eq!(native("580.95.05", Some("12.2")).native, Native::Known(release("12.2")));
        assert_eq!(native("440.33.01", Some("12.2")).native, Native::Before(release("11.0")));
        assert_eq!(native("440.33.01", Some("11.0")).native, Native::Before(release("11.0")));
        assert_eq!(native("440.33.01", Some("10.2")).native, Native::Known(release("10.2")));
        assert_eq!(native("620.10.01", Some("13.3")).native, Native::Known(release("13.3")));
        assert!(!native("620.10.01", Some("13.3")).doubt.is_empty());
    }

    #[test]
    fn an_answer_is_enough_and_so_is_a_driver_that_nobody_knows_yet() {
        assert_eq!(native("", Some("12.4")).native, Native::Known(release("12.4")));
        assert_eq!(native("620.10.01", Some("13.5")).native, Native::Known(release("13.5")));
        assert_eq!(native("", None).native, Native::Unknown);
        assert!(native("620.10.01", Some("13.5")).doubt.is_empty());
        assert!(native("620.10.01", Some("13.4")).doubt.is_empty());
    }

    #[test]
    fn a_newer_branch_never_runs_less() {
        let mut least = release("11.0");
        for branch in 450..=700 {
            let (Native::Known(runs) | Native::AtLeast(runs)) = Tables::bundled().native_of_branch(branch) else {
                panic!("{branch}");
            };
            assert!(runs >= least, "{branch}");
            least = runs;
        }
    }
}
