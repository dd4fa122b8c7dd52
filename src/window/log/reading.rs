//! Reading a log away from the widgets: they are told at most once a second, and only what is new.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout};

use super::Source;
use super::lines::{Lines, Splitter};
use crate::client::Client;

/// So many of the last lines are asked for.
pub(super) const FIRST_LINES: u32 = 1_000;
/// A pipe holds no more.
const PIECE: usize = 64 * 1024;
/// The view changes no more often.
const PACE: Duration = Duration::from_secs(1);
/// In this time the lines that were written before have come.
const SETTLE: Duration = Duration::from_millis(50);
/// So many of the last lines of a job's log are looked for in it, when its oldest are gone.
const SEAM: usize = 20;
/// Whatever takes longer is told.
const PATIENCE: Duration = Duration::from_millis(400);

/// What reading brings.
#[derive(Debug)]
pub(super) enum News {
    /// The daemon takes its time.
    Late,
    /// There is a log, and nothing in it.
    Silence,
    /// What has come. The next come after the permit is dropped, so that they cannot pile up.
    Lines(Lines, OwnedSemaphorePermit),
    /// Nothing more comes.
    End,
    /// There is nothing to read, and why.
    Refusal(String),
}

/// Reads until the log ends; that of a job again whenever `more` says so.
pub(super) async fn read(client: Client, source: Source, more: Arc<Notify>, tell: impl Fn(News)) {
    let service = match source {
        Source::Service(name) => name,
        Source::Job(id) => return read_job(&client, id, &more, &tell).await,
    };
    match open(&client, &service, &tell).await {
        Ok(log) => {
            if timeout(PATIENCE, log.readable()).await.is_err() {
                tell(News::Silence);
            }
            pass(log, &tell).await;
            tell(News::End);
        }
        Err(sentence) => tell(News::Refusal(sentence)),
    }
}

/// A job's log is told as a whole, so what is new of it has to be found.
async fn read_job(client: &Client, id: u64, more: &Notify, tell: &impl Fn(News)) {
    let turn = Arc::new(Semaphore::new(1));
    let mut lines = Splitter::default();
    let mut known = String::new();
    loop {
        let due = Instant::now() + PACE;
        match client.job_log(id).await {
            Ok(log) => {
                lines.push(added(&known, &log).as_bytes());
                known = log;
            }
            Err(error) => return tell(News::Refusal(error.to_string())),
        }
        if lines.has_news()
            && let Some(permit) = next_turn(&turn, Instant::now()).await
        {
            tell(News::Lines(lines.take(), permit));
        }
        more.notified().await;
        sleep_until(due).await;
    }
}

/// What a log has more than before. Its oldest lines may be gone meanwhile.
fn added<'l>(before: &str, now: &'l str) -> &'l str {
    // An empty log is told as one empty line.
    if before.trim().is_empty() {
        return now.trim_start();
    }
    if let Some(added) = now.strip_prefix(before) {
        return added;
    }
    let lines: Vec<&str> = before.lines().collect();
    let end = lines[lines.len().saturating_sub(SEAM)..].join("\n") + "\n";
    now.rfind(&end).map_or(now, |at| &now[at + end.len()..])
}

async fn open(client: &Client, service: &str, tell: &impl Fn(News)) -> Result<pipe::Receiver, String> {
    let opening = client.open_log(service, FIRST_LINES, true);
    tokio::pin!(opening);
    let opened = if let Ok(opened) = timeout(PATIENCE, &mut opening).await {
        opened
    } else {
        tell(News::Late);
        opening.await
    };
    let log: OwnedFd = opened.map_err(|error| error.to_string())?;
    pipe::Receiver::from_owned_fd(log).map_err(|error| format!("The log cannot be read ({error}). Read it again."))
}

/// Passes on what comes. While nothing comes, nothing wakes up.
async fn pass(mut log: pipe::Receiver, tell: &impl Fn(News)) {
    let turn = Arc::new(Semaphore::new(1));
    let mut lines = Splitter::default();
    let mut piece = vec![0; PIECE];
    let mut due = Instant::now() + SETTLE;
    loop {
        tokio::select! {
            // An error is an end too.
            read = log.read(&mut piece) => match read.unwrap_or(0) {
                0 => break,
                length => lines.push(&piece[..length]),
            },
            permit = next_turn(&turn, due), if lines.has_news() => {
                if let Some(permit) = permit {
                    tell(News::Lines(lines.take(), permit));
                }
                due = Instant::now() + PACE;
            }
        }
    }
    if lines.has_news()
        && let Some(permit) = next_turn(&turn, due).await
    {
        tell(News::Lines(lines.take(), permit));
    }
}

/// Waits until the last lines are shown and it is time for more. Nobody closes the semaphore, so there is a permit.
async fn next_turn(turn: &Arc<Semaphore>, due: Instant) -> Option<OwnedSemaphorePermit> {
    sleep_until(due).await;
    Arc::clone(turn).acquire_owned().await.ok()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::ops::Range;

    use tokio::io::AsyncWriteExt;

    use super::*;

    /// What is told while `write` writes, each with the second in which it was told.
    async fn told(write: impl AsyncFnOnce(pipe::Sender)) -> Vec<(u64, usize, String)> {
        let (out, log) = pipe::pipe().unwrap();
        let (start, told) = (Instant::now(), RefCell::new(Vec::new()));
        let note = |news: News| {
            let News::Lines(lines, _permit) = news else { return };
            let last = lines.from(0).next_back().unwrap_or_default().to_owned();
            told.borrow_mut().push((start.elapsed().as_secs(), lines.len(), last));
        };
        tokio::join!(pass(log, &note), write(out));
        told.into_inner()
    }

    #[test]
    fn only_what_is_new_of_a_job_is_told() {
        assert_eq!(added("\n", "\n"), "");
        assert_eq!(added("", "a\nb\n"), "a\nb\n");
        assert_eq!(added("a\nb\n", "a\nb\nc\n"), "c\n");
        assert_eq!(added("a\nb\n", "a\nb\n"), "");
        let lines = |range: Range<u32>| range.map(|line| line.to_string() + "\n").collect::<String>();
        let (before, now) = (lines(0..3000), lines(7..3007));
        assert_eq!(added(&before, &now), "3000\n3001\n3002\n3003\n3004\n3005\n3006\n");
        assert_eq!(added("a\nb\n", "x\ny\n"), "x\ny\n", "nothing of it is left");
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_told_once_a_second_and_bounded() {
        let told = told(async |mut out| {
            for number in 0..300_000 {
                out.write_all(format!("{number}\n").as_bytes()).await.unwrap();
                if number % 100 == 99 {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        })
        .await;
        assert!((30..=33).contains(&told.len()), "{told:?}");
        assert!(told.iter().all(|(_, count, _)| *count <= super::super::lines::MOST_LINES));
        assert_eq!(told.last().unwrap().2, "299999");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_there_is_told_at_once_and_the_rest_when_it_comes() {
        let told = told(async |mut out| {
            out.write_all(b"one\ntwo\nthr").await.unwrap();
            tokio::time::sleep(Duration::from_secs(100)).await;
            out.write_all(b"ee\n").await.unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
            out.write_all(b"four\nfive").await.unwrap();
        })
        .await;
        let expected = [(0, 3, "thr".to_owned()), (100, 1, "three".to_owned()), (101, 2, "five".to_owned())];
        assert_eq!(told, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn a_view_that_is_busy_is_told_nothing_more() {
        let (mut out, log) = pipe::pipe().unwrap();
        let held = RefCell::new(Vec::new());
        let hold = |news| held.borrow_mut().push(news);
        let passing = pass(log, &hold);
        tokio::pin!(passing);
        for _ in 0..10 {
            out.write_all(b"more\n").await.unwrap();
            assert!(timeout(Duration::from_secs(2), &mut passing).await.is_err());
        }
        assert_eq!(held.borrow().len(), 1);
        held.borrow_mut().clear();
        assert!(timeout(Duration::from_secs(2), &mut passing).await.is_err());
        assert!(matches!(&held.borrow()[..], [News::Lines(lines, _)] if lines.len() == 9));
    }
}
