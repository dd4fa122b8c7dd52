//! GPUs, from the bus's dictionaries to facts.

use std::collections::HashMap;

use super::Properties;
use crate::api::{self, proxy::Dictionary};
use crate::client::facts::GpuFacts;

/// One GPU.
pub(in crate::client) fn gpu(path: &str, properties: Dictionary) -> GpuFacts {
    let mut properties = Properties(properties);
    let encodes: HashMap<String, String> = properties.or_default("Encodes");
    GpuFacts {
        uuid: properties.unless_empty("Uuid").unwrap_or_else(|| api::name_of(path)),
        index: properties.or_default("Index"),
        parent: properties.unless_empty("Parent"),
        divided: properties.or_default("Divided"),
        name: properties.unless_empty("Name"),
        architecture: properties.unless_empty("Architecture"),
        compute_capability: properties.unless_empty("ComputeCapability"),
        brand: properties.token("Brand"),
        memory_total_bytes: properties.unless_empty("MemoryTotalBytes"),
        pci_id: properties.unless_empty("PciId"),
        pcie_generation_max: properties.unless_empty("PcieGenerationMax"),
        pcie_width_max: properties.unless_empty("PcieWidthMax"),
        driver: properties.unless_empty("Driver"),
        vbios: properties.unless_empty("Vbios"),
        clock_graphics_max_mhz: properties.unless_empty("ClockGraphicsMaxMhz"),
        clock_memory_max_mhz: properties.unless_empty("ClockMemoryMaxMhz"),
        temperature_slowdown_celsius: properties.unless_empty("TemperatureSlowdownCelsius"),
        temperature_shutdown_celsius: properties.unless_empty("TemperatureShutdownCelsius"),
        encodes: encodes.into_iter().collect(),
        health: properties.token("Health"),
        health_reason: properties.text("HealthReason"),
        xid: properties.unless_empty("Xid"),
        xid_reason: properties.unless_empty("XidReason"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{below, objects};
    use super::*;
    use crate::api::interface;

    #[test]
    fn what_a_gpu_does_not_tell_is_none() {
        let path = api::gpu_path("GPU-1-2");
        let pairs = vec![
            ("Name", "NVIDIA GB10".into()),
            ("MemoryTotalBytes", 0_u64.into()),
            ("Encodes", HashMap::from([("h264", "yes")]).into()),
            ("Health", "a-later-token".into()),
        ];
        let snapshot = below(objects(&path, interface::GPU, pairs));
        let [gpu] = snapshot.gpus.as_slice() else { panic!("one GPU") };
        assert_eq!((gpu.uuid.as_str(), gpu.label(), gpu.health.as_str()), ("GPU-1-2", "NVIDIA GB10", "a-later-token"));
        assert_eq!((gpu.memory_total_bytes, gpu.encodes["h264"].as_str()), (None, "yes"));
    }
}
