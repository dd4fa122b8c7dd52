//! VNC, from the bus's dictionaries to facts.

use super::Properties;
use crate::api::proxy::Dictionary;
use crate::client::facts::{VncFacts, VncViewerFacts, VncWebFacts};

/// VNC.
pub(in crate::client) fn vnc(properties: Dictionary) -> VncFacts {
    let mut properties = Properties(properties);
    let viewers: Vec<Dictionary> = properties.or_default("Viewers");
    let web: Dictionary = properties.or_default("Web");
    VncFacts {
        enabled: properties.or_default("Enabled"),
        running: properties.or_default("Running"),
        port: properties.or_default("Port"),
        exposure: properties.token("Exposure"),
        password_source: properties.token("PasswordSource"),
        view_only: properties.or_default("ViewOnly"),
        shared: properties.or_default("Shared"),
        viewers: viewers.into_iter().map(|keys| viewer(Properties(keys))).collect(),
        web: self::web(Properties(web)),
    }
}

fn viewer(mut keys: Properties) -> VncViewerFacts {
    VncViewerFacts {
        address: keys.text("address"),
        port: keys.or_default("port"),
        through: keys.token("through"),
        since: keys.unless_empty("since"),
    }
}

fn web(mut keys: Properties) -> VncWebFacts {
    VncWebFacts {
        kind: keys.token("kind"),
        enabled: keys.or_default("enabled"),
        running: keys.or_default("running"),
        url: keys.unless_empty("url"),
        service: keys.unless_empty("service"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use zbus::zvariant::Value;

    use super::super::tests::{below, objects};
    use crate::api::{self, interface};

    #[test]
    fn viewers_and_the_gateway_are_dictionaries() {
        let viewer = HashMap::from([("address", Value::from("10.0.0.7")), ("since", 7_u64.into())]);
        let web = HashMap::from([("kind", Value::from("novnc")), ("running", true.into())]);
        let pairs = vec![
            ("Running", true.into()),
            ("Port", 5901_u16.into()),
            ("Viewers", vec![viewer].into()),
            ("Web", web.into()),
        ];
        let vnc = below(objects(&api::below("vnc"), interface::VNC, pairs)).vnc.expect("told");
        assert_eq!((vnc.running, vnc.enabled, vnc.port, vnc.exposure.as_str()), (true, false, 5901, "unknown"));
        let [viewer] = vnc.viewers.as_slice() else { panic!("one viewer") };
        assert_eq!((viewer.address.as_str(), viewer.since, viewer.through.as_str()), ("10.0.0.7", Some(7), "unknown"));
        assert_eq!((vnc.web.kind.as_str(), vnc.web.running, vnc.web.url), ("novnc", true, None));
    }
}
