//! What this machine offers an encoder, and the screen that is captured, as files and command lines tell.
//!
//! Nothing is loaded and no driver is called: a wedged one must not take the daemon along. Sessions of NVENC, which only
//! NVML tells, belong to the child that loads it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::host::gpu::device_files;
use crate::host::libraries;
use crate::host::root::Root;
use crate::model::stream::Size;
use crate::model::stream::truth::Machine;

/// What a container runtime adds for the driver capability `video`.
const ENCODE_LIBRARY: &str = "libnvidia-encode.so.1";
/// Kernel drivers whose devices encode by VA-API.
const VAAPI_DRIVERS: [&str; 4] = ["i915", "xe", "amdgpu", "radeon"];

/// The machine, with the environment that the container was started with.
#[must_use]
pub fn machine(root: &Root, container: &BTreeMap<String, String>) -> Machine {
    let search = container.get("LD_LIBRARY_PATH").map(String::as_str).unwrap_or_default();
    Machine {
        nvidia: device_files(root).devices,
        vaapi: has_vaapi(root),
        encode_library: libraries::find(root, ENCODE_LIBRARY, search).is_some(),
        capabilities: container.get("NVIDIA_DRIVER_CAPABILITIES").cloned(),
    }
}

fn has_vaapi(root: &Root) -> bool {
    names(&root.join("/dev/dri")).iter().filter(|name| name.starts_with("renderD")).any(|name| {
        let driver = std::fs::read_link(root.join("/sys/class/drm").join(name).join("device/driver"));
        driver.is_ok_and(|driver| VAAPI_DRIVERS.contains(&file_name(&driver).as_str()))
    })
}

fn names(folder: &Path) -> Vec<String> {
    let entries =
        std::fs::read_dir(folder).map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())).collect());
    let paths: Vec<PathBuf> = entries.unwrap_or_default();
    paths.iter().map(|path| file_name(path)).collect()
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The frame buffer of the X server among these command lines: `Xvfb :20 -screen 0 8192x4096x24`. No screen of it can be
/// larger.
#[must_use]
pub fn frame_buffer(command_lines: &[Vec<String>]) -> Option<Size> {
    let server = command_lines.iter().find(|line| line.first().is_some_and(|program| program.ends_with("Xvfb")))?;
    let screen = server.iter().position(|word| word == "-screen")?;
    let (size, _depth) = server.get(screen + 2)?.rsplit_once('x')?;
    size.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine_with(files: &[&str], environment: &[(&str, &str)]) -> Machine {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        for path in files {
            root.write(path, b"", 0o644).expect("written");
        }
        if files.contains(&"/dev/dri/renderD128") {
            let device = root.join("/sys/class/drm/renderD128/device");
            std::fs::create_dir_all(&device).expect("folder");
            std::os::unix::fs::symlink("../../../bus/pci/drivers/amdgpu", device.join("driver")).expect("link");
        }
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        machine(&root, &environment)
    }

    #[test]
    fn device_files_and_libraries_tell() {
        assert_eq!(machine_with(&[], &[]), Machine::default());
        assert!(!machine_with(&["/dev/nvidiactl", "/dev/nvidia-uvm"], &[]).nvidia);
        let found = machine_with(&["/dev/nvidia3", "/usr/lib64/libnvidia-encode.so.1"], &[]);
        assert_eq!(found, Machine { nvidia: true, encode_library: true, ..Machine::default() });
        let found = machine_with(&["/opt/x/libnvidia-encode.so.1"], &[("LD_LIBRARY_PATH", "/opt/x:relative")]);
        assert!(found.encode_library);
        let found = machine_with(&[], &[("NVIDIA_DRIVER_CAPABILITIES", "compute,utility")]);
        assert_eq!(found.capabilities.as_deref(), Some("compute,utility"));
        assert!(machine_with(&["/dev/dri/renderD128"], &[]).vaapi);
    }

    #[test]
    fn the_frame_buffer_is_the_servers_screen() {
        let line = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let lines = [line("/bin/bash x-server.sh"), line("Xvfb :20 -screen 0 8192x4096x24 -dpi 96")];
        assert_eq!(frame_buffer(&lines), Some(Size { width: 8192, height: 4096 }));
        assert_eq!(frame_buffer(&[line("Xorg :0")]), None);
        assert_eq!(frame_buffer(&[line("Xvfb :1 -screen 0")]), None);
    }
}
