//! A data base.

use crate::place::{Place, free_port};
use crate::program::{Ended, INITDB, PGBENCH, POSTGRES, PSQL, run};
use chaos_runtime::Chaos;
use chaos_runtime::target::{ProcessBuilder, Ready};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// Its cluster, its user and its data base are called that.
const NAME: &str = "postgres";

/// psql could not connect, or lost its connection.
pub const BAD_CONNECTION: i32 = 2;

/// PostgreSQL.
#[derive(Debug)]
pub struct Postgres {
    place: Place,
    /// Where it listens.
    pub addr: SocketAddr,
}

impl Postgres {
    /// Starts it, empty; it ends with the experiment.
    ///
    /// # Errors
    /// If it does not listen in time.
    ///
    /// # Panics
    /// If no cluster can be made.
    pub async fn start(chaos: &Chaos) -> chaos_runtime::Result<Self> {
        let (place, port) = (Place::new(), free_port());
        let data = place.path().join("data");
        let mut make = INITDB.command();
        make.arg("-D").arg(&data).args(["-U", NAME, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]);
        let made = run(place.unprivileged(make), &[], Duration::from_secs(60)).await;
        assert_eq!(made.code, Some(0), "initdb: {}{}", made.text(), made.err);
        let mut server = POSTGRES.command();
        server.arg("-D").arg(&data).arg("-p").arg(port.to_string()).arg("-k").arg(place.path());
        for setting in ["listen_addresses=127.0.0.1", "fsync=off", "shared_buffers=16MB", "max_connections=50"] {
            server.args(["-c", setting]);
        }
        let server = ProcessBuilder::from(place.unprivileged(server)).name("postgres");
        chaos
            .process(server.ready(Ready::line("ready to accept connections")).ready_within(Duration::from_secs(60)))
            .await?;
        Ok(Self { place, addr: ([127, 0, 0, 1], port).into() })
    }

    /// A file for a client to send.
    pub fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        self.place.file(name, content)
    }
}

/// psql to an address, told to stop at the first error.
pub async fn psql(addr: SocketAddr, sql: &str, limit: Duration) -> Ended {
    let mut command = at(PSQL.command(), addr);
    command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", NAME, "-c", sql]);
    run(command, &[], limit).await
}

/// pgbench to an address.
pub async fn pgbench(addr: SocketAddr, arguments: &[&str], limit: Duration) -> Ended {
    let mut command = at(PGBENCH.command(), addr);
    command.args(arguments).arg(NAME);
    run(command, &[], limit).await
}

fn at(mut command: Command, addr: SocketAddr) -> Command {
    command.args(["-h", &addr.ip().to_string(), "-p", &addr.port().to_string(), "-U", NAME]);
    command.env("PGSSLMODE", "disable").env("PGGSSENCMODE", "disable").env("PGCONNECT_TIMEOUT", "10");
    command
}
