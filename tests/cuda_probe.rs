//! The process that loads libcuda: the real program, and a stand-in for NVIDIA's library under it.

#![expect(clippy::expect_used, reason = "tests")]

mod support;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use desktop_control::host::cuda::{LIBRARY, Limits, Program, ask};
use desktop_control::model::cuda::{Init, LibraryAnswer, LibraryTrouble, Release};
use serde_json::{Value, json};
use support::cuda::{SCRIPT, stand_in};

const LIMITS: Limits = Limits { loaded: Duration::from_mins(1), initialised: Duration::from_mins(1) };

/// A driver's own library, and one of forward compatibility, that play what `script` says.
struct Libraries {
    folder: tempfile::TempDir,
}

impl Libraries {
    fn new(script: &Value) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        for place in ["lib", "cuda-13.1/compat", "stubs"] {
            let place = folder.path().join(place);
            std::fs::create_dir_all(&place).expect("folder");
            std::fs::copy(stand_in(), place.join("libcuda.so.580.95.05")).expect("copied");
            std::os::unix::fs::symlink("libcuda.so.580.95.05", place.join(LIBRARY)).expect("link");
        }
        std::fs::write(folder.path().join("script"), script.to_string()).expect("written");
        Self { folder }
    }

    fn path(&self, inside: &str) -> PathBuf {
        self.folder.path().join(inside)
    }

    async fn ask(&self, library: &Path, search: Option<&str>, limits: Limits) -> Result<LibraryAnswer, LibraryTrouble> {
        let path = env!("CARGO_BIN_EXE_desktop-controld").into();
        let program = Program { path, environment: vec![(SCRIPT, self.path("script"))] };
        ask(&program, limits, library, search.map(|folder| self.path(folder).into())).await
    }
}

fn two() -> Value {
    json!([
        { "below": "/compat/", "version": 13010, "init": 804 },
        { "below": "/stubs/", "version": 13010, "init": 34 },
        { "version": 12020, "init": 0 }
    ])
}

#[tokio::test]
async fn a_path_is_that_library_whatever_the_loader_would_take() {
    let libraries = Libraries::new(&two());
    let own = libraries.path("lib").join(LIBRARY);
    let answer = libraries.ask(&own, Some("cuda-13.1/compat"), LIMITS).await.expect("an answer");
    assert_eq!((answer.release, &answer.init), (Some(Release::new(12, 2)), &Init::Returned(0)));
    assert!(answer.file.ends_with("lib/libcuda.so.580.95.05") && !answer.stands_in(), "{answer:?}");
}

#[tokio::test]
async fn the_loader_takes_the_folder_that_comes_first_and_the_kernel_tells_which() {
    let libraries = Libraries::new(&two());
    for (folder, release, init, stands_in) in [
        ("cuda-13.1/compat", Release::new(13, 1), 804, true),
        ("stubs", Release::new(13, 1), 34, true),
        ("lib", Release::new(12, 2), 0, false),
    ] {
        let answer = libraries.ask(Path::new(LIBRARY), Some(folder), LIMITS).await.expect("an answer");
        assert_eq!((answer.release, &answer.init), (Some(release), &Init::Returned(init)), "{folder}");
        assert_eq!(answer.stands_in(), stands_in, "{answer:?}");
    }
}

#[tokio::test]
async fn a_link_into_a_forward_compatibility_package_does_not_pass_for_the_drivers() {
    let libraries = Libraries::new(&two());
    let link = libraries.path("libcuda.so.1");
    std::os::unix::fs::symlink("cuda-13.1/compat/libcuda.so.1", &link).expect("link");
    let answer = libraries.ask(&link, None, LIMITS).await.expect("an answer");
    assert!(answer.stands_in(), "{answer:?}");
}

#[tokio::test]
async fn what_is_missing_and_what_is_no_library_are_told_apart() {
    let libraries = Libraries::new(&two());
    let absent = libraries.ask(&libraries.path("nowhere/libcuda.so.1"), None, LIMITS).await;
    assert_eq!(absent, Err(LibraryTrouble::Absent));
    for other in ["/dev/null", "libc.so.6"] {
        let other = libraries.ask(Path::new(other), None, LIMITS).await;
        assert!(matches!(other, Err(LibraryTrouble::Unusable(_))), "{other:?}");
    }
}

#[tokio::test]
async fn a_library_that_hangs_is_killed_and_one_that_crashes_is_told() {
    let short = Limits { initialised: Duration::from_secs(2), ..LIMITS };
    for (script, expected) in [
        (json!([{ "version": 13000, "hangs": "cuInit" }]), Ok(Init::Hung)),
        (json!([{ "version": 13000, "crashes": "cuInit" }]), Ok(Init::Crashed("signal 6".into()))),
        (
            json!([{ "version": 13000, "crashes": "cuDriverGetVersion" }]),
            Err(LibraryTrouble::Crashed("signal 6".into())),
        ),
    ] {
        let libraries = Libraries::new(&script);
        let own = libraries.path("lib").join(LIBRARY);
        let began = Instant::now();
        let answer = libraries.ask(&own, None, short).await;
        if let Ok(answer) = &answer {
            assert_eq!(answer.release, Some(Release::new(13, 0)), "that was told before");
        }
        assert_eq!(answer.map(|answer| answer.init), expected);
        assert!(began.elapsed() < Duration::from_secs(30));
    }
    let libraries = Libraries::new(&json!([{ "version": 13000, "hangs": "cuDriverGetVersion" }]));
    let limits = Limits { loaded: Duration::from_secs(2), ..LIMITS };
    let own = libraries.path("lib").join(LIBRARY);
    assert_eq!(libraries.ask(&own, None, limits).await, Err(LibraryTrouble::Hung));
}

#[tokio::test]
async fn a_version_that_is_none_is_not_made_one() {
    let libraries = Libraries::new(&json!([{ "version": -5 }]));
    let own = libraries.path("lib").join(LIBRARY);
    assert_eq!(libraries.ask(&own, None, LIMITS).await.expect("an answer").release, None);
}

/// The stand-in exports what is called by name, and nothing of NVIDIA's besides.
#[test]
fn the_stand_in_exports_exactly_what_is_called() {
    let found = support::exported(stand_in(), "cu");
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["cuDriverGetVersion", "cuInit"]);
}
