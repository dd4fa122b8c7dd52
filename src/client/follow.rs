//! Following a job, or a change on trial, also across the end of the connection.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::{BoxStream, select};
use tokio::time::Instant;
use zbus::{MatchRule, MessageStream, message};

use super::{CALL_LIMIT, Client, Error, JobFacts, PendingFacts, name_owner_changes};
use crate::api::{self, BUS_NAME};

/// A daemon or a bus that is away is looked for after this, then twice as long each time.
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_LAST: Duration = Duration::from_secs(1);
/// For who wants to wait for ever: a time that the clock can still hold.
const FOR_EVER: Duration = Duration::from_hours(365 * 24);

/// How long something is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// In all; none for as long as it takes.
    pub limit: Option<Duration>,
    /// How long the daemon or the bus may be away. Who restarts them needs more than supervisord takes to bring them
    /// back; what stays away for longer does not come back by itself.
    pub away: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { limit: None, away: Duration::from_secs(30) }
    }
}

/// How far a change is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Milestone {
    /// Until a person is asked, or it is over.
    Question,
    /// Until it is over.
    End,
}

impl Client {
    /// Waits for the end of a job as long as `patience` lasts, and returns what is known of it then: its `result` is
    /// still none if the time ran out. Tells `on_change` each time it has changed, also the first time.
    ///
    /// The job may restart the very bus or daemon that carries it. So a lost connection is made anew, and the job
    /// found again by its number.
    ///
    /// # Errors
    /// There is no such job, or the daemon stays away.
    pub async fn follow(
        &mut self,
        id: u64,
        patience: Patience,
        on_change: impl FnMut(&JobFacts),
    ) -> Result<JobFacts, Error> {
        self.follow_until(id, patience, |job: &JobFacts| job.result.is_some(), on_change).await
    }

    /// The same for a change on trial, as far as `milestone`. The daemon finds it again after its own end.
    ///
    /// # Errors
    /// The change is unknown or forgotten, or the daemon stays away.
    pub async fn follow_change(
        &mut self,
        id: u64,
        milestone: Milestone,
        patience: Patience,
        on_change: impl FnMut(&PendingFacts),
    ) -> Result<PendingFacts, Error> {
        let asked = milestone == Milestone::Question;
        let is_reached = |change: &PendingFacts| change.is_over() || (asked && change.is_waiting());
        self.follow_until(id, patience, is_reached, on_change).await
    }

    async fn follow_until<T: Followed>(
        &mut self,
        id: u64,
        patience: Patience,
        is_reached: impl Fn(&T) -> bool,
        on_change: impl FnMut(&T),
    ) -> Result<T, Error> {
        let now = Instant::now();
        let mut watch = Watch {
            id,
            deadline: now + patience.limit.unwrap_or(FOR_EVER).min(FOR_EVER),
            latest: None,
            read_at: now,
            is_reached,
            on_change,
        };
        let mut retry = RETRY_FIRST;
        let mut away_since: Option<Instant> = None;
        let mut outcome = watch.until_lost(self).await;
        loop {
            let lost = match outcome {
                Err(error @ Error::NotReachable(_)) => error,
                ended => return ended,
            };
            let now = Instant::now();
            let since = away_since.filter(|since| watch.read_at < *since).unwrap_or_else(|| {
                retry = RETRY_FIRST;
                now
            });
            away_since = Some(since);
            if now + retry > watch.deadline.min(since + patience.away) {
                return Err(lost);
            }
            tokio::time::sleep(retry).await;
            retry = (retry * 2).min(RETRY_LAST);
            outcome = match Self::connect().await {
                Ok(client) => {
                    *self = client;
                    watch.until_lost(self).await
                }
                Err(error) => Err(error),
            };
        }
    }

    /// Says when the object at `path` may have changed; ends with the connection.
    async fn hints(&self, path: String) -> Result<BoxStream<'static, zbus::Result<message::Message>>, Error> {
        let of_the_object = MatchRule::builder().msg_type(message::Type::Signal).sender(BUS_NAME)?;
        let of_the_object = of_the_object.path(path)?.build();
        let subscribe = async {
            let object = MessageStream::for_match_rule(of_the_object, &self.connection, None).await?;
            let name = MessageStream::for_match_rule(name_owner_changes()?, &self.connection, None).await?;
            Ok::<_, zbus::Error>(select(object, name).boxed())
        };
        Ok(tokio::time::timeout(CALL_LIMIT, subscribe).await.map_err(|_| Error::no_bus("no answer"))??)
    }
}

/// An object of the daemon that goes its way and comes to an end.
trait Followed: Clone + PartialEq {
    /// Where the one with this number is.
    fn path(id: u64) -> String;
    /// What the daemon says of it now.
    async fn read(client: &Client, id: u64) -> Result<Self, Error>;
}

impl Followed for JobFacts {
    fn path(id: u64) -> String {
        api::job_path(id)
    }

    async fn read(client: &Client, id: u64) -> Result<Self, Error> {
        client.job(id).await
    }
}

impl Followed for PendingFacts {
    fn path(id: u64) -> String {
        api::pending_path(id)
    }

    async fn read(client: &Client, id: u64) -> Result<Self, Error> {
        client.change(id).await
    }
}

/// One of these under watch.
struct Watch<T, R, F> {
    id: u64,
    deadline: Instant,
    latest: Option<T>,
    /// When the daemon last answered.
    read_at: Instant,
    is_reached: R,
    on_change: F,
}

impl<T: Followed, R: Fn(&T) -> bool, F: FnMut(&T)> Watch<T, R, F> {
    /// Follows it on one connection. The signals only say when to look: what counts is what is read after them, so
    /// none can come too early or be lost.
    async fn until_lost(&mut self, client: &Client) -> Result<T, Error> {
        let mut hints = client.hints(T::path(self.id)).await?;
        loop {
            let now = T::read(client, self.id).await?;
            self.read_at = Instant::now();
            if self.latest.as_ref() != Some(&now) {
                (self.on_change)(&now);
                self.latest = Some(now.clone());
            }
            if (self.is_reached)(&now) {
                return Ok(now);
            }
            match tokio::time::timeout_at(self.deadline, hints.next()).await {
                Ok(Some(Ok(_))) => {}
                Ok(Some(Err(error))) => return Err(error.into()),
                Ok(None) => return Err(Error::no_bus("it has just ended")),
                Err(_) => return Ok(now),
            }
        }
    }
}
