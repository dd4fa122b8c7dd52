//! A server for a repository on the loopback: as slow as is asked, and with the faults that are asked for.

#![allow(dead_code, reason = "every test program uses another part of this")]

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

type Hook = Box<dyn FnMut() + Send>;

/// What is wrong with it.
#[derive(Default)]
pub(crate) struct Faults {
    /// Bytes in a second; none: as fast as it can.
    pub(crate) rate: Option<u64>,
    /// Files whose name holds this are cut off at that percentage of their bytes, so many times.
    pub(crate) cut: Option<(String, u64, u32)>,
    /// Called once when that percentage of a file whose name holds this has been sent.
    pub(crate) hook: Option<(String, u64, Hook)>,
    /// Nobody is answered.
    pub(crate) refuse: bool,
    /// Everything is "404 Not Found".
    pub(crate) gone: bool,
    /// What was asked for, and from which byte on.
    pub(crate) asked: Vec<(String, u64)>,
}

/// See the module. It ends with this.
pub(crate) struct Server {
    port: u16,
    faults: Arc<Mutex<Faults>>,
    folder: Arc<Mutex<PathBuf>>,
    ended: Arc<AtomicBool>,
}

impl Server {
    pub(crate) fn of(folder: PathBuf) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let faults = Arc::new(Mutex::new(Faults::default()));
        let folder = Arc::new(Mutex::new(folder));
        let ended = Arc::new(AtomicBool::new(false));
        let server = Self { port, faults: Arc::clone(&faults), folder: Arc::clone(&folder), ended: Arc::clone(&ended) };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let (faults, folder) = (Arc::clone(&faults), Arc::clone(&folder));
                std::thread::spawn(move || {
                    let _ = answer(&stream, &folder, &faults);
                });
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/cuda", self.port)
    }

    /// Serves another folder from now on.
    pub(crate) fn serve(&self, folder: PathBuf) {
        *self.folder.lock().unwrap_or_else(PoisonError::into_inner) = folder;
    }

    pub(crate) fn faults<T>(&self, change: impl FnOnce(&mut Faults) -> T) -> T {
        change(&mut self.faults.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Nothing is wrong any more.
    pub(crate) fn mend(&self) {
        self.faults(|faults| *faults = Faults::default());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// One request for each connection: apt copes with that.
fn answer(mut stream: &TcpStream, folder: &Mutex<PathBuf>, faults: &Mutex<Faults>) -> std::io::Result<()> {
    let lock = || faults.lock().unwrap_or_else(PoisonError::into_inner);
    if lock().refuse {
        return Ok(());
    }
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let name =
        line.split(' ').nth(1).unwrap_or_default().trim_start_matches("/cuda/").trim_start_matches("./").to_owned();
    let mut from = 0;
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
            break;
        }
        if let Some(range) = header.to_ascii_lowercase().strip_prefix("range: bytes=") {
            from = range.split('-').next().and_then(|from| from.trim().parse().ok()).unwrap_or(0);
        }
    }
    lock().asked.push((name.clone(), from));
    let path = folder.lock().unwrap_or_else(PoisonError::into_inner).join(name.replace("%3a", ":").replace("%2b", "+"));
    let file = std::fs::File::open(&path).ok().filter(|_| !lock().gone && !name.contains(".."));
    let Some(mut file) = file else {
        return write!(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    };
    let total = file.metadata()?.len();
    let from = if from >= total { 0 } else { from };
    file.seek(SeekFrom::Start(from))?;
    let status = if from > 0 { "206 Partial Content" } else { "200 OK" };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\nAccept-Ranges: bytes\r\n",
        total - from
    )?;
    if from > 0 {
        write!(stream, "Content-Range: bytes {from}-{}/{total}\r\n", total - 1)?;
    }
    write!(stream, "Last-Modified: Mon, 02 Nov 2026 10:00:00 GMT\r\n\r\n")?;
    send(stream, &mut file, &name, (from, total), faults)
}

fn send(
    mut stream: &TcpStream,
    file: &mut std::fs::File,
    name: &str,
    (from, total): (u64, u64),
    faults: &Mutex<Faults>,
) -> std::io::Result<()> {
    let lock = || faults.lock().unwrap_or_else(PoisonError::into_inner);
    let mut sent = from;
    while sent < total {
        let rate = lock().rate;
        // Twenty pieces in a second, or large ones.
        let piece = rate.map_or(65_536, |rate| (rate / 20).max(1)).min(total - sent);
        let mut bytes = vec![0; usize::try_from(piece).expect("fits")];
        file.read_exact(&mut bytes)?;
        let until = |percent: u64| (total * percent / 100).max(1);
        let mut faults = lock();
        if let Some((part, percent, times)) = &mut faults.cut
            && name.contains(part.as_str())
            && *times > 0
            && sent + piece >= until(*percent)
        {
            *times -= 1;
            let rest = until(*percent).saturating_sub(sent);
            stream.write_all(&bytes[..usize::try_from(rest).expect("fits").min(bytes.len() - 1)])?;
            return stream.shutdown(std::net::Shutdown::Both);
        }
        let due = faults
            .hook
            .as_ref()
            .is_some_and(|(part, percent, _)| name.contains(part.as_str()) && sent >= until(*percent));
        let hook = if due { faults.hook.take() } else { None };
        drop(faults);
        if let Some((_, _, mut hook)) = hook {
            hook();
        }
        stream.write_all(&bytes)?;
        sent += piece;
        if rate.is_some() {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    Ok(())
}
