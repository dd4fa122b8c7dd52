//! Where packages are to come from: what the configuration says, and the mirror that somebody has set since.
//!
//! The configuration is written by hand, and is not ours to write. So what is set goes to a file of its own, which goes
//! before it.

use std::io;

use crate::host::root::Root;
use crate::model::config::{self, CONFIG};
use crate::model::install::event::Failure;
use crate::model::install::mirror::Mirror;

const MIRROR: &str = "/var/lib/desktop-control/repository.json";

/// See the module.
pub(super) struct Settings {
    pub(super) configured: config::Cuda,
    pub(super) mirror: Option<Mirror>,
}

pub(super) fn read(root: &Root) -> Result<Settings, Failure> {
    let bad = |error: &dyn std::fmt::Display| {
        Failure::new("Unsupported", format!("{CONFIG} cannot be used ({error}). Put it right, then try again."))
    };
    let text = root.read(CONFIG).map_err(|error| bad(&error))?.unwrap_or_default();
    let configured = config::parse(&text).map_err(|error| bad(&error))?.cuda;
    // Never fallen back from: who has set a mirror wants nothing from elsewhere.
    let broken = |error: &dyn std::fmt::Display| {
        let message = format!(
            "{MIRROR}, which names the repository that was set, cannot be used ({error}). \
             `desktopctl cuda repository --reset` forgets it."
        );
        Failure::new("Unsupported", message)
    };
    let text = root.read(MIRROR).map_err(|error| broken(&error))?;
    let mirror = text.map(|text| serde_json::from_str(&text)).transpose().map_err(|error| broken(&error))?;
    Ok(Settings { configured, mirror })
}

/// Sets a mirror, whole or not at all.
pub(in crate::daemon) fn set(root: &Root, mirror: &Mirror) -> io::Result<()> {
    root.write(MIRROR, &serde_json::to_vec(mirror)?, 0o644)
}

/// Forgets the mirror that was set.
pub(in crate::daemon) fn reset(root: &Root) -> io::Result<()> {
    root.remove(MIRROR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_goes_before_the_configuration_and_leaves_it_alone() {
        const TEXT: &str = "# mine\n[cuda]\nrepository = 'http://a'\nkey = '/k'\n";
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        root.write(CONFIG, TEXT.as_bytes(), 0o644).expect("write");
        let key = include_bytes!("../../../tests/fixtures/install/key.asc");
        let mirror = Mirror::new("http://b", key.to_vec(), None).expect("a mirror");
        set(&root, &mirror).expect("set");
        let settings = read(&root).expect("readable");
        assert_eq!((settings.mirror, settings.configured.repository.as_str()), (Some(mirror), "http://a"));
        assert_eq!(root.read(CONFIG).expect("readable").as_deref(), Some(TEXT));
        root.write(MIRROR, b"{\"url\":\"http://b\"", 0o644).expect("write");
        let failure = read(&root).map(drop).expect_err("half a file");
        assert!(failure.message.contains("--reset"), "{failure}");
        reset(&root).expect("reset");
        reset(&root).expect("there is nothing left, and that is no error");
        assert_eq!(read(&root).expect("readable").mirror, None);
        root.write(CONFIG, b"[cuda]\nrepo = 1", 0o644).expect("write");
        assert!(read(&root).map(drop).expect_err("misspelt").message.contains("config.toml"));
    }
}
