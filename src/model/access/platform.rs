//! What the platform that rents a machine out tells its container in environment variables: the address of the machine,
//! which ports are open to the outside, and which web pages there are. Anybody may have written them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use url::Url;

/// No address that is shown is longer.
const MOST_ADDRESS: usize = 2048;
/// No label of a page is longer, in characters.
const MOST_LABEL: usize = 80;
/// More pages than this are left out.
const MOST_APPLICATIONS: usize = 64;

/// A web page of this machine, as the platform lists it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Application {
    /// Name for people.
    pub label: String,
    /// The host on which it listens, as seen from the machine itself.
    pub host: String,
    /// The port that people reach from outside, by the number that it has inside.
    pub external_port: u16,
    /// The port on which the page itself listens.
    pub internal_port: u16,
    /// Where on it one begins; without the token that lets somebody in.
    pub path: String,
    /// The port outside; none where it is not open.
    pub mapped_port: Option<u16>,
    /// What a quick tunnel to it is opened for.
    pub target: Option<String>,
}

/// All that the environment says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Platform {
    /// This is an instance of a platform that is known.
    pub is_instance: bool,
    /// The machine's address outside.
    pub public: Option<IpAddr>,
    /// Pages are reached by `https`.
    pub https: bool,
    /// Ports inside and the ports outside that lead to them. The numbers inside may be above 65535: those stand for a
    /// port that is the same on both sides.
    pub tcp: BTreeMap<u32, u16>,
    /// The same of UDP.
    pub udp: BTreeMap<u32, u16>,
    /// The pages.
    pub applications: Vec<Application>,
}

impl Platform {
    /// Reads the variables of the container.
    pub fn read(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut platform = Self::default();
        let mut pages = None;
        for (name, value) in variables {
            match name.as_str() {
                "VAST_CONTAINERLABEL" | "CONTAINER_ID" => platform.is_instance |= !value.is_empty(),
                "PUBLIC_IPADDR" => platform.public = value.trim().parse().ok().filter(is_somebody),
                "ENABLE_HTTPS" => platform.https = value.trim().eq_ignore_ascii_case("true"),
                "PORTAL_CONFIG" => pages = Some(value),
                _ => platform.take_port(&name, &value),
            }
        }
        platform.applications = pages.map(|pages| platform.pages(&pages)).unwrap_or_default();
        platform
    }

    fn take_port(&mut self, name: &str, value: &str) {
        for (prefix, ports) in [("VAST_TCP_PORT_", &mut self.tcp), ("VAST_UDP_PORT_", &mut self.udp)] {
            let number = name.strip_prefix(prefix).and_then(|number| number.parse().ok());
            if let Some((number, port)) = number.zip(port(value)) {
                ports.insert(number, port);
            }
        }
    }

    /// `host:external:internal:path:label`, joined by `|`; a label may hold colons. An entry that is none is left out.
    fn pages(&self, text: &str) -> Vec<Application> {
        let page = |entry: &str| {
            let parts: Vec<&str> = entry.trim().splitn(5, ':').collect();
            let [host, external, internal, path, label] = parts.try_into().ok()?;
            let (external_port, internal_port) = (port(external)?, port(internal)?);
            let host = host.trim();
            let scheme = if self.https { "https" } else { "http" };
            let target = format!("{scheme}://{host}:{external_port}");
            super::portal::is_target(&target).then_some(())?;
            Some(Application {
                label: self::label(label),
                host: host.to_owned(),
                external_port,
                internal_port,
                path: self::path(path),
                mapped_port: self.tcp.get(&external_port.into()).copied(),
                target: Some(target),
            })
        };
        text.split('|').filter_map(page).take(MOST_APPLICATIONS).collect()
    }
}

/// Addresses that mean "anybody" or "nobody" lead nowhere.
fn is_somebody(address: &IpAddr) -> bool {
    !address.is_unspecified() && !address.is_multicast()
}

/// A port, 0 is none.
pub(super) fn port(text: &str) -> Option<u16> {
    text.trim().parse().ok().filter(|port| *port != 0)
}

/// A label that people can read, on one line.
pub(super) fn label(text: &str) -> String {
    text.trim().chars().filter(|c| !super::super::text::is_hostile(*c)).take(MOST_LABEL).collect()
}

/// The address of a web page, with nothing in it that nobody should see: no name and password, no token.
pub(super) fn web_address(text: &str) -> Option<Url> {
    let mut url = Url::parse(text.trim()).ok().filter(|_| text.len() <= MOST_ADDRESS)?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.is_empty());
    if !is_web || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    if let Some(query) = url.query() {
        let kept: Vec<&str> = query.split('&').filter(|pair| !is_token(pair)).collect();
        let kept = kept.join("&");
        url.set_query(Some(kept.as_str()).filter(|kept| !kept.is_empty()));
    }
    Some(url)
}

fn is_token(pair: &str) -> bool {
    pair.split('=').next().is_some_and(|name| name.eq_ignore_ascii_case("token"))
}

/// Where on a page one begins: a path, with its query but for the token; `/` for what is none.
pub(super) fn path(text: &str) -> String {
    let text = text.trim();
    let absolute = if text.starts_with('/') { text.to_owned() } else { format!("/{text}") };
    let begins = web_address(&format!("http://localhost{absolute}"));
    begins.map_or_else(|| "/".to_owned(), |url| url[url::Position::BeforePath..].to_owned())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::model::access) fn platform(pairs: &[(&str, &str)]) -> Platform {
        Platform::read(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    const CONFIG: &str = "localhost:1111:11111:/:Instance Portal|localhost:6100:16100:/:Selkies: the desktop|localhost:6200:16200:/guacamole:VNC";

    #[test]
    fn pages_and_their_ports_are_read() {
        let platform = platform(&[
            ("PORTAL_CONFIG", CONFIG),
            ("PUBLIC_IPADDR", "203.0.113.9\n"),
            ("VAST_TCP_PORT_6100", "41100"),
            ("VAST_TCP_PORT_73478", "41478"),
            ("VAST_UDP_PORT_73478", "41479"),
            ("VAST_CONTAINERLABEL", "C.1"),
        ]);
        let labels: Vec<&str> = platform.applications.iter().map(|page| page.label.as_str()).collect();
        assert_eq!(labels, ["Instance Portal", "Selkies: the desktop", "VNC"]);
        let selkies = &platform.applications[1];
        assert_eq!((selkies.external_port, selkies.internal_port, selkies.mapped_port), (6100, 16100, Some(41100)));
        assert_eq!(selkies.target.as_deref(), Some("http://localhost:6100"));
        assert_eq!(platform.applications[2].path, "/guacamole");
        assert_eq!((platform.tcp[&73478], platform.udp[&73478]), (41478, 41479));
        assert_eq!(platform.public, "203.0.113.9".parse().ok());
        assert!(platform.is_instance && !platform.https);
    }

    #[test]
    fn whatever_stands_in_them_does_no_harm() {
        let bad = [
            (
                "PORTAL_CONFIG",
                "a|b:c|::::|localhost:1:2|localhost/../x:1:2:/:x|localhost:99999:1:/:x|localhost:0:1:/:x|evil host:1:2:/:x|u:p@h:1:2:/:x",
            ),
            ("PUBLIC_IPADDR", "$(reboot)"),
            ("VAST_TCP_PORT_", "1"),
            ("VAST_TCP_PORT_x", "1"),
            ("VAST_TCP_PORT_22", "0"),
            ("VAST_TCP_PORT_23", "-5"),
            ("VAST_TCP_PORT_99999999999", "5"),
        ];
        assert_eq!(platform(&bad), Platform::default());
        assert_eq!(platform(&[("PUBLIC_IPADDR", "0.0.0.0")]).public, None);
        let many = vec!["localhost:1:2:/:x"; 10_000].join("|");
        assert_eq!(platform(&[("PORTAL_CONFIG", &many)]).applications.len(), MOST_APPLICATIONS);
        let odd = platform(&[("PORTAL_CONFIG", "localhost:1:2:no-slash?token=abc&a=1:line\nbreak\u{1b}[2J")]);
        assert_eq!(odd.applications[0].label, "linebreak[2J");
        assert_eq!(odd.applications[0].path, "/no-slash?a=1");
    }

    #[test]
    fn tokens_and_passwords_are_in_no_address() {
        for (said, shown) in [
            ("http://h/?token=None", Some("http://h/")),
            ("https://h:1/a?x=1&Token=secret&y", Some("https://h:1/a?x=1&y")),
            ("http://h/a#b", Some("http://h/a#b")),
            ("http://user:secret@h/", None),
            ("javascript:alert(1)", None),
            ("file:///etc/shadow", None),
            ("h:1", None),
            ("", None),
        ] {
            assert_eq!(web_address(said).map(String::from).as_deref(), shown, "{said}");
        }
    }
}
