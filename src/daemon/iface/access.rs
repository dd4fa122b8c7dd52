//! `/access`: the ways into the desktop.

use std::collections::HashMap;

use zbus::interface;
use zbus::zvariant::OwnedValue;

use super::Ground;
use super::root::text;
use crate::model::access::Way;

/// The ways in.
#[derive(Debug)]
pub(crate) struct AccessObject {
    pub(crate) ground: Ground,
}

#[interface(name = "io.github.desktop_control.Control1.Access")]
impl AccessObject {
    /// Each way in. Keys, all strings: kind (browser, browser-vnc, vnc), label, state (working, broken, off, unknown),
    /// reason (empty when there is none), address (as seen from this machine), service (supervisord's name).
    #[zbus(property)]
    fn ways(&self) -> Vec<HashMap<String, OwnedValue>> {
        let way = |way: Way| {
            HashMap::from([
                ("kind".to_owned(), text(<&'static str>::from(way.kind))),
                ("label".to_owned(), text(way.label)),
                ("state".to_owned(), text(<&'static str>::from(way.state))),
                ("reason".to_owned(), text(way.reason)),
                ("address".to_owned(), text(way.address)),
                ("service".to_owned(), text(way.service)),
            ])
        };
        self.ground.store.ways().into_iter().map(way).collect()
    }
}
