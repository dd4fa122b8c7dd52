//! The settings of the stream: which there are, what they take, where a value comes from, and how the server is told.
//!
//! Everything rests on one table, the server's own ([`Schema`]), with a curated [`Overlay`] of labels and sentences over
//! it. A person's [`Choice`] becomes the exact text of an environment variable, or a [`Refusal`] with a sentence; and
//! every such text is read back exactly as the server reads it. No file is read here and nothing is run.

pub mod change;
mod decode;
pub mod effective;
mod entry;
mod label;
pub mod layers;
mod number;
pub mod overlay;
pub mod presets;
mod rules;
pub mod schema;
pub mod setting;
pub mod size;
pub mod start_script;
pub mod truth;
pub mod value;

pub use change::Change;
pub use decode::Allowed;
pub use layers::{Layers, Resolved, Source, resolve};
pub use overlay::{Hardware, Overlay, Reload, Row};
pub use presets::{Preset, Presets};
pub use schema::{Schema, SchemaError};
pub use setting::{Generation, Kind, Meaning, Setting};
pub use size::Size;
pub use value::{Choice, Refusal};
