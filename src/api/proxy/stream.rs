//! Typed calls about the stream and about a change of it that is on trial.

use std::collections::HashMap;

use zbus::proxy;
use zbus::zvariant::{OwnedFd, OwnedObjectPath, Value};

use super::super::Error;
use super::super::stream::{EffectiveInfo, Moment, PlanInfo, PresetInfo, SettingInfo};
use super::Options;

/// The stream.
#[proxy(
    interface = "io.github.desktop_control.Control1.Stream",
    default_service = "io.github.desktop_control.Control1",
    default_path = "/io/github/desktop_control/Control1/stream",
    gen_blocking = false
)]
pub trait Stream {
    /// Every setting that the installed server knows, in the order in which people should see them.
    #[zbus(no_autostart)]
    fn list_settings(&self, options: Options<'_>) -> Result<Vec<SettingInfo>, Error>;

    /// What `Apply` would do with the same arguments. Refuses what that would refuse, but for `Busy`.
    #[zbus(no_autostart)]
    fn plan(&self, changes: Changes<'_>, options: Options<'_>) -> Result<PlanInfo, Error>;

    /// Tries settings out: a value is `s` (its meaning stays) or `(ss)`, value and meaning. The path of the change on
    /// trial, or `/` where there was nothing to change. Options: `confirm-within` (u, seconds, 60), `keep` (b: keep it
    /// without asking once it works).
    #[zbus(allow_interactive_auth, no_autostart)]
    fn apply(&self, changes: Changes<'_>, options: Options<'_>) -> Result<OwnedObjectPath, Error>;

    /// As `Apply`, with the settings of a preset.
    #[zbus(allow_interactive_auth, no_autostart)]
    fn apply_preset(&self, name: &str, options: Options<'_>) -> Result<OwnedObjectPath, Error>;

    /// As `Apply`, but takes our values of these settings away; of all settings where the list is empty.
    #[zbus(allow_interactive_auth, no_autostart)]
    fn reset(&self, names: &[&str], options: Options<'_>) -> Result<OwnedObjectPath, Error>;

    /// Reads anew what the server does, and returns when the properties say so.
    #[zbus(no_autostart)]
    fn refresh(&self, options: Options<'_>) -> Result<(), Error>;

    /// Keeps `Effective`, `Viewers`, `Fps` and `LatencyMs` up to date, once a second, until the descriptor is closed.
    /// Refused with `Busy` when the caller's user already holds 16.
    #[zbus(no_autostart)]
    fn watch(&self, options: Options<'_>) -> Result<OwnedFd, Error>;

    /// The last minutes, oldest first, as far as somebody watched.
    #[zbus(no_autostart)]
    fn history(&self, options: Options<'_>) -> Result<Vec<Moment>, Error>;

    /// `selkies` (2.x), `selkies-gstreamer` (1.6) or `none`.
    #[zbus(property)]
    fn backend(&self) -> zbus::Result<String>;

    /// The server's version; empty if it cannot be told.
    #[zbus(property)]
    fn backend_version(&self) -> zbus::Result<String>;

    /// How settings reach the server: `settings-file`, `env-file` or `none`.
    #[zbus(property)]
    fn write_mode(&self) -> zbus::Result<String>;

    /// Where the table of settings is from: `server` (the installed one), `snapshot` (of another version) or `curated`
    /// (written by hand, unproven).
    #[zbus(property)]
    fn schema_source(&self) -> zbus::Result<String>;

    /// Why the table is not the installed server's own, one sentence; empty if it is.
    #[zbus(property)]
    fn schema_note(&self) -> zbus::Result<String>;

    /// All presets.
    #[zbus(property)]
    fn presets(&self) -> zbus::Result<Vec<PresetInfo>>;

    /// The preset in force; empty if the settings are nobody's.
    #[zbus(property)]
    fn preset(&self) -> zbus::Result<String>;

    /// Grows whenever `ListSettings` would tell something else.
    #[zbus(property)]
    fn revision(&self) -> zbus::Result<u64>;

    /// What the server really does.
    #[zbus(property)]
    fn effective(&self) -> zbus::Result<EffectiveInfo>;

    /// Connected viewers; −1 if it cannot be told.
    #[zbus(property)]
    fn viewers(&self) -> zbus::Result<i32>;

    /// Frames a second that viewers get; −1 if it cannot be told.
    #[zbus(property)]
    fn fps(&self) -> zbus::Result<f64>;

    /// From a viewer and back, in milliseconds; −1 if it cannot be told.
    #[zbus(property)]
    fn latency_ms(&self) -> zbus::Result<f64>;
}

/// Settings by name: `s` or `(ss)`, see [`StreamProxy::apply`].
pub type Changes<'c> = HashMap<&'c str, Value<'c>>;

/// A change on trial.
#[proxy(
    interface = "io.github.desktop_control.Control1.Pending",
    default_service = "io.github.desktop_control.Control1",
    gen_blocking = false
)]
pub trait Pending {
    /// Makes the change hold for every start from now on. Refused with `LastWayIn` while no viewer gets pictures, unless
    /// the option `force` (b) is set; with `Busy` while it is still being checked; with `UnknownObject` once it is over.
    #[zbus(allow_interactive_auth, no_autostart)]
    fn keep(&self, options: Options<'_>) -> Result<(), Error>;

    /// Brings the earlier settings back; `Finished` tells when they hold again.
    #[zbus(allow_interactive_auth, no_autostart)]
    fn revert(&self, options: Options<'_>) -> Result<(), Error>;

    /// It is over: `kept`, or `reverted` and why. Sent once, after the properties.
    #[zbus(signal)]
    fn finished(&self, result: String, reason: String) -> zbus::Result<()>;

    /// The service whose settings change.
    #[zbus(property(emits_changed_signal = "const"))]
    fn target(&self) -> zbus::Result<OwnedObjectPath>;

    /// What changes, for people, a line each.
    #[zbus(property(emits_changed_signal = "const"))]
    fn changes(&self) -> zbus::Result<Vec<String>>;

    /// `restarting`, `checking`, `waiting`, `keeping`, `reverting`; then `kept` or `reverted`.
    #[zbus(property)]
    fn stage(&self) -> zbus::Result<String>;

    /// Unix time in seconds at which it is taken back unless somebody keeps it; 0 while nobody is asked yet, or while
    /// the clock stands still because no viewer is connected.
    #[zbus(property)]
    fn deadline(&self) -> zbus::Result<u64>;

    /// Why it is or was taken back; empty until then.
    #[zbus(property)]
    fn reason(&self) -> zbus::Result<String>;

    /// Who asked for it.
    #[zbus(property(emits_changed_signal = "const"))]
    fn started_by_uid(&self) -> zbus::Result<u32>;
}
