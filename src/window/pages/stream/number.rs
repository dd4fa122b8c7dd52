//! Numbers on a slider and beside it.

use crate::client::SettingFacts;

/// From here on equal steps of a slider are equal ratios: nobody finds 8 Mbit/s on a line up to a gigabit otherwise.
const WIDE: f64 = 1000.0;
/// So many steps a slider has at most where it goes by ratios.
const NOTCHES: f64 = 200.0;
/// A number without a bound stays within what every server's parser can hold.
const UNBOUND: f64 = 2_147_483_647.0;

/// What a number can be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    pub(super) minimum: f64,
    pub(super) maximum: f64,
    pub(super) step: f64,
    /// Both ends are known, so it can be shown as a way from one to the other.
    pub(super) slides: bool,
}

impl Span {
    /// Of this setting.
    pub(super) fn of(setting: &SettingFacts) -> Self {
        let (minimum, maximum) = (setting.minimum.unwrap_or(-UNBOUND), setting.maximum.unwrap_or(UNBOUND));
        let step = setting.step.filter(|step| *step > 0.0).unwrap_or(1.0);
        // A port is nobody's to slide to.
        let curated = setting.step.is_some();
        let slides = setting.minimum.is_some() && setting.maximum.is_some() && curated && minimum < maximum;
        Self { minimum, maximum, step, slides }
    }

    fn by_ratio(&self) -> bool {
        self.minimum > 0.0 && self.maximum / self.minimum >= WIDE
    }

    /// Where a number stands on the way, from 0 to 1.
    pub(super) fn place(&self, number: f64) -> f64 {
        let number = number.clamp(self.minimum, self.maximum);
        if self.by_ratio() {
            (number / self.minimum).ln() / (self.maximum / self.minimum).ln()
        } else {
            (number - self.minimum) / (self.maximum - self.minimum)
        }
    }

    /// The number at a place on the way: a whole number of steps, or an end.
    pub(super) fn at(&self, place: f64) -> f64 {
        let place = place.clamp(0.0, 1.0);
        if place <= 0.0 {
            return self.minimum;
        }
        if place >= 1.0 {
            return self.maximum;
        }
        let number = if self.by_ratio() {
            self.minimum * (self.maximum / self.minimum).powf(place)
        } else {
            self.minimum + place * (self.maximum - self.minimum)
        };
        ((number / self.step).round() * self.step).clamp(self.minimum, self.maximum)
    }

    /// How far one press of an arrow key goes, from 0 to 1.
    pub(super) fn notch(&self) -> f64 {
        if self.by_ratio() { 1.0 / NOTCHES } else { self.step / (self.maximum - self.minimum) }
    }

    /// The number that a person has typed; none while it is not one of this span.
    pub(super) fn read(&self, typed: &str) -> Option<f64> {
        // As written where decimals have a comma.
        let number: f64 = typed.trim().replace(',', ".").parse().ok()?;
        (self.minimum..=self.maximum).contains(&number).then_some(number)
    }

    /// How many digits behind the point these numbers need.
    pub(super) fn digits(&self, numbers: &[f64]) -> u32 {
        let needed = |number: &f64| (0..=3).find(|digits| (number * 10_f64.powi(*digits)).fract().abs() < 1e-6);
        let most = std::iter::once(&self.step).chain(numbers).filter_map(needed).max();
        most.and_then(|digits| digits.try_into().ok()).unwrap_or_default()
    }
}

/// As the server writes numbers.
pub(super) fn written(number: f64) -> String {
    // Steps of a tenth do not add up exactly.
    let rounded = (number * 1e6).round() / 1e6;
    rounded.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(minimum: f64, maximum: f64, step: f64) -> Span {
        let setting = SettingFacts {
            minimum: Some(minimum),
            maximum: Some(maximum),
            step: Some(step),
            ..SettingFacts::default()
        };
        Span::of(&setting)
    }

    #[test]
    fn a_place_and_its_number_belong_together() {
        for span in [span(8.0, 240.0, 1.0), span(100.0, 1_000_000.0, 500.0), span(-1.0, 60.0, 0.5)] {
            for number in [span.minimum, span.maximum, span.at(0.3), span.at(0.77)] {
                let back = span.at(span.place(number));
                assert!((back - number).abs() < 1e-6, "{number} becomes {back} in {span:?}");
            }
        }
    }

    #[test]
    fn usual_bitrates_are_in_the_middle_of_the_way() {
        let bitrate = span(100.0, 1_000_000.0, 500.0);
        assert!((0.3..0.7).contains(&bitrate.place(8_000.0)), "{}", bitrate.place(8_000.0));
        assert!((bitrate.at(bitrate.place(8_000.0)) - 8_000.0).abs() < 1e-6);
    }

    #[test]
    fn what_is_typed_counts_once_it_fits() {
        let framerate = span(8.0, 240.0, 1.0);
        let read = |typed: &str| framerate.read(typed).map(written);
        assert_eq!((read("2"), read("20"), read(" 29,97 ")), (None, Some("20".into()), Some("29.97".into())));
        assert_eq!((read("300"), read(""), read("NaN"), read("inf")), (None, None, None, None));
    }

    #[test]
    fn digits_are_as_many_as_needed() {
        let whole = span(8.0, 240.0, 1.0);
        assert_eq!((whole.digits(&[60.0]), whole.digits(&[29.97]), whole.digits(&[0.1])), (0, 2, 1));
        assert_eq!(written(0.1 + 0.2), "0.3");
    }

    #[test]
    fn without_bounds_there_is_nothing_to_slide_on() {
        let port = SettingFacts { minimum: Some(1.0), maximum: Some(65_535.0), ..SettingFacts::default() };
        assert!(!Span::of(&port).slides);
        let gpu = Span::of(&SettingFacts::default());
        assert!(!gpu.slides && gpu.read("-1").is_some());
    }
}
