//! Which parts of the host's driver this container was given, as files tell.

use strum::IntoEnumIterator;

use crate::host::libraries;
use crate::host::root::Root;
use crate::model::cuda::{DriverPart, FoundPart, Need};

/// All parts. `search` is as `LD_LIBRARY_PATH` is.
#[must_use]
pub fn parts(root: &Root, search: &str) -> Vec<FoundPart> {
    let path = |need: Need| match need {
        Need::Library(name) => libraries::find(root, name, search),
        Need::File(_, places) => places.iter().find(|place| root.join(place).exists()).map(|place| (*place).to_owned()),
    };
    let found = |part: DriverPart| {
        let needs = part.needs();
        let missing = needs.iter().filter(|need| path(**need).is_none()).map(|need| need.name()).collect();
        FoundPart { part, path: needs.first().and_then(|own| path(*own)), missing }
    };
    DriverPart::iter().map(found).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_all_there_or_says_what_it_lacks() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        assert!(parts(&root, "").iter().all(|part| !part.present() && part.path.is_none()));
        for path in [
            "/usr/lib/x86_64-linux-gnu/libcuda.so.1",
            "/usr/lib64/libGLX_nvidia.so.0",
            "/opt/nvidia/libnvidia-encode.so.1",
            "/usr/lib/x86_64-linux-gnu/libvulkan.so.1",
            "/etc/vulkan/icd.d/nvidia_icd.json",
        ] {
            root.write(path, b"", 0o644).expect("written");
        }
        let parts = parts(&root, "/opt/nvidia");
        let present: Vec<_> = parts.iter().filter(|part| part.present()).map(|part| part.part).collect();
        assert_eq!(present, [DriverPart::Cuda, DriverPart::Encode, DriverPart::Vulkan]);
        let opengl = parts.iter().find(|part| part.part == DriverPart::OpenGl).expect("told");
        assert_eq!(
            (opengl.path.as_deref(), &*opengl.missing),
            (Some("/usr/lib64/libGLX_nvidia.so.0"), &["libGL.so.1"][..])
        );
    }
}
