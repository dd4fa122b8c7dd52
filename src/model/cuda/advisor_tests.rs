//! Machines and toolkits as they are met, and what is said of them.

use super::super::component::Component;
use super::super::forward::CompatSource;
use super::super::gpu::{Brand, Gpu};
use super::*;

fn gpu(name: &str, capability: &str, brand: Brand) -> Gpu {
    Gpu { name: name.into(), capability: capability.parse().ok(), brand }
}

pub(super) fn rtx_4090() -> Gpu {
    gpu("NVIDIA GeForce RTX 4090", "8.9", Brand::GeForce)
}

fn rtx_5090() -> Gpu {
    gpu("NVIDIA GeForce RTX 5090", "12.0", Brand::GeForce)
}

fn gtx_1080() -> Gpu {
    gpu("NVIDIA GeForce GTX 1080", "6.1", Brand::GeForce)
}

fn t4() -> Gpu {
    gpu("Tesla T4", "7.5", Brand::Tesla)
}

fn v100() -> Gpu {
    gpu("Tesla V100-SXM2-16GB", "7.0", Brand::Tesla)
}

pub(super) fn h200() -> Gpu {
    gpu("NVIDIA H200", "9.0", Brand::Nvidia)
}

fn a6000() -> Gpu {
    gpu("NVIDIA RTX A6000", "8.6", Brand::NvidiaRtx)
}

pub(super) fn machine(driver: &str, gpus: &[Gpu]) -> Machine {
    Machine {
        gpus: Gpus::Present(gpus.to_vec()),
        driver: (!driver.is_empty()).then(|| driver.parse().expect(driver)),
        native: None,
        compat: None,
        gcc: None,
    }
}

pub(super) fn release(text: &str) -> Release {
    text.parse().expect(text)
}

pub(super) fn say(machine: &Machine, version: &str) -> Advice {
    advise(Tables::bundled(), machine, &Candidate::new(version.parse::<ToolkitVersion>().expect(version)))
}

/// Driver, GPU, toolkit → verdict and sentence.
#[test]
#[expect(clippy::too_many_lines, reason = "a table of real cases")]
fn what_is_said() {
    for (driver, gpu, version, verdict, reason) in [
        ("580.95.05", rtx_4090(), "12.9.1", Verdict::Native, "Works. Driver 580 runs CUDA 12.9 natively."),
        ("580.95.05", rtx_4090(), "13.0", Verdict::Native, "Works. Driver 580 runs CUDA 13.0 natively."),
        (
            "580.95.05",
            rtx_4090(),
            "13.1",
            Verdict::MinorVersion,
            "Works with limits: driver 580 is made for CUDA 13.0; programs built for this GPU run, but code that the \
             driver has to translate (PTX) and functions newer than 13.0 may fail.",
        ),
        (
            "630.10.01",
            h200(),
            "13.5",
            Verdict::MinorVersion,
            "Works, maybe with limits: driver 630 runs at least CUDA 13.4; if that is its newest, code that the driver \
             has to translate (PTX) and functions newer than 13.4 may fail.",
        ),
        (
            "535.183.01",
            h200(),
            "13.1",
            Verdict::NeedsForward,
            "Needs the forward compatibility package cuda-compat-13-1: driver 535 alone runs CUDA up to 12.2.",
        ),
        (
            "535.183.01",
            a6000(),
            "13.1",
            Verdict::NeedsForward,
            "Needs the forward compatibility package cuda-compat-13-1: driver 535 alone runs CUDA up to 12.2; it works \
             with some models of this GPU's kind, so try it first.",
        ),
        (
            "535.183.01",
            rtx_4090(),
            "13.1",
            Verdict::WillNotRun,
            "Will not run: driver 535 runs CUDA up to 12.2, and forward compatibility is not made for GeForce GPUs; \
             choose CUDA 12.2, or up to 12.9 with limits.",
        ),
        (
            "525.60.13",
            t4(),
            "13.4",
            Verdict::WillNotRun,
            "Will not run: driver 525 runs CUDA up to 12.0, and its forward compatibility package is not made for this \
             driver; choose CUDA 12.0, or up to 12.9 with limits.",
        ),
        (
            "440.33.01",
            t4(),
            "11.0",
            Verdict::WillNotRun,
            "Will not run: driver 440 runs only CUDA older than 11.0, and its forward compatibility package is not made \
             for this driver; no other version that is known fits either, so use a machine with a newer driver.",
        ),
        (
            "550.90.07",
            h200(),
            "13.0",
            Verdict::Unknown,
            "Cannot be told: driver 550 alone runs CUDA up to 12.4, and only a trial shows whether the package \
             cuda-compat-13-0 works here; choose CUDA 12.4 to be safe.",
        ),
        (
            "580.95.05",
            v100(),
            "13.0",
            Verdict::CannotTarget,
            "Cannot target the Tesla V100-SXM2-16GB: CUDA 12.9 was the last that supports compute capability 7.0; \
             choose CUDA 12.9.",
        ),
        (
            "575.57.08",
            rtx_5090(),
            "12.4",
            Verdict::CannotTarget,
            "Cannot target the RTX 5090: CUDA 12.8 is the first that supports compute capability 12.0; choose CUDA 12.9.",
        ),
        (
            "620.10.01",
            h200(),
            "14.0",
            Verdict::Unknown,
            "Cannot be told: driver 620 is newer than this program and surely runs CUDA 13.4; choose CUDA 13.4 to be \
             safe.",
        ),
        (
            "580.95.05",
            gpu("NVIDIA X", "", Brand::Nvidia),
            "12.9",
            Verdict::Unknown,
            "Cannot be told: the X does not tell its compute capability, so it is not known whether CUDA 12.9 supports \
             it; see the GPU page for the reason.",
        ),
        (
            "580.95.05",
            gpu("NVIDIA X", "15.0", Brand::Nvidia),
            "12.9",
            Verdict::Unknown,
            "Cannot be told: the X has compute capability 15.0, which this program does not know; “nvcc \
             --list-gpu-code” of the toolkit tells whether it supports it.",
        ),
        (
            "",
            t4(),
            "12.9",
            Verdict::Unknown,
            "Cannot be told: the driver does not answer, so it is not known which CUDA it runs; see the GPU page for \
             the reason.",
        ),
    ] {
        let advice = say(&machine(driver, &[gpu]), version);
        assert_eq!((advice.verdict, advice.reason.as_str()), (verdict, reason), "{driver} {version}");
    }
}

/// Driver by driver along the lines that NVIDIA drew: the line itself, one below, one above.
#[test]
fn the_floors_of_drivers() {
    for (driver, version, expected) in [
        // 11.x runs on 450.80.02 and newer, 11.0 on its own driver too.
        ("450.51.05", "11.0", Verdict::Native),
        ("450.51.05", "11.1", Verdict::WillNotRun),
        ("450.80.01", "11.8", Verdict::WillNotRun),
        ("450.80.02", "11.8", Verdict::MinorVersion),
        ("450.80.03", "11.8", Verdict::MinorVersion),
        ("449.99", "11.0", Verdict::WillNotRun),
        // 12.x runs on 525.60.13 and newer.
        ("525.60.12", "12.1", Verdict::WillNotRun),
        ("525.60.13", "12.0", Verdict::Native),
        ("525.60.13", "12.9", Verdict::MinorVersion),
        ("525.60.14", "12.9", Verdict::MinorVersion),
        ("520.61.05", "12.0", Verdict::WillNotRun),
        // 13.x runs on 580.65.06 and newer.
        ("580.65.05", "13.1", Verdict::WillNotRun),
        ("580.65.06", "13.0", Verdict::Native),
        ("580.65.06", "13.5", Verdict::MinorVersion),
        ("580.65.07", "13.5", Verdict::MinorVersion),
        ("575.57.08", "13.0", Verdict::WillNotRun),
        // Newer drivers run everything older.
        ("580.65.06", "11.8", Verdict::Native),
        ("615.71.09", "11.8", Verdict::Native),
        ("615.71.09", "13.4", Verdict::Native),
        ("615.71.09", "13.5", Verdict::MinorVersion),
        ("610.43.02", "13.4", Verdict::MinorVersion),
    ] {
        assert_eq!(say(&machine(driver, &[rtx_2080()]), version).verdict, expected, "{driver} {version}");
    }
}

/// A GPU that every release of the tables knows, so that only the driver decides.
pub(super) fn rtx_2080() -> Gpu {
    gpu("NVIDIA GeForce RTX 2080", "7.5", Brand::GeForce)
}

/// Every release on the driver that it came with, and on the one before.
#[test]
fn every_release_on_its_own_driver_and_on_the_one_before() {
    let tables = Tables::bundled();
    let mut before: Option<(Release, DriverVersion)> = None;
    for entry in tables.releases() {
        let Some(driver) = &entry.driver else { continue };
        let own = advise(tables, &machine(&driver.to_string(), &[rtx_2080()]), &Candidate::new(entry.version));
        assert_eq!(own.verdict, Verdict::Native, "{}", entry.version);
        if let Some((older, driver)) = before {
            let advice = advise(tables, &machine(&driver.to_string(), &[rtx_2080()]), &Candidate::new(entry.version));
            let family = tables.family(entry.version.major).expect("a family");
            let same = older.major == entry.version.major && driver >= family.driver;
            let expected = if same { Verdict::MinorVersion } else { Verdict::WillNotRun };
            assert_eq!(advice.verdict, expected, "{} on {driver}", entry.version);
        }
        before = Some((entry.version, driver.clone()));
    }
}

#[test]
fn what_the_driver_says_itself_counts_before_its_version() {
    let asked = |driver: &str, native: &str| Machine { native: Some(release(native)), ..machine(driver, &[h200()]) };
    assert_eq!(say(&asked("", "12.4"), "12.4").reason, "Works. The driver runs CUDA 12.4 natively.");
    assert_eq!(say(&asked("", "12.4"), "12.9").verdict, Verdict::MinorVersion);
    assert_eq!(say(&asked("", "12.4"), "13.0").verdict, Verdict::Unknown);
    assert_eq!(say(&asked("", "12.0"), "12.1").verdict, Verdict::MinorVersion);
    // 11.0 came with a driver that is too old for 11.1; another driver for 11.0 is not.
    let of_11_0 = Machine { gpus: Gpus::Present(vec![t4()]), ..asked("", "11.0") };
    assert_eq!(
        say(&of_11_0, "11.1").reason,
        "Cannot be told: the version of the driver could not be read, and not every driver for CUDA up to 11.0 runs \
         CUDA 11.1; choose CUDA 11.0 to be safe."
    );
    assert_eq!(say(&asked("", "13.6"), "13.7").verdict, Verdict::MinorVersion);
    // A library of 13.1 has answered in the place of driver 535.
    let fooled = say(&asked("535.183.01", "13.1"), "13.1");
    assert_eq!(fooled.verdict, Verdict::NeedsForward);
    assert!(fooled.why.iter().any(|sentence| sentence.contains("another library")), "{:?}", fooled.why);
}

#[test]
fn the_worst_of_several_gpus_decides_and_the_others_are_told() {
    let mixed = machine("580.95.05", &[rtx_4090(), gtx_1080(), rtx_4090()]);
    let advice = say(&mixed, "13.0");
    assert_eq!(
        advice.reason,
        "Cannot target the GTX 1080: CUDA 12.9 was the last that supports compute capability 6.1; choose CUDA 12.9."
    );
    let told: Vec<_> = advice.why.iter().filter(|sentence| sentence.starts_with("On the")).collect();
    assert_eq!(told, ["On the RTX 4090 alone it would work natively."]);
    assert_eq!(say(&mixed, "12.9").verdict, Verdict::Native);
    let first = say(&machine("580.95.05", &[rtx_4090(), v100(), gtx_1080()]), "13.0");
    assert!(first.reason.starts_with("Cannot target the Tesla V100"), "{}", first.reason);
    // Between floor and ceiling of these two only 12.8 and 12.9 are left.
    let apart = machine("575.57.08", &[gtx_1080(), rtx_5090()]);
    assert_eq!(say(&apart, "13.0").instead, Instead { native: Some(release("12.9")), limited: None });
    assert_eq!(say(&apart, "12.6").verdict, Verdict::CannotTarget);
    assert_eq!(say(&apart, "12.8").verdict, Verdict::Native);
    let nothing = say(&machine("550.90.07", &[gtx_1080(), gpu("NVIDIA X", "11.0", Brand::Nvidia)]), "12.4");
    assert_eq!(
        nothing.reason,
        "Cannot target the X: CUDA 13.0 is the first that supports compute capability 11.0; no version that is known \
         fits both this driver and this GPU, so use another machine."
    );
}

#[test]
fn machines_without_a_gpu_that_can_be_read() {
    let absent = Machine { gpus: Gpus::Absent, ..machine("580.95.05", &[]) };
    let advice = say(&absent, "12.9");
    assert_eq!(advice.verdict, Verdict::CompileOnly);
    assert_eq!(
        advice.reason,
        "Compiles, but runs nothing: this machine has no NVIDIA GPU; take its programs to one that has."
    );
    let mut components = Components::default();
    components.add(Component::Runtime, "", true, false);
    let runtime = Candidate { components: Some(components), ..Candidate::new(release("12.9")) };
    assert!(advise(Tables::bundled(), &absent, &runtime).reason.starts_with("Runs nothing"));
    assert_eq!(say(&machine("580.95.05", &[]), "12.9").verdict, Verdict::CompileOnly);
    for (driver, version) in [("580.95.05", "12.9"), ("535.183.01", "13.0"), ("", "12.9")] {
        let unreadable = Machine { gpus: Gpus::Unreadable, ..machine(driver, &[]) };
        assert_eq!(say(&unreadable, version).verdict, Verdict::Unknown, "{driver} {version}");
    }
}

#[test]
fn the_why_says_what_the_verdict_rests_on() {
    let debian = Machine { gcc: Some(14), native: Some(release("12.2")), ..machine("535.183.01", &[rtx_4090()]) };
    assert_eq!(
        say(&debian, "12.6.3").why,
        [
            "Driver 535.183.01 runs CUDA up to 12.2 natively, as it says itself.",
            "Its compiler writes PTX 8.5 and this driver reads up to 8.2: what carries only PTX stops with error 222; \
             “nvcc -arch=native” avoids that.",
            "RTX 4090: Ada Lovelace, compute capability 8.9; CUDA 11.8 and newer builds for it.",
            "Its compiler works with gcc up to 13, and this system has gcc 14: install g++-13 and use “nvcc -ccbin \
             g++-13”.",
        ]
    );
    let mut runtime = Components::default();
    runtime.add(Component::Runtime, "", true, false);
    let without_compiler = Candidate { components: Some(runtime), ..Candidate::new(release("12.6")) };
    let advice = advise(Tables::bundled(), &debian, &without_compiler);
    assert!(!advice.why.iter().any(|sentence| sentence.contains("gcc")), "{:?}", advice.why);
    let compat = ActiveCompat { release: release("13.1"), source: CompatSource::ImageStart, works: None };
    let on = Machine { compat: Some(compat), ..machine("535.183.01", &[h200()]) };
    for (version, told) in [("13.3", true), ("13.1", false)] {
        let told_so = say(&on, version).why.iter().any(|sentence| sentence.contains("bring CUDA 13.1, so the newest"));
        assert_eq!(told_so, told, "{version}");
    }
    let has = |driver: &str, gpu: Gpu, version: &str, words: &str| {
        let advice = say(&machine(driver, &[gpu]), version);
        assert!(advice.why.iter().any(|sentence| sentence.contains(words)), "{words}: {:?}", advice.why);
    };
    has("560.35.03", rtx_4090(), "12.8", "“nvcc -arch=native”");
    has("555.42.06", rtx_4090(), "12.6", "Both know PTX 8.5");
    has("570.133.07", rtx_5090(), "12.6", "error 209");
    has("570.133.07", gpu("NVIDIA B300", "10.3", Brand::Nvidia), "12.8", "compute capability 10.x");
    has("535.183.01", h200(), "13.1", "cannot share memory with OpenGL");
    has("535.183.01", h200(), "13.1", "single programs only");
    has("615.71.09", h200(), "13.5", "is not confirmed");
    has("615.71.09", h200(), "13.4.0", "13.4.0 is a preview");
    has("615.71.09", gpu("NVIDIA R100", "10.7", Brand::Nvidia), "13.4", "not confirmed; 13.5 can");
    has("630.10.01", h200(), "13.4", "not in the list of known drivers");
}

#[test]
fn an_installed_toolkit_says_what_it_has() {
    let mut components = Components::default();
    components.add(Component::Compiler, "12.9.86", false, true);
    components.add(Component::Runtime, "12.9.79", true, true);
    let toolkit = Toolkit {
        version: "12.9.1".parse().expect("version"),
        version_from: super::super::VersionSource::Nvcc,
        path: "/usr/local/cuda-12.9".into(),
        components,
        default: true,
        by_packages: true,
        problems: vec![],
    };
    let advice = advise(Tables::bundled(), &machine("580.95.05", &[h200()]), &Candidate::installed(&toolkit));
    assert_eq!(advice.verdict, Verdict::Native);
    let told = advice.why.iter().find(|sentence| sentence.starts_with("Installed: compiler, but without"));
    assert!(told.is_some_and(|sentence| sentence.contains("cuBLAS")), "{:?}", advice.why);
}

#[test]
fn the_compiler_of_an_installed_toolkit_decides_which_gpus_it_knows() {
    let named = Capability::listed("sm_75\nsm_80\n");
    let candidate = Candidate { named, ..Candidate::new(release("13.0")) };
    let advice = advise(Tables::bundled(), &machine("580.95.05", &[h200()]), &candidate);
    assert_eq!(
        advice.reason,
        "Cannot target the H200: its compiler does not name compute capability 9.0; choose CUDA 12.9, or up to 13.5 \
         with limits."
    );
}
