//! What is said about VNC.

use super::super::super::format::{self, Sign};
use super::super::super::known::Known;
use crate::client::{VncChange, VncFacts, VncViewerFacts};
use crate::model::vnc::{PASSWORD_COUNTS, SERVICE};

/// Choices of from where viewers can connect, in the order of the list.
pub(super) const EXPOSURES: [(&str, &str); 2] = [("local", "This machine only"), ("all", "Every machine")];

/// How the server does; `sign` is that of its service.
pub(super) fn server(vnc: &VncFacts, known: &Known) -> String {
    let (state, port) = (of_service(SERVICE, known), vnc.port);
    let said = match (vnc.running, vnc.enabled) {
        _ if known.job_on(SERVICE).is_some() => state,
        (true, true) => format!("On, at port {port}"),
        (true, false) => format!("On until the next start, at port {port}"),
        (false, true) => state,
        (false, false) => "Off".into(),
    };
    format!("{said} · {SERVICE}")
}

/// How the gateway to browsers does.
pub(super) fn gateway(vnc: &VncFacts, known: &Known) -> String {
    let Some(service) = vnc.web.service.as_deref() else { return "Not installed on this machine".into() };
    let state = of_service(service, known);
    let said = match (vnc.web.running, vnc.web.enabled) {
        _ if known.job_on(service).is_some() => state,
        (true, true) => "On".into(),
        (true, false) => "On until the next start".into(),
        (false, false) => "Off".into(),
        (false, true) if !vnc.running => "On, and waits for the VNC server".into(),
        (false, true) => state,
    };
    let owner = if is_switched_here(vnc) { "" } else { " · turned on and off by its services, see Services" };
    format!("{said} · {service}{owner}")
}

/// Whether the gateway has a switch that holds for every start.
pub(super) fn is_switched_here(vnc: &VncFacts) -> bool {
    vnc.web.kind == "novnc"
}

/// A service's word and its reason.
fn of_service(name: &str, known: &Known) -> String {
    let Some(service) = known.snapshot.service(name) else { return "Unknown".into() };
    let Sign { word, .. } = known.sign_of(service);
    match service.health_reason.as_str() {
        reason if !reason.is_empty() && known.job_on(name).is_none() => format!("{word}: {reason}"),
        _ => word,
    }
}

/// What the choice of where viewers are means.
pub(super) fn exposure(vnc: &VncFacts) -> &'static str {
    match vnc.exposure.as_str() {
        "all" => "VNC is not encrypted: whoever reads along on the way sees the desktop",
        _ => "From elsewhere through an SSH tunnel, which encrypts it: the command stands above",
    }
}

/// What is to be known about a password of so many characters that is being typed.
pub(super) fn typed(length: usize) -> String {
    match length.saturating_sub(PASSWORD_COUNTS) {
        0 => format!("VNC looks at its first {PASSWORD_COUNTS} characters only"),
        1 => format!("VNC looks at its first {PASSWORD_COUNTS} characters only, so the last one does not count"),
        more => format!("VNC looks at its first {PASSWORD_COUNTS} characters only, so the last {more} do not count"),
    }
}

/// A viewer in two lines.
pub(super) fn viewer(viewer: &VncViewerFacts, now: u64) -> (String, String) {
    let since = viewer.since.map(|since| format!("since {}", format::moment(since, now)));
    let about = [Some(viewer.through_in_words().to_owned()), since];
    (viewer.address.clone(), about.into_iter().flatten().collect::<Vec<_>>().join(" · "))
}

/// How many viewers a change cuts off who can come back at once. Whoever could not come back is asked about by the
/// control service.
pub(super) fn cut_off(change: &VncChange, vnc: &VncFacts) -> usize {
    let shuts_out =
        |viewer: &VncViewerFacts| viewer.address.parse().is_ok_and(|address: std::net::IpAddr| !address.is_loopback());
    match change {
        VncChange::Enabled(_) | VncChange::Web(_) => 0,
        VncChange::Exposure(to) if to == "local" && vnc.viewers.iter().any(shuts_out) => 0,
        _ if vnc.running => vnc.viewers.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{ServiceFacts, VncWebFacts};

    fn vnc(running: bool, enabled: bool) -> VncFacts {
        let web = VncWebFacts { kind: "novnc".into(), service: Some("novnc".into()), ..VncWebFacts::default() };
        VncFacts { enabled, running, port: 5900, exposure: "local".into(), web, ..VncFacts::default() }
    }

    fn known(health: &str, reason: &str) -> Known {
        let service = |name: &str| ServiceFacts {
            name: name.into(),
            state: "running".into(),
            health: health.into(),
            health_reason: reason.into(),
            ..ServiceFacts::default()
        };
        let mut known = Known::default();
        known.snapshot.services = vec![service("novnc"), service(SERVICE)];
        known
    }

    #[test]
    fn the_server_says_where_it_is_or_why_it_is_not() {
        assert_eq!(server(&vnc(true, true), &known("ok", "")), "On, at port 5900 · x11vnc");
        assert_eq!(server(&vnc(false, false), &known("none", "")), "Off · x11vnc");
        let why = server(&vnc(false, true), &known("failing", "nobody listens on port 5900"));
        assert_eq!(why, "Not working: nobody listens on port 5900 · x11vnc");
    }

    #[test]
    fn a_gateway_in_front_of_nothing_waits() {
        let mut vnc = vnc(false, false);
        vnc.web.enabled = true;
        assert_eq!(gateway(&vnc, &known("ok", "")), "On, and waits for the VNC server · novnc");
        vnc.web = VncWebFacts::default();
        assert_eq!(gateway(&vnc, &known("ok", "")), "Not installed on this machine");
    }

    #[test]
    fn a_gateway_of_others_says_who_turns_it_on() {
        let mut vnc = vnc(true, true);
        vnc.web = VncWebFacts { kind: "guacamole".into(), running: true, enabled: true, ..vnc.web };
        assert!(!is_switched_here(&vnc) && gateway(&vnc, &known("ok", "")).contains("see Services"));
    }

    #[test]
    fn what_does_not_count_of_a_password_is_said() {
        assert!(!typed(8).contains("so the"));
        assert!(typed(9).ends_with("the last one does not count") && typed(12).ends_with("the last 4 do not count"));
    }

    #[test]
    fn who_can_come_back_is_asked_about_here_and_who_cannot_by_the_control_service() {
        let viewer = |address: &str| VncViewerFacts { address: address.into(), ..VncViewerFacts::default() };
        let mut vnc = vnc(true, true);
        assert_eq!(cut_off(&VncChange::ViewOnly(true), &vnc), 0);
        vnc.viewers = vec![viewer("127.0.0.1"), viewer("10.0.0.7")];
        assert_eq!(cut_off(&VncChange::Shared(false), &vnc), 2);
        assert_eq!(cut_off(&VncChange::Enabled(false), &vnc), 0);
        assert_eq!(cut_off(&VncChange::Exposure("local".into()), &vnc), 0);
        assert_eq!(cut_off(&VncChange::Exposure("all".into()), &vnc), 2);
        vnc.viewers.pop();
        assert_eq!(cut_off(&VncChange::Exposure("local".into()), &vnc), 1);
    }
}
