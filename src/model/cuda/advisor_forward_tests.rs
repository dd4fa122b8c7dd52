//! What is said where forward compatibility is on, or a package for it is at hand.

use super::super::forward::CompatSource;
use super::super::forward_note::ForwardNote;
use super::super::gpu::{Brand, Gpu};
use super::tests::{h200, machine, release, rtx_2080, rtx_4090, say};
use super::*;

#[test]
#[expect(clippy::too_many_lines, reason = "a table of real cases")]
fn forward_compatibility_that_is_on() {
    let on = |driver: &str, gpu: Gpu, brings: &str, works| Machine {
        compat: Some(ActiveCompat { release: release(brings), source: CompatSource::ContainerRuntime, works }),
        ..machine(driver, &[gpu])
    };
    for (machine, version, verdict, reason) in [
        (
            on("535.183.01", h200(), "13.1", None),
            "13.1",
            Verdict::Forward,
            "Works by forward compatibility: libraries of CUDA 13.1 stand in for those of driver 535, switched on by \
             the host, when it created this container.",
        ),
        (
            on("535.183.01", h200(), "13.1", None),
            "13.3",
            Verdict::Forward,
            "Works by forward compatibility: libraries of CUDA 13.1 stand in for those of driver 535, switched on by \
             the host, when it created this container.",
        ),
        (
            on("535.183.01", h200(), "12.9", None),
            "13.3",
            Verdict::NeedsForward,
            "Needs the forward compatibility package cuda-compat-13-3: driver 535 alone runs CUDA up to 12.2.",
        ),
        (
            on("535.183.01", h200(), "13.1", Some(true)),
            "12.2",
            Verdict::Native,
            "Works. Driver 535 runs CUDA 12.2 natively.",
        ),
        (
            on("535.183.01", h200(), "12.9", None),
            "12.9",
            Verdict::Forward,
            "Works by forward compatibility: libraries of CUDA 12.9 stand in for those of driver 535, switched on by \
             the host, when it created this container.",
        ),
        (
            on("580.95.05", rtx_2080(), "13.0", Some(true)),
            "12.9",
            Verdict::Native,
            "Works. Driver 580 runs CUDA 12.9 natively.",
        ),
        (on("580.95.05", h200(), "13.0", None), "12.9", Verdict::Native, "Works. Driver 580 runs CUDA 12.9 natively."),
        (
            on("595.71.05", h200(), "13.0", None),
            "12.9",
            Verdict::WillNotRun,
            "Will not run: the forward compatibility libraries of CUDA 13.0 are on and older than the driver, so CUDA \
             programs stop with error 803; switch them off (they are on by the host, when it created this container).",
        ),
        (
            on("535.183.01", rtx_4090(), "13.1", None),
            "12.2",
            Verdict::WillNotRun,
            "Will not run: the forward compatibility libraries of CUDA 13.1 are on and not made for GeForce GPUs, so \
             CUDA programs stop with error 804; switch them off (they are on by the host, when it created this \
             container).",
        ),
        (
            on("535.183.01", h200(), "13.1", Some(false)),
            "13.1",
            Verdict::WillNotRun,
            "Will not run: the forward compatibility libraries of CUDA 13.1 are on and do not work with this driver and \
             GPU; switch them off (they are on by the host, when it created this container).",
        ),
        (
            on("535.183.01", rtx_4090(), "13.1", Some(true)),
            "13.1",
            Verdict::Forward,
            "Works by forward compatibility: libraries of CUDA 13.1 stand in for those of driver 535, switched on by \
             the host, when it created this container.",
        ),
        (
            on("", h200(), "13.1", Some(true)),
            "13.1",
            Verdict::Forward,
            "Works by forward compatibility: libraries of CUDA 13.1 stand in for those of the driver, switched on by \
             the host, when it created this container.",
        ),
    ] {
        let advice = say(&machine, version);
        assert_eq!((advice.verdict, advice.reason.as_str()), (verdict, reason), "{version}");
    }
}

#[test]
fn a_package_that_is_there_speaks_for_itself() {
    let candidate = |note: Option<&[u16]>, trial| Candidate {
        package: ForwardPackage {
            note: note.map(|branches| ForwardNote {
                release: release("13.0"),
                branches: branches.to_vec(),
                brands: vec![Brand::Nvidia],
            }),
            trial,
        },
        ..Candidate::new(release("13.0"))
    };
    let on_550 = machine("550.90.07", &[h200()]);
    for (candidate, expected) in [
        (candidate(None, None), Verdict::Unknown),
        (candidate(Some(&[535, 550]), None), Verdict::NeedsForward),
        (candidate(Some(&[535]), None), Verdict::WillNotRun),
        (candidate(Some(&[535]), Some(true)), Verdict::NeedsForward),
        (candidate(Some(&[535, 550]), Some(false)), Verdict::WillNotRun),
    ] {
        assert_eq!(advise(Tables::bundled(), &on_550, &candidate).verdict, expected, "{:?}", candidate.package);
    }
    let proven = advise(Tables::bundled(), &machine("", &[h200()]), &candidate(None, Some(true)));
    assert_eq!(
        proven.reason,
        "Needs the forward compatibility package cuda-compat-13-0: the driver alone runs a CUDA that is not known; with it, it \
         works here."
    );
}
