//! The wire contract: names, paths, errors and proxies. What a third party needs to talk to the daemon.
//!
//! The same contract as XML, made from the daemon's own introspection, lies under `data/dbus`.

pub mod access;
pub mod cuda;
mod error;
pub mod gpu;
pub mod proxy;
pub mod stream;
pub mod vnc;

pub use error::Error;

/// Application id of the window, and the name of its desktop file.
pub const APP_ID: &str = "io.github.desktop_control.DesktopControl";
/// The daemon's name on the system bus.
pub const BUS_NAME: &str = "io.github.desktop_control.Control1";
/// The root object, which is also the `org.freedesktop.DBus.ObjectManager`.
pub const ROOT_PATH: &str = "/io/github/desktop_control/Control1";
/// The version of the contract. It only grows; what is deprecated stays.
pub const API_VERSION: u32 = 1;

/// Interface names.
pub mod interface {
    /// The root object.
    pub const ROOT: &str = "io.github.desktop_control.Control1";
    /// A supervised service, at `/service/<escaped name>`.
    pub const SERVICE: &str = "io.github.desktop_control.Control1.Service";
    /// A job, at `/job/<number>`.
    pub const JOB: &str = "io.github.desktop_control.Control1.Job";
    /// The ways in, at `/access`.
    pub const ACCESS: &str = "io.github.desktop_control.Control1.Access";
    /// The Selkies stream, at `/stream`.
    pub const STREAM: &str = "io.github.desktop_control.Control1.Stream";
    /// A change on trial, at `/pending/<number>`.
    pub const PENDING: &str = "io.github.desktop_control.Control1.Pending";
    /// A GPU, or a MIG instance of one, at `/gpu/<escaped UUID>`.
    pub const GPU: &str = "io.github.desktop_control.Control1.Gpu";
    /// The VNC server, at `/vnc`.
    pub const VNC: &str = "io.github.desktop_control.Control1.Vnc";
    /// CUDA as a whole, at `/cuda`.
    pub const CUDA: &str = "io.github.desktop_control.Control1.Cuda";
    /// An installed CUDA toolkit, at `/toolkit/<escaped version>`.
    pub const TOOLKIT: &str = "io.github.desktop_control.Control1.Toolkit";
}

/// The polkit actions. Whoever may do one may do everything that it stands for.
pub mod action {
    /// Start, stop and restart services, read logs that the caller could not open, end other users' processes on a GPU.
    pub const MANAGE_SERVICES: &str = "io.github.desktop_control.manage-services";
    /// Change settings of the stream.
    pub const CONFIGURE_STREAMING: &str = "io.github.desktop_control.configure-streaming";
    /// Change settings of VNC.
    pub const CONFIGURE_VNC: &str = "io.github.desktop_control.configure-vnc";
    /// Install and remove software.
    pub const INSTALL_SOFTWARE: &str = "io.github.desktop_control.install-software";
    /// Cancel a job that another user started.
    pub const CANCEL_FOREIGN: &str = "io.github.desktop_control.cancel-foreign";
    /// All of them.
    pub const ALL: [&str; 5] = [MANAGE_SERVICES, CONFIGURE_STREAMING, CONFIGURE_VNC, INSTALL_SOFTWARE, CANCEL_FOREIGN];
}

/// The path of a fixed object: `below("access")`.
#[must_use]
pub fn below(name: &str) -> String {
    format!("{ROOT_PATH}/{name}")
}

/// The path of the service that supervisord calls `name`.
#[must_use]
pub fn service_path(name: &str) -> String {
    below(&format!("service/{}", escape(name)))
}

/// The path of a job.
#[must_use]
pub fn job_path(id: u64) -> String {
    below(&format!("job/{id}"))
}

/// The path of a change on trial.
#[must_use]
pub fn pending_path(id: u64) -> String {
    below(&format!("pending/{id}"))
}

/// The path of the GPU with this UUID.
#[must_use]
pub fn gpu_path(uuid: &str) -> String {
    below(&format!("gpu/{}", escape(uuid)))
}

/// The path of the toolkit with this name.
#[must_use]
pub fn toolkit_path(id: &str) -> String {
    below(&format!("toolkit/{}", escape(id)))
}

/// The last element of an object path, unescaped: the inverse of [`service_path`] and of [`job_path`].
#[must_use]
pub fn name_of(path: &str) -> String {
    unescape(path.rsplit('/').next().unwrap_or_default())
}

/// Escapes a name as an element of an object path: letters and digits stay, every other byte becomes `_` and two
/// hexadecimal digits; the empty name is a single `_`.
#[must_use]
pub fn escape(name: &str) -> String {
    if name.is_empty() {
        return "_".into();
    }
    let escaped = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("_{byte:02x}") }
    };
    name.bytes().map(escaped).collect()
}

/// The inverse of [`escape`]. What was never escaped comes back as well as it can.
#[must_use]
pub fn unescape(element: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = element.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = tail.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match (first, code) {
            (b'_', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            (b'_', None) => rest = tail,
            (other, _) => {
                bytes.push(*other);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_survives_its_path() {
        for name in ["selkies", "x-server", "web:front", "", "a/b/../c", "line\nbreak", "ünïcödé", "_", "a_b", "%s"]
        {
            let path = service_path(name);
            assert!(zbus::zvariant::ObjectPath::try_from(path.as_str()).is_ok(), "{path}");
            assert_eq!(name_of(&path), name);
        }
    }

    #[test]
    fn different_names_have_different_paths() {
        assert_ne!(service_path("a-b"), service_path("a_b"));
        assert_ne!(service_path("a_2db"), service_path("a-b"));
    }
}
