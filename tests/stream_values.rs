//! Whatever somebody gives a setting of the stream is refused, or arrives at the server as exactly that value and does
//! nothing on its way: through the settings file, a real shell that reads it as the start script does, and the real
//! server's own parser.

#![expect(clippy::expect_used, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use desktop_control::model::settings_text;
use desktop_control::model::stream::value::MOST_BYTES;
use desktop_control::model::stream::{Choice, Kind, Schema, Setting};
use support::{repository, text};

/// What people type, and people who mean harm. `MARK` becomes the name of a file that nobody may make.
const VALUES: [&str; 34] = [
    "true",
    "false",
    "on",
    "0",
    "1",
    "-1",
    "7",
    "60",
    "12.5",
    "1e999",
    "none",
    "jpeg",
    "20-20",
    "30-120",
    "60,30-120",
    "jpeg,h264enc",
    "plain words",
    " spaces around ",
    "ünïcödé ✓",
    "$(touch MARK)",
    "`touch MARK`",
    "'; touch MARK; '",
    "'$(touch MARK)'",
    "\"; touch MARK; \"",
    "\\'; touch MARK; #",
    "'\\''",
    "$HOME ${PATH} $'\\n'",
    "a=b; export PATH=/nowhere",
    "*",
    "~",
    "!!",
    "true|locked; touch MARK",
    "-n --help -e",
    "%s%n\\n",
];
/// No variable can carry these, or no line of a file.
const NEVER: [&str; 5] = ["two\nlines", "a\0b", "\u{1b}[2J", "carriage\rreturn", "true\n|locked"];

/// Selkies as the image brings it.
fn python() -> PathBuf {
    let located = Command::new(repository().join("data/image/components/selkies")).output();
    let located = located.expect("data/image/components/selkies");
    assert!(located.status.success(), "Selkies is not there: {}", text(&located));
    Path::new(String::from_utf8_lossy(&located.stdout).trim()).join("bin/python3")
}

/// What each setting takes of all values in every meaning, encoded: the setting's name and the raw value.
fn accepted(schema: &Schema, mark: &Path) -> Vec<(String, String)> {
    let mut accepted = Vec::new();
    for setting in &schema.settings {
        let own = setting.values().iter().cloned().chain(bounds(setting));
        let values = VALUES.iter().map(|value| value.replace("MARK", &mark.display().to_string())).chain(own);
        let values: Vec<String> = values.collect();
        for meaning in setting.meanings() {
            let encode = |value: &String| setting.encode(&Choice::new(value.as_str(), *meaning)).ok();
            accepted.extend(values.iter().filter_map(encode).map(|raw| (setting.name.clone(), raw)));
        }
    }
    accepted.sort();
    accepted.dedup();
    accepted
}

fn bounds(setting: &Setting) -> impl Iterator<Item = String> {
    let (least, most) = setting.bounds();
    [least, most].into_iter().flatten().map(|bound| bound.to_string())
}

/// The environment after the real `import_environment` has read this file.
fn imported(file: &Path) -> BTreeMap<String, String> {
    let session = repository().join("data/image/rootfs/usr/lib/desktop-control/session.sh");
    let mut bash = Command::new("bash");
    bash.args(["-c", "source \"$1\"; import_environment <\"$2\"; env -0", "bash"]).arg(session).arg(file);
    let output = bash.env_clear().env("PATH", "/usr/bin:/bin").output().expect("bash");
    assert!(output.status.success(), "{}", text(&output));
    let pairs = output.stdout.split(|byte| *byte == 0).map(|pair| String::from_utf8(pair.to_vec()).expect("UTF-8"));
    let pair = |pair: String| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    pairs.filter_map(pair).collect()
}

/// What the server's own parser makes of raw values, in their order.
fn parsed(values: &[(String, String)]) -> Vec<String> {
    let mut child = Command::new(python())
        .arg("-B")
        .arg(repository().join("tests/record/parser.py"))
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the server's Python");
    let mut stdin = child.stdin.take().expect("piped");
    let lines: String = values.iter().map(|pair| serde_json::to_string(pair).expect("JSON") + "\n").collect();
    let writing = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().expect("a child");
    writing.join().expect("no panic").expect("it reads");
    assert!(output.status.success(), "{}", text(&output));
    let line = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        line["value"].as_str().expect("a text").to_owned()
    };
    String::from_utf8(output.stdout).expect("text").lines().map(line).collect()
}

/// Python writes `60.0` where we write `60`, and the server writes its one path in a form of its own.
fn same(setting: &Setting, ours: &str, theirs: &str) -> bool {
    if setting.name == "subfolder" {
        return ours.trim().trim_matches('/') == theirs.trim_matches('/');
    }
    let number = matches!(setting.kind, Kind::Int { .. } | Kind::Float { .. } | Kind::Range { .. });
    match (number, ours.parse::<f64>(), theirs.parse::<f64>()) {
        (true, Ok(ours), Ok(theirs)) => ours.total_cmp(&theirs).is_eq(),
        _ => ours == theirs,
    }
}

#[test]
fn every_value_of_every_setting_arrives_or_is_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let mark = folder.path().join("mark");
    let schema = Schema::bundled();
    let mut left = accepted(&schema, &mark);
    let all = left.clone();
    assert!(all.len() > 2000, "{}", all.len());
    // A file holds each variable once, so there are as many files as a setting has values.
    while !left.is_empty() {
        let mut settings = BTreeMap::new();
        left.retain(|(name, raw)| {
            let variable = schema.get(name).expect("known").env_name();
            let taken = settings.contains_key(&variable);
            settings.entry(variable).or_insert_with(|| raw.clone());
            taken
        });
        let file = folder.path().join("settings");
        std::fs::write(&file, settings_text::render(&settings)).expect("written");
        let environment = imported(&file);
        for (variable, raw) in &settings {
            assert_eq!(environment.get(variable), Some(raw), "{variable}");
        }
    }
    assert!(!mark.exists(), "a value became a command");
    let mut differences = Vec::new();
    for ((name, raw), theirs) in all.iter().zip(parsed(&all)) {
        let setting = schema.get(name).expect("known");
        let ours = setting.decode(raw).value;
        if !same(setting, &ours, &theirs) {
            differences.push(format!("{name}={raw:?} is {ours:?} to us and {theirs:?} to the server"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(!mark.exists(), "a value became a command");
}

#[test]
fn what_nothing_could_carry_is_refused_by_every_setting() {
    let endless = "9".repeat(MOST_BYTES + 1);
    let huge = "x".repeat(1024 * 1024);
    for schema in [Schema::bundled(), Schema::legacy()] {
        for setting in &schema.settings {
            for meaning in setting.meanings() {
                for value in NEVER.into_iter().chain([endless.as_str(), &huge]) {
                    let refusal = setting.encode(&Choice::new(value, *meaning)).expect_err(&setting.name);
                    let sentence = refusal.sentence;
                    assert!(sentence.len() < 2000 && !sentence.contains(char::is_control), "{sentence:?}");
                }
            }
        }
    }
}
