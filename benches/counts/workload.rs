//! What is counted. Each is one thread that does the same every time.

use chaos_runtime::bench::{Arrivals, Recorder, proxy_here};
use chaos_runtime::fault::{Fault as _, InjectCx};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Workload {
    /// An operation is due, a worker takes it, it does nothing, it is recorded.
    ArrivalToRecord,
    /// An arrival is noted and its answer recorded.
    Record,
    /// 100 bytes to an echo and back, through a proxy without a fault.
    ProxyCopy,
    /// The same with a latency installed, of a nanosecond: its whole way, and no waiting.
    ProxyDelay,
}

impl Workload {
    pub(crate) const ALL: [Self; 4] = [Self::ArrivalToRecord, Self::Record, Self::ProxyCopy, Self::ProxyDelay];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ArrivalToRecord => "arrival-to-record",
            Self::Record => "record",
            Self::ProxyCopy => "proxy-copy",
            Self::ProxyDelay => "proxy-delay",
        }
    }

    /// How many operations make a count of a few seconds under valgrind.
    pub(crate) fn operations(self) -> u64 {
        match self {
            Self::ArrivalToRecord | Self::Record => 20_000,
            Self::ProxyCopy | Self::ProxyDelay => 2_000,
        }
    }

    pub(crate) fn run(self, operations: u64) -> Result<(), String> {
        match self {
            Self::Record => record(operations),
            Self::ArrivalToRecord => on_one_thread(arrive(operations)),
            Self::ProxyCopy => on_one_thread(echo(operations, false)),
            Self::ProxyDelay => on_one_thread(echo(operations, true)),
        }
    }
}

fn on_one_thread(future: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build_local(Default::default());
    runtime.map_err(text)?.block_on(future)
}

fn record(operations: u64) -> Result<(), String> {
    let mut recorder = Recorder::default();
    for index in 0..operations {
        let due = index * 100_000;
        recorder.due(due, due + 7_000);
        recorder.complete(due, due + 7_000, due + 8_000, due + 60_000 + index % 1_000 * 300);
    }
    expect(recorder.operations(), operations)
}

/// Sixteen workers, eight due at a time.
async fn arrive(operations: u64) -> Result<(), String> {
    let arrivals = Arrivals::new(16);
    for _ in 0..operations / 8 {
        arrivals.arrive(8).await;
    }
    expect(arrivals.recorded(), operations / 8 * 8)
}

async fn echo(operations: u64, late: bool) -> Result<(), String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(text)?;
    let upstream = listener.local_addr().map_err(text)?;
    let echo = tokio::task::spawn_local(async move {
        let (mut stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let mut bytes = [0; 100];
        while stream.read_exact(&mut bytes).await.is_ok() {
            stream.write_all(&bytes).await?;
        }
        Ok::<_, std::io::Error>(())
    });
    let proxy = proxy_here(upstream).await.map_err(text)?;
    let mut latency = proxy.latency(Duration::from_nanos(1));
    if late {
        latency.inject(&InjectCx::new(1, true, None)).await.map_err(text)?;
    }
    let mut client = TcpStream::connect(proxy.addr()).await.map_err(text)?;
    client.set_nodelay(true).map_err(text)?;
    let (sent, mut got) = ([7; 100], [0; 100]);
    for _ in 0..operations {
        client.write_all(&sent).await.map_err(text)?;
        client.read_exact(&mut got).await.map_err(text)?;
    }
    drop(client);
    echo.await.map_err(text)?.map_err(text)?;
    if sent == got { Ok(()) } else { Err("other bytes came back than were sent".to_owned()) }
}

fn expect(found: u64, operations: u64) -> Result<(), String> {
    if found == operations { Ok(()) } else { Err(format!("{found} of {operations} operations were recorded")) }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
