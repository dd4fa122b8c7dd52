//! Reading on in the server's log, as far as it has grown since the last look.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;

use crate::model::stream::effective::Seen;

/// The most that is read at once, in bytes; of a longer log the end. A start writes some 5 KB, a viewer 1 KB.
const MOST: u64 = 1024 * 1024;
/// No line that tells anything is longer, in bytes.
const MOST_LINE: usize = 4096;

/// How far a log has been read, and what it said.
#[derive(Debug, Default)]
pub struct LogReading {
    /// The process whose log it is.
    pid: Option<u32>,
    /// The file: its disk and its number there.
    file: (u64, u64),
    position: u64,
    /// The beginning of a line that is not written to its end yet.
    rest: Vec<u8>,
    seen: Seen,
}

impl LogReading {
    /// Reads on. `pid` is the process that writes it: what another one has said is forgotten.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read_on(&mut self, mut file: File, pid: Option<u32>) -> io::Result<&Seen> {
        let metadata = file.metadata()?;
        let identity = (metadata.dev(), metadata.ino());
        if self.pid != pid {
            *self = Self { pid, ..Self::default() };
        }
        // A log that was cut, or begun anew under the same name, is read again; what it said before still holds.
        if self.file != identity || metadata.len() < self.position {
            self.file = identity;
            self.position = 0;
            self.rest.clear();
        }
        if metadata.len() - self.position > MOST {
            self.position = metadata.len() - MOST;
            self.rest.clear();
        }
        file.seek(SeekFrom::Start(self.position))?;
        let mut bytes = std::mem::take(&mut self.rest);
        self.position += file.take(MOST).read_to_end(&mut bytes)? as u64;
        let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        let rest = lines.pop().unwrap_or_default().to_vec();
        for line in lines.into_iter().filter(|line| line.len() <= MOST_LINE) {
            self.seen.read(&String::from_utf8_lossy(line));
        }
        self.rest = if rest.len() <= MOST_LINE { rest } else { Vec::new() };
        Ok(&self.seen)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const START: &str = "INFO:main:Selkies 2.1.0 starting: websockets transport, X11.\n";
    const JPEG: &str =
        "[X11] Stream settings active -> Res: 1280x720 | FPS: 20.0 | Encoder: CPU (turbojpeg) | Mode: JPEG\n";

    fn encoder(reading: &mut LogReading, path: &std::path::Path, pid: u32) -> Option<String> {
        let seen = reading.read_on(File::open(path).expect("opens"), Some(pid)).expect("readable");
        seen.picture.as_ref()?.encoder.clone()
    }

    #[test]
    fn a_log_is_read_on_where_it_was_left() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("log");
        let mut log = File::create(&path).expect("made");
        let mut reading = LogReading::default();
        log.write_all(START.as_bytes()).expect("written");
        assert_eq!(encoder(&mut reading, &path, 1), None);
        let (first, second) = JPEG.split_at(40);
        log.write_all(first.as_bytes()).expect("written");
        assert_eq!(encoder(&mut reading, &path, 1), None, "the line has no end yet");
        log.write_all(second.as_bytes()).expect("written");
        assert_eq!(encoder(&mut reading, &path, 1).as_deref(), Some("jpeg"));
        // Cut by whoever carries it.
        std::fs::write(&path, "INFO:ws:something\n").expect("written");
        assert_eq!(encoder(&mut reading, &path, 1).as_deref(), Some("jpeg"));
        assert_eq!(encoder(&mut reading, &path, 2), None, "another process");
    }

    #[test]
    fn of_a_long_log_the_end_is_read() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("log");
        let noise = "x".repeat(100) + "\n";
        std::fs::write(&path, noise.repeat(20_000) + JPEG).expect("written");
        assert_eq!(encoder(&mut LogReading::default(), &path, 1).as_deref(), Some("jpeg"));
    }
}
