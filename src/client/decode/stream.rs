//! The stream and changes on trial, from the bus's dictionaries to facts.

use std::collections::HashMap;

use zbus::zvariant::OwnedObjectPath;

use super::{Properties, number_of};
use crate::api::stream::{PlanInfo, SettingInfo};
use crate::api::{self, proxy::Dictionary};
use crate::client::facts::{EffectiveFacts, PendingFacts, PlanFacts, PresetFacts, SettingFacts, StreamFacts};

/// The stream.
pub(in crate::client) fn stream(properties: Dictionary) -> StreamFacts {
    let mut properties = Properties(properties);
    let presets: Vec<Dictionary> = properties.or_default("Presets");
    StreamFacts {
        backend: properties.token("Backend"),
        backend_version: properties.unless_empty("BackendVersion"),
        write_mode: properties.token("WriteMode"),
        schema_source: properties.token("SchemaSource"),
        schema_note: properties.unless_empty("SchemaNote"),
        presets: presets.into_iter().map(|keys| preset(Properties(keys))).collect(),
        preset: properties.unless_empty("Preset"),
        revision: properties.or_default("Revision"),
        effective: effective(Properties(properties.or_default("Effective"))),
        viewers: properties.get::<i32>("Viewers").and_then(|viewers| viewers.try_into().ok()),
        fps: told(properties.get("Fps")),
        latency_ms: told(properties.get("LatencyMs")),
    }
}

/// Negative numbers stand for what cannot be told.
fn told(number: Option<f64>) -> Option<f64> {
    number.filter(|number| number.is_finite() && *number >= 0.0)
}

fn preset(mut keys: Properties) -> PresetFacts {
    PresetFacts {
        name: keys.text("name"),
        label: keys.text("label"),
        description: keys.text("description"),
        changes: keys.or_default("changes"),
    }
}

fn effective(mut keys: Properties) -> EffectiveFacts {
    EffectiveFacts {
        encoder: keys.unless_empty("encoder"),
        encoder_label: keys.unless_empty("encoder-label"),
        by: keys.unless_empty("by"),
        width: keys.unless_empty("width"),
        height: keys.unless_empty("height"),
        framerate: keys.unless_empty("framerate"),
        bitrate: keys.unless_empty("bitrate"),
        transport: keys.unless_empty("transport"),
        nvenc_sessions: keys.get("nvenc-sessions"),
        verdict: keys.token("verdict"),
        reason: keys.unless_empty("reason"),
        mended: keys.unless_empty("mended"),
    }
}

/// One change on trial.
pub(in crate::client) fn pending(id: u64, properties: Dictionary) -> PendingFacts {
    let mut properties = Properties(properties);
    let target: OwnedObjectPath = properties.or_default("Target");
    PendingFacts {
        id,
        target: api::name_of(&target),
        changes: properties.or_default("Changes"),
        stage: properties.token("Stage"),
        deadline: properties.unless_empty("Deadline"),
        reason: properties.unless_empty("Reason"),
        started_by_uid: properties.or_default("StartedByUid"),
    }
}

/// The number of the change at `path`; none where nothing was begun.
pub(in crate::client) fn pending_id(path: &str) -> Option<u64> {
    Some(number_of(path)).filter(|id| *id != 0)
}

/// One setting.
pub(in crate::client) fn setting(told: SettingInfo) -> SettingFacts {
    SettingFacts {
        name: told.name,
        group: told.group,
        group_label: told.group_label,
        label: told.label,
        explanation: told.explanation,
        help: told.help,
        unit: told.unit,
        kind: told.kind,
        values: told.values,
        words: told.words.map(HashMap::into_iter).map(Iterator::collect),
        unavailable: told.unavailable.map(HashMap::into_iter).map(Iterator::collect),
        minimum: told.minimum,
        maximum: told.maximum,
        step: told.step,
        default: told.default,
        value: told.value,
        meaning: told.meaning,
        meanings: told.meanings,
        source: told.source,
        secret: told.secret,
        fixed: told.fixed,
        reload: told.reload,
        advanced: told.advanced,
    }
}

/// What a change would do.
pub(in crate::client) fn plan(told: PlanInfo) -> PlanFacts {
    PlanFacts { changes: told.changes, notice: told.notice, warnings: told.warnings }
}

#[cfg(test)]
mod tests {
    use zbus::zvariant::{ObjectPath, Value};

    use super::super::tests::{below, objects};
    use super::*;
    use crate::api::interface;
    use crate::api::stream::EffectiveInfo;

    #[test]
    fn a_stream_is_read_whatever_else_is_said_or_left_out() {
        let effective = EffectiveInfo {
            encoder: Some("jpeg".into()),
            framerate: Some(20.0),
            verdict: "a-later-token".into(),
            ..EffectiveInfo::default()
        };
        let preset = HashMap::from([("name", Value::from("balanced")), ("of-a-later-version", true.into())]);
        let pairs = vec![
            ("Backend", "selkies".into()),
            ("Preset", "balanced".into()),
            ("Presets", vec![preset].into()),
            ("Effective", effective.into()),
            ("Viewers", 0_i32.into()),
            ("Fps", (-1.0).into()),
            ("LatencyMs", "of another type".into()),
        ];
        let stream = below(objects(&api::below("stream"), interface::STREAM, pairs)).stream.expect("a stream");
        assert_eq!((stream.viewers, stream.fps, stream.latency_ms), (Some(0), None, None));
        assert_eq!(stream.preset_in_force().map(|preset| preset.name.as_str()), Some("balanced"));
        assert_eq!((stream.effective.framerate, stream.effective.by.clone()), (Some(20.0), None));
        assert_eq!((stream.effective.verdict.as_str(), stream.write_mode.as_str()), ("a-later-token", "unknown"));
        let silent = below(objects(&api::below("stream"), interface::STREAM, vec![])).stream.expect("a stream");
        assert_eq!((silent.viewers, silent.effective.verdict.as_str()), (None, "unknown"));
    }

    #[test]
    fn a_change_names_the_service_that_it_is_about() {
        let target = ObjectPath::try_from(api::service_path("selkies")).unwrap();
        let pairs = vec![("Target", target.into()), ("Stage", "waiting".into()), ("Deadline", 7_u64.into())];
        let snapshot = below(objects(&api::pending_path(12), interface::PENDING, pairs));
        let [change] = snapshot.pending.as_slice() else { panic!("one change") };
        assert_eq!((change.id, change.target.as_str(), change.deadline), (12, "selkies", Some(7)));
        assert!(change.is_waiting() && !change.is_over() && change.reason.is_none());
    }

    #[test]
    fn where_nothing_was_begun_there_is_no_change() {
        assert_eq!(pending_id("/"), None);
        assert_eq!(pending_id(&api::pending_path(5)), Some(5));
    }

    #[test]
    fn settings_come_over_the_bus_as_they_are_told() {
        use zbus::zvariant::{LE, serialized::Context, to_bytes};
        let told = SettingInfo {
            name: "encoder".into(),
            words: Some(HashMap::from([("jpeg".into(), "JPEG".into())])),
            maximum: Some(240.0),
            ..SettingInfo::default()
        };
        let bytes = to_bytes(Context::new_dbus(LE, 0), &told).unwrap();
        let read: SettingInfo = bytes.deserialize().unwrap().0;
        let facts = setting(read);
        assert_eq!((facts.name.as_str(), facts.maximum, facts.minimum), ("encoder", Some(240.0), None));
        assert_eq!(facts.in_words("jpeg"), "JPEG");
    }
}
