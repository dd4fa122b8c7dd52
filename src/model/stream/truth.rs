//! Whether the server does what it is configured to do and, if it does not, why and where that can be mended.

use std::collections::BTreeSet;

use strum::{Display, EnumString, IntoStaticStr};

use super::effective::{By, Seen};
use super::overlay::Hardware;
use super::setting::Meaning;

/// What this machine offers an encoder, as its files tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// There are device files of NVIDIA GPUs.
    pub nvidia: bool,
    /// There is a render node whose driver brings VA-API encoders.
    pub vaapi: bool,
    /// NVIDIA's encoder library can be found.
    pub encode_library: bool,
    /// `NVIDIA_DRIVER_CAPABILITIES` of the container; none if it is not set.
    pub capabilities: Option<String>,
}

/// Whether it is as configured. The tokens are wire format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Display, EnumString, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Verdict {
    /// It is.
    AsConfigured,
    /// The server does something else for want of something.
    Fallback,
    /// A viewer's browser has chosen something else, as it may.
    ViewersChoice,
    /// It cannot be told.
    #[default]
    Unknown,
}

/// Where something can be mended. The tokens are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Mended {
    /// On this machine.
    Here,
    /// Only by making the machine anew.
    Instance,
}

/// The verdict and its reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Truth {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, one sentence or two.
    pub reason: Option<String>,
    /// Where it can be mended.
    pub mended: Option<Mended>,
}

/// What is configured about the encoder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The encoder, by the server's name.
    pub encoder: String,
    /// For whom that holds.
    pub meaning: Meaning,
    /// Encode on the CPU only.
    pub cpu: bool,
    /// A GPU could do it.
    pub gpu_possible: bool,
}

impl Machine {
    /// The encoders that the hardware may have. Files do not tell what a GPU can do in detail.
    #[must_use]
    pub fn hardware(&self) -> BTreeSet<Hardware> {
        let nvenc = [Hardware::NvencH264, Hardware::NvencH265, Hardware::NvencAv1];
        let vaapi =
            [Hardware::VaapiH264, Hardware::VaapiH265, Hardware::VaapiVp8, Hardware::VaapiVp9, Hardware::VaapiAv1];
        let nvenc = nvenc.into_iter().filter(|_| self.nvidia && self.encode_library);
        nvenc.chain(vaapi.into_iter().filter(|_| self.vaapi)).collect()
    }

    /// What keeps every GPU here from encoding, whatever the server is told; none if nothing is known to.
    #[must_use]
    pub fn obstacle(&self) -> Option<String> {
        if self.vaapi || (self.nvidia && self.encode_library) {
            return None;
        }
        if !self.nvidia {
            return Some("There is no GPU in this machine that could encode.".into());
        }
        let capabilities = self.capabilities.as_deref().unwrap_or_default();
        if capabilities.split(',').any(|one| matches!(one.trim(), "video" | "all")) {
            return Some("The host's NVIDIA driver does not bring its encoder library (libnvidia-encode.so.1).".into());
        }
        Some(
            "NVIDIA's encoder library (libnvidia-encode.so.1) is not here, because the container was started without \
             the driver capability “video”. It comes with NVIDIA_DRIVER_CAPABILITIES=all."
                .into(),
        )
    }
}

/// Compares. `words` names an encoder for people.
#[must_use]
pub fn judge(wanted: &Wanted, seen: &Seen, machine: &Machine, words: impl Fn(&str) -> String) -> Truth {
    let Some(picture) = &seen.picture else { return Truth::default() };
    let (Some(encoder), Some(by)) = (&picture.encoder, picture.by) else { return Truth::default() };
    if *encoder != wanted.encoder {
        return other_encoder(wanted.meaning, &words(encoder), &words(&wanted.encoder));
    }
    if by == By::Gpu || wanted.cpu || !wanted.gpu_possible {
        return Truth { verdict: Verdict::AsConfigured, ..Truth::default() };
    }
    if seen.cpu_wanted {
        let reason = "A viewer's browser has asked for encoding on the CPU.".into();
        return Truth { verdict: Verdict::ViewersChoice, reason: Some(reason), mended: Some(Mended::Here) };
    }
    let (why, mended) = why_cpu(&words(&wanted.encoder), seen, machine);
    let reason = format!("The CPU encodes. {why}");
    Truth { verdict: Verdict::Fallback, reason: Some(reason), mended }
}

fn other_encoder(meaning: Meaning, seen: &str, wanted: &str) -> Truth {
    let (verdict, reason) = match meaning {
        Meaning::NewViewers => (
            Verdict::ViewersChoice,
            format!("A viewer's browser has chosen {seen} instead of {wanted}, or cannot show {wanted}."),
        ),
        Meaning::Enforced | Meaning::Server => (
            Verdict::Fallback,
            format!(
                "The stream is {seen} instead of {wanted}; a viewer's browser may be unable to show {wanted}. Choose \
                 another encoder, or open the stream in another browser."
            ),
        ),
    };
    Truth { verdict, reason: Some(reason), mended: Some(Mended::Here) }
}

fn why_cpu(wanted: &str, seen: &Seen, machine: &Machine) -> (String, Option<Mended>) {
    if let Some(obstacle) = machine.obstacle() {
        return (format!("{obstacle} Only another instance can change that."), Some(Mended::Instance));
    }
    let Some(said) = &seen.no_gpu else {
        return ("There is a GPU that should do it; the server does not say why it does not.".into(), None);
    };
    if says(said, &NO_ENGINE) {
        let why = format!("This GPU has no engine that encodes {wanted} ({said}). Only another GPU can change that.");
        return (why, Some(Mended::Instance));
    }
    if says(said, &NO_SESSION) {
        let why =
            format!("Other programs use all of the GPU's encoders ({said}). End one of them, then restart the stream.");
        return (why, Some(Mended::Here));
    }
    (format!("The server says: {said}"), None)
}

/// Parts of what NVENC answers where the GPU has no such engine: the names of its statuses, and words of pixelflux's.
const NO_ENGINE: [&str; 6] =
    ["has no ", "no encode device", "noencodedevice", "unsupported device", "unsupporteddevice", "not supported"];
/// The same where no more sessions may be opened.
const NO_SESSION: [&str; 4] = ["out of memory", "outofmemory", "incompatible client key", "incompatibleclientkey"];

fn says(said: &str, parts: &[&str]) -> bool {
    let said = said.to_lowercase().replace('_', " ");
    parts.iter().any(|part| said.contains(part))
}

#[cfg(test)]
mod tests {
    use super::super::effective::Picture;
    use super::*;

    fn wanted() -> Wanted {
        Wanted { encoder: "h264enc".into(), meaning: Meaning::NewViewers, cpu: false, gpu_possible: true }
    }

    fn seen(encoder: &str, by: By, no_gpu: Option<&str>) -> Seen {
        let picture = Picture { encoder: Some(encoder.into()), by: Some(by), ..Picture::default() };
        Seen { picture: Some(picture), no_gpu: no_gpu.map(str::to_owned), ..Seen::default() }
    }

    fn judge(wanted: &Wanted, seen: &Seen, machine: &Machine) -> Truth {
        super::judge(
            wanted,
            seen,
            machine,
            |encoder| if encoder == "h264enc" { "H.264".into() } else { encoder.into() },
        )
    }

    fn nvidia() -> Machine {
        Machine { nvidia: true, encode_library: true, capabilities: Some("all".into()), vaapi: false }
    }

    #[test]
    fn what_nobody_sees_is_unknown() {
        assert_eq!(judge(&wanted(), &Seen::default(), &nvidia()), Truth::default());
    }

    #[test]
    fn the_gpu_at_work_is_as_configured_and_so_is_the_cpu_where_it_was_asked_for() {
        let truth = judge(&wanted(), &seen("h264enc", By::Gpu, None), &nvidia());
        assert_eq!(truth, Truth { verdict: Verdict::AsConfigured, ..Truth::default() });
        for wanted in [Wanted { cpu: true, ..wanted() }, Wanted { gpu_possible: false, ..wanted() }] {
            assert_eq!(judge(&wanted, &seen("h264enc", By::Cpu, None), &nvidia()).verdict, Verdict::AsConfigured);
        }
    }

    #[test]
    fn each_cause_of_a_fallback_is_named_with_where_to_mend_it() {
        let no_library = |capabilities: Option<&str>| Machine {
            encode_library: false,
            capabilities: capabilities.map(str::to_owned),
            ..nvidia()
        };
        let cases = [
            (Machine::default(), None, "no GPU", Some(Mended::Instance)),
            (no_library(None), None, "capability “video”", Some(Mended::Instance)),
            (no_library(Some("compute,utility")), None, "capability “video”", Some(Mended::Instance)),
            (no_library(Some("compute, video")), None, "does not bring", Some(Mended::Instance)),
            (
                nvidia(),
                Some("this GPU's NVENC has no H264 engine"),
                "no engine that encodes H.264",
                Some(Mended::Instance),
            ),
            (nvidia(), Some("NVENC H264: NV_ENC_ERR_UNSUPPORTED_DEVICE"), "no engine", Some(Mended::Instance)),
            (nvidia(), Some("NVENC H264: OutOfMemory"), "Other programs", Some(Mended::Here)),
            (nvidia(), Some("something new"), "something new", None),
            (nvidia(), None, "does not say why", None),
        ];
        for (machine, said, expected, mended) in cases {
            let truth = judge(&wanted(), &seen("h264enc", By::Cpu, said), &machine);
            let reason = truth.reason.expect("a reason");
            assert!(reason.contains(expected), "{reason}");
            assert_eq!((truth.verdict, truth.mended), (Verdict::Fallback, mended), "{reason}");
        }
    }

    #[test]
    fn a_browsers_choice_is_no_fallback_unless_it_has_none() {
        let truth = judge(&wanted(), &seen("jpeg", By::Cpu, None), &nvidia());
        assert_eq!(truth.verdict, Verdict::ViewersChoice);
        let enforced = Wanted { meaning: Meaning::Enforced, ..wanted() };
        assert_eq!(judge(&enforced, &seen("jpeg", By::Cpu, None), &nvidia()).verdict, Verdict::Fallback);
        let asked = Seen { cpu_wanted: true, ..seen("h264enc", By::Cpu, None) };
        assert_eq!(judge(&wanted(), &asked, &nvidia()).verdict, Verdict::ViewersChoice);
    }

    #[test]
    fn hardware_is_what_files_promise() {
        assert!(Machine::default().hardware().is_empty());
        assert!(nvidia().hardware().contains(&Hardware::NvencH264));
        assert!(!nvidia().hardware().contains(&Hardware::VaapiH264));
        assert!(Machine { encode_library: false, ..nvidia() }.hardware().is_empty());
        assert_eq!(nvidia().obstacle(), None);
    }
}
