//! `/gpu/<escaped UUID>`: one GPU, or one MIG instance of one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use zbus::message::Header;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::OwnedFd;
use zbus::{Connection, interface};

use super::{Ground, Options, flag};
use crate::api::gpu::{GpuMoment, ProcessInfo, StatsInfo};
use crate::api::{Error, action};
use crate::daemon::gpu::GpuView;
use crate::host::gpu::{self as host, User};
use crate::model::gpu::{Facts, Xid};

/// How often somebody may look, in milliseconds.
const INTERVALS: std::ops::RangeInclusive<u32> = 1_000..=60_000;

/// See [`crate::api::proxy::GpuProxy`].
#[derive(Debug)]
pub(crate) struct GpuObject {
    pub(crate) ground: Ground,
    pub(crate) uuid: String,
}

impl GpuObject {
    /// The GPU; none in the moment between its end and that of its object.
    fn view(&self) -> Option<Arc<GpuView>> {
        self.ground.store.gpu(&self.uuid)
    }

    fn fact<T: Default>(&self, fact: impl FnOnce(&Facts) -> Option<T>) -> T {
        self.view().and_then(|view| fact(&view.facts)).unwrap_or_default()
    }

    /// A process of this container that uses this GPU.
    async fn user(&self, pid: u32, start_time: u64) -> Option<User> {
        let found = tokio::task::spawn_blocking(move || host::users(&[pid]).pop()).await;
        found.ok().flatten().filter(|user| user.start_time == start_time)
    }
}

fn not_there(pid: u32) -> Error {
    Error::UnknownObject(format!(
        "No process {pid} with that start time uses this GPU, or it has ended. List the processes anew, then ask again."
    ))
}

#[interface(name = "io.github.desktop_control.Control1.Gpu")]
impl GpuObject {
    /// What the GPU does right now, looked at anew unless that was done within the last second. Of one that does not
    /// work, what it did last. Keys, each absent where this GPU does not tell: time (t, Unix time in seconds; 0:
    /// never); gpu-percent, memory-percent (how busy), encoder-percent, decoder-percent, temperature-celsius,
    /// clock-graphics-mhz, clock-sm-mhz, clock-memory-mhz, clock-video-mhz, fan-percent, performance-state (0 is the
    /// fastest), pcie-generation, pcie-width, encoder-sessions, encoder-fps, encoder-latency-us (u);
    /// memory-total-bytes, memory-used-bytes, memory-free-bytes (t); power-watts, power-limit-watts (d); throttle (as:
    /// idle, applications-clocks, display-clocks, sync-boost, power-cap, hardware-slowdown, heat, power-brake,
    /// hardware-heat), throttle-words (as). For everybody.
    async fn stats(
        &self,
        #[expect(unused_variables, reason = "for later versions")] options: Options,
    ) -> Result<StatsInfo, Error> {
        self.ground.gpus.look().await?;
        Ok(self.view().map(|view| view.stats.clone()).unwrap_or_default())
    }

    /// Has the GPU looked at every interval_ms milliseconds (1000 to 60000; others are moved there) until the returned
    /// descriptor is closed. Each look is told by StatsUpdated. With the option all (b) the same for every GPU, which
    /// takes one descriptor and not one for each. For everybody. Refused with Busy when the caller's user holds 16
    /// already.
    async fn watch(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        interval_ms: u32,
        options: Options,
    ) -> Result<OwnedFd, Error> {
        let gpu = (!flag(&options, "all")?).then(|| self.uuid.clone());
        let caller = self.ground.authority.caller(connection, &header).await?;
        let held = self.ground.quota.take(caller.uid)?;
        let every = Duration::from_millis(interval_ms.clamp(*INTERVALS.start(), *INTERVALS.end()).into());
        let lease = self.ground.gpus.watch(gpu, every, held);
        lease
            .map(Into::into)
            .map_err(|error| Error::Internal(format!("No lease could be made ({error}). Try again later.")))
    }

    /// The last ten minutes as far as somebody watched, oldest first: Unix time in seconds; how busy the GPU and its
    /// memory were in per cent; used memory in bytes; how busy encoder and decoder were in per cent; degrees Celsius;
    /// watts; MHz of the graphics clock. −1 where it could not be told. For everybody.
    #[expect(clippy::unused_async, reason = "as all methods of the bus")]
    async fn history(
        &self,
        #[expect(unused_variables, reason = "for later versions")] options: Options,
    ) -> Vec<GpuMoment> {
        self.ground.gpus.history(&self.uuid)
    }

    /// Who uses the GPU. Keys: pid, uid (u), start-time (t, the kernel's ticks), name, user, activity (s: graphics,
    /// compute, both), memory-bytes (t; absent if it cannot be told). And how many more use it whom the driver names,
    /// but who are not of this container. For everybody. Refused with Unsupported where the driver does not tell.
    async fn processes(
        &self,
        #[expect(unused_variables, reason = "for later versions")] options: Options,
    ) -> Result<(Vec<ProcessInfo>, u32), Error> {
        let users = self.ground.gpus.users(&self.uuid).await?;
        Ok((users.known, users.hidden))
    }

    /// Asks a process that uses the GPU to end (SIGTERM); with the option force (b), ends it at once (SIGKILL). Pid and
    /// start time are those that Processes told. One's own processes need no permission, others' need manage-services.
    /// UnknownObject where there is no such process any more.
    async fn end_process(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        pid: u32,
        start_time: u64,
        options: Options,
    ) -> Result<(), Error> {
        let caller = self.ground.authority.caller(connection, &header).await?;
        let user = self.user(pid, start_time).await;
        // Whether there is one is nothing that somebody who may not end it has to know.
        if user.as_ref().is_none_or(|user| user.uid != caller.uid) {
            self.ground.authority.check(connection, &header, action::MANAGE_SERVICES).await?;
        }
        let force = flag(&options, "force")?;
        let user = user.ok_or_else(|| not_there(pid))?;
        let users = self.ground.gpus.users(&self.uuid).await?;
        if !users.known.iter().any(|known| (known.pid, known.start_time) == (pid, start_time)) {
            return Err(not_there(pid));
        }
        tracing::info!(uid = caller.uid, pid, name = user.name, force, "ending a process that uses a GPU");
        let ended = tokio::task::spawn_blocking(move || host::end(&user, force)).await;
        match ended {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(not_there(pid)),
            Ok(Err(error)) => Err(Error::Internal(format!("The process {pid} cannot be ended ({error})."))),
            Err(_) => Err(Error::Internal(format!("The process {pid} could not be ended. Try again."))),
        }
    }

    /// The GPU has been looked at; keys as in Stats. Sent while somebody watches this GPU.
    #[zbus(signal)]
    pub(crate) async fn stats_updated(emitter: &SignalEmitter<'_>, stats: StatsInfo) -> zbus::Result<()>;

    /// NVIDIA's name for this one GPU or instance, such as GPU-5f1c0a3e-….
    #[zbus(property(emits_changed_signal = "const"))]
    fn uuid(&self) -> &str {
        &self.uuid
    }

    /// Its place in NVIDIA's list; for an instance, that of the whole.
    #[zbus(property)]
    fn index(&self) -> u32 {
        self.fact(|facts| Some(facts.index))
    }

    /// For a MIG instance the UUID of the GPU that it is a part of; else empty.
    #[zbus(property(emits_changed_signal = "const"))]
    fn parent(&self) -> String {
        self.fact(|facts| facts.parent.clone())
    }

    /// It is divided into MIG instances, which are GPUs of their own here.
    #[zbus(property)]
    fn divided(&self) -> bool {
        self.fact(|facts| facts.divided)
    }

    /// Such as NVIDIA GeForce RTX 4090; empty if it cannot be told.
    #[zbus(property(emits_changed_signal = "const"))]
    fn name(&self) -> String {
        self.fact(|facts| facts.name.clone())
    }

    /// Such as Ada; empty if it cannot be told, or is newer than the daemon.
    #[zbus(property(emits_changed_signal = "const"))]
    fn architecture(&self) -> String {
        self.fact(|facts| facts.architecture.clone())
    }

    /// Such as 8.9; empty if it cannot be told.
    #[zbus(property(emits_changed_signal = "const"))]
    fn compute_capability(&self) -> String {
        self.fact(|facts| facts.capability.map(|capability| capability.to_string()))
    }

    /// geforce, nvidia, nvidia-rtx, quadro, tesla, titan and others; unknown.
    #[zbus(property(emits_changed_signal = "const"))]
    fn brand(&self) -> String {
        self.fact(|facts| Some(facts.brand.to_string()))
    }

    /// All of its memory in bytes; 0 if it cannot be told, as where it has none of its own.
    #[zbus(property(emits_changed_signal = "const"))]
    fn memory_total_bytes(&self) -> u64 {
        self.fact(|facts| facts.memory_total)
    }

    /// Such as 00000000:01:00.0; empty if it cannot be told.
    #[zbus(property(emits_changed_signal = "const"))]
    fn pci_id(&self) -> String {
        self.fact(|facts| facts.pci_id.clone())
    }

    /// The newest PCIe generation that GPU and board can use; 0 if it cannot be told.
    #[zbus(property(emits_changed_signal = "const"))]
    fn pcie_generation_max(&self) -> u32 {
        self.fact(|facts| facts.pcie_generation_max)
    }

    /// The most lanes that GPU and board can use; 0 if it cannot be told.
    #[zbus(property(emits_changed_signal = "const"))]
    fn pcie_width_max(&self) -> u32 {
        self.fact(|facts| facts.pcie_width_max)
    }

    /// Version of the driver; empty if it cannot be told.
    #[zbus(property)]
    fn driver(&self) -> String {
        self.view().and_then(|view| view.driver.clone()).unwrap_or_default()
    }

    /// Version of its firmware; empty if it cannot be told.
    #[zbus(property(emits_changed_signal = "const"))]
    fn vbios(&self) -> String {
        self.fact(|facts| facts.vbios.clone())
    }

    /// The fastest graphics clock in MHz; 0 if it cannot be told.
    #[zbus(property(emits_changed_signal = "const"))]
    fn clock_graphics_max_mhz(&self) -> u32 {
        self.fact(|facts| facts.clock_graphics_max)
    }

    /// The fastest clock of the memory in MHz; 0 if it cannot be told.
    #[zbus(property(emits_changed_signal = "const"))]
    fn clock_memory_max_mhz(&self) -> u32 {
        self.fact(|facts| facts.clock_memory_max)
    }

    /// Where it slows itself down, in degrees Celsius; 0 if it cannot be told.
    #[zbus(property(emits_changed_signal = "const"))]
    fn temperature_slowdown_celsius(&self) -> u32 {
        self.fact(|facts| facts.temperature_slowdown)
    }

    /// Where it switches itself off, in degrees Celsius; 0 if it cannot be told.
    #[zbus(property(emits_changed_signal = "const"))]
    fn temperature_shutdown_celsius(&self) -> u32 {
        self.fact(|facts| facts.temperature_shutdown)
    }

    /// What it encodes: by codec (h264, hevc, av1) yes, no or unknown.
    #[zbus(property(emits_changed_signal = "const"))]
    fn encodes(&self) -> HashMap<String, String> {
        let words =
            |facts: &Facts| facts.encodes.iter().map(|(codec, can)| (codec.to_string(), can.to_string())).collect();
        self.fact(|facts| Some(words(facts)))
    }

    /// ok, throttled (it works, slowed down by heat or power supply for a while), failing, lost (it is gone; the rest
    /// is what was known last), unknown (cannot be told).
    #[zbus(property)]
    fn health(&self) -> &str {
        self.view().map_or("unknown", |view| view.verdict.health.into())
    }

    /// Why, and what to do; empty where all is well.
    #[zbus(property)]
    fn health_reason(&self) -> String {
        self.view().map(|view| view.verdict.reason.clone()).unwrap_or_default()
    }

    /// The error that the driver reported last of this GPU, by NVIDIA's number (Xid), for ten minutes; 0 if there is
    /// none. It is seen only while somebody watches, or asks again and again.
    #[zbus(property)]
    fn xid(&self) -> u64 {
        self.view().and_then(|view| view.xid).map_or(0, |xid| xid.0)
    }

    /// What that means, and what to do; empty if there is none. One that is a program's own fault leaves Health as it
    /// is.
    #[zbus(property)]
    fn xid_reason(&self) -> String {
        self.view().and_then(|view| view.xid).map(Xid::sentence).unwrap_or_default()
    }
}
