//! Errors that the driver reports of a GPU by number, NVIDIA's "Xid".
//!
//! Some are a program's own fault and leave the GPU well. The numbers are those of NVIDIA's list "XID Errors".

/// An error by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Xid(pub u64);

impl Xid {
    /// It ended a program's work, and the GPU goes on.
    #[must_use]
    pub fn is_a_programs(self) -> bool {
        matches!(self.0, 13 | 31 | 43 | 45 | 68 | 69 | 94 | 109)
    }

    fn says(self) -> Option<&'static str> {
        Some(match self.0 {
            13 | 69 => "a program had the GPU do something that it cannot do",
            31 => "a program used GPU memory that is not its own",
            43 | 45 => "the work of a program was stopped",
            48 | 140 => "GPU memory had an error that could not be corrected",
            61 | 62 => "a controller inside the GPU has halted",
            63 => "a damaged part of its memory is being taken out of use",
            64 => "a damaged part of its memory could not be taken out of use",
            68 => "the video decoder failed at the work of a program",
            74 => "its link to other GPUs (NVLink) failed",
            79 => "it has fallen off the bus",
            92 => "its memory has many errors that still can be corrected",
            94 => "an error of its memory has hit one program only",
            95 => "an error of its memory may have hit every program",
            109 => "the work of a program did not end in time",
            119 | 120 => "the firmware of the GPU does not answer",
            143 => "it could not be initialised",
            _ => return None,
        })
    }

    /// What is, and what to do.
    #[must_use]
    pub fn sentence(self) -> String {
        let number = self.0;
        let what = match self.says() {
            Some(what) => format!("The driver reported an error of this GPU (Xid {number}): {what}."),
            None => format!("The driver reported an error of this GPU (Xid {number})."),
        };
        let advice = if self.is_a_programs() {
            "The program has to be started again; if others fail too, restart the instance."
        } else {
            "Results of programs that ran may be wrong. Start them again; if it comes back, take another instance."
        };
        format!("{what} {advice}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_whole_sentences_also_one_that_nobody_knows() {
        for number in (0..200).chain([u64::MAX]) {
            let sentence = Xid(number).sentence();
            assert!(sentence.contains(&format!("(Xid {number})")) && sentence.ends_with('.'), "{sentence}");
        }
        assert!(Xid(79).sentence().contains("fallen off the bus") && !Xid(79).is_a_programs());
        assert!(Xid(31).is_a_programs() && Xid(31).sentence().contains("started again"));
    }
}
