//! What GPUs say, for people: the same words in the window and on the command line. None where they do not tell.

use super::{GpuFacts, GpuStats};

/// What stands where a GPU does not tell.
pub const NOTHING: &str = "Not available";

/// Bytes, in units of 1,024.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "one digit is shown")]
pub fn bytes(bytes: u64) -> String {
    match bytes as f64 / 1_048_576.0 {
        mib if mib < 1024.0 => format!("{mib:.0} MiB"),
        mib => format!("{:.1} GiB", mib / 1024.0),
    }
}

/// Those that are there, with commas between them; none if none is.
fn list(parts: impl IntoIterator<Item = Option<String>>) -> Option<String> {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn named(name: &str, number: Option<u32>, unit: &str) -> Option<String> {
    number.map(|number| format!("{name} {number} {unit}"))
}

/// How busy its parts are.
#[must_use]
pub fn load(stats: &GpuStats) -> Option<String> {
    list([
        named("GPU", stats.gpu_percent, "%"),
        named("memory", stats.memory_percent, "%"),
        named("encoder", stats.encoder_percent, "%"),
        named("decoder", stats.decoder_percent, "%"),
    ])
}

/// How full its memory is.
#[must_use]
pub fn memory(gpu: &GpuFacts, stats: &GpuStats) -> Option<String> {
    let total = stats.memory_total_bytes.or(gpu.memory_total_bytes).map(bytes);
    match (stats.memory_used_bytes.map(bytes), total) {
        (Some(used), Some(total)) => Some(format!("{used} of {total} used")),
        (Some(used), None) => Some(format!("{used} used")),
        (None, total) => total,
    }
}

/// How warm it is, and where it slows itself down.
#[must_use]
pub fn temperature(gpu: &GpuFacts, stats: &GpuStats) -> Option<String> {
    let now = stats.temperature_celsius.map(|now| format!("{now} °C"))?;
    let limit = gpu.temperature_slowdown_celsius.map(|limit| format!("; slows down at {limit} °C"));
    Some(now + &limit.unwrap_or_default())
}

/// What it draws, of what it may.
#[must_use]
pub fn power(stats: &GpuStats) -> Option<String> {
    match (stats.power_watts, stats.power_limit_watts) {
        (Some(now), Some(limit)) => Some(format!("{now:.0} of {limit:.0} W")),
        (Some(now), None) => Some(format!("{now:.0} W")),
        _ => None,
    }
}

/// How fast its clocks are.
#[must_use]
pub fn clocks(stats: &GpuStats) -> Option<String> {
    list([
        named("graphics", stats.clock_graphics_mhz, "MHz"),
        named("memory", stats.clock_memory_mhz, "MHz"),
        named("video", stats.clock_video_mhz, "MHz"),
    ])
}

/// What holds its clocks down.
#[must_use]
pub fn throttle(stats: &GpuStats) -> Option<String> {
    match stats.throttle_words.as_deref() {
        None => None,
        Some([]) => Some("nothing".into()),
        Some(words) => Some(words.join(", ")),
    }
}

/// What it encodes, and how much of that it does now.
#[must_use]
pub fn encoder(gpu: &GpuFacts, stats: &GpuStats) -> Option<String> {
    let can = |wanted: &'static str| {
        gpu.encodes.iter().filter(move |(_, can)| *can == wanted).map(|(codec, _)| codec_name(codec))
    };
    let codecs: Vec<&str> = can("yes").collect();
    let codecs = match codecs.as_slice() {
        [] if can("no").next().is_none() => None,
        [] => Some("no encoder".to_owned()),
        codecs => Some(codecs.join(", ")),
    };
    let sessions = match (stats.encoder_sessions, stats.encoder_fps) {
        (None | Some(0), _) => None,
        (Some(1), fps) => Some(("1 session".to_owned(), fps)),
        (Some(many), fps) => Some((format!("{many} sessions"), fps)),
    };
    let sessions = sessions.map(|(sessions, fps)| {
        fps.map_or_else(|| format!("now {sessions}"), |fps| format!("now {sessions}, {fps} frames a second"))
    });
    let parts: Vec<String> = [codecs, sessions].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// A codec by its token.
#[must_use]
pub fn codec_name(token: &str) -> &str {
    match token {
        "h264" => "H.264",
        "hevc" => "H.265",
        "av1" => "AV1",
        other => other,
    }
}

/// Its PCIe link now, and the fastest that it can have.
#[must_use]
pub fn link(gpu: &GpuFacts, stats: &GpuStats) -> Option<String> {
    let link = |generation: Option<u32>, width: Option<u32>| Some(format!("generation {} × {}", generation?, width?));
    match (link(stats.pcie_generation, stats.pcie_width), link(gpu.pcie_generation_max, gpu.pcie_width_max)) {
        (Some(now), Some(most)) if now == most => Some(now),
        (Some(now), Some(most)) => Some(format!("{now}; {most} at most")),
        (Some(now), None) => Some(now),
        (None, most) => most.map(|most| format!("{most} at most")),
    }
}

/// Architecture and compute capability.
#[must_use]
pub fn kind(gpu: &GpuFacts) -> Option<String> {
    let capability = gpu.compute_capability.as_ref().map(|capability| format!("compute capability {capability}"));
    list([gpu.architecture.clone(), capability])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_with_their_limits_and_absent_ones_not_at_all() {
        let gpu = GpuFacts {
            pcie_generation_max: Some(4),
            pcie_width_max: Some(16),
            temperature_slowdown_celsius: Some(90),
            memory_total_bytes: Some(25_757_220_864),
            encodes: [("h264", "yes"), ("av1", "yes")].map(|(codec, can)| (codec.into(), can.into())).into(),
            ..GpuFacts::default()
        };
        let stats = GpuStats {
            temperature_celsius: Some(42),
            memory_used_bytes: Some(1_342_177_280),
            power_watts: Some(74.4),
            power_limit_watts: Some(450.0),
            pcie_generation: Some(1),
            pcie_width: Some(16),
            encoder_sessions: Some(2),
            encoder_fps: Some(58),
            throttle_words: Some(vec![]),
            ..GpuStats::default()
        };
        assert_eq!(temperature(&gpu, &stats).as_deref(), Some("42 °C; slows down at 90 °C"));
        assert_eq!(memory(&gpu, &stats).as_deref(), Some("1.2 GiB of 24.0 GiB used"));
        assert_eq!(power(&stats).as_deref(), Some("74 of 450 W"));
        assert_eq!(link(&gpu, &stats).as_deref(), Some("generation 1 × 16; generation 4 × 16 at most"));
        assert_eq!(encoder(&gpu, &stats).as_deref(), Some("AV1, H.264; now 2 sessions, 58 frames a second"));
        assert_eq!(throttle(&stats).as_deref(), Some("nothing"));
        let (nothing, none) = (GpuFacts::default(), GpuStats::default());
        assert_eq!([load(&none), power(&none), clocks(&none), throttle(&none), kind(&nothing)], [const { None }; 5]);
        assert_eq!([memory(&nothing, &none), encoder(&nothing, &none), link(&nothing, &none)], [const { None }; 3]);
        let without = GpuFacts { encodes: [("h264".into(), "no".into())].into(), ..GpuFacts::default() };
        assert_eq!(encoder(&without, &none).as_deref(), Some("no encoder"));
    }
}
