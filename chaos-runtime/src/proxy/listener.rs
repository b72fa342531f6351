//! Where clients connect: accepts, refuses, and keeps the port while it refuses.

use super::connection;
use super::faults::Faults;
use super::upstream::Upstream;
use crate::descriptors;
use socket2::{Domain, Protocol, Socket, Type};
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// Connections that may wait to be accepted: as many as the system lets wait.
const BACKLOG: i32 = i32::MAX;
/// After a failed accept (no more descriptors), the time until the next try.
const PAUSE: Duration = Duration::from_millis(10);

/// The listening side of a proxy.
#[derive(Debug)]
pub(super) struct Listener {
    addr: SocketAddr,
    door: Mutex<Door>,
    /// Bound, not listening: while nobody listens the port stays ours, and who connects is refused.
    #[cfg(unix)]
    _reserved: Socket,
}

#[derive(Debug, Default)]
struct Door {
    listening: Option<TcpListener>,
    waker: Option<Waker>,
}

impl Listener {
    /// Whether this platform can refuse connections and keep the port.
    pub(super) const CAN_REFUSE: bool = cfg!(unix);

    /// Listens on a free port of `ip`. Must be called within a runtime.
    pub(super) fn bind(ip: IpAddr) -> io::Result<Self> {
        let first = bound((ip, 0).into())?;
        let addr =
            first.local_addr()?.as_socket().ok_or_else(|| io::Error::other("a TCP socket without an address"))?;
        #[cfg(unix)]
        let (listening, reserved) = (bound(addr)?, first);
        #[cfg(not(unix))]
        let listening = first;
        let door = Door { listening: Some(listen(listening)?), waker: None };
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
            door.listening = None;
        } else if door.listening.is_none() {
            door.listening = Some(listen(bound(self.addr)?)?);
            if let Some(waker) = door.waker.take() {
                waker.wake();
            }
        }
        Ok(())
    }

    /// Accepts and serves connections as long as the runtime lives.
    pub(super) async fn serve(self: Arc<Self>, upstream: Upstream, faults: Arc<Faults>) {
        loop {
            match poll_fn(|cx| self.poll_accept(cx)).await {
                Ok(client) => {
                    let seat = faults.enter();
                    tokio::spawn(connection::serve(client, upstream.clone(), seat));
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
        match &door.listening {
            Some(listener) => {
                let accepted = listener.poll_accept(cx);
                if accepted.is_pending() {
                    door.waker = Some(cx.waker().clone());
                }
                accepted.map_ok(|(client, _)| client)
            }
            None => {
                door.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn door(&self) -> MutexGuard<'_, Door> {
        self.door.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A bound socket that does not listen yet.
fn bound(addr: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    // Lets our own sockets share the port. Not SO_REUSEADDR: with it, others could take the port while we refuse.
    #[cfg(unix)]
    socket.set_reuse_port(true)?;
    socket.bind(&addr.into())?;
    Ok(socket)
}

fn listen(socket: Socket) -> io::Result<TcpListener> {
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}
