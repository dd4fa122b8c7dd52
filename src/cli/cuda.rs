//! `desktopctl cuda`.

use std::time::Duration;

use serde::Serialize;

use super::args::Cuda;
use super::output::Output;
use super::table::{Cell, Style, Tone, render};
use super::{Failure, installer};
use crate::client::{Client, CudaFacts, ToolkitFacts, cuda_words};

/// Does one of these commands.
pub(super) async fn obey(
    client: Client,
    out: &mut Output,
    command: Option<Cuda>,
    wait: Option<Duration>,
) -> Result<(), Failure> {
    match command.unwrap_or(Cuda::Show { refresh: false }) {
        Cuda::Show { refresh } => show(&client, out, refresh).await,
        Cuda::Installer(command) => installer::obey(client, out, &command, wait).await,
    }
}

/// The document.
#[derive(Serialize)]
struct Document<'d> {
    #[serde(flatten)]
    cuda: &'d CudaFacts,
    toolkits: &'d [ToolkitFacts],
}

async fn show(client: &Client, out: &mut Output, refresh: bool) -> Result<(), Failure> {
    if refresh {
        client.refresh_cuda().await?;
    }
    let snapshot = client.snapshot().await?;
    let cuda = match snapshot.cuda {
        Some(cuda) => *cuda,
        // Then the answer says why.
        None => client.cuda().await?,
    };
    if out.json {
        return Ok(out.document(&Document { cuda: &cuda, toolkits: &snapshot.toolkits })?);
    }
    out.text(&text(&cuda, &snapshot.toolkits, out.style))?;
    Ok(())
}

/// Everything for people.
fn text(cuda: &CudaFacts, toolkits: &[ToolkitFacts], style: Style) -> String {
    let mut out = summary(cuda, style);
    let section = |out: &mut String, title: &str, sentences: Vec<Cell>| {
        if !sentences.is_empty() {
            let rows: Vec<_> = sentences.into_iter().map(|sentence| [sentence]).collect();
            out.extend(["\n", title, "\n", &render([""], &rows, style)]);
        }
    };
    out.push('\n');
    if toolkits.is_empty() {
        out.push_str("No toolkit is installed.\n");
    } else {
        let rows: Vec<_> = toolkits.iter().map(row).collect();
        out.push_str(&render(["TOOLKIT", "", "HERE", "WHY"], &rows, style));
    }
    let parts = |toolkit: &ToolkitFacts| Cell::new(&format!("{}: {}", toolkit.version, toolkit.summary));
    section(&mut out, "Installed", toolkits.iter().map(parts).collect());
    let own = toolkits.iter().flat_map(|toolkit| &toolkit.problems);
    let problems = cuda.problems.iter().chain(own).map(|problem| Cell::toned(problem, Tone::Bad));
    section(&mut out, "Troubles", problems.collect());
    let has_gpu = cuda.state != "no-gpu" && cuda.state != "unknown";
    let missing = cuda.driver_parts.iter().filter(|part| has_gpu && !part.present);
    section(&mut out, "Missing", missing.filter_map(|part| part.reason.as_deref()).map(Cell::new).collect());
    let elsewhere = cuda.elsewhere.iter();
    let elsewhere = elsewhere.map(|found| Cell::new(&format!("{} in {}", cuda_words::elsewhere(found), found.place)));
    section(&mut out, "Elsewhere, and left alone", elsewhere.collect());
    out
}

fn summary(cuda: &CudaFacts, style: Style) -> String {
    let (works, standing) = cuda_words::state(&cuda.state);
    let image = cuda.images.iter().find(|image| image.recommended).map(|image| format!("{}-…", image.tag));
    // Without a GPU there is nothing to run it on.
    let recommended = cuda.recommended.clone().filter(|_| cuda.state != "no-gpu");
    let compat_fails = cuda.compat_works.as_deref() == Some("no");
    let lines = [
        ("CUDA", Some(works.to_owned()), standing.into()),
        ("", cuda.state_reason.clone(), Tone::Plain),
        ("Driver", Some(driver(cuda)), Tone::Plain),
        ("", cuda.driver_cuda_doubt.clone(), Tone::Bad),
        ("Compatibility", compat(cuda), if compat_fails { Tone::Bad } else { Tone::Plain }),
        ("Default", Some(default(cuda)), Tone::Plain),
        ("Recommended", recommended.as_ref().map(|release| format!("CUDA {release}")), Tone::Plain),
        ("", recommended.and(cuda.recommended_reason.clone()), Tone::Plain),
        ("Image", image, Tone::Plain),
    ];
    let row = |(name, text, tone): (&str, Option<String>, Tone)| Some([Cell::new(name), Cell::toned(&text?, tone)]);
    let rows: Vec<_> = lines.into_iter().filter_map(row).collect();
    render(["", ""], &rows, style)
}

fn driver(cuda: &CudaFacts) -> String {
    let version = cuda.driver_version.as_deref().unwrap_or("of an unknown version");
    let runs = match (&cuda.driver_cuda, cuda.driver_cuda_at_least) {
        (Some(release), false) => format!("runs CUDA {release} natively"),
        (Some(release), true) => format!("runs CUDA {release} natively, and maybe newer"),
        (None, _) => "which CUDA it runs cannot be told".to_owned(),
    };
    match cuda.driver_cuda_source.as_str() {
        "driver-version" => format!("{version}, {runs} (by its version)"),
        _ if cuda.driver_version.is_none() && cuda.driver_cuda.is_none() => "none, or it cannot be told".to_owned(),
        _ => format!("{version}, {runs}"),
    }
}

fn compat(cuda: &CudaFacts) -> Option<String> {
    if !cuda.compat_active {
        return None;
    }
    let brings = cuda.compat_cuda.as_deref().unwrap_or("of an unknown version");
    let (works, _) = cuda_words::compat_works(cuda.compat_works.as_deref());
    let by = cuda_words::turned_on_by(cuda);
    Some(format!("CUDA {brings} stands in for the driver's own, and {works}; turned on by {by}"))
}

fn default(cuda: &CudaFacts) -> String {
    match (&cuda.default_toolkit, &cuda.default_path) {
        (Some(toolkit), Some(path)) => format!("CUDA {toolkit} ({path})"),
        (Some(toolkit), None) => format!("CUDA {toolkit}"),
        (None, Some(path)) => format!("none: /usr/local/cuda leads to {path}"),
        (None, None) => "none".to_owned(),
    }
}

fn row(toolkit: &ToolkitFacts) -> [Cell; 4] {
    let (here, standing) = cuda_words::verdict(&toolkit.verdict);
    let default = if toolkit.default { "default" } else { "" };
    [
        Cell::new(&toolkit.version),
        Cell::new(default),
        Cell::toned(here, standing.into()),
        Cell::new(&toolkit.verdict_reason),
    ]
}

/// One line for `desktopctl status`; none where there is nothing to say.
pub(super) fn in_short(cuda: &CudaFacts, toolkits: &[ToolkitFacts]) -> Option<String> {
    let default = toolkits.iter().find(|toolkit| toolkit.default);
    let toolkit = match default {
        Some(toolkit) => format!("toolkit {} {}", toolkit.version, cuda_words::verdict(&toolkit.verdict).0),
        None => "no default toolkit".to_owned(),
    };
    match cuda.state.as_str() {
        "unknown" => None,
        "no-gpu" if default.is_none() => None,
        "no-gpu" => Some(format!("CUDA: no GPU; {toolkit}.")),
        "works" => Some(format!("CUDA: driver {}; {toolkit}.", driver(cuda))),
        _ => Some(format!("CUDA: {toolkit}. {}", cuda.state_reason.clone().unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{DriverPartFacts, ElsewhereFacts, ImageFacts};

    fn facts() -> (CudaFacts, Vec<ToolkitFacts>) {
        let cuda = CudaFacts {
            state: "works".into(),
            driver_version: Some("580.95.05".into()),
            driver_cuda: Some("13.0".into()),
            driver_cuda_source: "driver-library".into(),
            default_toolkit: Some("12.9".into()),
            default_path: Some("/usr/local/cuda-12.9".into()),
            recommended: Some("13.0".into()),
            images: vec![ImageFacts {
                tag: "cuda-12.9-ubuntu24.04".into(),
                recommended: true,
                ..ImageFacts::default()
            }],
            ..CudaFacts::default()
        };
        let toolkit = ToolkitFacts {
            version: "12.9.1".into(),
            default: true,
            summary: "Compiler.".into(),
            verdict: "native".into(),
            verdict_reason: "Works. Driver 580 runs CUDA 12.9 natively.".into(),
            ..ToolkitFacts::default()
        };
        (cuda, vec![toolkit])
    }

    #[test]
    fn one_look_tells_what_runs() {
        let (cuda, toolkits) = facts();
        let said = text(&cuda, &toolkits, Style::default());
        let expected = "CUDA         works\n\
                        Driver       580.95.05, runs CUDA 13.0 natively\n\
                        Default      CUDA 12.9 (/usr/local/cuda-12.9)\n\
                        Recommended  CUDA 13.0\n\
                        Image        cuda-12.9-ubuntu24.04-…\n\n\
                        TOOLKIT           HERE   WHY\n\
                        12.9.1   default  works  Works. Driver 580 runs CUDA 12.9 natively.\n\n\
                        Installed\n12.9.1: Compiler.\n";
        assert_eq!(said, expected);
        assert_eq!(
            in_short(&cuda, &toolkits).as_deref(),
            Some("CUDA: driver 580.95.05, runs CUDA 13.0 natively; toolkit 12.9.1 works.")
        );
    }

    #[test]
    fn what_is_wrong_or_missing_is_told_and_nothing_twice() {
        let (mut cuda, mut toolkits) = facts();
        cuda.state = "failing".into();
        cuda.state_reason = Some("Forward compatibility is on.".into());
        (cuda.compat_active, cuda.compat_cuda, cuda.compat_works) = (true, Some("13.1".into()), Some("no".into()));
        (cuda.compat_source, cuda.compat_place) = (Some("environment".into()), Some("LD_LIBRARY_PATH".into()));
        let part = |reason: &str, present| DriverPartFacts {
            reason: Some(reason.to_owned()),
            present,
            ..DriverPartFacts::default()
        };
        cuda.driver_parts = vec![part("NVENC is missing.", false), part("", true)];
        cuda.elsewhere =
            vec![ElsewhereFacts { keeper: "conda".into(), place: "/opt/conda\n".into(), release: "12.4".into() }];
        toolkits[0].problems = vec!["The compiler cannot be run.".into()];
        let said = text(&cuda, &toolkits, Style::default());
        for part in [
            "CUDA           does not work\n               Forward compatibility is on.",
            "CUDA 13.1 stands in for the driver's own, and it does not work on this machine; turned on by the \
             environment (LD_LIBRARY_PATH)",
            "\nTroubles\nThe compiler cannot be run.\n",
            "\nMissing\nNVENC is missing.\n",
            "\nElsewhere, and left alone\nCUDA 12.4 of conda in /opt/conda",
        ] {
            assert!(said.contains(part), "{part} in {said}");
        }
        assert!(!text(&CudaFacts { state: "no-gpu".into(), ..cuda }, &[], Style::default()).contains("NVENC"));
    }

    #[test]
    fn nothing_known_is_no_line() {
        assert_eq!(in_short(&CudaFacts { state: "unknown".into(), ..CudaFacts::default() }, &[]), None);
        assert_eq!(in_short(&CudaFacts { state: "no-gpu".into(), ..CudaFacts::default() }, &[]), None);
    }
}
