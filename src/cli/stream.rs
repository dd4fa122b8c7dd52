//! `desktopctl stream`.

mod change;
mod preset;
mod schema;
mod show;
mod words;

use std::time::Duration;

use super::Failure;
use super::args::Stream;
use super::nearest;
use super::output::Output;
use crate::api;
use crate::client::{Change, Client, SettingFacts};
use crate::model::text::quoted;

pub(super) use words::progress;

/// Does one of these commands.
pub(super) async fn obey(
    client: Client,
    out: &mut Output,
    command: Option<Stream>,
    wait: Option<Duration>,
) -> Result<(), Failure> {
    match command.unwrap_or(Stream::Show) {
        Stream::Show => show::show(&client, out).await,
        Stream::Schema { names } => schema::show(&client, out, &names).await,
        Stream::Set(set) => change::set(client, out, &set, wait).await,
        Stream::Preset { name: None, .. } => preset::list(&client, out).await,
        Stream::Preset { name: Some(name), trial } => {
            preset::find(&client.stream().await?, &name)?;
            change::attempt(client, out, &Change::Preset(name), trial.into(), wait).await
        }
        Stream::Reset { names, trial } => {
            let settings = settings(&client).await?;
            names.iter().try_for_each(|name| find(&settings, name).map(drop))?;
            change::attempt(client, out, &Change::Reset(names), trial.into(), wait).await
        }
        Stream::Keep { force } => change::keep(client, out, force, wait).await,
        Stream::Revert => change::revert(client, out, wait).await,
    }
}

/// Every setting of the server; an error where there is no server.
async fn settings(client: &Client) -> Result<Vec<SettingFacts>, Failure> {
    let settings = client.settings().await?;
    if settings.is_empty() {
        let sentence = "No Selkies is installed here, so there is nothing to set. `desktopctl stream` says more.";
        return Err(api::Error::Unsupported(sentence.into()).into());
    }
    Ok(settings)
}

/// The setting called `name`, or an error that helps to find the right name.
fn find<'s>(settings: &'s [SettingFacts], name: &str) -> Result<&'s SettingFacts, api::Error> {
    settings.iter().find(|setting| setting.name == name).ok_or_else(|| {
        let hint = nearest::hint(settings.iter().map(|setting| setting.name.as_str()), name);
        let name = quoted(name);
        api::Error::UnknownSetting(format!(
            "There is no setting called {name}.{hint} `desktopctl stream schema` lists them."
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_helped() {
        let settings =
            ["encoder", "framerate"].map(|name| SettingFacts { name: name.into(), ..SettingFacts::default() });
        assert_eq!(find(&settings, "encoder").unwrap().name, "encoder");
        let error = find(&settings, "frame-rate").unwrap_err();
        assert_eq!(
            error.sentence(),
            "There is no setting called “frame-rate”. Did you mean “framerate”? `desktopctl stream schema` lists them."
        );
        assert_eq!(error.short_name(), "UnknownSetting");
        assert!(!find(&settings, &"x".repeat(10_000)).unwrap_err().sentence().contains("Did you mean"));
    }
}
