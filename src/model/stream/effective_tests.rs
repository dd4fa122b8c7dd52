use std::path::PathBuf;

use super::*;

fn fixture(version: &str, name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/selkies");
    let path = folder.join(version).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn folded(text: &str) -> Seen {
    text.lines().fold(Seen::default(), |mut seen, line| {
        seen.read(line);
        seen
    })
}

/// What is seen while the scenario's viewer still looks on: before the server is told to end.
fn while_watched(version: &str, scenario: &str) -> Seen {
    let log = fixture(version, &format!("{scenario}.log"));
    let end = log.rfind("INFO:main:Received SIGTERM").unwrap_or(log.len());
    folded(&log[..end])
}

const VERSIONS: [&str; 2] = ["2.0.0", "2.1.0"];

fn picture(version: &str, scenario: &str) -> Picture {
    let seen = while_watched(version, scenario);
    assert_eq!(seen.version.as_deref(), Some(version), "{scenario}");
    assert_eq!(seen.transport.as_deref(), Some("websockets"), "{version} {scenario}");
    seen.picture.unwrap_or_else(|| panic!("{version} {scenario}: nothing is captured"))
}

#[test]
fn what_each_scenario_streams_is_seen_in_its_log() {
    let hd = Some(Size { width: 1280, height: 720 });
    for version in VERSIONS {
        for (scenario, encoder, framerate) in [
            ("jpeg", "jpeg", 20.0),
            ("h264enc-striped", "h264enc-striped", 60.0),
            ("use-cpu", "h264enc", 60.0),
            ("unknown-encoder", "h264enc", 60.0),
            ("invalid-values", "h264enc", 60.0),
            ("two-viewers", "h264enc", 60.0),
            ("server-restarted", "h264enc", 60.0),
        ] {
            let seen = picture(version, scenario);
            assert_eq!(seen.encoder.as_deref(), Some(encoder), "{version} {scenario}");
            assert_eq!(seen.by, Some(By::Cpu), "{version} {scenario}");
            assert_eq!((seen.size, seen.framerate), (hd, Some(framerate)), "{version} {scenario}");
        }
    }
}

#[test]
fn what_a_viewer_changes_is_seen_as_far_as_it_is_told() {
    let now = picture("2.1.0", "changed-by-viewer");
    assert_eq!((now.encoder.as_deref(), now.framerate), (Some("jpeg"), Some(240.0)));
    let now = picture("2.0.0", "changed-by-viewer");
    assert_eq!((now.encoder.as_deref(), now.framerate), (Some("jpeg"), None));
}

#[test]
fn bitrates_are_those_that_are_kept_to() {
    assert_eq!(picture("2.1.0", "use-cpu").bitrate, Some(8000));
    assert_eq!(picture("2.1.0", "jpeg").bitrate, None, "JPEG keeps to a quality");
    assert_eq!(picture("2.0.0", "use-cpu").bitrate, None, "constant quality was the default");
    assert_eq!(picture("2.1.0", "changed-by-viewer").bitrate, None, "what was changed live is not told");
}

#[test]
fn why_no_gpu_encodes_is_known_from_before_the_first_viewer() {
    for version in VERSIONS {
        let seen = while_watched(version, "default");
        assert_eq!(seen.no_gpu.as_deref(), Some("Could not load CUDA library (libcuda.so.1): dlopen failed"));
        assert!(!seen.cpu_wanted, "{version}");
        assert!(while_watched(version, "use-cpu").cpu_wanted, "{version}");
    }
}

#[test]
fn nothing_is_captured_once_nobody_looks_on() {
    for version in VERSIONS {
        assert_eq!(folded(&fixture(version, "default.log")).picture, None, "{version}: the viewer has left");
        assert_eq!(folded(&fixture(version, "refused.log")).picture, None, "{version}: it never came up");
    }
}

#[test]
fn a_new_start_forgets_the_last_one() {
    let mut seen = while_watched("2.1.0", "jpeg");
    seen.read("INFO:main:Selkies 2.2.0 starting: webrtc transport, X11 (:20) capture, encoder h264enc at 8-240 fps.");
    let expected = Seen { version: Some("2.2.0".into()), transport: Some("webrtc".into()), ..Seen::default() };
    assert_eq!(seen, expected);
}

#[test]
fn a_gpu_at_work_is_seen() {
    let log = "[X11] Encoder: NVENC H264 4:2:0 8-bit on NVIDIA L4 (render node 0, nvidia driver), CBR.\n\
               [X11] Stream settings active -> Res: 1920x1080 | FPS: 59.94 | Encoder: NVENC | Mode: H264 | CBR 8000";
    let picture = folded(log).picture.expect("captured");
    assert_eq!((picture.by, picture.framerate, picture.bitrate), (Some(By::Gpu), Some(59.94), Some(8000)));
    let demoted = folded(&format!("{log}\n[X11] HW encoder unrecoverable; demoting to software encoding (it broke)."));
    assert_eq!(demoted.picture.expect("captured").by, Some(By::Cpu));
    assert_eq!(demoted.no_gpu.as_deref(), Some("it broke"));
}

#[test]
fn what_a_log_may_hold_does_no_harm() {
    let long = format!("INFO:server:Starting service: {}", "x".repeat(100_000));
    for line in [
        "",
        "]",
        "[",
        "[X11] Stream settings active -> Res: 99999999999x1 | FPS: fast | Encoder | Mode:",
        "INFO:ws:Client x) settings applied for 'primary': ",
        "INFO:ws:Client x) settings applied for 'primary': 1x1, \u{1b}[2J kbps, 20 fps",
        "INFO:main:Selkies \u{202e} starting: ",
        &long,
    ] {
        let seen = folded(line);
        assert!(!format!("{seen:?}").contains("\\u{1b}"), "{seen:?}");
        assert!(seen.transport.is_none(), "{seen:?}");
    }
}
