//! The tray icon.

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    // A closed standard error leaves nothing to say and nobody to say it to.
    let _ = writeln!(std::io::stderr(), "desktop-control-tray: {}", desktop_control::tray::NOT_YET);
    ExitCode::FAILURE
}
