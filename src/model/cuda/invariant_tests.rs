//! What holds for every driver, GPU and toolkit there is.

use std::collections::BTreeSet;

use super::super::gpu::{Brand, Gpu};
use super::*;

/// Drivers: each of the tables, its neighbours, the floors of the families, and some that nobody knows.
fn drivers(tables: &Tables) -> Vec<DriverVersion> {
    let mut branches: BTreeSet<u16> = [440, 625, 640].into();
    for branch in tables.releases().iter().filter_map(|entry| entry.driver.as_ref()).map(DriverVersion::branch) {
        branches.extend([branch - 1, branch, branch + 1]);
    }
    let mut drivers: Vec<DriverVersion> =
        branches.into_iter().map(|branch| format!("{branch}.99").parse().expect("driver")).collect();
    drivers.extend(["450.51.05", "525.60.12", "580.65.05"].map(|below| below.parse().expect("driver")));
    drivers.extend((11..=13).filter_map(|major| tables.family(major)).map(|family| family.driver.clone()));
    drivers.sort();
    drivers
}

fn releases(tables: &Tables) -> Vec<Release> {
    let beyond = ["10.2", "11.9", "12.10", "13.6", "13.10", "14.0"].map(|text| text.parse().expect(text));
    let mut releases: Vec<Release> = tables.releases().iter().map(|entry| entry.version).chain(beyond).collect();
    releases.sort_unstable();
    releases
}

fn gpus(tables: &Tables) -> Vec<Gpu> {
    let known =
        tables.architectures().iter().flat_map(|architecture| &architecture.capability).map(|known| Some(*known));
    let capabilities: Vec<_> = known.chain([None, Some(Capability::new(15, 0))]).collect();
    let brands = [Brand::Unknown, Brand::GeForce, Brand::Nvidia, Brand::NvidiaRtx];
    let of_brand = |brand| {
        capabilities.iter().map(move |capability| Gpu { name: "NVIDIA X".into(), capability: *capability, brand })
    };
    brands.into_iter().flat_map(of_brand).collect()
}

fn machine(driver: Option<&DriverVersion>, gpus: Vec<Gpu>) -> Machine {
    Machine { gpus: Gpus::Present(gpus), driver: driver.cloned(), native: None, compat: None, gcc: None }
}

fn verdict(tables: &Tables, driver: &DriverVersion, gpu: &Gpu, release: Release) -> Verdict {
    let machine = machine(Some(driver), vec![gpu.clone()]);
    let native = tables.native(Some(driver), None).native;
    judge(tables, &machine, native, &Candidate::new(release)).cause.verdict()
}

#[test]
fn a_newer_driver_is_never_worse_but_for_forward_compatibility() {
    let tables = Tables::bundled();
    for gpu in gpus(tables) {
        for release in releases(tables) {
            // Before it works without forward compatibility, which drivers a package takes is a list, not an order.
            let mut best = None;
            for driver in drivers(tables) {
                let verdict = verdict(tables, &driver, &gpu, release);
                assert!(best.is_none_or(|best| verdict <= best), "{release} on {driver}, {gpu:?}: {verdict}");
                if verdict <= Verdict::MinorVersion {
                    best = Some(verdict);
                }
            }
        }
    }
}

#[test]
fn a_newer_toolkit_of_the_same_family_never_needs_an_older_driver() {
    let tables = Tables::bundled();
    let turing = Gpu { name: "X".into(), capability: Some(Capability::new(7, 5)), brand: Brand::GeForce };
    for driver in drivers(tables) {
        let known: Vec<_> = tables.toolkits().collect();
        let verdicts: Vec<_> = known.iter().map(|release| verdict(tables, &driver, &turing, *release)).collect();
        assert!(verdicts.is_sorted(), "{driver}: {verdicts:?}");
    }
}

#[test]
fn another_gpu_never_makes_it_better() {
    let tables = Tables::bundled();
    let gpus = gpus(tables);
    for driver in drivers(tables).iter().step_by(7) {
        let native = tables.native(Some(driver), None).native;
        for release in releases(tables) {
            for pair in gpus.windows(2) {
                let both = machine(Some(driver), pair.to_vec());
                let judged = judge(tables, &both, native, &Candidate::new(release)).cause.verdict();
                let alone = pair.iter().map(|gpu| verdict(tables, driver, gpu, release)).max();
                assert_eq!(Some(judged), alone, "{release} on {driver}, {pair:?}");
            }
        }
    }
}

#[test]
fn every_verdict_has_one_whole_sentence_and_something_to_rest_on() {
    let tables = Tables::bundled();
    let mut drivers: Vec<_> = drivers(tables).into_iter().map(Some).collect();
    drivers.push(None);
    for driver in drivers {
        for gpu in gpus(tables) {
            let machine = machine(driver.as_ref(), vec![gpu]);
            for release in releases(tables) {
                let advice = advise(tables, &machine, &Candidate::new(release));
                for sentence in std::iter::once(&advice.reason).chain(&advice.why) {
                    assert!(sentence.len() > 20 && sentence.ends_with('.') && !sentence.ends_with(".."), "{sentence}");
                    assert!(!sentence.contains("  ") && !sentence.contains(['\n', '{', '}']), "{sentence}");
                    assert!(sentence.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit()), "{sentence}");
                }
                assert!(!advice.why.is_empty());
                let helps = advice.reason.contains("choose") || advice.reason.contains("use a");
                assert!(helps || !advice.verdict.is_refusal(), "{}", advice.reason);
            }
        }
    }
}

#[test]
fn what_is_offered_instead_works() {
    let tables = Tables::bundled();
    for driver in drivers(tables).iter().step_by(7) {
        for gpu in gpus(tables) {
            let machine = machine(Some(driver), vec![gpu.clone()]);
            for release in releases(tables) {
                let instead = advise(tables, &machine, &Candidate::new(release)).instead;
                let verdict = |release: Option<Release>| release.map(|release| verdict(tables, driver, &gpu, release));
                assert!(verdict(instead.native).is_none_or(|verdict| verdict == Verdict::Native));
                assert!(verdict(instead.limited).is_none_or(|verdict| verdict == Verdict::MinorVersion));
                assert!(tables.release(release).is_none() || instead.native != Some(release));
            }
        }
    }
}

#[test]
fn exactly_one_of_all_releases_is_recommended_wherever_one_can_run() {
    let tables = Tables::bundled();
    let candidates: Vec<Candidate> = tables.toolkits().map(Candidate::new).collect();
    for driver in drivers(tables) {
        for gpu in &gpus(tables) {
            let ranked = super::super::rank(tables, &machine(Some(&driver), vec![gpu.clone()]), &candidates);
            let recommended = ranked.iter().filter(|ranked| ranked.recommended).count();
            let runs = ranked.iter().any(|ranked| !ranked.advice.verdict.is_refusal());
            assert_eq!(recommended, usize::from(runs), "{driver} {gpu:?}");
            assert!(ranked.is_sorted_by_key(|ranked| ranked.advice.verdict));
        }
    }
}
