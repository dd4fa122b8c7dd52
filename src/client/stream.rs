//! What can be asked about the stream and about changes of it.

use std::os::fd::OwnedFd;

use zbus::proxy::CacheProperties;
use zbus::zvariant::Value;

use super::{Client, Error, PendingFacts, PlanFacts, SettingFacts, StreamFacts, decode, interactive, prompt};
use crate::api::proxy::{Changes, Options, PendingProxy, StreamProxy};
use crate::api::stream::Moment;
use crate::api::{self, interface};
use crate::model::stream::Meaning;

/// A value that somebody wishes for a setting.
#[derive(Clone, PartialEq, Eq)]
pub struct Wish {
    /// The server's own name, such as `video_bitrate`.
    pub name: String,
    /// The plain value.
    pub value: String,
    /// For whom it is to hold; none for whomever the present value holds.
    pub meaning: Option<Meaning>,
}

// The value may be a password.
impl std::fmt::Debug for Wish {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wish").field("name", &self.name).field("meaning", &self.meaning).finish_non_exhaustive()
    }
}

/// What is to be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// These settings.
    Set(Vec<Wish>),
    /// Those of the preset with this token.
    Preset(String),
    /// Our values of these settings are taken away; of all settings where there is no name.
    Reset(Vec<String>),
}

/// How a change is tried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// How long the person has for an answer, in seconds; none for as long as is usual.
    pub confirm_within: Option<u32>,
    /// Nobody is asked: it is kept as soon as it works.
    pub keep: bool,
}

impl Client {
    /// The stream, after the daemon has looked anew at what the server does.
    ///
    /// # Errors
    /// The daemon does not answer, or is too old to know of the stream.
    pub async fn stream(&self) -> Result<StreamFacts, Error> {
        match prompt(self.stream_proxy().await?.refresh(Options::new())).await {
            // What was known before is still worth being told.
            Ok(()) | Err(Error::Refused(api::Error::Internal(_) | api::Error::TimedOut(_))) => {}
            Err(error) => return Err(too_old(error)),
        }
        let properties = self.properties(&api::below("stream"), interface::STREAM).await.map_err(too_old)?;
        Ok(decode::stream(properties))
    }

    /// Every setting that the installed server knows, in the order in which people should see them.
    ///
    /// # Errors
    /// The daemon does not answer, is too old to know of the stream, or finds no server.
    pub async fn settings(&self) -> Result<Vec<SettingFacts>, Error> {
        let settings = prompt(self.stream_proxy().await?.list_settings(Options::new())).await;
        Ok(settings.map_err(too_old)?.into_iter().map(decode::setting).collect())
    }

    /// What such a change would do.
    ///
    /// # Errors
    /// The daemon would refuse the change, or does not answer.
    pub async fn plan(&self, wishes: &[Wish]) -> Result<PlanFacts, Error> {
        let plan = prompt(self.stream_proxy().await?.plan(changes(wishes), Options::new())).await;
        plan.map(decode::plan).map_err(too_old)
    }

    /// Begins a change, and returns its number; none if there was nothing to change.
    ///
    /// # Errors
    /// The daemon refuses or does not answer; then nothing has changed.
    pub async fn change_stream(&self, change: &Change, terms: Terms) -> Result<Option<u64>, Error> {
        let proxy = self.stream_proxy().await?;
        let mut options = Options::from([("keep", terms.keep.into())]);
        options.extend(terms.confirm_within.map(|seconds| ("confirm-within", seconds.into())));
        let call = async {
            match change {
                Change::Set(wishes) => proxy.apply(changes(wishes), options).await,
                Change::Preset(name) => proxy.apply_preset(name, options).await,
                Change::Reset(names) => {
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    proxy.reset(&names, options).await
                }
            }
        };
        Ok(decode::pending_id(&interactive(call).await.map_err(too_old)?))
    }

    /// One change as it is now. One that is over is remembered for a minute.
    ///
    /// # Errors
    /// The daemon does not answer, or knows no such change.
    pub async fn change(&self, id: u64) -> Result<PendingFacts, Error> {
        let properties = self.properties(&api::pending_path(id), interface::PENDING).await;
        Ok(decode::pending(id, properties.map_err(|error| no_such_change(id, error))?))
    }

    /// Makes a change hold from now on. Without `force`, a viewer must get pictures.
    ///
    /// # Errors
    /// The daemon refuses or does not answer, or the change is over.
    pub async fn keep(&self, id: u64, force: bool) -> Result<(), Error> {
        let options = Options::from([("force", force.into())]);
        interactive(self.pending_proxy(id).await?.keep(options)).await.map_err(|error| no_such_change(id, error))
    }

    /// Has the earlier settings brought back. When they hold again, following the change tells.
    ///
    /// # Errors
    /// The daemon refuses or does not answer, or the change is over.
    pub async fn revert(&self, id: u64) -> Result<(), Error> {
        let call = self.pending_proxy(id).await?;
        interactive(call.revert(Options::new())).await.map_err(|error| no_such_change(id, error))
    }

    /// Has what the server does looked at each second until the returned descriptor is closed.
    ///
    /// # Errors
    /// The daemon refuses or does not answer.
    pub async fn watch_stream(&self) -> Result<OwnedFd, Error> {
        Ok(prompt(self.stream_proxy().await?.watch(Options::new())).await.map_err(too_old)?.into())
    }

    /// The last minutes, oldest first, as far as somebody watched.
    ///
    /// # Errors
    /// The daemon does not answer.
    pub async fn stream_history(&self) -> Result<Vec<Moment>, Error> {
        prompt(self.stream_proxy().await?.history(Options::new())).await.map_err(too_old)
    }

    async fn stream_proxy(&self) -> Result<StreamProxy<'static>, Error> {
        Ok(StreamProxy::builder(&self.connection).cache_properties(CacheProperties::No).build().await?)
    }

    async fn pending_proxy(&self, id: u64) -> Result<PendingProxy<'static>, Error> {
        let proxy = PendingProxy::builder(&self.connection).path(api::pending_path(id));
        Ok(proxy?.cache_properties(CacheProperties::No).build().await?)
    }
}

fn changes(wishes: &[Wish]) -> Changes<'_> {
    let value = |wish: &'_ Wish| match wish.meaning {
        Some(meaning) => Value::from((wish.value.clone(), meaning.to_string())),
        None => Value::from(wish.value.clone()),
    };
    wishes.iter().map(|wish| (wish.name.as_str(), value(wish))).collect()
}

/// A daemon without the object is one of before there were settings of the stream.
fn too_old(error: Error) -> Error {
    match error {
        Error::Refused(api::Error::UnknownObject(_)) => Error::Refused(api::Error::Unsupported(
            "The control service is of an older version, which knows no settings of the stream. Restart it \
             (`desktopctl services restart desktop-controld`) to bring both to the same version."
                .into(),
        )),
        other => other,
    }
}

fn no_such_change(id: u64, error: Error) -> Error {
    match error {
        Error::Refused(api::Error::UnknownObject(_)) => Error::Refused(api::Error::UnknownObject(format!(
            "Change {id} is over, or there was never one. `desktopctl stream` shows which settings hold."
        ))),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_with_a_meaning_is_a_pair_and_one_without_is_a_text() {
        let wish = |meaning| Wish { name: "encoder".into(), value: "jpeg".into(), meaning };
        for (meaning, sent) in [
            (None, Value::from("jpeg")),
            (Some(Meaning::Enforced), Value::from(("jpeg", "enforced"))),
            (Some(Meaning::NewViewers), Value::from(("jpeg", "new-viewers"))),
        ] {
            assert_eq!(changes(&[wish(meaning)])["encoder"], sent);
        }
    }

    #[test]
    fn what_may_be_a_password_is_in_no_log() {
        let wish = Wish { name: "turn_password".into(), value: "hunter2".into(), meaning: None };
        assert!(!format!("{:?}", Change::Set(vec![wish])).contains("hunter2"));
    }
}
