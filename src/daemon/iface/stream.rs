//! `/stream`: the stream, its settings, and what the server really does.

use std::collections::HashMap;

use zbus::message::Header;
use zbus::zvariant::{ObjectPath, OwnedFd, OwnedObjectPath, OwnedValue, Str, Structure, Value};
use zbus::{Connection, interface};

use super::{Ground, Options, flag, number};
use crate::api::stream::{EffectiveInfo, Moment, PlanInfo, PresetInfo, SettingInfo};
use crate::api::{self, Error, action};
use crate::daemon::leases;
use crate::daemon::stream::{Configured, Manner, Plan, Wish};
use crate::model::stream::Meaning;
use crate::model::text::quoted;
use crate::model::trial::CONFIRM_WITHIN;

/// See [`crate::api::proxy::StreamProxy`].
#[derive(Debug)]
pub(crate) struct StreamObject {
    pub(crate) ground: Ground,
}

impl StreamObject {
    fn field<T>(&self, none: T, field: impl FnOnce(&Configured) -> T) -> T {
        self.ground.store.stream().configured.as_ref().map_or(none, |configured| field(configured))
    }

    /// Authorises, and reads the options of a change.
    async fn manner(&self, connection: &Connection, header: &Header<'_>, options: &Options) -> Result<Manner, Error> {
        let caller = self.ground.authority.check(connection, header, action::CONFIGURE_STREAMING).await?;
        let usual = u32::try_from(CONFIRM_WITHIN).unwrap_or(u32::MAX);
        Ok(Manner {
            confirm_within: number(options, "confirm-within", usual)?.into(),
            keep_at_once: flag(options, "keep")?,
            uid: caller.uid,
        })
    }
}

#[interface(name = "io.github.desktop_control.Control1.Stream")]
impl StreamObject {
    /// Every setting that the installed server knows, in the order in which people should see them. Keys: name, group,
    /// group-label, label, explanation, help, kind (bool, text, int, float, range, enum, list), default, meaning
    /// (new-viewers, enforced, server), source (built-in, container, env-file, override, command-line, browser), reload
    /// (stream, page), all s; meanings (as); advanced (b); and where they apply: unit (s), values (as), words (a{ss}:
    /// words for values), unavailable (a{ss}: values that this machine cannot do, and why), minimum, maximum, step (d),
    /// value (s; never of secrets), secret (b: it is one, and whether it is set), fixed (s: why it cannot be changed). For
    /// everybody.
    async fn list_settings(
        &self,
        #[expect(unused_variables, reason = "for later versions")] options: Options,
    ) -> Vec<SettingInfo> {
        let configured = self.ground.stream.configured().await;
        configured.map(|configured| configured.settings()).unwrap_or_default()
    }

    /// What Apply would do with the same arguments; refused as that would be, but for Busy. Keys: changes (as, for people; empty:
    /// nothing), notice (s, what viewers will notice), warnings (as). For everybody.
    async fn plan(
        &self,
        changes: HashMap<String, OwnedValue>,
        #[expect(unused_variables, reason = "for later versions")] options: Options,
    ) -> Result<PlanInfo, Error> {
        let Plan { changes, notice, warnings, .. } = self.ground.stream.plan(&wishes(changes)?).await?;
        Ok(PlanInfo { changes, notice, warnings })
    }

    /// Tries settings out. By name of the setting a plain value (s), whose meaning stays, or value and meaning (ss).
    /// Returns the change on trial, or / where there is nothing to change. Refused with UnknownSetting, InvalidSetting,
    /// Locked, Unsupported, and Busy while another change is on trial. Options: confirm-within (u, 60): so many seconds
    /// may pass before somebody keeps it; keep (b): keep it without asking once it works. Needs configure-streaming.
    async fn apply(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        changes: HashMap<String, OwnedValue>,
        options: Options,
    ) -> Result<OwnedObjectPath, Error> {
        let manner = self.manner(connection, &header, &options).await?;
        path_of(self.ground.stream.apply(&wishes(changes)?, manner).await?)
    }

    /// As Apply, with the settings of a preset but for those that are fixed. Refused with UnknownSetting where there is
    /// no such preset. Needs configure-streaming.
    async fn apply_preset(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        name: String,
        options: Options,
    ) -> Result<OwnedObjectPath, Error> {
        let manner = self.manner(connection, &header, &options).await?;
        path_of(self.ground.stream.apply_preset(&name, manner).await?)
    }

    /// As Apply, but takes our values of these settings away; of all where the list is empty. Needs
    /// configure-streaming.
    async fn reset(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        names: Vec<String>,
        options: Options,
    ) -> Result<OwnedObjectPath, Error> {
        let manner = self.manner(connection, &header, &options).await?;
        path_of(self.ground.stream.reset(&names, manner).await?)
    }

    /// Reads anew what is configured and what the server does; returns when the properties say so. They go on saying so
    /// for some seconds only, unless somebody watches. For everybody.
    async fn refresh(
        &self,
        #[expect(unused_variables, reason = "for later versions")] options: Options,
    ) -> Result<(), Error> {
        self.ground.stream.refresh().await;
        Ok(())
    }

    /// Keeps Effective, Viewers, Fps and LatencyMs up to date, once a second, until the returned descriptor is closed.
    /// For everybody. Refused with Busy when the caller's user holds 16 already.
    async fn watch(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        #[expect(unused_variables, reason = "for later versions")] options: Options,
    ) -> Result<OwnedFd, Error> {
        let caller = self.ground.authority.caller(connection, &header).await?;
        let held = self.ground.quota.take(caller.uid)?;
        let lease = leases::watch_until_closed(self.ground.stream.watchers(), held)
            .map_err(|error| Error::Internal(format!("No lease could be made ({error}). Try again later.")))?;
        Ok(lease.into())
    }

    /// The last minutes as far as somebody watched, oldest first: Unix time in seconds, frames a second and latency in
    /// milliseconds, −1 where they could not be told. For everybody.
    async fn history(
        &self,
        #[expect(unused_variables, reason = "for later versions")] options: Options,
    ) -> Vec<Moment> {
        self.ground.stream.history().await
    }

    /// What streams: selkies (2.x), selkies-gstreamer (1.6), none.
    #[zbus(property)]
    fn backend(&self) -> String {
        self.field("none".into(), |configured| configured.installed.generation.to_string())
    }

    /// Its version; empty if it cannot be told.
    #[zbus(property)]
    fn backend_version(&self) -> String {
        self.field(String::new(), |configured| configured.installed.version.clone())
    }

    /// How settings reach the server: settings-file (our start script reads a file of ours), env-file (a block in the
    /// workspace's .env), none (there is no server).
    #[zbus(property)]
    fn write_mode(&self) -> String {
        self.field("none".into(), |configured| configured.write_mode.to_string())
    }

    /// Where the table of settings is from: server (the installed one), snapshot (brought along, of another version),
    /// curated (written by hand, unproven); empty where there is no server.
    #[zbus(property)]
    fn schema_source(&self) -> String {
        self.field(String::new(), |configured| configured.schema_source.to_string())
    }

    /// Why the table is not the installed server's own, one sentence; empty if it is.
    #[zbus(property)]
    fn schema_note(&self) -> String {
        self.field(String::new(), |configured| configured.schema_note.clone())
    }

    /// All presets. Keys: name, label, description (s), changes (as, what it sets, for people).
    #[zbus(property)]
    fn presets(&self) -> Vec<PresetInfo> {
        self.field(Vec::new(), |configured| configured.presets.clone())
    }

    /// The preset in force; empty if the settings are no preset's.
    #[zbus(property)]
    fn preset(&self) -> String {
        self.field(String::new(), |configured| configured.preset.clone())
    }

    /// Grows whenever ListSettings would tell something else.
    #[zbus(property)]
    fn revision(&self) -> u64 {
        self.field(0, |configured| configured.revision)
    }

    /// What the server really does. Keys: verdict (s: as-configured, fallback, viewers-choice, unknown); and as far as
    /// they can be told: encoder, encoder-label, by (s: gpu, cpu), width, height (u, pixels), framerate (d, frames a
    /// second that it aims at), bitrate (u, kbit/s; absent where it keeps to a quality), transport (s: websockets,
    /// webrtc), nvenc-sessions (u, sessions of NVIDIA's encoder that the driver knows of the server's; 0 is no proof),
    /// reason (s, why it is not as configured), mended (s: here, instance: only by making the machine anew).
    #[zbus(property)]
    fn effective(&self) -> EffectiveInfo {
        self.ground.store.stream().effective()
    }

    /// Connected viewers; −1 if it cannot be told, or nobody watches.
    #[zbus(property)]
    fn viewers(&self) -> i32 {
        self.ground.store.stream().live.viewers.and_then(|viewers| viewers.try_into().ok()).unwrap_or(-1)
    }

    /// Frames a second that viewers get; −1 if it cannot be told, or nobody watches.
    #[zbus(property)]
    fn fps(&self) -> f64 {
        self.ground.store.stream().live.fps.unwrap_or(-1.0)
    }

    /// From a viewer and back, in milliseconds; −1 if it cannot be told, or nobody watches.
    #[zbus(property)]
    fn latency_ms(&self) -> f64 {
        self.ground.store.stream().live.latency.unwrap_or(-1.0)
    }
}

/// The most settings that one call may name.
const MOST_WISHES: usize = 2000;

fn wishes(changes: HashMap<String, OwnedValue>) -> Result<Vec<Wish>, Error> {
    if changes.len() > MOST_WISHES {
        return Err(Error::InvalidSetting(format!("At most {MOST_WISHES} settings can be changed at once.")));
    }
    let mut wishes = changes.into_iter().map(|(name, value)| wish(name, &value)).collect::<Result<Vec<_>, _>>()?;
    // So that of several that are wrong always the same one is told first.
    wishes.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(wishes)
}

fn wish(name: String, value: &Value<'_>) -> Result<Wish, Error> {
    let (value, meaning) = match value {
        Value::Str(value) => (value.to_string(), None),
        Value::Structure(pair) => {
            let (value, meaning) = two_texts(pair).ok_or_else(|| wrong_type(&name))?;
            let parsed: Result<Meaning, _> = meaning.parse();
            let unknown =
                || Error::InvalidSetting(format!("{} is no meaning that a value can have.", quoted(&meaning)));
            (value, Some(parsed.map_err(|_| unknown())?))
        }
        _ => return Err(wrong_type(&name)),
    };
    Ok(Wish { name, value, meaning })
}

fn two_texts(pair: &Structure<'_>) -> Option<(String, String)> {
    let text = |value: &Value<'_>| <&Str<'_>>::try_from(value).ok().map(ToString::to_string);
    match pair.fields() {
        [value, meaning] => Some((text(value)?, text(meaning)?)),
        _ => None,
    }
}

fn wrong_type(name: &str) -> Error {
    Error::InvalidSetting(format!("The value for {} must be a text (s), or value and meaning (ss).", quoted(name)))
}

fn path_of(change: Option<u64>) -> Result<OwnedObjectPath, Error> {
    let path = change.map_or_else(|| "/".to_owned(), api::pending_path);
    let path = ObjectPath::try_from(path);
    path.map(Into::into).map_err(|error| Error::Internal(format!("The change has no path ({error}).")))
}
