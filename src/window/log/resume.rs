//! Going on where a log was left. What is read anew begins with lines that are shown already; they tell where it goes
//! on, and whether anything is missing in between.

/// So many lines in a row must be the same: single ones, such as empty ones, are the same by chance.
const ENOUGH: usize = 3;

/// The place where a reading ended and the next one goes on.
#[derive(Debug)]
pub(super) struct Seam {
    /// What was there last.
    before: Vec<String>,
    /// So many of these have come again, or are older than what has come; none: nothing has come.
    passed: Option<usize>,
}

/// What [`Seam::pass`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// All of them were there already; the next may have been, too.
    Known,
    /// From this one on they are new; `missing`: lines between those before and these may never have come.
    New {
        /// So many were there already.
        known: usize,
        missing: bool,
    },
}

impl Seam {
    /// Behind these lines.
    pub(super) fn behind(before: Vec<String>) -> Self {
        Self { before, passed: None }
    }

    /// Takes the lines that come next, until some are new.
    pub(super) fn pass<'l>(&mut self, came: impl IntoIterator<Item = &'l str>) -> Passed {
        let came: Vec<&str> = came.into_iter().collect();
        if came.is_empty() {
            return Passed::Known;
        }
        // The longest piece that fits: what is asked for again is as much as was shown, or more.
        let places = self.passed.map_or(0..self.before.len(), |passed| passed..passed + 1);
        let place = places.into_iter().find(|place| self.fits(&came, *place));
        let Some(place) = place else { return Passed::New { known: 0, missing: true } };
        let left = self.before.len() - place;
        if came.len() < left {
            self.passed = Some(place + came.len());
            return Passed::Known;
        }
        Passed::New { known: left, missing: false }
    }

    /// What came is what stands at this place, as far as both go.
    fn fits(&self, came: &[&str], place: usize) -> bool {
        let stands = &self.before[place..];
        let same = came.iter().zip(stands).all(|(came, stands)| came == stands);
        let enough =
            self.passed.is_some() || came.len().min(stands.len()) >= ENOUGH.min(came.len()).min(self.before.len());
        same && enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seam(before: &[&str]) -> Seam {
        Seam::behind(before.iter().map(|line| (*line).to_owned()).collect())
    }

    fn new(known: usize) -> Passed {
        Passed::New { known, missing: false }
    }

    const MISSING: Passed = Passed::New { known: 0, missing: true };

    #[test]
    fn what_was_there_is_known_and_the_rest_is_new() {
        let before = ["a", "b", "c", "d", "e"];
        assert_eq!(seam(&before).pass(["a", "b", "c", "d", "e", "f", "g"]), new(5));
        assert_eq!(seam(&before).pass(["c", "d", "e", "f"]), new(3));
        assert_eq!(seam(&before).pass(before), new(5), "nothing was written meanwhile");
        assert_eq!(seam(&["a"]).pass(["a", "b"]), new(1), "there is no more to compare");
    }

    #[test]
    fn pieces_may_come_one_by_one() {
        let mut seam = seam(&["a", "b", "c", "d", "e", "f"]);
        assert_eq!(seam.pass([]), Passed::Known);
        assert_eq!(seam.pass(["b", "c", "d"]), Passed::Known);
        assert_eq!(seam.pass(["e"]), Passed::Known);
        assert_eq!(seam.pass(["f", "g"]), new(1));
    }

    #[test]
    fn what_does_not_fit_has_something_missing_before_it() {
        assert_eq!(seam(&["a", "b", "c"]).pass(["x", "y"]), MISSING);
        assert_eq!(seam(&["a", "b", ""]).pass(["", "y", "z"]), MISSING, "an empty line proves nothing");
        let mut seam = seam(&["a", "b", "c", "d", "e"]);
        assert_eq!(seam.pass(["a", "b", "c"]), Passed::Known);
        assert_eq!(seam.pass(["x"]), MISSING, "it was another beginning");
    }
}
