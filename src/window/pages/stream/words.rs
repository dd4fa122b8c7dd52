//! From settings and what the server does with them to the words that people see.

use crate::client::{EffectiveFacts, SettingFacts};
use crate::model::stream::Source;

/// The meaning by which a browser may choose otherwise.
pub(super) const NEW_VIEWERS: &str = "new-viewers";
/// The meaning by which it may not.
pub(super) const ENFORCED: &str = "enforced";
/// The source of what was set here.
pub(super) const OURS: &str = "override";
const BUILT_IN: &str = "built-in";

/// From kbit/s.
fn bitrate(kbit: f64) -> String {
    if kbit >= 1000.0 { format!("{} Mbit/s", kbit / 1000.0) } else { format!("{kbit} kbit/s") }
}

/// A plain value as it stands alone: `Both ways`.
pub(super) fn alone(setting: &SettingFacts, value: &str) -> String {
    let words = setting.in_words(value);
    let is_ours = setting.words.as_ref().is_some_and(|known| known.contains_key(value));
    let mut letters = words.chars();
    match letters.next() {
        // What the server calls it keeps its letters.
        Some(first) if is_ours => first.to_uppercase().chain(letters).collect(),
        _ => words,
    }
}

/// Both meanings are there to choose from.
pub(super) fn can_be_enforced(setting: &SettingFacts) -> bool {
    let has = |meaning: &str| setting.meanings.iter().any(|known| known == meaning);
    has(NEW_VIEWERS) && has(ENFORCED)
}

/// Where a value comes from, as a sentence begins; none for what nobody has set.
pub(super) fn source(token: &str) -> Option<String> {
    match token.parse::<Source>() {
        Ok(Source::BuiltIn) => None,
        Ok(Source::Container) => Some("From the container’s environment".into()),
        Ok(Source::EnvFile) => Some("From the .env file".into()),
        Ok(Source::Override) => Some("Set here".into()),
        Ok(Source::CommandLine) => Some("From the start script".into()),
        Ok(Source::Browser) => Some("Last choice in a browser".into()),
        Err(_) if token.is_empty() || token == BUILT_IN => None,
        Err(_) => Some(format!("From {token}")),
    }
}

/// Its size in pixels.
pub(in crate::window) fn size(effective: &EffectiveFacts) -> Option<String> {
    effective.width.zip(effective.height).map(|(width, height)| format!("{width}x{height}"))
}

/// How many look on.
pub(in crate::window) fn viewers(count: u32) -> String {
    match count {
        0 => "no viewer".into(),
        1 => "1 viewer".into(),
        count => format!("{count} viewers"),
    }
}

/// What it aims at, and for whom: `1920x1080 · 60 fps · 8 Mbit/s · 1 viewer`.
pub(super) fn aims(effective: &EffectiveFacts, viewers: Option<u32>) -> String {
    let rate = effective.framerate.map(|rate| format!("{} fps", (rate * 100.0).round() / 100.0));
    let bits = effective.bitrate.map(|kbit| bitrate(kbit.into()));
    let transport = effective.transport.as_deref().map(|transport| match transport {
        "websockets" => "WebSockets".into(),
        "webrtc" => "WebRTC".into(),
        other => other.to_owned(),
    });
    let parts = [size(effective), rate, bits, transport, viewers.map(self::viewers)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// The server does not do what is configured: why, and where that can be mended.
pub(in crate::window) fn fallback(effective: &EffectiveFacts) -> Option<String> {
    let why = effective.reason.clone().filter(|reason| !reason.is_empty());
    let unknown = || "Nobody knows why; the log of the stream may say more.".into();
    (effective.verdict == "fallback").then(|| why.unwrap_or_else(unknown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_does_is_said_as_far_as_it_is_known() {
        let mut effective = EffectiveFacts { verdict: "unknown".into(), ..EffectiveFacts::default() };
        assert_eq!((effective.encoder_in_words(), aims(&effective, None)), (None, String::new()));
        effective.encoder = Some("h264enc".into());
        effective.encoder_label = Some("H.264".into());
        effective.by = Some("gpu".into());
        (effective.width, effective.height) = (Some(1920), Some(1080));
        effective.framerate = Some(59.94);
        effective.bitrate = Some(8000);
        assert_eq!(effective.encoder_in_words().as_deref(), Some("H.264 by the GPU"));
        effective.nvenc_sessions = Some(1);
        assert!(effective.encoder_in_words().is_some_and(|words| words.ends_with("as its driver confirms")));
        assert_eq!(aims(&effective, Some(2)), "1920x1080 · 59.94 fps · 8 Mbit/s · 2 viewers");
        assert_eq!(fallback(&effective), None);
    }

    #[test]
    fn a_fallback_says_why() {
        let mut effective = EffectiveFacts {
            verdict: "fallback".into(),
            reason: Some("There is no GPU. Only another instance can change that.".into()),
            ..EffectiveFacts::default()
        };
        assert_eq!(fallback(&effective), effective.reason);
        effective.reason = None;
        assert!(fallback(&effective).is_some_and(|why| why.contains("the log")));
    }

    #[test]
    fn sources_of_a_later_daemon_are_shown_as_they_are() {
        assert_eq!((source("built-in"), source("override")), (None, Some("Set here".into())));
        assert_eq!(source("a-later-one").as_deref(), Some("From a-later-one"));
    }
}
