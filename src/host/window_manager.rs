//! Asking a display for its window manager, in a child process: Xlib's protocol has no time-outs, so a wedged X server
//! would hang whoever asks. The child runs as the owner of the display's socket, since only that user's cookie lets
//! it in and root has no business reading the user's files.

use std::os::unix::fs::MetadataExt;
use std::process::Stdio;

use tokio::process::Command;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt};

/// The daemon's subcommand for the child's side.
pub const SUBCOMMAND: &str = "window-manager-probe";

/// Starts the child and passes on what it found. The caller bounds the time; dropping the future kills the child.
///
/// # Errors
/// One phrase on what is missing.
pub async fn ask(display: &str) -> Result<(), String> {
    let mut command = Command::new("/proc/self/exe");
    command.args([SUBCOMMAND, display]).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    if let Some(uid) = socket_owner(display)
        && rustix::process::geteuid().is_root()
    {
        command.uid(uid);
        // Where our own stack keeps the display's cookie; an operator's variable stands above it.
        if std::env::var_os("XAUTHORITY").is_none() {
            command.env("XAUTHORITY", format!("/run/user/{uid}/Xauthority"));
        }
    }
    let output = command.output().await.map_err(|error| format!("the display cannot be asked ({error})"))?;
    if output.status.success() {
        return Ok(());
    }
    let reason: String =
        String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().chars().take(200).collect();
    Err(if reason.is_empty() { format!("display {display} cannot be asked") } else { reason })
}

fn socket_owner(display: &str) -> Option<u32> {
    let number = display.strip_prefix(':')?.split('.').next()?;
    std::fs::symlink_metadata(format!("/tmp/.X11-unix/X{number}")).ok().map(|socket| socket.uid())
}

/// The child's side: looks for a window manager on `display`.
///
/// Source: EWMH 1.5 `_NET_SUPPORTING_WM_CHECK`: the root window names a window of the manager's which names itself. A
/// dead manager's window is gone, so a stale property does not pass.
///
/// # Errors
/// One phrase on what is missing.
pub fn look(display: &str) -> Result<(), String> {
    let no_answer = |error: &dyn std::fmt::Display| format!("display {display} cannot be opened ({error})");
    let (connection, screen) = x11rb::connect(Some(display)).map_err(|error| no_answer(&error))?;
    let root = connection.setup().roots.get(screen).ok_or_else(|| no_answer(&"it has no screen"))?.root;
    let atom = connection.intern_atom(false, b"_NET_SUPPORTING_WM_CHECK").map_err(|error| no_answer(&error))?;
    let atom = atom.reply().map_err(|error| no_answer(&error))?.atom;
    let named_by = |window| {
        let cookie = connection.get_property(false, window, atom, AtomEnum::WINDOW, 0, 1).ok()?;
        cookie.reply().ok()?.value32()?.next()
    };
    match named_by(root) {
        Some(window) if named_by(window) == Some(window) => Ok(()),
        _ => Err(format!("no window manager on display {display}")),
    }
}
