//! What is recommended on machines as they are met.

use super::super::advisor::Verdict;
use super::super::gpu::{Brand, Gpu, Gpus};
use super::*;

fn machine(driver: &str, brand: Brand, capability: &str, gcc: Option<u16>) -> Machine {
    let gpu = Gpu { name: "NVIDIA X".into(), capability: capability.parse().ok(), brand };
    Machine { gpus: Gpus::Present(vec![gpu]), driver: driver.parse().ok(), native: None, compat: None, gcc }
}

fn recommended(machine: &Machine, versions: &[&str]) -> Option<String> {
    let candidates: Vec<_> = versions
        .iter()
        .map(|version| Candidate::new(version.parse::<super::super::ToolkitVersion>().expect("version")))
        .collect();
    let ranked = rank(Tables::bundled(), machine, &candidates);
    assert_eq!(ranked.len(), candidates.len());
    let mut indexes: Vec<_> = ranked.iter().map(|ranked| ranked.index).collect();
    indexes.sort_unstable();
    assert!(indexes.into_iter().eq(0..candidates.len()), "every candidate once");
    let chosen: Vec<_> = ranked.iter().filter(|ranked| ranked.recommended).collect();
    assert!(chosen.len() <= 1);
    chosen.first().map(|chosen| candidates[chosen.index].version.to_string())
}

/// What NVIDIA's repository for Ubuntu 24.04 has.
const UBUNTU_24_04: [&str; 11] =
    ["12.5.1", "12.6.3", "12.8.2", "12.9.2", "13.0.3", "13.1.2", "13.2.2", "13.3.1", "13.4.2", "13.4.3", "13.5.0"];

#[test]
fn real_machines() {
    for (driver, brand, capability, gcc, expected) in [
        ("580.95.05", Brand::GeForce, "8.9", Some(13), "13.0.3"),
        ("590.48.01", Brand::GeForce, "12.0", Some(13), "13.1.2"),
        ("575.57.08", Brand::GeForce, "12.0", Some(13), "12.9.2"),
        ("570.133.07", Brand::GeForce, "12.0", Some(13), "12.8.2"),
        // Native would be 12.2 and 12.4, which this repository does not have.
        ("535.183.01", Brand::GeForce, "8.9", Some(13), "12.9.2"),
        ("550.90.07", Brand::Nvidia, "9.0", Some(13), "12.9.2"),
        ("610.57.04", Brand::Nvidia, "10.3", Some(13), "13.3.1"),
        ("580.142", Brand::Unknown, "12.1", Some(13), "13.0.3"),
        ("580.95.05", Brand::Tesla, "7.0", Some(13), "12.9.2"),
        ("580.95.05", Brand::GeForce, "6.1", Some(13), "12.9.2"),
        // It wants an older gcc, but that is easier to have than PTX that works.
        ("560.35.03", Brand::GeForce, "8.9", Some(14), "12.6.3"),
        ("615.71.09", Brand::Nvidia, "9.0", Some(13), "13.4.3"),
        ("630.10.01", Brand::Nvidia, "9.0", Some(13), "13.4.3"),
        // Only forward compatibility is left.
        ("470.223.02", Brand::GeForce, "3.5", None, ""),
    ] {
        let found = recommended(&machine(driver, brand, capability, gcc), &UBUNTU_24_04);
        assert_eq!(found.unwrap_or_default(), expected, "{driver} {brand} {capability}");
    }
}

#[test]
fn a_native_one_comes_before_a_newer_one_with_limits() {
    let machine = machine("535.183.01", Brand::GeForce, "8.9", None);
    assert_eq!(recommended(&machine, &["12.9.1", "12.2.2", "12.0.1", "13.0.0"]).as_deref(), Some("12.2.2"));
}

#[test]
fn forward_compatibility_is_the_last_resort_and_no_lie_is_recommended() {
    let old = machine("535.183.01", Brand::Tesla, "7.5", None);
    assert_eq!(recommended(&old, &["13.1.0", "13.4.2"]).as_deref(), Some("13.4.2"));
    assert_eq!(recommended(&old, &["13.1.0", "12.9.0"]).as_deref(), Some("12.9.0"));
    assert_eq!(recommended(&machine("535.183.01", Brand::GeForce, "7.5", None), &["13.1.0", "13.4.2"]), None);
    assert_eq!(recommended(&old, &[]), None);
}

#[test]
fn a_preview_is_not_recommended_beside_a_final_version() {
    let machine = machine("615.71.09", Brand::GeForce, "8.9", None);
    assert_eq!(recommended(&machine, &["13.4.0", "13.3.1"]).as_deref(), Some("13.3.1"));
}

#[test]
fn without_a_gpu_the_newest_compiler_is_recommended() {
    let machine = Machine { gpus: Gpus::Absent, ..machine("580.95.05", Brand::GeForce, "8.9", Some(13)) };
    assert_eq!(recommended(&machine, &UBUNTU_24_04).as_deref(), Some("13.5.0"));
}

#[test]
fn tags_of_images() {
    for (tag, expected) in [
        ("cuda-13.1-ubuntu24.04-py312", Some("13.1")),
        ("cuda-12.9-mini", Some("12.9")),
        ("cuda-12.9", Some("12.9")),
        ("stock-ubuntu24.04", None),
        ("cuda-latest", None),
        ("latest", None),
        ("", None),
    ] {
        assert_eq!(release_of_tag(tag).map(|release| release.to_string()).as_deref(), expected, "{tag}");
    }
}

#[test]
fn one_image_is_recommended() {
    const TAGS: [&str; 4] =
        ["stock-ubuntu24.04", "cuda-13.1-ubuntu24.04", "cuda-12.9-ubuntu24.04", "cuda-13.4-ubuntu24.04"];
    for (driver, brand, capability, expected) in [
        ("580.95.05", Brand::GeForce, "8.9", "cuda-12.9-ubuntu24.04"),
        ("590.48.01", Brand::GeForce, "12.0", "cuda-13.1-ubuntu24.04"),
        ("615.71.09", Brand::GeForce, "12.0", "cuda-13.4-ubuntu24.04"),
        ("535.183.01", Brand::GeForce, "8.9", "cuda-12.9-ubuntu24.04"),
        ("525.60.13", Brand::GeForce, "8.9", "cuda-12.9-ubuntu24.04"),
        ("520.61.05", Brand::GeForce, "8.9", "stock-ubuntu24.04"),
        ("580.95.05", Brand::Tesla, "7.0", "cuda-12.9-ubuntu24.04"),
    ] {
        let images = rank_images(Tables::bundled(), &machine(driver, brand, capability, None), &TAGS);
        assert_eq!(images.len(), TAGS.len());
        let chosen: Vec<_> = images.iter().filter(|image| image.recommended).map(|image| TAGS[image.index]).collect();
        assert_eq!(chosen, [expected], "{driver} {brand}");
    }
    let none = Machine { gpus: Gpus::Absent, ..machine("580.95.05", Brand::GeForce, "8.9", None) };
    let images = rank_images(Tables::bundled(), &none, &TAGS);
    assert_eq!((TAGS[images[0].index], images[0].recommended), ("stock-ubuntu24.04", true));
}

#[test]
fn refused_candidates_stand_last() {
    let machine = machine("580.95.05", Brand::GeForce, "12.0", None);
    let candidates =
        ["12.4", "13.0", "14.0", "13.5"].map(|version| Candidate::new(version.parse::<Release>().expect("one")));
    let verdicts: Vec<_> = rank(Tables::bundled(), &machine, &candidates)
        .into_iter()
        .map(|ranked| (candidates[ranked.index].version.to_string(), ranked.advice.verdict))
        .collect();
    assert_eq!(
        verdicts,
        [
            ("13.0".into(), Verdict::Native),
            ("13.5".into(), Verdict::MinorVersion),
            ("14.0".into(), Verdict::WillNotRun),
            ("12.4".into(), Verdict::CannotTarget),
        ]
    );
}
