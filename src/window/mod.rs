//! The settings window. A client of the daemon like any other; the only part of ours that knows GTK.
//!
//! It lives inside the video that it controls, so it repaints what has changed and nothing else: no spinner, no
//! animation while idle, nothing more than once a second.

mod actions;
mod app;
mod arguments;
mod confirm;
mod format;
mod known;
mod log;
mod page;
mod pages;
mod request;
mod rows;
mod sidebar;

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

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
/// The desktop is drawn by the CPU, or sent through VirtualGL. Either way a window that draws itself with OpenGL starts
/// later, needs more memory and gains nothing. The environment may say otherwise.
const RENDERER: (&str, &str) = ("GSK_RENDERER", "cairo");

/// Opens the window, or asks the one that is open already, and stays until it is closed.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Err(error) = Arguments::read(&arguments) {
        // Nobody reads what a launcher's child says; then the exit code is all there is.
        let _ = error.print();
        return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
    }
    choose_renderer(&arguments);
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

/// GTK takes its renderer from the environment of the process, and only a process that is about to begin may be given
/// another one: so this one begins anew.
fn choose_renderer(arguments: &[OsString]) {
    let (name, value) = RENDERER;
    if std::env::var_os(name).is_none()
        && let Ok(program) = std::env::current_exe()
    {
        // It returns where that failed; then the window opens with the renderer that GTK takes.
        let _ = Command::new(program).args(arguments.iter().skip(1)).env(name, value).exec();
    }
}
