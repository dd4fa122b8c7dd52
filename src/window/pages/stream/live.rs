//! Numbers that change each second. They are kept fresh, and a second is counted, while somebody looks at them and at
//! no other time.

use std::os::fd::OwnedFd;

use gtk::glib;
use relm4::{Sender, gtk};

use super::super::super::trend::Trend;
use super::Input;
use crate::api::stream::Moment;
use crate::client::Error;

/// Whether somebody looks, and what follows from it.
#[derive(Debug, Default)]
pub(super) struct Live {
    /// The page is the one that is shown.
    pub(super) open: bool,
    /// The window can be seen.
    pub(super) in_sight: bool,
    /// Frames a second of the last minutes.
    pub(super) frames: Trend,
    /// Milliseconds from a viewer and back.
    pub(super) latency: Trend,
    watch: Watch,
    /// How often a watch has begun or ended.
    number: u64,
}

/// How fresh the daemon keeps its numbers for us.
#[derive(Debug, Default)]
enum Watch {
    #[default]
    Off,
    /// It has been asked to.
    Asked,
    /// It does so while this is held; meanwhile seconds are counted.
    On { _lease: OwnedFd, _seconds: Seconds },
    /// It does not want to.
    Refused,
}

/// A clock that stops when it is dropped.
#[derive(Debug)]
struct Seconds(Option<glib::SourceId>);

impl Drop for Seconds {
    fn drop(&mut self) {
        if let Some(clock) = self.0.take() {
            clock.remove();
        }
    }
}

impl Live {
    /// The number of a watch that has to be asked for now, if one has to. Ends one that nobody needs.
    pub(super) fn ask(&mut self) -> Option<u64> {
        if !(self.open && self.in_sight) {
            self.end();
            return None;
        }
        if !matches!(self.watch, Watch::Off) {
            return None;
        }
        self.number += 1;
        self.watch = Watch::Asked;
        Some(self.number)
    }

    /// The daemon has answered the watch of this number.
    pub(super) fn begin(
        &mut self,
        number: u64,
        history: &[Moment],
        lease: Result<OwnedFd, Error>,
        page: &Sender<Input>,
    ) {
        // Nobody looks any more; then the lease ends here.
        if number != self.number || !matches!(self.watch, Watch::Asked) {
            return;
        }
        self.frames.begin(history.iter().map(|moment| (moment.0, told(moment.1))));
        self.latency.begin(history.iter().map(|moment| (moment.0, told(moment.2))));
        self.watch = match lease {
            Ok(lease) => Watch::On { _lease: lease, _seconds: Seconds::count(page) },
            Err(error) => {
                tracing::warn!(%error, "the numbers of the stream are as old as they are");
                Watch::Refused
            }
        };
    }

    /// Nobody looks any more.
    pub(super) fn end(&mut self) {
        if !matches!(self.watch, Watch::Off) {
            self.number += 1;
            self.watch = Watch::Off;
        }
    }

    /// How it is now.
    pub(super) fn add(&mut self, at: u64, frames: Option<f64>, latency: Option<f64>) {
        self.frames.add(at, frames);
        self.latency.add(at, latency);
    }
}

/// What cannot be told is negative.
fn told(number: f64) -> Option<f64> {
    (number.is_finite() && number >= 0.0).then_some(number)
}

impl Seconds {
    fn count(page: &Sender<Input>) -> Self {
        let page = page.clone();
        Self(Some(glib::timeout_add_seconds_local(1, move || {
            page.emit(Input::Second);
            glib::ControlFlow::Continue
        })))
    }
}
