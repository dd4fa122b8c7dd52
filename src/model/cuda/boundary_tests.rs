//! Floors and ceilings, each with its neighbours, from a file that was written without looking at the tables: from the
//! documents that it names.
//!
//! `what` is the verdict on a toolkit, whether a forward compatibility package is made for a driver and a brand, or
//! whether a compiler knows a compute capability.

use std::collections::BTreeSet;

use super::super::forward::{ForwardFit, ForwardPackage};
use super::super::gpu::Gpu;
use super::super::target::Target;
use super::*;

const BOUNDARIES: &str = include_str!("../../../tests/advisor/boundaries.csv");

struct Row<'r> {
    cells: Vec<&'r str>,
    line: &'r str,
}

impl Row<'_> {
    fn get(&self, column: usize) -> &str {
        self.cells.get(column).copied().unwrap_or_default()
    }

    fn release(&self) -> Release {
        self.get(1).parse().expect(self.line)
    }

    fn gpu(&self) -> Gpu {
        let capability = Some(self.get(4).parse().expect(self.line));
        Gpu { name: "NVIDIA X".into(), capability, brand: self.get(3).parse().expect(self.line) }
    }

    fn driver(&self) -> DriverVersion {
        self.get(2).parse().expect(self.line)
    }

    fn found(&self, tables: &Tables) -> String {
        match self.get(0) {
            "verdict" => {
                let gpus = Gpus::Present(vec![self.gpu()]);
                let machine = Machine { gpus, driver: Some(self.driver()), native: None, compat: None, gcc: None };
                advise(tables, &machine, &Candidate::new(self.release())).verdict.to_string()
            }
            "forward" => {
                let fit =
                    tables.forward_fit(self.release(), &ForwardPackage::default(), Some(&self.driver()), &self.gpu());
                match fit {
                    ForwardFit::Made => "made",
                    ForwardFit::SomeModels => "some-models",
                    ForwardFit::NotThisBrand => "not-this-brand",
                    ForwardFit::NotThisDriver => "not-this-driver",
                    ForwardFit::Unknown => "unknown",
                    ForwardFit::Proven | ForwardFit::Failed => "tried",
                }
                .into()
            }
            "target" => match tables.target(self.release(), self.get(4).parse().expect(self.line), None) {
                Target::Known => "known".into(),
                Target::GpuTooNew(first) => format!("too-new {first}"),
                Target::GpuTooOld(last) => format!("too-old {last}"),
                Target::NotNamed => "not-named".into(),
                Target::Unknown => "unknown".into(),
            },
            other => panic!("{other}: {}", self.line),
        }
    }
}

/// A cell with a comma in it stands in quotes.
fn cells(line: &str) -> Vec<&str> {
    let mut cells = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let (cell, tail) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').map(|(cell, tail)| (cell, tail.strip_prefix(',').unwrap_or(tail))),
            None => rest.split_once(','),
        }
        .unwrap_or((rest, ""));
        cells.push(cell);
        rest = tail;
    }
    cells
}

fn rows() -> Vec<Row<'static>> {
    let rows = BOUNDARIES.lines().skip(1).map(|line| Row { cells: cells(line), line });
    rows.inspect(|row| assert!(row.cells.len() == 8 && !row.get(7).is_empty(), "a source: {}", row.line)).collect()
}

#[test]
fn every_boundary_is_where_its_source_has_it() {
    let tables = Tables::bundled();
    let wrong: Vec<String> = rows()
        .iter()
        .filter_map(|row| {
            let found = row.found(tables);
            (found != row.get(5)).then(|| format!("{} but found {found}", row.line))
        })
        .collect();
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// What the tables have come to know has its boundary in the file, too.
#[test]
fn no_floor_and_no_ceiling_of_the_tables_is_left_out() {
    let tables = Tables::bundled();
    let rows = rows();
    let has = |what: &str, cuda: Release, driver: Option<u16>, capability: Option<Capability>| {
        rows.iter().any(|row| {
            row.get(0) == what
                && row.release() == cuda
                && driver.is_none_or(|branch| row.driver().branch() == branch)
                && capability.is_none_or(|capability| row.get(4).parse() == Ok(capability))
        })
    };
    for release in tables.toolkits() {
        assert!(has("verdict", release, None, None), "{release}");
        let Some(driver) = tables.release(release).and_then(|entry| entry.driver.as_ref()) else { continue };
        for branch in [driver.branch() - 1, driver.branch(), driver.branch() + 1] {
            assert!(has("verdict", release, Some(branch), None), "{release} on {branch}");
        }
    }
    for package in &tables.forward.package {
        let lists = [&tables.forward.branches, &package.on, &package.noted, &package.image];
        for branch in lists.into_iter().flatten().filter(|branch| **branch != package.native) {
            assert!(has("forward", package.release, Some(*branch), None), "{} on {branch}", package.release);
        }
    }
    let beyond = ["3.0", "3.2"].map(|text| text.parse::<Capability>().expect(text));
    for architecture in tables.architectures() {
        for capability in architecture.capability.iter().filter(|capability| !beyond.contains(capability)) {
            for bound in [architecture.first, architecture.last].into_iter().flatten() {
                assert!(has("target", bound, None, Some(*capability)), "{capability} {bound}");
            }
        }
    }
}

#[test]
fn no_row_stands_twice() {
    let rows = rows();
    let mut seen = BTreeSet::new();
    for row in &rows {
        let question: Vec<&str> = row.cells.iter().take(5).copied().collect();
        let fresh = seen.insert(question);
        assert!(fresh, "{}", row.line);
    }
    assert!(rows.len() > 200, "{}", rows.len());
}
