//! CUDA and its toolkits, from the bus's dictionaries to facts.

use std::cmp::Ordering;

use super::Properties;
use crate::api::{self, proxy::Dictionary};
use crate::client::facts::{
    ComponentFacts, CudaFacts, DriverPartFacts, ElsewhereFacts, ForwardFacts, ImageFacts, ToolkitFacts,
};
use crate::model::cuda::ToolkitVersion;

/// CUDA as a whole.
pub(in crate::client) fn cuda(properties: Dictionary) -> CudaFacts {
    let mut properties = Properties(properties);
    CudaFacts {
        state: properties.token("State"),
        state_reason: properties.unless_empty("StateReason"),
        driver_version: properties.unless_empty("DriverVersion"),
        driver_cuda: properties.unless_empty("DriverCuda"),
        driver_cuda_at_least: properties.or_default("DriverCudaAtLeast"),
        driver_cuda_source: properties.token("DriverCudaSource"),
        driver_cuda_doubt: properties.unless_empty("DriverCudaDoubt"),
        compat_active: properties.or_default("CompatActive"),
        compat_cuda: properties.unless_empty("CompatCuda"),
        compat_source: properties.unless_empty("CompatSource"),
        compat_place: properties.unless_empty("CompatPlace"),
        compat_works: properties.unless_empty("CompatWorks"),
        forward_packages: all(&mut properties, "ForwardPackages", forward),
        default_toolkit: properties.unless_empty("DefaultToolkit"),
        default_path: properties.unless_empty("DefaultPath"),
        problems: properties.or_default("Problems"),
        elsewhere: all(&mut properties, "Elsewhere", elsewhere),
        driver_parts: all(&mut properties, "DriverParts", part),
        recommended: properties.unless_empty("Recommended"),
        recommended_reason: properties.unless_empty("RecommendedReason"),
        images: all(&mut properties, "Images", image),
    }
}

/// One toolkit.
pub(in crate::client) fn toolkit(path: &str, properties: Dictionary) -> ToolkitFacts {
    let mut properties = Properties(properties);
    ToolkitFacts {
        id: api::name_of(path),
        version: properties.text("Version"),
        release: properties.text("Release"),
        version_source: properties.token("VersionSource"),
        path: properties.text("Path"),
        default: properties.or_default("Default"),
        by_packages: properties.or_default("ByPackages"),
        extent: properties.token("Extent"),
        summary: properties.text("Summary"),
        components: all(&mut properties, "Components", component),
        verdict: properties.token("Verdict"),
        verdict_reason: properties.text("VerdictReason"),
        why: properties.or_default("Why"),
        problems: properties.or_default("Problems"),
    }
}

/// The newest first.
pub(in crate::client) fn toolkit_order(one: &ToolkitFacts, other: &ToolkitFacts) -> Ordering {
    let version = |toolkit: &ToolkitFacts| toolkit.version.parse::<ToolkitVersion>().ok();
    version(other).cmp(&version(one)).then_with(|| one.path.cmp(&other.path))
}

/// A list of dictionaries.
fn all<T>(properties: &mut Properties, key: &str, one: impl Fn(Properties) -> T) -> Vec<T> {
    let list: Vec<Dictionary> = properties.or_default(key);
    list.into_iter().map(|keys| one(Properties(keys))).collect()
}

fn forward(mut keys: Properties) -> ForwardFacts {
    ForwardFacts { release: keys.text("release"), path: keys.text("path"), works: keys.get("works") }
}

fn elsewhere(mut keys: Properties) -> ElsewhereFacts {
    ElsewhereFacts { keeper: keys.token("keeper"), place: keys.text("place"), release: keys.text("release") }
}

fn part(mut keys: Properties) -> DriverPartFacts {
    DriverPartFacts {
        name: keys.token("name"),
        label: keys.text("label"),
        present: keys.or_default("present"),
        path: keys.unless_empty("path"),
        missing: keys.or_default("missing"),
        reason: keys.unless_empty("reason"),
    }
}

fn image(mut keys: Properties) -> ImageFacts {
    ImageFacts {
        tag: keys.text("tag"),
        verdict: keys.unless_empty("verdict"),
        reason: keys.text("reason"),
        recommended: keys.or_default("recommended"),
    }
}

fn component(mut keys: Properties) -> ComponentFacts {
    ComponentFacts {
        name: keys.token("name"),
        label: keys.text("label"),
        version: keys.unless_empty("version"),
        run: keys.or_default("run"),
        build: keys.or_default("build"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use zbus::zvariant::Value;

    use super::super::tests::{below, objects};
    use super::*;
    use crate::api::interface;

    #[test]
    fn lists_are_dictionaries_and_what_is_not_told_is_none() {
        let forward = HashMap::from([("release", Value::from("13.1")), ("works", true.into())]);
        let untried = HashMap::from([("release", Value::from("13.2"))]);
        let pairs = vec![
            ("State", "a-later-token".into()),
            ("DriverCuda", "".into()),
            ("ForwardPackages", vec![forward, untried].into()),
        ];
        let cuda = below(objects(&api::below("cuda"), interface::CUDA, pairs)).cuda.expect("told");
        assert_eq!((cuda.state.as_str(), cuda.driver_cuda, cuda.compat_active), ("a-later-token", None, false));
        let works: Vec<_> = cuda.forward_packages.iter().map(|package| package.works).collect();
        assert_eq!(works, [Some(true), None]);
    }

    #[test]
    fn toolkits_are_told_newest_first_by_their_numbers() {
        let toolkit = |version: &str| {
            let pairs = vec![("Version", version.to_owned().into())];
            objects(&api::toolkit_path(version), interface::TOOLKIT, pairs)
        };
        let all = ["12.9.1", "13.10", "13.9", "later"].map(toolkit).into_iter().flatten().collect();
        let ids: Vec<_> = below(all).toolkits.into_iter().map(|toolkit| toolkit.id).collect();
        assert_eq!(ids, ["13.10", "13.9", "12.9.1", "later"]);
    }
}
