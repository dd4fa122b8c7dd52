//! From facts to the words and signs that people see: the same words as on the command line.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::client::cuda_words::{self, Standing};
use crate::client::{JobFacts, ServiceFacts, WayFacts};
use crate::model::text::{capitalised, duration};

/// A state as an icon and a word: colour is never the only carrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sign {
    /// Of the icon theme.
    pub(super) icon: &'static str,
    /// One to three words.
    pub(super) word: String,
    /// A style class for the icon, or none.
    pub(super) class: Option<&'static str>,
}

/// What has been asked for and not been answered.
pub(super) const ASKING: &str = "Asking the control service";

const WELL: (&str, Option<&str>) = ("emblem-ok-symbolic", Some("success"));
const OFF: (&str, Option<&str>) = ("media-playback-stop-symbolic", Some("dim-label"));
const BUSY: (&str, Option<&str>) = ("content-loading-symbolic", None);
const UNKNOWN: (&str, Option<&str>) = ("dialog-question-symbolic", Some("dim-label"));
const TROUBLE: (&str, Option<&str>) = ("dialog-warning-symbolic", Some("warning"));
const BROKEN: (&str, Option<&str>) = ("dialog-error-symbolic", Some("error"));

fn sign((icon, class): (&'static str, Option<&'static str>), word: &str) -> Sign {
    Sign { icon, word: word.into(), class }
}

/// How a service does. Words of a later daemon are shown as they are.
pub(super) fn of_service(service: &ServiceFacts) -> Sign {
    match (service.state.as_str(), service.health.as_str()) {
        ("starting", _) => sign(BUSY, "Starting"),
        ("stopping", _) => sign(BUSY, "Stopping"),
        ("fatal", _) => sign(BROKEN, "Given up"),
        (_, "flapping") => sign(BROKEN, "Keeps crashing"),
        ("backoff", _) => sign(TROUBLE, "Starting again"),
        (_, "failing") => sign(TROUBLE, "Not working"),
        ("running", "ok" | "unknown" | "none") => sign(WELL, "Running"),
        ("stopped", _) if service.essential => sign(TROUBLE, "Stopped"),
        ("stopped", _) => sign(OFF, "Stopped"),
        ("exited", _) if service.essential => sign(TROUBLE, "Ended"),
        ("exited", _) => sign(OFF, "Ended"),
        ("unknown", _) => sign(UNKNOWN, "Unknown"),
        (state, _) => sign(UNKNOWN, state),
    }
}

/// Whether one gets in by this way.
pub(super) fn of_way(way: &WayFacts) -> Sign {
    match way.state.as_str() {
        "working" => sign(WELL, "Working"),
        "broken" => sign(TROUBLE, "Not working"),
        "off" => sign(OFF, "Off"),
        "unknown" => sign(UNKNOWN, "Unknown"),
        state => sign(UNKNOWN, state),
    }
}

/// Whether CUDA works: the daemon's token for the whole, or `partly` for what is not as it should be.
pub(super) fn of_cuda(state: &str) -> Sign {
    if state == "partly" { sign(TROUBLE, "Not as it should be") } else { of_standing(cuda_words::state(state)) }
}

/// Whether a toolkit runs here.
pub(super) fn of_verdict(verdict: &str) -> Sign {
    of_standing(cuda_words::verdict(verdict))
}

fn of_standing((word, standing): (&str, Standing)) -> Sign {
    let looks = match standing {
        Standing::Well => WELL,
        Standing::Lacking => TROUBLE,
        Standing::Idle => OFF,
        Standing::Bad => BROKEN,
        Standing::Unknown => UNKNOWN,
    };
    sign(looks, &capitalised(word))
}

/// What a job under way does to a service, in a word; its step says more.
pub(super) fn at_work(job: &JobFacts) -> Sign {
    let word = match (job.state.as_str(), job.kind.as_str()) {
        ("cancelling", _) => "Cancelling",
        ("queued", _) => "Waiting",
        (_, "service-start") => "Starting",
        (_, "service-stop") => "Stopping",
        (_, "service-restart") => "Restarting",
        _ => "At work",
    };
    sign(BUSY, word)
}

/// Something that takes its time.
pub(super) fn busy(word: &str) -> Sign {
    sign(BUSY, word)
}

/// How long ago, in whole minutes so that it does not change all the time: "up 3 h 12 min".
pub(super) fn up_for(since: u64, now: u64) -> String {
    match now.saturating_sub(since) {
        0..60 => "up less than a minute".into(),
        seconds => format!("up {}", duration(seconds)),
    }
}

/// When, as short as it can be said: today's "14:02", else with the date.
pub(super) fn moment(time: u64, now: u64) -> String {
    let zoned = |seconds: u64| {
        let time = Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
        Some(time.to_zoned(TimeZone::system()))
    };
    let (Some(then), Some(now)) = (zoned(time), zoned(now)) else { return "an unknown time".into() };
    let form = if then.date() == now.date() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    then.strftime(form).to_string()
}

/// The control service's sentences set commands between backquotes; a window has quotation marks.
pub(super) fn quotes(sentence: &str) -> String {
    let mut opens = false;
    let quote = |letter: char| {
        if letter != '`' {
            return letter;
        }
        opens = !opens;
        if opens { '“' } else { '”' }
    };
    sentence.chars().map(quote).collect()
}

/// "2 restarts", or nothing to say.
pub(super) fn restarts(count: u32) -> Option<String> {
    match count {
        0 => None,
        1 => Some("restarted once".into()),
        _ => Some(format!("restarted {count} times")),
    }
}

/// How a service ended last, where that is worth saying.
pub(super) fn last_end(service: &ServiceFacts) -> Option<String> {
    match service.exit_status.as_deref()? {
        "signal" => Some("last ended by a signal".into()),
        status => Some(format!("last exit status {status}")),
    }
}

/// The image, by the daemon's token.
pub(super) fn image(variant: &str) -> &str {
    match variant {
        "cuda" => "CUDA image",
        "stock" => "Stock image",
        "unknown" | "" => "Not one of our images",
        other => other,
    }
}

/// The title of a group of services.
pub(super) fn category(token: &str) -> &str {
    match token {
        "desktop" => "Desktop",
        "stream" => "Stream",
        "remote-access" => "Remote access",
        "sound" => "Sound",
        "system" => "System",
        "other" | "" => "Other",
        later => later,
    }
}

/// Groups in the order in which they are shown; those of a later daemon come before the others.
pub(super) fn category_rank(token: &str) -> usize {
    let known = ["desktop", "stream", "remote-access", "sound", "system"];
    match token {
        "other" | "" => usize::MAX,
        token => known.iter().position(|known| *known == token).unwrap_or(known.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(state: &str, health: &str, essential: bool) -> ServiceFacts {
        ServiceFacts { state: state.into(), health: health.into(), essential, ..ServiceFacts::default() }
    }

    #[test]
    fn whatever_is_trouble_does_not_look_well() {
        let states = ["stopped", "starting", "running", "backoff", "stopping", "exited", "fatal", "unknown", "later"];
        let healths = ["ok", "failing", "flapping", "unknown", "none", "later"];
        for (state, health, essential) in states
            .iter()
            .flat_map(|state| healths.map(|health| (state, health)))
            .flat_map(|(s, h)| [(s, h, true), (s, h, false)])
        {
            let service = service(state, health, essential);
            let sign = of_service(&service);
            assert!(!sign.word.is_empty());
            let looks_well = sign.class == Some("success");
            assert!(!looks_well || !service.is_trouble() || health == "none", "{service:?} looks well");
        }
        assert_eq!(of_service(&service("stopped", "none", true)).class, Some("warning"));
        assert_eq!(of_service(&service("stopped", "none", false)).word, "Stopped");
        assert_eq!(of_service(&service("running", "flapping", false)).word, "Keeps crashing");
    }

    #[test]
    fn commands_stand_between_quotation_marks() {
        assert_eq!(quotes("Start it (`a b`), or `c`."), "Start it (“a b”), or “c”.");
    }

    #[test]
    fn uptimes_change_once_a_minute() {
        assert_eq!(up_for(1_000, 1_059), "up less than a minute");
        assert_eq!(up_for(1_000, 1_060), "up 1 min");
        assert_eq!(up_for(1_000, 1_000 + 11_520), "up 3 h 12 min");
        assert_eq!(up_for(2_000, 1_000), "up less than a minute", "clocks may be set back");
    }

    #[test]
    fn a_moment_of_another_day_has_its_date() {
        let now = 1_700_000_000;
        assert_eq!(moment(now, now).len(), 5);
        assert_eq!(moment(now - 3 * 86_400, now).len(), 16);
        assert_eq!(moment(u64::MAX, now), "an unknown time");
    }

    #[test]
    fn groups_stand_in_the_order_of_what_people_see_first() {
        let mut tokens = ["other", "system", "later", "sound", "desktop", "", "stream", "remote-access"];
        tokens.sort_by_key(|token| category_rank(token));
        assert_eq!(tokens[..5], ["desktop", "stream", "remote-access", "sound", "system"]);
        assert_eq!(tokens[5], "later");
    }
}
