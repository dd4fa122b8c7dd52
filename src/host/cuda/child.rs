//! The process that loads libcuda, says what it is, tries to initialise CUDA, and ends.

#![expect(unsafe_code, reason = "calls of a C library")]

use std::io::{self, Write};
use std::os::raw::{c_int, c_uint};
use std::path::Path;

use libloading::{Library, Symbol};
use procfs::process::{MMapPath, Process};
use rustix::process::{Signal, set_parent_process_death_signal};
use serde::{Deserialize, Serialize};

use crate::model::cuda::{LibraryTrouble, stands_in};

/// What is said, a line of JSON each: first what the library is, then how it went on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Line {
    /// It is loaded.
    Loaded {
        /// The file that the loader took.
        file: String,
        /// As `cuDriverGetVersion` writes it.
        version: i32,
    },
    /// What `cuInit` returned.
    Initialised(u32),
    /// It cannot be asked.
    Failed(LibraryTrouble),
}

/// Asks the library at `library`, or the one that the loader finds by that name.
///
/// # Errors
/// Nobody takes the answer.
pub fn answer(library: &Path, mut out: impl Write) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let library = match load(library) {
        Ok(library) => library,
        Err(trouble) => return say(&mut out, &Line::Failed(trouble)),
    };
    match version(&library) {
        Ok((file, version)) => say(&mut out, &Line::Loaded { file, version })?,
        Err(trouble) => return say(&mut out, &Line::Failed(trouble)),
    }
    match initialise(&library) {
        Ok(result) => say(&mut out, &Line::Initialised(result)),
        Err(trouble) => say(&mut out, &Line::Failed(trouble)),
    }
}

fn say(out: &mut impl Write, line: &Line) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// It is never unloaded: the process ends soon, and a driver's library has threads of its own by then.
fn load(path: &Path) -> Result<std::mem::ManuallyDrop<Library>, LibraryTrouble> {
    // SAFETY: what a library does when it is loaded is its own; for that this process is there, and nothing else.
    let loaded = unsafe { Library::new(path) };
    loaded.map(std::mem::ManuallyDrop::new).map_err(|error| {
        let words = error.to_string();
        // The loader's only way to say so is in words. A library that misses another one is no absent one.
        let name = path.display().to_string();
        if words.starts_with(&format!("{name}: cannot open shared object file: No such file")) {
            LibraryTrouble::Absent
        } else {
            LibraryTrouble::Unusable(words)
        }
    })
}

fn version(library: &Library) -> Result<(String, i32), LibraryTrouble> {
    let unusable = |error: libloading::Error| LibraryTrouble::Unusable(error.to_string());
    // SAFETY: the signature is that of NVIDIA's cuda.h.
    let call: Symbol<'_, unsafe extern "C" fn(*mut c_int) -> c_int> =
        unsafe { library.get(b"cuDriverGetVersion\0") }.map_err(unusable)?;
    let mut version = 0;
    // SAFETY: it writes one number. It needs neither cuInit nor a GPU.
    let result = unsafe { call(&raw mut version) };
    if result != 0 {
        return Err(LibraryTrouble::Unusable(format!("cuDriverGetVersion returned {result}")));
    }
    let file = mapped().ok_or_else(|| LibraryTrouble::Unusable("which file was loaded cannot be told".into()))?;
    Ok((file, version))
}

fn initialise(library: &Library) -> Result<u32, LibraryTrouble> {
    // SAFETY: as above.
    let call: Symbol<'_, unsafe extern "C" fn(c_uint) -> c_int> =
        unsafe { library.get(b"cuInit\0") }.map_err(|error| LibraryTrouble::Unusable(error.to_string()))?;
    // SAFETY: 0 is the only flag that there is.
    Ok(unsafe { call(0) }.cast_unsigned())
}

/// The file that libcuda is mapped from, as the kernel knows it. Of several, the one that is no driver's: it may have
/// answered.
fn mapped() -> Option<String> {
    let maps = Process::myself().ok()?.maps().ok()?;
    let files = maps.into_iter().filter_map(|map| match map.pathname {
        MMapPath::Path(path) => Some(path.to_string_lossy().into_owned()),
        _ => None,
    });
    let is_libcuda = |file: &String| file.rsplit('/').next().is_some_and(|name| name.starts_with("libcuda.so"));
    let files: Vec<String> = files.filter(is_libcuda).collect();
    files.iter().find(|file| stands_in(file)).or(files.first()).cloned()
}
