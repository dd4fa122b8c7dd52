//! Whether this machine was given a GPU, as its files tell. No driver is called.

use crate::host::root::Root;
use crate::model::gpu::DeviceFiles;

/// Looks at the device files.
#[must_use]
pub fn device_files(root: &Root) -> DeviceFiles {
    let entries = std::fs::read_dir(root.join("/dev")).into_iter().flatten().flatten();
    DeviceFiles { devices: entries.into_iter().any(|entry| is_gpu(&entry.file_name().to_string_lossy())) }
}

/// `nvidia0`, and not `nvidiactl` or `nvidia-uvm`, which a container may get without any GPU.
pub(in crate::host) fn is_gpu(name: &str) -> bool {
    let number = name.strip_prefix("nvidia").unwrap_or_default();
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}
