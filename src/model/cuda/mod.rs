//! CUDA: which versions there are, what a driver and a GPU run, and what is installed.
//!
//! Three questions are answered from arguments alone. What is here: [`Inventory`], from texts that the host read.
//! What will run: [`advise`], a [`Verdict`] with one sentence for every toolkit, installed or not. What to choose:
//! [`rank`]. What is known of NVIDIA's releases stands in `data/cuda`, with its sources.

mod advisor;
mod compat_use;
mod component;
mod driver;
mod driver_error;
mod driver_library;
mod driver_part;
mod elsewhere;
mod explanation;
mod forward;
mod forward_note;
mod gpu;
mod inventory;
mod judgement;
mod native;
mod overview;
mod package;
mod ranking;
mod report;
mod sentence;
mod tables;
mod target;
mod version;
mod version_file;

pub use advisor::{Advice, Candidate, Instead, Machine, Verdict, advise, advise_among};
pub use compat_use::{CompatUse, compat_use};
pub use component::{Component, Components, Extent, Part};
pub use driver::DriverVersion;
pub use driver_error::DriverError;
pub use driver_library::{CudaState, Init, LibraryAnswer, LibraryTrouble, stands_in};
pub use driver_part::{DriverPart, FoundPart, Need};
pub use elsewhere::{Elsewhere, Keeper};
pub use forward::{ActiveCompat, CompatSource, ForwardFit, ForwardPackage};
pub use forward_note::{ForwardNote, NoteError};
pub use gpu::{Brand, Gpu, Gpus};
pub use inventory::{Folder, Inventory, NvccAnswer, Sources, Toolkit, VersionSource};
pub use native::{Native, NativeReading};
pub use overview::compatibility_table;
pub use package::{BrokenState, Package, PackageState, concerns_toolkits, installed_packages};
pub use ranking::{Ranked, RankedImage, rank, rank_images, release_of_tag};
pub use report::{Asked, Evidence, Forward, Image, Judged, NativeSource, Report};
pub use tables::{Architecture, Entry, Family, HostCompiler, Tables};
pub use target::Target;
pub use version::{Capability, PtxVersion, Release, ToolkitVersion, VersionError};
