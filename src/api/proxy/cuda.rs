//! CUDA, and the toolkits that are installed.

use zbus::proxy;

use super::Options;
use crate::api::Error;
use crate::api::cuda::{ComponentInfo, DriverPartInfo, ElsewhereInfo, ForwardInfo, ImageInfo};

/// CUDA as a whole.
#[proxy(
    interface = "io.github.desktop_control.Control1.Cuda",
    default_service = "io.github.desktop_control.Control1",
    default_path = "/io/github/desktop_control/Control1/cuda",
    gen_blocking = false
)]
pub trait Cuda {
    /// Looks at everything anew, and returns when that is done.
    #[zbus(no_autostart)]
    fn refresh(&self, options: Options<'_>) -> Result<(), Error>;

    /// Whether CUDA programs can start: `works`, `no-gpu`, `no-library`, `failing` or `unknown`.
    #[zbus(property)]
    fn state(&self) -> zbus::Result<String>;
    /// Why not, and what to do; empty where they can.
    #[zbus(property)]
    fn state_reason(&self) -> zbus::Result<String>;
    /// The host's driver.
    #[zbus(property)]
    fn driver_version(&self) -> zbus::Result<String>;
    /// The CUDA that the driver itself runs, by its own library.
    #[zbus(property)]
    fn driver_cuda(&self) -> zbus::Result<String>;
    /// The driver may run a newer one than `DriverCuda`.
    #[zbus(property)]
    fn driver_cuda_at_least(&self) -> zbus::Result<bool>;
    /// Who told that: `driver-library`, `driver-version` or `none`.
    #[zbus(property)]
    fn driver_cuda_source(&self) -> zbus::Result<String>;
    /// What speaks against it, one sentence; may be empty.
    #[zbus(property)]
    fn driver_cuda_doubt(&self) -> zbus::Result<String>;
    /// Programs load a forward compatibility library in place of the driver's own.
    #[zbus(property)]
    fn compat_active(&self) -> zbus::Result<bool>;
    /// The CUDA that it brings.
    #[zbus(property)]
    fn compat_cuda(&self) -> zbus::Result<String>;
    /// Who put it there: `container-runtime`, `image-start`, `environment` or `loader-configuration`.
    #[zbus(property)]
    fn compat_source(&self) -> zbus::Result<String>;
    /// The variable or the file that names its folder.
    #[zbus(property)]
    fn compat_place(&self) -> zbus::Result<String>;
    /// Whether CUDA could be initialised with it: `yes`, `no` or `unknown`.
    #[zbus(property)]
    fn compat_works(&self) -> zbus::Result<String>;
    /// The forward compatibility libraries that are installed.
    #[zbus(property)]
    fn forward_packages(&self) -> zbus::Result<Vec<ForwardInfo>>;
    /// The release of the toolkit that `/usr/local/cuda` leads to.
    #[zbus(property)]
    fn default_toolkit(&self) -> zbus::Result<String>;
    /// Where `/usr/local/cuda` leads.
    #[zbus(property)]
    fn default_path(&self) -> zbus::Result<String>;
    /// What is wrong with no single toolkit, one sentence each.
    #[zbus(property)]
    fn problems(&self) -> zbus::Result<Vec<String>>;
    /// Toolkits that others look after.
    #[zbus(property)]
    fn elsewhere(&self) -> zbus::Result<Vec<ElsewhereInfo>>;
    /// The parts of the driver.
    #[zbus(property)]
    fn driver_parts(&self) -> zbus::Result<Vec<DriverPartInfo>>;
    /// The release to choose for this machine, of all that are known.
    #[zbus(property)]
    fn recommended(&self) -> zbus::Result<String>;
    /// Why that one.
    #[zbus(property)]
    fn recommended_reason(&self) -> zbus::Result<String>;
    /// This project's images, best first.
    #[zbus(property)]
    fn images(&self) -> zbus::Result<Vec<ImageInfo>>;
}

/// An installed toolkit.
#[proxy(
    interface = "io.github.desktop_control.Control1.Toolkit",
    default_service = "io.github.desktop_control.Control1",
    gen_blocking = false
)]
pub trait Toolkit {
    /// Its version, such as `12.9.1`.
    #[zbus(property)]
    fn version(&self) -> zbus::Result<String>;
    /// Its release, such as `12.9`.
    #[zbus(property)]
    fn release(&self) -> zbus::Result<String>;
    /// Who told the version: `version-json`, `nvcc` or `packages`.
    #[zbus(property)]
    fn version_source(&self) -> zbus::Result<String>;
    /// The folder that it is in.
    #[zbus(property)]
    fn path(&self) -> zbus::Result<String>;
    /// `/usr/local/cuda` leads to it.
    #[zbus(property)]
    fn default(&self) -> zbus::Result<bool>;
    /// It was installed by packages, so packages can remove it.
    #[zbus(property)]
    fn by_packages(&self) -> zbus::Result<bool>;
    /// What it is good for: `full`, `development`, `compiler`, `runtime` or `partial`.
    #[zbus(property)]
    fn extent(&self) -> zbus::Result<String>;
    /// What it has and what it lacks, one sentence.
    #[zbus(property)]
    fn summary(&self) -> zbus::Result<String>;
    /// Its parts.
    #[zbus(property)]
    fn components(&self) -> zbus::Result<Vec<ComponentInfo>>;
    /// Whether it runs here: `native`, `minor-version`, `forward`, `needs-forward`, `compile-only`, `unknown`,
    /// `will-not-run` or `cannot-target`.
    #[zbus(property)]
    fn verdict(&self) -> zbus::Result<String>;
    /// Why, and what to do, in one sentence.
    #[zbus(property)]
    fn verdict_reason(&self) -> zbus::Result<String>;
    /// What the verdict rests on, one sentence each.
    #[zbus(property)]
    fn why(&self) -> zbus::Result<Vec<String>>;
    /// What is wrong with it, one sentence each.
    #[zbus(property)]
    fn problems(&self) -> zbus::Result<Vec<String>>;
}
