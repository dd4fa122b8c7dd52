//! `/cuda`: what CUDA is on this machine as a whole.

use std::sync::Arc;

use zbus::interface;

use super::{Ground, Options};
use crate::api::Error;
use crate::api::cuda::{DriverPartInfo, ElsewhereInfo, ForwardInfo, ImageInfo};
use crate::model::cuda::{Elsewhere, Forward, FoundPart, Image, Native, Report};

/// See [`crate::api::proxy::CudaProxy`].
#[derive(Debug)]
pub(crate) struct CudaObject {
    pub(crate) ground: Ground,
}

impl CudaObject {
    fn report(&self) -> Arc<Report> {
        self.ground.store.cuda()
    }
}

#[interface(name = "io.github.desktop_control.Control1.Cuda")]
impl CudaObject {
    /// Looks at driver, libraries and toolkits anew, and returns when that is done. Changes on disk are noticed without
    /// it. For everybody.
    async fn refresh(
        &self,
        #[expect(unused_variables, reason = "for later versions")] options: Options,
    ) -> Result<(), Error> {
        self.ground.cuda.refresh().await
    }

    /// Whether CUDA programs can start: works (CUDA was initialised in a process of its own), no-gpu, no-library (the
    /// container was given no libcuda), failing, unknown (nobody has looked yet, or it cannot be told).
    #[zbus(property)]
    fn state(&self) -> &'static str {
        self.report().state.into()
    }

    /// Why not, and what to do; empty where they can.
    #[zbus(property)]
    fn state_reason(&self) -> String {
        self.report().state_reason.clone()
    }

    /// The host's driver, such as 580.95.05; empty if it cannot be told.
    #[zbus(property)]
    fn driver_version(&self) -> String {
        self.report().driver.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    /// The newest CUDA that the driver itself runs, such as 13.0: its own library says so, by a path that no forward
    /// compatibility library can stand in for, or else the driver's version. Empty if it cannot be told.
    #[zbus(property)]
    fn driver_cuda(&self) -> String {
        match self.report().native.native {
            Native::Known(release) | Native::AtLeast(release) => release.to_string(),
            Native::Before(_) | Native::Unknown => String::new(),
        }
    }

    /// The driver is newer than the daemon's tables, and may run a newer CUDA than DriverCuda.
    #[zbus(property)]
    fn driver_cuda_at_least(&self) -> bool {
        matches!(self.report().native.native, Native::AtLeast(_))
    }

    /// Who told DriverCuda: driver-library, driver-version (by a table), none.
    #[zbus(property)]
    fn driver_cuda_source(&self) -> &'static str {
        self.report().native_source.into()
    }

    /// What speaks against DriverCuda, one sentence; empty where nothing does.
    #[zbus(property)]
    fn driver_cuda_doubt(&self) -> String {
        self.report().native.doubt.clone()
    }

    /// Programs load a forward compatibility library in place of the driver's own, now.
    #[zbus(property)]
    fn compat_active(&self) -> bool {
        self.report().compat.is_some()
    }

    /// The CUDA that it brings, such as 13.1; empty where there is none.
    #[zbus(property)]
    fn compat_cuda(&self) -> String {
        self.report().compat.as_ref().map(|compat| compat.release.to_string()).unwrap_or_default()
    }

    /// Who put it there: container-runtime (the host, when it created the container), image-start (the image's start
    /// scripts), environment (LD_LIBRARY_PATH), loader-configuration (another file in /etc/ld.so.conf.d); empty where
    /// there is none.
    #[zbus(property)]
    fn compat_source(&self) -> &'static str {
        self.report().compat.as_ref().map_or("", |compat| compat.source.into())
    }

    /// The variable or the file that names its folder; empty where there is none, or it cannot be told.
    #[zbus(property)]
    fn compat_place(&self) -> String {
        self.report().compat_place.clone()
    }

    /// Whether CUDA could be initialised with it: yes, no, unknown; empty where there is none.
    #[zbus(property)]
    fn compat_works(&self) -> &'static str {
        self.report().compat.as_ref().map_or("", |compat| match compat.works {
            Some(true) => "yes",
            Some(false) => "no",
            None => "unknown",
        })
    }

    /// The forward compatibility libraries that are installed. Keys: release, path (s); works (b, whether CUDA could be
    /// initialised with it in a process of its own; absent if it cannot be told).
    #[zbus(property)]
    fn forward_packages(&self) -> Vec<ForwardInfo> {
        self.report().forward.iter().map(forward).collect()
    }

    /// The toolkit that /usr/local/cuda leads to, by the name in its path; empty where there is none.
    #[zbus(property)]
    fn default_toolkit(&self) -> String {
        self.report().default_toolkit().map(|judged| judged.id.clone()).unwrap_or_default()
    }

    /// Where /usr/local/cuda leads in the end, also where no toolkit is; empty where it does not exist.
    #[zbus(property)]
    fn default_path(&self) -> String {
        self.report().default_target.clone().unwrap_or_default()
    }

    /// What is wrong with no single toolkit, one sentence each.
    #[zbus(property)]
    fn problems(&self) -> Vec<String> {
        self.report().problems.clone()
    }

    /// Toolkits that others look after: they are mentioned, never touched. Keys, all strings: keeper (conda, python,
    /// distribution), place (the environment's folder, or the package), release.
    #[zbus(property)]
    fn elsewhere(&self) -> Vec<ElsewhereInfo> {
        self.report().elsewhere.iter().map(elsewhere).collect()
    }

    /// The parts of the host's driver that this container was given or not. Keys: name (s: cuda, management, encode,
    /// decode, opengl, egl, vulkan), label (s), present (b), path (s, NVIDIA's own library; absent if it is missing),
    /// missing (as, names of files), reason (s, what that means and what to do; empty where nothing is missing).
    #[zbus(property)]
    fn driver_parts(&self) -> Vec<DriverPartInfo> {
        self.report().parts.iter().map(part).collect()
    }

    /// The release to choose for this machine, of all that the daemon knows, installed or not; empty where none runs.
    #[zbus(property)]
    fn recommended(&self) -> String {
        self.report().recommended.as_ref().map(|(release, _)| release.to_string()).unwrap_or_default()
    }

    /// The verdict on it in a sentence.
    #[zbus(property)]
    fn recommended_reason(&self) -> String {
        self.report().recommended.as_ref().map(|(_, advice)| advice.reason.clone()).unwrap_or_default()
    }

    /// This project's images, judged for this machine, best first. Keys: tag (s, its beginning), verdict (s, as that of
    /// a toolkit; absent for an image without one), reason (s), recommended (b; of one at most).
    #[zbus(property)]
    fn images(&self) -> Vec<ImageInfo> {
        self.report().images.iter().map(image).collect()
    }
}

fn forward(forward: &Forward) -> ForwardInfo {
    ForwardInfo { release: forward.release.to_string(), path: forward.path.clone(), works: forward.works }
}

fn elsewhere(elsewhere: &Elsewhere) -> ElsewhereInfo {
    ElsewhereInfo {
        keeper: elsewhere.keeper.to_string(),
        place: elsewhere.place.clone(),
        release: elsewhere.release.to_string(),
    }
}

fn part(found: &FoundPart) -> DriverPartInfo {
    DriverPartInfo {
        name: found.part.to_string(),
        label: found.part.label().to_owned(),
        present: found.present(),
        path: found.path.clone(),
        missing: found.missing.iter().map(|name| (*name).to_owned()).collect(),
        reason: found.sentence(),
    }
}

fn image(image: &Image) -> ImageInfo {
    ImageInfo {
        tag: image.tag.clone(),
        verdict: image.verdict.map(|verdict| verdict.to_string()),
        reason: image.reason.clone(),
        recommended: image.recommended,
    }
}
