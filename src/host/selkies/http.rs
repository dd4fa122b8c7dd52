//! What the running server tells over HTTP. Each question is bounded in time and size.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde::Deserialize;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(2);
/// The list of sessions is there after 20 ms, or after 1 s if a viewer has not answered until then.
const PATIENCE: Duration = Duration::from_millis(950);
/// The longest answer, in bytes. The measurements have 3 KB, a session 200 bytes.
const MOST: usize = 1024 * 1024;

static CLIENT: LazyLock<Option<reqwest::Client>> = LazyLock::new(|| {
    let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    // One connection is enough, and an idle one need not outlive somebody's interest.
    builder.pool_max_idle_per_host(1).pool_idle_timeout(Duration::from_secs(5)).timeout(LIMIT).build().ok()
});

/// The server's measurements of its viewers, those that are used here.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// Frames a second that the viewer of the first screen gets.
    pub fps: Option<f64>,
    /// From that viewer and back, in milliseconds.
    pub latency: Option<f64>,
    /// How often that viewer's speed was looked at: twice a second while it is sent pictures and has shown one.
    pub looks: Option<f64>,
}

/// The measurements; none where the server does not tell any.
pub async fn measured(address: &str) -> Option<Measured> {
    Some(parse(&get(address, "api/metrics").await?))
}

/// The browsers that are connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Viewers {
    /// How many.
    pub count: u32,
    /// All of them answer; one that is frozen stays connected for 24 s.
    pub awake: bool,
}

/// Who is connected; none where the server does not tell.
pub async fn viewers(address: &str) -> Option<Viewers> {
    #[derive(Deserialize)]
    struct Answer {
        sessions: Vec<serde::de::IgnoredAny>,
    }
    let asked = Instant::now();
    let answer: Answer = serde_json::from_str(&get(address, "api/sessions").await?).ok()?;
    Some(Viewers { count: answer.sessions.len().try_into().ok()?, awake: asked.elapsed() < PATIENCE })
}

async fn get(address: &str, path: &str) -> Option<String> {
    let url = format!("{}/{path}", address.trim_end_matches('/'));
    let mut response = CLIENT.as_ref()?.get(url).send().await.ok()?.error_for_status().ok()?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > MOST {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    String::from_utf8(body).ok()
}

/// Prometheus' text format 0.0.4, of which three samples without labels are wanted: `NAME VALUE`.
fn parse(text: &str) -> Measured {
    let sample = |name: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
        value.split(' ').next()?.parse().ok().filter(|value: &f64| value.is_finite())
    };
    Measured { fps: sample("fps"), latency: sample("latency"), looks: sample("fps_hist_count") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(version: &str, name: &str) -> String {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/selkies").join(version);
        std::fs::read_to_string(folder.join(name)).expect("a recording")
    }

    #[test]
    fn recorded_measurements_are_read() {
        for version in ["2.0.0", "2.1.0"] {
            let measured = parse(&fixture(version, "jpeg.metrics"));
            assert!(measured.fps.is_some_and(|fps| (1.0..=20.0).contains(&fps)), "{version}: {measured:?}");
            assert!(measured.latency.is_some_and(|latency| latency >= 0.0), "{version}: {measured:?}");
            assert!(measured.looks.is_some_and(|looks| looks >= 1.0), "{version}: {measured:?}");
        }
    }

    #[test]
    fn what_is_no_measurement_is_none() {
        for text in ["", "fps", "fps fast", "fps NaN", "fpsx 1\n", "# fps 1\n", "<html>fps 1</html>"] {
            assert_eq!(parse(text), Measured::default(), "{text}");
        }
        assert_eq!(parse("a 1\nfps 5.5 1700000000\n").fps, Some(5.5));
    }

    #[tokio::test]
    async fn nobody_there_is_no_answer() {
        assert_eq!(measured("http://127.0.0.1:1/").await, None);
        assert_eq!(viewers("no address").await, None);
    }
}
