//! Where clients connect: accepts, refuses, does not answer, and keeps the port meanwhile.

use super::connection;
use super::faults::Faults;
use super::socket::Socket;
use super::upstream::Upstream;
use crate::descriptors;
use socket2::{Domain, Protocol, SockRef, Type};
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

/// Connections that may wait to be accepted: as many as the system lets wait.
const BACKLOG: i32 = i32::MAX;
/// After a failed accept (no more descriptors), the time until the next try.
const PAUSE: Duration = Duration::from_millis(10);
/// On this machine who answers does so at once.
const ANSWER: Duration = Duration::from_millis(50);
/// One waits, and the next finds no room; a few more for systems that leave more.
const MOST_STUFFING: usize = 8;
/// After this a connection of our own is not waited for any more.
const FORGOTTEN: Duration = Duration::from_secs(5);

/// The listening side of a proxy.
#[derive(Debug)]
pub(super) struct Listener {
    addr: SocketAddr,
    door: Mutex<Door>,
    /// Bound, not listening: while nobody listens the port stays ours, and who connects is refused.
    #[cfg(unix)]
    _reserved: socket2::Socket,
}

#[derive(Debug, Default)]
struct Door {
    listening: Option<TcpListener>,
    waker: Option<Waker>,
    /// Nobody is accepted, and nobody gets an answer.
    deaf: bool,
    /// Our own connections that leave no room for others, with their ports.
    stuffing: Vec<(TcpStream, u16)>,
    /// The ports of those that are of no use any more, and not accepted yet; and since when.
    dropped: Vec<(u16, Instant)>,
}

impl Door {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn drop_stuffing(&mut self, stuffing: Vec<(TcpStream, u16)>) {
        let now = Instant::now();
        self.dropped.extend(stuffing.iter().map(|(_, port)| (*port, now)));
    }

    /// Whether a connection is one of our own.
    fn is_stuffing(&mut self, client: SocketAddr) -> bool {
        if self.dropped.is_empty() {
            return false;
        }
        // One that never gets here must not cost somebody else the port.
        self.dropped.retain(|(_, since)| since.elapsed() < FORGOTTEN);
        let place = self.dropped.iter().position(|(port, _)| *port == client.port());
        place.filter(|_| client.ip().is_loopback()).map(|place| self.dropped.swap_remove(place)).is_some()
    }
}

impl Listener {
    /// Whether this platform can refuse connections and keep the port.
    pub(super) const CAN_REFUSE: bool = cfg!(unix);

    /// Whether this platform can leave those who connect without an answer.
    pub(super) const CAN_BE_DEAF: bool = cfg!(target_os = "linux");

    /// Listens on a free port of `ip`. Must be called within a runtime.
    pub(super) fn bind(ip: IpAddr) -> io::Result<Self> {
        let first = bound((ip, 0).into())?;
        let addr =
            first.local_addr()?.as_socket().ok_or_else(|| io::Error::other("a TCP socket without an address"))?;
        #[cfg(unix)]
        let (listening, reserved) = (bound(addr)?, first);
        #[cfg(not(unix))]
        let listening = first;
        let door = Door { listening: Some(listen(listening)?), ..Door::default() };
        Ok(Self {
            addr,
            door: Mutex::new(door),
            #[cfg(unix)]
            _reserved: reserved,
        })
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Closes or opens the listening socket; nothing to do is fine. Must be called within a runtime.
    pub(super) fn refuse(&self, refuse: bool) -> io::Result<()> {
        let mut door = self.door();
        if refuse {
            *door = Door { waker: door.waker.take(), ..Door::default() };
        } else if door.listening.is_none() {
            door.listening = Some(listen(bound(self.addr)?)?);
            door.wake();
        }
        Ok(())
    }

    /// Leaves those who connect without an answer, or answers again; nothing to do is fine. Only where
    /// [`CAN_BE_DEAF`](Self::CAN_BE_DEAF).
    ///
    /// The system completes connections by itself as long as there is room for those that wait to be accepted. So the
    /// room is made as small as can be, and filled by a connection of our own: then it drops what asks for more, and
    /// who asked tries again, as on a network that loses packets.
    pub(super) async fn deafen(&self, deaf: bool) -> io::Result<()> {
        {
            let mut door = self.door();
            if deaf == door.deaf {
                return Ok(());
            }
            let Some(listening) = &door.listening else { return Ok(()) };
            SockRef::from(listening).listen(if deaf { 0 } else { BACKLOG })?;
            door.deaf = deaf;
            if !deaf {
                let stuffing = std::mem::take(&mut door.stuffing);
                door.drop_stuffing(stuffing);
                door.wake();
                return Ok(());
            }
        }
        let mut stuffing = Vec::new();
        while stuffing.len() < MOST_STUFFING {
            let ours = tokio::time::timeout(ANSWER, TcpStream::connect(self.addr)).await;
            // No answer: it is full.
            let Ok(ours) = ours else { break };
            let ours = ours?;
            let port = ours.local_addr()?.port();
            stuffing.push((ours, port));
        }
        let mut door = self.door();
        if door.deaf {
            door.stuffing = stuffing;
        } else {
            door.drop_stuffing(stuffing);
        }
        Ok(())
    }

    /// Accepts and serves connections as long as the runtime lives.
    pub(super) async fn serve(self: Arc<Self>, upstream: Upstream, faults: Arc<Faults>) {
        loop {
            match poll_fn(|cx| self.poll_accept(cx)).await {
                Ok(client) => {
                    let seat = faults.enter();
                    tokio::spawn(connection::serve(Socket::Tcp(client), upstream.clone(), seat));
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    descriptors::note(&error);
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        let mut door = self.door();
        loop {
            let accepted = match &door.listening {
                Some(listener) if !door.deaf => listener.poll_accept(cx),
                _ => Poll::Pending,
            };
            match accepted {
                Poll::Ready(Ok((_, client))) if door.is_stuffing(client) => {}
                Poll::Ready(accepted) => return Poll::Ready(accepted.map(|(client, _)| client)),
                Poll::Pending => {
                    door.waker = Some(cx.waker().clone());
                    return Poll::Pending;
                }
            }
        }
    }

    fn door(&self) -> MutexGuard<'_, Door> {
        self.door.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A bound socket that does not listen yet.
fn bound(addr: SocketAddr) -> io::Result<socket2::Socket> {
    let socket = socket2::Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    // Lets our own sockets share the port. Not SO_REUSEADDR: with it, others could take the port while we refuse.
    #[cfg(unix)]
    socket.set_reuse_port(true)?;
    socket.bind(&addr.into())?;
    Ok(socket)
}

fn listen(socket: socket2::Socket) -> io::Result<TcpListener> {
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}
