//! The last ten minutes of a GPU, and what it does now.

use super::super::super::trend::Trend;
use crate::client::{GpuFacts, GpuMomentFacts, GpuStats};

/// What is drawn and said of one GPU.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// In per cent.
    pub(super) load: Trend,
    /// Used, in bytes.
    pub(super) memory: Trend,
    /// In degrees Celsius.
    pub(super) temperature: Trend,
    /// In watts.
    pub(super) power: Trend,
    /// What it did last.
    pub(super) stats: GpuStats,
}

impl Past {
    /// Begins with what the daemon remembers.
    pub(super) fn begin(&mut self, moments: &[GpuMomentFacts]) {
        let of = |number: fn(&GpuMomentFacts) -> Option<f64>| {
            moments.iter().filter_map(move |moment| Some((moment.time?, number(moment))))
        };
        self.load.begin(of(|moment| moment.gpu_percent));
        self.memory.begin(of(|moment| moment.memory_used_bytes));
        self.temperature.begin(of(|moment| moment.temperature_celsius));
        self.power.begin(of(|moment| moment.power_watts));
    }

    /// It has been looked at. Of a GPU that is lost the same is told again and again, which is nothing new.
    pub(super) fn add(&mut self, stats: GpuStats) {
        if let Some(at) = stats.time.filter(|at| self.load.newest().is_none_or(|newest| *at > newest)) {
            #[expect(clippy::cast_precision_loss, reason = "a tenth of a GiB is shown")]
            let used = stats.memory_used_bytes.map(|bytes| bytes as f64);
            self.load.add(at, stats.gpu_percent.map(f64::from));
            self.memory.add(at, used);
            self.temperature.add(at, stats.temperature_celsius.map(f64::from));
            self.power.add(at, stats.power_watts);
        }
        self.stats = stats;
    }

    /// All of its memory in bytes.
    #[expect(clippy::cast_precision_loss, reason = "a tenth of a GiB is shown")]
    pub(super) fn memory_total(&self, gpu: &GpuFacts) -> Option<f64> {
        self.stats.memory_total_bytes.or(gpu.memory_total_bytes).map(|bytes| bytes as f64)
    }

    /// The part of its memory that is used, from 0 to 1.
    pub(super) fn memory_share(&self, gpu: &GpuFacts) -> Option<f64> {
        let total = self.memory_total(gpu).filter(|total| *total > 0.0)?;
        self.memory.latest().map(|used| (used / total).min(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_again_is_nothing_new() {
        let mut past = Past::default();
        past.begin(&[GpuMomentFacts { time: Some(100), gpu_percent: Some(7.0), ..GpuMomentFacts::default() }]);
        let stats =
            GpuStats { time: Some(101), gpu_percent: Some(8), memory_used_bytes: Some(50), ..GpuStats::default() };
        past.add(stats.clone());
        past.add(stats);
        assert_eq!((past.load.newest(), past.load.latest(), past.power.latest()), (Some(101), Some(8.0), None));
        let gpu = GpuFacts { memory_total_bytes: Some(200), ..GpuFacts::default() };
        assert_eq!(past.memory_share(&gpu), Some(0.25));
        assert_eq!(past.memory_share(&GpuFacts::default()), None, "of nobody knows how much");
    }
}
