//! Whether a toolkit's forward compatibility package is of use on this machine, so that it is offered where it is and
//! nowhere else.

use super::advisor::Machine;
use super::forward::{ForwardFit, ForwardPackage};
use super::gpu::{Gpu, Gpus};
use super::native::Native;
use super::tables::Tables;
use super::version::Release;

/// Whether it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompatUse {
    /// On one GPU at least.
    Useful,
    /// Only a trial tells.
    Maybe,
    /// There is no GPU.
    NoGpu,
    /// It is of none; why, one sentence without its full stop.
    Useless(String),
}

impl CompatUse {
    /// It is worth offering.
    #[must_use]
    pub fn is_offered(&self) -> bool {
        matches!(self, Self::Useful | Self::Maybe)
    }
}

/// Whether the package of `release` lets programs do here what they cannot do without it.
#[must_use]
pub fn compat_use(tables: &Tables, machine: &Machine, release: Release, package: &ForwardPackage) -> CompatUse {
    let gpus = match &machine.gpus {
        Gpus::Absent => return CompatUse::NoGpu,
        Gpus::Present(gpus) if gpus.is_empty() => return CompatUse::NoGpu,
        Gpus::Unreadable => &[][..],
        Gpus::Present(gpus) => gpus,
    };
    let branch = machine.driver.as_ref().map_or("the driver".into(), |driver| format!("driver {}", driver.branch()));
    if let Native::Known(runs) | Native::AtLeast(runs) = tables.native(machine.driver.as_ref(), machine.native).native
        && release <= runs
    {
        return CompatUse::Useless(format!(
            "{branch} runs CUDA up to {runs} itself, so programs of CUDA {release} need no forward compatibility"
        ));
    }
    let fit = |gpu: &Gpu| tables.forward_fit(release, package, machine.driver.as_ref(), gpu);
    let fits: Vec<(&Gpu, ForwardFit)> = gpus.iter().map(|gpu| (gpu, fit(gpu))).collect();
    if fits.iter().any(|(_, fit)| fit.usable() == Some(true)) {
        return CompatUse::Useful;
    }
    match fits.first() {
        Some((gpu, fit)) if fits.iter().all(|(_, fit)| fit.usable() == Some(false)) => CompatUse::Useless(match fit {
            ForwardFit::Failed => {
                format!("the forward compatibility libraries of CUDA {release} were tried here and do not work")
            }
            ForwardFit::NotThisDriver => {
                format!("the forward compatibility libraries of CUDA {release} are not made for {branch}")
            }
            _ => format!(
                "forward compatibility is for data centre GPUs and some workstation GPUs, and the {} is none of them",
                gpu.short_name()
            ),
        }),
        _ => CompatUse::Maybe,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Brand;
    use super::*;

    fn asked(driver: &str, gpus: &[(&str, Brand)], release: Release, trial: Option<bool>) -> CompatUse {
        let gpu = |(name, brand): &(&str, Brand)| Gpu { name: (*name).into(), capability: None, brand: *brand };
        let gpus = Gpus::Present(gpus.iter().map(gpu).collect());
        let machine = Machine { gpus, driver: driver.parse().ok(), native: None, compat: None, gcc: None };
        compat_use(Tables::bundled(), &machine, release, &ForwardPackage { note: None, trial })
    }

    #[test]
    fn it_is_offered_where_it_helps_and_refused_with_the_reason() {
        let (data, game) = (("NVIDIA H100 PCIe", Brand::Nvidia), ("NVIDIA GeForce RTX 4090", Brand::GeForce));
        let newer = Release::new(12, 9);
        assert_eq!(asked("535.183.01", &[data], newer, None), CompatUse::Useful);
        assert_eq!(asked("535.183.01", &[game, data], newer, None), CompatUse::Useful, "on one of two");
        let why = |answer: CompatUse| match answer {
            CompatUse::Useless(why) => why,
            other => panic!("{other:?}"),
        };
        assert!(why(asked("535.183.01", &[game], newer, None)).contains("RTX 4090 is none of them"));
        assert!(why(asked("580.95.05", &[data], newer, None)).contains("driver 580 runs CUDA up to 13.0 itself"));
        assert!(why(asked("450.80.02", &[data], newer, None)).contains("not made for driver 450"));
        assert!(why(asked("535.183.01", &[data], newer, Some(false))).contains("were tried here"));
        assert_eq!(asked("535.183.01", &[game], newer, Some(true)), CompatUse::Useful, "a trial decides");
        assert_eq!(asked("535.183.01", &[("x", Brand::Unknown)], newer, None), CompatUse::Maybe);
        assert_eq!(asked("535.183.01", &[], newer, None), CompatUse::NoGpu);
    }
}
