//! The desktop's size: what can be typed, what is offered, and what will not work.

use std::fmt::{self, Display};
use std::str::FromStr;

use super::setting::Meaning;
use super::value::{Choice, Refusal};
use crate::model::text;

/// The server reduces larger sizes of an X display without a word (`display_utils` of 2.1.0).
const LARGEST: Size = Size { width: 7680, height: 4320 };
/// Below this Plasma's panel and our own window do not fit.
const SMALLEST: Size = Size { width: 640, height: 480 };
/// H.264 decoders in hardware end here (level 5.2 and the macroblock limits of most chips).
const H264_WIDTH: u32 = 4096;

/// The settings that fix the size, besides [`WIDTH`] and [`HEIGHT`].
const MANUAL: &str = "manual_resolution";
const WIDTH: &str = "manual_width";
const HEIGHT: &str = "manual_height";

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Size {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
}

/// What is offered besides a size of one's own, smallest first.
pub const SIZES: [Size; 9] = [
    Size { width: 1280, height: 720 },
    Size { width: 1366, height: 768 },
    Size { width: 1600, height: 900 },
    Size { width: 1920, height: 1080 },
    Size { width: 1920, height: 1200 },
    Size { width: 2560, height: 1440 },
    Size { width: 2560, height: 1600 },
    Size { width: 3440, height: 1440 },
    Size { width: 3840, height: 2160 },
];

impl Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

impl FromStr for Size {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let mut sides = text.split(['x', 'X', '×']).map(|side| number(side.trim()));
        match (sides.next(), sides.next(), sides.next()) {
            (Some(Some(width)), Some(Some(height)), None) => Ok(Self { width, height }),
            _ => Err(refusal(format!(
                "{} is not a size; write width and height in pixels, such as 1920x1080.",
                text::quoted(text)
            ))),
        }
    }
}

fn number(text: &str) -> Option<u32> {
    // Without this, "+5" would be one.
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

fn refusal(sentence: String) -> Refusal {
    Refusal { setting: MANUAL.into(), sentence }
}

impl Size {
    /// Whether a screen with this framebuffer can take the size, and what is to be expected with this encoder.
    ///
    /// # Errors
    /// Odd, too small, or larger than the framebuffer or the server allows.
    pub fn check(self, framebuffer: Self, encoder: &str) -> Result<Option<String>, Refusal> {
        let most = Self { width: framebuffer.width.min(LARGEST.width), height: framebuffer.height.min(LARGEST.height) };
        if self.width > most.width || self.height > most.height {
            return Err(refusal(format!("{self} is too large; this screen takes at most {most}.")));
        }
        if self.width < SMALLEST.width || self.height < SMALLEST.height {
            return Err(refusal(format!("{self} is too small to work in; the least is {SMALLEST}.")));
        }
        if !(self.width.is_multiple_of(2) && self.height.is_multiple_of(2)) {
            let even = Self { width: self.width & !1, height: self.height & !1 };
            return Err(refusal(format!("{self} has an odd side, which video cannot have; {even} works.")));
        }
        let risky = self.width > H264_WIDTH && encoder.contains("264");
        Ok(risky.then(|| {
            format!("Many browsers cannot decode H.264 wider than {H264_WIDTH} pixels; choose another encoder if the picture stays black.")
        }))
    }

    /// The settings that hold the desktop at this size for everyone.
    #[must_use]
    pub fn changes(self) -> Vec<(String, Choice)> {
        let choice = |value: u32| Choice::new(value.to_string(), Meaning::Server);
        vec![(WIDTH.into(), choice(self.width)), (HEIGHT.into(), choice(self.height))]
    }

    /// The settings that have to be reset for the desktop to follow the browser's window.
    #[must_use]
    pub fn settings() -> [&'static str; 3] {
        [MANUAL, WIDTH, HEIGHT]
    }
}

#[cfg(test)]
mod tests {
    use super::super::Schema;
    use super::*;

    const XVFB: Size = Size { width: 8192, height: 4096 };

    fn size(text: &str) -> Size {
        text.parse().expect("a size")
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for text in ["1920x1080", " 1920 X 1080 ", "1920×1080"] {
            assert_eq!(size(text), Size { width: 1920, height: 1080 });
        }
        for text in ["", "1920", "1920x", "x", "1920x1080x2", "-1x5", "+5x5", "1920,1080", "99999999999x1", "1e3x5"] {
            let refusal = text.parse::<Size>().expect_err(text);
            assert!(refusal.sentence.contains("1920x1080"), "{refusal}");
        }
    }

    #[test]
    fn what_is_offered_works_everywhere() {
        let largest = Size { width: 3840, height: 2160 };
        for size in SIZES {
            assert_eq!(size.check(largest, "h264enc"), Ok(None), "{size}");
            assert_eq!(size.to_string().parse(), Ok(size));
        }
    }

    #[test]
    fn what_would_not_work_is_refused_with_what_would() {
        for (text, expected) in [
            ("1921x1080", "1920x1080 works."),
            ("8194x1080", "at most 7680x4096."),
            ("1920x4098", "at most 7680x4096."),
            ("320x200", "the least is 640x480."),
            ("0x0", "the least is 640x480."),
        ] {
            let refusal = size(text).check(XVFB, "jpeg").expect_err(text);
            assert!(refusal.sentence.ends_with(expected), "{refusal}");
        }
    }

    #[test]
    fn wide_h264_is_warned_about() {
        assert_eq!(size("4096x2160").check(XVFB, "h264enc"), Ok(None));
        assert!(size("5120x1440").check(XVFB, "nvh264enc").expect("fits").is_some());
        assert_eq!(size("5120x1440").check(XVFB, "av1enc"), Ok(None));
    }

    #[test]
    fn its_changes_are_settings_of_the_server() {
        let schema = Schema::bundled();
        for (name, choice) in size("1920x1080").changes() {
            let setting = schema.get(&name).expect("known");
            let raw = setting.encode(&choice).expect("allowed");
            assert_eq!(setting.decode(&raw), choice);
        }
        assert!(Size::settings().iter().all(|name| schema.get(name).is_some()));
    }
}
