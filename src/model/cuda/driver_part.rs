//! The parts of the host's driver that a container is given or not: which there are, and what is missing without them.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

use super::component::listed;

/// A part. The tokens are wire format.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Display,
    EnumIter,
    EnumString,
    IntoStaticStr,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum DriverPart {
    /// Computing.
    Cuda,
    /// Asking what a GPU does.
    Management,
    /// Encoding video.
    Encode,
    /// Decoding video.
    Decode,
    /// Drawing by OpenGL, under X.
    #[serde(rename = "opengl")]
    #[strum(serialize = "opengl")]
    OpenGl,
    /// Drawing by OpenGL without X.
    Egl,
    /// Drawing by Vulkan.
    Vulkan,
}

/// One thing that a part needs: a library, or any one of these files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// A library, by its name for programs.
    Library(&'static str),
    /// A file by what it is called, and the places where it may be.
    File(&'static str, &'static [&'static str]),
}

impl Need {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Library(name) | Self::File(name, _) => name,
        }
    }
}

/// Says for which library EGL's dispatcher asks.
const EGL_VENDOR: Need = Need::File(
    "10_nvidia.json",
    &["/usr/share/glvnd/egl_vendor.d/10_nvidia.json", "/etc/glvnd/egl_vendor.d/10_nvidia.json"],
);
/// Says which drivers Vulkan's loader has.
const VULKAN_DRIVER: Need = Need::File(
    "nvidia_icd.json",
    &[
        "/etc/vulkan/icd.d/nvidia_icd.json",
        "/usr/share/vulkan/icd.d/nvidia_icd.json",
        "/usr/share/vulkan/icd.d/nvidia_icd.x86_64.json",
        "/usr/share/vulkan/icd.d/nvidia_icd.aarch64.json",
    ],
);

impl DriverPart {
    /// What it needs; the first is NVIDIA's own library.
    #[must_use]
    pub fn needs(self) -> &'static [Need] {
        match self {
            Self::Cuda => &[Need::Library("libcuda.so.1")],
            Self::Management => &[Need::Library("libnvidia-ml.so.1")],
            Self::Encode => &[Need::Library("libnvidia-encode.so.1")],
            Self::Decode => &[Need::Library("libnvcuvid.so.1")],
            Self::OpenGl => &[Need::Library("libGLX_nvidia.so.0"), Need::Library("libGL.so.1")],
            Self::Egl => &[Need::Library("libEGL_nvidia.so.0"), EGL_VENDOR, Need::Library("libEGL.so.1")],
            Self::Vulkan => &[Need::Library("libGLX_nvidia.so.0"), VULKAN_DRIVER, Need::Library("libvulkan.so.1")],
        }
    }

    /// The word in `NVIDIA_DRIVER_CAPABILITIES` with which a container is given it.
    #[must_use]
    pub fn capability(self) -> &'static str {
        match self {
            Self::Cuda => "compute",
            Self::Management => "utility",
            Self::Encode | Self::Decode => "video",
            Self::OpenGl | Self::Egl | Self::Vulkan => "graphics",
        }
    }

    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Cuda => "CUDA",
            Self::Management => "NVML",
            Self::Encode => "Video encoder (NVENC)",
            Self::Decode => "Video decoder (NVDEC)",
            Self::OpenGl => "OpenGL",
            Self::Egl => "EGL",
            Self::Vulkan => "Vulkan",
        }
    }

    fn loss(self) -> &'static str {
        match self {
            Self::Cuda => "no program can compute on the GPU",
            Self::Management => "nothing can be asked about the GPU",
            Self::Encode => "video is encoded on the CPU",
            Self::Decode => "video is decoded on the CPU",
            Self::OpenGl => "OpenGL under X is drawn on the CPU",
            Self::Egl => "OpenGL without X is drawn on the CPU",
            Self::Vulkan => "Vulkan draws on the CPU or not at all",
        }
    }
}

/// A part, as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPart {
    /// Which.
    pub part: DriverPart,
    /// Where NVIDIA's own library is; none if it is missing.
    pub path: Option<String>,
    /// What of [`DriverPart::needs`] is missing, by name.
    pub missing: Vec<&'static str>,
}

impl FoundPart {
    /// It is all there.
    #[must_use]
    pub fn present(&self) -> bool {
        self.missing.is_empty()
    }

    /// What that means and what to do, one sentence; empty where nothing is missing.
    #[must_use]
    pub fn sentence(&self) -> String {
        if self.present() {
            return String::new();
        }
        let (names, loss) = (listed(&self.missing), self.part.loss());
        let verb = if self.missing.len() == 1 { "is" } else { "are" };
        let own = self.path.is_none();
        let remedy = if own {
            format!(
                "it comes with the driver capability “{}” (NVIDIA_DRIVER_CAPABILITIES=all) when the instance is made",
                self.part.capability()
            )
        } else {
            "NVIDIA's own library is here, so install the system's package that has it".to_owned()
        };
        format!("{names} {verb} missing, so {loss}; {remedy}.")
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    #[test]
    fn every_part_begins_with_nvidias_own_library_and_says_what_is_lost_without_it() {
        for part in DriverPart::iter() {
            let own = part.needs().first().expect("one");
            assert!(matches!(own, Need::Library(name) if name.contains("nv") || name.contains("cuda")), "{own:?}");
            let missing: Vec<_> = part.needs().iter().map(|need| need.name()).collect();
            let found = FoundPart { part, path: None, missing };
            assert!(!found.present());
            let sentence = found.sentence();
            assert!(sentence.contains(part.capability()) && sentence.ends_with('.'), "{sentence}");
            assert_eq!(part.to_string().parse(), Ok(part));
            assert_eq!(serde_json::to_string(&part).expect("text"), format!("\"{part}\""));
        }
    }

    #[test]
    fn what_the_system_lacks_is_not_blamed_on_the_host() {
        let path = Some("/usr/lib/libGLX_nvidia.so.0".to_owned());
        let found = FoundPart { part: DriverPart::Vulkan, path, missing: vec!["libvulkan.so.1"] };
        assert_eq!(
            found.sentence(),
            "libvulkan.so.1 is missing, so Vulkan draws on the CPU or not at all; NVIDIA's own library is here, so \
             install the system's package that has it."
        );
    }
}
