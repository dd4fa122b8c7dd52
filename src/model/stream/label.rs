//! A label for a setting that nobody has described, made of its name.

use crate::model::text::capitalised;

/// Words that are not written like words.
const SPECIAL: [(&str, &str); 34] = [
    ("10bit", "10-bit"),
    ("api", "API"),
    ("cpu", "CPU"),
    ("crf", "CRF"),
    ("css", "CSS"),
    ("dpi", "DPI"),
    ("dri", "DRI"),
    ("gpu", "GPU"),
    ("http", "HTTP"),
    ("https", "HTTPS"),
    ("ice", "ICE"),
    ("id", "ID"),
    ("ip", "IP"),
    ("jpeg", "JPEG"),
    ("js", "JS"),
    ("json", "JSON"),
    ("mac", "Mac"),
    ("mbps", "Mbit/s"),
    ("ms", "(ms)"),
    ("qp", "QP"),
    ("rest", "REST"),
    ("rtc", "RTC"),
    ("selkies", "Selkies"),
    ("stun", "STUN"),
    ("tcp", "TCP"),
    ("tls", "TLS"),
    ("turn", "TURN"),
    ("udp", "UDP"),
    ("ui", "UI"),
    ("uri", "URI"),
    ("url", "URL"),
    ("wayland", "Wayland"),
    ("webrtc", "WebRTC"),
    ("cloudflare", "Cloudflare"),
];

/// `turn_rest_uri` → `TURN REST URI`; `enable_cursors` → `Enable cursors`.
#[must_use]
pub(super) fn label_of(name: &str) -> String {
    let words: Vec<&str> = name.split('_').filter(|word| !word.is_empty()).map(spelled).collect();
    // Special words keep their case, whatever their place.
    capitalised(&words.join(" "))
}

fn spelled(word: &str) -> &str {
    SPECIAL.iter().find(|(plain, _)| *plain == word).map_or(word, |(_, special)| special)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_labels() {
        for (name, expected) in [
            ("turn_rest_uri", "TURN REST URI"),
            ("enable_cursors", "Enable cursors"),
            ("webrtc_udp_mux_port", "WebRTC UDP mux port"),
            ("ui_show_logo", "UI show logo"),
            ("x", "X"),
            ("_", ""),
        ] {
            assert_eq!(label_of(name), expected);
        }
    }
}
