//! What is said of machines, from all that was found on them.

use super::super::driver_library::Init;
use super::super::gpu::{Brand, Gpu};
use super::super::inventory::{Folder, NvccAnswer, Sources};
use super::super::ranking::release_of_tag;
use super::*;

#[expect(clippy::unnecessary_wraps, reason = "as libraries answer")]
fn answer(file: &str, release: &str, init: u32) -> Asked {
    let release = Some(release.parse().expect(release));
    Ok(LibraryAnswer { file: file.into(), release, init: Init::Returned(init) })
}

fn own(release: &str) -> Asked {
    answer("/usr/lib/libcuda.so.1.1", release, 0)
}

fn compat(release: &str, init: u32) -> Asked {
    answer(&format!("/usr/local/cuda-{release}/compat/libcuda.so.1.1"), release, init)
}

fn with(driver: &str, brand: Brand, capability: &str, own: Asked, folders: &[&str]) -> Evidence {
    let capability = Some(capability.parse().expect(capability));
    let nvcc: Vec<String> = folders
        .iter()
        .map(|path| format!("tools, release {}, V1", path.rsplit('-').next().expect("a release")))
        .collect();
    let folders: Vec<Folder<'_>> = folders
        .iter()
        .zip(&nvcc)
        .map(|(path, nvcc)| Folder { path, version_json: None, nvcc: NvccAnswer::Wrote(nvcc) })
        .collect();
    let default_target = folders.first().map(|folder| folder.path);
    let sources = Sources { folders: &folders, dpkg_status: "", default_target, markers: &[] };
    Evidence {
        gpus: Gpus::Present(vec![Gpu { name: "NVIDIA X".into(), capability, brand }]),
        driver: driver.parse().ok(),
        programs: own.clone(),
        own,
        place: None,
        forward: vec![],
        inventory: Inventory::take(&sources),
        named: BTreeMap::new(),
        default_target: default_target.map(str::to_owned),
        gcc: None,
        parts: vec![],
    }
}

fn report(evidence: Evidence) -> Report {
    Report::of(Tables::bundled(), evidence)
}

fn verdicts(report: &Report) -> Vec<(&str, Verdict)> {
    report.toolkits.iter().map(|judged| (judged.id.as_str(), judged.advice.verdict)).collect()
}

#[test]
fn a_machine_on_which_all_is_well() {
    let folders = ["/usr/local/cuda-12.9", "/usr/local/cuda-13.1"];
    let report = report(with("580.95.05", Brand::GeForce, "8.9", own("13.0"), &folders));
    assert_eq!(
        (report.native.native, report.native_source),
        (Native::Known(Release::new(13, 0)), NativeSource::DriverLibrary)
    );
    assert_eq!((report.state, report.state_reason.as_str(), &report.compat), (CudaState::Works, "", &None));
    assert_eq!(verdicts(&report), [("13.1", Verdict::MinorVersion), ("12.9", Verdict::Native)]);
    assert_eq!(report.default_toolkit().map(|judged| judged.id.as_str()), Some("12.9"));
    assert_eq!(report.recommended.as_ref().map(|(release, _)| *release), Some(Release::new(13, 0)));
    let recommended: Vec<_> = report.images.iter().filter(|image| image.recommended).map(|image| &image.tag).collect();
    assert_eq!(recommended, ["cuda-12.9-ubuntu24.04"], "native goes before limits");
}

#[test]
fn without_a_library_the_drivers_version_tells() {
    let report =
        report(with("535.183.01", Brand::Nvidia, "9.0", Err(LibraryTrouble::Absent), &["/usr/local/cuda-12.9"]));
    assert_eq!(
        (report.native.native, report.native_source),
        (Native::Known(Release::new(12, 2)), NativeSource::DriverVersion)
    );
    assert_eq!(report.state, CudaState::NoLibrary);
    assert_eq!(verdicts(&report), [("12.9", Verdict::MinorVersion)]);
}

#[test]
fn forward_compatibility_that_is_on_is_told_with_who_did_it_and_whether_it_works() {
    for (init, brand, works, verdict, state) in [
        (0, Brand::Nvidia, Some(true), Verdict::Forward, CudaState::Works),
        (804, Brand::GeForce, Some(false), Verdict::WillNotRun, CudaState::Failing),
    ] {
        let mut evidence = with("535.183.01", brand, "9.0", own("12.2"), &["/usr/local/cuda-13.1"]);
        evidence.programs = compat("13.1", init);
        evidence.place = Some("/etc/ld.so.conf.d/00-compat-5f.conf".into());
        let report = report(evidence);
        let active = report.compat.as_ref().expect("it is on");
        assert_eq!((active.release, active.source), (Release::new(13, 1), CompatSource::ContainerRuntime));
        assert_eq!((active.works, report.state), (works, state));
        assert_eq!(verdicts(&report), [("13.1", verdict)], "{:?}", report.toolkits);
        assert_eq!(report.compat_place, "/etc/ld.so.conf.d/00-compat-5f.conf");
        assert_eq!(report.native.native, Native::Known(Release::new(12, 2)), "the driver's own stays what it is");
    }
}

#[test]
fn a_trial_of_an_installed_package_decides() {
    for (init, works, verdict) in [(0, Some(true), Verdict::NeedsForward), (803, Some(false), Verdict::WillNotRun)] {
        let mut evidence = with("535.183.01", Brand::NvidiaRtx, "8.9", own("12.2"), &["/usr/local/cuda-13.1"]);
        let path = "/usr/local/cuda-13.1/compat/libcuda.so.1".to_owned();
        evidence.forward = vec![(Release::new(13, 1), path, compat("13.1", init))];
        let report = report(evidence);
        assert_eq!(report.forward[0].works, works);
        assert_eq!(verdicts(&report), [("13.1", verdict)]);
    }
}

#[test]
fn a_library_to_link_with_is_no_driver_and_no_forward_compatibility() {
    let mut evidence = with("580.95.05", Brand::GeForce, "8.9", own("13.0"), &[]);
    evidence.programs = answer("/usr/local/cuda/lib64/stubs/libcuda.so", "13.1", 34);
    let stub = report(evidence.clone());
    assert_eq!((&stub.compat, stub.state), (&None, CudaState::Failing));
    assert!(stub.state_reason.contains("34"), "{}", stub.state_reason);
    evidence.own = evidence.programs.clone();
    assert_eq!(report(evidence).native_source, NativeSource::DriverVersion);
}

#[test]
fn the_compiler_of_a_toolkit_decides_what_it_can_target() {
    let mut evidence = with("615.71.09", Brand::GeForce, "9.0", own("13.4"), &["/usr/local/cuda-13.1"]);
    evidence.named.insert("/usr/local/cuda-13.1".into(), vec![Capability::new(7, 5)]);
    assert_eq!(verdicts(&report(evidence)), [("13.1", Verdict::CannotTarget)]);
}

#[test]
fn a_release_that_is_there_twice_has_two_names() {
    let folders = ["/usr/local/cuda-12.9", "/usr/local/cuda-12.9"];
    let report = report(with("580.95.05", Brand::GeForce, "8.9", own("13.0"), &folders));
    let ids: Vec<_> = report.toolkits.iter().map(|judged| judged.id.as_str()).collect();
    assert_eq!(ids, ["12.9", "12.9:/usr/local/cuda-12.9"]);
}

#[test]
fn no_gpu_has_images_too_and_one_of_them_is_recommended() {
    let mut evidence = with("", Brand::Unknown, "8.9", Err(LibraryTrouble::Absent), &[]);
    evidence.gpus = Gpus::Absent;
    let report = report(evidence);
    assert_eq!((report.state, report.driver), (CudaState::NoGpu, None));
    let recommended: Vec<_> = report.images.iter().filter(|image| image.recommended).map(|image| &image.tag).collect();
    assert_eq!(recommended, ["stock-ubuntu24.04"]);
}

#[test]
fn an_image_that_does_not_run_does_not_hide_that_a_toolkit_would() {
    let report = report(with("470.57.02", Brand::Tesla, "7.5", own("11.4"), &[]));
    for image in report.images.iter().filter(|image| image.verdict.is_some()) {
        assert!(image.reason.ends_with("choose CUDA 11.4, or up to 11.8 with limits."), "{}", image.reason);
    }
}

#[test]
fn every_image_is_known_by_its_release_or_has_none() {
    for (at, tag) in IMAGES.tags.iter().enumerate() {
        let release = release_of_tag(tag);
        assert_eq!(release.is_none(), at + 1 == IMAGES.tags.len(), "{tag}");
        assert!(release.is_none_or(|release| Tables::bundled().release(release).is_some()), "{tag}");
    }
}
