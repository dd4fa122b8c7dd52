//! A supervisord that answers garbage, slowly, endlessly or nothing: the one thing that the real one cannot play.

#![expect(clippy::expect_used, reason = "tests")]

mod support;

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use support::{Boot, Stack, wait_until};

const SOCKET: &str = "/run/hostile.sock";

fn boot() -> Stack {
    Boot::core_with(&[])
        .and_file("/etc/desktop-control/config.toml", &format!("[supervisor]\nsocket = '{SOCKET}'\n"))
        .start()
}

type Answer = fn(&mut UnixStream) -> std::io::Result<()>;

const ANSWERS: [(&str, Answer); 9] = [
    ("hangs up", |_| Ok(())),
    ("no HTTP", |stream| stream.write_all(b"\x00\xff\xfehello\r\n\r\n")),
    ("an error page", |stream| body(stream, "500 Internal Server Error", "<html>no</html>")),
    ("no XML", |stream| body(stream, "200 OK", "}{")),
    ("no UTF-8", |stream| stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\xfe\xfd\xfc")),
    ("another type", |stream| {
        body(
            stream,
            "200 OK",
            "<methodResponse><params><param><value><int>3</int></value></param></params></methodResponse>",
        )
    }),
    ("missing members", |stream| {
        body(
            stream,
            "200 OK",
            "<methodResponse><params><param><value><array><data><value><struct><member><name>name</name><value><string>x</string></value></member></struct></value></data></array></value></param></params></methodResponse>",
        )
    }),
    ("entities that explode", |stream| {
        let bomb = "<?xml version=\"1.0\"?><!DOCTYPE b [<!ENTITY a \"aaaaaaaaaaaaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>\
                    <methodResponse><params><param><value><string>&b;&b;&b;</string></value></param></params></methodResponse>";
        body(stream, "200 OK", bomb)
    }),
    ("without an end", |stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n")?;
        let block = vec![b'x'; 64 * 1024];
        loop {
            stream.write_all(&block)?;
        }
    }),
];

fn body(stream: &mut UnixStream, status: &str, body: &str) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {status}\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// Takes connections on the socket inside and gives each the next answer; counts them.
fn serve(stack: &Stack, answers: &'static [(&'static str, Answer)]) -> Arc<AtomicUsize> {
    let served = Arc::new(AtomicUsize::new(0));
    let listener = UnixListener::bind(stack.path(SOCKET)).expect("a socket");
    let count = Arc::clone(&served);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let at = count.fetch_add(1, Ordering::SeqCst);
            // The daemon hangs up on the endless one; that is an error here and right there.
            let _ = (answers[at % answers.len()].1)(&mut stream);
        }
    });
    served
}

fn unreachable_is_told(stack: &Stack) -> bool {
    let status: Option<Value> = serde_json::from_slice(&stack.ctl(&["--json", "status"]).stdout).ok();
    status.is_some_and(|status| status["findings"].to_string().contains("supervisor-unreachable"))
}

#[test]
fn nonsense_is_told_survived_and_recovered_from() {
    let stack = boot();
    wait_until(
        support::DEADLINE,
        || "nobody at the socket is told".into(),
        || unreachable_is_told(&stack).then_some(()),
    );
    let pid = stack.shell("pgrep -f 'desktop-controld --event[s]'");
    let served = serve(&stack, &ANSWERS);
    // The daemon asks again after at most 15 s; an event of the real supervisord makes it ask at once.
    wait_until(
        Duration::from_mins(3),
        || format!("each answer was given, {served:?}"),
        || {
            stack.shell("supervisorctl restart polkitd >/dev/null");
            assert_eq!(stack.shell("pgrep -f 'desktop-controld --event[s]'"), pid, "the daemon died");
            (served.load(Ordering::SeqCst) > ANSWERS.len()).then_some(())
        },
    );
    assert!(unreachable_is_told(&stack), "no answer was taken for the truth");
    let memory: u64 =
        stack.shell(&format!("awk '/VmHWM/ {{print $2}}' /proc/{pid}/status")).parse().expect("kilobytes");
    assert!(memory < 200_000, "an answer without an end took {memory} kB");
    std::fs::remove_file(stack.path(SOCKET)).expect("removed");
    stack.shell(&format!("ln -s /run/supervisor.sock {SOCKET}; supervisorctl restart polkitd >/dev/null"));
    stack.wait_for_health("polkitd", "ok");
    assert!(!unreachable_is_told(&stack));
}

#[test]
fn one_that_never_answers_is_not_waited_for_for_ever() {
    let stack = boot();
    let _listener = UnixListener::bind(stack.path(SOCKET)).expect("a socket");
    wait_until(
        Duration::from_mins(2),
        || "the time-out is told".into(),
        || {
            let said = stack.ctl_ok(&["status"]);
            said.contains("did not answer").then_some(())
        },
    );
}
