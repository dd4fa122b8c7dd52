//! What belongs to the driver. In a container the driver is the host's, so none of it may ever be installed.
//!
//! A package is known by its name, by what it says it provides or replaces, by its source, and by its files: one that
//! is called otherwise still brings the same files to the same places. Names and layout: NVIDIA's, Ubuntu's and
//! Debian's packages.

use super::control::related;
use crate::model::cuda::Release;

/// Names that begin so are the driver's,
const NAMES: [&str; 22] = [
    "cuda-demo-suite-",
    "cuda-drivers",
    "cuda-runtime-",
    "firmware-nvidia",
    "libcuda.so",
    "libcuda1",
    "libnvidia-",
    "nvidia-alternative",
    "nvidia-compute-utils",
    "nvidia-cuda-dev",
    "nvidia-cuda-toolkit",
    "nvidia-dkms",
    "nvidia-driver",
    "nvidia-firmware",
    "nvidia-fs",
    "nvidia-gds",
    "nvidia-headless",
    "nvidia-kernel",
    "nvidia-open",
    "nvidia-smi",
    "nvidia-utils",
    "xserver-xorg-video-nvidia",
];
/// but for these: desktops and container tools bring them without a driver.
const HARMLESS: [&str; 2] = ["libnvidia-egl-", "libnvidia-container"];

/// Files that begin so, in a folder where the system looks for libraries, are the driver's.
const LIBRARIES: [&str; 11] = [
    "libcuda.so",
    "libcudadebugger.so",
    "libEGL_nvidia.so",
    "libGLESv1_CM_nvidia.so",
    "libGLESv2_nvidia.so",
    "libGLX_nvidia.so",
    "libglxserver_nvidia.so",
    "libnvcuvid.so",
    "libnvidia-",
    "libnvoptix.so",
    "nvidia_drv.so",
];
const PROGRAMS: [&str; 5] =
    ["nvidia-smi", "nvidia-persistenced", "nvidia-modprobe", "nvidia-debugdump", "nvidia-cuda-mps-server"];
/// The system's own folders, without the leading slash. Toolkits live in `usr/local` and `opt`.
const SYSTEM: [&str; 9] =
    ["lib/", "lib32/", "lib64/", "usr/lib/", "usr/lib32/", "usr/lib64/", "usr/libexec/", "usr/src/", "boot/"];
const SYSTEM_PROGRAMS: [&str; 4] = ["bin/", "sbin/", "usr/bin/", "usr/sbin/"];

/// By what a package is known to be the driver's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sign {
    /// Its name.
    Name,
    /// It says that it provides, replaces or belongs to this package.
    Stands(String),
    /// It brings this file.
    File(String),
    /// It would replace this file, which the host has put into this container.
    Injected(String),
}

impl std::fmt::Display for Sign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name => f.write_str("by its name it is part of the driver"),
            Self::Stands(other) => write!(f, "it stands for {other}, which is part of the driver"),
            Self::File(path) => write!(f, "it brings {path}, which is part of the driver"),
            Self::Injected(path) => write!(f, "it would replace {path}, which the host put there"),
        }
    }
}

/// Whether a name is one of the driver's, or of a collection that brings the driver along. The architecture behind a
/// colon does not matter.
#[must_use]
pub fn is_driver_name(name: &str) -> bool {
    let name = name.split(':').next().unwrap_or(name);
    if name == "cuda" || Release::split_package(name).is_some_and(|(stem, _)| stem == "cuda") {
        return true;
    }
    // `cuda-12`, too: whatever NVIDIA may call a collection with everything.
    let bare = name.strip_prefix("cuda-").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'-'));
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    bare || (starts(&NAMES) && !starts(&HARMLESS))
}

/// The sign in a package's own description, if there is one. The forward compatibility package is no driver: it stands
/// for the driver's library, and in a folder where nobody looks unasked.
#[must_use]
pub fn sign_in_description(name: &str, source: Option<&str>, provides: &str, replaces: &str) -> Option<Sign> {
    if is_driver_name(name) {
        return Some(Sign::Name);
    }
    if is_compat(name) {
        return None;
    }
    let source = source.and_then(|source| source.split(' ').next()).filter(|source| is_driver_source(source));
    let stands = |field: &str| related(field).find(|other| is_driver_name(other)).map(str::to_owned);
    source.map(str::to_owned).or_else(|| stands(provides)).or_else(|| stands(replaces)).map(Sign::Stands)
}

fn is_driver_source(source: &str) -> bool {
    source.starts_with("nvidia-graphics-drivers") || is_driver_name(source)
}

/// `cuda-compat-12-9`.
#[must_use]
pub fn is_compat(name: &str) -> bool {
    Release::split_package(name).is_some_and(|(stem, _)| stem == "cuda-compat")
}

/// The sign in a file that a package brings. `path` is relative to the root; a leading `./` or `/` does not matter.
#[must_use]
pub fn sign_in_file(path: &str) -> Option<Sign> {
    let path = path.trim_start_matches("./").trim_start_matches('/');
    let (folder, name) = path.rsplit_once('/')?;
    let under = |folders: &[&str]| folders.iter().any(|system| path.starts_with(system));
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    let library = starts(&LIBRARIES) && !starts(&HARMLESS);
    let module = name.starts_with("nvidia") && (name.contains(".ko") || path.starts_with("usr/src/nvidia"));
    let firmware = path.starts_with("lib/firmware/nvidia") || path.starts_with("usr/lib/firmware/nvidia");
    let module = module || (path.starts_with("usr/src/nvidia") && name == "dkms.conf");
    let in_system = under(&SYSTEM) && !folder.ends_with("/stubs") && (library || module || firmware);
    let program = under(&SYSTEM_PROGRAMS) && PROGRAMS.contains(&name);
    (in_system || program).then(|| Sign::File(format!("/{path}")))
}

/// `/etc/apt/preferences.d/…`: apt itself then offers none of these. Globs as apt understands them; the first stanza
/// that names a package wins, so what is harmless comes first.
pub const PIN: &str = "\
# Written by Desktop Control. In a container the driver belongs to the host: installing one here breaks the GPU.
Package: libnvidia-egl-* libnvidia-container*
Pin: release *
Pin-Priority: 500

Package: cuda cuda-[0-9]* cuda-runtime-* cuda-drivers* cuda-demo-suite-* nvidia-open* nvidia-driver* nvidia-kernel* \
nvidia-dkms* nvidia-headless* nvidia-utils* nvidia-compute-utils* nvidia-firmware* nvidia-smi nvidia-alternative \
nvidia-fs* nvidia-gds* nvidia-cuda-toolkit* nvidia-cuda-dev libnvidia-* libcuda1 libcuda1:* \
xserver-xorg-video-nvidia* firmware-nvidia-*
Pin: release *
Pin-Priority: -1
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drivers_are_known_by_their_names() {
        for name in [
            "cuda",
            "cuda-12-9",
            "cuda-13-10",
            "cuda-12",
            "cuda-runtime-12-9",
            "cuda-drivers",
            "cuda-drivers-575",
            "cuda-demo-suite-12-9",
            "nvidia-open",
            "nvidia-open-575",
            "nvidia-driver-575",
            "nvidia-driver",
            "libnvidia-compute-575",
            "libnvidia-compute-575:i386",
            "libcuda1",
            "libcuda1:i386",
            "libnvidia-ml1",
            "nvidia-kernel-dkms",
            "nvidia-dkms-575",
            "nvidia-utils-575",
            "nvidia-smi",
            "nvidia-alternative",
            "nvidia-fs-dkms",
            "nvidia-gds-12-9",
            "nvidia-cuda-toolkit",
            "nvidia-cuda-dev",
            "firmware-nvidia-gsp",
            "xserver-xorg-video-nvidia-575",
            "nvidia-headless-575",
            "nvidia-firmware-575-575.57.08",
        ] {
            assert!(is_driver_name(name), "{name}");
        }
    }

    #[test]
    fn parts_of_toolkits_are_no_drivers() {
        for name in [
            "cuda-toolkit-12-9",
            "cuda-nvcc-12-9",
            "cuda-cudart-12-9",
            "cuda-driver-dev-12-9",
            "cuda-compat-12-9",
            "cuda-libraries-12-9",
            "cuda-minimal-build-12-9",
            "cuda-keyring",
            "cuda-toolkit-12-config-common",
            "libnvjitlink-12-9",
            "libnvvm-13-3",
            "libnvjpeg-12-9",
            "libnvfatbin-12-9",
            "libcublas-12-9",
            "cccl-13-4",
            "nvidia-container-toolkit",
            "libnvidia-container1",
            "libnvidia-egl-wayland1",
            "nsight-compute-2025.2.0",
            "libcudnn9-cuda-12",
            "libnccl2",
            "libc6",
            "nvidia-settings",
            "gds-tools-12-9",
            "",
        ] {
            assert!(!is_driver_name(name), "{name}");
        }
    }

    #[test]
    fn a_driver_under_another_name_is_known_by_what_it_stands_for() {
        let sign =
            |name: &str, source, provides: &str, replaces: &str| sign_in_description(name, source, provides, replaces);
        assert_eq!(sign("gpu-stack", None, "foo, libcuda1 (= 575)", ""), Some(Sign::Stands("libcuda1".into())));
        assert_eq!(sign("gpu-stack", None, "", "nvidia-driver-575"), Some(Sign::Stands("nvidia-driver-575".into())));
        let source = Some("nvidia-graphics-drivers-575 (575.57)");
        assert_eq!(sign("gpu", source, "", ""), Some(Sign::Stands("nvidia-graphics-drivers-575".into())));
        assert_eq!(sign("cuda-nvcc-12-9", None, "cuda-nvcc", ""), None);
        assert_eq!(sign("cuda-compat-12-9", None, "libcuda1, libcuda.so.1", ""), None);
    }

    #[test]
    fn a_driver_under_another_name_is_known_by_its_files() {
        for path in [
            "./usr/lib/x86_64-linux-gnu/libcuda.so.575.57.08",
            "usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1",
            "/usr/bin/nvidia-smi",
            "lib/modules/6.1.0/updates/dkms/nvidia.ko",
            "usr/src/nvidia-575.57/dkms.conf",
            "lib/firmware/nvidia/575.57.08/gsp_ga10x.bin",
            "usr/lib/xorg/modules/drivers/nvidia_drv.so",
            "usr/lib64/libGLX_nvidia.so.0",
        ] {
            assert!(sign_in_file(path).is_some(), "{path}");
        }
        for path in [
            "usr/local/cuda-12.9/compat/libcuda.so.575.57.08",
            "usr/local/cuda-12.9/targets/x86_64-linux/lib/stubs/libcuda.so",
            "usr/local/cuda-12.9/lib64/libcudart.so.12",
            "opt/nvidia/nsight-systems/lib/libnvidia-x.so",
            "usr/lib/x86_64-linux-gnu/libcudnn.so.9",
            "usr/lib/x86_64-linux-gnu/libnvidia-egl-wayland.so.1",
            "usr/share/doc/nvidia-smi/copyright",
            "etc/ld.so.conf.d/000_cuda.conf",
            "",
            "/",
        ] {
            assert_eq!(sign_in_file(path), None, "{path}");
        }
    }

    /// Both say the same: what is a driver's by its name is pinned away.
    #[test]
    fn the_pin_names_what_the_gate_names() {
        let stanza =
            PIN.split("\n\n").nth(1).and_then(|text| text.strip_prefix("Package: ")).expect("the second stanza");
        let globs: Vec<&str> = stanza.lines().next().expect("a line").split(' ').collect();
        for prefix in NAMES.iter().filter(|prefix| **prefix != "libcuda.so") {
            let stem = prefix.trim_end_matches('-');
            assert!(globs.iter().any(|glob| glob.starts_with(stem)), "{prefix} is in no glob of {globs:?}");
        }
        assert!(!globs.contains(&"cuda-driver*"), "that would hide cuda-driver-dev, which is harmless");
    }
}
