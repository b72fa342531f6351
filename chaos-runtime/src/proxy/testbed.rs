//! A service, a proxy in front of it and clients, for the tests of proxies and of their faults.

use crate::fault::{Evidence, Fault, InjectCx};
use crate::proxy::{Proxy, ToUpstream};
use crate::rollback::Undo;
use crate::units::{millis, secs};
use crate::{Chaos, Result};
use socket2::{Domain, Protocol, Socket, Type};
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};

/// No step of these tests may take longer, however busy the machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// A machine that pauses a thread now and then does not do so this many times in a row.
const TRIES: usize = 20;

/// An experiment with one proxy.
pub(crate) struct Testbed {
    pub(crate) chaos: Chaos,
    pub(crate) proxy: Proxy,
}

impl Testbed {
    /// In front of a service that sends back what it gets.
    pub(crate) async fn echo() -> Self {
        Self::in_front_of(service(echo).await).await
    }

    pub(crate) async fn in_front_of(upstream: impl ToUpstream) -> Self {
        let chaos = Chaos::for_tests();
        let proxy = chaos.proxy(upstream).await.unwrap();
        Self { chaos, proxy }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        timely(TcpStream::connect(self.proxy.addr())).await.unwrap()
    }
}

/// Starts a service on a free port; it lives as long as the test's runtime.
pub(crate) async fn service<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    service_on("127.0.0.1:0", serve).await.unwrap()
}

pub(crate) async fn service_on<F>(addr: &str, serve: impl Fn(TcpStream) -> F + Send + 'static) -> io::Result<SocketAddr>
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind(addr).await?;
    let addr = listener.local_addr()?;
    serve_from(listener, serve);
    Ok(addr)
}

/// The service behind a socket that listens.
pub(crate) fn serve_from<F>(listener: TcpListener, serve: impl Fn(TcpStream) -> F + Send + 'static)
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            tokio::spawn(serve(stream));
        }
    });
}

/// An address where nobody listens, and that nobody else gets as long as the socket lives.
pub(crate) fn nobody() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    let addr = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, addr)
}

/// Returns when connections are refused. Not at once: a child that another test forks just now has a copy of every
/// socket until it becomes another program.
pub(crate) async fn until_refused(addr: SocketAddr) {
    let refused = async {
        loop {
            match TcpStream::connect(addr).await {
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => return,
                Err(error) if error.kind() != io::ErrorKind::ConnectionReset => panic!("{error}"),
                _ => sleep(millis(5)).await,
            }
        }
    };
    timely(refused).await;
}

/// Sends back what it gets, and the FIN at last.
pub(crate) async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let (mut read, mut write) = stream.split();
    tokio::io::copy(&mut read, &mut write).await?;
    write.shutdown().await
}

/// Injects for a hold of a minute.
pub(crate) async fn hold(fault: &mut impl Fault) -> Result<Undo> {
    let cx = InjectCx::new(42, true, Some(secs(60)));
    fault.prepare(&cx).await?;
    let undo = fault.undo();
    fault.inject(&cx).await?;
    Ok(undo)
}

/// Injects once.
pub(crate) async fn once(fault: &mut impl Fault) -> Result<()> {
    let cx = InjectCx::new(42, false, None);
    fault.prepare(&cx).await?;
    fault.inject(&cx).await
}

pub(crate) async fn clear(undo: &Undo) {
    timely(undo.live.as_ref().expect("a fault of the proxy is undone in the process")()).await.unwrap();
}

/// Sends bytes to an echo service and gives the time until they are all back; panics if they differ.
pub(crate) async fn round_trip(stream: &mut TcpStream, bytes: &[u8]) -> Duration {
    let started = Instant::now();
    let (mut read, mut write) = stream.split();
    let mut back = vec![0; bytes.len()];
    let (sent, got) = timely(async { tokio::join!(write.write_all(bytes), read.read_exact(&mut back)) }).await;
    sent.unwrap();
    got.unwrap();
    assert!(back == bytes, "the bytes came back changed");
    started.elapsed()
}

/// Round trips until one takes less than `limit`: a pause of the machine's makes others longer. The time of each.
pub(crate) async fn trips_below(limit: Duration, stream: &mut TcpStream, bytes: &[u8]) -> Vec<Duration> {
    let mut trips = Vec::new();
    while trips.last().is_none_or(|took| *took >= limit) {
        assert!(trips.len() < TRIES, "not once less than {limit:?}: {trips:?}");
        trips.push(round_trip(stream, bytes).await);
    }
    trips
}

/// A fault's evidence, as soon as it is as wished.
pub(crate) async fn told(fault: &mut impl Fault, wish: impl Fn(&Evidence) -> bool) -> Evidence {
    let started = Instant::now();
    loop {
        let evidence = fault.evidence().await.unwrap();
        if wish(&evidence) {
            return evidence;
        }
        assert!(started.elapsed() < PATIENCE, "{evidence:?}");
        sleep(millis(5)).await;
    }
}

/// A fault's evidence, as soon as it has bitten.
pub(crate) async fn seen(fault: &mut impl Fault) -> Evidence {
    told(fault, Evidence::is_seen).await
}

/// Bytes in which a loss, a repetition and an exchange all show.
pub(crate) fn pattern(len: usize) -> Vec<u8> {
    (0_u32..).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).take(len).collect()
}

/// What the other side did: data, an orderly end or a reset.
pub(crate) async fn next(stream: &mut TcpStream) -> io::Result<usize> {
    timely(stream.read(&mut [0; 1024])).await
}

/// The future's value, or a panic instead of a test that hangs.
pub(crate) async fn timely<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("a step of the test hangs")
}

/// Whether nothing comes for a while.
pub(crate) async fn is_silent(stream: &mut TcpStream, time: Duration) -> bool {
    timeout(time, stream.read(&mut [0; 1024])).await.is_err()
}
