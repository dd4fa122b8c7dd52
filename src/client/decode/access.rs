//! The ways in, from the bus's dictionaries to facts.

use super::Properties;
use crate::api::proxy::Dictionary;
use crate::client::facts::{AccessFacts, TunnelFacts, TurnFacts, WayFacts};

/// The ways in, and what belongs to all of them.
pub(in crate::client) fn access(properties: Dictionary) -> (Vec<WayFacts>, AccessFacts) {
    let mut properties = Properties(properties);
    let ways: Vec<Dictionary> = properties.or_default("Ways");
    let tunnels: Vec<Dictionary> = properties.or_default("Tunnels");
    let access = AccessFacts {
        source: properties.token("Source"),
        source_note: properties.unless_empty("SourceNote"),
        tunnels_offered: properties.or_default("TunnelsOffered"),
        tunnels: tunnels.into_iter().map(|keys| tunnel(Properties(keys))).collect(),
        turn: turn(Properties(properties.or_default("Turn"))),
    };
    (ways.into_iter().map(|keys| way(Properties(keys))).collect(), access)
}

fn way(mut keys: Properties) -> WayFacts {
    WayFacts {
        kind: keys.text("kind"),
        label: keys.text("label"),
        state: keys.token("state"),
        reason: keys.text("reason"),
        address: keys.text("address"),
        service: keys.text("service"),
        outside: keys.unless_empty("outside"),
        outside_reason: keys.unless_empty("outside-reason"),
        command: keys.unless_empty("command"),
        tunnel: keys.unless_empty("tunnel"),
        target: keys.unless_empty("target"),
    }
}

fn turn(mut keys: Properties) -> TurnFacts {
    TurnFacts {
        state: keys.token("state"),
        sentence: keys.text("sentence"),
        server: keys.unless_empty("server"),
        protocol: keys.unless_empty("protocol"),
    }
}

fn tunnel(mut keys: Properties) -> TunnelFacts {
    TunnelFacts { target: keys.text("target"), url: keys.text("url"), label: keys.text("label") }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use zbus::zvariant::Value;

    use super::super::tests::{below, objects};
    use crate::api::{self, interface};

    #[test]
    fn ways_and_tunnels_are_lists_of_dictionaries() {
        let way = HashMap::from([
            ("kind", Value::from("vnc")),
            ("state", "off".into()),
            ("outside-reason", "Port 5900 is not open.".into()),
            ("command", "ssh HOST".into()),
        ]);
        let tunnel = HashMap::from([("target", Value::from("http://localhost:1")), ("url", "https://a.b/".into())]);
        let pairs = vec![
            ("Ways", vec![way].into()),
            ("Source", "portal".into()),
            ("SourceNote", "".into()),
            ("TunnelsOffered", true.into()),
            ("Tunnels", vec![tunnel].into()),
            ("Turn", HashMap::from([("state", Value::from("unmapped")), ("server", "h:1".into())]).into()),
        ];
        let snapshot = below(objects(&api::below("access"), interface::ACCESS, pairs));
        let [way] = snapshot.ways.as_slice() else { panic!("one way") };
        assert_eq!((way.kind.as_str(), way.state.as_str(), way.outside.as_deref()), ("vnc", "off", None));
        assert_eq!(way.outside_reason.as_deref(), Some("Port 5900 is not open."));
        assert_eq!((way.command.as_deref(), way.best_address()), (Some("ssh HOST"), ""));
        let access = snapshot.access.expect("told");
        assert_eq!((access.source.as_str(), access.source_note, access.tunnels_offered), ("portal", None, true));
        assert_eq!(access.tunnels[0].url, "https://a.b/");
        assert_eq!((access.turn.state.as_str(), access.turn.server.as_deref()), ("unmapped", Some("h:1")));
    }

    #[test]
    fn a_daemon_of_before_says_nothing_of_the_outside() {
        let way = HashMap::from([("kind", Value::from("browser")), ("address", "http://localhost/".into())]);
        let snapshot = below(objects(&api::below("access"), interface::ACCESS, vec![("Ways", vec![way].into())]));
        assert_eq!(snapshot.ways[0].best_address(), "http://localhost/");
        let access = snapshot.access.expect("told");
        assert_eq!((access.source.as_str(), access.tunnels_offered, access.tunnels.len()), ("unknown", false, 0));
    }
}
