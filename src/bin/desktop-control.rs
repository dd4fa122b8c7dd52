//! The settings window.

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    // A closed standard error leaves nothing to say and nobody to say it to.
    let _ = writeln!(std::io::stderr(), "desktop-control: {}", desktop_control::window::NOT_YET);
    ExitCode::FAILURE
}
