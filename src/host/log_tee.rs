//! `desktop-controld log-tee NAME`: carries a service's output to its three sinks.
//!
//! 1. `/var/log/portal/NAME.log`, byte for byte, for log viewers that understand colours;
//! 2. `/var/log/NAME.log`, without escape sequences and with carriage returns as line ends;
//! 3. standard output, as 2, for the container's own log.
//!
//! At the start the last run's file becomes `NAME.log.old`. A file that has grown over [`FULL`] is replaced by its last
//! [`KEPT`] bytes, by a new file and a rename where the folder allows it. A sink that fails is skipped: nothing here
//! may ever stop the service behind it.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::root::Root;

/// A log file larger than this, in bytes, is cut.
pub const FULL: u64 = 5 * 1024 * 1024;
/// So many bytes of it are left.
pub const KEPT: u64 = 1024 * 1024;

/// Copies `input` to the sinks of the service `name` until it ends.
///
/// # Errors
/// `name` is not a file name, or the input cannot be read.
pub fn run(root: &Root, name: &str, mut input: impl Read, console: impl Write) -> io::Result<()> {
    if name.is_empty() || name.contains('/') || name.starts_with('.') {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the name of a service is no path"));
    }
    let mut raw = LogFile::begin(root.join(&format!("/var/log/portal/{name}.log")));
    let clean = LogFile::begin(root.join(&format!("/var/log/{name}.log")));
    let mut clean = strip_ansi_escapes::Writer::new(Clean { file: clean, console });
    let mut lines = LineEnds::default();
    let mut block = vec![0; 64 * 1024];
    loop {
        let read = match input.read(&mut block) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        raw.append(&block[..read]);
        // The sinks behind it swallow their own errors.
        let _ = clean.write_all(&lines.normalise(&block[..read])).and_then(|()| clean.flush());
    }
}

/// Turns `\r\n` and `\r` into `\n`, across block borders.
#[derive(Default)]
struct LineEnds {
    after_return: bool,
}

impl LineEnds {
    fn normalise(&mut self, block: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(block.len());
        for &byte in block {
            match byte {
                b'\r' => out.push(b'\n'),
                b'\n' if self.after_return => {}
                other => out.push(other),
            }
            self.after_return = byte == b'\r';
        }
        out
    }
}

/// The two sinks that get clean text.
struct Clean<W> {
    file: LogFile,
    console: W,
}

impl<W: Write> Write for Clean<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.append(bytes);
        let _ = self.console.write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self.console.flush();
        Ok(())
    }
}

/// A log file that is cut when it is full, or nothing where it cannot be written.
struct LogFile {
    path: PathBuf,
    file: Option<File>,
    len: u64,
}

impl LogFile {
    /// Puts the last run's file aside and starts a new one. In a folder that is not ours the old file is gone on with.
    fn begin(path: PathBuf) -> Self {
        let _ = std::fs::rename(&path, with_ending(&path, ".old"));
        let file = open_append(&path).ok();
        let len = file.as_ref().and_then(|file| file.metadata().ok()).map_or(0, |metadata| metadata.len());
        Self { path, file, len }
    }

    fn append(&mut self, bytes: &[u8]) {
        let Some(file) = &mut self.file else { return };
        // A full disk loses lines, not the service.
        if file.write_all(bytes).is_ok() {
            self.len += bytes.len() as u64;
        }
        if self.len > FULL {
            self.cut();
        }
    }

    fn cut(&mut self) {
        let Ok(tail) = read_tail(&self.path) else { return };
        let replaced = replace(&self.path, &tail).or_else(|_| rewrite(&self.path, &tail));
        if let Ok(file) = replaced {
            self.len = file.metadata().map_or(0, |metadata| metadata.len());
            self.file = Some(file);
        }
    }
}

fn open_append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o644).custom_flags(no_follow()).open(path)
}

fn no_follow() -> i32 {
    OFlags::NOFOLLOW.bits().cast_signed()
}

fn read_tail(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = OpenOptions::new().read(true).custom_flags(no_follow()).open(path)?;
    let len = file.metadata()?.len();
    file.seek(SeekFrom::Start(len.saturating_sub(KEPT)))?;
    let mut tail = Vec::new();
    file.take(KEPT).read_to_end(&mut tail)?;
    // A log that starts in the middle of a line misleads.
    let line = tail.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    tail.drain(..line);
    Ok(tail)
}

fn replace(path: &Path, tail: &[u8]) -> io::Result<File> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    new.write_all(tail)?;
    new.persist(path)?;
    open_append(path)
}

fn rewrite(path: &Path, tail: &[u8]) -> io::Result<File> {
    let mut file = open_append(path)?;
    file.set_len(0)?;
    file.write_all(tail)?;
    Ok(file)
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> (tempfile::TempDir, Root) {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::create_dir_all(folder.path().join("var/log/portal")).expect("folders");
        let root = Root::new(folder.path());
        (folder, root)
    }

    fn read(root: &Root, path: &str) -> String {
        String::from_utf8(std::fs::read(root.join(path)).expect("there")).expect("text")
    }

    #[test]
    fn three_sinks_one_of_them_raw() {
        let (_folder, root) = tree();
        let mut console = Vec::new();
        run(&root, "x", &b"\x1b[31mred\x1b[0m\r\n10%\r20%\n"[..], &mut console).expect("runs");
        assert_eq!(read(&root, "/var/log/portal/x.log"), "\x1b[31mred\x1b[0m\r\n10%\r20%\n");
        assert_eq!(read(&root, "/var/log/x.log"), "red\n10%\n20%\n");
        assert_eq!(console, b"red\n10%\n20%\n");
    }

    #[test]
    fn the_last_run_is_kept_beside() {
        let (_folder, root) = tree();
        run(&root, "x", &b"first\n"[..], io::sink()).expect("runs");
        run(&root, "x", &b"second\n"[..], io::sink()).expect("runs");
        assert_eq!(read(&root, "/var/log/portal/x.log.old"), "first\n");
        assert_eq!(read(&root, "/var/log/portal/x.log"), "second\n");
    }

    #[test]
    fn size_is_bounded_and_lines_stay_whole() {
        let (_folder, root) = tree();
        let line = [b"0123456789".repeat(10), b"\n".to_vec()].concat();
        run(&root, "x", line.repeat(120_000).as_slice(), io::sink()).expect("runs");
        for path in ["/var/log/portal/x.log", "/var/log/x.log"] {
            let text = read(&root, path);
            assert!((text.len() as u64) <= FULL + 64 * 1024, "{} bytes in {path}", text.len());
            assert!(text.lines().all(|kept| kept.len() == 100), "a line was cut in {path}");
        }
    }

    #[test]
    fn a_link_is_not_followed_and_the_service_goes_on() {
        let (folder, root) = tree();
        let victim = folder.path().join("victim");
        std::fs::write(&victim, "precious").expect("write");
        // The folder cannot be renamed over, so the link in the way of `.old` stays where it is.
        std::fs::create_dir_all(root.join("/var/log/portal/x.log.old/full")).expect("folder");
        std::os::unix::fs::symlink(&victim, root.join("/var/log/portal/x.log")).expect("link");
        let mut console = Vec::new();
        run(&root, "x", &b"hello\n"[..], &mut console).expect("runs");
        assert_eq!(std::fs::read_to_string(&victim).expect("there"), "precious");
        assert_eq!(console, b"hello\n");
    }

    #[test]
    fn a_path_is_no_name() {
        let (_folder, root) = tree();
        for name in ["", "../x", "a/b", ".hidden"] {
            assert!(run(&root, name, io::empty(), io::sink()).is_err(), "{name:?}");
        }
    }
}
