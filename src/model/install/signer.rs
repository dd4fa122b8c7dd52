//! Whose signature apt takes for a repository, and whether that is the repository's own.

use super::openpgp::{is_armoured, same_fingerprint};
use super::repository::{is_nvidias_key, nvidias_fingerprint};

/// What an entry's `Signed-By` names. Nothing at all: whatever key the system trusts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signer {
    /// Files with keys.
    pub files: Vec<String>,
    /// Fingerprints of keys that the system trusts.
    pub fingerprints: Vec<String>,
    /// A key that is written out in the entry itself.
    pub written: Option<String>,
}

impl Signer {
    /// Reads the option, which may be a key, or paths and fingerprints between commas or blanks.
    #[must_use]
    pub fn of(signed_by: Option<&str>) -> Self {
        let Some(text) = signed_by else { return Self::default() };
        if is_armoured(text.as_bytes()) {
            return Self { written: Some(text.to_owned()), ..Self::default() };
        }
        let words = text.split([',', ' ', '\t', '\n']).filter(|word| !word.is_empty()).map(str::to_owned);
        let (files, fingerprints) = words.partition(|word| word.starts_with('/'));
        Self { files, fingerprints, written: None }
    }

    /// Any key that the system trusts will do.
    #[must_use]
    pub fn is_anyone(&self) -> bool {
        *self == Self::default()
    }

    /// Where the key is, for people.
    #[must_use]
    pub fn place(&self) -> String {
        match (&self.written, self.files.as_slice()) {
            (Some(_), _) => "written out in the entry".into(),
            (None, []) => "/etc/apt/trusted.gpg.d".into(),
            (None, files) => files.join(", "),
        }
    }
}

/// Whether what is signed by any of `found` is the repository's, whose own keys are `own`. `anyone`: these are all the
/// keys that the system trusts, for whatever they are.
#[must_use]
pub fn is_own(url: &str, own: &[String], found: &[String], anyone: bool) -> bool {
    let of_nvidia = nvidias_fingerprint(url).is_some();
    let known = |key: &String| own.iter().any(|own| same_fingerprint(own, key)) || of_nvidia && is_nvidias_key(key);
    if anyone { found.iter().any(known) } else { !found.is_empty() && found.iter().all(known) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NVIDIA: &str = "https://developer.download.nvidia.com/compute/cuda/repos/debian12/x86_64";
    const OLDER: &str = "EB693B3035CD5710E231E123A4B469963BF863CC";
    const NEWER: &str = "02182E60104FCDC26EAE1B8597A5D4CB8793F200";

    #[test]
    fn all_forms_of_the_option_are_read() {
        assert!(Signer::of(None).is_anyone());
        let signer = Signer::of(Some("/a.gpg, /b.asc"));
        assert_eq!((signer.files.len(), signer.place().as_str()), (2, "/a.gpg, /b.asc"));
        assert_eq!(Signer::of(Some("EB69! 0218")).fingerprints, ["EB69!", "0218"]);
        let key = include_str!("../../../tests/fixtures/install/key.asc");
        assert!(Signer::of(Some(key)).written.is_some());
    }

    #[test]
    fn only_keys_that_are_known_may_sign() {
        let own = |url: &str, own: &[&str], found: &[&str], anyone| {
            let owned = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
            is_own(url, &owned(own), &owned(found), anyone)
        };
        assert!(own(NVIDIA, &[], &[OLDER], false) && own(NVIDIA, &[], &[NEWER, OLDER], false));
        assert!(!own(NVIDIA, &[], &["AB"], false), "a stranger's");
        assert!(!own(NVIDIA, &[], &[OLDER, "AB"], false), "a stranger's beside it");
        assert!(!own(NVIDIA, &[], &[], false), "none at all");
        assert!(own("http://mirror", &["AB"], &["ab"], false));
        assert!(!own("http://mirror", &["AB"], &[OLDER], false), "NVIDIA's for somebody else's");
        assert!(own(NVIDIA, &[], &["AB", OLDER], true), "the system trusts others for other repositories");
        assert!(!own(NVIDIA, &[], &["AB"], true));
    }
}
