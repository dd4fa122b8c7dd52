//! Whether the tray icon starts with the desktop, by the freedesktop.org Autostart Specification 0.5: the entry is
//! installed for everybody, and a user's own file of the same name stands over it.

use std::io;
use std::path::{Path, PathBuf};

use super::preferences::{config_home, write_whole};

/// The entry's file name.
pub const ENTRY: &str = "io.github.desktop_control.Tray.desktop";
/// What a user's file says where nobody installed one that could be copied.
const OWN_ENTRY: &str = "[Desktop Entry]\nType=Application\nName=Desktop Control\nExec=desktop-control-tray\n\
                         Icon=io.github.desktop_control.DesktopControl\n";
/// The key that switches an entry off.
const HIDDEN: &str = "Hidden";

/// Where the entries are.
#[derive(Clone, Debug)]
pub struct Autostart {
    user: PathBuf,
    system: Vec<PathBuf>,
}

impl Autostart {
    /// Of this user, by `XDG_CONFIG_HOME` and `XDG_CONFIG_DIRS`.
    ///
    /// # Errors
    /// The user has no home.
    pub fn of_this_user() -> io::Result<Self> {
        let folders = std::env::var("XDG_CONFIG_DIRS").ok().filter(|folders| !folders.is_empty());
        let folders = folders.unwrap_or_else(|| "/etc/xdg".into());
        Ok(Self::at(&config_home()?, std::env::split_paths(&folders)))
    }

    /// With these folders of settings.
    fn at(user: &Path, system: impl Iterator<Item = PathBuf>) -> Self {
        let entry = |folder: &Path| folder.join("autostart").join(ENTRY);
        Self { user: entry(user), system: system.map(|folder| entry(&folder)).collect() }
    }

    /// The user's own file, which may not be there.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.user
    }

    /// Whether the tray icon starts with the desktop.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.entry().is_some_and(|entry| !is_hidden(&entry))
    }

    /// Switches it, in the user's own file. What else that file says stays; a new one is a copy of the installed one.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn set(&self, on: bool) -> io::Result<()> {
        if self.is_on() == on {
            return Ok(());
        }
        let entry = self.entry().unwrap_or_else(|| OWN_ENTRY.into());
        write_whole(&self.user, with_hidden(&entry, !on).as_bytes())
    }

    /// What counts: the user's file, else the first that is installed.
    fn entry(&self) -> Option<String> {
        let mut paths = std::iter::once(&self.user).chain(&self.system);
        paths.find_map(|path| std::fs::read_to_string(path).ok())
    }
}

/// The lines of the group `[Desktop Entry]`, with their numbers.
fn own_group(entry: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = entry.lines().enumerate().skip_while(|(_, line)| line.trim() != "[Desktop Entry]");
    lines.skip(1).take_while(|(_, line)| !line.trim_start().starts_with('['))
}

fn hidden_line(entry: &str) -> Option<(usize, &str)> {
    own_group(entry).find_map(|(at, line)| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == HIDDEN).then_some((at, value.trim()))
    })
}

fn is_hidden(entry: &str) -> bool {
    hidden_line(entry).is_some_and(|(_, value)| value == "true")
}

fn with_hidden(entry: &str, hidden: bool) -> String {
    let mut lines: Vec<String> = entry.lines().map(str::to_owned).collect();
    let line = format!("{HIDDEN}={hidden}");
    match (hidden_line(entry), own_group(entry).next()) {
        (Some((at, _)), _) => lines[at] = line,
        (None, Some((first, _))) => lines.insert(first, line),
        // No entry at all, whatever it is.
        (None, None) => lines = OWN_ENTRY.lines().map(str::to_owned).chain([line]).collect(),
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn autostart(installed: Option<&str>) -> (tempfile::TempDir, Autostart) {
        let folder = tempfile::tempdir().unwrap();
        let system = folder.path().join("system");
        std::fs::create_dir_all(system.join("autostart")).unwrap();
        if let Some(text) = installed {
            std::fs::write(system.join("autostart").join(ENTRY), text).unwrap();
        }
        let autostart = Autostart::at(&folder.path().join("user"), [system].into_iter());
        (folder, autostart)
    }

    const INSTALLED: &str = "# comment\n[Desktop Entry]\nType=Application\nExec=x\n\n[Other]\nHidden=true\n";

    #[test]
    fn the_installed_entry_starts_it_and_the_users_file_masks_it() {
        let (_folder, autostart) = autostart(Some(INSTALLED));
        assert!(autostart.is_on());
        autostart.set(true).unwrap();
        assert!(!autostart.file().exists(), "nothing to write");
        autostart.set(false).unwrap();
        assert!(!autostart.is_on());
        let text = std::fs::read_to_string(autostart.file()).unwrap();
        assert!(text.contains("[Desktop Entry]\nHidden=true\nType=Application\nExec=x\n"), "{text}");
        autostart.set(true).unwrap();
        assert!(autostart.is_on());
    }

    #[test]
    fn what_the_user_wrote_stays() {
        let (_folder, autostart) = autostart(Some(INSTALLED));
        write_whole(autostart.file(), b"[Desktop Entry]\nHidden = true\nExec=mine --flag\n").unwrap();
        assert!(!autostart.is_on());
        autostart.set(true).unwrap();
        let text = std::fs::read_to_string(autostart.file()).unwrap();
        assert_eq!(text, "[Desktop Entry]\nHidden=false\nExec=mine --flag\n");
    }

    #[test]
    fn without_an_installed_entry_the_user_gets_a_whole_one() {
        let (_folder, autostart) = autostart(None);
        assert!(!autostart.is_on());
        autostart.set(true).unwrap();
        assert!(autostart.is_on());
        assert!(std::fs::read_to_string(autostart.file()).unwrap().contains("Exec=desktop-control-tray"));
    }

    #[test]
    fn nonsense_in_the_users_file_is_replaced_by_an_entry() {
        let (_folder, autostart) = autostart(None);
        write_whole(autostart.file(), b"\0\n[").unwrap();
        autostart.set(false).unwrap();
        assert!(!autostart.is_on());
    }
}
