//! What a user likes: `~/.config/desktop-control/settings.toml`. The window writes it, the tray follows it, the daemon
//! knows nothing of it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::StreamExt;
use inotify::{Inotify, WatchMask};
use serde::{Deserialize, Serialize};

/// Whoever writes by hand may save more than once.
const SETTLE: Duration = Duration::from_millis(200);
/// No settings of ours are as long as this.
const LONGEST: u64 = 1 << 20;

/// All of it. What the file does not say is as in [`Preferences::default`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Preferences {
    /// Light or dark.
    pub colour_scheme: ColourScheme,
    /// What is worth a message.
    pub notifications: Notifications,
    /// How the window was left.
    pub window: Window,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColourScheme {
    /// As the desktop.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

/// What is worth a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Notifications {
    /// A service does not do its work.
    pub trouble: bool,
    /// It does again.
    pub recovered: bool,
    /// Of GPUs.
    pub gpu: GpuMessages,
}

impl Default for Notifications {
    fn default() -> Self {
        Self { trouble: true, recovered: true, gpu: GpuMessages::default() }
    }
}

/// What about GPUs is worth a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct GpuMessages {
    /// One is lost, or does not work.
    pub lost: bool,
    /// One has been slowed down by heat or its power supply for a while.
    pub throttled: bool,
    /// The driver has reported an error of one (Xid), be it of a program alone.
    pub xid: bool,
    /// The memory of one is as full as this, in per cent; 0: that is never told.
    pub memory_percent: u8,
    /// The stream is not encoded as configured.
    pub fallback: bool,
}

impl Default for GpuMessages {
    // What a busy machine does again and again is told to who asks for it.
    fn default() -> Self {
        Self { lost: true, throttled: false, xid: false, memory_percent: 0, fallback: true }
    }
}

/// How the window was left. Sizes in pixels of the toolkit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Window {
    /// Width.
    pub width: i32,
    /// Height.
    pub height: i32,
    /// It filled the screen.
    pub maximized: bool,
    /// The page that was open, by its name on the command line.
    pub page: String,
}

impl Default for Window {
    fn default() -> Self {
        Self { width: 960, height: 640, maximized: false, page: "overview".into() }
    }
}

/// The file that holds them.
#[derive(Clone, Debug)]
pub struct PreferencesFile(PathBuf);

impl PreferencesFile {
    /// This user's; an error where the user has no home.
    ///
    /// # Errors
    /// Neither `XDG_CONFIG_HOME` nor a home folder is known.
    pub fn of_this_user() -> io::Result<Self> {
        Ok(Self(config_home()?.join("desktop-control/settings.toml")))
    }

    /// At this path.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// What it says; all defaults if there is no file.
    ///
    /// # Errors
    /// One sentence that names the file: it cannot be read, or holds what no preferences are. Defaults are to be used.
    pub fn load(&self) -> Result<Preferences, String> {
        self.typed(self.table()?)
    }

    /// Changes something and writes all of it, whole or not at all. What others wrote into the file stays; a file
    /// that cannot be understood is kept beside the new one as `settings.toml.unreadable`.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn change(&self, edit: impl FnOnce(&mut Preferences)) -> io::Result<Preferences> {
        // Where the file is a link, what it leads to is the file.
        let path = self.0.canonicalize().unwrap_or_else(|_| self.0.clone());
        let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        std::fs::create_dir_all(folder)?;
        let known = self.table().and_then(|table| Ok((self.typed(table.clone())?, table)));
        let (mut preferences, mut table) = known.or_else(|_| {
            std::fs::rename(&path, path.with_extension("toml.unreadable"))?;
            io::Result::Ok(Default::default())
        })?;
        edit(&mut preferences);
        overlay(&mut table, toml::Table::try_from(&preferences).map_err(io::Error::other)?);
        write_whole(&path, table.to_string().as_bytes())?;
        Ok(preferences)
    }

    /// Calls `changed` after each change of the file, for as long as it is polled.
    ///
    /// # Errors
    /// Its folder cannot be watched.
    pub async fn follow(&self, mut changed: impl FnMut()) -> io::Result<()> {
        let folder = self.0.parent().ok_or(io::ErrorKind::InvalidInput)?;
        std::fs::create_dir_all(folder)?;
        let inotify = Inotify::init()?;
        inotify.watches().add(folder, WatchMask::CLOSE_WRITE | WatchMask::MOVED_TO | WatchMask::DELETE)?;
        let mut events = inotify.into_event_stream([0; 1024])?;
        while let Some(event) = events.next().await {
            if event?.name.as_deref() == self.0.file_name() {
                tokio::time::sleep(SETTLE).await;
                changed();
            }
        }
        Ok(())
    }

    fn typed(&self, table: toml::Table) -> Result<Preferences, String> {
        table.try_into().map_err(|error: toml::de::Error| self.complaint(error.message()))
    }

    fn table(&self) -> Result<toml::Table, String> {
        match std::fs::metadata(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(toml::Table::new()),
            Ok(about) if about.len() > LONGEST => return Err(self.complaint("it is longer than any settings are")),
            _ => {}
        }
        let text = std::fs::read_to_string(&self.0).map_err(|error| self.complaint(&error.to_string()))?;
        text.parse().map_err(|error: toml::de::Error| self.complaint(error.message()))
    }

    fn complaint(&self, why: &str) -> String {
        format!("{} is not used: {why}. Mend or delete the file.", self.0.display())
    }
}

/// The folder of this user's settings.
pub(super) fn config_home() -> io::Result<PathBuf> {
    let named = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::home_dir().filter(|path| path.is_absolute()).map(|home| home.join(".config"));
    named.or_else(home).ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "this user has no home folder"))
}

/// A reader sees the old file or the new one, never a part.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Lays `above` over `below`, table by table.
fn overlay(below: &mut toml::Table, above: toml::Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => overlay(below, above),
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> (tempfile::TempDir, PreferencesFile) {
        let folder = tempfile::tempdir().unwrap();
        let file = PreferencesFile::at(folder.path().join("below/settings.toml"));
        (folder, file)
    }

    #[test]
    fn no_file_is_all_defaults_and_a_change_makes_one() {
        let (_folder, file) = file();
        assert_eq!(file.load(), Ok(Preferences::default()));
        file.change(|all| all.window.page = "services".into()).unwrap();
        assert_eq!(file.load().unwrap().window.page, "services");
    }

    #[test]
    fn what_others_wrote_stays() {
        let (_folder, file) = file();
        file.change(|_| {}).unwrap();
        std::fs::write(&file.0, "of-a-later-version = 7\n[notifications]\nrecovered = false\nmore = 'x'\n").unwrap();
        file.change(|all| all.colour_scheme = ColourScheme::Dark).unwrap();
        let text = std::fs::read_to_string(&file.0).unwrap();
        for part in ["of-a-later-version = 7", "more = ", "recovered = false", "colour-scheme = \"dark\""] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_understood_is_told_kept_and_replaced() {
        let (_folder, file) = file();
        file.change(|_| {}).unwrap();
        for broken in ["window = 3", "= no TOML", "colour-scheme = 'beige'"] {
            std::fs::write(&file.0, broken).unwrap();
            let complaint = file.load().unwrap_err();
            assert!(complaint.contains("settings.toml is not used: "), "{complaint}");
            file.change(|all| all.window.width = 700).unwrap();
            assert_eq!(file.load().unwrap().window.width, 700);
            assert_eq!(std::fs::read_to_string(file.0.with_extension("toml.unreadable")).unwrap(), broken);
        }
    }

    #[tokio::test]
    async fn a_change_is_told() {
        let (_folder, file) = file();
        file.change(|_| {}).unwrap();
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let follow = file.follow(|| tell.send(()).unwrap());
        tokio::pin!(follow);
        // Watching begins with the first poll.
        assert!(tokio::time::timeout(Duration::from_millis(10), &mut follow).await.is_err());
        file.change(|all| all.notifications.trouble = false).unwrap();
        let heard = tokio::select! {
            _ = &mut follow => None,
            heard = tokio::time::timeout(Duration::from_secs(30), told.recv()) => heard.ok().flatten(),
        };
        assert_eq!(heard, Some(()));
    }
}
