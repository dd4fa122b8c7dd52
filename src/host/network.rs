//! This machine in its network: what listens on it, what its own address is, whether its SSH server answers.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use procfs::net::{TcpNetEntry, TcpState};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// How long a server may take to say what it is.
const LIMIT: Duration = Duration::from_secs(2);
/// RFC 5737: nobody has this address. To ask the kernel for a way, not to send anything.
const SOMEWHERE: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);

/// What listens on this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listening {
    /// For TCP.
    pub tcp: Vec<SocketAddr>,
    /// For UDP.
    pub udp: Vec<SocketAddr>,
}

/// All TCP sockets, by the kernel's tables. Blocks: the kernel takes milliseconds for each table, so the second is read
/// only by who goes on to it. Either may be missing: a kernel without IPv6 is no error.
pub(super) fn tcp_sockets() -> impl Iterator<Item = TcpNetEntry> {
    [procfs::net::tcp, procfs::net::tcp6].into_iter().filter_map(|table| table().ok()).flatten()
}

/// Reads it from the kernel's tables. Blocks. Any of them may be missing: a kernel without IPv6 is no error.
#[must_use]
pub fn listening() -> Listening {
    let mut tcp: Vec<SocketAddr> =
        tcp_sockets().filter(|entry| entry.state == TcpState::Listen).map(|entry| entry.local_address).collect();
    let udp = [procfs::net::udp(), procfs::net::udp6()].into_iter().flatten().flatten();
    // One that has somebody at its other end waits for nobody else.
    let mut udp: Vec<SocketAddr> =
        udp.filter(|entry| entry.remote_address.port() == 0).map(|entry| entry.local_address).collect();
    for table in [&mut tcp, &mut udp] {
        table.sort();
        table.dedup();
    }
    Listening { tcp, udp }
}

/// The address with which this machine goes out; none if it cannot.
#[must_use]
pub fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // Of UDP, this only chooses the way.
    socket.connect(SOMEWHERE).ok()?;
    socket.local_addr().ok().map(|at| at.ip()).filter(|ip| !ip.is_unspecified() && !ip.is_loopback())
}

/// Whether what listens here greets as an SSH server does (RFC 4253, 4.2).
///
/// # Errors
/// It does not; why, a few words.
pub async fn ask_ssh(at: SocketAddr) -> Result<(), String> {
    greets(at, b"SSH-", "an SSH server").await
}

/// Whether what listens here greets as a VNC server does (RFC 6143, 7.1.1).
///
/// # Errors
/// It does not; why, a few words.
pub async fn ask_vnc(at: SocketAddr) -> Result<(), String> {
    greets(at, b"RFB ", "a VNC server").await
}

async fn greets(at: SocketAddr, greeting: &[u8; 4], what: &str) -> Result<(), String> {
    let port = at.port();
    let heard = async {
        let mut stream = TcpStream::connect(at).await?;
        let mut heard = [0; 4];
        stream.read_exact(&mut heard).await?;
        Ok::<_, std::io::Error>(heard)
    };
    match tokio::time::timeout(LIMIT, heard).await {
        Ok(Ok(heard)) if heard == *greeting => Ok(()),
        Ok(Ok(_)) => Err(format!("what listens on port {port} is not {what}")),
        Ok(Err(error)) => Err(format!("port {port} does not answer ({})", error.kind())),
        Err(_) => Err(format!("what listens on port {port} did not answer within {} s", LIMIT.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn what_waits_for_somebody_is_listed() {
        let tcp = TcpListener::bind("127.0.0.1:0").expect("a port");
        let udp = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let busy = UdpSocket::bind("127.0.0.1:0").expect("a port");
        busy.connect(udp.local_addr().expect("an address")).expect("connected");
        let seen = listening();
        assert!(seen.tcp.contains(&tcp.local_addr().expect("an address")), "{seen:?}");
        assert!(seen.udp.contains(&udp.local_addr().expect("an address")), "{seen:?}");
        assert!(!seen.udp.contains(&busy.local_addr().expect("an address")), "{seen:?}");
    }

    /// A server that says one thing to one client.
    fn server(says: &'static [u8]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = listener.local_addr().expect("an address");
        std::thread::spawn(move || listener.accept().map(|(mut client, _)| client.write_all(says)));
        at
    }

    #[tokio::test]
    async fn a_server_is_known_by_its_greeting() {
        assert_eq!(ask_ssh(server(b"SSH-2.0-x\r\n")).await, Ok(()));
        assert_eq!(ask_vnc(server(b"RFB 003.008\n")).await, Ok(()));
        let other = ask_ssh(server(b"HTTP/1.1 200\r\n")).await.expect_err("no SSH");
        assert!(other.ends_with("is not an SSH server"), "{other}");
        assert!(ask_vnc(server(b"RF")).await.expect_err("it hangs up").contains("does not answer"));
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_says_nothing_is_not_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let said = ask_vnc(listener.local_addr().expect("an address")).await.expect_err("silence");
        assert!(said.ends_with("did not answer within 2 s"), "{said}");
    }
}
