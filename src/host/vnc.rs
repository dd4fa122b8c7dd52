//! The VNC server from outside: what it listens on and who is connected, by the kernel's tables; its password; and its
//! own remote control. Nothing here connects to it: it writes to its log for each connection.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::net::SocketAddr;

use procfs::net::{TcpNetEntry, TcpState};
use procfs::process::{FDTarget, Process};

use super::network::tcp_sockets;
use super::root::Root;
use super::selkies::environment::family;
use super::user_child::{self, Account, Question};
use crate::model::vnc::{PasswordSource, Through};

/// Where our wrapper puts the password for the server,
const PASSWORD: &str = "/var/lib/desktop-control/vnc-password";
/// and whose it is.
const SOURCE: &str = "/var/lib/desktop-control/vnc-password.source";

/// What the server does right now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Where it waits for viewers; empty if nobody can connect.
    pub listens: Vec<SocketAddr>,
    /// Who is connected, also who is still being asked for the password.
    pub viewers: BTreeSet<(SocketAddr, Through)>,
    /// What it was started with.
    pub command_line: Vec<String>,
    /// The process that listens.
    pub server: Option<u32>,
    /// Whom it was asked of: the service's process, and those of the gateway.
    of: (u32, Vec<u32>),
    /// The sockets that the server holds.
    sockets: BTreeSet<u64>,
}

impl Look {
    /// The same services' server still holds the very sockets that it held: who was connected is, and nobody else.
    fn still_holds(&self, unit: u32, gateways: &[u32]) -> bool {
        let is_same = self.of.0 == unit && self.of.1 == gateways;
        is_same && self.server.is_some_and(|server| sockets(server) == self.sockets)
    }
}

/// Looks at the server that `unit` is or has started, whose gateway may be among what `gateways` have started; `before`
/// is what was seen last. Blocks.
#[must_use]
pub fn look(unit: u32, gateways: &[u32], before: Look) -> Look {
    // The kernel goes through its whole table for who reads it, however little is in it: milliseconds. What a process
    // holds costs microseconds.
    if before.still_holds(unit, gateways) { before } else { look_anew(unit, gateways) }
}

fn look_anew(unit: u32, gateways: &[u32]) -> Look {
    let table: Vec<TcpNetEntry> = tcp_sockets().collect();
    let listens = |pid: u32| -> Option<(u32, BTreeSet<u64>, Vec<SocketAddr>)> {
        let own = sockets(pid);
        let waits = |entry: &&TcpNetEntry| entry.state == TcpState::Listen && own.contains(&entry.inode);
        let listens: Vec<SocketAddr> = table.iter().filter(waits).map(|entry| entry.local_address).collect();
        (!listens.is_empty()).then_some((pid, own, listens))
    };
    // Behind a wrapper that does not become the server, it is a child.
    let found = listens(unit).or_else(|| family(unit).into_iter().find_map(listens));
    let Some((server, own, listens)) = found else { return Look::default() };
    let is_viewer = |entry: &&TcpNetEntry| {
        let ours = listens.iter().any(|at| at.port() == entry.local_address.port());
        ours && entry.state == TcpState::Established && own.contains(&entry.inode)
    };
    let connected: Vec<SocketAddr> = table.iter().filter(is_viewer).map(|entry| plain(entry.remote_address)).collect();
    let near = connected.iter().any(|address| address.ip().is_loopback());
    let gateway: BTreeSet<u64> =
        gateways.iter().filter(|_| near).flat_map(|pid| family(*pid)).flat_map(sockets).collect();
    let through = |address: SocketAddr| {
        let end = |entry: &TcpNetEntry| plain(entry.local_address) == address && gateway.contains(&entry.inode);
        if table.iter().any(end) { Through::BrowserVnc } else { Through::Vnc }
    };
    let viewers = connected.into_iter().map(|address| (address, through(address))).collect();
    let command_line = Process::new(server.cast_signed()).and_then(|process| process.cmdline()).unwrap_or_default();
    Look { listens, viewers, command_line, server: Some(server), of: (unit, gateways.to_vec()), sockets: own }
}

/// An IPv4 address that is written as one of IPv6 is still one.
fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// The sockets that a process holds, by their inodes; none if it is gone.
fn sockets(pid: u32) -> BTreeSet<u64> {
    let open = Process::new(pid.cast_signed()).and_then(|process| process.fd());
    let open = open.into_iter().flatten().flatten();
    open.filter_map(|open| if let FDTarget::Socket(inode) = open.target { Some(inode) } else { None }).collect()
}

/// The password that the server uses; none if there is none yet.
///
/// # Errors
/// It cannot be read.
pub fn password(root: &Root) -> io::Result<Option<String>> {
    let text = root.read(PASSWORD)?.unwrap_or_default();
    Ok(text.lines().next().filter(|line| !line.is_empty()).map(str::to_owned))
}

/// Whose password that is, as our wrapper said at the server's last start.
#[must_use]
pub fn password_source(root: &Root) -> PasswordSource {
    if password(root).ok().flatten().is_none() {
        return PasswordSource::None;
    }
    let said = root.read(SOURCE).ok().flatten().unwrap_or_default();
    said.trim().parse().unwrap_or(PasswordSource::Ours)
}

/// Bytes that nobody can foretell.
///
/// # Errors
/// The kernel gives none.
pub fn random_bytes() -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 64];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Tells the server to hang up on all viewers, through the display that it serves and as whom it runs.
///
/// # Errors
/// Why it could not be told, a few words.
pub async fn disconnect_all(server: u32) -> Result<(), String> {
    let gone = |_| "it has just ended".to_owned();
    let process = Process::new(server.cast_signed()).map_err(gone)?;
    let (program, status) = (process.exe().map_err(gone)?, process.status().map_err(gone)?);
    let account = Account { uid: status.euid, gid: status.egid };
    let own = process.environ().map_err(gone)?;
    let told = |name: &str| Some((name.to_owned(), own.get(std::ffi::OsStr::new(name))?.to_str()?.to_owned()));
    let mut environment: BTreeMap<String, String> = ["DISPLAY", "XAUTHORITY"].into_iter().filter_map(told).collect();
    environment.insert("PATH".into(), "/usr/bin:/bin".into());
    let arguments = ["-norc", "-sync", "-R", "disconnect:all"];
    let question = Question { program: &program, arguments: &arguments, environment: &environment, input: "" };
    // What it answers says little; who asks looks who is left.
    user_child::ask(account, &question).await.map(drop).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{TcpListener, TcpStream};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn who_listens_and_who_is_connected_is_known_without_asking() {
        let own = std::process::id();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = listener.local_addr().expect("an address");
        let viewer = TcpStream::connect(at).expect("connected");
        let (served, from) = listener.accept().expect("a viewer");
        let seen = look(own, &[], Look::default());
        assert!(seen.listens.contains(&at), "{seen:?}");
        assert!(seen.viewers.contains(&(from, Through::Vnc)), "{seen:?}");
        assert_eq!((seen.server, seen.command_line.is_empty()), (Some(own), false));
        // Both ends are ours, so we are the gateway, too.
        assert!(look(own, &[own], seen.clone()).viewers.contains(&(from, Through::BrowserVnc)));
        drop(viewer);
        drop(served);
        assert!(!look(own, &[], seen.clone()).viewers.contains(&(from, Through::Vnc)));
        assert_eq!(look(u32::MAX, &[], seen), Look::default());
    }

    #[test]
    fn what_holds_the_same_sockets_is_not_looked_at_anew() {
        // A process of its own: other tests of this one come and go with sockets.
        let script = "import socket, sys\nserver = socket.create_server(('127.0.0.1', 0))\n\
            print(server.getsockname()[1], flush=True)\nviewer = server.accept()\nprint(flush=True)\n\
            sys.stdin.readline()\nviewer[0].close()\nprint(flush=True)\nsys.stdin.read()";
        let mut command = Command::new("python3");
        let mut child =
            command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python3");
        let (unit, mut stdin) = (child.id(), child.stdin.take().expect("a pipe"));
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map(|line| line.expect("a line"));
        let port: u16 = lines.next().and_then(|line| line.parse().ok()).expect("a port");
        let mut seen = look(unit, &[], Look::default());
        assert_eq!(seen.listens, [SocketAddr::from(([127, 0, 0, 1], port))]);
        // What no table says can only be what was remembered.
        seen.command_line = vec!["remembered".into()];
        assert_eq!(look(unit, &[], seen.clone()), seen);
        assert_ne!(look(unit, &[1], seen.clone()).command_line, seen.command_line, "another gateway");
        let viewer = TcpStream::connect(("127.0.0.1", port)).expect("connected");
        lines.next().expect("a viewer");
        let connected = look(unit, &[], seen.clone());
        assert!(connected.viewers.contains(&(viewer.local_addr().expect("an address"), Through::Vnc)), "{connected:?}");
        assert_ne!(connected.command_line, seen.command_line);
        stdin.write_all(b"\n").expect("told");
        lines.next().expect("hung up");
        assert_eq!(look(unit, &[], connected).viewers, BTreeSet::new());
        child.kill().expect("killed");
        child.wait().expect("ended");
        assert_eq!(look(unit, &[], seen), Look::default());
    }

    #[test]
    fn a_password_is_the_first_line_and_somebody_s() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        assert_eq!((password(&root).expect("no error"), password_source(&root)), (None, PasswordSource::None));
        root.write(PASSWORD, b"one two\n", 0o600).expect("written");
        assert_eq!(password(&root).expect("readable").as_deref(), Some("one two"));
        for (said, source) in [
            ("", PasswordSource::Ours),
            ("nonsense\n", PasswordSource::Ours),
            ("environment\n", PasswordSource::Environment),
            ("instance-token\n", PasswordSource::InstanceToken),
        ] {
            root.write(SOURCE, said.as_bytes(), 0o600).expect("written");
            assert_eq!(password_source(&root), source, "{said}");
        }
    }
}
