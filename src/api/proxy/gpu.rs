//! Typed calls about a GPU.

use zbus::proxy;
use zbus::zvariant::OwnedFd;

use super::super::Error;
use super::super::gpu::{Encodes, GpuMoment, ProcessInfo, StatsInfo};
use super::Options;

/// A GPU, or a MIG instance of one, at `/gpu/<escaped UUID>`.
#[proxy(
    interface = "io.github.desktop_control.Control1.Gpu",
    default_service = "io.github.desktop_control.Control1",
    gen_blocking = false
)]
pub trait Gpu {
    /// What it does right now; of one that is lost, what it did last.
    #[zbus(no_autostart)]
    fn stats(&self, options: Options<'_>) -> Result<StatsInfo, Error>;

    /// Has it looked at every so many milliseconds (1,000 to 60,000) until the returned descriptor is closed; each look
    /// is told by `StatsUpdated`. Option `all` (b): the same for every GPU. Refused with `Busy` when the caller's user
    /// already holds 16.
    #[zbus(no_autostart)]
    fn watch(&self, interval_ms: u32, options: Options<'_>) -> Result<OwnedFd, Error>;

    /// The last ten minutes, oldest first, as far as somebody watched.
    #[zbus(no_autostart)]
    fn history(&self, options: Options<'_>) -> Result<Vec<GpuMoment>, Error>;

    /// Who uses it, and how many more do so that are not of this container and so cannot be told.
    #[zbus(no_autostart)]
    fn processes(&self, options: Options<'_>) -> Result<(Vec<ProcessInfo>, u32), Error>;

    /// Asks a process that uses it to end. Option `force` (b): ends it at once. One's own need no permission.
    #[zbus(allow_interactive_auth, no_autostart)]
    fn end_process(&self, pid: u32, start_time: u64, options: Options<'_>) -> Result<(), Error>;

    /// It has been looked at. Sent while somebody watches.
    #[zbus(signal)]
    fn stats_updated(&self, stats: StatsInfo) -> zbus::Result<()>;

    /// NVIDIA's name for this one GPU.
    #[zbus(property(emits_changed_signal = "const"))]
    fn uuid(&self) -> zbus::Result<String>;

    /// Its place in NVIDIA's list.
    #[zbus(property)]
    fn index(&self) -> zbus::Result<u32>;

    /// Such as `NVIDIA GeForce RTX 4090`; empty if it cannot be told.
    #[zbus(property(emits_changed_signal = "const"))]
    fn name(&self) -> zbus::Result<String>;

    /// What it encodes.
    #[zbus(property(emits_changed_signal = "const"))]
    fn encodes(&self) -> zbus::Result<Encodes>;

    /// `ok`, `throttled`, `failing`, `lost` or `unknown`.
    #[zbus(property)]
    fn health(&self) -> zbus::Result<String>;

    /// Why, and what to do; empty where all is well.
    #[zbus(property)]
    fn health_reason(&self) -> zbus::Result<String>;

    /// The error that the driver reported last, by NVIDIA's number; 0 if there is none.
    #[zbus(property)]
    fn xid(&self) -> zbus::Result<u64>;

    /// What that means, and what to do; empty if there is none.
    #[zbus(property)]
    fn xid_reason(&self) -> zbus::Result<String>;
}
