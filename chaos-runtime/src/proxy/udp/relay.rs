//! Where the clients of a UDP proxy send, and the way of a datagram through it.

use super::draw::Mark;
use super::faults::{Faults, View};
use super::line::{Due, Line, Parcel};
use super::plan::{Effect, Fate, Lane};
use super::session::Session;
use super::tally::Tally;
use crate::proxy::Upstream;
use crate::proxy::alarm::Alarm;
use crate::proxy::buffer::Scratch;
use crate::proxy::direction::Direction;
use socket2::SockRef;
use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::net::UdpSocket;

/// Datagrams that are read before others of the thread have their turn.
pub(super) const BATCH: usize = 16;
/// How long a session lives at least without a datagram: as long as routers keep one (RFC 4787, REQ-5).
const IDLE: Duration = Duration::from_secs(120);
/// Most sessions at once, each with a socket.
const MOST_SESSIONS: usize = 4_096;
/// What the system may keep for a socket until we read it; as much of it as it allows.
const QUEUE: usize = 4 * 1024 * 1024;
/// The largest datagram, with the headers that some systems count.
const LARGEST: usize = 128 * 1024;
/// After a failed wait for datagrams, the time until the next try.
const PAUSE: Duration = Duration::from_millis(10);

/// A proxy's socket towards its clients, and what its sessions share.
#[derive(Debug)]
pub(super) struct Relay {
    socket: UdpSocket,
    pub(super) upstream: Upstream,
    faults: Arc<Faults>,
    line: Line,
    pub(super) idle: Duration,
    most_sessions: usize,
    /// Datagrams that clients have sent so far.
    received: Arc<AtomicU64>,
}

/// The sessions by their clients' addresses. They end by themselves.
#[derive(Debug, Default)]
struct Sessions {
    by_client: HashMap<SocketAddr, Weak<Session>>,
    /// How many there may be before those that have ended are looked for.
    room: usize,
    started: u64,
}

impl Relay {
    /// Binds to a free port of `ip`. Must be called within a runtime.
    pub(super) async fn bind(
        ip: IpAddr,
        upstream: Upstream,
        faults: Arc<Faults>,
        received: Arc<AtomicU64>,
    ) -> io::Result<Self> {
        let socket = UdpSocket::bind((ip, 0)).await?;
        large_queue(&socket);
        let line = Line::default();
        Ok(Self { socket, upstream, faults, line, idle: IDLE, most_sessions: MOST_SESSIONS, received })
    }

    #[cfg(test)]
    pub(super) fn with_limits(self, idle: Duration, most_sessions: usize) -> Self {
        Self { idle, most_sessions, ..self }
    }

    pub(super) fn addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    #[cfg(test)]
    pub(super) fn line(&self) -> &Line {
        &self.line
    }

    /// Adds a fault.
    pub(super) fn set(&self, effect: Effect, tally: &Arc<Tally>) {
        self.line.follow(&self.faults.add(effect, tally));
    }

    /// Removes a fault. What waits because of it goes on.
    pub(super) fn unset(&self, tally: &Arc<Tally>) {
        self.line.follow(&self.faults.remove(tally));
    }

    /// Passes on what clients send, as long as the runtime lives.
    pub(super) async fn serve(self: Arc<Self>) {
        let (mut sessions, mut view) = (Sessions::default(), View::default());
        loop {
            if self.socket.readable().await.is_err() {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            let mut scratch = Scratch::take();
            for _ in 0..BATCH {
                match self.socket.try_recv_from(scratch.bytes()) {
                    Ok((n, client)) => {
                        self.received.fetch_add(1, Relaxed);
                        let session = sessions.of(client, &self);
                        // As many as it has read are there.
                        self.pass(&session, Direction::Upstream, &mut scratch.bytes()[..n], &mut view).await;
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    // On Windows: a client that was sent something has closed its port.
                    Err(_) => {}
                }
            }
        }
    }

    /// Sends on what has waited, as long as the runtime lives.
    pub(super) async fn send_late(self: Arc<Self>) {
        let (mut alarm, mut view) = (Alarm::default(), View::default());
        loop {
            for _ in 0..BATCH {
                match poll_fn(|cx| self.line.poll_due(cx, &mut alarm)).await {
                    Due::Late(Parcel { session, mark, bytes, .. }) => {
                        let lane = view.of(&self.faults).lane(mark.direction);
                        if !lane.is_down() {
                            self.leave(&session, mark, &bytes, lane).await;
                        }
                    }
                    Due::Held(parcel) => {
                        let lane = view.of(&self.faults).lane(parcel.mark.direction);
                        if !lane.is_down() {
                            self.send_parcel(parcel, lane).await;
                        }
                    }
                }
            }
            tokio::task::yield_now().await;
        }
    }

    /// A datagram that has just been read.
    pub(super) async fn pass(&self, session: &Arc<Session>, direction: Direction, bytes: &mut [u8], view: &mut View) {
        let mark = session.count(direction);
        let lane = view.of(&self.faults).lane(direction);
        if lane.is_clear() {
            return self.send(session, direction, bytes).await;
        }
        match lane.meet(mark, bytes) {
            Fate::Lost => {}
            Fate::Passes(Duration::ZERO) => self.leave(session, mark, bytes, lane).await,
            Fate::Passes(delay) => {
                if !self.line.delay(Parcel::new(session, mark, bytes), delay) {
                    lane.overflow();
                }
            }
        }
    }

    /// A datagram that has met latency.
    async fn leave(&self, session: &Arc<Session>, mark: Mark, bytes: &[u8], lane: &Lane) {
        if !lane.reorders() {
            return self.send_copies(session, mark, bytes, lane).await;
        }
        if let Some(overtaken) = self.line.overtaken(mark) {
            lane.overtakes();
            self.send_copies(session, mark, bytes, lane).await;
            return self.send_parcel(overtaken, lane).await;
        }
        match lane.holds(mark) {
            None => self.send_copies(session, mark, bytes, lane).await,
            Some((within, tally)) => {
                if let Err(parcel) = self.line.hold(Parcel::new(session, mark, bytes), within, tally) {
                    self.send_parcel(parcel, lane).await;
                }
            }
        }
    }

    async fn send_parcel(&self, Parcel { session, mark, bytes, .. }: Parcel, lane: &Lane) {
        self.send_copies(&session, mark, &bytes, lane).await;
    }

    async fn send_copies(&self, session: &Session, mark: Mark, bytes: &[u8], lane: &Lane) {
        for _ in 0..lane.copies(mark) {
            self.send(session, mark.direction, bytes).await;
        }
    }

    /// Sends a datagram, at last. Who can't be reached loses it, as without a proxy.
    async fn send(&self, session: &Session, direction: Direction, bytes: &[u8]) {
        match direction {
            Direction::Upstream => session.send(bytes),
            Direction::Downstream => _ = self.socket.send_to(bytes, session.client).await,
        }
    }
}

impl Sessions {
    /// The session of a client, a new one if it has none.
    fn of(&mut self, client: SocketAddr, relay: &Arc<Relay>) -> Arc<Session> {
        if let Some(session) = self.by_client.get(&client).and_then(Weak::upgrade) {
            return session;
        }
        self.make_room(relay.most_sessions);
        let session = Session::new(self.started, client);
        self.started += 1;
        self.by_client.insert(client, Arc::downgrade(&session));
        tokio::spawn(session.clone().run(relay.clone()));
        session
    }

    /// Forgets those that have ended, and ends one if there are still too many: an idle one rather than another.
    fn make_room(&mut self, most: usize) {
        if self.by_client.len() < self.room.min(most) {
            return;
        }
        self.by_client.retain(|_, session| session.strong_count() > 0);
        if self.by_client.len() >= most {
            let all = self.by_client.values().filter_map(Weak::upgrade);
            if let Some(session) = all.min_by_key(|session| (session.is_active(), session.id)) {
                session.evict();
                self.by_client.remove(&session.client);
            }
        }
        self.room = 64.max(2 * self.by_client.len());
    }
}

/// Lets the system keep more for a socket, so that a burst is not lost in front of us, and take the largest datagrams.
pub(super) fn large_queue(socket: &UdpSocket) {
    let socket = SockRef::from(socket);
    // Where it is refused, the system's own size has to do.
    let _ = socket.set_recv_buffer_size(QUEUE);
    // On macOS it is the limit of a datagram too, of 9 KiB at first.
    if socket.send_buffer_size().is_ok_and(|size| size < LARGEST) {
        let _ = socket.set_send_buffer_size(LARGEST);
    }
}
