//! The file that says what is answered.

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use nvml_wrapper_sys::bindings as nvml;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

type Return = nvml::nvmlReturn_t;

/// All of it.
#[derive(Deserialize)]
pub(crate) struct Script {
    #[serde(default)]
    pub(crate) driver: String,
    /// The error with which initialisation fails.
    init: Option<String>,
    /// Functions that this driver does not have yet.
    #[serde(default)]
    missing: Vec<String>,
    #[serde(default)]
    gpus: Vec<Gpu>,
}

/// One GPU, or one instance of one. What is not named here is in `said`.
#[derive(Deserialize)]
pub(crate) struct Gpu {
    /// In rounds: from then on it is not listed.
    gone_from: Option<u64>,
    /// In rounds: from then on it does not answer for itself.
    lost_from: Option<u64>,
    /// The function that never returns, and from which round on.
    hangs: Option<(String, u64)>,
    /// The function that takes the process down, and from which round on.
    crashes: Option<(String, u64)>,
    /// An error that is reported once, and from which round on.
    xid: Option<(u64, u64)>,
    #[serde(skip)]
    reports: AtomicU64,
    /// MIG instances. Some places of their table are empty.
    #[serde(default)]
    parts: Vec<Option<Gpu>>,
    #[serde(flatten)]
    said: BTreeMap<String, Value>,
}

/// Which round it is, from 1.
static ROUND: AtomicU64 = AtomicU64::new(0);

pub(crate) fn begin_round() {
    ROUND.fetch_add(1, Relaxed);
}

fn round_is_from(from: Option<u64>) -> bool {
    from.is_some_and(|from| ROUND.load(Relaxed) >= from)
}

/// Read once; without a file, or with one that is no script, the process ends with the reason.
pub(crate) fn script() -> &'static Script {
    static SCRIPT: LazyLock<Script> = LazyLock::new(|| {
        let path = std::env::var("DESKTOP_CONTROL_NVML_STAND_IN").expect("the name of a script");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
    });
    &SCRIPT
}

impl Script {
    pub(crate) fn init(&self) -> Result<(), Return> {
        self.init.as_deref().map_or(Ok(()), |name| Err(error(name)))
    }

    pub(crate) fn missing(&self, function: &str) -> Result<(), Return> {
        let missing = self.missing.iter().any(|missing| missing == function);
        if missing { Err(nvml::nvmlReturn_enum_NVML_ERROR_FUNCTION_NOT_FOUND) } else { Ok(()) }
    }

    /// The GPUs that are still there, and their places in the script.
    pub(crate) fn listed(&self) -> impl Iterator<Item = (usize, &Gpu)> {
        self.gpus.iter().enumerate().filter(|(_, gpu)| !round_is_from(gpu.gone_from))
    }
}

impl Gpu {
    pub(crate) fn readable(&self) -> Result<(), Return> {
        if round_is_from(self.lost_from) { Err(nvml::nvmlReturn_enum_NVML_ERROR_GPU_IS_LOST) } else { Ok(()) }
    }
}

/// Where a handle leads.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) gpu: usize,
    pub(crate) part: Option<usize>,
}

impl Place {
    /// A number that looks like a pointer and is none.
    pub(crate) fn handle(self) -> nvml::nvmlDevice_t {
        std::ptr::without_provenance_mut::<c_void>((self.gpu + 1) * 100 + self.part.map_or(0, |part| part + 1)).cast()
    }

    fn of(handle: nvml::nvmlDevice_t) -> Option<Self> {
        let number = handle.addr();
        Some(Self { gpu: (number / 100).checked_sub(1)?, part: (number % 100).checked_sub(1) })
    }
}

/// What the script says of one handle.
pub(crate) struct Device<'s> {
    place: Place,
    gpu: &'s Gpu,
}

pub(crate) fn device(handle: nvml::nvmlDevice_t) -> Result<Device<'static>, Return> {
    let find = |place: Place| {
        let whole = script().gpus.get(place.gpu)?;
        let gpu = place.part.map_or(Some(whole), |part| whole.parts.get(part)?.as_ref())?;
        Some(Device { place, gpu })
    };
    Place::of(handle).and_then(find).ok_or(nvml::nvmlReturn_enum_NVML_ERROR_INVALID_ARGUMENT)
}

/// The next error that is due, and the GPU that it is of.
pub(crate) fn next_xid() -> Option<(Place, u64)> {
    let due = |gpu: &Gpu| gpu.xid.filter(|(_, from)| round_is_from(Some(*from))).map(|(number, _)| number);
    let mut gpus = script().gpus.iter().enumerate();
    gpus.find_map(|(at, gpu)| {
        let number = due(gpu)?;
        let first = gpu.reports.compare_exchange(REGISTERED, REPORTED, Relaxed, Relaxed).is_ok();
        first.then_some((Place { gpu: at, part: None }, number))
    })
}

const REGISTERED: u64 = 1;
const REPORTED: u64 = 2;

impl Device<'_> {
    /// Only what somebody has asked for is reported.
    pub(crate) fn register(&self, types: u64) -> Result<(), Return> {
        if types & u64::from(self.number("events")?) != types {
            return Err(nvml::nvmlReturn_enum_NVML_ERROR_NOT_SUPPORTED);
        }
        self.gpu.reports.store(REGISTERED, Relaxed);
        Ok(())
    }

    /// Hangs or crashes, where that is what the script wants.
    pub(crate) fn misbehave(&self, function: &str) {
        let now = |wanted: &Option<(String, u64)>| {
            wanted.as_ref().is_some_and(|(name, from)| name == function && round_is_from(Some(*from)))
        };
        if now(&self.gpu.hangs) {
            std::thread::sleep(Duration::from_secs(30));
        }
        if now(&self.gpu.crashes) {
            std::process::abort();
        }
    }

    pub(crate) fn part(&self, index: usize) -> Option<Place> {
        let part = self.gpu.parts.get(index)?.as_ref().filter(|part| !round_is_from(part.gone_from))?;
        part.readable().ok().map(|()| Place { part: Some(index), ..self.place })
    }

    fn said<T: DeserializeOwned>(&self, key: &str) -> Result<T, Return> {
        let value = self.gpu.said.get(key).ok_or(nvml::nvmlReturn_enum_NVML_ERROR_NOT_SUPPORTED)?;
        let told = serde_json::from_value(value.clone());
        told.map_err(|_| value.as_str().map_or_else(|| panic!("{key}: {value} is none"), error))
    }

    pub(crate) fn text(&self, key: &str) -> Result<String, Return> {
        let text: String = self.said(key)?;
        text.strip_prefix('!').map_or(Ok(text.clone()), |name| Err(error(name)))
    }

    pub(crate) fn rows<const N: usize>(&self, key: &str) -> Result<Vec<[u64; N]>, Return>
    where
        [u64; N]: DeserializeOwned,
    {
        self.said(key)
    }

    fn wide(&self, key: &str) -> Result<u64, Return> {
        /// A number, or one for each round: the first, and how much is added to it from round to round.
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Number {
            Fixed(u64),
            Growing([u64; 2]),
        }
        Ok(match self.said(key)? {
            Number::Fixed(number) => number,
            Number::Growing([first, more]) => first + more * ROUND.load(Relaxed).saturating_sub(1),
        })
    }

    pub(crate) fn number(&self, key: &str) -> Result<u32, Return> {
        self.wide(key).map(|number| u32::try_from(number).unwrap_or_else(|_| panic!("{key}: {number}")))
    }

    /// Total, used and free.
    pub(crate) fn memory(&self) -> Result<[u64; 3], Return> {
        Ok([self.wide("memory_total")?, self.wide("memory_used")?, self.wide("memory_free")?])
    }
}

/// The error that NVML calls so.
fn error(name: &str) -> Return {
    match name {
        "uninitialized" => nvml::nvmlReturn_enum_NVML_ERROR_UNINITIALIZED,
        "invalid-argument" => nvml::nvmlReturn_enum_NVML_ERROR_INVALID_ARGUMENT,
        "not-supported" => nvml::nvmlReturn_enum_NVML_ERROR_NOT_SUPPORTED,
        "no-permission" => nvml::nvmlReturn_enum_NVML_ERROR_NO_PERMISSION,
        "driver-not-loaded" => nvml::nvmlReturn_enum_NVML_ERROR_DRIVER_NOT_LOADED,
        "gpu-is-lost" => nvml::nvmlReturn_enum_NVML_ERROR_GPU_IS_LOST,
        "reset-required" => nvml::nvmlReturn_enum_NVML_ERROR_RESET_REQUIRED,
        "lib-rm-version-mismatch" => nvml::nvmlReturn_enum_NVML_ERROR_LIB_RM_VERSION_MISMATCH,
        "unknown" => nvml::nvmlReturn_enum_NVML_ERROR_UNKNOWN,
        other => panic!("NVML has no error {other}"),
    }
}
