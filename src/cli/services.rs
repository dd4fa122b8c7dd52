//! `desktopctl services`, but for the logs.

use std::path::Path;
use std::time::Duration;

use super::Failure;
use super::jobs::{follow_to_end, in_words, judged};
use super::nearest;
use super::output::Output;
use super::table::{Cell, Style, Tone, render};
use crate::api;
use crate::client::{self, Client, JobFacts, Patience, ServiceFacts, Snapshot, Verb, unix_now};
use crate::model::order::{Needs, start_order};
use crate::model::text::{duration, quoted};

/// How long a job is waited for, unless somebody says otherwise.
const WAIT: Duration = Duration::from_mins(2);
/// A forced stop may end the daemon or the bus; then nobody answers any more, however long one waits.
const AWAY_AFTER_FORCED_STOP: Duration = Duration::from_secs(2);

pub(super) async fn list(client: &Client, out: &mut Output) -> Result<(), Failure> {
    let services = client.snapshot().await?.services;
    if out.json {
        out.document(&services)?;
    } else if services.is_empty() {
        out.line("There are no services. Is supervisord running? `desktopctl status` tells more.")?;
    } else {
        out.text(&table(&services, unix_now(), out.style))?;
    }
    Ok(())
}

fn table(services: &[ServiceFacts], now: u64, style: Style) -> String {
    let row = |service: &ServiceFacts| {
        let (health, tone) = match service.health.as_str() {
            "none" => ("-", Tone::Plain),
            "ok" => ("ok", Tone::Good),
            "unknown" => ("unknown", Tone::Plain),
            other => (other, Tone::Bad),
        };
        let age = service.since.map_or("-".to_owned(), |since| duration(now.saturating_sub(since)));
        let cells = [&service.name, &service.state].map(|text| Cell::new(text));
        let [name, state] = cells;
        [name, state, Cell::toned(health, tone), Cell::new(&age), Cell::new(&note(service))]
    };
    let rows: Vec<_> = services.iter().map(row).collect();
    render(["SERVICE", "STATE", "HEALTH", "SINCE", "NOTE"], &rows, style)
}

fn note(service: &ServiceFacts) -> String {
    match (service.health_reason.as_str(), service.exit_status.as_deref()) {
        ("", None | Some("0")) => String::new(),
        ("", Some("signal")) => "last ended by a signal".into(),
        ("", Some(status)) => format!("last exit {status}"),
        (reason, _) => reason.to_owned(),
    }
}

/// The service called `name`, or an error that helps to find the right name.
pub(super) fn find<'s>(snapshot: &'s Snapshot, name: &str) -> Result<&'s ServiceFacts, api::Error> {
    snapshot.service(name).ok_or_else(|| {
        let hint = nearest::hint(snapshot.services.iter().map(|service| service.name.as_str()), name);
        let name = quoted(name);
        api::Error::UnknownService(format!(
            "There is no service called {name}.{hint} `desktopctl services` lists them."
        ))
    })
}

/// Each of `names` once, in the order in which `verb` is to be done with them.
fn in_order(snapshot: &Snapshot, names: &[String], verb: Verb) -> Result<Vec<String>, api::Error> {
    for name in names {
        find(snapshot, name)?;
    }
    let services = snapshot.services.iter();
    let needs: Needs = services.map(|service| (service.name.clone(), service.depends_on.clone())).collect();
    let mut order = start_order(names, &needs);
    if matches!(verb, Verb::Stop { .. }) {
        order.reverse();
    }
    Ok(order)
}

/// Starts, stops or restarts services one after the other; the first that fails ends it.
pub(super) async fn control(
    mut client: Client,
    out: &mut Output,
    verb: Verb,
    names: &[String],
    wait: Option<Duration>,
) -> Result<(), Failure> {
    let snapshot = client.snapshot().await?;
    let order = in_order(&snapshot, names, verb)?;
    let mut jobs = Vec::new();
    let mut outcome = Ok(());
    for (done, name) in order.iter().enumerate() {
        let service = find(&snapshot, name)?;
        outcome = Task { service, verb, wait }.perform(&mut client, out, &mut jobs).await;
        if outcome.is_err() {
            let left: Vec<String> = order.iter().skip(done + 1).map(|name| quoted(name)).collect();
            if !left.is_empty() {
                out.note(&format!("not touched, since this failed: {}", left.join(", ")));
            }
            break;
        }
    }
    if out.json {
        out.document(&jobs)?;
    }
    outcome
}

/// One verb with one service.
struct Task<'s> {
    service: &'s ServiceFacts,
    verb: Verb,
    wait: Option<Duration>,
}

impl Task<'_> {
    async fn perform(&self, client: &mut Client, out: &mut Output, jobs: &mut Vec<JobFacts>) -> Result<(), Failure> {
        let starts = matches!(self.verb, Verb::Start { .. });
        if self.service.essential && !self.service.consequence.is_empty() && !starts && !self.service.is_down() {
            out.note(&self.service.consequence);
        }
        let id = client.control(&self.service.name, self.verb).await?;
        if self.wait.is_some_and(|wait| wait.is_zero()) {
            let job = client.job(id).await?;
            out.line(&format!("job {id} begun: {}", in_words(&job)))?;
            jobs.push(job);
            return Ok(());
        }
        let forced = self.verb == Verb::Stop { force: true };
        let wait = self.wait.unwrap_or(WAIT);
        let mut patience = Patience { limit: Some(wait), ..Patience::default() };
        if forced {
            patience.away = AWAY_AFTER_FORCED_STOP;
        }
        let (outcome, seen) = follow_to_end(client, out, id, patience).await;
        jobs.extend(seen);
        let said = match outcome {
            Ok(job) => self.outcome(&job, wait)?,
            Err(client::Error::NotReachable(_)) if forced && self.has_ended() => self.done(),
            Err(error) => return Err(error.into()),
        };
        Ok(out.line(&said)?)
    }

    /// The sentence on a job that did what it should; any other as an error.
    fn outcome(&self, job: &JobFacts, wait: Duration) -> Result<String, api::Error> {
        let name = &self.service.name;
        match (job.result.as_deref(), self.verb) {
            (Some("skipped"), Verb::Start { .. }) => Ok(format!("{name} was already running")),
            (Some("skipped"), Verb::Stop { .. }) => Ok(format!("{name} was already stopped")),
            (Some("done"), _) => Ok(self.done()),
            _ => judged(job, wait).map(|result| format!("{name}: {result}")),
        }
    }

    fn done(&self) -> String {
        let done = match self.verb {
            Verb::Start { .. } => "started",
            Verb::Stop { .. } => "stopped",
            Verb::Restart { .. } => "restarted",
        };
        format!("{} {done}", self.service.name)
    }

    /// The process that the service was is gone.
    fn has_ended(&self) -> bool {
        self.service.pid.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str, needs: &[&str]) -> ServiceFacts {
        let depends_on = needs.iter().map(|need| (*need).to_owned()).collect();
        let health = "ok".into();
        ServiceFacts { name: name.into(), state: "running".into(), health, depends_on, ..ServiceFacts::default() }
    }

    fn snapshot() -> Snapshot {
        let services =
            vec![service("desktop", &["x-server"]), service("selkies", &["x-server"]), service("x-server", &[])];
        Snapshot { services, ..Snapshot::default() }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn several_names_are_done_in_the_order_of_their_needs() {
        let named = names(&["desktop", "x-server", "desktop"]);
        let start = in_order(&snapshot(), &named, Verb::Start { with_dependencies: false }).unwrap();
        assert_eq!(start, ["x-server", "desktop"]);
        let stop = in_order(&snapshot(), &named, Verb::Stop { force: false }).unwrap();
        assert_eq!(stop, ["desktop", "x-server"]);
    }

    #[test]
    fn a_slip_of_the_finger_is_helped_and_nothing_else_is_guessed() {
        let error = |name: &str| find(&snapshot(), name).unwrap_err().sentence();
        assert_eq!(
            error("selkeis"),
            "There is no service called “selkeis”. Did you mean “selkies”? `desktopctl services` lists them."
        );
        for name in ["", "../../etc/passwd", "a\nb", "mysql"] {
            assert!(!error(name).contains("Did you mean"), "{}", error(name));
        }
        let long = error(&"x".repeat(10_000));
        assert!(long.chars().count() < 250 && !long.contains('\n'), "{long}");
    }

    #[test]
    fn the_table_says_what_is_known() {
        let mut services = snapshot().services;
        services[0].since = Some(1_000);
        services[1] = ServiceFacts {
            health: "flapping".into(),
            health_reason: "ended 6 times".into(),
            exit_status: Some("1".into()),
            ..services[1].clone()
        };
        services[2] = ServiceFacts {
            state: "stopped".into(),
            health: "none".into(),
            exit_status: Some("7".into()),
            ..services[2].clone()
        };
        let expected = "SERVICE   STATE    HEALTH    SINCE  NOTE\n\
                        desktop   running  ok        12 s\n\
                        selkies   running  flapping  -      ended 6 times\n\
                        x-server  stopped  -         -      last exit 7\n";
        assert_eq!(table(&services, 1_012, Style::default()), expected);
    }

    #[test]
    fn jobs_end_as_sentences_or_as_the_error_that_they_name() {
        let service = service("x11vnc", &[]);
        let task = Task { service: &service, verb: Verb::Stop { force: false }, wait: None };
        let job = |result: Option<&str>| JobFacts { id: 3, result: result.map(Into::into), ..JobFacts::default() };
        let said = |result| task.outcome(&job(result), WAIT);
        assert_eq!(said(Some("done")).unwrap(), "x11vnc stopped");
        assert_eq!(said(Some("skipped")).unwrap(), "x11vnc was already stopped");
        assert_eq!(said(Some("a-later-token")).unwrap(), "x11vnc: a-later-token");
        assert_eq!(said(Some("cancelled")).unwrap_err().short_name(), "Cancelled");
        assert_eq!(said(None).unwrap_err().short_name(), "TimedOut");
        let failed = JobFacts { error_name: Some("NoSpace".into()), ..job(Some("failed")) };
        assert_eq!(task.outcome(&failed, WAIT).unwrap_err().short_name(), "NoSpace");
    }
}
