//! Packages that bring a driver, by whatever way they are asked for: refused, and nothing changes. And where each
//! distribution is sent, and whose key it must bear.

#![expect(clippy::expect_used, clippy::panic, reason = "a machine that cannot be built has failed the test")]

#[path = "apt/machine.rs"]
mod machine;
#[path = "apt/packages.rs"]
mod packages;
#[path = "apt/repository.rs"]
mod repository;
#[path = "apt/server.rs"]
mod server;
mod support;

use serde_json::{Value, json};

use self::machine::{Machine, packages_of, toolkit, try_shell};
use self::packages::{Package, driver, package};
use self::repository::Repository;
use self::server::Server;
use self::support::{code, text};

/// NVIDIA's collections that bring the driver.
const TRAPS: [&str; 4] = ["cuda", "cuda-12-9", "cuda-runtime-12-9", "cuda-drivers"];

/// The whole toolkit of a later build, which needs this besides.
fn toolkit_that_needs(relation: &str) -> Package {
    let depends = format!("Depends: cuda-nvcc-12-9, {relation}");
    package("cuda-toolkit-12-9", "12.9.2-1", &[&depends])
}

#[test]
fn each_trap_is_refused_by_its_name_on_the_terminal_and_by_apt_itself() {
    let machine = Machine::with_daemon(Repository::usual());
    // Whoever has asked once has the pin.
    machine.stack.ctl_ok(&["cuda", "available"]);
    let before = packages_of(&machine.state());
    for trap in TRAPS {
        let as_release = machine.stack.ctl(&["cuda", "install", trap, "--yes"]);
        assert_eq!(code(&as_release), 2, "{trap}: {}", text(&as_release));
        let as_profile = machine.stack.ctl(&["cuda", "install", "12.9", "-p", trap, "--yes"]);
        assert_eq!(code(&as_profile), 2, "{trap}: {}", text(&as_profile));
        let by_hand = try_shell(&machine.stack, &format!("apt-get -y install {trap}"));
        assert!(by_hand.starts_with("exit status: 100"), "{trap}: {by_hand}");
        assert_eq!(packages_of(&machine.state()), before, "{trap}");
    }
    machine.assert_sound();
    let jobs: Value = serde_json::from_str(&machine.stack.ctl_ok(&["--json", "jobs"])).expect("JSON");
    assert_eq!(jobs, json!([]), "nothing was even begun");
}

#[test]
fn no_trap_comes_along_with_a_toolkit() {
    let machine = Machine::usual();
    let before = packages_of(&machine.state());
    let renamed = |trap: &str| driver("gpu-stack", &[&format!("Provides: {trap}")]);
    let mut cases: Vec<(String, Vec<Package>)> = Vec::new();
    for trap in ["cuda", "cuda-12-9"] {
        cases.push((format!("{trap} itself"), vec![toolkit_that_needs(trap)]));
    }
    for trap in TRAPS {
        let relation = format!("no-such-package | {trap}");
        cases.push((format!("{trap} behind an alternative"), vec![toolkit_that_needs(&relation)]));
    }
    for trap in ["cuda-runtime-12-9", "cuda-drivers"] {
        cases.push((format!("{trap} under another name"), vec![toolkit_that_needs(trap), renamed(trap)]));
    }
    for (case, packages) in cases {
        let changed = Repository::with(&packages);
        machine.server.serve(changed.folder());
        let message = machine.install(&toolkit("12.9", "full")).assert_failed("DriverPackage");
        assert!(message.contains("driver"), "{case}: {message}");
        assert_eq!(packages_of(&machine.state()), before, "{case}");
        machine.assert_sound();
    }
    // Where there is another choice, the trap is no choice, and no reason to refuse.
    let harmless = Repository::with(&[toolkit_that_needs("cuda-drivers | cuda-cccl-12-9, cuda-cccl-12-9 | cuda")]);
    machine.server.serve(harmless.folder());
    machine.install(&toolkit("12.9", "full")).assert_done();
    machine.assert_sound();
}

#[test]
fn an_update_of_the_repository_that_brings_a_driver_changes_nothing_that_is_installed() {
    let machine = Machine::usual();
    machine.install(&toolkit("12.9", "full")).assert_done();
    let before = machine.state();
    machine.repository.add(&[toolkit_that_needs("cuda-drivers (>= 575)")]);
    machine.repository.publish(self::repository::usual_key());
    machine.install(&toolkit("12.9", "full")).assert_failed("DriverPackage");
    machine.assert_same(&before, "after the refusal");
    // Nor does who brings everything up to date get one.
    machine.stack.shell("apt-get -qq update");
    for all in ["upgrade", "dist-upgrade"] {
        machine.stack.shell(&format!("apt-get -y {all}"));
        assert_eq!(packages_of(&machine.state()), packages_of(&before), "{all}");
    }
    machine.assert_sound();
    let run = machine.install(&json!({ "do": "verify", "release": "12.9" }));
    assert_eq!(run.outcome()["checks"][0]["verdict"], "passed", "{}", run.tell());
}

#[test]
fn the_distributions_own_cuda_does_not_bring_its_driver_either() {
    let machine = Machine::usual();
    machine.ask("available", &Value::Null).expect("the repository is there");
    let distribution = Repository::only(&[
        package("nvidia-cuda-toolkit", "12.2.2-1", &["Depends: nvidia-cuda-dev"]),
        package("nvidia-cuda-dev", "12.2.2-1", &["Depends: libcuda1"]),
        driver("libcuda1", &[]),
        package("some-simulation", "1", &["Depends: libcuda1 | libcuda-any"]),
        package("libnvidia-egl-wayland1", "1", &[]),
    ]);
    let server = Server::of(distribution.folder());
    let entry = format!("deb [signed-by=/etc/repository.asc] {}/ /\n", server.url());
    machine.stack.write("/etc/apt/sources.list.d/distribution.list", &entry);
    machine.stack.shell("apt-get -qq update");
    let before = packages_of(&machine.state());
    for name in ["nvidia-cuda-toolkit", "nvidia-cuda-dev", "libcuda1", "some-simulation"] {
        let said = try_shell(&machine.stack, &format!("apt-get -y install {name}"));
        assert!(said.starts_with("exit status: 100"), "{name}: {said}");
        assert_eq!(packages_of(&machine.state()), before, "{name}");
    }
    // What desktops need of the same make is not in the way.
    machine.stack.shell("apt-get -y install libnvidia-egl-wayland1 && apt-get -y purge libnvidia-egl-wayland1");
    machine.install(&toolkit("12.9", "full")).assert_done();
    machine.assert_sound();
}

#[test]
fn an_entry_in_the_new_form_is_used_as_it_is() {
    let machine = Machine::usual();
    let url = machine.server.url();
    let key = self::repository::usual_key().public();
    let lines: Vec<&str> = key.lines().map(|line| if line.is_empty() { "." } else { line }).collect();
    // Without the slash at the end, and with its key in it.
    let entry = format!("Types: deb\nURIs: {url}\nSuites: /\nSigned-By:\n {}\n", lines.join("\n "));
    machine.stack.write("/etc/apt/sources.list.d/nvidia.sources", &entry);
    machine.install(&toolkit("12.9", "compiler")).assert_done();
    assert_eq!(machine.stack.shell("ls /etc/apt/sources.list.d"), "nvidia.sources");
    assert_eq!(machine.stack.shell("ls /etc/apt/keyrings 2>/dev/null || true"), "");
    machine.stack.shell("apt-get update -o APT::Update::Error-Mode=any");
    machine.assert_sound();
}

/// What each distribution is sent to: its folder, the file of its key, and the key's fingerprint.
const NVIDIAS: [(&str, &str, &str, &str, &str); 4] = [
    ("ubuntu", "22.04", "ubuntu2204", "3bf863cc.pub", "EB693B3035CD5710E231E123A4B469963BF863CC"),
    ("ubuntu", "24.04", "ubuntu2404", "3bf863cc.pub", "EB693B3035CD5710E231E123A4B469963BF863CC"),
    ("debian", "12", "debian12", "3bf863cc.pub", "EB693B3035CD5710E231E123A4B469963BF863CC"),
    ("debian", "13", "debian13", "8793F200.pub", "02182E60104FCDC26EAE1B8597A5D4CB8793F200"),
];

/// Plays NVIDIA's server to apt, as a proxy of its: whatever is asked for, the answer is a key, which is not NVIDIA's.
/// Everything that was asked for ends up in a file.
const STAND_IN: &str = r#"
import pathlib, socketserver, ssl, subprocess, sys

folder = pathlib.Path(sys.argv[1])
names = ["-subj", "/CN=developer.download.nvidia.com", "-addext", "subjectAltName=DNS:developer.download.nvidia.com"]
subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names,
                "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, stderr=subprocess.DEVNULL)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(folder / "cert.pem", folder / "key.pem")
key = (folder / "repository.asc").read_bytes()

def head(stream):
    text = b""
    while not text.endswith(b"\r\n\r\n"):
        byte = stream.recv(1)
        if not byte:
            break
        text += byte
    return text.decode().split("\r\n")

class Proxy(socketserver.BaseRequestHandler):
    def handle(self):
        host = head(self.request)[0].split(" ")[1]
        self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with tls.wrap_socket(self.request, server_side=True) as stream:
            path = head(stream)[0].split(" ")[1]
            with open(folder / "asked", "a") as asked:
                asked.write(f"{host}{path}\n")
            stream.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(key) + key)

class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

server = Server(("127.0.0.1", 0), Proxy)
(folder / "port.new").write_text(str(server.server_address[1]))
(folder / "port.new").rename(folder / "port")
server.serve_forever()
"#;

/// A process that ends with this.
struct Ends(std::process::Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn each_distribution_is_sent_to_its_own_repository_and_takes_no_other_key() {
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(folder.path().join("repository.asc"), self::repository::usual_key().public()).expect("write");
    let child = std::process::Command::new("python3").args(["-c", STAND_IN]).arg(folder.path()).spawn();
    let _ends = Ends(child.expect("python3"));
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).ok();
    let port = support::wait_until(support::DEADLINE, || "it listens".into(), || read("port"));
    let machine = Machine::usual();
    let host = "developer.download.nvidia.com";
    let proxy = format!("Acquire::https::Proxy::{host} \"http://127.0.0.1:{port}\";\n");
    let trust = format!("Acquire::https::{host}::CaInfo \"/etc/stand-in.pem\";\n");
    machine.stack.write("/etc/apt/apt.conf.d/99stand-in", &format!("{proxy}{trust}"));
    machine.stack.write("/etc/stand-in.pem", &read("cert.pem").expect("a certificate"));
    machine.stack.write("/etc/desktop-control/config.toml", "");
    // An entry for another distribution is no reason to leave out one's own.
    let other = format!("deb [signed-by=/etc/repository.asc] https://{host}/compute/cuda/repos/rhel9/x86_64/ /\n");
    machine.stack.write("/etc/apt/sources.list.d/other.list", &other);
    for (id, version, distribution, key, fingerprint) in NVIDIAS {
        machine.stack.write("/etc/os-release", &format!("ID={id}\nVERSION_ID=\"{version}\"\n"));
        let _ = std::fs::remove_file(folder.path().join("asked"));
        let failure = machine.ask("available", &Value::Null).expect_err("the key is another one");
        let said = failure["message"].as_str().expect("a sentence");
        let ours = self::repository::usual_key().fingerprint();
        assert!(said.contains(fingerprint) && said.contains(&ours), "{distribution}: {said}");
        let asked = read("asked").expect("it was asked");
        assert_eq!(asked, format!("{host}:443/compute/cuda/repos/{distribution}/x86_64/{key}\n"));
        assert_eq!(machine.stack.shell("ls /etc/apt/sources.list.d"), "other.list", "no source without its key");
        assert_eq!(machine.stack.shell("ls /etc/apt/keyrings 2>/dev/null || true"), "");
    }
    machine.stack.write("/etc/os-release", "ID=ubuntu\nVERSION_ID=\"23.10\"\n");
    let failure = machine.ask("available", &Value::Null).expect_err("nobody has it");
    assert!(failure["message"].as_str().is_some_and(|said| said.contains("ubuntu 23.10")), "{failure}");
    machine.assert_sound();
}
