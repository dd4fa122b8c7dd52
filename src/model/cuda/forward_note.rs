//! The note that says, inside a forward compatibility library itself, where it can be used.

use serde_json::Value;

use super::gpu::Brand;
use super::version::Release;

/// What `.note.cuda.fwd_compatibility` in a package's `libcuda.so.*` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardNote {
    /// The CUDA that the library brings.
    pub release: Release,
    /// The driver branches that it works on.
    pub branches: Vec<u16>,
    /// The brands of GPUs that it works with.
    pub brands: Vec<Brand>,
}

/// Why a section is no such note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The section is cut off, or is no note of NVIDIA's.
    #[error("the forward compatibility library has a note that is not of NVIDIA's form")]
    Form,
    /// The text in it is not the one that is known.
    #[error("the forward compatibility library has a note that cannot be read")]
    Content,
}

/// The owner that the note names, with the zero at its end.
const OWNER: &[u8] = b"NVIDIA Corporation\0";
/// An ELF note begins with the lengths of its name and its description and with its type, 4 bytes each.
const HEADER: usize = 12;
/// The format that is understood.
const FORMAT: i64 = 1;

impl ForwardNote {
    /// Reads the bytes of the section, in the byte order of the machines that NVIDIA builds for.
    ///
    /// # Errors
    /// The section is no such note, or says something that is not understood.
    pub fn parse(section: &[u8]) -> Result<Self, NoteError> {
        let word = |at: usize| -> Option<usize> {
            let bytes = section.get(at..at + 4)?.try_into().ok()?;
            usize::try_from(u32::from_le_bytes(bytes)).ok()
        };
        let (name, description) = word(0).zip(word(4)).ok_or(NoteError::Form)?;
        if name != OWNER.len() || section.get(HEADER..HEADER + name) != Some(OWNER) {
            return Err(NoteError::Form);
        }
        // The name is padded to the alignment of the section, which the section itself does not tell.
        let starts = [4, 8].map(|alignment| HEADER + name.next_multiple_of(alignment));
        let start = starts.into_iter().find(|at| section.get(*at) == Some(&b'{')).ok_or(NoteError::Form)?;
        let end = start.checked_add(description).ok_or(NoteError::Form)?;
        let text = section.get(start..end).ok_or(NoteError::Form)?;
        let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
        Self::of_json(std::str::from_utf8(text).map_err(|_| NoteError::Content)?)
    }

    /// Reads the text of the note.
    ///
    /// # Errors
    /// It is no JSON, or of another format.
    pub fn of_json(json: &str) -> Result<Self, NoteError> {
        let value: Value = serde_json::from_str(json).map_err(|_| NoteError::Content)?;
        let object = value.as_object().ok_or(NoteError::Content)?;
        // NVIDIA's own reader takes keys in any case.
        let get = |name: &str| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        let numbers = |name: &str| -> Option<Vec<u64>> { get(name)?.as_array()?.iter().map(Value::as_u64).collect() };
        if get("format").and_then(Value::as_i64) != Some(FORMAT) {
            return Err(NoteError::Content);
        }
        let release = get("CUDA version").and_then(Value::as_str).and_then(|text| text.parse().ok());
        let branches = numbers("driver").ok_or(NoteError::Content)?;
        let brands = numbers("device").ok_or(NoteError::Content)?;
        Ok(Self {
            release: release.ok_or(NoteError::Content)?,
            branches: branches.into_iter().filter_map(|branch| u16::try_from(branch).ok()).collect(),
            // A number without a name allows nobody.
            brands: brands
                .into_iter()
                .filter_map(|brand| u32::try_from(brand).ok().and_then(Brand::from_repr))
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF_12_9: &str =
        r#"{"format":1,"CUDA version":"12.9","driver":[535,550,560,565,570,575],"device":[1,2,7,8,9,10,11,12,13,14]}"#;

    fn section(alignment: usize, json: &str) -> Vec<u8> {
        let mut section = Vec::new();
        for word in [OWNER.len(), json.len() + 1, 0] {
            section.extend(u32::try_from(word).expect("small").to_le_bytes());
        }
        section.extend(OWNER);
        section.resize(HEADER + OWNER.len().next_multiple_of(alignment), 0);
        section.extend(json.as_bytes());
        section.push(0);
        section
    }

    #[test]
    fn a_real_note_is_read_whatever_the_alignment() {
        for alignment in [4, 8] {
            let note = ForwardNote::parse(&section(alignment, OF_12_9)).expect("a note");
            assert_eq!(note.release, Release::new(12, 9));
            assert_eq!(note.branches, [535, 550, 560, 565, 570, 575]);
            assert!(note.brands.contains(&Brand::Tesla) && note.brands.contains(&Brand::Nvidia));
            assert!(!note.brands.contains(&Brand::GeForce) && !note.brands.contains(&Brand::Unknown));
        }
    }

    #[test]
    fn the_tables_say_what_the_real_notes_say() {
        let forward = &super::super::Tables::bundled().forward;
        let of_13_1 = r#"{"format":1,"CUDA version":"13.1","driver":[535,550,570,575,580,590],"device":[1,2,7,8,9,10,11,12,13,14]}"#;
        for json in [OF_12_9, of_13_1] {
            let note = ForwardNote::of_json(json).expect("a note");
            let package = forward.package.iter().find(|package| package.release == note.release).expect("known");
            assert_eq!(package.noted, note.branches);
            assert_eq!(forward.accepted, note.brands);
        }
    }

    #[test]
    fn keys_may_be_in_any_case_and_more_may_follow() {
        let note = ForwardNote::of_json(r#"{"Format":1,"cuda VERSION":"13.9","Driver":[615],"Device":[2,99],"x":{}}"#);
        assert_eq!(note.expect("a note").brands, [Brand::Tesla]);
    }

    #[test]
    fn what_is_no_note_is_refused() {
        let whole = section(4, OF_12_9);
        for cut in 0..whole.len() - 1 {
            assert!(ForwardNote::parse(&whole[..cut]).is_err(), "{cut}");
        }
        let mut long = whole.clone();
        long[4..8].fill(0xff);
        assert_eq!(ForwardNote::parse(&long), Err(NoteError::Form));
        let mut foreign = whole;
        foreign[HEADER] = b'X';
        assert_eq!(ForwardNote::parse(&foreign), Err(NoteError::Form));
        for json in [
            "",
            "{}",
            "[1]",
            r#"{"format":2,"CUDA version":"12.9","driver":[535],"device":[2]}"#,
            r#"{"format":1,"CUDA version":"12","driver":[535],"device":[2]}"#,
            r#"{"format":1,"CUDA version":"12.9","driver":["535"],"device":[2]}"#,
            r#"{"format":1,"CUDA version":"12.9","driver":[535]}"#,
            r#"{"format":1,"CUDA version":"12.9","driver":[-1],"device":[2]}"#,
        ] {
            assert_eq!(ForwardNote::of_json(json), Err(NoteError::Content), "{json}");
        }
    }
}
