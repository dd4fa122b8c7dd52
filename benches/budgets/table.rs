//! Budget, measured, verdict.

use std::fmt::{self, Display, Formatter};

use crate::figures::Unit;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Kept,
    Missed,
    /// What it is about does not exist yet.
    Later,
}

/// One budget.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    what: String,
    budget: String,
    measured: String,
    verdict: Verdict,
}

impl Row {
    pub(crate) fn at_most(what: &str, unit: Unit, limit: f64, measured: f64) -> Self {
        let budget = format!("at most {}", unit.show(limit));
        Self::new(what, budget, unit.show(measured), measured <= limit)
    }

    pub(crate) fn at_least(what: &str, unit: Unit, limit: f64, measured: f64) -> Self {
        let budget = format!("at least {}", unit.show(limit));
        Self::new(what, budget, unit.show(measured), measured >= limit)
    }

    fn new(what: &str, budget: String, measured: String, kept: bool) -> Self {
        let verdict = if kept { Verdict::Kept } else { Verdict::Missed };
        Self { what: what.into(), budget, measured, verdict }
    }

    fn later(what: &str, budget: &str) -> Self {
        Self { what: what.into(), budget: budget.into(), measured: String::new(), verdict: Verdict::Later }
    }

    /// What stands behind the figure.
    pub(crate) fn with(mut self, detail: &str) -> Self {
        self.measured = format!("{} ({detail})", self.measured);
        self
    }

    fn cells(&self) -> [String; 4] {
        let verdict = match self.verdict {
            Verdict::Kept => "ok",
            Verdict::Missed => "MISSED",
            Verdict::Later => "later",
        };
        [self.what.clone(), self.budget.clone(), self.measured.clone(), verdict.into()]
    }
}

/// Budgets of parts that do not exist yet.
pub(crate) fn later() -> Vec<Row> {
    [("our own files with the GTK packages that they need", "at most 36 MB")]
        .map(|(what, budget)| Row::later(what, budget))
        .into()
}

/// All budgets, and where they were measured.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) heading: String,
    pub(crate) rows: Vec<Row>,
}

impl Table {
    pub(crate) fn missed(&self) -> usize {
        self.rows.iter().filter(|row| row.verdict == Verdict::Missed).count()
    }

    /// The table as a page of the documentation.
    pub(crate) fn page(&self) -> String {
        let first = "Written by `make bench ARGS=--write` on a machine that did nothing else. 1 MB is 1,000,000 bytes; p99: 99 of 100 are not above.";
        format!("# Budgets\n\n{first}\n\n{self}")
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let head = ["what", "budget", "measured", "verdict"].map(str::to_owned);
        let cells: Vec<[String; 4]> = self.rows.iter().map(Row::cells).collect();
        let width = |column: usize| {
            let all = cells.iter().chain([&head]);
            all.map(|row| row[column].chars().count()).max().unwrap_or_default()
        };
        let widths = [0, 1, 2, 3].map(width);
        writeln!(f, "{}\n", self.heading)?;
        line(f, &head, widths)?;
        line(f, &widths.map(|width| "-".repeat(width)), widths)?;
        for row in &cells {
            line(f, row, widths)?;
        }
        match self.missed() {
            0 => writeln!(f, "\nEvery budget is kept."),
            1 => writeln!(f, "\n1 budget is missed."),
            missed => writeln!(f, "\n{missed} budgets are missed."),
        }
    }
}

fn line(f: &mut Formatter<'_>, cells: &[String; 4], widths: [usize; 4]) -> fmt::Result {
    for (cell, width) in cells.iter().zip(widths) {
        write!(f, "| {cell:<width$} ")?;
    }
    writeln!(f, "|")
}
