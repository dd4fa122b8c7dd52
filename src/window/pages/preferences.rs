//! What this user likes.

use adw::prelude::*;
use gtk::gio;
use libadwaita as adw;
use relm4::gtk;
use relm4::{ComponentParts, ComponentSender, SimpleComponent};

use super::super::request::Wish;
use super::super::rows::choice_row;
use crate::client::autostart::Autostart;
use crate::client::preferences::{ColourScheme, Preferences};

/// Who shows messages, on the session bus.
const MESSAGES: &str = "org.freedesktop.Notifications";

/// One choice. Only what was chosen here is written, whatever else has changed in the file meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::window) enum Edit {
    /// Light or dark.
    Colours(ColourScheme),
    /// Tell of trouble.
    Trouble(bool),
    /// Tell that it is over.
    Recovered(bool),
    /// Tell of a GPU that is lost.
    GpuLost(bool),
    /// Tell of one that is slowed down.
    GpuThrottled(bool),
    /// Tell of errors that the driver reports.
    GpuError(bool),
    /// Tell of memory that is as full as this, in per cent; 0: never.
    GpuMemory(u8),
    /// Tell that the stream is not encoded as configured.
    Fallback(bool),
}

impl Edit {
    /// Makes the choice.
    pub(in crate::window) fn apply(self, preferences: &mut Preferences) {
        match self {
            Self::Colours(scheme) => preferences.colour_scheme = scheme,
            Self::Trouble(on) => preferences.notifications.trouble = on,
            Self::Recovered(on) => preferences.notifications.recovered = on,
            Self::GpuLost(on) => preferences.notifications.gpu.lost = on,
            Self::GpuThrottled(on) => preferences.notifications.gpu.throttled = on,
            Self::GpuError(on) => preferences.notifications.gpu.xid = on,
            Self::GpuMemory(percent) => preferences.notifications.gpu.memory_percent = percent,
            Self::Fallback(on) => preferences.notifications.gpu.fallback = on,
        }
    }
}

/// What the page tells.
#[derive(Debug)]
pub(in crate::window) enum Output {
    /// Write this.
    Edit(Edit),
    /// Tell the person.
    Wish(Wish),
}

/// What the page is told.
#[derive(Debug)]
pub(in crate::window) enum Input {
    /// The tray icon is to start with the desktop, or not.
    Autostart(bool),
    /// Messages are shown by somebody, or not.
    Messages(bool),
    /// A choice was made.
    Edit(Edit),
}

/// See the module.
#[derive(Debug)]
pub(in crate::window) struct PreferencesPage {
    autostart: bool,
    messages: bool,
}

/// The choices in the order of the list.
const SCHEMES: [(ColourScheme, &str); 3] =
    [(ColourScheme::System, "As the desktop"), (ColourScheme::Light, "Light"), (ColourScheme::Dark, "Dark")];

#[relm4::component(pub(in crate::window))]
impl SimpleComponent for PreferencesPage {
    type Init = Preferences;
    type Input = Input;
    type Output = Output;

    view! {
        adw::PreferencesPage {
            add = &adw::PreferencesGroup {
                set_title: "Tray icon",
                add = &adw::ActionRow {
                    set_title: "Start with the desktop",
                    set_subtitle: "The icon in the panel tells when something needs attention",
                    set_activatable_widget: Some(&autostart),
                    add_suffix: autostart = &gtk::Switch {
                        set_valign: gtk::Align::Center,
                        #[watch]
                        #[block_signal(autostart_chosen)]
                        set_active: model.autostart,
                        connect_active_notify[sender] => move |switch| {
                            sender.input(Input::Autostart(switch.is_active()));
                        } @autostart_chosen,
                    },
                },
            },
            add = &adw::PreferencesGroup {
                set_title: "Messages",
                #[watch]
                set_description: (!model.messages).then_some(
                    "Nothing in this session shows messages. The icon in the panel tells of trouble all the same.",
                ),
                add = &adw::ActionRow {
                    set_title: "A service stops working",
                    set_subtitle: "It keeps crashing, was given up, or does not answer",
                    set_activatable_widget: Some(&trouble),
                    add_suffix: trouble = &gtk::Switch {
                        set_valign: gtk::Align::Center,
                        set_active: liked.notifications.trouble,
                        connect_active_notify[sender] => move |switch| {
                            sender.input(Input::Edit(Edit::Trouble(switch.is_active())));
                        },
                    },
                },
                add = &adw::ActionRow {
                    set_title: "It works again",
                    set_activatable_widget: Some(&recovered),
                    add_suffix: recovered = &gtk::Switch {
                        set_valign: gtk::Align::Center,
                        set_active: liked.notifications.recovered,
                        connect_active_notify[sender] => move |switch| {
                            sender.input(Input::Edit(Edit::Recovered(switch.is_active())));
                        },
                    },
                },
            },
            add = &adw::PreferencesGroup {
                set_title: "Messages about GPUs",
                set_description: Some(
                    "Nothing tells of GPUs by itself: they are looked at once a minute for the first of these, and \
                     each 10 seconds for the next three. With all four off nobody looks.",
                ),
                add = &adw::ActionRow {
                    set_title: "A GPU is lost or does not work",
                    set_activatable_widget: Some(&lost),
                    add_suffix: lost = &gtk::Switch {
                        set_valign: gtk::Align::Center,
                        set_active: liked.notifications.gpu.lost,
                        connect_active_notify[sender] => move |switch| {
                            sender.input(Input::Edit(Edit::GpuLost(switch.is_active())));
                        },
                    },
                },
                add = &adw::ActionRow {
                    set_title: "A GPU is slowed down for a minute",
                    set_subtitle: "By heat or its power supply; that it draws as much as it may is usual",
                    set_activatable_widget: Some(&throttled),
                    add_suffix: throttled = &gtk::Switch {
                        set_valign: gtk::Align::Center,
                        set_active: liked.notifications.gpu.throttled,
                        connect_active_notify[sender] => move |switch| {
                            sender.input(Input::Edit(Edit::GpuThrottled(switch.is_active())));
                        },
                    },
                },
                add = &adw::ActionRow {
                    set_title: "The driver reports an error of a GPU",
                    set_subtitle: "An Xid: of the GPU itself, or of a program that did what it may not",
                    set_activatable_widget: Some(&xid),
                    add_suffix: xid = &gtk::Switch {
                        set_valign: gtk::Align::Center,
                        set_active: liked.notifications.gpu.xid,
                        connect_active_notify[sender] => move |switch| {
                            sender.input(Input::Edit(Edit::GpuError(switch.is_active())));
                        },
                    },
                },
                #[local_ref]
                add = memory -> adw::ComboRow {
                    set_model: Some(&gtk::StringList::new(&fullness.iter().map(|(_, label)| label.as_str()).collect::<Vec<_>>())),
                    set_selected: fullness_index(&fullness, liked.notifications.gpu.memory_percent),
                    connect_selected_notify[sender] => move |row| {
                        let at = usize::try_from(row.selected()).unwrap_or_default();
                        if let Some((percent, _)) = fullness.get(at) {
                            sender.input(Input::Edit(Edit::GpuMemory(*percent)));
                        }
                    },
                },
                add = &adw::ActionRow {
                    set_title: "The stream is not encoded as configured",
                    set_subtitle: "Such as by the CPU although there is a GPU; this needs no looking",
                    set_activatable_widget: Some(&fallback),
                    add_suffix: fallback = &gtk::Switch {
                        set_valign: gtk::Align::Center,
                        set_active: liked.notifications.gpu.fallback,
                        connect_active_notify[sender] => move |switch| {
                            sender.input(Input::Edit(Edit::Fallback(switch.is_active())));
                        },
                    },
                },
            },
            add = &adw::PreferencesGroup {
                set_title: "Appearance",
                add = &adw::ComboRow {
                    set_title: "Colours",
                    set_model: Some(&gtk::StringList::new(&SCHEMES.map(|(_, label)| label))),
                    set_selected: scheme_index(liked.colour_scheme),
                    connect_selected_notify[sender] => move |row| {
                        let at = usize::try_from(row.selected()).unwrap_or_default();
                        if let Some((scheme, _)) = SCHEMES.get(at) {
                            sender.input(Input::Edit(Edit::Colours(*scheme)));
                        }
                    },
                },
            },
        }
    }

    fn init(liked: Preferences, root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let autostart = Autostart::of_this_user().is_ok_and(|autostart| autostart.is_on());
        let model = Self { autostart, messages: true };
        let fullness = fullness(liked.notifications.gpu.memory_percent);
        let memory = &choice_row("The memory of a GPU is nearly full", "");
        let widgets = view_output!();
        watch_messages(&sender);
        ComponentParts { model, widgets }
    }

    fn update(&mut self, input: Input, sender: ComponentSender<Self>) {
        match input {
            Input::Autostart(on) => match Autostart::of_this_user().and_then(|autostart| autostart.set(on)) {
                Ok(()) => self.autostart = on,
                Err(error) => {
                    let sentence = format!("The choice about the tray icon could not be saved: {error}.");
                    sender.output_sender().emit(Output::Wish(Wish::Explain(sentence)));
                }
            },
            Input::Messages(shown) => self.messages = shown,
            Input::Edit(edit) => sender.output_sender().emit(Output::Edit(edit)),
        }
    }
}

/// How full memory has to be, in words; also what somebody has written by hand.
fn fullness(chosen: u8) -> Vec<(u8, String)> {
    let usual = [80, 90, 95, 98];
    let own = Some(chosen).filter(|chosen| *chosen > 0 && !usual.contains(chosen));
    let mut percents: Vec<u8> = usual.into_iter().chain(own).collect();
    percents.sort_unstable();
    let said = percents.into_iter().map(|percent| (percent, format!("From {percent} %")));
    std::iter::once((0, "Not told".to_owned())).chain(said).collect()
}

fn fullness_index(all: &[(u8, String)], chosen: u8) -> u32 {
    let at = all.iter().position(|(percent, _)| *percent == chosen);
    at.and_then(|at| at.try_into().ok()).unwrap_or_default()
}

fn scheme_index(scheme: ColourScheme) -> u32 {
    let at = SCHEMES.iter().position(|(known, _)| *known == scheme);
    at.and_then(|at| at.try_into().ok()).unwrap_or_default()
}

/// Whether anybody shows messages is told as it changes.
fn watch_messages(sender: &ComponentSender<PreferencesPage>) {
    let (here, gone) = (sender.input_sender().clone(), sender.input_sender().clone());
    // For as long as the program lives.
    let _ = gio::bus_watch_name(
        gio::BusType::Session,
        MESSAGES,
        gio::BusNameWatcherFlags::NONE,
        move |_, _, _| here.emit(Input::Messages(true)),
        move |_, _| gone.emit(Input::Messages(false)),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_by_hand_can_be_chosen_too() {
        assert_eq!(fullness(0).len(), 5);
        let own = fullness(85);
        assert_eq!((own.len(), fullness_index(&own, 85), own[2].1.as_str()), (6, 2, "From 85 %"));
        assert_eq!(fullness_index(&own, 0), 0);
    }

    #[test]
    fn each_choice_changes_what_it_says() {
        let mut all = Preferences::default();
        for edit in [Edit::GpuLost(false), Edit::GpuThrottled(true), Edit::GpuMemory(90), Edit::Fallback(false)] {
            edit.apply(&mut all);
        }
        assert!(!all.notifications.gpu.xid, "it is off until somebody asks for it");
        Edit::GpuError(true).apply(&mut all);
        assert!(all.notifications.gpu.xid);
        let gpu = all.notifications.gpu;
        assert_eq!((gpu.lost, gpu.throttled, gpu.memory_percent, gpu.fallback), (false, true, 90, false));
    }
}
