//! The stack's display as somebody sees it who looks at the screen: when a program's window is painted.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixStream;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, SystemTime};

use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::damage::{ConnectionExt as _, ReportLevel};
use x11rb::protocol::xproto::{ChangeWindowAttributesAux, ConnectionExt as _, EventMask, Window};
use x11rb::rust_connection::{DefaultStream, RustConnection};

use crate::process::Process;
use crate::support::Stack;

/// A window that is not there by then never comes.
const LIMIT: Duration = Duration::from_secs(20);
/// What is painted within this is one frame: frames are 16 ms apart, and the parts of one come at once.
const ONE_FRAME: Duration = Duration::from_millis(10);
const AUTHORITY: &str = "/run/user/1001/Xauthority";

/// See the module. Ends with the display.
#[derive(Debug)]
pub(crate) struct Display {
    painted: Receiver<(SystemTime, Window)>,
}

/// A program of the desktop's user that has a window.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) process: Process,
    /// From the moment in which the program was executed to its first frame.
    pub(crate) first_paint: Duration,
    window: Window,
    child: Child,
}

impl Display {
    pub(crate) fn join(stack: &Stack) -> Self {
        let connection = connect(stack).expect("the display lets us in");
        let root = connection.setup().roots[0].root;
        let windows = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_NOTIFY);
        connection.change_window_attributes(root, &windows).expect("a request").check().expect("the root window");
        let version = connection.damage_query_version(1, 1).expect("a request").reply();
        version.expect("the display tells what is painted");
        let (tell, painted) = channel();
        std::thread::spawn(move || {
            let mut windows = HashSet::new();
            while let Ok(event) = connection.wait_for_event() {
                let at = SystemTime::now();
                let told = see(&connection, &mut windows, &event).map_or(Ok(()), |window| tell.send((at, window)));
                if told.is_err() {
                    break;
                }
            }
        });
        Self { painted }
    }

    /// Executes a program inside and waits for its first frame. The first words may set the program's environment, as
    /// `NAME=VALUE`. Nobody else may open a window meanwhile.
    pub(crate) fn open(&self, stack: &Stack, words: &[&str]) -> Opened {
        while self.painted.try_recv().is_ok() {}
        let script = "while [[ $1 == *=* ]]; do export \"$1\"; shift; done
             echo $$ ${EPOCHREALTIME/[.,]/}
             exec \"$@\" >/dev/null";
        let words: Vec<&str> = ["bash", "-c", script, "open"].iter().chain(words).copied().collect();
        let mut child = stack.command_as("user", &words).stdout(Stdio::piped()).spawn().expect("enter");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("its first line");
        let (process, began) = line.trim().split_once(' ').expect("two numbers");
        let began = SystemTime::UNIX_EPOCH + Duration::from_micros(began.parse().expect("a time"));
        let (at, window) = self.painted.recv_timeout(LIMIT).expect("a window is painted");
        let process = Process::find(stack, process.parse().expect("a number")).expect("the program runs");
        Opened { process, first_paint: at.duration_since(began).expect("a clock that runs on"), window, child }
    }

    /// How many frames of this window are painted in this time.
    pub(crate) fn frames(&self, of: &Opened, during: Duration) -> u32 {
        while self.painted.try_recv().is_ok() {}
        std::thread::sleep(during);
        let times = self.painted.try_iter().filter(|(_, window)| *window == of.window);
        let (frames, _) = times.fold((0, SystemTime::UNIX_EPOCH), |(frames, last), (at, _)| {
            let is_new = at.duration_since(last).is_ok_and(|apart| apart > ONE_FRAME);
            (frames + u32::from(is_new), at)
        });
        frames
    }
}

impl Opened {
    /// Ends the program without asking, so that it remembers nothing.
    pub(crate) fn end(mut self) {
        self.process.kill();
        self.child.wait().expect("it ends");
    }
}

/// The window that has been painted, if that is what happened. The window manager puts each program's window into a
/// frame of its own; what is painted of that frame is not the program's work.
fn see(connection: &RustConnection, framed: &mut HashSet<Window>, event: &Event) -> Option<Window> {
    match event {
        Event::CreateNotify(created) => {
            let damage = connection.generate_id().ok()?;
            // It may be gone already, which is then told as an event.
            connection.damage_create(damage, created.window, ReportLevel::RAW_RECTANGLES).ok()?;
            connection.flush().ok()?;
            None
        }
        Event::ReparentNotify(moved) => {
            framed.insert(moved.window);
            None
        }
        Event::DamageNotify(damage) => framed.contains(&damage.drawable).then_some(damage.drawable),
        _ => None,
    }
}

fn connect(stack: &Stack) -> Option<RustConnection> {
    let number = stack.info("DISPLAY").strip_prefix(':')?;
    let secret = stack.shell(&format!("xauth -f {AUTHORITY} list | awk 'NR == 1 {{ print $3 }}'"));
    let secret =
        secret.as_bytes().chunks(2).map(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
    let secret = secret.collect::<Option<Vec<u8>>>()?;
    let socket = UnixStream::connect(stack.path(&format!("/tmp/.X11-unix/X{number}"))).ok()?;
    let (stream, _) = DefaultStream::from_unix_stream(socket).ok()?;
    let name = b"MIT-MAGIC-COOKIE-1".to_vec();
    RustConnection::connect_to_stream_with_auth_info(stream, 0, name, secret).ok()
}
