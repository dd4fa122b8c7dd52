//! A client of the daemon that notes when it hears what.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use desktop_control::api::proxy::Dictionary;
use desktop_control::api::{ROOT_PATH, interface, name_of};
use futures_util::{FutureExt, StreamExt};
use serde_json::Value;
use zbus::message::Type;
use zbus::{Connection, MatchRule, MessageStream};

use crate::support::Stack;

/// Nothing that is waited for here takes a fraction of this.
const LIMIT: Duration = Duration::from_secs(20);
/// So many signals may pile up while nobody looks.
const QUEUE: usize = 16_384;

/// What one signal said of a service; what it left out has not changed.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) at: Instant,
    name: String,
    pub(crate) state: Option<String>,
    pub(crate) pid: Option<u32>,
    pub(crate) exit_status: Option<String>,
}

/// A service as last heard of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Service {
    pub(crate) state: String,
    pub(crate) pid: u32,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Observer {
    pub(crate) connection: Connection,
    stream: MessageStream,
    services: HashMap<String, Service>,
}

impl Observer {
    pub(crate) async fn new(stack: &Stack) -> Self {
        let connection = stack.bus().await;
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .interface("org.freedesktop.DBus.Properties")
            .and_then(|rule| rule.member("PropertiesChanged"))
            .and_then(|rule| rule.path_namespace(ROOT_PATH))
            .and_then(|rule| rule.add_arg(interface::SERVICE))
            .expect("a rule")
            .build();
        let stream = MessageStream::for_match_rule(rule, &connection, Some(QUEUE)).await.expect("a stream");
        // Read after the subscription, so nothing falls between the two.
        let services: Value = serde_json::from_slice(&stack.ctl(&["--json", "services"]).stdout).expect("JSON");
        let service = |value: &Value| {
            let pid = value["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()).unwrap_or_default();
            let service = Service { state: value["state"].as_str()?.to_owned(), pid };
            Some((value["name"].as_str()?.to_owned(), service))
        };
        let services = services.as_array().expect("a list").iter().filter_map(service).collect();
        Self { connection, stream, services }
    }

    /// The next change of this service.
    pub(crate) async fn next_of(&mut self, name: &str) -> Change {
        let next = async {
            loop {
                let change = self.next().await;
                if change.name == name {
                    return change;
                }
            }
        };
        tokio::time::timeout(LIMIT, next).await.unwrap_or_else(|_| panic!("no word of {name}"))
    }

    /// Listens until this service is as wanted.
    pub(crate) async fn wait_until(&mut self, name: &str, wanted: impl Fn(&Service) -> bool) -> Service {
        self.catch_up();
        loop {
            match self.services.get(name) {
                Some(service) if wanted(service) => return service.clone(),
                _ => drop(self.next_of(name).await),
            }
        }
    }

    /// Listens until so many services are as wanted.
    pub(crate) async fn wait_until_all(&mut self, count: usize, limit: Duration, wanted: impl Fn(&Service) -> bool) {
        let wait = async {
            while self.services.values().filter(|service| wanted(service)).count() < count {
                self.next().await;
                self.catch_up();
            }
        };
        tokio::time::timeout(limit, wait).await.expect("all services come up");
    }

    /// Takes in what has come already.
    pub(crate) fn catch_up(&mut self) {
        while self.next().now_or_never().is_some() {}
    }

    async fn next(&mut self) -> Change {
        let message = self.stream.next().await.expect("the bus lives").expect("a message");
        let at = Instant::now();
        let header = message.header();
        let name = name_of(header.path().expect("a signal has a path"));
        let body = message.body();
        let (_, mut changed, _): (&str, Dictionary, Vec<&str>) = body.deserialize().expect("PropertiesChanged");
        let mut text = |key| changed.remove(key).and_then(|value| String::try_from(value).ok());
        let (state, exit_status) = (text("State"), text("ExitStatus"));
        let pid = changed.remove("Pid").and_then(|value| u32::try_from(value).ok());
        let service = self.services.entry(name.clone()).or_default();
        if let Some(state) = &state {
            service.state.clone_from(state);
        }
        service.pid = pid.unwrap_or(service.pid);
        Change { at, name, state, pid, exit_status }
    }
}
