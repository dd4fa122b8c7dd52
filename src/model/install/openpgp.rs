//! Fingerprints of the keys in a file, as RFC 4880 and RFC 9580 define them: enough to tell whose key it is. Signatures
//! are checked by apt alone.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// What keeps a file from being a list of public keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Neither armoured nor binary OpenPGP.
    #[error("it is no OpenPGP key")]
    NoKey,
    /// It ends in the middle.
    #[error("it is cut off")]
    Cut,
    /// A key of another version than 4 and 6.
    #[error("it holds a key of version {0}, which is not known here")]
    Version(u8),
    /// It holds a secret key, which nobody should hand out.
    #[error("it holds a secret key; export the public one")]
    Secret,
}

const ARMOUR: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
const ARMOUR_END: &str = "-----END PGP PUBLIC KEY BLOCK-----";

/// Whether the keys are written as text; apt goes by the ending of a file's name: `.asc` for these, else `.gpg`.
#[must_use]
pub fn is_armoured(file: &[u8]) -> bool {
    String::from_utf8_lossy(file).contains(ARMOUR)
}

/// The fingerprints of all keys that signatures may be made with in the end: the primary keys, in capital hexadecimal
/// digits. Subkeys belong to them.
///
/// # Errors
/// See [`KeyError`].
pub fn fingerprints(file: &[u8]) -> Result<Vec<String>, KeyError> {
    let packets = if is_armoured(file) { unarmour(file)? } else { file.to_vec() };
    let mut rest = packets.as_slice();
    let mut found = Vec::new();
    while let Some((tag, body, after)) = packet(rest)? {
        match tag {
            6 => found.push(fingerprint(body)?),
            5 => return Err(KeyError::Secret),
            _ => {}
        }
        rest = after;
    }
    if found.is_empty() { Err(KeyError::NoKey) } else { Ok(found) }
}

/// The bytes of all blocks of a text.
fn unarmour(file: &[u8]) -> Result<Vec<u8>, KeyError> {
    let text = String::from_utf8_lossy(file);
    let mut bytes = Vec::new();
    for block in text.split(ARMOUR).skip(1) {
        let block = block.split(ARMOUR_END).next().unwrap_or_default();
        let lines = block.lines().map(str::trim).skip_while(|line| line.is_empty() || line.contains(": "));
        // The last line, behind an equals sign, is a check sum.
        let digits: String = lines.filter(|line| !line.starts_with('=')).collect();
        bytes.extend(BASE64_STANDARD.decode(digits).map_err(|_| KeyError::NoKey)?);
    }
    Ok(bytes)
}

/// The tag of a packet, its body and what comes behind it.
type Packet<'b> = (u8, &'b [u8], &'b [u8]);

fn packet(bytes: &[u8]) -> Result<Option<Packet<'_>>, KeyError> {
    let Some((head, rest)) = bytes.split_first() else { return Ok(None) };
    if head & 0x80 == 0 {
        return Err(KeyError::NoKey);
    }
    let (tag, width, rest) = if head & 0x40 != 0 {
        let first = *rest.first().ok_or(KeyError::Cut)?;
        match first {
            0..192 => (head & 0x3f, Length::Here(usize::from(first)), &rest[1..]),
            192..224 => {
                let second = *rest.get(1).ok_or(KeyError::Cut)?;
                (head & 0x3f, Length::Here((usize::from(first) - 192) * 256 + usize::from(second) + 192), &rest[2..])
            }
            255 => (head & 0x3f, Length::Bytes(4), &rest[1..]),
            // In pieces: allowed for data, not for keys.
            _ => return Err(KeyError::NoKey),
        }
    } else {
        match head & 3 {
            0 => (head >> 2 & 0xf, Length::Bytes(1), rest),
            1 => (head >> 2 & 0xf, Length::Bytes(2), rest),
            2 => (head >> 2 & 0xf, Length::Bytes(4), rest),
            _ => return Err(KeyError::NoKey),
        }
    };
    let (length, rest) = match width {
        Length::Here(length) => (length, rest),
        Length::Bytes(count) => {
            let (digits, rest) = rest.split_at_checked(count).ok_or(KeyError::Cut)?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
    };
    let (body, after) = rest.split_at_checked(length).ok_or(KeyError::Cut)?;
    Ok(Some((tag, body, after)))
}

enum Length {
    Here(usize),
    Bytes(usize),
}

fn fingerprint(body: &[u8]) -> Result<String, KeyError> {
    let length = u16::try_from(body.len()).map_err(|_| KeyError::NoKey)?;
    match body.first() {
        Some(4) => {
            let digest = Sha1::new().chain_update([0x99]).chain_update(length.to_be_bytes()).chain_update(body);
            Ok(hex(&digest.finalize()))
        }
        Some(6) => {
            let length = u32::from(length).to_be_bytes();
            Ok(hex(&Sha256::new().chain_update([0x9b]).chain_update(length).chain_update(body).finalize()))
        }
        Some(version) => Err(KeyError::Version(*version)),
        None => Err(KeyError::Cut),
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// A fingerprint as people write it: spaces, colons and small letters do not matter.
#[must_use]
pub fn same_fingerprint(a: &str, b: &str) -> bool {
    let plain = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
    };
    plain(a) == plain(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made for this test by GnuPG 2.2; its own word for it is the fingerprint below.
    const KEY: &str = include_str!("../../../tests/fixtures/install/key.asc");
    const FINGERPRINT: &str = include_str!("../../../tests/fixtures/install/key.fingerprint");

    #[test]
    fn the_fingerprint_is_the_one_that_gnupg_tells() {
        assert_eq!(fingerprints(KEY.as_bytes()), Ok(vec![FINGERPRINT.trim().to_owned()]));
        let binary = unarmour(KEY.as_bytes()).expect("armoured");
        assert_eq!(fingerprints(&binary), Ok(vec![FINGERPRINT.trim().to_owned()]));
        let twice = [binary.as_slice(), binary.as_slice()].concat();
        assert_eq!(fingerprints(&twice).map(|found| found.len()), Ok(2), "a second key is not overlooked");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert_eq!(fingerprints(b""), Err(KeyError::NoKey));
        assert_eq!(fingerprints(b"<html>404</html>"), Err(KeyError::NoKey));
        let binary = unarmour(KEY.as_bytes()).expect("armoured");
        for length in 1..binary.len() {
            // A key that is cut behind a whole packet is a key with less to it.
            let _ = fingerprints(&binary[..length]);
        }
        assert_eq!(fingerprints(&binary[..20]), Err(KeyError::Cut));
        assert_eq!(fingerprints(&[0xc5, 1, 4]), Err(KeyError::Secret));
        assert_eq!(fingerprints(&[0xc6, 1, 3]), Err(KeyError::Version(3)));
        assert_eq!(fingerprints(&[0xc6, 0xff, 0xff, 0xff, 0xff, 0xff]), Err(KeyError::Cut));
    }

    #[test]
    fn fingerprints_are_compared_as_people_write_them() {
        assert!(same_fingerprint("EB69 3B30 35CD", "eb:69:3b:30:35:cd"));
        assert!(!same_fingerprint("EB69", "EB68"));
    }
}
