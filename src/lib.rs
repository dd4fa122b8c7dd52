//! Desktop Control: the control centre of a streamed GPU desktop.
//!
//! ```text
//! supervisord ──events──▶ desktop-controld (root) ──system bus──▶ desktopctl
//!      ▲                     │                                ├──▶ desktop-control-tray
//!      └──XML-RPC────────────┘                                └──▶ desktop-control (window)
//! ```
//!
//! Who may know whom, proven by `tests/layout.rs`:
//!
//! - [`model`] is pure and knows nothing else of ours;
//! - [`api`] is the wire contract and knows `model`;
//! - [`host`] holds every seam to the outside and knows `model`;
//! - [`daemon`] knows `host`, `api` and `model`;
//! - [`client`] is shared by the three programs below and knows `api` and `model`;
//! - [`tray`], [`cli`] and `window` know `client`, `api` and `model`, and not each other.

pub mod api;
pub mod cli;
pub mod client;
pub mod daemon;
pub mod host;
pub mod model;
pub mod tray;
#[cfg(feature = "window")]
pub mod window;
