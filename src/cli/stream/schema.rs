//! `desktopctl stream schema`: every setting, and what it is good for.

use super::{find, settings, words};
use crate::cli::Failure;
use crate::cli::output::Output;
use crate::cli::table::{Cell, Style, render};
use crate::client::{Client, SettingFacts};

pub(super) async fn show(client: &Client, out: &mut Output, names: &[String]) -> Result<(), Failure> {
    let settings = settings(client).await?;
    let named: Vec<&SettingFacts> = names.iter().map(|name| find(&settings, name)).collect::<Result<_, _>>()?;
    if out.json {
        out.document(&if names.is_empty() { settings.iter().collect() } else { named })?;
    } else if names.is_empty() {
        out.text(&table(&settings, out.style))?;
    } else {
        let details: Vec<String> = named.iter().map(|setting| details(setting, out.style)).collect();
        out.text(&details.join("\n"))?;
    }
    Ok(())
}

fn table(settings: &[SettingFacts], style: Style) -> String {
    let row = |setting: &SettingFacts| {
        [
            Cell::new(&setting.name),
            Cell::new(words::value(setting)),
            Cell::new(&words::meaning(&setting.meaning)),
            Cell::new(&words::source(&setting.source)),
            Cell::new(&words::allowed(setting)),
        ]
    };
    let rows: Vec<_> = settings.iter().map(row).collect();
    render(["SETTING", "VALUE", "MEANING", "FROM", "TAKES"], &rows, style)
}

/// All that is known of one setting.
fn details(setting: &SettingFacts, style: Style) -> String {
    let sentences = [Some(format!("{}: {}", setting.name, setting.label)), some(&setting.explanation)];
    let sentences: Vec<_> = sentences.into_iter().flatten().map(|line| [Cell::new(&line)]).collect();
    let typed = |value: &str| match setting.in_words(value) {
        words if words.starts_with(value) => words,
        words => format!("{value} ({words})"),
    };
    let value = match &setting.value {
        Some(value) if !setting.is_secret() => typed(value),
        _ => words::value(setting).to_owned(),
    };
    let meanings: Vec<String> = setting.meanings.iter().map(|token| words::meaning(token)).collect();
    let takes = match setting.values.as_deref() {
        Some(values) if !values.is_empty() => values.iter().map(|value| typed(value)).collect::<Vec<_>>().join(", "),
        _ => words::allowed(setting),
    };
    let lines = [
        ("value", Some(format!("{value}, {}", words::meaning(&setting.meaning)))),
        ("from", Some(words::source(&setting.source))),
        ("default", (!setting.is_secret()).then(|| typed(&setting.default))),
        ("takes", Some(takes)),
        ("can be", some(&meanings.join(", or "))),
        ("a change", Some(reload(&setting.reload))),
        ("fixed", setting.fixed.clone()),
        ("group", some(&setting.group_label)),
        ("server's help", some(&setting.help).filter(|help| *help != setting.explanation)),
    ];
    let unavailable = setting.unavailable.iter().flatten();
    let unavailable = unavailable.map(|(value, why)| ("not here", Some(format!("{value}: {why}"))));
    let line = |(name, text): (&str, Option<String>)| Some([Cell::new(&format!("  {name}")), Cell::new(&text?)]);
    let lines: Vec<_> = lines.into_iter().chain(unavailable).filter_map(line).collect();
    render([""], &sentences, style) + &render(["", ""], &lines, style)
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn reload(token: &str) -> String {
    match token {
        "stream" => "restarts the stream".into(),
        "page" => "restarts the stream, and open browser pages have to be loaded again".into(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn encoder() -> SettingFacts {
        SettingFacts {
            name: "encoder".into(),
            group_label: "Picture".into(),
            label: "Encoder".into(),
            explanation: "How the picture is compressed.".into(),
            help: "How the picture is compressed.".into(),
            kind: "enum".into(),
            values: Some(vec!["h264enc".into(), "jpeg".into()]),
            words: Some(BTreeMap::from([("h264enc".to_owned(), "H.264".to_owned())])),
            unavailable: Some(BTreeMap::from([("h264enc".to_owned(), "It needs a GPU.".to_owned())])),
            default: "h264enc".into(),
            value: Some("jpeg".into()),
            meaning: "enforced".into(),
            meanings: vec!["new-viewers".into(), "enforced".into()],
            source: "override".into(),
            reload: "stream".into(),
            ..SettingFacts::default()
        }
    }

    #[test]
    fn the_table_has_what_one_types() {
        let expected = "SETTING  VALUE  MEANING                FROM      TAKES\n\
                        encoder  jpeg   enforced for everyone  set here  h264enc, jpeg\n";
        assert_eq!(table(&[encoder()], Style::default()), expected);
    }

    #[test]
    fn details_explain_a_setting_and_its_values() {
        let expected = "encoder: Encoder\n\
                        How the picture is compressed.\n\
                        \x20 value     jpeg, enforced for everyone\n\
                        \x20 from      set here\n\
                        \x20 default   h264enc (H.264)\n\
                        \x20 takes     h264enc (H.264), jpeg\n\
                        \x20 can be    default for new viewers, or enforced for everyone\n\
                        \x20 a change  restarts the stream\n\
                        \x20 group     Picture\n\
                        \x20 not here  h264enc: It needs a GPU.\n";
        assert_eq!(details(&encoder(), Style::default()), expected);
    }

    #[test]
    fn a_secret_stays_one() {
        let secret = SettingFacts { secret: Some(true), default: "hunter2".into(), value: None, ..encoder() };
        let said = details(&secret, Style::default());
        assert!(said.contains("never shown") && !said.contains("hunter2"), "{said}");
    }
}
