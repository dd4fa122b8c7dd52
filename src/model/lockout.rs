//! Whether a stop would close the last way into the desktop.

use super::access::{Way, WayState};
use super::order::{Needs, with_dependents};
use super::text::quoted;

/// Why `service` should not be stopped without a second thought: one way in works now, and none would afterwards. None
/// where another one goes on working, or where none worked before. What stands or falls with the service is in `needs`.
#[must_use]
pub fn last_way_in(service: &str, ways: &[Way], needs: &Needs) -> Option<String> {
    let closed = with_dependents(&[service.to_owned()], needs);
    let works = |way: &&Way| way.state == WayState::Working;
    let (closes, stays): (Vec<&Way>, Vec<&Way>) = ways.iter().partition(|way| closed.contains(&way.service));
    let lost = closes.iter().find(|way| works(way))?;
    if stays.iter().any(works) {
        return None;
    }
    let others: Vec<String> = stays.iter().map(|way| format!("{} is {}", way.label, way.state)).collect();
    let others = if others.is_empty() { "there is no other".into() } else { others.join(", ") };
    Some(format!(
        "Stopping {} closes {}, the last way into the desktop that works ({others}).",
        quoted(service),
        quoted(&lost.label)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::access::WayKind;

    fn ways(stream: WayState, vnc: WayState, gateway: WayState) -> Vec<Way> {
        let way = |kind, service: &str, state| Way {
            kind,
            label: service.to_uppercase(),
            state,
            reason: String::new(),
            address: String::new(),
            service: service.into(),
        };
        vec![
            way(WayKind::Browser, "selkies", stream),
            way(WayKind::BrowserVnc, "novnc", gateway),
            way(WayKind::Vnc, "x11vnc", vnc),
        ]
    }

    fn needs() -> Needs {
        let pairs: [(&str, &[&str]); 4] =
            [("selkies", &["x-server"]), ("x11vnc", &["x-server"]), ("novnc", &["x11vnc"]), ("cron", &[])];
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        pairs.into_iter().map(|(name, needed)| (name.to_owned(), owned(needed))).collect()
    }

    #[test]
    fn every_state_of_every_way_and_every_stop() {
        use WayState::{Broken, Off, Unknown, Working};
        let states = [Working, Broken, Off, Unknown];
        for number in 0..states.len().pow(3) {
            let [stream, vnc, gateway] = [number % 4, number / 4 % 4, number / 16].map(|at| states[at]);
            let ways = ways(stream, vnc, gateway);
            let works = |state| state == Working;
            let cases = [
                ("selkies", works(stream) && !works(vnc) && !works(gateway)),
                // Browsers see VNC through the VNC server, so it takes the gateway along.
                ("x11vnc", (works(vnc) || works(gateway)) && !works(stream)),
                ("novnc", works(gateway) && !works(stream) && !works(vnc)),
                ("x-server", works(stream) || works(vnc) || works(gateway)),
                ("cron", false),
            ];
            for (service, refused) in cases {
                let said = last_way_in(service, &ways, &needs());
                assert_eq!(said.is_some(), refused, "{service} with {stream}, {vnc}, {gateway}: {said:?}");
            }
        }
    }

    #[test]
    fn the_sentence_names_what_closes_and_what_is_left() {
        let said = last_way_in("selkies", &ways(WayState::Working, WayState::Off, WayState::Broken), &needs());
        let said = said.expect("the last one");
        assert!(said.contains("“SELKIES”") && said.contains("NOVNC is broken, X11VNC is off"), "{said}");
    }
}
