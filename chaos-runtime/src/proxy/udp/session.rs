//! One client of a UDP proxy: its socket towards the service, and what comes back on it.

use super::draw::{Mark, SessionId};
use super::faults::View;
use super::relay::{BATCH, Relay, large_queue};
use crate::descriptors;
use crate::proxy::buffer::Scratch;
use crate::proxy::direction::Direction;
use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::net::UdpSocket;
use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;

/// Most memory of datagrams that a session's socket can't take yet.
const BACKLOG: usize = 1024 * 1024;
/// What a datagram costs beside its bytes.
const EXTRA: usize = 64;

/// A client by its address, as long as datagrams come and go.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: SessionId,
    pub(super) client: SocketAddr,
    /// Connected to the service, so that nobody else's datagrams are taken for its.
    socket: OnceLock<UdpSocket>,
    backlog: Mutex<Backlog>,
    has_backlog: AtomicBool,
    backlog_came: Notify,
    evicted: Notify,
    /// Whether a datagram passed since the last look.
    is_active: AtomicBool,
    counts: [AtomicU64; 2],
}

/// What came before there was a socket, or while it was full.
#[derive(Debug, Default)]
struct Backlog {
    datagrams: VecDeque<Box<[u8]>>,
    size: usize,
}

impl Session {
    pub(super) fn new(id: SessionId, client: SocketAddr) -> Arc<Self> {
        Arc::new(Self {
            id,
            client,
            socket: OnceLock::new(),
            backlog: Mutex::default(),
            has_backlog: AtomicBool::new(false),
            backlog_came: Notify::new(),
            evicted: Notify::new(),
            is_active: AtomicBool::new(true),
            counts: [AtomicU64::new(0), AtomicU64::new(0)],
        })
    }

    /// Notes a datagram; which one it is.
    pub(super) fn count(&self, direction: Direction) -> Mark {
        self.is_active.store(true, Relaxed);
        let [upstream, downstream] = &self.counts;
        let count = if direction == Direction::Upstream { upstream } else { downstream };
        Mark { session: self.id, direction, number: count.fetch_add(1, Relaxed) }
    }

    pub(super) fn is_active(&self) -> bool {
        self.is_active.load(Relaxed)
    }

    /// Ends it, to make room.
    pub(super) fn evict(&self) {
        self.evicted.notify_one();
    }

    /// Sends a datagram to the service, now or once the socket can take it.
    pub(super) fn send(&self, bytes: &[u8]) {
        if !self.has_backlog.load(Relaxed)
            && let Some(socket) = self.socket.get()
            && !is_full(&try_send(socket, bytes))
        {
            return;
        }
        let mut backlog = self.backlog();
        // Who sends faster than the service's side takes loses datagrams without a proxy too.
        if backlog.size + bytes.len() + EXTRA <= BACKLOG {
            backlog.size += bytes.len() + EXTRA;
            backlog.datagrams.push_back(bytes.into());
            self.has_backlog.store(true, Relaxed);
            self.backlog_came.notify_one();
        }
    }

    /// Serves the session until it has been idle for a whole `relay.idle`, or is evicted.
    pub(super) async fn run(self: Arc<Self>, relay: Arc<Relay>) {
        // Without a socket its datagrams get lost, as without a route; the client's next one is a new session's.
        let Ok(socket) = open(&relay).await.inspect_err(descriptors::note) else { return };
        let socket = self.socket.get_or_init(|| socket);
        let mut view = View::default();
        let mut tick = tokio::time::interval_at(tokio::time::Instant::now() + relay.idle, relay.idle);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_blocked = self.send_backlog(socket);
        loop {
            tokio::select! {
                _ = socket.readable() => self.receive(socket, &relay, &mut view).await,
                _ = socket.writable(), if is_blocked => is_blocked = self.send_backlog(socket),
                () = self.backlog_came.notified(), if !is_blocked => is_blocked = self.send_backlog(socket),
                _ = tick.tick() => if !self.is_active.swap(false, Relaxed) { return },
                () = self.evicted.notified() => return,
            }
        }
    }

    /// Passes on what the service has sent.
    async fn receive(self: &Arc<Self>, socket: &UdpSocket, relay: &Arc<Relay>, view: &mut View) {
        let mut scratch = Scratch::take();
        for _ in 0..BATCH {
            match socket.try_recv(scratch.bytes()) {
                // As many as it has read are there.
                Ok(n) => relay.pass(self, Direction::Downstream, &mut scratch.bytes()[..n], view).await,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // The service's port is closed. UDP has no way to tell the client in its name.
                Err(_) => {}
            }
        }
    }

    /// Whether there is more than the socket takes.
    fn send_backlog(&self, socket: &UdpSocket) -> bool {
        let mut backlog = self.backlog();
        while let Some(first) = backlog.datagrams.front() {
            if is_full(&try_send(socket, first)) {
                return true;
            }
            backlog.size -= first.len() + EXTRA;
            backlog.datagrams.pop_front();
        }
        self.has_backlog.store(false, Relaxed);
        false
    }

    fn backlog(&self) -> MutexGuard<'_, Backlog> {
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends a datagram. An error that is left from an earlier one (the service's port was closed) stops a send once.
fn try_send(socket: &UdpSocket, bytes: &[u8]) -> io::Result<usize> {
    match socket.try_send(bytes) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => socket.try_send(bytes),
        sent => sent,
    }
}

fn is_full(sent: &io::Result<usize>) -> bool {
    matches!(sent, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// A socket that is connected to the service, wherever that is now.
async fn open(relay: &Relay) -> io::Result<UdpSocket> {
    let mut last = io::ErrorKind::AddrNotAvailable.into();
    for addr in relay.upstream.addresses().await? {
        let any: SocketAddr = match addr {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(any).await?;
        large_queue(&socket);
        match socket.connect(addr).await {
            Ok(()) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(last)
}
