//! NVIDIA's table cell by cell, and who decides over it.

use super::*;

fn release(text: &str) -> Release {
    text.parse().expect(text)
}

fn gpu(brand: Brand) -> Gpu {
    Gpu { name: "NVIDIA X".into(), capability: None, brand }
}

fn fit(version: &str, branch: u16, brand: Brand) -> ForwardFit {
    let driver = format!("{branch}.40.01").parse().expect("driver");
    Tables::bundled().forward_fit(release(version), &ForwardPackage::default(), Some(&driver), &gpu(brand))
}

/// The table of 2026. C: can be used; N: native; X: must not be used.
const TABLE: [(&str, &str); 12] = [
    ("13.4", "CCCCCCN"),
    ("13.3", "CCCCCNX"),
    ("13.2", "CCCCNXX"),
    ("13.1", "CCCNXXX"),
    ("13.0", "CCNXXXX"),
    ("12.9", "CCXXXXX"),
    ("12.8", "CNXXXXX"),
    ("12.6", "CXXXXXX"),
    ("12.5", "CXXXXXX"),
    ("12.4", "CXXXXXX"),
    ("12.3", "CXXXXXX"),
    ("12.2", "NXXXXXX"),
];
const BRANCHES: [u16; 7] = [535, 570, 580, 590, 595, 610, 615];

#[test]
fn every_cell_of_the_table() {
    for (version, row) in TABLE {
        for (branch, cell) in BRANCHES.into_iter().zip(row.chars()) {
            // The note of 13.1 lists its own branch too; there the package is of no use, but does no harm.
            let of_no_use = (version, branch) == ("13.1", 590);
            let expected = if cell == 'C' || of_no_use { ForwardFit::Made } else { ForwardFit::NotThisDriver };
            assert_eq!(fit(version, branch, Brand::Tesla), expected, "{version} on {branch}");
        }
    }
}

#[test]
fn branches_that_the_table_leaves_out() {
    for (version, branch, expected) in [
        ("13.4", 534, ForwardFit::NotThisDriver),
        ("13.4", 525, ForwardFit::NotThisDriver),
        ("13.4", 536, ForwardFit::Unknown),
        ("13.0", 550, ForwardFit::Unknown),
        ("13.0", 575, ForwardFit::Unknown),
        ("13.0", 581, ForwardFit::NotThisDriver),
        ("13.1", 550, ForwardFit::Made),
        ("13.1", 575, ForwardFit::Made),
        ("13.1", 560, ForwardFit::NotThisDriver),
        ("12.9", 560, ForwardFit::Made),
        ("13.3", 565, ForwardFit::Made),
        ("13.3", 575, ForwardFit::Unknown),
        ("12.2", 525, ForwardFit::Made),
        ("12.2", 470, ForwardFit::Made),
        ("12.2", 510, ForwardFit::NotThisDriver),
        ("13.5", 580, ForwardFit::Unknown),
        ("12.7", 535, ForwardFit::Unknown),
        ("12.1", 525, ForwardFit::NotThisDriver),
        ("11.8", 470, ForwardFit::NotThisDriver),
    ] {
        assert_eq!(fit(version, branch, Brand::Nvidia), expected, "{version} on {branch}");
    }
}

#[test]
fn brands() {
    for (brand, expected) in [
        (Brand::Tesla, ForwardFit::Made),
        (Brand::Nvidia, ForwardFit::Made),
        (Brand::VCs, ForwardFit::Made),
        (Brand::Quadro, ForwardFit::SomeModels),
        (Brand::QuadroRtx, ForwardFit::SomeModels),
        (Brand::NvidiaRtx, ForwardFit::SomeModels),
        (Brand::GeForce, ForwardFit::NotThisBrand),
        (Brand::Titan, ForwardFit::NotThisBrand),
        (Brand::Nvs, ForwardFit::NotThisBrand),
        (Brand::Grid, ForwardFit::Unknown),
        (Brand::Unknown, ForwardFit::Unknown),
    ] {
        assert_eq!(fit("13.1", 535, brand), expected, "{brand}");
    }
}

#[test]
fn the_note_decides_over_the_table_and_a_trial_over_both() {
    let tables = Tables::bundled();
    let note = ForwardNote { release: release("13.5"), branches: vec![550, 580], brands: vec![Brand::Tesla] };
    let noted = ForwardPackage { note: Some(note), trial: None };
    let fit = |package: &ForwardPackage, driver: &str, brand| {
        tables.forward_fit(release("13.5"), package, Some(&driver.parse().expect(driver)), &gpu(brand))
    };
    assert_eq!(fit(&noted, "550.90.07", Brand::Tesla), ForwardFit::Made);
    assert_eq!(fit(&noted, "535.183.01", Brand::Tesla), ForwardFit::NotThisDriver);
    assert_eq!(fit(&noted, "550.90.07", Brand::Nvidia), ForwardFit::NotThisBrand);
    assert_eq!(fit(&noted, "550.90.07", Brand::Unknown), ForwardFit::Unknown);
    let tried = |works| ForwardPackage { trial: Some(works), ..noted.clone() };
    assert_eq!(fit(&tried(true), "470.57.02", Brand::GeForce), ForwardFit::Proven);
    assert_eq!(fit(&tried(false), "550.90.07", Brand::Tesla), ForwardFit::Failed);
}

#[test]
fn without_a_driver_version_only_a_no_is_certain() {
    let tables = Tables::bundled();
    let fit = |brand| tables.forward_fit(release("13.1"), &ForwardPackage::default(), None, &gpu(brand));
    assert_eq!(fit(Brand::Tesla), ForwardFit::Unknown);
    assert_eq!(fit(Brand::GeForce), ForwardFit::NotThisBrand);
}

#[test]
fn who_switched_it_on() {
    for (place, expected) in [
        ("/etc/ld.so.conf.d/00-compat-3f1c9a2e-77aa.conf", CompatSource::ContainerRuntime),
        ("/etc/ld.so.conf.d/0-compat-cuda.conf", CompatSource::ImageStart),
        ("LD_LIBRARY_PATH", CompatSource::Environment),
        ("/etc/ld.so.conf.d/cuda-compat.conf", CompatSource::LoaderConfiguration),
        ("/etc/ld.so.conf", CompatSource::LoaderConfiguration),
    ] {
        assert_eq!(CompatSource::of(place), expected, "{place}");
    }
}

#[test]
fn a_library_tells_its_release() {
    for (path, expected) in [
        ("/usr/local/cuda-13.1/compat/libcuda.so.590.44.01", Some("13.1")),
        ("/usr/local/cuda-13.1/compat/libcuda.so.1", Some("13.1")),
        ("/usr/local/cuda/compat/libcuda.so.575.57.08", Some("12.9")),
        ("/usr/local/cuda/compat/lib.real/libcuda.so.580.95.05", Some("13.0")),
        ("/usr/local/cuda/compat/libcuda.so.1", None),
        ("/usr/lib/x86_64-linux-gnu/libcuda.so.590.44.01", None),
        ("/usr/local/cuda-12.9/lib64/stubs/libcuda.so", None),
    ] {
        assert_eq!(
            Tables::bundled().release_of_compat(path).map(|found| found.to_string()).as_deref(),
            expected,
            "{path}"
        );
    }
}
