//! What the instance portal answers, read as what anybody could have said. Shapes: version 3.1.5.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::platform::{Application, label, path, port, web_address};

/// More tunnels than this are left out.
const MOST_TUNNELS: usize = 64;

/// A quick tunnel: an address that anybody can reach, and what it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tunnel {
    /// What it leads to, by the name that it is opened and closed with.
    pub target: String,
    /// Where it begins.
    pub url: String,
}

/// The pages that the portal lists; none if that is no such list.
#[must_use]
pub fn applications(text: &str) -> Option<Vec<Application>> {
    #[derive(Deserialize)]
    struct Told {
        hostname: String,
        external_port: Value,
        internal_port: Value,
        #[serde(default)]
        open_path: String,
        #[serde(default)]
        mapped_port: Value,
        target_url: Option<String>,
    }
    let all: BTreeMap<String, Value> = serde_json::from_str(text).ok()?;
    let page = |(name, told): (String, Value)| {
        let told: Told = serde_json::from_value(told).ok()?;
        Some(Application {
            label: label(&name),
            host: told.hostname,
            external_port: number(&told.external_port)?,
            internal_port: number(&told.internal_port)?,
            path: path(&told.open_path),
            mapped_port: number(&told.mapped_port),
            target: told.target_url.filter(|target| is_target(target)),
        })
    };
    Some(all.into_iter().filter_map(page).collect())
}

/// A port, as a number or as text.
fn number(value: &Value) -> Option<u16> {
    match value {
        Value::String(text) => port(text),
        other => other.as_u64().and_then(|number| number.try_into().ok()).filter(|port| *port != 0),
    }
}

/// The open quick tunnels; none if that is no such list.
#[must_use]
pub fn tunnels(text: &str) -> Option<Vec<Tunnel>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Told {
        target_url: String,
        tunnel_url: String,
    }
    let all: Vec<Value> = serde_json::from_str(text).ok()?;
    let tunnel = |told: Value| {
        let told: Told = serde_json::from_value(told).ok()?;
        let url = web_address(&told.tunnel_url)?.to_string();
        is_target(&told.target_url).then_some(Tunnel { target: told.target_url, url })
    };
    Some(all.into_iter().filter_map(tunnel).take(MOST_TUNNELS).collect())
}

/// Where a tunnel begins that has just been opened.
#[must_use]
pub fn opened(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Told {
        tunnel_url: String,
    }
    let told: Told = serde_json::from_str(text).ok()?;
    Some(web_address(&told.tunnel_url)?.to_string())
}

/// The address outside that leads to one port, without a path.
#[must_use]
pub fn direct(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Told {
        result: String,
    }
    let told: Told = serde_json::from_str(text).ok()?;
    let url = web_address(&told.result)?;
    // "http://None:41100" is what it says where it does not know its own address.
    let known = url.host_str().is_some_and(|host| !host.eq_ignore_ascii_case("none"));
    known.then(|| url[..url::Position::BeforePath].to_owned())
}

/// What a tunnel can lead to: scheme, host and port of a web page, which become part of a path.
#[must_use]
pub fn is_target(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '/' | '.' | '-' | '_' | '[' | ']');
    let is_page = web_address(text).is_some_and(|url| url.path() == "/" && url.query().is_none());
    is_page && text.chars().all(plain) && !text.contains("/.") && text.matches('/').count() <= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(name: &str) -> String {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/portal").join(name);
        std::fs::read_to_string(file).expect("a recording")
    }

    #[test]
    fn recorded_pages_are_read_without_their_tokens() {
        let pages = applications(&recorded("get-applications.json")).expect("a list");
        let page = |label: &str| pages.iter().find(|page| page.label == label).expect("listed");
        let selkies = page("Selkies Low Latency Desktop");
        assert_eq!((selkies.external_port, selkies.internal_port, selkies.mapped_port), (6100, 16100, Some(41100)));
        assert_eq!((selkies.path.as_str(), selkies.target.as_deref()), ("/", Some("http://localhost:6100")));
        assert_eq!(page("Apache Guacamole Desktop (VNC)").path, "/guacamole");
        assert_eq!(page("Jupyter").mapped_port, None, "an empty text is none");
        assert!(pages.iter().all(|page| !page.path.contains("token")));
    }

    #[test]
    fn recorded_tunnels_are_read() {
        let tunnels = tunnels(&recorded("get-all-quick-tunnels.json")).expect("a list");
        assert_eq!(tunnels.len(), 2);
        assert_eq!(tunnels[0].target, "http://localhost:6100");
        assert_eq!(tunnels[0].url, "https://four-plain-words-here.trycloudflare.com/");
        let url = opened(r#"{"tunnel_url":"https://a-b.trycloudflare.com"}"#);
        assert_eq!(url.as_deref(), Some("https://a-b.trycloudflare.com/"));
        assert_eq!(direct(r#"{"result":"http://203.0.113.9:41100"}"#).as_deref(), Some("http://203.0.113.9:41100"));
        assert_eq!(direct(r#"{"result":"http://None:41100"}"#), None);
    }

    #[test]
    fn what_is_no_answer_of_a_portal_is_none() {
        for text in ["", "null", "3", "[1]", "<html>", "{\"detail\":\"Not Found\"}", "{\"a\":{}}"] {
            assert!(applications(text).unwrap_or_default().is_empty(), "{text}");
            assert!(tunnels(text).unwrap_or_default().is_empty(), "{text}");
            assert_eq!((opened(text), direct(text)), (None, None), "{text}");
        }
        let odd = r#"[{"targetUrl":"http://localhost:1","tunnelUrl":"javascript:alert(1)"},
                      {"targetUrl":"../../supervisor/process/caddy/stop","tunnelUrl":"https://a.example"}]"#;
        assert_eq!(tunnels(odd), Some(Vec::new()));
    }

    #[test]
    fn a_target_cannot_become_another_question() {
        for good in ["http://localhost:6100", "https://localhost:8080/", "http://[::1]:80"] {
            assert!(is_target(good), "{good}");
        }
        for bad in [
            "",
            "localhost:6100",
            "http://localhost:1/../../stop",
            "http://localhost:1/%2e%2e/x",
            "http://localhost:1/a",
            "http://localhost:1?x=1",
            "http://localhost:1#x",
            "http://user:password@localhost:1",
            "http://localhost:1/\r\nX: y",
            "file:///etc/passwd",
        ] {
            assert!(!is_target(bad), "{bad}");
        }
    }
}
