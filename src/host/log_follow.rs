//! Reading a service's log file from its end, and following it across rotation.
//!
//! Log folders may be writable by everybody, so a file is opened without following links and must be a regular file
//! with one name; otherwise a user could make root read any file to them.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use futures_util::StreamExt;
use inotify::{Inotify, WatchMask};
use rustix::fs::OFlags;
use rustix::process::{Gid, Uid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::unix::pipe;

use super::root::Root;

/// Bytes read from a file at once.
const BLOCK: usize = 64 * 1024;
/// However many lines were asked for, no more than this is read back from the end.
const MAX_TAIL: u64 = 4 * 1024 * 1024;

/// As whom a file is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// User id.
    pub uid: u32,
    /// All group ids, the primary one first.
    pub gids: Vec<u32>,
}

/// Opens a log file with the daemon's own rights, or exactly with those of `identity`: the kernel decides, on a
/// thread that has taken on that identity, so folders, links and access lists all count.
///
/// # Errors
/// It is not there, may not be read, or is not a plain file with one name.
pub fn open(path: &Path, identity: Option<&Identity>) -> io::Result<File> {
    let Some(identity) = identity else { return open_plain(path) };
    std::thread::scope(|scope| {
        let opened = scope.spawn(|| {
            become_identity(identity)?;
            open_plain(path)
        });
        opened.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))
    })
}

/// The first of these files that is there, opened as [`open`] does, and its place.
///
/// # Errors
/// None is there, or the last of those that are may not be read.
pub fn open_first(root: &Root, paths: &[String], identity: Option<&Identity>) -> io::Result<(File, PathBuf)> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for path in paths {
        let path = root.join(path);
        match open(&path, identity) {
            Ok(file) => return Ok((file, path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Takes on an identity, for the calling thread only and for good.
fn become_identity(identity: &Identity) -> io::Result<()> {
    let gids: Vec<Gid> = identity.gids.iter().map(|gid| Gid::from_raw(*gid)).collect();
    let gid = gids.first().copied().ok_or(io::ErrorKind::PermissionDenied)?;
    let uid = Uid::from_raw(identity.uid);
    set_thread_groups(&gids)?;
    set_thread_res_gid(gid, gid, gid)?;
    set_thread_res_uid(uid, uid, uid)?;
    Ok(())
}

fn open_plain(path: &Path) -> io::Result<File> {
    // NONBLOCK: opening a pipe that somebody put there must not hang.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.nlink() > 1 {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a plain file with one name"));
    }
    Ok(file)
}

/// What to send of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// So many of the last lines.
    pub lines: u32,
    /// Go on with what is written from then on.
    pub follow: bool,
}

/// Sends `file`, opened from `path`, into `out` until everything is sent or, when following, until the reader hangs
/// up. After a rotation the new file is opened as the old one was.
///
/// # Errors
/// The file or the folder can no longer be read. A reader that hangs up is no error.
pub async fn send(
    file: File,
    path: PathBuf,
    identity: Option<Identity>,
    request: Request,
    mut out: pipe::Sender,
) -> io::Result<()> {
    let mut reader = LogReader { file, path, identity };
    // Watch first, read then: what is written in between is seen twice by us, but sent once.
    let mut changes = if request.follow { Some(Changes::watch(&reader.path)?) } else { None };
    seek_to_last_lines(&mut reader.file, request.lines)?;
    loop {
        if let Err(error) = reader.drain_into(&mut out).await {
            return if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) };
        }
        let Some(changes) = &mut changes else { return Ok(()) };
        tokio::select! {
            change = changes.next() => if change? { reader.reopen(changes, &mut out).await? },
            // The other end is closed.
            _ = out.ready(Interest::ERROR) => return Ok(()),
        }
    }
}

struct LogReader {
    file: File,
    path: PathBuf,
    identity: Option<Identity>,
}

impl LogReader {
    async fn drain_into(&mut self, out: &mut pipe::Sender) -> io::Result<()> {
        if self.file.metadata()?.len() < self.file.stream_position()? {
            // Cut in place.
            self.file.seek(SeekFrom::Start(0))?;
        }
        let mut block = vec![0; BLOCK];
        loop {
            // A local file in the page cache: short enough for the one thread that there is.
            let read = self.file.read(&mut block)?;
            if read == 0 {
                return Ok(());
            }
            out.write_all(&block[..read]).await?;
        }
    }

    /// A new file stands under the name: what is left of the old one goes out first.
    async fn reopen(&mut self, changes: &mut Changes, out: &mut pipe::Sender) -> io::Result<()> {
        let new = match open(&self.path, self.identity.as_ref()) {
            Ok(new) => new,
            // Between two renames there may be nothing; the next change tells.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        if (new.metadata()?.dev(), new.metadata()?.ino()) == (self.file.metadata()?.dev(), self.file.metadata()?.ino())
        {
            return Ok(());
        }
        changes.watch_file(&self.path)?;
        match self.drain_into(out).await {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
            _ => self.file = new,
        }
        Ok(())
    }
}

/// Pushes from the kernel: writes to the file, and new files under its name.
struct Changes {
    stream: inotify::EventStream<[u8; 4096]>,
    watches: inotify::Watches,
    name: std::ffi::OsString,
}

impl Changes {
    fn watch(path: &Path) -> io::Result<Self> {
        let (folder, name) = path.parent().zip(path.file_name()).ok_or(io::ErrorKind::InvalidInput)?;
        let inotify = Inotify::init()?;
        let watches = inotify.watches();
        let mut changes = Self { stream: inotify.into_event_stream([0; 4096])?, watches, name: name.to_owned() };
        changes.watches.add(folder, WatchMask::CREATE | WatchMask::MOVED_TO)?;
        changes.watch_file(path)?;
        Ok(changes)
    }

    /// Watches whichever file stands under the name now. The watch on an earlier one ends with that file.
    fn watch_file(&mut self, path: &Path) -> io::Result<()> {
        match self.watches.add(path, WatchMask::MODIFY | WatchMask::DONT_FOLLOW) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Waits for a change; true if a new file may stand under the name.
    async fn next(&mut self) -> io::Result<bool> {
        loop {
            let event = self.stream.next().await.ok_or(io::ErrorKind::UnexpectedEof)??;
            match &event.name {
                Some(name) if *name == self.name => return Ok(true),
                // Somebody else's file in the same folder.
                Some(_) => {}
                None => return Ok(false),
            }
        }
    }
}

/// Leaves the file's position at the start of its last `lines` lines.
fn seek_to_last_lines(file: &mut File, lines: u32) -> io::Result<()> {
    let end = file.metadata()?.len();
    let floor = end.saturating_sub(MAX_TAIL);
    let mut start = end;
    let mut left = u64::from(lines);
    let mut block = vec![0; BLOCK];
    'blocks: while start > floor && left > 0 {
        let from = start.saturating_sub(BLOCK as u64).max(floor);
        let part = &mut block[..usize::try_from(start - from).unwrap_or(BLOCK)];
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(part)?;
        for (at, byte) in part.iter().enumerate().rev() {
            // The line end at the very end of the file ends a line; every other one also begins the next.
            if *byte == b'\n' && from + at as u64 + 1 < end {
                left -= 1;
                if left == 0 {
                    start = from + at as u64 + 1;
                    break 'blocks;
                }
            }
        }
        start = from;
    }
    file.seek(SeekFrom::Start(start)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn last(text: &str, lines: u32) -> String {
        let mut file = tempfile::tempfile().expect("file");
        file.write_all(text.as_bytes()).expect("write");
        seek_to_last_lines(&mut file, lines).expect("seek");
        let mut rest = String::new();
        file.read_to_string(&mut rest).expect("read");
        rest
    }

    #[test]
    fn the_last_lines_of_a_file() {
        assert_eq!(last("a\nb\nc\n", 2), "b\nc\n");
        assert_eq!(last("a\nb\nc", 2), "b\nc");
        assert_eq!(last("a\nb\n", 9), "a\nb\n");
        assert_eq!(last("a\nb\n", 0), "");
        assert_eq!(last("", 3), "");
        let long = format!("{}\nend\n", "x".repeat(3 * BLOCK));
        assert_eq!(last(&long, 1), "end\n");
        assert_eq!(last(&long, 2), long);
    }

    #[test]
    fn links_pipes_and_second_names_are_refused() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "text").expect("write");
        open(&file, None).expect("a plain file");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&file, &link).expect("link");
        open(&link, None).expect_err("a symbolic link");
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).expect("pipe");
        open(&pipe, None).expect_err("a pipe");
        std::fs::hard_link(&file, folder.path().join("second")).expect("link");
        open(&file, None).expect_err("a second name");
    }

    #[tokio::test]
    async fn follows_across_rotation_and_truncation() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("log");
        std::fs::write(&path, "one\ntwo\n").expect("write");
        let (sender, receiver) = pipe::pipe().expect("pipe");
        let file = open(&path, None).expect("opens");
        let request = Request { lines: 1, follow: true };
        let task = tokio::spawn(send(file, path.clone(), None, request, sender));
        let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(receiver));
        let mut next = async || {
            let line = tokio::time::timeout(std::time::Duration::from_secs(10), lines.next_line()).await;
            line.expect("in time").expect("readable").expect("a line")
        };
        assert_eq!(next().await, "two");
        let mut old = OpenOptions::new().append(true).open(&path).expect("opens");
        writeln!(old, "three").expect("write");
        assert_eq!(next().await, "three");
        std::fs::rename(&path, folder.path().join("log.old")).expect("rename");
        writeln!(old, "late").expect("write");
        std::fs::write(&path, "new file\n").expect("write");
        assert_eq!(next().await, "late");
        assert_eq!(next().await, "new file");
        std::fs::write(&path, "x\n").expect("truncate and write");
        assert_eq!(next().await, "x");
        drop(lines);
        let ended = tokio::time::timeout(std::time::Duration::from_secs(10), task).await;
        ended.expect("ends when the reader hangs up").expect("no panic").expect("no error");
    }
}
