//! The desktop's size: what is offered, one of one's own, or that of the browser's window.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use adw::prelude::*;
use libadwaita as adw;
use relm4::{RelmWidgetExt, Sender, gtk};

use super::super::super::quiet::Quiet;
use super::super::super::rows::{choice_row, named};
use super::Input;
use super::draft::Draft;
use crate::client::SettingFacts;
use crate::model::stream::Size;
use crate::model::stream::size::SIZES;

const WIDTH: &str = "manual_width";
const HEIGHT: &str = "manual_height";
/// Fixes the size even where none is given.
const MANUAL: &str = "manual_resolution";
/// As wide as a size is, in letters.
const LETTERS: i32 = 10;
const EXPLANATION: &str = "How many pixels the desktop has; a fixed size holds for everyone.";

/// One row for the settings that make up the size.
#[derive(Debug)]
pub(super) struct SizeRow {
    list: Quiet<adw::ComboRow>,
    own: Quiet<gtk::Entry>,
    /// A size of one's own is being typed.
    typing: Rc<Cell<bool>>,
    /// What is wrong with it.
    wrong: Rc<RefCell<String>>,
}

/// Whether a row of its own shows this setting, so that it needs no other.
pub(super) fn is_part(setting: &SettingFacts) -> bool {
    [WIDTH, HEIGHT, MANUAL].contains(&setting.name.as_str())
}

/// The size that is fixed, or is to be; none where the desktop follows the browser.
fn fixed(settings: &[SettingFacts], draft: &Draft) -> Option<Size> {
    let side = |name: &str| {
        let setting = settings.iter().find(|setting| setting.name == name)?;
        draft.value(setting).parse::<u32>().ok().filter(|side| *side > 0)
    };
    Some(Size { width: side(WIDTH)?, height: side(HEIGHT)? })
}

/// The values that make it so: of these settings, in plain.
pub(super) fn values(size: Option<Size>, settings: &[SettingFacts], draft: &Draft) -> Vec<(&'static str, String)> {
    let manual = settings.iter().find(|setting| setting.name == MANUAL);
    let is_on = manual.is_some_and(|setting| draft.value(setting) == "true");
    if let Some(size) = size {
        return vec![(WIDTH, size.width.to_string()), (HEIGHT, size.height.to_string())];
    }
    // What an environment says cannot be taken away, so it is overruled.
    let off = is_on.then(|| (MANUAL, "false".to_owned()));
    off.into_iter().chain([(WIDTH, "0".into()), (HEIGHT, "0".into())]).collect()
}

/// What is to be thought of before; what cannot be is refused.
fn check(size: Size, encoder: &str) -> Result<Option<String>, String> {
    // How large this screen can be only the control service knows, and says when it is asked.
    let any = Size { width: u32::MAX, height: u32::MAX };
    size.check(any, encoder).map_err(|refusal| refusal.sentence)
}

impl SizeRow {
    /// None where the server has no such settings.
    pub(super) fn new(settings: &[SettingFacts], page: &Sender<Input>) -> Option<Self> {
        let has = |name: &str| settings.iter().any(|setting| setting.name == name);
        if !(has(WIDTH) && has(HEIGHT)) {
            return None;
        }
        let list = Quiet::new(choice_row("Size", EXPLANATION));
        list.widget.set_subtitle_lines(0);
        let own = Quiet::new(named::<gtk::Entry>("GtkEntry", "Width and height in pixels").unwrap_or_default());
        own.widget.set_width_chars(LETTERS);
        own.widget.set_max_width_chars(LETTERS);
        own.widget.set_placeholder_text(Some("1920x1080"));
        own.widget.set_valign(gtk::Align::Center);
        let offered = SIZES.iter().map(ToString::to_string);
        let labels: Vec<String> =
            std::iter::once("Not fixed".into()).chain(offered).chain(["Another size".into()]).collect();
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        list.widget.set_model(Some(&gtk::StringList::new(&labels)));
        list.widget.add_suffix(&own.widget);
        let size_row = Self { list, own, typing: Rc::default(), wrong: Rc::default() };
        size_row.listen(page);
        Some(size_row)
    }

    pub(super) fn widget(&self) -> &adw::ComboRow {
        &self.list.widget
    }

    fn listen(&self, page: &Sender<Input>) {
        let (typing, chosen) = (Rc::clone(&self.typing), page.clone());
        self.list.widget.connect_selected_notify(self.list.heard(move |list: &adw::ComboRow| {
            let at = usize::try_from(list.selected()).unwrap_or_default();
            typing.set(at > SIZES.len());
            chosen.emit(match at.checked_sub(1).map(|at| SIZES.get(at)) {
                None => Input::Size(None),
                Some(Some(size)) => Input::Size(Some(*size)),
                // It is read when it is typed.
                Some(None) => Input::Refresh,
            });
        }));
        let (wrong, chosen) = (Rc::clone(&self.wrong), page.clone());
        self.own.widget.connect_changed(self.own.heard(move |own: &gtk::Entry| {
            let size: Result<Size, String> = own.text().parse().map_err(|refusal| format!("{refusal}"));
            let size = size.and_then(|size| check(size, "").map(|_| size));
            *wrong.borrow_mut() = size.as_ref().err().cloned().unwrap_or_default();
            chosen.emit(size.map_or(Input::Refresh, |size| Input::Size(Some(size))));
        }));
    }

    /// Shows what is configured, or wanted.
    pub(super) fn show(&self, settings: &[SettingFacts], draft: &Draft) {
        let size = fixed(settings, draft);
        let parts = || settings.iter().filter(|setting| is_part(setting));
        let offered = size.and_then(|size| SIZES.iter().position(|offered| *offered == size));
        let is_own = self.typing.get() || (size.is_some() && offered.is_none());
        let at = if is_own { SIZES.len() + 1 } else { offered.map_or(0, |at| at + 1) };
        let at = u32::try_from(at).unwrap_or_default();
        if self.list.widget.selected() != at {
            self.list.tell(|list| list.set_selected(at));
        }
        self.own.widget.set_visible(is_own);
        let text = size.map(|size| size.to_string()).unwrap_or_default();
        let typed: Option<Size> = self.own.widget.text().parse().ok();
        if typed != size && self.wrong.borrow().is_empty() {
            self.own.tell(|own| own.set_text(&text));
        }
        self.own.widget.set_class_active("error", !self.wrong.borrow().is_empty());
        let encoder = settings.iter().find(|setting| setting.name == "encoder");
        let encoder = encoder.map_or("", |setting| draft.value(setting));
        let warning = size.and_then(|size| check(size, encoder).ok().flatten());
        let wanted = parts().any(|setting| draft.of(&setting.name).is_some()).then(|| "Not applied yet".to_owned());
        let wrong = Some(self.wrong.borrow().clone()).filter(|wrong| is_own && !wrong.is_empty());
        let fixed = parts().find_map(|setting| setting.fixed.clone());
        self.list.widget.set_sensitive(fixed.is_none());
        let lines = [Some(EXPLANATION.to_owned()), fixed, warning, wrong, wanted.clone()];
        self.list.widget.set_subtitle(&lines.into_iter().flatten().collect::<Vec<_>>().join("\n"));
        self.list.widget.set_class_active("wanted", wanted.is_some());
    }

    /// What was being typed is given up.
    pub(super) fn discard(&self) {
        self.typing.set(false);
        self.wrong.borrow_mut().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(width: &str, height: &str, manual: &str) -> Vec<SettingFacts> {
        let setting = |(name, value): (&str, &str)| SettingFacts {
            name: name.into(),
            value: Some(value.into()),
            meaning: "server".into(),
            ..SettingFacts::default()
        };
        [(WIDTH, width), (HEIGHT, height), (MANUAL, manual)].map(setting).into()
    }

    #[test]
    fn without_both_sides_the_browser_decides() {
        let draft = Draft::default();
        assert_eq!(fixed(&settings("0", "0", "false"), &draft), None);
        assert_eq!(fixed(&settings("1920", "", "false"), &draft), None);
        assert_eq!(fixed(&settings("1920", "1080", "true"), &draft), Some(Size { width: 1920, height: 1080 }));
    }

    #[test]
    fn a_size_and_none_are_settings() {
        let (draft, fixed) = (Draft::default(), settings("1920", "1080", "true"));
        let size = Some(Size { width: 1280, height: 720 });
        assert_eq!(values(size, &fixed, &draft), [(WIDTH, "1280".to_owned()), (HEIGHT, "720".to_owned())]);
        let names: Vec<&str> = values(None, &fixed, &draft).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, [MANUAL, WIDTH, HEIGHT]);
        assert_eq!(values(None, &settings("1920", "1080", "false"), &draft).len(), 2);
    }

    #[test]
    fn what_cannot_be_says_so_at_once() {
        assert!(check(Size { width: 1921, height: 1080 }, "").is_err());
        assert!(check(Size { width: 5120, height: 1440 }, "h264enc").unwrap().is_some());
        assert_eq!(check(Size { width: 1920, height: 1080 }, "h264enc"), Ok(None));
    }
}
