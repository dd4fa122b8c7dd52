//! What can be asked of the window from outside, by `org.gtk.Actions` on the session bus, and its menu. The tray uses
//! `toggle`, `page` and `service`; so may anybody.

use adw::prelude::*;
use gtk::{gio, glib};
use libadwaita as adw;
use relm4::{Sender, gtk};
use strum::IntoEnumIterator;

use super::app::Input;
use super::page::Page;
use crate::api::APP_ID;

/// The menu behind the button of three lines.
pub(super) fn menu() -> gio::Menu {
    let menu = gio::Menu::new();
    menu.append(Some("_About Desktop Control"), Some("app.about"));
    menu
}

/// Adds the actions to the application.
pub(super) fn add(application: &adw::Application, window: &adw::ApplicationWindow, input: &Sender<Input>) {
    with_text(application, window, "page", input, |page| page.parse().ok().map(Input::Open));
    with_text(application, window, "service", input, |name| Some(Input::OpenService(name.to_owned())));
    // The launcher's own actions carry no text.
    for page in Page::iter() {
        let action = gio::SimpleAction::new(page.name(), None);
        let input = input.clone();
        action.connect_activate(glib::clone!(
            #[weak]
            window,
            move |_, _| {
                input.emit(Input::Open(page));
                window.present();
            }
        ));
        application.add_action(&action);
    }
    let toggle = gio::SimpleAction::new("toggle", None);
    let toggled = input.clone();
    toggle.connect_activate(move |_, _| toggled.emit(Input::Toggle));
    application.add_action(&toggle);
    let about = gio::SimpleAction::new("about", None);
    about.connect_activate(glib::clone!(
        #[weak]
        window,
        move |_, _| self::about(&window)
    ));
    application.add_action(&about);
    application.set_accels_for_action("app.page('preferences')", &["<Control>comma"]);
    application.set_accels_for_action("app.about", &["F1"]);
}

/// An action that says where to go, and brings the window to the front.
fn with_text(
    application: &adw::Application,
    window: &adw::ApplicationWindow,
    name: &str,
    input: &Sender<Input>,
    to_input: impl Fn(&str) -> Option<Input> + 'static,
) {
    let action = gio::SimpleAction::new(name, Some(glib::VariantTy::STRING));
    let input = input.clone();
    action.connect_activate(glib::clone!(
        #[weak]
        window,
        move |_, text| {
            if let Some(wish) = text.and_then(glib::Variant::str).and_then(&to_input) {
                input.emit(wish);
            }
            window.present();
        }
    ));
    application.add_action(&action);
}

fn about(window: &adw::ApplicationWindow) {
    adw::AboutWindow::builder()
        .transient_for(window)
        .modal(true)
        .application_name("Desktop Control")
        .application_icon(APP_ID)
        .version(env!("CARGO_PKG_VERSION"))
        .comments("The control centre of this streamed desktop. In a terminal, desktopctl does the same.")
        .license_type(gtk::License::MitX11)
        .build()
        .present();
}
