//! A GPU as the bus shows it.

use crate::api::gpu::{GpuMoment, StatsInfo};
use crate::model::gpu::{Facts, Member, Moment, Sample, Verdict, Xid};

/// What is known of one GPU.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct GpuView {
    /// What it is.
    pub(crate) facts: Facts,
    /// The driver's version.
    pub(crate) driver: Option<String>,
    /// Whether it works.
    pub(crate) verdict: Verdict,
    /// The error that the driver reported last.
    pub(crate) xid: Option<Xid>,
    /// What it did when it was looked at last.
    pub(crate) stats: StatsInfo,
}

impl GpuView {
    pub(super) fn of(member: &Member) -> Self {
        Self {
            facts: member.facts.clone(),
            driver: member.driver.clone(),
            verdict: member.verdict(),
            xid: member.xid.map(|(_, xid)| xid),
            stats: member.sample.as_ref().map(|(at, sample)| stats(*at, sample)).unwrap_or_default(),
        }
    }

    /// It is the same to whoever reads its properties.
    pub(crate) fn looks_like(&self, other: &Self) -> bool {
        let same = (&self.facts, &self.driver) == (&other.facts, &other.driver);
        same && (&self.verdict, self.xid) == (&other.verdict, other.xid)
    }
}

fn watts(milliwatts: u32) -> f64 {
    f64::from(milliwatts) / 1000.0
}

// Every field is named: a new one cannot be forgotten here.
fn stats(time: u64, sample: &Sample) -> StatsInfo {
    let Sample {
        gpu_percent,
        memory_percent,
        encoder_percent,
        decoder_percent,
        memory_total,
        memory_used,
        memory_free,
        temperature,
        power,
        power_limit,
        clock_graphics,
        clock_sm,
        clock_memory,
        clock_video,
        fan_percent,
        performance_state,
        pcie_generation,
        pcie_width,
        encoder_sessions,
        encoder_fps,
        encoder_latency,
        throttle,
        // A property of its own.
        xids: _,
    } = sample.clone();
    StatsInfo {
        time,
        gpu_percent,
        memory_percent,
        encoder_percent,
        decoder_percent,
        memory_total_bytes: memory_total,
        memory_used_bytes: memory_used,
        memory_free_bytes: memory_free,
        temperature_celsius: temperature,
        power_watts: power.map(watts),
        power_limit_watts: power_limit.map(watts),
        clock_graphics_mhz: clock_graphics,
        clock_sm_mhz: clock_sm,
        clock_memory_mhz: clock_memory,
        clock_video_mhz: clock_video,
        fan_percent,
        performance_state,
        pcie_generation,
        pcie_width,
        encoder_sessions,
        encoder_fps,
        encoder_latency_us: encoder_latency,
        throttle_words: throttle.as_ref().map(|all| all.iter().map(|one| one.words().to_owned()).collect()),
        throttle: throttle.map(|all| all.iter().map(ToString::to_string).collect()),
    }
}

/// What graphs get.
pub(super) fn moment(moment: &Moment) -> GpuMoment {
    let told = |number: Option<u32>| number.map_or(-1.0, f64::from);
    #[expect(clippy::cast_precision_loss, reason = "no GPU has a million gigabytes")]
    let bytes = |bytes: u64| bytes as f64;
    (
        moment.at,
        told(moment.gpu_percent),
        told(moment.memory_percent),
        moment.memory_used.map_or(-1.0, bytes),
        told(moment.encoder_percent),
        told(moment.decoder_percent),
        told(moment.temperature),
        moment.power.map_or(-1.0, watts),
        told(moment.clock_graphics),
    )
}
