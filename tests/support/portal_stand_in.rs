//! The instance portal, played with recorded answers: one question at a time as the real one, which is why one that
//! hangs stops all others. And what a platform says of the machine.

use super::{Boot, Stack, program};

/// `/run/portal-mode`: `hang` answers nothing, `old` knows no tunnels, `broken` fails at them. `/tmp/portal-asked`: what
/// was asked, a line each. For as long as `/etc/portal.yaml` is missing, asking for the pages hangs.
const PORTAL: &str = r#"
import http.server, json, os, sys, time
from urllib.parse import unquote
tunnels = {"http://localhost:1111": "https://other-plain-words-here.trycloudflare.com"}
def mode():
    try:
        return open("/run/portal-mode").read().strip()
    except FileNotFoundError:
        return ""
class Portal(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = unquote(self.path)
        with open("/tmp/portal-asked", "a") as log:
            print(self.command, path, file=log)
        while mode() == "hang":
            time.sleep(0.1)
        if path == "/health":
            return self.answer({"status": "ok"})
        if path == "/get-applications":
            while not os.path.exists("/etc/portal.yaml"):
                time.sleep(0.1)
            pages = json.load(open("/usr/local/lib/portal-pages.json"))
            for page in pages.values():
                page["mapped_port"] = os.environ.get("VAST_TCP_PORT_%d" % page["external_port"], "")
            pages["Selkies Low Latency Desktop"]["internal_port"] = int(os.environ["SELKIES_PORT"])
            return self.answer(pages)
        if path.startswith("/get-direct-url/"):
            mapped = os.environ.get("VAST_TCP_PORT_" + path.rsplit("/", 1)[1])
            return self.answer({"result": "http://198.51.100.7:" + mapped}) if mapped else self.fail(404)
        if mode() == "old":
            return self.fail(404)
        if mode() == "broken":
            return self.fail(500)
        if path == "/get-all-quick-tunnels":
            return self.answer([{"targetUrl": target, "tunnelUrl": url} for target, url in tunnels.items()])
        verb, _, target = path[1:].partition("/")
        if verb == "start-quick-tunnel" and self.command == "POST":
            time.sleep(float(os.environ.get("VAST_TEST_TUNNEL_TAKES", "0.3")))
            tunnels.setdefault(target, "https://four-plain-words-%d.trycloudflare.com" % len(tunnels))
            return self.answer({"tunnel_url": tunnels[target]})
        if verb == "stop-quick-tunnel" and self.command == "POST":
            gone = tunnels.pop(target, None)
            return self.answer({"message": "stopped"}) if gone else self.fail(404)
        self.fail(404)
    do_POST = do_GET
    def answer(self, what):
        body = json.dumps(what).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def fail(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *words):
        pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Portal).serve_forever()
"#;

/// Greets everybody who connects, and keeps count in `/tmp/greeted`: `greet.py PORT GREETING [ADDRESS]`.
const GREET: &str = r#"
import socket, sys
server = socket.create_server((sys.argv[3] if len(sys.argv) > 3 else "127.0.0.1", int(sys.argv[1])))
while True:
    client, _ = server.accept()
    with open("/tmp/greeted", "a") as log:
        print(sys.argv[2], file=log)
    try:
        client.sendall((sys.argv[2] + "\r\n").encode())
    except OSError:
        pass
    client.close()
"#;

/// Answers every question with "OK": `answer.py PORT`.
const ANSWER: &str = r#"
import http.server, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"OK")
    def log_message(self, *words):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"#;

/// A port that is free now.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// The core, something that answers as the stream and as VNC, and an SSH server that is off. The ports are in
/// `/tmp/ports`.
pub fn boot() -> Boot {
    let ssh = free_port();
    let python = |name: &str, arguments: &str, lines: &str| {
        program(name, &format!("command=python3 /usr/local/lib/{arguments}\nstartsecs=0\nautorestart=false\n{lines}"))
    };
    let programs = vec![
        python("selkies", "answer.py %(ENV_SELKIES_PORT)s", ""),
        python("x11vnc", "greet.py %(ENV_VNC_PORT)s RFB", ""),
        python("sshd", &format!("greet.py {ssh} SSH-2.0-test"), "autostart=false"),
    ];
    Boot { units: Boot::CORE, extra: programs, ..Boot::default() }
        .and_file("/usr/local/lib/answer.py", ANSWER)
        .and_file("/usr/local/lib/greet.py", GREET)
        .and_file("/etc/desktop-control/config.toml", &format!("[access]\nssh-port = {ssh}\n"))
}

/// What a platform says of a rented machine.
pub fn rented() -> Vec<(String, String)> {
    let pairs = [
        ("VAST_CONTAINERLABEL", "C.1"),
        ("PUBLIC_IPADDR", "203.0.113.9"),
        ("VAST_TCP_PORT_1111", "41111"),
        ("VAST_TCP_PORT_6100", "41100"),
        ("PORTAL_CONFIG", "localhost:1111:11111:/:Instance Portal|localhost:6100:SELKIES_PORT:/:Selkies"),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

impl Boot {
    /// With a portal, on a rented machine. Its list of pages is there if `with_pages`.
    pub fn and_portal(mut self, with_pages: bool) -> Self {
        let port = free_port();
        self.environment.extend(rented());
        let lines = format!("command=python3 /usr/local/lib/portal.py {port}\nstartsecs=0\nautorestart=true");
        self.extra.push(program("instance_portal", &lines));
        let (_, config) = self
            .extra
            .iter_mut()
            .find(|(path, _)| path.ends_with("config.toml"))
            .expect("the configuration of `boot` above");
        let line = format!("portal = 'http://127.0.0.1:{port}'\n");
        config.push_str(&line);
        let probe = format!("[service.instance_portal]\nprobe = {{ http = 'http://127.0.0.1:{port}/health' }}\n");
        let pages = include_str!("../fixtures/portal/get-applications.json");
        let boot = self
            .and_file("/usr/local/lib/portal.py", PORTAL)
            .and_file("/usr/local/lib/portal-pages.json", pages)
            .and_file("/etc/desktop-control/services.d/portal.toml", &probe);
        if with_pages { boot.and_file("/etc/portal.yaml", "applications: {}\n") } else { boot }
    }
}

/// How the portal behaves from now on; empty for well.
pub fn behave(stack: &Stack, mode: &str) {
    stack.write("/run/portal-mode", mode);
}

/// What the portal has been asked, a line each.
pub fn asked(stack: &Stack) -> String {
    std::fs::read_to_string(stack.path("/tmp/portal-asked")).unwrap_or_default()
}
