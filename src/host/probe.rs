//! Asking a service whether it works. Each question is bounded by [`LIMIT`] and costs the service as little as it can.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use zbus::message::Flags;

use super::network::tcp_sockets;
use crate::model::catalogue::Probe;
use crate::model::health::ProbeOutcome;

/// How long a service may take to answer.
pub const LIMIT: Duration = Duration::from_secs(3);

/// Asks `probe`'s question. A failure is one short phrase for people.
pub async fn ask(probe: &Probe) -> ProbeOutcome {
    let answer = async {
        match probe {
            Probe::Unix(path) => connect(path).await.map(drop),
            Probe::Dbus(path) => dbus(path).await,
            Probe::BusName(name) => bus_name(name).await,
            Probe::Http(url) => http(url).await,
            Probe::X11(display) => x11(display).await,
            Probe::WindowManager(display) => super::window_manager::ask(display).await,
            Probe::Listen(port) => listen(port).await,
        }
    };
    match tokio::time::timeout(LIMIT, answer).await {
        Ok(Ok(())) => ProbeOutcome::Passed,
        Ok(Err(reason)) => ProbeOutcome::Failed(reason),
        Err(_) => ProbeOutcome::Failed(format!("{} did not answer within {} s", asked(probe), LIMIT.as_secs())),
    }
}

/// Whom `probe` asks, for people.
fn asked(probe: &Probe) -> String {
    match probe {
        Probe::Unix(path) => format!("the socket {path}"),
        Probe::Dbus(path) => format!("the bus at {path}"),
        Probe::BusName(name) => format!("the system bus, asked for {name},"),
        Probe::Http(url) => url.clone(),
        Probe::X11(display) => format!("display {display}"),
        Probe::WindowManager(display) => format!("display {display}, asked for its window manager,"),
        Probe::Listen(port) => format!("the table of ports, asked for {port},"),
    }
}

async fn connect(path: &str) -> Result<UnixStream, String> {
    UnixStream::connect(path).await.map_err(|error| format!("nobody answers at {path} ({})", error.kind()))
}

/// D-Bus specification, "Authentication Protocol": a bare `AUTH` is answered by `REJECTED` and the mechanisms, before
/// any policy on who may connect is looked at. So it asks a session bus that refuses root, too.
async fn dbus(path: &str) -> Result<(), String> {
    let mut stream = connect(path).await?;
    let mut answer = [0; 8];
    let exchange = async {
        stream.write_all(b"\0AUTH\r\n").await?;
        stream.read_exact(&mut answer).await
    };
    match exchange.await {
        Ok(_) if &answer == b"REJECTED" => Ok(()),
        Ok(_) => Err(format!("what answers at {path} is not a bus")),
        Err(error) => Err(format!("the bus at {path} hung up ({})", error.kind())),
    }
}

async fn bus_name(name: &str) -> Result<(), String> {
    let no_bus = |error: zbus::Error| format!("the system bus cannot be asked ({error})");
    let connection = zbus::connection::Builder::system().map_err(no_bus)?.build().await.map_err(no_bus)?;
    let ping = zbus::Message::method_call("/", "Ping").and_then(|call| {
        // Asking must not start what it asks for.
        call.destination(name)?.interface("org.freedesktop.DBus.Peer")?.with_flags(Flags::NoAutoStart)?.build(&())
    });
    let ping = ping.map_err(|_| format!("{name} is not a bus name"))?;
    let serial = ping.primary_header().serial_num();
    let mut answers = zbus::MessageStream::from(&connection);
    connection.send(&ping).await.map_err(no_bus)?;
    while let Some(answer) = answers.next().await {
        let answer = answer.map_err(no_bus)?;
        if answer.header().reply_serial() != Some(serial) {
            continue;
        }
        let absent = answer.header().error_name().is_some_and(|error| {
            ["org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner"]
                .contains(&error.as_str())
        });
        // Any other answer, even that it knows no such method, comes from whoever owns the name.
        return if absent { Err(format!("nobody owns {name} on the system bus")) } else { Ok(()) };
    }
    Err("the system bus hung up".into())
}

async fn http(url: &str) -> Result<(), String> {
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build();
    let client = client.map_err(|error| error.to_string())?;
    match client.get(url).send().await {
        Ok(response) if response.status().as_u16() < 400 => Ok(()),
        Ok(response) => Err(format!("{url} answers with status {}", response.status().as_u16())),
        Err(error) if error.is_connect() => Err(format!("nobody answers at {url}")),
        Err(error) if error.is_builder() => Err(format!("{url} is not an address")),
        Err(_) => Err(format!("what answers at {url} is not a web server")),
    }
}

/// X protocol 11, "Connection Setup": a request without authorisation is answered (0 failed, 1 success,
/// 2 authenticate) by any live server, whether it lets us in or not.
async fn x11(display: &str) -> Result<(), String> {
    let path = x_socket(display)?;
    let mut stream = connect(&path).await?;
    let mut first = [0];
    let exchange = async {
        stream.write_all(&[b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]).await?;
        stream.read_exact(&mut first).await
    };
    match exchange.await {
        Ok(_) if first[0] <= 2 => Ok(()),
        Ok(_) => Err(format!("what answers at {path} is not an X server")),
        Err(error) => Err(format!("display {display} hung up ({})", error.kind())),
    }
}

/// The unix socket of a local display such as `:20` or `:20.0`.
fn x_socket(display: &str) -> Result<String, String> {
    let number = display.strip_prefix(':').map(|rest| rest.split('.').next().unwrap_or_default());
    match number.and_then(|number| number.parse::<u16>().ok()) {
        Some(number) => Ok(format!("/tmp/.X11-unix/X{number}")),
        None => Err(format!("“{display}” is not a local display")),
    }
}

async fn listen(port: &str) -> Result<(), String> {
    let number: u16 = port.parse().map_err(|_| format!("“{port}” is not a port"))?;
    let listening = tokio::task::spawn_blocking(move || {
        let listens = |entry: &procfs::net::TcpNetEntry| {
            entry.state == procfs::net::TcpState::Listen && entry.local_address.port() == number
        };
        tcp_sockets().any(|entry| listens(&entry))
    });
    match listening.await {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!("nobody listens on port {port}")),
        Err(_) => Err("the table of ports cannot be read".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displays_and_what_is_none() {
        assert_eq!(x_socket(":20").as_deref(), Ok("/tmp/.X11-unix/X20"));
        assert_eq!(x_socket(":7.0").as_deref(), Ok("/tmp/.X11-unix/X7"));
        for bad in ["", "20", "host:0", ":../../etc/passwd", ":99999"] {
            assert!(x_socket(bad).is_err(), "{bad:?}");
        }
    }

    #[tokio::test]
    async fn a_port_that_listens_is_told_from_one_that_does_not() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("port");
        let port = listener.local_addr().expect("address").port().to_string();
        assert_eq!(ask(&Probe::Listen(port.clone())).await, ProbeOutcome::Passed);
        drop(listener);
        assert_eq!(
            ask(&Probe::Listen(port.clone())).await,
            ProbeOutcome::Failed(format!("nobody listens on port {port}"))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_never_answers_is_not_waited_for() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&path).expect("socket");
        let outcome = ask(&Probe::Dbus(path.display().to_string())).await;
        assert!(
            matches!(&outcome, ProbeOutcome::Failed(reason) if reason.contains("did not answer within 3 s")),
            "{outcome:?}"
        );
    }
}
