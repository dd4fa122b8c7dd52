//! What a GPU is and does, in names and values. A value that is none is not available, which is not the same as 0.

use crate::client::gpu_words::{self, codec_name};
use crate::client::{GpuFacts, GpuProcessFacts, GpuStats};

/// A name, and a value where it is known.
pub(super) type Said = (&'static str, Option<String>);

/// What it does besides what is drawn.
pub(super) fn doing(gpu: &GpuFacts, stats: &GpuStats) -> Vec<Said> {
    let percent = |number: Option<u32>| number.map(|number| format!("{number} %"));
    vec![
        ("Encoder", encoder(stats)),
        ("Decoder", percent(stats.decoder_percent)),
        ("Memory read or written", percent(stats.memory_percent)),
        ("Clocks", clocks(gpu, stats)),
        ("Held down by", gpu_words::throttle(stats)),
        ("Fan", percent(stats.fan_percent)),
        ("PCIe link", gpu_words::link(gpu, stats)),
    ]
}

/// What it is: what stays the same.
pub(super) fn about(gpu: &GpuFacts) -> Vec<Said> {
    let limit = |celsius: Option<u32>, what: &str| celsius.map(|celsius| format!("{what} at {celsius} °C"));
    let limits = [
        limit(gpu.temperature_slowdown_celsius, "slows down"),
        limit(gpu.temperature_shutdown_celsius, "switches itself off"),
    ];
    let limits: Vec<String> = limits.into_iter().flatten().collect();
    let mut all = vec![
        ("Name", gpu.name.clone()),
        ("Architecture", gpu.architecture.clone()),
        ("Compute capability", gpu.compute_capability.clone()),
        ("Brand", brand(&gpu.brand)),
        ("Memory", gpu.memory_total_bytes.map(gpu_words::bytes)),
        ("Encodes", encodes(gpu)),
        ("Heat", (!limits.is_empty()).then(|| limits.join(", "))),
        ("Driver", gpu.driver.clone()),
        ("VBIOS", gpu.vbios.clone()),
        ("PCI address", gpu.pci_id.clone()),
        ("UUID", Some(gpu.uuid.clone())),
    ];
    // That none was reported says little: errors are heard only while somebody looks.
    all.extend(gpu.xid.map(|xid| ("Error reported last", Some(error_reported(xid, gpu)))));
    all
}

/// Why something is not available.
pub(super) fn why_not(gpu: &GpuFacts, stats: &GpuStats) -> &'static str {
    if gpu.divided {
        "A GPU that is divided into instances does not tell it; its instances may."
    } else if gpu.parent.is_some() {
        "An instance of a divided GPU does not tell it; the whole GPU may."
    } else if stats.time.is_none() {
        "It has not been looked at yet."
    } else {
        "This GPU or its driver does not tell it."
    }
}

fn encoder(stats: &GpuStats) -> Option<String> {
    let sessions = match stats.encoder_sessions {
        Some(0) => Some("nothing encodes".to_owned()),
        Some(1) => Some("1 session".to_owned()),
        many => many.map(|many| format!("{many} sessions")),
    };
    let is_at_work = stats.encoder_sessions.is_none_or(|sessions| sessions > 0);
    let latency = |microseconds: u32| format!("{:.1} ms a frame", f64::from(microseconds) / 1000.0);
    let parts = [
        stats.encoder_percent.map(|percent| format!("{percent} %")),
        sessions,
        stats.encoder_fps.filter(|_| is_at_work).map(|fps| format!("{fps} fps")),
        stats.encoder_latency_us.filter(|_| is_at_work).map(latency),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

fn clocks(gpu: &GpuFacts, stats: &GpuStats) -> Option<String> {
    let clock = |name: &str, now: Option<u32>, most: Option<u32>| {
        let most = most.map(|most| format!(" of {most}")).unwrap_or_default();
        now.map(|now| format!("{name} {now}{most} MHz"))
    };
    let parts = [
        clock("graphics", stats.clock_graphics_mhz, gpu.clock_graphics_max_mhz),
        clock("memory", stats.clock_memory_mhz, gpu.clock_memory_max_mhz),
        clock("video", stats.clock_video_mhz, None),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

/// What it encodes, and what it does not.
/// NVIDIA's number, and what it means.
fn error_reported(xid: u64, gpu: &GpuFacts) -> String {
    gpu.xid_reason.as_ref().map_or_else(|| format!("Xid {xid}"), |reason| format!("Xid {xid}: {reason}"))
}

fn encodes(gpu: &GpuFacts) -> Option<String> {
    let those = |wanted: &str| {
        let codecs = gpu.encodes.iter().filter(|(_, can)| *can == wanted).map(|(codec, _)| codec_name(codec));
        Some(codecs.collect::<Vec<_>>().join(", ")).filter(|codecs| !codecs.is_empty())
    };
    match (those("yes"), those("no")) {
        (Some(can), Some(cannot)) => Some(format!("{can}; not {cannot}")),
        (Some(can), None) => Some(can),
        (None, Some(_)) => Some("nothing: it has no encoder".into()),
        (None, None) => None,
    }
}

/// NVIDIA's names of its brands, by the contract's tokens; those of a later daemon as they are.
fn brand(token: &str) -> Option<String> {
    let name = match token {
        "" | "unknown" => return None,
        "geforce" => "GeForce",
        "geforce-rtx" => "GeForce RTX",
        "titan" => "Titan",
        "titan-rtx" => "Titan RTX",
        "quadro" => "Quadro",
        "quadro-rtx" => "Quadro RTX",
        "nvidia-rtx" => "NVIDIA RTX",
        "nvidia" => "NVIDIA",
        "tesla" => "Tesla",
        other => other,
    };
    Some(name.to_owned())
}

/// What a process holds, and whose it is: `4242 · user · draws and computes · 200 MiB`.
pub(super) fn process(process: &GpuProcessFacts) -> String {
    let user = if process.user.is_empty() { process.uid.to_string() } else { process.user.clone() };
    let activity = match process.activity.as_str() {
        "graphics" => "draws",
        "compute" => "computes",
        "both" => "draws and computes",
        other => other,
    };
    let memory = process.memory_bytes.map_or_else(|| "memory not available".into(), gpu_words::bytes);
    format!("{} · {user} · {activity} · {memory}", process.pid)
}

/// About those that are not listed.
pub(super) fn others(listed: usize, hidden: u32) -> String {
    let (none, more) =
        if listed == 0 { ("No process of this container is known to use this GPU. ", "") } else { ("", " more") };
    match hidden {
        0 => format!("{none}The host hides the processes of other containers."),
        1 => format!("{none}One{more} is not of this container; the host hides what it is."),
        many => format!("{none}{many}{more} are not of this container; the host hides what they are."),
    }
}

/// A reason as a heading and the rest, by its first sentence.
pub(super) fn heading_and_rest(reason: &str) -> (&str, &str) {
    match reason.split_once(". ") {
        Some((heading, rest)) => (heading, rest),
        None => (reason.trim_end_matches('.'), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(said: Vec<Said>, name: &str) -> Option<String> {
        said.into_iter().find(|(known, _)| *known == name).expect("a name").1
    }

    #[test]
    fn what_is_not_told_is_none_everywhere() {
        let (gpu, stats) = (GpuFacts { uuid: "GPU-1".into(), ..GpuFacts::default() }, GpuStats::default());
        assert!(doing(&gpu, &stats).iter().all(|(_, value)| value.is_none()), "{:?}", doing(&gpu, &stats));
        let known: Vec<&str> = about(&gpu).iter().filter(|(_, value)| value.is_some()).map(|(name, _)| *name).collect();
        assert_eq!(known, ["UUID"]);
        assert!(why_not(&gpu, &stats).contains("not been looked at"));
        let looked = GpuStats { time: Some(1), ..stats };
        let instance = GpuFacts { parent: Some("GPU-1".into()), ..gpu.clone() };
        assert!(why_not(&gpu, &looked).contains("its driver") && why_not(&instance, &looked).contains("instance"));
    }

    #[test]
    fn numbers_have_units_and_limits() {
        let gpu = GpuFacts {
            clock_graphics_max_mhz: Some(3105),
            encodes: [("h264", "yes"), ("av1", "no")].map(|(codec, can)| (codec.into(), can.into())).into(),
            brand: "geforce".into(),
            temperature_slowdown_celsius: Some(90),
            ..GpuFacts::default()
        };
        let mut stats = GpuStats {
            clock_graphics_mhz: Some(2235),
            clock_video_mhz: Some(1815),
            encoder_percent: Some(21),
            encoder_sessions: Some(2),
            encoder_fps: Some(58),
            encoder_latency_us: Some(4100),
            ..GpuStats::default()
        };
        assert_eq!(clocks(&gpu, &stats).as_deref(), Some("graphics 2235 of 3105 MHz · video 1815 MHz"));
        assert_eq!(encoder(&stats).as_deref(), Some("21 % · 2 sessions · 58 fps · 4.1 ms a frame"));
        stats.encoder_sessions = Some(0);
        assert_eq!(encoder(&stats).as_deref(), Some("21 % · nothing encodes"));
        assert_eq!(value(about(&gpu), "Encodes").as_deref(), Some("H.264; not AV1"));
        assert_eq!(value(about(&gpu), "Heat").as_deref(), Some("slows down at 90 °C"));
        assert_eq!(value(about(&gpu), "Brand").as_deref(), Some("GeForce"));
    }

    #[test]
    fn processes_are_told_and_those_that_cannot_be_seen_are_counted() {
        let one = GpuProcessFacts { pid: 42, uid: 7, activity: "both".into(), ..GpuProcessFacts::default() };
        assert_eq!(process(&one), "42 · 7 · draws and computes · memory not available");
        assert_eq!(others(1, 2), "2 more are not of this container; the host hides what they are.");
        assert!(others(0, 0).starts_with("No process") && others(0, 3).contains(". 3 are not of this container"));
    }

    #[test]
    fn a_reason_has_a_heading() {
        let reason = "No NVIDIA GPU: drawing on the CPU (llvmpipe). None was given to this machine.";
        let expected = ("No NVIDIA GPU: drawing on the CPU (llvmpipe)", "None was given to this machine.");
        assert_eq!(heading_and_rest(reason), expected);
        assert_eq!(heading_and_rest("It hangs."), ("It hangs", ""));
    }
}
