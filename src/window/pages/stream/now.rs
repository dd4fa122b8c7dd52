//! What the server really does: in words, in numbers and in the last minutes.

use adw::prelude::*;
use libadwaita as adw;
use relm4::gtk;

use super::super::super::format::Sign;
use super::super::super::graph::Graph;
use super::super::super::rows::{Group, icon, row};
use super::super::super::trend::{Frame, Trend, Unit};
use super::live::Live;
use super::words;
use crate::client::EffectiveFacts;
use crate::client::gpu_words::NOTHING;

/// As far back as the pictures show.
const MINUTES: u64 = 5;

/// A heading, a line on what is done, one on what is wrong with it, and two pictures.
#[derive(Debug)]
pub(super) struct Now {
    pub(super) widget: gtk::Box,
    doing: adw::ActionRow,
    fallback: adw::ActionRow,
    note: adw::ActionRow,
    frames: Graph,
    latency: Graph,
    shown: Option<Shown>,
}

/// What there is to see besides the pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    doing: String,
    aims: String,
    fallback: Option<String>,
    note: String,
}

impl Shown {
    /// `configured`: the encoder that is configured, in words. `note`: why the table of settings is not the server's.
    pub(super) fn of(effective: &EffectiveFacts, viewers: Option<u32>, configured: &str, note: &str) -> Self {
        let doing = effective.encoder_in_words().unwrap_or_else(|| match (viewers, configured) {
            (Some(0), "") => "Nobody is looking on".into(),
            (Some(0), configured) => format!("Nobody is looking on. {configured} is configured."),
            (_, "") => NOTHING.into(),
            (_, configured) => format!("{configured} is configured; what is used is not known"),
        });
        Self {
            doing,
            aims: words::aims(effective, viewers),
            fallback: words::fallback(effective),
            note: note.to_owned(),
        }
    }
}

impl Now {
    pub(super) fn new() -> Self {
        let group = Group::new("Now");
        let doing = row("", "");
        let warning = Sign { icon: "dialog-warning-symbolic", word: String::new(), class: Some("warning") };
        let fallback = row("Not as configured", "");
        fallback.add_prefix(&icon(&warning));
        fallback.set_subtitle_lines(0);
        let note = row("Not proven with this server", "");
        note.add_prefix(&icon(&Sign { icon: "dialog-information-symbolic", word: String::new(), class: None }));
        note.set_subtitle_lines(0);
        let pictures = gtk::Box::builder().spacing(18).homogeneous(true).css_classes(["pictures"]).build();
        let frames = Graph::new("Frames a second");
        let latency = Graph::new("Latency");
        pictures.append(&frames.widget);
        pictures.append(&latency.widget);
        let last = gtk::ListBoxRow::builder().child(&pictures).activatable(false).focusable(false).build();
        for row in [doing.upcast_ref::<gtk::Widget>(), fallback.upcast_ref(), note.upcast_ref(), last.upcast_ref()] {
            group.list.append(row);
        }
        Self { widget: group.widget, doing, fallback, note, frames, latency, shown: None }
    }

    /// Shows the words. What has not changed is left alone.
    pub(super) fn show(&mut self, shown: Shown) {
        if self.shown.as_ref() == Some(&shown) {
            return;
        }
        self.doing.set_title(&shown.doing);
        self.doing.set_subtitle(&shown.aims);
        self.fallback.set_visible(shown.fallback.is_some());
        self.fallback.set_subtitle(shown.fallback.as_deref().unwrap_or_default());
        self.note.set_visible(!shown.note.is_empty());
        self.note.set_subtitle(&shown.note);
        self.shown = Some(shown);
    }

    /// Shows the last minutes as they are at `now`.
    pub(super) fn draw(&self, live: &Live, now: u64) {
        let frame = Frame { now, seconds: MINUTES * 60, step: 1, top: None };
        let draw = |graph: &Graph, trend: &Trend, unit: Unit| {
            let latest = trend.latest().map_or_else(|| NOTHING.into(), |number| unit.said(number));
            let words = trend.in_words(frame.seconds, unit);
            let words = words.unwrap_or_else(|| "Known while somebody looks on".into());
            graph.show(&latest, &words, trend.lines(frame), MINUTES);
        };
        draw(&self.frames, &live.frames, Unit::whole("fps"));
        draw(&self.latency, &live.latency, Unit::whole("ms"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_not_claimed() {
        let nothing = EffectiveFacts { verdict: "unknown".into(), ..EffectiveFacts::default() };
        assert_eq!(Shown::of(&nothing, Some(0), "H.264", "").doing, "Nobody is looking on. H.264 is configured.");
        assert!(Shown::of(&nothing, Some(2), "H.264", "").doing.contains("not known"));
        assert_eq!(Shown::of(&nothing, None, "", "").doing, "Not available");
    }
}
