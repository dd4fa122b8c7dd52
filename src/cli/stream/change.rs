//! `desktopctl stream set`, `preset`, `reset`, `keep` and `revert`: changes that are tried out first.

use std::time::Duration;

use super::{find, settings, words};
use crate::api;
use crate::cli::args::Set;
use crate::cli::output::Output;
use crate::cli::{Failure, secret};
use crate::client::{Change, Client, Milestone, Patience, PendingFacts, SettingFacts, Terms, Wish, unix_now};
use crate::model::stream::Meaning;
use crate::model::text::quoted;

/// How long it may take until a person is asked, or until the change is over where nobody is: the daemon gives a
/// restart three minutes and the look at it 20 seconds, and where that fails as much again to bring the old one back.
const WAIT: Duration = Duration::from_mins(8);

/// Tries values out.
pub(super) async fn set(client: Client, out: &mut Output, set: &Set, wait: Option<Duration>) -> Result<(), Failure> {
    let settings = settings(&client).await?;
    let wishes = wishes(&settings, &set.pairs, set.meaning()).await?;
    let plan = client.plan(&wishes).await?;
    // While another change is on trial this one is refused; then nothing is announced that will not happen.
    if client.snapshot().await?.on_trial().is_none() {
        plan.changes.iter().try_for_each(|line| out.line(line))?;
        [plan.notice].iter().chain(&plan.warnings).filter(|note| !note.is_empty()).for_each(|note| out.note(note));
    }
    attempt(client, out, &Change::Set(wishes), set.trial.into(), wait).await
}

/// The values as they are wished for. Those of secrets are asked for.
async fn wishes(settings: &[SettingFacts], pairs: &[String], meaning: Option<Meaning>) -> Result<Vec<Wish>, Failure> {
    let mut wishes = Vec::new();
    for pair in pairs {
        let (name, value) = pair.split_once('=').map_or((pair.as_str(), None), |(name, value)| (name, Some(value)));
        let setting = find(settings, name)?;
        let value = match (value, setting.is_secret()) {
            (Some(value), false) => value.to_owned(),
            (None, true) => secret::ask(name).await.map_err(Failure::Secret)?,
            (None, false) => return Err(misused(format!("{name} needs a value: {name}=VALUE.")).into()),
            (Some(_), true) => {
                let sentence = "is a secret, and everyone on this machine can read a command line. Give its name \
                                alone: the value is then asked for, or read from standard input.";
                return Err(misused(format!("{name} {sentence}")).into());
            }
        };
        if wishes.iter().any(|wish: &Wish| wish.name == name) {
            return Err(misused(format!("{} is given twice. Give each setting once.", quoted(name))).into());
        }
        // What only the server reads holds for everyone anyway.
        let meaning = meaning.filter(|_| setting.meanings != ["server"]);
        wishes.push(Wish { name: name.to_owned(), value, meaning });
    }
    Ok(wishes)
}

fn misused(sentence: String) -> api::Error {
    api::Error::InvalidSetting(sentence)
}

/// Begins a change and follows it until a person is asked, or to its end where that is wished.
pub(super) async fn attempt(
    mut client: Client,
    out: &mut Output,
    change: &Change,
    terms: Terms,
    wait: Option<Duration>,
) -> Result<(), Failure> {
    let Some(id) = client.change_stream(change, terms).await? else {
        if out.json {
            out.document(&None::<PendingFacts>)?;
        }
        return Ok(out.line("Nothing changes: it is all so already.")?);
    };
    let begun = client.change(id).await?;
    if !matches!(change, Change::Set(_)) {
        // These cannot be planned, only begun.
        begun.changes.iter().try_for_each(|line| out.line(line))?;
        let snapshot = client.snapshot().await?;
        let consequence = snapshot.service(&begun.target).map(|service| &service.consequence);
        consequence.filter(|text| !text.is_empty()).into_iter().for_each(|text| out.note(text));
    }
    if wait == Some(Duration::ZERO) {
        return tell(out, &begun, Ok(format!("change {id} begun")));
    }
    let milestone = if wait.is_some() || terms.keep { Milestone::End } else { Milestone::Question };
    let mut was_asked = false;
    let change = follow(&mut client, out, id, milestone, wait, |change| was_asked |= change.is_waiting()).await?;
    let outcome = judged(&change, milestone, wait).map_err(|error| match error {
        // It was no person who did not like it, and the reason does not say where to look.
        api::Error::Reverted(sentence) if !was_asked && !sentence.contains("services logs") => {
            let target = &change.target;
            api::Error::Reverted(format!("{sentence} `desktopctl services logs {target}` may tell more."))
        }
        other => other,
    });
    tell(out, &change, outcome)
}

/// Keeps the change that is on trial.
pub(super) async fn keep(
    mut client: Client,
    out: &mut Output,
    force: bool,
    wait: Option<Duration>,
) -> Result<(), Failure> {
    let id = on_trial(&client, "keep").await?.id;
    client.keep(id, force).await?;
    let change = follow(&mut client, out, id, Milestone::End, wait, |_| {}).await?;
    let outcome = match change.stage.as_str() {
        "keeping" if wait == Some(Duration::ZERO) => Ok(words::progress(&change, unix_now())),
        _ => judged(&change, Milestone::End, wait),
    };
    tell(out, &change, outcome)
}

/// Takes the change that is on trial back; that it then is taken back is no failure.
pub(super) async fn revert(mut client: Client, out: &mut Output, wait: Option<Duration>) -> Result<(), Failure> {
    let id = on_trial(&client, "take back").await?.id;
    client.revert(id).await?;
    let change = follow(&mut client, out, id, Milestone::End, wait, |_| {}).await?;
    let outcome = match change.stage.as_str() {
        "reverted" => Ok(change.reason.clone().unwrap_or("The change was taken back.".into())),
        "kept" => Err(api::Error::UnknownObject(format!("Change {id} was kept before it could be taken back."))),
        _ if wait == Some(Duration::ZERO) => Ok(words::progress(&change, unix_now())),
        _ => judged(&change, Milestone::End, wait),
    };
    tell(out, &change, outcome)
}

async fn on_trial(client: &Client, verb: &str) -> Result<PendingFacts, Failure> {
    client.snapshot().await?.on_trial().cloned().ok_or_else(|| {
        let sentence = format!("No change is on trial, so there is nothing to {verb}. `desktopctl stream` shows");
        api::Error::UnknownObject(sentence + " which settings hold.").into()
    })
}

/// Follows a change and tells who watches how far it is.
async fn follow(
    client: &mut Client,
    out: &Output,
    id: u64,
    milestone: Milestone,
    wait: Option<Duration>,
    mut on_change: impl FnMut(&PendingFacts),
) -> Result<PendingFacts, Failure> {
    let mut said = String::new();
    let tell = |change: &PendingFacts| {
        on_change(change);
        let step = match change.stage.as_str() {
            "restarting" => "restarting the stream",
            "checking" => "looking whether it works",
            "waiting" => "waiting for an answer",
            "keeping" => "keeping it",
            "reverting" => "bringing the earlier settings back",
            _ => return,
        };
        if said != step {
            out.step(step);
            step.clone_into(&mut said);
        }
    };
    let patience = Patience { limit: Some(wait.unwrap_or(WAIT)), ..Patience::default() };
    Ok(client.follow_change(id, milestone, patience, tell).await?)
}

/// What to say of a change that is as far as it was followed; any other as the error that it is.
fn judged(change: &PendingFacts, milestone: Milestone, wait: Option<Duration>) -> Result<String, api::Error> {
    let (id, now) = (change.id, unix_now());
    let waited = wait.unwrap_or(WAIT).as_secs();
    match (change.stage.as_str(), milestone) {
        ("kept", _) => Ok(words::progress(change, now)),
        ("waiting", Milestone::Question) => Ok(format!("It works. {}", words::progress(change, now))),
        ("reverted", _) => Err(api::Error::Reverted(words::progress(change, now))),
        ("waiting", Milestone::End) => Err(api::Error::TimedOut(format!(
            "Change {id} still waits for an answer after {waited} s. {}",
            words::progress(change, now)
        ))),
        _ => Err(api::Error::TimedOut(format!(
            "Change {id} is not over after {waited} s, and goes on. {} `desktopctl stream` tells how it goes.",
            words::progress(change, now)
        ))),
    }
}

/// Writes the document, then what there is to say.
fn tell(out: &mut Output, change: &PendingFacts, outcome: Result<String, api::Error>) -> Result<(), Failure> {
    if out.json {
        out.document(change)?;
    }
    Ok(out.line(&outcome?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some_settings() -> Vec<SettingFacts> {
        let setting = |name: &str, meanings: &[&str], secret| SettingFacts {
            name: name.into(),
            meanings: meanings.iter().map(|meaning| (*meaning).to_owned()).collect(),
            secret,
            ..SettingFacts::default()
        };
        vec![
            setting("encoder", &["new-viewers", "enforced"], None),
            setting("ui_title", &["server"], None),
            setting("turn_password", &["server"], Some(false)),
        ]
    }

    async fn wished(pairs: &[&str], meaning: Option<Meaning>) -> Result<Vec<Wish>, Failure> {
        let pairs: Vec<String> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
        wishes(&some_settings(), &pairs, meaning).await
    }

    #[tokio::test]
    async fn a_meaning_is_wished_where_there_is_a_choice() {
        let wishes = wished(&["encoder=jpeg", "ui_title=a=b, c"], Some(Meaning::Enforced)).await.unwrap();
        assert_eq!((wishes[0].value.as_str(), wishes[0].meaning), ("jpeg", Some(Meaning::Enforced)));
        assert_eq!((wishes[1].value.as_str(), wishes[1].meaning), ("a=b, c", None));
        assert_eq!(wished(&["encoder="], None).await.unwrap()[0].meaning, None);
    }

    #[tokio::test]
    async fn what_cannot_be_is_said_before_anything_is_asked() {
        for (pairs, part) in [
            (&["encoder"][..], "encoder needs a value: encoder=VALUE."),
            (&["encoder=jpeg", "encoder=h264enc"][..], "given twice"),
            (&["turn_password=hunter2"][..], "Give its name alone"),
            (&["=jpeg"][..], "There is no setting called “”."),
        ] {
            let said = wished(pairs, None).await.unwrap_err().to_string();
            assert!(said.contains(part) && !said.contains("hunter2"), "{said}");
        }
    }

    #[test]
    fn the_end_of_a_change_is_a_sentence_or_the_error_that_it_is() {
        let change = |stage: &str| PendingFacts {
            id: 7,
            target: "selkies".into(),
            stage: stage.into(),
            reason: Some("It ended at once with the new settings.".into()),
            deadline: Some(unix_now() + 60),
            ..PendingFacts::default()
        };
        let said = |stage: &str, milestone| judged(&change(stage), milestone, Some(Duration::from_secs(5)));
        assert!(said("waiting", Milestone::Question).unwrap().starts_with("It works. Keep it: "));
        assert!(said("kept", Milestone::End).unwrap().starts_with("Kept."));
        let reverted = said("reverted", Milestone::Question).unwrap_err();
        assert_eq!(reverted.short_name(), "Reverted");
        assert_eq!(reverted.sentence(), "The change was taken back. It ended at once with the new settings.");
        for stage in ["waiting", "checking", "of-a-later-version"] {
            assert_eq!(said(stage, Milestone::End).unwrap_err().short_name(), "TimedOut", "{stage}");
        }
    }
}
