//! The stream's relay: what the server is set to, what the machine has, and the finding where these do not go together.

use super::Access;
use crate::daemon::store::Finding;
use crate::daemon::stream::Configured;
use crate::host::network::Listening;
use crate::model::access::platform::Platform;
use crate::model::access::turn::{self, Machine, SERVICE, Settings, Turn};
use crate::model::health::Health;
use crate::model::stream::Generation;

/// The finding's kind.
const TURN: &str = "turn";

impl Access {
    /// Judges the relay, and tells what is wrong with it.
    pub(super) fn relay(&self, platform: &Platform, listening: &Listening) -> Turn {
        let store = &self.inner.store;
        let settings = store.stream().configured.as_deref().map(settings);
        let works = |health| !matches!(health, Health::None | Health::Failing | Health::Flapping);
        let runs = store.service(SERVICE).map(|relay| relay.pid.is_some() && works(relay.health));
        let machine = Machine { platform, runs, tcp: &listening.tcp, udp: &listening.udp };
        let turn = turn::judge(settings.as_ref(), &machine);
        let finding = turn.is_trouble().then(|| Finding {
            kind: TURN,
            severity: "warning",
            title: "The stream's relay (TURN)".into(),
            message: turn.sentence.clone(),
        });
        store.set_findings(TURN, finding.into_iter().collect());
        turn
    }
}

/// Of the settings, those that say where browsers are sent. Who may use the relay is a secret, and not looked at.
fn settings(configured: &Configured) -> Settings {
    let value = |name: &str| {
        let raw = configured.resolved.get(name).map(|resolved| resolved.raw.as_str()).unwrap_or_default();
        // What browsers may choose instead stands behind it.
        raw.split(['|', ',']).next().unwrap_or_default().trim().to_owned()
    };
    let setting = |name: &str| configured.schema.settings.iter().find(|setting| setting.name == name);
    Settings {
        webrtc: configured.schema.generation == Generation::SelkiesGstreamer || value("mode") == "webrtc",
        host: value("turn_host"),
        built_in_host: setting("turn_host").map(|setting| setting.default.clone()).unwrap_or_default(),
        port: value("turn_port"),
        protocol: value("turn_protocol"),
    }
}
