//! What the icon tells of the GPUs: a line for each, with numbers for as long as they are new.

use super::{Action, Entry, Known, Trouble, button};
use crate::client::{GpuFacts, GpuStats, Snapshot};

/// The page of the window that tells more.
const PAGE: &str = "gpu";
/// No more of them have a line of their own.
const MOST: usize = 8;

/// A line for each: `RTX 4090 · 52 % · 61 °C`.
pub(super) fn lines(known: &Known) -> Vec<String> {
    let gpus = gpus(known);
    let mut lines: Vec<String> = gpus.iter().take(MOST).map(|gpu| said(known, gpu, gpus)).collect();
    match gpus.len().saturating_sub(MOST) {
        0 => {}
        1 => lines.push("and one GPU more".into()),
        more => lines.push(format!("and {more} GPUs more")),
    }
    lines
}

/// All of them in one entry of the menu.
pub(super) fn line(known: &Known) -> Option<Entry> {
    let gpus = gpus(known);
    let text = match gpus {
        [] => return None,
        [only] => said(known, only, gpus),
        many => {
            let loads = || many.iter().filter_map(|gpu| known.gpus.get(&gpu.uuid)?.gpu_percent);
            let spread = loads()
                .min()
                .zip(loads().max())
                .map(|(least, most)| if least == most { format!("{most} %") } else { format!("{least} to {most} %") });
            let hottest = many.iter().filter_map(|gpu| known.gpus.get(&gpu.uuid)?.temperature_celsius).max();
            let hottest = hottest.map(|celsius| format!("{celsius} °C at most"));
            let parts = [Some(format!("{} GPUs", many.len())), spread, hottest];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
        }
    };
    Some(button(&super::line(&text), Action::OpenPage(PAGE.into())))
}

/// What is wrong with them.
pub(super) fn troubles(snapshot: &Snapshot) -> impl Iterator<Item = Trouble> {
    snapshot.gpu_troubles().into_iter().map(|trouble| Trouble {
        title: super::line(&trouble.title),
        reason: trouble.reason,
        action: Action::OpenPage(PAGE.into()),
    })
}

fn gpus(known: &Known) -> &[GpuFacts] {
    let snapshot = known.snapshot.as_ref().filter(|_| known.away.is_none());
    snapshot.map_or(&[], |snapshot| &snapshot.gpus)
}

fn said(known: &Known, gpu: &GpuFacts, all: &[GpuFacts]) -> String {
    let name = gpu.name_among(all);
    if gpu.is_trouble() {
        return super::line(&format!("{name} {}", gpu.complaint()));
    }
    let numbers = known.gpus.get(&gpu.uuid).map(numbers).unwrap_or_default();
    super::line(&std::iter::once(name).chain(numbers).collect::<Vec<_>>().join(" · "))
}

fn numbers(stats: &GpuStats) -> Vec<String> {
    let load = stats.gpu_percent.map(|percent| format!("{percent} %"));
    let heat = stats.temperature_celsius.map(|celsius| format!("{celsius} °C"));
    load.into_iter().chain(heat).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{ICON_ATTENTION, TrayModel};
    use super::*;
    use crate::client::ServiceFacts;

    fn known(gpus: Vec<GpuFacts>) -> Known {
        let service = ServiceFacts { name: "x".into(), health: "ok".into(), ..ServiceFacts::default() };
        let snapshot = Snapshot { gpus, services: vec![service], ..Snapshot::default() };
        Known { snapshot: Some(snapshot), ..Known::default() }
    }

    fn gpu(uuid: &str, health: &str) -> GpuFacts {
        let name = Some("NVIDIA GeForce RTX 4090".into());
        GpuFacts { uuid: uuid.into(), name, health: health.into(), ..GpuFacts::default() }
    }

    fn stats(percent: u32, celsius: u32) -> GpuStats {
        GpuStats { gpu_percent: Some(percent), temperature_celsius: Some(celsius), ..GpuStats::default() }
    }

    fn label(entry: Option<Entry>) -> String {
        let Some(Entry::Button { label, action, .. }) = entry else { panic!("an entry, not {entry:?}") };
        assert_eq!(action, Action::OpenPage("gpu".into()));
        label
    }

    #[test]
    fn numbers_are_told_while_they_are_new_and_what_is_not_told_is_left_out() {
        let mut known = known(vec![gpu("a", "ok")]);
        assert_eq!((lines(&known), label(line(&known))), (vec!["RTX 4090".to_owned()], "RTX 4090".to_owned()));
        known.gpus.insert("a".into(), stats(52, 61));
        assert_eq!(label(line(&known)), "RTX 4090 · 52 % · 61 °C");
        let model = TrayModel::of(&known);
        assert!(model.details.contains("RTX 4090 · 52 % · 61 °C"), "{}", model.details);
        known.gpus.insert("a".into(), GpuStats { temperature_celsius: Some(61), ..GpuStats::default() });
        assert_eq!(lines(&known), ["RTX 4090 · 61 °C"]);
        known.away = Some("It is away.".into());
        assert!(lines(&known).is_empty() && line(&known).is_none());
    }

    #[test]
    fn many_are_one_line_in_the_menu_and_a_line_each_in_the_tooltip() {
        let gpus = (0..9).map(|at| GpuFacts { index: at, ..gpu(&at.to_string(), "ok") });
        let mut known = known(gpus.collect());
        known.gpus.extend([("0".into(), stats(3, 40)), ("1".into(), stats(97, 61))]);
        assert_eq!(label(line(&known)), "9 GPUs · 3 to 97 % · 61 °C at most");
        let lines = lines(&known);
        assert_eq!((lines.len(), lines[1].as_str()), (9, "GPU 1: RTX 4090 · 97 % · 61 °C"));
        assert_eq!(lines[8], "and one GPU more");
    }

    #[test]
    fn what_is_wrong_shows_in_the_icon() {
        let lost = GpuFacts { health_reason: "Restart the instance.".into(), ..gpu("a", "lost") };
        let model = TrayModel::of(&known(vec![lost]));
        assert_eq!((model.icon, model.summary.as_str()), (ICON_ATTENTION, "1 thing needs attention"));
        assert_eq!(model.details, "RTX 4090 is lost: Restart the instance.");
    }
}
