//! What the icon tells of the stream: what it does, its presets, and other settings that are tried out.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Action, Entry, Known, button};
use crate::client::PendingFacts;

/// The page of the window that tells more.
const PAGE: &str = "stream";

fn settings() -> Action {
    Action::OpenPage(PAGE.into())
}

/// What the stream does, as far as that is known without looking: "H.264 by the GPU, 1 viewer".
pub(super) fn words(known: &Known) -> Option<String> {
    let stream = known.snapshot.as_ref().filter(|_| known.away.is_none())?.stream.as_ref()?;
    let effective = &stream.effective;
    let encoder = effective.encoder_in_words()?;
    let not_so = if effective.verdict == "fallback" { ", not as configured" } else { "" };
    Some(format!("Stream: {encoder}{not_so}"))
}

/// The same as an entry.
pub(super) fn line(known: &Known) -> Option<Entry> {
    words(known).map(|words| button(&super::line(&words), settings()))
}

/// The presets, of which one holds or none does; none where nobody serves any.
pub(super) fn quality(known: &Known) -> Option<Entry> {
    let stream = known.snapshot.as_ref()?.stream.as_ref().filter(|stream| stream.is_there())?;
    if stream.presets.is_empty() {
        return None;
    }
    let in_force = stream.presets.iter().position(|preset| Some(&preset.name) == stream.preset.as_ref());
    let choice = |(label, name): (&String, &String)| (super::line(label), Action::Preset(name.clone()));
    let mut choices: Vec<(String, Action)> =
        stream.presets.iter().map(|preset| choice((&preset.label, &preset.name))).collect();
    if in_force.is_none() {
        choices.push(("Custom".into(), settings()));
    }
    let enabled = known.away.is_none() && known.trial().is_none() && !known.asked_stream;
    let choices = Entry::Choices { chosen: in_force.unwrap_or(choices.len() - 1), choices, enabled };
    let entries = vec![choices, Entry::Separator, button("All settings of the stream", settings())];
    Some(Entry::Submenu { label: "Stream quality".into(), entries })
}

/// What can be answered while a person is asked: with nobody to show messages, this is where one is asked.
pub(super) fn answers(known: &Known) -> Vec<Entry> {
    let Some(trial) = known.trial().filter(|trial| trial.is_waiting()) else { return Vec::new() };
    let answer =
        |label: &str, action| Entry::Button { label: label.into(), icon: "", enabled: !known.asked_stream, action };
    vec![
        answer("Keep the new stream settings", Action::Keep(trial.id)),
        answer("Go back to the earlier ones", Action::GoBack(trial.id)),
    ]
}

/// What is being done.
pub(super) fn work(known: &Known) -> String {
    match known.trial().map(|trial| trial.stage.as_str()) {
        None => "Asking for other stream settings",
        Some("waiting") => "New stream settings are on trial",
        Some("keeping") => "Keeping the new stream settings",
        Some("reverting") => "Going back to the earlier stream settings",
        Some(_) => "Trying new stream settings",
    }
    .into()
}

/// Until when the new settings hold by themselves.
pub(super) fn deadline(known: &Known) -> Option<String> {
    known.trial().filter(|trial| trial.is_waiting()).map(question)
}

/// What happens without an answer.
pub(in crate::tray) fn question(trial: &PendingFacts) -> String {
    match trial.deadline {
        Some(deadline) => format!("Without an answer the earlier settings come back at {}.", clock_time(deadline)),
        None => "The clock waits until a viewer is connected.".into(),
    }
}

/// As a clock on the wall shows it: "14:32:10".
fn clock_time(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map_or_else(
        || "an unknown time".into(),
        |time| time.to_zoned(TimeZone::system()).strftime("%H:%M:%S").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::{ICON_WELL, ICON_WORKING, TrayModel};
    use super::*;
    use crate::client::{EffectiveFacts, FindingFacts, PresetFacts, ServiceFacts, Snapshot, StreamFacts};

    fn known(preset: Option<&str>) -> Known {
        let presets = [("balanced", "Balanced"), ("slow-link", "Slow link")];
        let presets = presets.map(|(name, label)| PresetFacts {
            name: name.into(),
            label: label.into(),
            ..PresetFacts::default()
        });
        let effective =
            EffectiveFacts { encoder_label: Some("H.264".into()), by: Some("gpu".into()), ..EffectiveFacts::default() };
        let stream = StreamFacts {
            backend: "selkies".into(),
            presets: presets.into(),
            preset: preset.map(str::to_owned),
            effective,
            ..StreamFacts::default()
        };
        let selkies = ServiceFacts { name: "selkies".into(), category: "stream".into(), ..ServiceFacts::default() };
        let selkies = ServiceFacts { health: "ok".into(), ..selkies };
        let snapshot = Snapshot { stream: Some(stream), services: vec![selkies], ..Snapshot::default() };
        Known { snapshot: Some(snapshot), ..Known::default() }
    }

    fn on_trial(stage: &str, deadline: Option<u64>) -> Known {
        let mut known = known(None);
        let change = PendingFacts { id: 7, stage: stage.into(), deadline, ..PendingFacts::default() };
        known.snapshot.as_mut().unwrap().pending.push(change);
        known
    }

    fn labels(model: &TrayModel) -> Vec<&str> {
        let label = |entry| match entry {
            &Entry::Button { ref label, .. } | &Entry::Submenu { ref label, .. } => label.as_str(),
            _ => "--",
        };
        model.menu.iter().map(label).collect()
    }

    fn choices(model: &TrayModel) -> (usize, Vec<(String, Action)>, bool) {
        let entries = model.menu.iter().find_map(|entry| match entry {
            Entry::Submenu { entries, .. } => entries.first().cloned(),
            _ => None,
        });
        let Some(Entry::Choices { chosen, choices, enabled }) = entries else { panic!("choices, not {entries:?}") };
        (chosen, choices, enabled)
    }

    #[test]
    fn the_preset_in_force_is_marked_and_custom_stands_for_none() {
        let model = TrayModel::of(&known(Some("slow-link")));
        let slow = ("Slow link".to_owned(), Action::Preset("slow-link".into()));
        let (chosen, listed, enabled) = choices(&model);
        assert_eq!((chosen, &listed[1], listed.len(), enabled), (1, &slow, 2, true));
        let (chosen, listed, _) = choices(&TrayModel::of(&known(None)));
        assert_eq!((chosen, listed[2].0.as_str()), (2, "Custom"));
    }

    #[test]
    fn without_a_stream_nothing_is_said_of_it() {
        let mut known = known(None);
        known.snapshot.as_mut().unwrap().stream = None;
        let model = TrayModel::of(&known);
        let expected = ["All is well", "--", "Restart stream", "--", "Open Desktop Control", "Quit tray icon"];
        assert_eq!(labels(&model), expected);
    }

    #[test]
    fn what_the_stream_does_is_told_where_there_is_room() {
        let mut known = known(None);
        let model = TrayModel::of(&known);
        assert_eq!(labels(&model)[1], "Stream: H.264 by the GPU");
        assert!(model.details.ends_with("Stream: H.264 by the GPU"), "{}", model.details);
        let snapshot = known.snapshot.as_mut().unwrap();
        snapshot.stream.as_mut().unwrap().effective.verdict = "fallback".into();
        assert_eq!(labels(&TrayModel::of(&known))[1], "Stream: H.264 by the GPU, not as configured");
    }

    #[test]
    fn a_trial_is_at_work_and_can_be_answered_from_the_menu() {
        let model = TrayModel::of(&on_trial("checking", None));
        assert_eq!((model.icon, labels(&model)[1]), (ICON_WORKING, "Trying new stream settings"));
        assert!(!choices(&model).2, "one at a time");
        let model = TrayModel::of(&on_trial("waiting", Some(1_700_000_000)));
        assert_eq!(labels(&model)[1..3], ["Keep the new stream settings", "Go back to the earlier ones"]);
        let Entry::Button { action, .. } = &model.menu[1] else { panic!("a button") };
        assert_eq!(action, &Action::Keep(7));
        assert!(model.details.contains("come back at"), "{}", model.details);
        assert_eq!(TrayModel::of(&on_trial("kept", None)).icon, ICON_WELL, "it is over");
    }

    #[test]
    fn the_menu_has_ten_entries_at_most_whatever_goes_on() {
        for stage in ["checking", "waiting", "kept"] {
            for troubles in 0..6 {
                let mut known = on_trial(stage, None);
                let finding = |at| FindingFacts { title: format!("finding {at}"), ..FindingFacts::default() };
                known.snapshot.as_mut().unwrap().root.findings = (0..troubles).map(finding).collect();
                let model = TrayModel::of(&known);
                assert!(model.menu.len() <= 10, "{stage}, {troubles}: {:?}", labels(&model));
                assert!(troubles == 0 || labels(&model)[0].contains("attention"), "{:?}", labels(&model));
            }
        }
    }
}
