//! What went wrong, in plain words, from what apt and dpkg complain.
//!
//! They tell it in English (`LC_ALL=C.UTF-8`). What is not recognised is told as it is.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

use super::driver_package::is_driver_name;

/// A kind of trouble that people do different things about. The tokens are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString, IntoStaticStr, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Kind {
    /// The repository's server cannot be reached.
    Unreachable,
    /// There is a server, and no repository at this place.
    NoRepository,
    /// The lists are not signed by the key that they should be.
    Signature,
    /// The key is out of date.
    KeyExpired,
    /// This system no longer takes the way in which the key was made.
    WeakKey,
    /// What was fetched is not what the lists promise.
    Mismatch,
    /// Two entries for the repository contradict each other.
    Sources,
    /// A disk is full.
    NoSpace,
    /// Another package manager is at work.
    Locked,
    /// It needs what is part of the driver.
    Driver,
    /// It would remove something.
    Removal,
    /// It needs what cannot be had.
    Unmet,
    /// A package's own script failed.
    Script,
    /// dpkg was interrupted earlier.
    Broken,
    /// Packages are held.
    Held,
    /// It would put an older version in a newer one's place.
    Downgrade,
    /// It took too long.
    TimedOut,
    /// Something else.
    Other,
}

/// Trouble with its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// What kind.
    pub kind: Kind,
    /// One or two sentences: what happened and what to do.
    pub message: String,
    /// apt's own words for it.
    pub detail: String,
}

/// What is looked for in apt's words, in the order of how much it tells: a full disk also makes signatures fail.
const MARKS: [(Kind, &[&str]); 16] = [
    // dpkg cannot replace a file that is a mount: the host has put it there.
    (Kind::Driver, &["Invalid cross-device link"]),
    (Kind::NoSpace, &["No space left on device", "enough free space", "Disk quota exceeded"]),
    (Kind::Locked, &["Could not get lock", "Unable to acquire the dpkg frontend lock", "Unable to lock"]),
    (Kind::Sources, &["Conflicting values set for option"]),
    (Kind::WeakKey, &["SHA1 is not considered secure", "weak digest", "Policy rejected"]),
    (Kind::KeyExpired, &["EXPKEYSIG", "key expired", "expired on", "Expired on", "is expired"]),
    (
        Kind::Signature,
        &[
            "NO_PUBKEY",
            "BADSIG",
            "is not signed",
            "signatures were invalid",
            "couldn't be verified",
            "cannot be authenticated",
            "not available: ",
            "Signed file isn't valid",
            "Missing key",
            "Clearsigned file isn't valid",
            "does not seem to be signed",
            "No good signature",
            "Sub-process /usr/bin/sqv",
        ],
    ),
    (Kind::Mismatch, &["Hash Sum mismatch", "unexpected size", "Mirror sync in progress", "Hashes of expected file"]),
    (
        Kind::NoRepository,
        &["does not have a Release file", "404  Not Found", "no longer has a Release file", "403  Forbidden"],
    ),
    (
        Kind::Unreachable,
        &[
            "Could not resolve",
            "Temporary failure resolving",
            "Could not connect",
            "Connection failed",
            "Connection timed out",
            "Connection refused",
            "Network is unreachable",
            "Unable to connect",
            "No route to host",
            "Connection reset",
            "Error reading from server",
            "Could not handshake",
            "Connection closed",
            "timed out",
            "connection was closed",
            // A connection that was cut: nobody has set an error.
            "Undetermined Error",
        ],
    ),
    (Kind::Broken, &["dpkg was interrupted"]),
    (Kind::Downgrade, &["without --allow-downgrades"]),
    // apt blames held packages for whatever it cannot solve, also where none is.
    (Kind::Unmet, &["not installable", "Unable to locate package", "has no installation candidate"]),
    (Kind::Held, &["Held packages were changed", "held broken packages"]),
    (Kind::Unmet, &["unmet dependencies", "was not found"]),
    (Kind::Script, &["returned error exit status", "script subprocess", "returned an error code"]),
];

/// Recognises trouble in what apt said. `where_from` is the repository's URL.
#[must_use]
pub fn recognise(said: &str, where_from: &str) -> Trouble {
    let needs = needed_driver(said);
    let marked = || MARKS.iter().find(|(_, marks)| marks.iter().any(|mark| said.contains(mark)));
    let kind = if needs.is_some() { Kind::Driver } else { marked().map_or(Kind::Other, |(kind, _)| *kind) };
    let message = match (kind, needs) {
        (Kind::Driver, Some(package)) => format!(
            "This needs {package}, which is part of the driver. The driver belongs to the host and is never installed \
             here, so nothing was changed."
        ),
        _ => words(kind, where_from, said),
    };
    Trouble { kind, message, detail: complaints(said) }
}

fn words(kind: Kind, url: &str, said: &str) -> String {
    match kind {
        Kind::Unreachable => format!("{url} cannot be reached. Look at the network, then try again; what was downloaded is kept."),
        Kind::NoRepository => format!(
            "There is no package repository at {url}. It may be for another distribution, or the URL is wrong: \
             /etc/desktop-control/config.toml ([cuda] repository) sets it."
        ),
        Kind::Signature => format!(
            "The lists of {url} are not signed by its key, so they are not used. Try again later; if it stays so, \
             somebody between here and there changes them, or the key was replaced."
        ),
        Kind::KeyExpired => format!("The key of {url} has expired, so its lists are not used. Put the new one where apt looks for it: /etc/desktop-control/config.toml ([cuda] key) names it."),
        Kind::WeakKey => format!(
            "This system no longer takes the key of {url}, which is made with SHA-1. Use the repository for this \
             very distribution."
        ),
        Kind::Mismatch => format!("What {url} sent is not what its lists promise; it is probably being updated. Try again in some minutes."),
        Kind::Sources => "Two files under /etc/apt name the repository with different keys, so apt uses neither. Remove one of them.".into(),
        Kind::NoSpace => "The disk is full. Free some space, then try again.".into(),
        Kind::Locked => match holder(said) {
            Some(holder) => format!("Another package manager is busy: {holder}. Wait for it, then try again."),
            None => "Another package manager is busy. Wait for it, then try again.".into(),
        },
        Kind::Driver | Kind::Removal => "apt would touch the driver or remove something, so nothing was changed.".into(),
        Kind::Unmet => "It needs packages that cannot be had here; the log names them.".into(),
        Kind::Script => "A package could not be set up; the log says which and why.".into(),
        Kind::Broken => "An earlier installation was interrupted. `desktopctl cuda repair` brings it to its end.".into(),
        Kind::Held => "Packages that it would change are held. `apt-mark showhold` lists them; release them with `apt-mark unhold`, then try again.".into(),
        Kind::Downgrade => "A newer version of a package that it needs is installed, and would be replaced by an older one, so nothing was changed. Leave that extra out.".into(),
        Kind::TimedOut => "It took too long and was ended. Try again.".into(),
        Kind::Other => "apt failed; the log says why.".into(),
    }
}

/// `… It is held by process 1234 (apt-get)`
fn holder(said: &str) -> Option<String> {
    let rest = said.split_once("held by process ")?.1;
    let pid: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let name = rest.get(pid.len()..)?.strip_prefix(" (").and_then(|rest| rest.split(')').next());
    Some(name.map_or_else(|| format!("PID {pid}"), |name| format!("PID {pid} ({name})")))
}

/// A driver's package that apt names as what is missing: our pin hides it. Of several that would do (`a | b`) each has a
/// line of its own.
fn needed_driver(said: &str) -> Option<String> {
    let lines = said.lines().filter(|line| line.contains("Depends:") || line.contains("but it is not"));
    let name = |line: &str| {
        let rest = line.split_once("Depends:").map_or(line, |(_, rest)| rest);
        rest.trim().split([' ', ',']).next().unwrap_or_default().to_owned()
    };
    lines.map(name).find(|name| is_driver_name(name))
}

/// The lines that tell of errors, else of warnings, else the last ones; not too many.
fn complaints(said: &str) -> String {
    const MOST: usize = 8;
    let of = |mark: &str| -> Vec<&str> { said.lines().filter(|line| line.starts_with(mark)).collect() };
    let lines = [of("E:"), of("W:"), said.lines().rev().take(MOST).collect::<Vec<_>>().into_iter().rev().collect()];
    let lines = lines.into_iter().find(|lines| !lines.is_empty()).unwrap_or_default();
    lines.into_iter().take(MOST).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What apt 2.6 and 3.0 said when it happened.
    #[test]
    fn troubles_are_told_apart() {
        for (said, kind) in [
            ("E: Failed to fetch http://a/InRelease  Could not resolve 'a'", Kind::Unreachable),
            (
                "Err:1 http://127.0.0.1:1  Packages\n  Could not connect to 127.0.0.1:1 (127.0.0.1). - connect (111: Connection refused)",
                Kind::Unreachable,
            ),
            ("E: The repository 'http://a  Release' does not have a Release file.", Kind::NoRepository),
            (
                "W: GPG error: http://a  InRelease: The following signatures couldn't be verified because the public key is not available: NO_PUBKEY A4B469963BF863CC\nE: The repository 'http://a  InRelease' is not signed.",
                Kind::Signature,
            ),
            (
                "W: GPG error: http://a  InRelease: The following signatures were invalid: EXPKEYSIG 6F75B898EB0C0E9A tests",
                Kind::KeyExpired,
            ),
            (
                "W: GPG error: http://a  InRelease: The following signatures were invalid: BADSIG 6F75B898EB0C0E9A tests",
                Kind::Signature,
            ),
            (
                "W: OpenPGP signature verification failed: http://a  InRelease: Sub-process /usr/bin/sqv returned an error code (1), error message is: Signing key on EB693B3035CD5710E231E123A4B469963BF863CC is not bound: SHA1 is not considered secure since 2026-02-01T00:00:00Z",
                Kind::WeakKey,
            ),
            ("E: Failed to fetch http://a/x.deb  Hash Sum mismatch", Kind::Mismatch),
            (
                "E: Failed to fetch http://a/Packages.gz  File has unexpected size (1 != 2). Mirror sync in progress?",
                Kind::Mismatch,
            ),
            ("E: You don't have enough free space in /var/cache/apt/archives/.", Kind::NoSpace),
            (
                "dpkg: error processing archive x.deb (--unpack):\n cannot copy extracted data for './x' to '/x.dpkg-new': failed to write (No space left on device)\nE: Sub-process /usr/bin/dpkg returned an error code (1)",
                Kind::NoSpace,
            ),
            (
                "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 4711 (unattended-upgr)",
                Kind::Locked,
            ),
            ("E: Conflicting values set for option Signed-By regarding source http://a /: a != b", Kind::Sources),
            (
                "The following packages have unmet dependencies:\n a : Depends: b but it is not installable\nE: Unable to correct problems, you have held broken packages.",
                Kind::Unmet,
            ),
            (
                "The following packages have unmet dependencies:\n a : Depends: b (>= 2) but 1 is to be installed\nE: Unable to correct problems, you have held broken packages.",
                Kind::Held,
            ),
            (
                "The following packages have unmet dependencies:\n a : Depends: b but it is not installable or\n                cuda-runtime-12-9 but it is not installable\nE: Unable to correct problems, you have held broken packages.",
                Kind::Driver,
            ),
            (
                "Err:1 http://127.0.0.1:1  a 1\n  Undetermined Error [IP: 127.0.0.1 1]\nE: Failed to fetch http://a/a.deb  Undetermined Error",
                Kind::Unreachable,
            ),
            ("E: Unable to locate package a", Kind::Unmet),
            (
                " unable to make backup link of './usr/lib/libcuda.so.1' before installing new version: Invalid cross-device link",
                Kind::Driver,
            ),
            (
                "The following packages have unmet dependencies:\n cuda-toolkit-12-9 : Depends: cuda-drivers but it is not installable\nE: Unable to correct problems, you have held broken packages.",
                Kind::Driver,
            ),
            (
                "dpkg: error processing package x (--configure):\n installed x package post-installation script subprocess returned error exit status 1",
                Kind::Script,
            ),
            (
                "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.",
                Kind::Broken,
            ),
            ("E: Packages were downgraded and -y was used without --allow-downgrades.", Kind::Downgrade),
            ("", Kind::Other),
        ] {
            let trouble = recognise(said, "http://a");
            assert_eq!(trouble.kind, kind, "{said}");
            assert!(trouble.message.ends_with('.'), "{}", trouble.message);
        }
    }

    #[test]
    fn who_is_busy_is_said() {
        let said = "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 4711 (unattended-upgr)";
        assert!(recognise(said, "").message.contains("PID 4711 (unattended-upgr)"));
        assert!(
            recognise("E: Could not get lock /x - open (11: Resource temporarily unavailable)", "")
                .message
                .contains("busy")
        );
    }

    #[test]
    fn the_driver_that_is_needed_is_named() {
        let said = " cuda-toolkit-12-9 : Depends: cuda-nvcc-12-9 but it is not going to be installed\n\
            \u{20}                    Depends: libnvidia-compute-575 (>= 575) but it is not installable\n";
        assert!(recognise(said, "").message.contains("libnvidia-compute-575"));
    }

    #[test]
    fn apts_own_words_are_kept_short() {
        let said = format!("Reading…\n{}", "E: no\n".repeat(100));
        assert_eq!(recognise(&said, "").detail.lines().count(), 8);
    }
}
