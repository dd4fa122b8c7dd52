//! The stream for the tests, by the command line and through a browser.

use serde_json::Value;

use super::browser::Browser;
use super::{DEADLINE, Stack, wait_until};

/// What `desktopctl stream` says.
pub fn stream(stack: &Stack) -> Value {
    serde_json::from_str(&stack.ctl_ok(&["--json", "stream"])).expect("JSON")
}

/// One setting.
pub fn setting(stack: &Stack, name: &str) -> Value {
    let settings: Value = serde_json::from_str(&stack.ctl_ok(&["--json", "stream", "schema", name])).expect("JSON");
    settings[0].clone()
}

/// Value, meaning and source of a setting.
pub fn configured(stack: &Stack, name: &str) -> [String; 3] {
    let setting = setting(stack, name);
    ["value", "meaning", "source"].map(|key| setting[key].as_str().unwrap_or_default().to_owned())
}

/// A viewer who gets pictures.
pub fn viewer(stack: &Stack) -> Browser {
    let browser = Browser::open(&format!("http://localhost:{}/", stack.info("SELKIES_PORT")));
    let looks_on = || (stream(stack)["viewers"] == 1 && stream(stack)["fps"].as_f64() > Some(0.0)).then_some(());
    wait_until(DEADLINE, || format!("a viewer gets pictures: {}", stack.ctl_ok(&["stream"])), looks_on);
    browser
}
