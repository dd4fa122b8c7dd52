//! A window of the settings window's size with nothing in it but what every window has: what the toolkit itself takes
//! to start, and to stay.

use adw::prelude::*;
use gtk4 as gtk;
use libadwaita as adw;

const APP_ID: &str = "io.github.desktop_control.EmptyWindow";

fn main() -> gtk::glib::ExitCode {
    let application = adw::Application::builder().application_id(APP_ID).build();
    application.connect_activate(|application| {
        let content = gtk::Box::new(gtk::Orientation::Vertical, 0);
        content.append(&adw::HeaderBar::new());
        let window = adw::ApplicationWindow::builder().application(application).title("Empty").content(&content);
        window.default_width(960).default_height(640).build().present();
    });
    application.run()
}
