//! The command line.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    desktop_control::cli::run(std::env::args_os()).await
}
