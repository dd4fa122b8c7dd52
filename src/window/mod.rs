//! The settings window. A client of the daemon like any other; the only part of ours that knows GTK.
//!
//! It lives inside the video that it controls, so it repaints what has changed and nothing else: no spinner, no
//! animation while idle, nothing more than once a second.

mod actions;
mod app;
mod arguments;
mod begun;
mod column;
mod confirm;
mod format;
mod glance;
mod gpu_watch;
mod graph;
mod known;
mod liked;
mod log;
mod page;
mod pages;
mod pending;
mod quiet;
mod request;
mod rows;
mod sidebar;
mod trend;
mod ways;
mod wizard;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use adw::prelude::*;
use gtk::{gio, glib};
use libadwaita as adw;
use relm4::RelmApp;
use relm4::gtk;

use self::arguments::Arguments;
use crate::api::APP_ID;
use crate::client::preferences::PreferencesFile;

/// What the library's own style lacks.
const STYLE: &str = include_str!("../../resources/style.css");
/// How GTK is told to draw with the CPU. The desktop is drawn so itself, or sent through VirtualGL; either way a window
/// that draws itself with OpenGL starts later, needs more memory and gains nothing.
const RENDERER: (&str, &str) = ("GSK_RENDERER", "cairo");
/// And how it is told not even to load OpenGL, which takes a third of its start and half of its memory: since 4.16, and
/// before.
const WITHOUT_GL: [(&str, &str); 2] = [("GDK_DISABLE", "gl,vulkan"), ("GDK_DEBUG", "gl-disable")];

/// Opens the window, or asks the one that is open already, and stays until it is closed.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Err(instead) = Arguments::read(&arguments) {
        return instead.say(std::io::stdout(), std::io::stderr());
    }
    choose_renderer();
    if let Err(error) = adw::init() {
        let sentence = format!("desktop-control: there is no display to open a window on ({error}).");
        let _ = writeln!(std::io::stderr(), "{sentence} Start it inside the desktop.");
        return ExitCode::FAILURE;
    }
    relm4::set_global_css(STYLE);
    if let Some(settings) = gtk::Settings::default() {
        // Each frame of an animation is one that must be sent.
        settings.set_gtk_enable_animations(false);
        // A cursor that blinks is faded in and out, some thirty times a second.
        settings.set_gtk_cursor_blink(false);
    }
    // One thread for the bus, and few for files: the library's default is 512.
    let _ = relm4::RELM_BLOCKING_THREADS.set(4);
    glib::set_application_name("Desktop Control");
    gtk::Window::set_default_icon_name(APP_ID);
    let application = adw::Application::new(Some(APP_ID), gio::ApplicationFlags::HANDLES_COMMAND_LINE);
    application.connect_command_line(|application, line| {
        // What another start was told arrives here too; it was read there once already.
        if let Ok(arguments) = Arguments::read(&line.arguments()) {
            arguments.obey(application);
        }
        application.activate();
        glib::ExitCode::SUCCESS
    });
    let preferences = PreferencesFile::of_this_user();
    let words = arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    RelmApp::from_app(application.clone()).with_args(words).run::<app::App>(app::Init { application, preferences });
    ExitCode::SUCCESS
}

/// GTK takes this from the environment alone. Whoever has chosen a renderer there gets it, with all that it needs.
fn choose_renderer() {
    if std::env::var_os(RENDERER.0).is_some() {
        return;
    }
    let [since, before] = WITHOUT_GL;
    for (name, value) in [RENDERER, if gtk::minor_version() < 16 { before } else { since }] {
        if std::env::var_os(name).is_none() {
            #[expect(unsafe_code, reason = "there is one thread yet, so nobody reads what is changed here")]
            unsafe {
                std::env::set_var(name, value);
            }
        }
    }
}
