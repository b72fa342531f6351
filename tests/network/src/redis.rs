//! A cache.

use crate::place::{Place, free_port};
use crate::program::{Ended, REDIS_BENCHMARK, REDIS_CLI, REDIS_SERVER, run};
use chaos_runtime::Chaos;
use chaos_runtime::target::{ProcessBuilder, Ready};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const SOCKET: &str = "redis.sock";

/// Redis, in memory only.
#[derive(Debug)]
pub struct Redis {
    place: Place,
    /// Where it listens.
    pub addr: SocketAddr,
}

impl Redis {
    /// Starts it, empty; it ends with the experiment.
    ///
    /// # Errors
    /// If it does not listen in time.
    pub async fn start(chaos: &Chaos) -> chaos_runtime::Result<Self> {
        let (place, port) = (Place::new(), free_port());
        let mut command = REDIS_SERVER.command();
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command.arg("--dir").arg(place.path()).arg("--unixsocket").arg(place.path().join(SOCKET));
        chaos.process(ProcessBuilder::from(command).ready(Ready::port(port))).await?;
        Ok(Self { place, addr: ([127, 0, 0, 1], port).into() })
    }

    /// Its Unix socket.
    pub fn path(&self) -> PathBuf {
        self.place.path().join(SOCKET)
    }
}

/// redis-cli to an address; `input` is the last argument of the command where `-x` is given.
pub async fn cli(addr: SocketAddr, arguments: &[&str], input: &[u8], limit: Duration) -> Ended {
    let mut command = at(REDIS_CLI.command(), addr);
    command.args(arguments);
    run(command, input, limit).await
}

/// The same to a Unix socket.
pub async fn cli_at_path(path: &Path, arguments: &[&str], input: &[u8], limit: Duration) -> Ended {
    let mut command = REDIS_CLI.command();
    command.arg("-s").arg(path).args(arguments);
    run(command, input, limit).await
}

/// redis-benchmark to an address.
pub async fn benchmark(addr: SocketAddr, arguments: &[&str], limit: Duration) -> Ended {
    let mut command = at(REDIS_BENCHMARK.command(), addr);
    command.args(arguments);
    run(command, &[], limit).await
}

fn at(mut command: Command, addr: SocketAddr) -> Command {
    command.args(["-h", &addr.ip().to_string(), "-p", &addr.port().to_string()]);
    command
}
