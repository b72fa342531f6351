//! Connections that are busy all the time, and that verify what they get.

use crate::pattern;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// No step may take longer, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a fault may do to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum May {
    /// Hold it up: every byte arrives, once, in order.
    Delay,
    /// End it: what has arrived is a prefix of what was sent, and the client connects again.
    End,
    /// Change bytes: as many arrive as were sent.
    Change,
}

/// So many clients of an echo service behind an address.
#[derive(Debug)]
pub struct Crowd {
    clients: Vec<JoinHandle<()>>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    addr: SocketAddr,
    may: May,
    /// Round trips of a connection, after which its client ends it and makes another one.
    trips: u64,
    stop: AtomicBool,
    open: AtomicU64,
    connected: AtomicU64,
    echoed: AtomicU64,
    changed: AtomicU64,
}

/// What a crowd has seen.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// Connections that were made, the first ones included.
    pub connections: u64,
    /// Bytes that came back.
    pub echoed: u64,
    /// Of these, other bytes than were sent.
    pub changed: u64,
}

/// A service that sends back what it gets; it lives as long as the runtime.
///
/// # Errors
/// If there is no port.
pub async fn echo() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                stream.set_nodelay(true)?;
                let (mut read, mut write) = stream.split();
                tokio::io::copy(&mut read, &mut write).await?;
                write.shutdown().await
            });
        }
    });
    Ok(addr)
}

impl Crowd {
    /// Starts `n` clients, whose connections last as long as they may.
    pub fn start(n: u64, addr: SocketAddr, may: May) -> Self {
        Self::with_trips(n, addr, may, u64::MAX)
    }

    /// Starts `n` clients that make a new connection after so many round trips.
    pub fn with_trips(n: u64, addr: SocketAddr, may: May, trips: u64) -> Self {
        let shared = Arc::new(Shared {
            addr,
            may,
            trips,
            stop: AtomicBool::new(false),
            open: AtomicU64::new(0),
            connected: AtomicU64::new(0),
            echoed: AtomicU64::new(0),
            changed: AtomicU64::new(0),
        });
        let client = |client| tokio::spawn(shared.clone().client(client, n));
        Self { clients: (0..n).map(client).collect(), shared }
    }

    /// Connections that are open now, as their clients see it.
    pub fn open(&self) -> u64 {
        self.shared.open.load(Relaxed)
    }

    /// What it has seen so far.
    pub fn seen(&self) -> Seen {
        let Shared { connected, echoed, changed, .. } = &*self.shared;
        Seen { connections: connected.load(Relaxed), echoed: echoed.load(Relaxed), changed: changed.load(Relaxed) }
    }

    /// Whether a client has failed: its message comes with [`stop`](Self::stop).
    pub fn has_failed(&self) -> bool {
        self.clients.iter().any(JoinHandle::is_finished)
    }

    /// Ends all clients, each when what it has sent is back.
    ///
    /// # Panics
    /// If one of them does not end, or has seen what may not be.
    pub async fn stop(self) -> Seen {
        self.shared.stop.store(true, Relaxed);
        for client in self.clients {
            tokio::time::timeout(PATIENCE, client).await.expect("a client hangs").expect("a client has failed");
        }
        assert_eq!(self.shared.open.load(Relaxed), 0);
        Self { clients: Vec::new(), shared: self.shared }.seen()
    }
}

impl Shared {
    async fn client(self: Arc<Self>, client: u64, n: u64) {
        // Each of its connections has a stream of its own.
        for stream in (0..).map(|again| client + n * again) {
            if self.stop.load(Relaxed) {
                return;
            }
            match tokio::time::timeout(PATIENCE, TcpStream::connect(self.addr)).await.expect("a connect hangs") {
                Ok(connected) => {
                    self.connected.fetch_add(1, Relaxed);
                    self.open.fetch_add(1, Relaxed);
                    let ended = self.talk(connected, stream).await;
                    self.open.fetch_sub(1, Relaxed);
                    match ended {
                        Ok(()) => continue,
                        Err(error) => assert!(self.may == May::End, "connection {stream} ended: {error}"),
                    }
                }
                Err(error) => assert!(self.may == May::End, "no connection: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Sends pieces of different lengths until it is time to stop, and reads each back.
    async fn talk(&self, mut connection: TcpStream, stream: u64) -> io::Result<()> {
        connection.set_nodelay(true)?;
        let (mut read, mut write) = connection.split();
        let (mut position, mut buffer) = (0, vec![0; 32 * 1024]);
        for _ in (0..self.trips).take_while(|_| !self.stop.load(Relaxed)) {
            let len = 1 + (stream * 31 + position * 17) as usize % 9_000;
            let send = write.write_all(pattern::piece(stream, position, len));
            let receive = async {
                let mut got = 0;
                while got < len {
                    let room = buffer.len().min(len - got);
                    match read.read(&mut buffer[..room]).await? {
                        0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                        n => {
                            self.verify(stream, position + got as u64, &buffer[..n]);
                            got += n;
                        }
                    }
                }
                Ok(())
            };
            let trip = async { tokio::try_join!(send, receive) };
            tokio::time::timeout(PATIENCE, trip).await.expect("an echo does not come back")?;
            position += len as u64;
        }
        write.shutdown().await?;
        match tokio::time::timeout(PATIENCE, read.read(&mut buffer)).await.expect("an end does not come back")? {
            0 => Ok(()),
            n => panic!("{n} bytes too many on connection {stream}"),
        }
    }

    fn verify(&self, stream: u64, position: u64, got: &[u8]) {
        let sent = pattern::piece(stream, position, got.len());
        self.echoed.fetch_add(got.len() as u64, Relaxed);
        if got != sent {
            let differ = got.iter().zip(sent).filter(|(got, sent)| got != sent).count();
            assert!(self.may == May::Change, "{differ} bytes of connection {stream} differ, from {position} on");
            self.changed.fetch_add(differ as u64, Relaxed);
        }
    }
}
