//! The settings window.

use std::process::ExitCode;

fn main() -> ExitCode {
    desktop_control::window::run(std::env::args_os())
}
