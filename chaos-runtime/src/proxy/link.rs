//! One direction of a connection: read, faults, write.

use super::alarm::Alarm;
use super::buffer::{Kept, SCRATCH, Scratch};
use super::corruption;
use super::delay_line::DelayLine;
use super::direction::Direction;
use super::hold::Hold;
use super::pacer::Pacer;
use super::pipe::Pipe;
use super::plan::{ChunkOf, Cut, Plan};
use super::quota::Quota;
use super::slicer::Slicing;
use super::socket::Socket;
use super::subject::{Sniffer, Subject};
use std::io;
use std::ops::ControlFlow::{self, Break, Continue};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// A read of this many bytes is a sign that more follow.
const LARGE: usize = 32 * 1024;
/// After so many signs in a row bytes are moved within the kernel: calls that cost more, and bytes that cost less.
const MANY: u8 = 4;

/// One direction of a connection.
pub(super) struct Link {
    subject: Arc<Subject>,
    direction: Direction,
    version: u64,
    /// The plan of now was made knowing the server name.
    knows_name: bool,
    plan: Arc<Plan>,
    /// A fault asks for the end of the connection.
    cut: Option<Cut>,
    /// No fault acts on this direction.
    clear: bool,
    /// The counters of this lane know this connection.
    touched: bool,
    /// Bytes that may be under way before reading stops.
    capacity: usize,
    chunks: u64,
    /// Bytes read so far.
    bytes: u64,
    /// How many reads in a row were large.
    large: u8,
    /// Bytes that are moved within the kernel; only while `clear`, and with nothing in the line.
    pipe: Option<Pipe>,
    line: DelayLine,
    pacer: Pacer,
    slicing: Slicing,
    quota: Quota,
    hold: Hold,
    alarm: Alarm,
    /// Reads the first bytes of the client.
    sniffer: Sniffer,
    /// First bytes that wait until it is known whose faults they meet.
    held: Vec<u8>,
    source_reset: bool,
    end: Option<End>,
}

/// The source's end, on its way through the line.
struct End {
    reset: bool,
    arrival: Instant,
    due: Instant,
}

/// How a link ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// The source's FIN was passed on, after all bytes.
    Finished,
    /// The source was reset, and all bytes before that were passed on.
    Reset,
    /// The destination takes no more; `reset` says that a write has just taken its RST from the socket.
    Broken { reset: bool },
    /// A fault ends the connection.
    Cut(Cut),
}

impl Ended {
    fn broken(write: io::Result<usize>) -> Self {
        Self::Broken { reset: write.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset) }
    }
}

impl Link {
    pub(super) fn new(direction: Direction, subject: &Arc<Subject>) -> Self {
        Self {
            subject: subject.clone(),
            direction,
            version: 0,
            knows_name: false,
            plan: Plan::none(),
            cut: None,
            clear: true,
            touched: false,
            capacity: 0,
            chunks: 0,
            bytes: 0,
            large: 0,
            pipe: None,
            line: DelayLine::default(),
            pacer: Pacer::default(),
            slicing: Slicing::default(),
            quota: Quota::default(),
            hold: Hold::default(),
            alarm: Alarm::default(),
            sniffer: if direction == Direction::Upstream { Sniffer::Fresh } else { Sniffer::Done },
            held: Vec::new(),
            source_reset: false,
            end: None,
        }
    }

    /// The source was reset, as a write to it has found: an end that is read from it from now on means that.
    pub(super) fn source_was_reset(&mut self) {
        self.source_reset = true;
    }

    /// The number of the plan that this link obeys.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// Moves bytes until nothing more can be done now.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, from: &mut Socket, to: &mut Socket) -> Poll<Ended> {
        loop {
            self.sync();
            if let Some(cut) = self.cut.take() {
                return Poll::Ready(Ended::Cut(cut));
            }
            if !self.held.is_empty() && !self.must_wait() {
                // Nobody asks for a name any more.
                self.let_go();
            }
            if self.hold.is_on() {
                return self.poll_held(cx, from).map(Ended::Cut);
            }
            if self.quota.is_used_up() {
                // The receiver is told first; it fails if it is gone already.
                let _ = ready!(Pin::new(to).poll_shutdown(cx));
                return self.quota.poll_close(cx, self.subject.faults.timer()).map(Ended::Cut);
            }
            if let Break(broken) = self.poll_write(cx, to) {
                return Poll::Ready(broken);
            }
            if self.quota.is_used_up() {
                continue;
            }
            if let Some(end) = self.end.as_ref().filter(|_| self.line.is_empty()) {
                if end.due > Instant::now() {
                    ready!(self.alarm.poll_until(cx, self.subject.faults.timer(), end.due));
                }
                if end.reset {
                    return Poll::Ready(Ended::Reset);
                }
                // It fails if the destination is gone already, which its own direction reports.
                let _ = ready!(Pin::new(to).poll_shutdown(cx));
                return Poll::Ready(Ended::Finished);
            }
            if self.end.is_some() || !(self.line.is_empty() || self.line.size() < self.capacity) {
                return Poll::Pending;
            }
            let many = self.large >= MANY && self.clear && self.line.is_empty() && self.sniffer.is_done();
            let moved = match self.pipe.is_some() || many {
                true => self.poll_splice(cx, from, to),
                false => self.poll_read(cx, from, to),
            };
            if let Break(broken) = ready!(moved) {
                return Poll::Ready(broken);
            }
        }
    }

    /// Takes up the current plan if it is a new one.
    fn sync(&mut self) {
        if self.version == self.subject.faults.version() && self.knows_name == self.subject.has_name() {
            return;
        }
        self.knows_name = self.subject.has_name();
        let (version, plan) = self.subject.plan();
        let old = std::mem::replace(&mut self.plan, plan);
        self.version = version;
        let (old, lane, now) = (old.lane(self.direction), self.plan.lane(self.direction), Instant::now());
        self.cut = self.plan.cut().cloned();
        self.clear = lane.is_clear() && self.cut.is_none();
        self.touched = false;
        self.capacity = lane.capacity();
        self.pacer.set_rate(lane.rate(), now);
        self.quota.follow(lane);
        self.hold.follow(lane);
        if let Some(pipe) = self.pipe.take_if(|_| !self.clear) {
            // What the kernel has is under way as what is in the line.
            drain(pipe, &mut self.line, self.chunks.saturating_sub(1), now);
        }
        let (connection, direction) = (self.subject.id, self.direction);
        let of = |number| ChunkOf { connection, direction, number };
        self.line.retime(|chunk| {
            // What is under way meets the faults that are new; those it has met already know of it.
            self.touched |= lane.count_unless(of(chunk.number), chunk.rest().len(), |hits| old.knows(hits));
            chunk.arrival + lane.delay(of(chunk.number))
        });
        if self.touched {
            lane.touch(connection);
        }
        if let Some(end) = &mut self.end {
            let delay = if end.reset { Duration::ZERO } else { lane.delay_of_end(of(self.chunks)) };
            end.due = self.line.in_order(end.arrival + delay);
            if !end.reset {
                lane.count_end(connection);
            }
        }
        if self.line.is_empty() && self.end.is_none() {
            self.alarm.disarm();
        }
    }

    /// Inside a black hole: notes what would pass, and waits for the end of the connection if there is one.
    fn poll_held(&mut self, cx: &mut Context<'_>, from: &mut Socket) -> Poll<Cut> {
        let lane = self.plan.lane(self.direction);
        if self.hold.is_unnoted() {
            let mut waiting = !self.line.is_empty() || self.end.is_some();
            if !waiting && let Poll::Ready(peek) = from.poll_peek(cx) {
                waiting = true;
                // A socket tells of its reset only once: who hears it must keep it.
                self.source_reset |= peek.is_err();
            }
            if waiting {
                self.hold.note(lane, self.subject.id);
            }
        }
        self.hold.poll_close(cx, self.subject.faults.timer(), lane)
    }

    /// Writes what is due. Breaks if the destination takes no more.
    fn poll_write(&mut self, cx: &mut Context<'_>, to: &mut Socket) -> ControlFlow<Ended> {
        while let Some(chunk) = self.line.front() {
            let now = Instant::now();
            let slicer = self.plan.lane(self.direction).slicer.as_ref();
            let of = ChunkOf { connection: self.subject.id, direction: self.direction, number: chunk.number };
            let grant = self.pacer.grant(chunk.rest().len(), chunk.due, now);
            let grant = self.slicing.grant(grant, slicer, of);
            if grant.at > now {
                if self.alarm.poll_until(cx, self.subject.faults.timer(), grant.at).is_pending() {
                    return Continue(());
                }
                continue;
            }
            let bytes = &chunk.rest()[..grant.bytes.min(self.quota.left())];
            match Pin::new(&mut *to).poll_write(cx, bytes) {
                Poll::Pending => {
                    self.pacer.stall();
                    return Continue(());
                }
                Poll::Ready(Ok(n)) if n > 0 => {
                    self.pacer.spent(n);
                    self.slicing.spent(n, n == chunk.rest().len(), slicer, of);
                    self.line.consume(n);
                    if self.quota.spent(n, of.connection) {
                        return Continue(());
                    }
                }
                Poll::Ready(failed) => return Break(Ended::broken(failed)),
            }
        }
        Continue(())
    }

    /// Reads once, and writes at once what no fault holds up. Breaks if the destination takes no more.
    fn poll_read(&mut self, cx: &mut Context<'_>, from: &mut Socket, to: &mut Socket) -> Poll<ControlFlow<Ended>> {
        let mut scratch = Scratch::take();
        let room = if self.clear { SCRATCH } else { self.capacity.saturating_sub(self.line.size()).clamp(1, SCRATCH) };
        let mut buffer = ReadBuf::new(&mut scratch.bytes()[..room]);
        let read = ready!(Pin::new(from).poll_read(cx, &mut buffer));
        let len = buffer.filled().len();
        if !self.sniffer.is_done() {
            self.sniffer.read(buffer.filled(), &self.subject);
        }
        // The check that no chunk escapes: what was read is subject to the plan of now.
        self.sync();
        match read {
            Ok(()) if len == 0 => self.finish(self.source_reset),
            Ok(()) if self.must_wait() => self.held.extend_from_slice(&scratch.bytes()[..len]),
            Ok(()) => return Poll::Ready(self.take(cx, scratch, len, to)),
            Err(_) => self.finish(true),
        }
        Poll::Ready(Continue(()))
    }

    /// Whether what was read can't be told to be or not to be what a fault asks for.
    fn must_wait(&self) -> bool {
        self.plan.asks_for_names && matches!(self.sniffer, Sniffer::Reading(_))
    }

    fn take(&mut self, cx: &mut Context<'_>, mut bytes: Scratch, len: usize, to: &mut Socket) -> ControlFlow<Ended> {
        if !self.held.is_empty() {
            self.let_go();
        }
        let (number, offset) = self.count(len);
        let mut sent = 0;
        if self.clear && self.line.is_empty() {
            match Pin::new(to).poll_write(cx, &bytes.bytes()[..len]) {
                Poll::Ready(Ok(n)) if n == len => return Continue(()),
                Poll::Ready(Ok(n)) if n > 0 => sent = n,
                Poll::Ready(failed) => return Break(Ended::broken(failed)),
                Poll::Pending => {}
            }
        }
        let lane = self.plan.lane(self.direction);
        let chunk = ChunkOf { connection: self.subject.id, direction: self.direction, number };
        corruption::apply(lane, &mut bytes.bytes()[..len], offset, chunk);
        self.line_up(bytes.keep(sent..len), chunk);
        Continue(())
    }

    /// Lets go the first bytes that had to wait.
    fn let_go(&mut self) {
        let mut bytes = std::mem::take(&mut self.held);
        let (number, offset) = self.count(bytes.len());
        let chunk = ChunkOf { connection: self.subject.id, direction: self.direction, number };
        corruption::apply(self.plan.lane(self.direction), &mut bytes, offset, chunk);
        self.line_up(Kept::from(&bytes[..]), chunk);
    }

    /// Puts a chunk that was read now into the line.
    fn line_up(&mut self, bytes: Kept, chunk: ChunkOf) {
        let (now, lane) = (Instant::now(), self.plan.lane(self.direction));
        let len = bytes.bytes().len();
        self.line.push(bytes, chunk.number, now, now + lane.delay(chunk));
        lane.count_unless(chunk, len, |_| false);
        if !std::mem::replace(&mut self.touched, true) {
            lane.touch(chunk.connection);
        }
    }

    /// Counts a chunk: its number, and that of its first byte.
    fn count(&mut self, len: usize) -> (u64, u64) {
        self.large = if len >= LARGE { self.large.saturating_add(1).min(2 * MANY) } else { self.large / 2 };
        let first = (self.chunks, self.bytes);
        self.chunks += 1;
        self.bytes += len as u64;
        first
    }

    /// Moves bytes within the kernel, a step at a time: before each the caller looks whether the plan is the same.
    /// Breaks if the destination takes no more.
    fn poll_splice(&mut self, cx: &mut Context<'_>, from: &mut Socket, to: &mut Socket) -> Poll<ControlFlow<Ended>> {
        if let Some(pipe) = &mut self.pipe {
            match ready!(pipe.poll_empty(cx, to)) {
                Ok(n) if n > 0 => _ = self.pipe.take_if(|pipe| pipe.is_empty()),
                failed => return Poll::Ready(Break(Ended::broken(failed))),
            }
            return Poll::Ready(Continue(()));
        }
        let Some(mut pipe) = Pipe::take() else { return self.poll_read(cx, from, to) };
        match ready!(pipe.poll_fill(cx, from)) {
            Ok(0) => self.finish(self.source_reset),
            Ok(n) => {
                self.count(n);
                self.pipe = Some(pipe);
            }
            Err(_) => self.finish(true),
        }
        Poll::Ready(Continue(()))
    }

    /// The source has ended. A FIN is as late as data, or later; a reset waits only for the data before it.
    fn finish(&mut self, reset: bool) {
        if !self.held.is_empty() {
            self.let_go();
        }
        let arrival = Instant::now();
        let lane = self.plan.lane(self.direction);
        let chunk = ChunkOf { connection: self.subject.id, direction: self.direction, number: self.chunks };
        let delay = if reset { Duration::ZERO } else { lane.delay_of_end(chunk) };
        self.end = Some(End { reset, arrival, due: self.line.in_order(arrival + delay) });
        if !reset {
            lane.count_end(chunk.connection);
        }
    }
}

/// Copies what is in a pipe to a line, as one chunk that came when the pipe was filled.
fn drain(mut pipe: Pipe, line: &mut DelayLine, number: u64, now: Instant) {
    let arrival = pipe.arrival().unwrap_or(now);
    loop {
        let mut scratch = Scratch::take();
        // A pipe that holds bytes gives them.
        match pipe.read(scratch.bytes()) {
            Ok(n) if n > 0 => line.push(scratch.keep(0..n), number, arrival, arrival),
            _ => return,
        }
    }
}
