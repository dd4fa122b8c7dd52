//! What the server says in its log about what it does, folded line by line.
//!
//! The words are those of Selkies 2.0.0 and 2.1.0 and of the pixelflux that they bring; recordings of both are read in
//! the tests. A line that is not known changes nothing. Whoever can write to the log can make us believe anything, so
//! all of this is for showing only.

use strum::{Display, EnumString, IntoStaticStr};

use super::size::Size;
use crate::model::text::is_hostile;

/// Who compresses the picture. The tokens are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum By {
    /// An engine of the GPU.
    Gpu,
    /// Programs.
    Cpu,
}

/// What the server does, as far as it has said. Empty while it captures nothing because nobody looks on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// Its version.
    pub version: Option<String>,
    /// `websockets` or `webrtc`.
    pub transport: Option<String>,
    /// What is captured right now.
    pub picture: Option<Picture>,
    /// The encoder that the last page was told, by the server's name.
    pub(super) told: Option<String>,
    /// In words of the server's: why no GPU encodes.
    pub no_gpu: Option<String>,
    /// The same, said before the server introduced itself.
    pub(super) said_before: Option<String>,
    /// Somebody asked for encoding on the CPU: the settings, or a viewer's browser.
    pub cpu_wanted: bool,
}

/// A running capture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// The encoder, by the server's name.
    pub encoder: Option<String>,
    /// Who runs it.
    pub by: Option<By>,
    /// Its size in pixels.
    pub size: Option<Size>,
    /// Frames a second that it aims at.
    pub framerate: Option<f64>,
    /// The bitrate that it keeps to, in kbit/s; none where it keeps to a quality.
    pub bitrate: Option<u32>,
}

/// The display that viewers see when they open the page.
const PRIMARY: &str = "'primary'";
/// The longest text of the server's that is repeated, in characters.
const MOST_WORDS: usize = 200;

impl Seen {
    /// Takes one line of the log in.
    pub fn read(&mut self, line: &str) {
        let line = line.trim_end();
        if let Some(rest) = line.strip_prefix("INFO:main:Selkies ") {
            self.began(rest);
        } else if let Some(mode) = line.strip_prefix("INFO:server:Starting service: ") {
            self.transport = word(mode);
        } else if let Some(rest) = line.strip_prefix("[pixelflux] No hardware encoder on ") {
            // Its first words name the node and what was tried there.
            let reason = words(rest.split_once(": ").map_or(rest, |(_, reason)| reason));
            self.said_before.clone_from(&reason);
            self.no_gpu = reason;
        } else if let Some(rest) = line.strip_prefix("INFO:ws:") {
            self.transport_says(rest);
        } else if let Some((_, rest)) = line.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
            self.capture_says(rest);
        }
    }

    /// `2.1.0 starting: websockets transport, …`
    fn began(&mut self, rest: &str) {
        let Some((version, rest)) = rest.split_once(" starting: ") else { return };
        let transport = rest.split_once(" transport").and_then(|(mode, _)| word(mode));
        let no_gpu = self.said_before.take();
        *self = Self { version: word(version), transport, no_gpu, ..Self::default() };
    }

    fn transport_says(&mut self, rest: &str) {
        if let Some((_, applied)) = rest.split_once(") settings applied for 'primary': ") {
            self.page_was_told(applied);
        } else if let Some(rate) = rest.strip_prefix("Frame rate for 'primary' is now ") {
            self.now().framerate = rate.strip_suffix(" fps.").and_then(|rate| rate.parse().ok());
        } else if rest.starts_with("Applying video settings for 'primary' live") {
            self.changed_live();
        } else if let Some(encoder) = rest.strip_prefix("Software encoding enabled for encoder ") {
            self.told = word(encoder.trim_matches('\''));
            self.cpu_wanted = true;
        } else if let Some(encoder) = rest.strip_prefix("Software encoding disabled for encoder ") {
            self.told = word(encoder.trim_matches('\''));
            self.cpu_wanted = false;
        } else if rest.starts_with("Stopping all streams for display") && rest.contains(PRIMARY) {
            self.picture = None;
        }
    }

    /// It does not say what has changed. A new rate of frames follows in a line of its own, since 2.1.
    fn changed_live(&mut self) {
        let silent = self.version.as_ref().is_some_and(|version| version.starts_with("2.0."));
        let picture = self.now();
        picture.bitrate = None;
        picture.framerate = picture.framerate.filter(|_| !silent);
    }

    /// `1280x720, jpeg 8000 kbps, 20 fps, software encoding.`, or `crf 25` instead of the bitrate.
    fn page_was_told(&mut self, applied: &str) {
        let parts: Vec<&str> = applied.trim_end_matches('.').split(", ").collect();
        let [size, video, rate, rest @ ..] = parts.as_slice() else { return };
        let encoder = video.split(' ').next().and_then(word);
        self.told.clone_from(&encoder);
        self.cpu_wanted = rest.contains(&"software encoding");
        let bitrate = video.strip_suffix(" kbps").and_then(|video| video.rsplit(' ').next()?.parse().ok());
        let picture = self.now();
        picture.size = size.parse().ok();
        picture.framerate = rate.strip_suffix(" fps").and_then(|rate| rate.parse().ok());
        // JPEG keeps to a quality, whatever the page was told.
        picture.bitrate = bitrate.filter(|_| encoder.as_deref() != Some("jpeg"));
        picture.encoder = encoder;
    }

    fn capture_says(&mut self, rest: &str) {
        if let Some(settings) = rest.strip_prefix("Stream settings active -> ") {
            self.capture_began(settings);
        } else if let Some(encoder) = rest.strip_prefix("Encoder: ") {
            let by = if encoder.starts_with("software ") { By::Cpu } else { By::Gpu };
            self.now().by = Some(by);
        } else if let Some(reason) = rest.strip_prefix("Failed to init ") {
            self.no_gpu = words(reason.split_once(": ").map_or(reason, |(_, reason)| reason));
        } else if let Some(reason) = rest.strip_prefix("HW encoder unrecoverable; demoting to software encoding (") {
            self.no_gpu = words(reason.trim_end_matches(['.', ')']));
            self.now().by = Some(By::Cpu);
        }
    }

    /// `Res: 1280x720 | FPS: 60.0 | Encoder: CPU (x264) | Mode: H264 | CBR 8000 | …`
    fn capture_began(&mut self, settings: &str) {
        let mut picture = Picture::default();
        let mut mode = None;
        for part in settings.split(" | ") {
            match part.split_once(": ") {
                Some(("Res", size)) => picture.size = size.parse().ok(),
                Some(("FPS", rate)) => picture.framerate = rate.parse().ok(),
                Some(("Encoder", by)) => picture.by = Some(if by.starts_with("CPU") { By::Cpu } else { By::Gpu }),
                Some(("Mode", codec)) => mode = word(&codec.to_lowercase()),
                _ => {
                    let rate = part.strip_prefix("CBR ").and_then(|rate| rate.parse().ok());
                    picture.bitrate = picture.bitrate.or(rate);
                }
            }
        }
        picture.encoder = mode.map(|codec| self.encoder_of(&codec));
        self.picture = Some(picture);
    }

    /// The capture names its codec; several encoders may make the same.
    fn encoder_of(&self, codec: &str) -> String {
        match &self.told {
            Some(told) if told.starts_with(codec) => told.clone(),
            _ if codec == "jpeg" => codec.to_owned(),
            _ => format!("{codec}enc"),
        }
    }

    fn now(&mut self) -> &mut Picture {
        self.picture.get_or_insert_default()
    }
}

/// One plain word; the log can hold anything.
fn word(text: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
    ((1..=40).contains(&text.len()) && text.chars().all(plain)).then(|| text.to_owned())
}

fn words(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|c| !is_hostile(*c)).take(MOST_WORDS).collect();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
#[path = "effective_tests.rs"]
mod tests;
