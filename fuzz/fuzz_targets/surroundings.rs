//! What the platform and its portal say: variables that anybody may have set, and answers of whatever listens there.
//!
//! The input's first line is the value of each variable, all of it each answer.

#![no_main]

use desktop_control::model::access::platform::Platform;
use desktop_control::model::access::portal;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let value = text.lines().next().unwrap_or_default();
    let names = ["PORTAL_CONFIG", "PUBLIC_IPADDR", "ENABLE_HTTPS", "VAST_TCP_PORT_22", value];
    let platform = Platform::read(names.map(|name| (name.to_owned(), value.to_owned())));
    let told = portal::applications(text).unwrap_or_default();
    for page in platform.applications.iter().chain(&told) {
        assert!(page.internal_port != 0 && page.path.starts_with('/'), "{page:?}");
        assert!(!page.label.chars().any(char::is_control), "{page:?}");
        if let Some(target) = &page.target {
            assert!(portal::is_target(target), "{target:?}");
        }
    }
    let tunnels = portal::tunnels(text).unwrap_or_default();
    let begins =
        tunnels.iter().map(|tunnel| tunnel.url.clone()).chain(portal::opened(text)).chain(portal::direct(text));
    for address in begins {
        assert!(address.starts_with("http://") || address.starts_with("https://"), "{address:?}");
        assert!(!address.chars().any(|c| c.is_control() || c == ' '), "{address:?}");
    }
});
