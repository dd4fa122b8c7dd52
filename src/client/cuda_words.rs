//! What CUDA's tokens mean, for people: the same words in the window and on the command line, as they stand within a
//! sentence. Tokens of a later daemon are shown as they are.

use super::{CudaFacts, ElsewhereFacts};

/// How something stands, whatever that looks like where it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// As one wants it.
    Well,
    /// It does not work yet, and something can be done about that.
    Lacking,
    /// It does nothing here, and nothing is wrong.
    Idle,
    /// It does not work.
    Bad,
    /// Nobody can tell.
    Unknown,
}

/// Whether a toolkit runs here.
#[must_use]
pub fn verdict(token: &str) -> (&str, Standing) {
    match token {
        "native" => ("works", Standing::Well),
        "minor-version" => ("works with limits", Standing::Well),
        "forward" => ("works by forward compatibility", Standing::Well),
        "needs-forward" => ("needs forward compatibility", Standing::Lacking),
        "compile-only" => ("compiles only", Standing::Idle),
        "will-not-run" => ("will not run", Standing::Bad),
        "cannot-target" => ("cannot build for this GPU", Standing::Bad),
        "unknown" => ("cannot be told", Standing::Unknown),
        later => (later, Standing::Unknown),
    }
}

/// Whether programs that use CUDA can start here.
#[must_use]
pub fn state(token: &str) -> (&str, Standing) {
    match token {
        "works" => ("works", Standing::Well),
        "no-gpu" => ("no GPU", Standing::Idle),
        "no-library" | "failing" => ("does not work", Standing::Bad),
        "unknown" => ("cannot be told yet", Standing::Unknown),
        later => (later, Standing::Unknown),
    }
}

/// A toolkit in somebody else's care, and in whose.
#[must_use]
pub fn elsewhere(found: &ElsewhereFacts) -> String {
    let keeper = match found.keeper.as_str() {
        "conda" => "conda",
        "python" => "a Python environment",
        "distribution" => "the distribution",
        later => later,
    };
    format!("CUDA {} of {keeper}", found.release)
}

/// Who has turned forward compatibility on for all programs, and where.
#[must_use]
pub fn turned_on_by(cuda: &CudaFacts) -> String {
    let who = match cuda.compat_source.as_deref() {
        Some("container-runtime") => "the host, when it created this container",
        Some("image-start") => "the image, when it started",
        Some("environment") => "the environment",
        Some("loader-configuration") => "the configuration of the loader",
        Some(later) => later,
        None => "somebody",
    };
    match &cuda.compat_place {
        Some(place) => format!("{who} ({place})"),
        None => who.to_owned(),
    }
}

/// What came of trying forward compatibility.
#[must_use]
pub fn compat_works(token: Option<&str>) -> (&'static str, Standing) {
    match token {
        Some("yes") => ("it works", Standing::Well),
        Some("no") => ("it does not work on this machine", Standing::Bad),
        _ => ("it could not be tried", Standing::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::cuda::{CompatSource, CudaState, Keeper, Verdict};

    const VERDICTS: [Verdict; 8] = [
        Verdict::Native,
        Verdict::MinorVersion,
        Verdict::Forward,
        Verdict::NeedsForward,
        Verdict::CompileOnly,
        Verdict::Unknown,
        Verdict::WillNotRun,
        Verdict::CannotTarget,
    ];

    #[test]
    fn every_token_of_today_has_words_of_its_own_and_a_later_one_is_shown() {
        for token in VERDICTS.map(|token| token.to_string()) {
            let (words, standing) = verdict(&token);
            assert!(words != token, "{token}");
            assert_eq!(standing == Standing::Unknown, token == "unknown", "{token}");
        }
        let states = [CudaState::Unknown, CudaState::Works, CudaState::NoGpu, CudaState::NoLibrary, CudaState::Failing];
        for token in states.map(|token| token.to_string()) {
            assert_eq!(state(&token).1 == Standing::Unknown, token == "unknown", "{token}");
        }
        assert_eq!(verdict("a-later-token"), ("a-later-token", Standing::Unknown));
        assert_eq!(state("a-later-token"), ("a-later-token", Standing::Unknown));
    }

    #[test]
    fn who_looks_after_what_is_told() {
        let of = |keeper: &str| {
            elsewhere(&ElsewhereFacts { release: "12.4".into(), keeper: keeper.into(), ..ElsewhereFacts::default() })
        };
        let said = [Keeper::Conda, Keeper::Python, Keeper::Distribution].map(|keeper| of(&keeper.to_string()));
        assert_eq!(said, ["CUDA 12.4 of conda", "CUDA 12.4 of a Python environment", "CUDA 12.4 of the distribution"]);
        for source in [
            CompatSource::ContainerRuntime,
            CompatSource::ImageStart,
            CompatSource::Environment,
            CompatSource::LoaderConfiguration,
        ] {
            let token = source.to_string();
            let mut cuda = CudaFacts { compat_source: Some(token.clone()), ..CudaFacts::default() };
            assert_ne!(turned_on_by(&cuda), token);
            cuda.compat_place = Some("/etc/a.conf".into());
            assert!(turned_on_by(&cuda).ends_with(" (/etc/a.conf)"), "{token}");
        }
    }
}
