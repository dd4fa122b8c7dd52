//! `desktopctl autostart`: a file of the user's own, so the daemon is not asked.

use serde::Serialize;

use super::Failure;
use super::args::Switch;
use super::output::Output;
use crate::client::autostart::Autostart;

/// The document.
#[derive(Serialize)]
struct State {
    autostart: bool,
    /// The user's own file, whether it is there or not.
    file: String,
}

/// Switches it if that is wished, and tells how it is then.
pub(super) fn obey(switch: Option<Switch>, out: &mut Output) -> Result<(), Failure> {
    let autostart = Autostart::of_this_user().map_err(|error| {
        Failure::Autostart(format!("Nothing says where your settings are ({error}). Set HOME, then try again."))
    })?;
    let file = autostart.file();
    if let Some(switch) = switch {
        autostart.set(switch == Switch::On).map_err(|error| {
            let file = file.display();
            let sentence = format!("{file} cannot be written ({error}), so nothing has changed.");
            Failure::Autostart(sentence + " Make its folder writable, then try again.")
        })?;
    }
    if rustix::process::geteuid().is_root() {
        out.note("This is about root's own desktop. For another user's, run it as that user.");
    }
    let state = State { autostart: autostart.is_on(), file: file.to_string_lossy().into_owned() };
    if out.json {
        out.document(&state)?;
    } else {
        out.line(&sentence(&state, file.exists()))?;
    }
    Ok(())
}

fn sentence(State { autostart, file }: &State, is_there: bool) -> String {
    match (autostart, is_there) {
        (true, true) => format!("The tray icon starts with the desktop, as {file} says."),
        (true, false) => format!("The tray icon starts with the desktop. {file} could say otherwise and is not there."),
        (false, true) => format!("The tray icon does not start with the desktop, as {file} says."),
        (false, false) => "The tray icon does not start with the desktop, because nothing says so. `desktopctl \
                           autostart on` does."
            .to_owned(),
    }
}
