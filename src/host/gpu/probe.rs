//! The daemon's side of the probe: starts it, asks it, and kills it when it does not answer.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::Instant;

use super::SUBCOMMAND;
use super::protocol::{Answer, MOST_LINE, Question};
use crate::model::gpu::{Facts, Fault, Process, Round, Sample, Session, Trouble};

/// What is started.
#[derive(Clone, Debug)]
pub struct Program {
    /// The daemon's own.
    pub path: PathBuf,
    /// NVIDIA's library, for tests, which bring their own; else where the system keeps it.
    pub library: Option<PathBuf>,
    /// Besides our own environment, for tests too.
    pub environment: Vec<(&'static str, PathBuf)>,
}

impl Default for Program {
    fn default() -> Self {
        Self { path: "/proc/self/exe".into(), library: None, environment: Vec::new() }
    }
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The first answer: the driver may have to wake every GPU.
    pub first: Duration,
    /// Any other.
    pub round: Duration,
    /// After a failure nobody is asked for so long; after each further one for twice as long.
    pub rest: Duration,
    /// But never for longer than this.
    pub longest_rest: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(15),
            round: Duration::from_secs(5),
            rest: Duration::from_secs(1),
            longest_rest: Duration::from_mins(1),
        }
    }
}

/// Once it has gone well for so long, earlier failures are forgotten.
const FORGIVEN: Duration = Duration::from_mins(1);
/// How long the end of one that has hung up may take to be told.
const REAPED: Duration = Duration::from_secs(1);

/// See the module. It lives from the first question to [`Probe::end`], or to its first failure.
#[derive(Debug)]
pub struct Probe {
    program: Program,
    limits: Limits,
    running: Option<Running>,
    /// One that was killed and may not have ended: nothing ends a process that waits inside the driver.
    ending: Option<Child>,
    failure: Option<Failure>,
    well_since: Option<Instant>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    answered: bool,
}

#[derive(Clone, Debug)]
struct Failure {
    trouble: Trouble,
    rest: Duration,
    until: Instant,
}

impl Probe {
    /// Starts nothing yet.
    #[must_use]
    pub fn new(program: Program, limits: Limits) -> Self {
        Self { program, limits, running: None, ending: None, failure: None, well_since: None }
    }

    /// What the GPUs are.
    ///
    /// # Errors
    /// They cannot be asked. After a failure the same one is told, without asking, until it is time to try again.
    pub async fn facts(&mut self) -> Result<Round<Facts>, Trouble> {
        match self.ask(Question::Facts).await? {
            Answer::Facts(round) => Ok(self.judged(round)),
            other => Err(self.misunderstood(&other)),
        }
    }

    /// What they do.
    ///
    /// # Errors
    /// As [`Self::facts`].
    pub async fn sample(&mut self) -> Result<Round<Sample>, Trouble> {
        match self.ask(Question::Sample).await? {
            Answer::Sample(round) => Ok(self.judged(round)),
            other => Err(self.misunderstood(&other)),
        }
    }

    /// Who uses each; none where the driver does not tell.
    ///
    /// # Errors
    /// As [`Self::facts`].
    pub async fn processes(&mut self) -> Result<Round<Option<Vec<Process>>>, Trouble> {
        match self.ask(Question::Processes).await? {
            Answer::Processes(round) => Ok(self.judged(round)),
            other => Err(self.misunderstood(&other)),
        }
    }

    /// What each encodes; none where the driver does not tell.
    ///
    /// # Errors
    /// As [`Self::facts`].
    pub async fn sessions(&mut self) -> Result<Round<Option<Vec<Session>>>, Trouble> {
        match self.ask(Question::Sessions).await? {
            Answer::Sessions(round) => Ok(self.judged(round)),
            other => Err(self.misunderstood(&other)),
        }
    }

    /// Ends the child, until the next question.
    pub fn end(&mut self) {
        if let Some(running) = self.running.take() {
            self.kill(running.child);
        }
    }

    /// The child's number, while there is one.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.running.as_ref().and_then(|running| running.child.id())
    }

    /// When it is worth asking again; none if it is now.
    #[must_use]
    pub fn resumes(&self) -> Option<Instant> {
        self.failure.as_ref().map(|failure| failure.until).filter(|until| *until > Instant::now())
    }

    async fn ask(&mut self, question: Question) -> Result<Answer, Trouble> {
        if let (Some(failure), Some(_)) = (&self.failure, self.resumes()) {
            return Err(failure.trouble.clone());
        }
        if self.ending.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None))) {
            return Err(self.failed(Trouble::new(Fault::ProbeHung, "the last one who asked it cannot be ended")));
        }
        self.ending = None;
        match self.converse(question).await {
            Ok(Answer::Failed(trouble)) | Err(trouble) => Err(self.failed(trouble)),
            Ok(answer) => {
                let since = *self.well_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= FORGIVEN {
                    self.failure = None;
                }
                Ok(answer)
            }
        }
    }

    /// The child is taken out meanwhile: one whose answer nobody waits for any more would answer the next question with
    /// it.
    async fn converse(&mut self, question: Question) -> Result<Answer, Trouble> {
        let mut running = match self.running.take() {
            Some(running) => running,
            None => self.start()?,
        };
        let limit = if running.answered { self.limits.round } else { self.limits.first };
        let Ok(answer) = tokio::time::timeout(limit, running.exchange(question)).await else {
            self.kill(running.child);
            return Err(Trouble::new(Fault::ProbeHung, format!("no answer within {} s", limit.as_secs_f32())));
        };
        match answer {
            Ok(Some(answer)) => {
                running.answered = true;
                self.running = Some(running);
                Ok(answer)
            }
            Ok(None) => Err(self.buried(running.child).await),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(self.buried(running.child).await),
            Err(error) => {
                self.kill(running.child);
                Err(Trouble::new(Fault::ProbeFailed, error.to_string()))
            }
        }
    }

    fn start(&self) -> Result<Running, Trouble> {
        let Program { path, library, environment } = &self.program;
        let mut command = Command::new(path);
        command.arg(SUBCOMMAND).envs(environment.iter().map(|(name, value)| (name, value)));
        if let Some(library) = library {
            command.arg("--library").arg(library);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let failed = |error: io::Error| Trouble::new(Fault::ProbeFailed, format!("it cannot be started: {error}"));
        let mut child = command.spawn().map_err(failed)?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (questions, answers) = pipes.ok_or_else(|| failed(io::ErrorKind::BrokenPipe.into()))?;
        Ok(Running { child, questions, answers: BufReader::new(answers), answered: false })
    }

    /// How a child ended that has hung up.
    async fn buried(&mut self, mut child: Child) -> Trouble {
        if let Ok(Ok(status)) = tokio::time::timeout(REAPED, child.wait()).await {
            return ended(status);
        }
        self.kill(child);
        Trouble::new(Fault::ProbeFailed, "it hung up")
    }

    fn kill(&mut self, mut child: Child) {
        // An error says that it has ended already.
        let _ = child.start_kill();
        self.ending = Some(child);
    }

    /// Remembers a failure: nobody is asked for a while.
    fn failed(&mut self, trouble: Trouble) -> Trouble {
        self.end();
        self.well_since = None;
        let longer = self.failure.as_ref().map(|failure| (failure.rest * 2).min(self.limits.longest_rest));
        let rest = longer.unwrap_or(self.limits.rest);
        self.failure = Some(Failure { trouble: trouble.clone(), rest, until: Instant::now() + rest });
        trouble
    }

    /// What the GPUs said counts; but a driver that was reloaded is of use only to a new child.
    fn judged<T>(&mut self, round: Round<T>) -> Round<T> {
        if let Some(trouble) = round.drivers_trouble().cloned() {
            self.failed(trouble);
        }
        round
    }

    fn misunderstood(&mut self, answer: &Answer) -> Trouble {
        tracing::error!(?answer, "the probe has answered another question");
        self.failed(Trouble::new(Fault::ProbeFailed, "it answered something else"))
    }
}

impl Running {
    /// None if it has hung up.
    async fn exchange(&mut self, question: Question) -> io::Result<Option<Answer>> {
        let mut line = serde_json::to_vec(&question)?;
        line.push(b'\n');
        self.questions.write_all(&line).await?;
        line.clear();
        (&mut self.answers).take(MOST_LINE).read_until(b'\n', &mut line).await?;
        if line.is_empty() { Ok(None) } else { Ok(Some(serde_json::from_slice(&line)?)) }
    }
}

fn ended(status: ExitStatus) -> Trouble {
    match status.signal() {
        Some(signal) => Trouble::new(Fault::ProbeCrashed, format!("signal {signal}")),
        None => Trouble::new(Fault::ProbeFailed, format!("it ended by itself, {status}")),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const LIMITS: Limits = Limits {
        first: Duration::from_secs(20),
        round: Duration::from_secs(20),
        rest: Duration::from_secs(100),
        longest_rest: Duration::from_mins(5),
    };
    const ROUND: &str = r#"{"sample":{"driver":null,"gpus":[],"unreadable":[]}}"#;

    /// A probe that is a shell script.
    fn probe(script: &str, limits: Limits) -> (tempfile::TempDir, Probe) {
        let folder = tempfile::tempdir().expect("folder");
        let program = folder.path().join("probe");
        std::fs::write(&program, format!("#!/bin/bash\n{script}\n")).expect("script");
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("mode");
        let probe = Probe::new(Program { path: program, ..Program::default() }, limits);
        (folder, probe)
    }

    #[tokio::test]
    async fn one_child_answers_until_it_is_ended() {
        let (_folder, mut probe) = probe(&format!("while read -r; do echo '{ROUND}'; done"), LIMITS);
        assert_eq!(probe.sample().await, Ok(Round::default()));
        let pid = probe.pid().expect("it runs");
        assert_eq!(probe.sample().await, Ok(Round::default()));
        assert_eq!(probe.pid(), Some(pid));
        probe.end();
        assert_eq!(probe.pid(), None);
    }

    #[tokio::test]
    async fn what_was_answered_to_nobody_is_no_answer_to_the_next() {
        let (_folder, mut probe) = probe(&format!("while read -r; do sleep 0.3; echo '{ROUND}'; done"), LIMITS);
        probe.sample().await.expect("an answer");
        let pid = probe.pid();
        tokio::time::timeout(Duration::from_millis(1), probe.sample()).await.expect_err("given up");
        probe.sample().await.expect("an answer");
        assert_ne!(probe.pid(), pid, "another child");
    }

    #[tokio::test]
    async fn each_way_to_fail_is_told_and_then_there_is_a_rest() {
        for (script, fault, words) in [
            ("kill -ABRT $$", Fault::ProbeCrashed, "signal 6"),
            ("exit 3", Fault::ProbeFailed, "exit status: 3"),
            ("echo nonsense; sleep 100", Fault::ProbeFailed, "expected"),
            (
                "read -r; echo '{\"failed\":{\"fault\":\"driver-not-loaded\",\"words\":\"w\"}}'",
                Fault::DriverNotLoaded,
                "w",
            ),
            ("read -r; echo '{\"sessions\":{\"gpus\":[],\"unreadable\":[]}}'", Fault::ProbeFailed, "something else"),
        ] {
            let (_folder, mut probe) = probe(&format!("echo >>\"$0.starts\"; {script}"), LIMITS);
            let trouble = probe.sample().await.expect_err(script);
            assert_eq!(trouble.fault, fault, "{script}: {trouble}");
            assert!(trouble.words.contains(words), "{script}: {trouble}");
            for _ in 0..20 {
                assert_eq!(probe.sample().await, Err(trouble.clone()));
            }
            let starts = std::fs::read(probe.program.path.with_extension("starts")).expect("it was started");
            assert_eq!((starts.len(), probe.pid()), (1, None), "{script}");
        }
    }

    #[tokio::test]
    async fn rests_grow_longer_and_are_forgotten_when_all_is_well() {
        let (folder, mut probe) =
            probe(&format!("[[ -e $0.well ]] || exit 1; while read -r; do echo '{ROUND}'; done"), LIMITS);
        for rest in [100, 200, 300, 300] {
            probe.sample().await.expect_err("it ends at once");
            assert_eq!(probe.failure.as_ref().map(|failure| failure.rest.as_secs()), Some(rest));
            probe.failure.as_mut().expect("failed").until = Instant::now();
        }
        std::fs::write(folder.path().join("probe.well"), "").expect("file");
        probe.sample().await.expect("well");
        assert!(probe.failure.is_some(), "once is not enough");
        probe.well_since = Instant::now().checked_sub(FORGIVEN);
        probe.sample().await.expect("well");
        assert!(probe.failure.is_none());
    }

    #[tokio::test]
    async fn one_that_hangs_is_killed() {
        let limits = Limits { first: Duration::from_millis(300), ..LIMITS };
        let (_folder, mut probe) = probe("echo $$ >\"$0.pid\"; trap '' TERM; while :; do sleep 0.1; done", limits);
        assert_eq!(probe.sample().await.expect_err("it hangs").fault, Fault::ProbeHung);
        let mut killed = probe.ending.take().expect("one that ends");
        let status = tokio::time::timeout(Duration::from_secs(20), killed.wait()).await.expect("in time");
        assert_eq!(status.expect("a status").signal(), Some(9));
    }
}
