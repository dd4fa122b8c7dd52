//! supervisord's XML-RPC interface over its unix socket.
//!
//! Source: supervisor 4.2 `rpcinterface.py` and `xmlrpc.py` (fault codes). Its log and `clear*` calls are never used:
//! with `stdout_logfile=/dev/stdout` they answer nothing, or unlink `/dev/stdout`.

use std::path::Path;
use std::time::Duration;

use dxr::{MethodCall, TryFromValue, TryToParams, TryToValue, Value};
use dxr_client::utils::{request_to_body, response_to_result};

use crate::model::service::{Exit, Reading, State, full_name};
use crate::model::trial::ProcessId;

/// The most that an answer may hold, in bytes: ten thousand units.
const MAX_ANSWER: usize = 16 * 1024 * 1024;
/// Every call but the one for all units.
const CALL_LIMIT: Duration = Duration::from_secs(5);
/// `getAllProcessInfo`: measured 1.9 s with 1,001 units on two cores.
const SNAPSHOT_LIMIT: Duration = Duration::from_secs(30);

/// What can go wrong with a call.
#[derive(Debug, thiserror::Error)]
pub enum RpcError {
    /// Nobody answers at the socket.
    #[error("supervisord cannot be reached at its socket")]
    Unreachable(#[source] reqwest::Error),
    /// It took too long.
    #[error("supervisord did not answer {method} within {} s", limit.as_secs())]
    TimedOut {
        /// The call.
        method: &'static str,
        /// How long it was waited for.
        limit: Duration,
    },
    /// No unit has this name (fault 10).
    #[error("supervisord knows no unit of this name")]
    BadName,
    /// Nothing to stop (fault 70).
    #[error("the unit is not running")]
    NotRunning,
    /// Nothing to start (fault 60).
    #[error("the unit is already started")]
    AlreadyStarted,
    /// The program could not be started, or ended at once (faults 20, 21, 40, 50).
    #[error("the program could not be started, or ended at once")]
    NotStarted,
    /// Any other fault.
    #[error("supervisord refused {method}: {message} (fault {code})")]
    Fault {
        /// The call.
        method: &'static str,
        /// supervisord's number.
        code: i32,
        /// supervisord's words.
        message: String,
    },
    /// What came back is not an answer to the call.
    #[error("supervisord's answer to {method} cannot be understood: {reason}")]
    Garbage {
        /// The call.
        method: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// One supervisord. Calls are cheap on our side and turn its main loop on the other: make few.
#[derive(Clone, Debug)]
pub struct Supervisor {
    http: reqwest::Client,
}

impl Supervisor {
    /// A supervisord whose socket is at `socket`, whether it answers or not.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn at(socket: &Path) -> reqwest::Result<Self> {
        // One connection a call: supervisord closes idle ones without a word, and a stale one would cost a retry.
        let builder = reqwest::Client::builder().unix_socket(socket).no_proxy().pool_max_idle_per_host(0);
        Ok(Self { http: builder.build()? })
    }

    /// Everything about every unit.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn all(&self) -> Result<Vec<Reading>, RpcError> {
        let method = "supervisor.getAllProcessInfo";
        let infos: Vec<ProcessInfo> = self.call(method, (), SNAPSHOT_LIMIT).await?;
        infos.into_iter().map(|info| info.into_reading(method)).collect()
    }

    /// Everything about one unit.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn one(&self, name: &str) -> Result<Reading, RpcError> {
        let method = "supervisor.getProcessInfo";
        let info: ProcessInfo = self.call(method, name, CALL_LIMIT).await?;
        info.into_reading(method)
    }

    /// Asks for nothing but an answer, which turns supervisord's loop: it then notices processes that have ended.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn poke(&self) -> Result<(), RpcError> {
        self.call::<_, Value>("supervisor.getState", (), CALL_LIMIT).await.map(drop)
    }

    /// Which process it is. A supervisord that was restarted is another one, also under the same number.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn identity(&self) -> Result<ProcessId, RpcError> {
        let method = "supervisor.getPID";
        let pid: i32 = self.call(method, (), CALL_LIMIT).await?;
        let gone = |error: procfs::ProcError| RpcError::Garbage { method, reason: error.to_string() };
        let stat = procfs::process::Process::new(pid).and_then(|process| process.stat()).map_err(gone)?;
        Ok(ProcessId { pid: pid.unsigned_abs(), start_time: stat.starttime })
    }

    /// Asks for a start and returns before it has happened.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn start(&self, name: &str) -> Result<(), RpcError> {
        self.call::<_, bool>("supervisor.startProcess", (name, false), CALL_LIMIT).await.map(drop)
    }

    /// Asks for a stop and returns before it has happened.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn stop(&self, name: &str) -> Result<(), RpcError> {
        self.call::<_, bool>("supervisor.stopProcess", (name, false), CALL_LIMIT).await.map(drop)
    }

    async fn call<P: TryToParams, R: TryFromValue>(
        &self,
        method: &'static str,
        params: P,
        limit: Duration,
    ) -> Result<R, RpcError> {
        let garbage = |reason: String| RpcError::Garbage { method, reason };
        let params = params.try_to_params().map_err(|error| garbage(error.to_string()))?;
        let call = MethodCall { name: method.into(), params };
        let body = request_to_body(&call).map_err(|error| garbage(error.to_string()))?;
        let answer = match tokio::time::timeout(limit, self.exchange(method, body)).await {
            Ok(answer) => answer?,
            Err(_) => return Err(RpcError::TimedOut { method, limit }),
        };
        match response_to_result(&answer) {
            Ok(Ok(response)) => R::try_from_value(&response.value).map_err(|error| garbage(error.to_string())),
            Ok(Err(fault)) => Err(fault_error(method, fault.fault.code(), fault.fault.string())),
            // The error repeats the whole answer; a log line should not.
            Err(_) => Err(garbage("it is not XML-RPC".into())),
        }
    }

    async fn exchange(&self, method: &'static str, body: String) -> Result<String, RpcError> {
        let request = self.http.post("http://localhost/RPC2").header("Content-Type", "text/xml").body(body);
        let mut response = request.send().await.map_err(RpcError::Unreachable)?;
        if !response.status().is_success() {
            return Err(RpcError::Garbage { method, reason: format!("HTTP status {}", response.status()) });
        }
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(RpcError::Unreachable)? {
            if answer.len() + chunk.len() > MAX_ANSWER {
                return Err(RpcError::Garbage { method, reason: "it is longer than 16 MiB".into() });
            }
            answer.extend_from_slice(&chunk);
        }
        String::from_utf8(answer).map_err(|_| RpcError::Garbage { method, reason: "it is not UTF-8".into() })
    }
}

fn fault_error(method: &'static str, code: i32, message: &str) -> RpcError {
    match code {
        10 => RpcError::BadName,
        // NO_FILE, NOT_EXECUTABLE, ABNORMAL_TERMINATION, SPAWN_ERROR.
        20 | 21 | 40 | 50 => RpcError::NotStarted,
        60 => RpcError::AlreadyStarted,
        70 => RpcError::NotRunning,
        _ => RpcError::Fault { method, code, message: message.chars().take(200).collect() },
    }
}

/// The members of supervisord's process info struct that are used here.
#[derive(TryFromValue, TryToValue)]
struct ProcessInfo {
    name: String,
    group: String,
    start: i32,
    stop: i32,
    statename: String,
    spawnerr: String,
    exitstatus: i32,
    stdout_logfile: String,
    pid: i32,
}

impl ProcessInfo {
    fn into_reading(self, method: &'static str) -> Result<Reading, RpcError> {
        let state: State = self
            .statename
            .parse()
            .map_err(|_| RpcError::Garbage { method, reason: format!("state {:?}", self.statename) })?;
        // Zero stands for "never" in supervisord's times, and for "no process" in its pid.
        let ended_at = u64::try_from(self.stop).ok().filter(|at| *at > 0);
        Ok(Reading {
            name: full_name(&self.group, &self.name),
            state,
            started_at: u64::try_from(self.start).ok().filter(|at| *at > 0),
            ended_at,
            pid: u32::try_from(self.pid).ok().filter(|pid| *pid > 0),
            // In all other states supervisord has dropped the status and says 0.
            exit: ended_at
                .filter(|_| matches!(state, State::Exited | State::Stopped))
                .map(|_| Exit::from_supervisor(self.exitstatus)),
            spawn_error: Some(self.spawnerr).filter(|error| !error.is_empty()),
            log_file: Some(self.stdout_logfile).filter(|file| file.starts_with('/') && !file.starts_with("/dev/")),
        })
    }
}
