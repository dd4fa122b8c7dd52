//! What a verdict rests on, and what else a person should know, one sentence each.

use super::component::{Component, Components};
use super::gpu::Gpu;
use super::judgement::Cause;
use super::native::Native;
use super::sentence::Facts;
use super::tables::{Architecture, HostCompiler};
use super::version::Capability;
use crate::model::text::{capitalised, uncapitalised};

/// All that there is to say, the most important first.
pub(super) fn why(facts: &Facts) -> Vec<String> {
    let mut why = vec![driver(facts), facts.reading.doubt.clone()];
    why.extend(ptx(facts));
    why.extend(forward(facts));
    why.extend(gpus(facts));
    why.extend(other_gpus(facts));
    why.extend(host_compiler(facts));
    why.extend(parts(facts));
    why.extend(unverified(facts));
    why.retain(|sentence| !sentence.is_empty());
    why
}

fn driver(facts: &Facts) -> String {
    let driver = facts.machine.driver.as_ref().map_or("The driver".into(), |version| format!("Driver {version}"));
    let asked = facts.machine.native.is_some() && facts.reading.doubt.is_empty();
    let how = if asked { "as it says itself" } else { "as NVIDIA's list of drivers says" };
    match facts.reading.native {
        Native::Known(release) => format!("{driver} runs CUDA up to {release} natively, {how}."),
        Native::AtLeast(release) => {
            format!("{driver} is not in the list of known drivers; its neighbours run CUDA {release}.")
        }
        Native::Before(release) => format!("{driver} is older than every driver for CUDA {release}."),
        Native::Unknown => "Neither the driver nor its version could be read.".into(),
    }
}

fn ptx(facts: &Facts) -> Option<String> {
    let Cause::Newer { runs, exact: true } = facts.judgement.cause else { return None };
    let (written, read) = (facts.tables.ptx(facts.release())?, facts.tables.ptx(runs)?);
    if written == read {
        return Some(format!("Both know PTX {written}, so PTX of this toolkit is read too."));
    }
    Some(format!(
        "Its compiler writes PTX {written} and this driver reads up to {read}: what carries only PTX stops with error \
         222; “nvcc -arch=native” avoids that."
    ))
}

fn forward(facts: &Facts) -> Vec<String> {
    let limits = "With forward compatibility CUDA cannot share memory with OpenGL and Vulkan, and OpenCL stays that of \
                  the driver.";
    match facts.judgement.cause {
        Cause::Forward { brings, .. } if brings < facts.release() => vec![
            limits.into(),
            format!("The libraries bring CUDA {brings}, so the newest functions of {} may fail.", facts.release()),
        ],
        Cause::Forward { .. } => vec![limits.into()],
        Cause::NeedsForward(_) => {
            vec![limits.into(), "Switch it on for single programs only: this desktop draws with OpenGL.".into()]
        }
        Cause::Native => {
            let active = facts.machine.compat.as_ref();
            let source = active.map(|active| active.source.in_words());
            let on = |source| format!("Forward compatibility is on by {source}, though this toolkit does not need it.");
            source.map(|source| vec![on(source), limits.into()]).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// Each kind of GPU once: what it is, and which toolkits know it.
fn gpus(facts: &Facts) -> Vec<String> {
    let mut said = Vec::new();
    for (gpu, _) in &facts.judgement.each {
        let Some(capability) = gpu.capability else { continue };
        let Some(architecture) = facts.tables.architecture(capability) else { continue };
        let sentence = knows(gpu, capability, architecture);
        if !said.contains(&sentence) {
            said.push(sentence);
        }
    }
    if let (Cause::GpuTooNew(_), Some(capability)) =
        (facts.judgement.cause, facts.judgement.gpu.and_then(|gpu| gpu.capability))
    {
        said.push(too_new(facts, capability));
    }
    said
}

fn knows(gpu: &Gpu, capability: Capability, architecture: &Architecture) -> String {
    let span = match (architecture.first, architecture.last) {
        (Some(first), Some(last)) => format!("CUDA {first} to {last} builds for it"),
        (Some(first), None) => format!("CUDA {first} and newer builds for it"),
        (None, Some(last)) => format!("CUDA up to {last} builds for it"),
        (None, None) => "every CUDA that is known builds for it".into(),
    };
    let unverified =
        if architecture.unverified.is_empty() { String::new() } else { format!(" {}", architecture.unverified) };
    format!("{}: {}, compute capability {capability}; {span}.{unverified}", gpu.short_name(), architecture.name)
}

fn too_new(facts: &Facts, capability: Capability) -> String {
    if facts.tables.runs_older_code(facts.release(), capability) {
        format!(
            "Programs that it builds for an older GPU of the same kind (compute capability {}.x) still run on {}.",
            capability.major,
            facts.gpu()
        )
    } else {
        "Programs that it builds stop with error 209 on this GPU, unless they carry PTX, which the driver translates."
            .into()
    }
}

/// GPUs that do better than the one that decided.
fn other_gpus(facts: &Facts) -> Vec<String> {
    let decided = facts.judgement.cause.verdict();
    let mut said = Vec::new();
    for (gpu, cause) in &facts.judgement.each {
        let how = match cause {
            _ if cause.verdict() == decided => continue,
            Cause::Native => "natively",
            Cause::Newer { .. } => "with limits",
            Cause::Forward { .. } => "by forward compatibility",
            _ => continue,
        };
        let sentence = format!("On the {} alone it would work {how}.", gpu.short_name());
        if !said.contains(&sentence) {
            said.push(sentence);
        }
    }
    said
}

fn host_compiler(facts: &Facts) -> Option<String> {
    let gcc = facts.machine.gcc?;
    let compiler = facts.candidate.components.as_ref().is_none_or(|parts| parts.builds(Component::Compiler));
    match facts.tables.host_compiler(facts.release(), gcc) {
        HostCompiler::TooNew(most) if compiler => Some(format!(
            "Its compiler works with gcc up to {most}, and this system has gcc {gcc}: install g++-{most} and use “nvcc \
             -ccbin g++-{most}”."
        )),
        _ => None,
    }
}

fn parts(facts: &Facts) -> Option<String> {
    let components: &Components = facts.candidate.components.as_ref()?;
    Some(format!("Installed: {}", uncapitalised(&components.summary(facts.release()))))
}

fn unverified(facts: &Facts) -> Vec<String> {
    let entry = facts.tables.release(facts.release());
    let preview = entry.and_then(|entry| entry.preview).filter(|preview| *preview == facts.candidate.version);
    let preview =
        preview.map(|preview| capitalised(&format!("{preview} is a preview for developers, no final version.")));
    preview.into_iter().chain(entry.map(|entry| entry.unverified.clone())).collect()
}
