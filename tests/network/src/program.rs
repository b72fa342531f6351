//! Programs that are not ours.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;

/// A program and the Debian package that brings it.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    name: &'static str,
    package: &'static str,
}

/// The web server, with WebDAV's PUT.
pub const NGINX: Program = Program::new("nginx", "nginx-light");
/// The web client.
pub const CURL: Program = Program::new("curl", "curl");
/// The data base's server.
pub const POSTGRES: Program = Program::new("postgres", "postgresql");
/// What makes a data base's directory.
pub const INITDB: Program = Program::new("initdb", "postgresql");
/// The data base's client.
pub const PSQL: Program = Program::new("psql", "postgresql-client");
/// The data base's own load.
pub const PGBENCH: Program = Program::new("pgbench", "postgresql");
/// The cache's server.
pub const REDIS_SERVER: Program = Program::new("redis-server", "redis-server");
/// The cache's client.
pub const REDIS_CLI: Program = Program::new("redis-cli", "redis-tools");
/// The cache's own load.
pub const REDIS_BENCHMARK: Program = Program::new("redis-benchmark", "redis-tools");
/// Certificates, and TLS without HTTP.
pub const OPENSSL: Program = Program::new("openssl", "openssl");
/// Anything to anything, Unix sockets among them.
pub const SOCAT: Program = Program::new("socat", "socat");
/// Starts a program as another user.
pub const SETPRIV: Program = Program::new("setpriv", "util-linux");

impl Program {
    const fn new(name: &'static str, package: &'static str) -> Self {
        Self { name, package }
    }

    /// Where it is.
    ///
    /// # Panics
    /// If it is not there, with the name of the package that brings it.
    pub fn path(self) -> PathBuf {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
        places.extend(["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from));
        // Debian keeps the server's programs apart, by version; the newest comes first.
        let mut versions: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        versions.sort();
        places.extend(versions.into_iter().rev().map(|version| version.join("bin")));
        let found = places.into_iter().map(|place| place.join(self.name)).find(|path| path.is_file());
        found.unwrap_or_else(|| panic!("no `{}` on this machine: apt-get install {}", self.name, self.package))
    }

    /// To be given arguments. Nothing of the caller's own settings for it is taken over.
    pub fn command(self) -> Command {
        let mut command = Command::new(self.path());
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy().to_ascii_lowercase();
            if text.starts_with("pg") || text.starts_with("redisc") || text.ends_with("_proxy") {
                command.env_remove(name);
            }
        }
        command.env("LC_ALL", "C");
        command
    }
}

/// How a client ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; `None`: a signal ended it, or it had not ended in time and was killed.
    pub code: Option<i32>,
    /// The signal that ended it in its time.
    pub signal: Option<i32>,
    /// Standard output.
    pub out: Vec<u8>,
    /// Standard error.
    pub err: String,
    /// How long it ran.
    pub took: Duration,
}

impl Ended {
    /// Whether it wrote to a connection that was closed already, and did not want to hear of that.
    pub fn by_broken_pipe(&self) -> bool {
        self.signal == Some(13)
    }

    /// Standard output as text, without white space around it.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).trim().to_owned()
    }
}

/// Runs a client to its end, or for as long as `limit`.
///
/// # Panics
/// If it can't be started.
pub async fn run(command: Command, input: &[u8], limit: Duration) -> Ended {
    let mut command = tokio::process::Command::from(command);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let started = Instant::now();
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let stdin = child.stdin.take();
    let ended = tokio::time::timeout(limit, async {
        let write = async {
            if let Some(mut stdin) = stdin {
                // One that ends before it has read all says why in its own way.
                let _ = stdin.write_all(input).await;
            }
        };
        tokio::join!(write, child.wait_with_output()).1
    });
    match ended.await {
        Ok(output) => {
            let output = output.expect("a child that was started ends");
            let err = String::from_utf8_lossy(&output.stderr).into_owned();
            let (code, signal) = (output.status.code(), output.status.signal());
            Ended { code, signal, out: output.stdout, err, took: started.elapsed() }
        }
        Err(_) => Ended { code: None, signal: None, out: Vec::new(), err: String::new(), took: started.elapsed() },
    }
}
