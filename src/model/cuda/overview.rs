//! The compatibility table for the README, made of the same tables that the advisor uses.

use super::gpu::{Brand, Gpu};
use super::tables::Tables;
use super::target::Target;
use super::version::{Capability, Release};

/// One release a row, newest first, as a Markdown table.
#[must_use]
pub fn compatibility_table(tables: &Tables) -> String {
    let head = [
        "CUDA",
        "Made for driver",
        "Works with limits from driver",
        "Forward compatibility on driver",
        "GPUs, by compute capability",
    ];
    let mut rows = vec![row(&head), row(&["---"; 5])];
    let mut releases: Vec<Release> = tables.toolkits().collect();
    releases.reverse();
    for release in releases {
        let made_for = tables.release(release).and_then(|entry| entry.driver.as_ref());
        let made_for = made_for.map_or("not known".into(), |driver| driver.branch().to_string());
        let limits = tables.family(release.major).map_or("not known".into(), |family| family.driver.to_string());
        let (forward, gpus) = (forward(tables, release), gpus(tables, release));
        rows.push(row(&[&release.to_string(), &made_for, &limits, &forward, &gpus]));
    }
    rows.concat()
}

fn row(cells: &[&str]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// The branches of NVIDIA's own table on which the package can be used.
fn forward(tables: &Tables, release: Release) -> String {
    let data_centre = Gpu { name: String::new(), capability: None, brand: Brand::Nvidia };
    let native = tables.release(release).and_then(|entry| entry.driver.as_ref()).map(super::DriverVersion::branch);
    let fits = |branch: u16| {
        let driver = format!("{branch}.00").parse().ok();
        let fit = tables.forward_fit(release, &super::ForwardPackage::default(), driver.as_ref(), &data_centre);
        fit.usable() == Some(true) && native.is_none_or(|native| branch < native)
    };
    let branches: Vec<String> = tables
        .forward
        .branches
        .iter()
        .copied()
        .filter(|branch| fits(*branch))
        .map(|branch| branch.to_string())
        .collect();
    if branches.is_empty() { "none".into() } else { branches.join(", ") }
}

fn gpus(tables: &Tables, release: Release) -> String {
    let architectures = tables.architectures().iter();
    let mut known: Vec<(Capability, &str)> = architectures
        .flat_map(|architecture| {
            architecture.capability.iter().map(|capability| (*capability, architecture.name.as_str()))
        })
        .filter(|(capability, _)| tables.target(release, *capability, None) == Target::Known)
        .collect();
    known.sort_unstable();
    match (known.first(), known.last()) {
        (Some((oldest, old)), Some((newest, new))) => format!("{oldest} ({old}) to {newest} ({new})"),
        _ => "not known".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_table() {
        let table = compatibility_table(Tables::bundled());
        let rows: Vec<&str> = table.lines().collect();
        assert_eq!(rows.len(), 2 + Tables::bundled().toolkits().count());
        for row in [
            "| 13.5 | not known | 580.65.06 | none | 7.5 (Turing) to 12.1 (Blackwell) |",
            "| 13.1 | 590 | 580.65.06 | 535, 570, 580 | 7.5 (Turing) to 12.1 (Blackwell) |",
            "| 12.9 | 575 | 525.60.13 | 535, 570 | 5.0 (Maxwell) to 12.1 (Blackwell) |",
            "| 12.8 | 570 | 525.60.13 | 535 | 5.0 (Maxwell) to 12.0 (Blackwell) |",
            "| 11.8 | 520 | 450.80.02 | none | 3.5 (Kepler) to 9.0 (Hopper) |",
            "| 11.0 | 450 | 450.80.02 | none | 3.5 (Kepler) to 8.0 (Ampere) |",
        ] {
            assert!(rows.contains(&row), "{row}\n{table}");
        }
        assert!(!table.contains("| 12.7 |"));
    }

    const BEGIN: &str = "UPDATE=1 cargo test --lib readme writes it anew -->\n";
    const END: &str = "<!-- end of the compatibility table -->";

    #[test]
    fn the_readme_has_this_table() {
        // As cargo says when it runs the test: clones that share a build cache also share test programs.
        let root = std::env::var_os("CARGO_MANIFEST_DIR").expect("tests are run by cargo");
        let path = std::path::Path::new(&root).join("README.md");
        let readme = std::fs::read_to_string(&path).expect("README.md");
        let (before, rest) = readme.split_once(BEGIN).expect("the table begins");
        let (found, after) = rest.split_once(END).expect("the table ends");
        let table = format!("\n{}\n", compatibility_table(Tables::bundled()));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, format!("{before}{BEGIN}{table}{END}{after}")).expect("written");
            return;
        }
        assert!(found == table, "README.md has another compatibility table; UPDATE=1 writes it anew:\n{table}");
    }
}
