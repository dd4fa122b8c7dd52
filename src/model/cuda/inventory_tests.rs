//! Machines as they are met, told by the three sources.

use super::super::elsewhere::Keeper;
use super::*;

/// The packages with CUDA in their names of a real image, which are not all that it has.
const OF_IMAGE: &str = include_str!("../../../tests/fixtures/cuda/dpkg-status-12.8-devel");
const FULL_13_3: &str = include_str!("../../../tests/fixtures/cuda/version-13.3.1.json");

const NVCC_13_0: &str = "nvcc: NVIDIA (R) Cuda compiler driver\nCopyright (c) 2005-2025 NVIDIA Corporation\n\
    Built on Wed_Aug_20_01:58:59_PM_PDT_2025\nCuda compilation tools, release 13.0, V13.0.88\n\
    Build cuda_13.0.r13.0/compiler.36424714_0\n";
const NVCC_12_8: &str = "Cuda compilation tools, release 12.8, V12.8.93\n";

fn folder<'a>(path: &'a str, version_json: Option<&'a str>, nvcc: NvccAnswer<'a>) -> Folder<'a> {
    Folder { path, version_json, nvcc }
}

fn take(folders: &[Folder], dpkg_status: &str, default_target: Option<&str>) -> Inventory {
    Inventory::take(&Sources { folders, dpkg_status, default_target, markers: &[] })
}

/// dpkg's list with these packages, completely installed.
fn status(packages: &[(&str, &str)]) -> String {
    let paragraph = |(name, version): &(&str, &str)| {
        format!("Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\n")
    };
    packages.iter().map(paragraph).collect()
}

#[test]
fn an_empty_machine_has_nothing_and_nothing_is_wrong() {
    assert_eq!(take(&[], "", None), Inventory::default());
}

#[test]
fn a_real_image_with_packages_only() {
    let folders = [folder("/usr/local/cuda-12.8", None, NvccAnswer::Wrote(NVCC_12_8))];
    let inventory = take(&folders, OF_IMAGE, Some("/usr/local/cuda-12.8/"));
    assert_eq!(inventory.problems, Vec::<String>::new());
    assert_eq!(inventory.forward, [Release::new(12, 8)]);
    let [toolkit] = inventory.toolkits.as_slice() else { panic!("{inventory:?}") };
    assert_eq!(toolkit.version.to_string(), "12.8.1", "the compiler knows no update, the collections do");
    assert_eq!(toolkit.version_from, VersionSource::Nvcc);
    assert!(toolkit.default && toolkit.by_packages);
    assert_eq!(toolkit.problems, Vec::<String>::new());
    // The list has the packages that are called after CUDA; cuBLAS and the others are not.
    assert_eq!(toolkit.extent(), Extent::Compiler);
    let missing = toolkit.components.missing_libraries(toolkit.version.release, false);
    assert!(missing.contains(&Component::Cublas) && !missing.contains(&Component::Nvrtc), "{missing:?}");
    assert_eq!(toolkit.components.0[&Component::Compiler].version, "12.8.93");
    assert!(toolkit.components.runs(Component::Cudnn) && toolkit.components.builds(Component::Cudnn));
    assert_eq!(toolkit.components.0[&Component::Nccl].version, "2.25.1");
}

#[test]
fn an_installation_without_packages_goes_by_its_own_file() {
    let folders = [folder("/usr/local/cuda-13.3", Some(FULL_13_3), NvccAnswer::Silent)];
    let inventory = take(&folders, "", Some("/usr/local/cuda-13.3"));
    let [toolkit] = inventory.toolkits.as_slice() else { panic!("{inventory:?}") };
    assert_eq!((toolkit.version.to_string().as_str(), toolkit.extent()), ("13.3.1", Extent::Full));
    assert_eq!(toolkit.version_from, VersionSource::VersionJson);
    assert!(!toolkit.by_packages);
    assert_eq!(toolkit.problems, ["The compiler in “/usr/local/cuda-13.3” cannot be run."]);
}

#[test]
fn packages_know_better_than_the_file_what_is_there() {
    let packages = status(&[
        ("cuda-cudart-13-3", "13.3.29-1"),
        ("libcudnn9-cuda-12", "9.8.0.87-1"),
        ("libnccl2", "2.28.9-1+cuda13.0"),
    ]);
    let folders = [folder("/usr/local/cuda-13.3", Some(FULL_13_3), NvccAnswer::Absent)];
    let inventory = take(&folders, &packages, Some("/usr/local/cuda-13.3"));
    let parts: Vec<_> = inventory.toolkits[0].components.0.keys().copied().collect();
    // cuDNN is there too, but for another family of CUDA.
    assert_eq!(parts, [Component::Runtime, Component::Nccl]);
}

#[test]
fn a_compiler_that_is_not_there_is_not_believed_to_be() {
    let folders = [folder("/usr/local/cuda-13.3", Some(FULL_13_3), NvccAnswer::Absent)];
    let inventory = take(&folders, "", Some("/usr/local/cuda-13.3"));
    assert_eq!(inventory.toolkits[0].extent(), Extent::Runtime);
}

/// One row each: version.json, nvcc, packages → the version, who told it, how many disagree.
#[test]
fn who_is_believed() {
    let json = |version: &str| format!(r#"{{"cuda": {{"name": "CUDA SDK", "version": "{version}"}}}}"#);
    let packages = status(&[("cuda-nvcc-13-0", "13.0.88-1"), ("cuda-toolkit-13-0", "13.0.2-1")]);
    let only_parts = status(&[("cuda-nvcc-13-0", "13.0.88-1")]);
    for (file, nvcc, packages, expected, source, problems) in [
        (Some(json("13.0.3")), Some(NVCC_13_0), packages.as_str(), "13.0.3", VersionSource::VersionJson, 0),
        (Some(json("13.0.20250820")), Some(NVCC_13_0), &packages, "13.0.2", VersionSource::VersionJson, 0),
        (Some(json("12.9.1")), Some(NVCC_13_0), &packages, "12.9.1", VersionSource::VersionJson, 2),
        (Some("{".into()), Some(NVCC_13_0), &packages, "13.0.2", VersionSource::Nvcc, 1),
        (None, Some(NVCC_13_0), &packages, "13.0.2", VersionSource::Nvcc, 0),
        (None, Some(NVCC_13_0), "", "13.0", VersionSource::Nvcc, 0),
        (None, Some(NVCC_12_8), &packages, "12.8", VersionSource::Nvcc, 1),
        (None, Some("not a compiler"), &packages, "13.0.2", VersionSource::Packages, 1),
        (None, None, &packages, "13.0.2", VersionSource::Packages, 0),
        (None, None, &only_parts, "13.0", VersionSource::Packages, 0),
    ] {
        let nvcc = nvcc.map_or(NvccAnswer::Absent, NvccAnswer::Wrote);
        let folders = [folder("/usr/local/cuda-13.0", file.as_deref(), nvcc)];
        let inventory = take(&folders, packages, None);
        let toolkit = &inventory.toolkits[0];
        let found = (toolkit.version.to_string(), toolkit.version_from, toolkit.problems.len());
        assert_eq!(found, (expected.to_owned(), source, problems), "{file:?} {nvcc:?} {:?}", toolkit.problems);
    }
}

#[test]
fn sources_that_disagree_are_named() {
    let folders = [folder("/usr/local/cuda-13.0", None, NvccAnswer::Wrote(NVCC_12_8))];
    let inventory = take(&folders, &status(&[("cuda-cudart-13-0", "13.0.88-1")]), None);
    assert_eq!(
        inventory.toolkits[0].problems,
        [
            "The compiler says CUDA 12.8, the package list says 13.0: the folder holds more than one version; install it \
          anew."
        ]
    );
}

#[test]
fn a_partial_installation_says_what_it_lacks() {
    // What the small variants of a real image install: no cuBLAS, no cuDNN.
    let mini = status(&[
        ("cuda-compat-13-1", "590.48.01-0ubuntu1"),
        ("cuda-nvcc-13-1", "13.1.115-1"),
        ("cuda-cudart-13-1", "13.1.80-1"),
        ("cuda-cudart-dev-13-1", "13.1.80-1"),
        ("cuda-cccl-13-1", "13.1.115-1"),
        ("cuda-nvrtc-13-1", "13.1.115-1"),
        ("libnpp-13-1", "13.0.3.3-1"),
        ("libnvjpeg-13-1", "13.0.3.75-1"),
        ("libcufft-13-1", "12.1.0.78-1"),
        ("libnccl2", "2.28.9-1+cuda13.0"),
    ]);
    let folders = [folder("/usr/local/cuda-13.1", None, NvccAnswer::Absent)];
    let inventory = take(&folders, &mini, Some("/usr/local/cuda-13.1"));
    let toolkit = &inventory.toolkits[0];
    // No bin/nvcc: the list of packages is wrong, somebody removed it.
    assert_eq!(toolkit.extent(), Extent::Partial);
    let folders = [folder("/usr/local/cuda-13.1", None, NvccAnswer::Silent)];
    let inventory = take(&folders, &mini, Some("/usr/local/cuda-13.1"));
    let toolkit = &inventory.toolkits[0];
    assert_eq!(
        toolkit.components.summary(toolkit.version.release),
        "Compiler, but without cuBLAS, cuRAND, cuSOLVER, cuSPARSE and nvJitLink."
    );
    assert!(!toolkit.components.runs(Component::Cudnn) && toolkit.components.runs(Component::Nccl));
    assert_eq!(inventory.forward, [Release::new(13, 1)]);
}

#[test]
fn a_folder_with_nothing_but_forward_compatibility_is_no_toolkit() {
    let packages = status(&[("cuda-compat-13-4", "615.71.09-1ubuntu1")]);
    let inventory = take(&[folder("/usr/local/cuda-13.4", None, NvccAnswer::Absent)], &packages, None);
    assert_eq!(inventory, Inventory { forward: vec![Release::new(13, 4)], ..Inventory::default() });
}

#[test]
fn packages_that_broke_are_named() {
    let broken = "Package: libcublas-12-9\nStatus: install ok half-configured\nVersion: 12.9.1.4-1\n\n\
                  Package: cuda-cudart-12-9\nStatus: install ok installed\nVersion: 12.9.79-1\n\n\
                  Package: cuda-nvcc-12-9\nStatus: deinstall ok config-files\nVersion: 12.9.86-1\n";
    let inventory = take(&[folder("/usr/local/cuda-12.9", None, NvccAnswer::Absent)], broken, None);
    let toolkit = &inventory.toolkits[0];
    assert_eq!(
        toolkit.problems,
        [
            "The package “libcublas-12-9” is not completely installed (half-configured); repair it with “desktopctl cuda \
          repair”."
        ]
    );
    assert!(!toolkit.components.runs(Component::Cublas));
    assert!(!toolkit.components.builds(Component::Compiler));
}

#[test]
fn what_is_left_over_or_lost_is_told() {
    let packages = status(&[("cuda-nvcc-12-6", "12.6.85-1")]);
    let folders = [
        folder("/usr/local/cuda-12.4", None, NvccAnswer::Absent),
        folder("/usr/local/cuda-13.0", None, NvccAnswer::Wrote(NVCC_13_0)),
    ];
    let inventory = take(&folders, &packages, Some("/usr/local/cuda-12.4"));
    assert_eq!(
        inventory.problems,
        [
            "“/usr/local/cuda-12.4” holds no toolkit: no version.json, no compiler and no package tells a version.",
            "Packages of CUDA 12.6 are installed, but /usr/local/cuda-12.6 is missing; remove or reinstall them.",
            "/usr/local/cuda leads to “/usr/local/cuda-12.4”, where no toolkit is; choose another default.",
        ]
    );
    let inventory = take(&folders[1..], "", None);
    assert_eq!(inventory.problems, ["/usr/local/cuda is missing, so no toolkit is the default; choose one."]);
}

#[test]
fn several_toolkits_stand_newest_first_and_one_is_the_default() {
    let folders = ["13.9", "12.9", "13.10"].map(|release| (format!("/usr/local/cuda-{release}"), release));
    let packages: String = folders
        .iter()
        .map(|(_, release)| {
            let dashed = release.replace('.', "-");
            status(&[(format!("cuda-cudart-{dashed}").as_str(), "1.2.3-1")])
        })
        .collect();
    let folders: Vec<_> = folders.iter().map(|(path, _)| folder(path, None, NvccAnswer::Absent)).collect();
    let inventory = take(&folders, &packages, Some("/usr/local/cuda-12.9"));
    let found: Vec<_> =
        inventory.toolkits.iter().map(|toolkit| (toolkit.version.to_string(), toolkit.default)).collect();
    assert_eq!(found, [("13.10".into(), false), ("13.9".into(), false), ("12.9".into(), true)]);
}

#[test]
fn a_folder_that_is_no_link_is_read_too() {
    let folders = [folder("/usr/local/cuda", Some(FULL_13_3), NvccAnswer::Absent)];
    let inventory = take(&folders, "", Some("/usr/local/cuda"));
    assert_eq!(inventory.toolkits[0].path, "/usr/local/cuda");
    assert!(inventory.toolkits[0].default);
}

#[test]
fn toolkits_of_others_are_mentioned() {
    let markers = ["/opt/conda/conda-meta/cuda-nvcc-12.4.131-0.json"];
    let sources = Sources { folders: &[], dpkg_status: "", default_target: None, markers: &markers };
    let inventory = Inventory::take(&sources);
    assert_eq!(inventory.elsewhere.len(), 1);
    assert_eq!(inventory.elsewhere[0].keeper, Keeper::Conda);
    assert_eq!(inventory.toolkits, Vec::new());
}
