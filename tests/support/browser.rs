//! A headless browser for the tests, and pictures to compare.

use std::io::{BufRead, BufReader, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};

use super::{DEADLINE, Stack, repository, text};

/// One page in Chromium. It ends with the test's process, however that ends: its standard input is a pipe of ours.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    commands: Option<ChildStdin>,
    answers: Receiver<String>,
}

impl Browser {
    /// Opens a page. It may take until its server is up.
    pub fn open(url: &str) -> Self {
        let located = Command::new(repository().join("data/image/components/browser-driver")).output();
        let located = located.expect("data/image/components/browser-driver");
        assert!(located.status.success(), "the browser's driver is not there: {}", text(&located));
        let python = Path::new(String::from_utf8_lossy(&located.stdout).trim()).join("bin/python");
        let mut command = Command::new(python);
        command.arg(repository().join("tests/browser/page.py")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut driver = command.spawn().expect("the driver's Python");
        let commands = driver.stdin.take();
        let (sender, answers) = channel();
        let lines = BufReader::new(driver.stdout.take().expect("piped")).lines();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut browser = Self { driver, commands, answers };
        browser.await_answer("start");
        browser.tell(&format!("open {url}"));
        browser
    }

    /// One command of `tests/browser/page.py`; it must succeed.
    pub fn tell(&mut self, command: &str) {
        let commands = self.commands.as_mut().expect("a pipe");
        writeln!(commands, "{command}").expect("the browser's driver reads");
        self.await_answer(command);
    }

    fn await_answer(&mut self, command: &str) {
        let answer = self.answers.recv_timeout(DEADLINE).unwrap_or_else(|error| error.to_string());
        assert_eq!(answer, "ok", "the browser could not {command}");
    }

    /// What the page looks like; kept under this name for a person to look at.
    pub fn picture(&mut self, name: &str) -> Picture {
        let file = kept(name);
        self.tell(&format!("screenshot {}", file.display()));
        // Whatever else is called so on the machine: the distribution's.
        let output = Command::new("/usr/bin/convert").arg(&file).args(["-depth", "8", "ppm:-"]).output();
        Picture::read(&output.expect("ImageMagick"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.commands.take());
        let _ = self.driver.wait();
    }
}

/// Where screenshots stay.
pub fn kept(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
    std::fs::create_dir_all(&folder).expect("folder");
    folder.join(format!("{name}.png"))
}

/// Colours in rows.
#[derive(Clone, Debug)]
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pixels: Vec<[u8; 3]>,
}

impl Picture {
    /// The stack's display, read from the X server itself; kept under this name for a person to look at.
    pub fn of_display(stack: &Stack, name: &str) -> Self {
        let output =
            stack.command_as("user", &["import", "-silent", "-window", "root", "-depth", "8", "ppm:-"]).output();
        let output = output.expect("enter");
        let picture = Self::read(&output);
        let mut convert = Command::new("/usr/bin/convert");
        let mut convert = convert.arg("ppm:-").arg(kept(name)).stdin(Stdio::piped()).spawn().expect("ImageMagick");
        convert.stdin.take().expect("piped").write_all(&output.stdout).expect("ImageMagick reads");
        assert!(convert.wait().expect("a child").success(), "the picture could not be kept");
        picture
    }

    /// From binary PPM, the simplest of formats: `P6 WIDTH HEIGHT 255`, one white space, and the bytes.
    fn read(output: &Output) -> Self {
        assert!(output.status.success(), "no picture: {}", output.status);
        let mut fields = output.stdout.splitn(4, u8::is_ascii_whitespace);
        let mut field = || fields.next().expect("a PPM file");
        assert_eq!(field(), b"P6", "binary PPM");
        let mut number = || std::str::from_utf8(field()).ok()?.parse::<usize>().ok();
        let (width, height) = (number().expect("a width"), number().expect("a height"));
        // Three letters of depth and a line feed stand before the pixels.
        let bytes = field().strip_prefix(b"255\n").expect("8 bits");
        let pixels: Vec<[u8; 3]> = bytes.as_chunks().0.to_vec();
        assert_eq!(pixels.len(), width * height, "a whole picture");
        Self { width, height, pixels }
    }

    fn region(&self, across: &Range<usize>, down: &Range<usize>) -> impl Iterator<Item = [u8; 3]> {
        let rows = self.pixels.chunks(self.width).take(down.end).skip(down.start);
        rows.flat_map(|row| row.iter().copied().take(across.end).skip(across.start))
    }

    /// How far two pictures lie apart in this region, as the mean of a channel: 0 is equal, 255 is black and white.
    pub fn difference(&self, other: &Self, across: Range<usize>, down: Range<usize>) -> usize {
        assert_eq!((self.width, self.height), (other.width, other.height), "pictures of one size");
        let pairs = self.region(&across, &down).zip(other.region(&across, &down));
        let sum: usize = pairs.map(|(a, b)| (0..3).map(|i| usize::from(a[i].abs_diff(b[i]))).sum::<usize>()).sum();
        sum / (3 * across.len() * down.len())
    }

    /// How many colours the region shows.
    pub fn colours(&self, across: Range<usize>, down: Range<usize>) -> usize {
        let mut seen: Vec<_> = self.region(&across, &down).collect();
        seen.sort_unstable();
        seen.dedup();
        seen.len()
    }

    /// Which part of the picture, in percent, has nearly this colour: a stream's is not exact.
    pub fn percent_of(&self, colour: [u8; 3]) -> usize {
        let near = |pixel: &&[u8; 3]| (0..3).all(|i| pixel[i].abs_diff(colour[i]) < 40);
        100 * self.pixels.iter().filter(near).count() / self.pixels.len()
    }
}
