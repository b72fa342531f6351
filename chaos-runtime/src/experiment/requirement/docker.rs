//! Whether a Docker engine answers where testcontainers looks for one.

use super::Missing;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

const DEFAULT: &str = "/var/run/docker.sock";
const START: &str = "start a Docker engine, or point DOCKER_HOST at one";

/// How long an engine may take.
#[derive(Clone, Copy)]
struct Patience {
    connect: Duration,
    answer: Duration,
}

const PATIENCE: Patience = Patience { connect: Duration::from_secs(2), answer: Duration::from_secs(5) };

/// Why no engine can be used, if so.
pub(super) fn missing() -> Option<Missing> {
    let environment = Environment {
        host: std::env::var("DOCKER_HOST").ok(),
        tls_verify: std::env::var("DOCKER_TLS_VERIFY").is_ok_and(|value| value == "1"),
        runtime_dir: std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|dir| dir.is_absolute()),
        home: std::env::home_dir(),
    };
    environment.missing(PATIENCE)
}

/// What decides where an engine is looked for.
#[derive(Default)]
struct Environment {
    host: Option<String>,
    tls_verify: bool,
    runtime_dir: Option<PathBuf>,
    home: Option<PathBuf>,
}

impl Environment {
    fn missing(&self, patience: Patience) -> Option<Missing> {
        let (host, address) = match &self.host {
            Some(host) => match self.address(host) {
                Ok(address) => (host.clone(), address),
                Err(missing) => return missing,
            },
            None => {
                let sockets = self.sockets();
                let Some(socket) = sockets.iter().find(|path| path.exists()) else {
                    let sockets: Vec<String> = sockets.iter().map(|path| path.display().to_string()).collect();
                    return Some(missing_because(&format!("there is none of {}", sockets.join(", ")), START));
                };
                (format!("unix://{}", socket.display()), Address::Unix(socket.clone()))
            }
        };
        ask(address, patience).err().map(|trouble| trouble.told(&host, patience))
    }

    /// Without `DOCKER_HOST`, in this order; those of rootless engines and of Docker Desktop come last.
    fn sockets(&self) -> Vec<PathBuf> {
        let run = |dir: &Path| dir.join(".docker/run/docker.sock");
        let desktop = |dir: &Path| dir.join(".docker/desktop/docker.sock");
        let (runtime_dir, home) = (self.runtime_dir.as_deref(), self.home.as_deref());
        let of_user = [runtime_dir.map(run), home.map(run), home.map(desktop)];
        [PathBuf::from(DEFAULT)].into_iter().chain(of_user.into_iter().flatten()).collect()
    }

    /// What `DOCKER_HOST` says. `Err(None)`: it can't be told whether an engine is there.
    fn address(&self, host: &str) -> Result<Address, Option<Missing>> {
        let wrong = |why: &str| {
            let help = "set it to unix:///path/of/docker.sock or tcp://host:port, or unset it";
            Some(missing_because(&format!("DOCKER_HOST={host} {why}"), help))
        };
        let Some((scheme, rest)) = host.split_once("://") else { return Err(wrong("is no address")) };
        let tcp = || {
            let authority = rest.split('/').next().unwrap_or_default();
            // What the client takes where no port is named.
            let port = if scheme == "https" { 443 } else { 80 };
            let (name, port) = match authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) {
                Some((name, text)) => (name, text.parse().map_err(|_| wrong("has a port that is none"))?),
                None => (authority, port),
            };
            if name.is_empty() {
                Err(wrong("names no host"))
            } else {
                Ok((name.trim_matches(['[', ']']).to_owned(), port))
            }
        };
        match scheme {
            #[cfg(unix)]
            "unix" => Ok(Address::Unix(rest.into())),
            "https" => tcp().map(|(name, port)| Address::Tcp { name, port, is_tls: true }),
            "tcp" | "http" => tcp().map(|(name, port)| Address::Tcp { name, port, is_tls: self.tls_verify }),
            // Left to the client that uses them.
            "npipe" if cfg!(windows) => Err(None),
            _ => Err(wrong("can't be reached from here")),
        }
    }
}

fn missing_because(why: &str, help: &str) -> Missing {
    Missing { message: format!("requires a Docker engine, but {why}"), help: help.to_owned() }
}

/// Where an engine may be.
enum Address {
    Unix(PathBuf),
    Tcp { name: String, port: u16, is_tls: bool },
}

/// Why an engine that should be there can't be used.
#[derive(Debug)]
enum Trouble {
    NoConnection(io::Error),
    /// Nobody takes the connection.
    NotTaken,
    /// It is taken, and then nothing.
    Silent,
    /// The connection ends before there is an answer.
    Broken(io::Error),
    /// Not what an engine says; its first lines.
    Odd(String),
}

/// Asks for a sign of life. On a thread of its own: names are looked up, and sockets with a full queue are connected
/// to, without a limit. Should one of them hang, the thread is left to itself.
fn ask(address: Address, patience: Patience) -> Result<(), Trouble> {
    let (say, heard) = mpsc::channel();
    let asking = thread::Builder::new().name("chaos-docker".to_owned()).spawn(move || address.ask(&say, patience));
    asking.map_err(Trouble::NoConnection)?;
    // First that there is a connection, then that there is an answer.
    for (limit, late) in [(patience.connect, Trouble::NotTaken), (patience.answer, Trouble::Silent)] {
        match heard.recv_timeout(limit) {
            Ok(step) => step?,
            Err(RecvTimeoutError::Timeout) => return Err(late),
            // It ends without a word only if it panics.
            Err(RecvTimeoutError::Disconnected) => return Err(Trouble::Silent),
        }
    }
    Ok(())
}

impl Address {
    fn ask(&self, say: &Sender<Result<(), Trouble>>, patience: Patience) {
        // Nobody listens any more when it took too long.
        let say = |step| drop(say.send(step));
        let answer = match self {
            #[cfg(unix)]
            Self::Unix(path) => std::os::unix::net::UnixStream::connect(path).map(|stream| {
                say(Ok(()));
                let limited = stream.set_read_timeout(Some(patience.answer));
                limited.map_err(Trouble::Broken).and_then(|()| ping(stream))
            }),
            #[cfg(not(unix))]
            Self::Unix(_) => Err(io::Error::from(ErrorKind::Unsupported)),
            Self::Tcp { name, port, is_tls } => connect(name, *port, patience.connect).map(|stream| {
                say(Ok(()));
                // Its greeting needs the client's certificates.
                if *is_tls {
                    return Ok(());
                }
                let limited = stream.set_read_timeout(Some(patience.answer));
                limited.map_err(Trouble::Broken).and_then(|()| ping(stream))
            }),
        };
        say(answer.unwrap_or_else(|error| Err(Trouble::NoConnection(error))));
    }
}

fn connect(name: &str, port: u16, limit: Duration) -> io::Result<TcpStream> {
    let mut failed = io::Error::new(ErrorKind::NotFound, "the name has no address");
    for address in (name, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, limit) {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// `GET /_ping`, which an engine answers without looking at anything else.
fn ping(mut stream: impl Read + Write) -> Result<(), Trouble> {
    let broken = |error: io::Error| match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => Trouble::Silent,
        _ => Trouble::Broken(error),
    };
    stream.write_all(b"GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n").map_err(broken)?;
    let mut answer = Vec::new();
    let read = stream.take(4096).read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.lines().next().unwrap_or_default();
    // Some keep the connection open in spite of what they were asked.
    if status.starts_with("HTTP/1.") && status.split(' ').nth(1) == Some("200") {
        return Ok(());
    }
    match read {
        Err(error) if answer.is_empty() => Err(broken(error)),
        Ok(_) if answer.is_empty() => Err(Trouble::Broken(ErrorKind::UnexpectedEof.into())),
        _ => Err(Trouble::Odd(
            format!("{} {}", status.trim(), body.lines().next().unwrap_or_default()).trim().to_owned(),
        )),
    }
}

impl Trouble {
    fn told(&self, host: &str, patience: Patience) -> Missing {
        let seconds = |limit: Duration| format!("{} s", limit.as_secs_f64());
        match self {
            Self::NoConnection(error) if error.kind() == ErrorKind::PermissionDenied => missing_because(
                &format!("this user may not use the one at {host}: permission denied"),
                "add the user to the group `docker` (sudo usermod -aG docker \"$USER\") and log in anew, or point \
                 DOCKER_HOST at a rootless engine",
            ),
            Self::NoConnection(error) => missing_because(&format!("nothing listens at {host}: {error}"), START),
            Self::NotTaken => missing_because(
                &format!("nobody takes a connection at {host} within {}", seconds(patience.connect)),
                START,
            ),
            Self::Silent => missing_because(
                &format!("the one at {host} does not answer within {}", seconds(patience.answer)),
                "see with `docker info` what it is doing, and start it anew",
            ),
            Self::Broken(error) => missing_because(
                &format!("the connection to {host} ends before there is an answer: {error}"),
                "see with `docker info` what it is doing, or point DOCKER_HOST at another",
            ),
            Self::Odd(answer) if answer.to_lowercase().contains("https") => missing_because(
                &format!("the one at {host} wants TLS: it answers `{answer}`"),
                "set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the directory of the certificates",
            ),
            Self::Odd(answer) => missing_because(
                &format!("what listens at {host} does not answer as one: `{answer}`"),
                "point DOCKER_HOST at an engine that works",
            ),
        }
    }
}

#[cfg(all(test, unix))]
#[path = "docker_tests.rs"]
mod tests;
