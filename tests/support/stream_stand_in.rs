//! A small program in Selkies' place, behind our real wrapper: it starts at once, and does what it is told to.

use super::{Boot, Stack, program};

/// What our own wrapper is, but for the program at its end.
pub const WRAPPER: &str = "#!/bin/bash\nsource /usr/lib/desktop-control/wrapper.sh\nstart_as user \"$@\"\n\
                       exec python3 /usr/local/lib/stream.py\n";
/// Answers as Selkies does, unless it was told to end at once or to be silent.
const STREAM: &str = r#"
import http.server, os, sys, time
print("started with", os.environ.get("SELKIES_FRAMERATE", "nothing"), flush=True)
if os.environ.get("SELKIES_FRAMERATE") == "61-61":
    sys.exit(1)
if os.environ.get("SELKIES_FRAMERATE") == "62-62":
    time.sleep(10000)
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"OK")
    def log_message(self, *words):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["SELKIES_PORT"])), Answer).serve_forever()
"#;

/// It as the unit `selkies` beside these units: named as the real one, so that the installed Selkies is there to tell
/// its settings.
pub fn boot(units: &'static [&'static str], wrapper: &str) -> Boot {
    let (path, text) = program(
        "selkies",
        "environment=PROC_NAME=\"%(program_name)s\"\ncommand=/opt/supervisor-scripts/selkies.sh\nstartsecs=1\n\
         autorestart=true\nstopasgroup=true\nkillasgroup=true",
    );
    let boot = Boot { units, extra: vec![(path, text)], hold: true, ..Boot::default() };
    boot.and_file("/usr/local/lib/stream.py", STREAM).and_file("/opt/supervisor-scripts/selkies.sh", wrapper)
}

/// Starts that, and waits until the stream answers.
pub fn start(boot: Boot) -> Stack {
    let stack = boot.start();
    make_executable(&stack);
    stack.wait_for_health("selkies", "ok");
    stack
}

/// The wrapper, which came as a plain file.
pub fn make_executable(stack: &Stack) {
    stack.shell("chmod 755 /opt/supervisor-scripts/selkies.sh");
}
