//! NVIDIA's driver library as the tests have it: a stand-in of ours.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::{build_stand_in, repository};

/// The variable that names what the stand-in plays.
pub const SCRIPT: &str = "DESKTOP_CONTROL_LIBCUDA_STAND_IN";

/// Where that lies in a stack.
pub const SCRIPT_INSIDE: &str = "/etc/libcuda.json";

/// Where the driver's own library lies in a stack.
pub const LIBRARY_INSIDE: &str = "/usr/lib/libcuda.so.1";

/// The stand-in, built where this test's programs were.
pub fn stand_in() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| build_stand_in("libcuda-stand-in", "liblibcuda_stand_in.so"))
}

/// What the libraries of a machine of `tests/hosts` are to play; none where it has none.
pub fn machine(name: &str) -> Option<String> {
    std::fs::read_to_string(repository().join("tests/hosts").join(name).join("libcuda.json")).ok()
}
