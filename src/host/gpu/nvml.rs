//! What NVML says, in terms of the model. Only the probe comes here.

use std::collections::BTreeMap;
use std::path::Path;

use nvml_wrapper::bitmasks::event::EventTypes;
use nvml_wrapper::enum_wrappers::device::{Clock, TemperatureSensor, TemperatureThreshold};
use nvml_wrapper::enums::device::UsedGpuMemory;
use nvml_wrapper::enums::event::XidError;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::event::EventSet;
use nvml_wrapper::struct_wrappers::device::ProcessInfo;
use nvml_wrapper::{Device, Nvml};
use strum::IntoEnumIterator;

use super::raw;
use crate::model::cuda::{Brand, Capability};
use crate::model::gpu::{
    Codec, Entry, Facts, Fault, Process, Round, Sample, Session, Throttle, Trouble, Unreadable, architecture, merged,
};

/// The library by its name for programs; the name without the number belongs to development packages.
const LIBRARY: &str = "libnvidia-ml.so.1";

/// No machine has more.
const MOST_GPUS: u32 = 64;
/// So many errors are read at a look. One that fails thoroughly reports without end.
const MOST_XIDS: usize = 64;

/// NVML, loaded.
pub(super) struct Driver {
    /// As long as the process: what waits for events holds on to it.
    nvml: &'static Nvml,
    /// Where the driver reports errors; none where it does not.
    events: Option<EventSet<'static>>,
}

/// A GPU, or an instance of one.
struct Found<'n> {
    uuid: String,
    index: u32,
    parent: Option<String>,
    device: Device<'n>,
}

impl Driver {
    pub(super) fn load(library: Option<&Path>) -> Result<Self, Trouble> {
        let library = library.unwrap_or(Path::new(LIBRARY));
        let nvml = Nvml::builder().lib_path(library.as_os_str()).init().map_err(|error| trouble(&error))?;
        let nvml: &'static Nvml = Box::leak(Box::new(nvml));
        Ok(Self { nvml, events: events(nvml).ok().flatten() })
    }

    /// Asks every GPU and every instance. Their list is read anew each time: GPUs go, and come back elsewhere in it.
    fn round<T>(&self, ask: impl Fn(&Found<'_>, &mut Complaints) -> T) -> Result<Round<T>, Trouble> {
        let count = self.nvml.device_count().map_err(|error| trouble(&error))?;
        let mut round = Round { driver: self.nvml.sys_driver_version().ok(), ..Round::default() };
        for index in 0..count {
            let named = self.nvml.device_by_index(index).and_then(|device| Ok((device.uuid()?, device)));
            let (uuid, device) = match named {
                Ok(named) => named,
                // The host's other GPUs are none of ours.
                Err(NvmlError::NoPermission) => continue,
                Err(error) => {
                    round.unreadable.push(Unreadable { index, trouble: trouble(&error) });
                    continue;
                }
            };
            let whole = Found { uuid, index, parent: None, device };
            let parts = instances(&whole);
            for found in std::iter::once(whole).chain(parts) {
                let mut complaints = Complaints::default();
                let told = ask(&found, &mut complaints);
                round.gpus.push(Entry { uuid: found.uuid, told, trouble: complaints.trouble });
            }
        }
        Ok(round)
    }

    pub(super) fn facts(&self) -> Result<Round<Facts>, Trouble> {
        self.round(facts)
    }

    pub(super) fn sample(&self) -> Result<Round<Sample>, Trouble> {
        let xids = self.xids();
        self.round(|found, complaints| {
            let mut sample = sample(&found.device, complaints);
            if sample.is_empty() {
                complaints.nothing_told();
            }
            sample.xids = xids.iter().filter(|(uuid, _)| *uuid == found.uuid).map(|(_, number)| *number).collect();
            sample
        })
    }

    /// The errors that were reported since the last look, each with the GPU that it is of. One that is lost does not tell
    /// which it is; that it is lost is told anyway.
    fn xids(&self) -> Vec<(String, u64)> {
        let reported = || self.events.as_ref()?.wait(0).ok();
        let told = std::iter::from_fn(reported).take(MOST_XIDS);
        told.filter_map(|event| {
            let number = match event.event_data? {
                XidError::Value(number) => number,
                // What the library calls unknown is this number.
                XidError::Unknown => 999,
            };
            Some((event.device.uuid().ok()?, number))
        })
        .collect()
    }

    pub(super) fn processes(&self) -> Result<Round<Option<Vec<Process>>>, Trouble> {
        self.round(|found, complaints| processes(&found.device, complaints))
    }

    pub(super) fn sessions(&self) -> Result<Round<Option<Vec<Session>>>, Trouble> {
        self.round(|found, complaints| complaints.take(raw::encoder_sessions(&found.device)))
    }
}

/// Has every GPU report its errors that can.
fn events(nvml: &'static Nvml) -> Result<Option<EventSet<'static>>, NvmlError> {
    let mut events = None;
    for index in 0..MOST_GPUS {
        let device = match nvml.device_by_index(index) {
            Ok(device) => device,
            Err(NvmlError::InvalidArg) => break,
            Err(_) => continue,
        };
        if !device.supported_event_types().is_ok_and(|types| types.contains(EventTypes::CRITICAL_XID_ERROR)) {
            continue;
        }
        let set = events.take().map_or_else(|| nvml.create_event_set(), Ok)?;
        events = Some(device.register_events(EventTypes::CRITICAL_XID_ERROR, set).map_err(|refused| refused.error)?);
    }
    Ok(events)
}

/// The MIG instances of a GPU. Empty places in its table are no error.
fn instances<'n>(whole: &Found<'n>) -> Vec<Found<'n>> {
    let divided = whole.device.mig_mode().is_ok_and(|mode| mode.current != 0);
    let places = if divided { whole.device.mig_device_count().unwrap_or_default() } else { 0 };
    let instance = |place| {
        let device = whole.device.mig_device_by_index(place).ok()?;
        let uuid = device.uuid().ok()?;
        Some(Found { uuid, index: whole.index, parent: Some(whole.uuid.clone()), device })
    };
    (0..places).filter_map(instance).collect()
}

fn facts(found: &Found<'_>, complaints: &mut Complaints) -> Facts {
    let device = &found.device;
    let capability = complaints.take(device.cuda_compute_capability()).and_then(|capability| {
        Some(Capability::new(capability.major.try_into().ok()?, capability.minor.try_into().ok()?))
    });
    let brand = complaints.take(device.brand()).map_or(Brand::Unknown, |brand| Brand::from_nvml(brand.as_c()));
    Facts {
        index: found.index,
        parent: found.parent.clone(),
        divided: complaints.take(device.mig_mode()).map(|mode| mode.current != 0),
        name: complaints.take(device.name()),
        architecture: complaints.take(architecture_number(device)).and_then(architecture).map(str::to_owned),
        capability,
        brand,
        memory_total: memory(device, complaints).map(|memory| memory.total),
        pci_id: complaints.take(device.pci_info()).map(|pci| pci.bus_id),
        pcie_generation_max: complaints.take(device.max_pcie_link_gen()),
        pcie_width_max: complaints.take(device.max_pcie_link_width()),
        vbios: complaints.take(device.vbios_version()),
        clock_graphics_max: complaints.take(device.max_clock_info(Clock::Graphics)),
        clock_memory_max: complaints.take(device.max_clock_info(Clock::Memory)),
        temperature_slowdown: complaints.take(device.temperature_threshold(TemperatureThreshold::Slowdown)),
        temperature_shutdown: complaints.take(device.temperature_threshold(TemperatureThreshold::Shutdown)),
        encodes: encodes(device),
    }
}

fn encodes(device: &Device<'_>) -> BTreeMap<Codec, crate::model::gpu::Ability> {
    Codec::iter().map(|codec| (codec, raw::encodes(device, codec))).collect()
}

/// The number as it is: the library knows fewer architectures than there are.
fn architecture_number(device: &Device<'_>) -> Result<u32, NvmlError> {
    match device.architecture() {
        Ok(known) => Ok(known.as_c()),
        Err(NvmlError::UnexpectedVariant(number)) => Ok(number),
        Err(error) => Err(error),
    }
}

/// With what the driver keeps for itself counted apart; drivers before 510 count it as used.
fn memory(device: &Device<'_>, complaints: &mut Complaints) -> Option<raw::Memory> {
    let memory = match device.memory_info() {
        Ok(info) => Ok(raw::Memory { total: info.total, used: info.used, free: info.free }),
        Err(error) if is_missing_function(&error) => raw::memory(device),
        Err(error) => Err(error),
    };
    complaints.take(memory)
}

fn sample(device: &Device<'_>, complaints: &mut Complaints) -> Sample {
    let load = complaints.take(device.utilization_rates());
    let memory = memory(device, complaints);
    let encoder = complaints.take(device.encoder_stats());
    let mut clock = |clock| complaints.take(device.clock_info(clock));
    let [clock_graphics, clock_sm, clock_memory, clock_video] =
        [Clock::Graphics, Clock::SM, Clock::Memory, Clock::Video].map(&mut clock);
    Sample {
        gpu_percent: load.as_ref().map(|load| load.gpu),
        memory_percent: load.as_ref().map(|load| load.memory),
        encoder_percent: complaints.take(device.encoder_utilization()).map(|busy| busy.utilization),
        decoder_percent: complaints.take(device.decoder_utilization()).map(|busy| busy.utilization),
        memory_total: memory.map(|memory| memory.total),
        memory_used: memory.map(|memory| memory.used),
        memory_free: memory.map(|memory| memory.free),
        temperature: complaints.take(device.temperature(TemperatureSensor::Gpu)),
        power: complaints.take(device.power_usage()),
        power_limit: complaints.take(device.enforced_power_limit()),
        clock_graphics,
        clock_sm,
        clock_memory,
        clock_video,
        fan_percent: complaints.take(device.fan_speed(0)),
        // 32 stands for "unknown".
        performance_state: complaints.take(device.performance_state()).map(|state| state.as_c()).filter(|p| *p < 16),
        pcie_generation: complaints.take(device.current_pcie_link_gen()),
        pcie_width: complaints.take(device.current_pcie_link_width()),
        encoder_sessions: encoder.as_ref().map(|encoder| encoder.session_count),
        encoder_fps: encoder.as_ref().map(|encoder| encoder.average_fps),
        encoder_latency: encoder.as_ref().map(|encoder| encoder.average_latency),
        throttle: complaints.take(device.current_throttle_reasons()).map(|bits| Throttle::from_nvml(bits.bits())),
        xids: Vec::new(),
    }
}

/// None where neither list can be read.
fn processes(device: &Device<'_>, complaints: &mut Complaints) -> Option<Vec<Process>> {
    let newest_or = |newest: Result<Vec<_>, _>, older: &dyn Fn() -> Result<Vec<ProcessInfo>, NvmlError>| match newest {
        Err(error) if is_missing_function(&error) => older(),
        other => other,
    };
    let graphics = newest_or(device.running_graphics_processes(), &|| device.running_graphics_processes_v2());
    let compute = newest_or(device.running_compute_processes(), &|| device.running_compute_processes_v2());
    let lists = [graphics, compute].map(|list| complaints.take(list).map(|list| list.iter().map(held).collect()));
    match lists {
        [None, None] => None,
        lists => {
            let [graphics, compute]: [Vec<_>; 2] = lists.map(Option::unwrap_or_default);
            Some(merged(&graphics, &compute))
        }
    }
}

fn held(process: &ProcessInfo) -> (u32, Option<u64>) {
    let memory = match process.used_gpu_memory {
        UsedGpuMemory::Used(bytes) => Some(bytes),
        UsedGpuMemory::Unavailable => None,
    };
    (process.pid, memory)
}

/// What one GPU refuses to answer, and whether that says something of the GPU.
#[derive(Default)]
pub(super) struct Complaints {
    trouble: Option<Trouble>,
    last: Option<Trouble>,
}

impl Complaints {
    fn take<T>(&mut self, answer: Result<T, NvmlError>) -> Option<T> {
        let error = match answer {
            Ok(told) => return Some(told),
            // It says what the GPU has not, and nothing is wrong.
            Err(NvmlError::NotSupported) => return None,
            Err(error) => error,
        };
        let trouble = trouble(&error);
        if self.trouble.is_none() && trouble.fault.is_grave() {
            self.trouble = Some(trouble.clone());
        }
        self.last = Some(trouble);
        None
    }

    /// Then whatever it complained of last is what is wrong with it.
    fn nothing_told(&mut self) {
        self.trouble = self.trouble.take().or(self.last.take());
    }
}

/// The driver is too old for the function.
fn is_missing_function(error: &NvmlError) -> bool {
    matches!(error, NvmlError::FailedToLoadSymbol(_) | NvmlError::FunctionNotFound)
}

fn trouble(error: &NvmlError) -> Trouble {
    let fault = match error {
        NvmlError::LibloadingError(error) if is_absent(&error.to_string()) => Fault::NoLibrary,
        NvmlError::LibloadingError(_) | NvmlError::FailedToLoadSymbol(_) => Fault::BadLibrary,
        NvmlError::DriverNotLoaded => Fault::DriverNotLoaded,
        NvmlError::LibRmVersionMismatch => Fault::LibRmVersionMismatch,
        NvmlError::Uninitialized => Fault::Uninitialized,
        NvmlError::NoPermission => Fault::NoPermission,
        NvmlError::OperatingSystem => Fault::OperatingSystem,
        NvmlError::GpuLost => Fault::GpuIsLost,
        NvmlError::ResetRequired => Fault::ResetRequired,
        NvmlError::InsufficientPower => Fault::InsufficientPower,
        NvmlError::IrqIssue => Fault::IrqIssue,
        NvmlError::CorruptedInfoROM => Fault::CorruptedInforom,
        NvmlError::Unknown => Fault::Unknown,
        _ => Fault::Other,
    };
    Trouble::new(fault, error.to_string())
}

/// The loader's only way to say so is in words.
fn is_absent(words: &str) -> bool {
    words.contains("No such file")
}
